"""The camera of the worlds: scenes into pixels, labels and depths; one call a picture.

`draw_front` is a pinhole camera (a mirror is a second call on other rows), `draw_top` in `overhead`
looks straight down; `develop` in `canvas` hands the picture out. All are numba kernels to be called
from a bigger kernel, once a life; they draw on a `Canvas`, which is scratch that a thread makes
once. Nothing here knows a road or a town: a scene is a tiled ground, boxes and sprites.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .bodies import BUILDING, draw_box
from .canvas import Canvas, Sheet, Window, kernel, leaf
from .facades import draw_facade, is_hidden, open_columns
from .ground import ground, sky
from .lens import NEAR, Air, Camera, Lens, Looks, make_lens
from .paint import Atlas
from .scene import Scene
from .sprites import LEAST, LIGHT, draw_sprite

RANGE = 160.0  # [m] things farther than this are left out
HEAD = 10.0  # [px] that a far traffic light reaches above its post at most
LEAST_SCALE = 2.0  # [m] of height that must make a pixel
# A camera of 64 x 64: a mirror in the upper 8 rows, a road in the lower 56.
MIRROR_SHARE = 0.125  # of the picture's rows
FRONT_TAN_X = 0.916  # 85 deg wide
FRONT_TAN_Y = 0.532  # 56 deg high
FRONT_HORIZON = 0.4
MIRROR_TAN_X = 0.577  # 60 deg wide
MIRROR_TAN_Y = 0.115
MIRROR_HORIZON = 0.45


@leaf
def _collect(canvas: Canvas, lens: Lens, scene: Scene, farthest: float) -> int:
    """Lists what may be in sight in `canvas.order`, the farthest first; returns how many."""
    count = 0
    slope = lens.centre / abs(lens.focal_x)
    widen = math.sqrt(1.0 + slope * slope)
    boxes = scene.boxes.shape[0]
    for i in range(boxes + scene.sprites.shape[0]):
        if i < boxes:
            thing = scene.boxes[i]
            reach = thing[3] + thing[4]
        else:
            thing = scene.sprites[i - boxes]
            reach = 0.5 * thing[3] + 0.6
        dx, dy = thing[0] - lens.x, thing[1] - lens.y
        z = lens.cos * dx + lens.sin * dy
        if i >= boxes and z < NEAR:
            continue
        if z < -reach or z - reach > farthest:
            continue
        aside = abs(lens.sin * dx - lens.cos * dy)
        if aside > slope * z + reach * widen or count == canvas.order.size:
            continue
        k = count
        while k > 0 and canvas.keys[k - 1] < z:
            canvas.keys[k], canvas.order[k] = canvas.keys[k - 1], canvas.order[k - 1]
            k -= 1
        canvas.keys[k], canvas.order[k] = z, i
        count += 1
    return count


@leaf
def _insert(canvas: Canvas, first: int, count: int, z: float, thing: int) -> None:
    """Inserts a thing into the `count` sorted ones from `first` on, the nearest first."""
    k = first + count
    key = np.float32(z)
    while k > first and canvas.keys[k - 1] > key:
        canvas.keys[k], canvas.order[k] = canvas.keys[k - 1], canvas.order[k - 1]
        k -= 1
    canvas.keys[k], canvas.order[k] = key, thing


@leaf
def _is_out_of_sight(
    canvas: Canvas,
    lens: Lens,
    x: float,
    y: float,
    reach: float,
    high: float,
    least: float,
    wide: float,
) -> bool:
    """Tells whether walls hide all that stands within `reach` [m] of a point, up to `high` [m].

    `least`: half of its size in the picture at least [px]; `wide`: the secant of half the angle of
    view, by which circles at its edge look wider.
    """
    dx, dy = x - lens.x, y - lens.y
    z = lens.cos * dx + lens.sin * dy
    near = z - reach
    if near < NEAR:
        return False
    inverse = 1.0 / near
    middle = lens.centre + (lens.sin * dx - lens.cos * dy) / z * lens.focal_x
    half = abs(lens.focal_x) * inverse * reach * wide
    half = max(half, least) + 1.0
    top = lens.horizon + (lens.z - high) * lens.focal_y * inverse
    return is_hidden(canvas, middle - half, middle + half, min(top, lens.horizon) - least, inverse)


@leaf
def _collect_buildings(canvas: Canvas, lens: Lens, scene: Scene, farthest: float) -> int:
    """Lists buildings that may be in sight in `canvas.order`, the nearest first."""
    count = 0
    slope = lens.centre / abs(lens.focal_x)
    widen = math.sqrt(1.0 + slope * slope)
    for i in range(scene.boxes.shape[0]):
        box = scene.boxes[i]
        if box[7] != BUILDING or count == canvas.order.size:
            continue
        reach = box[3] + box[4]
        dx, dy = box[0] - lens.x, box[1] - lens.y
        z = lens.cos * dx + lens.sin * dy
        if z < -reach or z - reach > farthest:
            continue
        if abs(lens.sin * dx - lens.cos * dy) <= slope * z + reach * widen:
            _insert(canvas, 0, count, z, i)
            count += 1
    return count


@leaf
def _collect_others(
    canvas: Canvas, window: Window, lens: Lens, scene: Scene, farthest: float
) -> int:
    """Lists what else is in sight and not behind a wall in `canvas.order`, the nearest first."""
    count = 0
    slope = lens.centre / abs(lens.focal_x)
    widen = math.sqrt(1.0 + slope * slope)
    boxes = scene.boxes.shape[0]
    for i in range(boxes + scene.sprites.shape[0]):
        if count == canvas.order.size:
            break
        if i < boxes:
            thing = scene.boxes[i]
            if thing[7] == BUILDING:
                continue
            reach, high, least = thing[3] + thing[4], thing[5] + thing[6], 0.0
        else:
            thing = scene.sprites[i - boxes]
            reach, high = 0.5 * thing[3] + 0.1, thing[5] + thing[4]
            least = LEAST
        dx, dy = thing[0] - lens.x, thing[1] - lens.y
        z = lens.cos * dx + lens.sin * dy
        near = z - reach if i < boxes else z
        if near > farthest or (near < NEAR and (i >= boxes or z < -reach)):
            continue
        if abs(lens.sin * dx - lens.cos * dy) > slope * z + (reach + 0.5) * widen:
            continue
        if i >= boxes and int(thing[6]) & 15 == LIGHT:
            high += HEAD * z / lens.focal_y
        if _is_out_of_sight(canvas, lens, thing[0], thing[1], reach, high, least, widen):
            continue
        _insert(canvas, 0, count, z, i)
        count += 1
    return count


@kernel
def _draw_fine(
    sheet: Sheet, window: Window, lens: Lens, air: Air, looks: Looks, sprite: NDArray[np.float32]
) -> None:
    """Draws a sprite of a large picture."""
    draw_sprite(sheet, window, lens, air, looks, sprite, True)


@leaf
def _draw_small(
    canvas: Canvas, window: Window, lens: Lens, air: Air, scene: Scene, looks: Looks
) -> None:
    """Draws things in a small picture: buildings from near to far, then the rest far to near."""
    farthest = min(RANGE, LEAST_SCALE * lens.focal_y)
    open_columns(canvas)
    slope = lens.centre / abs(lens.focal_x)
    widen = math.sqrt(1.0 + slope * slope)
    for k in range(_collect_buildings(canvas, lens, scene, farthest)):
        box = scene.boxes[canvas.order[k]]
        if not _is_out_of_sight(canvas, lens, box[0], box[1], box[3] + box[4], box[6], 0.0, widen):
            draw_facade(canvas, window, lens, air, looks, box)
    boxes = scene.boxes.shape[0]
    sheet = Sheet(canvas.pixels, canvas.depth)
    count = _collect_others(canvas, window, lens, scene, farthest)
    for k in range(count - 1, -1, -1):
        i = canvas.order[k]
        if i < boxes:
            draw_box(canvas, window, lens, air, looks, scene.boxes[i], False)
        else:
            draw_sprite(sheet, window, lens, air, looks, scene.sprites[i - boxes], False)


@kernel
def draw_front(
    canvas: Canvas,
    window: Window,
    camera: Camera,
    air: Air,
    scene: Scene,
    atlas: Atlas,
    looks: Looks,
    fine: bool,
) -> None:
    """Draws what a pinhole camera sees on the rows of a window.

    Args:
      canvas: [H, W] pixels and depths, overwritten within the window.
      window: rows to draw; a front view and a mirror are two calls with a window each.
      camera: pose, angles of view and whether left and right are swapped.
      air: light and fog.
      scene: what there is to see.
      atlas: the painted tiles of `scene.tile_map`.
      looks: colours and labels.
      fine: blend texels and draw small details; for pictures above about 256 pixels.
    """
    lens = make_lens(camera, canvas.pixels.shape[1], window.first, window.end)
    sky(canvas, window, lens, air, looks.sky_label)
    ground(canvas, window, lens, air, scene.tile_map, scene.outside, atlas, fine)
    if not fine:
        _draw_small(canvas, window, lens, air, scene, looks)
        return
    count = _collect(canvas, lens, scene, min(RANGE, LEAST_SCALE * lens.focal_y))
    boxes = scene.boxes.shape[0]
    sheet = Sheet(canvas.pixels, canvas.depth)
    for k in range(count):
        i = canvas.order[k]
        if i < boxes:
            draw_box(canvas, window, lens, air, looks, scene.boxes[i], True)
        else:
            _draw_fine(sheet, window, lens, air, looks, scene.sprites[i - boxes])
