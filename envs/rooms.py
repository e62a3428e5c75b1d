"""The camera of the indoor worlds: rooms made of cells, into pixels, labels and depths.

Every cell of a grid has a code, and every code a height. A column of pixels is a ray that walks
from cell to cell: where it meets something higher, it draws its face down to what is drawn already,
and then the floor, or the top of what is low, up to there; so each pixel is drawn once and hidden
things cost nothing. Sprites come after, tested against depth. Source of the walk: Amanatides & Woo
1987.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .canvas import LABEL, RB, Canvas, Pixel, Window, kernel, leaf
from .lens import Camera, Lens, make_lens

GREEN8 = np.uint32(0x0000FF00)
TEXELS = 32  # along a side of a texture
SPAN = 4  # cells that a face's texture spans sideways
PER_CELL = 3  # of a texel's number: bits within a cell of a floor, of TEXELS / SPAN texels a side
FALL = 0.045  # [1/m] by which light falls off
SIDE_LIGHT = 0.86  # of faces along x
FARTHEST = 40.0  # [m]
CODES = 64


class Materials(NamedTuple):
    """What codes and rooms look like."""

    height: NDArray[np.float32]
    """[CODES] m; 0: one can see and walk over it."""
    face: NDArray[np.uint32]
    """[CODES, TEXELS, TEXELS] along, and by height from the top; packed colour and label."""
    wall: NDArray[np.uint32]
    """[rooms' looks, TEXELS, TEXELS] the same of the code WALL, by the look of its room."""
    floor: NDArray[np.uint32]
    """[rooms' looks, TEXELS, TEXELS] by x and y within a square of SPAN cells."""
    top: NDArray[np.uint32]
    """[CODES] the upper side of what is low; of codes without height, what lies on the floor where
    it isn't 0."""
    ceiling: np.uint32


@leaf
def shade(colour: Pixel, part: int) -> Pixel:
    """Returns a colour times part / 256; the label stays."""
    p = np.uint32(part)
    rb = (((colour & RB) * p) >> np.uint32(8)) & RB
    g = (((colour & GREEN8) >> np.uint32(8)) * p) & GREEN8
    return np.uint32(rb | g | (colour & LABEL))


@kernel
def draw_rooms(
    canvas: Canvas,
    window: Window,
    camera: Camera,
    light: float,
    cells: NDArray[np.uint8],
    look: NDArray[np.uint8],
    size: float,
    wall_height: float,
    materials: Materials,
) -> None:
    """Draws what a camera sees of cells, on the rows of a window; every pixel is overwritten.

    Args:
      canvas: [H, W]. camera: pose and angles. light: 0 to 1.2.
      cells: uint8 [G, G] codes by x, y; look: uint8 [G, G] look of the room of a cell.
      size: of a cell [m], a power of two. wall_height: [m] of code 1, and of the ceiling.
      materials: colours.
    """
    width = canvas.pixels.shape[1]
    lens = make_lens(camera, width, window.first, window.end)
    grid = cells.shape[0]
    texels = TEXELS / (SPAN * size)  # a metre
    _measure(canvas, window, lens, light, wall_height)
    for column in range(width):
        aside = (column + 0.5 - lens.centre) / lens.focal_x
        dx = lens.cos + aside * lens.sin
        dy = lens.sin - aside * lens.cos
        ix, iy = int(lens.x / size), int(lens.y / size)
        step_x, step_y = (1 if dx > 0.0 else -1), (1 if dy > 0.0 else -1)
        gap_x = size / abs(dx) if dx != 0.0 else 1e9
        gap_y = size / abs(dy) if dy != 0.0 else 1e9
        next_x = ((ix + (dx > 0.0)) * size - lens.x) / dx if dx != 0.0 else 1e9
        next_y = ((iy + (dy > 0.0)) * size - lens.y) / dy if dy != 0.0 else 1e9
        low = window.end  # rows from here on are drawn
        height = 0.0  # of the surface that the ray has passed over since `low`
        above, code = look[ix, iy], 0
        z = 0.0
        top = window.end
        while True:  # which way is next can't be guessed, so nothing branches on it
            is_x = next_x < next_y
            z = next_x if is_x else next_y
            next_x += gap_x if is_x else 0.0
            next_y += 0.0 if is_x else gap_y
            ix += step_x if is_x else 0
            iy += 0 if is_x else step_y
            if ix < 0 or iy < 0 or ix >= grid or iy >= grid:
                break
            found = cells[ix, iy]
            tall = materials.height[found]
            if tall == height:
                if tall == 0.0:
                    above = look[ix, iy]
                code = found
                continue
            scale = lens.focal_y / z
            # the surface passed over, up to here
            row = lens.horizon + (lens.z - height) * scale
            first = max(window.first, min(low, math.ceil(row - 0.5)))
            if height < lens.z:
                if height == 0.0:
                    _floor(canvas, lens, dx, dy, column, first, low, cells, look, texels, materials)
                else:
                    texel, drop = materials.top[code], (lens.z - height) * lens.focal_y
                    _top(canvas, lens, column, first, low, drop, light, texel)
                low = first
            if tall > height:
                edge = lens.horizon + (lens.z - tall) * scale
                first = max(window.first, min(low, math.ceil(edge - 0.5)))
                at = lens.y + z * dy if is_x else lens.x + z * dx
                along = int(at * texels) & (TEXELS - 1)
                q = light * (1.0 if is_x else SIDE_LIGHT) / (1.0 + FALL * z)
                part = int(256.0 * min(q, 1.0))
                whole = wall_height if found == 1 else tall
                per_row = TEXELS / (whole * scale)
                z32 = np.float32(z)
                face = materials.wall[above] if found == 1 else materials.face[found]
                stripes = canvas.stripes
                for k in range(TEXELS):
                    stripes[k] = shade(face[along, k], part)
                for r in range(first, low):
                    v = min(np.uint32((r + 0.5 - edge) * per_row), np.uint32(TEXELS - 1))
                    canvas.pixels[r, column] = stripes[v]
                    canvas.depth[r, column] = z32
                low = first
                top = first
                if tall >= wall_height or low <= window.first:
                    break
            height = tall
            code = found
            if tall == 0.0:
                above = look[ix, iy]
            if z > FARTHEST:
                break
        # what is left above is ceiling
        for r in range(window.first, min(low, top)):
            canvas.pixels[r, column] = shade(materials.ceiling, int(canvas.levels[3, r]))
            canvas.depth[r, column] = np.float32(canvas.levels[2, r])


@leaf
def _measure(
    canvas: Canvas, window: Window, lens: Lens, light: float, wall_height: float
) -> None:
    """Fills `canvas.levels`: how far the floor is in each row, and its part of 256 of light; how
    far the ceiling is, and its part."""
    levels = canvas.levels
    drop, rise = lens.z * lens.focal_y, (wall_height - lens.z) * lens.focal_y
    for r in range(window.first, window.end):
        z = drop / (r + 0.5 - lens.horizon)
        levels[0, r] = z
        levels[1, r] = int(256.0 * min(light / (1.0 + FALL * z), 1.0))
        away = lens.horizon - (r + 0.5)
        z = min(rise / away, FARTHEST) if away > 0.0 else FARTHEST
        levels[2, r] = z
        levels[3, r] = int(256.0 * min(light / (1.0 + FALL * z), 1.0))


@leaf
def _floor(
    canvas: Canvas, lens: Lens, dx: float, dy: float, column: int, first: int, end: int,
    cells: NDArray[np.uint8], look: NDArray[np.uint8], texels: float, materials: Materials,
) -> None:  # fmt: skip
    """Draws rows first <= r < end of the floor, and what lies on it; all of it is this side of what
    the ray met, so within the grid."""
    for r in range(first, end):
        z = canvas.levels[0, r]
        u = np.uint32((lens.x + z * dx) * texels)
        v = np.uint32((lens.y + z * dy) * texels)
        cx, cy = u >> np.uint32(PER_CELL), v >> np.uint32(PER_CELL)
        texel = materials.top[cells[cx, cy]]
        if texel == np.uint32(0):
            u, v = u & np.uint32(TEXELS - 1), v & np.uint32(TEXELS - 1)
            texel = materials.floor[look[cx, cy], u, v]
        canvas.pixels[r, column] = shade(texel, int(canvas.levels[1, r]))
        canvas.depth[r, column] = np.float32(z)


@leaf
def _top(
    canvas: Canvas, lens: Lens, column: int, first: int, end: int, drop: float, light: float,
    texel: Pixel,
) -> None:  # fmt: skip
    """Draws rows first <= r < end of the upper side of a piece; drop: how far it is below the eye,
    in pixels at 1 m."""
    for r in range(first, end):
        z = drop / (r + 0.5 - lens.horizon)
        part = int(256.0 * min(light / (1.0 + FALL * z), 1.0))
        canvas.pixels[r, column] = shade(texel, part)
        canvas.depth[r, column] = np.float32(z)
