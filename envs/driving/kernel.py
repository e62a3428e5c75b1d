"""The physics of the ego and one decision of a life: 2 substeps of 0.1 s.

Kinematic bicycle with its reference point in the middle, limits of steering rate, steering angle,
acceleration and tyre grip. Source: Polack et al. 2017, "The kinematic bicycle model", eq. 1-5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..rng import uniform
from .lives import (
    ACCELERATION,
    COLLIDED,
    DT,
    FRICTION,
    FROZEN,
    HEADING,
    JERK,
    ON_BUILDING,
    RAN_RED,
    RAN_STOP,
    ROUTE_LATERAL,
    SPEED,
    STEERING,
    STRUCK,
    STRUCK_AT,
    T_DISTANCE,
    T_OUTSIDE,
    T_PEDESTRIAN,
    T_RED,
    T_SPEEDING,
    T_STATIC,
    T_STOP,
    T_VEHICLE,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_SPEED,
    V_X,
    V_Y,
    W_MODE,
    W_X,
    W_Y,
    YAW_RATE,
    Life,
    Mode,
    X,
    Y,
)
from .params import CELL, CELLS, LANE_WIDTH, Kind
from .road import Town
from .route import follow_route
from .survey import EGO_HALF_LENGTH, EGO_HALF_WIDTH, HALF_LENGTH, HALF_WIDTH, Survey, look_around
from .traffic import step_vehicles
from .walkers import step_walkers

WHEELBASE = 2.7  # [m]
STEERING_MAX = 0.6  # [rad]
STEERING_RATE = 1.2  # [rad/s]
LATERAL_COMFORT = 3.0  # [m/s2] the steering that actions may ask for, eq. delta_max of DESIGN
BRAKE_MAX, DRIVE_MAX = 8.0, 3.0  # [m/s2]
SPEED_MAX = 20.0  # [m/s]
GRAVITY = 9.81  # [m/s2]
SUBSTEPS = 2
OFF_ROUTE = 30.0  # [m]
FROZEN_FOR = 20  # substeps that the ego stands dead after a collision
WALKER_RADIUS = 0.25  # [m]
STALLED_BRAKE = 2.5  # [m/s2] with which it rolls to rest when its motor has failed
STALLED_MIN, STALLED_MAX = 15, 60  # substeps that a failure lasts

DRAW_STALL, DRAW_STALL_TIME = range(50, 52)

MODE_ABSENT = Mode.ABSENT
STATIC = int(Kind.STATIC)
PEDESTRIAN = int(Kind.PEDESTRIAN)


@njit(cache=True, nogil=True)
def steering_limit(speed: float) -> float:
    """Returns delta_max(v) = min(0.6, atan(3 L / v^2)) [rad]."""
    if speed < 0.5:
        return STEERING_MAX
    return min(STEERING_MAX, np.arctan(LATERAL_COMFORT * WHEELBASE / (speed * speed)))


@njit(cache=True, nogil=True)
def bicycle(
    x: float,
    y: float,
    heading: float,
    speed: float,
    steering: float,
    acceleration: float,
    dt: float,
) -> tuple[Any, ...]:
    """Moves a kinematic bicycle along an exact arc for dt with constant steering.

    Returns:
      x, y, heading, speed, yaw rate after dt; speed stays >= 0.
    Source: Polack 2017: beta = atan(tan(delta)/2), psi' = v sin(beta)/(L/2).
    """
    faster = min(max(speed + acceleration * dt, 0.0), SPEED_MAX)
    mean = 0.5 * (speed + faster)
    beta = np.arctan(0.5 * np.tan(steering))
    rate = mean * np.sin(beta) / (0.5 * WHEELBASE)
    turn = rate * dt
    chord = mean * dt
    if abs(turn) > 1e-4:
        chord *= np.sin(0.5 * turn) / (0.5 * turn)
    course = heading + beta + 0.5 * turn
    turned = heading + turn
    turned -= 2.0 * np.pi * np.floor((turned + np.pi) / (2.0 * np.pi))
    return x + chord * np.cos(course), y + chord * np.sin(course), turned, faster, rate


@njit(cache=True, nogil=True)
def move_ego(life: Life, steering: float, acceleration: float) -> None:
    """Moves the ego by DT towards a wanted steering angle with a wanted acceleration."""
    ego = life.ego
    v = ego[SPEED]
    grip = life.weather[FRICTION] * GRAVITY
    limit = steering_limit(v)
    wanted = min(max(steering, -limit), limit)
    change = STEERING_RATE * DT
    ego[STEERING] += min(max(wanted - ego[STEERING], -change), change)
    angle = ego[STEERING]
    if v > 1.0:  # the tyres slide beyond their grip: the car turns less than the wheels
        slide = np.arctan(0.85 * grip * WHEELBASE / (v * v))
        angle = min(max(angle, -slide), slide)
    a = min(max(acceleration, -min(BRAKE_MAX, 0.9 * grip)), min(DRIVE_MAX, 0.6 * grip))
    x, y, heading, faster, rate = bicycle(
        ego[X], ego[Y], ego[HEADING], v, angle, a, DT
    )
    actual = (faster - v) / DT
    ego[JERK] = (actual - ego[ACCELERATION]) / DT
    ego[ACCELERATION] = actual
    ego[X], ego[Y], ego[HEADING] = x, y, heading
    ego[SPEED], ego[YAW_RATE] = faster, rate


@njit(cache=True, nogil=True)
def boxes_touch(
    ax: float, ay: float, ah: float, al: float, aw: float,
    bx: float, by: float, bh: float, bl: float, bw: float,
) -> bool:  # fmt: skip
    """Returns whether two oriented boxes overlap (centre, heading, half length, half width).

    Source: separating axes, Gottschalk 1996.
    """
    dx, dy = bx - ax, by - ay
    reach = al + aw + bl + bw
    if dx * dx + dy * dy > reach * reach:
        return False
    ca, sa, cb, sb = np.cos(ah), np.sin(ah), np.cos(bh), np.sin(bh)
    c, s = abs(ca * cb + sa * sb), abs(ca * sb - sa * cb)
    return (
        abs(ca * dx + sa * dy) <= al + bl * c + bw * s
        and abs(-sa * dx + ca * dy) <= aw + bl * s + bw * c
        and abs(cb * dx + sb * dy) <= bl + al * c + aw * s
        and abs(-sb * dx + cb * dy) <= bw + al * s + aw * c
    )


@njit(cache=True, nogil=True)
def _touches(life: Life, x: float, y: float, h: float, hl: float, hw: float) -> bool:
    """Returns whether the ego overlaps a box."""
    e = life.ego
    return boxes_touch(
        e[X], e[Y], e[HEADING], EGO_HALF_LENGTH, EGO_HALF_WIDTH, x, y, h, hl, hw
    )


@njit(cache=True, nogil=True)
def _struck(town: Town, life: Life) -> tuple[Any, ...]:
    """Returns (actor index, kind) that the ego overlaps, (-1, 0): nobody.

    Actors are numbered vehicles, then walkers, then parked cars.
    """
    n, m = life.vehicles, life.walkers
    ex, ey = life.ego[X], life.ego[Y]
    for k in range(n):
        if life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        x, y = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        if abs(x - ex) + abs(y - ey) > 10.0:
            continue
        kind = life.vehicle_flag[k, V_KIND]
        h = life.vehicle[k, V_HEADING]
        if _touches(life, x, y, h, HALF_LENGTH[kind], HALF_WIDTH[kind]):
            return k, kind
    for k in range(m):
        if life.walker_flag[k, W_MODE] == MODE_ABSENT:
            continue
        x, y = life.walker[k, W_X], life.walker[k, W_Y]
        if abs(x - ex) + abs(y - ey) < 5.0 and _touches(
            life, x, y, 0.0, WALKER_RADIUS, WALKER_RADIUS
        ):
            return n + k, PEDESTRIAN
    if abs(life.route[ROUTE_LATERAL]) > 0.8:
        for k in range(life.parked_cars):
            place = life.parked[k]
            if place < 0:
                continue
            x, y = town.parking_xyh[place, 0], town.parking_xyh[place, 1]
            if abs(x - ex) + abs(y - ey) < 7.0 and _touches(
                life, x, y, town.parking_xyh[place, 2], HALF_LENGTH[1], HALF_WIDTH[1]
            ):
                return n + m + k, 1
    return -1, 0


@njit(cache=True, nogil=True)
def _in_building(town: Town, life: Life) -> bool:
    """Returns whether the ego overlaps a building."""
    ex, ey = life.ego[X], life.ego[Y]
    ix, iy = int(ex // CELL), int(ey // CELL)
    for cx in range(max(ix - 1, 0), min(ix + 2, CELLS)):
        for cy in range(max(iy - 1, 0), min(iy + 2, CELLS)):
            cell = cx * CELLS + cy
            for k in range(town.building_first[cell], town.building_first[cell + 1]):
                u = town.buildings[k]
                if _touches(life, u[0], u[1], u[2], u[3], u[4]):
                    return True
    return False


@njit(cache=True, nogil=True)
def _collide(town: Town, life: Life, was: tuple[Any, ...]) -> None:
    """Stops the ego dead where it strikes something, counts it, and remembers whom to take away."""
    flag = life.flag
    who, kind = _struck(town, life)
    if who >= 0:
        flag[STRUCK], flag[STRUCK_AT] = who, life.clock
        if who < life.vehicles:
            life.vehicle[who, V_SPEED] = 0.0
    elif abs(life.route[ROUTE_LATERAL]) > 3.0 and _in_building(town, life):
        life.ego[X], life.ego[Y], life.ego[HEADING] = was
        kind = STATIC
        if flag[ON_BUILDING] == 1:  # still the same crash
            life.ego[SPEED] = 0.0
            return
        flag[ON_BUILDING] = 1
    else:
        if life.ego[SPEED] > 0.5:
            flag[ON_BUILDING] = 0
        return
    life.ego[SPEED] = 0.0
    flag[FROZEN] = FROZEN_FOR
    flag[COLLIDED] = kind
    column = T_VEHICLE
    if kind == STATIC:
        column = T_STATIC
    elif kind == PEDESTRIAN:
        column = T_PEDESTRIAN
    life.tally[column] += 1.0


@njit(cache=True, nogil=True)
def _take_away(life: Life) -> None:
    """Removes the actor that was struck, so that the episode can go on."""
    who = life.flag[STRUCK]
    n, m = life.vehicles, life.walkers
    if 0 <= who < n:
        life.vehicle_flag[who, V_MODE] = MODE_ABSENT
    elif n <= who < n + m:
        life.walker_flag[who - n, W_MODE] = MODE_ABSENT
    elif who >= n + m:
        life.parked[who - n - m] = -1
    life.flag[STRUCK] = -1


@njit(cache=True, nogil=True)
def _pedal(life: Life, acceleration: float) -> float:
    """Returns the acceleration that the motor still gives when it fails now and then."""
    if life.stalling <= 0.0:
        return acceleration
    seed, episode, now = life.seed, life.episode, life.clock
    begins = uniform(seed, episode, now, 0, DRAW_STALL) < life.stalling * DT / 60.0
    if begins and life.clock >= life.stalled:
        share = uniform(seed, episode, now, 0, DRAW_STALL_TIME)
        life.stalled = now + STALLED_MIN + int((STALLED_MAX - STALLED_MIN) * share)
    return min(acceleration, -STALLED_BRAKE) if life.clock < life.stalled else acceleration


@njit(cache=True, nogil=True)
def advance(
    town: Town, life: Life, survey: Survey, steering: float, acceleration: float
) -> float:
    """Lives one decision of life b: two substeps of everybody.

    Args:
      survey: scratch of this thread.
      steering, acceleration: what the driver asks for [rad], [m/s2].
    Returns:
      The distance from the route [m].
    """
    flag, ego, tally = life.flag, life.ego, life.tally
    flag[COLLIDED] = flag[RAN_RED] = flag[RAN_STOP] = 0
    off = 0.0
    for _ in range(SUBSTEPS):
        look_around(town, life, survey)
        step_vehicles(town, life, survey)
        step_walkers(town, life)
        was = (ego[X], ego[Y], ego[HEADING])
        if flag[FROZEN] > 0:
            ego[SPEED] = ego[ACCELERATION] = ego[YAW_RATE] = ego[JERK] = 0.0
            flag[FROZEN] -= 1
            if flag[FROZEN] == 0:
                _take_away(life)
        else:
            move_ego(life, steering, _pedal(life, acceleration))
        life.clock += 1
        off = follow_route(town, life)
        if flag[FROZEN] == 0:
            _collide(town, life, was)
        way = ego[SPEED] * DT
        tally[T_DISTANCE] += way
        if abs(life.route[ROUTE_LATERAL]) > 0.5 * LANE_WIDTH or off > 2.5:
            tally[T_OUTSIDE] += way
        if ego[SPEED] > life.limit + 1.0:
            tally[T_SPEEDING] += DT
    tally[T_RED] += flag[RAN_RED]
    tally[T_STOP] += flag[RAN_STOP]
    life.step += 1
    return off
