"""Ways through a home: how far every cell is from a goal, and the next cell on the way there.

Distances are in fifths of a cell's side: 5 sideways, 7 along diagonals, which is right within 8 %.
Source: Dial 1969 (buckets in place of a heap); Borgefors 1986 (the weights 5 and 7).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .params import CELL, GRID

SIDE, DIAGONAL = 5, 7
UNIT = CELL / SIDE  # [m] of a distance of 1
UNREACHED = 65535
BUCKETS = 8  # more than a diagonal costs
_DX = np.array([1, -1, 0, 0, 1, 1, -1, -1], np.int64)
_DY = np.array([0, 0, 1, -1, 1, -1, 1, -1], np.int64)

Grid = NDArray[np.uint8]
Field = NDArray[np.uint16]


def make_queue() -> NDArray[np.int32]:
    """Returns scratch for `spread`."""
    return np.zeros((BUCKETS, 4 * GRID * GRID), np.int32)


@njit(cache=True, nogil=True)
def spread(way: Grid, field: Field, queue: Any) -> None:
    """Fills the field with distances over cells where `way` is 1, from all cells that are 0 in it.

    Args:
      way: uint8 [GRID, GRID]. field: uint16 [GRID, GRID], 0 at the goals, UNREACHED elsewhere.
      queue: scratch of `make_queue`.
    """
    sizes = np.zeros(BUCKETS, np.int64)
    for x in range(GRID):
        for y in range(GRID):
            if field[x, y] == 0:
                queue[0, sizes[0]] = x * GRID + y
                sizes[0] += 1
    now, empty = 0, 0
    while empty < BUCKETS:
        bucket = now % BUCKETS
        if sizes[bucket] == 0:
            empty += 1
            now += 1
            continue
        empty = 0
        k = 0
        while k < sizes[bucket]:
            x, y = queue[bucket, k] // GRID, queue[bucket, k] % GRID
            k += 1
            if field[x, y] != now:
                continue  # it was reached on a shorter way
            for d in range(8):
                u, v = x + _DX[d], y + _DY[d]
                if u < 0 or v < 0 or u >= GRID or v >= GRID or way[u, v] == 0:
                    continue
                if d >= 4 and (way[x, v] == 0 or way[u, y] == 0):
                    continue  # round corners, not over them
                further = now + (SIDE if d < 4 else DIAGONAL)
                if further < field[u, v]:
                    field[u, v] = further
                    other = further % BUCKETS
                    queue[other, sizes[other]] = u * GRID + v
                    sizes[other] += 1
        sizes[bucket] = 0
        now += 1


@njit(cache=True, nogil=True)
def descend(field: Field, x: int, y: int) -> tuple[int, int]:
    """Returns the neighbour of a cell that is nearest to the goal; the cell itself at the goal, or
    where no way leads on."""
    best, bx, by = int(field[x, y]), x, y
    for d in range(8):
        u, v = x + _DX[d], y + _DY[d]
        if u < 0 or v < 0 or u >= GRID or v >= GRID or field[u, v] >= best:
            continue
        if d < 4 or (field[x, v] != UNREACHED and field[u, y] != UNREACHED):
            best, bx, by = int(field[u, v]), u, v
    return bx, by
