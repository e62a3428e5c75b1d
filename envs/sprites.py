"""Upright flat things of a pinhole picture: people, trees, posts, signs and traffic lights.

Each is a few soft-edged shapes at one depth, always turned to the camera. Lamps and signs are never
smaller than `LEAST` pixels, and people up to `SEEN_TO` metres than `LEAST_PERSON`, so that a small
camera can read them.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .canvas import Pixel, Sheet, Window, ellipse, glyph, leaf, octagon, rectangle
from .lens import Air, Lens, Looks, brightness, tone
from .plants import draw_bush, draw_small_plant, draw_tree

LEAST = 3.0  # [px] of lamps and signs, across
LEAST_PERSON = (2.5, 5.0)  # [px] of a person, across and tall, ...
SEEN_TO = 30.0  # [m] ... up to here; beyond it that shrinks as everything does
VISOR = 0.5  # cosine of the angle from which the visors of a traffic light hide its lamps


class Sprite(IntEnum):
    """Kinds; the seventh column of a sprite is its kind + 16 * a variant (size, clothes)."""

    TREE = 0
    LAMP_POST = 1
    STOP_SIGN = 2
    LIMIT_SIGN = 3
    LIGHT = 4
    BUSH = 5
    PEDESTRIAN = 6
    CHILD = 7


class Lamp(IntEnum):
    """What a traffic light shows; the eighth column of its sprite."""

    OFF = 0
    RED = 1
    YELLOW = 2
    GREEN = 3


TREE, LAMP_POST, STOP_SIGN, LIMIT_SIGN, LIGHT, BUSH, PEDESTRIAN, CHILD = range(8)
LAMP_COLOURS = np.array(
    [[40, 40, 42], [255, 46, 36], [255, 204, 40], [48, 255, 128]], np.float32
)  # off, red, yellow, green
SKIN = np.array([[222, 178, 148], [176, 126, 96], [118, 80, 60]], np.float32)


@leaf
def _far_person(
    canvas: Sheet,
    window: Window,
    x: float,
    z: float,
    base: float,
    high: float,
    half: float,
    sprite: NDArray[np.float32],
    coat: Pixel,
    trouser: Pixel,
    face: Pixel,
) -> None:
    """Draws a person of a few pixels: two legs, a body, a head."""
    swing = 0.4 * abs(math.sin(sprite[7])) * half
    hip, shoulder, wide = base - 0.47 * high, base - 0.82 * high, max(0.85 * half, 0.55)
    for side in (-1.0, 1.0):
        foot = x + side * (0.3 * half + swing)
        rectangle(canvas, window, foot - 0.3 * half, hip, foot + 0.3 * half, base, z, trouser)
    rectangle(canvas, window, x - wide, shoulder, x + wide, hip, z - 0.01, coat)
    head = max(0.5, 0.5 * half)
    rectangle(canvas, window, x - head, base - high, x + head, shoulder, z - 0.02, face)


@leaf
def draw_person(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    cloth: NDArray[np.float32],
    variant: int,
    label: int,
) -> None:
    """Draws legs that swing with the phase, a body in clothes, arms and a head."""
    light, fy = brightness(air, z), lens.focal_y / z
    fx = abs(lens.focal_x) / z
    base = lens.horizon + (lens.z - sprite[5]) * fy
    near = min(1.0, SEEN_TO / z)
    high = max(LEAST_PERSON[1] * near, sprite[4] * fy)
    half = max(0.5 * LEAST_PERSON[0] * near, 0.5 * sprite[3] * fx)
    shirt = cloth[variant % len(cloth)]
    skin = SKIN[variant % len(SKIN)]
    coat = tone(air, shirt[0], shirt[1], shirt[2], light, z, label)
    sleeve = tone(air, shirt[0] * 0.8, shirt[1] * 0.8, shirt[2] * 0.82, light, z, label)
    trouser = tone(
        air, 46.0 + 8.0 * (variant % 4), 48.0, 60.0 + 4.0 * (variant % 3), light, z, label
    )
    face = tone(air, skin[0], skin[1], skin[2], light, z, label)
    hair = tone(
        air, 52.0 + 30.0 * (variant % 3), 42.0 + 16.0 * (variant % 3), 36.0, light, z, label
    )
    if high < 11.0:
        _far_person(canvas, window, x, z, base, high, half, sprite, coat, trouser, face)
        return
    swing = 0.45 * math.sin(sprite[7]) * half
    leg = max(0.28 * half, 0.3)
    for side in (-1.0, 1.0):
        foot = x + side * (0.3 * half + swing)
        lift = max(0.0, side * math.cos(sprite[7])) * 0.05 * high
        knee = 0.5 * (foot + x + side * 0.3 * half)
        rectangle(
            canvas,
            window,
            knee - leg,
            base - 0.5 * high,
            knee + leg,
            base - 0.24 * high,
            z,
            trouser,
        )
        rectangle(
            canvas, window, foot - leg, base - 0.26 * high, foot + leg, base - lift, z, trouser
        )
    body = max(0.72 * half, 0.5)
    for side in (-1.0, 1.0):
        arm = x + side * (body + 0.1 * half)
        reach = 0.5 * swing * side
        rectangle(
            canvas,
            window,
            arm - 0.2 * half + reach,
            base - 0.8 * high,
            arm + 0.2 * half + reach,
            base - 0.46 * high,
            z - 0.01,
            sleeve,
        )
    ellipse(canvas, window, x, base - 0.75 * high, body, 0.09 * high, z - 0.02, coat, 0.0)
    rectangle(
        canvas, window, x - body, base - 0.77 * high, x + body, base - 0.46 * high, z - 0.02, coat
    )
    head = 0.075 * high if sprite[6] % 16 == PEDESTRIAN else 0.1 * high
    wide = max(head * lens.focal_y and head * abs(lens.focal_x) / lens.focal_y, 0.6)
    ellipse(canvas, window, x, base - high + 0.95 * head, wide * 1.05, head, z - 0.03, hair, 0.0)
    ellipse(
        canvas, window, x, base - high + 1.2 * head, wide * 0.85, head * 0.8, z - 0.04, face, 0.0
    )


@leaf
def _post(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    x: float,
    z: float,
    low: float,
    high: float,
    width: float,
    colour: Pixel,
) -> None:
    """Draws a post from height `low` to `high` [m]."""
    fy, half = lens.focal_y / z, 0.5 * width * abs(lens.focal_x) / z
    base = lens.horizon + lens.z * fy
    rectangle(canvas, window, x - half, base - high * fy, x + half, base - low * fy, z, colour)


@leaf
def _lamp_post(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    label: int,
) -> None:
    """Draws a street lamp, which glows when it is dark."""
    low, high = sprite[5], sprite[5] + sprite[4]
    grey = tone(air, 118.0, 124.0, 128.0, brightness(air, z), z, label)
    _post(canvas, window, lens, x, z, low, high, 0.14, grey)
    fx, fy = abs(lens.focal_x) / z, lens.focal_y / z
    y = lens.horizon + (lens.z - high) * fy
    night = min(1.0, max(0.0, 1.3 - 2.0 * air.light))
    glow = tone(
        air,
        140.0 + 115.0 * night,
        140.0 + 95.0 * night,
        134.0 + 30.0 * night,
        max(night, air.light),
        z,
        label,
    )
    rectangle(
        canvas, window, x - 0.3 * fx, y - 0.07 * fy, x + 0.3 * fx, y + 0.09 * fy, z - 0.01, glow
    )


@leaf
def _stop_sign(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    is_front: bool,
    looks: Looks,
) -> None:
    """Draws a red octagon with a white rim and STOP, or its grey back, on a post."""
    top = sprite[5] + sprite[4]
    light = brightness(air, z)
    grey = tone(air, 128.0, 132.0, 134.0, light, z, looks.pole_label)
    _post(canvas, window, lens, x, z, sprite[5], top, 0.08, grey)
    half = max(0.5 * LEAST, 0.5 * sprite[3] * lens.focal_y / z)
    y = lens.horizon + (lens.z - top + 0.5 * sprite[3]) * lens.focal_y / z
    if not is_front:
        octagon(canvas, window, x, y, half, z - 0.01, grey)
        return
    glow = max(light, 0.45)
    red = tone(air, 208.0, 22.0, 30.0, glow, z, looks.sprite_label[STOP_SIGN])
    white = tone(air, 240.0, 240.0, 238.0, glow, z, looks.sprite_label[STOP_SIGN])
    if half < 2.2:
        octagon(canvas, window, x, y, half, z - 0.01, red)
        return
    octagon(canvas, window, x, y, half, z - 0.01, white)
    octagon(canvas, window, x, y, half * 0.9 if half > 5.0 else half - 0.45, z - 0.02, red)
    if half < 7.0:
        bar = max(0.6, 0.17 * half)
        rectangle(
            canvas, window, x - 0.62 * half, y - bar, x + 0.62 * half, y + bar, z - 0.03, white
        )
        return
    dot = half * 0.098
    for k in range(4):
        glyph(
            canvas, window, 10 + k, x + (4.0 * k - 7.5) * dot, y - 2.5 * dot, dot, z - 0.03, white
        )


@leaf
def _limit_sign(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    is_front: bool,
    looks: Looks,
) -> None:
    """Draws a disc with a red rim and the limit, tinted by it when small (30, 40, 50 km/h)."""
    top = sprite[5] + sprite[4]
    light = brightness(air, z)
    grey = tone(air, 128.0, 132.0, 134.0, light, z, looks.pole_label)
    _post(canvas, window, lens, x, z, sprite[5], top, 0.08, grey)
    half = max(0.5 * LEAST, 0.5 * sprite[3] * lens.focal_y / z)
    y = lens.horizon + (lens.z - top + 0.5 * sprite[3]) * lens.focal_y / z
    if not is_front:
        ellipse(canvas, window, x, y, half, half, z - 0.01, grey, 0.0)
        return
    glow, label = max(light, 0.45), looks.sprite_label[LIMIT_SIGN]
    limit = int(sprite[7] + 0.5)
    fade = min(1.0, max(0.0, (half - 4.0) / 6.0))  # of the tint, as digits become readable
    blue = 240.0 - (1.0 - fade) * (190.0 if limit <= 35 else 0.0)
    red = 242.0 - (1.0 - fade) * (140.0 if limit >= 45 else 0.0)
    green = 240.0 - (1.0 - fade) * (56.0 if limit >= 45 else 26.0 if limit <= 35 else 0.0)
    face = tone(air, red, green, blue, glow, z, label)
    rim = tone(air, 206.0, 30.0, 34.0, glow, z, label)
    if half < 1.8:
        rectangle(canvas, window, x - half, y - half, x + half, y + half, z - 0.01, face)
        return
    ellipse(canvas, window, x, y, half, half, z - 0.01, rim, 0.0)
    inner = half * 0.8 if half > 5.0 else half - 0.7
    ellipse(canvas, window, x, y, inner, inner, z - 0.02, face, 0.0)
    if half > 3.4:
        ink = tone(air, 24.0, 24.0, 28.0, glow, z, label)
        dot = half * 0.15
        for k in range(2):
            digit = limit // 10 if k == 0 else limit % 10
            glyph(
                canvas, window, digit, x + (4.0 * k - 3.5) * dot, y - 2.5 * dot, dot, z - 0.03, ink
            )


@leaf
def _light(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    x: float,
    z: float,
    sprite: NDArray[np.float32],
    is_front: bool,
    looks: Looks,
) -> None:
    """Draws a post, a dark head and the lit lamp in its place; from behind the head alone."""
    top = sprite[5] + sprite[4]
    light = brightness(air, z)
    pole = looks.pole_label
    grey = tone(air, 96.0, 100.0, 102.0, light, z, pole)
    fx, fy = abs(lens.focal_x) / z, lens.focal_y / z
    _post(canvas, window, lens, x, z, sprite[5], top - 1.0, 0.14, grey)
    lamp_x, lamp_y = max(LEAST, 0.3 * fx), max(LEAST, 0.3 * fy)  # lamps' diameters
    pitch = max(2.0, 0.34 * fy) if lamp_y <= LEAST else max(0.34 * fy, lamp_y * 0.75)
    y = min(lens.horizon + (lens.z - top + 0.5) * fy, lens.horizon + lens.z * fy - pitch - lamp_y)
    rim = max(0.6, 0.06 * fy)
    half, tall = 0.5 * lamp_x + rim, pitch + 0.5 * lamp_y + rim
    state = int(sprite[7] + 0.5) if is_front else 0
    owner = looks.lamp_label[state] if is_front and state > 0 else pole
    case = tone(air, 30.0, 32.0, 34.0, light, z, owner)
    rectangle(canvas, window, x - half, y - tall, x + half, y + tall, z - 0.01, case)
    if not is_front:
        return
    if lamp_y > 2.0 * LEAST:
        dull = tone(air, 54.0, 56.0, 58.0, light, z, owner)
        for k in range(3):
            ellipse(
                canvas,
                window,
                x,
                y + (k - 1) * pitch,
                0.5 * lamp_x,
                0.5 * lamp_y,
                z - 0.02,
                dull,
                0.0,
            )
    if state > 0:
        c = LAMP_COLOURS[state]
        lit = tone(air, c[0], c[1], c[2], 1.0, 0.5 * z, owner)
        at = y + (state - 2) * pitch
        if lamp_y < 2.0 * LEAST:
            left, up = math.floor(x - 0.5 * lamp_x + 0.5), math.floor(at - 0.5 * lamp_y + 0.5)
            rectangle(canvas, window, left, up, left + lamp_x, up + lamp_y, z - 0.03, lit)
        else:
            ellipse(canvas, window, x, at, 0.5 * lamp_x, 0.5 * lamp_y, z - 0.03, lit, 0.0)


@leaf
def draw_sprite(
    canvas: Sheet,
    window: Window,
    lens: Lens,
    air: Air,
    looks: Looks,
    sprite: NDArray[np.float32],
    fine: bool,
) -> None:
    """Draws one sprite [8] that is known to lie ahead of the camera; `fine`: with small details."""
    dx, dy = sprite[0] - lens.x, sprite[1] - lens.y
    z = lens.cos * dx + lens.sin * dy
    x = lens.centre + (lens.sin * dx - lens.cos * dy) / z * lens.focal_x
    kind, variant = int(sprite[6]) & 15, int(sprite[6]) >> 4
    label = looks.sprite_label[kind]
    towards = -(math.cos(sprite[2]) * dx + math.sin(sprite[2]) * dy)
    is_front = towards > (VISOR * math.sqrt(dx * dx + dy * dy) if kind == LIGHT else 0.0)
    if (kind in (TREE, BUSH)) and not fine:
        draw_small_plant(canvas, window, lens, air, sprite, x, z, kind == TREE, variant, label)
    elif kind == TREE:
        draw_tree(canvas, window, lens, air, x, z, sprite, variant, label)
    elif kind == BUSH:
        draw_bush(canvas, window, lens, air, x, z, sprite, variant, label)
    elif kind >= PEDESTRIAN:
        draw_person(canvas, window, lens, air, x, z, sprite, looks.cloth, variant, label)
    elif kind == LAMP_POST:
        _lamp_post(canvas, window, lens, air, x, z, sprite, label)
    elif kind == STOP_SIGN:
        _stop_sign(canvas, window, lens, air, x, z, sprite, is_front, looks)
    elif kind == LIMIT_SIGN:
        _limit_sign(canvas, window, lens, air, x, z, sprite, is_front, looks)
    else:
        _light(canvas, window, lens, air, x, z, sprite, is_front, looks)
