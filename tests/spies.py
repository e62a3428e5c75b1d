"""Environments that count, and remember what was done to them."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Counting(gymnasium.Env[Any, Any]):
    """Shows [seed, episode, step]; an episode lasts 3 + seed steps; the reward is the action."""

    def __init__(self, truncates: bool = False, reward: float | None = None) -> None:
        self.observation_space = spaces.Box(-1.0, 1e6, (3,), np.float32)
        self.action_space = spaces.Discrete(4)
        self.truncates, self.reward = truncates, reward
        self.life, self.episode, self.now = 0, -1, 0
        self.done: list[int] = []

    def _show(self) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
        shown = np.array([self.life, self.episode, self.now], np.float32)
        return shown, {"action_mask": np.array([True, self.now % 2 == 0, True, True])}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.life, self.episode = seed, -1
        self.episode, self.now = self.episode + 1, 0
        return self._show()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.done.append(int(action))
        self.now += 1
        ends = self.now >= 3 + self.life
        shown, info = self._show()
        reward = float(action) if self.reward is None else self.reward
        return shown, reward, ends and not self.truncates, ends and self.truncates, info


class Naming(gymnasium.Env[Any, Any]):
    """Shows a one of three; the reward is 1 for naming it. Episodes of 10 steps."""

    def __init__(self) -> None:
        self.observation_space, self.action_space = spaces.Discrete(3), spaces.Discrete(3)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.now, self.shown = 0, int(self.np_random.integers(3))
        return self.shown, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        reward, self.now = float(action == self.shown), self.now + 1
        self.shown = int(self.np_random.integers(3))
        return self.shown, reward, False, self.now == 10, {}


class Spaces(gymnasium.Env[Any, Any]):
    """Random observations of any space, any action space, episodes of 5 steps."""

    def __init__(self, observation: spaces.Space[Any], action: spaces.Space[Any]) -> None:
        self.observation_space, self.action_space, self.now = observation, action, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.now = 0
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action), action
        self.now += 1
        return self.observation_space.sample(), 1.0, self.now == 5, False, {}
