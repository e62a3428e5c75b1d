"""What the ground of each block looks like: grass, pavements, kerbs, asphalt and paint."""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from ..geometry import Array, turn
from ..paint import Area, Stroke
from .blocks import (
    BAY_LENGTH,
    BAY_WIDTH,
    BAYS,
    BLOCKS,
    CORNER,
    HALF,
    ROAD_EDGE,
    STOP_AT,
    WALK_EDGE,
    ZEBRA_WIDTH,
    Block,
    centre_line,
    zebras,
)
from .params import Surface

Shape = Stroke | Area
LINE = 0.15  # [m] width of centre and edge lines
EDGE_LINE = ROAD_EDGE - 0.2  # [m] from the centre line
KERB = 0.15  # [m]
DASH = (3.0, 3.0)  # [m]
SOLID = 10.0  # [m] unbroken centre line before a stop line
STRIPE = 0.5  # [m] stripes of a zebra, and the asphalt between them
STOP_LINE_WIDTH = 0.5  # [m]


class Tile(NamedTuple):
    """A block in one of its rotations."""

    name: str
    rotation: int
    """Quarter turns counter-clockwise, already done in `shapes`."""
    shapes: list[Shape]
    """Later ones over earlier ones; the cell's centre is (0, 0)."""


def make_tiles() -> list[Tile]:
    """Returns every tile, block * 4 + rotation."""
    return [
        Tile(block.name, quarter, [_turned(shape, quarter) for shape in shapes])
        for block in BLOCKS
        for shapes in [paint(block)]
        for quarter in range(4)
    ]


def _turned(shape: Shape, quarter: int) -> Shape:
    """Returns a shape turned by quarter circles."""
    points = turn(np.asarray(shape.points, np.float64), quarter)
    if isinstance(shape, Area):
        return Area(shape.surface, points)
    return Stroke(shape.surface, points, shape.width, shape.dash)


def paint(block: Block) -> list[Shape]:
    """Returns the shapes of a block in rotation 0."""
    shapes: list[Shape] = [Area(block.ground, _rectangle(-HALF, -HALF, HALF, HALF))]
    if block.is_junction:
        shapes += _junction(block)
    elif block.sockets:
        shapes += _road(block)
    else:
        shapes += _field(block.name)
    return shapes


def _rectangle(x0: float, y0: float, x1: float, y1: float) -> Array:
    """Returns the corners of a box along the axes."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _road(block: Block) -> list[Shape]:
    """Returns a road that crosses the cell."""
    line = centre_line(block)
    shapes: list[Shape] = [Stroke(Surface.PAVEMENT, line, 2.0 * WALK_EDGE)]
    if block.bays:
        shapes += [_bulge(hand, WALK_EDGE, Surface.PAVEMENT) for hand in (-1, 1)]
    shapes.append(Stroke(Surface.KERB, line, 2.0 * (ROAD_EDGE + KERB)))
    if block.bays:
        shapes += [_bulge(hand, ROAD_EDGE + KERB, Surface.KERB) for hand in (-1, 1)]
        shapes += _bay_paint()
    shapes.append(Stroke(Surface.ROAD, line, 2.0 * ROAD_EDGE))
    for left in (-EDGE_LINE, EDGE_LINE):
        dash = (1.0, 1.0) if block.bays else None
        shapes.append(Stroke(Surface.MARKING, centre_line(block, left), LINE, dash))
    shapes.append(Stroke(Surface.MARKING, line, LINE, None if block.slow else DASH))
    return shapes + _zebra_paint(block)


def _bulge(hand: int, edge: float, surface: Surface) -> Area:
    """Returns the strip by which a pavement or kerb gives way to parking bays on one side."""
    end, far = BAYS * BAY_LENGTH / 2.0 + edge - ROAD_EDGE, edge + BAY_WIDTH
    slope = 3.0 if surface == Surface.PAVEMENT else 0.0  # [m]
    corners = [(-end - slope, 0.0), (end + slope, 0.0), (end, hand * far), (-end, hand * far)]
    if slope:
        corners[0], corners[1] = (-end - slope, hand * edge), (end + slope, hand * edge)
    return Area(surface, np.array(corners))


def _bay_paint() -> list[Shape]:
    """Returns parking bays with their lines, on both sides."""
    end, far = BAYS * BAY_LENGTH / 2.0, ROAD_EDGE + BAY_WIDTH
    shapes: list[Shape] = []
    for hand in (-1, 1):
        near = hand * ROAD_EDGE
        low, high = sorted((near, hand * far))
        shapes.append(Area(Surface.PARKING, _rectangle(-end, low, end, high)))
        for x in np.linspace(-end, end, BAYS + 1):
            line = np.array([(x, near), (x, hand * far)])
            shapes.append(Stroke(Surface.MARKING, line, 0.12))
    return shapes


def _zebra_paint(block: Block) -> list[Shape]:
    """Returns the zebras of a block, with bare asphalt beneath."""
    shapes: list[Shape] = []
    for x0, y0, x1, y1 in zebras(block):
        ends = np.array([(x0, y0), (x1, y1)])
        shapes.append(Stroke(Surface.ROAD, ends, ZEBRA_WIDTH))
        inner = ends + np.array([[0.5], [-0.5]]) * STRIPE * (ends[1] - ends[0]) / (2.0 * ROAD_EDGE)
        shapes.append(Stroke(Surface.ZEBRA, inner, ZEBRA_WIDTH, (STRIPE, STRIPE)))
    return shapes


def _corner(edge: float) -> Array:
    """Returns what fills the corner between the arms east and north out to `edge` at an arm."""
    angles = np.linspace(-math.pi / 2.0, -math.pi, 13)
    radius = CORNER - edge
    arc = CORNER + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([[(0.0, 0.0), (CORNER, 0.0)], arc, [(0.0, CORNER)]])


def _junction(block: Block) -> list[Shape]:
    """Returns arms, rounded corners, zebras and stop lines."""
    shapes: list[Shape] = []
    layers = ((Surface.PAVEMENT, WALK_EDGE), (Surface.KERB, ROAD_EDGE + KERB))
    for surface, edge in (*layers, (Surface.ROAD, ROAD_EDGE)):
        for side in block.sockets:
            arm = turn(np.array([(-edge, 0.0), (HALF, 0.0)]), side)
            shapes.append(Stroke(surface, arm, 2.0 * edge))
            if (side + 1) % 4 in block.sockets:
                shapes.append(Area(surface, turn(_corner(edge), side)))
    for side in range(4):
        if side in block.sockets:
            shapes += _arm_paint(side)
        else:
            line = turn(np.array([(EDGE_LINE, -STOP_AT), (EDGE_LINE, STOP_AT)]), side)
            shapes.append(Stroke(Surface.MARKING, line, LINE))
    return shapes + _zebra_paint(block)


def _arm_paint(side: int) -> list[Shape]:
    """Returns the lines of a junction's arm."""

    def mark(surface: Surface, x0: float, y0: float, x1: float, y1: float) -> partial[Stroke]:
        return partial(Stroke, surface, turn(np.array([(x0, y0), (x1, y1)]), side))

    line, stop = Surface.MARKING, STOP_AT + STOP_LINE_WIDTH / 2.0
    return [
        mark(line, STOP_AT, 0.0, STOP_AT + SOLID, 0.0)(LINE),
        mark(line, HALF, 0.0, STOP_AT + SOLID, 0.0)(LINE, DASH),
        mark(line, CORNER, EDGE_LINE, HALF, EDGE_LINE)(LINE),
        mark(line, CORNER, -EDGE_LINE, HALF, -EDGE_LINE)(LINE),
        mark(Surface.STOP_LINE, stop, LINE, stop, ROAD_EDGE - LINE)(STOP_LINE_WIDTH),
    ]


def _blob(x: float, y: float, radius: float, phase: float) -> Array:
    """Returns an uneven round patch."""
    angles = np.linspace(0.0, 2.0 * math.pi, 24, endpoint=False)
    reach = radius * (1.0 + 0.2 * np.sin(2.0 * angles + phase) + 0.12 * np.sin(3.0 * angles))
    return np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1)


def _field(name: str) -> list[Shape]:
    """Returns the ground of a cell without road."""
    if name == "meadow":
        return [
            Area(Surface.GRASS, _blob(-9.0, 7.0, 13.0, 0.4)),
            Area(Surface.SOIL, _blob(14.0, -13.0, 7.0, 1.9)),
            Area(Surface.GRASS, _blob(16.0, 17.0, 8.0, 3.0)),
        ]
    if name == "houses":
        paths = [np.array([(-16.0, y), (16.0, y)]) for y in (-9.0, 9.0)]
        garden = _rectangle(-7.0, -5.0, 7.0, 5.0)
        return [
            *(Stroke(Surface.PAVEMENT, path, 1.6) for path in paths),
            Area(Surface.SOIL, garden),
        ]
    if name == "park":
        t = np.linspace(-1.0, 1.0, 25)
        winding = np.stack([HALF * t, 7.0 * np.sin(math.pi * t)], axis=1)
        return [
            Area(Surface.GRASS, _blob(-11.0, -12.0, 11.0, 0.0)),
            Area(Surface.GRASS, _blob(12.0, 13.0, 11.0, 2.0)),
            Stroke(Surface.SOIL, winding, 2.2),
            Stroke(Surface.SOIL, turn(winding, 1), 2.2),
        ]
    assert name == "shops", name
    lot: list[Shape] = [Area(Surface.PARKING, _rectangle(-24.0, -9.0, 24.0, 9.0))]
    for x in np.arange(-24.0, 24.1, 3.0):
        for y in (-9.0, 4.0):
            lot.append(Stroke(Surface.MARKING, np.array([(x, y), (x, y + 5.0)]), 0.12))
    return lot
