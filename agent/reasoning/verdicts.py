"""What every shield gives, whatever it shields: a verdict on what may be done, and its causes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import MARGINS, ReasoningConfig
from ..types import Observation, Percept, WorldSpec
from .consequences import attributes

Array = NDArray[np.float32]


class AbstractVerdict(ABC):
    """What may be done, for B lives. Causes go by their place in the shield's `causes`."""

    @property
    @abstractmethod
    def slack(self) -> Array:
        """f32[B] [m]: what is left over of the room that is needed; inf where nothing is near."""

    @property
    @abstractmethod
    def fired(self) -> NDArray[np.bool_]:
        """bool[C, B]: which causes have something to forbid."""

    @abstractmethod
    def masks(self) -> Sequence[NDArray[np.bool_]]:
        """Returns masks bool[B, A] of options to be taken away one mask after another; one that
        would leave nothing is to be passed over."""

    def preference(self, allowed: NDArray[np.bool_]) -> Array | float:
        """Returns f32[B, A]: what it would rather see done of the options that shield and rules
        left, bool[B, A], as weights in the logits; 0: it doesn't mind."""
        return 0.0

    @abstractmethod
    def against(self, cause: int, lane: int) -> NDArray[np.bool_]:
        """Returns bool[A]: the options that one cause forbids a life."""

    @abstractmethod
    def bound(self, lower: Array, upper: Array) -> None:
        """Tightens the bounds f32[B, D] of a Box's actions, in place."""

    @abstractmethod
    def cuts(self, cause: int, lane: int, action: Array) -> bool:
        """Returns whether one cause bounds a Box's action f32[D] of a life."""

    @abstractmethod
    def words(self, cause: int, lane: int, percept: Percept, action: NDArray[Any]) -> str:
        """Returns why one cause forbids an action, i64[H] or f32[D], of a life."""


class AbstractShield(ABC):
    """Judges a batch of lives."""

    @property
    @abstractmethod
    def causes(self) -> tuple[str, ...]:
        """Names of what may stand in the way."""

    @abstractmethod
    def judge(self, observation: Observation, percept: Percept, caution: Array) -> AbstractVerdict:
        """Returns what may be done.

        Args:
          caution: f32[B] within [0, 1]; reaction time and margin grow by so large a part.
        """


def controls_of(spec: WorldSpec, keys: tuple[str, ...]) -> Array:
    """Returns f32[A, keys]: what each option does, as metadata["actions"] says.

    Raises:
      ValueError: it doesn't say so of every option.
    """
    names, rows = spec.motion["controls"], attributes(spec.actions)
    try:
        return np.array([[row[names[key]] for key in keys] for row in rows], np.float32)
    except KeyError as missing:
        raise ValueError(
            f'metadata["actions"] of {spec.env} must give {missing} of every action for the '
            "shield; it doesn't. Set reasoning to rules."
        ) from missing


def with_margins(config: ReasoningConfig, spec: WorldSpec | None = None) -> ReasoningConfig:
    """Returns the config with all its margins: a car's are not a robot's, so worlds may state them.

    Raises:
      ValueError: the world states another figure than a shield's margins, or a negative one.
    """
    stated = {} if spec is None else spec.motion.get("margins", {})
    for name, value in stated.items():
        if name not in MARGINS or not value >= 0:
            raise ValueError(
                f'metadata["motion"]["margins"] must give {", ".join(MARGINS)}, '
                f"each at least 0; got {name!r}: {value!r}."
            )
    values = {
        name: stated.get(name, usual) if getattr(config, name) is None else getattr(config, name)
        for name, usual in MARGINS.items()
    }
    return replace(config, **values)


def lacks(spec: WorldSpec, model: str, needed: tuple[str, ...]) -> str:
    """Returns what a world's motion lacks for a model, to end a message; "" where it has all."""
    missing = [name for name in needed if name not in spec.motion]
    if spec.motion.get("model") == model and not missing:
        return ""
    without = f", without {', '.join(missing)}" if spec.motion and missing else ""
    return f"got {spec.motion.get('model', 'none')}{without}."


def bearings_of(sectors: int) -> Array:
    """Returns f32[S, 2]: cosine and sine of the middle of each sector of a scene."""
    bearing = ((np.arange(sectors) + 0.5) / max(sectors, 1) * 2.0 - 1.0) * np.pi
    return np.stack((np.cos(bearing), np.sin(bearing)), axis=-1).astype(np.float32)
