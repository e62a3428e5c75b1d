"""Each program as a user starts it: in a process of its own, for a few steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mindloop import cli
from mindloop.agent.viewer import record

SHORT = ("--set", "vehicles=3", "--set", "pedestrians=2", "--split", "test")


def mindloop(
    *words: str | Path, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Returns what `mindloop words…` did; no display, SDL_VIDEODRIVER unset unless given."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "mindloop.cli", *map(str, words)],
        cwd=folder, env={**kept, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_run_scores_an_expert_and_writes_them(tmp_path: Path) -> None:
    done = mindloop("run", *SHORT, "--seed", "7", "--json", "out/a.json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "driving score 2.0" in done.stdout
    report = json.loads((tmp_path / "out" / "a.json").read_text())
    assert report["driver"] == "expert" and report["oracle"] is True and report["mind"] is None
    assert report["split"] == "test" and report["preset"] == "default"
    assert report["set"] == {"vehicles": 3, "pedestrians": 2}
    assert report["scores"]["driving_score_2_0"]["mean"] > 50


def test_a_record_is_replayed_exactly(tmp_path: Path) -> None:
    made = mindloop("run", *SHORT, "--steps", "150", "--record", "life", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    again = mindloop("replay", "life", "--render", "none", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "each exactly as recorded" in again.stdout
    kept = record.load(tmp_path / "life")
    assert kept.trace(0).percept.facts.shape == (1, 20)
    assert kept["trace.observation.parts.camera"].shape[1:] == (1, 64, 64, 3)
    assert len(kept) == 150 and kept.is_complete
    # another life than the record's is noticed
    file = tmp_path / "life.json"
    content = json.loads(file.read_text())
    content["header"]["seed"] += 1
    file.write_text(json.dumps(content))
    odd = mindloop("replay", "life", "--render", "none", folder=tmp_path)
    assert odd.returncode == 1 and "differs from the record" in odd.stdout


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{}, {"SDL_VIDEODRIVER": "dummy"}])
def test_a_video_and_a_sheet_need_no_display(tmp_path: Path, variables: dict[str, str]) -> None:
    done = mindloop(
        "run", *SHORT, "--steps", "60", "--render", "video", "--output", "film",
        folder=tmp_path, **variables,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    film, sheet = tmp_path / "film/mindloop_driving_v0.mp4", "mindloop_driving_v0_sheet.png"
    assert film.stat().st_size > 20_000
    assert (tmp_path / "film" / sheet).stat().st_size > 50_000


@pytest.mark.slow
def test_a_film_of_a_robot_needs_no_display_either(tmp_path: Path) -> None:
    done = mindloop(
        "run", "mindloop/Robot-v0", "--mission", "go to a ball", "--steps", "40",
        "--render", "video", "--output", "film", folder=tmp_path, SDL_VIDEODRIVER="dummy",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "film" / "mindloop_robot_v0.mp4").stat().st_size > 10_000


@pytest.mark.parametrize(("words", "said"), [
    (("--preset", "GoTwo"), "Did you mean 'GoTo'?"),
    (("--mission", "go two the red ball"), "`mission` must"),
    (("--set", "peple=3"), "Did you mean `people`?"),
    (("--set", "people=-1"), "`people` must lie within 0 and"),
])  # fmt: skip
def test_what_a_robot_cannot_do_is_said(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = mindloop("run", "mindloop/Robot-v0", *words, folder=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert said in " ".join(done.stderr.split())


@pytest.mark.slow
def test_evaluate_is_the_same_on_one_core_and_two(tmp_path: Path) -> None:
    for workers in ("1", "2"):
        done = mindloop(
            "evaluate", "--driver", "visible-expert", "--preset", "calm", "--episodes", "20",
            "--workers", workers, "--json", f"{workers}.json", folder=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in (1, 2))
    assert one == two
    assert set(one) == {
        "env", "driver", "mind", "preset", "set", "oracle", "split", "episodes", "seed",
        "greedy", "version", "scores", "reasoning", "emotion", "ethic",
    }  # fmt: skip
    assert one["split"] == "test" and one["preset"] == "calm" and one["episodes"] == 20
    wanted = {"driving_score_2_0", "driving_score_2_1", "route_completion", "success",
              "collisions_per_km", "red_lights_per_km"}  # fmt: skip
    assert wanted <= set(one["scores"])
    assert one["scores"]["driving_score_2_0"].keys() == {"mean", "low", "high"}
    assert one["scores"]["driving_score_2_0"]["mean"] >= 90


@pytest.mark.parametrize("driver", ["mind", "random"])
def test_a_foreign_environment_is_lived_in(tmp_path: Path, driver: str) -> None:
    done = mindloop(
        "evaluate", "CartPole-v1", "--driver", driver, "--episodes", "3", "--workers", "1",
        "--json", "a.json", folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["preset"] is None and report["split"] is None
    assert report["mind"] == ("untrained" if driver == "mind" else None)
    low, mean, high = (report["scores"]["length"][name] for name in ("low", "mean", "high"))
    assert 8 <= low <= mean <= high <= 500


def test_an_environment_of_the_users_own_is_found(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import gymnasium\n"
        "from gymnasium.envs.classic_control.cartpole import CartPoleEnv\n"
        "gymnasium.register('Mine-v0', CartPoleEnv, max_episode_steps=20)\n"
    )
    done = mindloop("run", "mine:Mine-v0", "--driver", "random", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Mine-v0: random" in done.stdout


WRONG: dict[str, tuple[str, ...]] = {
    "no expert; got 'expert'": ("run", "CartPole-v1", "--driver", "expert"),
    r"environment's id; got 'mindloop/Drivin-v0'": ("run", "mindloop/Drivin-v0"),
    "`preset` must be one of empty, calm, default; got 'calmer'": ("run", "--preset", "calmer"),
    "CartPole-v1 has no presets": ("run", "CartPole-v1", "--preset", "calm"),
    "`--set fogg` must name an argument": ("run", "--set", "fogg=1"),
    "`fog` must lie within 0.0 and 1.0; got 5": ("run", "--set", "fog=5"),
    "`vehicles` must lie within 0 and 200; got -1": ("run", "--set", "vehicles=-1"),
    "must be name=value; got 'fog'": ("run", "--set", "fog"),
    "`--episodes` must be at least 1; got 0": ("evaluate", "--episodes", "0"),
    "`--seed` must be at least 0; got -2": ("run", "--seed", "-2"),
    "must have a display; there is none": ("run", "--render", "window"),
    "must have a display": ("play",),
    "`mind` must be a folder": ("run", "--mind", "nobody"),
    "nothing.json": ("replay", "nothing", "--render", "none"),
    "invalid choice": ("run", "--driver", "chauffeur"),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_ends_with_a_message_and_2(
    message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main(WRONG[message])
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_no_traceback_reaches_the_user(tmp_path: Path) -> None:
    done = mindloop("run", "--set", "fog=5", folder=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_first_picture_is_not_black(tmp_path: Path) -> None:
    """What the recorder keeps is what the camera saw, bright and in colour."""
    made = mindloop("run", *SHORT, "--steps", "150", "--record", "life", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    camera = record.load(tmp_path / "life")["trace.observation.parts.camera"][0, 0]
    assert camera.std() > 20 and np.ptp(camera.reshape(-1, 3).mean(0)) > 3
