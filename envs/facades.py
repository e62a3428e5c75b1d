"""Buildings of small pictures: whole faces at a time, from near to far; walls close their columns.

A column or a row belongs to a wall when its middle does; only the top edge is soft. What walls hide
is remembered in `Canvas.lee`, so that things behind them cost nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .canvas import HALF_FULL, Canvas, Pixel, Window, leaf, mix
from .faces import BAY, FLOOR, FRONT, LEFT, Veil, ink, lit
from .lens import Air, Lens, Looks, brightness, clearness
from .spans import Span, face_span

NO_WALL = np.float32(1e9)  # row of a column that no wall closes
HOUSE, SHOP, BUILDING = 2, 1, 1  # styles; the material
LEAST_STOREY = 3.0  # [px] below which windows are a tint
SMALL_WINDOW, SMALL_STOREY = 24, 7.0  # [px] rows of a mirror, and the same there
PANE = 1.35  # [m] across
PANE_LOW, PANE_HIGH = 0.32, 0.74  # of a storey
TINT = 0.23  # share of glass of a wall whose windows are not drawn
EAVES, RIDGE = 0.72, 0.45  # of a house's height; of its half length
FOG_STEP = 0.12  # optical thickness along a face from which its columns differ in fog


class House(NamedTuple):
    """What a building is, as its faces need it; the ridge of its roof in the picture."""

    eaves: float
    """Height of its walls [m]."""
    storey: float
    """[m]."""
    style: int
    label: int
    red: float
    green: float
    blue: float
    has_roof: bool
    left: float
    """Column of the ridge's left end [px]."""
    right: float
    """Column of its right end [px]."""
    crest: float
    """Row of the ridge [px]."""
    left_slope: float
    """How much a row the roof falls, a column to the left of the ridge."""
    right_slope: float


class Inks(NamedTuple):
    """The colours of a face."""

    wall: Pixel
    trim: Pixel
    glass: Pixel
    dark: Pixel
    door: Pixel
    tiles: Pixel


@leaf
def open_columns(canvas: Canvas) -> None:
    """Forgets all walls, before a picture."""
    for column in range(canvas.lee.shape[1]):
        canvas.lee[0, column], canvas.lee[1, column] = np.float32(0.0), NO_WALL


@leaf
def is_hidden(canvas: Canvas, left: float, right: float, top: float, inverse: float) -> bool:
    """Tells whether walls hide columns left..right from row `top` down, at 1 / depth `inverse`."""
    first = max(0, math.floor(left))
    end = min(canvas.lee.shape[1], math.ceil(right))
    for column in range(first, end):
        if inverse >= canvas.lee[0, column] or math.floor(top) < canvas.lee[1, column]:
            return False
    return True


@leaf
def _panes(u: float, wide: float) -> float:
    """Returns roughly how much of [u - wide/2, u + wide/2] is window, along a face."""
    bay = u * (1.0 / BAY)
    off = abs(bay - np.floor(bay) - 0.5)
    return min(max((0.5 * PANE / BAY - off) * BAY / wide + 0.5, 0.0), 1.0)


@leaf
def _fill(
    pixels: NDArray[np.uint32],
    depths: NDArray[np.float32],
    width: int,
    column: int,
    first: int,
    end: int,
    z: float,
    colour: Pixel,
    tested: bool,
) -> None:
    """Fills rows of a column of a flat picture; `tested`: unless something is nearer.

    A `while`, as LLVM would make a `for` ready for all strides, which takes longer than the rows.
    """
    depth, at, step = np.float32(z), np.uint64(first * width + column), np.uint64(width)
    last = np.uint64(max(first, end) * width + column)
    if tested:
        while at < last:
            if depth < depths[at]:
                pixels[at], depths[at] = colour, depth
            at += step
        return
    while at < last:
        pixels[at], depths[at] = colour, depth
        at += step


@leaf
def _fill_windows(
    pixels: NDArray[np.uint32],
    depths: NDArray[np.float32],
    width: int,
    column: int,
    first: int,
    end: int,
    z: float,
    wall: Pixel,
    pane: Pixel,
    storeys: float,
    step: float,
    tested: bool,
) -> None:
    """Fills rows of a column with wall and windows; `storeys` up at the first, `step` a row."""
    depth, at, beyond = np.float32(z), np.uint64(first * width + column), np.uint64(width)
    low, span = np.uint32(PANE_LOW * 65536.0), np.uint32((PANE_HIGH - PANE_LOW) * 65536.0)
    phase, down = np.uint32(int(storeys * 65536.0)) - low, np.uint32(int(step * 65536.0))
    mask = np.uint32(65535)
    last = np.uint64(max(first, end) * width + column)
    while at < last:
        if not tested or depth < depths[at]:
            pixels[at] = pane if (phase & mask) < span else wall
            depths[at] = depth
        phase -= down
        at += beyond


@leaf
def _house(
    lens: Lens, looks: Looks, box: NDArray[np.float32], x: float, y: float, c: float, s: float
) -> House:
    """Returns what a box [9] is; x, y, c, s: its place and heading in the frame of the lens."""
    code, high = int(box[8]), float(box[6])
    a, b = float(box[3]), float(box[4])
    style, paint = code >> 8, looks.wall[(code & 255) % len(looks.wall)]
    eaves = EAVES * high if style == HOUSE else high
    storey = (eaves - 0.6) / max(1, int((eaves - 0.3) * (1.0 / FLOOR)))
    label = int(looks.box_label[BUILDING])
    red, green, blue = float(paint[0]), float(paint[1]), float(paint[2])
    left, right, crest, left_slope, right_slope = 0.0, 0.0, 0.0, 0.0, 0.0
    has_roof = style == HOUSE and x > 1.3 * (a + b)
    if has_roof:
        part = RIDGE * a
        i0, i1 = 1.0 / (x + c * part), 1.0 / (x - c * part)
        left = lens.centre - (y + s * part) * i0 * lens.focal_x
        right = lens.centre - (y - s * part) * i1 * lens.focal_x
        left, right = min(left, right), max(left, right)
        crest = lens.horizon + (lens.z - high) * lens.focal_y * 0.5 * (i0 + i1)
        reach = (abs(s) * a + abs(c) * b) / x * abs(lens.focal_x)
        middle = 0.5 * (left + right)
        fall = lens.horizon + (lens.z - eaves) * lens.focal_y / x - crest
        left_slope = fall / max(left - (middle - reach), 0.5)
        right_slope = fall / max(middle + reach - right, 0.5)
    return House(
        eaves, storey, style, label, red, green, blue, has_roof, left, right, crest, left_slope,
        right_slope,
    )  # fmt: skip


@leaf
def _inks(house: House, air: Air, z: float, shade: float, has_windows: bool) -> Inks:
    """Returns the colours of a face at depth z that gets a share of the daylight."""
    clear = clearness(air, z)
    light = brightness(air, z) * shade
    fog, low = 1.0 - clear, air.low
    veil = Veil(light * clear, low[0] * fog, low[1] * fog, low[2] * fog, house.label)
    own = Veil(clear, veil.red, veil.green, veil.blue, house.label)
    red, green, blue = house.red, house.green, house.blue
    warm = 0.55 * min(1.0, max(0.0, 1.3 - 2.0 * air.light))
    pane_red = 74.0 * light + 150.0 * warm
    pane_green = 92.0 * light + 118.0 * warm
    pane_blue = 112.0 * light + 60.0 * warm
    tiles = np.uint32(0)
    if house.has_roof:
        tiles = ink(veil, 140.0 + 0.1 * red, 64.0 + 0.1 * green, 46.0 + 0.1 * blue)
    if not has_windows:
        keep = (1.0 - TINT) * light
        wall = ink(
            own,
            keep * red + TINT * pane_red,
            keep * green + TINT * pane_green,
            keep * blue + TINT * pane_blue,
        )
        return Inks(wall, wall, wall, wall, wall, tiles)
    return Inks(
        ink(veil, red, green, blue),
        ink(veil, red * 0.45 + 100.0, green * 0.45 + 98.0, blue * 0.45 + 94.0),
        ink(own, pane_red, pane_green, pane_blue),
        ink(veil, red * 0.62, green * 0.62, blue * 0.64),
        ink(veil, 82.0, 56.0, 44.0),
        tiles,
    )


@leaf
def _storeys(
    flat: NDArray[np.uint32],
    near: NDArray[np.float32],
    width: int,
    column: int,
    row: int,
    stop: int,
    z: float,
    base: float,
    scale: float,
    u: float,
    wide: float,
    span: Span,
    house: House,
    inks: Inks,
    tested: bool,
) -> None:
    """Fills rows of a column with floors of windows, the ground floor and the plinth."""
    panes = _panes(u, wide) if abs(u) < span.half - 0.5 else 0.0
    pane = mix(inks.wall, inks.glass, int(256.0 * panes))
    edge = max(row, min(stop, int(base - PANE_HIGH * house.storey * scale + 0.5)))
    step = 1.0 / (house.storey * scale)
    up = (base - row - 0.5 - 0.3 * scale) * step
    _fill_windows(
        flat, near, width, column, row, edge, z, inks.wall, pane, up, step, tested
    )  # fmt: skip
    foot = 0.34 * house.storey
    if house.style == SHOP:
        pane, foot = mix(inks.wall, inks.glass, 225), 0.5
    elif (span.face == FRONT or span.face == LEFT) and abs(u) < 0.75:
        pane, foot = mix(inks.wall, inks.door, 225), 0.0
    row, edge = edge, max(edge, min(stop, int(base - foot * scale + 0.5)))
    _fill(flat, near, width, column, row, edge, z, pane, tested)
    _fill(flat, near, width, column, edge, stop, z, inks.dark, tested)


@leaf
def _draw_face(
    canvas: Canvas, window: Window, lens: Lens, air: Air, house: House, span: Span, shade: float
) -> None:
    """Draws one face, and the roof above it, where no wall hides them."""
    pixels, depths, lee = canvas.pixels, canvas.depth, canvas.lee
    flat, near, width = pixels.reshape(-1), depths.reshape(-1), pixels.shape[1]
    least = SMALL_STOREY if window.end - window.first <= SMALL_WINDOW else LEAST_STOREY
    has_windows = house.storey * lens.focal_y * max(span.start, span.end) > least
    hazy = air.fog * abs(1.0 / span.start - 1.0 / span.end) > FOG_STEP
    is_mixed = False
    none = np.uint32(0)
    inks = Inks(none, none, none, none, none, none)
    first, end = max(0, math.ceil(span.left - 0.5)), min(width, math.ceil(span.right - 0.5))
    for column in range(first, end):
        off = column + 0.5 - span.left
        inverse = span.start + off * span.slope
        scale = lens.focal_y * inverse
        base = lens.horizon + lens.z * scale
        top = base - house.eaves * scale
        crest = top
        if house.has_roof:
            beside = max(house.left - column - 0.5, 0.0) * house.left_slope
            beside = max(beside, (column + 0.5 - house.right) * house.right_slope)
            crest = min(house.crest + beside, top)
        row, closed = math.floor(crest), lee[1, column]
        tested = inverse > lee[0, column] and closed < NO_WALL
        if row >= closed and not tested:
            continue
        z = 1.0 / inverse
        if not is_mixed or (hazy and (column & 3) == 0):
            at = z if hazy else 2.0 / (span.start + span.end)
            inks, is_mixed = _inks(house, air, at, shade, has_windows), True
        stop = min(window.end, int(base + 0.5))
        if not tested:
            stop = min(stop, int(closed))
        begin = max(row, window.first)
        if window.first <= row < window.end:  # soft; the wall's own if more than half is
            shown = inks.tiles if crest < top - 0.5 else inks.trim
            part = int(256.0 * (row + 1.0 - crest))
            if np.float32(z) < depths[row, column]:
                pixels[row, column] = mix(pixels[row, column], shown, part)
                if part >= HALF_FULL:
                    depths[row, column] = np.float32(z)
            begin = row if part >= HALF_FULL else row + 1
            row += 1
        row = max(row, window.first)
        lee[0, column] = min(lee[0, column], inverse) if closed < NO_WALL else inverse
        lee[1, column] = min(closed, np.float32(begin))
        if house.has_roof:
            edge = max(row, min(stop, int(top + 0.5)))
            _fill(flat, near, width, column, row, edge, z, inks.tiles, tested)
            row = edge
        if not has_windows:
            _fill(flat, near, width, column, row, stop, z, inks.wall, tested)
            continue
        edge = max(row, min(stop, int(top + 0.35 * scale + 0.5)))
        _fill(flat, near, width, column, row, edge, z, inks.trim, tested)
        u = (span.place + off * span.place_slope) * z
        wide = abs(span.place_slope - u * span.slope) * z
        _storeys(
            flat, near, width, column, edge, stop, z, base, scale, u, wide, span, house, inks,
            tested,
        )  # fmt: skip


@leaf
def draw_facade(
    canvas: Canvas, window: Window, lens: Lens, air: Air, looks: Looks, box: NDArray[np.float32]
) -> None:
    """Draws one building [9] of a scene; buildings come from near to far."""
    dx, dy = box[0] - lens.x, box[1] - lens.y
    x, y = lens.cos * dx + lens.sin * dy, lens.cos * dy - lens.sin * dx
    own_cos, own_sin = math.cos(box[2]), math.sin(box[2])
    c, s = own_cos * lens.cos + own_sin * lens.sin, own_sin * lens.cos - own_cos * lens.sin
    house = _house(lens, looks, box, x, y, c, s)
    for which in range(2):
        span = face_span(lens, x, y, c, s, float(box[3]), float(box[4]), which)
        if math.ceil(span.left - 0.5) < math.ceil(span.right - 0.5):
            _draw_face(canvas, window, lens, air, house, span, lit(c, s, lens, span.face))
