"""Emotion: what happened is appraised, appraisals become feelings, feelings modulate the rest.

Everything that is felt follows from what an actor-critic has: TD error, value quantiles, the error
of what it expected to see, novelty, risk, rewards and what it may do. With p̂ for risk, V for the
value, Q for its quantiles, δ for the TD error, σ for running deviations and m for running means:

| emotion | what comes in, each tick | τ [s] | pleasure, arousal, dominance |
|---|---|---|---|
| joy, distress | 10 [±d - .9]₊ with d = tanh(δ/σ_δ) | 2 | .76 .48 .35; -.61 .28 -.36 |
| hope | [(Q_high - V) in deviations - 1]₊, slowly | 2 | .51 .23 .14 |
| fear | how far p̂ stands above its mean, or the worst quantile below its own | 1 | -.64 .60 -.43 |
| relief | what fear loses, where nothing failed | 2 | .29 -.19 -.28 |
| frustration | 2 [-progress - .5]₊ + obstruction, slowly | 5 | -.51 .59 .25 |
| surprise | 2 [s - .5]₊ with s = 1 - exp(-excess error / 2σ) | .6 | .40 .67 -.13 |
| curiosity | [novelty - 1]₊ + [uncertainty - 1]₊ in deviations, slowly | 3 | .22 .62 -.01 |

E ← e^(-Δt/τ) E + input, and what is felt is E/(1 + E). "Slowly" means times 1 - e^(-Δt/τ), so that
a steady input is felt as what it is. Sources: appraisals, Scherer 2001 and REFERENCES in README;
dynamics and anchors of the first six, Popescu 2014 (GAMYGDALA); of surprise and curiosity, Russell
& Mehrabian 1977, table 1; mood, Eldar 2016. Mood shows, and feeds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from .config import EmotionConfig
from .nets import RunningNorm
from .types import (
    APPRAISALS,
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
PROGRESS_TAU = 5.0  # [s]
TIMES_USUAL = 20.0  # risk that is so many times its mean frightens half as much as any can
GRADE = 0.8  # nats of log odds between frightening and not
TAIL = 3.0  # deviations below its mean from which the worst quantile frightens
DULL = 0.9  # of desirability, which isn't felt: within 1.5 deviations outcomes are ordinary
IDLE = 0.5  # of progress below the usual, and of surprise, which isn't felt
UNFELT = 0.2  # of fear, which makes nobody cautious
PRESENT = 0.5  # probability from which a thing counts as there
FELT = 0.15  # from which an emotion is worth a cause
COOLEST, WARMEST = 0.5, 2.0  # temperature
MOST = 0.999  # of what can be felt
(JOY, DISTRESS, HOPE, FEAR, RELIEF, FRUSTRATION, SURPRISE, CURIOSITY) = range(8)
(_DELTA, _VALUE, _SURPRISE, _REWARD, _SIZE, _SPREAD, _WORST, _BEST) = range(8)  # signals
SIGNALS = 8
CAUSES = (  # the appraisal behind each emotion
    "desirability", "desirability", "uncertainty", "risk", "risk", "progress", "surprise",
    "novelty",
)  # fmt: skip


class Emotion(AbstractEmotion):
    """Feels for a batch of lives. Its scales are buffers that learning alone updates."""

    unit: Tensor
    gamma: Tensor
    usual_risk: Tensor
    ties: Tensor
    anchors: Tensor
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
        self.signals = RunningNorm(SIGNALS)
        self.beliefs = RunningNorm(len(facts))
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
        self._needs = torch.tensor(needs, dtype=torch.int64).clamp(min=0)
        self._is_free = torch.tensor(needs) < 0  # which facts mean something in any case
        tau = torch.tensor(TAU)
        tau[FEAR] = config.calming
        self.register_buffer("decay", torch.exp(-self.tick / tau), persistent=False)
        self.register_buffer("anchors", torch.tensor(PAD), persistent=False)

    # ------------------------------------------------------------------ feeling

    @torch.no_grad()
    def feel(
        self, outcome: Outcome, arrival: Percept, arrival_value: Tensor, state: MindState
    ) -> Affect:
        """Returns the affect after `outcome`; see AbstractEmotion."""
        before = state.affect
        if float(self.signals.count) == 0.0:
            return Affect.neutral(state.batch_size)
        scaled = self._signals(outcome, arrival, arrival_value, state)
        appraisals = self.appraise(outcome, arrival, scaled, state)
        emotions = self.move(before.emotions, self._inputs(appraisals, scaled, arrival))
        pad = (emotions @ self.anchors).clamp(-1.0, 1.0)
        mood = before.mood + (1.0 - math.exp(-self.tick / self.config.mood)) * (pad - before.mood)
        cause, about = self._cause(emotions, appraisals, arrival, state)
        temperature, caution, curiosity = self.modulate(emotions, appraisals)
        return Affect(
            pad=pad, emotions=emotions, mood=mood, temperature=temperature, caution=caution,
            curiosity=curiosity, appraisals=appraisals, cause=cause, about=about,
        )  # fmt: skip

    def appraise(
        self, outcome: Outcome, arrival: Percept, scaled: Tensor, state: MindState
    ) -> Tensor:
        """Returns f32[B, 8], APPRAISALS; `scaled` f32[B, 8] are the signals in deviations."""
        mean, size = self.signals.mean, self.signals.mean[_SIZE].clamp(min=1e-6)
        deviation = self.signals.variance.sqrt().clamp(min=1e-6)
        desirability = torch.tanh(scaled[:, _DELTA] + mean[_DELTA] / deviation[_DELTA])  # δ / σ
        surprise = 1.0 - torch.exp(-scaled[:, _SURPRISE].clamp(min=0.0) / 2.0)
        heads = arrival.quantiles.mean(-1)
        spread = heads.std(-1, correction=0) if heads.shape[-1] > 1 else torch.zeros(len(heads))
        uncertainty = spread / deviation[_VALUE]
        novelty = (arrival.novelty / 3.0).clamp(-1.0, 1.0)
        gained = ((outcome.reward / self.unit - mean[_REWARD]) / size).clamp(-1.0, 1.0)
        keeps = math.exp(-self.tick / PROGRESS_TAU)
        progress = keeps * state.affect.appraisals[:, _PROGRESS] + (1.0 - keeps) * gained
        control = state.allowed_calm.float().mean(-1)
        obstruction = (1.0 - control) * (progress < 0.0).float()
        return torch.stack(
            (desirability, surprise, uncertainty, novelty, arrival.risk, progress, control,
             obstruction), dim=-1,
        )  # fmt: skip

    def _signals(
        self, outcome: Outcome, arrival: Percept, arrival_value: Tensor, state: MindState
    ) -> Tensor:
        """Returns f32[B, SIGNALS] in running deviations from their means."""
        reward = outcome.reward / self.unit
        delta = reward + self.gamma * arrival_value - state.value
        found = measure(delta, reward, arrival.quantiles, arrival.surprise)
        return cast(Tensor, self.signals(found))

    def _inputs(self, appraisals: Tensor, scaled: Tensor, arrival: Percept) -> Tensor:
        """Returns f32[B, 8]: what comes into each emotion, relief left out."""
        d, progress = appraisals[:, _DESIRABILITY], appraisals[:, _PROGRESS]
        odds = torch.logit(arrival.risk, eps=1e-6) - torch.logit(self.usual_risk, eps=1e-6)
        odds = odds + math.log(self.config.fearfulness) - math.log(TIMES_USUAL)
        worst = (-scaled[:, _WORST] - TAIL).clamp(min=0.0)
        fear = torch.maximum(torch.sigmoid(odds / GRADE), worst / (1.0 + worst))
        strange = (3.0 * appraisals[:, _NOVELTY] - 1.0).clamp(min=0.0)
        stalled = (-progress - IDLE).clamp(min=0.0) / (1.0 - IDLE)
        unsure = (scaled[:, _SPREAD] - 1.0).clamp(min=0.0)
        slowly = 1.0 - self.decay
        return torch.stack((
            (d - DULL).clamp(min=0.0) / (1.0 - DULL),
            (-d - DULL).clamp(min=0.0) / (1.0 - DULL),
            slowly[HOPE] * (scaled[:, _BEST] - 1.0).clamp(min=0.0),
            fear,
            torch.zeros_like(d),
            slowly[FRUSTRATION] * (stalled + appraisals[:, _OBSTRUCTION]),
            (appraisals[:, _SURPRISE_] - IDLE).clamp(min=0.0) / (1.0 - IDLE),
            slowly[CURIOSITY] * (strange + unsure),
        ), dim=-1)  # fmt: skip

    def move(self, before: Tensor, inputs: Tensor) -> Tensor:
        """Returns emotions f32[B, 8] one tick later; relief comes from what fear loses."""
        held = before.clamp(max=MOST)
        kept = self.decay * held / (1.0 - held)
        after = kept + inputs
        felt = after / (1.0 + after)
        lost = (before[:, FEAR] - felt[:, FEAR]).clamp(min=0.0)
        relief = kept[:, RELIEF] + lost * (inputs[:, DISTRESS] < 0.5).float()
        felt[:, RELIEF] = relief / (1.0 + relief)
        return felt.clamp(max=MOST)

    def modulate(self, emotions: Tensor, appraisals: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns temperature, caution and curiosity f32[B] each; neutral where not an effect."""
        config = self.config
        fear, frustration = emotions[:, FEAR], emotions[:, FRUSTRATION]
        still = torch.zeros_like(fear)
        temperature, caution, curiosity = still + 1.0, still, still
        if "temperature" in config.effects:
            warm = config.warmth * (appraisals[:, _NOVELTY].clamp(min=0.0) + frustration)
            temperature = torch.exp(warm - config.cooling * fear).clamp(COOLEST, WARMEST)
        if "caution" in config.effects:
            caution = config.caution * ((fear - UNFELT) / (1.0 - UNFELT)).clamp(0.0, 1.0)
        if "curiosity" in config.effects:
            curiosity = config.curiosity * (1.0 - fear) * (1.0 + frustration)
        return temperature, caution, curiosity

    def _cause(
        self, emotions: Tensor, appraisals: Tensor, arrival: Percept, state: MindState
    ) -> tuple[Tensor, Tensor]:
        """Returns the appraisal behind the strongest emotion and the fact that goes with it."""
        strength, which = emotions.max(-1)
        cause = _CAUSE[which].clone()
        blocked = (which == FRUSTRATION) & (
            appraisals[:, _OBSTRUCTION] > -appraisals[:, _PROGRESS]
        )
        cause[blocked] = _OBSTRUCTION
        unsure = (which == CURIOSITY) & (appraisals[:, _NOVELTY] < 1.0 / 3.0)
        cause[unsure] = _UNCERTAINTY
        cause = cause.masked_fill(strength < FELT, -1)
        if not arrival.facts.shape[-1]:
            return cause, torch.full_like(cause, -1)
        odd = self.beliefs(arrival.facts)
        moved = (odd - self.beliefs(state.history[:, -1])).abs()
        # by row of _BY: with risk; with value; against it; by what has changed; by what is odd
        every = torch.stack(
            (self.ties[0] * odd, self.ties[1] * odd, -self.ties[1] * odd, moved, odd.abs())
        )
        weights = every[_BY[which], torch.arange(len(which))]
        # what is not there can't be what it is about
        there = self._is_free | (arrival.facts[:, self._needs] >= PRESENT)
        weight, about = weights.masked_fill(~there, 0.0).max(-1)
        return cause, about.masked_fill((cause < 0) | (weight <= 0.0), -1)

    # ------------------------------------------------------------------ learning its scales

    @torch.no_grad()
    def observe_scales(self, moments: Moments, total: Callable[[Tensor], Tensor]) -> None:
        """Takes N moments into account for all scales; learning only."""
        found = measure(moments.delta, moments.reward, moments.quantiles, moments.surprise)
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


def measure(delta: Tensor, reward: Tensor, quantiles: Tensor, surprise: Tensor) -> Tensor:
    """Returns f32[N, SIGNALS]: what appraisals take in deviations from its running mean."""
    heads = quantiles.mean(-1)
    spread = heads.std(-1, correction=0) if heads.shape[-1] > 1 else torch.zeros_like(delta)
    value = heads.mean(-1)
    each = quantiles.mean(-2)
    return torch.stack(
        (delta, value, surprise, reward, reward.abs(), spread, each.amin(-1) - value,
         each.amax(-1) - value), dim=-1,
    )  # fmt: skip


(_DESIRABILITY, _SURPRISE_, _UNCERTAINTY, _NOVELTY, _RISK, _PROGRESS, _CONTROL, _OBSTRUCTION) = (
    range(len(APPRAISALS))
)
_BY = torch.tensor([1, 2, 1, 0, 0, 2, 3, 4])  # how each emotion finds what it is about
_CAUSE = torch.tensor([APPRAISALS.index(name) for name in CAUSES])
