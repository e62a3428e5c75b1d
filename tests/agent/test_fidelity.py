"""How beliefs are judged: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mindloop.agent.fidelity import (
    Beliefs,
    calibration_error,
    compare,
    foretells,
    judge_fear,
    judge_risk,
)
from mindloop.agent.types import Fact

FACTS = (
    Fact("light_red", kind="boolean"),
    Fact("light_distance", "m", 0.0, 60.0),
    Fact("offset", "m", -5.0, 5.0),
)


def found() -> Beliefs:
    truth = np.array([[1, 5, 0], [1, 15, 0], [0, 60, 1], [1, 15, 1]], np.float32)
    believed = np.array([[0.9, 6, 0.1], [0.2, 15, 0], [0.1, 50, 1], [0.7, 12, 1]], np.float32)
    counts = np.ones((4, 3), bool)
    counts[2, 1] = False
    return Beliefs(
        believed=believed, doubt=np.full((4, 3), 1.0, np.float32), truth=truth, counts=counts,
        risk=np.array([0.9, 0.8, 0.3, 0.1], np.float32),
        fear=np.array([0.5, 0.4, 0.2, 0.0], np.float32),
        failure=np.array([1, 0, 1, 0], np.float32), told=np.ones(4, bool), lane=np.arange(4),
    )  # fmt: skip


def test_facts_are_compared_by_range() -> None:
    rows = {(row["fact"], row["where"]): row for row in compare(found(), FACTS)}
    whole = rows["light_red", "all"]
    assert whole["right"] == 0.75 and whole["moments"] == 4 and whole["base_rate"] == 0.75
    assert rows["light_red", "0 to 10 m"]["right"] == 1.0
    assert rows["light_red", "10 to 20 m"]["right"] == 0.5
    assert rows["light_red", "where false"]["right"] == 1.0
    distance = rows["light_distance", "all"]
    assert distance["moments"] == 3 and distance["median_error"] == 1.0
    assert distance["coverage_95"] == pytest.approx(2 / 3)
    assert ("light_distance", "30 to 60 m") not in rows, "what does not count is left out"
    assert rows["offset", "all"]["error_90"] == pytest.approx(0.07)


def test_the_calibration_error_by_hand() -> None:
    chance = np.array([0.05, 0.05, 0.95, 0.95], np.float32)
    truth = np.array([0, 0, 1, 0], np.float32)
    # two bins of two: |.05 - 0| and |.95 - .5|, weighted alike
    assert calibration_error(chance, truth) == pytest.approx((0.05 + 0.45) / 2)


def test_risk_is_judged() -> None:
    told = judge_risk(found())
    # ordered: hit, miss, hit, miss; precision 1 and 2/3
    assert told["auprc"] == pytest.approx((1 + 2 / 3) / 2)
    assert told["auroc"] == pytest.approx(0.75)
    brier = (0.01 + 0.64 + 0.49 + 0.01) / 4
    assert told["brier_skill"] == pytest.approx(1 - brier / 0.25)


def test_risk_without_failures_has_only_a_base_rate() -> None:
    calm = found()
    calm.failure[:] = 0
    assert judge_risk(calm) == {"moments": 4.0, "base_rate": 0.0}


def test_fear_is_judged_by_what_followed_as_much_of_it_in_other_lives() -> None:
    rng = np.random.default_rng(0)
    count = 40_000
    fear = rng.exponential(0.1, count).astype(np.float32).clip(0, 0.99)
    chance = np.minimum(0.6 * fear, 0.9)
    feared = Beliefs(
        believed=np.zeros((count, 0), np.float32), doubt=np.zeros((count, 0), np.float32),
        truth=np.zeros((count, 0), np.float32), counts=np.zeros((count, 0), bool),
        risk=fear, fear=fear, failure=(rng.random(count) < chance).astype(np.float32),
        told=np.ones(count, bool), lane=rng.integers(0, 50, count),
    )  # fmt: skip
    told, best = judge_fear(feared), foretells(chance, feared.failure)
    assert told["auroc"] == pytest.approx(best["auroc"], abs=1e-3)  # ranks alike
    assert told["brier_skill"] == pytest.approx(best["brier_skill"], abs=0.01)
    assert told["brier_skill"] > foretells(fear, feared.failure)["brier_skill"]
    feared.failure[feared.lane % 2 == 0] = 0.0  # what was learned of the one half fails the other
    assert judge_fear(feared)["brier_skill"] < 0.5 * told["brier_skill"]
