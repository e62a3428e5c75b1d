"""The statistics of a study: interquartile means, intervals, chances to be better, and a verdict.

Source: Agarwal 2021 (interquartile mean, stratified bootstrap, probability of improvement);
Holm 1979 for several comparisons at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
DRAWS = 5000  # of a bootstrap, and of sign flips where there are too many to list
LEVEL = 0.05
POWER = 0.8


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One arm against another, pair by pair."""

    other: str
    difference: Estimate
    """Mean difference, in favour of the first where above 0."""
    chance: Estimate
    """P(first > other) in a pair; a draw counts half."""
    p: float
    """Of a paired permutation test, one-sided, before correction."""
    corrected: float
    """The same after Holm's correction."""

    @property
    def is_better(self) -> bool:
        """Whether the first beats the other."""
        return self.corrected < LEVEL and self.difference.mean > 0


def interquartile_mean(values: Array) -> float:
    """Returns the mean of the middle half."""
    return float(stats.trim_mean(values, 0.25, axis=None))


def iqm(scores: Array, rng: np.random.Generator) -> Estimate:
    """Returns the interquartile mean of f64[tasks, seeds], resampled within each task."""
    tasks, seeds = scores.shape
    chosen = rng.integers(0, seeds, (DRAWS, tasks, seeds))
    drawn = np.take_along_axis(scores[None], chosen, axis=2).reshape(DRAWS, -1)
    found = stats.trim_mean(drawn, 0.25, axis=1)
    low, high = np.quantile(found, (0.025, 0.975))
    return Estimate(interquartile_mean(scores), float(low), float(high))


def paired(first: Array, other: Array, rng: np.random.Generator) -> tuple[Estimate, Estimate]:
    """Returns the mean difference and P(first > other) of f64[tasks, seeds] in pairs."""
    gap = first - other
    wins = (gap > 0) + 0.5 * (gap == 0)
    tasks, seeds = gap.shape
    chosen = rng.integers(0, seeds, (DRAWS, tasks, seeds))
    found = []
    for values in (gap, wins):
        drawn = np.take_along_axis(values[None], chosen, axis=2).mean((1, 2))
        low, high = np.quantile(drawn, (0.025, 0.975))
        found.append(Estimate(float(values.mean()), float(low), float(high)))
    return found[0], found[1]


def permutation_test(first: Array, other: Array, rng: np.random.Generator) -> float:
    """Returns the part of sign flips of the pairs' differences, averaged over tasks, whose mean is
    at least as large: a seed keeps one sign over all tasks, as its runs hang together."""
    gap = (first - other).mean(0)
    seeds = len(gap)
    if seeds <= 12:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=seeds)))
    else:
        signs = np.concatenate((np.ones((1, seeds)), rng.choice((1.0, -1.0), (DRAWS, seeds))))
    return float(np.mean((signs * gap).mean(1) >= gap.mean() - 1e-12))


def holm(ps: Sequence[float]) -> list[float]:
    """Returns the p values corrected for being so many (Holm 1979)."""
    order = np.argsort(ps)
    found = [0.0] * len(ps)
    worst = 0.0
    for rank, k in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[k]))
        found[k] = worst
    return found


def compare(
    scores: Mapping[str, Array], first: str, others: Sequence[str], rng: np.random.Generator
) -> list[Comparison]:
    """Returns `first` against each of the others; scores {arm: f64[tasks, seeds]}."""
    ps = [permutation_test(scores[first], scores[other], rng) for other in others]
    made = []
    for other, p, corrected in zip(others, ps, holm(ps), strict=True):
        difference, chance = paired(scores[first], scores[other], rng)
        made.append(Comparison(other, difference, chance, p, corrected))
    return made


def detectable(seeds: int) -> float:
    """Returns the smallest effect, in deviations of the pairs' differences, that so many pairs show
    at 5 % (one-sided) in four of five studies: of a paired t test, Cohen 1988."""
    return float(
        (stats.t.ppf(1 - LEVEL, seeds - 1) + stats.norm.ppf(POWER)) / np.sqrt(seeds)
    )


def verdict(comparisons: Sequence[Comparison], decisive: Sequence[str]) -> dict[str, Any]:
    """Returns what the rule says: it helps only where the first beats all that are decisive."""
    beaten = [one.other for one in comparisons if one.other in decisive and one.is_better]
    return {
        "helps": len(beaten) == len(decisive),
        "beats": beaten,
        "does_not_beat": [name for name in decisive if name not in beaten],
    }
