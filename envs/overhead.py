"""The view from straight above: ground, shadows, roofs, vehicles, people, trees, signals.

Orthographic, at any centre, rotation and scale. Things are drawn from low to high, with soft edges;
the depth of a pixel is that of the ground below a camera at `EYE`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bodies import BUILDING, CAR, HOUSE, TRUCK, VAN
from .canvas import LABEL, Canvas, Pixel, Window, ellipse, kernel, leaf, mix, pack
from .ground import fetch, tint
from .lens import Air, Looks
from .paint import Atlas
from .scene import Scene
from .sprites import BUSH, LAMP_COLOURS, LAMP_POST, LIGHT, PEDESTRIAN, SKIN, STOP_SIGN, TREE

EYE = 100.0  # [m] above the ground
SHADOW = (0.34, -0.26)  # [m] east and north, a metre of height
LONGEST = 9.0  # [m] of height beyond which shadows stay as long
SHADE = 105  # of 256: how dark a shadow is
BRAKES, LAMPS, SIGNAL_LEFT, SIGNAL_RIGHT = 1, 2, 4, 8


class Overview(NamedTuple):
    """Where a picture from above is taken."""

    x: float
    """Of the picture's middle [m]."""
    y: float
    """Of the picture's middle [m]."""
    heading: float
    """Direction that points up in the picture [rad]."""
    scale: float
    """Metres a pixel."""


class Plan(NamedTuple):
    """From the world into the picture."""

    x: float
    y: float
    cos: float
    sin: float
    scale: float
    """Pixels a metre."""
    centre: float
    middle: float


@leaf
def _place(plan: Plan, x: float, y: float) -> tuple[float, float]:
    """Returns the column and row [px] of a point of the world."""
    dx, dy = x - plan.x, y - plan.y
    right, up = plan.sin * dx - plan.cos * dy, plan.cos * dx + plan.sin * dy
    return plan.centre + right * plan.scale, plan.middle - up * plan.scale


@kernel
def _slab(
    canvas: Canvas,
    plan: Plan,
    x: float,
    y: float,
    heading: float,
    half_length: float,
    half_width: float,
    soft: float,
    strength: int,
    colour: Pixel,
) -> None:
    """Blends a turned rectangle; metres, `soft` metres of blur at its edges, strength 0-256.

    A strength below 256 keeps the labels underneath (shadows).
    """
    column, row = _place(plan, x, y)
    c, s = math.cos(heading), math.sin(heading)
    ax, ay = plan.sin * c - plan.cos * s, -(plan.cos * c + plan.sin * s)
    a, b = half_length * plan.scale, half_width * plan.scale
    blur = max(1.0, soft * plan.scale)
    reach_x = abs(ax) * a + abs(ay) * b + blur
    reach_y = abs(ay) * a + abs(ax) * b + blur
    for j in range(max(0, int(row - reach_y)), min(canvas.pixels.shape[0], int(row + reach_y) + 1)):
        first = max(0, int(column - reach_x))
        for i in range(first, min(canvas.pixels.shape[1], int(column + reach_x) + 1)):
            dx, dy = i + 0.5 - column, j + 0.5 - row
            along, across = abs(dx * ax + dy * ay), abs(dy * ax - dx * ay)
            p = min(1.0, max(0.0, (a - along) / blur + 0.5)) * min(1.0, 2.0 * a)
            q = min(1.0, max(0.0, (b - across) / blur + 0.5)) * min(1.0, 2.0 * b)
            part = int(strength * p * q)
            if part > 0:
                under = canvas.pixels[j, i]
                over = colour if strength >= 256 else (colour & ~LABEL) | (under & LABEL)
                canvas.pixels[j, i] = mix(under, over, part)


@kernel
def _disc(
    canvas: Canvas, plan: Plan, x: float, y: float, radius: float, colour: Pixel, rough: float
) -> None:
    """Draws a disc; metres, at least 1 pixel in radius."""
    column, row = _place(plan, x, y)
    r = max(1.0, radius * plan.scale)
    window = Window(0, canvas.pixels.shape[0])
    ellipse(canvas, window, column, row, r, r, 0.0, colour, rough)


@leaf
def _dye(light: float, red: float, green: float, blue: float, label: int) -> Pixel:
    """Returns a colour in daylight."""
    return pack(red * light, green * light, blue * light, label)


@kernel
def _rect(
    canvas: Canvas,
    plan: Plan,
    pose: tuple[float, float, float],
    ahead: float,
    left: float,
    half_length: float,
    half_width: float,
    colour: Pixel,
) -> None:
    """Draws a rectangle within the frame of a thing at `pose`; metres."""
    c, s = math.cos(pose[2]), math.sin(pose[2])
    x, y = pose[0] + c * ahead - s * left, pose[1] + s * ahead + c * left
    _slab(canvas, plan, x, y, pose[2], half_length, half_width, 0.0, 256, colour)


@kernel
def _vehicle(canvas: Canvas, plan: Plan, air: Air, looks: Looks, box: NDArray[np.float32]) -> None:
    """Draws a car, van or truck with its windows and lamps."""
    pose = (float(box[0]), float(box[1]), float(box[2]))
    a, b = float(box[3]), float(box[4])
    material, code = int(box[7]), int(box[8])
    paint, flags, label = (
        looks.body[(code & 255) % len(looks.body)],
        code >> 8,
        looks.box_label[material],
    )
    light = air.light
    red, green, blue = float(paint[0]), float(paint[1]), float(paint[2])
    body = _dye(light, red * 0.86, green * 0.86, blue * 0.86, label)
    roof = _dye(light, red * 0.8 + 42.0, green * 0.8 + 42.0, blue * 0.8 + 42.0, label)
    glass = _dye(light, 38.0, 50.0, 62.0, label)
    _rect(canvas, plan, pose, 0.0, 0.0, a - 0.12, b, body)
    _rect(canvas, plan, pose, 0.0, 0.0, a, b - 0.2, body)
    if material == TRUCK:
        cargo = _dye(light, 176.0 + 0.2 * red, 176.0 + 0.2 * green, 176.0 + 0.2 * blue, label)
        edge = _dye(light, 138.0, 138.0, 140.0, label)
        _rect(canvas, plan, pose, -0.29 * a, 0.0, 0.71 * a, b, edge)
        _rect(canvas, plan, pose, -0.29 * a, 0.0, 0.71 * a - 0.12, b - 0.12, cargo)
        _rect(canvas, plan, pose, 0.74 * a, 0.0, 0.2 * a, b - 0.14, roof)
        _rect(canvas, plan, pose, 0.96 * a, 0.0, 0.05 * a, b - 0.2, glass)
    elif material == VAN:
        _rect(canvas, plan, pose, -0.16 * a, 0.0, 0.8 * a, b - 0.08, roof)
        _rect(canvas, plan, pose, 0.6 * a, 0.0, 0.1 * a, b - 0.16, glass)
    else:
        _rect(canvas, plan, pose, -0.2 * a, 0.0, 0.62 * a, b - 0.12, glass)
        _rect(canvas, plan, pose, -0.22 * a, 0.0, 0.36 * a, b - 0.17, roof)
        line = _dye(light, red * 0.7, green * 0.7, blue * 0.7, label)
        _rect(canvas, plan, pose, 0.7 * a, 0.0, 0.22 * a, 0.03, line)
    glow = air.light if not flags & LAMPS else max(air.light, 1.0)
    front = _dye(glow, 244.0, 240.0, 214.0, label)
    rear = (
        pack(255.0, 40.0, 32.0, label) if flags & BRAKES else _dye(light, 128.0, 18.0, 20.0, label)
    )
    for side in (-1.0, 1.0):
        _rect(canvas, plan, pose, a - 0.14, side * (b - 0.3), 0.12, 0.17, front)
        wide = 0.26 if flags & BRAKES else 0.2
        _rect(canvas, plan, pose, -a + 0.12, side * (b - 0.3), 0.13, wide, rear)
        if flags & (SIGNAL_LEFT if side > 0.0 else SIGNAL_RIGHT):
            amber = pack(255.0, 160.0, 20.0, label)
            _rect(canvas, plan, pose, a - 0.3, side * (b - 0.12), 0.16, 0.12, amber)
            _rect(canvas, plan, pose, -a + 0.3, side * (b - 0.12), 0.16, 0.12, amber)


@kernel
def _roof(canvas: Canvas, plan: Plan, air: Air, looks: Looks, box: NDArray[np.float32]) -> None:
    """Draws a building's or block's top: a flat roof with its rim, or a ridge of tiles."""
    pose = (float(box[0]), float(box[1]), float(box[2]))
    a, b = float(box[3]), float(box[4])
    material, code = int(box[7]), int(box[8])
    wall, label = looks.wall[(code & 255) % len(looks.wall)], looks.box_label[material]
    light = air.light
    red, green, blue = float(wall[0]), float(wall[1]), float(wall[2])
    if material != BUILDING:
        _rect(canvas, plan, pose, 0.0, 0.0, a, b, _dye(light, red, green, blue, label))
        return
    if code >> 8 == HOUSE:
        tiles = _dye(light, 150.0 + 0.1 * red, 74.0 + 0.1 * green, 54.0 + 0.1 * blue, label)
        shade = _dye(light, 112.0 + 0.1 * red, 54.0 + 0.1 * green, 42.0 + 0.1 * blue, label)
        ridge = _dye(light, 182.0, 110.0, 88.0, label)
        _rect(canvas, plan, pose, 0.0, 0.5 * b, a, 0.5 * b, tiles)
        _rect(canvas, plan, pose, 0.0, -0.5 * b, a, 0.5 * b, shade)
        _rect(canvas, plan, pose, 0.0, 0.0, a, 0.14, ridge)
        _rect(
            canvas, plan, pose, 0.4 * a, 0.3 * b, 0.4, 0.4, _dye(light, 120.0, 100.0, 92.0, label)
        )
        return
    rim = _dye(light, red * 0.4 + 126.0, green * 0.4 + 124.0, blue * 0.4 + 120.0, label)
    flat = _dye(light, red * 0.45 + 62.0, green * 0.45 + 62.0, blue * 0.45 + 62.0, label)
    dark = _dye(light, red * 0.4 + 40.0, green * 0.4 + 40.0, blue * 0.4 + 42.0, label)
    _rect(canvas, plan, pose, 0.0, 0.0, a, b, rim)
    _rect(canvas, plan, pose, 0.0, 0.0, a - 0.4, b - 0.4, dark)
    _rect(canvas, plan, pose, 0.12, -0.12, a - 0.52, b - 0.52, flat)
    _rect(canvas, plan, pose, 0.38 * a, 0.34 * b, 1.1, 0.8, dark)
    _rect(canvas, plan, pose, 0.38 * a + 0.1, 0.34 * b + 0.15, 1.0, 0.7, rim)
    _rect(canvas, plan, pose, -0.44 * a, -0.2 * b, 0.7, 0.7, dark)


@kernel
def _small(canvas: Canvas, plan: Plan, air: Air, looks: Looks, sprite: NDArray[np.float32]) -> None:
    """Draws a person, plant, post, sign or traffic light."""
    x, y, facing = float(sprite[0]), float(sprite[1]), float(sprite[2])
    pose = (x, y, facing)
    kind, variant = int(sprite[6]) & 15, int(sprite[6]) >> 4
    label, light, half = looks.sprite_label[kind], air.light, 0.5 * float(sprite[3])
    least = 1.4 / plan.scale  # [m]
    if kind in (TREE, BUSH):
        warm = 10.0 * (variant % 4)
        rough = 0.8 if half * plan.scale > 5.0 else 0.0
        for k in range(3):
            lift = 22.0 * k + (14.0 if kind == BUSH else 0.0)
            leaf = _dye(
                light, 46.0 + warm + lift, 88.0 + lift + 0.3 * warm, 46.0 + 0.5 * lift, label
            )
            off, size = 0.16 * half * k, half * (1.0, 0.72, 0.4)[k]
            _disc(canvas, plan, x - off, y + off, size, leaf, rough)
    elif kind >= PEDESTRIAN:
        shirt, skin = looks.cloth[variant % len(looks.cloth)], SKIN[variant % len(SKIN)]
        coat = _dye(light, float(shirt[0]), float(shirt[1]), float(shirt[2]), label)
        step = 0.22 * math.sin(float(sprite[7]))
        shoe = _dye(light, 40.0, 40.0, 46.0, label)
        size = 1.0 if kind == PEDESTRIAN else 0.75
        _rect(canvas, plan, pose, step, 0.12, 0.16 * size, 0.07, shoe)
        _rect(canvas, plan, pose, -step, -0.12, 0.16 * size, 0.07, shoe)
        _rect(
            canvas,
            plan,
            pose,
            0.0,
            0.0,
            max(0.17 * size, least * 0.7),
            max(0.3 * size, least),
            coat,
        )
        head = _dye(light, float(skin[0]) * 0.6, float(skin[1]) * 0.55, float(skin[2]) * 0.5, label)
        _disc(canvas, plan, x, y, 0.13, head, 0.0)
    elif kind == LAMP_POST:
        _disc(canvas, plan, x, y, 0.14, _dye(light, 150.0, 154.0, 158.0, label), 0.0)
    else:
        pole = _dye(light, 70.0, 74.0, 78.0, looks.pole_label)
        wide = max(0.42, least)
        if kind == LIGHT:
            state = int(sprite[7] + 0.5)
            _rect(canvas, plan, pose, 0.0, 0.0, max(0.3, least), wide, pole)
            if state > 0:
                lamp, owner = LAMP_COLOURS[state], looks.lamp_label[state]
                lit = pack(float(lamp[0]), float(lamp[1]), float(lamp[2]), owner)
                _disc(canvas, plan, x, y, max(0.36, 1.6 * least), lit, 0.0)
        else:
            face = _dye(light, 206.0, 26.0, 34.0, label)
            if kind != STOP_SIGN:
                face = _dye(light, 240.0, 238.0, 226.0, label)
            _rect(canvas, plan, pose, 0.0, 0.0, max(0.1, 0.5 * least), wide, pole)
            _rect(canvas, plan, pose, 0.1, 0.0, max(0.12, 0.6 * least), wide, face)


@kernel
def _shadow(canvas: Canvas, plan: Plan, thing: NDArray[np.float32], is_box: bool) -> None:
    """Darkens the ground in a thing's shadow."""
    black = np.uint32(0)
    high = min(LONGEST, float(thing[6 if is_box else 4]))
    if is_box:
        steps = max(1, min(16, int(high * 1.2)))
        for k in range(1, 2 if high < 4.0 else steps + 1):
            # A tall shadow is the hull of the box's foot and its shifted top: laid as one soft slab
            # in the middle when low; as its top when high, the roof hides the rest.
            lift = 0.5 * high if high < 4.0 else high * k / steps
            part = SHADE if high < 4.0 else int(SHADE * 1.9 / steps)
            x, y = thing[0] + SHADOW[0] * lift, thing[1] + SHADOW[1] * lift
            soft = 0.5 + 0.06 * high
            _slab(canvas, plan, x, y, thing[2], thing[3] + 0.15, thing[4] + 0.15, soft, part, black)
        return
    x, y = thing[0] + SHADOW[0] * high * 0.6, thing[1] + SHADOW[1] * high * 0.6
    half = 0.45 * thing[3]
    column, row = _place(plan, x, y)
    r = half * plan.scale
    for j in range(max(0, int(row - r)), min(canvas.pixels.shape[0], int(row + r) + 2)):
        for i in range(max(0, int(column - r)), min(canvas.pixels.shape[1], int(column + r) + 2)):
            away = math.sqrt((i + 0.5 - column) ** 2 + (j + 0.5 - row) ** 2)
            part = int(SHADE * min(1.0, max(0.0, (r - away) / max(1.0, 0.25 * r))))
            if part > 0:
                under = canvas.pixels[j, i]
                canvas.pixels[j, i] = mix(under, under & LABEL, part)


@kernel
def draw_top(
    canvas: Canvas,
    overview: Overview,
    air: Air,
    scene: Scene,
    atlas: Atlas,
    looks: Looks,
    fine: bool,
) -> None:
    """Draws the whole canvas as seen from above.

    Args:
      canvas: [H, W] pixels and depths, overwritten.
      overview: centre, rotation, scale.
      air: light; there is no fog from above.
      scene: what there is to see.
      atlas: the painted tiles of `scene.tile_map`.
      looks: colours and labels.
      fine: blend between texels and draw shadows.
    """
    height, width = canvas.pixels.shape
    cos, sin = math.cos(overview.heading), math.sin(overview.heading)
    plan = Plan(overview.x, overview.y, cos, sin, 1.0 / overview.scale, 0.5 * width, 0.5 * height)
    per_texel = overview.scale * atlas.size[0] / atlas.cell
    level = min(atlas.size.size - 1, max(0, int(math.log2(max(per_texel, 1.0)) + 0.35)))
    step = overview.scale / atlas.cell
    for row in range(height):
        up, right = (0.5 * height - row - 0.5) * step, (0.5 - 0.5 * width) * step
        x = overview.x / atlas.cell + cos * up + sin * right
        y = overview.y / atlas.cell + sin * up - cos * right
        fetch(
            canvas, scene.tile_map, scene.outside, atlas, level, x, y, sin * step, -cos * step, fine
        )
        tint(canvas.pixels[row], canvas.rows[1], air.light, 0.0, 0.0, 0.0)
        for column in range(width):
            canvas.depth[row, column] = EYE
    count = _sort(canvas, plan, scene)
    boxes = scene.boxes.shape[0]
    for k in range(count if fine else 0):
        i = canvas.order[k]
        _shadow(canvas, plan, scene.boxes[i] if i < boxes else scene.sprites[i - boxes], i < boxes)
    for k in range(count):
        i = canvas.order[k]
        if i >= boxes:
            _small(canvas, plan, air, looks, scene.sprites[i - boxes])
        elif scene.boxes[i, 7] >= CAR:
            _vehicle(canvas, plan, air, looks, scene.boxes[i])
        else:
            _roof(canvas, plan, air, looks, scene.boxes[i])


@kernel
def _sort(canvas: Canvas, plan: Plan, scene: Scene) -> int:
    """Lists what may be in the picture in `canvas.order`, the lowest first; returns how many."""
    count = 0
    boxes = scene.boxes.shape[0]
    half = math.sqrt(plan.centre**2 + plan.middle**2) / plan.scale
    for i in range(boxes + scene.sprites.shape[0]):
        thing = scene.boxes[i] if i < boxes else scene.sprites[i - boxes]
        reach = half + 6.0 + (thing[3] + thing[4] if i < boxes else 0.5 * thing[3])
        if (
            abs(thing[0] - plan.x) > reach
            or abs(thing[1] - plan.y) > reach
            or count == canvas.order.size
        ):
            continue
        top = thing[5] + thing[6] if i < boxes else thing[5] + thing[4]
        k = count
        while k > 0 and canvas.keys[k - 1] > top:
            canvas.keys[k], canvas.order[k] = canvas.keys[k - 1], canvas.order[k - 1]
            k -= 1
        canvas.keys[k], canvas.order[k] = top, i
        count += 1
    return count
