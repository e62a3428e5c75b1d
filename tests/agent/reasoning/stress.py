"""A stress test of the shield: one lane, a follower with a random pedal, a lead who brakes at will.

Everything that the shield assumes is drawn up to its bounds: see `shield.assumptions`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.rss import safe_distance
from mindloop.agent.reasoning.shield import Shield
from mindloop.agent.reasoning.verdicts import with_margins
from mindloop.agent.types import Observation, Percept
from tests.agent.reasoning.worlds import ROAD, seen

STEP, SECONDS = 0.1, 60.0
LENIENT = replace(ROAD, scene=None)  # nothing but the lead's facts


def collisions(
    config: ReasoningConfig, episodes: int, noise: float, latency: float, seed: int,
    lead_brake: float = 8.0, understated: float = 1.0,
) -> int:  # fmt: skip
    """Returns in how many episodes the follower touches the lead.

    Args:
      noise: [m] σ of the perceived range, clipped at 3 σ. latency: [s] from command to effect.
      lead_brake: [m/s2] with which the lead brakes at most. understated: how many times larger
        errors are than the shield is told.
    """
    rng = np.random.default_rng(seed)
    shield = Shield(LENIENT, config)
    observation, percept, _, _ = seen(LENIENT, [[0.0, 0.0, 0.0]] * episodes, {"lead_present": 1.0})
    speed, front = rng.uniform(5, 20, (2, episodes))
    gap = rng.uniform(1.0, 2.0, episodes) * (
        np.vectorize(safe_distance)(speed + 2 * latency, front, config.reaction, 2.0, config.brake,
                                    config.lead_brake)
        + with_margins(config).margin + 3 * noise + 25 * latency
    ) + 3 * noise + 1.0  # fmt: skip
    waiting = [np.zeros(episodes)] * round(latency / STEP)
    pedal, braking = np.zeros(episodes), np.zeros(episodes)
    hit = np.zeros(episodes, bool)
    for tick in range(round(SECONDS / STEP)):
        if tick % 5 == 0:
            pedal = rng.uniform(-8.0, 2.0, episodes) * (rng.random(episodes) < 0.5)
            pedal = np.where(rng.random(episodes) < 0.5, 2.0, pedal)
            change = rng.random(episodes)
            braking = np.where(change < 0.15, -rng.uniform(0, lead_brake, episodes), braking)
            braking = np.where(change > 0.7, rng.uniform(0, 3, episodes), braking)
        error = rng.normal(0, max(noise, 1e-9), episodes)
        error = understated * np.clip(error, -3 * noise, 3 * noise)
        command = _shielded(shield, observation, percept, speed, front, gap + error, noise, pedal)
        waiting.append(command)
        taken = waiting.pop(0)
        speed, way = _move(speed, taken, 40.0)
        front, their_way = _move(front, braking, 20.0)
        gap = gap + their_way - way
        hit |= gap < 0.0
    return int(hit.sum())


def _shielded(
    shield: Shield, observation: Observation, percept: Percept, speed: Any, front: Any, range_: Any,
    noise: float, pedal: Any,
) -> NDArray[np.float64]:  # fmt: skip
    """Returns the pedal that the shield lets through."""
    names = LENIENT.fact_names
    observation.parts["state"][:, 0] = torch.from_numpy(speed)
    percept.facts[:, names.index("lead_distance")] = torch.from_numpy(np.maximum(range_, 0.0))
    percept.doubt[:, names.index("lead_distance")] = noise
    percept.facts[:, names.index("lead_closing_speed")] = torch.from_numpy(speed - front)
    verdict = shield.judge(observation, percept, np.zeros(len(speed), np.float32))
    hardest = -shield.config.brake
    found: NDArray[np.float64] = np.maximum(np.minimum(pedal, verdict.highest), hardest)
    return found


def _move(speed: Any, acceleration: Any, fastest: float) -> tuple[Any, Any]:
    """Returns speed and way after a step; nobody goes backwards."""
    acceleration = np.minimum(acceleration, (fastest - speed) / STEP)
    stop = np.where(acceleration < 0, speed / np.maximum(-acceleration, 1e-9), np.inf)
    time = np.minimum(stop, STEP)
    return np.maximum(speed + acceleration * STEP, 0.0), speed * time + 0.5 * acceleration * time**2
