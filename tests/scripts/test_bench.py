"""The bench measures what it says, names what it cannot measure, and compares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mindloop.bench import Options, cases, ratios
from mindloop.bench_worlds import NATIVE, WORLDS, Case, Result, measure
from mindloop.errors import UserError


@pytest.mark.slow
def test_two_worlds_are_measured_in_one_run(tmp_path: Path) -> None:
    words = ["bench", "envs", "--batches", "2", "--sizes", "64", "--seconds", "0.2",
             "--worlds", "Driving-v0", "Gymnasium", "--json", "out/b.json"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "mindloop.cli", *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "b.json").read_text())
    found = {row["world"]: row for row in report["results"]}
    assert not any(row["error"] for row in found.values())
    driving = found[NATIVE[0]]
    assert driving["picture"] == [2, 64, 64, 3] and driving["frames"] % 2 == 0
    assert driving["frames_per_cpu_second"] == pytest.approx(
        driving["frames"] / driving["cpu"]
    )
    assert report["times_faster"]["Gymnasium CarRacing-v3"] > 5
    assert report["machine"]["versions"]["gymnasium"]


def test_a_world_that_fails_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(batch: int, size: int) -> None:
        raise ModuleNotFoundError("No module named 'envpool'")

    monkeypatch.setitem(WORLDS, "EnvPool CarRacing-v3", missing)
    result = measure(Case("EnvPool CarRacing-v3", 1, 64, 0.1))
    assert "No module named 'envpool'" in result.error and "mindloop[bench]" in result.error
    assert ratios([result]) == {}


def test_ratios_are_to_the_best_of_a_peer() -> None:
    ours = Result(NATIVE[0], 64, 64, frames_per_cpu_second=900.0)
    peers = [Result("peer", b, 96, frames_per_cpu_second=f) for b, f in ((1, 20.0), (16, 30.0))]
    assert ratios([ours, *peers]) == {"peer": 30.0}


def test_slow_peers_are_not_measured_at_every_batch() -> None:
    plan = cases(Options("envs"))
    lives = {(case.world, case.batch) for case in plan}
    assert (NATIVE[0], 256) in lives and ("Gymnasium CarRacing-v3", 256) not in lives
    sizes = {case.size for case in plan if case.world == NATIVE[0] and case.batch == 64}
    assert sizes == {32, 64, 128}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options("envs", batches=(0,)), "`--batches` must be positive"),
        (Options("envs", seconds=0.0), "`--seconds` must be positive"),
        (Options("envs", worlds=("Drivng",)), "No world's name contains `Drivng`"),
    ],
)
def test_wrong_numbers_are_named(options: Options, message: str) -> None:
    with pytest.raises(UserError, match=message):
        cases(options)
