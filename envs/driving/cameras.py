"""The cameras of B egos: buffers, and the pictures that people look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..canvas import Canvas, develop, make_canvas
from ..overhead import Overview
from ..raster import FRONT_TAN_X, MIRROR_SHARE, MIRROR_TAN_X
from .above import BIRD_SPAN, draw_above, follow
from .config import DrivingConfig
from .lives import Array, Lives
from .looks import LABEL_COLOURS, looks
from .params import CELL, CELLS
from .road import TILES, Pool
from .sensors import BOXES, COARSE, FINE, SPRITES, atlas, draw_lives

FINE_FROM = 200  # [px] wide: pictures from here on use fine texels and details
TOWN_BOXES, TOWN_SPRITES = 1024, 3072  # listed at most in pictures of a whole town
WORLD_SPAN = 90.0  # [m] of the street that the world picture shows
FAR = 60.0  # [m] that is white in depth pictures
VIEWS = ("world", "front", "top", "map", "labels", "depth")


class Cameras:
    """Draws what B egos see; owns the picture buffers."""

    def __init__(self, pool: Pool, lanes: int, config: DrivingConfig) -> None:
        """Prepares buffers and the painted ground for a batch."""
        self._pool, self._config = pool, config
        self._looks = looks()
        self._outside = _outside_tile()
        self._lists = _draw_lists(BOXES, SPRITES)
        self._town_lists = _draw_lists(TOWN_BOXES, TOWN_SPRITES)
        h, w = config.height, config.width
        is_rgb = config.colour == "rgb"
        self.shape = (h, w, 3 if is_rgb else 1)
        self.fields = (FRONT_TAN_X, MIRROR_TAN_X)
        if config.radar:
            self.fields = (-1.0, -1.0)
        self.image = np.zeros((lanes, *self.shape), np.uint8)
        self.bird = np.zeros((lanes if config.bird_view else 0, *self.shape), np.uint8)
        self.labels = np.zeros((lanes, h, w) if config.labels else (1, 0, 0), np.uint8)
        self.depth = np.zeros((lanes, h, w) if config.depth else (1, 0, 0), np.float32)
        self._canvas = make_canvas(w, h)
        self._colour = self.image if is_rgb else np.zeros((lanes, h, w, 3), np.uint8)

    def draw(self, lives: Lives, lanes: Array) -> None:
        """Draws the front cameras of these lanes into `image`, `labels` and `depth`."""
        self._draw(lives, lanes, self._canvas, self._colour, self.labels, self.depth)
        if self._colour is not self.image:
            self.image[lanes] = _grey(self._colour[lanes])

    def _draw(
        self, lives: Lives, lanes: Array, canvas: Canvas, image: Array, labels: Array, depth: Array
    ) -> None:
        height, width = canvas.pixels.shape
        fine = width >= FINE_FROM
        draw_lives(
            self._pool, lives, lanes, canvas, *self._lists, atlas(FINE if fine else COARSE),
            self._looks, self._outside, fine, round(MIRROR_SHARE * height), image, labels, depth,
        )  # fmt: skip

    def draw_bird(self, lives: Lives, lanes: Array) -> None:
        """Draws the bird's-eye cameras of these lanes, nose up, into `bird`."""
        height, _width = self._canvas.pixels.shape
        for b in lanes:
            plan = follow(lives[b], height, BIRD_SPAN)
            colour = self._above(lives, int(b), self._canvas, self._lists, plan, BIRD_SPAN, 0.0)
            self.bird[b] = colour if self.shape[2] == 3 else _grey(colour)

    def _above(
        self, lives: Lives, lane: int, canvas: Canvas, lists: tuple[Array, Array, Array],
        plan: Overview, span: float, dots: float,
    ) -> NDArray[np.uint8]:  # fmt: skip
        """Returns a picture from above, the size of the canvas."""
        height, width = canvas.pixels.shape
        fine = width >= FINE_FROM
        draw_above(
            self._pool, lives, lane, canvas, *lists, atlas(FINE if fine else COARSE),
            self._looks, self._outside, fine, plan, span, dots,
        )  # fmt: skip
        image = np.zeros((height, width, 3), np.uint8)
        develop(canvas, image, np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.float32))
        return image

    def picture(
        self, lives: Lives, lane: int, view: str, width: int, height: int
    ) -> NDArray[np.uint8]:
        """Returns a lane drawn as one of `VIEWS`, uint8 [height, width, 3].

        Raises:
          ValueError: an unknown view, or a size below 16 x 16.
        """
        if view not in VIEWS:
            raise ValueError(f"`view` must be one of {', '.join(VIEWS)}; got {view!r}.")
        if min(width, height) < 16:
            raise ValueError(f"`width` and `height` must be >= 16; got {width} x {height}.")
        if view == "world":
            return self._world(lives, lane, width, height)
        canvas, lists = make_canvas(width, height, TOWN_BOXES + TOWN_SPRITES), self._town_lists
        if view == "top":
            plan = follow(lives[lane], height, WORLD_SPAN)
            span = WORLD_SPAN * max(1.0, width / height)
            return self._above(lives, lane, canvas, lists, plan, span, 2.5)
        if view == "map":
            side = CELL * CELLS
            plan = Overview(0.5 * side, 0.5 * side, 0.5 * np.pi, 1.04 * side / min(width, height))
            return self._above(lives, lane, canvas, lists, plan, side, 1.2)
        image = np.zeros((1, height, width, 3), np.uint8)
        labels = np.zeros((1, height, width), np.uint8)
        depth = np.zeros((1, height, width), np.float32)
        one = lives[lane : lane + 1]
        self._draw(one, np.zeros(1, np.int64), canvas, image, labels, depth)
        if view == "labels":
            shown: NDArray[np.uint8] = LABEL_COLOURS[labels[0]]
            return shown
        if view == "depth":
            grey = (255.0 * np.exp(-depth[0] / FAR)).astype(np.uint8)
            return np.asarray(np.repeat(grey[..., None], 3, axis=2))
        return image[0]

    def _world(self, lives: Lives, lane: int, width: int, height: int) -> NDArray[np.uint8]:
        """Returns the street from above, the front view large, and the town's map, side by side."""
        gap = max(2, width // 200)
        right = int(0.475 * width)
        front = min(right, int(0.62 * height))
        out = np.full((height, width, 3), 24, np.uint8)
        out[:, : width - right - gap] = self.picture(
            lives, lane, "top", width - right - gap, height
        )
        out[:front, width - right :] = self.picture(lives, lane, "front", right, front)
        out[front + gap :, width - right :] = self.picture(
            lives, lane, "map", right, height - front - gap
        )
        return out


def _draw_lists(boxes: int, sprites: int) -> tuple[Array, Array, Array]:
    """Returns scratch for a scene of at most so many boxes and sprites, and their counts."""
    return (
        np.zeros((boxes, 9), np.float32),
        np.zeros((sprites, 8), np.float32),
        np.zeros(2, np.int64),
    )


def _outside_tile() -> int:
    """Returns the tile of the land around a town: plain meadow."""
    return next(k for k, tile in enumerate(TILES) if tile.name == "meadow")


def _grey(colour: Array) -> Array:
    """Returns luma [..., 1] of colours [..., 3] (ITU-R BT.601)."""
    return (colour @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.uint8)[..., None]
