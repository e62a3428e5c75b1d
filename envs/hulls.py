"""Vehicles and plain boxes of small pictures, face by face."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .canvas import HALF_FULL, Canvas, Window, leaf, mix
from .faces import MAIN, PLAIN, ROOF, TRIM, Part, mix_palette, stripe, stripes
from .lens import Air, Lens
from .solids import draw_lid
from .spans import Span, face_span

LEAST_LID = 0.4  # [px] of height below which the top of a box is left out


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

    Between stripes rows belong to one or the other. The top and the bottom are soft: they tell how
    far a thing is.
    """
    scale = lens.focal_y / z
    base = lens.horizon + lens.z * scale
    top, bottom = base - high * scale, base - heights[count - 1] * scale
    depth, whole = np.float32(z), cover > 0.996
    begin, end = max(window.first, math.ceil(top)), min(window.end, math.floor(bottom))
    above, below = math.floor(top), math.floor(bottom)
    if window.first <= above < window.end and above < top and depth < depths[above, column]:
        part = int(256.0 * cover * (min(bottom, above + 1.0) - top))
        pixels[above, column] = mix(pixels[above, column], stripes_[0], part)
        if part >= HALF_FULL:
            depths[above, column] = depth
    is_soft = window.first <= below < window.end and below >= begin and bottom > below
    if is_soft and depth < depths[below, column]:
        part = int(256.0 * cover * (bottom - below))
        pixels[below, column] = mix(pixels[below, column], stripes_[count - 1], part)
        if part >= HALF_FULL:
            depths[below, column] = depth
    row = begin
    for k in range(count):
        stop = end
        if k < count - 1:
            stop = min(end, int(base - heights[k] * scale + 0.5))
        colour = stripes_[k]
        if whole:
            for full in range(row, stop):
                if depth < depths[full, column]:
                    pixels[full, column] = colour
                    depths[full, column] = depth
        else:
            part = int(256.0 * cover)
            for full in range(row, stop):
                if depth < depths[full, column]:
                    pixels[full, column] = mix(pixels[full, column], colour, part)
                    if part >= HALF_FULL:
                        depths[full, column] = depth
        row = max(row, stop)


@leaf
def _leave(lens: Lens, part: Part, column: float) -> float:
    """Returns the depth at which the ray of a column leaves a box [m]."""
    t = (lens.centre - column) / lens.focal_x
    eye_x = -(part.x * part.cos + part.y * part.sin)
    eye_y = part.x * part.sin - part.y * part.cos
    dx, dy = part.cos + part.sin * t, t * part.cos - part.sin
    ix = 1.0 / dx if abs(dx) > 1e-9 else 1e9
    iy = 1.0 / dy if abs(dy) > 1e-9 else 1e9
    far_x = max((-part.length - eye_x) * ix, (part.length - eye_x) * ix)
    far_y = max((-part.width - eye_y) * iy, (part.width - eye_y) * iy)
    return min(far_x, far_y)


@leaf
def _draw_face(
    canvas: Canvas,
    window: Window,
    lens: Lens,
    air: Air,
    part: Part,
    span: Span,
    left: float,
    right: float,
) -> None:
    """Draws one face of a box between two columns."""
    first = max(0, math.floor(left))
    last = min(canvas.pixels.shape[1], math.ceil(right))
    if first >= last:
        return
    mix_palette(canvas, part, lens, air, span.face, 2.0 / (span.start + span.end))
    drop = (lens.z - part.high) * lens.focal_y
    lid = canvas.palette[TRIM if part.kind != PLAIN else MAIN]
    for column in range(first, last):
        low, high = max(left, float(column)), min(right, column + 1.0)
        middle = min(max(0.5 * (low + high), span.left), span.right)
        inverse = span.start + (middle - span.left) * span.slope
        z = 1.0 / inverse
        if drop * inverse > LEAST_LID:
            leave = _leave(lens, part, middle)
            if drop * (inverse - 1.0 / max(leave, z)) > LEAST_LID:
                draw_lid(canvas, window, lens, column, z, leave, part.high, lid)
        u = (span.place + (middle - span.left) * span.place_slope) * z
        if part.kind == ROOF:
            count = stripe(canvas, 0, part.low, canvas.palette[MAIN])
        else:
            wide = abs(span.place_slope - u * span.slope) * z
            count = stripes(canvas, part, span.face, u, wide, z / lens.focal_y)
        _paint_column(
            canvas.pixels,
            canvas.depth,
            canvas.heights,
            canvas.stripes,
            window,
            lens,
            column,
            z,
            part.high,
            count,
            high - low,
        )


@leaf
def draw_small_part(canvas: Canvas, window: Window, lens: Lens, air: Air, part: Part) -> None:
    """Draws one upright box of a small picture."""
    ends = face_span(lens, part.x, part.y, part.cos, part.sin, part.length, part.width, 0)
    sides = face_span(lens, part.x, part.y, part.cos, part.sin, part.length, part.width, 1)
    left0, right0, left1, right1 = ends.left, ends.right, sides.left, sides.right
    if left0 < right0 and left1 < right1:  # the edge between them belongs to one column whole
        if left0 < left1:
            right0 = left1 = math.floor(right0 + 0.5)
        else:
            right1 = left0 = math.floor(right1 + 0.5)
    for which in range(2):
        if which == 0:
            span, left, right = ends, left0, right0
        else:
            span, left, right = sides, left1, right1
        if left < right:
            _draw_face(canvas, window, lens, air, part, span, left, right)
