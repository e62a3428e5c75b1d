"""Panels that show pictures: the world, and what the mind takes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray
from pygame import Rect

from . import theme
from .frame import Frame, Image
from .theme import Canvas
from .wording import label, number

BARS_AT_MOST = 24
WORD_LINES = 3  # that one text may take
GRID_SIDE, GRID_CODES = 20, 32  # a grid of codes has fewer rows or columns, and fewer codes
LABEL_SHARE = 0.75  # of the label's colour where labels lie over the camera picture


def as_rgb(picture: NDArray[Any]) -> Image:
    """Gives any picture [H, W] or [H, W, C], uint8 or float 0..1, as uint8 RGB.

    Of pictures stacked over time, in grey or in colour, the last one is taken.
    """
    if picture.dtype != np.uint8:
        picture = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.shape[2] % 3:
        picture = np.repeat(picture[:, :, -1:], 3, axis=2)
    return np.ascontiguousarray(picture[:, :, -3:])


def is_picture(part: NDArray[Any]) -> bool:
    """Tells pictures from vectors: [H, W] or [H, W, C] of at least 8 x 8 pixels."""
    return part.ndim in (2, 3) and part.shape[0] >= 8 and part.shape[1] >= 8


def is_grid(part: NDArray[Any]) -> bool:
    """Tells a small grid of codes, such as Minigrid's 7 x 7 x 3, from a small picture."""
    return (part.ndim == 3 and part.dtype == np.uint8 and min(part.shape[:2]) < GRID_SIDE
            and int(part.max(initial=0)) < GRID_CODES)


def grid_pictures(name: str, grid: NDArray[Any]) -> dict[str, Image]:
    """Paints each channel of a grid of codes, a colour for each code; 0 is dark."""
    colours = np.array([theme.LINE, *theme.CLASSES], np.uint8)
    codes = np.where(grid > 0, 1 + (grid - 1) % len(theme.CLASSES), 0)
    count = grid.shape[2]
    return {f"{name} {k}" if count > 1 else name: colours[codes[:, :, k]] for k in range(count)}


def surface_of(picture: NDArray[Any]) -> pygame.Surface:
    """Wraps a picture's memory as a surface."""
    rgb = as_rgb(picture)
    return pygame.image.frombuffer(rgb.data, (rgb.shape[1], rgb.shape[0]), "RGB")


def place_picture(canvas: Canvas, picture: NDArray[Any], box: Rect, is_sharp: bool) -> Rect:
    """Draws a picture as large as fits, its proportions kept; gives the box it fills.

    Args:
      is_sharp: whole multiples of its pixels where it is enlarged, so that each stays square.
    """
    height, width = picture.shape[:2]
    scale = min(box.width / width, box.height / height)
    if is_sharp and scale >= 1:
        scale = int(scale)
    target = (max(1, int(width * scale)), max(1, int(height * scale)))
    place = Rect(0, 0, *target)
    place.center = box.center
    change = pygame.transform.scale if is_sharp else pygame.transform.smoothscale
    canvas.surface.blit(change(surface_of(picture), target), place)
    return place


def draw_world(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Draws the environment's own picture."""
    if frame.world is not None:
        place_picture(canvas, frame.world, box, is_sharp=False)


def draw_inputs(canvas: Canvas, box: Rect, frame: Frame, show_labels: bool) -> None:
    """Draws all that the mind takes in: words, below them pictures side by side, then vectors."""
    box = _draw_words(canvas, box, frame.words)
    pictures: dict[str, NDArray[Any]] = {}
    for name, part in frame.inputs.items():
        if is_grid(part):
            pictures |= grid_pictures(name, part)
        elif is_picture(part):
            pictures[name] = part
    vectors = {name: np.ravel(part) for name, part in frame.inputs.items()
               if not is_picture(part) and not is_grid(part)}
    if not pictures:
        _draw_vectors(canvas, box, vectors)
        return
    line = theme.line_height(canvas.sizes.small)
    legend = line * 2 if (show_labels and frame.labels is not None) or frame.saliency_note else 0
    strips = 0 if legend else min(len(vectors) * line, box.height // 3)
    area = Rect(box.left, box.top, box.width, box.height - strips - legend)
    gap = canvas.sizes.gap
    width = (area.width + gap) // len(pictures)
    for k, (name, picture) in enumerate(pictures.items()):
        cell = Rect(area.left + k * width, area.top, width - gap, area.height)
        below = Rect(box.left, area.bottom, box.width, legend)
        if k == 0 and frame.saliency_note:
            picture = picture if frame.saliency is None else _lit(picture, frame.saliency)
            px = canvas.sizes.small
            for row, words in enumerate(wrapped(frame.saliency_note, px, box.width)):
                place = Rect(below.left, below.top + row * line, below.width, line)
                canvas.text(words, place, px, theme.CHOSEN)
        elif k == 0 and legend and frame.labels is not None:
            picture = _over(picture, frame.labels)
            _draw_legend(canvas, below, frame)
        if len(pictures) > 1:
            canvas.text(name, Rect(cell.left, cell.top, cell.width, line), canvas.sizes.small,
                        theme.DIM, "centre")
            cell = Rect(cell.left, cell.top + line, cell.width, cell.height - line)
        place_picture(canvas, picture, cell, is_sharp=True)
    if strips:
        _draw_strips(canvas, Rect(box.left, box.bottom - strips, box.width, strips), vectors)


def _draw_words(canvas: Canvas, box: Rect, words: Mapping[str, str]) -> Rect:
    """Writes what is told in words, name before it; gives the box that is left below."""
    px, line = canvas.sizes.body, theme.line_height(canvas.sizes.body)
    top = box.top
    for name, said in words.items():
        taken = theme.text_width(f"{name}:", px) + canvas.sizes.gap
        taken = min(taken, box.width // 3)
        rows = wrapped(said, px, box.width - taken)
        for k, row in enumerate(rows[:WORD_LINES]):
            if top + line > box.bottom:
                break
            if k == 0:
                canvas.text(f"{name}:", Rect(box.left, top, taken, line), px, theme.DIM)
            is_cut = k + 1 == WORD_LINES < len(rows)
            canvas.text(f"{row} …" if is_cut else row,
                        Rect(box.left + taken, top, box.width - taken, line), px)
            top += line
    top += canvas.sizes.gap // 2 if words else 0
    return Rect(box.left, top, box.width, max(0, box.bottom - top))


def wrapped(words: str, px: int, width: int) -> list[str]:
    """Cuts a text into lines of at most `width` px, between words; a longer word stays whole."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and theme.text_width(longer, px) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _over(picture: NDArray[Any], labels: Image) -> Image:
    rgb = as_rgb(picture)
    if labels.shape != rgb.shape:
        return labels
    blend: Image = (LABEL_SHARE * labels + (1 - LABEL_SHARE) * rgb).astype(np.uint8)
    return blend


def _lit(picture: NDArray[Any], saliency: NDArray[Any]) -> Image:
    """Darkens a picture except where saliency is high, and tints it there."""
    rgb = as_rgb(picture).astype(np.float32)
    if saliency.shape != rgb.shape[:2]:
        return as_rgb(picture)
    heat = saliency[..., None]
    grey = rgb.mean(-1, keepdims=True) * (0.35 + 0.65 * heat)
    tint = np.array(theme.CHOSEN, np.float32)
    blend: Image = np.clip((1 - 0.6 * heat) * grey + 0.6 * heat * tint, 0, 255).astype(np.uint8)
    return blend


def present_classes(labels: Image, classes: Sequence[Mapping[str, Any]]
                    ) -> list[tuple[str, theme.Colour]]:
    """Names the classes whose colours occur in a label picture, most pixels first."""
    packed = labels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    codes, counts = np.unique(packed, return_counts=True)
    pixels = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    found = []
    for entry in classes:
        r, g, b = (int(c) for c in entry["colour"])
        count = pixels.get(r * 65536 + g * 256 + b, 0)
        if count:
            found.append((count, str(entry["name"]), (r, g, b)))
    return [(name, colour) for _, name, colour in sorted(found, reverse=True)]


def _draw_legend(canvas: Canvas, box: Rect, frame: Frame) -> None:
    """Writes the classes in the picture, as many as fit on two lines."""
    assert frame.labels is not None
    px, half = canvas.sizes.small, box.height // 2
    x, y = box.left, box.top
    for name, colour in present_classes(frame.labels, frame.label_classes):
        words = label(name)
        width = half + theme.text_width(words, px) + canvas.sizes.gap
        if x + width > box.right:
            x, y = box.left, y + half
            if y + half > box.bottom:
                return
        side = half - 6
        canvas.fill(Rect(x, y + 3, side, side), colour, 2)
        canvas.outline(Rect(x, y + 3, side, side), theme.LINE, 1, 2)
        canvas.text(words, Rect(x + side + 4, y, width - side - 4, half), px, theme.DIM)
        x += width


def heat(value: float, scale: float) -> theme.Colour:
    """Gives the colour of a number: white above 0, pink below, dark at 0.

    Neither blue nor orange, which mean believed and true.
    """
    share = min(1.0, abs(value) / scale) if scale > 0 else 0.0
    return theme.mix(theme.LINE, theme.DIM if value > 0 else theme.MARK, share)


def _draw_strips(canvas: Canvas, box: Rect, vectors: Mapping[str, NDArray[Any]]) -> None:
    """Draws each vector as a strip of coloured cells, one line a vector."""
    height, px = box.height // len(vectors), canvas.sizes.small
    names = max(theme.text_width(name, px) for name in vectors) + canvas.sizes.gap
    names = min(names, box.width // 2)
    for k, (name, vector) in enumerate(vectors.items()):
        line = Rect(box.left, box.top + k * height, box.width, height)
        canvas.text(name, Rect(line.left, line.top, names, height), px, theme.DIM)
        strip = Rect(line.left + names, line.top + 2, line.width - names, height - 4)
        _draw_cells(canvas, strip, vector)


def _draw_cells(canvas: Canvas, strip: Rect, vector: NDArray[Any]) -> None:
    scale = float(np.abs(vector).max(initial=0.0))
    for i, value in enumerate(vector[: max(1, strip.width)]):
        start, end = (strip.left + strip.width * n // len(vector) for n in (i, i + 1))
        canvas.fill(Rect(start, strip.top, max(1, end - start - 1), strip.height),
                    heat(float(value), scale))


def _draw_vectors(canvas: Canvas, box: Rect, vectors: Mapping[str, NDArray[Any]]) -> None:
    """Draws vectors where there is no picture: signed bars, or strips when they are long."""
    lines = [(name if len(vector) == 1 else f"{name} {i}", float(value))
             for name, vector in vectors.items() for i, value in enumerate(vector)]
    line = theme.line_height(canvas.sizes.body)
    if not lines:
        return
    if len(lines) > min(BARS_AT_MOST, box.height // line):
        height = len(vectors) * min(3 * line, box.height // len(vectors))
        _draw_strips(canvas, Rect(box.left, box.top, box.width, height), vectors)
        return
    height = min(2 * line, box.height // len(lines))
    px = canvas.sizes.body
    names = min(box.width // 3, canvas.sizes.gap + max(theme.text_width(n, px) for n, _ in lines))
    numbers = theme.text_width("-0000.00", px)
    scale = max(1e-9, max(abs(value) for _, value in lines))
    for k, (name, value) in enumerate(lines):
        row = Rect(box.left, box.top + k * height, box.width, height)
        canvas.text(name, Rect(row.left, row.top, names, height), px, theme.DIM)
        canvas.text(number(value), Rect(row.right - numbers, row.top, numbers, height), px,
                    align="right")
        track = Rect(row.left + names, row.centery - height // 4,
                     row.width - names - numbers - canvas.sizes.gap, height // 2)
        canvas.fill(track, theme.WELL)
        reach = round(track.width / 2 * abs(value) / scale)
        canvas.fill(Rect(track.centerx - (reach if value < 0 else 0), track.top, reach,
                         track.height), heat(value, scale))
        canvas.line(track.midtop, track.midbottom, theme.FAINT)
