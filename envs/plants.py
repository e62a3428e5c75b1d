"""Trees and bushes of a pinhole picture: lobes lit from above; small ones row by row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .canvas import HALF_FULL, Pixel, Sheet, Window, ellipse, leaf, mix, rectangle
from .lens import Air, Lens, brightness, tone

# Lobes: across and up, half axes; across in half widths of the plant, up in heights.
TREE_LOBES = ((0.0, 0.62, 1.0, 0.32), (-0.3, 0.66, 0.62, 0.25), (0.28, 0.76, 0.58, 0.23))
BUSH_LOBES = ((0.0, 0.42, 1.0, 0.45), (0.2, 0.6, 0.6, 0.36))
ROUGH_FROM = 24.0  # [px] of half width from which leaves show
CRISP_FROM = 2.0  # [px] of half width from which edges need not be soft
STEPS = 64  # rows of an outline


def _outline(lobes: tuple[tuple[float, float, float, float], ...]) -> NDArray[np.float32]:
    """Returns where lobes begin and end at heights (k + 0.5) / STEPS of a plant [STEPS, 6].

    First their union, then the second and the third one; an empty stretch begins at 9.
    """
    up = (np.arange(STEPS) + 0.5) / STEPS
    out = np.tile(np.array([9.0, -9.0], np.float32), (STEPS, 3))
    for k, (x, y, a, b) in enumerate(lobes):
        left = 1.0 - ((up - y) / b) ** 2
        half = a * np.sqrt(np.maximum(left, 0.0))
        low, high = np.where(left > 0.0, x - half, 9.0), np.where(left > 0.0, x + half, -9.0)
        out[:, 0], out[:, 1] = np.minimum(out[:, 0], low), np.maximum(out[:, 1], high)
        if k:
            out[:, 2 * k], out[:, 2 * k + 1] = low, high
    return out


TREE_OUTLINE, BUSH_OUTLINE = _outline(TREE_LOBES), _outline(BUSH_LOBES)


@leaf
def _soft(canvas: Sheet, row: int, column: int, z: np.float32, colour: Pixel, part: int) -> None:
    """Blends a pixel of an edge."""
    if part > 8 and z < canvas.depth[row, column]:
        canvas.pixels[row, column] = mix(canvas.pixels[row, column], colour, part)
        if part >= HALF_FULL:
            canvas.depth[row, column] = z


@leaf
def _crown(
    canvas: Sheet,
    window: Window,
    outline: NDArray[np.float32],
    x: float,
    base: float,
    high: float,
    half: float,
    z: float,
    deep: Pixel,
    mid: Pixel,
    top: Pixel,
) -> None:
    """Draws the lobes of a small plant that stands at row `base`, all at one depth."""
    pixels, depths, near = canvas.pixels, canvas.depth, np.float32(z)
    width = pixels.shape[1]
    step = STEPS / high
    first = max(window.first, math.floor(base - high + 0.5))
    end = min(window.end, math.floor(base + 0.5))
    for row in range(first, end):
        k = min(max(int((base - row - 0.5) * step), 0), STEPS - 1)
        left, right = x + half * outline[k, 0], x + half * outline[k, 1]
        if right <= left:
            continue
        low2, high2 = x + half * outline[k, 2] - 0.5, x + half * outline[k, 3] - 0.5
        low3, high3 = x + half * outline[k, 4] - 0.5, x + half * outline[k, 5] - 0.5
        left, right = max(left, 0.0), min(right, float(width))
        begin, stop = math.ceil(left), math.floor(right)
        if half > CRISP_FROM:
            begin, stop = int(left + 0.5), int(max(right, 0.0) + 0.5)
        elif begin > stop:  # within one pixel
            if stop < width:
                _soft(canvas, row, stop, near, deep, int(256.0 * (right - left)))
            continue
        else:
            if left < begin:
                colour = mid if left > low2 - 0.5 and left < high2 else deep
                _soft(canvas, row, begin - 1, near, colour, int(256.0 * (begin - left)))
            if right > stop:
                colour = top if right < high3 + 1.0 and right > low3 else deep
                _soft(canvas, row, stop, near, colour, int(256.0 * (right - stop)))
        below, own = pixels[row], depths[row]
        for column in range(np.uint64(max(begin, 0)), np.uint64(max(stop, 0))):
            at = float(np.int64(column))
            colour = mid if (low2 <= at) & (at < high2) else deep
            colour = top if (low3 <= at) & (at < high3) else colour
            shows = near < own[column]
            below[column] = colour if shows else below[column]
            own[column] = near if shows else own[column]


@leaf
def draw_small_plant(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    sprite: NDArray[np.float32],
    x: float,
    z: float,
    is_tree: bool,
    variant: int,
    label: int,
) -> None:
    """Draws a tree or bush of a small picture in one pass."""
    scale = 1.0 / z
    fy = lens.focal_y * scale
    base = lens.horizon + (lens.z - sprite[5]) * fy
    high, half = sprite[4] * fy, 0.5 * sprite[3] * abs(lens.focal_x) * scale
    light = brightness(air, z)
    if not is_tree:
        warm = 6.0 * (variant % 3)
        deep = tone(air, 58.0 + warm, 98.0, 52.0, light, z, label)
        top = tone(air, 86.0 + warm, 126.0, 66.0, light, z, label)
        _crown(canvas, window, BUSH_OUTLINE, x, base, high, half, z, deep, top, top)
        return
    warm = 10.0 * (variant & 3)
    deep = tone(air, 44.0 + warm, 84.0 + 0.4 * warm, 46.0, light, z, label)
    mid = tone(air, 60.0 + warm, 110.0 + 0.4 * warm, 54.0, light, z, label)
    top = tone(air, 84.0 + warm, 134.0 + 0.3 * warm, 66.0, light, z, label)
    bark = tone(air, 92.0, 72.0, 56.0, light, z, label)
    trunk = max(0.12 * half, 0.35)
    first = max(window.first, math.floor(base - 0.34 * high))
    end = min(window.end, math.floor(base + 0.5))
    left, right = max(x - trunk, 0.0), min(x + trunk, float(canvas.pixels.shape[1]))
    for column in range(int(left), math.ceil(right)):
        part = int(256.0 * (min(right, column + 1.0) - max(left, float(column))))
        for row in range(first, end):
            _soft(canvas, row, column, np.float32(z), bark, part)
    _crown(canvas, window, TREE_OUTLINE, x, base, high, half, z - 0.01, deep, mid, top)


@leaf
def draw_tree(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    variant: int,
    label: int,
) -> None:
    """Draws a trunk and a crown of three lobes, lit from above."""
    light, fy = brightness(air, z), lens.focal_y / z
    fx = abs(lens.focal_x) / z
    base = lens.horizon + (lens.z - sprite[5]) * fy
    high, half = sprite[4] * fy, 0.5 * sprite[3] * fx
    warm = 10.0 * (variant % 4)
    bark = tone(air, 92.0, 72.0, 56.0, light, z, label)
    deep = tone(air, 44.0 + warm, 84.0 + 0.4 * warm, 46.0, light, z, label)
    mid = tone(air, 60.0 + warm, 110.0 + 0.4 * warm, 54.0, light, z, label)
    top = tone(air, 84.0 + warm, 134.0 + 0.3 * warm, 66.0, light, z, label)
    trunk = max(0.12 * half, 0.35)
    rectangle(canvas, window, x - trunk, base - 0.5 * high, x + trunk, base, z, bark)
    rough = 1.0 if half > ROUGH_FROM else 0.0
    ellipse(canvas, window, x, base - 0.62 * high, half, 0.32 * high, z, deep, rough)
    z -= 0.01
    ellipse(
        canvas, window, x - 0.3 * half, base - 0.66 * high, 0.62 * half, 0.25 * high, z, mid, rough
    )
    z -= 0.01
    ellipse(
        canvas, window, x + 0.28 * half, base - 0.76 * high, 0.58 * half, 0.23 * high, z, top, rough
    )


@leaf
def draw_bush(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    variant: int,
    label: int,
) -> None:
    """Draws a low clump of two lobes."""
    light, fy = brightness(air, z), lens.focal_y / z
    base = lens.horizon + (lens.z - sprite[5]) * fy
    high, half = sprite[4] * fy, 0.5 * sprite[3] * abs(lens.focal_x) / z
    rough = 1.0 if half > ROUGH_FROM else 0.0
    deep = tone(air, 58.0 + 6.0 * (variant % 3), 98.0, 52.0, light, z, label)
    top = tone(air, 86.0 + 6.0 * (variant % 3), 126.0, 66.0, light, z, label)
    ellipse(canvas, window, x, base - 0.42 * high, half, 0.45 * high, z, deep, rough)
    ellipse(
        canvas,
        window,
        x + 0.2 * half,
        base - 0.6 * high,
        0.6 * half,
        0.36 * high,
        z - 0.01,
        top,
        rough,
    )
