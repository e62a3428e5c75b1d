"""The picture that window and video share: it fits, it is sharp, it needs no display."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pygame
import pytest
import torch

from mindloop.agent.types import (
    ActionKind,
    ActionSpec,
    Affect,
    Decision,
    Fact,
    Judgement,
    Modality,
    Observation,
    Outcome,
    Part,
    Percept,
    SceneSpec,
    Trace,
    Truth,
    WorldSpec,
)
from mindloop.agent.viewer import theme
from mindloop.agent.viewer.actions import grid_axes
from mindloop.agent.viewer.beliefs import applies, said
from mindloop.agent.viewer.feelings import in_words
from mindloop.agent.viewer.frame import Choice, Frame, History, Setting
from mindloop.agent.viewer.layout import arrange, spread
from mindloop.agent.viewer.notes import choices, with_mind, with_truth
from mindloop.agent.viewer.pictures import (
    as_rgb,
    grid_pictures,
    is_grid,
    present_classes,
    wrapped,
)
from mindloop.agent.viewer.screen import PANELS, View, draw, layout_of, paint
from mindloop.agent.viewer.wording import count, label, number

SIZES = [(900, 600), (1280, 800), (1920, 1080), (1920, 1200), (1000, 1400)]
LIVE = View(is_paused=True, speed=16.0, keys=(("Space", "pause"), ("H", "help")))


def foreign(kind: str) -> Frame:
    """Makes a frame of an environment that tells nothing about itself."""
    kept = History()
    for step in range(5):
        kept.add(None, float(step))
    rng = np.random.default_rng(0)
    if kind == "vector":
        return Frame("CartPole-v1", "random", rng.integers(0, 255, (400, 600, 3), np.uint8),
                     {"observation": rng.normal(size=4)}, history=kept,
                     choices=(Choice(("left", "right"), 1),))
    if kind == "long vector":
        return Frame("Ant-v5", "mind, untrained", None, {"observation": rng.normal(size=348)},
                     history=kept, settings=tuple(
                         Setting(f"axis {k}", 0.3, -np.inf, np.inf, mean=0.1, deviation=0.4)
                         for k in range(8)))
    return Frame("CarRacing-v3", "random", rng.integers(0, 255, (96, 96, 3), np.uint8),
                 {"observation": rng.integers(0, 255, (96, 96, 3), np.uint8)}, history=kept,
                 choices=(Choice([f"action {k}" for k in range(60)], 41,
                                 np.full(60, 1 / 60)),))


def painted(frame: Frame, size: tuple[int, int], view: View = LIVE) -> theme.Canvas:
    return paint(pygame.Surface(size, depth=24), frame, view)


@pytest.mark.parametrize("size", SIZES)
def test_draw_gives_a_picture_without_a_display(full: Frame, size: tuple[int, int]) -> None:
    picture = draw(full, size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 20
    assert not pygame.display.get_init()
    assert np.array_equal(picture, draw(full, size))


def test_a_small_picture_shows_the_smallest_layout_shrunk(full: Frame) -> None:
    assert draw(full, (450, 300)).shape == (300, 450, 3)


def test_boxes_never_overlap_whatever_is_shown() -> None:
    for size, amount in itertools.product(SIZES, range(1, len(PANELS) + 1)):
        for present in itertools.combinations(PANELS, amount):
            layout = arrange(size, present, world_aspect=1.0)
            assert set(layout.panels) == set(present)
            boxes = [layout.header, layout.footer, *layout.panels.values()]
            window = pygame.Rect(0, 0, *size)
            assert all(window.contains(box) and box.width > 0 < box.height for box in boxes)
            for one, other in itertools.combinations(boxes, 2):
                assert not one.colliderect(other), (size, present)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("labels", [False, True])
def test_every_text_is_whole_in_its_box_and_alone(full: Frame, size: tuple[int, int],
                                                  labels: bool) -> None:
    canvas = painted(full, size, replace(LIVE, labels=labels))
    layout = layout_of(full, size)
    boxes = [layout.header, layout.footer, *layout.panels.values()]
    assert len(canvas.texts) > 100
    for text in canvas.texts:
        assert any(box.contains(text.box) for box in boxes), text
        assert not text.cut, text
    for one, other in itertools.combinations(canvas.texts, 2):
        shared = one.box.clip(other.box)  # lines of a table may touch by a pixel of leading
        assert min(shared.width, shared.height) <= 3, (one, other)


def test_reasons_are_told_whole_and_the_rest_has_more_room_without(full: Frame) -> None:
    words = " ".join(text.words for text in painted(full, (1280, 800)).texts)
    assert all(reason in words for reason in full.reasons) and "Why" in words
    without = layout_of(replace(full, reasons=()), (1280, 800)).panels
    assert "why" not in without
    assert without["world"].height > layout_of(full, (1280, 800)).panels["world"].height


@pytest.mark.parametrize("size", SIZES)
def test_saliency_lights_its_place_in_the_picture_and_says_what_it_is(
    full: Frame, size: tuple[int, int]
) -> None:
    lit = np.zeros((64, 64), np.float32)
    lit[:32] = 1.0
    note = "Grad-CAM, exploratory: what speaks for the action that the policy proposes"
    shown = replace(full, saliency=lit, saliency_note=note)
    assert any("exploratory" in text.words for text in painted(shown, size).texts)
    box = layout_of(shown, size).panels["inputs"]
    picture = draw(shown, size)[box.top : box.bottom, box.left : box.right].astype(int)
    plain = draw(full, size)[box.top : box.bottom, box.left : box.right].astype(int)
    half = box.height // 2
    yellow = [part[:half] @ np.array([1, 1, -2]) for part in (picture, plain)]
    assert yellow[0].mean() > yellow[1].mean() + 10
    assert picture[half : half + 30].sum() < plain[half : half + 30].sum(), "darker elsewhere"


@pytest.mark.parametrize("kind", ["vector", "long vector", "image"])
def test_foreign_environments_fit_too(kind: str) -> None:
    for size in SIZES:
        frame = foreign(kind)
        canvas, layout = painted(frame, size), layout_of(frame, size)
        boxes = [layout.header, layout.footer, *layout.panels.values()]
        for text in canvas.texts:
            assert any(box.contains(text.box) for box in boxes), text
        words = " ".join(text.words for text in canvas.texts)
        assert "What the agent" in words and "Next action" in words
        assert "facts" not in layout.panels


def test_long_names_are_cut_not_spilled(full: Frame) -> None:
    long = replace(full, env="mindloop/" + "Very" * 60, driver="mind " * 30,
                   score={"score_" * 20: 1.0}, believed_by="trained " * 9)
    canvas, layout = painted(long, (900, 600)), layout_of(long, (900, 600))
    boxes = [layout.header, layout.footer, *layout.panels.values()]
    assert all(any(box.contains(text.box) for box in boxes) for text in canvas.texts)
    assert any(text.cut for text in canvas.texts)


def test_camera_pixels_stay_square_and_exact(full: Frame) -> None:
    camera = np.zeros((64, 64, 3), np.uint8)
    camera[10, 20] = (255, 0, 255)
    picture = draw(replace(full, inputs={"camera": camera}, world=None), (1280, 800))
    marked = (picture == (255, 0, 255)).all(-1)
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    assert len(rows) == len(columns) >= 4
    assert marked.sum() == len(rows) ** 2


def test_labels_lie_over_the_camera_with_their_names(full: Frame) -> None:
    words = {text.words for text in painted(full, (1280, 800), replace(LIVE, labels=True)).texts}
    assert {"pedestrian", "pavement"} <= words
    labels = np.zeros((4, 4, 3), np.uint8)
    labels[0] = (9, 8, 7)
    classes: list[dict[str, Any]] = [
        {"name": "car", "colour": (9, 8, 7)}, {"name": "sky", "colour": (0, 0, 0)},
        {"name": "sign", "colour": (1, 1, 1)}]
    assert present_classes(labels, classes) == [("sky", (0, 0, 0)), ("car", (9, 8, 7))]


def test_help_covers_and_names_the_keys(full: Frame) -> None:
    words = [text.words for text in painted(full, (900, 600), replace(LIVE, help=True)).texts]
    assert "Keys and colours" in words and "pause" in words


def test_numbers_that_are_no_numbers_do_not_stop_it(full: Frame) -> None:
    gone = np.full(20, np.nan, np.float32)
    kept = History()
    kept.add(float("nan"), float("nan"), {"x": float("inf")})
    draw(replace(full, believed=gone, doubt=gone, true=np.full(20, np.inf, np.float32),
                 scene_believed=np.full((32, 7), np.nan, np.float32),
                 scene_true=np.full((32, 7), np.nan, np.float32),
                 path_true=np.full((8, 2), np.nan, np.float32), history=kept,
                 gauges=(Setting("speed", float("nan"), 0, 1),),
                 choices=(replace(full.choices[0], probabilities=gone),)), (900, 600))


def test_letters_survive_when_another_library_shuts_pygame_down(full: Frame) -> None:
    before = draw(full, (900, 600))
    pygame.quit()
    moved = replace(full, step=131)
    after = draw(moved, (900, 600))
    assert not np.array_equal(before, after)
    assert np.array_equal(draw(full, (900, 600)), before)


def test_facts_that_mean_nothing_are_told_apart() -> None:
    facts = (Fact("lead_present", kind="boolean"), Fact("lead_distance", requires="lead_present"))
    assert applies(facts, np.array([0.4, 9.0])) == [True, False]
    assert applies(facts, np.array([0.6, 9.0])) == [True, True]
    assert said(facts[0], 0.6, is_belief=True) == "60 %"
    assert said(facts[0], 1.0, is_belief=False) == "yes"


def test_words() -> None:
    assert [number(x) for x in (0.0, -0.0, 0.041, -1.234, 56.78, 901.2, np.inf, np.nan)] == [
        "0.00", "0.00", "0.041", "−1.23", "56.8", "901", "none", "–"]
    assert (count(3.0), count(0.5)) == ("3", "0.50")
    assert label("driving_score_2_0") == "driving score 2.0"


def test_actions_with_two_full_axes_make_a_grid(full: Frame) -> None:
    assert grid_axes(full.choices[0]) == ("steering", "acceleration")
    broken = replace(full.choices[0], attributes=full.choices[0].attributes[:-1])
    assert grid_axes(broken) is None
    assert grid_axes(Choice(("a", "b", "c", "d"), 0)) is None


def test_history_forgets_old_ticks_and_fills_late_terms() -> None:
    kept = History(ticks=3)
    kept.add(1.0, 1.0)
    for reward in (2.0, 3.0, 4.0):
        kept.add(None, reward, {"late": reward})
    assert list(kept.rewards) == list(kept.terms["late"]) == [2.0, 3.0, 4.0]
    kept.clear()
    kept.add(None, 1.0, {"late": 5.0})
    assert list(kept.terms["late"]) == [5.0] and kept.total == 1.0


SPEC = WorldSpec(
    "test", (Part("state", Modality.VECTOR, (2,)), Part("camera", Modality.IMAGE, (8, 8, 3))),
    ActionSpec(ActionKind.MULTI_DISCRETE, (2, 3), names=("a", "b", "x", "y", "z")),
    facts=(Fact("near", kind="boolean"),), scene=SceneSpec(4, 20.0, ("car",)), path_points=2)


def trace(actions: ActionSpec) -> Trace:
    """Makes the notes of two lives; the second one's numbers are 1 where the first's are 0."""
    pair = torch.tensor([0.0, 1.0])
    observation = Observation(
        {"state": pair[:, None].expand(2, 2), "camera": torch.zeros(2, 8, 8, 3, dtype=torch.uint8)},
        torch.zeros(2, dtype=torch.bool), torch.ones(2, actions.width, dtype=torch.bool))
    ended = torch.zeros(2, dtype=torch.bool)
    wide = pair[:, None].expand(2, actions.width)
    decision = Decision(
        proposed=wide, action=torch.tensor([[0, 0], [1, 2]]) if not actions.is_box else wide,
        log_prob=pair, value=pair, policy=wide.log() if not actions.is_box else wide,
        spread=wide if actions.is_box else wide[:, :0], permitted=wide > 0)
    return Trace(
        observation, Outcome(pair, ended, ended, torch.zeros(0, dtype=torch.int64), None),
        Percept(pair[:, None], pair[:, None], pair[:, None], torch.zeros(2, 4, 7),
                torch.zeros(2, 2, 2), pair, torch.zeros(2, 1, 1), pair, pair, pair[:, None]),
        Affect.neutral(2), Judgement.unreasoned(actions, 2), decision, pair, pair)


def test_notes_of_one_life_become_a_frame() -> None:
    truth = Truth(np.array([[0.0], [1.0]], np.float32), np.array([[False], [True]]),
                  np.zeros((2, 4, 7), np.float32), np.zeros((2, 2, 2), np.float32))
    frame = with_mind(Frame("test", "mind"), SPEC, trace(SPEC.actions), lane=1)
    frame = with_truth(frame, SPEC, truth, lane=1)
    assert list(frame.inputs) == ["camera", "state"]
    assert frame.inputs["state"].tolist() == [1.0, 1.0]
    assert frame.believed is not None and frame.true is not None and frame.known is not None
    assert (frame.believed.tolist(), frame.true.tolist(), frame.known.tolist()) == ([1], [1], [1])
    assert [(c.names, c.chosen) for c in frame.choices] == [(("a", "b"), 1), (("x", "y", "z"), 2)]
    assert frame.choices[1].probabilities is not None
    assert frame.choices[1].probabilities.tolist() == [1.0, 1.0, 1.0]
    assert draw(frame, (900, 600)).std() > 1
    watching = with_mind(Frame("test", "expert"), SPEC, trace(SPEC.actions), is_acting=False)
    assert not watching.choices and watching.believed is not None


def test_what_is_felt_is_said_with_its_cause() -> None:
    notes = trace(SPEC.actions)
    affect = Affect.neutral(2)
    affect.emotions[1, 3] = 0.3  # fear
    affect.cause[1], affect.about[1], affect.appraisals[1, 4] = 4, 0, 0.31
    notes = replace(notes, affect=affect)
    frame = with_mind(Frame("test", "mind"), SPEC, notes, lane=1)
    assert frame.feelings is not None
    assert frame.feelings.line == "wary: near 100 %, risk 0.31"
    assert with_mind(Frame("test", "mind"), SPEC, notes, lane=0).feelings is None
    affect.emotions[1, 3], affect.emotions[1, 1] = 0.0, 0.8  # distress
    affect.cause[1], affect.appraisals[1, 0] = 0, 0.4  # it turned out better since
    said = in_words(affect, notes.percept, SPEC.facts, 1)
    assert said == "distressed: near 100 %, desirability before"
    assert in_words(affect, notes.percept, SPEC.facts, 0) == "calm"


def test_a_continuous_decision_becomes_gauges() -> None:
    box = ActionSpec(ActionKind.BOX, (1, 1), (-1.0, -1.0), (1.0, 1.0), ("steer", "gas"))
    frame = with_mind(Frame("test", "mind"), replace(SPEC, actions=box), trace(box), lane=1)
    assert [(s.name, s.value, s.mean, s.deviation) for s in frame.settings] == [
        ("steer", 1.0, 1.0, 1.0), ("gas", 1.0, 1.0, 1.0)]


def test_choices_without_names_are_numbered() -> None:
    (choice,) = choices(ActionSpec(ActionKind.DISCRETE, (3,)), np.array(2))
    assert (choice.names, choice.chosen) == (["0", "1", "2"], 2)


def written(frame: Frame, size: tuple[int, int] = (1280, 800)) -> list[theme.Written]:
    """Gives every text of a frame, after a look that none lies over another."""
    canvas = paint(pygame.Surface(size, depth=24), frame)
    for one, other in itertools.combinations(canvas.texts, 2):
        shared = one.box.clip(other.box)
        # a line's box is a pixel or two taller than its letters
        assert shared.width == 0 or shared.height <= 3, (one, other)
    return canvas.texts


def test_words_are_written_whole_and_in_place_of_tokens() -> None:
    frame = Frame("BabyAI", "random", words={
        "mission": "put the green ball next to the red box after you pick up the grey key " * 2,
        "direction": "3 (of 0 to 3)", "state": "254"}, inputs={"image": np.zeros((7, 7, 3), "u1")})
    words = [text.words for text in written(frame)]
    assert "What the agent sees" in words and "mission:" in words and "254" in words
    start = words.index("mission:") + 1
    said = " ".join(words[start:words.index("direction:")])
    assert said == frame.words["mission"].strip()
    assert "What the agent takes in" in [
        text.words for text in written(replace(frame, inputs={}))]


def test_texts_are_cut_between_words() -> None:
    wide = theme.text_width("put the", 12)
    assert wrapped("put the key", 12, wide) == ["put the", "key"]
    assert wrapped("put thekeybeside", 12, wide) == ["put", "thekeybeside"]


def test_a_grid_of_codes_is_painted_by_code() -> None:
    grid = np.zeros((7, 7, 3), np.uint8)
    grid[2, 3] = (10, 5, 2)
    assert is_grid(grid)
    assert not is_grid(np.full((12, 12, 3), 200, np.uint8))  # a small picture
    assert not is_grid(np.zeros((24, 24, 3), np.uint8)) and not is_grid(np.zeros(49, np.uint8))
    painted = grid_pictures("image", grid)
    assert list(painted) == ["image 0", "image 1", "image 2"]
    assert tuple(painted["image 0"][2, 3]) == theme.CLASSES[(10 - 1) % 8]
    assert tuple(painted["image 1"][0, 0]) == theme.LINE
    assert list(grid_pictures("map", grid[:, :, :1])) == ["map"]


def test_of_stacked_pictures_the_last_is_shown() -> None:
    stack = np.zeros((8, 8, 4), np.uint8)
    stack[:, :, 3] = 200
    assert as_rgb(stack).shape == (8, 8, 3) and (as_rgb(stack) == 200).all()
    colours = np.zeros((8, 8, 6), np.uint8)
    colours[:, :, 3:] = (10, 20, 30)
    assert as_rgb(colours)[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize("many", [5, 8, 30, 200])
def test_many_heads_and_many_axes_stay_legible(many: int) -> None:
    heads = tuple(Choice([f"{k}:{n}" for n in range(7)], k % 7, np.full(7, 1 / 7))
                  for k in range(many))
    words = [text.words for text in written(Frame("many", "mind", choices=heads), (900, 600))]
    axes = tuple(Setting(str(k), 0.25, -1.0, 1.0, mean=0.1, deviation=0.5) for k in range(many))
    said = [text.words for text in written(Frame("many", "mind", settings=axes), (900, 600))]
    assert "4:4" in words and "4" in said
    is_cut = any(re.fullmatch(r"and \d+ more", one) for one in words)
    assert is_cut == (many == 200) == any(one.endswith(" more") for one in said)


def test_lines_in_columns_neither_overlap_nor_leave_their_box() -> None:
    box = pygame.Rect(10, 20, 300, 100)
    for things in (1, 9, 11, 30, 31):
        places = spread(box, things, (10, 25), 8)
        assert len(places) == min(things, 30)
        assert all(box.contains(place) for place in places)
        assert not any(a.colliderect(b) for a, b in itertools.combinations(places, 2))


def test_what_the_environment_bars_is_shown_as_barred() -> None:
    notes = trace(SPEC.actions)
    available = torch.tensor([[True, False, True, True, True]] * 2)
    masked = replace(notes.observation, available=available)
    frame = with_mind(Frame("test", "mind"), SPEC, replace(notes, observation=masked))
    assert frame.choices[0].allowed is not None and frame.choices[0].allowed.tolist() == [
        True, False]
