"""The blocks that a town is laid with: roads, pavements, zebras and parking bays.

A block fills one cell; its own coordinates have (0, 0) in the middle of the cell and rotation 0.
Its sockets are middles of cell sides (0 east, 1 north, 2 west, 3 south). A new kind of block is
one more entry in `BLOCKS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..geometry import Array, Segment, offset, trace
from .params import CELL, LANE_WIDTH, Control, Surface

HALF = CELL / 2.0  # [m]
ROAD_EDGE = LANE_WIDTH  # [m] from the centre line to the kerb
WALK = ROAD_EDGE + 1.3  # [m] from the centre line to where people walk
WALK_EDGE = ROAD_EDGE + 2.6  # [m] from the centre line to the pavement's outer edge
CORNER = 9.5  # [m] from a junction's centre to where its corner arcs begin
ZEBRA_AT = 11.5  # [m] from a junction's centre to the middle of a zebra
ZEBRA_WIDTH = 3.0  # [m]
STOP_AT = 14.0  # [m] from a junction's centre to the stop line, where connectors begin
BAY_LENGTH = 6.0  # [m]
BAY_WIDTH = 2.3  # [m]
BAYS = 6  # along each side of a road with parking
BEND_RADIUS = 25.0  # [m] of an S-bend's centre line
WIDE_RADIUS = 30.0  # [m]
TIGHT_RADIUS = 16.0  # [m]


@dataclass(frozen=True)
class Walks:
    """Pavements of a block as straight edges."""

    nodes: Array
    """[N, 2] m; nodes of neighbouring blocks meet on the cell's sides."""
    edges: tuple[tuple[int, int, int], ...]
    """(node, node, zebra): the index of the zebra in `Block.zebras`, or -1 for a pavement."""


@dataclass(frozen=True)
class Block:
    """One kind of cell."""

    name: str
    sockets: tuple[int, ...] = ()
    """Sides that a road leaves by, ascending."""
    path: tuple[Segment, ...] = ()
    """Centre line from `entry` to the other socket; empty for junctions and cells without road."""
    entry: int = 2
    control: Control = Control.NONE
    bays: bool = False
    zebra: bool = False
    ground: Surface = Surface.GRASS
    slow: bool = False
    """Bends so much that the road gets the lowest limit."""

    @property
    def is_junction(self) -> bool:
        """Whether roads meet here."""
        return len(self.sockets) > 2

    @property
    def mask(self) -> int:
        """Sockets as bits."""
        return sum(1 << side for side in self.sockets)


def _bow() -> tuple[Segment, ...]:
    """Returns a centre line across the cell that swings out to the left and comes back."""
    angle = math.asin(CELL / (4.0 * BEND_RADIUS))
    return tuple((BEND_RADIUS * angle, side / BEND_RADIUS) for side in (1, -1, -1, 1))


def _wave() -> tuple[Segment, ...]:
    """Returns a centre line across the cell that swings to the left, then to the right.

    Arcs of the angles a, a, b, b, a, a: the long swing b undoes twice the short one, so
    1 - cos b = 2 (1 - cos a), and all of them span the cell, so 4 sin a + 2 sin b = CELL / R.
    """
    low, high = 0.0, 1.0
    for _ in range(50):  # bisection, down to the last bit
        a = 0.5 * (low + high)
        b = math.acos(2.0 * math.cos(a) - 1.0)
        wide = 4.0 * math.sin(a) + 2.0 * math.sin(b) > CELL / BEND_RADIUS
        low, high = (low, a) if wide else (a, high)
    arcs = ((a, 1), (a, -1), (b, -1), (b, 1), (a, 1), (a, -1))
    return tuple((BEND_RADIUS * angle, side / BEND_RADIUS) for angle, side in arcs)


def _curve(radius: float) -> tuple[Segment, ...]:
    """Returns a quarter circle to the left with equal straights before and after it."""
    arc = (radius * math.pi / 2.0, 1.0 / radius)
    rest = HALF - radius
    return ((rest, 0.0), arc, (rest, 0.0)) if rest > 0.0 else (arc,)


ACROSS = ((CELL, 0.0),)
BLOCKS = (
    Block("meadow", ground=Surface.MEADOW),
    Block("houses"),
    Block("park", ground=Surface.MEADOW),
    Block("shops", ground=Surface.PAVEMENT),
    Block("straight", (0, 2), ACROSS),
    Block("straight_parking", (0, 2), ACROSS, bays=True),
    Block("straight_zebra", (0, 2), ACROSS, zebra=True),
    Block("s_bend", (0, 2), _wave(), slow=True),
    Block("bow", (0, 2), _bow(), slow=True),
    Block("curve_wide", (1, 2), _curve(WIDE_RADIUS)),
    Block("curve_tight", (1, 2), _curve(TIGHT_RADIUS), slow=True),
    Block("tee_lights", (0, 2, 3), control=Control.LIGHTS),
    Block("tee_stop", (0, 2, 3), control=Control.STOP),
    Block("cross_lights", (0, 1, 2, 3), control=Control.LIGHTS),
    Block("cross_stop", (0, 1, 2, 3), control=Control.STOP),
)
INDEX = {block.name: i for i, block in enumerate(BLOCKS)}


def entry_pose(side: int) -> tuple[float, float, float]:
    """Returns the pose of the centre line where a road comes in by a side."""
    x, y = ((HALF, 0.0), (0.0, HALF), (-HALF, 0.0), (0.0, -HALF))[side]
    return x, y, (side + 2) % 4 * math.pi / 2.0


def centre_line(block: Block, left: float = 0.0, spacing: float = 1.0) -> Array:
    """Returns points [N, 2] along a road block's centre line or beside it by `left` metres."""
    x, y, heading = entry_pose(block.entry)
    start = (x - left * math.sin(heading), y + left * math.cos(heading), heading)
    segments = offset(block.path, left)
    length = sum(piece for piece, _ in segments)
    count = max(2, math.ceil(length / spacing) + 1)
    return trace(start, segments, np.linspace(0.0, length, count))[:, :2]


def zebras(block: Block) -> Array:
    """Returns the zebras of a block, kerb to kerb [N, 4]; a junction: one a socket, in order."""
    if block.is_junction:
        c, e = ZEBRA_AT, ROAD_EDGE
        arms = ((c, -e, c, e), (e, c, -e, c), (-c, e, -c, -e), (-e, -c, e, -c))
        return np.array([arms[side] for side in block.sockets])
    if block.zebra:
        return np.array([(0.0, -ROAD_EDGE, 0.0, ROAD_EDGE)])
    return np.zeros((0, 4))


def bays(block: Block) -> Array:
    """Returns where parked vehicles stand (x, y, heading along the lane beside) [N, 3]."""
    if not block.bays:
        return np.zeros((0, 3))
    along = (np.arange(BAYS) - (BAYS - 1) / 2.0) * BAY_LENGTH
    y = ROAD_EDGE + BAY_WIDTH / 2.0
    right = np.stack([along, np.full(BAYS, -y), np.zeros(BAYS)], axis=1)
    left = np.stack([along, np.full(BAYS, y), np.full(BAYS, math.pi)], axis=1)
    return np.concatenate([right, left])


def _side_walk(block: Block, left: float) -> Array:
    """Returns the nodes [N, 2] of the pavement on one side of a road block."""
    if block.bays:
        end = BAYS * BAY_LENGTH / 2.0
        y, out = math.copysign(WALK, left), math.copysign(WALK + BAY_WIDTH, left)
        inner = [(-end - 3.0, y), (-end, out), (0.0, out), (end, out), (end + 3.0, y)]
        return np.array([(-HALF, y), *inner, (HALF, y)])
    straight = all(curvature == 0.0 for _, curvature in block.path)
    if block.zebra:
        return np.array([(-HALF, left), (0.0, left), (HALF, left)])
    return centre_line(block, left, CELL if straight else 5.0)


def walks(block: Block) -> Walks:
    """Returns the pavements of a block."""
    if not block.sockets:
        return Walks(np.zeros((0, 2)), ())
    if block.is_junction:
        return _junction_walks(block)
    right, left = _side_walk(block, -WALK), _side_walk(block, WALK)
    nodes = np.concatenate([right, left])
    count = len(right)
    rows = [range(count), range(count, len(nodes))]
    edges = [(i, i + 1, -1) for row in rows for i in row[:-1]]
    if block.zebra:
        edges.append((1, count + 1, 0))
    return Walks(nodes, tuple(edges))


def _junction_walks(block: Block) -> Walks:
    """Returns pavements round the corners of a junction and over its zebras."""
    nodes: list[tuple[float, float]] = []
    edges: list[tuple[int, int, int]] = []
    ends: dict[tuple[int, int], int] = {}  # node beside a zebra by (arm, -1 right or 1 left of it)

    def add(side: int, ahead: float, left: float) -> int:
        c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[side]
        nodes.append((c * ahead - s * left, s * ahead + c * left))
        return len(nodes) - 1

    for zebra, side in enumerate(block.sockets):
        for hand in (-1, 1):
            ends[side, hand] = add(side, ZEBRA_AT, hand * WALK)
            edges.append((add(side, HALF, hand * WALK), ends[side, hand], -1))
        edges.append((ends[side, -1], ends[side, 1], zebra))
    inner = CORNER - (CORNER - WALK) * math.sqrt(0.5)
    for side in range(4):
        after = (side + 1) % 4
        if side not in block.sockets:
            edges.append((ends[after, -1], ends[(side + 3) % 4, 1], -1))
        elif after in block.sockets:
            bend = [(CORNER, WALK), (inner, inner), (WALK, CORNER)]
            chain = [ends[side, 1], *(add(side, *point) for point in bend), ends[after, -1]]
            edges.extend((a, b, -1) for a, b in pairwise(chain))
    return Walks(np.array(nodes), tuple(edges))
