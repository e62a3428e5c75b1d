"""mindloop: agents that perceive, reason, feel, decide and learn in any Gymnasium environment.

Importing it registers the native worlds with Gymnasium and does nothing else.
"""

from __future__ import annotations

from importlib.metadata import version

import gymnasium

__version__ = version("mindloop")

gymnasium.register(
    "mindloop/Driving-v0",
    entry_point="mindloop.envs.driving.env:DrivingEnv",
    vector_entry_point="mindloop.envs.driving.env:DrivingVectorEnv",
)
gymnasium.register(
    "mindloop/Robot-v0",
    entry_point="mindloop.envs.robot.env:RobotEnv",
    vector_entry_point="mindloop.envs.robot.env:RobotVectorEnv",
)
