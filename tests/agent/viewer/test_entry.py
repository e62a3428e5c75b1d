"""A mission that is typed in the window, and the bar that shows what was told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame
import pytest

from mindloop.agent.viewer.entry import LONGEST, Entry
from mindloop.agent.viewer.frame import Frame
from mindloop.agent.viewer.screen import View, layout_of, paint
from mindloop.agent.viewer.theme import Written

SIZE = (1280, 800)
COMPLAINT = "`mission` must be such as 'go to the red ball'; got 'go the', not read. " * 5


def typed(entry: Entry, words: str) -> Entry:
    for letter in words:
        entry = entry.after(0, letter)
    return entry


def written(frame: Frame, view: View | None = None) -> list[Written]:
    """Returns the texts of a frame, none cut and none on another."""
    surface = pygame.Surface(SIZE, depth=24)
    texts = paint(surface, frame, view or View()).texts
    for k, one in enumerate(texts):
        assert surface.get_rect().contains(one.box), one
        ink = one.box.inflate(-2, -6)  # lines of text may touch
        assert not any(ink.colliderect(other.box) for other in texts[k + 1 :]), one
    return texts


def test_keys_type_move_and_take_away() -> None:
    entry = typed(Entry(), "go to red")
    for key in [pygame.K_LEFT] * 3:
        entry = entry.after(key, "")
    assert typed(entry, "the ").words == "go to the red"
    assert entry.after(pygame.K_BACKSPACE, "\b") == Entry("go tored", 5)
    assert entry.after(pygame.K_DELETE, "\x7f") == Entry("go to ed", 6)
    assert entry.after(pygame.K_HOME, "").after(pygame.K_BACKSPACE, "").words == "go to red"
    assert entry.after(pygame.K_END, "").after(pygame.K_RIGHT, "").caret == len("go to red")
    assert entry.after(pygame.K_LSHIFT, "") == entry and entry.after(pygame.K_TAB, "\t") == entry
    assert len(typed(Entry(), "x" * 999).words) == LONGEST


def test_what_was_wrong_stays_beside_the_words(full: Frame) -> None:
    frame = replace(full, mission=(("go to a key", False),))
    entry = typed(Entry(complaint=COMPLAINT), "go the")
    assert entry.complaint == COMPLAINT
    texts = written(frame, View(entry=entry))
    words = " ".join(text.words for text in texts)
    assert "go the" in words and "Esc leaves" in words and COMPLAINT[:60] in words
    assert "go to a key" not in words, "the line stands where the mission stood"
    assert "The world" not in words, "the complaint covers what lies below"


@pytest.mark.parametrize("has_bar", [True, False])
def test_a_line_longer_than_its_field_shows_the_caret(full: Frame, has_bar: bool) -> None:
    frame = replace(full, mission=(("go", False),) if has_bar else ())
    entry = typed(Entry(), "go to the red ball then " * 8)
    words = [text.words for text in written(frame, View(entry=entry))]
    assert any(one.rstrip().endswith("ball then") for one in words)


def test_the_mission_is_shown_with_what_is_done(full: Frame) -> None:
    assert layout_of(full, SIZE).bar.height == 0
    parts = tuple((f"put the green box next to the yellow key {k}", k == 0) for k in range(3))
    words = [text.words for text in written(replace(full, mission=parts))]
    assert {"mission:", f"✓ {parts[0][0]}", parts[1][0], parts[2][0]} <= set(words)


def test_rays_and_marks_are_shown_with_their_names(full: Frame) -> None:
    frame = replace(full, ranges=np.linspace(1, 12, 36), ranges_most=10.0,
                    marks={"bumper": "no", "carries": "ball, red"})  # fmt: skip
    words = [text.words for text in written(frame)]
    assert {"lidar", "carries:", "ball, red", "bumper:", "no"} <= set(words)
    dial = layout_of(frame, SIZE).panels["scene"]
    with_rays, without = (pygame.Surface(SIZE, depth=24) for _ in range(2))
    paint(with_rays, frame)
    paint(without, replace(frame, ranges=np.full(36, 10.0)))
    pixels = [pygame.surfarray.array3d(one.subsurface(dial)) for one in (with_rays, without)]
    assert (pixels[0] != pixels[1]).any(-1).sum() > 50, "rays that met nothing are not drawn"
