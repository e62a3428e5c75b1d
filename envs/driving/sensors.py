"""Cameras of the driving world."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import DrivingConfig
from .lives import Array, Lives
from .road import Pool

FIELD_WIDE = np.radians(90.0)
MIRROR_WIDE = np.radians(60.0)


class Cameras:
    """Draws what B egos see."""

    def __init__(self, pool: Pool, lanes: int, config: DrivingConfig) -> None:
        channels = 3 if config.colour == "rgb" else 1
        self.shape = (config.height, config.width, channels)
        self.fields = (float(np.tan(FIELD_WIDE / 2)), float(np.tan(MIRROR_WIDE / 2)))
        if config.radar:
            self.fields = (-1.0, -1.0)
        self.image = np.zeros((lanes, *self.shape), np.uint8)
        self.bird = np.zeros((lanes, *self.shape) if config.bird_view else (0,), np.uint8)
        self.labels = np.zeros((lanes, config.height, config.width), np.uint8)
        self.depth = np.zeros((lanes, config.height, config.width), np.float32)

    def draw(self, lives: Lives, lanes: Array) -> None:
        pass

    def draw_bird(self, lives: Lives, lanes: Array) -> None:
        pass

    def picture(self, lives: Lives, lane: int, view: str, width: int, height: int) -> NDArray[np.uint8]:
        return np.zeros((height, width, 3), np.uint8)
