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

Array = NDArray[np.float32]
NOBODY, LEAD = -1, 0  # whom a verdict is about; 1 + s is the thing in sector s of the scene
NEEDED = ("ego", "controls", "length", "width", "acceleration")
SIDE = 0.3  # [m] kept free on either side of the ego
STEP_IN = 1.0  # [s] for which something beside the path is taken to go on towards it
BESIDE = 1.0  # [m] before and behind the ego's body, within which a thing is beside it
LATERAL_ACCELERATION, LATERAL_BRAKE = 0.5, 1.5  # [m/s2] a_lat and b_lat of either side
LATERAL_BLUR = 1.0  # [m] by which half a sector may blur where a thing is across the path
STILL = 0.1  # [m/s] at which the ego counts as standing


# ------------------------------------------------------------------------------ closed forms


def safe_distance(rear: Any, front: Any, reaction: Any, drive: Any, brake: Any, lead_brake: Any
                  ) -> Any:
    """Returns how far the rear of two must be behind [m], with both going the same way.

    The rear one may drive with `drive` for `reaction` seconds, then brakes with `brake`; the front
    one brakes with `lead_brake` at once. Speeds in m/s, accelerations in m/s2 and positive. Source:
    Shalev-Shwartz 2017, lemma 2.
    """
    faster = rear + reaction * drive
    travelled = rear * reaction + 0.5 * drive * reaction**2 + faster**2 / (2.0 * brake)
    return np.maximum(travelled - front**2 / (2.0 * lead_brake), 0.0)


def largest_safe_acceleration(
    rear: Any, front: Any, room: Any, reaction: Any, brake: Any, lead_brake: Any
) -> Any:
    """Returns the largest acceleration that may be held for `reaction` seconds [m/s2].

    The positive root of safe_distance(…) = room, `room` being the gap without its margin; -inf
    where none would do, so that the ego has to brake as hard as it can.
    """
    a = reaction**2 / (2.0 * brake)
    b = reaction**2 / 2.0 + rear * reaction / brake
    c = rear * reaction + rear**2 / (2.0 * brake) - front**2 / (2.0 * lead_brake) - room
    under = b**2 - 4.0 * a * c
    root = (-b + np.sqrt(np.maximum(under, 0.0))) / (2.0 * a)
    # Before `reaction` is over a car that brakes stands: what it needs is then v²/2|a| alone.
    stops = rear + root * reaction < 0.0
    free = room + front**2 / (2.0 * lead_brake)
    halting = -(rear**2) / (2.0 * np.maximum(free, 1e-6))
    found = np.where(stops, np.minimum(halting, -rear / reaction), root)
    return np.where((under < 0.0) & ~stops | (free < 0.0), -np.inf, found)


def lateral_distance(left: Any, right: Any, reaction: Any) -> Any:
    """Returns how far two must be apart sideways [m].

    Args:
      left: [m/s] speed of the left one towards the right one. right: of the right one towards the
        left one. Source: Shalev-Shwartz 2017, definition 6, with μ = 0.
    """
    def reach(speed: Any) -> Any:
        later = speed + reaction * LATERAL_ACCELERATION
        return 0.5 * (speed + later) * reaction + later * np.abs(later) / (2.0 * LATERAL_BRAKE)

    return np.maximum(reach(left) + reach(right), 0.0)


# ------------------------------------------------------------------------------ the shield


@dataclass(frozen=True)
class Verdict:
    """What may be done, for B lives."""

    highest: Array
    """f32[B] [m/s2] the largest safe acceleration; inf where nobody is ahead."""
    who: NDArray[np.int64]
    """i64[B] whom it is because of: NOBODY, LEAD, or 1 + sector."""
    gap: Array
    """f32[B] [m] to them, bumper to bumper, as believed."""
    needed: Array
    """f32[B] [m] what keeping speed needs, margin included."""
    left: NDArray[np.bool_]
    """bool[B] something is beside, too near on the left to steer to it."""
    right: NDArray[np.bool_]
    """bool[B] the same on the right."""

    @property
    def slack(self) -> Array:
        """f32[B] [m]: gap without what is needed; inf where nobody is ahead."""
        return np.where(self.who == NOBODY, np.float32(np.inf), self.gap - self.needed)


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
        self._half_length, self._half_width = motion["length"] / 2.0, motion["width"] / 2.0
        self._drive = float(motion["acceleration"][1])
        part, column = motion["ego"]["speed"]
        self._speed = (str(part), int(column))
        lead = motion.get("lead")
        names = spec.fact_names
        self._lead = {key: names.index(name) for key, name in lead.items()} if lead else None
        scene = spec.scene
        sectors = scene.sectors if scene else 0
        bearing = ((np.arange(sectors) + 0.5) / max(sectors, 1) * 2.0 - 1.0) * np.pi
        self._sector = np.pi / max(sectors, 1)  # [rad] half of what one covers
        self._front = np.flatnonzero(np.abs(bearing) < np.pi / 2)
        self._cosine = np.cos(bearing).astype(np.float32)
        self._sine = np.sin(bearing).astype(np.float32)
        sizes = np.array(scene.sizes if scene and scene.sizes else [(0.0, 0.0)], np.float32)
        self._half_sizes = sizes / 2.0

    @property
    def drive(self) -> float:
        """The strongest acceleration that the ego can ask for [m/s2]."""
        return self._drive

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
        config = self.config
        speed = self.speed(observation)
        gap, front, doubt, is_there = self._ahead(percept, speed)
        reaction = np.maximum(config.reaction, 1e-3) * (1.0 + caution)
        doubted = np.minimum(config.margin_width * doubt, config.margin_most)
        margin = (1.0 + caution)[:, None] * config.margin + doubted
        later, front, shrunk = self._over_latency(speed, front)
        room = gap - margin - shrunk
        free = largest_safe_acceleration(
            later[:, None], front, room, reaction[:, None], config.brake, config.lead_brake
        )
        free = np.where(is_there, free, np.inf).astype(np.float32)
        worst = free.argmin(-1)
        lanes = np.arange(len(speed))
        highest = free[lanes, worst]
        is_bound = np.isfinite(highest) | (highest == -np.inf)
        needs = safe_distance(
            later, front[lanes, worst], reaction, 0.0, config.brake, config.lead_brake
        )
        left, right = self._beside(percept, speed, reaction, margin_side=config.margin)
        return Verdict(
            highest=highest,
            who=np.where(is_bound, worst, NOBODY),
            gap=gap[lanes, worst].astype(np.float32),
            needed=(needs + (margin + shrunk)[lanes, worst]).astype(np.float32),
            left=left,
            right=right,
        )

    def _over_latency(self, speed: Array, front: Array) -> tuple[Any, Any, Any]:
        """Returns the ego's speed, that of those ahead, and how much the gap shrinks, until an
        action of now takes effect: at the worst the ego drives and those ahead brake as hard as
        they can."""
        wait = self.config.latency
        if wait == 0.0:
            return speed, front, np.zeros_like(front)
        later = speed + self._drive * wait
        lead_brake = self.config.lead_brake
        slower = np.maximum(front - lead_brake * wait, 0.0)
        their_way = (front**2 - slower**2) / (2.0 * lead_brake)
        own_way = 0.5 * (speed + later) * wait
        return later, slower, own_way[:, None] - their_way

    def _ahead(self, percept: Percept, speed: Array) -> tuple[Array, Array, Array, Any]:
        """Returns what is in the ego's way: gap, its speed along the way, σ of the gap, whether it
        may be there; [B, 1 + S], the lead first."""
        scene = percept.scene.numpy()
        lanes, sectors = scene.shape[:2]
        shape = (lanes, 1 + sectors)
        gap, front = np.full(shape, np.inf, np.float32), np.zeros(shape, np.float32)
        doubt, is_there = np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
        if self._lead is not None:
            facts, sigma = percept.facts.numpy(), percept.doubt.numpy()
            k = self._lead
            gap[:, 0] = facts[:, k["distance"]]
            slow = self.config.speed_width * sigma[:, k["closing_speed"]]
            front[:, 0] = np.maximum(speed - facts[:, k["closing_speed"]] - slow, 0.0)
            doubt[:, 0] = sigma[:, k["distance"]]
            is_there[:, 0] = facts[:, k["present"]] >= self.config.present
        if sectors:
            some = self._front
            found = self._in_the_way(scene[:, some], some, percept, speed)
            for whole, part in zip((gap, front, doubt, is_there), found, strict=True):
                whole[:, 1 + some] = part
        return gap, front, doubt, is_there

    def _in_the_way(self, scene: Array, some: Any, percept: Percept, speed: Array
                    ) -> tuple[Any, ...]:
        """Returns the same of the scene's sectors in front: what stands in the believed path."""
        reach, closing, around, kind, sigma, _, presence = np.moveaxis(scene, -1, 0)
        cosine, sine = self._cosine[some], self._sine[some]
        x, y, across = reach * cosine, reach * sine, around * cosine - closing * sine
        size = self._half_sizes[np.clip(kind.astype(np.int64), 0, len(self._half_sizes) - 1)]
        way, lateral = along(percept.path.numpy(), x, y)
        inward = np.maximum(-np.sign(lateral) * across, 0.0) * STEP_IN
        free = np.abs(lateral) - inward - size[..., 1] - self._half_width - SIDE
        gap = way - size[..., 0] - self._half_length
        is_there = (presence >= self.config.present) & (free < 0.0) & (way > 0.0)
        is_there &= reach * self._sector < LATERAL_BLUR  # farther off, which lane is unknown
        return gap, np.maximum(speed[:, None] - closing, 0.0), sigma, is_there

    def _beside(self, percept: Percept, speed: Array, reaction: Array, margin_side: float
                ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Returns whether something is too near beside to be steered at: left bool[B], right."""
        scene = percept.scene.numpy()
        if scene.shape[1] == 0:
            nothing = np.zeros(len(scene), np.bool_)
            return nothing, nothing
        reach, closing, around, kind, _, _, presence = np.moveaxis(scene, -1, 0)
        x, y = reach * self._cosine, reach * self._sine
        across = around * self._cosine - closing * self._sine  # [m/s] to the left
        size = self._half_sizes[np.clip(kind.astype(np.int64), 0, len(self._half_sizes) - 1)]
        beside = np.abs(x) < self._half_length + size[..., 0] + BESIDE
        apart = np.abs(y) - self._half_width - size[..., 1]
        towards = np.maximum(-np.sign(y) * across, 0.0)
        needed = lateral_distance(towards, np.zeros_like(towards), reaction[:, None])
        is_near = (presence >= self.config.certain) & beside & (apart < needed + margin_side)
        is_near &= (speed > STILL)[:, None]
        return (is_near & (y > 0.0)).any(-1), (is_near & (y < 0.0)).any(-1)


def along(path: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Returns how far along a path points are, and how far to its left [m], f32[B, N] each.

    Args:
      path: f32[B, P, 2] ahead of the ego, which stands at the origin. x, y: f32[B, N].
    """
    if path.shape[1] == 0:
        return x, y
    knots = np.concatenate((np.zeros_like(path[:, :1]), path), axis=1)
    step = np.diff(knots, axis=1)
    length = np.maximum(np.sqrt((step**2).sum(-1)), 1e-3)
    ahead = step / length[..., None]  # [B, P, 2] unit vectors
    begun = np.cumsum(length, axis=1) - length
    dx = x[:, :, None] - knots[:, None, :-1, 0]
    dy = y[:, :, None] - knots[:, None, :-1, 1]
    cos, sin = ahead[:, None, :, 0], ahead[:, None, :, 1]
    onto = dx * cos + dy * sin
    inside = np.clip(onto, 0.0, length[:, None])
    inside[..., -1] = np.maximum(onto[..., -1], 0.0)  # the last piece goes on straight
    left = cos * dy - sin * dx
    miss = left**2 + (onto - inside) ** 2
    best = miss.argmin(-1)[..., None]
    way = np.take_along_axis(begun[:, None] + inside, best, -1)[..., 0]
    side = np.take_along_axis(left, best, -1)[..., 0]
    return way, side


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
