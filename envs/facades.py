"""Buildings of small pictures: whole faces at a time, from near to far, each column closed by a wall.

Along a face the inverse of depth is a straight line over the columns, so a column costs a sum and no
search. A column or row belongs to a wall when its middle does; only the top edge is soft. What a wall
hides is remembered in `Canvas.lee`, so that things behind it cost nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .canvas import HALF_FULL, Canvas, Pixel, Window, leaf, mix
from .faces import BAY, FLOOR, FRONT, LEFT, REAR, RIGHT, Veil, ink, lit
from .lens import NEAR, Air, Lens, Looks, brightness, clearness

NO_WALL = np.float32(1e9)  # row of a column that no wall closes
HOUSE, SHOP = 2, 1  # styles
LEAST_STOREY = 3.0  # [px] below which windows are a tint
SMALL_WINDOW, SMALL_STOREY = 24, 7.0  # [px] rows of a mirror, and the same there
PANE = 1.35  # [m] across
PANE_LOW, PANE_HIGH = 0.32, 0.74  # of a storey
EAVES, RIDGE = 0.72, 0.45  # of a house's height; of its half length
FOG_STEP = 0.12  # optical thickness along a face from which its columns differ in fog


@leaf
def open_columns(canvas: Canvas) -> None:
    """Forgets all walls, before a picture."""
    for column in range(canvas.lee.shape[1]):
        canvas.lee[0, column], canvas.lee[1, column] = np.float32(0.0), NO_WALL
        canvas.wall[0, column], canvas.wall[1, column] = NO_WALL, NO_WALL


@leaf
def is_hidden(canvas: Canvas, left: float, right: float, top: float, inverse: float) -> bool:
    """Tells whether walls hide all of columns left..right from row `top` down, at depth 1/inverse."""
    first = max(0, int(math.floor(left)))
    end = min(canvas.lee.shape[1], int(math.ceil(right)))
    for column in range(first, end):
        if inverse >= canvas.lee[0, column] or math.floor(top) < canvas.lee[1, column]:
            return False
    return True


@leaf
def _panes(u: float, wide: float) -> float:
    """Returns how much of [u - wide/2, u + wide/2] is window, along a face."""
    a, b = (u - 0.5 * wide) * (1.0 / BAY), (u + 0.5 * wide) * (1.0 / BAY)
    share, edge = PANE / BAY, 0.5 * (1.0 - PANE / BAY)
    fa, fb = math.floor(a), math.floor(b)
    inside_a = min(max(a - fa - edge, 0.0), share)
    inside_b = min(max(b - fb - edge, 0.0), share)
    return ((fb - fa) * share + inside_b - inside_a) / max(b - a, 1e-6)


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
    """Fills rows of a column of a flat picture; `tested`: unless something is nearer."""
    depth, at, step = np.float32(z), np.uint64(first * width + column), np.uint64(width)
    if tested:
        for _ in range(end - first):
            if depth < depths[at]:
                pixels[at], depths[at] = colour, depth
            at += step
        return
    for _ in range(end - first):
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
    for _ in range(end - first):
        if not tested or depth < depths[at]:
            pixels[at] = pane if (phase & mask) < span else wall
            depths[at] = depth
        phase -= down
        at += beyond


@leaf
def draw_facade(
    canvas: Canvas, window: Window, lens: Lens, air: Air, looks: Looks, box: NDArray[np.float32]
) -> None:
    """Draws one building [9] of a scene; buildings come from near to far."""
    dx, dy = box[0] - lens.x, box[1] - lens.y
    x, y = lens.cos * dx + lens.sin * dy, lens.cos * dy - lens.sin * dx
    own_cos, own_sin = math.cos(box[2]), math.sin(box[2])
    c, s = own_cos * lens.cos + own_sin * lens.sin, own_sin * lens.cos - own_cos * lens.sin
    a, b = float(box[3]), float(box[4])
    eye_x, eye_y = -(x * c + y * s), x * s - y * c
    code = int(box[8])
    style, paint = code >> 8, looks.wall[(code & 255) % len(looks.wall)]
    high = float(box[6])
    eaves = EAVES * high if style == HOUSE else high
    floors = max(1, int((eaves - 0.3) * (1.0 / FLOOR)))
    storey = (eaves - 0.6) / floors
    label = int(looks.box_label[1])
    red, green, blue = float(paint[0]), float(paint[1]), float(paint[2])
    pixels, depths, lee = canvas.pixels, canvas.depth, canvas.lee
    flat, near, width = pixels.reshape(-1), depths.reshape(-1), pixels.shape[1]
    # The ridge of a house, as two points of the picture and the slopes beside them.
    ridge_a, ridge_b, ridge_row, ridge_left, ridge_right = 0.0, 0.0, 0.0, 0.0, 0.0
    has_roof = style == HOUSE and x > 1.3 * (a + b)
    if has_roof:
        part = RIDGE * a
        za, zb = 1.0 / (x + c * part), 1.0 / (x - c * part)
        ridge_a = lens.centre - (y + s * part) * za * lens.focal_x
        ridge_b = lens.centre - (y - s * part) * zb * lens.focal_x
        ridge_row = lens.horizon + (lens.z - high) * lens.focal_y * 0.5 * (za + zb)
        ridge_a, ridge_b = min(ridge_a, ridge_b), max(ridge_a, ridge_b)
        reach = (abs(s) * a + abs(c) * b) / x * abs(lens.focal_x)
        middle = 0.5 * (ridge_a + ridge_b)
        eaves_row = lens.horizon + (lens.z - eaves) * lens.focal_y / x
        ridge_left = (eaves_row - ridge_row) / max(ridge_a - (middle - reach), 0.5)
        ridge_right = (eaves_row - ridge_row) / max(middle + reach - ridge_b, 0.5)
    is_small = window.end - window.first <= SMALL_WINDOW
    least = SMALL_STOREY if is_small else LEAST_STOREY
    for k in range(2):
        if k == 0:
            if abs(eye_x) <= a:
                continue
            side = a if eye_x > 0.0 else -a
            face = FRONT if eye_x > 0.0 else REAR
            half = b
            z0, y0 = x + c * side + s * b, y + s * side - c * b
            z1, y1 = x + c * side - s * b, y + s * side + c * b
        else:
            if abs(eye_y) <= b:
                continue
            side = b if eye_y > 0.0 else -b
            face = LEFT if eye_y > 0.0 else RIGHT
            half = a
            z0, y0 = x - c * a - s * side, y - s * a + c * side
            z1, y1 = x + c * a - s * side, y + s * a + c * side
        if z0 < NEAR and z1 < NEAR:
            continue
        u0, u1 = -half, half
        if z0 < NEAR:
            share = (NEAR - z0) / (z1 - z0)
            z0, y0, u0 = NEAR, y0 + share * (y1 - y0), u0 + share * (u1 - u0)
        elif z1 < NEAR:
            share = (NEAR - z1) / (z0 - z1)
            z1, y1, u1 = NEAR, y1 + share * (y0 - y1), u1 + share * (u0 - u1)
        i0, i1 = 1.0 / z0, 1.0 / z1
        column0 = lens.centre - y0 * i0 * lens.focal_x
        column1 = lens.centre - y1 * i1 * lens.focal_x
        if column0 > column1:
            column0, column1, i0, i1, u0, u1 = column1, column0, i1, i0, u1, u0
        first = max(0, int(math.ceil(column0 - 0.5)))
        end = min(width, int(math.ceil(column1 - 0.5)))
        if first >= end:
            continue
        per_column = 1.0 / max(column1 - column0, 1e-6)
        di, start_u = (i1 - i0) * per_column, u0 * i0
        du = (u1 * i1 - start_u) * per_column
        has_windows = storey * lens.focal_y * max(i0, i1) > least
        hazy = air.fog * abs(z1 - z0) > FOG_STEP
        is_mixed = False
        wall, trim, glass, dark, door, tiles = (
            np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0),
        )  # fmt: skip
        for column in range(first, end):
            off = column + 0.5 - column0
            inverse = i0 + off * di
            scale = lens.focal_y * inverse
            base = lens.horizon + lens.z * scale
            top = base - eaves * scale
            crest = top
            if has_roof:
                middle = column + 0.5
                crest = ridge_row
                if middle < ridge_a:
                    crest += (ridge_a - middle) * ridge_left
                elif middle > ridge_b:
                    crest += (middle - ridge_b) * ridge_right
                crest = min(crest, top)
            row = int(math.floor(crest))
            closed = lee[1, column]
            tested = inverse > lee[0, column] and closed < NO_WALL
            if row >= closed and not tested:
                continue
            z = 1.0 / inverse
            if not is_mixed or (hazy and (column & 3) == 0):
                is_mixed = True
                at = z if hazy else 2.0 / (i0 + i1)
                clear = clearness(air, at)
                day = brightness(air, at)
                light = day * lit(c, s, lens, face)
                fog = 1.0 - clear
                low = air.low
                veil = Veil(light * clear, low[0] * fog, low[1] * fog, low[2] * fog, label)
                own = Veil(clear, veil.red, veil.green, veil.blue, label)
                warm = 0.55 * min(1.0, max(0.0, 1.3 - 2.0 * air.light))
                glass_red = 74.0 * light + 150.0 * warm
                glass_green = 92.0 * light + 118.0 * warm
                glass_blue = 112.0 * light + 60.0 * warm
                if has_windows:
                    wall = ink(veil, red, green, blue)
                    trim = ink(veil, red * 0.45 + 100.0, green * 0.45 + 98.0, blue * 0.45 + 94.0)
                    glass = ink(own, glass_red, glass_green, glass_blue)
                    dark = ink(veil, red * 0.62, green * 0.62, blue * 0.64)
                    door = ink(veil, 82.0, 56.0, 44.0)
                else:
                    keep, k_glass = 0.77 * light, 0.23
                    wall = ink(
                        own,
                        keep * red + k_glass * glass_red,
                        keep * green + k_glass * glass_green,
                        keep * blue + k_glass * glass_blue,
                    )
                    trim, dark = wall, wall
                if has_roof:
                    tiles = ink(veil, 140.0 + 0.1 * red, 64.0 + 0.1 * green, 46.0 + 0.1 * blue)
            stop = min(window.end, int(base + 0.5))
            if not tested:
                stop = min(stop, int(closed))
            # The topmost row is soft; it is the wall's if more than half is.
            shown = tiles if crest < top - 0.5 else trim
            begin = row
            if row >= window.first and row < window.end:
                part = int(256.0 * (row + 1.0 - crest))
                depth = np.float32(z)
                if depth < depths[row, column]:
                    pixels[row, column] = mix(pixels[row, column], shown, part)
                    if part >= HALF_FULL:
                        depths[row, column] = depth
                begin = row if part >= HALF_FULL else row + 1
                row += 1
            else:
                row = max(row, window.first)
                begin = row
            lee[0, column] = min(lee[0, column], inverse) if closed < NO_WALL else inverse
            lee[1, column] = min(closed, np.float32(begin))
            if has_roof:
                edge = max(row, min(stop, int(top + 0.5)))
                _fill(flat, near, width, column, row, edge, z, tiles, tested)
                row = edge
            if not has_windows:
                _fill(flat, near, width, column, row, stop, z, wall, tested)
                continue
            edge = max(row, min(stop, int(top + 0.35 * scale + 0.5)))
            _fill(flat, near, width, column, row, edge, z, trim, tested)
            row = edge
            u = (start_u + off * du) * z
            wide = abs(du - u * di) * z
            panes = _panes(u, wide) if abs(u) < half - 0.5 else 0.0
            pane = mix(wall, glass, int(256.0 * panes))
            ground = storey * (0.74 if style == SHOP else PANE_HIGH)
            edge = max(row, min(stop, int(base - ground * scale + 0.5)))
            step = 1.0 / (storey * scale)
            up = (base - row - 0.5) * step - 0.3 / storey
            _fill_windows(flat, near, width, column, row, edge, z, wall, pane, up, step, tested)
            row = edge
            foot = 0.5
            if style == SHOP:
                pane = mix(wall, glass, 225)
            elif (face == FRONT or face == LEFT) and abs(u) < 0.75:
                pane, foot = mix(wall, door, 225), 0.0
            else:
                foot = 0.34 * storey
            edge = max(row, min(stop, int(base - foot * scale + 0.5)))
            _fill(flat, near, width, column, row, edge, z, pane, tested)
            _fill(flat, near, width, column, edge, stop, z, dark, tested)
