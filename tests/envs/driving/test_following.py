"""How fast the others go: figures of IDM by hand, and a car that follows, waits and turns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs.driving import DrivingEnv
from mindloop.envs.driving.following import A_MAX, BRAKE, idm
from mindloop.envs.driving.lives import V_LANE, V_S, V_SPEED
from mindloop.envs.driving.params import Command, Control
from tests.envs.driving.situations import (
    KEEP,
    ahead_of,
    clear,
    life_of,
    put_ego,
    put_vehicle,
    straight_start,
    town_of,
)

FREE = 1000.0  # [m] nobody ahead


def test_a_standing_vehicle_on_a_free_road_takes_all_it_has() -> None:
    assert idm(0.0, 10.0, FREE, 0.0, 2.0) == 2.0


def test_a_free_road_by_hand() -> None:
    assert idm(10.0, 10.0, FREE, 0.0, 2.0) == 0.0  # as fast as it wants
    assert idm(5.0, 10.0, FREE, 0.0, 2.0) == pytest.approx(1.875)  # 2 (1 - 1/16)
    assert idm(12.0, 10.0, FREE, 0.0, 2.0) == pytest.approx(-2.1472)  # 2 (1 - 1.2^4)


def test_the_equilibrium_gap_by_hand() -> None:
    # At 10 of 20 m/s the free term is 15/16; it wants 2 + 10 * 1.5 = 17 m; (17 / g)^2 = 15/16.
    gap = 17.0 / math.sqrt(15.0 / 16.0)
    assert gap == pytest.approx(17.5575, abs=1e-4)
    assert idm(10.0, 20.0, gap, 0.0, 2.0) == pytest.approx(0.0, abs=1e-12)
    assert idm(10.0, 20.0, gap - 1.0, 0.0, 2.0) < 0.0 < idm(10.0, 20.0, gap + 1.0, 0.0, 2.0)


def test_closing_in_by_hand() -> None:
    # 2 + 15 + 10 * 5 / (2 sqrt 6) = 27.2062 m wanted of 30 m: 2 (.9375 - .82242).
    assert idm(10.0, 20.0, 30.0, 5.0, 2.0) == pytest.approx(0.23016, abs=1e-4)
    # A leader that draws away never asks for less than 2 m: 2 (1 - 1/16 - 1/4).
    assert idm(5.0, 10.0, 4.0, -30.0, 2.0) == pytest.approx(1.375)


def test_idm_comes_to_rest_two_metres_behind_a_standing_leader() -> None:
    x, v, gap = 0.0, 12.0, 100.0
    hardest = 0.0
    for _ in range(600):
        a = idm(v, 14.0, gap - x, v, 2.0)
        hardest = min(hardest, a)
        faster = max(v + a * 0.1, 0.0)
        x, v = x + 0.05 * (v + faster), faster
    assert v < 0.05
    assert 1.8 < gap - x < 2.6
    assert hardest > -5.0  # in comfort: it saw the leader early


@pytest.fixture
def road() -> DrivingEnv:
    """An empty straight road before a stop sign where the route goes straight on; ego at 4 m."""
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start(Control.STOP, Command.STRAIGHT))
    clear(env)
    put_ego(env, 4.0)
    return env


def follow(env: DrivingEnv, k: int, decisions: int) -> NDArray[np.float64]:
    """Returns vehicle k's arc position and speed over some decisions, the ego standing."""
    rows = []
    for _ in range(decisions):
        env.step(KEEP)
        row = life_of(env)["vehicle"][k]
        rows.append((float(row[V_S]), float(row[V_SPEED])))
    return np.array(rows)


def test_a_car_speeds_up_as_idm_says(road: DrivingEnv) -> None:
    lane, town = int(life_of(road)["route_lane"][0]), town_of(road)
    limit = float(town["lane_limit"][lane])
    put_ego(road, 10.0, index=4)  # out of its way
    put_vehicle(road, 0, lane, 4.0, 3.0)  # the line is more than 80 m away
    speed, want = 3.0, []
    for _ in range(4):
        speed += 0.1 * idm(speed, limit, FREE, 0.0, A_MAX)
        want.append(speed)
    np.testing.assert_allclose(follow(road, 0, 2)[:, 1], want[1::2], atol=1e-4)


def test_a_car_stands_at_the_stop_line_and_then_goes(road: DrivingEnv) -> None:
    lane, town = int(life_of(road)["route_lane"][0]), town_of(road)
    length = float(town["lane_length"][lane])
    put_vehicle(road, 0, lane, length - 40.0, 8.0, int(life_of(road)["route_lane"][1]))
    track = follow(road, 0, 100)
    stood = np.flatnonzero(track[:, 1] < 0.5)
    assert stood.size > 0
    rest = length - track[stood[-1], 0] - 2.2
    assert 0.0 < rest < 3.5  # before the line
    assert life_of(road)["vehicle_flag"][0, V_LANE] != lane  # and has gone on


def test_a_car_rests_behind_the_one_that_stands_before_it(road: DrivingEnv) -> None:
    lane = int(life_of(road)["route_lane"][0])
    put_ego(road, 60.0)
    put_vehicle(road, 0, lane, 15.0, 9.0)
    track = follow(road, 0, 100)
    gap = 60.0 - track[-1, 0] - 4.4
    assert track[-1, 1] < 0.05
    assert 1.5 < gap < 4.0
    assert np.diff(track[:, 1]).min() >= -0.2 * BRAKE - 1e-4


def test_a_car_stops_before_what_lies_across_its_lane(road: DrivingEnv) -> None:
    lane = int(life_of(road)["route_lane"][0])
    put_ego(road, 4.0)
    x, y, heading = ahead_of(road, 50.0, 0.0, math.pi / 2.0)
    road.intervene(0, {"op": "place", "kind": "car", "x": x, "y": y, "heading": heading})
    put_vehicle(road, 0, lane, 15.0, 9.0)
    track = follow(road, 0, 100)
    gap = 54.0 - 0.9 - track[-1, 0] - 2.2
    assert track[-1, 1] < 0.05
    assert 0.3 < gap < 4.0


def test_a_car_slows_down_to_turn(road: DrivingEnv) -> None:
    lane, town = int(life_of(road)["route_lane"][0]), town_of(road)
    right = int(town["lane_next"][lane, Command.RIGHT - 1])
    put_vehicle(road, 0, lane, float(town["lane_length"][lane]) - 30.0, 8.0, right)
    fastest = 0.0
    for _ in range(150):
        road.step(KEEP)
        if life_of(road)["vehicle_flag"][0, V_LANE] == right:
            fastest = max(fastest, float(life_of(road)["vehicle"][0, V_SPEED]))
    assert 2.0 < fastest < 3.9
