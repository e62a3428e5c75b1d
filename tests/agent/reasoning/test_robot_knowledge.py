"""What the robot's own knowledge file forbids, rule by rule, by options and by numbers."""

from __future__ import annotations

import pytest

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.rules import rule_files
from mindloop.agent.types import WorldSpec
from mindloop.agent.world import make_world
from tests.agent.reasoning.worlds import Facts, seen

ALONE: Facts = {"clearance_ahead": (3.0, 0.05)}
"""What is believed besides, at which no rule has a word to say."""
PERSON: Facts = {
    "person_near": 0.9, "person_distance": (0.3, 0.2), "person_bearing": (0.1, 0.1),
}  # fmt: skip
DOOR: Facts = {"door_ahead": 1.0, "door_shut": 1.0, "door_distance": (0.5, 0.05)}
FORBIDDEN: dict[str, tuple[float, Facts, Facts]] = {
    # rule: (speed, beliefs in which it fires, what else is believed where it doesn't)
    "person": (0.8, PERSON, {"person_distance": (1.0, 0.4)}),
    "push": (0.0, {"clearance_ahead": (0.02, 0.1)}, {"clearance_ahead": (0.1, 0.1)}),
    "shut_door": (0.8, DOOR, {"door_distance": (1.5, 0.05)}),
    "corner": (
        0.8, {**PERSON, "person_distance": (1.0, 0.2), "corner_near": 0.9}, {"corner_near": 0.6}
    ),
}  # fmt: skip
SLOW = {"corner": 0.5}
"""What a rule leaves of the speed; nothing of it where it is not named here."""


@pytest.fixture(scope="module")
def spec() -> WorldSpec:
    return make_world("mindloop/Robot-v0", 1).spec


def reasoner_of(spec: WorldSpec) -> Reasoner:
    config = ReasoningConfig(use="rules")
    return Reasoner(spec, config, rule_files(spec, config))


def state(speed: float) -> list[list[float]]:
    return [[speed] + [0.0] * 18]


def test_every_rule_of_the_file_is_tried_here(spec: WorldSpec) -> None:
    assert set(reasoner_of(spec).names) == set(FORBIDDEN)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_rule_leaves_the_speeds_that_obey_it(spec: WorldSpec, name: str) -> None:
    speed, told, otherwise = FORBIDDEN[name]
    reasoner = reasoner_of(spec)
    speeds = [row["speed"] for row in spec.actions.attributes]
    for facts, fires in ((told, True), ({**told, **otherwise}, False)):
        found = reasoner.reason(*seen(spec, state(speed), {**ALONE, **facts}))
        assert bool(found.fired[0, reasoner.names.index(name)]) is fires, facts
        left = [v for v, may in zip(speeds, found.allowed[0].tolist(), strict=True) if may]
        if fires:
            assert max(left) <= SLOW.get(name, 0.0) and min(left) < 0.0


@pytest.mark.parametrize("changed", [
    {"person_near": 0.4},  # he is hardly there
    {"person_bearing": (1.2, 0.1)},  # he is beside it
    {"person_bearing": (-1.2, 0.1)},
    {"person_distance": (0.7, 0.5)},  # he may be nearer, but on the mean he isn't
])  # fmt: skip
def test_who_is_hardly_in_the_way_holds_nobody_up(spec: WorldSpec, changed: Facts) -> None:
    reasoner = reasoner_of(spec)
    row = reasoner.names.index("person")
    fired = [
        bool(reasoner.reason(*seen(spec, state(0.8), {**ALONE, **facts})).fired[0, row])
        for facts in (PERSON, {**PERSON, **changed})
    ]
    assert fired == [True, False]


def test_a_choice_of_numbers_is_bound_by_the_same_rules() -> None:
    spec = make_world("mindloop/Robot-v0", 1, {"action": "continuous"}).spec
    reasoner = reasoner_of(spec)
    most = {
        name: float(
            reasoner.reason(*seen(spec, state(speed), {**ALONE, **told})).upper[0, 0]
        )
        for name, (speed, told, _) in FORBIDDEN.items()
    }
    assert most == pytest.approx({name: SLOW.get(name, 0.0) for name in FORBIDDEN})
    free = reasoner.reason(*seen(spec, state(0.8), ALONE))
    assert float(free.upper[0, 0]) == 1.0
