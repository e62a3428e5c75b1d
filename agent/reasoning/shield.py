"""The shield: responsibility-sensitive safety over what is believed of the road ahead.

An action may be taken if, whatever those ahead do within the stated bounds, the ego can still stop
behind them. What is believed is widened by its doubt, so that the guarantee holds where errors stay
within `margin_width` σ. Source: Shalev-Shwartz et al. 2017, "On a formal model of safe and scalable
self-driving cars", definitions 1 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig
from ..types import Observation, Percept, WorldSpec
from .rss import LATERAL_ACCELERATION, Bounds, judge

Array = NDArray[np.float32]
LEAD_FACTS = ("present", "distance", "closing_speed")
NEEDED = ("ego", "controls", "length", "width", "acceleration")


@dataclass(frozen=True)
class Verdict:
    """What may be done, for B lives."""

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

    @property
    def slack(self) -> Array:
        """f32[B] [m]: gap without what is needed; inf where nobody is ahead."""
        return self.gap - self.needed


class Shield:
    """Judges a batch of lives."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Knows the ego's body and what it can do, as the world declares them.

        Raises:
          ValueError: the world declares no motion, or another than a bicycle's.
        """
        motion: Mapping[str, Any] = spec.motion
        missing = [name for name in NEEDED if name not in motion]
        if motion.get("model") != "bicycle" or missing:
            told = motion.get("model", "none")
            lacks = f", without {', '.join(missing)}" if motion and missing else ""
            raise ValueError(
                f"`reasoning` must be off or rules in {spec.env}: the shield needs "
                f'metadata["motion"] of a bicycle; got {told}{lacks}.'
            )
        self.spec, self.config = spec, config
        part, column = motion["ego"]["speed"]
        self._speed = (str(part), int(column))
        names, lead = spec.fact_names, motion.get("lead")
        facts = [names.index(lead[key]) for key in LEAD_FACTS] if lead else [-1] * len(LEAD_FACTS)
        self._lead = np.array(facts)
        scene = spec.scene
        sectors = scene.sectors if scene else 0
        bearing = ((np.arange(sectors) + 0.5) / max(sectors, 1) * 2.0 - 1.0) * np.pi
        self._bearings = np.stack((np.cos(bearing), np.sin(bearing)), axis=-1).astype(np.float32)
        sizes = np.array(scene.sizes if scene and scene.sizes else [(0.0, 0.0)], np.float32)
        self._half_sizes = sizes / 2.0
        told = {name: float(getattr(config, name)) for name in Bounds._fields[:10]}
        self._bounds = Bounds(
            **told, drive=float(motion["acceleration"][1]), half_length=motion["length"] / 2.0,
            half_width=motion["width"] / 2.0, half_sector=np.pi / max(sectors, 1),
        )

    @property
    def drive(self) -> float:
        """The strongest acceleration that the ego can ask for [m/s2]."""
        return self._bounds.drive

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
            left=beside[:, 0], right=beside[:, 1],
        )  # fmt: skip


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
    """Returns under what the shield's guarantee holds, a sentence each."""
    values = {
        "brake": config.brake, "lead_brake": config.lead_brake, "margin": config.margin,
        "margin_width": config.margin_width, "speed_width": config.speed_width,
        "present": config.present, "margin_most": config.margin_most,
        "latency": config.latency, "reaction": config.reaction, "lateral": LATERAL_ACCELERATION,
    }  # fmt: skip
    return tuple(line.format(**values) for line in ASSUMPTIONS)
