"""Scores: intervals worked out by hand where that can be done."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mindloop.agent.scoring import Interval, interval, summarise
from mindloop.agent.types import Episode


def episode(score: dict[str, float], reward: float = 1.0) -> Episode:
    return Episode(0, 0, 0, reward, 10, True, False, "done", score)


def test_an_interval_holds_the_mean_and_narrows_with_more_values() -> None:
    rng = np.random.default_rng(0)
    few, many = interval(rng.normal(5, 1, 20)), interval(rng.normal(5, 1, 2000))
    for found in (few, many):
        assert found.low < found.mean < found.high
    assert many.high - many.low < 0.2 * (few.high - few.low)
    # 2000 normal values: the interval is 1.96 standard errors to either side
    assert many.high - many.mean == pytest.approx(1.96 / math.sqrt(2000), rel=0.15)


def test_the_same_values_give_the_same_interval() -> None:
    assert interval([1.0, 2.0, 4.0]) == interval([1.0, 2.0, 4.0])


def test_one_value_or_equal_values_have_no_spread() -> None:
    assert interval([3.0]) == Interval(3.0, 3.0, 3.0)
    assert interval([0.1] * 7) == Interval(0.1, 0.1, 0.1)


def test_every_score_is_summarised_over_the_episodes_that_have_it() -> None:
    found = summarise([episode({"a": 1.0, "b": math.nan}, 2.0), episode({"a": 3.0, "b": 5.0}, 4.0)])
    assert found["a"].mean == 2.0
    assert found["b"] == Interval(5.0, 5.0, 5.0)
    assert found["total_reward"].mean == 3.0
    assert found["length"].mean == 10.0


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(ValueError, match="`episodes` must not be empty"):
        summarise([])
    with pytest.raises(ValueError, match="`values` must not be empty"):
        interval([])
