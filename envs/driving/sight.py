"""What the ego's sensors see: an actor or sign inside a field of view, with nothing before it.

The straight line to it must be free of buildings and of nearer vehicles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .lives import (
    HEADING,
    INDEX,
    LIMIT_KNOWN,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_SEEN,
    V_X,
    V_Y,
    W_MODE,
    W_SEEN,
    W_X,
    W_Y,
    Life,
    Mode,
    X,
    Y,
)
from .notes import REACH
from .params import CELL, CELLS
from .road import Town
from .survey import HALF_LENGTH, HALF_WIDTH

SEEN_FOR = 10  # decisions that an actor is remembered after it was last seen
SIGN_RANGE = 75.0  # [m] from which a lamp is at least three pixels and in view
LIMIT_RANGE = 24.0  # [m] from which a limit sign can be read
WALKER_RANGE = 50.0  # [m]
MODE_ABSENT = Mode.ABSENT


@njit(cache=True, nogil=True)
def _segment_meets_box(
    ax: float, ay: float, bx: float, by: float, x: float, y: float, h: float, hl: float, hw: float
) -> bool:
    """Returns whether the segment a-b passes through an oriented box."""
    c, s = np.cos(h), np.sin(h)
    px, py = c * (ax - x) + s * (ay - y), -s * (ax - x) + c * (ay - y)
    dx, dy = c * (bx - ax) + s * (by - ay), -s * (bx - ax) + c * (by - ay)
    low, high = 0.0, 1.0
    for p, d, half in ((px, dx, hl), (py, dy, hw)):
        if abs(d) < 1e-6:
            if abs(p) > half:
                return False
            continue
        t0, t1 = (-half - p) / d, (half - p) / d
        if t0 > t1:
            t0, t1 = t1, t0
        low, high = max(low, t0), min(high, t1)
        if low > high:
            return False
    return True


@njit(cache=True, nogil=True)
def _behind_building(town: Town, ax: float, ay: float, bx: float, by: float) -> bool:
    """Returns whether a building stands on the segment a-b."""
    x0, x1 = int(min(ax, bx) // CELL), int(max(ax, bx) // CELL)
    y0, y1 = int(min(ay, by) // CELL), int(max(ay, by) // CELL)
    for cx in range(max(x0, 0), min(x1 + 1, CELLS)):
        for cy in range(max(y0, 0), min(y1 + 1, CELLS)):
            cell = cx * CELLS + cy
            for k in range(town.building_first[cell], town.building_first[cell + 1]):
                u = town.buildings[k]
                if _segment_meets_box(ax, ay, bx, by, u[0], u[1], u[2], u[3], u[4]):
                    return True
    return False


@njit(cache=True, nogil=True)
def _in_view(life: Life, x: float, y: float, fields: tuple[Any, ...]) -> bool:
    """Returns whether a point is inside a field of view.

    Args:
      fields: tangents of half the front camera's and of half the mirror's width; a negative
        front tangent sees all around (radar).
    """
    h = life.ego[HEADING]
    dx, dy = x - life.ego[X], y - life.ego[Y]
    c, s = np.cos(h), np.sin(h)
    ahead, left = c * dx + s * dy, -s * dx + c * dy
    if fields[0] < 0.0:
        return True
    if ahead > 0.0:
        return abs(left) <= fields[0] * ahead
    return abs(left) <= -fields[1] * ahead


@njit(cache=True, nogil=True)
def _hidden_by_vehicle(life: Life, who: int, x: float, y: float) -> bool:
    """Returns whether a nearer vehicle stands between the ego's camera and a point."""
    ex, ey = life.ego[X], life.ego[Y]
    far = (x - ex) ** 2 + (y - ey) ** 2
    for k in range(life.vehicles):
        if k == who or life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        vx, vy = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        d2 = (vx - ex) ** 2 + (vy - ey) ** 2
        if d2 >= far or d2 > 40.0**2:
            continue
        kind = life.vehicle_flag[k, V_KIND]
        h = life.vehicle[k, V_HEADING]
        # A little is left at the edges: one sees the rest of the actor past them.
        if _segment_meets_box(
            ex, ey, x, y, vx, vy, h, 0.8 * HALF_LENGTH[kind], 0.8 * HALF_WIDTH[kind]
        ):
            return True
    return False


@njit(cache=True, nogil=True)
def look(town: Town, life: Life, fields: tuple[Any, ...]) -> None:
    """Notes which actors the ego's sensors see now."""
    now = life.step
    ex, ey = life.ego[X], life.ego[Y]
    for k in range(life.vehicles):
        if life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        x, y = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        if (x - ex) ** 2 + (y - ey) ** 2 > REACH**2 or not _in_view(life, x, y, fields):
            continue
        hidden = _hidden_by_vehicle(life, k, x, y) or _behind_building(town, ex, ey, x, y)
        if not hidden:
            life.vehicle_flag[k, V_SEEN] = now
    for k in range(life.walkers):
        if life.walker_flag[k, W_MODE] == MODE_ABSENT:
            continue
        x, y = life.walker[k, W_X], life.walker[k, W_Y]
        if (x - ex) ** 2 + (y - ey) ** 2 > WALKER_RANGE**2 or not _in_view(life, x, y, fields):
            continue
        hidden = _hidden_by_vehicle(life, -1, x, y) or _behind_building(town, ex, ey, x, y)
        if not hidden:
            life.walker_flag[k, W_SEEN] = now
    for k in range(life.parked_cars):
        place = life.parked[k]
        if place < 0:
            continue
        x, y = town.parking_xyh[place, 0], town.parking_xyh[place, 1]
        if (x - ex) ** 2 + (y - ey) ** 2 < 35.0**2 and _in_view(life, x, y, fields):
            life.parked_seen[k] = now


@njit(cache=True, nogil=True)
def look_at_signs(town: Town, life: Life, fields: tuple[Any, ...]) -> None:
    """Notes whether the sign or light at the next line, and the limit sign, are seen now."""
    ex, ey = life.ego[X], life.ego[Y]
    lane = life.route_lane[life.flag[INDEX]]
    if town.lane_slot[lane] >= 0:  # in a junction: the road that follows
        lane = life.route_lane[life.flag[INDEX] + 1]
        if lane < 0:
            return
    for which in range(2):
        sign = town.lane_sign[lane] if which == 0 else town.lane_limit_sign[lane]
        reach = SIGN_RANGE if which == 0 else LIMIT_RANGE
        if sign < 0 or life.static_off[sign] == 1:
            continue
        x, y = town.statics[sign, 0], town.statics[sign, 1]
        front = (fields[0], 0.0)  # nobody reads signs in the mirror
        if (x - ex) ** 2 + (y - ey) ** 2 > reach * reach or not _in_view(life, x, y, front):
            continue
        facing = town.statics[sign, 2]
        if np.cos(facing) * (ex - x) + np.sin(facing) * (ey - y) < 0.0:
            continue
        if _behind_building(town, ex, ey, x, y):
            continue
        if which == 0:
            life.sign_seen = life.step
        else:
            limit = life.limit_set[lane]
            life.seen_limit = limit if limit > 0.0 else town.lane_limit[lane]
            life.flag[LIMIT_KNOWN] = 1
