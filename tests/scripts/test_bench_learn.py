"""The bench of learning measures what it says, goes on without what is missing, and compares."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from mindloop import bench_learn
from mindloop.agent.config import PPOConfig, TrainConfig
from mindloop.bench_learn import (
    ARITHMETIC,
    CONTESTANTS,
    OURS,
    PLAIN,
    SB3_RACING,
    WATCHED,
    Contestant,
    entrants,
    mean_shares,
    measure,
    race,
    ratios,
    summary,
    table,
)
from mindloop.bench_ours import Stopwatch
from mindloop.bench_pace import Entry, Pace, paced
from mindloop.bench_rivals import ppo_loss
from mindloop.errors import UserError
from mindloop.fresh import Ready, apart

SOME = (OURS, ARITHMETIC, f"{SB3_RACING}, one thread", WATCHED)  # the others take minutes
PACES = [
    Pace(OURS, 900.0, threads=1), Pace(OURS, 1000.0, threads=1), Pace(OURS, 1400.0, threads=1),
    Pace(SB3_RACING, 20.0, threads=2), Pace(f"{SB3_RACING}, one thread", 25.0, threads=1),
    Pace(PLAIN, error="it broke"), Pace(ARITHMETIC, 2000.0, threads=1),
    Pace(WATCHED, 990.0, threads=1, shares={"world": 40.0, "other": 60.0}),
    Pace(WATCHED, 990.0, threads=1, shares={"world": 20.0, "other": 70.0, "mind": 10.0}),
]  # fmt: skip


@pytest.mark.slow
def test_contestants_are_measured_in_one_run(tmp_path: Path) -> None:
    words = ["bench", "learn", "--seconds", "0.2", "--rounds", "1", "--workers", "2",
             "--lanes", "8", "--ticks", "8", "--json", "out/l.json", "--only", *SOME]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "mindloop.cli", *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "l.json").read_text())
    paces = {row["contestant"]: row for row in report["results"]}
    assert list(paces) == [one.name for one in entrants(SOME)] and len(paces) == 4
    assert not [row["error"] for row in paces.values() if row["error"]]
    assert all(row["cycles"] >= 1 and row["steps_per_second"] > 0 for row in paces.values())
    for one in entrants(SOME):
        assert one.threads is None or paces[one.name]["threads"] == one.threads
    assert report["config"]["workers"] == 2 and report["config"]["ppo"]["kl_stop"] == 0
    assert report["ratios"][SB3_RACING] > 1 and 0 < report["ratios"][ARITHMETIC] < 2
    shares = report["shares"]
    assert sum(shares.values()) == pytest.approx(100)
    seen = ("world: env.step", "mind: perceive, decide", "learn: forward", "learn: backward",
            "optimiser", "rollout: copying", "gradients: exchange and waiting")  # fmt: skip
    assert all(shares[part] > 0 for part in seen) and shares["other"] < 30


def test_ours_is_compared_with_the_fastest_way_to_run_each_rival() -> None:
    assert summary(PACES)[OURS] == bench_learn.Summary(median=1000.0, least=900.0, most=1400.0)
    assert PLAIN not in summary(PACES)
    assert ratios(PACES) == {SB3_RACING: 40.0, ARITHMETIC: 0.5}
    assert ratios(PACES[3:]) == {}
    assert mean_shares(PACES) == {"other": 65.0, "world": 30.0, "mind": 5.0}


def test_the_table_tells_figures_processes_and_what_failed() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table(PACES, workers=2))
    rows = {line.split("│")[1].strip(): line for line in console.export_text().splitlines()
            if line.startswith("│")}  # fmt: skip
    assert "it broke" in rows[PLAIN]
    cells = [cell.strip() for cell in rows[OURS].split("│")[2:-1]]
    assert cells == ["2 x 1", "1,000", "900", "1,400", ""]
    cells = [cell.strip() for cell in rows[SB3_RACING].split("│")[2:-1]]
    assert cells == ["1 x 2", "20", "20", "20", "50.00 x"]


def test_a_clock_leaves_out_the_watched_calls_within() -> None:
    now = [0.0]

    class Worker:
        def outer(self, spent: float) -> float:
            now[0] += spent
            self.inner()
            return spent

        def inner(self) -> None:
            now[0] += 3.0

    watch, worker = Stopwatch(lambda: now[0]), Worker()
    watch.watch(worker, "outer", "a")
    watch.watch(Worker, "inner", "b")
    assert worker.outer(4.0) == 4.0
    worker.inner()
    assert watch.spent == {"a": 4.0, "b": 6.0}
    assert watch.shares(20.0) == {"other": 50.0, "b": 30.0, "a": 20.0}


def test_the_first_cycle_is_warm_up_and_the_pace_is_the_medians(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, said = [0.0], []
    durations = iter((100.0, 1.0, 2.0, 4.0))
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def cycle() -> None:
        now[0] += next(durations)
        said.append("cycle")

    entry = Entry(TrainConfig(), seconds=7.0, rival_ticks=1)
    pace = paced(cycle, 10, entry, lambda: said.append("ready"), threads=3)
    assert said == ["cycle", "ready", "cycle", "cycle", "cycle"]
    assert (pace.steps_per_second, pace.cycles, pace.threads) == (5.0, 3, 3)


def test_the_plain_loops_loss_by_hand() -> None:
    ppo = PPOConfig(clip=0.2, entropy=0.1, value=0.5)
    change = torch.tensor([1.5, 0.5]).log()  # probability now / then
    value, old = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 0.0])
    advantage = torch.tensor([1.0, -1.0])
    loss = ppo_loss(change, torch.tensor([2.0, 2.0]), value, old, advantage, ppo)
    gain = 0.5**0.5  # ±1 in standard deviations, unbiased
    policy = (-1.2 * gain + 0.8 * gain) / 2  # both clipped
    error = (0.8**2 + 1.0) / 2  # the first clipped to 0.2, of targets 1 and -1
    assert float(loss) == pytest.approx(policy - 0.1 * 2.0 + 0.5 * 0.5 * error)


def _threads(addend: int, ready: Ready) -> int:
    ready()
    return torch.get_num_threads() + addend


def _dies(code: int, ready: Ready) -> int:
    sys.exit(code)


def _lacks(entry: Entry, ready: Ready) -> Pace:
    raise ModuleNotFoundError("No module named 'stable_baselines3'")


@pytest.mark.slow
def test_processes_have_the_threads_that_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert apart(_threads, 10, count=2, threads=1) == [11, 11]
    assert apart(_threads, 0, threads=None) != [7]


@pytest.mark.slow
def test_what_is_missing_is_named_and_the_others_go_on() -> None:
    entry = Entry(TrainConfig(workers=2), 1.0, 1)
    found = measure(Contestant("SB3", "SB3", _lacks, is_in_each=True), entry)
    assert found.contestant == "SB3" and found.steps_per_second == 0
    assert found.error == (
        "ModuleNotFoundError: No module named 'stable_baselines3' (pip install 'mindloop[bench]')"
    )
    with pytest.raises(RuntimeError, match="ended with code 5"):
        apart(_dies, 5)


def test_paces_of_processes_side_by_side_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(work: Any, entry: Entry, count: int, threads: int | None) -> list[Pace]:
        return [work(entry, bool)] * count

    def quick(entry: Entry, ready: Ready) -> Pace:
        return Pace(steps_per_second=10.0, cycles=1, threads=1)

    monkeypatch.setattr(bench_learn, "apart", here)
    entry = Entry(TrainConfig(workers=3), 1.0, 1)
    both = measure(Contestant("a", "a", quick, is_in_each=True), entry)
    assert both == Pace("a", steps_per_second=30.0, cycles=1, threads=1)
    assert measure(Contestant("a", "a", quick), entry).steps_per_second == 10.0


def test_words_choose_contestants() -> None:
    assert [one.name for one in entrants(("carracing", "pure"))] == [
        ARITHMETIC, SB3_RACING, f"{SB3_RACING}, one thread",
    ]  # fmt: skip
    assert entrants(()) == CONTESTANTS


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"seconds": 0.0}, "`--seconds` must be positive; got 0.0"),
        ({"rounds": 0}, "`--rounds` must be at least 1; got 0"),
        ({"workers": 0}, "`--workers` must be at least 1; got 0"),
        ({"only": ("SB4",)}, "No contestant's name contains `SB4`"),
    ],
)
def test_wrong_numbers_are_named(words: dict[str, Any], message: str) -> None:
    settings = {"seconds": 1.0, "rounds": 1, "workers": 1, "only": (), "lanes": None, "ticks": None}
    with pytest.raises(UserError, match=message):
        race(Console(), **{**settings, **words})
