"""Upright boxes of a pinhole picture, column by column.

A column of pixels is one ray seen from above; where it enters a box (ray-slab test) gives depth,
face and the place along the face, and `faces` says which stripes stand there. Stripes cover pixels
by area, so that what is small fades instead of flickering.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .canvas import KERNEL, HALF_FULL, RB, Canvas, Pixel, Window, mix
from .faces import FRONT, LEFT, MAIN, PLAIN, REAR, RIGHT, ROOF, TRIM, Part, mix_palette, stripe, stripes
from .lens import NEAR, Air, Lens


@njit(**KERNEL)
def _paint_column(
    canvas: Canvas, window: Window, lens: Lens, column: int, z: float, high: float, count: int, cover: float
) -> None:
    """Draws stripes from height `high` [m] down at depth z; `cover`: part of the column, 0-1."""
    scale = lens.focal_y / z
    base = lens.horizon + lens.z * scale
    top = base - high * scale
    bottom = base - canvas.heights[count - 1] * scale
    begin = max(window.first, int(math.floor(top)))
    end = min(window.end, int(math.ceil(bottom)))
    k, depth = 0, np.float32(z)
    edge = base - canvas.heights[0] * scale
    whole = cover > 0.996
    for row in range(begin, end):
        lower = row + 1.0
        while edge <= row and k < count - 1:
            k += 1
            edge = base - canvas.heights[k] * scale
        if depth >= canvas.depth[row, column]:
            continue
        if edge >= lower and top <= row:
            if whole:
                canvas.pixels[row, column] = canvas.stripes[k]
                canvas.depth[row, column] = depth
                continue
            colour, part = canvas.stripes[k], cover
        else:
            start, rb, g, total = max(top, float(row)), np.uint32(0), np.uint32(0), np.uint32(0)
            colour = canvas.stripes[k]
            while True:
                stop = min(edge, lower)
                if stop > start:
                    weight = np.uint32(256.0 * (stop - start))
                    stripe = canvas.stripes[k]
                    rb += (stripe & RB) * weight
                    g += ((stripe >> np.uint32(8)) & np.uint32(255)) * weight
                    total += weight
                    start = stop
                if edge >= lower or k == count - 1:
                    break
                k += 1
                edge = base - canvas.heights[k] * scale
            if total == 0:
                continue
            r, b = (rb & np.uint32(0xFFFF)) // total, (rb >> np.uint32(16)) // total
            label = colour & np.uint32(0xFF000000)
            colour = np.uint32(r | ((g // total) << np.uint32(8)) | (b << np.uint32(16)) | label)
            part = cover * min(1.0, total / 254.0)
        share = int(256.0 * part + 0.5)
        canvas.pixels[row, column] = mix(canvas.pixels[row, column], colour, share)
        if share >= HALF_FULL:
            canvas.depth[row, column] = depth


@njit(**KERNEL)
def _lid(
    canvas: Canvas, window: Window, lens: Lens, column: int, near: float, far: float, high: float, colour: Pixel
) -> None:
    """Draws the top of a box, seen from above it, between two depths of a column."""
    drop = (lens.z - high) * lens.focal_y
    top, bottom = lens.horizon + drop / far, lens.horizon + drop / near
    begin = max(window.first, int(math.floor(top)))
    for row in range(begin, min(window.end, int(math.ceil(bottom)))):
        z = np.float32(min(far, max(near, drop / max(row + 0.5 - lens.horizon, 1e-3))) - 0.02)
        part = int(256.0 * (min(bottom, row + 1.0) - max(top, float(row))))
        if z < canvas.depth[row, column] and part > 0:
            canvas.pixels[row, column] = mix(canvas.pixels[row, column], colour, part)
            if part >= HALF_FULL:
                canvas.depth[row, column] = z


@njit(**KERNEL)
def _extent(lens: Lens, part: Part) -> tuple[float, float]:
    """Returns the first and last column [px] that a part reaches; behind the lens: all of them."""
    left, right = 1e9, -1e9
    for k in range(4):
        a = part.length if k & 1 else -part.length
        b = part.width if k & 2 else -part.width
        ahead = part.x + part.cos * a - part.sin * b
        beside = part.y + part.sin * a + part.cos * b
        if ahead < NEAR:
            return -1.0, 2.0 * lens.centre + 1.0
        column = lens.centre - beside / ahead * lens.focal_x
        left, right = min(left, column), max(right, column)
    return left, right


@njit(**KERNEL)
def draw_part(canvas: Canvas, window: Window, lens: Lens, air: Air, part: Part) -> None:
    """Draws one upright box."""
    left, right = _extent(lens, part)
    first, last = max(0, int(math.floor(left))), min(canvas.pixels.shape[1], int(math.ceil(right)))
    if first >= last:
        return
    # The eye and the rays in the box's own frame; a ray's parameter is its depth.
    eye_x = -(part.x * part.cos + part.y * part.sin)
    eye_y = part.x * part.sin - part.y * part.cos
    seen, seen_z = -1, 0.0
    for column in range(first, last):
        cover = min(right, column + 1.0) - max(left, float(column))
        middle = 0.5 * (min(right, column + 1.0) + max(left, float(column)))
        t = (lens.centre - middle) / lens.focal_x
        dx, dy = part.cos + part.sin * t, t * part.cos - part.sin
        ix = 1.0 / dx if abs(dx) > 1e-9 else 1e9
        iy = 1.0 / dy if abs(dy) > 1e-9 else 1e9
        ax, bx = (-part.length - eye_x) * ix, (part.length - eye_x) * ix
        ay, by = (-part.width - eye_y) * iy, (part.width - eye_y) * iy
        enter_x, enter_y = min(ax, bx), min(ay, by)
        enter, leave = max(enter_x, enter_y), min(max(ax, bx), max(ay, by))
        if enter < NEAR or enter >= leave:
            continue
        wide = enter / abs(lens.focal_x)
        if enter_x > enter_y:
            face, u = (REAR if dx > 0.0 else FRONT), eye_y + enter * dy
            wide *= min(8.0, abs(ix))
        else:
            face, u = (RIGHT if dy > 0.0 else LEFT), eye_x + enter * dx
            wide *= min(8.0, abs(iy))
        if face != seen or abs(enter - seen_z) > 0.04 * enter:
            mix_palette(canvas, part, lens, air, face, enter)
            seen, seen_z = face, enter
        if lens.z > part.high:
            _lid(canvas, window, lens, column, enter, leave, part.high, canvas.palette[TRIM if part.kind != PLAIN else MAIN])
        if part.kind == ROOF:
            count = stripe(canvas, 0, part.low, canvas.palette[MAIN])
        else:
            count = stripes(canvas, part, face, u, wide, enter / lens.focal_y)
        _paint_column(canvas, window, lens, column, enter, part.high, count, cover)
