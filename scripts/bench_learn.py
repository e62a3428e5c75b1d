"""What `mindloop bench learn` compares: our training beside others', and beside its arithmetic.

Rounds go through all contestants in turn, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from mindloop.bench_ours import arithmetic, ours, where_time_goes
from mindloop.bench_pace import Entry, Pace, run_config
from mindloop.bench_rivals import plain, plain_of_each, sb3_car_racing, sb3_driving
from mindloop.errors import UserError, nearest
from mindloop.fresh import Ready, apart

RIVAL_TICKS = 128  # T of Stable-Baselines3 unless --ticks says otherwise


@dataclass(frozen=True)
class Contestant:
    """One thing to measure."""

    name: str
    kind: str
    """What it counts as; of a kind's ways to run, the fastest is compared with ours."""
    work: Callable[[Entry, Ready], Pace]
    threads: int | None = 1
    """Of torch in each process; None: as many as torch takes."""
    is_in_each: bool = False
    """Whether as many processes as we have workers run side by side, and their paces add up."""


OURS, ARITHMETIC = "mindloop", "pure arithmetic"
SB3_RACING, SB3_DRIVING = "SB3 PPO on CarRacing-v3", "SB3 PPO on Driving-v0"
PLAIN, WATCHED = "CleanRL-style loop on Driving-v0", "where the time goes"
CONTESTANTS = (
    Contestant(OURS, OURS, ours),
    Contestant(ARITHMETIC, ARITHMETIC, arithmetic, is_in_each=True),
    Contestant(PLAIN, PLAIN, plain, threads=None),
    Contestant(f"{PLAIN}, one thread a core", PLAIN, plain_of_each, is_in_each=True),
    Contestant(SB3_DRIVING, SB3_DRIVING, sb3_driving, threads=None),
    Contestant(f"{SB3_DRIVING}, one thread", SB3_DRIVING, sb3_driving),
    Contestant(SB3_RACING, SB3_RACING, sb3_car_racing, threads=None),
    Contestant(f"{SB3_RACING}, one thread", SB3_RACING, sb3_car_racing),
    Contestant(WATCHED, WATCHED, where_time_goes),
)


def race(
    console: Console, seconds: float, rounds: int, workers: int | None, only: Sequence[str],
    lanes: int | None, ticks: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Measures, shows the tables, and returns the report.

    Raises:
      UserError: a number is out of range, or no contestant has such a name.
    """
    chosen = entrants(only)
    _check(seconds, rounds, workers)
    with console.status("Making a world ..."):
        try:
            config = run_config(workers or os.cpu_count() or 1, lanes, ticks)
        except ValueError as error:
            raise UserError(str(error)) from error
    entry = Entry(config, seconds, ticks or RIVAL_TICKS)
    paces = []
    for number, contestant in enumerate(chosen * rounds):
        words = f"[{number + 1}/{len(chosen) * rounds}] {contestant.name}"
        with console.status(words):
            pace = measure(contestant, entry)
        paces.append(pace)
        said = pace.error or f"{pace.steps_per_second:,.0f} steps/s"
        console.print(f"{words}: {said}", markup=False, highlight=False)
    console.print(table(paces, config.workers))
    shares = mean_shares(paces)
    if shares:
        console.print(shares_table(shares))
    return {
        "config": config, "rounds": rounds, "rival_ticks": entry.rival_ticks,
        "results": paces, "summary": summary(paces), "ratios": ratios(paces), "shares": shares,
    }  # fmt: skip


def entrants(only: Sequence[str]) -> tuple[Contestant, ...]:
    """Returns the contestants whose names contain one of these words; all without any.

    Raises:
      UserError: no name contains a word.
    """
    names = [contestant.name for contestant in CONTESTANTS]
    for word in only:
        if not any(word.lower() in name.lower() for name in names):
            raise UserError(f"No contestant's name contains `{word}`. {nearest(word, names)}")
    return tuple(
        one for one in CONTESTANTS
        if not only or any(word.lower() in one.name.lower() for word in only)
    )  # fmt: skip


def _check(seconds: float, rounds: int, workers: int | None) -> None:
    if seconds <= 0:
        raise UserError(f"`--seconds` must be positive; got {seconds}.")
    for name, value in (("rounds", rounds), ("workers", 1 if workers is None else workers)):
        if value < 1:
            raise UserError(f"`--{name}` must be at least 1; got {value}.")


def measure(contestant: Contestant, entry: Entry) -> Pace:
    """Returns the pace of a contestant in fresh processes; never raises for what happens there."""
    count = entry.config.workers if contestant.is_in_each else 1
    try:
        found = apart(contestant.work, entry, count, contestant.threads)
    except RuntimeError as error:
        return Pace(contestant.name, error=str(error))
    speed = sum(pace.steps_per_second for pace in found)
    return replace(found[0], contestant=contestant.name, steps_per_second=speed)


# ---------------------------------------------------------------------------------- figures


@dataclass(frozen=True)
class Summary:
    """A contestant's rounds [1/s]."""

    median: float
    least: float
    most: float


def summary(paces: Sequence[Pace]) -> dict[str, Summary]:
    """Returns {contestant: its rounds}, in the order that they ran; without those that failed."""
    found: dict[str, list[float]] = {}
    for pace in paces:
        if not pace.error:
            found.setdefault(pace.contestant, []).append(pace.steps_per_second)
    return {
        name: Summary(statistics.median(speeds), min(speeds), max(speeds))
        for name, speeds in found.items()
    }


def ratios(paces: Sequence[Pace]) -> dict[str, float]:
    """Returns our median divided by that of each kind's fastest way to run."""
    rounds = summary(paces)
    if OURS not in rounds:
        return {}
    best: dict[str, float] = {}
    for one in CONTESTANTS:
        if one.name in rounds and one.kind not in (OURS, WATCHED):
            best[one.kind] = max(best.get(one.kind, 0.0), rounds[one.name].median)
    return {kind: rounds[OURS].median / speed for kind, speed in best.items()}


def mean_shares(paces: Sequence[Pace]) -> dict[str, float]:
    """Returns each part's mean percentage over the rounds, the largest first."""
    told = [pace.shares for pace in paces if pace.shares]
    parts = dict.fromkeys(part for shares in told for part in shares)
    means = {part: sum(s.get(part, 0.0) for s in told) / len(told) for part in parts}
    return dict(sorted(means.items(), key=lambda item: -item[1]))


# ----------------------------------------------------------------------------------- tables


def table(paces: Sequence[Pace], workers: int) -> Table:
    """Returns the contestants as a table; the last column says how often each fits into ours."""
    shown = Table(title="steps of the agent per second, rollouts and learning, all cores")
    shown.add_column("", justify="left")
    for column in ("processes x threads", "median", "least", "most", "mindloop is"):
        shown.add_column(column, justify="right")
    rounds = summary(paces)
    for name, pace in _first(paces):
        if name not in rounds:
            shown.add_row(name, "", pace.error)
            continue
        one = next(c for c in CONTESTANTS if c.name == name)
        processes = workers if one.is_in_each or one.kind in (OURS, WATCHED) else 1
        found, times = rounds[name], ""
        if OURS in rounds and one.kind != WATCHED and name != OURS:
            times = f"{rounds[OURS].median / found.median:.2f} x"
        shown.add_row(
            name, f"{processes} x {pace.threads}", f"{found.median:,.0f}", f"{found.least:,.0f}",
            f"{found.most:,.0f}", times,
        )
    return shown


def _first(paces: Sequence[Pace]) -> Iterator[tuple[str, Pace]]:
    """Yields each contestant with its first pace, one that didn't fail if there is one."""
    names = dict.fromkeys(pace.contestant for pace in paces)
    for name in names:
        own = [pace for pace in paces if pace.contestant == name]
        yield name, min(own, key=lambda pace: bool(pace.error))


def shares_table(shares: dict[str, float]) -> Table:
    """Returns where the time goes as a table."""
    shown = Table(title="where the time of mindloop's first worker goes")
    shown.add_column("part", justify="left")
    shown.add_column("percent", justify="right")
    for part, percent in shares.items():
        shown.add_row(part, f"{percent:.1f}")
    return shown
