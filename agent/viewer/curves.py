"""Panels of numbers over time and so far: value and reward curves, gauges, score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pygame
from pygame import Rect

from . import theme
from .actions import draw_gauges
from .frame import Frame
from .layout import stack
from .theme import Canvas
from .wording import count, label, number

ROOM = 24  # letters' sizes that value and terms need side by side; else the terms are alone


def draw_curves(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws the value as a large curve and beside it one small curve for each reward term."""
    history = frame.history
    if history is None:
        return
    rows: list[tuple[str, Sequence[float], theme.Colour]] = [
        (label(name), terms, theme.MARK) for name, terms in history.terms.items()]
    rows.insert(0, ("reward", history.rewards, theme.TEXT))
    has_value = any(math.isfinite(value) for value in history.values)
    has_value &= box.width >= ROOM * canvas.sizes.small
    gap = canvas.sizes.gap
    left = Rect(box.left, box.top, round(box.width * 0.42) if has_value else 0, box.height)
    if has_value:
        _draw_value(canvas, left, history.values, history.ticks)
        canvas.line((left.right + gap, box.top), (left.right + gap, box.bottom), theme.LINE)
        left.width += 2 * gap
    right = Rect(left.right, box.top, box.right - left.right, box.height)
    small = theme.line_height(canvas.sizes.small)
    shown = rows[: max(1, right.height // small)]
    if len(rows) > len(shown):
        rest = [sum(at) for at in zip(*(row[1] for row in rows[len(shown) - 1:]), strict=True)]
        shown[-1] = (f"{len(rows) - len(shown) + 1} more", rest, theme.MARK)
    names = max(theme.text_width(row[0], canvas.sizes.small) for row in shown) + gap
    line = stack(right, len(shown), 3 * small)
    for k, row in enumerate(shown):
        _draw_term(canvas, line(k), *row, names, history.ticks)


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """Gives a range that holds all finite values and 0, never empty."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if high - low > 1e-9 else (low - 1.0, high + 1.0)


def plot(canvas: Canvas, box: Rect, values: Sequence[float], ticks: int, colour: theme.Colour
         ) -> None:
    """Draws values as a line, the newest at the right edge, with a line at 0."""
    low, high = _bounds(values)

    def point(k: int, value: float) -> tuple[float, float]:
        x = box.right - 1 - (len(values) - 1 - k) * (box.width - 1) / max(1, ticks - 1)
        return x, box.bottom - 1 - (value - low) / (high - low) * (box.height - 1)

    zero = point(0, 0.0)[1]
    canvas.line((box.left, zero), (box.right - 1, zero), theme.LINE)
    points = [point(k, value) if math.isfinite(value) else None for k, value in enumerate(values)]
    for start, end in pairwise(points):
        if start is not None and end is not None:
            pygame.draw.aaline(canvas.surface, colour, start, end)
    if points and points[-1] is not None:
        canvas.dot(*points[-1], 2, colour)


def _draw_value(canvas: Canvas, box: Rect, values: Sequence[float], ticks: int) -> None:
    line = theme.line_height(canvas.sizes.small)
    last = next((value for value in reversed(values) if math.isfinite(value)), math.nan)
    head = Rect(box.left, box.top, box.width, line)
    taken = theme.text_width(number(last), canvas.sizes.body, True) + 6
    room = Rect(head.left, head.top, head.width - taken, line)
    px = canvas.sizes.small
    whole = "value: expected reward"
    canvas.text(whole if theme.text_width(whole, px) <= room.width else "value", room, px,
                theme.DIM)
    canvas.text(number(last), head, canvas.sizes.body, theme.BELIEVED, "right", bold=True)
    low, high = _bounds(values)
    margin = max(theme.text_width(number(x), canvas.sizes.small) for x in (low, high)) + 5
    top = head.bottom + 2
    area = Rect(box.left + margin, top, box.width - margin, box.bottom - top)
    if area.height < 2 * line or area.width < 20:
        return
    canvas.fill(area, theme.WELL)
    for value, top in ((high, area.top), (low, area.bottom - line)):
        canvas.text(number(value), Rect(box.left, top, margin - 5, line), canvas.sizes.small,
                    theme.FAINT, "right")
    plot(canvas, area, values, ticks, theme.BELIEVED)


def _draw_term(canvas: Canvas, row: Rect, name: str, values: Sequence[float],
               colour: theme.Colour, names: int, ticks: int) -> None:
    px = canvas.sizes.small
    names = min(names, row.width // 2)
    numbers = theme.text_width("−88.88", px)
    canvas.text(name, Rect(row.left, row.top, names, row.height), px,
                theme.TEXT if colour == theme.TEXT else theme.DIM)
    canvas.text(number(values[-1]) if values else "–",
                Rect(row.right - numbers, row.top, numbers, row.height), px, colour, "right")
    area = Rect(row.left + names, row.top + 2, row.width - names - numbers - 6, row.height - 4)
    if area.width > 10 and area.height > 4:
        plot(canvas, area, values, ticks, colour)


def draw_now(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws what the route asks for, what is told in words, and the gauges."""
    told = {"route asks": frame.command, **frame.marks} if frame.command else dict(frame.marks)
    px = canvas.sizes.body if len(told) < 2 else canvas.sizes.small
    line, gap = theme.line_height(px), 2 * canvas.sizes.gap
    columns = 1 if len(told) < 2 else 2
    width = (box.width - gap * (columns - 1)) // columns
    for k, (name, words) in enumerate(told.items()):
        left, top = box.left + k % columns * (width + gap), box.top + k // columns * line
        head = Rect(left, top, width, line)
        taken = canvas.text(f"{name}:", head, px, theme.DIM) + 6
        canvas.text(words, Rect(head.left + taken, head.top, head.width - taken, line),
                    px, theme.TEXT, bold=True)
    if told:
        taken = -(-len(told) // columns) * line + 2
        box = Rect(box.left, box.top + taken, box.width, box.height - taken)
    draw_gauges(canvas, box, frame.gauges)


def draw_score(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Writes the scores so far, one a line; what has no room is counted."""
    px, line = canvas.sizes.body, theme.line_height(canvas.sizes.body)
    rows = [(label(name), count(value)) for name, value in frame.score.items()]
    if frame.history is not None:
        rows.insert(0, ("reward, summed", number(frame.history.total)))
    room = max(1, box.height // line)
    if len(rows) > room:
        rows = [*rows[: room - 1], (f"and {len(rows) - room + 1} more", "")]
    cell = stack(box, len(rows), round(1.5 * line))
    for k, (name, words) in enumerate(rows):
        place = cell(k)
        taken = theme.text_width(words, px) + 6
        canvas.text(words, place, px, align="right", bold=False)
        canvas.text(name, Rect(place.left, place.top, place.width - taken, place.height), px,
                    theme.DIM)
