"""Scores of many episodes, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import bootstrap

from .types import Episode

RESAMPLES = 2000
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and the 95 % confidence interval around it."""

    mean: float
    low: float
    high: float


def interval(values: Iterable[float]) -> Interval:
    """Returns the mean and its 95 % percentile-bootstrap interval, the same at every call.

    One value, or values that are all alike, have no spread: low = high = mean.

    Raises:
      ValueError: there are no values.
    Source: Efron 1979; Agarwal 2021 on intervals for few runs.
    """
    found = np.asarray(list(values), np.float64)
    if len(found) == 0:
        raise ValueError("`values` must not be empty; got none. Finish at least one episode.")
    mean = float(found.mean())
    if np.ptp(found) == 0:
        return Interval(float(found[0]), float(found[0]), float(found[0]))
    result = bootstrap(
        (found,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return Interval(
        mean, float(result.confidence_interval.low), float(result.confidence_interval.high)
    )


def summarise(episodes: Sequence[Episode]) -> dict[str, Interval]:
    """Returns {name: Interval} over the episodes: total_reward, length, and the world's scores.

    A score that is not a number in some episode counts over the others.

    Raises:
      ValueError: there are no episodes.
    """
    if not episodes:
        raise ValueError("`episodes` must not be empty; got none. Finish at least one episode.")
    columns: dict[str, list[float]] = {"total_reward": [], "length": []}
    for episode in episodes:
        columns["total_reward"].append(episode.total_reward)
        columns["length"].append(float(episode.length))
        for name, value in episode.score.items():
            columns.setdefault(name, []).append(value)
    finite = {name: [v for v in column if np.isfinite(v)] for name, column in columns.items()}
    return {name: interval(column) for name, column in finite.items() if column}
