"""The arms of the study of emotion: the same mind, with what it feels changed in one way each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mindloop.agent.config import EmotionConfig
from mindloop.agent.emotion import Emotion
from mindloop.agent.mind import Mind
from mindloop.agent.types import AbstractEmotion, Affect, MindState, Moments, Outcome, Percept

ACTING = ("off", "full", "yoked", "constant", "raw", "without temperature", "without caution")
ADAPTING = ("off", "full", "yoked", "constant", "raw", "without curiosity", "without shaping")
DECISIVE = ("yoked", "constant", "raw")
MODULATORS = ("temperature", "caution", "curiosity")


@dataclass(frozen=True)
class Series:
    """Modulators f32[T, B, 3] of other episodes, in the order of MODULATORS."""

    values: Tensor

    @property
    def mean(self) -> Tensor:
        """f32[3]."""
        return self.values.mean((0, 1))


class Borrowed(AbstractEmotion):
    """Feels as `own` does, but is modulated by what others felt: tick by tick, or on the mean."""

    def __init__(self, own: Emotion, series: Series, is_constant: bool) -> None:
        """Takes the modulators of `series` in place of its own."""
        super().__init__()
        self.own, self.series, self.is_constant, self._tick = own, series, is_constant, 0

    def feel(
        self, outcome: Outcome, arrival: Percept, arrival_value: Tensor, state: MindState
    ) -> Affect:
        """Returns its own affect under borrowed modulators."""
        felt = self.own.feel(outcome, arrival, arrival_value, state)
        lanes = state.batch_size
        if self.is_constant:
            rows = self.series.mean.expand(lanes, 3)
        else:
            ticks, lives = self.series.values.shape[:2]
            rows = self.series.values[self._tick % ticks][torch.arange(lanes) % lives]
            self._tick += 1
        changed = {name: rows[:, k].clone() for k, name in enumerate(MODULATORS)}
        return replace(felt, **changed)

    def observe_scales(self, moments: Moments, total: Callable[[Tensor], Tensor]) -> None:
        """Takes N moments into account for its own scales."""
        self.own.observe_scales(moments, total)


def config_of(arm: str, changes: Mapping[str, float] | None = None) -> EmotionConfig:
    """Returns how an arm's mind feels; `changes` are fields of the config for all that feel."""
    on = replace(EmotionConfig(use="on"), **dict(changes or {}))  # type: ignore[arg-type]
    if arm == "off":
        return EmotionConfig()
    if arm.startswith("without "):
        dropped = arm.removeprefix("without ")
        return replace(on, effects=tuple(name for name in on.effects if name != dropped))
    return on


def dress(mind: Mind, arm: str, series: Series | None) -> Mind:
    """Returns the mind, which feels by `config_of(arm)` already, as the arm has it.

    Raises:
      ValueError: yoked and constant must have the modulators of others.
    """
    assert isinstance(mind.emotion, Emotion), "an arm begins with the mind's own emotion"
    own = mind.emotion
    if arm in ("yoked", "constant"):
        if series is None:
            raise ValueError(f"`series` must be given for {arm}; got None. Live `full` first.")
        mind.feel_by(Borrowed(own, series, arm == "constant"))
    elif arm == "raw":  # what comes in is felt, and nothing of what was
        own.decay.zero_()
    return mind
