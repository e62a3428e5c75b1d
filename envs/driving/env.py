"""`mindloop/Driving-v0`: the driving world as a Gymnasium Env and as a native VectorEnv."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from ..batch import BatchEnv, BatchVectorEnv
from . import declare
from .actions import ACCELERATIONS, BRAKE_SCALE, DRIVE_SCALE, STEERINGS
from .config import DrivingConfig
from .doubt import careful
from .expert import View, drive_all
from .lives import Array
from .world import DrivingWorld


class Expert:
    """The scripted driver of a driving world; `act()` gives an action for every lane."""

    def __init__(self, world: DrivingWorld, source: str, single: bool) -> None:
        """Drives `world` on what is "true" or "visible"; `single`: return one action, not [1]."""
        self._world, self._source, self._single = world, source, single
        self._chosen = np.zeros((world.lanes, 2), np.int64)
        world.view(source)  # an unknown source is told at once

    def act(self, view: View | None = None, doubt: Array | None = None) -> Any:
        """Returns actions [B] (or [B, 2] in a continuous world; one action for a single Env).

        Args:
          view: what to act on instead of the expert's own view, e.g. what a mind believes.
          doubt: standard deviations f32[B, FACTS] of that view's facts, whose booleans are then
            probabilities; None: the facts are so.
        """
        v = self._world.view(self._source) if view is None else view
        facts = v.facts if doubt is None else careful(v.facts, doubt)
        drive_all(facts, v.path, v.state, v.command, self._chosen)
        steering, pedal = self._chosen[:, 0], self._chosen[:, 1]
        actions: Array
        if self._world.config.action == "discrete":
            actions = steering * ACCELERATIONS.size + pedal
        else:
            wanted = ACCELERATIONS[pedal]
            scaled = wanted / np.where(wanted > 0.0, DRIVE_SCALE, BRAKE_SCALE)
            actions = np.stack([STEERINGS[steering], scaled], -1).astype(np.float32)
        return actions[0] if self._single else actions


class DrivingVectorEnv(BatchVectorEnv):
    """B lives in the driving world, stepped together; what one is, `DrivingEnv` describes."""

    metadata = {  # noqa: RUF012, as Gymnasium declares it
        **declare.metadata(DrivingConfig()),
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(self, num_envs: int = 1, copy: bool = True, **settings: Any) -> None:
        """Makes B lives.

        Args:
          num_envs: B.
          copy: False hands out buffers that the next step overwrites.
          settings: fields of `DrivingConfig`, checked by name.
        """
        self.driving = DrivingWorld(num_envs, DrivingConfig.from_settings(settings))
        super().__init__(self.driving, copy=copy)

    def expert(self, view: str = "visible") -> Expert:
        """Returns the scripted driver; view "true" or "visible"."""
        return Expert(self.driving, view, single=False)

    def view(self, source: str = "true") -> View:
        """Returns what an expert acts on."""
        return self.driving.view(source)


class DrivingEnv(BatchEnv):
    """A car in a town.

    ## Description
    Follow the navigator's commands along a route of at least 800 m through a procedural town with
    lights, stop signs, other vehicles and people, seeing it through a camera. Decisions at 5 Hz.

    ## Action Space
    `Discrete(20)`: `4 * i + k` steers {-1, -.35, 0, .35, 1}[i] of what the speed allows (positive:
    left) and accelerates with {-8, -3, 0, 2}[k] m/s2. With `action="continuous"` a
    `Box(-1, 1, (2,))` of the same two quantities.

    ## Observation Space
    A `Dict`: `camera` uint8 [H, W, 3] (the top eighth is the rear-view mirror), `state` [4] speed
    [m/s], yaw rate [rad/s], steering [rad], last acceleration [m/s2], `command` one-hot [4]
    (follow, left, straight, right); `radar` and `bird` on request.

    ## Rewards
    The sum of the weighted terms of `reward.WEIGHTS`; `reward={"progress": 0.1}` changes weights.

    ## Starting State
    Standing on a lane at the route's start. A seed names a life; `reset()` is its next episode.

    ## Episode Termination
    Terminated: route done, more than 30 m off it, or a collision (unless `end_on_collision=False`:
    then the ego stops dead, and what it struck is taken away after 2 s). Truncated: the time limit,
    or 60 s of standing without cause.

    ## Arguments
    The fields of `DrivingConfig`.

    ## Version History
    v0: first version.
    """

    metadata = declare.metadata(DrivingConfig())

    def __init__(self, **settings: Any) -> None:
        """Makes one life; `settings` are fields of `DrivingConfig`, checked by name."""
        self.driving = DrivingWorld(1, DrivingConfig.from_settings(settings))
        super().__init__(self.driving)

    def expert(self, view: str = "visible") -> Expert:
        """Returns the scripted driver; view "true" or "visible"."""
        return Expert(self.driving, view, single=True)

    def view(self, source: str = "true") -> View:
        """Returns what an expert acts on, with B = 1."""
        return self.driving.view(source)
