"""Emotion: what happened is appraised, appraisals become feelings, feelings modulate the rest.

Everything that is felt follows from what an actor-critic has: TD error, value quantiles, the error
of what it expected to see, novelty, risk, rewards and what it may do. With p̂ for risk, V for the
value, Q for its quantiles, δ for the TD error, σ for running deviations and m for running means:

| emotion | what comes in, each tick | τ [s] | pleasure, arousal, dominance |
|---|---|---|---|
| joy, distress | 10 [±d - .9]₊ with d = tanh(δ/σ_δ) | 2 | .76 .48 .35; -.61 .28 -.36 |
| hope | [Q_high above its mean in deviations - 1]₊, slowly | 2 | .51 .23 .14 |
| fear | how far p̂ stands above its mean, or the worst quantile below its own | 1 | -.64 .60 -.43 |
| relief | what fear loses, where nothing failed | 2 | .29 -.19 -.28 |
| frustration | 2 [-progress - .5]₊ + obstruction, slowly | 5 | -.51 .59 .25 |
| surprise | 2 [s - .5]₊ with s = 1 - exp(-excess error / 2σ) | .6 | .40 .67 -.13 |
| curiosity | [x - 1]₊ of novelty, uncertainty and excess error, slowly | 3 | .22 .62 -.01 |

E ← e^(-Δt/τ) E + input, and what is felt is E/(1 + E). "Slowly" means times 1 - e^(-Δt/τ), so that
a steady input is felt as what it is. `appraisal.py` has the arithmetic. Sources: appraisals,
Scherer 2001; dynamics and anchors of the first six, Popescu 2014 (GAMYGDALA); of surprise and
curiosity, Russell & Mehrabian 1977, table 1; what makes curious, Berlyne 1960; mood, Eldar 2016.
Mood shows, and feeds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import appraisal
from .appraisal import Scales, Traits
from .config import EmotionConfig
from .nets import LATELY, RunningNorm
from .types import (
    APPRAISALS,
    EMOTIONS,
    AbstractEmotion,
    Affect,
    Fact,
    MindState,
    Moments,
    Outcome,
    Percept,
)

PAD = (
    (0.76, 0.48, 0.35), (-0.61, 0.28, -0.36), (0.51, 0.23, 0.14), (-0.64, 0.60, -0.43),
    (0.29, -0.19, -0.28), (-0.51, 0.59, 0.25), (0.40, 0.67, -0.13), (0.22, 0.62, -0.01),
)  # fmt: skip
TAU = (2.0, 2.0, 2.0, 1.0, 2.0, 5.0, 0.6, 3.0)  # [s]; fear's is the config's `calming`
TICK = 0.2  # [s] where a world doesn't say how often one decides


class Emotion(AbstractEmotion):
    """Feels for a batch of lives. Its scales are buffers that learning alone updates."""

    unit: Tensor
    gamma: Tensor
    usual_risk: Tensor
    ties: Tensor
    decay: Tensor

    def __init__(self, facts: Sequence[Fact], rate: float, config: EmotionConfig) -> None:
        """Begins without scales, and feels nothing until there are some.

        Args:
          facts: what the mind believes something about; causes are named by them.
          rate: [1/s] decisions a second; 0 where unknown.
          config: how it feels.
        """
        super().__init__()
        self.config = config
        self.tick = 1.0 / rate if rate > 0 else TICK
        self.signals = RunningNorm(appraisal.SIGNALS, LATELY)
        self.beliefs = RunningNorm(len(facts), LATELY)
        self.register_buffer("unit", torch.ones(()))
        self.register_buffer("gamma", torch.tensor(0.99))
        self.register_buffer("usual_risk", torch.tensor(0.5))
        self.register_buffer("ties", torch.zeros(2, len(facts)))  # of facts with risk and value
        names = [fact.name for fact in facts]
        # what has to be believed for a fact to be what it is about: itself where it is a boolean
        needs = [
            k if fact.is_boolean else names.index(fact.requires) if fact.requires in names else -1
            for k, fact in enumerate(facts)
        ]
        self._needs = np.array(needs, np.int64)
        tau = torch.tensor(TAU)
        tau[appraisal.FEAR] = config.calming
        self.register_buffer("decay", torch.exp(-self.tick / tau), persistent=False)

    @property
    def scales(self) -> Scales:
        """What is usual, for the arithmetic."""
        return Scales(
            unit=float(self.unit), gamma=float(self.gamma), usual_risk=float(self.usual_risk),
            mean=self.signals.mean.numpy(),
            deviation=np.sqrt(self.signals.variance.numpy() + appraisal.SLIGHT),
            fact_mean=self.beliefs.mean.numpy(),
            fact_deviation=np.sqrt(self.beliefs.variance.numpy() + appraisal.SLIGHT),
            ties=self.ties.numpy(),
        )  # fmt: skip

    @property
    def traits(self) -> Traits:
        """What the config fixes, with a weight of 0 for each effect that is off."""
        config = self.config

        def weight(effect: str, value: float) -> float:
            return value if effect in config.effects else 0.0

        return Traits(
            tick=self.tick, mood=config.mood, fearfulness=config.fearfulness, tail=config.tail,
            warmth=weight("temperature", config.warmth),
            cooling=weight("temperature", config.cooling),
            caution=weight("caution", config.caution),
            curiosity=weight("curiosity", config.curiosity),
        )  # fmt: skip

    def feel(
        self, outcome: Outcome, arrival: Percept, arrival_value: Tensor, state: MindState
    ) -> Affect:
        """Returns the affect after `outcome`; see AbstractEmotion."""
        lanes = state.batch_size
        if float(self.signals.count) == 0.0:
            return Affect.neutral(lanes)
        before = state.affect
        signals = np.empty((lanes, appraisal.SIGNALS), np.float32)
        appraisals = np.empty((lanes, len(APPRAISALS)), np.float32)
        emotions = np.empty((lanes, len(EMOTIONS)), np.float32)
        pad, mood = np.empty((lanes, 3), np.float32), np.empty((lanes, 3), np.float32)
        effects, causes = np.empty((3, lanes), np.float32), np.empty((2, lanes), np.int64)
        appraisal.feel(
            self.traits, self.scales, self.decay.numpy(), _ANCHORS, self._needs,
            _whole(outcome.reward), _whole(arrival_value), _whole(state.value),
            _whole(arrival.quantiles), _whole(arrival.surprise), _whole(arrival.novelty),
            _whole(arrival.risk), _whole(state.allowed_calm), _whole(arrival.facts),
            _whole(state.history[:, -1]), _whole(before.emotions),
            _whole(before.appraisals[:, appraisal.PROGRESS]), _whole(before.mood),
            signals, appraisals, emotions, pad, mood, effects, causes,
        )  # fmt: skip
        done, why = torch.from_numpy(effects), torch.from_numpy(causes)
        return Affect(
            pad=torch.from_numpy(pad), emotions=torch.from_numpy(emotions),
            mood=torch.from_numpy(mood), temperature=done[0], caution=done[1], curiosity=done[2],
            appraisals=torch.from_numpy(appraisals), cause=why[0], about=why[1],
        )  # fmt: skip

    # ------------------------------------------------------------------ learning its scales

    @torch.no_grad()
    def observe_scales(self, moments: Moments, total: Callable[[Tensor], Tensor]) -> None:
        """Takes N moments into account for all scales; learning only."""
        rows = np.empty((len(moments.delta), appraisal.SIGNALS), np.float32)
        appraisal.measure(
            moments.delta.numpy(), moments.reward.numpy(), moments.quantiles.numpy(),
            moments.surprise.numpy(), rows,
        )  # fmt: skip
        found = torch.from_numpy(rows)
        self.signals.update(found, total)
        self.unit.copy_(moments.unit)
        self.gamma.copy_(moments.gamma)
        count = total(torch.tensor(float(len(found)), dtype=torch.float64))
        share = float(count / float(self.signals.count))  # the newest part of all that was seen
        risk = total(moments.risk.double().sum()) / count
        self.usual_risk.lerp_(risk.to(self.usual_risk.dtype), max(share, 0.01))
        if not moments.facts.shape[-1]:
            return
        self.beliefs.update(moments.facts, total)
        odd = self.beliefs(moments.facts)
        odds = torch.logit(moments.risk, eps=1e-6)
        value = moments.quantiles.mean((-2, -1))
        for row, other in enumerate((odds, value)):
            mean = total(other.double().sum()) / count
            off = (other - mean).float()
            spread = (total(off.double().square().sum()) / count).sqrt().clamp(min=1e-6)
            tie = total((odd * off[:, None]).double().sum(0)) / count / spread
            self.ties[row].lerp_(tie.to(self.ties.dtype), max(share, 0.01))


_ANCHORS = np.array(PAD, np.float32)


def _whole(tensor: Tensor) -> Any:
    """Returns the tensor as an array without gaps: kernels are compiled for one layout."""
    return np.ascontiguousarray(tensor.numpy())
