"""Colours, letters and the canvas that keeps every text inside its box.

Colours are Okabe & Ito's (2008), which colour-blind readers can tell apart. Sky blue always means
believed, orange always means true. Letters come from the fonts that matplotlib ships, else from
pygame's own; neither needs a display.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pygame

Colour = tuple[int, int, int]
BACK: Colour = (14, 17, 22)
PANEL: Colour = (24, 28, 36)
WELL: Colour = (17, 20, 26)
LINE: Colour = (52, 59, 72)
TEXT: Colour = (228, 232, 240)
DIM: Colour = (163, 171, 186)
FAINT: Colour = (112, 121, 138)
BELIEVED: Colour = (86, 180, 233)
TRUE: Colour = (230, 159, 0)
GOOD: Colour = (0, 158, 115)
BAD: Colour = (213, 94, 0)
CHOSEN: Colour = (240, 228, 66)
MARK: Colour = (204, 121, 167)
CLASSES: tuple[Colour, ...] = (
    (150, 158, 172), (236, 238, 244), (240, 228, 66), (0, 158, 115), (204, 121, 167),
    (213, 94, 0), (0, 114, 178), (140, 118, 92))
"""Colour of each class of the scene, in order, repeated when there are more; neither sky blue
nor orange, which mean believed and true."""
DESIGN_SIZE = (1280, 800)
KEPT_TEXTS = 4096


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Gives the colour that is `share` of the way from `one` to `other`."""
    share = min(1.0, max(0.0, share))
    r, g, b = (round(x + (y - x) * share) for x, y in zip(one, other, strict=True))
    return r, g, b


def ink_on(colour: Colour) -> Colour:
    """Gives black or white, whichever reads better on `colour`."""
    return BACK if 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] > 120 else TEXT


@functools.cache
def _font_file(bold: bool) -> str | None:
    spec = importlib.util.find_spec("matplotlib")  # finds the folder without importing it
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        file = Path(folder) / "mpl-data" / "fonts" / "ttf" / name
        if file.is_file():
            return str(file)
    return None


@functools.cache
def _font(px: int, bold: bool) -> pygame.font.Font:
    return pygame.font.Font(_font_file(bold), px)


def _fresh_font(px: int, bold: bool) -> pygame.font.Font:
    """Gives a usable font, also after another library has called `pygame.quit()`."""
    if not pygame.font.get_init():
        pygame.font.init()
        _font.cache_clear()
    font = _font(px, bold)
    try:
        font.get_height()
    except pygame.error:  # fonts made before a quit are dead
        _font.cache_clear()
        font = _font(px, bold)
    return font


@functools.lru_cache(KEPT_TEXTS)
def _written(words: str, px: int, bold: bool, colour: Colour) -> pygame.Surface:
    return _fresh_font(px, bold).render(words, True, colour)


@functools.lru_cache(KEPT_TEXTS)
def text_width(words: str, px: int, bold: bool = False) -> int:
    """Measures the width of a text [px]."""
    return int(_fresh_font(px, bold).size(words)[0])


@functools.cache
def line_height(px: int) -> int:
    """Measures the height of a line of text [px]."""
    return int(_fresh_font(px, False).get_linesize())


@functools.lru_cache(KEPT_TEXTS)
def shortened(words: str, px: int, bold: bool, width: int) -> str:
    """Cuts a text so that it fits into `width`, with an ellipsis where something is missing."""
    if text_width(words, px, bold) <= width:
        return words
    for end in range(len(words) - 1, 0, -1):
        cut = words[:end].rstrip() + "…"
        if text_width(cut, px, bold) <= width:
            return cut
    return ""


@dataclass(frozen=True)
class Sizes:
    """Sizes of letters and gaps for one window size [px]."""

    scale: float

    @classmethod
    def of(cls, size: tuple[int, int]) -> Sizes:
        """Chooses sizes for a window of `size` (width, height)."""
        scale = min(size[0] / DESIGN_SIZE[0], size[1] / DESIGN_SIZE[1])
        return cls(min(2.0, max(0.72, scale)))

    @property
    def small(self) -> int:
        """Letters of ticks and legends."""
        return max(10, round(11 * self.scale))

    @property
    def body(self) -> int:
        """Letters of tables."""
        return max(10, round(12.5 * self.scale))

    @property
    def title(self) -> int:
        """Letters of panel titles."""
        return max(11, round(13 * self.scale))

    @property
    def big(self) -> int:
        """Letters of the header."""
        return max(13, round(17 * self.scale))

    @property
    def gap(self) -> int:
        """Space between panels and inside them."""
        return max(5, round(8 * self.scale))


@dataclass(frozen=True)
class Written:
    """One text as it was drawn: where, what, and whether it had to be cut."""

    box: pygame.Rect
    words: str
    cut: bool


class Canvas:
    """Draws onto a surface; remembers where every text went, so that tests can look."""

    def __init__(self, surface: pygame.Surface) -> None:
        self.surface = surface
        self.sizes = Sizes.of(surface.get_size())
        self.texts: list[Written] = []

    def text(self, words: str, box: pygame.Rect, px: int, colour: Colour = TEXT,
             align: str = "left", bold: bool = False) -> int:
        """Writes one line, centred vertically in `box`, cut to its width.

        Args:
          words: the text.
          box: where it must stay [px].
          px: size of the letters.
          align: "left", "right" or "centre".
        Returns:
          The width taken [px]; 0 when nothing fits.
        """
        px = min(px, max(6, int(box.height / 1.05)))
        fitting = shortened(words, px, bold, box.width)
        if not fitting:
            return 0
        ink = _written(fitting, px, bold, colour)
        x = {"left": box.left, "right": box.right - ink.get_width(),
             "centre": box.left + (box.width - ink.get_width()) // 2}[align]
        place = pygame.Rect(x, box.top + (box.height - ink.get_height()) // 2, *ink.get_size())
        self.surface.blit(ink, place)
        self.texts.append(Written(place, fitting, fitting != words))
        return ink.get_width()

    def fill(self, box: pygame.Rect, colour: Colour, radius: int = 0) -> None:
        """Fills a box, with rounded corners on request."""
        pygame.draw.rect(self.surface, colour, box, border_radius=radius)

    def outline(self, box: pygame.Rect, colour: Colour, width: int = 1, radius: int = 0) -> None:
        """Draws the border of a box."""
        pygame.draw.rect(self.surface, colour, box, width, border_radius=radius)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: Colour,
             width: int = 1) -> None:
        """Draws a straight line."""
        pygame.draw.line(self.surface, colour, start, end, width)

    def dot(self, x: float, y: float, radius: int, colour: Colour, hollow: bool = False) -> None:
        """Draws a disc or, if `hollow`, a ring."""
        pygame.draw.circle(self.surface, colour, (x, y), radius, 1 if hollow else 0)
