"""The map that the robot draws itself: of lidar, odometry and where its camera looked, nothing else.

An occupancy grid in odometry's frame, so that it drifts as odometry does. The robot is shown a
piece of it, turned so that ahead is up. Source: Moravec 1985, Elfes 1989 (occupancy grids).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .lives import ODO_HEADING, ODO_X, ODO_Y, SPAN, Array, Life
from .params import CELL
from .sensors import RANGE

SIDE = 56  # [px] of what is shown, a cell each, so that it reaches 7 m to each side
CHART = (SIDE, SIDE, 3)
STEP = 0.8 * CELL  # [m] between the points of a ray that are marked
FREE, LOOKED, BEEN = 1, 2, 4  # bits of a cell: a ray passed it; so did the camera's look; was there
ONE, HIT, SURE = 16, 4, 15  # of the count of hits in the upper bits: its unit, a hit's, its most
VIEW = 0.25 * np.pi  # [rad] to either side that the camera sees
SHOWN_FREE, SHOWN_LOOKED, SHOWN_BEEN, SHOWN_HIT = 110, 220, 255, 17


@njit(cache=True, nogil=True)
def chart(life: Life, ranges: Array) -> None:
    """Marks on the life's map what f32[RAYS] ranges tell, and what the camera looks at: between two
    rays as far as the shorter one gets."""
    cells, rays = life.chart, ranges.shape[0]
    x, y, heading = life.body[ODO_X], life.body[ODO_Y], life.body[ODO_HEADING]
    for k in range(2 * rays):
        turn = math.pi * k / rays
        away = float(ranges[k // 2])
        is_between = k % 2 == 1
        if is_between:
            away = min(away, float(ranges[(k // 2 + 1) % rays]))
        marks = FREE | (LOOKED if math.cos(turn) >= math.cos(VIEW) - 1e-6 else 0)
        c, s = math.cos(heading + turn), math.sin(heading + turn)
        far = 0.5 * STEP
        while far < away - 0.5 * CELL:
            u, v = _cell(x + far * c), _cell(y + far * s)
            cell = cells[u, v]
            cells[u, v] = (cell - ONE if cell >= ONE else cell) | marks
            far += STEP
        if not is_between and away < RANGE:
            u, v = _cell(x + (away + 0.05) * c), _cell(y + (away + 0.05) * s)
            cell = cells[u, v]
            count = min(cell // ONE + HIT, SURE)
            cells[u, v] = (cell % ONE) | (count * ONE) | (marks & LOOKED)
    cells[_cell(x), _cell(y)] |= BEEN


@njit(cache=True, nogil=True)
def _cell(place: float) -> int:
    """Returns the row or column of a place; the grid goes round, and no home is so wide."""
    return int(math.floor(place / CELL)) % SPAN


@njit(cache=True, nogil=True)
def show(life: Life, shown: Array) -> None:
    """Fills u8[SIDE, SIDE, 3] with the map about the robot, ahead up: what is solid; what is free,
    brighter where the camera looked; where it has been."""
    cells = life.chart
    x, y, heading = life.body[ODO_X], life.body[ODO_Y], life.body[ODO_HEADING]
    c, s = CELL * math.cos(heading), CELL * math.sin(heading)
    middle = 0.5 * (SIDE - 1)
    for i in range(SIDE):
        ahead = middle - i
        for j in range(SIDE):
            left = middle - j
            cell = cells[_cell(x + ahead * c - left * s), _cell(y + ahead * s + left * c)]
            row = shown[i, j]
            row[0] = SHOWN_HIT * (cell // ONE)
            row[1] = SHOWN_LOOKED if cell & LOOKED else (SHOWN_FREE if cell & FREE else 0)
            row[2] = SHOWN_BEEN if cell & BEEN else 0


@njit(cache=True, nogil=True)
def show_all(lives: Array, lanes: Array, shown: Array) -> None:
    """Fills u8[B, SIDE, SIDE, 3] in these lanes."""
    for b in lanes:
        show(lives[b], shown[b])
