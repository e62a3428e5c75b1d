"""A line of text that is being typed in the window: what keys do to it, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pygame
from pygame import Rect

from . import theme
from .pictures import wrapped
from .theme import Canvas

LONGEST = 200  # letters
HINT = "Enter gives it, Esc leaves"
COMPLAINT_LINES = 4


@dataclass(frozen=True)
class Entry:
    """What has been typed so far."""

    words: str = ""
    caret: int = 0
    """Letters before it."""
    complaint: str = ""
    """What was wrong with the words when they were given last."""

    def after(self, key: int, character: str) -> Entry:
        """Returns the line after a key that types or moves; keys that do neither change nothing."""
        words, caret = self.words, self.caret
        if key == pygame.K_BACKSPACE and caret > 0:
            return Entry(words[: caret - 1] + words[caret:], caret - 1, self.complaint)
        if key == pygame.K_DELETE:
            return Entry(words[:caret] + words[caret + 1 :], caret, self.complaint)
        moved = {
            pygame.K_LEFT: caret - 1, pygame.K_RIGHT: caret + 1, pygame.K_HOME: 0,
            pygame.K_END: len(words),
        }.get(key)  # fmt: skip
        if moved is not None:
            return replace(self, caret=min(len(words), max(0, moved)))
        if character.isprintable() and character and len(words) < LONGEST:
            typed = words[:caret] + character + words[caret:]
            return Entry(typed, caret + len(character), self.complaint)
        return self


def draw_entry(canvas: Canvas, box: Rect, entry: Entry, name: str) -> None:
    """Draws the line with its caret in a box, and below the box what is wrong with it.

    Both cover what lies below.
    """
    px, gap = canvas.sizes.body, canvas.sizes.gap
    _cover(canvas, box, theme.CHOSEN)
    inner = box.inflate(-2 * gap, 0)
    head = canvas.text(f"{name}:", inner, px, theme.CHOSEN, bold=True) + gap
    hint = theme.text_width(HINT, canvas.sizes.small) + gap
    field = Rect(inner.left + head, inner.top, inner.width - head - hint, inner.height)
    first = 0  # letters that have left the field to the left
    while theme.text_width(entry.words[first : entry.caret], px) > field.width - 4:
        first += 1
    canvas.text(entry.words[first:], field, px)
    x = field.left + theme.text_width(entry.words[first : entry.caret], px)
    half = theme.line_height(px) // 2
    canvas.line((x, box.centery - half), (x, box.centery + half - 1), theme.CHOSEN, 2)
    canvas.text(HINT, Rect(inner.right - hint, inner.top, hint, inner.height), canvas.sizes.small,
                theme.DIM, "right")  # fmt: skip
    if entry.complaint:
        _draw_complaint(canvas, box, entry.complaint)


def _draw_complaint(canvas: Canvas, box: Rect, complaint: str) -> None:
    px, gap = canvas.sizes.body, canvas.sizes.gap
    line = theme.line_height(px)
    lines = wrapped(complaint, px, box.width - 2 * gap)
    if len(lines) > COMPLAINT_LINES:
        lines = [*lines[: COMPLAINT_LINES - 1], f"{lines[COMPLAINT_LINES - 1]} …"]
    below = Rect(box.left, box.bottom + 2, box.width, line * len(lines) + gap)
    _cover(canvas, below, theme.BAD)
    for k, words in enumerate(lines):
        row = Rect(below.left + gap, below.top + gap // 2 + k * line, below.width - 2 * gap, line)
        canvas.text(words, row, px, theme.TEXT)


def _cover(canvas: Canvas, box: Rect, rim: theme.Colour) -> None:
    """Clears a box for what is written next; the texts that were there are forgotten."""
    canvas.texts[:] = [text for text in canvas.texts if not box.colliderect(text.box)]
    canvas.fill(box, theme.WELL, 6)
    canvas.outline(box, rim, 1, 6)
