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
_ONE, _ROW = np.uint64(1), np.uint64(GRID)  # unsigned, as numba looks for negative places else

Grid = NDArray[np.uint8]
Field = NDArray[np.uint16]


def make_queue() -> NDArray[np.int32]:
    """Returns scratch for `spread`: buckets of cells, each after their number."""
    return np.zeros((BUCKETS, 1 + 4 * GRID * GRID), np.int32)


@leaf
def _reach(far: Any, bucket: Any, count: int, q: Any, now: int, is_way: Any) -> int:
    """Queues a cell if it is a way, and reached on a shorter one than before; returns how many the
    bucket holds. Whether it is can't be guessed, so nothing branches on it."""
    before = far[q]
    is_nearer = is_way & (now < before)
    far[q] = now if is_nearer else before
    bucket[np.uint64(count + 1)] = q  # the next one overwrites it where it doesn't count
    return count + is_nearer


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
    for block in range(fours.size // 8):
        goals = _NO_GOAL
        for k in range(8):
            goals &= fours[8 * block + k]
        if goals != _NO_GOAL:
            for goal in range(32 * block, 32 * block + 32):
                if far[goal] == 0:
                    queue[0, 0] += 1
                    queue[0, queue[0, 0]] = goal
    now, empty, last = 0, 0, UNREACHED
    while empty < BUCKETS:
        if last == UNREACHED and far[here] <= now:  # it won't become less
            last = min(now + further, UNREACHED)
        if now >= last:
            return now
        bucket = queue[now & (BUCKETS - 1)]
        empty = empty + 1 if bucket[0] == 0 else 0
        side, diagonal = now + SIDE, now + DIAGONAL
        beside, across = queue[side & (BUCKETS - 1)], queue[diagonal & (BUCKETS - 1)]
        sides, diagonals = beside[0], across[0]
        for k in range(1, bucket[0] + 1):
            p = np.uint64(bucket[k])
            if far[p] != now:
                continue  # it was reached on a shorter way
            up, down = ways[p + _ONE] != 0, ways[p - _ONE] != 0
            sides = _reach(far, beside, sides, p + _ONE, side, up)
            sides = _reach(far, beside, sides, p - _ONE, side, down)
            for q in (p - _ROW, p + _ROW):
                is_way = ways[q] != 0
                sides = _reach(far, beside, sides, q, side, is_way)
                is_up = up & is_way & (ways[q + _ONE] != 0)  # round corners, not over them
                is_down = down & is_way & (ways[q - _ONE] != 0)
                diagonals = _reach(far, across, diagonals, q + _ONE, diagonal, is_up)
                diagonals = _reach(far, across, diagonals, q - _ONE, diagonal, is_down)
        beside[0], across[0], bucket[0] = sides, diagonals, 0
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
