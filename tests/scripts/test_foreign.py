"""Programs in environments of other people: what they declare, and what goes wrong in them."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mindloop import cli, headless
from mindloop.agent.config import LoopConfig
from mindloop.agent.ids import Offer
from mindloop.agent.loop import Life
from mindloop.agent.viewer import record
from mindloop.living import LifeOptions, begin, plan, settings_of
from mindloop.showing import Camera, Filming

BASE = """
import gymnasium
import numpy as np
from gymnasium import spaces

class Mine(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    observation_space = spaces.Box(-1, 1, (2,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, shape=(2,), render_mode=None):
        assert isinstance(shape, tuple), shape
        self.render_mode, self.now = render_mode, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.now = 0
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.now += 1
        return np.zeros(2, np.float32), 1.0, self.now == 4, False, {}

    def render(self):
        return np.full((60, 80, 3), 90, np.uint8)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, and no display."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name in (*headless.ALWAYS, *headless.DRAWING):
        monkeypatch.setenv(name, "")  # so that what the command sets is forgotten afterwards
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def write(folder: Path, change: str = "") -> str:
    """Returns the id of an environment of the user's own, with `change` appended to its class."""
    name = f"{folder.name.replace('-', '_')}_mine"
    end = f"\ngymnasium.register('{name}-v0', Mine)\n"
    (folder / f"{name}.py").write_text(BASE + change + end)
    return f"{name}:{name}-v0"


def call(*words: str | Path) -> int:
    """Returns the exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    return int(ended.value.code or 0)


WRONG = {
    "    def step(self, action):\n        return 1 / self.now\n":
        r"must step without an error; got ZeroDivisionError: .*_mine\.py, line 27, in step\)",
    "    def reset(self, *, seed=None, options=None):\n        raise KeyError('map')\n":
        r"must reset without an error; got KeyError: 'map' \(",
    "    def render(self):\n        raise OSError('no GPU')\n":
        r"must render without an error; got OSError: no GPU \(",
    "    def close(self):\n        raise OSError('full')\n":
        r"must close without an error; got OSError: full \(",
    "    def step(self, action):\n        return np.zeros(2), 0.0, True, {}\n":
        "got 4 values. Return all five",
    "    def step(self, action):\n        return np.array([0, np.nan]), 0.0, True, False, {}\n":
        "`observation` must be finite; got nan at index 1 in lane 0",
    "    def step(self, action):\n"
    "        return np.zeros(2), float('nan'), True, False, {}\n":
        "`reward` must be finite; got nan in lane 0",
    "    def f(:\n": "must import without an error; got SyntaxError: ",
}  # fmt: skip


@pytest.mark.parametrize("change", WRONG, ids=range(len(WRONG)))
def test_a_mistake_in_the_users_environment_is_a_message(
    change: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = write(folder, change)
    assert call("run", made, "--driver", "random", "--render", "video", "--steps", "6") == 2
    errors = " ".join(capsys.readouterr().err.split())
    assert errors.startswith("mindloop: ") and "Traceback" not in errors
    assert re.search(WRONG[change], errors), errors


def test_a_life_of_the_users_own_is_filmed_recorded_and_replayed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = write(folder)
    assert call("run", made, "--driver", "random", "--episodes", "2", "--render", "video",
                "--record", "life", "--json", "a.json", "--set", "shape=(3, 4)") == 0  # fmt: skip
    assert json.loads((folder / "a.json").read_text())["scores"]["length"]["mean"] == 4
    kept = record.load(folder / "life")
    assert len(kept) == 8
    capsys.readouterr()
    assert call("replay", "life", "--render", "none") == 0  # its setting is a tuple still
    assert "each exactly as recorded" in capsys.readouterr().out


@pytest.mark.parametrize("change", [
    "\n    metadata = {'render_modes': ['human']}\n",
    "\n    def __init__(self):\n        self.now = 0\n",  # declares a mode that it doesn't take
], ids=("people", "mode"))  # fmt: skip
def test_a_film_says_that_a_world_draws_nothing(
    change: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = write(folder, change)
    assert call("run", made, "--driver", "random", "--render", "video") == 0
    assert "draws no pictures of itself; the rest is shown" in capsys.readouterr().out


def test_even_pixels_are_told_where_a_variable_may_be_why(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write(folder, """
    observation_space = spaces.Box(0, 255, (24, 24), np.uint8)
    def reset(self, *, seed=None, options=None):
        return np.zeros((24, 24), np.uint8), {}
    def step(self, action):
        return np.zeros((24, 24), np.uint8), 0.0, True, False, {}
""")
    assert call("run", made, "--driver", "random") == 0
    assert "even colour" not in capsys.readouterr().out
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert call("run", made, "--driver", "random") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "`observation` is one even colour; some environments draw nothing where SDL_" in said


@pytest.mark.parametrize(("words", "message"), [
    (("--record", "a", "--json", "a.json"), "`--json` must be another file than the record's own"),
    (("--record", "a.npz", "--json", "./a.json"), "`--json` must be another file"),
    (("--json", "."), "`--json` must be a file; . is a folder"),
    (("--json", "file/a.json"), "`file` must be usable"),
    (("--record", "file/a"), "must be usable; got: Not a directory. Name another place."),
    (("--render", "video", "--output", "file"), "`file` must be usable; got: File exists"),
    (("--set", "size=3"), "must name an argument of CartPole-v1. Known: sutton_barto_reward, "
                          "render_mode, max_episode_steps"),
])  # fmt: skip
def test_files_and_flags_that_can_not_be_are_named_at_once(
    words: tuple[str, ...], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("here")
    assert call("run", "CartPole-v1", "--driver", "random", *words) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (folder / "a.npz").exists()


@pytest.mark.parametrize(("text", "value"), [
    ("[1, 2]", [1, 2]), ("(1, 2)", (1, 2)), ("{'a': (1, 2)}", {"a": (1, 2)}), ("true", True),
    ('{"a": null}', {"a": None}), ("0.5", 0.5), ("Grey", "Grey"), ("a:b", "a:b"), ("(", "("),
])  # fmt: skip
def test_a_setting_reads_as_json_or_as_python(text: str, value: object) -> None:
    found = settings_of(LifeOptions(set=(f"x={text}",)), Offer(None, ()))
    assert found == {"x": value} and type(found["x"]) is type(value)


def test_what_others_need_without_a_display_is_set_unless_it_is_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = (*headless.ALWAYS, *headless.DRAWING, "DISPLAY", "WAYLAND_DISPLAY")
    found: dict[str, str] = {}
    monkeypatch.setattr(os, "environ", found)
    monkeypatch.setattr(sys, "platform", "darwin")
    headless.prepare(draws=True)
    assert found == {}
    monkeypatch.setattr(sys, "platform", "linux")
    found["PYGLET_HEADLESS"] = "false"
    headless.prepare()
    assert found == {"PYGLET_HEADLESS": "false", "SDL_AUDIODRIVER": "dummy"}
    headless.prepare(draws=True)
    assert found["MUJOCO_GL"] == "egl" and set(found) < set(names)
    found.clear()
    found["DISPLAY"] = ":0"
    headless.prepare(draws=True)
    assert found == {"DISPLAY": ":0"}


def test_the_folder_of_a_film_is_made_at_once(tmp_path: Path) -> None:
    Filming(tmp_path / "a" / "b", "film", 0.0).close()
    assert (tmp_path / "a" / "b").is_dir()


def test_a_world_that_draws_from_the_global_generators_is_replayed_exactly(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = write(folder, """
    def step(self, action):
        import random
        self.now += 1
        return np.zeros(2, np.float32), random.random() + np.random.rand(), self.now == 4, False, {}
""")
    assert call("run", made, "--driver", "random", "--episodes", "2", "--record", "g") == 0
    assert call("replay", "g", "--render", "none") == 0
    assert "each exactly as recorded" in capsys.readouterr().out


def test_a_world_that_remembers_its_resets_is_replayed_exactly(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As BipedalWalker does: its second reset with a seed leads elsewhere than its first."""
    made = write(folder, """
    resets = 0
    def reset(self, *, seed=None, options=None):
        self.now, self.resets = 0, self.resets + 1
        return np.zeros(2, np.float32), {}
    def step(self, action):
        self.now += 1
        return np.zeros(2, np.float32), float(self.resets), self.now == 4, False, {}
""")
    assert call("run", made, "--driver", "random", "--episodes", "2", "--record", "w") == 0
    assert call("replay", "w", "--render", "none") == 0
    assert "each exactly as recorded" in capsys.readouterr().out


@pytest.mark.slow
def test_grey_pixels_of_a_road_are_seen(folder: Path) -> None:
    observation = {"type": "GrayscaleObservation", "observation_shape": (84, 84),
                   "stack_size": 4, "weights": [0.3, 0.6, 0.1]}  # fmt: skip
    assert call("run", "highway_env:highway-v0", "--driver", "random", "--steps", "3",
                "--render", "video", "--record", "road",
                "--set", f"config.observation={observation}") == 0  # fmt: skip
    seen = record.load(folder / "road")["trace.observation.parts.observation"]
    assert seen.shape == (3, 1, 84, 84, 4) and seen[0, 0, :, :, 3].std() > 10
    sheet = np.asarray(Image.open(folder / "videos" / "highway_env_highway_v0_sheet.png"))
    assert sheet.std() > 15


def test_a_mission_is_shown_in_words(folder: Path) -> None:
    made = plan(LifeOptions("minigrid:BabyAI-GoToRedBall-v0"), needs_camera=True, renders=True)
    with closing(begin(made, 1, seed=0).world) as world:
        life = Life(world, LoopConfig(driver="random"))
        life.reset(0)
        frame = Camera(life, made).frame()
    assert frame.words["mission"] == "go to the red ball"
    assert set(frame.inputs) == {"image"} and frame.episode == 1
    assert frame.choices[0].names[:3] == ("left", "right", "forward")
    assert frame.world is not None and frame.world.std() > 10
