"""Labelled frames of a world: lived by its expert, each with what the world says is so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import LoopConfig, nearest
from ..loop import Life
from ..types import Modality, Truth, WorldSpec
from ..world import make_world
from .samples import Samples

PRESENT = "present"
LANES = 16  # lives side by side
LIVES = 48  # at least, so that each split has several
FRAMES = 60  # of one life, at most


@dataclass(frozen=True)
class Meaning:
    """How a world's facts name the class of a frame.

    One fact is "no" or "yes". A group of facts that exclude one another, PREFIX_a, PREFIX_b, …, is
    "a", "b", …, or "none" where none is true.
    """

    classes: tuple[str, ...]
    columns: tuple[int, ...]
    """Facts that say which class, in the order of `classes` after the first."""
    presence: int = -1
    """The fact PREFIX_present, where there is one: it is false for "none"."""
    requires: int = -1
    """The fact without which a single one means nothing; -1: none."""

    def labels(self, seen: Truth) -> NDArray[np.int64]:
        """Returns [B], each lane's class; -1 where the world doesn't say exactly one."""
        true = seen.facts > 0.5
        chosen = true[:, self.columns]
        label = np.where(chosen.any(1), 1 + chosen.argmax(1), 0)
        told = chosen.sum(1) <= 1
        read = list(self.columns)
        if self.presence >= 0:
            told &= chosen.any(1) == true[:, self.presence]
            read.append(self.presence)
        if self.requires >= 0:
            told &= true[:, self.requires]
        return np.where(told & seen.known[:, read].all(1), label, -1)


def meaning_of(label: str, spec: WorldSpec) -> Meaning:
    """Returns what `label` names in a world: a boolean fact, or the prefix of a group of them.

    Raises:
      ValueError: there is no such fact.
    """
    names = spec.fact_names
    booleans = [fact.name for fact in spec.facts if fact.is_boolean]
    if label in booleans:
        required = spec.facts[names.index(label)].requires
        return Meaning(
            ("no", "yes"), (names.index(label),),
            requires=names.index(required) if required else -1,
        )  # fmt: skip
    group = [name for name in booleans if name.startswith(f"{label}_")]
    if not label or not group:
        if not booleans:
            raise ValueError(
                "`env` must state booleans among its facts, to label its images with; "
                f"{spec.env} states none. Choose another world, or a folder of images."
            )
        known = [*_prefixes(booleans), *booleans]
        raise ValueError(
            f"`label` must be one of {', '.join(known)} in {spec.env}; got {label!r}."
            f"{nearest(label, known)}"
        )
    presence = f"{label}_{PRESENT}"
    members = [name for name in group if name != presence] or [presence]
    return Meaning(
        classes=("none", *(name.removeprefix(f"{label}_") for name in members)),
        columns=tuple(names.index(name) for name in members),
        presence=names.index(presence) if presence in group else -1,
    )


def _prefixes(names: list[str]) -> list[str]:
    """Returns what several names begin with, before the first underscore."""
    first = [name.partition("_")[0] for name in names]
    return sorted({one for one in first if first.count(one) > 1})


def image_part(spec: WorldSpec, part: str = "") -> str:
    """Returns the name of the part of the observation that shows images, the first by default.

    Raises:
      ValueError: there is none, or not the one asked for.
    """
    known = [one.name for one in spec.parts if one.modality is Modality.IMAGE]
    if not known:
        raise ValueError(
            f"`env` must show images; {spec.env} shows none. Choose a world with a camera."
        )
    if part and part not in known:
        raise ValueError(
            f"`part` must be one of {', '.join(known)}; got {part!r}.{nearest(part, known)}"
        )
    return part or known[0]


def collect(
    env: str, settings: Mapping[str, Any], label: str, frames: int, every: int, seed: int,
    part: str = "", tell: Callable[[int], None] = lambda _: None,
) -> tuple[Samples, int]:  # fmt: skip
    """Returns about `frames` labelled frames, and how many more had no clear class.

    Args:
      env: id of the world. settings: its arguments.
      label: what the classes are, as `meaning_of` reads it.
      every: ticks between two frames of a life.
      seed: life k is that of seed · 100,000 + k.
      part: the image part; "" takes the first.
      tell: called with the number of frames so far.
    Raises:
      ValueError: the label or the part is unknown, a number is out of range.
    """
    for name, value in (("frames", frames), ("every", every)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1; got {value}. Ask for some.")
    rounds = math.ceil(max(LIVES, frames / FRAMES) / LANES)
    each = math.ceil(frames / (rounds * LANES))
    world = make_world(env, LANES, settings)
    try:
        meaning, camera = meaning_of(label, world.spec), image_part(world.spec, part)
        driver = "expert" if world.offers("expert") else "random"
        life = Life(world, LoopConfig(driver=driver, seed=seed))
        kept, unclear = _Frames(camera, meaning), 0
        for first in range(0, rounds * LANES, LANES):
            life.reset(100_000 * seed + first)
            for tick in range(1, each * every + 1):
                life.step()  # the first frame is not taken: lives begin alike, at rest
                if tick % every == 0:
                    unclear += kept.add(life, tick)
                    tell(len(kept.labels))
    finally:
        world.close()
    return kept.samples(), unclear


class _Frames:
    """Gathers frames of all lanes."""

    def __init__(self, camera: str, meaning: Meaning) -> None:
        self.camera, self.meaning = camera, meaning
        self.images: list[NDArray[np.uint8]] = []
        self.labels: list[int] = []
        self.names: list[str] = []
        self.lives: list[str] = []

    def add(self, life: Life, tick: int) -> int:
        """Takes what is seen now; returns how many lanes show no clear class."""
        pixels = life.observation.parts[self.camera].numpy()
        found = self.meaning.labels(life.world.seen(life.infos))
        for lane in np.flatnonzero(found >= 0).tolist():
            self.images.append(pixels[lane].copy())
            self.labels.append(int(found[lane]))
            self.names.append(f"life {life.seed + lane}, tick {tick}")
            self.lives.append(f"life {life.seed + lane}")
        return int((found < 0).sum())

    def samples(self) -> Samples:
        """Returns all of them."""
        labels = np.array(self.labels, np.int64)
        classes = self.meaning.classes
        return Samples(self.images, labels, classes, tuple(self.names), tuple(self.lives))
