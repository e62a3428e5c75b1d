"""Faces of boxes: the stripes that one column of a wall or of a vehicle's side is made of.

A face's column is a stack of stripes from the top down, each in one colour of the face's palette;
across the face everything is filtered by what a pixel covers, so small things fade.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .canvas import Canvas, Pixel, leaf, mix, pack
from .lens import SUN, Air, Lens, brightness, clearness

# Parts that boxes are put together of, and faces of a part.
PLAIN, WALL, BODY, GLASS, ROOF, VAN_BODY, CARGO, CAB, FAR = range(9)
FRONT, REAR, LEFT, RIGHT = range(4)
# Places in a palette.
MAIN, DARK, PANE, TRIM, TYRE, RED, WHITE, PLATE, AMBER, DOOR = range(10)

BRAKES, LAMPS, SIGNAL_LEFT, SIGNAL_RIGHT = 1, 2, 4, 8  # flags
FLOOR = 3.0  # [m] of a building
BAY = 2.6  # [m] from window to window


class Veil(NamedTuple):
    """Light and fog at one depth: a colour times the gain, plus the fog's."""

    gain: float
    red: float
    green: float
    blue: float
    label: int


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


@leaf
def _pulse(u: float, wide: float, period: float, on: float) -> float:
    """Returns how much of [u - wide/2, u + wide/2] lies in the middles of periods (box filter)."""
    a, b = (u - 0.5 * wide) / period, (u + 0.5 * wide) / period
    share, edge = on / period, 0.5 * (1.0 - on / period)
    fa, fb = math.floor(a), math.floor(b)
    inside_a = min(max(a - fa - edge, 0.0), share)
    inside_b = min(max(b - fb - edge, 0.0), share)
    return ((fb - fa) * share + inside_b - inside_a) / max(b - a, 1e-6)


@leaf
def _overlap(u: float, wide: float, low: float, high: float) -> float:
    """Returns how much of [u - wide/2, u + wide/2] lies in [low, high]."""
    a, b = max(low, u - 0.5 * wide), min(high, u + 0.5 * wide)
    return max(0.0, b - a) / max(wide, 1e-6)


@leaf
def lit(cos: float, sin: float, lens: Lens, face: int) -> float:
    """Returns the share of daylight on a face of a box: walls towards the sun are bright.

    `cos`, `sin`: of the box's heading in the frame of the lens.
    """
    c, s = cos, sin
    if face == REAR:
        c, s = -c, -s
    elif face == LEFT:
        c, s = -s, c
    elif face == RIGHT:
        c, s = s, -c
    east, north = lens.cos * c - lens.sin * s, lens.sin * c + lens.cos * s
    return 0.76 + 0.36 * (SUN[0] * east + SUN[1] * north)


@leaf
def ink(veil: Veil, red: float, green: float, blue: float) -> Pixel:
    """Returns the pixel of a colour in a light, behind a veil of fog."""
    k = veil.gain
    return pack(red * k + veil.red, green * k + veil.green, blue * k + veil.blue, veil.label)


@leaf
def mix_palette(canvas: Canvas, part: Part, lens: Lens, air: Air, face: int, z: float) -> None:
    """Writes the colours of a face at depth z into the palette."""
    p = canvas.palette
    light, clear = brightness(air, z) * lit(part.cos, part.sin, lens, face), clearness(air, z)
    fog = 1.0 - clear
    low = air.low
    day = Veil(light * clear, low[0] * fog, low[1] * fog, low[2] * fog, part.label)
    own = Veil(clear, low[0] * fog, low[1] * fog, low[2] * fog, part.label)  # with its own light
    red, green, blue = part.red, part.green, part.blue
    p[MAIN] = ink(day, red, green, blue)
    if part.kind == ROOF or part.kind == PLAIN:
        p[TRIM] = p[MAIN]
        return
    p[DARK] = ink(day, red * 0.62, green * 0.62, blue * 0.64)
    if part.kind == WALL:
        warm = part.night * 0.55
        glass = (
            74.0 * light + 150.0 * warm,
            92.0 * light + 118.0 * warm,
            112.0 * light + 60.0 * warm,
        )
        p[PANE] = ink(own, glass[0], glass[1], glass[2])
        p[TRIM] = ink(day, red * 0.45 + 100.0, green * 0.45 + 98.0, blue * 0.45 + 94.0)
        p[DOOR] = ink(day, 82.0, 56.0, 44.0)
        return
    p[PANE] = ink(day, 44.0, 58.0, 72.0)
    p[TRIM] = ink(day, red * 0.8 + 30.0, green * 0.8 + 30.0, blue * 0.8 + 30.0)
    if part.kind == GLASS:
        return
    p[TYRE] = ink(day, 26.0, 26.0, 29.0)
    if face == REAR:
        bright = 1.0 if part.flags & BRAKES else 0.0
        lamp = max(bright * 255.0, 150.0 * light + 60.0 * part.night)
        p[RED] = ink(own, lamp, bright * 42.0 + 12.0 * light, bright * 34.0 + 14.0 * light)
    elif face == FRONT:
        glow = max(0.86 * light, part.night if part.flags & LAMPS else 0.0)
        p[WHITE] = ink(own, 250.0 * glow, 246.0 * glow, 222.0 * glow)
    p[PLATE] = ink(day, 205.0, 205.0, 196.0)
    p[AMBER] = ink(own, 250.0, 150.0, 20.0)


@leaf
def stripe(canvas: Canvas, n: int, end: float, colour: Pixel) -> int:
    """Adds a stripe down to height `end` [m]; returns the number of stripes."""
    if n < canvas.heights.size - 1:
        canvas.heights[n] = end
        canvas.stripes[n] = colour
        n += 1
    return n


@leaf
def _wall(canvas: Canvas, part: Part, face: int, u: float, wide: float, tall: float) -> int:
    """Stacks the stripes of a building: cornice, floors of windows, door, plinth.

    `u` along the face from its middle [m], `wide` and `tall`: what a pixel covers there [m].
    """
    p = canvas.palette
    n = stripe(canvas, 0, part.high - 0.35, p[TRIM])
    floors = max(1, int((part.high - 0.3) / FLOOR))
    storey = (part.high - 0.6) / floors
    half = part.width if face <= REAR else part.length
    panes = _pulse(u, wide, BAY, 1.35) if abs(u) < half - 0.5 else 0.0
    pane = mix(p[MAIN], p[PANE], int(256.0 * panes))
    if tall > 0.75:  # windows too small to be drawn apart
        n = stripe(canvas, n, storey + 0.2, mix(p[MAIN], p[PANE], int(120.0 * panes)))
    elif panes > 0.02:
        sill = mix(p[MAIN], p[TRIM], int(256.0 * panes))
        for k in range(floors - 1, 0, -1):
            base = 0.3 + k * storey
            n = stripe(canvas, n, base + storey * 0.78, p[MAIN])
            shown = pane
            if tall < 0.25:  # a few windows stand out: blinds, lamps
                number = (math.floor(u / BAY) * 7 + k * 13 + face * 5) & 15
                if number == 3 or number == 9:
                    shown = mix(shown, p[TRIM], int(150.0 * panes))
                elif number == 6:
                    shown = mix(shown, p[DARK], int(150.0 * panes))
                n = stripe(canvas, n, base + storey * 0.74, mix(p[DARK], shown, 128))
            n = stripe(canvas, n, base + storey * 0.32, shown)
            if tall < 0.25:
                n = stripe(canvas, n, base + storey * 0.27, sill)
    n = stripe(canvas, n, storey * 0.78, p[MAIN])
    door = _overlap(u, wide, -0.75, 0.75) if face in (FRONT, LEFT) else 0.0
    if part.flags == 1 and half > 2.0:  # a shop: glass all along the ground floor
        glass = _pulse(u, wide, BAY * 1.25, BAY * 1.1)
        n = stripe(canvas, n, storey * 0.7, mix(p[MAIN], p[DOOR], 200))
        n = stripe(canvas, n, 0.5, mix(p[MAIN], p[PANE], int(256.0 * glass)))
    elif door > 0.0:
        n = stripe(canvas, n, 0.0, mix(p[MAIN], p[DOOR], int(256.0 * door)))
    else:
        n = stripe(canvas, n, storey * 0.34, pane)
    return stripe(canvas, n, 0.0, p[DARK])


@leaf
def _body(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of the lower half of a car, or of a van's or truck's foot."""
    p = canvas.palette
    tall = part.high - part.low
    if face <= REAR:
        lamp = _overlap(abs(u), wide, part.width * 0.62, part.width * 0.97)
        n = stripe(canvas, 0, part.low + tall * 0.86, p[TRIM])
        colour = p[WHITE] if face == FRONT else p[RED]
        middle = p[DARK] if face == FRONT else p[MAIN]
        n = stripe(canvas, n, part.low + tall * 0.5, mix(middle, colour, int(256.0 * lamp)))
        plate = _overlap(u, wide, -0.27, 0.27)
        n = stripe(canvas, n, part.low + tall * 0.3, mix(p[MAIN], p[PLATE], int(256.0 * plate)))
        n = stripe(canvas, n, part.low + tall * 0.16, p[DARK])
        tyre = _overlap(abs(u), wide, part.width * 0.7, part.width)
        return stripe(canvas, n, part.low, mix(p[TYRE], p[DARK], int(80.0 * (1.0 - tyre))))
    n = stripe(canvas, 0, part.low + tall * 0.8, p[TRIM])
    radius = min(0.36, 0.5 * tall)
    axle = 0.62 * part.length
    off = abs(abs(u) - axle)
    signal = SIGNAL_LEFT if face == LEFT else SIGNAL_RIGHT
    if part.flags & signal and abs(u) > part.length * 0.88:
        n = stripe(canvas, n, part.low + tall * 0.5, p[AMBER])
    if off < radius:
        arch = part.low + radius + math.sqrt(radius * radius - off * off)
        n = stripe(canvas, n, max(arch + 0.05, part.low + tall * 0.2), p[MAIN])
        n = stripe(canvas, n, arch, p[DARK])
        if off < radius * 0.54:  # a little under sqrt(0.3)
            rim = math.sqrt(radius * radius * 0.3 - off * off)
            n = stripe(canvas, n, part.low + radius + rim, p[TYRE])
            n = stripe(canvas, n, part.low + radius - rim, mix(p[TYRE], p[PLATE], 150))
        return stripe(canvas, n, part.low, p[TYRE])
    n = stripe(canvas, n, part.low + tall * 0.24, p[MAIN])
    return stripe(canvas, n, part.low + 0.12, p[DARK]) if tall > 0.3 else n


@leaf
def _far_car(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of a whole car that is a few pixels high."""
    p = canvas.palette
    tall = part.high - part.low
    n = 0
    lamp = 0.0
    if face >= LEFT:  # bonnet and boot are lower than the windows
        cabin = _overlap(u, wide, -0.8 * part.length, 0.4 * part.length)
        n = stripe(canvas, n, part.low + tall * 0.56, mix(p[MAIN], p[PANE], int(256.0 * cabin)))
    else:
        n = stripe(canvas, n, part.low + tall * 0.9, p[TRIM])
        n = stripe(canvas, n, part.low + tall * 0.56, p[PANE])
        lamp = _overlap(abs(u), wide, part.width * 0.6, part.width)
    colour = p[WHITE] if face == FRONT else p[RED]
    n = stripe(canvas, n, part.low + tall * 0.26, mix(p[MAIN], colour, int(256.0 * lamp)))
    return stripe(canvas, n, part.low, p[TYRE])


@leaf
def _glass(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of a car's windows, with a pillar at each end and between the doors."""
    p = canvas.palette
    half = part.width if face <= REAR else part.length
    pillar = _overlap(abs(u), wide, half - 0.09, half + 1.0)
    if face >= LEFT:
        pillar += _overlap(u, wide, -0.16, -0.06)
    colour = mix(p[PANE], p[MAIN], int(256.0 * min(1.0, pillar)))
    return stripe(canvas, 0, part.low, colour)


@leaf
def _tall_body(canvas: Canvas, part: Part, face: int, u: float, wide: float) -> int:
    """Stacks the stripes of a van's body, a truck's cab or its cargo box."""
    p = canvas.palette
    tall = part.high - part.low
    lamp = _overlap(abs(u), wide, part.width * 0.8, part.width * 1.0)
    if part.kind == CARGO:
        n = stripe(canvas, 0, part.high - 0.12, p[DARK])
        if face == REAR:
            seam = _overlap(u, wide, -0.04, 0.04) * 0.6
            n = stripe(canvas, n, part.low + 0.35, mix(p[MAIN], p[DARK], int(256.0 * seam)))
            n = stripe(canvas, n, part.low + 0.08, mix(p[DARK], p[RED], int(256.0 * lamp)))
            return stripe(canvas, n, part.low, p[TYRE])
        n = stripe(canvas, n, part.low + 0.12, p[MAIN])
        return stripe(canvas, n, part.low, p[DARK])
    n = stripe(canvas, 0, part.high - tall * 0.08, p[TRIM])
    pane = 0.0
    if face == FRONT:
        pane = _overlap(abs(u), wide, 0.0, part.width * 0.88)
    elif face == REAR and part.kind == VAN_BODY:
        pane = _overlap(abs(u), wide, 0.1, part.width * 0.8)
    elif face >= LEFT:
        pane = _overlap(
            u, wide, part.length * (0.42 if part.kind == VAN_BODY else -0.4), part.length * 0.9
        )
    colour = mix(p[MAIN], p[PANE], int(256.0 * pane))
    n = stripe(canvas, n, part.low + tall * 0.52, colour)
    if face == REAR:
        n = stripe(canvas, n, part.low + tall * 0.2, mix(p[MAIN], p[RED], int(256.0 * lamp)))
    elif face == FRONT and part.kind == CAB:
        n = stripe(canvas, n, part.low + tall * 0.25, p[MAIN])
        n = stripe(canvas, n, part.low + tall * 0.1, mix(p[DARK], p[WHITE], int(256.0 * lamp)))
    return stripe(canvas, n, part.low, p[MAIN])


@leaf
def stripes(canvas: Canvas, part: Part, face: int, u: float, wide: float, tall: float) -> int:
    """Stacks the stripes of one column of a face; returns how many."""
    if part.kind == WALL:
        return _wall(canvas, part, face, u, wide, tall)
    if part.kind == FAR:
        return _far_car(canvas, part, face, u, wide)
    if part.kind == BODY:
        return _body(canvas, part, face, u, wide)
    if part.kind == GLASS:
        return _glass(canvas, part, face, u, wide)
    if part.kind >= VAN_BODY:
        return _tall_body(canvas, part, face, u, wide)
    return stripe(canvas, 0, part.low, canvas.palette[MAIN])
