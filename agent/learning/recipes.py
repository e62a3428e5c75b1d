"""Named settings for training, by what a world shows and how one acts in it."""

from __future__ import annotations

from dataclasses import replace

from ..config import MindConfig, PerceptionConfig, PPOConfig, nearest
from ..types import Modality, WorldSpec

RECIPES = ("quick-ppo",)
"""quick-ppo/1: from reward alone."""
PIXELS = PPOConfig(ticks=64, lanes=16, epochs=3, minibatches=4, learning_rate=4e-4)
NUMBERS = PPOConfig(
    ticks=64, lanes=16, epochs=8, minibatches=4, learning_rate=1e-3, gamma=0.98, gae_lambda=0.9
)
CONTINUOUS = replace(NUMBERS, entropy=0.0, gamma=0.95, gae_lambda=0.95, kl_stop=0.05)


def recipe(name: str, spec: WorldSpec) -> tuple[PPOConfig, MindConfig]:
    """Returns how to learn and what mind to begin with.

    Args:
      name: one of RECIPES.
      spec: the world; pixels want a memory and more width than a few numbers do.
    Raises:
      ValueError: an unknown name.
    """
    if name not in RECIPES:
        raise ValueError(
            f"`recipe` must be one of {', '.join(RECIPES)}; got {name!r}.{nearest(name, RECIPES)}"
        )
    if any(part.modality is Modality.IMAGE for part in spec.parts):
        return PIXELS, MindConfig()
    mind = MindConfig(perception=PerceptionConfig(features=64, memory="none"))
    return (CONTINUOUS if spec.actions.is_box else NUMBERS), mind
