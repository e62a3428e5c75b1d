"""Things made of boxes: buildings, cars, vans, trucks, blocks; and the shade under vehicles."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .canvas import LABEL, Canvas, Window, leaf, mix
from .faces import BODY, CAB, CARGO, FAR, GLASS, PLAIN, ROOF, VAN_BODY, WALL, Part
from .hulls import draw_small_part
from .lens import NEAR, Air, Lens, Looks
from .solids import draw_part


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


CAR, VAN, TRUCK, BUILDING = 2, 3, 4, 1
HOUSE = 2  # style of a building with a tiled roof
FAR_CAR = 7.0  # [px] of height below which a car is one box
SLICES = 5  # of a car's slanting windows
SHADOW_RANGE, SMALL_SHADOW_RANGE = 45.0, 30.0  # [m] in large and small pictures
SHADOW_MARGIN = 0.35  # [m] of soft edge round a vehicle
SHADOW_DARKNESS = 150.0  # of 256


@leaf
def shadow(
    canvas: Canvas, window: Window, lens: Lens, box: NDArray[np.float32], farthest: float
) -> None:
    """Darkens the ground under and close round a box up to a distance [m]."""
    dx, dy = box[0] - lens.x, box[1] - lens.y
    x, y = lens.cos * dx + lens.sin * dy, lens.cos * dy - lens.sin * dx
    reach = math.sqrt(box[3] * box[3] + box[4] * box[4]) + SHADOW_MARGIN
    if x < -reach or x > farthest or box[5] > 0.5:
        return
    c = math.cos(box[2]) * lens.cos + math.sin(box[2]) * lens.sin
    s = math.sin(box[2]) * lens.cos - math.cos(box[2]) * lens.sin
    near, far = max(x - reach, NEAR), x + reach
    drop = lens.z * lens.focal_y
    begin = max(window.first, int(lens.horizon + drop / far))
    end = min(window.end, int(lens.horizon + drop / near) + 1)
    fade = 1.0 - max(0.0, x / farthest)
    for row in range(begin, end):
        z = drop / max(row + 0.5 - lens.horizon, 0.1)
        scale = z / lens.focal_x
        a, b = lens.centre - (y + reach) / scale, lens.centre - (y - reach) / scale
        first = max(0, int(min(a, b)))
        last = min(canvas.pixels.shape[1], int(max(a, b)) + 1)
        for column in range(first, last):
            side = (lens.centre - column - 0.5) * scale
            along = abs((z - x) * c + (side - y) * s) - box[3]
            across = abs((side - y) * c - (z - x) * s) - box[4]
            out = max(along, across, 0.0)
            # Not on walls and the like that stand before it: the ground of a row has one depth.
            if out < SHADOW_MARGIN and canvas.depth[row, column] > 0.99 * z:
                under = canvas.pixels[row, column]
                part = int(SHADOW_DARKNESS * fade * (1.0 - out / SHADOW_MARGIN))
                canvas.pixels[row, column] = mix(under, under & LABEL, part)


@leaf
def _piece(
    canvas: Canvas,
    n: int,
    kind: int,
    back: float,
    front: float,
    width: float,
    low: float,
    high: float,
    tint: float,
) -> int:
    """Lists a box within a thing: from `back` to `front` and +-`width` of its half sizes, heights
    in metres, its colour times `tint`; returns how many are listed."""
    piece = canvas.pieces[n]
    piece[0], piece[1], piece[2], piece[3] = kind, back, front, width
    piece[4], piece[5], piece[6] = low, high, tint
    return n + 1


@leaf
def _car(canvas: Canvas, base: float, high: float, fine: bool) -> int:
    """Lists a car's body, windows (slanting when fine) and roof."""
    belt, roof = base + 0.56 * high, base + 0.95 * high
    n = _piece(canvas, 0, BODY, -1.0, 1.0, 1.0, base, belt, 1.0)
    if not fine:
        n = _piece(canvas, n, GLASS, -0.78, 0.42, 0.88, belt, roof, 1.0)
        return _piece(canvas, n, ROOF, -0.7, 0.3, 0.84, roof, base + high, 1.0)
    for k in range(SLICES):
        p = (k + 0.5) / SLICES
        low, top = belt + (roof - belt) * k / SLICES, belt + (roof - belt) * (k + 1) / SLICES
        back, front = -0.92 + 0.24 * p * p, 0.56 - 0.44 * p
        n = _piece(canvas, n, GLASS, back, front, 0.94 - 0.14 * p, low, top, 1.0)
    return _piece(canvas, n, ROOF, -0.66, 0.1, 0.79, roof, base + high, 1.0)


@leaf
def _van(canvas: Canvas, base: float, high: float, is_facing: bool) -> int:
    """Lists a van's nose and body, the farther one first."""
    n = 0
    if is_facing:
        n = _piece(canvas, n, VAN_BODY, -1.0, 0.66, 0.97, base + 0.42 * high, base + high, 1.0)
    n = _piece(canvas, n, BODY, -1.0, 1.0, 1.0, base, base + 0.44 * high, 1.0)
    if not is_facing:
        n = _piece(canvas, n, VAN_BODY, -1.0, 0.66, 0.97, base + 0.42 * high, base + high, 1.0)
    return n


@leaf
def _truck(canvas: Canvas, base: float, high: float, is_facing: bool) -> int:
    """Lists a truck's chassis, cab and cargo box, the farther one first."""
    deck = base + 0.3 * high
    n = _piece(canvas, 0, BODY, -0.98, 0.98, 0.94, base, deck, 0.45)
    for k in range(2):
        if (k == 0) == is_facing:
            n = _piece(canvas, n, CARGO, -1.0, 0.42, 1.0, deck - 0.05, base + high, 0.0)
        else:
            n = _piece(canvas, n, CAB, 0.5, 1.0, 0.97, base + 0.14 * high, base + 0.84 * high, 1.0)
    return n


@leaf
def draw_box(
    canvas: Canvas,
    window: Window,
    lens: Lens,
    air: Air,
    looks: Looks,
    box: NDArray[np.float32],
    fine: bool,
) -> None:
    """Draws one box [9] of a scene; `fine`: with small details."""
    dx, dy = box[0] - lens.x, box[1] - lens.y
    x, y = lens.cos * dx + lens.sin * dy, lens.cos * dy - lens.sin * dx
    heading_cos, heading_sin = math.cos(box[2]), math.sin(box[2])
    c = heading_cos * lens.cos + heading_sin * lens.sin
    s = heading_sin * lens.cos - heading_cos * lens.sin
    base, high = float(box[5]), float(box[6])
    material, code = int(box[7]), int(box[8])
    flags = code >> 8
    colours = looks.wall if material <= BUILDING else looks.body
    colour = colours[(code & 255) % len(colours)]
    is_facing = x * c + y * s < 0.0
    if material == CAR and not fine and high * lens.focal_y < FAR_CAR * x:
        n = _piece(canvas, 0, FAR, -1.0, 1.0, 1.0, base, base + high, 1.0)
    elif material == CAR:
        n = _car(canvas, base, high, fine)
    elif material == VAN:
        n = _van(canvas, base, high, is_facing)
    elif material == TRUCK:
        n = _truck(canvas, base, high, is_facing)
    elif material == BUILDING and flags == HOUSE:
        eaves = base + 0.72 * high
        n = _piece(canvas, 0, WALL, -1.0, 1.0, 1.0, base, eaves, 1.0)
        slices = 6 if fine else 2
        for k in range(slices):
            p = (k + 0.35) / slices
            low, top = eaves + 0.28 * high * k / slices, eaves + 0.28 * high * (k + 1) / slices
            n = _piece(canvas, n, ROOF, -1.05 + p, 1.05 - p, 1.08 - p, low, top, -1.0)
    else:
        kind = WALL if material == BUILDING else PLAIN
        n = _piece(canvas, 0, kind, -1.0, 1.0, 1.0, base, base + high, 1.0)
    if material >= CAR:
        shadow(canvas, window, lens, box, SHADOW_RANGE if fine else SMALL_SHADOW_RANGE)
    night = min(1.0, max(0.0, 1.3 - 2.0 * air.light))
    for k in range(n):
        piece = canvas.pieces[k]
        middle = 0.5 * (piece[2] + piece[1]) * box[3]
        red, green, blue = colour[0] * piece[6], colour[1] * piece[6], colour[2] * piece[6]
        if piece[6] == 0.0:  # cargo: light grey with a breath of the paint
            red, green, blue = (
                168.0 + 0.2 * colour[0],
                168.0 + 0.2 * colour[1],
                168.0 + 0.2 * colour[2],
            )
        elif piece[6] < 0.0:  # tiles
            red, green, blue = (
                140.0 + 0.1 * colour[0],
                64.0 + 0.1 * colour[1],
                46.0 + 0.1 * colour[2],
            )
        part = Part(
            x + c * middle,
            y + s * middle,
            c,
            s,
            0.5 * (piece[2] - piece[1]) * box[3],
            piece[3] * box[4],
            float(piece[4]),
            float(piece[5]),
            int(piece[0]),
            flags,
            int(looks.box_label[material]),
            red,
            green,
            blue,
            night,
        )
        if fine:
            draw_part(canvas, window, lens, air, part)
        else:
            draw_small_part(canvas, window, lens, air, part)
