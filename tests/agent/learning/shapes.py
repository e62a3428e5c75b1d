"""A small task to see: squares, bars and crosses, of any colour, anywhere, on any ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mindloop.agent.learning.samples import Samples

CLASSES = ("bar", "cross", "square")
SIDE = 20  # [px]


def draw(kind: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Returns uint8 [SIDE, SIDE, 3] with one bright shape on a dark ground."""
    image = np.empty((SIDE, SIDE, 3), np.uint8)
    image[:] = rng.integers(0, 90, 3)
    colour = rng.integers(150, 256, 3)
    row, column = rng.integers(1, SIDE - 9, 2)
    place = image[row : row + 8, column : column + 8]
    if kind == 0:
        place[:, 3:5] = colour
    elif kind == 1:
        place[:, 3:5] = colour
        place[3:5] = colour
    else:
        place[:] = colour
    return image


def shapes(count: int, seed: int = 0) -> Samples:
    """Returns `count` samples, each class equally often, each a life of its own."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    images = np.stack([draw(int(label), rng) for label in labels])
    names = tuple(f"{seed}/{k}" for k in range(count))
    return Samples(images, labels.astype(np.int64), CLASSES, names, names)
