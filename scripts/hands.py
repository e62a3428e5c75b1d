"""The keys of `mindloop play` as actions: of a world that steers and accelerates, or of one that
drives and turns on the spot and has a hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindloop.agent.types import ActionSpec
from mindloop.agent.world import World
from mindloop.errors import UserError

FIRM_AFTER = 3  # steps that a key is held before it counts in full
GENTLE_STEERING, FIRM_STEERING = 0.35, 1.0  # of what the speed allows
DRIVE, GENTLE_BRAKE, FIRM_BRAKE = 2.0, -3.0, -8.0  # [m/s2]
BUTTONS_AT_MOST = 9
MOVING = ("speed", "turn")


class AbstractHands(ABC):
    """Turns held arrows and pressed buttons into actions."""

    @property
    @abstractmethod
    def buttons(self) -> tuple[str, ...]:
        """What the keys 1, 2, ... do."""

    @abstractmethod
    def press(self, button: int) -> None:
        """Takes in that a button, counted from 1, was pressed; it counts in the next step."""

    @abstractmethod
    def tire(self, held: frozenset[str]) -> None:
        """Takes a step."""

    @abstractmethod
    def actions(self, held: frozenset[str]) -> Any:
        """Returns a batch of one action for the "left", "right", "up", "down" that are held."""


def hands_of(world: World) -> AbstractHands:
    """Returns the hands that can drive `world`.

    Raises:
      UserError: its actions do not say what they move.
    """
    spec: ActionSpec = world.spec.actions
    controls: Mapping[str, str] = world.spec.motion.get("controls", {})
    if spec.is_box:
        axes = [spec.names.index(controls[name]) if controls.get(name) in spec.names else -1
                for name in MOVING]  # fmt: skip
        if min(axes) >= 0:
            return Tracks(spec, None, (axes[0], axes[1]))
        if spec.width == 2 and world.spec.motion:
            return Wheel(None)
    rows = spec.attributes
    for names in (("steering", "acceleration"), MOVING):
        if not spec.is_box and rows and all(name in row for name in names for row in rows):
            table = np.array([[row[name] for name in names] for row in rows], np.float64)
            return Tracks(spec, table, (0, 1)) if names == MOVING else Wheel(table)
    raise UserError(
        "`play` must have an environment whose actions steer and accelerate, or drive and turn; "
        f"{world.spec.env} declares none such. Use mindloop/Driving-v0 or mindloop/Robot-v0, or "
        "`mindloop run`."
    )


class Wheel(AbstractHands):
    """Of a car: a key that is held steers and brakes harder."""

    def __init__(self, table: NDArray[np.float64] | None) -> None:
        """Takes steering and acceleration of every action, f64 [A, 2]; None: they are numbers."""
        self._table = table
        self._held = {"left": 0, "right": 0, "up": 0, "down": 0}

    @property
    def buttons(self) -> tuple[str, ...]:
        """A car has none."""
        return ()

    def press(self, button: int) -> None:
        """Does nothing."""

    def tire(self, held: frozenset[str]) -> None:
        """Takes a step: counts for how long each key has been held."""
        self._held = {key: (n + 1 if key in held else 0) for key, n in self._held.items()}

    def actions(self, held: frozenset[str]) -> Any:
        """Returns a batch of one action."""
        steering = self._side("left", held) - self._side("right", held)
        firm = self._held["down"] >= FIRM_AFTER
        wanted = 0.0
        if "down" in held:
            wanted = FIRM_BRAKE if firm else GENTLE_BRAKE
        elif "up" in held:
            wanted = DRIVE
        if self._table is None:
            pedal = wanted / (DRIVE if wanted > 0 else -FIRM_BRAKE)
            return np.array([[steering, pedal]], np.float32)
        distance = np.abs(self._table - (steering, wanted)).sum(1)
        return np.array([int(distance.argmin())])

    def _side(self, key: str, held: frozenset[str]) -> float:
        if key not in held:
            return 0.0
        return FIRM_STEERING if self._held[key] >= FIRM_AFTER else GENTLE_STEERING


class Tracks(AbstractHands):
    """Of a robot: arrows drive and turn, buttons do what else it can; it stands where nothing is
    held. Where one action can't do both, turning comes first."""

    def __init__(
        self, spec: ActionSpec, table: NDArray[np.float64] | None, axes: tuple[int, int]
    ) -> None:
        """Takes how the robot is moved.

        Args:
          spec: its actions.
          table: speed and turn of every action, f64 [A, 2]; None: they are numbers.
          axes: which of the numbers are speed and turn.
        """
        self._spec, self._axes = spec, axes
        self._reach = np.ones(2) if table is None else np.abs(table).max(0)
        self._table = None if table is None else table / self._reach
        self._due = 0
        names: list[str] = []
        self._pressed: list[NDArray[Any]] = []
        if table is None:
            for k, row in enumerate(spec.attributes):
                for name, value in row.get("keys", {}).items():
                    names.append(str(name))
                    self._pressed.append(np.eye(spec.width, dtype=np.float32)[k] * float(value))
        else:
            for k, row in enumerate(spec.attributes):
                does = any(value for name, value in row.items() if name not in (*MOVING, "name"))
                if does and not table[k].any():
                    names.append(spec.names[k])
                    self._pressed.append(np.array(k))
        self._names = tuple(names[:BUTTONS_AT_MOST])

    @property
    def buttons(self) -> tuple[str, ...]:
        """What moves nothing but a hand."""
        return self._names

    def press(self, button: int) -> None:
        """Takes in that a button was pressed; it counts in the next step."""
        self._due = button

    def tire(self, held: frozenset[str]) -> None:
        """Takes a step: what was pressed has been done."""
        self._due = 0

    def actions(self, held: frozenset[str]) -> Any:
        """Returns a batch of one action."""
        if self._due:
            return self._pressed[self._due - 1][None]
        ahead = ("up" in held) - ("down" in held)
        turn = ("left" in held) - ("right" in held)
        if self._table is None:
            action = np.zeros((1, self._spec.width), np.float32)
            action[0, list(self._axes)] = ahead, turn
            return np.clip(action, self._spec.low, self._spec.high).astype(np.float32)
        # what it can't do at once: turning weighs a little more
        distance = np.abs(self._table - (ahead, turn)) @ np.array([1.0, 1.1])
        idle = np.array([not self._does(k) for k in range(len(distance))])
        return np.array([int(np.where(idle, distance, np.inf).argmin())])

    def _does(self, k: int) -> bool:
        """Returns whether an action is a button's."""
        return any(int(pressed) == k for pressed in self._pressed)
