"""How fast a vehicle goes: behind others, round bends, before lines, zebras and obstacles.

Source: IDM, Treiber, Hennecke & Helbing 2000, Phys. Rev. E 62, eq. 3-4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .grants import GAP_MIN, seek_grant
from .lives import (
    HEADING,
    SPARE,
    V_GRANTED,
    V_HEADING,
    V_KIND,
    V_LANE,
    V_MODE,
    V_NEXT,
    V_PACE,
    V_S,
    V_SPEED,
    V_X,
    V_Y,
    W_HEADING,
    W_MODE,
    W_X,
    W_Y,
    Life,
    Mode,
    X,
    Y,
)
from .road import Town, lane_pose
from .survey import EGO_HALF_LENGTH, EGO_HALF_WIDTH, HALF_LENGTH, HALF_WIDTH, Survey

A_MAX = 2.0  # [m/s2] IDM acceleration
B_COMFORT = 3.0  # [m/s2] IDM comfortable braking
BRAKE = 7.0  # [m/s2] the hardest that a vehicle brakes
LINE_MARGIN = 1.0  # [m] where a vehicle rests before a stop line
CROSSING_HALF = 1.5  # [m] half the width of a zebra
TURN_SPEED = (20.0, 4.8, 20.0, 3.8)  # [m/s] by Command of a connector
MODE_PLACED, MODE_DARTING = Mode.PLACED, Mode.DARTING


@njit(cache=True, nogil=True)
def idm(speed: float, desired: float, gap: float, closing: float, a_max: float) -> float:
    """Returns IDM's acceleration [m/s2] for a bumper gap [m] closed at `closing` [m/s]."""
    free = 1.0 - (speed / max(desired, 0.1)) ** 4
    if gap > 200.0:
        return a_max * free
    wanted = GAP_MIN + max(
        0.0, speed * 1.5 + speed * closing / (2.0 * np.sqrt(a_max * B_COMFORT))
    )  # eq. 4
    return a_max * (free - (wanted / max(gap, 0.1)) ** 2)  # eq. 3


@njit(cache=True, nogil=True)
def _leader(town: Town, survey: Survey, lane: int, follows: int, who: int) -> tuple[Any, ...]:
    """Returns the bumper gap and the speed of the vehicle ahead along the path; gap 1e3: none."""
    s, half = survey.s[who], survey.half[who]
    k = survey.ahead[who]
    if k >= 0:
        return survey.s[k] - s - half - survey.half[k], survey.speed[k]
    end = town.lane_length[lane] - s
    gap, speed = 1000.0, 0.0
    if end > 60.0:
        return gap, speed
    for c in range(3):
        lane_c = town.lane_next[lane, c]
        if lane_c < 0:
            continue
        k = survey.rear[lane_c]
        if k < 0 or k == who:
            continue
        # One that turns elsewhere still counts while its tail stands in this lane.
        if lane_c == follows or survey.s[k] - survey.half[k] < 1.5:
            g = end + survey.s[k] - half - survey.half[k]
            if g < gap:
                gap, speed = g, survey.speed[k]
    if gap < 999.0 or follows < 0:
        return gap, speed
    end += town.lane_length[follows]
    out = town.lane_next[follows, 0]
    if end > 60.0 or out < 0 or town.lane_slot[follows] < 0:
        return gap, speed
    k = survey.rear[out]
    if k >= 0 and k != who:
        gap, speed = end + survey.s[k] - half - survey.half[k], survey.speed[k]
    return gap, speed


@njit(cache=True, nogil=True)
def _obstacle_gap(town: Town, life: Life, i: int, box: tuple[Any, ...], reach: float) -> float:
    """Returns the way along vehicle i's path until it would touch a box; 1e3 beyond reach.

    Args:
      box: x, y, heading, half length, half width; widened by the vehicle's own half width.
      reach: how far ahead to look [m].
    """
    x, y, heading, half_length, half_width = box
    kind = life.vehicle_flag[i, V_KIND]
    dx, dy = x - life.vehicle[i, V_X], y - life.vehicle[i, V_Y]
    h = life.vehicle[i, V_HEADING]
    if dx * dx + dy * dy > (reach + 8.0) ** 2 or dx * np.cos(h) + dy * np.sin(h) < -1.0:
        return 1000.0
    lane, follows = life.vehicle_flag[i, V_LANE], life.vehicle_flag[i, V_NEXT]
    c, sn = np.cos(heading), np.sin(heading)
    margin = HALF_WIDTH[kind] + 0.3
    way = 0.0
    while way < reach:
        s = life.vehicle[i, V_S] + HALF_LENGTH[kind] + way
        on = lane
        if s > town.lane_length[lane]:
            s -= town.lane_length[lane]
            on = follows
            if on < 0 or s > town.lane_length[on]:
                return 1000.0
        px, py, _, _ = lane_pose(town, on, s)
        ex, ey = px - x, py - y
        along, across = c * ex + sn * ey, -sn * ex + c * ey
        if abs(along) < half_length + margin and abs(across) < half_width + margin:
            return way
        way += 1.0
    return 1000.0


@njit(cache=True, nogil=True)
def _nearest_obstacle(town: Town, life: Life, i: int) -> float:
    """Returns the free way of vehicle i before the ego, a placed actor or somebody who
    darts, 1e3: all free."""
    v = life.vehicle[i, V_SPEED]
    reach = min(30.0, 5.0 + v * v / 7.0)
    ego = (
        life.ego[X], life.ego[Y], life.ego[HEADING],
        np.float32(EGO_HALF_LENGTH), np.float32(EGO_HALF_WIDTH),
    )  # fmt: skip
    gap = _obstacle_gap(town, life, i, ego, reach)
    n, m = life.vehicles, life.walkers
    for k in range(n - SPARE, n):
        if life.vehicle_flag[k, V_MODE] == MODE_PLACED:
            kind = life.vehicle_flag[k, V_KIND]
            box = (
                life.vehicle[k, V_X], life.vehicle[k, V_Y], life.vehicle[k, V_HEADING],
                HALF_LENGTH[kind], HALF_WIDTH[kind],
            )  # fmt: skip
            gap = min(gap, _obstacle_gap(town, life, i, box, reach))
    for k in range(0 if life.darting > 0.0 else m - SPARE, m):
        if life.walker_flag[k, W_MODE] in (MODE_PLACED, MODE_DARTING):
            box = (
                life.walker[k, W_X], life.walker[k, W_Y], life.walker[k, W_HEADING],
                np.float32(0.3), np.float32(0.3),
            )  # fmt: skip
            gap = min(gap, _obstacle_gap(town, life, i, box, reach))
    return gap


@njit(cache=True, nogil=True)
def _crossing_gap(town: Town, survey: Survey, lane: int, start: float) -> float:
    """Returns the way to where one waits for people on a zebra of this lane, 1e3: none.

    Args:
      start: arc position of the front bumper in this lane (negative: still in the one before).
    """
    gap = 1000.0
    for c in range(2):
        crossing = town.lane_crossing[lane, c]
        if crossing < 0 or survey.crossing[crossing] == 0:
            continue
        way = town.lane_crossing_s[lane, c] - CROSSING_HALF - 0.8 - start
        if way > -0.8:
            gap = min(gap, max(way, 0.0))
    return gap


@njit(cache=True, nogil=True)
def _desired_speed(town: Town, life: Life, i: int, lane: int, follows: int) -> float:
    """Returns the speed that the road ahead allows vehicle i."""
    s, v = life.vehicle[i, V_S], life.vehicle[i, V_SPEED]
    limit = life.limit_set[lane] if life.limit_set[lane] > 0 else town.lane_limit[lane]
    desired = limit * life.vehicle[i, V_PACE]
    desired = min(desired, TURN_SPEED[town.lane_turn[lane]])
    _, _, _, here = lane_pose(town, lane, s)
    _, _, _, there = lane_pose(town, lane, s + 3.0 + 1.4 * v)
    bend = max(abs(here), abs(there))
    if bend > 0.01:
        desired = min(desired, np.sqrt(2.2 / bend))
    if follows >= 0:
        turn = TURN_SPEED[town.lane_turn[follows]]
        desired = min(desired, np.sqrt(turn**2 + 3.0 * max(town.lane_length[lane] - s, 0.0)))
    return desired


@njit(cache=True, nogil=True)
def accelerate(town: Town, life: Life, survey: Survey, i: int) -> float:
    """Returns vehicle i's acceleration for this substep."""
    lane, follows = life.vehicle_flag[i, V_LANE], life.vehicle_flag[i, V_NEXT]
    v = survey.speed[i]
    a_max = A_MAX if life.vehicle_flag[i, V_KIND] != 3 else 0.6 * A_MAX
    desired = _desired_speed(town, life, i, lane, follows)
    gap, other = _leader(town, survey, lane, follows, i)
    a = idm(v, desired, gap, v - other, a_max)
    end = town.lane_length[lane] - survey.s[i]
    front = survey.s[i] + survey.half[i]
    wait = _crossing_gap(town, survey, lane, front)
    if town.lane_slot[lane] < 0 and follows >= 0:
        seek_grant(town, life, survey, i, lane, follows)
        if life.vehicle_flag[i, V_GRANTED] == 0 and end < 80.0:
            line = end - survey.half[i]
            if line > -0.6:
                a = min(a, idm(v, desired, line + GAP_MIN - LINE_MARGIN, v, a_max))
        elif end < 40.0:
            wait = min(wait, _crossing_gap(town, survey, follows, front - end - survey.s[i]))
    if wait < 60.0 and v * v < 2.0 * BRAKE * (wait + 0.3):
        a = min(a, idm(v, desired, wait + GAP_MIN - 0.5, v, a_max))
    free = _nearest_obstacle(town, life, i)
    if free < 100.0:
        a = min(a, idm(v, desired, free, v, a_max))
        if free < 1.5:
            a = -BRAKE
    return min(max(a, -BRAKE), a_max)
