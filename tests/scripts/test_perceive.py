"""The perceive program as its user starts it: from a folder, from a world, and to a mind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pygame
import pytest

from mindloop import cli
from mindloop.agent.learning.classifier import load_classifier
from mindloop.agent.learning.run_folder import read_config
from tests.agent.learning.shapes import shapes

LAMPS = Path(__file__).parents[1] / "lamps.py"


def write(folder: Path, count: int) -> None:
    """Writes `count` images of shapes into a folder for each class."""
    found = shapes(count)
    for k, (image, label) in enumerate(zip(found.images, found.labels, strict=True)):
        home = folder / found.classes[label]
        home.mkdir(parents=True, exist_ok=True)
        surface = pygame.image.frombuffer(image.tobytes(), image.shape[:2], "RGB")
        pygame.image.save(surface, str(home / f"{k}.{('png', 'bmp')[k % 2]}"))


def mindloop(*words: str, folder: Path) -> str:
    """Returns what `mindloop words…` printed, started in `folder` without a display."""
    kept = {name: value for name, value in os.environ.items() if name != "SDL_VIDEODRIVER"}
    done = subprocess.run(
        [sys.executable, "-m", "mindloop.cli", *words], cwd=folder, capture_output=True, text=True,
        env={**kept, "OMP_NUM_THREADS": "1", "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_folder_is_learned_from(tmp_path: Path) -> None:
    write(tmp_path / "images", 300)
    bar = tmp_path / "images" / "bar"
    (bar / "broken.png").write_text("no image")
    shutil.copy(next(bar.glob("*.bmp")), bar / "copy.bmp")
    out = mindloop(
        "perceive", "images", "--output", "eyes", "--json", "report.json", "--width", "32",
        "--epochs", "25", "--learning-rate", "0.003", "--batch", "32", "--batch-norm",
        "--dropout", "0.1", "--shift", "1", folder=tmp_path,
    )  # fmt: skip
    assert "Dropped 1, unreadable: bar/broken.png." in out
    assert "Dropped 1, duplicate: bar/copy.bmp." in out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["split"]["test"]["classes"] == {"bar": 15, "cross": 15, "square": 15}
    test = report["scores"]["test"]
    assert test["accuracy"] > 0.8 and np.sum(test["confusion"]) == 45
    assert set(report["scores"]) == {"dev", "test"} and report["command"].startswith("mindloop per")
    model = load_classifier(tmp_path / "eyes")
    assert model.classes == ("bar", "cross", "square") and model.config.batch_norm
    picture = pygame.image.load(tmp_path / "eyes" / "confusion.png")
    assert picture.get_width() > 600


@pytest.mark.slow
def test_a_mind_starts_from_what_was_seen_of_a_world(tmp_path: Path) -> None:
    shutil.copy(LAMPS, tmp_path / "lamps.py")
    out = mindloop(
        "perceive", "lamps:Lamps-v0", "--label", "lamp", "--frames", "320", "--every", "1",
        "--width", "32", "--epochs", "6", "--output", "eyes", folder=tmp_path,
    )  # fmt: skip
    assert "from 48 lives" not in out and " lives (none " in out
    mindloop("train", "lamps:Lamps-v0", "--steps", "2048", "--evaluation-episodes", "1",
             "--perception", "eyes", "--run", "run", folder=tmp_path)  # fmt: skip
    config = read_config(tmp_path / "run")
    assert config.perception_from == "eyes"
    assert config.mind.perception.normalises_images and config.mind.perception.image_width == 32


WRONG = {
    "`WHAT` must be a folder of images by class, or an environment's id; 'nowhere' is no folder": (
        "nowhere",
    ),
    "`env` must state booleans": ("CartPole-v1",),
    "`label` must be one of lamp, ": ("tests.lamps:Lamps-v0", "--label", "lamb"),
    "`frames` must be at least 1; got 0": (
        "tests.lamps:Lamps-v0", "--label", "lamp", "--frames", "0",
    ),
    "`--preset` must be left out: ": ("tests.lamps:Lamps-v0", "--preset", "calm"),
    "must have one sub-folder of images for each class": ("few/cross",),
    "`one` must have at least 2 classes; got bar": ("one",),
    "`few` must have at least 10 usable images of each class; got cross 5.": ("few",),
    "`--label` must be left out for a folder": ("few", "--label", "light"),
    "`--dev` must lie between 0 and 0.5; got 0.7": ("few", "--dev", "0.7"),
    "`--size` must be at least 0; got -1": ("few", "--size", "-1"),
    "`balance` must be 0 or at least 1; got 0.5": ("shapes", "--balance", "0.5"),
    "`dropout` must be at least 0 and below 1; got 1.0": ("few", "--dropout", "1"),
    "`backbone` must be one of": ("shapes", "--backbone", "natur"),
    "`backbone` must accept images of 20x20x3": ("shapes", "--backbone", "nature"),
    "`--output` must be a new folder; few/bar/0.png is there already": (
        "few", "--output", "few/bar/0.png",
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_ends_with_a_message_and_2(
    message: str, images: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(images)
    with pytest.raises(SystemExit) as ended:
        cli.main(("perceive", *WRONG[message]))
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert {path.name for path in images.iterdir()} == {"shapes", "few", "one"}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with one good set of images, one of too few, and one of one class."""
    folder = tmp_path_factory.mktemp("images")
    write(folder / "shapes", 36)
    for name, kept in (("few", {"bar": 12, "cross": 5}), ("one", {"bar": 12})):
        for kind, count in kept.items():
            (folder / name / kind).mkdir(parents=True)
            found = sorted((folder / "shapes" / kind).iterdir())[:count]
            for path in found:
                shutil.copy(path, folder / name / kind)
    return folder


@pytest.mark.slow
def test_leads_are_learned_from_the_driving_world(tmp_path: Path) -> None:
    out = mindloop(
        "perceive", "--label", "lead", "--frames", "192", "--every", "10", "--backbone",
        "reference", "--epochs", "2", "--output", "eyes", "--json", "r.json", folder=tmp_path,
    )  # fmt: skip
    assert "Test accuracy" in out
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["classes"] == ["none", "present"]
    assert load_classifier(tmp_path / "eyes").shape == (32, 32, 3)
    assert 24 < sum(one["lives"] for one in report["split"].values()) <= 48
