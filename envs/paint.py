"""Painting the ground: strokes and areas of block tiles into an atlas of texels with mip levels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Stroke(NamedTuple):
    """A line with a width along points, optionally dashed; square ends."""

    surface: int
    """What it is made of (an index into the colours handed to `paint_tiles`)."""
    points: NDArray[np.floating]
    """[N, 2], N >= 2: x, y in the tile's own frame (its centre is 0, 0) [m]."""
    width: float
    """Across the line [m]."""
    dash: tuple[float, float] | None = None
    """Painted and unpainted length, repeated from the first point on [m]; None: unbroken."""


class Area(NamedTuple):
    """A filled simple polygon."""

    surface: int
    """What it is made of (an index into the colours handed to `paint_tiles`)."""
    points: NDArray[np.floating]
    """[N, 2], N >= 3: corners in the tile's own frame [m]; closes itself, either way round."""
