"""Angles, frames, paths of arcs, and rectangles in the plane; NumPy, batched over leading axes.

Angles are counter-clockwise from +x [rad], lengths in metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Segment = tuple[float, float]
"""Arc length [m] and curvature [1/m] (positive turns left, 0 is straight)."""


def wrap_angle(angle: Array) -> Array:
    """Returns the same angles in [-pi, pi), any shape."""
    return np.asarray((angle + np.pi) % (2.0 * np.pi) - np.pi)


def turn(points: Array, quarters: int) -> Array:
    """Returns points [..., 2] turned by exact quarter circles counter-clockwise about (0, 0)."""
    x, y = points[..., 0], points[..., 1]
    pairs = ((x, y), (-y, x), (-x, -y), (y, -x))
    return np.stack(pairs[quarters % 4], axis=-1)


def to_frame(points: Array, x: float, y: float, heading: float) -> Array:
    """Returns world points [..., 2] as (ahead, left) of a pose."""
    c, s = math.cos(heading), math.sin(heading)
    dx, dy = points[..., 0] - x, points[..., 1] - y
    return np.stack([c * dx + s * dy, c * dy - s * dx], axis=-1)


def from_frame(points: Array, x: float, y: float, heading: float) -> Array:
    """Returns points (ahead, left) [..., 2] of a pose in the world; inverse of `to_frame`."""
    c, s = math.cos(heading), math.sin(heading)
    ahead, left = points[..., 0], points[..., 1]
    return np.stack([x + c * ahead - s * left, y + s * ahead + c * left], axis=-1)


def trace(start: tuple[float, float, float], segments: Sequence[Segment], s: Array) -> Array:
    """Returns the poses at arc lengths `s` of a path of straights and circular arcs.

    Args:
      start: x, y, heading of the path's first point.
      segments: length and curvature of each piece, in order.
      s: arc lengths [m], float64 [N]; outside the path the first or last piece goes on.
    Returns:
      x, y, heading (not wrapped), curvature, float64 [N, 4].
    """
    x, y, heading = start
    bases, travelled = [], 0.0
    for length, curvature in segments:
        bases.append((travelled, x, y, heading, curvature))
        x, y, heading = advance(x, y, heading, length, curvature)
        travelled += length
    table = np.array(bases)
    row = table[np.clip(np.searchsorted(table[:, 0], s, side="right") - 1, 0, len(table) - 1)]
    ds, half = s - row[:, 0], 0.5 * row[:, 4] * (s - row[:, 0])
    chord = ds * np.sinc(half / np.pi)  # of an arc; ds itself on a straight
    middle = row[:, 3] + half
    return np.stack(
        [
            row[:, 1] + chord * np.cos(middle),
            row[:, 2] + chord * np.sin(middle),
            middle + half,
            row[:, 4],
        ],
        axis=-1,
    )


def advance(
    x: float, y: float, heading: float, length: float, curvature: float
) -> tuple[float, float, float]:
    """Returns the pose `length` metres on along an arc of constant curvature."""
    half = 0.5 * curvature * length
    chord = length if half == 0.0 else length * math.sin(half) / half
    return (
        x + chord * math.cos(heading + half),
        y + chord * math.sin(heading + half),
        (heading + 2.0 * half),
    )


def offset(segments: Sequence[Segment], left: float) -> list[Segment]:
    """Returns the parallel path `left` metres to the left (negative: right) of a path."""
    scaled = [(length * (1.0 - curvature * left), curvature) for length, curvature in segments]
    return [(length, k / (1.0 - k * left)) for length, k in scaled]


def reverse(segments: Sequence[Segment]) -> list[Segment]:
    """Returns the same path driven the other way."""
    return [(length, -curvature) for length, curvature in reversed(segments)]


def corners(boxes: Array) -> Array:
    """Returns corners [..., 4, 2] of boxes [..., 5]: x, y, heading, half length, half width."""
    signs = np.array([(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)])
    local = signs * boxes[..., None, 3:5]
    c, s = np.cos(boxes[..., 2, None]), np.sin(boxes[..., 2, None])
    x = boxes[..., 0, None] + c * local[..., 0] - s * local[..., 1]
    y = boxes[..., 1, None] + s * local[..., 0] + c * local[..., 1]
    return np.stack([x, y], axis=-1)


def gap(one: Array, other: Array) -> Array:
    """Returns how far boxes [..., 5] are apart along their best separating axis [m].

    Negative where they overlap; never more than their true distance. Leading axes broadcast.
    Source: the separating axis theorem (Gottschalk 1996, Collision Queries Using OBBs).
    """
    best = np.full(np.broadcast_shapes(one.shape[:-1], other.shape[:-1]), -np.inf)
    dx, dy = other[..., 0] - one[..., 0], other[..., 1] - one[..., 1]
    between = np.cos(other[..., 2] - one[..., 2]), np.sin(other[..., 2] - one[..., 2])
    across, along = np.abs(between[1]), np.abs(between[0])
    for box, far in ((one, other), (other, one)):
        c, s = np.cos(box[..., 2]), np.sin(box[..., 2])
        reach_0 = box[..., 3] + far[..., 3] * along + far[..., 4] * across
        reach_1 = box[..., 4] + far[..., 3] * across + far[..., 4] * along
        best = np.maximum(best, np.abs(c * dx + s * dy) - reach_0)
        best = np.maximum(best, np.abs(c * dy - s * dx) - reach_1)
    return best


def distance_to_boxes(points: Array, boxes: Array) -> Array:
    """Returns distances [m] of points [..., 2] to boxes [..., 5]; 0 inside; axes broadcast."""
    dx, dy = points[..., 0] - boxes[..., 0], points[..., 1] - boxes[..., 1]
    c, s = np.cos(boxes[..., 2]), np.sin(boxes[..., 2])
    ahead = np.maximum(np.abs(c * dx + s * dy) - boxes[..., 3], 0.0)
    left = np.maximum(np.abs(c * dy - s * dx) - boxes[..., 4], 0.0)
    return np.asarray(np.hypot(ahead, left))


def distance_to_segments(points: Array, segments: Array) -> Array:
    """Returns distances [m] of points [..., 2] to segments (x0, y0, x1, y1) [..., 4]."""
    start, span = segments[..., :2], segments[..., 2:] - segments[..., :2]
    away = points - start
    share = (away * span).sum(-1) / np.maximum((span * span).sum(-1), 1e-12)
    rest = away - np.clip(share, 0.0, 1.0)[..., None] * span
    return np.asarray(np.hypot(rest[..., 0], rest[..., 1]))
