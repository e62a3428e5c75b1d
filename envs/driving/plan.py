"""The lattice of a town: which cells its roads join.

A plan is a mask for each cell: bit k is set where a road leaves the cell by side k (0 east,
1 north, 2 west, 3 south). Starting from the full lattice, roads are taken away in a random order
as long as what is left is 2-edge-connected, so that there are no dead ends and no bridge whose
closure would cut the town in two.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .. import rng
from .params import CELLS

COUNT = CELLS * CELLS
STEP_X = np.array([1, 0, -1, 0])
STEP_Y = np.array([0, 1, 0, -1])


@njit(cache=True, nogil=True)
def draws(count: int, town: int, attempt: int, entity: int, purpose: int) -> NDArray[np.float64]:
    """Returns `count` numbers in [0, 1) that depend on nothing but the arguments."""
    out = np.empty(count)
    for i in range(count):
        out[i] = rng.uniform(town, attempt, i, entity, purpose)
    return out


@njit(cache=True, nogil=True)
def neighbour(cell: int, side: int) -> int:
    """Returns the cell (ix * CELLS + iy) beyond a side; the caller knows that there is one."""
    return int(cell + STEP_X[side] * CELLS + STEP_Y[side])


@njit(cache=True, nogil=True)
def degree(mask: int) -> int:
    """Returns how many sides of a mask are open."""
    return (mask & 1) + (mask >> 1 & 1) + (mask >> 2 & 1) + (mask >> 3 & 1)


@njit(cache=True, nogil=True)
def full_lattice() -> NDArray[np.int64]:
    """Returns the masks [COUNT] of a town in which every two neighbours are joined."""
    masks = np.zeros(COUNT, np.int64)
    for cell in range(COUNT):
        for side in range(4):
            x, y = cell // CELLS + STEP_X[side], cell % CELLS + STEP_Y[side]
            if 0 <= x < CELLS and 0 <= y < CELLS:
                masks[cell] |= 1 << side
    return masks


@njit(cache=True, nogil=True)
def _cut(masks: NDArray[np.int64], cell: int, side: int) -> int:
    """Takes away the road leaving `cell` by `side` up to the next junction; returns that cell."""
    while True:
        masks[cell] &= ~(1 << side)
        cell = neighbour(cell, side)
        masks[cell] &= ~(1 << ((side + 2) % 4))
        if degree(masks[cell]) != 1:
            return cell
        side = 0
        while not masks[cell] >> side & 1:
            side += 1


@njit(cache=True, nogil=True)
def _two_ways(masks: NDArray[np.int64], start: int, goal: int) -> bool:
    """Tells whether two paths without a common road join two cells (two augmenting searches)."""
    flow = np.zeros((COUNT, 4), np.int64)
    queue = np.empty(COUNT, np.int64)
    for _ in range(2):
        by = np.full(COUNT, -1, np.int64)  # side through which the search left for this cell
        queue[0], head, tail = start, 0, 1
        by[start] = 4
        while head < tail and by[goal] < 0:
            cell = queue[head]
            head += 1
            for side in range(4):
                if masks[cell] >> side & 1 and flow[cell, side] < 1:
                    beyond = neighbour(cell, side)
                    if by[beyond] < 0:
                        by[beyond] = side
                        queue[tail] = beyond
                        tail += 1
        if by[goal] < 0:
            return False
        cell = goal
        while cell != start:
            side = by[cell]
            back = (side + 2) % 4
            flow[cell, back] -= 1
            cell = neighbour(cell, back)
            flow[cell, side] += 1
    return True


@njit(cache=True, nogil=True)
def thin(order: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """Returns the masks left when roads are taken away until few junctions are left.

    Args:
      order: every (cell * 4 + side) in the order in which they are tried, int64 [COUNT * 4].
      wanted: number of junctions at which to stop.
    """
    masks = full_lattice()
    for link in order:
        count = 0
        for cell in range(COUNT):
            count += degree(masks[cell]) > 2
        if count <= wanted:
            break
        cell, side = link // 4, link % 4
        if not masks[cell] >> side & 1 or degree(masks[cell]) < 3:
            continue
        trial = masks.copy()
        end = _cut(trial, cell, side)
        open_ends = degree(trial[cell]) >= 2 and degree(trial[end]) >= 2
        if open_ends and (cell == end or _two_ways(trial, cell, end)):
            masks = trial
    return masks


CANDIDATES = 6  # plans drawn for one town; the one with most straight roads is taken
FEWEST, MOST = 10, 24  # junctions of a town
_ORDER, _LINE, _WANTED = 1, 2, 3  # purposes of draws


def draw_plan(town: int, attempt: int) -> NDArray[np.int64]:
    """Returns the masks [COUNT] of a town's lattice; the same for the same arguments.

    Links of one row or column share a part of their rank, so that whole streets survive and
    roads run straight for a while.
    """
    wanted = FEWEST + int(draws(1, town, attempt, 0, _WANTED)[0] * (MOST - FEWEST - 1))
    cell, side = np.repeat(np.arange(COUNT), 4), np.tile(np.arange(4), COUNT)
    line = np.where(side % 2 == 0, cell % CELLS, CELLS + cell // CELLS)
    best, most = np.zeros(COUNT, np.int64), -1
    for entity in range(CANDIDATES):
        rank = draws(4 * COUNT, town, attempt, entity, _ORDER)
        rank += draws(2 * CELLS, town, attempt, entity, _LINE)[line]
        masks = thin(np.argsort(rank), wanted)
        straights = int(np.sum((masks == 5) | (masks == 10)))
        if straights > most:
            best, most = masks, straights
    return best
