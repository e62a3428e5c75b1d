"""A robot's shield: stopping distances by hand, and a random robot that touches nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from mindloop.agent.config import MARGINS, ReasoningConfig
from mindloop.agent.reasoning.arcs import CAUSES, WindowShield, assumptions
from mindloop.agent.reasoning.models import shield_of
from mindloop.agent.reasoning.verdicts import with_margins
from mindloop.agent.reasoning.window import CLOSE
from mindloop.agent.types import WorldSpec
from tests.agent.reasoning.robots import (
    BOX_HOME,
    HOME,
    MOTION,
    OPTIONS,
    RADIUS,
    Floats,
    Room,
    at,
    random_room,
    wall,
    wander,
)
from tests.agent.reasoning.worlds import CART

CONFIG = ReasoningConfig(use="shield")
CALM = np.zeros(1, np.float32)
NAMES = list(OPTIONS)


def forbidden(
    own: tuple[float, float], ranges: Floats | float = 10.0,
    people: tuple[tuple[float, ...], ...] = (), config: ReasoningConfig = CONFIG,
    caution: float = 0.0,
) -> set[str]:  # fmt: skip
    """Returns the names of the options that the shield forbids."""
    shield = WindowShield(HOME, config)
    verdict = shield.judge(*at(own, ranges, people), np.full(1, caution, np.float32))
    return {name for name, bad in zip(NAMES, verdict.masks()[0][0], strict=True) if bad}


@pytest.mark.parametrize(("speed", "way"), [
    (0.8, 0.2 + 0.16),  # .25 s at .8 m/s, then .8²/(2·2)
    (0.0, 0.0625 + 0.0625),  # ½·2·.25² to .5 m/s, then .5²/(2·2)
    (0.4, 0.4 * 0.2 + 0.5 * 2 * 0.2**2 + 0.8 * 0.05 + 0.16),  # .8 m/s is reached after .2 s
])  # fmt: skip
def test_forward_is_forbidden_where_a_wall_is_nearer_than_it_stops(
    speed: float, way: float
) -> None:
    for spare in (-0.01, 0.01):
        found = forbidden((speed, 0.0), wall(RADIUS + way + CLOSE + spare))
        assert ("forward" in found) is (spare < 0), spare
        assert "stop" not in found


def test_wheels_that_slip_need_more_room() -> None:
    slips = replace(HOME, motion={**MOTION, "noise": 0.1})
    shield = WindowShield(slips, CONFIG)  # 3 σ: 1.3 times as far
    for spare in (-0.01, 0.01):
        seen = at((0.8, 0.0), wall(RADIUS + 1.3 * 0.36 + CLOSE + spare))
        assert bool(shield.judge(*seen, CALM).masks()[0][0, 0]) is (spare < 0)


def test_backwards_is_judged_by_what_is_behind() -> None:
    behind = np.roll(wall(RADIUS + 0.05), 18)
    assert forbidden((0.0, 0.0), behind) == {"back"}


def test_who_stands_may_always_turn() -> None:
    assert forbidden((0.0, 0.0), RADIUS + 0.001) == {"forward", "back", "curve"}


def test_a_turn_at_speed_is_an_arc() -> None:
    """Along a wall on the left it may go straight on and turn away, and not turn towards it."""
    found = forbidden((0.8, 0.0), np.roll(wall(RADIUS + 0.04), 9))
    assert found == {"left", "curve"}


def test_a_person_needs_the_margin_and_the_way_that_he_comes_nearer() -> None:
    blur = np.pi / 32  # half a sector of the scene, at 1 m
    for pace in (0.0, 1.0):
        # 0.36 m in .25 + .4 s, in which he comes; .05 m for the tick in which it stands already
        needs = RADIUS + 0.25 + 0.5 + 0.36 + 0.65 * pace
        needs /= 1.0 - blur
        for spare in (-0.08, 0.08):
            found = forbidden((0.8, 0.0), 10.0, ((needs + spare, 0.0, -pace, 0.0),))
            assert ("forward" in found) is (spare < 0), (pace, spare)
            assert found <= {"forward", "curve"}


@pytest.mark.parametrize(("lidar", "people"), [
    (10.0, ((0.9, 0.0, -0.5, 0.0),)), (RADIUS + 0.2, ()),
])  # fmt: skip
def test_it_would_rather_stand_than_turn_away_from_what_is_in_its_way(
    lidar: float, people: tuple[tuple[float, ...], ...]
) -> None:
    shield = WindowShield(HOME, CONFIG)
    blocked = shield.judge(*at((0.8, 0.0), lidar, people), CALM)
    assert blocked.masks()[0][0, 0]
    likes = dict(
        zip(OPTIONS, blocked.preference(~blocked.masks()[0])[0].tolist(), strict=True)
    )
    assert likes.pop("stop") > 0 and not any(likes.values())
    free = shield.judge(*at((0.8, 0.0), 10.0), CALM)
    assert not free.preference(~free.masks()[0]).any()


def test_caution_widens_what_a_person_needs() -> None:
    someone = ((1.5, 0.0, 0.0, 0.0),)
    assert "forward" not in forbidden((0.8, 0.0), 10.0, someone)
    assert "forward" in forbidden((0.8, 0.0), 10.0, someone, caution=0.5)


def test_a_doubtful_distance_needs_more() -> None:
    shield = WindowShield(HOME, CONFIG)
    observation, percept = at((0.8, 0.0), 10.0, ((1.7, 0.0, 0.0, 0.0),))
    assert not shield.judge(observation, percept, CALM).masks()[0].any()
    sector = int(percept.scene[0, :, 6].argmax())
    percept.scene[0, sector, 4] = 0.1
    assert bool(shield.judge(observation, percept, CALM).masks()[0][0, 0])
    percept.scene[0, sector, 6] = 0.4
    assert not shield.judge(observation, percept, CALM).masks()[0].any(), "he is hardly there"


def test_who_comes_from_behind_holds_nobody() -> None:
    assert forbidden((0.0, 0.0), 10.0, ((-0.6, 0.0, 1.0, 0.0),)) == {"back"}


def test_things_that_the_lidar_measures_are_come_near_to() -> None:
    """A ball in the scene has no person's margin."""
    observation, percept = at((0.0, 0.0), 10.0, ((0.6, 0.0, 0.0, 0.0),))
    percept.scene[0, :, 3] = 0
    assert not WindowShield(HOME, CONFIG).judge(observation, percept, CALM).masks()[0].any()


def test_the_reason_in_words() -> None:
    shield = WindowShield(HOME, CONFIG)
    forward = np.array([0])
    seen = at((0.8, 0.0), 10.0, ((1.05, 0.0, 0.0, 0.0),))
    said = shield.judge(*seen, CALM).words(0, 0, seen[1], forward)
    assert said == "somebody is 0.6 m ahead, standing takes 0.4 m"
    seen = at((0.8, 0.0), wall(0.5))
    said = shield.judge(*seen, CALM).words(1, 0, seen[1], forward)
    assert said == "something is 0.30 m ahead, standing takes 0.36 m"


def test_a_box_is_slowed_and_keeps_its_turn() -> None:
    shield = WindowShield(BOX_HOME, CONFIG)
    limits = {}
    for metres in (10.0, 0.5, 0.3, RADIUS + 0.001):
        verdict = shield.judge(*at((0.0, 0.0), wall(metres), spec=BOX_HOME), CALM)
        lower, upper = -np.ones((1, 3), np.float32), np.ones((1, 3), np.float32)
        verdict.bound(lower, upper)
        assert lower[0].tolist() == [-1, -1, -1] and upper[0, 1:].tolist() == [1, 1]
        limits[metres] = float(upper[0, 0])
    assert limits[10.0] == limits[0.5] == 1.0 > limits[0.3] > limits[RADIUS + 0.001] == 0.0
    fast, slow = np.array([1, 0.2, 0], np.float32), np.array([0.1, 0.2, 0], np.float32)
    seen = at((0.0, 0.0), wall(0.3), spec=BOX_HOME)
    verdict = shield.judge(*seen, CALM)
    assert verdict.cuts(1, 0, fast) and not verdict.cuts(0, 0, fast)
    assert not verdict.cuts(1, 0, slow)
    assert verdict.words(1, 0, seen[1], fast).startswith("something is 0.1")


def test_many_lives_are_each_judged_as_one() -> None:
    shield, rng = WindowShield(HOME, CONFIG), np.random.default_rng(3)
    alone, seen = [], []
    for seed in range(8):
        room = random_room(np.random.default_rng(seed), 2)
        own = (float(rng.uniform(-0.4, 0.8)), float(rng.uniform(-1.6, 1.6)))
        seen.append(at(own, room.lidar(), room.seen()))
        alone.append(shield.judge(*seen[-1], CALM))
    first, percept = seen[0]
    parts = {name: torch.cat([one.parts[name] for one, _ in seen]) for name in first.parts}
    scene = torch.cat([one.scene for _, one in seen])
    first, percept = replace(first, parts=parts), replace(percept, scene=scene)
    every = shield.judge(first, percept, np.zeros(8, np.float32))
    assert every.cause.any()
    for lane, one in enumerate(alone):
        assert (every.cause[lane] == one.cause[0]).all()
        assert (every.figures[lane] == one.figures[0]).all()


def test_the_shield_goes_by_the_model() -> None:
    assert shield_of(HOME, CONFIG).causes == CAUSES
    with pytest.raises(ValueError, match="must be off or rules in CartPole-v1"):
        shield_of(CART, CONFIG)
    blind = replace(HOME, motion={k: v for k, v in MOTION.items() if k != "ranges"})
    with pytest.raises(ValueError, match="without ranges"):
        shield_of(blind, CONFIG)


def test_the_assumptions_name_their_figures() -> None:
    words = " ".join(assumptions(with_margins(ReasoningConfig(margin=0.7))))
    assert "0.7 m" in words and "{" not in words


def test_a_world_states_its_margins_and_a_config_has_the_last_word() -> None:
    """With half a metre less, who comes may be nearer before the robot must not go on."""
    narrow = replace(HOME, motion={**MOTION, "margins": {"margin": 0.0}})
    observation, percept = at((0.8, 0.0), 10.0, ((1.1, 0.0, 0.0, 0.0),))
    found = {}
    for name, spec, config in (
        ("usual", HOME, CONFIG), ("stated", narrow, CONFIG),
        ("asked", narrow, replace(CONFIG, margin=0.5)),
    ):  # fmt: skip
        verdict = WindowShield(spec, config).judge(observation, percept, CALM)
        found[name] = bool(verdict.masks()[0][0, 0])
    assert found == {"usual": True, "stated": False, "asked": True}
    assert with_margins(CONFIG, narrow).margin_width == MARGINS["margin_width"]


@pytest.mark.parametrize("stated", [{"margn": 0.1}, {"margin": -0.1}])
def test_margins_that_are_none_are_refused(stated: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must give margin, margin_width, margin_most"):
        WindowShield(replace(HOME, motion={**MOTION, "margins": stated}), CONFIG)


@settings(max_examples=10, deadline=None)
@given(seed=some.integers(0, 10**6), people=some.integers(0, 3))
@pytest.mark.parametrize("spec", [HOME, BOX_HOME], ids=["options", "numbers"])
def test_a_random_robot_touches_nothing_while_it_moves(
    spec: WorldSpec, seed: int, people: int
) -> None:
    rng = np.random.default_rng(seed)
    room = random_room(rng, people)
    wander(WindowShield(spec, CONFIG), room, rng, 25)
    assert room.walls_hit == room.people_hit == 0


def test_without_a_shield_it_does_and_with_it_it_gets_about() -> None:
    bare: list[Room] = []
    safe: list[Room] = []
    for seed in range(6):
        for shield, rooms in ((None, bare), (WindowShield(HOME, CONFIG), safe)):
            rng = np.random.default_rng(seed)
            rooms.append(random_room(rng, 2))
            wander(shield, rooms[-1], rng, 30)
    assert sum(room.walls_hit for room in bare) > 5 and sum(room.people_hit for room in bare) > 0
    assert sum(room.gone for room in safe) > 3.0
