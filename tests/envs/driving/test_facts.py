"""Facts, scene and path: as declared, and by hand in scripted situations; what is seen of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs import geometry
from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.params import Command, Control, Kind, Label
from tests.envs.driving.situations import (
    BRAKE,
    FACTS,
    KEEP,
    ahead_of,
    clear,
    facts_of,
    life_of,
    put_ego,
    put_vehicle,
    straight_start,
    town_of,
)

AT = 20.0  # [m] where the ego stands on its straight road
RANGE, CLOSING, TANGENTIAL, CLASS, PRESENT = 0, 1, 2, 3, 6  # columns of a scene
REACH = 60.0  # [m] of facts
WALKING = 1.4  # [m/s]


def place(env: DrivingEnv, kind: str, ahead: float, left: float = 0.0, turned: float = 0.0,
          speed: float = 0.0) -> None:  # fmt: skip
    """Places an actor as seen from the ego; turned [rad] to the left of the ego's heading."""
    x, y, heading = ahead_of(env, ahead, left, turned)
    env.intervene(
        0, {"op": "place", "kind": kind, "x": x, "y": y, "heading": heading, "speed": speed}
    )


def scene_of(env: DrivingEnv, source: str = "true") -> dict[int, NDArray[np.float32]]:
    """Returns the rows of the scene that hold somebody, by sector."""
    scene = env.view(source).scene[0]
    return {int(k): scene[k].copy() for k in np.flatnonzero(scene[:, PRESENT] > 0.0)}


def make_road(
    control: Control, turn: Command | None = None, yields: bool = False, **settings: Any
) -> DrivingEnv:
    """Returns an empty straight road of 92 m or more, the ego standing at 20 m."""
    env = DrivingEnv(split="test", end_on_collision=False, **settings)
    env.reset(seed=straight_start(control, turn, yields))
    clear(env)
    put_ego(env, AT)
    return env


@pytest.fixture
def lit() -> DrivingEnv:
    """An empty straight road of 92 m that ends at a light, the ego at 20 m."""
    return make_road(Control.LIGHTS, camera=False)


@pytest.fixture
def signed() -> DrivingEnv:
    """An empty straight road of 92 m that ends at a stop sign, the ego at 20 m."""
    return make_road(Control.STOP, camera=False)


def length_of(env: DrivingEnv) -> float:
    """Returns the length of the ego's road [m]."""
    return float(town_of(env)["lane_length"][life_of(env)["route_lane"][0]])


# ------------------------------------------------------------------ as declared


def test_there_are_twenty_facts_and_each_requires_a_boolean() -> None:
    declared = DrivingEnv.metadata["facts"]
    kinds = {fact["name"]: fact["kind"] for fact in declared}
    assert len(declared) == len(kinds) == 20
    for fact in declared:
        assert fact["low"] < fact["high"]
        assert fact["kind"] in ("number", "boolean")
        assert fact["requires"] is None or kinds[fact["requires"]] == "boolean"
        if fact["kind"] == "boolean":
            assert (fact["low"], fact["high"]) == (0.0, 1.0)


@pytest.fixture(scope="module")
def driven() -> NDArray[np.float32]:
    """Facts of 16 lives over 50 s each: the expert steers, now and then chance has the pedals."""
    env = DrivingVectorEnv(16, split="test", camera=False)
    info = env.reset(seed=40)[1]
    expert, rng = env.expert("true"), np.random.default_rng(1)
    rows = [info["facts"]]
    for _ in range(250):
        actions = expert.act()
        chance = actions // 4 * 4 + rng.integers(4, size=16)
        rows.append(env.step(np.where(rng.random(16) < 0.3, chance, actions))[4]["facts"])
    return np.concatenate(rows)


def test_infos_hold_a_fact_for_each_declaration(driven: NDArray[np.float32]) -> None:
    assert driven.shape[1] == len(FACTS)
    assert driven.dtype == np.float32


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_keeps_to_its_range_and_is_not_always_the_same(
    name: str, driven: NDArray[np.float32]
) -> None:
    column, declared = driven[:, FACTS.index(name)], DrivingEnv.metadata["facts"]
    fact = declared[FACTS.index(name)]
    assert column.min() >= fact["low"] - 1e-6 and column.max() <= fact["high"] + 1e-6
    assert column.std() > 0.0
    if fact["kind"] == "boolean":
        assert set(column.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    "name", [fact["name"] for fact in DrivingEnv.metadata["facts"] if fact["requires"]]
)
def test_a_fact_rests_where_what_it_requires_is_not_so(
    name: str, driven: NDArray[np.float32]
) -> None:
    fact = DrivingEnv.metadata["facts"][FACTS.index(name)]
    absent = driven[:, FACTS.index(fact["requires"])] == 0.0
    assert absent.any() and not absent.all()
    rest = REACH if name.endswith("_distance") else 0.0
    assert set(driven[absent, FACTS.index(name)].tolist()) == {rest}


def test_facts_of_an_ego_far_astray_keep_to_their_range(lit: DrivingEnv) -> None:
    put_ego(lit, AT, lateral=12.0, turned=2.5)
    facts = facts_of(lit)
    for fact in lit.metadata["facts"]:
        low, high = fact["low"] - 1e-6, fact["high"] + 1e-6  # facts are float32
        assert low <= facts[fact["name"]] <= high, fact["name"]


# ------------------------------------------------------------------ the road


def test_an_empty_road_by_hand(lit: DrivingEnv) -> None:
    facts = facts_of(lit)
    lane = int(life_of(lit)["route_lane"][0])
    assert facts["lane_offset"] == pytest.approx(0.0, abs=1e-4)
    assert facts["heading_error"] == pytest.approx(0.0, abs=1e-4)
    assert facts["curvature_ahead"] == 0.0
    assert facts["speed_limit"] == pytest.approx(float(town_of(lit)["lane_limit"][lane]))
    assert facts["lead_present"] == facts["pedestrian_in_path"] == facts["must_yield"] == 0.0
    assert facts["time_to_collision"] == 10.0
    assert length_of(lit) - AT - 2.2 > REACH
    assert facts["junction_ahead"] == facts["light_present"] == 0.0


def test_offset_and_heading_error_by_hand(lit: DrivingEnv) -> None:
    put_ego(lit, AT, lateral=0.7, turned=-0.2)
    facts = facts_of(lit)
    assert facts["lane_offset"] == pytest.approx(0.7, abs=1e-3)  # positive: left
    assert facts["heading_error"] == pytest.approx(-0.2, abs=1e-3)


def test_the_path_on_a_straight_road_by_hand(lit: DrivingEnv) -> None:
    four = 4.0 * np.arange(1, 9)
    np.testing.assert_allclose(lit.view("true").path[0], np.stack([four, 0 * four], -1), atol=1e-3)
    # Half a metre to the left and turned .1 to the left, the lane's centre lies to the right and
    # turns away to the right.
    put_ego(lit, AT, lateral=0.5, turned=0.1)
    c, s = math.cos(0.1), math.sin(0.1)
    by_hand = np.stack([c * four - 0.5 * s, -s * four - 0.5 * c], -1)
    np.testing.assert_allclose(lit.view("true").path[0], by_hand, atol=1e-3)


@pytest.mark.parametrize(
    ("turn", "curvature"),
    [(Command.LEFT, 1.0 / 11.25), (Command.RIGHT, -1.0 / 7.75), (Command.STRAIGHT, 0.0)],
)
def test_the_bend_ahead_by_hand(turn: Command, curvature: float) -> None:
    env = make_road(Control.LIGHTS, turn, camera=False)
    assert facts_of(env)["curvature_ahead"] == 0.0
    put_ego(env, length_of(env) - 12.0)
    assert facts_of(env)["curvature_ahead"] == pytest.approx(curvature, abs=1e-4)
    ahead, left = env.view("true").path[0, -1].tolist()  # 32 m on: 20 m beyond the line
    if turn == Command.STRAIGHT:
        np.testing.assert_allclose([ahead, left], [32.0, 0.0], atol=1e-2)
    else:
        radius, side = abs(1.0 / curvature), np.sign(curvature)
        rest = 20.0 - 4.5 - radius * math.pi / 2.0  # 4.5 m straight, then a quarter circle
        by_hand = [16.5 + radius, side * (radius + rest)]
        if rest < 0.0:  # still within it
            angle = 15.5 / radius
            by_hand = [
                16.5 + radius * math.sin(angle), side * radius * (1.0 - math.cos(angle))
            ]  # fmt: skip
        np.testing.assert_allclose([ahead, left], by_hand, atol=0.05)


def test_the_junction_and_its_line_by_hand(signed: DrivingEnv) -> None:
    put_ego(signed, length_of(signed) - 32.2)
    facts = facts_of(signed)
    assert facts["junction_ahead"] == facts["stop_sign"] == 1.0
    assert facts["light_present"] == 0.0
    assert facts["junction_distance"] == pytest.approx(30.0, abs=0.01)
    assert facts["stop_line_distance"] == pytest.approx(30.0, abs=0.01)
    put_ego(signed, 10.0, index=1)  # inside
    facts = facts_of(signed)
    assert (facts["junction_ahead"], facts["junction_distance"]) == (1.0, 0.0)


@pytest.mark.parametrize("state", ["red", "yellow", "green"])
def test_a_light_that_is_set(lit: DrivingEnv, state: str) -> None:
    put_ego(lit, length_of(lit) - 27.2)
    lane = int(life_of(lit)["route_lane"][0])
    junction = int(town_of(lit)["lane_junction"][lane])
    lit.intervene(0, {"op": "light", "junction": junction, "state": state})
    facts = facts_of(lit)
    assert facts["light_present"] == 1.0
    shown = {name for name in ("red", "yellow", "green") if facts[f"light_{name}"] == 1.0}
    assert shown == {state}
    assert facts["light_distance"] == pytest.approx(25.0, abs=0.01)
    assert facts["stop_sign"] == 0.0


@pytest.mark.parametrize(
    ("control", "name"), [(Control.LIGHTS, "light_present"), (Control.STOP, "stop_sign")]
)
def test_a_sign_that_is_removed_and_put_back(control: Control, name: str) -> None:
    env = make_road(control, camera=False)
    put_ego(env, length_of(env) - 32.2)
    sign = int(town_of(env)["lane_sign"][life_of(env)["route_lane"][0]])
    for present in (True, False, True):
        env.intervene(0, {"op": "sign", "index": sign, "present": present})
        assert facts_of(env)[name] == float(present)


def test_a_stop_sign_is_done_with_once_one_has_stood(signed: DrivingEnv) -> None:
    put_ego(signed, length_of(signed) - 4.2)  # two metres before the line
    assert facts_of(signed)["stop_sign"] == 1.0
    signed.step(BRAKE)
    assert facts_of(signed)["stop_sign"] == 0.0


def test_a_limit_that_is_set_holds_from_the_next_decision(lit: DrivingEnv) -> None:
    lane = int(life_of(lit)["route_lane"][0])
    posted = facts_of(lit)["speed_limit"]
    for limit, expected in ((5.0, 5.0), (0.0, posted)):
        lit.intervene(0, {"op": "limit", "lane": lane, "limit": limit})
        lit.step(BRAKE)
        assert facts_of(lit)["speed_limit"] == pytest.approx(expected)


def test_a_limit_that_is_set_holds_at_once(lit: DrivingEnv) -> None:
    lit.intervene(0, {"op": "limit", "lane": int(life_of(lit)["route_lane"][0]), "limit": 5.0})
    assert facts_of(lit)["speed_limit"] == 5.0


def test_one_must_yield_to_oncoming_traffic_on_turning_left() -> None:
    env = make_road(Control.LIGHTS, Command.LEFT, yields=True, camera=False)
    put_ego(env, length_of(env) - 12.2)
    life, town = life_of(env), town_of(env)
    turn = int(life["route_lane"][1])
    assert facts_of(env)["must_yield"] == 0.0
    slots = [k for k in range(12) if int(town["lane_yield"][turn]) >> k & 1]
    oncoming = int(town["junction_slots"][town["lane_junction"][turn], slots[0]])
    approach = int(next(lane for lane in town["lane_before"][oncoming] if lane >= 0))
    line = float(town["lane_length"][approach])
    put_vehicle(env, 0, approach, line - 20.0, 8.0, oncoming)
    assert facts_of(env)["must_yield"] == 1.0
    put_vehicle(env, 0, approach, line - 20.0, 2.0, oncoming)  # 9 s away
    assert facts_of(env)["must_yield"] == 0.0


# ------------------------------------------------------------------ who is ahead


def test_a_car_twenty_metres_ahead_by_hand(lit: DrivingEnv) -> None:
    put_ego(lit, AT, speed=8.0)
    place(lit, "car", 20.0, speed=3.0)
    facts = facts_of(lit)
    assert facts["lead_present"] == 1.0
    assert facts["lead_distance"] == pytest.approx(15.6, abs=0.2)  # 20 - 2.2 - 2.2
    assert facts["lead_closing_speed"] == pytest.approx(5.0, abs=0.01)
    assert facts["time_to_collision"] == pytest.approx(3.12, abs=0.05)
    lit.step(KEEP)  # both a decision on: a metre nearer
    assert facts_of(lit)["lead_distance"] == pytest.approx(14.6, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "turned", "speed", "distance", "closing"),
    [
        ("truck", 0.0, 0.0, 20.0 - 2.2 - 3.75, 8.0),
        ("van", 0.0, 10.0, 20.0 - 2.2 - 2.7, -2.0),
        ("car", math.pi, 6.0, 20.0 - 2.2 - 2.2, 14.0),  # it comes towards us
        ("car", math.pi / 2.0, 6.0, 20.0 - 2.2 - 0.9, 8.0),  # it crosses
    ],
)
def test_others_ahead_by_hand(
    lit: DrivingEnv, kind: str, turned: float, speed: float, distance: float, closing: float
) -> None:
    put_ego(lit, AT, speed=8.0)
    place(lit, kind, 20.0, 0.0, turned, speed)
    facts = facts_of(lit)
    assert facts["lead_distance"] == pytest.approx(distance, abs=0.2)
    assert facts["lead_closing_speed"] == pytest.approx(closing, abs=0.01)


@pytest.mark.parametrize(
    ("left", "lead"), [(3.5, 0.0), (2.1, 0.0), (1.9, 1.0), (-1.9, 1.0), (-2.1, 0.0)]
)
def test_only_a_body_in_the_path_leads(lit: DrivingEnv, left: float, lead: float) -> None:
    place(lit, "car", 20.0, left)  # in the way up to .9 + .9 + .2 m
    assert facts_of(lit)["lead_present"] == lead


def test_the_nearest_leads_and_none_behind_does(lit: DrivingEnv) -> None:
    place(lit, "car", -12.0)
    assert facts_of(lit)["lead_present"] == 0.0
    place(lit, "car", 40.0)
    place(lit, "car", 25.0)
    assert facts_of(lit)["lead_distance"] == pytest.approx(20.6, abs=0.2)
    spare = life_of(lit)["vehicle_flag"][:, 0]
    lit.intervene(
        0, {"op": "remove", "actor": "vehicle", "index": int(np.flatnonzero(spare)[2])}
    )
    assert facts_of(lit)["lead_distance"] == pytest.approx(35.6, abs=0.2)


def test_a_pedestrian_in_the_path_by_hand(lit: DrivingEnv) -> None:
    put_ego(lit, AT, speed=5.0)
    place(lit, "child", 15.0, 0.5)
    facts = facts_of(lit)
    assert facts["pedestrian_in_path"] == 1.0
    assert facts["pedestrian_distance"] == pytest.approx(12.5, abs=0.2)  # 15 - 2.2 - .3
    assert facts["time_to_collision"] == pytest.approx(2.5, abs=0.05)
    assert facts["lead_present"] == 0.0


@pytest.mark.parametrize(
    ("left", "turned", "in_path"),
    [
        (3.0, 0.0, 0.0),  # along the road
        (3.0, -math.pi / 2.0, 1.0),  # from the left into the path
        (3.0, math.pi / 2.0, 0.0),  # away from it
        (-3.0, math.pi / 2.0, 1.0),  # from the right
        (-3.0, -math.pi / 2.0, 0.0),
        (7.0, -math.pi / 2.0, 0.0),  # still far off
    ],
)
def test_a_walker_beside_the_path_counts_if_it_steps_into_it(
    lit: DrivingEnv, left: float, turned: float, in_path: float
) -> None:
    place(lit, "pedestrian", 15.0, left, turned, WALKING)
    assert facts_of(lit)["pedestrian_in_path"] == in_path


def test_a_barrier_blocks_the_lane(lit: DrivingEnv) -> None:
    lane = int(life_of(lit)["route_lane"][0])
    lit.intervene(0, {"op": "block", "lane": lane, "s": AT + 25.0})
    facts = facts_of(lit)
    assert facts["lead_present"] == 1.0
    assert facts["lead_distance"] == pytest.approx(25.0 - 2.2, abs=0.5)
    (row,) = scene_of(lit).values()
    assert row[CLASS] == Kind.STATIC


# ------------------------------------------------------------------ the scene


@pytest.mark.parametrize(
    ("ahead", "left", "sector"),
    [
        (20.0, 1.0, 16),  # .05 rad to the left of straight ahead: 16.25
        (20.0, -1.0, 15),
        (1.0, 10.0, 23),  # left, 1.471 rad: 23.49
        (-1.0, -10.0, 7),  # right and a little behind, -1.670 rad: 7.49
        (-20.0, 1.0, 31),
        (-20.0, -1.0, 0),
    ],
)
def test_the_sector_of_an_actor_by_hand(
    lit: DrivingEnv, ahead: float, left: float, sector: int
) -> None:
    place(lit, "van", ahead, left)
    ((found, row),) = scene_of(lit).items()
    assert found == sector
    assert row[RANGE] == pytest.approx(math.hypot(ahead, left), abs=1e-3)
    assert row[CLASS] == Kind.VAN


def test_speeds_of_an_actor_by_hand(lit: DrivingEnv) -> None:
    put_ego(lit, AT, speed=8.0)
    place(lit, "truck", 20.0, 2.0, 0.0, 3.0)
    (row,) = scene_of(lit).values()
    # 5 m/s towards us in the direction (20, 2) / 20.0998; it seems to go round us to the left.
    np.testing.assert_allclose(
        row[[RANGE, CLOSING, TANGENTIAL]], [20.0998, 4.9752, 0.4975], atol=1e-3
    )
    assert row[CLASS] == Kind.TRUCK


def test_a_walker_that_walks_across_by_hand(lit: DrivingEnv) -> None:
    place(lit, "child", 10.0, 2.0, -math.pi / 2.0, WALKING)
    lit.step(KEEP)
    (row,) = scene_of(lit).values()
    away = math.hypot(10.0, 1.72)  # .2 s later
    assert row[RANGE] == pytest.approx(away, abs=1e-3)
    assert row[CLOSING] == pytest.approx(WALKING * 1.72 / away, abs=1e-3)
    assert row[TANGENTIAL] == pytest.approx(-WALKING * 10.0 / away, abs=1e-3)  # clockwise
    assert row[CLASS] == Kind.CHILD


def test_a_placed_walker_walks_at_once(lit: DrivingEnv) -> None:
    place(lit, "child", 10.0, 2.0, -math.pi / 2.0, WALKING)
    (row,) = scene_of(lit).values()
    assert row[TANGENTIAL] == pytest.approx(-WALKING * 10.0 / math.hypot(10.0, 2.0), abs=1e-3)


def test_the_nearer_of_two_in_a_sector_is_shown(lit: DrivingEnv) -> None:
    place(lit, "car", 30.0, 2.0)
    place(lit, "pedestrian", 14.0, 1.0)
    place(lit, "van", 40.0, 2.0)
    (row,) = scene_of(lit).values()
    assert row[CLASS] == Kind.PEDESTRIAN
    assert row[RANGE] == pytest.approx(math.hypot(14.0, 1.0), abs=1e-3)


def test_the_scene_ends_at_fifty_metres(lit: DrivingEnv) -> None:
    place(lit, "car", 50.5)
    assert scene_of(lit) == {}
    place(lit, "car", 49.5, 0.5)
    assert list(scene_of(lit)) == [16]


# ------------------------------------------------------------------ true and seen


def hidden_spots(env: DrivingEnv) -> list[tuple[float, float]]:
    """Returns points (ahead, left) in the camera's view with a house before them, found slowly."""
    town, ego = town_of(env), life_of(env)["ego"]
    boxes = town["buildings"][: town["building_count"], :5].astype(np.float64)
    boxes = boxes[np.hypot(*(boxes[:, :2] - ego[:2]).T) < 80.0]
    share = np.linspace(0.0, 1.0, 200)[:, None]
    found = []
    for ahead in np.arange(20.0, 48.0, 4.0).tolist():
        for left in np.arange(-0.85 * ahead, 0.86 * ahead, 4.0).tolist():
            if math.hypot(ahead, left) > 48.0:
                continue
            x, y, _ = ahead_of(env, ahead, left)
            way = ego[:2] + share * (np.array([x, y]) - ego[:2])
            inside = geometry.distance_to_boxes(way[:, None], boxes[None]) == 0.0
            if inside.any(axis=1).sum() > 20 and not inside[-40:].any():
                found.append((ahead, left))
    return found


def test_an_actor_behind_a_house_is_true_and_not_seen(lit: DrivingEnv) -> None:
    saved, spots = lit.snapshot(), hidden_spots(lit)
    assert len(spots) > 3
    for ahead, left in spots:
        lit.restore(saved)
        place(lit, "car", ahead, left)
        assert len(scene_of(lit)) == 1
        assert scene_of(lit, "visible") == {}


def test_a_pedestrian_behind_a_truck_is_true_and_not_seen(lit: DrivingEnv) -> None:
    place(lit, "pedestrian", 25.0)
    assert facts_of(lit, "visible")["pedestrian_in_path"] == 1.0
    saved = lit.snapshot()
    lit.intervene(0, {"op": "remove", "actor": "walker", "index": 24})
    place(lit, "truck", 12.0)
    place(lit, "pedestrian", 25.0)
    true, seen = facts_of(lit), facts_of(lit, "visible")
    assert (true["pedestrian_in_path"], seen["pedestrian_in_path"]) == (1.0, 0.0)
    assert seen["pedestrian_distance"] == REACH
    assert true["lead_distance"] == seen["lead_distance"]
    known = lit.view("visible").known[0]
    assert not known[FACTS.index("pedestrian_in_path")] and known[FACTS.index("lead_present")]
    assert lit.view("true").known.all()
    lit.restore(saved)  # without the truck it is seen again
    assert facts_of(lit, "visible")["pedestrian_in_path"] == 1.0


@pytest.mark.parametrize(
    ("ahead", "left", "seen"),
    [
        (10.0, 8.5, True),  # 85 degrees wide: .916 * 10 m to each side
        (10.0, 9.5, False),
        (10.0, -8.5, True),
        (-10.0, 5.5, True),  # the mirror: .577 * 10 m
        (-10.0, 6.0, False),
        (0.5, 8.0, False),
    ],
)
def test_the_camera_and_the_mirror_see_so_far_to_the_side(
    lit: DrivingEnv, ahead: float, left: float, seen: bool
) -> None:
    place(lit, "car", ahead, left)
    assert len(scene_of(lit)) == 1
    assert len(scene_of(lit, "visible")) == int(seen)


def test_a_radar_sees_all_around() -> None:
    env = make_road(Control.LIGHTS, camera=False, radar=True)
    place(env, "car", 0.5, 8.0)
    assert len(scene_of(env, "visible")) == 1


def test_an_actor_is_remembered_for_ten_decisions(lit: DrivingEnv) -> None:
    place(lit, "car", 15.0)
    put_ego(lit, AT, turned=math.pi / 2.0)  # looks away
    for _ in range(10):
        lit.step(KEEP)
        assert len(scene_of(lit, "visible")) == 1
    lit.step(KEEP)
    assert scene_of(lit, "visible") == {}
    assert len(scene_of(lit)) == 1


def turn_away(env: DrivingEnv, turned: float) -> None:
    """Turns the ego 30 m before its sign, which it has not seen yet."""
    put_ego(env, length_of(env) - 30.0, turned=turned)
    saved = env.snapshot()
    saved["sign_seen"] = -1000
    env.restore(saved)


@pytest.mark.parametrize(("turned", "seen"), [(0.0, 1.0), (math.pi / 2.0, 0.0)])
def test_a_sign_is_known_where_it_is_in_view(
    signed: DrivingEnv, turned: float, seen: float
) -> None:
    turn_away(signed, turned)
    assert facts_of(signed)["stop_sign"] == 1.0
    assert facts_of(signed, "visible")["stop_sign"] == seen


def test_a_sign_is_not_read_in_the_mirror(signed: DrivingEnv) -> None:
    turn_away(signed, math.pi)
    assert facts_of(signed)["stop_sign"] == 1.0
    assert facts_of(signed, "visible")["stop_sign"] == 0.0


# ------------------------------------------------------------------ the picture


@pytest.fixture(scope="module")
def watching() -> DrivingEnv:
    """A camera that also tells the class of each pixel, 30 m before a light."""
    return make_road(Control.LIGHTS, labels=True)


def counts(env: DrivingEnv) -> NDArray[np.int64]:
    """Returns how many pixels of the front view each class has."""
    labels = env.driving.infos()["labels"][0]
    return np.bincount(labels[8:].ravel(), minlength=len(Label))


def front(env: DrivingEnv) -> NDArray[np.float64]:
    """Returns the front view, without the mirror."""
    return np.asarray(env.driving.observations()["camera"][0, 8:], np.float64)


def test_a_placed_car_is_in_the_picture_and_a_removed_one_is_not(watching: DrivingEnv) -> None:
    put_ego(watching, AT)
    saved = watching.snapshot()
    bare = counts(watching)
    place(watching, "car", 12.0)
    added = counts(watching) - bare
    # 1.8 m wide 9.8 m before it (12 - 2.2): 32 / .916 * .184 = 6.4 px; its back is 1.5 m high.
    assert 25 < added[Label.CAR] < 90
    watching.restore(saved)
    place(watching, "pedestrian", 8.0)
    assert (counts(watching) - bare)[Label.PEDESTRIAN] > 8
    watching.restore(saved)
    np.testing.assert_array_equal(counts(watching), bare)


def test_a_barrier_is_in_the_picture(watching: DrivingEnv) -> None:
    put_ego(watching, AT)
    bare = front(watching).copy()
    saved = watching.snapshot()
    lane = int(life_of(watching)["route_lane"][0])
    watching.intervene(0, {"op": "block", "lane": lane, "s": AT + 12.0})
    changed = np.abs(front(watching) - bare).max()
    watching.restore(saved)
    assert changed > 0.0


def test_a_light_shows_in_the_picture_as_it_is_set(watching: DrivingEnv) -> None:
    put_ego(watching, length_of(watching) - 10.0)
    lane = int(life_of(watching)["route_lane"][0])
    junction = int(town_of(watching)["lane_junction"][lane])
    lamps = {"red": Label.LIGHT_RED, "yellow": Label.LIGHT_YELLOW, "green": Label.LIGHT_GREEN}
    saved = watching.snapshot()
    for state, label in lamps.items():
        watching.intervene(0, {"op": "light", "junction": junction, "state": state})
        shown = {other for other in lamps.values() if counts(watching)[other] > 3}
        assert shown == {label}
    sign = int(town_of(watching)["lane_sign"][lane])
    before = counts(watching)[Label.LIGHT_GREEN]
    watching.intervene(0, {"op": "sign", "index": sign, "present": False})
    assert counts(watching)[Label.LIGHT_GREEN] < before
    watching.restore(saved)


def test_night_is_darker_than_day(watching: DrivingEnv) -> None:
    put_ego(watching, AT)
    saved = watching.snapshot()
    bright = []
    for daylight in (1.1, 0.6, 0.2):
        watching.intervene(0, {"op": "weather", "daylight": daylight, "fog": 0.0})
        bright.append(front(watching).mean())
    watching.restore(saved)
    assert bright[0] > 1.3 * bright[1] > 1.3 * 1.3 * bright[2]


def test_fog_hides_what_is_far_more_than_what_is_near(watching: DrivingEnv) -> None:
    put_ego(watching, AT)
    saved = watching.snapshot()
    contrast = {}
    for fog in (0.0, 1.0):
        for ahead in (10.0, 40.0):
            watching.restore(saved)
            watching.intervene(0, {"op": "weather", "daylight": 1.0, "fog": fog})
            bare = front(watching).copy()
            place(watching, "truck", ahead)
            contrast[fog, ahead] = float(np.abs(front(watching) - bare).sum())
    watching.restore(saved)
    near, far = (contrast[1.0, ahead] / contrast[0.0, ahead] for ahead in (10.0, 40.0))
    assert near > 0.8 and far < 0.4
