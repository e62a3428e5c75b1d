"""Programs with a window, driven by a real hand on a real (virtual) screen."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mindloop.agent.viewer import record
from tests.screens import Hand, finish, virtual_screen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """Gives the name of a virtual screen."""
    yield from virtual_screen("1400x900")


class Program(Hand):
    """A program with a window, and the hand that presses its keys."""

    def __init__(self, screen: str, folder: Path, *words: str) -> None:
        super().__init__(screen)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mindloop.cli", *words], cwd=folder,
            env={**self.environment, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            self.focus(self.find)
        except BaseException:
            finish(self.process)
            raise

    def find(self, patience: float = 600) -> str:
        """Waits for the window; gives its number."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                pytest.fail(f"The program ended without a window: {self.process.communicate()[0]}")
            # By its class: xdotool can't read every title under the C locale.
            words = ["xdotool", "search", "--onlyvisible", "--class", "^mindloop$"]
            found = subprocess.run(words, env=self.environment, capture_output=True, text=True)
            if found.stdout.strip():
                time.sleep(1.0)
                return found.stdout.split()[0]
            time.sleep(0.2)
        pytest.fail(f"No window in {patience:.0f} s.")

    def hold(self, key: str, seconds: float) -> None:
        self.do("keydown", key)
        time.sleep(seconds)
        self.do("keyup", key)

    def quit(self) -> str:
        """Presses Q; returns what the program printed. It must close within a few seconds."""
        asked = time.monotonic()
        self.do("key", "q")
        try:
            out, _ = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            finish(self.process)
            raise
        assert time.monotonic() - asked < 30.0  # a second where the machine is idle
        return out


def test_a_person_drives_hands_over_and_sees_it_again(screen: str, tmp_path: Path) -> None:
    game = Program(screen, tmp_path, "play", "--preset", "empty", "--record", "drive")
    game.do("key", "plus")  # twice as fast
    game.hold("Up", 3.0)
    game.do("key", "space")
    time.sleep(3.0)
    game.do("key", "F12")
    time.sleep(1.0)
    out = game.quit()
    assert game.process.returncode == 0, out
    kept = record.load(tmp_path / "drive")
    drivers = kept["driver"].tolist()
    assert drivers[0] == "human" and drivers[-1] == "expert", out
    speed = kept["trace.observation.parts.state"][:, 0, 0]
    assert speed.max() > 1.0, "the car did not move when Up was held"
    by_hand = kept["action"][np.array(drivers) == "human", 0]
    assert 2 * 4 + 3 in by_hand, "straight on, full drive"
    assert list(tmp_path.glob("*.png")), "F12 saves a picture"
    show = Program(screen, tmp_path, "replay", "drive")
    show.do("key", "Right", "Right", "Left")
    time.sleep(0.5)
    assert "each exactly as recorded" in show.quit()
    assert show.process.returncode == 0


def test_a_life_is_watched_paused_and_restarted(screen: str, tmp_path: Path) -> None:
    words = ("run", "--render", "window", "--preset", "calm", "--record", "life")
    shown = Program(screen, tmp_path, *words)
    time.sleep(1.0)
    shown.do("key", "n")  # the next seed
    time.sleep(0.6)
    shown.do("key", "h")
    time.sleep(0.3)
    shown.do("key", "h", "l", "p")  # help away, labels, pause
    time.sleep(0.3)
    shown.do("key", "period", "period")
    time.sleep(0.5)
    out = shown.quit()
    assert shown.process.returncode == 0, out
    episodes = json.loads((tmp_path / "life.json").read_text())["episodes"]
    assert [entry["restart"] for entry in episodes if "restart" in entry] == [1]
    assert "No episode was finished" in out


def test_a_foreign_environment_has_a_window_too(screen: str, tmp_path: Path) -> None:
    words = ("run", "CartPole-v1", "--render", "window", "--episodes", "99")
    shown = Program(screen, tmp_path, *words)
    time.sleep(1.0)
    shown.quit()
    assert shown.process.returncode == 0


def test_a_mission_is_typed_while_a_robot_lives(screen: str, tmp_path: Path) -> None:
    words = ("run", "mindloop/Robot-v0", "--driver", "visible-expert", "--render", "window",
             "--mission", "go to the red ball", "--episodes", "99", "--record", "life")  # fmt: skip
    shown = Program(screen, tmp_path, *words)
    time.sleep(1.0)
    shown.do("key", "slash")
    shown.do("type", "--delay", "30", "pick up a bal")
    shown.do("key", "Return")
    time.sleep(0.5)
    shown.do("key", "l", "Return")  # the text was kept, to be mended
    time.sleep(1.0)
    out = shown.quit()
    assert shown.process.returncode == 0, out
    episodes = json.loads((tmp_path / "life.json").read_text())["episodes"]
    assert [one["command"] for one in episodes if "command" in one] == ["pick up a ball"]


def test_a_person_drives_a_robot(screen: str, tmp_path: Path) -> None:
    game = Program(screen, tmp_path, "play", "mindloop/Robot-v0", "--record", "drive")
    game.hold("Left", 1.5)
    game.do("key", "3")
    time.sleep(1.0)
    out = game.quit()
    assert game.process.returncode == 0, out
    done = record.load(tmp_path / "drive")["action"][:, 0].tolist()
    assert {2, 6, 7} <= set(done), "left, toggle, and stop where nothing is held"
