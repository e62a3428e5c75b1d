"""What stands beside the roads of a block: rows of buildings, trees, hedges and lamp posts.

Every block has a few layouts, made once; a town draws one for each cell. Buildings stand along
frontages, lines at the outer edge of a pavement with the road on their right, and are kept off
pavements, roads, one another and the cell's sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..geometry import (
    Array,
    Segment,
    corners,
    distance_to_boxes,
    from_frame,
    gap,
    offset,
    reverse,
    trace,
    turn,
)
from .blocks import (
    BAY_LENGTH,
    BAY_WIDTH,
    BLOCKS,
    HALF,
    ROAD_EDGE,
    WALK_EDGE,
    Block,
    bays,
    centre_line,
    entry_pose,
    walks,
)
from .params import Static
from .plan import draws

LAYOUTS = 8  # of each block
MARGIN = 0.6  # [m] between a building and the side of its cell
CLEARANCE = 1.3 + 1.5  # [m] between a building and a line that people walk, half of it pavement
BETWEEN = 1.0  # [m] between buildings at least
ACROSS = (-ROAD_EDGE, -ROAD_EDGE / 2.0, 0.0, ROAD_EDGE / 2.0, ROAD_EDGE)
"""Lines along a road that nothing grows on, from its centre line [m]."""
_ROW = 31  # purpose of draws


PLANTS = {"park": (26, 10), "meadow": (8, 8), "houses": (10, 9), "shops": (5, 4)}
PLANTS_OF_ROADS = (10, 9)
"""Trees and bushes strewn over a cell, before those without room are left out."""
Between = Callable[[float, float], float]
"""Draws the next number between two."""
Thing = tuple[float, float, float, float, float, float]
"""A row of `road.Towns.statics`."""


@dataclass(frozen=True)
class Character:
    """A way of building along a street; pairs are ranges [m]."""

    style: int
    """Column `style` of `road.Towns.buildings`: 0 house, 1 terrace, 2 block of flats, 3 shop."""
    width: tuple[float, float]
    """Along the road."""
    depth: tuple[float, float]
    setback: tuple[float, float]
    """Behind the pavement."""
    space: tuple[float, float]
    """Between buildings."""
    height: tuple[float, float]


CHARACTERS = (
    Character(0, (8.0, 13.0), (8.0, 10.0), (4.0, 8.0), (3.0, 9.0), (4.5, 7.0)),
    Character(1, (7.0, 10.0), (9.0, 11.0), (3.0, 4.0), (1.0, 3.5), (6.5, 9.5)),
    Character(2, (13.0, 20.0), (10.0, 13.0), (3.5, 7.0), (3.0, 8.0), (10.0, 19.0)),
    Character(3, (10.0, 17.0), (10.0, 14.0), (3.0, 5.0), (2.0, 6.0), (4.0, 6.0)),
)


@dataclass(frozen=True)
class Frontage:
    """A line with a road on its right and room for buildings on its left."""

    start: tuple[float, float, float]
    path: tuple[Segment, ...]
    lamps: tuple[float, ...] = ()
    """Arc positions of lamp posts [m]."""

    @property
    def length(self) -> float:
        """[m]."""
        return sum(length for length, _ in self.path)

    def at(self, s: float, left: float) -> tuple[float, float, float]:
        """Returns the pose beside the line, `left` of it, along it."""
        x, y, heading, _ = trace(self.start, self.path, np.array([s]))[0]
        return x - left * math.sin(heading), y + left * math.cos(heading), heading


@dataclass(frozen=True)
class Layout:
    """What stands in a cell, from its centre."""

    buildings: Array
    """[N, 8] as in `road.Towns.buildings`."""
    statics: Array
    """[M, 6] as in `road.Towns.statics`."""


def frontages(block: Block) -> list[Frontage]:
    """Returns the lines along which a block's buildings stand."""
    if not block.sockets:
        sides = {"houses": (0, 1, 2, 3), "shops": (0, 2)}.get(block.name, ())
        return [_cell_side(side) for side in sides]
    if block.is_junction:
        return [line for side in range(4) for line in _arm(block, side)]
    out = WALK_EDGE + (BAY_WIDTH if block.bays else 0.0)
    x, y, heading = entry_pose(block.entry)
    length = sum(piece for piece, _ in block.path)
    far = trace((x, y, heading), block.path, np.array([length]))[0]
    lines = []
    for pose, path, lamps in (
        ((x, y, heading), list(block.path), (0.25, 0.75)),
        ((float(far[0]), float(far[1]), float(far[2]) + math.pi), reverse(block.path), (0.5,)),
    ):
        beside = offset(path, out)
        total = sum(piece for piece, _ in beside)
        start = pose[0] - out * math.sin(pose[2]), pose[1] + out * math.cos(pose[2]), pose[2]
        lines.append(Frontage(start, tuple(beside), tuple(share * total for share in lamps)))
    return lines


def _cell_side(side: int) -> Frontage:
    """Returns a side of a cell without road, with the cell on its left."""
    corner = turn(np.array([-HALF, -HALF]), side)
    start = float(corner[0]), float(corner[1]), side * math.pi / 2.0
    return Frontage(start, ((2.0 * HALF, 0.0),))


def _arm(block: Block, side: int) -> list[Frontage]:
    """Returns the frontages of a junction's side: two along its arm, or one across."""
    heading = side * math.pi / 2.0
    inner = 8.0  # [m] from the junction's centre
    if side in block.sockets:
        out = turn(np.array([inner, WALK_EDGE]), side)
        back = turn(np.array([HALF, -WALK_EDGE]), side)
        path = ((HALF - inner, 0.0),)
        return [
            Frontage((float(out[0]), float(out[1]), heading), path, (8.0,)),
            Frontage((float(back[0]), float(back[1]), heading + math.pi), path),
        ]
    across = turn(np.array([WALK_EDGE, HALF]), side)
    start = float(across[0]), float(across[1]), heading - math.pi / 2.0
    return [Frontage(start, ((2.0 * HALF, 0.0),), (20.0,))]


def _kept_free(block: Block) -> Array:
    """Returns points [N, 2], a metre apart, along everything that buildings stay away from."""
    own = walks(block)
    lines = [own.nodes[[a, b]] for a, b, _ in own.edges]
    points = [
        line[0]
        + np.linspace(0.0, 1.0, math.ceil(np.hypot(*(line[1] - line[0]))) + 1)[:, None]
        * (line[1] - line[0])
        for line in lines
    ]
    if block.path:
        points += [centre_line(block, left) for left in ACROSS]
    if block.is_junction:
        ahead = np.arange(0.0, HALF)
        for left in ACROSS:
            arm = np.stack([ahead, np.full(len(ahead), left)], axis=1)
            points += [turn(arm, side) for side in block.sockets]
    if block.bays:
        points += [bays(block)[:, :2], bays(block)[:, :2] + np.array([BAY_LENGTH / 2.0, 0.0])]
    return np.concatenate(points) if points else np.full((1, 2), 1e6)


@cache
def layout(tile: int, variant: int) -> Layout:
    """Returns a layout of a tile; the same in every process."""
    block_index, quarter = divmod(tile, 4)
    own = _layout(block_index, variant)
    buildings, statics = own.buildings.copy(), own.statics.copy()
    for rows in (buildings, statics):
        rows[:, :2] = turn(rows[:, :2], quarter)
        rows[:, 2] += quarter * math.pi / 2.0
        rows[:, 2] = (rows[:, 2] + math.pi) % (2.0 * math.pi) - math.pi
    return Layout(buildings, statics)


@cache
def _layout(block_index: int, variant: int) -> Layout:
    """Returns a layout of a block in rotation 0."""
    block = BLOCKS[block_index]
    free = _kept_free(block)
    lines = frontages(block)
    numbers = iter(draws(4096, 1 << 20, block_index, variant, _ROW).tolist())

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(next(numbers))

    character = CHARACTERS[3 if block.name == "shops" else variant % len(CHARACTERS)]
    rows: list[list[float]] = []
    for line in lines:
        _build_along(line, character, free, rows, between)
    buildings = np.array(rows).reshape(-1, 8)
    statics: list[Thing] = [
        (*_lamp(line, s), float(Static.LAMP_POST), 6.0, 0.0) for line in lines for s in line.lamps
    ]
    statics += _plants(_spots(block, lines, buildings, between), buildings, free, between)
    return Layout(buildings, np.array(statics, np.float64).reshape(-1, 6))


def _build_along(
    line: Frontage,
    character: Character,
    free: Array,
    rows: list[list[float]],
    between: Between,
) -> None:
    """Adds a row of buildings along a frontage to `rows`, where there is room."""
    s = between(0.5, 4.0)
    while s < line.length - 6.0:
        width, depth = between(*character.width), between(*character.depth)
        setback, height = between(*character.setback), between(*character.height)
        colour = between(0.0, 8.0)
        for shrink in (1.0, 0.75):
            width, depth = width * shrink, depth * shrink
            pose = line.at(s + width / 2.0, setback + depth / 2.0)
            row = [*pose, width / 2.0, depth / 2.0, height, float(int(colour)), character.style]
            if _has_room(np.array(row[:5]), free, rows):
                rows.append(row)
                s += width + between(*character.space)
                break
        else:
            s += 2.0


def _has_room(box: Array, free: Array, rows: list[list[float]]) -> bool:
    """Tells whether a building stays in the cell, off pavements and off other buildings."""
    if np.abs(corners(box)).max() > HALF - MARGIN:
        return False
    if distance_to_boxes(free, box).min() < CLEARANCE:
        return False
    return not rows or bool(gap(np.array(rows)[:, :5], box).min() >= BETWEEN)


def _lamp(line: Frontage, s: float) -> tuple[float, float, float]:
    """Returns the pose of a lamp post at the pavement's outer edge, looking at the road."""
    x, y, heading = line.at(s, -0.25)
    return x, y, heading - math.pi / 2.0


def _spots(
    block: Block, lines: list[Frontage], buildings: Array, between: Between
) -> list[tuple[float, float, Static]]:
    """Returns where something may grow: along frontages, anywhere, and before buildings."""
    spots: list[tuple[float, float, Static]] = []
    for line in lines if block.sockets else []:
        step = between(8.0, 13.0)
        for i in range(int(line.length / step)):
            s, left = (i + 0.5) * step + between(-1.5, 1.5), between(1.1, 1.6)
            spots.append((*line.at(s, left)[:2], Static.TREE))
    edge = HALF - 1.0
    counts = zip((Static.TREE, Static.BUSH), PLANTS.get(block.name, PLANTS_OF_ROADS), strict=True)
    for kind, count in counts:
        spots += [(between(-edge, edge), between(-edge, edge), kind) for _ in range(count)]
    for box in buildings:
        for side in (-1.0, 1.0):
            local = np.array([between(-0.9, 0.9) * box[3], side * (box[4] + 1.0)])
            x, y = from_frame(local, *box[:3])
            spots.append((float(x), float(y), Static.BUSH))
    return spots


def _plants(
    spots: list[tuple[float, float, Static]], buildings: Array, free: Array, between: Between
) -> list[Thing]:
    """Returns the trees and bushes of those spots that have room for them."""
    kept: list[Thing] = []
    for x, y, kind in spots:
        tree = kind == Static.TREE
        size = between(4.0, 9.0) if tree else between(0.7, 1.5)
        off_walk, off_wall, off_plant = (2.2, 1.2, 3.0) if tree else (1.9, 0.6, 1.2)  # [m]
        point = np.array([x, y])
        room = max(abs(x), abs(y)) < HALF - 0.5
        room = room and np.hypot(*(free - point).T).min() >= off_walk
        room = room and all(math.hypot(x - p[0], y - p[1]) >= off_plant for p in kept)
        if len(buildings):
            room = room and distance_to_boxes(point, buildings).min() >= off_wall
        if room:
            kept.append((x, y, 0.0, float(kind), size, 0.0))
    return kept
