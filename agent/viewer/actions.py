"""Panel that shows the decision: how likely each action was, and which one was taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pygame import Rect

from . import theme
from .frame import Choice, Frame, Setting
from .layout import spread, stack
from .theme import Canvas
from .wording import label, number

BARS_AT_MOST = 24
HEADS_AT_MOST = 4  # that are drawn with all their options


def draw_actions(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws each discrete choice as a grid or bars, each continuous axis as a gauge."""
    if frame.settings:
        draw_gauges(canvas, box, frame.settings)
        return
    if len(frame.choices) > HEADS_AT_MOST:
        _draw_heads(canvas, box, frame.choices)
        return
    gap = 2 * canvas.sizes.gap
    width = (box.width + gap) // max(1, len(frame.choices))
    for k, choice in enumerate(frame.choices):
        part = Rect(box.left + k * width, box.top, width - gap, box.height)
        axes = grid_axes(choice)
        if axes is not None:
            _draw_grid(canvas, part, choice, *axes)
        else:
            _draw_bars(canvas, part, choice)


def grid_axes(choice: Choice) -> tuple[str, str] | None:
    """Names the two attributes that lay the actions out as a full grid, columns first; or None."""
    if len(choice.attributes) != len(choice.names) or len(choice.names) < 4:
        return None
    numeric = [key for key, value in choice.attributes[0].items()
               if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numeric) != 2:
        return None
    pairs = {tuple(float(entry[key]) for key in numeric) for entry in choice.attributes}
    sides = [len({pair[axis] for pair in pairs}) for axis in (0, 1)]
    if len(pairs) != len(choice.names) or sides[0] * sides[1] != len(pairs):
        return None
    return numeric[0], numeric[1]


def _draw_grid(canvas: Canvas, box: Rect, choice: Choice, across: str, upward: str) -> None:
    """Draws actions in a grid: the first attribute grows to the left, the second upward.

    Left is positive, as with headings and bearings, so the grid reads like the road ahead.
    """
    px, line = canvas.sizes.small, theme.line_height(canvas.sizes.small)
    columns = sorted({float(entry[across]) for entry in choice.attributes}, reverse=True)
    rows = sorted({float(entry[upward]) for entry in choice.attributes}, reverse=True)
    margin = max(theme.text_width(_signed(value), px) for value in rows) + 5
    inner = Rect(box.left + margin, box.top + line + 2, box.width - margin,
                 box.height - 2 * line - 2)
    canvas.text(label(upward), Rect(box.left, box.top, box.width, line), px, theme.DIM)
    foot = Rect(inner.left, inner.bottom, inner.width, line)
    words = (f"{across} left", "right")
    if theme.text_width(" ".join(words), px) > foot.width:
        words = ("left", "right")
    canvas.text(label(words[0]), foot, px, theme.DIM)
    canvas.text(words[1], foot, px, theme.DIM, "right")
    for row, value in enumerate(rows):
        top, bottom = (inner.top + inner.height * n // len(rows) for n in (row, row + 1))
        canvas.text(_signed(value), Rect(box.left, top, margin - 5, bottom - top), px, theme.DIM,
                    "right")
    for index, entry in enumerate(choice.attributes):
        column, row = columns.index(float(entry[across])), rows.index(float(entry[upward]))
        left, right = (inner.left + inner.width * n // len(columns) for n in (column, column + 1))
        top, bottom = (inner.top + inner.height * n // len(rows) for n in (row, row + 1))
        _draw_cell(canvas, Rect(left, top, right - left - 2, bottom - top - 2), choice, index)


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"


def _draw_cell(canvas: Canvas, cell: Rect, choice: Choice, index: int) -> None:
    is_chosen = index == choice.chosen
    share = 0.0 if choice.probabilities is None else float(choice.probabilities[index])
    colour = theme.mix(theme.WELL, theme.BELIEVED, share ** 0.5)  # the root lifts small ones
    if choice.probabilities is None and is_chosen:
        colour = theme.CHOSEN
    canvas.fill(cell, colour, 3)
    if choice.allowed is not None and not choice.allowed[index]:
        canvas.line((cell.left + 3, cell.bottom - 4), (cell.right - 4, cell.top + 3), theme.BAD, 2)
    if choice.probabilities is not None:
        words = f"{100 * share:.0f}" if share >= 0.005 else "·"
        canvas.text(words, cell, canvas.sizes.small, theme.ink_on(colour), "centre")
    if is_chosen:
        canvas.outline(cell, theme.CHOSEN, 2, 3)


def _draw_bars(canvas: Canvas, box: Rect, choice: Choice) -> None:
    """Draws one bar an action; of many, the likeliest and the chosen one."""
    count = len(choice.names)
    room = max(1, min(BARS_AT_MOST, box.height // theme.line_height(canvas.sizes.small)))
    order: Sequence[int] = range(count)
    if count > room:
        weight = np.zeros(count) if choice.probabilities is None else choice.probabilities.copy()
        weight[choice.chosen] = 2.0
        order = sorted(int(k) for k in np.argsort(-weight, kind="stable")[:room])
    line = stack(box, len(order), 2 * theme.line_height(canvas.sizes.body))
    px = canvas.sizes.body
    names = max(theme.text_width(choice.names[k], px, True) for k in order) + 6
    names = min(names, box.width // 2)
    numbers = 0 if choice.probabilities is None else theme.text_width("100 %", px) + 4
    for place, index in enumerate(order):
        row, is_chosen = line(place), index == choice.chosen
        is_allowed = choice.allowed is None or bool(choice.allowed[index])
        ink = theme.CHOSEN if is_chosen else theme.TEXT if is_allowed else theme.FAINT
        canvas.text(choice.names[index], Rect(row.left, row.top, names, row.height), px, ink,
                    bold=is_chosen)
        track = Rect(row.left + names, row.top + row.height // 5, row.width - names - numbers,
                     max(3, 3 * row.height // 5))
        canvas.fill(track, theme.WELL, 2)
        share = float(is_chosen)
        if choice.probabilities is not None:
            share = float(choice.probabilities[index])
            words = f"{100 * share:.0f} %" if is_allowed else "barred"
            canvas.text(words, Rect(row.right - numbers, row.top, numbers, row.height),
                        px, ink, "right")
        canvas.fill(Rect(track.left, track.top, round(track.width * share), track.height),
                    theme.CHOSEN if is_chosen else theme.BELIEVED, 2)


def _draw_heads(canvas: Canvas, box: Rect, choices: Sequence[Choice]) -> None:
    """Draws of each of many choices the option that was taken, and how likely it was."""
    px = canvas.sizes.body
    taken = [choice.names[choice.chosen] for choice in choices]
    places = _places(canvas, box, len(choices))
    names = max(theme.text_width(name, px, True) for name in taken) + 6
    numbers = theme.text_width("100 %", px) + 4
    for choice, name, row in zip(choices, taken, places, strict=False):
        width = min(names, row.width // 2)
        canvas.text(name, Rect(row.left, row.top, width, row.height), px, theme.CHOSEN, bold=True)
        if choice.probabilities is None:
            continue
        share = float(choice.probabilities[choice.chosen])
        canvas.text(f"{100 * share:.0f} %", Rect(row.right - numbers, row.top, numbers, row.height),
                    px, theme.CHOSEN, "right")
        track = Rect(row.left + width, row.top + row.height // 5, row.width - width - numbers,
                     max(3, 3 * row.height // 5))
        canvas.fill(track, theme.WELL, 2)
        canvas.fill(Rect(track.left, track.top, round(track.width * share), track.height),
                    theme.CHOSEN, 2)


def _places(canvas: Canvas, box: Rect, count: int, narrowest: int = 1) -> list[Rect]:
    """Gives a line for each thing; where some have no room, one line less and says how many."""
    small, body = (theme.line_height(px) for px in (canvas.sizes.small, canvas.sizes.body))
    places = spread(box, count, (small, 2 * body), 2 * canvas.sizes.gap, narrowest)
    if len(places) < count:
        last = places.pop()
        canvas.text(f"and {count - len(places)} more", last, canvas.sizes.small, theme.DIM)
    return places


def draw_gauges(canvas: Canvas, box: Rect, settings: Sequence[Setting]) -> None:
    """Draws each setting as name, scale with a marker, and number with unit."""
    if not settings:
        return
    px = canvas.sizes.body
    names = max(theme.text_width(s.name, px) for s in settings) + 8
    words = [f"{number(s.value)} {s.unit}".rstrip() for s in settings]
    numbers = max(theme.text_width(w + "0", px) for w in words) + 4
    px = min(px, max(8, round(box.height / len(settings) / 1.05)))
    narrowest = names + numbers + 2 * px
    places = _places(canvas, box, len(settings), narrowest)
    for setting, said, row in zip(settings, words, places, strict=False):
        width = min(names, row.width // 2)
        canvas.text(setting.name, Rect(row.left, row.top, width, row.height), px, theme.DIM)
        canvas.text(said, Rect(row.right - numbers, row.top, numbers, row.height), px,
                    align="right")
        track = Rect(row.left + width, row.centery - 3, row.width - width - numbers, 6)
        _draw_gauge(canvas, track, setting)


def _draw_gauge(canvas: Canvas, track: Rect, setting: Setting) -> None:
    canvas.fill(track, theme.WELL, 3)
    canvas.outline(track, theme.LINE, 1, 3)
    bounds = [bound if np.isfinite(bound) else sign * 3.0  # an unbounded axis shows -3..3
              for bound, sign in ((setting.low, -1), (setting.high, 1))]

    def x_of(value: float) -> int:
        share = (value - bounds[0]) / ((bounds[1] - bounds[0]) or 1.0)
        return round(track.left + track.width * min(1.0, max(0.0, share)))

    zero = x_of(0.0)
    here = x_of(setting.value)
    if setting.mean is not None and setting.deviation is not None:
        low, high = sorted((x_of(setting.mean - setting.deviation),
                            x_of(setting.mean + setting.deviation)))
        canvas.fill(Rect(low, track.top - 2, max(2, high - low), track.height + 4),
                    theme.mix(theme.BELIEVED, theme.PANEL, 0.5), 3)
    else:
        canvas.fill(Rect(min(zero, here), track.top + 1, abs(here - zero), track.height - 2),
                    theme.BELIEVED)
    if min(bounds) < 0 < max(bounds):
        canvas.line((zero, track.top - 2), (zero, track.bottom + 1), theme.FAINT)
    canvas.fill(Rect(here - 2, track.top - 4, 4, track.height + 8), theme.CHOSEN, 2)
