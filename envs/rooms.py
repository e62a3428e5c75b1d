"""The camera of the indoor worlds: rooms made of cells, into pixels, labels and depths.

Every cell of a grid has a code, and every code a height. A column of pixels is a ray that walks
from cell to cell: where it meets something higher, it draws its face down to what is drawn already,
and then the floor, or the top of what is low, up to there; so each pixel is drawn once and hidden
things cost nothing. Sprites come after, tested against depth. Loops over rows count them without a
sign, as numba looks for negative ones else, and do one thing each, so that they become vectors.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .canvas import LABEL, RB, RGB, Pixel, kernel, leaf
from .lens import Camera, Lens, make_lens
from .rays import GROUP, STEPS, Fan, make_fan, start, walk

GREEN8 = np.uint32(0x0000FF00)
TEXELS = 32  # along a side of a texture
SPAN = 4  # cells that a face's texture spans sideways
PER_CELL = 3  # of a texel's number: bits within a cell of a floor, of TEXELS / SPAN texels a side
FALL = 0.045  # [1/m] by which light falls off
SIDE_LIGHT = 0.86  # of faces along x
FARTHEST = 40.0  # [m] of a ceiling
CODES = 64
ROUND = 0.2  # [m] by which parts of a sprite may be nearer than its middle, and more


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


class Board(NamedTuple):
    """What rooms are drawn on. Its pixels are stored by columns, as they are drawn."""

    pixels: NDArray[np.uint32]
    """[W, H] packed colour and label, see `canvas`."""
    depth: NDArray[np.float32]
    """[W, H] distance along the camera's axis [m]."""
    away: NDArray[np.float64]
    """[2, H] how far the floor is in a row, and the ceiling [m]."""
    part: NDArray[np.uint32]
    """[2, H] of 256: how light the floor is there, and the ceiling."""
    stripes: NDArray[np.uint32]
    """[TEXELS] scratch: colours of a column of a face."""
    texel: NDArray[np.uint32]
    """[2, H] scratch: which texels a column shows, of the floor by x and by y, of faces in [0]."""
    fan: NDArray[np.void]
    """[1] scratch of `rays`."""
    farthest: NDArray[np.float64]
    """[W] the depth of the last face in each column [m]: nothing is seen behind it."""
    sprite: NDArray[np.float32]
    """[8] scratch of what is drawn on top; see `sprites`."""


def make_board(width: int, height: int) -> Board:
    """Returns a board for pictures of a size."""
    return Board(
        np.zeros((width, height), np.uint32),
        np.zeros((width, height), np.float32),
        np.zeros((2, height), np.float64),
        np.zeros((2, height), np.uint32),
        np.zeros(TEXELS, np.uint32),
        np.zeros((2, height), np.uint32),
        make_fan(),
        np.zeros(width, np.float64),
        np.zeros(8, np.float32),
    )


@leaf
def shade(colour: Pixel, part: int) -> Pixel:
    """Returns a colour times part / 256; the label stays."""
    p = np.uint32(part)
    rb = (((colour & RB) * p) >> np.uint32(8)) & RB
    g = (((colour & GREEN8) >> np.uint32(8)) * p) & GREEN8
    return np.uint32(rb | g | (colour & LABEL))


@kernel
def draw_rooms(
    board: Board,
    camera: Camera,
    light: float,
    cells: NDArray[np.uint8],
    look: NDArray[np.uint8],
    size: float,
    wall_height: float,
    materials: Materials,
) -> None:
    """Draws what a camera sees of cells; every pixel is overwritten.

    Args:
      board: [W, H]. camera: pose and angles. light: 0 to 1.2.
      cells: uint8 [G, G] codes by x, y, walls all along its border, G = 64 at most.
      look: uint8 [G, G] look of the room of a cell.
      size: of a cell [m], a power of two. wall_height: [m] of code 1, and of the ceiling.
      materials: colours.
    """
    width, rows = board.pixels.shape
    lens = make_lens(camera, width, 0, rows)
    grid = cells.shape[0]
    texels = TEXELS / (SPAN * size)  # a metre
    _measure(board, lens, light, wall_height)
    fan, codes, looks = board.fan[0], cells.reshape(-1), look.reshape(-1)
    highest = np.float32(wall_height)  # as it stands in `materials`
    for column in range(width):
        ray = column % GROUP
        if ray == 0:
            _aim(fan, lens, column)
            start(fan, lens.x, lens.y, size, grid)
            walked = 0
        dx, dy = fan.dx[ray], fan.dy[ray]
        low = rows  # rows from here on are drawn
        height: Any = np.float32(0.0)  # of the surface that the ray has passed over since `low`
        code, step = 0, -1
        floor = np.uint64(int(lens.x / size) * grid + int(lens.y / size))  # the last cell of it
        while True:
            step += 1
            if step == walked:
                walk(fan, walked)
                walked += STEPS
            z, entered = fan.away[step, ray], fan.entered[step, ray]
            is_x, place = entered & 1 == 1, np.uint64(entered >> 1)
            found = codes[place]
            tall = materials.height[found]
            if tall == height:
                floor = place if tall == 0.0 else floor
                code = found
                continue
            scale = lens.focal_y / z
            # the surface passed over, up to here
            row = lens.horizon + (lens.z - height) * scale
            first = max(0, min(low, math.ceil(row - 0.5)))
            if height < lens.z:
                if height == 0.0:
                    _floor(board, lens, dx, dy, column, first, low, cells, look, texels, materials)
                else:
                    texel, drop = materials.top[code], (lens.z - height) * lens.focal_y
                    _top(board, lens, column, first, low, drop, light, texel)
                low = first
            if tall > height:
                edge = lens.horizon + (lens.z - tall) * scale
                first = max(0, min(low, math.ceil(edge - 0.5)))
                at = lens.y + z * dy if is_x else lens.x + z * dx
                along = int(at * texels) & (TEXELS - 1)
                q = light * (1.0 if is_x else SIDE_LIGHT) / (1.0 + FALL * z)
                part = int(256.0 * min(q, 1.0))
                whole = wall_height if found == 1 else tall
                face = materials.wall[looks[floor]] if found == 1 else materials.face[found]
                per_row = TEXELS / (whole * scale)
                _face(board, column, first, low, edge, per_row, z, part, face[along])
                low = first
                if tall >= highest or low <= 0:  # nothing can be seen above it
                    board.farthest[column] = z
                    break
            height = tall
            code = found
            floor = place if tall == 0.0 else floor
        _ceiling(board, column, low, materials.ceiling)  # what is left above


@kernel
def is_hidden(board: Board, x: float, half: float, z: float) -> bool:
    """Returns whether nothing can be seen of what stands at depth z within columns x - half to
    x + half: floor and ceiling end at the last face of a column, so all of it is nearer."""
    first, end = max(0, int(x - half)), min(board.farthest.size, int(x + half) + 1)
    farthest = 0.0
    for column in range(first, end):
        farthest = max(farthest, board.farthest[column])
    return farthest < z - ROUND


@leaf
def _aim(fan: Fan, lens: Lens, column: int) -> None:
    """Sets the directions of a group of rays, the first of them through a column; 1 along the
    camera's axis."""
    for k in range(GROUP):
        aside = (column + k + 0.5 - lens.centre) / lens.focal_x
        fan.dx[k] = lens.cos + aside * lens.sin
        fan.dy[k] = lens.sin - aside * lens.cos


@leaf
def _measure(board: Board, lens: Lens, light: float, wall_height: float) -> None:
    """Fills how far floor and ceiling are in each row, and how light they are there."""
    away, part = board.away, board.part
    drop, rise = lens.z * lens.focal_y, (wall_height - lens.z) * lens.focal_y
    for r in range(away.shape[1]):
        z = drop / (r + 0.5 - lens.horizon)
        away[0, r] = z
        part[0, r] = np.uint32(int(256.0 * min(light / (1.0 + FALL * z), 1.0)))
        above = lens.horizon - (r + 0.5)
        z = min(rise / above, FARTHEST) if above > 0.0 else FARTHEST
        away[1, r] = z
        part[1, r] = np.uint32(int(256.0 * min(light / (1.0 + FALL * z), 1.0)))


@leaf
def _face(
    board: Board, column: int, first: int, end: int, edge: float, per_row: float, z: float,
    part: int, texels: NDArray[np.uint32],
) -> None:  # fmt: skip
    """Draws rows first <= r < end of a face at depth z; edge: the row where it begins; per_row: how
    many of its texels a row shows."""
    pixels, depth, z32 = board.pixels[column], board.depth[column], np.float32(z)
    stripes, stripe = board.stripes, board.texel[0]
    for k in range(TEXELS):
        stripes[k] = shade(texels[k], part)
    begin, past = np.uint64(first), np.uint64(end)
    for r in range(begin, past):
        texel = np.uint32((r + 0.5 - edge) * per_row)
        stripe[r] = min(texel, np.uint32(TEXELS - 1))
        depth[r] = z32
    for r in range(begin, past):
        pixels[r] = stripes[stripe[r]]


@leaf
def _ceiling(board: Board, column: int, end: int, colour: Pixel) -> None:
    """Draws rows r < end of the ceiling."""
    pixels, depth = board.pixels[column], board.depth[column]
    away, part = board.away[1], board.part[1]
    for r in range(np.uint64(end)):
        pixels[r] = shade(colour, part[r])
        depth[r] = np.float32(away[r])


@leaf
def _floor(
    board: Board, lens: Lens, dx: float, dy: float, column: int, first: int, end: int,
    cells: NDArray[np.uint8], look: NDArray[np.uint8], texels: float, materials: Materials,
) -> None:  # fmt: skip
    """Draws rows first <= r < end of the floor, and what lies on it; all of it is this side of what
    the ray met, so within the grid."""
    pixels, depth, away = board.pixels[column], board.depth[column], board.away[0]
    by_x, by_y, part = board.texel[0], board.texel[1], board.part[0]
    begin, past = np.uint64(first), np.uint64(end)
    for r in range(begin, past):
        z = away[r]
        by_x[r] = np.uint32((lens.x + z * dx) * texels)
        by_y[r] = np.uint32((lens.y + z * dy) * texels)
        depth[r] = np.float32(z)
    for r in range(begin, past):
        u, v = by_x[r], by_y[r]
        cx, cy = u >> np.uint32(PER_CELL), v >> np.uint32(PER_CELL)
        texel = materials.top[cells[cx, cy]]
        if texel == np.uint32(0):
            u, v = u & np.uint32(TEXELS - 1), v & np.uint32(TEXELS - 1)
            texel = materials.floor[look[cx, cy], u, v]
        pixels[r] = texel
    for r in range(begin, past):
        pixels[r] = shade(pixels[r], part[r])


@leaf
def _top(
    board: Board, lens: Lens, column: int, first: int, end: int, drop: float, light: float,
    texel: Pixel,
) -> None:  # fmt: skip
    """Draws rows first <= r < end of the upper side of a piece; drop: how far it is below the eye,
    in pixels at 1 m."""
    pixels, depth = board.pixels[column], board.depth[column]
    for r in range(np.uint64(first), np.uint64(end)):
        z = drop / (r + 0.5 - lens.horizon)
        part = int(256.0 * min(light / (1.0 + FALL * z), 1.0))
        pixels[r] = shade(texel, part)
        depth[r] = np.float32(z)


@kernel
def hand_out(
    board: Board, image: NDArray[np.uint8], labels: NDArray[np.uint8], depth: NDArray[np.float32]
) -> None:
    """Copies a board into what a caller wants: uint8 [H, W, 3], uint8 [H, W], float32 [H, W].

    `labels` and `depth` of size 0 are left out.
    """
    pixels, out = board.pixels, image.reshape(-1)
    width, rows = pixels.shape
    fours = width // 4 if width % 4 == 0 else 0
    words = out[: 12 * fours * rows].view(np.uint32)
    for k in range(fours):  # four pixels are three words
        for r in range(rows):
            a, b, c, d = (
                pixels[4 * k, r], pixels[4 * k + 1, r], pixels[4 * k + 2, r], pixels[4 * k + 3, r]
            )  # fmt: skip
            at = 3 * (r * fours + k)
            words[at] = (a & RGB) | (b << np.uint32(24))
            words[at + 1] = ((b & RGB) >> np.uint32(8)) | (c << np.uint32(16))
            words[at + 2] = ((c & RGB) >> np.uint32(16)) | (d << np.uint32(8))
    for column in range(4 * fours, width):
        for r in range(rows):
            pixel = pixels[column, r]
            for k in range(3):
                shift = np.uint32(8 * k)
                image[r, column, k] = np.uint8((pixel >> shift) & np.uint32(255))
    if labels.size:
        for r in range(rows):
            for column in range(width):
                labels[r, column] = np.uint8(pixels[column, r] >> np.uint32(24))
    if depth.size:
        for r in range(rows):
            for column in range(width):
                depth[r, column] = board.depth[column, r]
