"""What a camera is shown: a tiled ground, boxes and sprites."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Scene(NamedTuple):
    """What there is to see."""

    tile_map: NDArray[np.int16]
    """[NX, NY] tile of each cell; the corner of cell (0, 0) lies at (0, 0)."""
    outside: int
    """Tile of all cells beyond the map."""
    boxes: NDArray[np.float32]
    """[N, 9]: x, y, heading, half length, half width, z of the base, height, `Material`,
    colour index + 256 * flags (`Flag` of a vehicle; style 0 flats, 1 shop, 2 house of a building).
    """
    sprites: NDArray[np.float32]
    """[M, 8]: x, y, facing, width, height, z of the base, `Sprite` + 16 * variant, value (walk
    phase [rad], `Lamp`, limit [km/h])."""
