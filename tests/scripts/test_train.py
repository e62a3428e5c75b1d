"""The train program as its user starts it: a short run, the same run again, and mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tyro

from mindloop import cli, train


def started_in(folder: Path) -> Callable[..., str]:
    """Returns a function that runs a program in a folder, and gives what it printed."""

    def mindloop(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mindloop.cli", *words], cwd=folder,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return mindloop


@pytest.mark.slow
def test_a_mind_is_trained_and_then_lives(tmp_path: Path) -> None:
    mindloop = started_in(tmp_path)
    out = mindloop("train", "CartPole-v1", "--steps", "20480", "--seed", "1", "--run", "r")
    assert "Held-out score" in out
    again = mindloop("train", "--run", "r", "--resume")  # it had ended: nothing is lived again
    assert again.splitlines()[-1] == out.splitlines()[-1]
    words = ("--mind", "r/mind", "--episodes", "10", "--workers", "1", "--json", "s.json")
    mindloop("evaluate", "CartPole-v1", *words)
    trained = json.loads((tmp_path / "s.json").read_text())
    assert trained["mind"] == "r/mind" and trained["scores"]["length"]["mean"] > 60  # chance: 22


@pytest.mark.slow
def test_a_driver_imitates_with_two_workers_and_its_beliefs_are_compared(tmp_path: Path) -> None:
    mindloop = started_in(tmp_path)
    mindloop("train", "--preset", "empty", "--recipe", "quick-imitation", "--steps", "8192",
             "--workers", "2", "--run", "r", "--evaluation-episodes", "2")  # fmt: skip
    out = mindloop("evaluate", "--preset", "empty", "--driver", "perceived-expert", "--mind",
                   "r/mind", "--episodes", "2", "--beliefs", "--json", "s.json")  # fmt: skip
    assert "beliefs in numbers" in out
    told = json.loads((tmp_path / "s.json").read_text())
    assert told["driver"] == "perceived-expert" and not told["oracle"]
    offsets = [row for row in told["beliefs"] if row["fact"] == "lane_offset"]
    assert offsets[0]["moments"] > 100 and offsets[0]["median_error"] < 5
    assert told["risk"]["moments"] > 100


WRONG = {
    "`steps` must be at least 512": ("CartPole-v1", "--steps", "10"),
    "`recipe` must be one of quick-ppo, quick-imitation, driving, robot; got 'quik-ppo'. Did "
    "you mean `quick-ppo`?": ("CartPole-v1", "--recipe", "quik-ppo"),
    "`--recipe` must be quick-ppo in CartPole-v1, which has no expert": (
        "CartPole-v1", "--recipe", "driving",
    ),
    "`--workers` must be at least 1; got 0": ("CartPole-v1", "--workers", "0"),
    "`--device` must be one that torch has here; gpu": ("CartPole-v1", "--device", "gpu"),
    "`--minutes` must be at least": ("CartPole-v1", "--minutes", "0.00001"),
    "`mind` must be a folder with mind.json": ("CartPole-v1", "--mind", "nowhere"),
    "`recordings` must be imitated for the whole run": ("CartPole-v1", "--recordings", "a"),
    "`--resume` must be given with `--run FOLDER`": ("CartPole-v1", "--resume"),
    "`run` must hold a readable config.json": ("CartPole-v1", "--resume", "--run", "nowhere"),
    "`perception` must be a folder that `mindloop perceive` wrote, with perception.json and "
    "perception.safetensors, or be a folder with mind.json": (
        "CartPole-v1", "--perception", "nowhere",
    ),
    "`vectorisation` must be sync or async in CartPole-v1": (
        "CartPole-v1", "--vectorisation", "native",
    ),
    "CartPole-v1 has no presets": ("CartPole-v1", "--preset", "calm"),
    "environment's id; got 'CartPoll-v1'": ("CartPoll-v1",),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_ends_with_a_message_and_2(
    message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(("train", *WRONG[message]))
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        cli.main(("train", "CartPole-v1", "--steps", "1024", "--run", str(tmp_path / "file" / "r"),
                  "--vectorisation", "sync"))  # fmt: skip
    assert ended.value.code == 2
    assert "must be a folder that can be written" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(("words", "updates"), [
    (("CartPole-v1", "--steps", "90000"), 63),  # 2000 ticks of 32, where episodes begin anew
    (("mindloop/Driving-v0", "--steps", "20000"), 10),
    (("CartPole-v1", "--steps", "90000", "--checkpoint-every", "3"), 3),
])  # fmt: skip
def test_checkpoints_are_seldom_where_they_cut_episodes_short(
    words: tuple[str, ...], updates: int
) -> None:
    options = tyro.cli(train.Options, args=list(words))
    assert train._plan(options, print).checkpoint_every == updates
