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
FALL = 0.045  # [1/m] by which light falls off
SIDE_LIGHT = 0.86  # of faces along x
FARTHEST = 40.0  # [m]
CODES = 64


class Materials(NamedTuple):
    """What codes and rooms look like."""

    height: NDArray[np.float32]
    """[CODES] m; 0: one can see and walk over it."""
    face: NDArray[np.uint32]
    """[CODES, TEXELS, TEXELS] by height from the top, and along; packed colour and label."""
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
      size: of a cell [m]. wall_height: [m] of code 1, and of the ceiling.
      materials: colours.
    """
    width = canvas.pixels.shape[1]
    lens = make_lens(camera, width, window.first, window.end)
    grid = cells.shape[0]
    texture = 1.0 / (SPAN * size)
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
        while True:
            if next_x < next_y:
                z, is_x = next_x, True
                next_x += gap_x
                ix += step_x
            else:
                z, is_x = next_y, False
                next_y += gap_y
                iy += step_y
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
                _surface(
                    canvas, lens, dx, dy, column, first, low, height, light, cells, look,
                    size, texture, materials, code,
                )  # fmt: skip
                low = first
            if tall > height:
                edge = lens.horizon + (lens.z - tall) * scale
                first = max(window.first, min(low, math.ceil(edge - 0.5)))
                at = lens.y + z * dy if is_x else lens.x + z * dx
                along = int(at * texture * TEXELS) & (TEXELS - 1)
                q = light * (1.0 if is_x else SIDE_LIGHT) / (1.0 + FALL * z)
                part = int(256.0 * min(q, 1.0))
                whole = wall_height if found == 1 else tall
                per_row = TEXELS / (whole * scale)
                z32 = np.float32(z)
                for r in range(first, low):
                    v = min(max(int((r + 0.5 - edge) * per_row), 0), TEXELS - 1)
                    texel = (
                        materials.wall[above, v, along] if found == 1
                        else materials.face[found, v, along]
                    )
                    canvas.pixels[r, column] = shade(texel, part)
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
        drop = wall_height - lens.z
        for r in range(window.first, min(low, top)):
            away = lens.horizon - (r + 0.5)
            depth = min(drop * lens.focal_y / away, FARTHEST) if away > 0.0 else FARTHEST
            part = int(256.0 * min(light / (1.0 + FALL * depth), 1.0))
            canvas.pixels[r, column] = shade(materials.ceiling, part)
            canvas.depth[r, column] = np.float32(depth)


@leaf
def _surface(
    canvas: Canvas, lens: Lens, dx: float, dy: float, column: int, first: int, end: int,
    height: float, light: float, cells: NDArray[np.uint8], look: NDArray[np.uint8], size: float,
    texture: float, materials: Materials, code: int,
) -> None:  # fmt: skip
    """Draws rows first <= r < end of a level surface below the eye: floor, or a piece's top."""
    drop = (lens.z - height) * lens.focal_y
    grid = cells.shape[0]
    for r in range(first, end):
        z = drop / (r + 0.5 - lens.horizon)
        x, y = lens.x + z * dx, lens.y + z * dy
        part = int(256.0 * min(light / (1.0 + FALL * z), 1.0))
        texel = materials.top[code]
        if height == 0.0:
            cx = min(max(int(x / size), 0), grid - 1)
            cy = min(max(int(y / size), 0), grid - 1)
            texel = materials.top[cells[cx, cy]]
            if texel == np.uint32(0):
                u = int(x * texture * TEXELS) & (TEXELS - 1)
                v = int(y * texture * TEXELS) & (TEXELS - 1)
                texel = materials.floor[look[cx, cy], u, v]
        canvas.pixels[r, column] = shade(texel, part)
        canvas.depth[r, column] = np.float32(z)
