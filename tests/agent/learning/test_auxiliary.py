"""Labels, losses and calibration of perception: by hand, and on numbers whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mindloop.agent.learning.auxiliary import (
    Rarity,
    beta_nll,
    calibrate,
    facts_loss,
    failure_soon,
    meaningful,
    perception_losses,
    platt,
    rarity,
    scene_loss,
)
from mindloop.agent.types import (
    ActionKind,
    ActionSpec,
    Beliefs,
    Fact,
    Labels,
    SceneSpec,
    Truth,
    WorldSpec,
)

FACTS = (
    Fact("lead", kind="boolean"),
    Fact("gap", "m", 0.0, 60.0, requires="lead"),
    Fact("offset", "m", -5.0, 5.0),
)
SPEC = WorldSpec(
    "test", (), ActionSpec(ActionKind.DISCRETE, (2,)), facts=FACTS,
    scene=SceneSpec(2, 50.0, ("none", "car")), path_points=1,
)  # fmt: skip


def stated(facts: Tensor, sigma: Tensor | None = None) -> Beliefs:
    rows = len(facts)
    return Beliefs(
        fact=facts, fact_sigma=torch.ones_like(facts) if sigma is None else sigma,
        range=torch.full((rows, 2), 20.0), speeds=torch.zeros(rows, 2, 2),
        sigma=torch.ones(rows, 2, 2), presence=torch.zeros(rows, 2),
        classes=torch.zeros(rows, 2, 2), path=torch.zeros(rows, 1, 2), risk=torch.zeros(rows),
    )  # fmt: skip


def labels(facts: Tensor, known: Tensor | None = None) -> Labels:
    rows = len(facts)
    return Labels(
        facts=facts, known=torch.ones_like(facts, dtype=torch.bool) if known is None else known,
        scene=torch.zeros(rows, 2, 7), path=torch.zeros(rows, 1, 2), risk=torch.zeros(rows),
        risk_known=torch.ones(rows, dtype=torch.bool),
    )  # fmt: skip


def test_failure_soon_by_hand() -> None:
    cost = torch.tensor([[0.0, 0], [0, 0], [1, 0], [0, 0], [0, 2], [0, 0]])
    ended = torch.zeros(6, 2, dtype=torch.bool)
    ended[2, 1] = True  # the second lane's failure is another episode's
    label, known = failure_soon(cost, ended, horizon=3)
    assert label[:, 0].tolist() == [1, 1, 1, 0, 0, 0]
    assert label[:, 1].tolist() == [0, 0, 0, 1, 1, 0]
    assert known[:, 0].tolist() == [True, True, True, True, False, False]


def test_a_failure_in_the_step_that_ends_an_episode_counts() -> None:
    cost = torch.tensor([[0.0], [1.0], [0.0]])
    ended = torch.tensor([[False], [True], [False]])
    assert failure_soon(cost, ended, horizon=2)[0][:, 0].tolist() == [1, 1, 0]


def test_a_fact_means_something_only_with_its_presence() -> None:
    facts = np.array([[1.0, 9.0, 0.5], [0.0, 60.0, 0.5], [1.0, 9.0, 0.5]], np.float32)
    known = np.array([[True] * 3, [True] * 3, [False, True, True]])
    truth = Truth(facts, known, np.zeros((3, 2, 7), np.float32), np.zeros((3, 1, 2), np.float32))
    found = meaningful(truth, SPEC)
    assert found.tolist() == [[True] * 3, [True, False, True], [False, True, True]]
    assert known.all(0).tolist() == [False, True, True], "what was told is left as it was"


def test_the_likelihood_by_hand() -> None:
    # σ = 2: ½(ln 4 + 9/4) · 4^.5
    found = beta_nll(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(4.0))
    assert found.item() == pytest.approx(0.5 * (math.log(4) + 9 / 4) * 2)


def test_the_likelihood_is_least_at_the_true_mean_and_spread() -> None:
    torch.manual_seed(0)
    target = 3 + 0.5 * torch.randn(4000)
    mean = torch.zeros((), requires_grad=True)
    width = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.Adam([mean, width], 0.05)
    for _ in range(400):
        optimiser.zero_grad()
        beta_nll(mean, width.exp(), target).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert mean.item() == pytest.approx(3, abs=0.05)
    assert width.exp().item() == pytest.approx(0.5, abs=0.05)


def test_what_is_not_known_teaches_nothing() -> None:
    facts = torch.tensor([[1.0, 30.0, 1.0], [0.0, 0.0, -1.0]])
    known = torch.tensor([[True, True, True], [True, False, True]])
    belief = torch.tensor([[2.0, 31.0, 0.5], [-2.0, 5.0, 0.0]], requires_grad=True)
    facts_loss(stated(belief), labels(facts, known), SPEC, torch.ones(3)).backward()  # type: ignore[no-untyped-call]
    assert belief.grad is not None
    assert belief.grad[1, 1] == 0 and bool((belief.grad[known] != 0).all())
    assert belief.grad[0, 1] > 0 > belief.grad[1, 0] * -1, "pulled towards the truth"


def test_what_is_rare_counts_more_and_where_it_is_so() -> None:
    facts = torch.zeros(100, 3)
    facts[:4, 0] = 1.0  # one in twenty five
    known = torch.ones(100, 3, dtype=torch.bool)
    known[:, 1] = facts[:, 0] > 0
    told = labels(facts, known)
    told.scene[:, 0, 3], told.scene[:, 0, 6] = 1.0, 1.0  # a car to one side, nothing to the other
    rare = rarity(told, SPEC)
    assert rare.facts.tolist() == pytest.approx([5.0, 5.0, 1.0])
    assert float(rare.risk) == pytest.approx(10.0), "never seen, and never counted without bound"
    assert rare.kinds.tolist() == pytest.approx([10.0, 1.0])
    assert rare.presence.tolist() == pytest.approx([10.0, math.sqrt(2)]), "of all sectors, half"
    belief = torch.zeros(100, 3, requires_grad=True)
    facts_loss(stated(belief), told, SPEC, rare.facts).backward()  # type: ignore[no-untyped-call]
    assert belief.grad is not None
    assert belief.grad[0, 0] == pytest.approx(-5 * float(belief.grad[50, 0]))


def test_an_empty_sector_teaches_presence_only() -> None:
    belief = stated(torch.zeros(2, 3))
    for tensor in (belief.range, belief.classes, belief.presence):
        tensor.requires_grad_()
    truth = labels(torch.zeros(2, 3))
    truth.scene[0, 1] = torch.tensor([12.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
    scene_loss(belief, truth, 25.0, Rarity.none(SPEC)).backward()  # type: ignore[no-untyped-call]
    assert belief.range.grad is not None and belief.classes.grad is not None
    assert belief.range.grad[0, 1] > 0, "20 m is too far for 12 m"
    assert int((belief.range.grad != 0).sum()) == 1
    assert int((belief.classes.grad != 0).any(-1).sum()) == 1
    assert belief.presence.grad is not None and bool((belief.presence.grad != 0).all())


def test_a_sector_with_a_rare_thing_counts_more() -> None:
    belief = stated(torch.zeros(2, 3))
    belief.presence.requires_grad_()
    truth = labels(torch.zeros(2, 3))
    truth.scene[0, 1] = torch.tensor([12.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
    rare = Rarity.none(SPEC)._replace(presence=torch.tensor([1.0, 4.0]))
    scene_loss(belief, truth, 25.0, rare).backward()  # type: ignore[no-untyped-call]
    assert belief.presence.grad is not None
    assert belief.presence.grad[0, 1] == pytest.approx(-4 * float(belief.presence.grad[1, 1]))


def test_where_a_thing_is_counts_more_the_nearer_and_the_rarer_it_is() -> None:
    belief = stated(torch.zeros(2, 3))
    belief.range.requires_grad_()
    truth = labels(torch.zeros(2, 3))
    truth.scene[0, 0] = torch.tensor([15.0, 0, 0, 0, 0, 0, 1])
    truth.scene[0, 1] = torch.tensor([15.0, 0, 0, 1, 0, 0, 1])
    truth.scene[1, 0] = torch.tensor([25.0, 0, 0, 0, 0, 0, 1])
    rare = Rarity.none(SPEC)._replace(kinds=torch.tensor([1.0, 3.0]))
    scene_loss(belief, truth, 25.0, rare).backward()  # type: ignore[no-untyped-call]
    assert belief.range.grad is not None
    slope = belief.range.grad / belief.range.grad[1, 0]
    assert slope[0].tolist() == pytest.approx([-30 / 20, -3 * 30 / 20]), "25 + 5 m against 15 + 5"


def test_a_world_that_tells_nothing_teaches_only_risk() -> None:
    silent = WorldSpec("test", (), SPEC.actions)
    belief, told = stated(torch.zeros(2, 0)), labels(torch.zeros(2, 0))
    assert set(perception_losses(belief, told, silent, rarity(told, silent))) == {"risk"}


def test_calibration_sets_doubt_and_probability_right() -> None:
    torch.manual_seed(0)
    rows = 20_000
    truth = torch.zeros(rows, 3)
    truth[:, 2] = torch.rand(rows) * 6 - 3
    belief = truth.clone()
    belief[:, 2] += 0.6 * torch.randn(rows)  # three times what it admits
    logit = 2 * torch.randn(rows)
    truth[:, 0] = (torch.rand(rows) < torch.sigmoid(logit)).float()
    belief[:, 0] = 3 * logit + 1  # far too sure
    sigma = torch.full((rows, 3), 0.2)
    found = calibrate(stated(belief, sigma), labels(truth), SPEC)
    assert found["fact_scale"][2].item() == pytest.approx(3, rel=0.03)
    assert found["fact_slope"][0].item() == pytest.approx(1 / 3, rel=0.05)
    assert found["fact_shift"][0].item() == pytest.approx(-1 / 3, abs=0.05)
    inside = (belief[:, 2] - truth[:, 2]).abs() <= 1.96 * found["fact_scale"][2] * 0.2
    assert inside.float().mean().item() == pytest.approx(0.95, abs=0.005)


def test_presence_is_set_right_for_each_class_that_is_believed() -> None:
    torch.manual_seed(0)
    rows = 40_000
    belief, truth = stated(torch.zeros(rows, 3)), labels(torch.zeros(rows, 3))
    belief.classes[: rows // 2, :, 1] = 5.0  # a car is believed in half of them
    belief.presence[:] = torch.randn(rows, 2)
    odds = belief.presence - torch.where(belief.classes.argmax(-1) == 1, 2.0, 0.5)
    truth.scene[..., 6] = (torch.rand(rows, 2) < torch.sigmoid(odds)).float()
    found = calibrate(belief, truth, SPEC)["presence"]
    assert found.flatten().tolist() == pytest.approx([1.0, -0.5, 1.0, -2.0], abs=0.08)
    belief.classes[:] = 0.0  # no car is ever believed: it takes what holds for all
    found = calibrate(belief, truth, SPEC)["presence"]
    assert found[0].tolist() == found[1].tolist() != [1.0, 0.0]


def test_too_little_to_calibrate_with_changes_nothing() -> None:
    assert platt(torch.randn(50), torch.ones(50)).tolist() == [1.0, 0.0]
    assert platt(torch.randn(5000), torch.zeros(5000)).tolist() == [1.0, 0.0]
    inverted = torch.linspace(-3, 3, 1000)
    assert platt(inverted, (inverted < 0).float()).tolist() == [1.0, 0.0]
