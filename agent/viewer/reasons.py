"""Panel that says in words why the mind acts as it does."""

from __future__ import annotations

from pygame import Rect

from . import theme
from .frame import Frame
from .pictures import wrapped
from .theme import Canvas


def draw_reasons(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Writes the sum in full letters, then the causes in small ones, as many lines as fit."""
    top = box.top
    for k, words in enumerate(frame.reasons):
        px = canvas.sizes.small if k else canvas.sizes.body
        height = theme.line_height(px)
        for line in wrapped(words, px, box.width):
            if top + height > box.bottom + 2:
                return
            row = Rect(box.left, top, box.width, height)
            canvas.text(line, row, px, theme.DIM if k else theme.TEXT)
            top += height

