"""Ways through a home: how far every cell is from a goal, and the next cell on the way there.

Distances are in fifths of a cell's side: 5 sideways, 7 along diagonals, which is right within 8 %.
Source: Dial 1969 (buckets in place of a heap); Borgefors 1986 (the weights 5 and 7).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..canvas import kernel, leaf
from .params import CELL, GRID

SIDE, DIAGONAL = 5, 7
UNIT = CELL / SIDE  # [m] of a distance of 1
UNREACHED = 65535
BUCKETS = 8  # more than a diagonal costs; a power of two
_DX = np.array([1, -1, 0, 0, 1, 1, -1, -1], np.int64)
_DY = np.array([0, 0, 1, -1, 1, -1, 1, -1], np.int64)
_NO_GOAL = np.uint64(0xFFFFFFFFFFFFFFFF)  # four cells that are UNREACHED

Grid = NDArray[np.uint8]
Field = NDArray[np.uint16]


def make_queue() -> NDArray[np.int32]:
    """Returns scratch for `spread`: buckets of cells, each after their number."""
    return np.zeros((BUCKETS, 1 + 4 * GRID * GRID), np.int32)


@leaf
def _reach(far: Any, queue: Any, q: int, now: int) -> None:
    """Queues a cell that is reached on a shorter way than before."""
    if now < far[q]:
        far[q] = now
        bucket = now & (BUCKETS - 1)
        size = queue[bucket, 0] + 1
        queue[bucket, 0] = size
        queue[bucket, size] = q


@kernel
def spread_to(way: Grid, field: Field, queue: Any, here: int, further: int) -> int:
    """Fills a field as `spread` does, but only until it reaches a cell, and `further` beyond it.

    Args:
      here: the cell, x * GRID + y. further: distance; UNREACHED: the whole field is filled.
    Returns:
      How far the field is filled: a distance in it that is no greater is right, and its neighbours
      have one too where it is less; UNREACHED: the whole field is.
    """
    ways, far = way.reshape(-1), field.reshape(-1)
    queue[:, 0] = 0
    fours = far.view(np.uint64)
    for four in range(fours.size):
        if fours[four] != _NO_GOAL:
            for p in range(4 * four, 4 * four + 4):
                if far[p] == 0:
                    queue[0, 0] += 1
                    queue[0, queue[0, 0]] = p
    now, empty, last = 0, 0, UNREACHED
    while empty < BUCKETS:
        if last == UNREACHED and far[here] <= now:  # it won't become less
            last = min(now + further, UNREACHED)
        if now >= last:
            return now
        bucket = now & (BUCKETS - 1)
        empty = empty + 1 if queue[bucket, 0] == 0 else 0
        side, diagonal = now + SIDE, now + DIAGONAL
        k = 0
        while k < queue[bucket, 0]:
            k += 1
            p = int(queue[bucket, k])
            if far[p] != now:
                continue  # it was reached on a shorter way
            up, down = ways[p + 1] != 0, ways[p - 1] != 0
            if up:
                _reach(far, queue, p + 1, side)
            if down:
                _reach(far, queue, p - 1, side)
            for q in range(p - GRID, p + GRID + 1, 2 * GRID):
                if ways[q] != 0:
                    _reach(far, queue, q, side)
                    if up and ways[q + 1] != 0:  # round corners, not over them
                        _reach(far, queue, q + 1, diagonal)
                    if down and ways[q - 1] != 0:
                        _reach(far, queue, q - 1, diagonal)
        queue[bucket, 0] = 0
        now += 1
    return UNREACHED


@kernel
def spread(way: Grid, field: Field, queue: Any) -> None:
    """Fills the field with distances over cells where `way` is 1, from all cells that are 0 in it.

    Args:
      way: uint8 [GRID, GRID], 0 along its border. field: uint16 [GRID, GRID], 0 at the goals,
        UNREACHED elsewhere.
      queue: scratch of `make_queue`.
    """
    spread_to(way, field, queue, 0, UNREACHED)


@kernel
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
