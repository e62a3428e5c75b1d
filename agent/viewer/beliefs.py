"""Panels that set what is believed beside what is true: the facts, and the dial around the agent.

Sky blue is believed, orange is true, in both.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray
from pygame import Rect

from ..types import Fact
from . import theme
from .frame import Frame
from .theme import BELIEVED, TRUE, Canvas
from .wording import label, number

RANGE, CLOSING, TANGENTIAL, CLASS, SIGMA, _, PRESENCE = range(7)  # columns of a scene
PRESENT = 0.5  # probability from which something counts as there


def said(fact: Fact, value: float, is_belief: bool) -> str:
    """Writes a fact's value: a number, yes or no, or how probable a yes is."""
    if not fact.is_boolean:
        return number(value)
    return f"{100 * value:.0f} %" if is_belief else ("yes" if value >= PRESENT else "no")


def applies(facts: tuple[Fact, ...], values: NDArray[Any]) -> list[bool]:
    """Tells of each fact whether it means anything, given the fact that it requires."""
    place = {fact.name: k for k, fact in enumerate(facts)}
    return [not fact.requires or fact.requires not in place
            or bool(values[place[fact.requires]] >= PRESENT) for fact in facts]


def draw_facts(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws a table: name, what is believed, both on a scale, what is true."""
    facts = tuple(frame.facts)
    line = theme.line_height(canvas.sizes.body)
    head = Rect(box.left, box.top, box.width, theme.line_height(canvas.sizes.small) + 2)
    shown = min(len(facts), max(1, (box.height - head.height) // 11))
    height = min(round(1.5 * line), (box.height - head.height) // max(1, shown))
    px = min(canvas.sizes.body, max(8, round(height / 1.2)))
    columns = _columns(box, facts, px, frame)
    _draw_head(canvas, head, columns, frame)
    believed_applies = None if frame.believed is None else applies(facts, frame.believed)
    true_applies = None if frame.true is None else applies(facts, frame.true)
    for k, fact in enumerate(facts[:shown]):
        row = Rect(box.left, head.bottom + k * height, box.width, height)
        if k % 2 == 0:
            canvas.fill(row.inflate(canvas.sizes.gap // 2, 0), theme.WELL, 2)
        is_true_here = true_applies is not None and true_applies[k]
        is_believed_here = believed_applies is not None and believed_applies[k]
        colour = theme.TEXT if is_true_here or is_believed_here else theme.FAINT
        name, belief, scale, truth = (_part(row, span) for span in columns)
        canvas.text(_name(fact), name, px, colour)
        if frame.believed is not None:
            words = said(fact, float(frame.believed[k]), True) if is_believed_here else "–"
            canvas.text(words, belief, px, BELIEVED if is_believed_here else theme.FAINT, "right")
        if frame.true is not None:
            is_known = frame.known is None or bool(frame.known[k])
            words = said(fact, float(frame.true[k]), False) if is_true_here else "–"
            ink = TRUE if is_known else theme.mix(TRUE, theme.PANEL, 0.45)
            canvas.text(words, truth, px, ink if is_true_here else theme.FAINT, "right")
        _draw_scale(canvas, scale, frame, k, is_believed_here, is_true_here)


def _name(fact: Fact) -> str:
    name = label(fact.name)
    return f"{name} [{fact.unit}]" if fact.unit else name


def _columns(box: Rect, facts: tuple[Fact, ...], px: int, frame: Frame) -> list[tuple[int, int]]:
    """Gives start and end of the four columns [px from the left]."""
    gap, both = 6, (frame.believed is not None) + (frame.true is not None)
    name = max((theme.text_width(_name(fact), px) for fact in facts), default=0)
    value = max(theme.text_width("−88.8 ", px), theme.text_width("believed", px))
    name = min(name, box.width - both * (value + gap) - 2 * gap - 24)
    belief = value if frame.believed is not None else 0
    truth = value if frame.true is not None else 0
    starts = [0, name + gap, name + gap + belief + gap]
    end = box.width - truth
    return [(0, name), (starts[1], starts[1] + belief), (starts[2], end - gap), (end, box.width)]


def _part(row: Rect, span: tuple[int, int]) -> Rect:
    return Rect(row.left + span[0], row.top, max(0, span[1] - span[0]), row.height)


def _draw_head(canvas: Canvas, head: Rect, columns: list[tuple[int, int]], frame: Frame) -> None:
    _, belief, scale, truth = (_part(head, span) for span in columns)
    px = canvas.sizes.small
    if frame.believed is not None:
        canvas.text("believed", belief, px, BELIEVED, "right")
        if theme.text_width("low … high", px) <= scale.width:
            canvas.text("low", scale, px, theme.FAINT)
            canvas.text("high", scale, px, theme.FAINT, "right")
    if frame.true is not None:
        canvas.text("true", truth, px, TRUE, "right")


def _draw_scale(canvas: Canvas, box: Rect, frame: Frame, k: int, believed: bool, true: bool
                ) -> None:
    """Draws the fact's range with the belief as a band of +-2 sigma and the truth as a tick."""
    fact = frame.facts[k]
    track = Rect(box.left, box.centery - 1, box.width, 2)
    canvas.fill(track, theme.LINE)

    def x_of(value: float) -> float:
        share = (value - fact.low) / max(1e-9, fact.high - fact.low)
        return track.left + track.width * min(1.0, max(0.0, share))

    if believed and frame.believed is not None:
        mean = float(frame.believed[k])
        half = max(3, box.height // 4)
        if fact.is_boolean:
            canvas.fill(Rect(track.left, box.centery - half + 1, round(x_of(mean) - track.left),
                             2 * half - 2), theme.mix(BELIEVED, theme.PANEL, 0.35), 2)
        else:
            sigma = 0.0 if frame.doubt is None else float(frame.doubt[k])
            low, high = x_of(mean - 2 * sigma), x_of(mean + 2 * sigma)
            canvas.fill(Rect(round(low), box.centery - half + 1, max(2, round(high - low)),
                             2 * half - 2), theme.mix(BELIEVED, theme.PANEL, 0.6), 2)
        canvas.dot(x_of(mean), box.centery, max(2, half - 1), BELIEVED)
    if true and frame.true is not None:
        is_known = frame.known is None or bool(frame.known[k])
        x, reach = round(x_of(float(frame.true[k]))), max(4, box.height // 2 - 2)
        ink = TRUE if is_known else theme.mix(TRUE, theme.PANEL, 0.45)
        canvas.fill(Rect(min(x, track.right - 2), box.centery - reach, 2, 2 * reach), ink)


def draw_scene(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws a dial seen from above, ahead is up: the nearest thing in each direction, the path.

    Blue: how far the mind believes it is free. Arcs: what is really there, coloured by class,
    with a line to where it will be in one second.
    """
    line = theme.line_height(canvas.sizes.small)
    has_truth, has_belief = frame.scene_true is not None, frame.scene_believed is not None
    legend = 2 * line
    area = Rect(box.left, box.top, box.width, box.height - legend)
    radius = max(10, min(area.width, area.height) // 2 - 2)
    dial = _Dial(area.centerx, area.centery, radius, frame.scene_range)
    canvas.dot(dial.x, dial.y, radius, theme.WELL)
    if frame.scene_believed is not None:
        dial.draw_free(canvas, frame.scene_believed)
    for share in (0.25, 0.5, 0.75, 1.0):
        pygame.draw.circle(canvas.surface, theme.LINE, (dial.x, dial.y), round(radius * share), 1)
    for share in (0.5, 1.0):
        dial.write_range(canvas, share)
    if frame.ranges is not None:
        dial.draw_ranges(canvas, frame.ranges, frame.ranges_most)
    if frame.scene_true is not None:
        dial.draw_things(canvas, frame.scene_true)
    for path, colour in ((frame.path_true, TRUE), (frame.path_believed, BELIEVED)):
        if path is not None:
            dial.draw_path(canvas, path, colour)
    dial.draw_agent(canvas)
    lines = _legend(frame, has_truth, has_belief)
    for k, entries in enumerate(lines):
        _draw_legend(canvas, Rect(box.left, area.bottom + k * line, box.width, line), entries)


def _legend(frame: Frame, has_truth: bool, has_belief: bool
            ) -> list[list[tuple[str, theme.Colour]]]:
    first = [("believed: free, path", BELIEVED)] if has_belief else []
    if frame.path_true is not None:
        first.append(("true path", TRUE))
    if frame.ranges is not None:
        first.append((frame.ranges_name, theme.MARK))
    second = []
    if has_truth and frame.scene_true is not None:
        there = frame.scene_true[frame.scene_true[:, PRESENCE] >= PRESENT]
        for index in sorted({int(c) for c in there[:, CLASS]}):
            if 0 <= index < len(frame.scene_classes):
                second.append((label(frame.scene_classes[index]), class_colour(index)))
    return [first, second]


def class_colour(index: int) -> theme.Colour:
    """Gives the colour of a class of the scene."""
    return theme.CLASSES[index % len(theme.CLASSES)]


def _draw_legend(canvas: Canvas, box: Rect, entries: list[tuple[str, theme.Colour]]) -> None:
    """Writes coloured names, centred, as many as fit."""
    px, side, gap = canvas.sizes.small, canvas.sizes.small - 3, canvas.sizes.gap
    widths = [side + 4 + theme.text_width(words, px) for words, _ in entries]
    while widths and sum(widths) + gap * (len(widths) - 1) > box.width:
        widths.pop()
    x = box.left + (box.width - sum(widths) - gap * max(0, len(widths) - 1)) // 2
    for (words, colour), width in zip(entries, widths, strict=False):
        canvas.fill(Rect(x, box.centery - side // 2, side, side), colour, 2)
        canvas.text(words, Rect(x + side + 4, box.top, width - side - 4, box.height), px,
                    theme.DIM)
        x += width + gap


class _Dial:
    """Turns the agent's own frame (ahead, left [m]) into pixels and draws in it."""

    def __init__(self, x: int, y: int, radius: int, reach: float) -> None:
        self.x, self.y, self.radius, self.reach = x, y, radius, reach

    def at(self, ahead: float, left: float) -> tuple[float, float]:
        """Gives the pixel of a point, kept within the dial."""
        distance = math.hypot(ahead, left)
        scale = self.radius / self.reach * min(1.0, self.reach / max(distance, 1e-9))
        return self.x - left * scale, self.y - ahead * scale

    def polar(self, distance: float, bearing: float) -> tuple[float, float]:
        """Gives the pixel at a distance [m] and bearing (positive left) [rad]."""
        return self.at(distance * math.cos(bearing), distance * math.sin(bearing))

    def write_range(self, canvas: Canvas, share: float) -> None:
        """Writes the distance of a ring beside it, at lower right."""
        px, words = canvas.sizes.small, f"{self.reach * share:.0f} m"
        width, height = theme.text_width(words, px), theme.line_height(px)
        turn = math.radians(52)
        x = self.x + self.radius * share * math.sin(turn)
        y = self.y + self.radius * share * math.cos(turn)
        canvas.text(words, Rect(round(x) - (width if share < 1 else -3),
                                round(y) - height // 2, width + 1, height), px, theme.FAINT)

    def draw_free(self, canvas: Canvas, scene: NDArray[Any]) -> None:
        """Fills the space believed free; where doubt is large the edge is drawn twice."""
        step = 2 * math.pi / len(scene)
        near: list[tuple[float, float]] = []
        edge: list[tuple[float, float]] = []
        for k, row in enumerate(scene):
            there = float(row[PRESENCE]) >= PRESENT
            distance = float(np.clip(row[RANGE], 0, self.reach)) if there else self.reach
            close = max(0.0, distance - float(row[SIGMA])) if there else self.reach
            for bearing in (-math.pi + k * step, -math.pi + (k + 1) * step):
                edge.append(self.polar(distance, bearing))
                near.append(self.polar(close, bearing))
        pygame.draw.polygon(canvas.surface, theme.mix(BELIEVED, theme.WELL, 0.82), edge)
        pygame.draw.polygon(canvas.surface, theme.mix(BELIEVED, theme.WELL, 0.68), near)
        pygame.draw.aalines(canvas.surface, theme.mix(BELIEVED, theme.WELL, 0.35), True, edge)

    def draw_things(self, canvas: Canvas, scene: NDArray[Any]) -> None:
        """Draws an arc for the nearest thing in each sector and a line to where it moves."""
        step, width = 2 * math.pi / len(scene), max(3, self.radius // 32)
        for k, row in enumerate(scene):
            if row[PRESENCE] < PRESENT or not np.isfinite(row[RANGE]):
                continue
            distance, start = min(float(row[RANGE]), self.reach), -math.pi + k * step
            colour = class_colour(int(row[CLASS]))
            arc = [self.polar(distance, start + step * part / 3) for part in range(4)]
            pygame.draw.lines(canvas.surface, colour, False, arc, width)
            closing, across = float(row[CLOSING]), float(row[TANGENTIAL])
            if math.hypot(closing, across) > 0.5:  # [m/s] slower things stand still on the dial
                middle = start + step / 2
                ahead = (distance - closing) * math.cos(middle) - across * math.sin(middle)
                left = (distance - closing) * math.sin(middle) + across * math.cos(middle)
                pygame.draw.aaline(canvas.surface, colour, self.polar(distance, middle),
                                   self.at(ahead, left))

    def draw_ranges(self, canvas: Canvas, ranges: NDArray[Any], most: float) -> None:
        """Draws a dot where each ray met something, and a line between neighbours that did."""
        turn, last = 2 * math.pi / len(ranges), None
        for k in range(len(ranges) + 1):
            distance = float(ranges[k % len(ranges)])
            is_hit = distance < min(most, self.reach)
            point = self.polar(distance, k * turn) if is_hit else None
            if point is not None and last is not None:
                pygame.draw.aaline(canvas.surface, theme.mix(theme.MARK, theme.WELL, 0.5), last,
                                   point)
            if point is not None:
                canvas.dot(*point, max(2, self.radius // 60), theme.MARK)
            last = point

    def draw_path(self, canvas: Canvas, path: NDArray[Any], colour: theme.Colour) -> None:
        """Draws the lane's centre ahead as a dotted line."""
        points = [self.at(float(x), float(y)) for x, y in path if np.isfinite([x, y]).all()]
        if len(points) > 1:
            pygame.draw.aalines(canvas.surface, theme.mix(colour, theme.WELL, 0.3), False, points)
        for point in points:
            canvas.dot(*point, max(2, self.radius // 50), colour)

    def draw_agent(self, canvas: Canvas) -> None:
        """Draws the agent in the middle, pointing up."""
        size = max(5, self.radius // 14)
        pygame.draw.polygon(canvas.surface, theme.TEXT, [
            (self.x, self.y - size), (self.x - 0.7 * size, self.y + 0.8 * size),
            (self.x, self.y + 0.4 * size), (self.x + 0.7 * size, self.y + 0.8 * size)])
