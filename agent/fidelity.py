"""How far a mind's beliefs agree with what was so: errors by range, coverage, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .types import Fact

BINS = (0.0, 10.0, 20.0, 30.0, 60.0)  # [m] ranges that are told apart
NORMAL_95 = 1.959964
PARTS = 10  # bins of the calibration error
HALVINGS = 10  # bins of fear
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What was believed and what was so at N moments.

    believed, doubt, truth f32[N, K] as Percept and Truth have them; counts bool[N, K]: facts that
    mean something and could be known; risk f32[N]; fear f32[N], 0 where nothing is felt; failure
    f32[N]: 1 where one followed soon; told bool[N]: whether that could still be seen; lane i64[N],
    which life it was.
    """

    believed: Array
    doubt: Array
    truth: Array
    counts: NDArray[np.bool_]
    risk: Array
    fear: Array
    failure: Array
    told: NDArray[np.bool_]
    lane: NDArray[np.int64]


def compare(found: Beliefs, facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Returns a row for each fact and range, ready for json.

    Numbers have the median and 90th percentile of the absolute error, and the part of moments in
    which the truth lies in the 95 % interval; booleans how often the likelier answer is right, and
    over all ranges the expected calibration error (Guo 2017).
    """
    rows: list[dict[str, Any]] = []
    for k, fact in enumerate(facts):
        counts = found.counts[:, k]
        distance = _distance(fact, facts)
        if distance is None:
            rows.append(_row(found, k, fact, counts, "all"))
            continue
        rows.append(_row(found, k, fact, counts, "all"))
        is_there = counts & (found.truth[:, k] > 0.5) if fact.is_boolean else counts
        for low, high in pairwise(BINS):
            way = found.truth[:, distance]
            inside = is_there & (way >= low) & (way < high)
            rows.append(_row(found, k, fact, inside, f"{low:.0f} to {high:.0f} m"))
        if fact.is_boolean:
            rows.append(_row(found, k, fact, counts & (found.truth[:, k] < 0.5), "where false"))
    return [row for row in rows if row["moments"]]


def _distance(fact: Fact, facts: Sequence[Fact]) -> int | None:
    """Returns the fact that tells how far away this one is: the one in metres whose name begins
    with the same word, such as light_red and light_distance."""
    word = fact.name.split("_")[0]
    for k, other in enumerate(facts):
        if other.unit == "m" and other.name.endswith("distance") and other.name.startswith(word):
            return k
    return None


def _row(
    found: Beliefs, k: int, fact: Fact, rows: NDArray[np.bool_], where: str
) -> dict[str, Any]:
    believed, truth = found.believed[rows, k], found.truth[rows, k]
    row: dict[str, Any] = {"fact": fact.name, "where": where, "moments": int(rows.sum())}
    if not row["moments"]:
        return row
    if fact.is_boolean:
        row["right"] = float(((believed > 0.5) == (truth > 0.5)).mean())
        if where == "all":
            row["base_rate"] = float(truth.mean())
            row["calibration_error"] = calibration_error(believed, truth)
        return row
    error = np.abs(believed - truth)
    row["unit"] = fact.unit
    row["median_error"] = float(np.median(error))
    row["error_90"] = float(np.quantile(error, 0.9))
    row["coverage_95"] = float((error <= NORMAL_95 * found.doubt[rows, k]).mean())
    return row


def calibration_error(chance: Array, truth: Array) -> float:
    """Returns the expected calibration error over PARTS equal bins (Guo 2017, eq. 3)."""
    index = np.minimum((chance * PARTS).astype(np.int64), PARTS - 1)
    counts = np.bincount(index, minlength=PARTS)
    gap = np.bincount(index, chance - truth, PARTS)
    return float(np.abs(gap).sum() / counts.sum())


def judge_risk(found: Beliefs) -> dict[str, float]:
    """Returns how well risk foretells failure, as `foretells` has it."""
    return foretells(found.risk[found.told], found.failure[found.told])


def judge_fear(found: Beliefs) -> dict[str, float]:
    """Returns how well fear foretells failure, as `foretells` has it.

    Fear is no probability: for the Brier score, that of failure in moments of as much fear stands
    in for it, counted in the other half of the lives.
    """
    fear, failure = found.fear[found.told], found.failure[found.told]
    is_even = found.lane[found.told] % 2 == 0
    chance = np.zeros_like(fear)
    for part in (is_even, ~is_even):
        if part.any() and not part.all():
            chance[part] = _chance(fear[~part], failure[~part], fear[part])
    told = foretells(fear, failure)
    if "brier_skill" in told:
        told["brier_skill"] = foretells(chance, failure)["brier_skill"]
    return told


def _chance(fear: Array, failure: Array, asked: Array) -> Array:
    """Returns how often failure followed fear as great as f32[M] is asked for; each of HALVINGS
    bins holds half of the moments that the one before it left."""
    edges = np.quantile(fear, 1.0 - 0.5 ** np.arange(1, HALVINGS))
    count = np.bincount(np.searchsorted(edges, fear, "right"), minlength=HALVINGS)
    hits = np.bincount(np.searchsorted(edges, fear, "right"), failure, HALVINGS)
    rate = (hits + failure.mean()) / (count + 1.0)
    found: Array = rate[np.searchsorted(edges, asked, "right")].astype(np.float32)
    return found


def foretells(risk: Array, failure: Array) -> dict[str, float]:
    """Returns how well f32[N] within 0 and 1 foretells failure f32[N]: base rate, Brier skill,
    AUPRC and AUROC.

    Brier skill is 1 - Brier / Brier of the base rate (Murphy 1973); AUPRC is average precision.
    Where there was no failure, or nothing else, only the base rate is told.
    """
    rate = float(failure.mean()) if len(failure) else 0.0
    told = {"moments": float(len(failure)), "base_rate": rate}
    if rate in (0.0, 1.0):
        return told
    brier = float(np.square(risk - failure).mean())
    order = np.argsort(-risk, kind="stable")
    hits = np.cumsum(failure[order])
    precision = hits / np.arange(1, len(hits) + 1)
    ranks = np.empty(len(risk))
    ranks[np.argsort(risk, kind="stable")] = np.arange(1, len(risk) + 1)
    positives = float(hits[-1])
    above = float(ranks[failure > 0.5].sum()) - positives * (positives + 1) / 2
    return {
        **told,
        "brier_skill": 1.0 - brier / (rate * (1.0 - rate)),
        "auprc": float((precision * failure[order]).sum() / positives),
        "auroc": above / (positives * (len(risk) - positives)),
    }
