"""Advantages, losses and the scale of rewards, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mindloop.agent.learning.ppo import (
    RewardScale,
    divergence,
    gae,
    policy_loss,
    quantile_loss,
)
from mindloop.agent.learning.workers import Group
from mindloop.agent.types import ActionKind, ActionSpec


def test_advantages_by_hand() -> None:
    reward = torch.tensor([[1.0], [2.0], [3.0]])
    value = torch.tensor([[0.5], [1.0], [2.0]])
    arrival = torch.tensor([[1.0], [0.0], [4.0]])  # the second step terminated
    ended = torch.tensor([[False], [True], [False]])
    found = gae(reward, value, arrival, ended, 0.9, 0.5)
    # δ = 1 + .9·1 - .5 = 1.4;  2 + 0 - 1 = 1;  3 + .9·4 - 2 = 4.6
    # A2 = 4.6; A1 = 1 (nothing flows over the end); A0 = 1.4 + .45·1 = 1.85
    torch.testing.assert_close(found[:, 0], torch.tensor([1.85, 1.0, 4.6]))


def test_a_truncated_step_is_worth_what_its_final_observation_is() -> None:
    one = torch.ones(1, 1)
    never, ever = torch.zeros(1, 1, dtype=torch.bool), torch.ones(1, 1, dtype=torch.bool)
    assert gae(one, 0 * one, 10 * one, ever, 0.5, 1.0).item() == 6.0
    assert gae(one, 0 * one, 10 * one, never, 0.5, 1.0).item() == 6.0


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss"),
    [(1.0, 2.0, -2.0), (1.5, 2.0, -2.4), (0.5, 2.0, -1.0), (1.5, -2.0, 3.0), (0.5, -2.0, 1.6)],
)
def test_the_clip_by_hand(ratio: float, advantage: float, loss: float) -> None:
    before = torch.tensor([-1.0])
    found = policy_loss(before + np.log(ratio), before, torch.tensor([advantage]), 0.2)
    assert found.item() == pytest.approx(loss, rel=1e-5)


def test_a_clipped_ratio_has_no_gradient() -> None:
    log_prob = torch.tensor([np.log(1.5)], dtype=torch.float32, requires_grad=True)
    policy_loss(log_prob, torch.zeros(1), torch.ones(1), 0.2).backward()  # type: ignore[no-untyped-call]
    assert log_prob.grad is not None and log_prob.grad.item() == 0.0


def test_the_quantile_loss_by_hand() -> None:
    # two quantiles, .25 and .75, at 0 and 2; the target 3: errors 3 and 1, Huber 2.5 and .5
    found = quantile_loss(torch.tensor([[[0.0, 2.0]]]), torch.tensor([3.0]))
    assert found.item() == pytest.approx(2 * (0.25 * 2.5 + 0.75 * 0.5) / 2)


def test_quantiles_settle_where_they_belong() -> None:
    targets = torch.linspace(-5, 5, 1001)
    found = torch.zeros(1, 1, 4, requires_grad=True)
    optimiser = torch.optim.Adam([found], 0.05)
    for _ in range(800):
        optimiser.zero_grad()
        quantile_loss(found.expand(len(targets), 1, 4), targets).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    torch.testing.assert_close(
        found[0, 0].detach(), torch.tensor([-3.75, -1.25, 1.25, 3.75]), atol=0.5, rtol=0
    )


def test_rewards_are_scaled_by_the_deviation_of_the_return() -> None:
    scale = RewardScale(1, 0.5, Group())
    reward = torch.tensor([[1.0], [1.0], [1.0], [1.0]])
    ended = torch.tensor([[False], [True], [False], [False]])
    returns = np.array([1.0, 1.5, 1.0, 1.5])  # begun anew after the end
    found = scale(reward, ended)
    torch.testing.assert_close(found, reward / returns.std(), rtol=1e-2, atol=0)
    again = RewardScale(1, 0.5, Group())
    again.load(scale.state())
    torch.testing.assert_close(again(reward, ended), scale(reward, ended))


def test_divergences_by_hand() -> None:
    actions = ActionSpec(ActionKind.DISCRETE, (2,))
    none = torch.zeros(1, 0)
    was, now = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    found = divergence((was, none), (now, none), actions)
    assert found.item() == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    box = ActionSpec(ActionKind.BOX, (1,), (-1.0,), (1.0,))
    zero = torch.zeros(1, 1)
    # N(0, 1) against N(1, 2): log 2 + (1 + 1) / 8 - 1/2
    wide = torch.full((1, 1), math.log(2))
    found = divergence((zero, zero), (zero + 1, wide), box)
    assert found.item() == pytest.approx(math.log(2) + 2 / 8 - 0.5)
    two = ActionSpec(ActionKind.MULTI_DISCRETE, (2, 2))
    both = torch.cat((was, was), -1), torch.cat((now, now), -1)
    twice = divergence((both[0], none), (both[1], none), two)
    assert twice.item() == pytest.approx(math.log(2) + math.log(2 / 3))
