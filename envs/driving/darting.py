"""People who step onto the road away from zebras, ahead of the ego, whoever comes.

Somebody who is out of sight stands at the kerb then, as out of a door, and walks straight across;
three in ten halt in the middle for some seconds. A car in the way makes them turn round.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .lives import (
    COUNT,
    DT,
    INDEX,
    ROUTE_S,
    SPEED,
    W_ACROSS,
    W_DIRECTION,
    W_EDGE,
    W_HEADING,
    W_MODE,
    W_MOVING,
    W_S,
    W_SEEN,
    W_SINCE,
    W_SPEED,
    W_X,
    W_Y,
    Life,
    Mode,
    X,
    Y,
)
from .road import Town, lane_pose

MODE_WALKING, MODE_DARTING = Mode.TRAFFIC, Mode.DARTING
OUT_OF_SIGHT = 60.0  # [m] from the ego, from which somebody may come out of a door elsewhere
FROM_JUNCTION = 10.0  # [m] of road on either side, where nobody comes out
STREET = 12.0  # [m] farthest that a pavement is from the middle of a lane
BRAKING, REACTION = 4.0, 1.0  # [m/s2], [s] with which the ego can still stop
HALTS = 0.3  # part of them who stand still in the middle

(DRAW_DART, DRAW_WHO, DRAW_WAY_AHEAD, DRAW_KERB, DRAW_HALT) = range(30, 35)


@njit(cache=True, nogil=True)
def _pavement(
    town: Town, x: float, y: float, h: float, side: int
) -> tuple[Any, ...]:
    """Returns the pavement nearest to a point: its edge (-1: none near), arc position, x and y.

    Args:
      h: heading of the road; side: 1 left of it, -1 right, 0 either.
    """
    best, nearest, at, px, py = -1, STREET, 0.0, 0.0, 0.0
    for edge in range(town.walk_count):
        if town.walk_crossing[edge] >= 0:
            continue
        x0, y0 = town.walk_xy[edge, 0], town.walk_xy[edge, 1]
        length = max(town.walk_length[edge], 0.01)
        dx, dy = (town.walk_xy[edge, 2] - x0) / length, (town.walk_xy[edge, 3] - y0) / length
        s = min(max((x - x0) * dx + (y - y0) * dy, 0.0), length)
        qx, qy = x0 + s * dx, y0 + s * dy
        way = np.hypot(qx - x, qy - y)
        left = -np.sin(h) * (qx - x) + np.cos(h) * (qy - y)
        if way < nearest and left * side >= 0.0:
            best, nearest, at, px, py = edge, way, s, qx, qy
    return best, at, px, py


@njit(cache=True, nogil=True)
def _ahead(town: Town, life: Life, way: float) -> tuple[Any, ...]:
    """Returns whether the route is an open road `way` metres on, and x, y, heading there."""
    index, s = life.flag[INDEX], life.route[ROUTE_S] + way
    while index < life.flag[COUNT] and s > town.lane_length[life.route_lane[index]]:
        s -= town.lane_length[life.route_lane[index]]
        index += 1
    if index >= life.flag[COUNT]:
        return False, 0.0, 0.0, 0.0
    lane = life.route_lane[index]
    rest = town.lane_length[lane] - s
    if town.lane_slot[lane] >= 0 or s < FROM_JUNCTION or rest < FROM_JUNCTION:
        return False, 0.0, 0.0, 0.0
    x, y, h, _ = lane_pose(town, lane, s)
    for k in range(life.parked_cars):
        place = life.parked[k]
        if place >= 0:
            dx, dy = town.parking_xyh[place, 0] - x, town.parking_xyh[place, 1] - y
            if abs(dx) + abs(dy) < STREET and abs(np.cos(h) * dx + np.sin(h) * dy) < 3.0:
                return False, 0.0, 0.0, 0.0
    return True, x, y, h


@njit(cache=True, nogil=True)
def _somebody(town: Town, life: Life) -> int:
    """Returns a walker on a pavement out of the ego's sight, -1: none."""
    first = integer(life.walkers, life.seed, life.episode, life.clock, 0, DRAW_WHO)
    for k in range(life.walkers):
        i = (first + k) % life.walkers
        dx, dy = life.walker[i, W_X] - life.ego[X], life.walker[i, W_Y] - life.ego[Y]
        if (
            life.walker_flag[i, W_MODE] == MODE_WALKING
            and town.walk_crossing[life.walker_flag[i, W_EDGE]] < 0
            and dx * dx + dy * dy > OUT_OF_SIGHT**2
        ):
            return i
    return -1


@njit(cache=True, nogil=True)
def dart(town: Town, life: Life) -> None:
    """Lets somebody step onto the road ahead of the ego, if it is time."""
    seed, episode, now = life.seed, life.episode, life.clock
    v = life.ego[SPEED]
    if v < 1.0 or uniform(seed, episode, now, 0, DRAW_DART) >= life.darting * DT / 60.0:
        return
    spare = 5.0 + 20.0 * uniform(seed, episode, now, 0, DRAW_WAY_AHEAD)
    is_open, x, y, h = _ahead(town, life, v * v / (2.0 * BRAKING) + v * REACTION + spare)
    i = _somebody(town, life)
    if not is_open or i < 0:
        return
    side = 1 if uniform(seed, episode, now, 0, DRAW_KERB) < 0.5 else -1
    edge, _, x0, y0 = _pavement(town, x, y, h, side)
    beyond, _, x1, y1 = _pavement(town, x, y, h, -side)
    if edge < 0 or beyond < 0:
        return
    flags = life.walker_flag[i]
    across = np.hypot(x1 - x0, y1 - y0)
    halt = uniform(seed, episode, now, 0, DRAW_HALT)
    flags[W_MODE], flags[W_EDGE], flags[W_SEEN] = MODE_DARTING, edge, -1000
    flags[W_SINCE] = 0
    if halt < HALTS:  # until when it stands in the middle, 2 to 8 s
        rest = 2.0 + 6.0 * halt / HALTS
        flags[W_SINCE] = now + int((0.5 * across / life.walker[i, W_SPEED] + rest) / DT)
    life.walker[i, W_X], life.walker[i, W_Y] = x0, y0
    life.walker[i, W_HEADING] = np.arctan2(y1 - y0, x1 - x0)
    life.walker[i, W_S], life.walker[i, W_ACROSS] = 0.0, across


@njit(cache=True, nogil=True)
def turn_round(life: Life, i: int) -> None:
    """Turns walker i, who is on the road, back to where it came from."""
    life.walker[i, W_HEADING] += np.pi
    life.walker[i, W_S] = life.walker[i, W_ACROSS] - life.walker[i, W_S]


@njit(cache=True, nogil=True)
def cross(town: Town, life: Life, i: int) -> bool:
    """Moves walker i, whose way is free, by DT over the road; returns whether it has crossed."""
    row, flags = life.walker[i], life.walker_flag[i]
    if life.clock < flags[W_SINCE] and row[W_S] >= 0.5 * row[W_ACROSS]:
        return False
    flags[W_MOVING] = 1
    row[W_S] += row[W_SPEED] * DT
    row[W_X] += row[W_SPEED] * np.cos(row[W_HEADING]) * DT
    row[W_Y] += row[W_SPEED] * np.sin(row[W_HEADING]) * DT
    if row[W_S] < row[W_ACROSS]:
        return False
    edge, at, _, _ = _pavement(town, row[W_X], row[W_Y], 0.0, 0)
    flags[W_MODE], flags[W_EDGE], flags[W_DIRECTION] = MODE_WALKING, edge, 0
    row[W_S] = at
    return True
