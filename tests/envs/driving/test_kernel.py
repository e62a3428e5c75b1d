"""The ego's physics: closed forms of the bicycle, its limits in the world, and touching boxes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs.driving import DrivingEnv
from mindloop.envs.driving.kernel import WHEELBASE, bicycle, boxes_touch, steering_limit
from mindloop.envs.driving.lives import ROUTE_DONE
from tests.envs.driving.situations import (
    ACCELERATE,
    BRAKE,
    BRAKE_HARD,
    KEEP,
    clear,
    life_of,
    put_ego,
    straight_start,
)

Points = NDArray[np.float64]
FULL_LEFT, FULL_RIGHT = 18, 2  # keeping the speed


def drive(
    speed: float, steering: float, acceleration: float, dt: float, steps: int
) -> tuple[float, ...]:
    """Returns x, y, heading, speed and yaw rate after some steps from (0, 0, 0)."""
    x = y = heading = rate = 0.0
    for _ in range(steps):
        x, y, heading, speed, rate = bicycle(x, y, heading, speed, steering, acceleration, dt)
    return x, y, heading, speed, rate


@pytest.fixture(scope="module")
def road() -> DrivingEnv:
    """An empty straight road of at least 80 m."""
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start())
    clear(env)
    return env


def test_twenty_metres_a_second_for_two_seconds_are_forty_metres() -> None:
    np.testing.assert_allclose(drive(20.0, 0.0, 0.0, 0.1, 20), [40.0, 0.0, 0.0, 20.0, 0.0])


@pytest.mark.parametrize("steering", [0.6, -0.15])
def test_a_full_circle_returns_to_its_start(steering: float) -> None:
    radius = 0.5 * WHEELBASE / math.sin(math.atan(0.5 * math.tan(abs(steering))))
    steps = 50
    dt = 2.0 * math.pi * radius / 6.0 / steps
    x, y, heading, _, _ = drive(6.0, steering, 0.0, dt, steps)
    np.testing.assert_allclose([x, y, math.sin(heading)], 0.0, atol=1e-9)
    # Half of it lies across the circle, a diameter away.
    x, y, _, _, _ = drive(6.0, steering, 0.0, dt, steps // 2)
    assert math.hypot(x, y) == pytest.approx(2.0 * radius)


def test_an_arc_does_not_depend_on_the_length_of_a_step() -> None:
    whole, parts = drive(9.0, 0.2, 0.0, 1.0, 1), drive(9.0, 0.2, 0.0, 0.1, 10)
    np.testing.assert_allclose(whole, parts, atol=1e-12)


def test_yaw_rate_by_hand() -> None:
    # tan .2 = .20271; beta = atan .101355 = .101010; 10 m/s * sin beta / 1.35 m = .74695 rad/s.
    assert drive(10.0, 0.2, 0.0, 0.1, 1)[4] == pytest.approx(0.74695, abs=1e-5)
    assert drive(10.0, -0.2, 0.0, 0.1, 1)[4] == pytest.approx(-0.74695, abs=1e-5)


def test_speeding_up_and_braking_by_hand() -> None:
    x, _, _, speed, _ = drive(4.0, 0.0, 2.0, 0.1, 10)
    np.testing.assert_allclose([x, speed], [5.0, 6.0])  # 4 + half of 2
    x, _, _, speed, _ = drive(8.0, 0.0, -8.0, 0.1, 30)
    np.testing.assert_allclose([x, speed], [4.0, 0.0])  # 8^2 / 16, and there it stays
    assert drive(19.9, 0.0, 3.0, 0.1, 5)[3] == 20.0  # as fast as it goes


def test_steering_limits_by_hand() -> None:
    assert steering_limit(0.0) == 0.6
    assert steering_limit(3.4) == 0.6  # atan(8.1 / 11.56) = .611
    assert steering_limit(3.5) == pytest.approx(0.58423, abs=1e-5)  # atan(8.1 / 12.25)
    assert steering_limit(10.0) == pytest.approx(0.080824, abs=1e-6)  # atan .081
    assert steering_limit(20.0) == pytest.approx(0.020247, abs=1e-6)  # atan .02025


@pytest.mark.parametrize("speed", [5.0, 10.0, 15.0, 20.0])
def test_the_steering_limit_asks_for_three_metres_a_second_squared(speed: float) -> None:
    rate = drive(speed, steering_limit(speed), 0.0, 0.1, 1)[4]
    assert rate * speed == pytest.approx(3.0, rel=0.02)


def test_wheels_turn_by_no_more_than_their_rate(road: DrivingEnv) -> None:
    put_ego(road, 10.0)
    angles = [float(road.step(FULL_LEFT)[0]["state"][2]) for _ in range(4)]
    np.testing.assert_allclose(angles, [0.24, 0.48, 0.6, 0.6], atol=1e-6)  # 1.2 rad/s
    angles = [float(road.step(FULL_RIGHT)[0]["state"][2]) for _ in range(6)]
    np.testing.assert_allclose(angles, [0.36, 0.12, -0.12, -0.36, -0.6, -0.6], atol=1e-6)


def test_full_steering_is_what_the_speed_allows(road: DrivingEnv) -> None:
    put_ego(road, 10.0, speed=10.0)
    state = road.step(FULL_LEFT)[0]["state"]
    assert state[2] == pytest.approx(0.080824, abs=1e-5)
    assert state[1] == pytest.approx(0.29975, abs=1e-4)  # 10 sin(atan .0405) / 1.35


def test_actions_accelerate_as_they_say(road: DrivingEnv) -> None:
    for action, start, expected in (
        (ACCELERATE, 4.0, 4.4),
        (KEEP, 4.0, 4.0),
        (BRAKE, 4.0, 3.4),
        (BRAKE_HARD, 4.0, 4.0 - 0.2 * 7.9461),  # .9 of the grip of .9 * 9.81 m/s2
        (BRAKE_HARD, 1.0, 0.0),
        (BRAKE, 0.0, 0.0),
    ):
        put_ego(road, 10.0, speed=start)
        state = road.step(action)[0]["state"]
        assert state[0] == pytest.approx(expected, abs=1e-5), (action, start)
    put_ego(road, 10.0, speed=4.0)
    assert road.step(ACCELERATE)[0]["state"][3] == pytest.approx(2.0, abs=1e-4)


def test_a_slippery_road_takes_brakes_and_drive(road: DrivingEnv) -> None:
    saved = road.snapshot()
    road.intervene(0, {"op": "weather", "friction": 0.2})  # grip 1.962 m/s2
    for action, expected in ((BRAKE_HARD, 10.0 - 0.2 * 1.7658), (ACCELERATE, 10.0 + 0.2 * 1.1772)):
        put_ego(road, 10.0, speed=10.0)
        assert road.step(action)[0]["state"][0] == pytest.approx(expected, abs=1e-4)
    road.restore(saved)
    put_ego(road, 10.0, speed=10.0)
    assert road.step(BRAKE_HARD)[0]["state"][0] == pytest.approx(10.0 - 0.2 * 7.9461, abs=1e-4)


def test_on_ice_the_car_turns_less_than_its_wheels(road: DrivingEnv) -> None:
    saved = road.snapshot()
    road.intervene(0, {"op": "weather", "friction": 0.2})
    put_ego(road, 10.0, speed=10.0)
    state = road.step(FULL_LEFT)[0]["state"]
    road.restore(saved)
    assert state[2] == pytest.approx(0.080824, abs=1e-5)  # the wheels
    # The tyres hold .85 * 1.962 = 1.6677 m/s2: tan = 1.6677 * 2.7 / 100 = .045028, halved .022514,
    # so 10 * sin(atan .022514) / 1.35 = .16673.
    assert state[1] == pytest.approx(0.16673, abs=1e-4)


def test_a_continuous_action_is_the_discrete_one_that_it_denotes() -> None:
    few = DrivingEnv(split="test", camera=False)
    many = DrivingEnv(split="test", camera=False, action="continuous")
    declared = few.metadata["actions"]
    assert len(declared) == 20
    few.reset(seed=3)
    many.reset(seed=3)
    for index in np.random.default_rng(0).permutation(20).tolist():
        asked = declared[index]
        scale = 2.0 if asked["acceleration"] > 0.0 else 8.0
        one = few.step(index)
        other = many.step(np.array([asked["steering"], asked["acceleration"] / scale]))
        np.testing.assert_array_equal(one[0]["state"], other[0]["state"])
        np.testing.assert_array_equal(life_of(few)["ego"], life_of(many)["ego"])
        assert one[1] == other[1]


def test_both_experts_drive_the_same_way() -> None:
    few = DrivingEnv(split="test", camera=False)
    many = DrivingEnv(split="test", camera=False, action="continuous")
    few.reset(seed=3)
    many.reset(seed=3)
    one, other = few.expert("true"), many.expert("true")
    for _ in range(60):
        few.step(one.act())
        many.step(other.act())
    np.testing.assert_allclose(life_of(few)["ego"], life_of(many)["ego"], atol=1e-3)
    assert life_of(few)["route"][ROUTE_DONE] > 10.0


def _corners(box: Points) -> list[tuple[float, float]]:
    """Returns a box's corners, counter-clockwise."""
    x, y, heading, long, wide = box
    c, s = math.cos(heading), math.sin(heading)
    local = ((long, wide), (-long, wide), (-long, -wide), (long, -wide))
    return [(x + c * a - s * b, y + s * a + c * b) for a, b in local]


def common_area(one: Points, other: Points) -> float:
    """Returns the area that two boxes share (Sutherland & Hodgman 1974, then the shoelace)."""
    left = _corners(one)
    edges = _corners(other)
    for i, (ax, ay) in enumerate(edges):
        bx, by = edges[(i + 1) % 4]

        def side(p: tuple[float, float], ax: float = ax, ay: float = ay, ex: float = bx - ax,
                 ey: float = by - ay) -> float:  # fmt: skip
            return ex * (p[1] - ay) - ey * (p[0] - ax)

        kept: list[tuple[float, float]] = []
        for j, p in enumerate(left):
            q = left[j - 1]
            if (side(p) >= 0.0) != (side(q) >= 0.0):
                share = side(q) / (side(q) - side(p))
                kept.append((q[0] + share * (p[0] - q[0]), q[1] + share * (p[1] - q[1])))
            if side(p) >= 0.0:
                kept.append(p)
        left = kept
    area = 0.0
    for j, p in enumerate(left):
        area += left[j - 1][0] * p[1] - p[0] * left[j - 1][1]
    return 0.5 * area


def test_boxes_touch_exactly_where_they_share_an_area() -> None:
    rng = np.random.default_rng(4)
    low = np.array([-3.5, -3.5, -math.pi, 0.1, 0.1])
    high = np.array([3.5, 3.5, math.pi, 3.0, 1.5])
    touching = 0
    for one, other in rng.uniform(low, high, (3000, 2, 5)):
        touch = bool(boxes_touch(*one.tolist(), *other.tolist()))
        assert touch == (common_area(one, other) > 0.0), (one, other)
        touching += touch
    assert 900 < touching < 2100  # of both there are many


@pytest.mark.parametrize(
    ("other", "touch"),
    [
        ((4.3, 0.0, 0.0, 2.2, 0.9), True),  # bumper to bumper, 10 cm too near
        ((4.5, 0.0, 0.0, 2.2, 0.9), False),
        ((0.0, 1.7, 0.0, 2.2, 0.9), True),  # side by side
        ((0.0, 1.9, 0.0, 2.2, 0.9), False),
        ((3.0, 0.0, math.pi / 2.0, 2.2, 0.9), True),  # across: 2.2 + .9 = 3.1
        ((3.2, 0.0, math.pi / 2.0, 2.2, 0.9), False),
        # Aslant before the front left corner (2.2, .9), sqrt 2 * .06 = .085 from it, half width .1
        ((2.26, 0.96, -math.pi / 4.0, 2.0, 0.1), True),
        ((2.30, 1.00, -math.pi / 4.0, 2.0, 0.1), False),
    ],
)
def test_a_car_touches_by_hand(other: tuple[float, ...], touch: bool) -> None:
    car: tuple[Any, ...] = (0.0, 0.0, 0.0, 2.2, 0.9)
    assert bool(boxes_touch(*car, *other)) is touch
    assert bool(boxes_touch(*other, *car)) is touch
