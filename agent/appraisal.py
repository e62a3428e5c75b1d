"""The arithmetic of feeling: a tick of B lives appraised, felt and turned into effects; compiled.

What it computes, and by what sources, `emotion.py` says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

PROGRESS_TAU = 5.0  # [s]
TIMES_USUAL = 20.0  # risk that is so many times its mean frightens half as much as any can
GRADE = 0.8  # nats of log odds between frightening and not
DULL = 0.9  # of desirability, which isn't felt: within 1.5 deviations outcomes are ordinary
IDLE = 0.5  # of progress below the usual, and of surprise, which isn't felt
STRANGE = 0.4  # of surprise, an excess error of one deviation, that makes curious
UNFELT = 0.2  # of fear, which makes nobody cautious
PRESENT = 0.5  # probability from which a thing counts as there
FELT = 0.15  # from which an emotion is worth a cause
COOLEST, WARMEST = 0.5, 2.0  # temperature
MOST = 0.999  # of what can be felt
LIMIT = 10.0  # deviations at which signals are cut
SLIGHT = 1e-6
SIGNALS = 8
(_DELTA, _VALUE, _SURPRISE, _REWARD, _SIZE, _SPREAD, _WORST, _BEST) = range(SIGNALS)
(DESIRABILITY, SURPRISING, UNCERTAINTY, NOVELTY, RISK, PROGRESS, CONTROL, OBSTRUCTION) = range(8)
(JOY, DISTRESS, HOPE, FEAR, RELIEF, FRUSTRATION, SURPRISE, CURIOSITY) = range(8)
CAUSES = (DESIRABILITY, DESIRABILITY, DESIRABILITY, RISK, RISK, PROGRESS, SURPRISING, NOVELTY)
"""The appraisal behind each emotion."""
(_TEMPERATURE, _CAUTION, _CURIOSITY) = range(3)  # columns of the effects


class Traits(NamedTuple):
    """What a config fixes; an effect that is switched off has a weight of 0."""

    tick: float
    """[s] between decisions."""
    mood: float
    """[s] τ of the mood."""
    fearfulness: float
    tail: float
    """Deviations from which the worst quantile frightens."""
    warmth: float
    cooling: float
    caution: float
    curiosity: float


class Scales(NamedTuple):
    """What learning found to be usual: see Emotion's buffers."""

    unit: float
    gamma: float
    usual_risk: float
    mean: Any
    """f32[SIGNALS], as deviation."""
    deviation: Any
    fact_mean: Any
    """f32[K], as fact_deviation; ties f32[2, K]."""
    fact_deviation: Any
    ties: Any


@njit(cache=True, nogil=True)
def measure(delta: Any, reward: Any, quantiles: Any, surprise: Any, out: Any) -> None:
    """Fills out f32[N, SIGNALS] with what appraisals take in deviations from its running mean.

    Args:
      delta, reward, surprise: f32[N]. quantiles: f32[N, heads, Q].
    """
    heads, count = quantiles.shape[1], quantiles.shape[2]
    for b in range(len(out)):
        value, square = 0.0, 0.0
        for h in range(heads):
            mean = 0.0
            for q in range(count):
                mean += quantiles[b, h, q] / count
            value += mean / heads
            square += mean * mean / heads
        worst, best = np.inf, -np.inf
        for q in range(count):
            each = 0.0
            for h in range(heads):
                each += quantiles[b, h, q] / heads
            worst, best = min(worst, each), max(best, each)
        out[b, _DELTA], out[b, _VALUE], out[b, _SURPRISE] = delta[b], value, surprise[b]
        out[b, _REWARD], out[b, _SIZE] = reward[b], abs(reward[b])
        out[b, _SPREAD] = np.sqrt(max(square - value * value, 0.0))
        out[b, _WORST], out[b, _BEST] = worst - value, best


@njit(cache=True, nogil=True)
def _cut(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


@njit(cache=True, nogil=True)
def _log_odds(chance: float) -> float:
    kept = _cut(chance, SLIGHT, 1.0 - SLIGHT)
    return float(np.log(kept / (1.0 - kept)))


@njit(cache=True, nogil=True)
def _share(x: float) -> float:
    """Returns how much is felt of what has come in, at most MOST."""
    return min(x / (1.0 + x), MOST)


@njit(cache=True, nogil=True)
def appraise(
    traits: Traits, scales: Scales, signals: Any, novelty: float, risk: float, allowed: Any,
    progress: float, out: Any,
) -> None:  # fmt: skip
    """Fills out f32[8] with the appraisals of one life.

    Args:
      signals: f32[SIGNALS], as measured. allowed: bool[A]. progress: that of the tick before.
    """
    mean, deviation = scales.mean, scales.deviation
    out[DESIRABILITY] = np.tanh(signals[_DELTA] / deviation[_DELTA])
    strange = (signals[_SURPRISE] - mean[_SURPRISE]) / deviation[_SURPRISE]
    out[SURPRISING] = 1.0 - np.exp(-_cut(strange, 0.0, LIMIT) / 2.0)
    out[UNCERTAINTY] = signals[_SPREAD] / deviation[_VALUE]
    out[NOVELTY] = _cut(novelty / 3.0, -1.0, 1.0)
    out[RISK] = risk
    gained = _cut((signals[_REWARD] - mean[_REWARD]) / max(mean[_SIZE], SLIGHT), -1.0, 1.0)
    keeps = np.exp(-traits.tick / PROGRESS_TAU)
    out[PROGRESS] = keeps * progress + (1.0 - keeps) * gained
    out[CONTROL] = allowed.mean()
    out[OBSTRUCTION] = 1.0 - out[CONTROL] if out[PROGRESS] < 0.0 else 0.0


@njit(cache=True, nogil=True)
def move(
    traits: Traits, scales: Scales, signals: Any, appraisals: Any, decay: Any, before: Any, out: Any
) -> None:
    """Fills out f32[8] with the emotions of one life; `before` are those of the tick before."""
    d = appraisals[DESIRABILITY]
    for k in range(len(out)):
        held = min(before[k], MOST)
        out[k] = decay[k] * held / (1.0 - held)
    odds = _log_odds(appraisals[RISK]) - _log_odds(scales.usual_risk) - np.log(TIMES_USUAL)
    fear = 1.0 / (1.0 + np.exp(-(odds + np.log(traits.fearfulness)) / GRADE))
    worst = (scales.mean[_WORST] - signals[_WORST]) / scales.deviation[_WORST]
    worst = _cut(worst, 0.0, LIMIT) - traits.tail
    if worst > 0.0:
        fear = max(fear, worst / (1.0 + worst))
    best = (signals[_BEST] - scales.mean[_BEST]) / scales.deviation[_BEST]
    unsure = (signals[_SPREAD] - scales.mean[_SPREAD]) / scales.deviation[_SPREAD]
    stalled = max(-appraisals[PROGRESS] - IDLE, 0.0) / (1.0 - IDLE)
    strange = (signals[_SURPRISE] - scales.mean[_SURPRISE]) / scales.deviation[_SURPRISE]
    new = max(3.0 * appraisals[NOVELTY] - 1.0, 0.0) + _cut(strange - 1.0, 0.0, LIMIT)
    out[JOY] += max(d - DULL, 0.0) / (1.0 - DULL)
    distress = max(-d - DULL, 0.0) / (1.0 - DULL)
    out[DISTRESS] += distress
    out[HOPE] += (1.0 - decay[HOPE]) * _cut(best - 1.0, 0.0, LIMIT)
    out[FEAR] += fear
    out[FRUSTRATION] += (1.0 - decay[FRUSTRATION]) * (stalled + appraisals[OBSTRUCTION])
    out[SURPRISE] += max(appraisals[SURPRISING] - IDLE, 0.0) / (1.0 - IDLE)
    out[CURIOSITY] += (1.0 - decay[CURIOSITY]) * (new + _cut(unsure - 1.0, 0.0, LIMIT))
    if distress < 0.5:  # nothing failed
        out[RELIEF] += max(before[FEAR] - _share(out[FEAR]), 0.0)
    for k in range(len(out)):
        out[k] = _share(out[k])


@njit(cache=True, nogil=True)
def modulate(traits: Traits, emotions: Any, appraisals: Any, out: Any) -> None:
    """Fills out f32[3] with temperature, caution and curiosity of one life."""
    fear, frustration = emotions[FEAR], emotions[FRUSTRATION]
    warm = traits.warmth * (max(appraisals[NOVELTY], 0.0) + frustration)
    out[_TEMPERATURE] = _cut(np.exp(warm - traits.cooling * fear), COOLEST, WARMEST)
    out[_CAUTION] = traits.caution * _cut((fear - UNFELT) / (1.0 - UNFELT), 0.0, 1.0)
    out[_CURIOSITY] = traits.curiosity * (1.0 - fear) * (1.0 + frustration)


@njit(cache=True, nogil=True)
def find_cause(
    scales: Scales, emotions: Any, appraisals: Any, facts: Any, last: Any, needs: Any
) -> tuple[int, int]:
    """Returns the appraisal behind the strongest emotion, and the fact that goes with it; -1: none.

    Args:
      facts, last: f32[K] as believed now and a tick ago.
      needs: i64[K], the fact that has to be believed for each to mean anything; -1: none.
    """
    which = np.argmax(emotions)
    if emotions[which] < FELT:
        return -1, -1
    cause = CAUSES[which]
    if which == FRUSTRATION and appraisals[OBSTRUCTION] > -appraisals[PROGRESS]:
        cause = OBSTRUCTION
    if which == CURIOSITY and appraisals[NOVELTY] < 1.0 / 3.0:
        cause = SURPRISING if appraisals[SURPRISING] > STRANGE else UNCERTAINTY
    about, most = -1, 0.0
    for k in range(len(facts)):
        if needs[k] >= 0 and facts[needs[k]] < PRESENT:
            continue  # what is not there can't be what it is about
        odd = (facts[k] - scales.fact_mean[k]) / scales.fact_deviation[k]
        if which in (FEAR, RELIEF):
            weight = scales.ties[0, k] * odd
        elif which in (JOY, HOPE):
            weight = scales.ties[1, k] * odd
        elif which in (DISTRESS, FRUSTRATION):
            weight = -scales.ties[1, k] * odd
        elif which == SURPRISE:
            weight = abs(facts[k] - last[k]) / scales.fact_deviation[k]
        else:
            weight = abs(odd)
        if weight > most:
            about, most = k, weight
    return cause, about


@njit(cache=True, nogil=True)
def feel(
    traits: Traits, scales: Scales, decay: Any, anchors: Any, needs: Any, reward: Any,
    arrival_value: Any, value: Any, quantiles: Any, surprise: Any, novelty: Any, risk: Any,
    allowed: Any, facts: Any, last: Any, before: Any, progress: Any, mood: Any, signals: Any,
    appraisals: Any, emotions: Any, pad: Any, moods: Any, effects: Any, causes: Any,
) -> None:  # fmt: skip
    """Feels for B lives.

    Args:
      decay: f32[8]. anchors: f32[8, 3]. needs: i64[K].
      reward, arrival_value, value, surprise, novelty, risk: f32[B]. quantiles: f32[B, heads, Q].
      allowed: bool[B, A]. facts, last: f32[B, K]. before: f32[B, 8], the emotions; progress: f32[B]
        and mood: f32[B, 3], of the tick before.
      signals f32[B, SIGNALS], appraisals f32[B, 8], emotions f32[B, 8], pad f32[B, 3], moods
        f32[B, 3], effects f32[3, B] and causes i64[2, B] (appraisal, fact) are filled.
    """
    gained = reward / np.float32(scales.unit)
    delta = gained + np.float32(scales.gamma) * arrival_value - value
    measure(delta, gained, quantiles, surprise, signals)
    share = 1.0 - np.exp(-traits.tick / traits.mood)
    for b in range(len(reward)):
        appraise(traits, scales, signals[b], novelty[b], risk[b], allowed[b], progress[b],
                 appraisals[b])  # fmt: skip
        move(traits, scales, signals[b], appraisals[b], decay, before[b], emotions[b])
        modulate(traits, emotions[b], appraisals[b], effects[:, b])
        causes[0, b], causes[1, b] = find_cause(
            scales, emotions[b], appraisals[b], facts[b], last[b], needs
        )
        for c in range(3):
            total = 0.0
            for k in range(len(decay)):
                total += emotions[b, k] * anchors[k, c]
            pad[b, c] = _cut(total, -1.0, 1.0)
            moods[b, c] = mood[b, c] + share * (pad[b, c] - mood[b, c])
