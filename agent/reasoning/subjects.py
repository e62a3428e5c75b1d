"""What rules may speak of: names of a world and a mind, and where their values come from.

Facts are believed with doubt: a number lies within mean ± WIDTH σ, a boolean is possible from one
probability and certain from another. What is observed or felt is exact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import ReasoningConfig
from ..types import (
    EMOTIONS,
    Affect,
    Modality,
    Observation,
    Percept,
    WorldSpec,
)
from .intervals import Array, Claim, Number, Tape

FEELINGS = (*EMOTIONS, "pleasure", "arousal", "dominance", "caution", "curiosity", "temperature")
STATE = "state"  # a name for the only part with numbers, whatever the world calls it
ANYTHING = "anything"  # a class of scenes that every class belongs to
_RANGE, _CLASS, _SIGMA, _PRESENCE = 0, 3, 4, 6  # columns of a scene


@dataclass(frozen=True)
class Moment:
    """What a mind knows at a tick, for rules: arrays of B lives."""

    lowest: Array
    """f32[K, B] lower ends of facts."""
    highest: Array
    """f32[K, B]"""
    sure: Array
    """bool[K, B] booleans that are certain."""
    maybe: Array
    """bool[K, B] booleans that are possible."""
    likely: Array
    """bool[K, B] booleans that are likelier than not."""
    doubt: Array
    """f32[K, B]"""
    scene: Array
    """f32[B, S, 7]"""
    parts: Mapping[str, Array]
    """{name: f32[B, N]}"""
    action: Array
    """i64[B, H] or f32[B, D], the last."""
    risk: Array
    """f32[B]"""
    affect: Affect

    @property
    def size(self) -> int:
        """B."""
        return int(self.risk.shape[0])


def moment(
    observation: Observation, percept: Percept, affect: Affect, last: Tensor,
    config: ReasoningConfig,
) -> Moment:  # fmt: skip
    """Returns what rules are judged on; `last` is the action before this tick."""
    believed, doubt = percept.facts.numpy().T, percept.doubt.numpy().T
    margin = config.width * doubt
    return Moment(
        lowest=believed - margin, highest=believed + margin, sure=believed >= config.certain,
        maybe=believed >= config.possible, likely=believed >= 0.5, doubt=doubt,
        scene=percept.scene.numpy(),
        parts={name: part.numpy() for name, part in observation.parts.items()},
        action=last.numpy(), risk=percept.risk.numpy(), affect=affect,
    )  # fmt: skip


class Subjects:
    """The names of one world; writes them on a tape, and fills the tape's inputs."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Knows what `spec` declares."""
        self.spec, self.config = spec, config
        self._facts = {fact.name: k for k, fact in enumerate(spec.facts)}
        self._fill: dict[str, Callable[[Moment], Array]] = {}
        self._parts = {
            part.name: math.prod(part.shape)
            for part in spec.parts if part.modality in (Modality.VECTOR, Modality.RANGES)
            or part.modality is Modality.SYMBOLS
        }  # fmt: skip
        if len(self._parts) == 1 and STATE not in self._facts:  # the only numbers there are
            self._parts.setdefault(STATE, next(iter(self._parts.values())))
        self._columns = {
            name: [identifier(column["name"]) for column in columns]
            for name, columns in spec.vectors.items()
        }
        self._attributes = numeric_attributes(spec)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that stand alone."""
        return (*self._facts, *self._parts, "risk", "last", "affect")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Classes of what the scene may hold."""
        return (*(self.spec.scene.classes if self.spec.scene else ()), ANYTHING)

    def inputs(self, tape: Tape, now: Moment) -> dict[str, Array]:
        """Returns what a tape needs."""
        return {name: self._fill[name](now) for name in tape.needs}

    # ------------------------------------------------------------------ names on a tape

    def fact(self, tape: Tape, name: str) -> Number | Claim | None:
        """Returns a fact; None if there is none of this name."""
        if name not in self._facts:
            return None
        k = self._facts[name]
        declared = self.spec.facts[k]
        means: Claim | None = None
        if declared.requires:
            needed = self.fact(tape, declared.requires)
            means = needed if isinstance(needed, Claim) else None
        if declared.is_boolean:
            claim = Claim(
                self._input(tape, f"sure {name}", lambda now: now.sure[k]),
                self._input(tape, f"maybe {name}", lambda now: now.maybe[k]),
            )
            return claim if means is None else tape.all_of([means, claim])
        return Number(
            self._input(tape, f"lowest {name}", lambda now: now.lowest[k]),
            self._input(tape, f"highest {name}", lambda now: now.highest[k]), means,
        )  # fmt: skip

    def likely(self, tape: Tape, name: str) -> Claim | None:
        """Returns whether a boolean is likelier than not; None if there is no boolean so called."""
        if name not in self._facts or not self.spec.facts[self._facts[name]].is_boolean:
            return None
        k = self._facts[name]
        place = self._input(tape, f"likely {name}", lambda now: now.likely[k])
        needed = self.likely(tape, self.spec.facts[k].requires)
        claim = Claim(place, place)
        return claim if needed is None else tape.all_of([needed, claim])

    def doubt(self, tape: Tape, name: str) -> Number | None:
        """Returns the standard deviation of what is believed of a fact."""
        if name not in self._facts:
            return None
        k = self._facts[name]
        return self._exact(tape, f"doubt {name}", lambda now: now.doubt[k])

    def risk(self, tape: Tape) -> Number:
        """Returns the probability of failure soon."""
        return self._exact(tape, "risk", lambda now: now.risk)

    def part_size(self, name: str) -> int:
        """Returns how many numbers a part of the observation has; 0: there is none to speak of."""
        return self._parts.get(name, 0)

    def part(self, tape: Tape, name: str, index: int) -> Number:
        """Returns one number of the observation, as it is; of a grid, counted row by row."""
        only = next(iter(self._parts))

        def find(now: Moment) -> Array:
            whole = now.parts[name if name in now.parts else only]
            return whole.reshape(now.size, -1)[:, index].astype(np.float32)

        return self._exact(tape, f"{name}[{index}]", find)

    def columns(self, part: str) -> list[str]:
        """Returns names of a part's numbers; none where the world gives none."""
        return self._columns.get(part, [])

    def feeling(self, tape: Tape, name: str) -> Number:
        """Returns one number of the affect, of FEELINGS."""
        return self._exact(tape, f"affect {name}", lambda now: _feeling(now.affect, name).numpy())

    @property
    def attributes(self) -> tuple[str, ...]:
        """What can be said of the last action."""
        return tuple(self._attributes)

    def last(self, tape: Tape, attribute: str) -> Number:
        """Returns an attribute of the last action; of several heads, that of the first."""
        values = self._attributes[attribute]
        if self.spec.actions.is_box:
            return self._exact(
                tape, f"last {attribute}", lambda now: now.action[:, int(values[0])]
            )
        return self._exact(tape, f"last {attribute}", lambda now: values[now.action[:, 0]])

    def nearest(self, tape: Tape, kind: str, right: float, left: float) -> Number:
        """Returns how far the nearest thing of a class is within two bearings [m].

        Args:
          kind: one of `kinds`. right, left: [deg] bearings, 0 ahead, positive to the left.
        """
        scene = self.spec.scene
        assert scene is not None, "names of classes come from a scene"
        centre = (np.arange(scene.sectors) + 0.5) / scene.sectors * 360.0 - 180.0
        inside = np.flatnonzero((centre >= right) & (centre <= left))
        wanted = scene.classes.index(kind) if kind != ANYTHING else -1
        width, config = self.config.width, self.config

        def find(now: Moment, sign: float, least: float) -> Array:
            rows = now.scene[:, inside]
            counts = rows[..., _PRESENCE] >= least
            if wanted >= 0:
                counts &= rows[..., _CLASS] == wanted
            far = np.where(counts, rows[..., _RANGE] + sign * width * rows[..., _SIGMA], np.inf)
            found: Array = far.min(-1, initial=scene.range).clip(0.0, scene.range)
            return found.astype(np.float32)

        name = f"{kind} {right:g} {left:g}"
        return Number(
            self._input(tape, f"from {name}", lambda now: find(now, -1.0, config.possible)),
            self._input(tape, f"to {name}", lambda now: find(now, 1.0, config.certain)),
        )

    def _exact(self, tape: Tape, name: str, fill: Callable[[Moment], Array]) -> Number:
        place = self._input(tape, name, fill)
        return Number(place, place)

    def _input(self, tape: Tape, name: str, fill: Callable[[Moment], Array]) -> int:
        self._fill[name] = fill
        return tape.input(name)


def identifier(name: str) -> str:
    """Returns a name as it stands in a rule: "yaw rate" is yaw_rate."""
    return re.sub(r"\W+", "_", name)


def numeric_attributes(spec: WorldSpec) -> dict[str, NDArray[np.float32]]:
    """Returns {name: value of each option of the first head}: what the world says of its actions,
    and `action`, the option's own number. Of a Box {dimension's name: its number}."""
    actions = spec.actions
    if actions.is_box:
        return {
            identifier(name): np.array([k], np.float32) for k, name in enumerate(actions.names)
        }
    found = {"action": np.arange(actions.sizes[0], dtype=np.float32)}
    names = dict.fromkeys(name for one in actions.attributes for name in one)
    for name in names:
        values = [one.get(name) for one in actions.attributes[: actions.sizes[0]]]
        if all(isinstance(value, (int, float)) for value in values):
            found[identifier(name)] = np.array(values, np.float32)
    return found


def _feeling(affect: Affect, name: str) -> Tensor:
    if name in EMOTIONS:
        return affect.emotions[:, EMOTIONS.index(name)]
    if name in ("pleasure", "arousal", "dominance"):
        return affect.pad[:, ("pleasure", "arousal", "dominance").index(name)]
    found: Tensor = getattr(affect, name)
    return found.to(torch.float32)
