"""Painting the ground: strokes and areas of block tiles into an atlas of texels with mip levels.

A texel is a uint32: red, green and blue in its low bytes (red lowest), the label of what it shows
in the high byte, as in `canvas`. Colours are capped at 221, so that a light of 1.15 cannot make
them overflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BRIGHTEST = 221.0  # of 255, so that 1.15 times it still fits in a byte
SUBLINES = 4  # scan lines a texel when an area is filled


class Stroke(NamedTuple):
    """A line with a width along points, optionally dashed; flat ends, round joints."""

    surface: int
    """What it is made of (an index into the colours handed to `paint_tiles`)."""
    points: NDArray[np.floating]
    """[N, 2], N >= 2: x, y in the tile's own frame (its centre is 0, 0) [m]."""
    width: float
    """Across the line [m]."""
    dash: tuple[float, float] | None = None
    """Painted and unpainted length, repeated from the first point on [m]; None: unbroken."""


class Area(NamedTuple):
    """A filled simple polygon."""

    surface: int
    """What it is made of (an index into the colours handed to `paint_tiles`)."""
    points: NDArray[np.floating]
    """[N, 2], N >= 3: corners in the tile's own frame [m]; closes itself, either way round."""


class GroundColours(NamedTuple):
    """What each surface looks like."""

    rgb: NDArray[np.floating]
    """[S, 3], 0-255 in full daylight."""
    label: NDArray[np.integer]
    """[S] class in label pictures."""
    grain: NDArray[np.floating]
    """[S] strength of the texture, as a fraction of the colour."""


class Atlas(NamedTuple):
    """Painted tiles at several sizes; the first is the finest."""

    texels: NDArray[np.uint32]
    """[sum of tiles * size * size]: per level [tile, y (south to north), x (west to east)]."""
    first: NDArray[np.int64]
    """[levels] where each level begins in `texels`."""
    size: NDArray[np.int64]
    """[levels] texels along a tile's side."""
    cell: float
    """Side of a tile [m]."""


@njit(cache=True, nogil=True)
def _fill(cover: NDArray[np.float64], points: NDArray[np.float64]) -> None:
    """Adds how much of each texel a polygon covers (even-odd) to `cover` [n, n]; texel units."""
    n = cover.shape[0]
    count = points.shape[0]
    low, high = points[:, 1].min(), points[:, 1].max()
    crossings = np.empty(count)
    weight = 1.0 / SUBLINES
    for row in range(max(0, math.floor(low)), min(n, math.ceil(high))):
        for sub in range(SUBLINES):
            y = row + (sub + 0.5) * weight
            found = 0
            for i in range(count):
                ax, ay = points[i, 0], points[i, 1]
                bx, by = points[i - 1, 0], points[i - 1, 1]
                if (ay <= y) != (by <= y):
                    crossings[found] = ax + (y - ay) * (bx - ax) / (by - ay)
                    found += 1
            spans = np.sort(crossings[:found])
            for k in range(0, found - 1, 2):
                left, right = max(spans[k], 0.0), min(spans[k + 1], float(n))
                for column in range(int(left), min(n, math.ceil(right))):
                    part = min(right, column + 1.0) - max(left, float(column))
                    cover[row, column] = min(1.0, cover[row, column] + part * weight)


@njit(cache=True, nogil=True)
def _line(
    cover: NDArray[np.float64], points: NDArray[np.float64], half: float, on: float, off: float
) -> None:
    """Raises `cover` [n, n] to what a line of half width `half` covers; in texels, off 0: no dash.

    Joints are round, the two ends flat.
    """
    n = cover.shape[0]
    start = 0.0
    last = points.shape[0] - 2
    for i in range(last + 1):
        ax, ay = points[i, 0], points[i, 1]
        dx, dy = points[i + 1, 0] - ax, points[i + 1, 1] - ay
        length = math.sqrt(dx * dx + dy * dy)
        if length < 1e-9:
            continue
        dx, dy = dx / length, dy / length
        reach = half + 1.0
        left = max(0, int(min(ax, ax + dx * length) - reach))
        right = min(n, int(max(ax, ax + dx * length) + reach) + 1)
        low = max(0, int(min(ay, ay + dy * length) - reach))
        high = min(n, int(max(ay, ay + dy * length) + reach) + 1)
        for row in range(low, high):
            for column in range(left, right):
                px, py = column + 0.5 - ax, row + 0.5 - ay
                along, across = px * dx + py * dy, abs(py * dx - px * dy)
                part = 1.0
                if i == 0:
                    part = min(part, along + 0.5)
                if i == last:
                    part = min(part, length - along + 0.5)
                beyond = max(-along, along - length)
                if (beyond > 0.0 and along < 0.0 and i > 0) or (along > length and i < last):
                    across = math.sqrt(across * across + beyond * beyond)
                wide = min(half + 0.5, across + 0.5) - max(-half, across - 0.5)
                wide = min(wide, min(half, across + 0.5) - max(-half, across - 0.5))
                part = min(part, wide)
                if off > 0.0:
                    phase = (start + along) % (on + off)
                    lit = min(phase + 0.5, on) - max(phase - 0.5, 0.0)
                    lit = max(lit, phase + 0.5 - (on + off))
                    part = part * min(1.0, max(0.0, lit))
                if part > cover[row, column]:
                    cover[row, column] = min(1.0, part)
        start += length


@njit(cache=True, nogil=True)
def _lay(
    paint: NDArray[np.float32],
    label: NDArray[np.uint8],
    cover: NDArray[np.float64],
    rgbg: NDArray[np.float32],
    code: int,
) -> None:
    """Blends colour and grain `rgbg` [4] into `paint` [n, n, 4] by `cover`, and clears `cover`."""
    for row in range(cover.shape[0]):
        for column in range(cover.shape[1]):
            part = cover[row, column]
            if part > 0.0:
                for k in range(4):
                    paint[row, column, k] += part * (rgbg[k] - paint[row, column, k])
                if part >= 0.5:
                    label[row, column] = code
                cover[row, column] = 0.0


def _texture(size: int, resolution: float) -> NDArray[np.float32]:
    """Returns a field of grain and blotches [size, size], mean 0, that repeats at its borders."""
    rng = np.random.default_rng(size)
    frequency = np.fft.fftfreq(size, resolution)  # [1/m]
    radius2 = frequency[:, None] ** 2 + frequency[None, :] ** 2
    white = np.fft.fft2(rng.standard_normal((size, size)))
    total = np.zeros((size, size))
    for scale, strength in ((0.0, 0.75), (0.35, 0.5), (1.5, 0.4), (6.0, 0.3)):  # [m]
        field = np.fft.ifft2(white * np.exp(-0.5 * radius2 * (2.0 * np.pi * scale) ** 2)).real
        total += strength * field / max(float(field.std()), 1e-9)
    return total.astype(np.float32)


def _shrink(images: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Returns images [n, n, C] averaged down to [size, size, C], exactly, for any two sizes."""
    old = len(images)
    edges = np.arange(size + 1) * (old / size)
    columns = np.arange(old)
    weights = np.minimum(columns + 1.0, edges[1:, None]) - np.maximum(columns, edges[:-1, None])
    weights = (np.clip(weights, 0.0, 1.0) * (size / old)).astype(np.float32)
    half = np.tensordot(weights, images, axes=(1, 0))
    return np.ascontiguousarray(np.tensordot(weights, half, axes=(1, 1)).transpose(1, 0, 2))


def _pack(rgb: NDArray[np.float32], label: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Returns texels [n, n] of colours [n, n, 3] and labels [n, n]."""
    whole = (np.clip(rgb, 0.0, BRIGHTEST) + 0.5).astype(np.uint32)
    packed = whole[..., 0] | whole[..., 1] << 8 | whole[..., 2] << 16
    return np.asarray(packed | label.astype(np.uint32) << 24)


def _paint_tile(
    shapes: Sequence[Stroke | Area], cell: float, size: int, colours: GroundColours
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Returns the colours and grain [size, size, 4] and labels [size, size] of one tile."""
    table = np.concatenate([colours.rgb, np.asarray(colours.grain)[:, None]], 1).astype(np.float32)
    label = np.full((size, size), colours.label[0], np.uint8)
    paint = np.empty((size, size, 4), np.float32)
    paint[:] = table[0]
    cover = np.zeros((size, size))
    scale = size / cell
    for shape in shapes:
        points = (np.asarray(shape.points, np.float64) + cell / 2.0) * scale
        if isinstance(shape, Stroke):
            on, off = shape.dash or (1.0, 0.0)
            _line(cover, points, shape.width * scale / 2.0, on * scale, off * scale)
        else:
            _fill(cover, points)
        _lay(paint, label, cover, table[shape.surface], int(colours.label[shape.surface]))
    return paint, label


def paint_tiles(
    tiles: Sequence[Sequence[Stroke | Area]],
    cell: float,
    resolution: float,
    colours: GroundColours,
) -> Atlas:
    """Paints tiles, antialiased, and their mip levels down to about 4 m a texel.

    Args:
      tiles: the shapes of each tile, later ones over earlier ones, over surface 0; what reaches
        beyond the tile is cut off there, so that neighbours meet without a seam.
      cell: side of a tile [m].
      resolution: side of a texel of the finest level [m].
      colours: what surfaces look like.
    Raises:
      ValueError: `resolution` or `cell` is not positive.
    """
    if not 0.0 < resolution <= cell:
        raise ValueError(
            f"`resolution` must be above 0 and at most `cell` (={cell}); got {resolution}. "
            "Choose 0.25 for small pictures, 0.1 for large ones."
        )
    sizes = [max(1, round(cell / resolution))]
    while sizes[-1] > cell / 4.0:
        sizes.append(max(1, round(sizes[-1] / 2)))
    first = np.cumsum([0] + [len(tiles) * size**2 for size in sizes])
    texels = np.empty(first[-1], np.uint32)
    texture = _texture(sizes[0], resolution)
    for i, shapes in enumerate(tiles):
        paint, label = _paint_tile(shapes, cell, sizes[0], colours)
        rgb = paint[..., :3] * (1.0 + np.clip(paint[..., 3] * texture, -0.5, 0.5))[..., None]
        for level, size in enumerate(sizes):
            if level:
                rgb = _shrink(rgb, size)
                pick = ((np.arange(size) + 0.5) * sizes[0] / size).astype(np.int64)
                shown = label[pick[:, None], pick]
            else:
                shown = label
            at = first[level] + i * size * size
            texels[at : at + size * size] = _pack(rgb, shown).ravel()
    return Atlas(texels, first[:-1].astype(np.int64), np.array(sizes, np.int64), float(cell))
