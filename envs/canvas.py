"""Pixels that several kernels draw on: packed colours, blending, and shapes with soft edges.

A pixel is a uint32: red, green and blue in its low bytes (red lowest), the label in the high one;
so labels cost nothing. Beside it stands its depth [m]. Shapes are in pixels (x right, y down, a
pixel's middle at .5), at one depth each; they cover pixels in part at their edges and are hidden by
what is nearer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

RB = np.uint32(0x00FF00FF)
GREEN = np.uint32(0x0000FF00)
RGB = np.uint32(0x00FFFFFF)
LABEL = np.uint32(0xFF000000)
STRIPES = 128  # at most, on a column of a face
PIECES = 16  # of a thing at most
THINGS = 512  # in sight at most, unless a canvas is made for more; the rest is left out
HALF_FULL = 128  # of 256: from here on a shape owns a pixel's label and depth

GLYPHS = np.array(  # 3 x 5 dots, the top row in the high bits: digits 0-9, then S, T, O, P
    [
        31599,
        11415,
        29671,
        29647,
        23497,
        31183,
        31215,
        29266,
        31727,
        31695,
        31183,
        29842,
        31599,
        31716,
    ],
    np.int64,
)


F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}


def kernel(function: F) -> F:
    """Compiles a drawing kernel.

    Kernels allocate nothing; counting references to the arrays of a canvas at every pixel, as numba
    does by itself, would make them five times slower.
    """
    return cast(F, njit(**_OPTIONS)(function))


def leaf(function: F) -> F:
    """Compiles a kernel into its caller: a call that hands over a canvas costs a hundred words."""
    return cast(F, njit(**_OPTIONS, forceinline=True)(function))


Pixel = Any  # numpy.uint32


class Canvas(NamedTuple):
    """What is drawn on; scratch that is made once and used for every picture of its size."""

    pixels: NDArray[np.uint32]
    """[H, W] packed colour and label."""
    depth: NDArray[np.float32]
    """[H, W] distance along the camera's axis [m]."""
    rows: NDArray[np.uint32]
    """[4, W] scratch of a row of ground: indices, texels, sums of red and blue, of green."""
    lee: NDArray[np.float32]
    """[2, W] scratch of small pictures: 1 / depth of the farthest wall of a column [1/m], and the
    first row that walls close."""
    heights: NDArray[np.float32]
    """[STRIPES] scratch of a column of a face: where each stripe ends, from the top down [m]."""
    stripes: NDArray[np.uint32]
    """[STRIPES] scratch: their colours."""
    palette: NDArray[np.uint32]
    """[16] scratch: colours of one face."""
    pieces: NDArray[np.float32]
    """[PIECES, 7] scratch: the boxes that a thing is made of."""
    order: NDArray[np.int32]
    """[THINGS] scratch: what is in sight, boxes first, then sprites."""
    keys: NDArray[np.float32]
    """[THINGS] scratch: their depths [m]."""


class Sheet(NamedTuple):
    """The part of a canvas that shapes need: a whole canvas is slow to hand over."""

    pixels: NDArray[np.uint32]
    depth: NDArray[np.float32]


class Window(NamedTuple):
    """The rows of a canvas that may be drawn on: first <= row < end."""

    first: int
    end: int


def make_canvas(width: int, height: int, things: int = THINGS) -> Canvas:
    """Returns an empty canvas on which at most so many things are drawn."""
    return Canvas(
        np.zeros((height, width), np.uint32),
        np.zeros((height, width), np.float32),
        np.zeros((4, width), np.uint32),
        np.zeros((2, width), np.float32),
        np.zeros(STRIPES, np.float32),
        np.zeros(STRIPES, np.uint32),
        np.zeros(16, np.uint32),
        np.zeros((PIECES, 7), np.float32),
        np.zeros(things, np.int32),
        np.zeros(things, np.float32),
    )


@leaf
def pack(red: float, green: float, blue: float, label: int) -> Pixel:
    """Returns a pixel of colours 0-255 (clipped) and a label."""
    r = np.uint32(min(max(red, 0.0), 255.0))
    g = np.uint32(min(max(green, 0.0), 255.0))
    b = np.uint32(min(max(blue, 0.0), 255.0))
    return np.uint32(r | (g << np.uint32(8)) | (b << np.uint32(16)) | (label << np.uint32(24)))


@leaf
def mix(under: Pixel, over: Pixel, part: int) -> Pixel:
    """Returns `under` with `part` (integer, 0-256) of `over`; the label is `over`'s from 128 on."""
    p = np.uint32(part)
    q = np.uint32(256) - p
    rb = (((under & RB) * q + (over & RB) * p) >> np.uint32(8)) & RB
    g = (((under & GREEN) >> np.uint32(8)) * q + ((over & GREEN) >> np.uint32(8)) * p) & GREEN
    label = (over if p >= np.uint32(HALF_FULL) else under) & LABEL
    return np.uint32(rb | g | label)


@leaf
def touch(
    canvas: Canvas | Sheet, row: int, column: int, z: float, colour: Pixel, part: int
) -> None:
    """Blends `part` (0-256) of a colour at depth z into one pixel unless something is nearer."""
    if part > 0 and z < canvas.depth[row, column]:
        if part >= 256:
            canvas.pixels[row, column] = colour
        else:
            canvas.pixels[row, column] = mix(canvas.pixels[row, column], colour, part)
        if part >= HALF_FULL:
            canvas.depth[row, column] = z


@leaf
def _span(
    canvas: Canvas | Sheet,
    row: int,
    left: float,
    right: float,
    z: float,
    colour: Pixel,
    tall: float,
) -> None:
    """Draws the part of a row between two columns; `tall`: how much of the row, 0-256."""
    first, last = max(0, math.floor(left)), min(canvas.pixels.shape[1], math.ceil(right))
    if first >= last:
        return
    pixels, depth, z32 = canvas.pixels[row], canvas.depth[row], np.float32(z)
    if tall < 255.0:
        for column in range(first, last):
            wide = min(right, column + 1.0) - max(left, float(column))
            touch(canvas, row, column, z, colour, int(tall * wide + 0.5))
        return
    begin, end = first, last
    if left > first:
        begin += 1
        wide = min(right, first + 1.0) - left
        touch(canvas, row, first, z, colour, int(tall * wide + 0.5))
    if right < last and last - 1 >= begin:
        end -= 1
        touch(canvas, row, end, z, colour, int(tall * (right - end) + 0.5))
    for column in range(begin, end):
        if z32 < depth[column]:
            pixels[column] = colour
            depth[column] = z32


@kernel
def rectangle(
    canvas: Canvas | Sheet,
    window: Window,
    left: float,
    top: float,
    right: float,
    bottom: float,
    z: float,
    colour: Pixel,
) -> None:
    """Draws an upright rectangle."""
    low = max(window.first, math.floor(top))
    high = min(window.end, math.ceil(bottom))
    for row in range(low, high):
        tall = 256.0 * (min(bottom, row + 1.0) - max(top, float(row)))
        _span(canvas, row, left, right, z, colour, tall)


@kernel
def ellipse(
    canvas: Canvas | Sheet,
    window: Window,
    x: float,
    y: float,
    a: float,
    b: float,
    z: float,
    colour: Pixel,
    rough: float,
) -> None:
    """Draws an ellipse of half axes a, b; `rough` > 0 speckles it and darkens its lower left.

    Below half a pixel its area is kept and its darkness falls.
    """
    fade = 256.0 * min(1.0, 2.0 * a) * min(1.0, 2.0 * b)
    a, b = max(a, 0.5), max(b, 0.5)
    low = max(window.first, math.floor(y - b))
    high = min(window.end, math.ceil(y + b))
    dark = mix(colour, colour & LABEL, int(110 * rough))
    for row in range(low, high):
        v = (row + 0.5 - y) / b
        half = 1.0 - v * v
        half = a * math.sqrt(half) if half > 0.0 else 0.25 * a / b
        left, right = x - half, x + half
        tall = fade * min(1.0, min(y + b, row + 1.0) - max(y - b, float(row)))
        if rough <= 0.0:
            _span(canvas, row, left, right, z, colour, tall)
            continue
        first, last = max(0, math.floor(left)), min(canvas.pixels.shape[1], int(right) + 1)
        for column in range(first, last):
            part = int(tall * (min(right, column + 1.0) - max(left, float(column))) + 0.5)
            u = (column + 0.5 - x) / a
            grain = int((u + 2.0) * 9.0) * 73 + int((v + 2.0) * 9.0) * 151
            speckle = (grain * grain % 101) * 0.009
            shade = 0.35 * (v + 0.6 * abs(u) - 0.35 * u) + speckle - 0.35
            shown = mix(colour, dark, int(256 * min(max(shade, 0.0), 1.0)))
            touch(canvas, row, column, z, shown, part)


@kernel
def octagon(
    canvas: Canvas | Sheet, window: Window, x: float, y: float, half: float, z: float, colour: Pixel
) -> None:
    """Draws a regular octagon with upright sides at x +- half."""
    low = max(window.first, math.floor(y - half))
    high = min(window.end, math.ceil(y + half))
    for row in range(low, high):
        v = abs(row + 0.5 - y)
        reach = min(half, max(0.0, 1.4142 * half - v))
        tall = min(y + half, row + 1.0) - max(y - half, float(row))
        first = max(0, math.floor(x - reach))
        last = min(canvas.pixels.shape[1], math.ceil(x + reach))
        for column in range(first, last):
            wide = min(x + reach, column + 1.0) - max(x - reach, float(column))
            touch(canvas, row, column, z, colour, int(256.0 * tall * wide + 0.5))


@kernel
def glyph(
    canvas: Canvas | Sheet,
    window: Window,
    which: int,
    left: float,
    top: float,
    dot: float,
    z: float,
    colour: Pixel,
) -> None:
    """Draws a sign of `GLYPHS` in dots of side `dot` from its top left corner."""
    bits = GLYPHS[which]
    for k in range(15):
        if (bits >> (14 - k)) & 1:
            x, y = left + (k % 3) * dot, top + (k // 3) * dot
            rectangle(canvas, window, x, y, x + dot, y + dot, z, colour)


@kernel
def develop(
    canvas: Canvas, image: NDArray[np.uint8], labels: NDArray[np.uint8], depth: NDArray[np.float32]
) -> None:
    """Copies a canvas into what a caller wants: uint8 [H, W, 3], uint8 [H, W], float32 [H, W].

    `labels` and `depth` of size 0 are left out.
    """
    flat, out = canvas.pixels.reshape(-1), image.reshape(-1)
    fours = flat.size // 4 if out.size % 4 == 0 else 0
    words = out[: 12 * fours].view(np.uint32)
    for k in range(fours):  # four pixels are three words
        a, b, c, d = flat[4 * k], flat[4 * k + 1], flat[4 * k + 2], flat[4 * k + 3]
        words[3 * k] = (a & RGB) | (b << np.uint32(24))
        words[3 * k + 1] = ((b & RGB) >> np.uint32(8)) | (c << np.uint32(16))
        words[3 * k + 2] = ((c & RGB) >> np.uint32(16)) | (d << np.uint32(8))
    for i in range(4 * fours, flat.size):
        pixel = flat[i]
        out[3 * i] = np.uint8(pixel & np.uint32(255))
        out[3 * i + 1] = np.uint8((pixel >> np.uint32(8)) & np.uint32(255))
        out[3 * i + 2] = np.uint8((pixel >> np.uint32(16)) & np.uint32(255))
    if labels.size:
        flat_labels = labels.reshape(-1)
        for i in range(flat.size):
            flat_labels[i] = np.uint8(flat[i] >> np.uint32(24))
    if depth.size:
        near, flat_depth = canvas.depth.reshape(-1), depth.reshape(-1)
        for i in range(flat.size):
            flat_depth[i] = near[i]


@kernel
def develop_half(canvas: Canvas, image: NDArray[np.uint8]) -> None:
    """Copies a canvas [2H, 2W] into an image [H, W, 3], each pixel the mean of four."""
    byte = np.uint32(255)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            for k in range(3):
                shift = np.uint32(8 * k)
                total = np.uint32(2)
                for part in range(4):
                    pixel = canvas.pixels[2 * row + (part >> 1), 2 * column + (part & 1)]
                    total += (pixel >> shift) & byte
                image[row, column, k] = np.uint8(total >> np.uint32(2))
