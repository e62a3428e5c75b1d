"""Advantages, losses and the learner: by hand, and on a task that a minute solves."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from mindloop.agent.config import LoopConfig, MindConfig, PerceptionConfig, PPOConfig
from mindloop.agent.learning.ppo import PPO, RewardScale, gae, policy_loss, quantile_loss, unroll
from mindloop.agent.learning.rollout import Recorder, Rollout
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.types import Affect
from mindloop.agent.world import make_world
from tests.spies import Counting


class Identity(gymnasium.Env[Any, Any]):
    """Shows a one of three; the reward is 1 for naming it. Episodes of 10 steps."""

    def __init__(self) -> None:
        self.observation_space, self.action_space = spaces.Discrete(3), spaces.Discrete(3)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.now, self.shown = 0, int(self.np_random.integers(3))
        return self.shown, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward, self.now = float(action == self.shown), self.now + 1
        self.shown = int(self.np_random.integers(3))
        return self.shown, reward, False, self.now == 10, {}


def rollout_of(life: Life, ticks: int) -> tuple[Rollout, Mind]:
    mind = life.mind
    assert mind is not None
    batch = life.world.num_envs
    kept = Recorder(mind.perception.initial_memory(batch), Affect.neutral(batch).vector())
    for _ in range(ticks):
        kept.add(life.step())
    after = life.trace
    assert after is not None
    return kept.finish(after, is_box=mind.spec.actions.is_box), mind


def lived(env: Any, lanes: int, memory: str = "gru", ticks: int = 12) -> tuple[Rollout, Mind]:
    world = make_world(env, lanes)
    perception = PerceptionConfig(features=16, vector_width=16, memory=memory)
    life = Life(world, LoopConfig(seed=3), Mind(world.spec, MindConfig(perception=perception)))
    life.reset()
    return rollout_of(life, ticks)


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
    scale = RewardScale(1, 0.5)
    reward = torch.tensor([[1.0], [1.0], [1.0], [1.0]])
    ended = torch.tensor([[False], [True], [False], [False]])
    returns = np.array([1.0, 1.5, 1.0, 1.5])  # begun anew after the end
    found = scale(reward, ended)
    torch.testing.assert_close(found, reward / returns.std(), rtol=1e-2, atol=0)
    again = RewardScale(1, 0.5)
    again.load(scale.state())
    torch.testing.assert_close(again(reward, ended), scale(reward, ended))


@pytest.mark.parametrize("memory", ["gru", "none"])
def test_learning_recomputes_what_acting_did(memory: str) -> None:
    """Over ends of episodes, masks and all: the first ratio is 1, the first value the same."""
    rollout, mind = lived(Counting, 3, memory)
    assert bool(rollout.ended.any()) and not bool(rollout.behaviour.permitted.all())
    with torch.no_grad():
        features = unroll(mind.perception, rollout)
        log_prob, entropy = mind.decision.evaluate(features, rollout.behaviour)
        value = mind.perception.quantiles(features, rollout.behaviour.affect_before).mean((1, 2))
    torch.testing.assert_close(log_prob, rollout.behaviour.log_prob, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(value, rollout.value.flatten(), atol=1e-5, rtol=1e-4)
    assert bool((entropy > 0).all())


def test_some_lanes_are_those_lanes() -> None:
    rollout, mind = lived(Counting, 3)
    part = rollout.lanes(torch.tensor([2, 0]))
    with torch.no_grad():
        whole = unroll(mind.perception, rollout).view(*rollout.shape, -1)
        some = unroll(mind.perception, part).view(*part.shape, -1)
    torch.testing.assert_close(some, whole[:, [2, 0]])
    actions = rollout.behaviour.action.view(*rollout.shape, -1)
    assert torch.equal(part.behaviour.action.view(*part.shape, -1), actions[:, [2, 0]])


def test_arrivals_are_zero_where_terminated_and_the_next_value_elsewhere() -> None:
    rollout, _ = lived(Counting, 2)
    assert bool((rollout.arrival[rollout.ended] == 0).all())  # Counting terminates
    goes_on = ~rollout.ended[:-1]
    torch.testing.assert_close(rollout.arrival[:-1][goes_on], rollout.value[1:][goes_on])
    truncating, _ = lived(lambda: Counting(truncates=True), 2)
    assert bool((truncating.arrival[truncating.ended] != 0).all())


@pytest.mark.slow
def test_it_learns_to_name_what_it_sees_and_twice_alike() -> None:
    def learned() -> tuple[Mind, float]:
        world = make_world(Identity, 8)
        perception = PerceptionConfig(features=16, vector_width=16, memory="none")
        mind = Mind(world.spec, MindConfig(perception=perception))
        life = Life(world, LoopConfig(seed=1), mind)
        life.reset()
        config = PPOConfig(ticks=16, lanes=8, learning_rate=3e-3, gamma=0.0)
        rng = torch.Generator().manual_seed(0)
        ppo = PPO(mind.perception, mind.decision, config, 60, rng)
        reward = 0.0
        for _ in range(60):
            rollout, _ = rollout_of(life, config.ticks)
            reward = float(rollout.reward.mean())
            ppo.update(rollout)
        return mind, reward

    (mind, reward), (again, _) = learned(), learned()
    assert reward > 0.9
    for a, b in zip(mind.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
