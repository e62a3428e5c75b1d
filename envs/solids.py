"""Upright boxes of a pinhole picture, column by column.

A column of pixels is one ray seen from above; where it enters a box (ray-slab test) gives depth,
face and the place along the face, and `faces` says which stripes stand there. Stripes cover pixels
by area, so that what is small fades instead of flickering.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .canvas import HALF_FULL, LABEL, RB, Canvas, Pixel, Window, leaf, mix
from .faces import (
    FRONT,
    LEFT,
    MAIN,
    PLAIN,
    REAR,
    RIGHT,
    ROOF,
    TRIM,
    Part,
    mix_palette,
    stripe,
    stripes,
)
from .lens import NEAR, Air, Lens, brightness, clearness


@leaf
def _paint_column(
    pixels: NDArray[np.uint32],
    depths: NDArray[np.float32],
    heights: NDArray[np.float32],
    stripes_: NDArray[np.uint32],
    window: Window,
    lens: Lens,
    column: int,
    z: float,
    high: float,
    count: int,
    cover: float,
) -> None:
    """Draws stripes from height `high` [m] down at depth z; `cover`: part of the column, 0-1.

    Rows within one stripe are filled at once; where stripes meet, a row is their mean.
    """
    scale = lens.focal_y / z
    base = lens.horizon + lens.z * scale
    start = base - high * scale
    depth, whole = np.float32(z), cover > 0.996
    bottom = min(float(window.end), base - heights[count - 1] * scale)
    rb, green, total = np.uint32(0), np.uint32(0), np.uint32(0)  # of the row being filled
    low, eight, sixteen = np.uint32(0xFFFF), np.uint32(8), np.uint32(16)
    start = max(start, float(window.first))
    for k in range(count):
        edge = min(base - heights[k] * scale, bottom)
        if edge <= start:
            continue
        colour = stripes_[k]
        row = int(start)
        while start < edge:
            if start == row and edge >= row + 1.0 and whole:
                end = int(edge)
                for full in range(row, end):
                    if depth < depths[full, column]:
                        pixels[full, column] = colour
                        depths[full, column] = depth
                row, start = end, float(end)
                continue
            stop = min(edge, row + 1.0)
            weight = np.uint32(256.0 * (stop - start) + 0.5)
            rb += (colour & RB) * weight
            green += ((colour >> eight) & np.uint32(255)) * weight
            total += weight
            start = stop
            if stop == row + 1.0 or stop == bottom:
                if total > 0 and depth < depths[row, column]:
                    # Weights of a full row may sum to 255-257; dividing by a shift of 256 is right
                    # within a level when scaled first.
                    share = np.uint32(65536) // total
                    r = min(((rb & low) * share) >> sixteen, np.uint32(255))
                    b = min(((rb >> sixteen) * share) >> sixteen, np.uint32(255))
                    g = min((green * share) >> sixteen, np.uint32(255))
                    shown = r | (g << eight) | (b << sixteen) | (colour & LABEL)
                    part = int(cover * total + 0.5)
                    if part >= 255:
                        pixels[row, column] = shown
                        depths[row, column] = depth
                    else:
                        pixels[row, column] = mix(pixels[row, column], shown, part)
                        if part >= HALF_FULL:
                            depths[row, column] = depth
                rb, green, total = np.uint32(0), np.uint32(0), np.uint32(0)
                row += 1
        if start >= bottom:
            return


@leaf
def draw_lid(
    canvas: Canvas,
    window: Window,
    lens: Lens,
    column: int,
    near: float,
    far: float,
    high: float,
    colour: Pixel,
) -> None:
    """Draws the top of a box, seen from above it, between two depths of a column."""
    drop = (lens.z - high) * lens.focal_y
    top, bottom = lens.horizon + drop / far, lens.horizon + drop / near
    begin = max(window.first, math.floor(top))
    for row in range(begin, min(window.end, math.ceil(bottom))):
        z = np.float32(min(far, max(near, drop / max(row + 0.5 - lens.horizon, 1e-3))) - 0.02)
        part = int(256.0 * (min(bottom, row + 1.0) - max(top, float(row))))
        if z < canvas.depth[row, column] and part > 0:
            canvas.pixels[row, column] = mix(canvas.pixels[row, column], colour, part)
            if part >= HALF_FULL:
                canvas.depth[row, column] = z


@leaf
def _extent(lens: Lens, part: Part) -> tuple[float, float]:
    """Returns the first and last column [px] that a part reaches ahead of the near plane."""
    first, last = 1e9, -1e9
    a, b = -part.length, part.width
    z0 = part.x + part.cos * a - part.sin * b
    y0 = part.y + part.sin * a + part.cos * b
    for k in range(4):
        a = part.length if k == 1 or k == 2 else -part.length
        b = part.width if k >= 2 else -part.width
        z1 = part.x + part.cos * a - part.sin * b
        y1 = part.y + part.sin * a + part.cos * b
        if z1 >= NEAR:
            column = -y1 / z1
            first, last = min(first, column), max(last, column)
        if (z0 >= NEAR) != (z1 >= NEAR):  # where an edge passes the near plane
            column = -(y0 + (NEAR - z0) / (z1 - z0) * (y1 - y0)) / NEAR
            first, last = min(first, column), max(last, column)
        z0, y0 = z1, y1
    first, last = first * lens.focal_x, last * lens.focal_x
    if lens.focal_x < 0.0:
        first, last = last, first
    return lens.centre + first, lens.centre + last


@leaf
def draw_part(canvas: Canvas, window: Window, lens: Lens, air: Air, part: Part) -> None:
    """Draws one upright box of a large picture."""
    left, right = _extent(lens, part)
    first, last = max(0, math.floor(left)), min(canvas.pixels.shape[1], math.ceil(right))
    if first >= last:
        return
    # The eye and the rays in the box's own frame; a ray's parameter is its depth.
    eye_x = -(part.x * part.cos + part.y * part.sin)
    eye_y = part.x * part.sin - part.y * part.cos
    seen, seen_shine = -1, 0.0
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
        shine = clearness(air, enter) + air.headlight * brightness(air, enter)
        if face != seen or abs(shine - seen_shine) > 0.02:
            mix_palette(canvas, part, lens, air, face, enter)
            seen, seen_shine = face, shine
        if lens.z > part.high:
            draw_lid(
                canvas,
                window,
                lens,
                column,
                enter,
                leave,
                part.high,
                canvas.palette[TRIM if part.kind != PLAIN else MAIN],
            )
        if part.kind == ROOF:
            count = stripe(canvas, 0, part.low, canvas.palette[MAIN])
        else:
            count = stripes(canvas, part, face, u, wide, enter / lens.focal_y)
        _paint_column(
            canvas.pixels,
            canvas.depth,
            canvas.heights,
            canvas.stripes,
            window,
            lens,
            column,
            enter,
            part.high,
            count,
            cover,
        )
