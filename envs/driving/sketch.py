"""Which block stands in each cell of a town, and where its roads lead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import Segment, offset, reverse
from .blocks import BLOCKS, HALF, INDEX, STOP_AT, Block
from .params import CELL, CELLS, LANE_WIDTH, Control
from .plan import COUNT, FEWEST, MOST, STEP_X, STEP_Y, draw_plan, draws

ATTEMPTS = 200  # plans drawn for a town before giving up; 1 or 2 are usual
ZEBRAS_OF_ROAD = 2  # between junctions
PARKED_STRAIGHTS, ZEBRA_STRAIGHTS = 3, 2  # that every town has
FIELDS = {"houses": 0.45, "shops": 0.15, "park": 0.25, "meadow": 0.15}
STRAIGHTS = {
    "straight": 0.42,
    "straight_parking": 0.2,
    "straight_zebra": 0.08,
    "s_bend": 0.15,
    "bow": 0.15,
}
CURVES = {"curve_wide": 0.5, "curve_tight": 0.5}
"""Shares of the blocks that fit a cell."""
LIGHTS_SHARE = {3: 0.45, 4: 0.65}  # of junctions by their arms; the others are all-way stops
_VARIANT, _CURVE, _CONTROL, _FIELD = 11, 12, 13, 14  # purposes of draws


@dataclass(frozen=True)
class Sketch:
    """What stands in each cell of a town."""

    tiles: NDArray[np.int16]
    """[COUNT] block * 4 + rotation."""
    junctions: list[int]
    """Cell of each junction, ascending."""
    number: dict[int, int]
    """Junction of a cell."""

    def block(self, cell: int) -> Block:
        """Returns the block of a cell."""
        return BLOCKS[self.tiles[cell] // 4]

    def rotation(self, cell: int) -> int:
        """Returns quarter turns of a cell's block."""
        return int(self.tiles[cell] % 4)

    def arms(self, junction: int) -> list[int]:
        """Returns the sides by which roads leave a junction, in the block's order of sockets."""
        cell = self.junctions[junction]
        return [(side + self.rotation(cell)) % 4 for side in self.block(cell).sockets]


def centre(cell: int) -> tuple[float, float]:
    """Returns the middle of a cell [m]."""
    return (cell // CELLS + 0.5) * CELL, (cell % CELLS + 0.5) * CELL


def sketch(town: int) -> Sketch:
    """Returns the blocks of a town, redrawn until its plan has everything a town needs.

    Raises:
      RuntimeError: no plan passed, which does not happen for the towns of the splits.
    """
    for attempt in range(ATTEMPTS):
        masks = draw_plan(town, attempt)
        tiles = _lay(masks, town, attempt)
        if tiles is None:
            continue
        cells = [cell for cell in range(COUNT) if BLOCKS[tiles[cell] // 4].is_junction]
        plan = Sketch(tiles, cells, {cell: i for i, cell in enumerate(cells)})
        if strongly_connected(plan) and _few_zebras(plan):
            return plan
    raise RuntimeError(f"`town` must have a plan that passes; got {town}. Raise ATTEMPTS.")


def _lay(masks: NDArray[np.int64], town: int, attempt: int) -> NDArray[np.int16] | None:
    """Returns the tile of each cell, or None where the plan lacks something."""
    names: list[str] = []
    chance = {
        purpose: draws(COUNT, town, attempt, 0, purpose)
        for purpose in (_VARIANT, _CURVE, _CONTROL, _FIELD)
    }
    straights = [cell for cell in range(COUNT) if masks[cell] in (5, 10)]
    straights.sort(key=lambda cell: chance[_VARIANT][cell])
    rank = {cell: i for i, cell in enumerate(straights)}
    land = chance[_FIELD]
    for cell in range(COUNT):
        mask = int(masks[cell])
        count = mask.bit_count()
        if count == 0:
            names.append(_pick(land[cell], FIELDS))
        elif cell in rank:
            names.append(_straight(rank[cell], chance[_VARIANT][cell]))
        elif count == 2:
            names.append(_pick(chance[_CURVE][cell], CURVES))
        else:
            kind = "tee" if count == 3 else "cross"
            lit = chance[_CONTROL][cell] < LIGHTS_SHARE[count]
            names.append(kind + ("_lights" if lit else "_stop"))
    found = {BLOCKS[INDEX[name]].control for name in names}
    count = sum(BLOCKS[INDEX[name]].is_junction for name in names)
    enough = len(straights) > PARKED_STRAIGHTS + ZEBRA_STRAIGHTS and FEWEST <= count <= MOST
    if not enough or not {Control.LIGHTS, Control.STOP} <= found:
        return None
    return np.array(
        [
            4 * INDEX[name] + _rotation(INDEX[name], int(mask), land[cell])
            for cell, (name, mask) in enumerate(zip(names, masks, strict=True))
        ],
        np.int16,
    )


def _straight(rank: int, chance: float) -> str:
    """Returns the block of a straight cell: the first few of a town are given, the rest drawn."""
    if rank < PARKED_STRAIGHTS:
        return "straight_parking"
    if rank < PARKED_STRAIGHTS + ZEBRA_STRAIGHTS:
        return "straight_zebra"
    share = (chance * 9973.0) % 1.0  # rank has used up the draw's first digits
    return _pick(share, STRAIGHTS)


def _pick(chance: float, shares: dict[str, float]) -> str:
    """Returns the name into whose share of [0, 1) a draw falls."""
    total = 0.0
    for name, share in shares.items():
        total += share
        if chance < total:
            return name
    return name


def _rotation(index: int, mask: int, chance: float) -> int:
    """Returns a number of quarter turns that brings a block's sockets to a cell's open sides."""
    own = BLOCKS[index].mask
    fits = [r for r in range(4) if ((own << r) | (own << r >> 4)) & 15 == mask]
    assert fits, (BLOCKS[index].name, mask)
    return fits[int(chance * 7919.0) % len(fits)]


def _through(plan: Sketch, cell: int, side: int) -> tuple[list[Segment], int]:
    """Returns the centre line of a road cell entered by a side, and the side it leaves by."""
    block, rotation = plan.block(cell), plan.rotation(cell)
    first = (block.entry + rotation) % 4
    other = next(s for s in block.sockets if s != block.entry)
    last = (other + rotation) % 4
    if side == first:
        return list(block.path), last
    assert side == last, (block.name, rotation, side)
    return reverse(block.path), first


def follow_road(
    plan: Sketch, junction: int, arm: int
) -> tuple[list[Segment], list[tuple[int, float]], int, int]:
    """Follows a road from a junction: its lane's path, the cells between and where
    the lane enters each, the junction at its end and the arm there.
    """
    cell, side = plan.junctions[junction], arm
    path: list[Segment] = [(HALF - STOP_AT, 0.0)]
    cells: list[tuple[int, float]] = []
    while True:
        cell = int(cell + STEP_X[side] * CELLS + STEP_Y[side])
        entry = (side + 2) % 4
        if cell in plan.number:
            path.append((HALF - STOP_AT, 0.0))
            return path, cells, plan.number[cell], entry
        piece, side = _through(plan, cell, entry)
        cells.append((cell, sum(length for length, _ in path)))
        path.extend(offset(piece, -LANE_WIDTH / 2.0))


def _few_zebras(plan: Sketch) -> bool:
    """Tells whether no road has more zebras between junctions than a lane can list."""
    for junction in range(len(plan.junctions)):
        for arm in plan.arms(junction):
            cells = [cell for cell, _ in follow_road(plan, junction, arm)[1]]
            if sum(plan.block(cell).zebra for cell in cells) > ZEBRAS_OF_ROAD:
                return False
    return True


def strongly_connected(plan: Sketch) -> bool:
    """Tells whether every lane leads to every other, without U-turns."""
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for junction in range(len(plan.junctions)):
        arms = plan.arms(junction)
        for arm in arms:
            _, _, end, entry = follow_road(plan, junction, arm)
            leaving = [side for side in plan.arms(end) if side != entry]
            after[junction, arm] = [(end, side) for side in leaving]
    before: dict[tuple[int, int], list[tuple[int, int]]] = {lane: [] for lane in after}
    for lane, targets in after.items():
        for target in targets:
            before[target].append(lane)
    start = next(iter(after))
    for graph in (after, before):
        seen, stack = {start}, [start]
        while stack:
            fresh = [lane for lane in graph[stack.pop()] if lane not in seen]
            seen.update(fresh)
            stack.extend(fresh)
        if len(seen) < len(after):
            return False
    return True
