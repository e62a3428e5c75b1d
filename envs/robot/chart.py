"""The map that the robot draws itself, of lidar, odometry and where its camera looks.

An occupancy grid in odometry's frame, so that it drifts as odometry does. The robot is shown a
piece of it, turned so that ahead is up. Source: Moravec 1985, Elfes 1989 (occupancy grids).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..canvas import kernel, leaf
from .lives import ODO_HEADING, ODO_X, ODO_Y, SPAN, Array, Life
from .params import CELL
from .sensors import RANGE

SIDE = 56  # [px] of what is shown, a cell each, so that it reaches 7 m to each side
CHART = (SIDE, SIDE, 3)
STEP = 0.8 * CELL  # [m] between the points of a ray that are marked
FREE, LOOKED, BEEN = 1, 2, 4  # bits of a cell: a ray passed it; so did the camera's look; was there
ONE, HIT, SURE = 16, 4, 15  # of the count of hits in the upper bits: its unit, a hit's, its most
SEES = 0.25  # of the half turn, to either side, that the camera sees
SHOWN_FREE, SHOWN_LOOKED, SHOWN_BEEN, SHOWN_HIT = 110, 220, 255, 17


def _paints() -> Array:
    """Returns u32[256], red lowest: what is solid; what is free, brighter where the camera looked;
    where it has been; by a cell's bits."""
    found = np.zeros((256, 4), np.uint8)
    cell = np.arange(256)
    found[:, 0] = SHOWN_HIT * (cell // ONE)
    found[cell & FREE > 0, 1] = SHOWN_FREE
    found[cell & LOOKED > 0, 1] = SHOWN_LOOKED
    found[cell & BEEN > 0, 2] = SHOWN_BEEN
    return found.view("<u4")[:, 0].astype(np.uint32)


PAINTS = _paints()


@kernel
def chart(life: Life, ranges: Array) -> None:
    """Marks on the life's map what f32[RAYS] ranges tell, and where the camera looks: between two
    rays as far as the shorter one gets."""
    cells, rays = life.chart, ranges.shape[0]
    x, y, heading = life.body[ODO_X], life.body[ODO_Y], life.body[ODO_HEADING]
    turns_x, turns_y = _turns(x), _turns(y)
    for k in range(2 * rays):
        turn = math.pi * k / rays
        away = float(ranges[k // 2])
        is_between = k % 2 == 1
        if is_between:
            away = min(away, float(ranges[(k // 2 + 1) % rays]))
        marks = FREE | (LOOKED if min(k, 2 * rays - k) <= SEES * rays else 0)
        c, s = math.cos(heading + turn), math.sin(heading + turn)
        far = 0.5 * STEP
        while far < away - 0.5 * CELL:
            u, v = _cell(x + far * c, turns_x), _cell(y + far * s, turns_y)
            cell = cells[u, v]
            cells[u, v] = (cell - ONE if cell >= ONE else cell) | marks
            far += STEP
        if not is_between and away < RANGE:
            u = _cell(x + (away + 0.05) * c, turns_x)
            v = _cell(y + (away + 0.05) * s, turns_y)
            cell = cells[u, v]
            count = min(cell // ONE + HIT, SURE)
            cells[u, v] = (cell % ONE) | (count * ONE) | (marks & LOOKED)
    cells[_cell(x, turns_x), _cell(y, turns_y)] |= BEEN


@kernel
def is_charted(life: Life) -> bool:
    """Returns whether what is sensed now is on the map already."""
    x, y = life.body[ODO_X], life.body[ODO_Y]
    return bool(life.chart[_cell(x, _turns(x)), _cell(y, _turns(y))] & BEEN)


@kernel
def _turns(place: float) -> int:
    """Returns the first cell of that round of the grid in which a place lies: the grid goes round,
    and no home is so wide."""
    return math.floor(place / CELL) // SPAN * SPAN


@leaf
def _cell(place: float, turns: int) -> int:
    """Returns the row or column of a place less than SPAN cells from one of these `_turns`."""
    at = int(np.int32(np.floor(place / CELL))) - turns
    at += SPAN if at < 0 else 0
    return at - (SPAN if at >= SPAN else 0)


@njit(cache=True, nogil=True)
def show(life: Life, shown: Array) -> None:
    """Fills u8[SIDE, SIDE, 3] with the map about the robot, ahead up, in colours of `PAINTS`."""
    _show(life, shown, np.zeros(SIDE, np.uint64))


@kernel
def _show(life: Life, shown: Array, places: Array) -> None:
    """The same; places: u64[SIDE], scratch; unsigned, as numba looks for negative ones else."""
    cells = life.chart.reshape(-1)
    x, y, heading = life.body[ODO_X], life.body[ODO_Y], life.body[ODO_HEADING]
    turns_x, turns_y = _turns(x), _turns(y)
    c, s = CELL * math.cos(heading), CELL * math.sin(heading)
    middle = 0.5 * (SIDE - 1)
    for i in range(SIDE):
        px, py = x + (middle - i) * c, y + (middle - i) * s
        for j in range(SIDE):  # by itself, so that it is compiled to vectors
            left = middle - j
            places[j] = _cell(px - left * s, turns_x) * SPAN + _cell(py + left * c, turns_y)
        words = shown[i].reshape(-1).view(np.uint32)
        for k in range(SIDE // 4):  # four pixels are three words
            at = 4 * k
            one, two = PAINTS[cells[places[at]]], PAINTS[cells[places[at + 1]]]
            three, four = PAINTS[cells[places[at + 2]]], PAINTS[cells[places[at + 3]]]
            words[3 * k] = one | (two << np.uint32(24))
            words[3 * k + 1] = (two >> np.uint32(8)) | (three << np.uint32(16))
            words[3 * k + 2] = (three >> np.uint32(16)) | (four << np.uint32(8))


@njit(cache=True, nogil=True)
def show_all(lives: Array, lanes: Array, shown: Array) -> None:
    """Fills u8[B, SIDE, SIDE, 3] in these lanes."""
    places = np.zeros(SIDE, np.uint64)
    for b in lanes:
        _show(lives[b], shown[b], places)
