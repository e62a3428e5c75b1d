"""The shield of a car: responsibility-sensitive safety over what is believed of the road ahead.

An action may be taken if, whatever those ahead do within the stated bounds, the ego can still stop
behind them. What is believed is widened by its doubt, so that the guarantee holds where errors stay
within `margin_width` σ. Source: Shalev-Shwartz et al. 2017, "On a formal model of safe and scalable
self-driving cars", definitions 1 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig
from ..types import SCENE_COLUMNS, Observation, Percept, WorldSpec
from .rss import LATERAL_ACCELERATION, LEAD, Bounds, judge
from .subjects import identifier
from .verdicts import (
    AbstractShield,
    AbstractVerdict,
    Array,
    bearings_of,
    controls_of,
    lacks,
    with_margins,
)

SHIELD = ("shield: distance ahead", "shield: left side", "shield: right side")
AHEAD, LEFT, RIGHT = range(3)
CLASS = SCENE_COLUMNS.index("class")
SHARP = 0.5  # part of the steering from which an action steers at what is beside
LEAD_FACTS = ("present", "distance", "closing_speed")
NEEDED = ("ego", "controls", "length", "width", "acceleration")


@dataclass(frozen=True)
class Controls:
    """What actions do to a car: options of a choice, or the pedal's place in a Box."""

    pedal: Array
    """f32[A] [m/s2]; empty for a Box."""
    wheel: Array
    """f32[A] part of the steering; empty for a Box."""
    column: int
    """The pedal's dimension of a Box; -1 for a choice."""
    lowest: float
    """The least that it can be in a Box."""
    scale: tuple[float, float]
    """[m/s2] that 1 and -1 of it stand for."""
    drive: float
    """[m/s2] the strongest acceleration that the ego can ask for."""
    classes: tuple[str, ...]
    """Of the scene."""


@dataclass(frozen=True)
class Verdict(AbstractVerdict):
    """What a car may do, for B lives."""

    highest: Array
    """f32[B] [m/s2] the largest safe acceleration; inf where nobody is ahead."""
    who: NDArray[np.int64]
    """i64[B] whom it is because of: NOBODY, LEAD, or 1 + sector."""
    gap: Array
    """f32[B] [m] to them, bumper to bumper, as believed; inf where nobody is ahead."""
    needed: Array
    """f32[B] [m] what keeping speed needs, margin included."""
    left: NDArray[np.bool_]
    """bool[B] something is beside, too near on the left to steer to it."""
    right: NDArray[np.bool_]
    """bool[B] the same on the right."""
    controls: Controls
    """What may be asked of the ego."""

    @property
    def slack(self) -> Array:
        """f32[B] [m]: gap without what is needed; inf where nobody is ahead."""
        return self.gap - self.needed

    @property
    def fired(self) -> NDArray[np.bool_]:
        """bool[3, B]: which causes have something to forbid."""
        return np.stack((self.highest < self.controls.drive, self.left, self.right))

    def masks(self) -> Sequence[NDArray[np.bool_]]:
        """Returns masks bool[B, A] of options to be taken away one mask after another; one that
        would leave nothing is to be passed over."""
        wheel = self.controls.wheel
        at_side = self.left[:, None] & (wheel > SHARP)
        at_side |= self.right[:, None] & (wheel < -SHARP)
        return ~_slow_enough(self.controls.pedal, self.highest), at_side

    def against(self, cause: int, lane: int) -> NDArray[np.bool_]:
        """Returns bool[A]: the options that one cause forbids a life."""
        if cause == AHEAD:
            slow: NDArray[np.bool_] = _slow_enough(self.controls.pedal, self.highest)[lane]
            return ~slow
        wheel = self.controls.wheel
        beside = self.left if cause == LEFT else self.right
        sharp: NDArray[np.bool_] = wheel > SHARP if cause == LEFT else wheel < -SHARP
        return sharp if beside[lane] else np.zeros_like(sharp)

    def bound(self, lower: Array, upper: Array) -> None:
        """Holds the pedal's dimension below what is safe; its units are the world's."""
        column, (drive, brake) = self.controls.column, self.controls.scale
        scale = np.where(self.highest > 0, drive, brake).astype(np.float32)
        upper[:, column] = np.clip(self.highest / scale, lower[:, column], upper[:, column])

    def cuts(self, cause: int, lane: int, action: Array) -> bool:
        """Returns whether the pedal of a life is pressed further than is safe."""
        column, (drive, brake) = self.controls.column, self.controls.scale
        scale = np.float32(drive if self.highest[lane] > 0 else brake)
        most = max(self.highest[lane] / scale, self.controls.lowest)
        return cause == AHEAD and bool(action[column] > most)

    def words(self, cause: int, lane: int, percept: Percept, action: NDArray[Any]) -> str:
        """Returns why one cause forbids an action of a life."""
        if cause != AHEAD:
            return f"something is too near on the {'left' if cause == LEFT else 'right'}"
        who, gap, needed = int(self.who[lane]), float(self.gap[lane]), float(self.needed[lane])
        whom = "the vehicle ahead"
        if who != LEAD and self.controls.classes:
            kind = int(percept.scene[lane, who - 1, CLASS])
            whom = f"the {self.controls.classes[kind]} in the way"
        return f"gap {gap:.1f} m to {whom}, {needed:.1f} m needed to keep speed"


def _slow_enough(pedal: Array, highest: Array) -> NDArray[np.bool_]:
    """Returns bool[B, A]: accelerations that are safe; the hardest braking always is."""
    slow: NDArray[np.bool_] = pedal <= highest[:, None] + 1e-4
    slow |= pedal <= pedal.min() + 1e-4
    return slow


class Shield(AbstractShield):
    """Judges a batch of cars."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Knows the ego's body and what it can do, as the world declares them.

        Raises:
          ValueError: the world declares no motion, or another than a bicycle's.
        """
        motion: Mapping[str, Any] = spec.motion
        told = lacks(spec, "bicycle", NEEDED)
        if told:
            raise ValueError(
                f"`reasoning` must be off or rules in {spec.env}: the shield needs "
                f'metadata["motion"] of a bicycle; {told}'
            )
        config = with_margins(config, spec)
        self.spec, self.config = spec, config
        part, column = motion["ego"]["speed"]
        self._speed = (str(part), int(column))
        names, lead = spec.fact_names, motion.get("lead")
        facts = [names.index(lead[key]) for key in LEAD_FACTS] if lead else [-1] * len(LEAD_FACTS)
        self._lead = np.array(facts)
        scene = spec.scene
        sectors = scene.sectors if scene else 0
        self._bearings = bearings_of(sectors)
        sizes = np.array(scene.sizes if scene and scene.sizes else [(0.0, 0.0)], np.float32)
        self._half_sizes = sizes / 2.0
        given = {name: float(getattr(config, name)) for name in Bounds._fields[:10]}
        self._bounds = Bounds(
            **given, drive=float(motion["acceleration"][1]), half_length=motion["length"] / 2.0,
            half_width=motion["width"] / 2.0, half_sector=np.pi / max(sectors, 1),
        )

        self._controls = _controls(spec, self._bounds.drive)

    @property
    def causes(self) -> tuple[str, ...]:
        """Names of what may stand in the way."""
        return SHIELD

    def speed(self, observation: Observation) -> Array:
        """Returns the ego's own speed f32[B] [m/s]."""
        part, column = self._speed
        found: Array = observation.parts[part].numpy()[:, column]
        return found

    def judge(self, observation: Observation, percept: Percept, caution: Array) -> Verdict:
        """Returns what may be done.

        Args:
          caution: f32[B] within [0, 1]; reaction time and margin grow by so large a part.
        """
        speed = np.ascontiguousarray(self.speed(observation))
        lanes = len(speed)
        verdict, who = np.empty((lanes, 3), np.float32), np.empty(lanes, np.int64)
        beside = np.zeros((lanes, 2), np.bool_)
        judge(
            self._bounds, speed, caution, percept.facts.numpy(), percept.doubt.numpy(), self._lead,
            percept.scene.numpy(), percept.path.numpy(), self._bearings, self._half_sizes,
            verdict, who, beside,
        )  # fmt: skip
        return Verdict(
            highest=verdict[:, 0], who=who, gap=verdict[:, 1], needed=verdict[:, 2],
            left=beside[:, 0], right=beside[:, 1], controls=self._controls,
        )  # fmt: skip


def _controls(spec: WorldSpec, drive: float) -> Controls:
    """Returns what actions do, as the world says.

    Raises:
      ValueError: it doesn't say so of every action.
    """
    told, none = spec.motion["controls"], np.zeros(0, np.float32)
    classes = spec.scene.classes if spec.scene is not None else ()
    if spec.actions.is_box:
        column = [identifier(name) for name in spec.actions.names].index(told["acceleration"])
        lowest = spec.actions.low[column]
        return Controls(none, none, column, lowest, tuple(told["scale"]), drive, classes)
    pedal, wheel = controls_of(spec, ("acceleration", "steering")).T
    return Controls(pedal, wheel, -1, 0.0, (1.0, 1.0), drive, classes)


ASSUMPTIONS = (
    "the ego begins outside the safe distance, and its brakes reach {brake:g} m/s2",
    "those ahead brake with at most {lead_brake:g} m/s2 and don't go backwards",
    "believed distances are wrong by less than {margin:g} m + {margin_width:g} σ, and σ by itself "
    "accounts for {margin_most:g} m at most",
    "believed speeds of those ahead are wrong by less than {speed_width:g} σ",
    "whoever is in the way is believed to be there with a probability of at least {present:g}",
    "an action takes effect within {latency:g} s and can be changed after {reaction:g} s",
    "on the side: others come nearer with at most {lateral:g} m/s2",
)


def assumptions(config: ReasoningConfig) -> tuple[str, ...]:
    """Returns under what the shield's guarantee holds, a sentence each; all margins are given."""
    values = {
        "brake": config.brake, "lead_brake": config.lead_brake, "margin": config.margin,
        "margin_width": config.margin_width, "speed_width": config.speed_width,
        "present": config.present, "margin_most": config.margin_most,
        "latency": config.latency, "reaction": config.reaction, "lateral": LATERAL_ACCELERATION,
    }  # fmt: skip
    return tuple(line.format(**values) for line in ASSUMPTIONS)
