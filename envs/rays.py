"""Rays over a grid of cells, walked side by side.

One ray after the other is slow: each step waits for the last one's, and which of two borders comes
next can't be guessed. So a group of rays is walked together, in loops that are compiled to vectors,
ahead of whoever looks at the cells that they enter. Source: Amanatides & Woo 1987.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import kernel, leaf

GROUP = 16  # rays that are walked together
STEPS = 8  # that they are walked at a time
REACH = 128  # steps at most: more than any ray takes in a grid of 64 x 64 cells

FAN = np.dtype(
    [
        ("dx", np.float64, GROUP),  # direction; of any length, which `next` and `away` count in
        ("dy", np.float64, GROUP),
        ("next_x", np.float64, GROUP),  # where the next border across x is met
        ("next_y", np.float64, GROUP),
        ("gap_x", np.float64, GROUP),  # between two such borders
        ("gap_y", np.float64, GROUP),
        ("place", np.int32, GROUP),  # twice the number of the cell where the ray is
        ("step_x", np.int32, GROUP),  # by which that changes
        ("step_y", np.int32, GROUP),
        ("away", np.float64, (REACH, GROUP)),  # where each cell is entered
        ("entered", np.int32, (REACH, GROUP)),  # 2 (x * side of the grid + y), + 1: across x
    ],
    align=True,
)

Fan = Any  # one record of FAN, as numba sees it


def make_fan() -> NDArray[np.void]:
    """Returns scratch for a group of rays, [1] of FAN."""
    return np.zeros(1, FAN)


@leaf
def start(fan: Fan, x: float, y: float, size: float, side: int) -> None:
    """Starts all rays of a group at a point; `dx` and `dy` are set already.

    Args:
      size: of a cell [m]. side: of the grid, cells; those along its border end every ray.
    """
    ix, iy = int(x / size), int(y / size)
    for k in range(GROUP):
        dx, dy = fan.dx[k], fan.dy[k]
        fan.gap_x[k] = size / abs(dx) if dx != 0.0 else 1e9
        fan.gap_y[k] = size / abs(dy) if dy != 0.0 else 1e9
        fan.next_x[k] = ((ix + (dx > 0.0)) * size - x) / dx if dx != 0.0 else 1e9
        fan.next_y[k] = ((iy + (dy > 0.0)) * size - y) / dy if dy != 0.0 else 1e9
        fan.step_x[k] = 2 * side if dx > 0.0 else -2 * side
        fan.step_y[k] = 2 if dy > 0.0 else -2
        fan.place[k] = 2 * (ix * side + iy)


@kernel
def walk(fan: Fan, begin: int) -> None:
    """Walks all rays of a group on by STEPS cells, which it writes down from row `begin` on."""
    for s in range(begin, begin + STEPS):
        for k in range(GROUP):  # without branches: choices are factors of 0 and 1
            next_x, next_y = fan.next_x[k], fan.next_y[k]
            is_x = 1.0 if next_x < next_y else 0.0
            across = np.int32(is_x)
            fan.away[s, k] = min(next_x, next_y)
            fan.next_x[k] = next_x + fan.gap_x[k] * is_x
            fan.next_y[k] = next_y + fan.gap_y[k] * (1.0 - is_x)
            step = fan.step_y[k] + (fan.step_x[k] - fan.step_y[k]) * across
            place = np.int32(fan.place[k] + step)
            fan.place[k] = place
            fan.entered[s, k] = place + across
