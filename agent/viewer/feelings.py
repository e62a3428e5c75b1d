"""Panel of what the mind feels: a face, where it is between pleasant and aroused, and why.

Position and length say everything; colour only repeats it, in hues that colour-blind readers can
tell apart: blue for what is pleasant, vermilion for what is not, grey for neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray
from pygame import Rect

from ..types import APPRAISALS, EMOTIONS, Affect, Fact, Percept
from . import theme
from .frame import Feelings, Frame
from .pictures import wrapped
from .theme import Canvas
from .wording import label, number

PLEASANT: theme.Colour = (86, 180, 233)
UNPLEASANT: theme.Colour = (213, 94, 0)
FELT = 0.15  # from which an emotion is spoken of
STRONG = 0.55
PRESENT = 0.5
WORDS = {
    "joy": ("pleased", "delighted"), "distress": ("dismayed", "distressed"),
    "hope": ("hopeful", "full of hope"), "fear": ("wary", "afraid"),
    "relief": ("relieved", "very relieved"), "frustration": ("impatient", "frustrated"),
    "surprise": ("surprised", "startled"), "curiosity": ("curious", "very curious"),
}  # fmt: skip
_SIGNS = {"joy": 1.0, "distress": -1.0}  # of the appraisal that each comes from
_FORWARD = ("hope",)  # what it is about has not happened
_GOOD = ("joy", "hope", "relief", "curiosity")


def feelings(affect: Affect, percept: Percept, facts: tuple[Fact, ...], lane: int) -> Feelings:
    """Returns what one life feels, in numbers and in one line."""
    emotions = affect.emotions[lane].tolist()
    return Feelings(
        emotions=dict(zip(EMOTIONS, emotions, strict=True)),
        pleasure=float(affect.pad[lane, 0]), arousal=float(affect.pad[lane, 1]),
        mood=tuple(affect.mood[lane, :2].tolist()),
        effects={
            "warmth": float(affect.temperature[lane]),
            "caution": float(affect.caution[lane]),
        },
        line=in_words(affect, percept, facts, lane),
    )  # fmt: skip


def in_words(affect: Affect, percept: Percept, facts: tuple[Fact, ...], lane: int = 0) -> str:
    """Returns the strongest emotion with its cause: "wary: pedestrian in path 62 %, risk 0.31"."""
    emotions = affect.emotions[lane]
    strength, which = emotions.max(-1)
    if float(strength) < FELT:
        return "calm"
    word = WORDS[EMOTIONS[int(which)]][float(strength) >= STRONG]
    why = []
    about, cause = int(affect.about[lane]), int(affect.cause[lane])
    if 0 <= about < len(facts):
        why.append(_fact(facts, percept.facts[lane].numpy(), about))
    if cause >= 0 and EMOTIONS[int(which)] not in _FORWARD:
        value = float(affect.appraisals[lane, cause])
        is_over = value * _SIGNS.get(EMOTIONS[int(which)], 0.0) < 0  # what is left of a moment ago
        words = label(APPRAISALS[cause])
        why.append(f"{words} before" if is_over else f"{words} {number(value)}")
    return f"{word}: {', '.join(why)}" if why else word


def _fact(facts: tuple[Fact, ...], believed: NDArray[Any], k: int) -> str:
    fact, value = facts[k], float(believed[k])
    if fact.is_boolean:
        return f"{label(fact.name)} {100 * value:.0f} %"
    return f"{label(fact.name)} {number(value)} {fact.unit}".rstrip()


def draw_feelings(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws the line with its cause, the face, the trail of the last steps and all emotions."""
    felt = frame.feelings
    assert felt is not None, "the panel is there only where something is felt"
    px = canvas.sizes.body
    line, top = theme.line_height(px), box.top
    for words in wrapped(felt.line, px, box.width)[:2]:
        canvas.text(words, Rect(box.left, top, box.width, line), px)
        top += line
    rest = Rect(box.left, top + 3, box.width, box.bottom - top - 3)
    side = min(rest.height, round(rest.width * 0.28))
    if side < 24:
        return
    gap = canvas.sizes.gap
    draw_face(canvas, Rect(rest.left, rest.top + (rest.height - side) // 2, side, side), felt)
    plane = Rect(rest.left + side + gap, rest.top, side, rest.height)
    trail = [] if frame.history is None else list(frame.history.felt)
    _draw_plane(canvas, plane, felt, trail)
    left = plane.right + gap
    draw_bars(canvas, Rect(left, rest.top, rest.right - left, rest.height), felt)


def tone(pleasure: float) -> theme.Colour:
    """Gives the colour of how pleasant something is, -1 to 1."""
    return theme.mix(theme.FAINT, PLEASANT if pleasure > 0 else UNPLEASANT, abs(pleasure) ** 0.5)


@dataclass(frozen=True)
class Face:
    """How a face looks, each from -1 to 1 or 0 to 1; see `draw_face`."""

    smile: float
    eyes: float
    brows: float

    @staticmethod
    def of(felt: Feelings) -> Face:
        """Returns the face of what is felt: mouth by pleasure, eyes by arousal, brows by fear and
        frustration (raised, lowered)."""
        worry = felt.emotions["fear"] + 0.5 * felt.emotions["surprise"]
        return Face(
            smile=felt.pleasure, eyes=min(1.0, 0.5 + 0.5 * felt.arousal),
            brows=float(np.clip(worry - felt.emotions["frustration"], -1.0, 1.0)),
        )  # fmt: skip


def draw_face(canvas: Canvas, box: Rect, felt: Feelings) -> None:
    """Draws a round face: the mouth smiles with pleasure, the eyes open with arousal."""
    face, radius = Face.of(felt), box.width // 2 - 1
    x, y = box.center
    canvas.dot(x, y, radius, theme.mix(theme.PANEL, tone(felt.pleasure), 0.35))
    pygame.draw.circle(canvas.surface, tone(felt.pleasure), (x, y), radius, 2)
    thick = max(2, radius // 14)
    high = max(2, round(radius * (0.06 + 0.22 * face.eyes)))
    for way in (-1, 1):
        eye = Rect(0, 0, max(4, radius // 4), high)
        eye.center = (x + way * round(radius * 0.36), y - round(radius * 0.14))
        pygame.draw.ellipse(canvas.surface, theme.TEXT, eye)
        inner = (eye.centerx - way * radius * 0.2, y - radius * (0.42 + 0.14 * face.brows))
        outer = (eye.centerx + way * radius * 0.2, y - radius * (0.42 - 0.06 * face.brows))
        canvas.line(inner, outer, theme.TEXT, thick)
    bend = radius * 0.42 * face.smile
    mouth = [(x + radius * 0.5 * s, y + radius * 0.42 + bend * (0.5 - s * s))
             for s in np.linspace(-1.0, 1.0, 13)]  # fmt: skip
    pygame.draw.lines(canvas.surface, theme.TEXT, False, mouth, thick)


def _draw_plane(
    canvas: Canvas, box: Rect, felt: Feelings, trail: list[tuple[float, float]]
) -> None:
    """Draws pleasure to the right and arousal upwards, the last steps fading, the mood a ring."""
    px = canvas.sizes.small
    line = theme.line_height(px)
    area = Rect(box.left, box.top + line, box.width, box.height - 2 * line)
    side = min(area.width, area.height)
    if side < 16:
        return
    area = Rect(area.centerx - side // 2, area.centery - side // 2, side, side)
    canvas.fill(area, theme.WELL, 3)
    canvas.line((area.left, area.centery), (area.right - 1, area.centery), theme.LINE)
    canvas.line((area.centerx, area.top), (area.centerx, area.bottom - 1), theme.LINE)

    def at(pleasure: float, arousal: float) -> tuple[float, float]:
        half = side / 2 - 4
        return area.centerx + pleasure * half, area.centery - arousal * half

    points = [at(*one) for one in trail[-60:]]
    for k in range(1, len(points)):
        shade = theme.mix(theme.WELL, theme.DIM, k / len(points))
        pygame.draw.aaline(canvas.surface, shade, points[k - 1], points[k])
    canvas.dot(*at(*felt.mood), 5, theme.DIM, hollow=True)
    canvas.dot(*at(felt.pleasure, felt.arousal), 4, tone(felt.pleasure))
    canvas.text("arousal", Rect(box.left, area.top - line, box.width, line), px, theme.DIM,
                "centre")  # fmt: skip
    canvas.text("pleasure", Rect(box.left, area.bottom, box.width, line), px,
                theme.DIM, "centre")  # fmt: skip


def draw_bars(canvas: Canvas, box: Rect, felt: Feelings) -> None:
    """Draws a bar for each emotion, and in words what they do."""
    px = canvas.sizes.small
    rows = len(felt.emotions) + len(felt.effects)
    height = min(box.height // rows, round(1.4 * theme.line_height(px)))
    if height < 6:
        return
    names = max(theme.text_width(name, px) for name in felt.emotions) + canvas.sizes.gap
    for k, (name, strength) in enumerate(felt.emotions.items()):
        row = Rect(box.left, box.top + k * height, box.width, height)
        ink = theme.TEXT if strength >= FELT else theme.FAINT
        canvas.text(name, Rect(row.left, row.top, names, height), px, ink)
        room = Rect(row.left + names, row.top + height // 4, row.width - names, height // 2)
        if room.width < 8:
            continue
        canvas.fill(room, theme.WELL, 2)
        colour = PLEASANT if name in _GOOD else UNPLEASANT
        colour = theme.DIM if name == "surprise" else colour
        canvas.fill(Rect(room.left, room.top, round(room.width * strength), room.height), colour, 2)
    for k, (name, value) in enumerate(felt.effects.items(), len(felt.emotions)):
        row = Rect(box.left, box.top + k * height, box.width, height)
        taken = canvas.text(f"{name} ", row, px, theme.DIM)
        rest = Rect(row.left + taken, row.top, row.width - taken, height)
        canvas.text(number(value), rest, px, theme.TEXT, bold=True)
