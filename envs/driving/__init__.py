"""The driving world: towns, traffic, people, cameras and an ego car."""

from .config import DrivingConfig
from .env import DrivingEnv, DrivingVectorEnv, Expert
from .expert import View

__all__ = ["DrivingConfig", "DrivingEnv", "DrivingVectorEnv", "Expert", "View"]
