"""Interventions: undone by restoring, felt by nobody far away, and refused with a helpful word."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.intervene import OPERATIONS
from mindloop.envs.driving.lives import (
    SPARE,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_S,
    V_SPEED,
    V_X,
    V_Y,
    W_KIND,
    W_MODE,
    W_X,
    W_Y,
    Mode,
    X,
    Y,
)
from mindloop.envs.driving.params import Control, Kind
from tests.envs.driving.situations import (
    BRAKE,
    KEEP,
    ahead_of,
    clear,
    life_of,
    put_ego,
    put_vehicle,
    straight_start,
    town_of,
)

Operation = Mapping[str, Any]


@pytest.fixture
def busy() -> DrivingEnv:
    """A life of default traffic that has been going on for 6 s."""
    env = DrivingEnv(split="test", camera=False, end_on_collision=False)
    env.reset(seed=9)
    expert = env.expert("true")
    for _ in range(30):
        env.step(expert.act())
    return env


def operations(env: DrivingEnv) -> dict[str, Operation]:
    """Returns one operation of each name that changes something near the ego."""
    life, town = life_of(env), town_of(env)
    x, y, heading = ahead_of(env, 9.0)
    lane = int(life["route_lane"][0])
    where = {"x": x, "y": y, "heading": heading}
    return {
        "place": {"op": "place", "kind": "truck", **where, "speed": 2.0},
        "remove": {"op": "remove", "actor": "vehicle", "index": 3},
        "light": {
            "op": "light", "junction": int(town["lane_junction"][lane]), "state": "yellow",
        },
        "sign": {"op": "sign", "index": int(town["lane_sign"][lane]), "present": False},
        "limit": {"op": "limit", "lane": lane, "limit": 3.0},
        "block": {"op": "block", "lane": lane, "s": 12.0},
        "weather": {"op": "weather", "daylight": 0.3, "fog": 0.8, "friction": 0.4},
    }  # fmt: skip


def equal(one: NDArray[np.void], other: NDArray[np.void]) -> bool:
    """Returns whether two lives are the same in every field."""
    names = one.dtype.names or ()
    return all(np.array_equal(one[name], other[name]) for name in names)


def lived(env: DrivingEnv, decisions: int) -> list[NDArray[np.void]]:
    """Returns snapshots of some decisions under the expert."""
    expert, out = env.expert("true"), []
    for _ in range(decisions):
        env.step(expert.act())
        out.append(env.snapshot())
    return out


# ------------------------------------------------------------------ done and undone


def test_there_is_a_case_for_every_operation(busy: DrivingEnv) -> None:
    assert set(operations(busy)) == set(OPERATIONS)


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_restoring_undoes_an_intervention(busy: DrivingEnv, name: str) -> None:
    saved = busy.snapshot()
    facts = busy.view("true").facts.copy()
    future = lived(busy, 15)
    busy.restore(saved)
    busy.intervene(0, operations(busy)[name])
    assert not equal(busy.snapshot(), saved)
    lived(busy, 15)
    busy.restore(saved)
    assert equal(busy.snapshot(), saved)
    np.testing.assert_array_equal(busy.view("true").facts, facts)
    for before, again in zip(future, lived(busy, 15), strict=True):
        assert equal(before, again)


def test_a_snapshot_is_a_copy(busy: DrivingEnv) -> None:
    saved = busy.snapshot()
    kept = saved.copy()
    busy.intervene(0, operations(busy)["weather"])
    busy.step(KEEP)
    assert equal(saved, kept)
    busy.restore(saved)
    busy.step(KEEP)
    assert equal(saved, kept)


def test_a_life_goes_on_elsewhere_as_it_would_have_here(busy: DrivingEnv) -> None:
    other = DrivingVectorEnv(3, split="test", camera=False, end_on_collision=False)
    other.reset(seed=100)
    other.restore(busy.snapshot(), lane=1)
    for _ in range(20):
        busy.step(KEEP)
        other.step(np.full(3, KEEP))
    assert equal(busy.snapshot(), other.snapshot(lane=1))


def test_a_life_that_has_ended_can_be_taken_back() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start())
    clear(env)
    saved = env.snapshot()
    put_ego(env, 20.0, lateral=40.0)
    assert env.step(KEEP)[2]  # off the route
    env.restore(saved)
    env.step(KEEP)


def test_a_snapshot_of_another_world_is_refused(busy: DrivingEnv) -> None:
    saved = busy.snapshot()
    two = np.concatenate([saved, saved])
    for wrong in (two, saved["ego"], np.zeros(1)):
        with pytest.raises(ValueError, match="`snapshot` must come from a world with the same"):
            busy.restore(wrong)


# ------------------------------------------------------------------ a difference by its cause only


def causes(env: DrivingEnv, operation: Operation) -> NDArray[np.float64]:
    """Returns the points [N, 2] where an operation changes something."""
    life, town = life_of(env), town_of(env)
    if operation["op"] == "remove":
        return np.array([life["vehicle"][operation["index"], [V_X, V_Y]]], np.float64)
    if operation["op"] == "limit":
        first = town["lane_start"][operation["lane"]]
        size = town["lane_size"][operation["lane"]]
        return np.asarray(town["points"][first : first + size, :2], np.float64)
    return np.array([life["ego"][[X, Y]]], np.float64)


def away_from(points: NDArray[Any], where: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the distance of points [N, 2] from the nearest of others [M, 2]."""
    gaps = points[:, None].astype(np.float64) - where[None]
    return np.asarray(np.hypot(gaps[..., 0], gaps[..., 1]).min(axis=1))


@pytest.mark.parametrize("name", ["place", "remove", "sign", "limit", "weather"])
def test_an_intervention_is_not_felt_far_away(busy: DrivingEnv, name: str) -> None:
    saved, operation = busy.snapshot(), operations(busy)[name]
    where = causes(busy, operation)

    def future() -> NDArray[np.void]:
        for _ in range(25):
            busy.step(BRAKE)
        return busy.snapshot()

    plain = future()[0]
    busy.restore(saved)
    busy.intervene(0, operation)
    changed = future()[0]
    for actors, flags, columns in (
        ("vehicle", "vehicle_flag", [V_X, V_Y]), ("walker", "walker_flag", [W_X, W_Y]),
    ):  # fmt: skip
        start = saved[actors][0][:, columns]
        far = (away_from(start, where) > 120.0) & (saved[flags][0, :, 0] == Mode.TRAFFIC)
        assert far.sum() > 5
        np.testing.assert_array_equal(plain[actors][far], changed[actors][far])
        np.testing.assert_array_equal(plain[flags][far], changed[flags][far])
        moved = np.hypot(*(plain[actors][far][:, columns] - start[far]).T)
        assert moved.max() > 5.0  # there is something to feel


def test_a_placed_car_is_the_cause_of_the_ones_behind_it_stopping() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start(Control.STOP))
    clear(env)
    lane = int(life_of(env)["route_lane"][0])
    put_ego(env, 10.0, index=4)
    put_vehicle(env, 0, lane, 5.0, 8.0)
    saved = env.snapshot()
    reached = []
    for blocked in (False, True):
        env.restore(saved)
        if blocked:
            env.intervene(0, {"op": "block", "lane": lane, "s": 45.0})
        for _ in range(40):
            env.step(KEEP)
        reached.append(float(life_of(env)["vehicle"][0, V_S]))
    assert reached[0] > 50.0 and 38.0 < reached[1] < 45.0 - 2.2


# ------------------------------------------------------------------ what each does


def test_a_placed_actor_moves_straight_on(busy: DrivingEnv) -> None:
    clear(busy)
    x, y, heading = ahead_of(busy, -40.0, 0.0, 2.0)
    for kind in ("van", "child"):
        busy.intervene(
            0, {"op": "place", "kind": kind, "x": x, "y": y, "heading": heading, "speed": 2.0}
        )
    for _ in range(10):
        busy.step(KEEP)
    by_hand = [x + 4.0 * math.cos(heading), y + 4.0 * math.sin(heading)]  # 2 m/s for 2 s
    life = life_of(busy)
    (van,) = np.flatnonzero(life["vehicle_flag"][:, V_MODE] == Mode.PLACED).tolist()
    assert life["vehicle_flag"][van, V_KIND] == Kind.VAN
    np.testing.assert_allclose(life["vehicle"][van, [V_X, V_Y]], by_hand, atol=1e-3)
    (child,) = np.flatnonzero(life["walker_flag"][:, W_MODE] == Mode.PLACED).tolist()
    assert life["walker_flag"][child, W_KIND] == Kind.CHILD
    np.testing.assert_allclose(life["walker"][child, [W_X, W_Y]], by_hand, atol=1e-3)


def test_a_barrier_stands_across_its_lane(busy: DrivingEnv) -> None:
    lane = int(life_of(busy)["route_lane"][2])
    busy.intervene(0, {"op": "block", "lane": lane, "s": 7.0})
    town, life = town_of(busy), life_of(busy)
    (k,) = np.flatnonzero(life["vehicle_flag"][:, V_MODE] == Mode.PLACED).tolist()
    point = town["points"][town["lane_start"][lane] + 7]
    pose = life["vehicle"][k, [V_X, V_Y, V_HEADING]]
    np.testing.assert_allclose(pose, point[:3], atol=1e-4)
    assert life["vehicle_flag"][k, V_KIND] == Kind.STATIC
    assert life["vehicle"][k, V_SPEED] == 0.0


@pytest.mark.parametrize("actor", ["vehicle", "walker", "parked"])
def test_a_removed_actor_is_gone_and_no_other(busy: DrivingEnv, actor: str) -> None:
    before = busy.snapshot()
    busy.intervene(0, {"op": "remove", "actor": actor, "index": 5})
    life = life_of(busy)
    changes = {
        "vehicle": before["vehicle_flag"][0, :, V_MODE] != life["vehicle_flag"][:, V_MODE],
        "walker": before["walker_flag"][0, :, W_MODE] != life["walker_flag"][:, W_MODE],
        "parked": before["parked"][0] != life["parked"],
    }
    for name, changed in changes.items():
        assert np.flatnonzero(changed).tolist() == ([5] if name == actor else [])


def test_weather_changes_what_it_names(busy: DrivingEnv) -> None:
    before = life_of(busy)["weather"].copy()
    busy.intervene(0, {"op": "weather", "fog": 0.7})
    np.testing.assert_allclose(life_of(busy)["weather"], [before[0], 0.7, before[2]])
    busy.intervene(0, {"op": "weather", "daylight": 0.2, "friction": 0.3})
    np.testing.assert_allclose(life_of(busy)["weather"], [0.2, 0.7, 0.3])


def test_an_intervention_is_over_with_its_episode(busy: DrivingEnv) -> None:
    for operation in operations(busy).values():
        busy.intervene(0, operation)
    busy.reset(seed=9)
    fresh = DrivingEnv(split="test", camera=False, end_on_collision=False)
    fresh.reset(seed=9)
    assert equal(busy.snapshot(), fresh.snapshot())


def test_an_intervention_touches_its_own_lane_of_the_batch() -> None:
    env = DrivingVectorEnv(3, split="test", camera=False)
    env.reset(seed=0)
    before = [env.snapshot(lane) for lane in range(3)]
    env.intervene(1, {"op": "weather", "fog": 0.5})
    assert [equal(env.snapshot(k), before[k]) for k in range(3)] == [True, False, True]


# ------------------------------------------------------------------ what it says of a mistake

PLACE = {"op": "place", "kind": "car", "x": 0.0, "y": 0.0}
MISTAKES: list[tuple[Operation, str]] = [
    ({"op": "plaec"}, r"`op` must be one of place, remove, .*; got 'plaec'. Did you mean place\?"),
    ({}, "`op` must be one of place, remove, .*; got None"),
    ({**PLACE, "kind": "trucks"}, r"`kind` must be one of car, .*Did you mean truck\?"),
    ({"op": "place", "x": 0.0, "y": 0.0}, "`kind` must be one of car, van, .*; got None"),
    ({"op": "place", "kind": "car", "x": 0.0}, "`y` of operation 'place' must be a finite number"),
    ({**PLACE, "x": math.nan}, "`x` of operation 'place' must be a finite number; got nan"),
    ({**PLACE, "speed": "fast"}, "`speed` of operation 'place' must be a finite .*; got 'fast'"),
    ({"op": "remove", "actor": "walkers", "index": 0}, r"`actor` must be .*Did you mean walker\?"),
    ({"op": "remove", "actor": "vehicle"}, "`index` of operation 'remove' must be a finite number"),
    ({"op": "remove", "actor": "vehicle", "index": 36}, "`index` must lie within 0 and 35; got 36"),
    ({"op": "remove", "actor": "walker", "index": -1}, "`index` must lie within 0 and 27; got -1"),
    ({"op": "remove", "actor": "parked", "index": 24}, "`index` must lie within 0 and 23; got 24"),
    ({"op": "light", "junction": 99, "state": "red"}, "`junction` must lie within 0 and"),
    ({"op": "light", "junction": 0, "state": "gren"}, r"`state` must be .*Did you mean green\?"),
    ({"op": "light", "state": "red"}, "`junction` of operation 'light' must be a finite number"),
    ({"op": "sign", "index": 99999, "present": True}, "`index` must lie within 0 and"),
    ({"op": "sign", "index": 0, "present": "no"}, "`present` must be one of True, False; got 'no'"),
    ({"op": "limit", "lane": 9999, "limit": 5.0}, "`lane` must lie within 0 and .*; got 9999"),
    ({"op": "limit", "lane": 0}, "`limit` of operation 'limit' must be a finite number; got None"),
    ({"op": "block", "lane": 0}, "`s` of operation 'block' must be a finite number; got None"),
    ({"op": "weather"}, "`weather` must name daylight, fog or friction; got none of them"),
    ({"op": "weather", "fog": 1.5}, "`fog` must lie within 0.0 and 1.0; got 1.5"),
    ({"op": "weather", "daylight": 0.0}, "`daylight` must lie within 0.15 and 1.15; got 0.0"),
    ({"op": "weather", "friction": True}, "`friction` of operation 'weather' must be a finite num"),
]


@pytest.fixture(scope="module")
def any_world() -> DrivingEnv:
    """A life that mistakes must leave as it is."""
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=0)
    return env


@pytest.mark.parametrize(("operation", "message"), MISTAKES)
def test_a_mistake_is_named_and_changes_nothing(
    any_world: DrivingEnv, operation: Operation, message: str
) -> None:
    before = any_world.snapshot()
    with pytest.raises(ValueError, match=message):
        any_world.intervene(0, operation)
    assert equal(any_world.snapshot(), before)


@pytest.mark.parametrize("kind", ["car", "pedestrian"])
def test_there_is_room_for_four_more_and_then_for_none(any_world: DrivingEnv, kind: str) -> None:
    saved = any_world.snapshot()
    for k in range(SPARE):
        any_world.intervene(0, {**PLACE, "kind": kind, "x": 5.0 * k})
    with pytest.raises(RuntimeError, match=r"must find a free slot; all 4 are taken\. Remove one"):
        any_world.intervene(0, {**PLACE, "kind": kind})
    actor, index = ("vehicle", 33) if kind == "car" else ("walker", 25)
    any_world.intervene(0, {"op": "remove", "actor": actor, "index": index})
    any_world.intervene(0, {**PLACE, "kind": kind})
    any_world.restore(saved)


def test_an_operation_that_is_only_partly_wrong_changes_nothing(any_world: DrivingEnv) -> None:
    before = any_world.snapshot()
    with pytest.raises(ValueError, match="`friction` must lie within"):
        any_world.intervene(0, {"op": "weather", "daylight": 0.5, "friction": 7.0})
    assert equal(any_world.snapshot(), before)


def test_a_key_that_an_operation_does_not_have_is_named(any_world: DrivingEnv) -> None:
    saved = any_world.snapshot()
    try:
        with pytest.raises(ValueError, match="speeed"):
            any_world.intervene(0, {**PLACE, "speeed": 3.0})
    finally:
        any_world.restore(saved)


def test_a_lane_that_the_batch_does_not_have_is_named(any_world: DrivingEnv) -> None:
    with pytest.raises(ValueError, match="`lane` must lie within 0 and 0; got 5"):
        any_world.intervene(5, {"op": "weather", "fog": 0.5})
