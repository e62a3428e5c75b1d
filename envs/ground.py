"""The ground and the sky of a pinhole picture, row by row.

In a level camera all the ground of a row lies at one depth, so light, fog and mip level are those
of the row. A row that shows a long stretch of ground is the mean of several lines across it; that
is what keeps stop lines and zebras from flickering.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .canvas import LABEL, RB, Canvas, Window, kernel, leaf
from .lens import Air, Lens, brightness, clearness, tone
from .paint import Atlas

FARTHEST = 700.0  # [m] ground beyond is drawn as if it were here
MOST_LINES = 5  # across one row
LEVEL_UP = 2.0**0.65  # texels a pixel from which the next coarser level is taken
SMALL_LINES = 3  # of a mirror or another small window


@kernel
def sky(canvas: Canvas, window: Window, lens: Lens, air: Air, label: int) -> None:
    """Fills the rows above the horizon."""
    end = min(window.end, max(window.first, math.ceil(lens.horizon)))
    top, low = air.top, air.low
    reach = 0.5 * lens.focal_y
    for row in range(window.first, end):
        up = min(1.0, max(0.0, (lens.horizon - row - 0.5) / reach))
        up = up * (2.0 - up)
        red = low[0] + (top[0] - low[0]) * up
        green = low[1] + (top[1] - low[1]) * up
        blue = low[2] + (top[2] - low[2]) * up
        canvas.pixels[row, :] = tone(air, red, green, blue, 1.0, 0.0, label)
        canvas.depth[row, :] = np.float32(1e9)


@leaf
def _indices(
    out: NDArray[np.uint32], count: int, u: float, v: float, du: float, dv: float, n: int
) -> None:
    """Writes the texels that `count` pixels fall on; u, v and their steps in texels of a tile.

    All in float32, so that sixteen go at once: indices are exact up to 4096 texels a side.
    """
    u32, v32, du32, dv32 = np.float32(u), np.float32(v), np.float32(du), np.float32(dv)
    top, zero, side = np.float32(n - 1), np.float32(0.0), np.float32(n)
    for i in range(np.int32(count)):
        step = np.float32(np.int32(i))
        across = min(max(u32 + du32 * step, zero), top)
        up = min(max(v32 + dv32 * step, zero), top)
        out[i] = np.uint32(np.float32(np.floor(up)) * side + across)


@leaf
def _gather(
    out: NDArray[np.uint32], index: NDArray[np.uint32], texels: NDArray[np.uint32], count: int
) -> None:
    """Writes texels[index] for `count` pixels."""
    for i in range(np.uint64(count)):
        out[i] = texels[np.uint64(index[i])]


@kernel
def _bilinear(
    out: NDArray[np.uint32],
    texels: NDArray[np.uint32],
    n: int,
    start: int,
    count: int,
    u: float,
    v: float,
    du: float,
    dv: float,
    crisp: float,
) -> None:
    """Writes texels blended between the four nearest; `crisp` > 1 narrows the blend."""
    for i in range(count):
        x, y = u + du * i - 0.5, v + dv * i - 0.5
        x0, y0 = math.floor(x), math.floor(y)
        p = int(256.0 * min(max((x - x0 - 0.5) * crisp + 0.5, 0.0), 1.0))
        q = int(256.0 * min(max((y - y0 - 0.5) * crisp + 0.5, 0.0), 1.0))
        left, right = min(max(int(x0), 0), n - 1), min(max(int(x0) + 1, 0), n - 1)
        low, high = min(max(int(y0), 0), n - 1) * n, min(max(int(y0) + 1, 0), n - 1) * n
        a, b = texels[low + left], texels[low + right]
        c, d = texels[high + left], texels[high + right]
        wa, wb = np.uint32((256 - p) * (256 - q) >> 8), np.uint32(p * (256 - q) >> 8)
        wc = np.uint32((256 - p) * q >> 8)
        wd = np.uint32(256) - wa - wb - wc
        rb = ((a & RB) * wa + (b & RB) * wb + (c & RB) * wc + (d & RB) * wd) >> np.uint32(8)
        g = np.uint32(0)
        mask = np.uint32(255)
        eight = np.uint32(8)
        g += ((a >> eight) & mask) * wa + ((b >> eight) & mask) * wb
        g += ((c >> eight) & mask) * wc + ((d >> eight) & mask) * wd
        nearest = (c if p < 128 else d) if q >= 128 else (a if p < 128 else b)
        label = nearest & np.uint32(0xFF000000)
        out[start + i] = (rb & RB) | (g & np.uint32(0xFF00)) | label


@leaf
def _stretch(
    x: float, y: float, dx: float, dy: float, column: int, width: int
) -> tuple[int, int, int]:
    """Returns the cell of a column of a line through the ground, and how many columns share it."""
    at_x, at_y = x + dx * column, y + dy * column
    ix, iy = math.floor(at_x), math.floor(at_y)
    room = float(width - column)
    if dx != 0.0:
        room = min(room, ((ix + 1.0 if dx > 0.0 else ix) - at_x) / dx)
    if dy != 0.0:
        room = min(room, ((iy + 1.0 if dy > 0.0 else iy) - at_y) / dy)
    return ix, iy, min(width - column, max(1, math.ceil(room)))


@leaf
def _fetch_plain(
    index: NDArray[np.uint32],
    out: NDArray[np.uint32],
    tile_map: NDArray[np.int16],
    outside: int,
    texels: NDArray[np.uint32],
    n: int,
    x: float,
    y: float,
    dx: float,
    dy: float,
) -> None:
    """Fetches unblended texels of one level, `n` a side of a tile; see `fetch`."""
    width = out.size
    column = 0
    while column < width:
        ix, iy, count = _stretch(x, y, dx, dy, column, width)
        tile = outside
        if 0 <= ix < tile_map.shape[0] and 0 <= iy < tile_map.shape[1]:
            tile = int(tile_map[ix, iy])
        u, v = (x + dx * column - ix) * n, (y + dy * column - iy) * n
        _indices(index, count, u, v, dx * n, dy * n, n)
        _gather(out[column:], index, texels[tile * n * n :], count)
        column += count


@kernel
def fetch(
    canvas: Canvas,
    tile_map: NDArray[np.int16],
    outside: int,
    atlas: Atlas,
    level: int,
    x: float,
    y: float,
    dx: float,
    dy: float,
    fine: bool,
) -> None:
    """Fetches the texels on a line through the ground into canvas.rows[1], cell by cell.

    Args:
      level: of the atlas.
      x, y: where the first column's middle lies [cells].
      dx, dy: from one column to the next [cells].
      fine: blend between texels.
    """
    width = canvas.pixels.shape[1]
    n = atlas.size[level]
    if not fine:
        texels = atlas.texels[atlas.first[level] :]
        _fetch_plain(canvas.rows[0], canvas.rows[1], tile_map, outside, texels, n, x, y, dx, dy)
        return
    crisp = min(2.2, max(1.0, 0.6 / ((abs(dx) + abs(dy)) * n)))
    column = 0
    while column < width:
        ix, iy, count = _stretch(x, y, dx, dy, column, width)
        tile = outside
        if 0 <= ix < tile_map.shape[0] and 0 <= iy < tile_map.shape[1]:
            tile = int(tile_map[ix, iy])
        begin = atlas.first[level] + tile * n * n
        texels = atlas.texels[begin : begin + n * n]
        u, v = (x + dx * column - ix) * n, (y + dy * column - iy) * n
        _bilinear(canvas.rows[1], texels, n, column, count, u, v, dx * n, dy * n, crisp)
        column += count


@leaf
def tint(
    out: NDArray[np.uint32],
    texels: NDArray[np.uint32],
    gain: float,
    red: float,
    green: float,
    blue: float,
) -> None:
    """Writes texels * gain + (red, green, blue)."""
    m, r0, g0, b0 = np.float32(gain), np.float32(red), np.float32(green), np.float32(blue)
    byte, eight, sixteen = np.uint32(255), np.uint32(8), np.uint32(16)
    for i in range(out.size):
        t = texels[i]
        r = np.uint32(np.float32(np.int32(t & byte)) * m + r0)
        g = np.uint32(np.float32(np.int32((t >> eight) & byte)) * m + g0)
        b = np.uint32(np.float32(np.int32((t >> sixteen) & byte)) * m + b0)
        out[i] = r | (g << eight) | (b << sixteen) | (t & LABEL)


@leaf
def _add(rows: NDArray[np.uint32], is_first: bool) -> None:
    """Adds the line in rows[1] to the sums in rows[2] and rows[3]."""
    texels, rb, g = rows[1], rows[2], rows[3]
    if is_first:
        for i in range(texels.size):
            rb[i] = texels[i] & RB
            g[i] = (texels[i] >> np.uint32(8)) & np.uint32(255)
    else:
        for i in range(texels.size):
            rb[i] += texels[i] & RB
            g[i] += (texels[i] >> np.uint32(8)) & np.uint32(255)


@leaf
def _tint_sums(
    out: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    gain: float,
    red: float,
    green: float,
    blue: float,
) -> None:
    """Writes sums * gain + (red, green, blue), with the labels of rows[1]."""
    texels, rb, mid = rows[1], rows[2], rows[3]
    m, r0, g0, b0 = np.float32(gain), np.float32(red), np.float32(green), np.float32(blue)
    low, eight, sixteen = np.uint32(0xFFFF), np.uint32(8), np.uint32(16)
    for i in range(out.size):
        r = np.uint32(np.float32(np.int32(rb[i] & low)) * m + r0)
        g = np.uint32(np.float32(np.int32(mid[i])) * m + g0)
        b = np.uint32(np.float32(np.int32(rb[i] >> sixteen)) * m + b0)
        out[i] = r | (g << eight) | (b << sixteen) | (texels[i] & LABEL)


@kernel
def ground(
    canvas: Canvas,
    window: Window,
    lens: Lens,
    air: Air,
    tile_map: NDArray[np.int16],
    outside: int,
    atlas: Atlas,
    fine: bool,
) -> None:
    """Fills the rows below the horizon.

    Args:
      tile_map: tile of each cell [NX, NY]; cell (0, 0) has its corner at (0, 0).
      outside: tile of all cells beyond the map.
      fine: blend between texels, for large pictures.
    """
    per_metre, levels = atlas.size[0] / atlas.cell, atlas.size.size
    cells, per_pixel = 1.0 / atlas.cell, 1.0 / abs(lens.focal_x)
    slope = lens.z * lens.focal_y
    side = cells / lens.focal_x
    begin_x, begin_y = lens.x * cells, lens.y * cells
    low = air.low
    most = MOST_LINES if window.end - window.first > 24 else SMALL_LINES
    level, limit = levels - 1, LEVEL_UP * 2.0 ** (levels - 2)
    for row in range(max(window.first, math.ceil(lens.horizon)), window.end):
        z = min(FARTHEST, slope / (row + 0.5 - lens.horizon))
        wide, long = z * per_pixel, z * z / slope
        target = max(wide, min(long, 30.0) / most) * per_metre
        while level > 0 and target < limit:  # nearer rows never need a coarser level
            level, limit = level - 1, 0.5 * limit
        n = atlas.size[level]
        texel = max(atlas.cell / n, wide)
        lines = min(most, max(1, int(long / (1.6 * texel) + 0.5)))
        clear = clearness(air, z)
        red, green, blue = low[0] * (1.0 - clear), low[1] * (1.0 - clear), low[2] * (1.0 - clear)
        gain = clear * brightness(air, z)
        texels = atlas.texels[atlas.first[level] :]
        for k in range(lines):
            at = z
            if lines > 1:
                part = (k + lines // 2 + 1) % lines  # the middle line comes last: its labels stay
                at = min(FARTHEST, slope / (row + (part + 0.5) / lines - lens.horizon))
            across = at * side  # cells a column
            left = (0.5 - lens.centre) * across
            x = begin_x + lens.cos * at * cells + lens.sin * left
            y = begin_y + lens.sin * at * cells - lens.cos * left
            dx, dy = lens.sin * across, -lens.cos * across
            if fine:
                fetch(canvas, tile_map, outside, atlas, level, x, y, dx, dy, True)
            else:
                _fetch_plain(
                    canvas.rows[0], canvas.rows[1], tile_map, outside, texels, n, x, y, dx, dy
                )
            if lines > 1:
                _add(canvas.rows, k == 0)
        if lines > 1:
            _tint_sums(canvas.pixels[row], canvas.rows, gain / lines, red, green, blue)
        else:
            tint(canvas.pixels[row], canvas.rows[1], gain, red, green, blue)
        canvas.depth[row, :] = np.float32(z)
