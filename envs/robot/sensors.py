"""What the robot senses: a camera, a lidar, and which cells it has seen so far."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..canvas import Sheet, Window, ellipse, kernel, rectangle
from ..lens import Air, Camera, Lens, make_air, make_lens, tone
from ..rooms import Board, Materials, draw_rooms, hand_out, is_hidden
from ..sprites import draw_person
from .homes import House
from .kernel import PERSON_RADIUS, RADII, is_solid
from .lives import (
    D_SEEN,
    D_STATE,
    HEADING,
    P_CLOTH,
    P_MODE,
    P_PHASE,
    P_SEEN,
    P_X,
    P_Y,
    T_COLOUR,
    T_KIND,
    T_SEEN,
    T_STATE,
    T_X,
    T_Y,
    Array,
    Life,
    Mode,
    ThingState,
    X,
    Y,
)
from .params import CELL, GRID, WALL_HEIGHT, Kind

EYE = 0.9  # [m] above the floor
TAN_X, TAN_Y, HORIZON = 1.0, 0.85, 0.3  # 90 deg wide; from 20 deg above to 50 deg below the level
RAYS, RANGE = 36, 10.0  # of the lidar, [m]
LOOKS = 48  # rays across the camera's view that mark what it has seen
LOOK_ANGLES = np.array([math.atan(TAN_X * (2.0 * (k + 0.5) / LOOKS - 1.0)) for k in range(LOOKS)])
TALL = {Kind.KEY: 0.34, Kind.BALL: 0.30, Kind.BOX: 0.34}  # [m]
LEAST_THING = 2.5  # [px] of a thing, across, ...
SEEN_TO = 6.0  # [m] ... up to here; beyond it that shrinks as everything does
PERSON_TALL, PERSON_WIDE = 1.72, 0.55  # [m]
BY_LIDAR, BY_CAMERA = 1, 2  # bits of what has been seen
WIDEST = 0.6  # [m] to either side of a person or a thing, more than any reaches
NEAR = 0.15  # [m] nearer things are not drawn
LABEL_KEY, LABEL_PERSON = 5, 8  # of `looks.Label`; key, ball and box follow each other
KEY, BALL = int(Kind.KEY), int(Kind.BALL)
ON_FLOOR, ABSENT = ThingState.ON_FLOOR, Mode.ABSENT


@kernel
def _draw_thing(
    canvas: Sheet, window: Window, lens: Lens, air: Air, x: float, z: float, kind: int,
    colour: Array,
) -> None:  # fmt: skip
    """Draws a key, a ball or a box that stands on the floor at depth z."""
    fx, fy = abs(lens.focal_x) / z, lens.focal_y / z
    base = lens.horizon + lens.z * fy
    least = 0.5 * LEAST_THING * min(1.0, SEEN_TO / z)
    half, tall = max(least, RADII[kind] * fx), max(2.0 * least, 0.32 * fy)
    label = LABEL_KEY + kind - KEY
    light = air.light
    main = tone(air, colour[0], colour[1], colour[2], light, z, label)
    dark = tone(air, colour[0] * 0.6, colour[1] * 0.6, colour[2] * 0.6, light, z, label)
    if kind == BALL:
        ellipse(canvas, window, x, base - 0.5 * tall, half, 0.5 * tall, z, main, 0.0)
        if half > 3.0:
            bright = tone(air, 255.0, 255.0, 255.0, light, z, label)
            ellipse(canvas, window, x - 0.35 * half, base - 0.7 * tall, 0.2 * half, 0.1 * tall,
                    z - 0.01, bright, 0.0)  # fmt: skip
    elif kind == KEY:  # a ring above a stem with two teeth
        ring = 0.5 * tall
        stem = 0.22 * half
        rectangle(canvas, window, x - stem, base - 0.6 * tall, x + stem, base, z, main)
        ellipse(canvas, window, x, base - 0.75 * tall, half, 0.5 * ring, z - 0.01, main, 0.0)
        if half > 3.0:
            ellipse(canvas, window, x, base - 0.75 * tall, 0.4 * half, 0.2 * ring, z - 0.02, dark,
                    0.0)  # fmt: skip
        rectangle(canvas, window, x, base - 0.14 * tall, x + 0.75 * half, base, z, main)
        high, low = base - 0.36 * tall, base - 0.22 * tall
        rectangle(canvas, window, x, high, x + 0.6 * half, low, z, main)
    else:
        rectangle(canvas, window, x - half, base - tall, x + half, base, z, main)
        lid = base - 0.72 * tall
        rectangle(canvas, window, x - half, base - tall, x + half, lid, z - 0.01, dark)
        rectangle(canvas, window, x - 0.2 * half, lid, x + 0.2 * half, base, z - 0.02, dark)


@kernel
def draw_life(
    board: Board, life: Life, look: Array, materials: Materials, colours: Array, cloth: Array,
    heading: float,
) -> None:  # fmt: skip
    """Draws what a life's camera sees when it looks along `heading` [rad].

    Args:
      look: uint8 [GRID, GRID] of the home. colours: f32[6, 3] of things; cloth: f32[C, 3].
    """
    camera = Camera(life.body[X], life.body[Y], EYE, heading, TAN_X, TAN_Y, HORIZON, False)
    draw_rooms(board, camera, life.light, life.cells, look, CELL, WALL_HEIGHT, materials)
    width, rows = board.pixels.shape
    lens = make_lens(camera, width, 0, rows)
    air = make_air(life.light, 0.0, 0.0)
    widest = 4.0 + lens.focal_x / lens.focal_y  # [px] of what is drawn larger than it is
    sheet, window, sprite = Sheet(board.pixels.T, board.depth.T), Window(0, rows), board.sprite
    for k in range(life.things + life.people):
        is_person = k >= life.things
        i = k - life.things if is_person else k
        if is_person:
            if life.person_flag[i, P_MODE] == ABSENT:
                continue
            dx, dy = life.person[i, P_X] - lens.x, life.person[i, P_Y] - lens.y
        else:
            if life.thing_flag[i, T_STATE] != ON_FLOOR:
                continue
            dx, dy = life.thing[i, T_X] - lens.x, life.thing[i, T_Y] - lens.y
        z = lens.cos * dx + lens.sin * dy
        aside = abs(lens.sin * dx - lens.cos * dy)
        if z < NEAR or aside > (z + 0.6) * TAN_X + 0.4:
            continue
        x = lens.centre + (lens.sin * dx - lens.cos * dy) / z * lens.focal_x
        if is_hidden(board, x, widest + WIDEST * lens.focal_x / z, z):
            continue
        if is_person:
            sprite[3], sprite[4], sprite[5] = PERSON_WIDE, PERSON_TALL, 0.0
            sprite[6], sprite[7] = 6.0, 2.0 * np.pi * life.person[i, P_PHASE]
            draw_person(sheet, window, lens, air, x, z, sprite, cloth,
                        life.person_flag[i, P_CLOTH], LABEL_PERSON)  # fmt: skip
        else:
            flags = life.thing_flag[i]
            _draw_thing(sheet, window, lens, air, x, z, flags[T_KIND], colours[flags[T_COLOUR]])


@kernel
def draw_lives(
    pool: Any, lives: Any, lanes: Array, board: Board, materials: Materials, colours: Array,
    cloth: Array, image: Array, labels: Array, depth: Array,
) -> None:  # fmt: skip
    """Draws the cameras of these lanes into uint8 image [B, H, W, 3]; labels and depth if any."""
    for b in lanes:
        life = lives[b]
        draw_life(board, life, pool[life.home].look, materials, colours, cloth, life.body[HEADING])
        row = b if labels.shape[0] > 1 or labels.size else 0
        far = b if depth.shape[0] > 1 or depth.size else 0
        hand_out(board, image[b], labels[row], depth[far])


@kernel
def cast(
    cells: Array, x: float, y: float, angle: float, farthest: float, seen: Array, marks: int
) -> float:
    """Returns how far a ray gets before it meets a solid cell [m], at most `farthest`.

    Args:
      seen: uint8 [GRID, GRID], where the cells that it passes get the bits of `marks`.
    """
    dx, dy = math.cos(angle), math.sin(angle)
    ix, iy = int(x / CELL), int(y / CELL)
    step_x, step_y = (1 if dx > 0.0 else -1), (1 if dy > 0.0 else -1)
    gap_x = CELL / abs(dx) if dx != 0.0 else 1e9
    gap_y = CELL / abs(dy) if dy != 0.0 else 1e9
    next_x = ((ix + (dx > 0.0)) * CELL - x) / dx if dx != 0.0 else 1e9
    next_y = ((iy + (dy > 0.0)) * CELL - y) / dy if dy != 0.0 else 1e9
    seen[ix, iy] |= marks
    while True:  # which way is next can't be guessed, so nothing branches on it
        is_x = next_x < next_y
        away = next_x if is_x else next_y
        next_x += gap_x if is_x else 0.0
        next_y += 0.0 if is_x else gap_y
        ix += step_x if is_x else 0
        iy += 0 if is_x else step_y
        if away > farthest or ix < 0 or iy < 0 or ix >= GRID or iy >= GRID:
            return farthest
        seen[ix, iy] |= marks
        if is_solid(cells[ix, iy]):
            return away


@kernel
def is_in_sight(life: Life, x: float, y: float, radius: float) -> bool:
    """Returns whether a disc can be seen by the camera: in its view, and no cell before it."""
    dx, dy = x - life.body[X], y - life.body[Y]
    away = np.hypot(dx, dy)
    if away > RANGE:
        return False
    if away > 0.4:
        angle = np.arctan2(dy, dx) - life.body[HEADING]
        angle -= 2.0 * np.pi * np.floor((angle + np.pi) / (2.0 * np.pi))
        if abs(angle) > 0.25 * np.pi:
            return False
    free = cast(life.cells, life.body[X], life.body[Y], np.arctan2(dy, dx), away, life.seen, 0)
    return free >= away - radius - 0.05


@kernel
def scan(life: Life, ranges: Array) -> None:
    """Fills f32[RAYS] with the lidar's ranges [m], counter-clockwise from straight ahead, and marks
    what it passes as seen."""
    x, y, heading = life.body[X], life.body[Y], life.body[HEADING]
    for k in range(RAYS):
        angle = heading + 2.0 * np.pi * k / RAYS
        away = cast(life.cells, x, y, angle, RANGE, life.seen, BY_LIDAR)
        ranges[k] = away
    for j in range(life.things + life.people):
        if j < life.things:
            if life.thing_flag[j, T_STATE] != ON_FLOOR:
                continue
            dx, dy = life.thing[j, T_X] - x, life.thing[j, T_Y] - y
            radius = RADII[life.thing_flag[j, T_KIND]]
        else:
            i = j - life.things
            if life.person_flag[i, P_MODE] == ABSENT:
                continue
            dx, dy, radius = life.person[i, P_X] - x, life.person[i, P_Y] - y, PERSON_RADIUS
        away = np.hypot(dx, dy)
        if away > RANGE + radius:
            continue
        middle = np.arctan2(dy, dx) - heading
        spread = np.arcsin(min(radius / max(away, radius), 1.0))
        first = int(np.ceil((middle - spread) / (2.0 * np.pi / RAYS)))
        last = int(np.floor((middle + spread) / (2.0 * np.pi / RAYS)))
        for k in range(first, last + 1):
            off = k * 2.0 * np.pi / RAYS - middle
            aside, ahead = away * np.sin(off), away * np.cos(off)
            hit = ahead - np.sqrt(max(radius * radius - aside * aside, 0.0))
            ray = k % RAYS
            if 0.0 <= hit < ranges[ray]:
                ranges[ray] = hit


@kernel
def look(house: House, life: Life) -> None:
    """Marks the cells, doors, things and people that the camera sees now."""
    x, y, heading = life.body[X], life.body[Y], life.body[HEADING]
    for k in range(LOOKS):
        cast(life.cells, x, y, heading + LOOK_ANGLES[k], RANGE, life.seen, BY_CAMERA)
    for k in range(life.things):
        if life.thing_flag[k, T_STATE] == ON_FLOOR and is_in_sight(
            life, life.thing[k, T_X], life.thing[k, T_Y], RADII[life.thing_flag[k, T_KIND]]
        ):
            life.thing_flag[k, T_SEEN] = 1
    for i in range(life.people):
        is_there = life.person_flag[i, P_MODE] != ABSENT
        life.person_flag[i, P_SEEN] = 1 if is_there and is_in_sight(
            life, life.person[i, P_X], life.person[i, P_Y], PERSON_RADIUS
        ) else 0
    for d in range(house.doors):
        r = house.door_rect[d]
        if life.door[d, D_STATE] > 0:
            for cx in range(r[0], r[2]):
                for cy in range(r[1], r[3]):
                    if life.seen[cx, cy]:
                        life.door[d, D_SEEN] = 1
