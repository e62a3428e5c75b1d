"""Divides a window among the panels that are present; boxes never overlap."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pygame import Rect

from .theme import Sizes

COLUMNS_AT_MOST = 3
WHY_SHARE = 0.17  # height of the reasons, beside world and curves which share 1
MINIMUM_SIZE = (900, 600)  # [px] smaller windows show this size, scaled down


@dataclass(frozen=True)
class Split:
    """A row or column of parts with their shares; a part is a panel's name or another Split."""

    way: str
    parts: tuple[tuple[str | Split, float], ...]


@dataclass(frozen=True)
class Layout:
    """Where everything goes [px]."""

    header: Rect
    footer: Rect
    panels: dict[str, Rect]
    bar: Rect
    """Below the header; empty where nothing was told."""


RIGHT = Split("column", (
    (Split("row", (("inputs", 0.5), ("scene", 0.5))), 0.425),
    (Split("row", (
        ("facts", 0.6),
        (Split("column", (("actions", 0.36), ("now", 0.36), ("score", 0.28))), 0.4))), 0.575)))


def is_present(part: str | Split, present: Collection[str]) -> bool:
    """Tells whether any panel of a part is present."""
    if isinstance(part, str):
        return part in present
    return any(is_present(inner, present) for inner, _ in part.parts)


def divide(split: str | Split, box: Rect, present: Collection[str], gap: int) -> dict[str, Rect]:
    """Gives each present panel of a split its box; the shares of absent ones go to the others."""
    if isinstance(split, str):
        return {split: box}
    parts = [(part, share) for part, share in split.parts if is_present(part, present)]
    is_row = split.way == "row"
    room = (box.width if is_row else box.height) - gap * (len(parts) - 1)
    total = sum(share for _, share in parts)
    boxes: dict[str, Rect] = {}
    used, start = 0.0, 0
    for k, (part, share) in enumerate(parts):
        used += share
        end = round(room * used / total)
        offset, length = start + k * gap, end - start
        inner = (Rect(box.left + offset, box.top, length, box.height) if is_row
                 else Rect(box.left, box.top + offset, box.width, length))
        boxes |= divide(part, inner, present, gap)
        start = end
    return boxes


def arrange(size: tuple[int, int], present: Collection[str], world_aspect: float = 4 / 3,
            has_bar: bool = False) -> Layout:
    """Arranges header, panels and footer in a window.

    Args:
      size: width and height of the window [px].
      present: names of the panels to show.
      world_aspect: width / height of the world's picture.
      has_bar: whether there is a bar for what it was told to do.
    Returns:
      Boxes that neither overlap nor leave the window.
    """
    sizes = Sizes.of(size)
    gap, width, height = sizes.gap, *size
    header = Rect(gap, gap // 2, width - 2 * gap, round(2.1 * sizes.big))
    footer_height = round(1.7 * sizes.small)
    footer = Rect(gap, height - footer_height - gap // 2, width - 2 * gap, footer_height)
    bar = Rect(gap, header.bottom, width - 2 * gap, round(2.1 * sizes.body) if has_bar else 0)
    top = bar.bottom + gap // 2
    body = Rect(gap, top, width - 2 * gap, footer.top - gap // 2 - top)
    below = Split("row", (("feels", 0.54), ("curves", 0.46)))
    left_parts = [part for part in ("world", "why", below) if is_present(part, present)]
    if not left_parts:
        return Layout(header, footer, divide(RIGHT, body, present, gap), bar)
    if not is_present(RIGHT, present):
        whole = Split("column", tuple((part, 1.0) for part in left_parts))
        return Layout(header, footer, divide(whole, body, present, gap), bar)
    share = 0.47 if width < 1100 else 0.5
    left_width = round((body.width - gap) * share)
    world = left_width / world_aspect + title_height(sizes) + gap
    world_share = min(0.72, max(0.45, world / body.height))
    left = Split("column", (
        ("world", world_share), ("why", WHY_SHARE), (below, 1 - world_share)))
    boxes = divide(left, Rect(body.left, body.top, left_width, body.height), present, gap)
    rest = Rect(body.left + left_width + gap, body.top, body.width - left_width - gap, body.height)
    return Layout(header, footer, boxes | divide(RIGHT, rest, present, gap), bar)


def title_height(sizes: Sizes) -> int:
    """Gives the height of a panel's title line [px]."""
    return round(1.75 * sizes.title)


def inside(panel: Rect, sizes: Sizes) -> Rect:
    """Gives the part of a panel below its title, within its margins."""
    pad, top = sizes.gap, title_height(sizes)
    return Rect(panel.left + pad, panel.top + top,
                max(0, panel.width - 2 * pad), max(0, panel.height - top - pad))


def stack(box: Rect, count: int, tallest: int) -> Callable[[int], Rect]:
    """Cuts a box into `count` equal lines of at most `tallest` px; gives line k."""
    height = min(tallest, box.height // max(1, count))
    return lambda k: Rect(box.left, box.top + k * height, box.width, height)


def spread(box: Rect, count: int, heights: tuple[int, int], gap: int, narrowest: int = 1
           ) -> list[Rect]:
    """Gives a line for each of `count` things, in as few columns as hold them; or what fits.

    Args:
      box: where they must stay.
      count: of things.
      heights: the smallest and the largest of a line [px].
      gap: between columns [px].
      narrowest: width that a column must have where there are several [px].
    """
    room = max(1, box.height // heights[0])
    most = min(COLUMNS_AT_MOST, max(1, (box.width + gap) // (narrowest + gap)))
    columns = min(most, max(1, -(-count // room)))
    rows = min(room, -(-count // columns))
    height = min(heights[1], box.height // max(1, rows))
    width = (box.width - gap * (columns - 1)) // columns
    return [Rect(box.left + column * (width + gap), box.top + row * height, width, height)
            for column in range(columns) for row in range(rows)][:count]
