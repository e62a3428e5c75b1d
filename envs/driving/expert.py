"""The scripted driver: from a small view to one of the mind's own actions.

It keeps the path by trying each steering action in a short roll-out of the bicycle model, and it
takes the strongest acceleration after which it can still stop in comfort wherever it has to. It
knows nothing but its view, so that the same driver acts on what is true, on what the sensors can
see, or on what a mind believes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from .actions import ACCELERATIONS, STEERINGS
from .kernel import STEERING_RATE, bicycle, steering_limit
from .lives import Array
from .notes import (
    HEADING_ERROR,
    JUNCTION_AHEAD,
    JUNCTION_DISTANCE,
    LANE_OFFSET,
    LEAD_CLOSING_SPEED,
    LEAD_DISTANCE,
    LEAD_PRESENT,
    LIGHT_DISTANCE,
    LIGHT_RED,
    LIGHT_YELLOW,
    MUST_YIELD,
    PATH_POINTS,
    PEDESTRIAN_DISTANCE,
    PEDESTRIAN_IN_PATH,
    SPEED_LIMIT,
    STOP_LINE_DISTANCE,
    STOP_SIGN,
)

DECIDE = 0.2  # [s] how long an action is held
STOPPING = 2.7  # [m/s2] braking that the driver plans with; its gentle action brakes with 3
TURNING = (0.0, 4.7, 0.0, 3.9)  # [m/s] speed into a junction by Command, 0: no need to slow
BENDING = 2.3  # [m/s2] lateral acceleration in curves
APPROACH = 1.8  # [m/s2] slowing down for a bend ahead
LINE_REST = 1.0  # [m] before a line
WALKER_REST = 2.5  # [m] before a pedestrian
LEAD_REST = 2.5  # [m] behind a vehicle
SAMPLES = 4  # points of the smoothed path between two given ones


class View(NamedTuple):
    """What a driver acts on, for B lives; the notes of `DESIGN`'s table without their doubt."""

    facts: Array  # float32 [B, 20]
    known: Array  # bool [B, 20]
    scene: Array  # float32 [B, 32, 7]
    path: Array  # float32 [B, 8, 2]
    state: Array  # float32 [B, 4] speed, yaw rate, steering, last acceleration
    command: Array  # float32 [B, 4] one-hot


@njit(cache=True, nogil=True)
def _smooth(facts: Array, path: Array, out: Array) -> None:
    """Fills `out` [N, 2] with the path through the lane centre abreast and the given points.

    Source: Catmull & Rom 1974 (uniform).
    """
    q = np.empty((PATH_POINTS + 3, 2), np.float64)
    turn = facts[HEADING_ERROR]
    q[1, 0] = -facts[LANE_OFFSET] * np.sin(turn)
    q[1, 1] = -facts[LANE_OFFSET] * np.cos(turn)
    q[0, 0] = q[1, 0] - 4.0 * np.cos(turn)
    q[0, 1] = q[1, 1] + 4.0 * np.sin(turn)
    q[2:-1] = path
    q[-1] = 2.0 * q[-2] - q[-3]
    row = 0
    for i in range(1, PATH_POINTS + 1):
        for k in range(SAMPLES):
            u = k / SAMPLES
            for c in range(2):
                p0, p1, p2, p3 = q[i - 1, c], q[i, c], q[i + 1, c], q[i + 2, c]
                out[row, c] = 0.5 * (
                    2.0 * p1
                    + (p2 - p0) * u
                    + (2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3) * u * u
                    + (3.0 * p1 - p0 - 3.0 * p2 + p3) * u**3
                )
            row += 1
    out[row] = q[-2]


@njit(cache=True, nogil=True)
def _deviation(way: Array, x: float, y: float, heading: float, reach: float) -> float:
    """Returns the squared distance from the path, plus that of the heading over `reach` metres."""
    best, best_d = 0, 1e18
    for k in range(way.shape[0]):
        d = (way[k, 0] - x) ** 2 + (way[k, 1] - y) ** 2
        if d < best_d:
            best, best_d = k, d
    i = max(min(best, way.shape[0] - 2), 1)
    tx, ty = way[i + 1, 0] - way[i - 1, 0], way[i + 1, 1] - way[i - 1, 1]
    norm = np.sqrt(tx * tx + ty * ty)
    if norm < 1e-3:
        return best_d
    dx, dy = x - way[i, 0], y - way[i, 1]
    lateral = (tx * dy - ty * dx) / norm
    sine = (tx * np.sin(heading) - ty * np.cos(heading)) / norm
    return lateral * lateral + (reach * sine) ** 2


@njit(cache=True, nogil=True)
def _steer(way: Array, speed: float, steering: float) -> int:
    """Returns the index of the steering action whose roll-out keeps closest to the path."""
    v = max(speed, 2.5)
    limit = steering_limit(speed)
    reach = 1.5 + 0.25 * v
    change = STEERING_RATE * 0.1
    best, best_cost = 2, 1e18
    n = STEERINGS.shape[0]
    for first in range(n):
        x1, y1, h1, angle1 = 0.0, 0.0, 0.0, steering
        for _ in range(2):
            gap = STEERINGS[first] * limit - angle1
            angle1 += min(max(gap, -change), change)
            x1, y1, h1, _, _ = bicycle(x1, y1, h1, v, angle1, 0.0, 0.1)
        cost1 = 0.5 * _deviation(way, x1, y1, h1, reach)
        for second in range(n):
            x, y, h, angle = x1, y1, h1, angle1
            cost = cost1
            for k in range(6):
                gap = STEERINGS[second] * limit - angle
                angle += min(max(gap, -change), change)
                x, y, h, _, _ = bicycle(x, y, h, v, angle, 0.0, 0.1)
                if k == 2 or k == 5:
                    cost += _deviation(way, x, y, h, reach)
            cost += 0.002 * (STEERINGS[second] - STEERINGS[first]) ** 2
            if cost < best_cost:
                best, best_cost = first, cost
    return best


@njit(cache=True, nogil=True)
def _target_speed(facts: Array, path: Array, command: int) -> float:
    """Returns the speed that limit, bends and the turn ahead allow [m/s]."""
    target = facts[SPEED_LIMIT] + 0.0
    if facts[JUNCTION_AHEAD] > 0.5 and TURNING[command] > 0.0:
        way = max(facts[JUNCTION_DISTANCE], 0.0)
        target = min(target, np.sqrt(TURNING[command] ** 2 + 2.0 * APPROACH * way))
    hx, hy = path[0, 0], path[0, 1]
    for k in range(1, PATH_POINTS):
        dx, dy = path[k, 0] - path[k - 1, 0], path[k, 1] - path[k - 1, 1]
        a, d = np.sqrt(hx * hx + hy * hy), np.sqrt(dx * dx + dy * dy)
        if a > 1.0 and d > 1.0:
            bend = np.arcsin(min(max((hx * dy - hy * dx) / (a * d), -1.0), 1.0)) / 4.0
            if abs(bend) > 0.008:
                there = BENDING / abs(bend)
                target = min(target, np.sqrt(there + 2.0 * APPROACH * max(4.0 * k - 4.0, 0.0)))
        hx, hy = dx, dy
    return target


@njit(cache=True, nogil=True)
def _stop_within(facts: Array, speed: float) -> float:
    """Returns how far the front bumper may still go before it must stand [m]; 1e3: no need."""
    way = 1000.0
    line = facts[STOP_LINE_DISTANCE]
    if facts[LIGHT_RED] > 0.5:
        way = min(way, facts[LIGHT_DISTANCE] - LINE_REST)
    if facts[LIGHT_YELLOW] > 0.5 and facts[LIGHT_DISTANCE] - 0.5 > speed * speed / (2.0 * 3.2):
        way = min(way, facts[LIGHT_DISTANCE] - LINE_REST)
    if facts[STOP_SIGN] > 0.5:
        way = min(way, line - LINE_REST)
    if facts[MUST_YIELD] > 0.5 and line > speed * speed / (2.0 * 7.0):
        way = min(way, line - LINE_REST)
    if facts[PEDESTRIAN_IN_PATH] > 0.5:
        way = min(way, facts[PEDESTRIAN_DISTANCE] - WALKER_REST)
    return way


@njit(cache=True, nogil=True)
def _is_safe(facts: Array, speed: float, acceleration: float, stop: float) -> bool:
    """Returns whether, after DECIDE seconds of it, one can still stop in comfort."""
    later = max(speed + acceleration * DECIDE, 0.0)
    way = 0.5 * (speed + later) * DECIDE
    if later == 0.0:
        return True
    if way + later * later / (2.0 * STOPPING) > stop:
        return False
    if facts[LEAD_PRESENT] > 0.5:
        lead = max(speed - facts[LEAD_CLOSING_SPEED], 0.0)
        gap = facts[LEAD_DISTANCE] + lead * DECIDE - way - LEAD_REST - 0.4 * later
        if gap < later * later / (2.0 * STOPPING) - lead * lead / (2.0 * 4.0):
            return False
    return True


@njit(cache=True, nogil=True)
def _accelerate(facts: Array, path: Array, speed: float, command: int) -> int:
    """Returns the index of the strongest acceleration that is safe and within the target speed."""
    target = _target_speed(facts, path, command)
    stop = _stop_within(facts, speed)
    for k in range(ACCELERATIONS.shape[0] - 1, 0, -1):
        a = ACCELERATIONS[k]
        later = speed + a * DECIDE
        slack = 0.0 if a > 0.0 else 0.35
        if later > target + slack and a > -1.0:
            continue
        if _is_safe(facts, speed, a, stop):
            return k
    # Even the gentle brake is not enough for comfort: is it for need?
    need = speed * speed / (2.0 * max(stop + 0.6, 0.05))
    if facts[LEAD_PRESENT] > 0.5:
        lead = max(speed - facts[LEAD_CLOSING_SPEED], 0.0)
        room = facts[LEAD_DISTANCE] - 1.0 + lead * lead / (2.0 * 5.0)
        need = max(need, speed * speed / (2.0 * max(room, 0.05)))
    return 1 if need < 3.2 else 0


@njit(cache=True, nogil=True)
def drive(
    facts: Array, path: Array, state: Array, command: Array, way: Array
) -> tuple[Any, ...]:
    """Chooses the action of one life.

    Args:
      facts [20], path [8, 2], state [4], command [4]: one row of a `View`.
      way: scratch, float64 [PATH_POINTS * SAMPLES + 1, 2].
    Returns:
      Steering index, acceleration index.
    """
    asked = 0
    for k in range(4):
        if command[k] > command[asked]:
            asked = k
    _smooth(facts, path, way)
    steering = _steer(way, state[0], state[2])
    return steering, _accelerate(facts, path, state[0], asked)


@njit(cache=True, nogil=True)
def drive_all(
    facts: Array, path: Array, state: Array, command: Array, out: Array
) -> None:
    """Fills `out` [B, 2] with steering and acceleration indices of B lives."""
    way = np.empty((PATH_POINTS * SAMPLES + 1, 2), np.float64)
    for b in range(facts.shape[0]):
        out[b, 0], out[b, 1] = drive(facts[b], path[b], state[b], command[b], way)
