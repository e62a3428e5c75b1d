"""Pictures of how a classifier errs: the confusion matrix, and a sheet of what it got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .video import contact_sheet

SHOWN = 24  # pictures on a sheet
LONGEST = 16  # letters of a class's name on an axis
CELL = 0.62  # [in] of a matrix
MOST_NUMBERS = 20  # classes up to which each cell has its number


def draw_confusion(
    matrices: Sequence[tuple[str, NDArray[np.int64]]], classes: Sequence[str], path: Path
) -> None:
    """Writes a png of confusion matrices side by side.

    A cell's shade is the part of its row, so that rare classes are seen as well as common ones.

    Args:
      matrices: a title and [C, C] images each; rows are what is so, columns what was said.
      classes: C names.
      path: its folder is there.
    """
    side = max(CELL * len(classes), 2.2)
    figure = Figure(figsize=(len(matrices) * (side + 1.9), side + 1.9), dpi=150,
                    layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(matrices), squeeze=False)[0]
    names = [name if len(name) <= LONGEST else f"{name[:LONGEST - 1]}…" for name in classes]
    for axis, (title, matrix) in zip(axes, matrices, strict=True):
        _matrix(axis, title, matrix, names)
    figure.savefig(path, bbox_inches="tight", pad_inches=0.12)


def _matrix(axis: Axes, title: str, matrix: NDArray[np.int64], names: Sequence[str]) -> None:
    part = matrix / matrix.sum(1, keepdims=True).clip(min=1)
    axis.imshow(part, cmap="Blues", vmin=0.0, vmax=1.0)
    places = range(len(names))
    slanted = max(map(len, names)) > 6 or len(names) > 6
    axis.set_xticks(places, names, rotation=45 if slanted else 0,
                    ha="right" if slanted else "center", rotation_mode="anchor")
    axis.set_yticks(places, names)
    axis.set_xlabel("said")
    axis.set_ylabel("is")
    axis.set_title(title, fontsize=11)
    axis.set_xticks(np.arange(-0.5, len(names)), minor=True)
    axis.set_yticks(np.arange(-0.5, len(names)), minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="both", length=0)
    if len(names) > MOST_NUMBERS:
        return
    for row in places:
        for column in places:
            colour = "white" if part[row, column] > 0.55 else "black"
            axis.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center",
                      color=colour, fontsize=9)


def draw_mistakes(
    pixels: NDArray[np.uint8], captions: Sequence[str], path: Path, columns: int = 6
) -> None:
    """Writes a png of the first SHOWN of these images, uint8 [N, H, W, C], each with its caption.

    Raises:
      ValueError: there is no image, or another number of captions.
    """
    shown = list(pixels[:SHOWN])
    contact_sheet(shown, list(captions)[: len(shown)], path, columns, width=240)
