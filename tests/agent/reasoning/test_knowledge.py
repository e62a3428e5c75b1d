"""What Driving's own knowledge file forbids and prefers, rule by rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.rules import rule_files
from mindloop.agent.types import WorldSpec
from mindloop.agent.world import make_world
from tests.agent.reasoning.worlds import Facts, seen

EASY, HARD = -3.0, -8.0  # [m/s2] the brakes
IN_LANE: Facts = {"speed_limit": (20.0, 0.1), "lane_offset": (0.0, 0.1)}
"""What is believed besides, at which no rule has a word to say."""
LIGHT: Facts = {"light_present": 1.0, "light_distance": (9.0, 0.2)}
LINE: Facts = {"junction_ahead": 1.0, "stop_line_distance": (6.0, 0.2)}
WALKER: Facts = {"pedestrian_in_path": 0.4, "pedestrian_distance": (10.0, 0.2)}

FORBIDDEN = {  # rule: (speed, beliefs in which it fires, what else is believed where it doesn't)
    "walker": (7.0, WALKER, {"pedestrian_distance": (30.0, 0.2)}),
    "walker_near": (7.0, {**WALKER, "pedestrian_distance": (5.0, 0.2)}, WALKER),
    "red_light": (7.0, {**LIGHT, "light_red": 0.3}, {"light_red": 0.01}),
    "yellow_light": (7.0, {**LIGHT, "light_yellow": 0.3}, {"light_distance": (1.0, 0.2)}),
    "stop_sign": (5.0, {**LINE, "stop_sign": 0.3}, {"stop_line_distance": (30.0, 0.2)}),
    "give_way": (5.0, {**LINE, "must_yield": 0.6}, {"must_yield": 0.4}),
}
PREFERRED: dict[str, tuple[float, Facts, str, Callable[[float], bool]]] = {
    # rule: (speed, beliefs in which it fires, which values of an attribute it likes)
    "limit": (12.0, {"speed_limit": (8.0, 0.2)}, "acceleration", lambda pedal: pedal <= 0),
    "drifts_left": (5.0, {"lane_offset": (1.4, 0.1)}, "steering", lambda wheel: wheel < 0),
    "drifts_right": (5.0, {"lane_offset": (-1.4, 0.1)}, "steering", lambda wheel: wheel > 0),
}
FASTEST = {"walker": EASY, "walker_near": HARD, "yellow_light": 0.0}
"""[m/s2] the most that a rule leaves; the easy brake where it is not named here."""


@pytest.fixture(scope="module")
def spec() -> WorldSpec:
    return make_world("mindloop/Driving-v0", 1).spec


@pytest.fixture(scope="module")
def reasoner(spec: WorldSpec) -> Reasoner:
    config = ReasoningConfig(use="rules")
    return Reasoner(spec, config, rule_files(spec, config))


def test_every_rule_of_the_file_is_tried_here(reasoner: Reasoner) -> None:
    assert set(reasoner.names) == {*FORBIDDEN, *PREFERRED}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_hard_rule_leaves_the_pedals_that_obey_it(
    spec: WorldSpec, reasoner: Reasoner, name: str
) -> None:
    speed, told, otherwise = FORBIDDEN[name]
    pedals = [row["acceleration"] for row in spec.actions.attributes]
    for facts, fires in ((told, True), ({**told, **otherwise}, False)):
        found = reasoner.reason(*seen(spec, [[speed, 0.0, 0.0, 0.0]], {**IN_LANE, **facts}))
        assert bool(found.fired[0, reasoner.names.index(name)]) is fires, facts
        if fires:
            left = [p for p, may in zip(pedals, found.allowed[0].tolist(), strict=True) if may]
            assert max(left) == FASTEST.get(name, EASY)
            assert HARD in left


@pytest.mark.parametrize(("chance", "away", "fires"), [
    (0.3, 13.0, False), (0.3, 4.0, True), (0.7, 13.0, True),
])  # fmt: skip
def test_who_is_hardly_there_counts_as_where_he_is_on_the_mean(
    spec: WorldSpec, reasoner: Reasoner, chance: float, away: float, fires: bool
) -> None:
    """An ego that stands isn't held for ever by somebody unlikely who may be anywhere."""
    told: Facts = {"pedestrian_in_path": chance, "pedestrian_distance": (away, 6.0)}
    found = reasoner.reason(*seen(spec, [[0.0, 0.0, 0.0, 0.0]], {**IN_LANE, **told}))
    for name in ("walker", "walker_near"):
        is_near = fires and (name == "walker" or away < 4.0 or chance > 0.5)
        assert bool(found.fired[0, reasoner.names.index(name)]) is is_near, name


@pytest.mark.parametrize("name", PREFERRED)
def test_a_soft_rule_prefers_the_way_back(spec: WorldSpec, reasoner: Reasoner, name: str) -> None:
    speed, told, attribute, is_meant = PREFERRED[name]
    found = reasoner.reason(*seen(spec, [[speed, 0.0, 0.0, 0.0]], {**IN_LANE, **told}))
    assert bool(found.fired[0, reasoner.names.index(name)])
    assert int(found.fired.sum()) == 1
    assert bool(found.allowed.all())
    likes = [float(p) for p in found.preference[0]]
    assert likes == [float(is_meant(row[attribute])) for row in spec.actions.attributes]
