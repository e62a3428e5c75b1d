"""Holds what the window shows for one tick, as plain numpy arrays of one life."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Fact

Image = NDArray[np.uint8]
"""Pixels, uint8 [H, W, 3]."""
HISTORY_TICKS = 200


@dataclass(frozen=True)
class Choice:
    """One discrete decision: its alternatives, how likely each was, and the one taken."""

    names: Sequence[str]
    """Name of each of the A alternatives."""
    chosen: int
    """Index of the one that was taken."""
    probabilities: NDArray[Any] | None = None
    """f32 [A]; None where the driver has none (a scripted expert, a person)."""
    allowed: NDArray[np.bool_] | None = None
    """bool [A]; None: everything is allowed."""
    attributes: Sequence[Mapping[str, Any]] = ()
    """What each alternative does, `metadata["actions"]`; two numbers each make a grid."""


@dataclass(frozen=True)
class Setting:
    """One number on a scale: a gauge of the vehicle, or one axis of a continuous action."""

    name: str
    value: float
    low: float
    """The left end; above `high` where the left is positive, as in steering."""
    high: float
    unit: str = ""
    mean: float | None = None
    """Middle of the distribution that the value was drawn from."""
    deviation: float | None = None
    """Standard deviation of that distribution."""


@dataclass(frozen=True)
class Feelings:
    """What the mind feels now."""

    emotions: Mapping[str, float]
    """Strength of each, 0 to 1."""
    pleasure: float
    """-1 to 1, as are arousal and mood."""
    arousal: float
    mood: tuple[float, ...]
    """Its pleasure and arousal."""
    effects: Mapping[str, float]
    """What they do now: warmth (the temperature of decisions, 1 is neutral), caution (0 to 1)."""
    line: str
    """The strongest emotion, and its cause."""


class History:
    """Keeps value, reward, reward terms and feelings of the last ticks, for curves and trail.

    The caller adds every tick, also those that are not drawn; adding costs microseconds.
    """

    def __init__(self, ticks: int = HISTORY_TICKS) -> None:
        self.ticks = ticks
        self.values: deque[float] = deque(maxlen=ticks)
        self.rewards: deque[float] = deque(maxlen=ticks)
        self.terms: dict[str, deque[float]] = {}
        self.felt: deque[tuple[float, float]] = deque(maxlen=ticks)
        """Pleasure and arousal."""
        self.total = 0.0
        """Sum of rewards since the last `clear`."""

    def add(self, value: float | None, reward: float, terms: Mapping[str, float] | None = None,
            felt: tuple[float, float] | None = None) -> None:
        """Appends one tick; a term that is missing this time counts as 0."""
        for name in terms or {}:
            if name not in self.terms:
                self.terms[name] = deque([0.0] * len(self.rewards), maxlen=self.ticks)
        for name, kept in self.terms.items():
            kept.append(float((terms or {}).get(name, 0.0)))
        if felt is not None:
            self.felt.append(felt)
        self.values.append(math.nan if value is None else float(value))
        self.rewards.append(float(reward))
        self.total += float(reward)

    def clear(self) -> None:
        """Forgets everything, as at the start of an episode."""
        self.values.clear()
        self.rewards.clear()
        self.terms.clear()
        self.felt.clear()
        self.total = 0.0


@dataclass(frozen=True)
class Frame:
    """Everything that the window shows for one tick. What is None or empty has no panel.

    Facts, scene and path follow the layout that the environment's metadata declares: K facts;
    scene f32 [S, 7] (range, closing speed, tangential speed, class, sigma range, sigma speed,
    presence; sector 0 begins straight behind, counter-clockwise); path f32 [P, 2] (ahead, left).
    """

    env: str
    """Id of the environment."""
    driver: str
    """Who acts: "expert", "mind, untrained", "keyboard", ..."""
    world: Image | None = None
    """The environment's own picture, `env.render()`."""
    inputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """What the mind takes in: pictures uint8 [H, W, 3|1] or [H, W], vectors [N]."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What it is told in words, or as the number of a discrete state: {part: what}."""
    labels: Image | None = None
    """Class labels of the first picture, in colours."""
    label_classes: Sequence[Mapping[str, Any]] = ()
    """`metadata["labels"]`: name and colour of each class."""
    saliency: NDArray[Any] | None = None
    """f32 [H, W] within 0 and 1: what in the first picture the action hangs on."""
    saliency_note: str = ""
    """What the saliency is, or why there is none."""
    facts: Sequence[Fact] = ()
    believed: NDArray[Any] | None = None
    doubt: NDArray[Any] | None = None
    """Standard deviation of each believed fact."""
    true: NDArray[Any] | None = None
    known: NDArray[np.bool_] | None = None
    """Could the sensors know the fact at all?"""
    believed_by: str = "believed"
    """Where beliefs come from, in a word or two: "untrained"."""
    scene_believed: NDArray[Any] | None = None
    scene_true: NDArray[Any] | None = None
    scene_range: float = 40.0
    """Largest range shown [m]."""
    scene_classes: Sequence[str] = ()
    path_believed: NDArray[Any] | None = None
    path_true: NDArray[Any] | None = None
    choices: Sequence[Choice] = ()
    settings: Sequence[Setting] = ()
    """Axes of a continuous action."""
    gauges: Sequence[Setting] = ()
    """Numbers of the vehicle: speed, steering."""
    reasons: Sequence[str] = ()
    """Why it acts so, where the mind reasons: first in a line, then cause by cause."""
    feelings: Feelings | None = None
    """Where the mind feels."""
    history: History | None = None
    score: Mapping[str, float] = field(default_factory=dict)
    """Score so far, by name."""
    mission: Sequence[tuple[str, bool]] = ()
    """What it was told to do, part by part, and whether that is done."""
    town: int | None = None
    home: int | None = None
    seed: int | None = None
    episode: int | None = None
    """Counted from 1."""
    step: int | None = None
    seconds: float | None = None
    """Simulated time in this episode [s]."""
    command: str = ""
    """What the route asks for: "turn left"."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Beside the gauges, what is told in a word or two: {"carries": "ball, red"}."""
    ranges: NDArray[Any] | None = None
    """f32 [N] distances measured around it [m], counter-clockwise from straight ahead."""
    ranges_most: float = math.inf
    """[m] at which a ray has met nothing."""
    ranges_name: str = "lidar"
    caption: str = ""
    """What the picture of the world shows."""
