"""Named settings for training, by what a world shows and how one acts in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..config import (
    AuxiliaryConfig,
    DecisionConfig,
    ImitationConfig,
    MindConfig,
    PerceptionConfig,
    PPOConfig,
    nearest,
)
from ..types import Modality, WorldSpec

RECIPES = ("quick-ppo", "quick-imitation", "driving", "robot")
"""quick-ppo/1: from reward alone. quick-imitation/1: from the expert alone. driving/1: from the
expert, then from reward; what ships. robot/1: the same, for the most part from reward."""
NEED_EXPERT = ("quick-imitation", "driving", "robot")
PIXELS = PPOConfig(
    ticks=32, lanes=64, epochs=2, minibatches=4, learning_rate=1e-3, entropy=0.003, kl_stop=0.05
)
GENTLE = 2e-4  # learning rate from rewards of a mind that drives already
SLOW_PIXELS = PPOConfig(  # other people's worlds draw some hundred pictures a second, not thousands
    ticks=64, lanes=8, epochs=6, minibatches=4, learning_rate=4e-4, kl_stop=0.05
)
MILD: Mapping[str, float] = {"collision": -3.0, "lane": -0.01}
"""Weights of reward terms for a beginner. With a driving world's own ones, whoever knows nothing
yet learns first, and for long, that to stand still costs least."""
CAREFUL = -0.5  # log standard deviation that a Box policy which sees pixels begins with
NUMBERS = PPOConfig(
    ticks=32, lanes=16, epochs=6, minibatches=2, learning_rate=1e-3, entropy=0.0
)
CONTINUOUS = replace(NUMBERS, ticks=64, epochs=8, minibatches=4, gamma=0.95, kl_stop=0.05)


@dataclass(frozen=True)
class Recipe:
    """How to learn, and what mind to begin with."""

    ppo: PPOConfig
    rewards: Mapping[str, float] = field(default_factory=dict)
    """Weights of reward terms in place of the world's own."""
    imitation: ImitationConfig = field(default_factory=ImitationConfig)
    mind: MindConfig = field(default_factory=MindConfig)
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)


def recipe(name: str, spec: WorldSpec, is_native: bool, goes_on: bool = False) -> Recipe:
    """Returns the settings of this name for a world.

    Args:
      name: one of RECIPES.
      spec: the world; pixels want a memory and more width than a few numbers do.
      is_native: whether its lanes are stepped all at once, so that many cost little.
      goes_on: whether it begins with a mind that has learned.
    Raises:
      ValueError: an unknown name.
    """
    if name not in RECIPES:
        raise ValueError(
            f"`recipe` must be one of {', '.join(RECIPES)}; got {name!r}.{nearest(name, RECIPES)}"
        )
    imitation = {
        "quick-ppo": ImitationConfig(),
        "quick-imitation": ImitationConfig(share=1.0),
        "robot": ImitationConfig(share=0.25, value_share=0.01, weight=0.05),
        "driving": ImitationConfig(share=0.8, learning_rate=2e-3, value_share=0.01, weight=0.2),
    }[name]
    auxiliary = AuxiliaryConfig()
    if name == "robot":  # what is behind it can't be seen, and would be most of the loss
        auxiliary = AuxiliaryConfig(scene=0.01)
        if goes_on:  # it acts already: the expert no more than keeps it from forgetting
            imitation = ImitationConfig(value_share=0.01, weight=0.03)
    if name == "driving":  # whom rules are to hold has to see all that they speak of
        auxiliary = AuxiliaryConfig(scene=0.3, facts=3.0)
        if goes_on:  # it drives already: nobody need show it the way, and it may look more closely
            auxiliary = replace(auxiliary, scene=1.0)
            imitation = replace(imitation, share=0.9, learning_rate=1e-3, guidance=0.0)
    rewards: Mapping[str, float] = {}
    if name == "quick-ppo" and not goes_on:
        rewards = {term: weight for term, weight in MILD.items() if term in spec.reward_terms}
    if any(part.modality is Modality.IMAGE for part in spec.parts):
        ppo = PIXELS if is_native else SLOW_PIXELS
        if name == "robot":
            ppo = replace(ppo, learning_rate=5e-4, entropy=0.0)
            if goes_on:  # what is learned late is learned from many samples, in small steps
                ppo = replace(ppo, ticks=64, learning_rate=3e-4)
        elif name == "driving" or goes_on:
            ppo = replace(ppo, learning_rate=GENTLE, entropy=0.0)
        if spec.actions.is_box:
            careful = MindConfig(decision=DecisionConfig(log_std=CAREFUL))
            return Recipe(replace(ppo, entropy=0.0), rewards, imitation, careful, auxiliary)
        return Recipe(ppo, rewards, imitation, auxiliary=auxiliary)
    mind = MindConfig(perception=PerceptionConfig(features=64, memory="none"))
    ppo = CONTINUOUS if spec.actions.is_box else NUMBERS
    return Recipe(ppo, rewards, imitation, mind, auxiliary)
