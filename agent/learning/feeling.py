"""What feelings add to learning: curiosity and fear as rewards, surprise as a pace.

Rewards and pace are those of the moment in which the mind acted; learning recomputes none of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..config import EmotionConfig
from ..types import EMOTIONS, Moments
from .rollout import Rollout

_SURPRISE = 3 + EMOTIONS.index("surprise")  # its column in the affect's vector
_CURIOSITY = -1  # and that of the weight of novelty


def felt_reward(rollout: Rollout, config: EmotionConfig, gamma: float) -> Tensor:
    """Returns f32[T, B], what feelings add to the reward; 0 where nothing is felt.

    Novelty counts by the curiosity that was felt (Burda 2019); risk is a potential Φ = -k p̂, which
    leaves the best policy what it is (Ng 1999, theorem 1). Both are in deviations of the return.
    """
    ticks, lanes = rollout.shape
    added = torch.zeros(ticks, lanes)
    if config.use == "off":
        return added
    weight = rollout.behaviour.affect[:, _CURIOSITY].view(ticks, lanes)
    added = added + weight * rollout.novelty.clamp(min=0.0)
    if "shaping" in config.effects:
        added = added - config.shaping * (gamma * rollout.arrival_risk - rollout.risk)
    return added


def felt_pace(rollout: Rollout, config: EmotionConfig) -> Tensor:
    """Returns the factor f32[] of the learning rate, 1 to 2: more where more was surprising."""
    if config.use == "off" or "learning_rate" not in config.effects:
        return torch.ones(())
    return 1.0 + config.learning_rate * rollout.behaviour.affect[:, _SURPRISE].mean()


def moments_of(
    rollout: Rollout, reward: Tensor, unit: float, gamma: float
) -> Moments:
    """Returns what emotion's scales are taken from; reward f32[T, B] as learning counts it."""
    delta = reward + gamma * rollout.arrival - rollout.value
    return Moments(
        delta=delta.flatten(),
        reward=reward.flatten(),
        unit=torch.tensor(unit, dtype=torch.float32),
        gamma=torch.tensor(gamma, dtype=torch.float32),
        quantiles=rollout.quantiles.flatten(0, 1),
        surprise=rollout.surprise.flatten(),
        risk=rollout.risk.flatten(),
        facts=rollout.facts.flatten(0, 1),
    )
