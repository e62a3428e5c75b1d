"""Puts all panels together into one picture, on a window or off-screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pygame
from pygame import Rect

from . import theme
from .actions import draw_actions
from .beliefs import draw_facts, draw_scene
from .curves import draw_curves, draw_now, draw_score
from .entry import Entry, draw_entry
from .feelings import draw_feelings
from .frame import Frame, Image
from .layout import MINIMUM_SIZE, Layout, arrange, inside, title_height
from .pictures import draw_inputs, draw_world, is_grid, is_picture
from .reasons import draw_reasons
from .theme import Canvas

Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class View:
    """How the window is set: what the person who watches has chosen."""

    labels: bool = False
    saliency: bool = False
    help: bool = False
    is_paused: bool = False
    speed: float = 1.0
    """Times real time; 0: as fast as it goes; below 0: not shown, as in a video."""
    notice: str = ""
    """One line that answers the last key."""
    entry: Entry | None = None
    """What is being typed; None where nothing is."""
    keys: Keys = ()
    """Key and meaning, for the help page and the line at the bottom."""


STILL = View(speed=-1.0)


@dataclass(frozen=True)
class Panel:
    """One panel: when it is there, what it is called, how it is drawn."""

    is_present: Callable[[Frame], bool]
    title: Callable[[Frame], str]
    draw: Callable[[Canvas, Rect, Frame, View], None]


def _inputs_title(frame: Frame) -> str:
    if any(is_picture(part) or is_grid(part) for part in frame.inputs.values()):
        return "What the agent sees"
    return "What the agent takes in"


def _facts_title(frame: Frame) -> str:
    if frame.believed is None:
        return "Facts about the world"
    beside = "" if frame.true is None else " beside true"
    return f"Believed ({frame.believed_by}){beside}"


def _scene_title(frame: Frame) -> str:
    if frame.scene_believed is None or frame.scene_true is not None:
        return "Around it: nearest things"
    return "Around it, as believed"


def _actions_title(frame: Frame) -> str:
    is_known = any(choice.probabilities is not None for choice in frame.choices)
    return "Next action: chances in %" if is_known else "Next action"


PANELS: dict[str, Panel] = {
    "world": Panel(lambda f: f.world is not None, lambda f: "The world",
                   lambda c, box, f, v: draw_world(c, box, f)),
    "inputs": Panel(lambda f: bool(f.inputs or f.words), _inputs_title,
                    lambda c, box, f, v: draw_inputs(c, box, f, v.labels)),
    "scene": Panel(lambda f: any(part is not None for part in
                                 (f.scene_true, f.scene_believed, f.ranges)),
                   _scene_title, lambda c, box, f, v: draw_scene(c, box, f)),
    "facts": Panel(lambda f: bool(f.facts) and (f.true is not None or f.believed is not None),
                   _facts_title, lambda c, box, f, v: draw_facts(c, box, f)),
    "actions": Panel(lambda f: bool(f.choices or f.settings), _actions_title,
                     lambda c, box, f, v: draw_actions(c, box, f)),
    "now": Panel(lambda f: bool(f.gauges or f.command or f.marks), lambda f: "Now",
                 lambda c, box, f, v: draw_now(c, box, f)),
    "score": Panel(lambda f: bool(f.score) or f.history is not None, lambda f: "Score so far",
                   lambda c, box, f, v: draw_score(c, box, f)),
    "why": Panel(lambda f: bool(f.reasons), lambda f: "Why",
                 lambda c, box, f, v: draw_reasons(c, box, f)),
    "feels": Panel(lambda f: f.feelings is not None, lambda f: "Feels",
                   lambda c, box, f, v: draw_feelings(c, box, f)),
    "curves": Panel(lambda f: f.history is not None,
                    lambda f: f"The last {f.history.ticks if f.history else 0} steps",
                    lambda c, box, f, v: draw_curves(c, box, f)),
}


def layout_of(frame: Frame, size: tuple[int, int]) -> Layout:
    """Arranges the panels that a frame has something for."""
    present = [name for name, panel in PANELS.items() if panel.is_present(frame)]
    aspect = 4 / 3 if frame.world is None else frame.world.shape[1] / frame.world.shape[0]
    return arrange(size, present, aspect, bool(frame.mission))


def paint(surface: pygame.Surface, frame: Frame, view: View = STILL) -> Canvas:
    """Draws a frame onto a surface of at least MINIMUM_SIZE; gives the canvas that drew it."""
    canvas = Canvas(surface)
    layout = layout_of(frame, surface.get_size())
    surface.fill(theme.BACK)
    _draw_header(canvas, layout.header, frame, view)
    for name, box in layout.panels.items():
        panel = PANELS[name]
        canvas.fill(box, theme.PANEL, 6)
        title = Rect(box.left + canvas.sizes.gap, box.top, box.width - 2 * canvas.sizes.gap,
                     title_height(canvas.sizes))
        taken = canvas.text(panel.title(frame), title, canvas.sizes.title, theme.TEXT, bold=True)
        if name == "world" and frame.caption:
            taken += 2 * canvas.sizes.gap
            rest = Rect(title.left + taken, title.top, title.width - taken, title.height)
            canvas.text(frame.caption, rest, canvas.sizes.small, theme.DIM)
        surface.set_clip(box)  # no drawing leaves its panel
        panel.draw(canvas, inside(box, canvas.sizes), frame, view)
        surface.set_clip(None)
    _draw_footer(canvas, layout.footer, view)
    bar = layout.bar if layout.bar.height else layout.header
    if view.entry is not None:
        draw_entry(canvas, bar, view.entry, "mission")
    elif frame.mission:
        _draw_mission(canvas, bar, frame)
    if view.help:
        _draw_help(canvas, view.keys)
    return canvas


def draw(frame: Frame, size: tuple[int, int] = (1280, 800), view: View = STILL) -> Image:
    """Draws a frame off-screen, with no display: for videos, sheets and tests.

    Args:
      size: width and height [px]; below MINIMUM_SIZE the picture is drawn larger and shrunk.
    Returns:
      The picture, uint8 [height, width, 3].
    """
    surface = pygame.Surface(canvas_size(size), depth=24)
    paint(surface, frame, view)
    if surface.get_size() != size:
        surface = pygame.transform.smoothscale(surface, size)
    pixels = np.frombuffer(bytearray(pygame.image.tobytes(surface, "RGB")), np.uint8)
    return pixels.reshape(size[1], size[0], 3)


def canvas_size(size: tuple[int, int]) -> tuple[int, int]:
    """Gives the size to draw at for a window of `size`: the same, or a multiple if too small."""
    factor = max(1.0, MINIMUM_SIZE[0] / size[0], MINIMUM_SIZE[1] / size[1])
    return max(MINIMUM_SIZE[0], round(size[0] * factor)), max(
        MINIMUM_SIZE[1], round(size[1] * factor))


def _draw_header(canvas: Canvas, box: Rect, frame: Frame, view: View) -> None:
    """Writes environment, driver, place in the run, and pause and speed."""
    sizes, left, right = canvas.sizes, box.left, box.right
    for words, colour in reversed(_states(view)):
        width = theme.text_width(words, sizes.body, True) + 2 * sizes.gap
        badge = Rect(right - width, box.centery - sizes.body, width, 2 * sizes.body)
        canvas.fill(badge, colour, 6)
        canvas.text(words, badge, sizes.body, theme.ink_on(colour), "centre", bold=True)
        right = badge.left - sizes.gap
    left += canvas.text(frame.env, Rect(left, box.top, (right - left) // 2, box.height),
                        sizes.big, theme.TEXT, bold=True) + 2 * sizes.gap
    words = f"driver: {frame.driver}"
    width = min(theme.text_width(words, sizes.body, True) + 2 * sizes.gap, (right - left) // 2)
    badge = Rect(left, box.centery - sizes.body, width, 2 * sizes.body)
    canvas.outline(badge, theme.BELIEVED, 1, 6)
    canvas.text(words, badge.inflate(-sizes.gap, 0), sizes.body, theme.BELIEVED, "centre", True)
    left = badge.right + 2 * sizes.gap
    canvas.text(_place(frame), Rect(left, box.top, max(0, right - left), box.height), sizes.body,
                theme.DIM)


def _states(view: View) -> list[tuple[str, theme.Colour]]:
    states: list[tuple[str, theme.Colour]] = []
    if view.is_paused:
        states.append(("PAUSED", theme.CHOSEN))
    if view.speed == 0:
        states.append(("full speed", theme.LINE))
    elif view.speed > 0:
        states.append((f"speed ×{view.speed:g}", theme.LINE))
    return states


def _place(frame: Frame) -> str:
    parts = [f"{name} {value}" for name, value in (
        ("town", frame.town), ("home", frame.home), ("seed", frame.seed),
        ("episode", frame.episode), ("step", frame.step)) if value is not None]
    if frame.seconds is not None:
        parts.append(f"{frame.seconds:.1f} s")
    return "  ·  ".join(parts)


def _draw_mission(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Writes what it was told to do: parts that are done with a tick, dim, the next ones bright."""
    gap, px = canvas.sizes.gap, canvas.sizes.body
    canvas.fill(box, theme.PANEL, 6)
    parts = [f"✓ {words}" if is_done else words for words, is_done in frame.mission]
    name, arrow = "mission:", "  ›  "
    room = box.width - 3 * gap - theme.text_width(name, px)
    whole = sum(theme.text_width(words, px, True) for words in parts)
    if whole + theme.text_width(arrow, px) * (len(parts) - 1) > room:
        px = canvas.sizes.small
    x = box.left + gap
    x += canvas.text(name, Rect(x, box.top, box.width, box.height), px, theme.DIM) + gap
    for k, words in enumerate(parts):
        if k:
            x += canvas.text(arrow, Rect(x, box.top, max(0, box.right - gap - x), box.height), px,
                             theme.FAINT)
        is_done = frame.mission[k][1]
        place = Rect(x, box.top, max(0, box.right - gap - x), box.height)
        x += canvas.text(words, place, px, theme.DIM if is_done else theme.TEXT, bold=not is_done)


def _draw_footer(canvas: Canvas, box: Rect, view: View) -> None:
    """Writes the notice, or the keys, as many as fit."""
    px = canvas.sizes.small
    if view.notice:
        canvas.text(view.notice, box, px, theme.CHOSEN)
        return
    x = box.left
    for key, meaning in view.keys:
        cap = theme.text_width(key, px, True) + 10
        width = cap + 4 + theme.text_width(meaning, px)
        if x + width > box.right:
            return
        place = Rect(x, box.top, cap, box.height)
        canvas.fill(place, theme.LINE, 4)
        canvas.text(key, place, px, theme.TEXT, "centre", bold=True)
        canvas.text(meaning, Rect(x + cap + 4, box.top, width - cap - 3, box.height), px,
                    theme.DIM)
        x += width + 2 * canvas.sizes.gap


HELP_NOTES = (
    ("blue", "what the mind believes; a pale band is its doubt"),
    ("orange", "what is true; pale: the sensors cannot know it"),
    ("yellow", "the action that was taken; a red stroke: not allowed"),
)


def _draw_help(canvas: Canvas, keys: Keys) -> None:
    """Draws all keys and the meaning of the colours over the middle of the window."""
    px, gap = canvas.sizes.body, canvas.sizes.gap
    line = round(1.5 * theme.line_height(px))
    rows = [*keys, *HELP_NOTES]
    left = max(theme.text_width(key, px, True) for key, _ in rows)
    right = max(theme.text_width(meaning, px) for _, meaning in rows)
    box = Rect(0, 0, left + right + 7 * gap, line * (len(rows) + 2) + gap)
    box.center = canvas.surface.get_rect().center
    canvas.texts.clear()  # what lies below is covered
    canvas.fill(box, theme.WELL, 8)
    canvas.outline(box, theme.FAINT, 1, 8)
    canvas.text("Keys and colours", Rect(box.left + 2 * gap, box.top + gap // 2, box.width, line),
                canvas.sizes.big, bold=True)
    inks = {"blue": theme.BELIEVED, "orange": theme.TRUE, "yellow": theme.CHOSEN}
    for k, (key, meaning) in enumerate(rows):
        top = box.top + line * (k + 1) + gap + (line // 2 if k >= len(keys) else 0)
        canvas.text(key, Rect(box.left + 2 * gap, top, left + 1, line), px,
                    inks.get(key, theme.TEXT), bold=True)
        canvas.text(meaning, Rect(box.left + left + 5 * gap, top, right + 1, line), px, theme.DIM)
