"""The shield of a robot: every command as an arc, and whether the robot stands before it touches.

What may be asked is what the dynamic window leaves: commands after which, held for one decision and
braked, nothing is touched that the lidar measures, nor anybody who walks on as believed. Turning on
the spot and stopping touch nobody; who walks into a robot that stands does so himself ("passive
safety"). Source: Fox, Burgard & Thrun 1997, "The dynamic window approach to collision avoidance".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig
from ..types import Observation, Percept, WorldSpec
from .consequences import attributes
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
from .window import BEARING, CLOSE, GAP, SLACK, SOMEBODY, WAY, Window, judge

CAUSES = ("shield: people", "shield: surroundings")  # in the order of window's causes
NEEDED = (
    "ego", "controls", "length", "width", "decision", "speed", "turn", "acceleration",
    "turn_acceleration", "ranges",
)  # fmt: skip
TICKS = 5  # in which a decision is rolled out
STAND = 4.0  # weight of standing where the way ahead is forbidden
SLIP_WIDTH = 3.0  # [σ] of the wheels' noise that is allowed for
# What is tried of a Box, as parts of the greatest turn to either side and of the greatest speed
# forwards and backwards; what lies between two that are admissible is taken to be.
TURNS = (0.0, 0.25, 0.5, 0.75, 1.0)
FORWARDS, BACKWARDS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0), (0.25, 0.5, 0.75, 1.0)
QUARTERS = ("ahead", "to the left", "behind", "to the right")


@dataclass(frozen=True)
class Grid:
    """The commands of a Box that are tried, f32 in the order turns × speeds."""

    speeds: Array
    """f32[V] [m/s], 0 first, then forwards, then backwards."""
    turns: Array
    """f32[W] [rad/s], 0 first, then to the left, then to the right."""
    columns: tuple[int, int]
    """The dimensions of speed and turn."""
    scales: Array
    """f32[2, 2]: what 1 and -1 of them stand for, [m/s] and [rad/s]."""

    def prefix(self, may: NDArray[np.bool_], tried: Array) -> tuple[Array, Array]:
        """Returns the least and the greatest f32[B] of what is tried up to which all may be done.

        Args:
          may: bool[B, N]. tried: f32[N], 0 first, then what is above it, then what is below.
        """
        above = int((tried > 0).sum())
        found = []
        for begin, end in ((1 + above, len(tried)), (1, 1 + above)):
            count = np.cumprod(may[:, begin:end], axis=-1).sum(-1)
            found.append(np.concatenate(([0.0], tried[begin:end]))[count].astype(np.float32))
        return found[0], found[1]


@dataclass(frozen=True)
class Arcs(AbstractVerdict):
    """What a robot may do, for B lives; the last of A + 1 commands is to go on as now."""

    cause: NDArray[np.int8]
    """i8[B, A + 1]: why a command is forbidden."""
    figures: Array
    """f32[B, A + 1, 4]: gap now, way to a stand, bearing, slack."""
    commands: Array
    """f32[A, 2] [m/s], [rad/s]."""
    grid: Grid | None
    """How a Box was tried; None for a choice."""
    ahead: int
    """The command that goes straight ahead, the fastest."""
    stands: Array
    """f32[A]: 1 for options that do nothing but stand."""

    @property
    def slack(self) -> Array:
        """f32[B] [m]: what is left over of the room that going on as now needs."""
        found: Array = self.figures[:, -1, SLACK]
        return found

    @property
    def fired(self) -> NDArray[np.bool_]:
        """bool[2, B]: which causes have something to forbid."""
        return np.stack([(self.cause[:, :-1] == 1 + k).any(-1) for k in range(len(CAUSES))])

    def masks(self) -> Sequence[NDArray[np.bool_]]:
        """Returns the mask bool[B, A] of options to be taken away."""
        return (self.cause[:, :-1] > 0,)

    def preference(self, allowed: NDArray[np.bool_]) -> Array:
        """Returns f32[B, A]: to stand where the way ahead is forbidden. Most often it is free again
        a moment later, and who turns away instead has lost his way by then."""
        found: Array = STAND * self.stands * ~allowed[:, self.ahead, None]
        return found

    def against(self, cause: int, lane: int) -> NDArray[np.bool_]:
        """Returns bool[A]: the options that one cause forbids a life."""
        found: NDArray[np.bool_] = self.cause[lane, :-1] == 1 + cause
        return found

    def limits(self) -> Array:
        """Returns f32[B, 2, 2]: least and greatest speed, least and greatest turn of a Box.

        First how sharply it may turn while it brakes; then how fast it may go, whichever of these
        turns is chosen, so that a command is made slower and keeps its turn.
        """
        assert self.grid is not None, "only a Box has limits"
        speeds, turns = self.grid.speeds, self.grid.turns
        may = (self.cause[:, :-1] == 0).reshape(-1, len(turns), len(speeds))
        sharpest = self.grid.prefix(may[:, :, 0], turns)
        within = (turns >= sharpest[0][:, None] - 1e-6) & (turns <= sharpest[1][:, None] + 1e-6)
        fastest = self.grid.prefix((may | ~within[..., None]).all(1), speeds)
        return np.stack((np.stack(fastest, -1), np.stack(sharpest, -1)), axis=1)

    def bound(self, lower: Array, upper: Array) -> None:
        """Tightens the bounds f32[B, D] of speed and turn, in place."""
        assert self.grid is not None, "only a Box has bounds"
        for column, (high, low), (least, most) in zip(
            self.grid.columns, self.grid.scales, self.limits().transpose(1, 2, 0), strict=True
        ):
            lower[:, column] = np.maximum(lower[:, column], -np.abs(least / low))
            upper[:, column] = np.minimum(upper[:, column], np.abs(most / high))

    def cuts(self, cause: int, lane: int, action: Array) -> bool:
        """Returns whether one cause bounds a Box's action f32[D] of a life."""
        if not self.fired[cause, lane]:
            return False
        own = np.where(self.cause[lane : lane + 1] == 1 + cause, self.cause[lane : lane + 1], 0)
        row = replace(self, cause=own)
        lower = np.full((1, len(action)), -np.inf, np.float32)
        upper = np.full((1, len(action)), np.inf, np.float32)
        row.bound(lower, upper)
        return bool(((action < lower[0]) | (action > upper[0])).any())

    def words(self, cause: int, lane: int, percept: Percept, action: NDArray[Any]) -> str:
        """Returns why one cause forbids an action of a life: of a Box, the like of it."""
        row = int(action[0])
        if self.grid is not None:
            forbidden = self.cause[lane, :-1] == 1 + cause
            asked = action[list(self.grid.columns)]
            asked = asked * np.where(asked > 0, self.grid.scales[:, 0], -self.grid.scales[:, 1])
            miss = np.abs(self.commands - asked).sum(-1)
            row = int(np.where(forbidden, miss, np.inf).argmin())
        gap, way, bearing = (float(self.figures[lane, row, k]) for k in (GAP, WAY, BEARING))
        where = QUARTERS[round(bearing / (0.5 * np.pi)) % len(QUARTERS)]
        if cause + 1 == SOMEBODY:
            return f"somebody is {gap:.1f} m {where}, standing takes {way:.1f} m"
        return f"something is {gap:.2f} m {where}, standing takes {way:.2f} m"


class WindowShield(AbstractShield):
    """Judges a batch of robots."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Knows the robot's body and what it can do, as the world declares them.

        Raises:
          ValueError: the world declares no motion, or another than a differential drive's.
        """
        motion = spec.motion
        told = lacks(spec, "differential", NEEDED)
        if told:
            raise ValueError(
                f"`reasoning` must be off or rules in {spec.env}: the shield needs "
                f'metadata["motion"] of a differential drive; {told}'
            )
        self.spec, config = spec, with_margins(config, spec)
        self._own = [(str(part), int(k)) for part, k in
                     (motion["ego"]["speed"], motion["ego"]["turn"])]  # fmt: skip
        sectors = spec.scene.sectors if spec.scene else 0
        self._bearings = bearings_of(sectors)
        self._radii = radii_of(spec)
        self._lidar, self._rays = str(motion["ranges"]["part"]), rays_of(spec)
        self._grid = _grid(spec) if spec.actions.is_box else None
        self._commands = _commands(spec, self._grid)
        straight = self._commands[:, 1] == 0.0
        self._ahead = int(np.where(straight, self._commands[:, 0], -np.inf).argmax())
        self._stands = _stands(spec)
        decision = float(motion["decision"])
        self._window = Window(
            tick=decision / TICKS, decision=decision, acceleration=float(motion["acceleration"]),
            turn_acceleration=float(motion["turn_acceleration"]),
            slip=SLIP_WIDTH * float(motion.get("noise", 0.0)),
            radius=0.5 * max(float(motion["length"]), float(motion["width"])),
            half_sector=np.pi / max(sectors, 1),
            **{name: float(getattr(config, name)) for name in Window._fields[7:]},
        )

    @property
    def causes(self) -> tuple[str, ...]:
        """Names of what may stand in the way."""
        return CAUSES

    def judge(self, observation: Observation, percept: Percept, caution: Array) -> Arcs:
        """Returns what may be done.

        Args:
          caution: f32[B] within [0, 1]; the decision's length and the margin grow by so large a
            part.
        """
        parts = observation.parts
        own = np.stack([parts[part].numpy()[:, k] for part, k in self._own], -1, dtype=np.float32)
        lanes, number = len(own), len(self._commands) + 1
        cause = np.empty((lanes, number), np.int8)
        figures = np.empty((lanes, number, 4), np.float32)
        judge(
            self._window, own, caution, self._commands, parts[self._lidar].numpy(), self._rays,
            percept.scene.numpy(), self._bearings, self._radii, cause, figures,
        )  # fmt: skip
        return Arcs(cause, figures, self._commands, self._grid, self._ahead, self._stands)


def radii_of(spec: WorldSpec) -> Array:
    """Returns f32[C] [m] of each class of a robot's scene, -1 of those who don't walk: those the
    lidar measures."""
    if spec.scene is None:
        return np.full(1, -1.0, np.float32)
    walkers = spec.motion.get("walkers", spec.scene.classes)
    sizes = spec.scene.sizes or ((0.0, 0.0),) * len(spec.scene.classes)
    return np.array(
        [0.5 * max(size) if name in walkers else -1.0
         for name, size in zip(spec.scene.classes, sizes, strict=True)], np.float32,
    )  # fmt: skip


def rays_of(spec: WorldSpec) -> Array:
    """Returns f32[N, 2]: cosine and sine of the rays of a robot's lidar, counter-clockwise."""
    ranges = spec.motion["ranges"]
    rays = next(part.shape[0] for part in spec.parts if part.name == ranges["part"])
    angles = float(ranges["first"]) + 2.0 * np.pi * np.arange(rays) / rays
    return np.stack((np.cos(angles), np.sin(angles)), axis=-1).astype(np.float32)


def _commands(spec: WorldSpec, grid: Grid | None) -> Array:
    """Returns f32[A, 2]: speed and turn of each option, or of what is tried of a Box.

    Raises:
      ValueError: the world doesn't say, or has several heads.
    """
    if grid is not None:
        turns, speeds = np.meshgrid(grid.turns, grid.speeds, indexing="ij")
        return np.stack((speeds.ravel(), turns.ravel()), axis=-1)
    if spec.actions.heads != 1:
        raise ValueError(
            f"`reasoning` must be off or rules in {spec.env}: the shield needs one choice or a "
            f"Box; got {spec.actions.heads} choices."
        )
    return controls_of(spec, ("speed", "turn"))


def _stands(spec: WorldSpec) -> Array:
    """Returns f32[A]: 1 for options of which the world tells nothing but zeros, and a name."""
    told = [{**row, "action": 0, "head": 0, "name": ""} for row in attributes(spec.actions)]
    return np.array([not any(row.values()) for row in told], np.float32)


def _grid(spec: WorldSpec) -> Grid:
    """Returns what is tried of a Box."""
    motion, names = spec.motion, [identifier(name) for name in spec.actions.names]
    (back, fast), (right, left) = motion["speed"], motion["turn"]
    speeds = [0.0, *(fast * part for part in FORWARDS), *(back * part for part in BACKWARDS)]
    turns = [*(left * part for part in TURNS), *(right * part for part in TURNS[1:])]
    return Grid(
        np.array(speeds, np.float32), np.array(turns, np.float32),
        (names.index(motion["controls"]["speed"]), names.index(motion["controls"]["turn"])),
        np.array([[fast, back], [left, right]], np.float32),
    )  # fmt: skip


ASSUMPTIONS = (
    "the robot begins where it can still stop, its wheels speed up and brake as its world says, "
    "and it gets no farther than they should take it by {slip:g} σ of their noise",
    "what the lidar measures stands still, or stops for a robot that stops; whatever no ray meets "
    "goes straight on to the next ray at most",
    "{close:g} m are kept free before it",
    "people walk on as they are believed to: their distance is wrong by less than {margin:g} m + "
    "{margin_width:g} σ, and σ by itself accounts for {margin_most:g} m at most; their speed by "
    "less than {speed_width:g} σ",
    "whoever is near is believed to be there with a probability of at least {present:g}",
    "an action takes effect within {latency:g} s and can be changed after one decision",
    "whoever walks into a robot that stands, or that moves away from him, does so himself",
)


def assumptions(config: ReasoningConfig) -> tuple[str, ...]:
    """Returns under what a robot's shield holds its promise, a sentence each; all margins are
    given."""
    values = {name: getattr(config, name) for name in Window._fields[7:]}
    return tuple(line.format(close=CLOSE, slip=SLIP_WIDTH, **values) for line in ASSUMPTIONS)
