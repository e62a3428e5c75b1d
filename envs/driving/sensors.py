"""The cameras of the driving world: from lives to pictures, by way of draw lists.

A kernel lists what stands near an ego (vehicles, people, signs, lights as they show now, houses)
and hands the list to the rasteriser: once for the front view, once for the mirror strip.
"""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

import numpy as np
from numba import njit

from .. import cache_folder, source_hash
from ..canvas import Canvas, Window, develop
from ..lens import Camera, Looks, make_air
from ..paint import Atlas, paint_tiles
from ..raster import (
    FRONT_HORIZON,
    FRONT_TAN_X,
    FRONT_TAN_Y,
    MIRROR_HORIZON,
    MIRROR_TAN_X,
    MIRROR_TAN_Y,
    draw_front,
)
from ..scene import Scene
from .lights import light_state
from .lives import (
    DAYLIGHT,
    FOG,
    HEADING,
    V_ACCELERATION,
    V_COLOUR,
    V_HEADING,
    V_KIND,
    V_LANE,
    V_MODE,
    V_NEXT,
    V_S,
    V_X,
    V_Y,
    W_COLOUR,
    W_HEADING,
    W_KIND,
    W_MODE,
    W_PHASE,
    W_X,
    W_Y,
    Array,
    Life,
    Lives,
    Mode,
    X,
    Y,
)
from .looks import PAINTS, ground_colours
from .params import CELL, CELLS, SIZES, Kind, Static
from .road import TILES, Pool, Town

CAMERA_HEIGHT = 1.5  # [m]
CAMERA_AHEAD = 0.6  # [m] of the middle of the car
COARSE, FINE = 0.25, 0.1  # [m] texels of the ground
SIGHT, MIRROR_SIGHT, SMALL_MIRROR_SIGHT = 150.0, 70.0, 45.0  # [m] how far things are listed
BOXES, SPRITES = 256, 256  # listed at most
TINY = 6.0  # [px] plants and posts lower than this are left out
SIGN_BACK = 2.2  # [px] signs and lights seen from behind that would be smaller are left out
LIMIT_SIGHT = 60.0  # [m] from which a limit sign may be drawn larger than it is
ALL_ROUND = 1e6  # slope of a view from above
ROOM = 3.0  # [m] between an ego and its cameras, and half of the widest tree
CELL_REACH = 0.75 * CELL  # [m] from a cell's centre to its corners, and some more
FOG_SCALE = 0.06  # [1/m] extinction at fog 1: some 30 m of sight

MODE_ABSENT, MODE_WAITING = Mode.ABSENT, Mode.WAITING
LIGHT, STOP_SIGN, LIMIT_SIGN = int(Static.LIGHT), int(Static.STOP_SIGN), int(Static.LIMIT_SIGN)
TREE, LAMP_POST, BUSH = int(Static.TREE), int(Static.LAMP_POST), int(Static.BUSH)
PEDESTRIAN_SPRITE, CHILD_SPRITE = 6, 7
CHILD = int(Kind.CHILD)
STATIC = int(Kind.STATIC)
BUILDING = 1  # Material
BOX_SIZES = np.array(SIZES, np.float32)
PAINT_COUNT = len(PAINTS)
BRAKING, LIT, BLINK_LEFT, BLINK_RIGHT = 1, 2, 4, 8


@functools.cache
def atlas(resolution: float) -> Atlas:
    """Returns the painted ground at a texel size [m]; painted once, then kept in the cache."""
    name = f"ground-{round(resolution * 100):03d}-{source_hash()}.npz"
    file = cache_folder() / name
    if file.exists():
        try:
            with np.load(file, allow_pickle=False) as kept:
                return Atlas(kept["texels"], kept["first"], kept["size"], CELL)
        except (OSError, ValueError, KeyError):
            file.unlink(missing_ok=True)
    shapes = [tile.shapes for tile in TILES]
    made = paint_tiles(shapes, CELL, resolution, ground_colours())
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, work = tempfile.mkstemp(suffix=".npz", dir=file.parent)
    with os.fdopen(handle, "wb") as out:
        np.savez(out, texels=made.texels, first=made.first, size=made.size)
    os.replace(work, file)
    Path(work).unlink(missing_ok=True)
    return made


@njit(cache=True, nogil=True)
def _put_box(
    boxes: Array, row: int, x: float, y: float, heading: float, kind: int, code: float
) -> None:
    """Writes a vehicle's box."""
    box = boxes[row]
    box[0], box[1], box[2] = x, y, heading
    box[3], box[4], box[5] = BOX_SIZES[kind, 0], BOX_SIZES[kind, 1], 0.0
    box[6] = BOX_SIZES[kind, 2]
    box[7], box[8] = kind + 1, code


@njit(cache=True, nogil=True)
def _list_vehicles(town: Town, life: Life, boxes: Array, sight: float) -> int:
    """Lists moving, placed and parked vehicles; returns how many."""
    ex, ey = life.ego[X], life.ego[Y]
    count = 0
    night = LIT if life.weather[DAYLIGHT] < 0.55 else 0
    for k in range(life.vehicles):
        if life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        x, y = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        if (x - ex) ** 2 + (y - ey) ** 2 > sight * sight:
            continue
        kind = life.vehicle_flag[k, V_KIND]
        if kind == STATIC:
            boxes[count, 0], boxes[count, 1], boxes[count, 2] = x, y, life.vehicle[k, V_HEADING]
            boxes[count, 3], boxes[count, 4] = BOX_SIZES[kind, 0], BOX_SIZES[kind, 1]
            boxes[count, 5], boxes[count, 6] = 0.0, BOX_SIZES[kind, 2]
            boxes[count, 7], boxes[count, 8] = 0.0, 1.0
            count += 1
            continue
        flags = night
        if life.vehicle[k, V_ACCELERATION] < -0.7:
            flags += BRAKING
        follows = life.vehicle_flag[k, V_NEXT]
        lane = life.vehicle_flag[k, V_LANE]
        turn = town.lane_turn[lane]
        if turn == 0 and follows >= 0 and town.lane_length[lane] - life.vehicle[k, V_S] < 35.0:
            turn = town.lane_turn[follows]
        if turn != 0 and life.clock % 8 < 4:  # indicators blink
            flags += BLINK_LEFT if turn == 1 else (BLINK_RIGHT if turn == 3 else 0)
        colour = (life.vehicle_flag[k, V_COLOUR] * 3 + kind) % PAINT_COUNT
        _put_box(boxes, count, x, y, life.vehicle[k, V_HEADING], kind, colour + 256.0 * flags)
        count += 1
    for k in range(life.parked_cars):
        place = life.parked[k]
        if place < 0 or count >= boxes.shape[0]:
            continue
        x, y = town.parking_xyh[place, 0], town.parking_xyh[place, 1]
        if (x - ex) ** 2 + (y - ey) ** 2 > sight * sight:
            continue
        _put_box(boxes, count, x, y, town.parking_xyh[place, 2], 1, float(place % PAINT_COUNT))
        count += 1
    return count


@njit(cache=True, nogil=True)
def _list_people(life: Life, sprites: Array, sight: float) -> int:
    """Lists walkers; returns how many."""
    ex, ey = life.ego[X], life.ego[Y]
    count = 0
    for k in range(life.walkers):
        if life.walker_flag[k, W_MODE] == MODE_ABSENT:
            continue
        x, y = life.walker[k, W_X], life.walker[k, W_Y]
        if (x - ex) ** 2 + (y - ey) ** 2 > sight * sight:
            continue
        kind = life.walker_flag[k, W_KIND]
        sprite = sprites[count]
        sprite[0], sprite[1], sprite[2] = x, y, life.walker[k, W_HEADING]
        sprite[3], sprite[4], sprite[5] = 0.62, BOX_SIZES[kind, 2], 0.0
        shape = CHILD_SPRITE if kind == CHILD else PEDESTRIAN_SPRITE
        if kind == CHILD:
            sprite[3] = 0.45
        sprite[6] = shape + 16 * life.walker_flag[k, W_COLOUR]
        sprite[7] = 2.0 * np.pi * life.walker[k, W_PHASE]
        count += 1
    return count


@njit(cache=True, nogil=True)
def _put_static(life: Life, row: Array, sprite: Array) -> None:
    """Writes the sprite of one thing beside the road; lights as they show now."""
    kind = int(row[3])
    sprite[0], sprite[1], sprite[2], sprite[5] = row[0], row[1], row[2], 0.0
    variant = int(abs(row[0] * 7.0 + row[1] * 13.0)) % 8
    sprite[6], sprite[7] = kind + 16 * variant, 0.0
    if kind == TREE:
        sprite[3], sprite[4] = 0.62 * row[4], row[4]
    elif kind == BUSH:
        sprite[3], sprite[4] = 1.3 * row[4], row[4]
    elif kind == LAMP_POST:
        sprite[3], sprite[4] = 0.5, row[4]
    elif kind == STOP_SIGN:
        sprite[3], sprite[4] = 0.9, 2.7
    elif kind == LIMIT_SIGN:
        sprite[3], sprite[4], sprite[7] = 0.8, 2.6, row[4]
    else:
        sprite[3], sprite[4] = 0.5, 5.0
        sprite[7] = 1.0 + light_state(life, int(row[4]), int(row[5]))


@njit(cache=True, nogil=True)
def _is_worth_drawing(row: Array, dx: float, dy: float, focal: float) -> bool:
    """Returns whether a thing in view at (dx, dy) from the ego is more than clutter: small backs of
    signs and lights, and limit signs too far to read, are."""
    kind = row[3]
    if kind != LIGHT and kind != STOP_SIGN and kind != LIMIT_SIGN:
        return True
    squared = dx * dx + dy * dy
    is_large = (row[3] == LIGHT) * 0.2 + 0.8 > SIGN_BACK / focal * np.sqrt(squared)
    if is_large:
        return True
    is_back = np.cos(row[2]) * dx + np.sin(row[2]) * dy > 0.0
    return not is_back and (kind != LIMIT_SIGN or squared < LIMIT_SIGHT * LIMIT_SIGHT)


@njit(cache=True, nogil=True)
def _list_town(
    town: Town, life: Life, boxes: Array, sprites: Array, counts: Array, look: float, slope: float,
    sight: float, focal: float,
) -> None:  # fmt: skip
    """Adds houses and things beside the road that lie in a field of view.

    Args:
      counts: boxes and sprites listed so far, updated.
      look: heading of the view [rad]; slope: tangent of half its width, `ALL_ROUND`: everywhere.
      focal: pixels a tangent of 1; plants and posts that would be tiny are left out, and if it is
        0 all things beside the road.
    """
    ex, ey = life.ego[X], life.ego[Y]
    c, s = (np.cos(look), np.sin(look)) if slope < ALL_ROUND else (0.0, 0.0)
    wide = np.sqrt(1.0 + slope * slope)
    x0, x1 = int((ex - sight) // CELL), int((ex + sight) // CELL)
    y0, y1 = int((ey - sight) // CELL), int((ey + sight) // CELL)
    for ix in range(max(x0, 0), min(x1 + 1, CELLS)):
        for iy in range(max(y0, 0), min(y1 + 1, CELLS)):
            dx, dy = (ix + 0.5) * CELL - ex, (iy + 0.5) * CELL - ey
            ahead = c * dx + s * dy
            if ahead < -CELL_REACH or ahead > sight + CELL_REACH:
                continue
            if abs(-s * dx + c * dy) > slope * max(ahead, 0.0) + CELL_REACH * wide:
                continue
            nearest = np.sqrt(dx * dx + dy * dy) - CELL_REACH
            least = TINY * nearest / wide  # [px m]
            cell = ix * CELLS + iy
            # What is in view is noted without a branch, then written: branches that are taken as
            # often as not would cost more than all the rest.
            start, count = counts[0], counts[0]
            for k in range(town.building_first[cell], town.building_first[cell + 1]):
                u = town.buildings[k]
                dx, dy = u[0] - ex, u[1] - ey
                ahead, reach = c * dx + s * dy, u[3] + u[4] + ROOM
                aside = abs(-s * dx + c * dy)
                is_seen = (ahead >= -reach) & (ahead <= sight + reach)
                is_seen &= aside <= slope * max(ahead, 0.0) + reach * wide
                boxes[count, 8] = k
                count = min(count + int(is_seen), boxes.shape[0] - 1)
            counts[0] = count
            for i in range(start, count):
                box = boxes[i]
                u = town.buildings[int(box[8])]
                box[0], box[1], box[2], box[3], box[4] = u[0], u[1], u[2], u[3], u[4]
                box[5], box[6], box[7] = 0.0, u[5], BUILDING
                style = 1 if u[7] == 3 else (2 if u[7] == 0 else 0)
                box[8] = u[6] + 256.0 * style
            if focal == 0.0:
                continue
            start, count = counts[1], counts[1]
            for k in range(town.static_first[cell], town.static_first[cell + 1]):
                row = town.statics[k]
                kind = row[3]
                is_plant = (kind != LIGHT) & (kind != STOP_SIGN) & (kind != LIMIT_SIGN)
                if is_plant and row[4] * focal < least:
                    break  # signs and lights come first in a cell, then plants by their height
                dx, dy = row[0] - ex, row[1] - ey
                ahead = c * dx + s * dy
                aside = abs(-s * dx + c * dy)
                is_seen = (ahead >= 0.0) & (ahead <= sight) & (aside <= slope * ahead + ROOM)
                is_seen &= (not is_plant) | (row[4] * focal >= TINY * ahead)
                is_seen &= life.static_off[k] == 0
                sprites[count, 7] = k
                count = min(count + int(is_seen), sprites.shape[0] - 1)
            end, count = count, start
            for i in range(start, end):
                row = town.statics[int(sprites[i, 7])]
                if slope >= ALL_ROUND or _is_worth_drawing(row, row[0] - ex, row[1] - ey, focal):
                    _put_static(life, row, sprites[count])
                    count += 1
            counts[1] = count


@njit(cache=True, nogil=True)
def _draw_life(
    town: Town, life: Life, canvas: Canvas, boxes: Array, sprites: Array, counts: Array,
    atlas: Atlas, looks: Looks, outside: int, fine: bool, strip: int, mirror: bool,
) -> None:  # fmt: skip
    """Draws one ego's camera on a canvas: the mirror on the first `strip` rows, then the front."""
    heading = np.float64(life.ego[HEADING])  # all float64: both views are one compiled kernel
    x = life.ego[X] + CAMERA_AHEAD * np.cos(heading)
    y = life.ego[Y] + CAMERA_AHEAD * np.sin(heading)
    daylight, fog = np.float64(life.weather[DAYLIGHT]), np.float64(life.weather[FOG])
    air = make_air(daylight, FOG_SCALE * fog**1.5, 1.0)
    height = canvas.pixels.shape[0]
    focal = 0.5 * (height - strip) / FRONT_TAN_Y
    counts[0] = _list_vehicles(town, life, boxes, SIGHT)
    counts[1] = _list_people(life, sprites, 90.0)
    vehicles, people = counts[0], counts[1]
    _list_town(town, life, boxes, sprites, counts, heading, FRONT_TAN_X, SIGHT, focal)
    scene = Scene(town.cell_tile, outside, boxes[: counts[0]], sprites[: counts[1]])
    camera = Camera(
        x, y, CAMERA_HEIGHT, heading, FRONT_TAN_X, FRONT_TAN_Y, FRONT_HORIZON, False
    )  # fmt: skip
    draw_front(canvas, Window(strip, height), camera, air, scene, atlas, looks, fine)
    if not mirror:
        return
    counts[0], counts[1] = vehicles, people
    # A small mirror shows who comes and the houses, and nothing that would hide them.
    back, focal = heading + np.pi, (0.5 * strip / MIRROR_TAN_Y if fine else 0.0)
    sight = MIRROR_SIGHT if fine else SMALL_MIRROR_SIGHT
    _list_town(town, life, boxes, sprites, counts, back, MIRROR_TAN_X, sight, focal)
    scene = Scene(town.cell_tile, outside, boxes[: counts[0]], sprites[: counts[1]])
    x = life.ego[X] - 2.0 * np.cos(heading)
    y = life.ego[Y] - 2.0 * np.sin(heading)
    camera = Camera(x, y, CAMERA_HEIGHT, back, MIRROR_TAN_X, MIRROR_TAN_Y, MIRROR_HORIZON, True)
    draw_front(canvas, Window(0, strip), camera, air, scene, atlas, looks, fine)


@njit(cache=True, nogil=True)
def draw_lives(
    pool: Pool, lives: Lives, lanes: Array, canvas: Canvas, boxes: Array, sprites: Array,
    counts: Array, atlas: Atlas, looks: Looks, outside: int, fine: bool, strip: int,
    image: Array, labels: Array, depth: Array,
) -> None:  # fmt: skip
    """Draws the cameras of these lanes into image [B, H, W, 3] (labels, depth: or size 0)."""
    for b in lanes:
        life = lives[b]
        town = pool[life.town]
        _draw_life(
            town, life, canvas, boxes, sprites, counts, atlas, looks, outside, fine, strip, True
        )
        develop(
            canvas, image[b],
            labels[b] if labels.size else labels[0], depth[b] if depth.size else depth[0],
        )  # fmt: skip
