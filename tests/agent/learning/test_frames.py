"""Frames of a world have the classes that its facts name, and belong to lives."""

from __future__ import annotations

import numpy as np
import pytest

from mindloop.agent.learning.frames import collect, image_part, meaning_of
from mindloop.agent.learning.samples import clean, split
from mindloop.agent.types import ActionKind, ActionSpec, Fact, Truth, WorldSpec

LAMPS = "tests.lamps:Lamps-v0"
SHARES = {"train": 0.7, "dev": 0.15, "test": 0.15}


def stating(*names: str, requires: str = "") -> WorldSpec:
    """Returns a world that states these booleans; all but the first require a fact."""
    facts = tuple(
        Fact(name, kind="boolean", requires=requires if k else "") for k, name in enumerate(names)
    )
    return WorldSpec("Made-v0", (), ActionSpec(ActionKind.DISCRETE, (2,)), facts)


def truth(*rows: tuple[int, ...]) -> Truth:
    facts = np.array(rows, np.float32)
    nothing = np.zeros((len(rows), 0), np.float32)
    return Truth(facts, np.ones(facts.shape, bool), nothing, nothing)


def test_a_group_is_none_or_the_one_that_is_true() -> None:
    spec = stating("light_present", "light_red", "light_green", "other", requires="light_present")
    meaning = meaning_of("light", spec)
    assert meaning.classes == ("none", "red", "green")
    seen = truth((0, 0, 0, 1), (1, 1, 0, 0), (1, 0, 1, 0), (1, 1, 1, 0), (1, 0, 0, 0), (0, 1, 0, 0))
    # two at once, none though present, one though absent: the world doesn't say which
    assert meaning.labels(seen).tolist() == [0, 1, 2, -1, -1, -1]
    seen.known[1, 1] = False
    seen.known[2, 3] = False  # of no concern
    assert meaning.labels(seen).tolist() == [0, -1, 2, -1, -1, -1]


def test_a_fact_is_no_or_yes_where_it_means_something() -> None:
    spec = stating("light_present", "light_red", requires="light_present")
    assert meaning_of("light_present", spec).labels(truth((0, 0), (1, 0))).tolist() == [0, 1]
    red = meaning_of("light_red", spec)
    assert red.classes == ("no", "yes")
    assert red.labels(truth((0, 0), (1, 0), (1, 1))).tolist() == [-1, 0, 1]


def test_a_group_of_presence_alone_is_none_or_present() -> None:
    meaning = meaning_of("lead", stating("lead_present", "dark"))
    assert meaning.classes == ("none", "present")
    assert meaning.labels(truth((0, 0), (1, 0))).tolist() == [0, 1]


def test_what_is_unknown_is_named() -> None:
    spec = stating("light_present", "light_red", "dark")
    with pytest.raises(ValueError, match=r"one of light, light_present, .*; got 'ligth'.*`light`"):
        meaning_of("ligth", spec)
    with pytest.raises(ValueError, match=r"`env` must state booleans .*; Made-v0 states none"):
        meaning_of("light", stating())
    with pytest.raises(ValueError, match=r"`env` must show images; Made-v0 shows none"):
        image_part(spec)
    with pytest.raises(ValueError, match=r"`part` must be one of observation; got 'camera'"):
        collect(LAMPS, {}, "lamp", 48, 1, 0, part="camera")
    for frames, every in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="must be at least 1; got 0"):
            collect(LAMPS, {}, "lamp", frames, every, 0)


def test_frames_of_a_life_stay_together_and_show_what_they_are_said_to() -> None:
    told: list[int] = []
    found, unclear = collect(LAMPS, {}, "lamp", 192, 2, 5, tell=told.append)
    assert len(found) == 192 == told[-1] and unclear == 0
    assert set(found.lives) == {f"life {500_000 + k}" for k in range(48)}
    assert found.names[0] == "life 500000, tick 2"
    for image, label in zip(found.images, found.labels, strict=True):
        bright = [(image[:, :, channel] == 220).any() for channel in (0, 1)]
        assert bright == [label == 1, label == 2]
    samples, dropped = clean(found)
    assert not any(dropped.values())
    parts = split(samples, SHARES, 0)
    own = [set(one.lives) for one in parts.values()]
    assert sum(map(len, own)) == len(set.union(*own)) == 48
    again, _ = collect(LAMPS, {}, "lamp", 192, 2, 5)
    assert all(np.array_equal(a, b) for a, b in zip(again.images, found.images, strict=True))


def test_frames_without_a_meaning_are_counted() -> None:
    found, unclear = collect(LAMPS, {}, "lamp_red", 96, 1, 0)
    assert len(found) + unclear == 96 and 10 < unclear < 60
