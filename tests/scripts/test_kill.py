"""A run that is killed without warning, again and again, ends as one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STEPS = 20_480
MOMENTS = 1  # kills at a random moment, and one more inside a checkpoint's writing


def begin(folder: Path, workers: int, resumes: bool) -> subprocess.Popen[str]:
    words = ["train", "--run", str(folder)]
    if resumes:
        words += ["--resume"]
    else:
        words += ["CartPole-v1", "--steps", str(STEPS), "--seed", "3", "--checkpoint-every", "2",
                  "--workers", str(workers), "--evaluation-episodes", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "mindloop.cli", *words], cwd=folder.parent, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def kill(run: subprocess.Popen[str]) -> None:
    """Kills a run and its workers as a power cut would."""
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()


def end(run: subprocess.Popen[str]) -> str:
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    return out


def written(folder: Path) -> float:
    """Returns when the newest checkpoint was written, 0 before the first."""
    return max((p.stat().st_mtime for p in folder.glob("checkpoints/0*")), default=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_kills_change_nothing(workers: int, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    end(begin(whole, workers, resumes=False))
    chance = random.Random(workers)
    run = begin(cut, workers, resumes=False)
    for _ in range(MOMENTS):
        before, started = written(cut), time.monotonic()
        while written(cut) == before and run.poll() is None and time.monotonic() - started < 120:
            time.sleep(0.02)  # it has kept something new
        time.sleep(0.5 * chance.random())
        kill(run)
        run = begin(cut, workers, resumes=True)
    while run.poll() is None and not list(cut.glob("checkpoints/.*.tmp/*")):
        time.sleep(0.001)
    kill(run)
    out = end(begin(cut, workers, resumes=True))
    assert "Held-out score" in out
    weights = [folder / "mind" / "mind.safetensors" for folder in (whole, cut)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    curves = [(folder / "evaluations.jsonl").read_text() for folder in (whole, cut)]
    assert curves[0] == curves[1]


@pytest.mark.slow
def test_a_killed_peer_ends_the_run_with_a_message(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = begin(folder, 2, resumes=False)
    while not written(folder):
        time.sleep(0.05)
        assert run.poll() is None
    children = subprocess.run(
        ["pgrep", "-P", str(run.pid), "-f", "spawn_main"], capture_output=True, text=True,
        check=True,
    ).stdout.split()  # fmt: skip
    os.kill(int(children[-1]), signal.SIGKILL)
    started = time.monotonic()
    _, err = run.communicate(timeout=90)
    assert time.monotonic() - started < 60 and run.returncode == 2
    assert "one was lost" in err and "--resume" in err
    assert "Held-out score" in end(begin(folder, 2, resumes=True))
