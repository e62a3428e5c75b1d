"""Rules on paper worlds: what fires under doubt, what it forbids, and who gives way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.shield import SHIELD
from mindloop.agent.types import Judgement, WorldSpec
from tests.agent.reasoning.worlds import CART, PEDALS, PENDULUM, ROAD, Facts, seen

STOP = "red: light_red and light_distance < 10 => forbid acceleration > -1"
RED: Facts = {"light_present": 0.99, "light_red": 0.95, "light_distance": (9.0, 0.2)}
GO = [[8.0, 0.0, 0.0]]


def judge(
    text: str, facts: Facts, spec: WorldSpec = ROAD,
    state: list[list[float]] | None = None, use: str = "rules", action: int = 0,
) -> Judgement:  # fmt: skip
    reasoner = Reasoner(spec, ReasoningConfig(use=use), [("my.rules", text)])
    return reasoner.reason(*seen(spec, state or GO, facts, action))


def pedals(found: Judgement, lane: int = 0) -> set[float]:
    """Returns the accelerations that are left."""
    return {PEDALS[k % 4] for k in np.flatnonzero(found.allowed[lane].numpy())}


@pytest.mark.parametrize(
    ("change", "fires"),
    [
        ({}, True),
        ({"light_red": 0.25}, True),  # possible is enough to forbid
        ({"light_red": 0.15}, False),
        ({"light_present": 0.15}, False),  # no light, no red light
        ({"light_distance": (11.0, 0.6)}, True),  # 11 - 2·.6 < 10
        ({"light_distance": (11.0, 0.4)}, False),
    ],
)
def test_forbid_fires_where_possibly_true(
    change: Facts, fires: bool
) -> None:
    found = judge(STOP, {**RED, **change})
    assert bool(found.fired[0, 0]) == fires
    assert pedals(found) == ({-8.0, -3.0} if fires else set(PEDALS))


@pytest.mark.parametrize(("red", "near", "fires"), [
    (0.95, (9.0, 0.2), True), (0.7, (9.0, 0.2), False), (0.95, (9.0, 0.7), False),
])  # fmt: skip
def test_require_and_prefer_fire_where_certainly_true(
    red: float, near: tuple[float, float], fires: bool
) -> None:
    told: Facts = {**RED, "light_red": red, "light_distance": near}
    must = judge("a: light_red and light_distance < 10 => require acceleration < -1", told)
    assert pedals(must) == ({-8.0, -3.0} if fires else set(PEDALS))
    likes = judge("a [soft 2]: light_red and light_distance < 10 => prefer acceleration == 0", told)
    assert likes.preference[0].reshape(3, 4).tolist() == [[0, 0, 2.0 * fires, 0]] * 3
    assert bool(likes.allowed.all())


def test_a_soft_rule_weighs_and_forbids_nothing() -> None:
    found = judge(STOP.replace("red:", "red [soft 1.5]:"), RED)
    assert bool(found.allowed.all())
    assert found.preference[0, :4].tolist() == [0, 0, -1.5, -1.5]


def test_the_higher_priority_stands_where_nothing_would_be_left() -> None:
    text = STOP.replace("red:", "red [priority 90]:") + (
        "\nhurry [priority 10]: light_red => require acceleration > 0"
        "\nwheel [priority 5]: light_red => forbid steering != 0"
    )
    found = judge(text, RED)
    assert bool(found.fired.all()), "all three fire"
    assert pedals(found) == {-8.0, -3.0}
    assert found.allowed[0].reshape(3, 4).any(-1).tolist() == [False, True, False]


def test_what_the_environment_withholds_is_never_given_back() -> None:
    reasoner = Reasoner(ROAD, ReasoningConfig(use="rules"), [("my.rules", STOP)])
    observation, percept, affect, before = seen(ROAD, GO, RED)
    observation.available[0] = torch.tensor([False, False, True, True] * 3)
    found = reasoner.reason(observation, percept, affect, before)
    assert found.allowed.tolist() == observation.available.tolist(), "nothing would be left"


def test_each_life_has_its_own_judgement() -> None:
    found = judge("a: state.speed > 5 => forbid acceleration > 0", {}, state=[[8.0, 0, 0],
                                                                            [2.0, 0, 0]])
    assert found.fired[:, 0].tolist() == [True, False]
    assert pedals(found, 0) == {-8.0, -3.0, 0.0} and pedals(found, 1) == set(PEDALS)


def test_last_action_feelings_doubt_and_scene_can_be_spoken_of() -> None:
    text = (
        "let near = nearest(pedestrian, -20, 20)\n"
        "again: last.acceleration > 0 => forbid acceleration > 0\n"
        "same: last == 3 => forbid acceleration == 0\n"
        "wary: affect.fear > .5 or risk > .5 => forbid acceleration > 0\n"
        "unsure: doubt(light_distance) > 1 => forbid acceleration > 0\n"
        "someone: near < 10 => forbid acceleration > 0\n"
        "surely: certain(light_red) => forbid acceleration > 0\n"
        "rather: likely(light_red) => forbid acceleration > 0\n"
    )
    reasoner = Reasoner(ROAD, ReasoningConfig(use="rules"), [("my.rules", text)])
    told: Facts = {**RED, "light_red": 0.5, "light_distance": (9.0, 2.0)}
    observation, percept, affect, before = seen(ROAD, GO, told, action=3)
    percept.scene[0, 17] = torch.tensor([11.0, 0, 0, 2.0, 0.6, 0, 0.5])
    affect.emotions[0, 3] = 0.7
    found = reasoner.reason(observation, percept, affect, before)
    assert dict(zip(reasoner.names, found.fired[0].tolist(), strict=True)) == {
        "again": True, "same": True, "wary": True, "unsure": True, "someone": True,
        "surely": False, "rather": True,
    }  # fmt: skip
    percept.scene[0, 17, 3] = 1.0  # a car
    percept.facts[0, ROAD.fact_names.index("light_red")] = 0.49
    found = reasoner.reason(observation, percept, affect, before)
    assert not bool(found.fired[0, reasoner.names.index("someone")])
    assert not bool(found.fired[0, reasoner.names.index("rather")])


def test_worlds_that_declare_nothing_have_rules_too() -> None:
    text = "let angle = state[2]\nlean: angle > .05 => forbid action == 0"
    found = judge(text, {}, CART, [[0, 0, 0.1, 0], [0, 0, 0.0, 0]])
    assert found.allowed.tolist() == [[False, True], [True, True]]


def test_numbers_are_held_within_bounds() -> None:
    text = (
        "a: state[2] > 1 => require torque <= 1 and torque >= -1\n"
        "b: state[2] > 2 => forbid torque > -1.5\n"
    )
    found = judge(text, {}, PENDULUM, [[0, 0, 0.0], [0, 0, 1.5], [0, 0, 3.0]])
    assert found.lower[:, 0].tolist() == [-2, -1, -1]
    assert found.upper[:, 0].tolist() == [2, 1, 1], "b gives way: nothing would be left"


def test_the_shield_comes_before_the_rules() -> None:
    facts: Facts = {"lead_present": 0.95, "lead_distance": (6.0, 0.1), "lead_closing_speed": 8.0}
    found = judge("hurry: state.speed > 1 => require acceleration > 0", facts, use="both")
    assert pedals(found) == {-8.0}
    assert float(found.slack[0]) < 0
    reasoner = Reasoner(ROAD, ReasoningConfig(use="both"))
    assert reasoner.names == SHIELD


def test_caution_narrows_what_is_allowed_and_is_told_apart() -> None:
    facts: Facts = {"lead_present": 0.95, "lead_distance": (8.0, 0.1), "lead_closing_speed": 0.0}
    reasoner = Reasoner(ROAD, ReasoningConfig(use="shield"))
    observation, percept, affect, before = seen(ROAD, GO, facts)
    affect.caution[0] = 1.0
    found = reasoner.reason(observation, percept, affect, before)
    assert int(found.allowed.sum()) < int(found.allowed_calm.sum())
    assert bool((found.allowed & ~found.allowed_calm).sum() == 0)
