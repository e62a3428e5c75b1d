"""Everybody else over hours of driving: nobody collides, lines are heeded, people cross."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.kernel import boxes_touch
from mindloop.envs.driving.lights import RED_LIGHT, light_state
from mindloop.envs.driving.lives import (
    DT,
    V_HEADING,
    V_KIND,
    V_LANE,
    V_MODE,
    V_S,
    V_SPEED,
    V_X,
    V_Y,
    W_EDGE,
    W_HEADING,
    W_KIND,
    W_MODE,
    W_SPEED,
    W_X,
    W_Y,
    Lives,
    Mode,
    X,
    Y,
)
from mindloop.envs.driving.params import Control, Kind
from mindloop.envs.driving.survey import HALF_LENGTH, HALF_WIDTH
from tests.envs.driving.situations import (
    KEEP,
    ahead_of,
    clear,
    life_of,
    put_ego,
    put_vehicle,
    straight_start,
)

LANES, DECISIONS = 64, 800  # 64 lives of 160 s are 10,240 s
Array = NDArray[Any]


@njit(nogil=True)
def overlaps(boxes: Array, others: Array, are_same: bool, out: Array) -> int:
    """Counts pairs of boxes that overlap in B lives and notes one of them.

    Args:
      boxes, others: x, y, heading, half length, half width, float64 [B, N, 5], [B, M, 5]; those of
        half length 0 are left out. are_same: each pair counts once.
      out: filled with the life and the two indices [3].
    """
    found = 0
    for b in range(boxes.shape[0]):
        for i in range(boxes.shape[1]):
            one = boxes[b, i]
            for k in range(i if are_same else others.shape[1]):
                other = others[b, k]
                if one[3] == 0.0 or other[3] == 0.0 or abs(one[0] - other[0]) > 8.0:
                    continue
                if boxes_touch(
                    one[0], one[1], one[2], one[3], one[4],
                    other[0], other[1], other[2], other[3], other[4],
                ):  # fmt: skip
                    found += 1
                    out[0], out[1], out[2] = b, i, k
    return found


def vehicle_boxes(lives: Lives) -> Array:
    """Returns the boxes of vehicles, float64 [B, N, 5]; half length 0: absent."""
    kind = lives["vehicle_flag"][:, :, V_KIND]
    present = lives["vehicle_flag"][:, :, V_MODE] != Mode.ABSENT
    half = np.stack([HALF_LENGTH[kind] * present, HALF_WIDTH[kind]], axis=-1)
    pose = lives["vehicle"][:, :, [V_X, V_Y, V_HEADING]]
    return np.concatenate([pose, half], axis=-1).astype(np.float64)


def walker_boxes(lives: Lives) -> Array:
    """Returns the boxes of people, float64 [B, M, 5]; half length 0: absent."""
    present = lives["walker_flag"][:, :, W_MODE] != Mode.ABSENT
    half = np.stack([0.25 * present, np.full(present.shape, 0.25)], axis=-1)
    pose = lives["walker"][:, :, [W_X, W_Y, W_HEADING]]
    return np.concatenate([pose, half], axis=-1).astype(np.float64)


class Watch:
    """Looks at B lives once a decision and counts what happens to the others."""

    def __init__(self, env: DrivingVectorEnv) -> None:
        self.pool, self.lives = env.driving.pool, env.driving.state
        self.before = self.lives.copy()
        self.pair = np.zeros(3, np.int64)
        shape = self.lives["vehicle_flag"].shape[:2]
        self.slowest = np.full(shape, 9.0)
        """How slow each vehicle was within 4 m of the line ahead [m/s]."""
        self.travelled = 0.0
        """[m] of all vehicles."""
        self.collided = self.run_over = 0
        """Pairs of vehicles, and of a vehicle and a walker, that overlap; summed over decisions."""
        self.on_lights = self.on_stops = 0
        """Vehicles that passed the line of a light, of a stop sign."""
        self.on_red: list[str] = []
        """Those that passed it while the light was red."""
        self.rolled: list[str] = []
        """Those that passed it without having stood there."""
        self.stepped = self.crossed = 0
        """Walkers that stepped onto a zebra, and that came off one."""
        self.stepped_on_green: list[str] = []
        """Walkers that stepped out while the cars that cross their way had no red."""

    def _of_lane(self, lives: Lives, field: str) -> Array:
        """Returns a field of the lane that each vehicle is on, [B, N]."""
        return np.asarray(
            self.pool[field][lives["town"][:, None], lives["vehicle_flag"][:, :, V_LANE]]
        )

    def _beyond(self, lives: Lives) -> Array:
        """Returns how far each front bumper is beyond the end of its lane [m], [B, N]."""
        half = HALF_LENGTH[lives["vehicle_flag"][:, :, V_KIND]]
        beyond = lives["vehicle"][:, :, V_S] + half - self._of_lane(lives, "lane_length")
        return np.asarray(beyond)

    def look(self) -> None:
        """Compares the lives with what they were a decision ago."""
        vehicles = vehicle_boxes(self.lives)
        self.collided += overlaps(vehicles, vehicles, True, self.pair)
        self.run_over += overlaps(vehicles, walker_boxes(self.lives), False, self.pair)
        went_on = self.lives["episode"] == self.before["episode"]
        self.travelled += float(self.lives["vehicle"][:, :, V_SPEED].sum()) * 2.0 * DT
        self._look_at_lines(went_on)
        self._look_at_zebras(went_on)
        self.slowest[~went_on] = 9.0
        self.before = self.lives.copy()

    def _look_at_lines(self, went_on: Array) -> None:
        flags, old = self.lives["vehicle_flag"], self.before["vehicle_flag"]
        is_road = self._of_lane(self.before, "lane_slot") < 0
        near = is_road & (self._beyond(self.before) > -4.0)
        speed = self.before["vehicle"][:, :, V_SPEED]
        self.slowest[near] = np.minimum(self.slowest, speed)[near]
        same = flags[:, :, V_LANE] == old[:, :, V_LANE]
        passed = is_road & (self._beyond(self.before) <= 0.0)
        passed &= ~same | (self._beyond(self.lives) > 0.0)
        passed &= went_on[:, None] & (old[:, :, V_MODE] == Mode.TRAFFIC)
        junctions = self._of_lane(self.before, "lane_junction")
        groups = self._of_lane(self.before, "lane_group")
        for b, k in np.argwhere(passed).tolist():
            junction, group = int(junctions[b, k]), int(groups[b, k])
            who = f"vehicle {k} of life {b} at step {self.lives['step'][b]}"
            control = self.pool["junction_control"][self.lives["town"][b], junction]
            if control == Control.LIGHTS:
                self.on_lights += 1
                shown = [light_state(one[b], junction, group) for one in (self.before, self.lives)]
                if shown == [RED_LIGHT, RED_LIGHT]:
                    self.on_red.append(who)
            elif control == Control.STOP:
                self.on_stops += 1
                if self.slowest[b, k] > 0.5:
                    self.rolled.append(f"{who}, {self.slowest[b, k]:.2f} m/s")
        self.slowest[~same] = 9.0

    def _look_at_zebras(self, went_on: Array) -> None:
        flags, old = self.lives["walker_flag"], self.before["walker_flag"]
        town = self.lives["town"][:, None]
        zebra = self.pool["walk_crossing"][town, flags[:, :, W_EDGE]]
        was_on = self.pool["walk_crossing"][town, old[:, :, W_EDGE]]
        on_foot = (flags[:, :, W_MODE] == Mode.TRAFFIC) & (zebra >= 0)
        was_on_foot = (old[:, :, W_MODE] == Mode.TRAFFIC) & (was_on >= 0)
        same = flags[:, :, W_EDGE] == old[:, :, W_EDGE]
        stepped = went_on[:, None] & on_foot & ~(was_on_foot & same)
        self.stepped += int(stepped.sum())
        self.crossed += int((went_on[:, None] & was_on_foot & ~same).sum())
        for b, k in np.argwhere(stepped).tolist():
            row = self.lives["town"][b]
            junction = int(self.pool["crossing_junction"][row, zebra[b, k]])
            if junction < 0 or self.pool["junction_control"][row, junction] != Control.LIGHTS:
                continue
            group = int(self.pool["crossing_group"][row, zebra[b, k]])
            shown = [light_state(one[b], junction, group) for one in (self.before, self.lives)]
            if RED_LIGHT not in shown:
                self.stepped_on_green.append(f"walker {k} of life {b}")


@pytest.fixture(scope="module")
def watched() -> Watch:
    """Hours of default traffic in 64 towns, with the expert among them."""
    env = DrivingVectorEnv(LANES, split="test", camera=False, copy=False)
    env.reset(seed=0)
    expert, watch = env.expert("true"), Watch(env)
    for _ in range(DECISIONS):
        env.step(expert.act())
        watch.look()
    return watch


@pytest.mark.slow
def test_vehicles_never_collide_with_one_another(watched: Watch) -> None:
    assert LANES * DECISIONS * 2.0 * DT >= 10_000.0
    assert watched.travelled > 1_000_000.0  # they do move
    assert watched.collided == 0


@pytest.mark.slow
def test_vehicles_never_run_over_people(watched: Watch) -> None:
    assert watched.run_over == 0


@pytest.mark.slow
def test_vehicles_never_pass_a_red_light(watched: Watch) -> None:
    assert watched.on_lights > 1000
    assert watched.on_red == []


@pytest.mark.slow
def test_vehicles_stand_before_they_pass_a_stop_line(watched: Watch) -> None:
    assert watched.on_stops > 1000
    assert watched.rolled == []


@pytest.mark.slow
def test_people_get_to_zebras_and_cross_them(watched: Watch) -> None:
    assert watched.stepped > 1000
    assert watched.crossed > 0.8 * watched.stepped


@pytest.mark.slow
def test_people_step_out_only_while_the_cars_have_red(watched: Watch) -> None:
    assert watched.stepped_on_green == []


def test_the_counter_of_overlaps_sees_one() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start())
    clear(env)
    put_ego(env, 10.0)

    def count(ahead: float, kind: str) -> tuple[int, int]:
        x, y, heading = ahead_of(env, ahead)
        env.intervene(0, {"op": "place", "kind": kind, "x": x, "y": y, "heading": heading})
        vehicles, walkers = (make(env.driving.state) for make in (vehicle_boxes, walker_boxes))
        pair = np.zeros(3, np.int64)
        cars = overlaps(vehicles, vehicles, True, pair)
        return int(cars), int(overlaps(vehicles, walkers, False, pair))

    assert count(20.0, "car") == (0, 0)
    assert count(25.0, "car") == (0, 0)  # 60 cm apart
    assert count(29.0, "car") == (1, 0)
    assert count(17.4, "pedestrian") == (1, 0)  # 15 cm before the first
    assert count(17.6, "pedestrian") == (1, 1)


@pytest.fixture(scope="module")
def begun() -> DrivingVectorEnv:
    """64 lives that have just begun."""
    env = DrivingVectorEnv(LANES, split="test", camera=False)
    env.reset(seed=100)
    return env


def test_a_town_is_as_full_as_its_preset_says(begun: DrivingVectorEnv) -> None:
    lives = begun.driving.state
    vehicles = (lives["vehicle_flag"][:, :, V_MODE] == Mode.TRAFFIC).sum(axis=1)
    walkers = (lives["walker_flag"][:, :, W_MODE] == Mode.TRAFFIC).sum(axis=1)
    assert vehicles.max() == 32 and vehicles.mean() > 31.0
    assert walkers.max() == 24 and walkers.mean() > 23.5
    for row in lives["parked"]:
        places = row[row >= 0]
        assert len(places) == len(set(places.tolist())) == 24  # nobody parks on another


def test_cars_vans_and_trucks_adults_and_children_occur(begun: DrivingVectorEnv) -> None:
    lives = begun.driving.state
    kinds = lives["vehicle_flag"][:, :, V_KIND][lives["vehicle_flag"][:, :, V_MODE] > 0]
    shares = [float((kinds == kind).mean()) for kind in (Kind.CAR, Kind.VAN, Kind.TRUCK)]
    np.testing.assert_allclose(shares, [0.72, 0.16, 0.12], atol=0.04)
    kinds = lives["walker_flag"][:, :, W_KIND][lives["walker_flag"][:, :, W_MODE] > 0]
    assert set(kinds.tolist()) == {Kind.PEDESTRIAN, Kind.CHILD}
    assert float((kinds == Kind.CHILD).mean()) == pytest.approx(0.25, abs=0.04)
    pace = lives["walker"][:, :, W_SPEED][lives["walker_flag"][:, :, W_MODE] > 0]
    assert 1.1 <= pace.min() < pace.max() <= 1.5


def test_nobody_begins_on_another_or_near_the_ego(begun: DrivingVectorEnv) -> None:
    lives = begun.driving.state
    vehicles = vehicle_boxes(lives)
    assert overlaps(vehicles, vehicles, True, np.zeros(3, np.int64)) == 0
    away = lives["vehicle"][:, :, [V_X, V_Y]] - lives["ego"][:, None, [X, Y]]
    present = lives["vehicle_flag"][:, :, V_MODE] == Mode.TRAFFIC
    assert np.hypot(away[..., 0], away[..., 1])[present].min() >= 22.0


def test_the_same_seed_has_the_same_traffic_and_another_has_not() -> None:
    one, two = (DrivingVectorEnv(n, split="test", camera=False) for n in (2, 3))
    one.reset(seed=[7, 8])
    two.reset(seed=[9, 7, 8])
    for _ in range(50):
        one.step(np.full(2, KEEP))
        two.step(np.full(3, KEEP))
    names = one.driving.state.dtype.names or ()
    for name in names:
        np.testing.assert_array_equal(one.driving.state[name], two.driving.state[name][1:])
    different = two.driving.state["vehicle"]
    assert not np.array_equal(different[0], different[1])


def test_an_episode_of_the_same_life_has_other_traffic() -> None:
    env = DrivingEnv(split="test", camera=False)
    town = env.reset(seed=7, options={"town": 520})[1]["town"]
    first = life_of(env)["vehicle"].copy()
    assert env.reset(options={"town": 520})[1]["town"] == town
    assert not np.array_equal(first, life_of(env)["vehicle"])


@pytest.mark.parametrize("across", [False, True])
def test_a_queue_forms_behind_an_ego_that_stands(across: bool) -> None:
    env = DrivingEnv(split="test", camera=False, end_on_collision=False)
    env.reset(seed=straight_start())
    clear(env)
    put_ego(env, 62.0, turned=np.pi / 2.0 if across else 0.0)
    lane = int(life_of(env)["route_lane"][0])
    for k, s in enumerate((36.0, 20.0, 6.0)):
        put_vehicle(env, k, lane, s, 6.0)
    for _ in range(100):
        info = env.step(KEEP)[4]
        assert info["cost"] == 0.0
    rows = life_of(env)["vehicle"][:3]
    assert rows[:, V_SPEED].max() < 0.1
    reach = 0.9 if across else 2.2
    gaps = np.array([62.0 - reach, *(rows[:2, V_S] - 2.2)]) - (rows[:, V_S] + 2.2)
    assert gaps.min() > 0.3 and gaps.max() < 4.0


def test_vehicles_wait_at_a_light_that_stays_red() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start(Control.LIGHTS))
    clear(env)
    life = life_of(env)
    lane = int(life["route_lane"][0])
    town = env.driving.pool[life["town"]]
    put_ego(env, 10.0, index=4)
    put_vehicle(env, 0, lane, 20.0, 8.0)
    junction, length = int(town["lane_junction"][lane]), float(town["lane_length"][lane])
    env.intervene(0, {"op": "light", "junction": junction, "state": "red"})
    for _ in range(150):
        env.step(KEEP)
    assert life["vehicle_flag"][0, V_LANE] == lane
    assert 0.0 < length - life["vehicle"][0, V_S] - 2.2 < 3.0
    env.intervene(0, {"op": "light", "junction": junction, "state": "green"})
    for _ in range(30):
        env.step(KEEP)
    assert life["vehicle_flag"][0, V_LANE] != lane
