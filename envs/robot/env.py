"""`mindloop/Robot-v0`: the robot world as a Gymnasium Env and as a native VectorEnv."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from ..batch import BatchEnv, BatchVectorEnv
from . import declare
from .config import RobotConfig
from .expert import choose_all
from .kernel import BACK_MAX, DROP_IT, PICK_UP, SPEED_MAX, TOGGLE, TURN_MAX, wheels
from .lives import Array
from .world import RobotWorld, make_plans


class Expert:
    """The scripted robot of a robot world; `act()` gives an action for every lane."""

    def __init__(self, world: RobotWorld, source: str, single: bool) -> None:
        """Moves `world` on the "true" map or the "visible" one; `single`: return one action, not
        [1]."""
        self._world, self._knows, self._single = world, world.view(source) == "true", single
        self._plan = make_plans(world.lanes)
        self._chosen = np.zeros(world.lanes, np.int64)

    def act(self) -> Any:
        """Returns actions [B] (or [B, 3] in a continuous world; one action for a single Env)."""
        world = self._world
        choose_all(world.pool, world.state, self._plan, self._knows, self._chosen)
        actions: Array = self._chosen
        if world.config.action == "continuous":
            rows = []
            for action in self._chosen:
                speed, turn = wheels(int(action))
                grip = {PICK_UP: 1.0, TOGGLE: 1.0, DROP_IT: -1.0}.get(int(action), 0.0)
                pace = speed / (SPEED_MAX if speed > 0 else BACK_MAX)
                rows.append((pace, turn / TURN_MAX, grip))
            actions = np.array(rows, np.float32)
        return actions[0] if self._single else actions


class RobotVectorEnv(BatchVectorEnv):
    """B lives in the robot world, stepped together; what one is, `RobotEnv` describes."""

    metadata = {  # noqa: RUF012, as Gymnasium declares it
        **declare.metadata(RobotConfig()),
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(self, num_envs: int = 1, copy: bool = True, **settings: Any) -> None:
        """Makes B lives.

        Args:
          num_envs: B.
          copy: False hands out buffers that the next step overwrites.
          settings: fields of `RobotConfig`, checked by name.
        """
        self.robot = RobotWorld(num_envs, RobotConfig.from_settings(settings))
        super().__init__(self.robot, copy=copy)

    def expert(self, view: str = "visible") -> Expert:
        """Returns the scripted robot; view "true" or "visible"."""
        return Expert(self.robot, view, single=False)

    def command(self, words: str, lane: int = 0) -> None:
        """Gives a lane another mission, which counts from now on.

        Raises:
          MissionError: words that are no mission, or that name what is not there.
        """
        self.robot.command(lane, words)

    def mission(self, lane: int = 0) -> tuple[tuple[str, bool], ...]:
        """Returns each part of the mission in words, and whether it is done."""
        return self.robot.mission(lane)


class RobotEnv(BatchEnv):
    """A robot in a home.

    ## Description
    Fulfil a mission in words, such as "put the red ball next to the blue box", in a procedural home
    of 2 to 12 rooms, seeing it through a camera and a lidar. A differential drive with a gripper;
    decisions at 4 Hz.

    ## Action Space
    `Discrete(8)`: forward (.8 m/s), back, left, right (1.6 rad/s), pick up, drop, toggle (opens and
    closes the door ahead), stop. With `action="continuous"` a `Box(-1, 1, (3,))`: speed, turn
    (positive: left), gripper (above .33 picks up or toggles, below -.33 drops).

    ## Observation Space
    A `Dict`: `camera` uint8 [H, W, 3]; `map` uint8 [56, 56, 3], what the robot has drawn of lidar,
    odometry and where it looked, 7 m to each side, ahead up (red: solid, green: free, brighter
    where it looked, blue: where it was); `lidar` [36] m, counter-clockwise from straight ahead;
    `state` [19] (speed, turn, odometry, bumper, goal by odometry in level PointGoal, what is
    carried); `mission` [40] words as numbers, 0 after the last (`metadata["vocabulary"]`).

    ## Rewards
    The sum of the weighted terms of `reward.WEIGHTS`; `reward={"progress": 0.1}` changes weights.

    ## Starting State
    A home drawn for each episode (or `options={"home": n}`), doors, things and people, the robot
    anywhere in it, and a mission that can be fulfilled (or `options={"mission": words}`).

    ## Episode Termination
    Terminated: the mission is fulfilled. Truncated: the level's time is up.

    ## Arguments
    The fields of `RobotConfig`.

    ## Version History
    v0: first version.
    """

    metadata = declare.metadata(RobotConfig())

    def __init__(self, **settings: Any) -> None:
        """Makes one life; `settings` are fields of `RobotConfig`, checked by name."""
        self.robot = RobotWorld(1, RobotConfig.from_settings(settings))
        super().__init__(self.robot)

    def expert(self, view: str = "visible") -> Expert:
        """Returns the scripted robot; view "true" or "visible"."""
        return Expert(self.robot, view, single=True)

    def command(self, words: str, lane: int = 0) -> None:
        """Gives the robot another mission, which counts from now on.

        Raises:
          MissionError: words that are no mission, or that name what is not there.
        """
        self.robot.command(lane, words)

    def mission(self, lane: int = 0) -> tuple[tuple[str, bool], ...]:
        """Returns each part of the mission in words, and whether it is done."""
        return self.robot.mission(lane)
