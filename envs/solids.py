"""Boxes of a pinhole picture, column by column: buildings, vehicles, plain blocks.

A column of pixels is one ray seen from above; where it enters a box (ray-slab test) gives depth,
face and the place along the face, and a face's column is a stack of stripes from the top down, each
in one colour. Stripes cover pixels by area, so that what is small fades instead of flickering.
Vehicles are a few boxes each.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .canvas import HALF_FULL, RB, Canvas, Window, mix
from .lens import NEAR, SUN, Air, Lens, Looks, brightness, tone


class Material(IntEnum):
    """What a box looks like; its eighth column."""

    PLAIN = 0
    BUILDING = 1
    CAR = 2
    VAN = 3
    TRUCK = 4


class Flag(IntEnum):
    """Lamps of a vehicle; the ninth column of a box is colour index + 256 * their sum."""

    BRAKING = 1
    LIT = 2
    LEFT = 4
    RIGHT = 8


# Parts that boxes are put together of, and faces of a part.
PLAIN, WALL, BODY, GLASS, ROOF, VAN_BODY, CARGO, CAB = range(8)
FRONT, REAR, LEFT, RIGHT = range(4)
# Places in a palette.
MAIN, DARK, PANE, TRIM, TYRE, RED, WHITE, PLATE, AMBER, DOOR = range(10)

FLOOR = 3.0  # [m] of a building
BAY = 2.6  # [m] from window to window


class Part(NamedTuple):
    """One upright box of a thing, in the frame of the lens."""

    x: float
    """Ahead of the lens [m]."""
    y: float
    """Left of the lens [m]."""
    cos: float
    """Of its heading against the lens's."""
    sin: float
    length: float
    """Half of it [m]."""
    width: float
    """Half of it [m]."""
    low: float
    """[m] above the ground."""
    high: float
    kind: int
    flags: int
    label: int
    red: float
    green: float
    blue: float
    night: float
    """0 by day, 1 at night: lit windows and lamps."""


@njit(cache=True, nogil=True)
def _pulse(u: float, wide: float, period: float, on: float) -> float:
    """Returns how much of [u - wide/2, u + wide/2] lies in the middles of periods (box filter)."""
    a, b = (u - 0.5 * wide) / period, (u + 0.5 * wide) / period
    share, edge = on / period, 0.5 * (1.0 - on / period)
    fa, fb = math.floor(a), math.floor(b)
    inside_a = min(max(a - fa - edge, 0.0), share)
    inside_b = min(max(b - fb - edge, 0.0), share)
    return ((fb - fa) * share + inside_b - inside_a) / max(b - a, 1e-6)


@njit(cache=True, nogil=True)
def _overlap(u: float, wide: float, low: float, high: float) -> float:
    """Returns how much of [u - wide/2, u + wide/2] lies in [low, high]."""
    a, b = max(low, u - 0.5 * wide), min(high, u + 0.5 * wide)
    return max(0.0, b - a) / max(wide, 1e-6)


@njit(cache=True, nogil=True)
def _shade(part: Part, lens: Lens, face: int) -> float:
    """Returns the share of daylight on a face: walls towards the sun are bright."""
    c, s = part.cos, part.sin
    if face == REAR:
        c, s = -c, -s
    elif face == LEFT:
        c, s = -s, c
    elif face == RIGHT:
        c, s = s, -c
    east, north = lens.cos * c - lens.sin * s, lens.sin * c + lens.cos * s
    return 0.76 + 0.36 * (SUN[0] * east + SUN[1] * north)


@njit(cache=True, nogil=True)
def _mix_palette(
    canvas: Canvas, part: Part, lens: Lens, air: Air, face: int, z: float
) -> None:
    """Writes the colours of a face at depth z into the palette."""
    p, label = canvas.palette, part.label
    light = brightness(air, z) * _shade(part, lens, face)
    red, green, blue = part.red, part.green, part.blue
    p[MAIN] = tone(air, red, green, blue, light, z, label)
    p[DARK] = tone(air, red * 0.62, green * 0.62, blue * 0.64, light, z, label)
    if part.kind == PLAIN:
        return
    if part.kind == WALL:
        warm = part.night * 0.55
        p[PANE] = tone(
            air, 74.0 * light + 150.0 * warm, 92.0 * light + 118.0 * warm, 112.0 * light + 60.0 * warm, 1.0, z, label
        )
        p[TRIM] = tone(air, red * 0.45 + 100.0, green * 0.45 + 98.0, blue * 0.45 + 94.0, light, z, label)
        p[DOOR] = tone(air, 82.0, 56.0, 44.0, light, z, label)
        return
    p[PANE] = tone(air, 44.0, 58.0, 72.0, light, z, label)
    p[TRIM] = tone(air, red * 0.8 + 30.0, green * 0.8 + 30.0, blue * 0.8 + 30.0, light, z, label)
    p[TYRE] = tone(air, 26.0, 26.0, 29.0, light, z, label)
    bright = 1.0 if part.flags & 1 else 0.0
    p[RED] = tone(
        air, max(bright * 255.0, 150.0 * light + 60.0 * part.night), bright * 42.0 + 12.0 * light, bright * 34.0 + 14.0 * light, 1.0, z, label
    )
    glow = max(0.86 * light, part.night if part.flags & 2 else 0.0)
    p[WHITE] = tone(air, 250.0 * glow, 246.0 * glow, 222.0 * glow, 1.0, z, label)
    p[PLATE] = tone(air, 205.0, 205.0, 196.0, light, z, label)
    p[AMBER] = tone(air, 250.0, 150.0, 20.0, 1.0, z, label)


@njit(cache=True, nogil=True)
def _stripe(canvas: Canvas, n: int, end: float, colour: int) -> int:
    """Adds a stripe down to height `end` [m]; returns the number of stripes."""
    if n < canvas.heights.size - 1:
        canvas.heights[n] = end
        canvas.stripes[n] = colour
        n += 1
    return n


@njit(cache=True, nogil=True)
def _wall(canvas: Canvas, part: Part, face: int, u: float, wide: float, tall: float) -> int:
    """Stacks the stripes of a building: cornice, floors of windows, door, plinth.

    `u` along the face from its middle [m], `wide` and `tall`: what a pixel covers there [m].
    """
    p = canvas.palette
    n = _stripe(canvas, 0, part.high - 0.35, p[TRIM])
    floors = max(1, int((part.high - 0.3) / FLOOR))
    storey = (part.high - 0.6) / floors
    half = part.width if face <= REAR else part.length
    panes = _pulse(u, wide, BAY, 1.35) if abs(u) < half - 0.5 else 0.0
    pane = mix(p[MAIN], p[PANE], int(256.0 * panes))
    if tall > 1.2:  # windows too small to be drawn apart
        n = _stripe(canvas, n, storey + 0.2, mix(p[MAIN], p[PANE], int(120.0 * panes)))
    elif panes > 0.02:
        for k in range(floors - 1, 0, -1):
            base = 0.3 + k * storey
            n = _stripe(canvas, n, base + storey * 0.78, p[MAIN])
            shown = pane
            if tall < 0.25:  # a few windows stand out: blinds, lamps
                number = (int(math.floor(u / BAY)) * 7 + k * 13 + face * 5) & 15
                if number == 3 or number == 9:
                    shown = mix(shown, p[TRIM], int(150.0 * panes))
                elif number == 6:
                    shown = mix(shown, p[DARK], int(150.0 * panes))
            n = _stripe(canvas, n, base + storey * 0.74, mix(p[DARK], shown, 128))
            n = _stripe(canvas, n, base + storey * 0.32, shown)
            n = _stripe(canvas, n, base + storey * 0.27, mix(p[MAIN], p[TRIM], int(256.0 * panes)))
    n = _stripe(canvas, n, storey * 0.78, p[MAIN])
    door = _overlap(u, wide, -0.75, 0.75) if face == FRONT or face == LEFT else 0.0
    if part.flags == 1 and half > 2.0:  # a shop: glass all along the ground floor
        glass = _pulse(u, wide, BAY * 1.25, BAY * 1.1)
        n = _stripe(canvas, n, storey * 0.7, mix(p[MAIN], p[DOOR], 200))
        n = _stripe(canvas, n, 0.5, mix(p[MAIN], p[PANE], int(256.0 * glass)))
    elif door > 0.0:
        n = _stripe(canvas, n, 0.0, mix(p[MAIN], p[DOOR], int(256.0 * door)))
    else:
        n = _stripe(canvas, n, storey * 0.34, pane)
    return _stripe(canvas, n, 0.0, p[DARK])


@njit(cache=True, nogil=True)
def _body(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of the lower half of a car, or of a van's or truck's foot."""
    p = canvas.palette
    tall = part.high - part.low
    if face <= REAR:
        lamp = _overlap(abs(u), wide, part.width * 0.62, part.width * 0.97)
        n = _stripe(canvas, 0, part.low + tall * 0.86, p[TRIM])
        colour = p[WHITE] if face == FRONT else p[RED]
        middle = p[DARK] if face == FRONT else p[MAIN]
        n = _stripe(canvas, n, part.low + tall * 0.5, mix(middle, colour, int(256.0 * lamp)))
        plate = _overlap(u, wide, -0.27, 0.27)
        n = _stripe(canvas, n, part.low + tall * 0.3, mix(p[MAIN], p[PLATE], int(256.0 * plate)))
        n = _stripe(canvas, n, part.low + tall * 0.16, p[DARK])
        tyre = _overlap(abs(u), wide, part.width * 0.7, part.width)
        return _stripe(canvas, n, part.low, mix(p[TYRE], p[DARK], int(80.0 * (1.0 - tyre))))
    n = _stripe(canvas, 0, part.low + tall * 0.8, p[TRIM])
    radius = min(0.36, 0.5 * tall)
    axle = 0.62 * part.length
    off = abs(abs(u) - axle)
    signal = 4 if face == LEFT else 8
    if part.flags & signal and abs(u) > part.length * 0.88:
        n = _stripe(canvas, n, part.low + tall * 0.5, p[AMBER])
    if off < radius:
        arch = part.low + radius + math.sqrt(radius * radius - off * off)
        n = _stripe(canvas, n, max(arch + 0.05, part.low + tall * 0.2), p[MAIN])
        n = _stripe(canvas, n, arch, p[DARK])
        if off < radius * 0.55:
            rim = math.sqrt(radius * radius * 0.3 - off * off)
            n = _stripe(canvas, n, part.low + radius + rim, p[TYRE])
            n = _stripe(canvas, n, part.low + radius - rim, mix(p[TYRE], p[PLATE], 150))
        return _stripe(canvas, n, part.low, p[TYRE])
    n = _stripe(canvas, n, part.low + tall * 0.24, p[MAIN])
    return _stripe(canvas, n, part.low + 0.12, p[DARK]) if tall > 0.3 else n


@njit(cache=True, nogil=True)
def _glass(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of a car's windows, with a pillar at each end and between the doors."""
    p = canvas.palette
    half = part.width if face <= REAR else part.length
    pillar = _overlap(abs(u), wide, half - 0.09, half + 1.0)
    if face >= LEFT:
        pillar += _overlap(u, wide, -0.16, -0.06)
    colour = mix(p[PANE], p[MAIN], int(256.0 * min(1.0, pillar)))
    return _stripe(canvas, 0, part.low, colour)


@njit(cache=True, nogil=True)
def _tall_body(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of a van's body, a truck's cab or its cargo box."""
    p = canvas.palette
    tall = part.high - part.low
    lamp = _overlap(abs(u), wide, part.width * 0.8, part.width * 1.0)
    if part.kind == CARGO:
        n = _stripe(canvas, 0, part.high - 0.12, p[DARK])
        if face == REAR:
            seam = _overlap(u, wide, -0.04, 0.04) * 0.6
            n = _stripe(canvas, n, part.low + 0.35, mix(p[MAIN], p[DARK], int(256.0 * seam)))
            n = _stripe(canvas, n, part.low + 0.08, mix(p[DARK], p[RED], int(256.0 * lamp)))
            return _stripe(canvas, n, part.low, p[TYRE])
        n = _stripe(canvas, n, part.low + 0.12, p[MAIN])
        return _stripe(canvas, n, part.low, p[DARK])
    n = _stripe(canvas, 0, part.high - tall * 0.08, p[TRIM])
    pane = 0.0
    if face == FRONT:
        pane = _overlap(abs(u), wide, 0.0, part.width * 0.88)
    elif face == REAR and part.kind == VAN_BODY:
        pane = _overlap(abs(u), wide, 0.1, part.width * 0.8)
    elif face >= LEFT:
        pane = _overlap(u, wide, part.length * (0.42 if part.kind == VAN_BODY else -0.4), part.length * 0.9)
    colour = mix(p[MAIN], p[PANE], int(256.0 * pane))
    n = _stripe(canvas, n, part.low + tall * 0.52, colour)
    if face == REAR:
        n = _stripe(canvas, n, part.low + tall * 0.2, mix(p[MAIN], p[RED], int(256.0 * lamp)))
    elif face == FRONT and part.kind == CAB:
        n = _stripe(canvas, n, part.low + tall * 0.25, p[MAIN])
        n = _stripe(canvas, n, part.low + tall * 0.1, mix(p[DARK], p[WHITE], int(256.0 * lamp)))
    return _stripe(canvas, n, part.low, p[MAIN])


@njit(cache=True, nogil=True)
def _stripes(canvas: Canvas, part: Part, face: int, u: float, wide: float, tall: float) -> int:
    """Stacks the stripes of one column of a face; returns how many."""
    if part.kind == WALL:
        return _wall(canvas, part, face, u, wide, tall)
    if part.kind == BODY:
        return _body(canvas, part, face, u, wide)
    if part.kind == GLASS:
        return _glass(canvas, part, face, u, wide)
    if part.kind >= VAN_BODY:
        return _tall_body(canvas, part, face, u, wide)
    return _stripe(canvas, 0, part.low, canvas.palette[MAIN])


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _lid(
    canvas: Canvas, window: Window, lens: Lens, column: int, near: float, far: float, high: float, colour: int
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
            _mix_palette(canvas, part, lens, air, face, enter)
            seen, seen_z = face, enter
        if lens.z > part.high:
            _lid(canvas, window, lens, column, enter, leave, part.high, canvas.palette[TRIM if part.kind != PLAIN else MAIN])
        if part.kind == ROOF:
            count = _stripe(canvas, 0, part.low, canvas.palette[MAIN])
        else:
            count = _stripes(canvas, part, face, u, wide, enter / lens.focal_y)
        _paint_column(canvas, window, lens, column, enter, part.high, count, cover)
