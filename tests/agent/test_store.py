"""Minds on disk: they come back the same, and what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mindloop.agent.config import MindConfig
from mindloop.agent.emotion import Emotion
from mindloop.agent.mind import Mind
from mindloop.agent.store import load_mind, save_mind
from mindloop.agent.world import make_world
from tests.spies import Counting


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Mind, Path]:
    mind = Mind(make_world(Counting).spec, MindConfig(seed=5))
    save_mind(mind, tmp_path / "mind", {"command": "train"})
    return mind, tmp_path / "mind"


def test_a_mind_comes_back_as_it_was(saved: tuple[Mind, Path]) -> None:
    mind, folder = saved
    again = load_mind(folder, mind.spec)
    assert again.config == mind.config and again.spec.env == mind.spec.env
    mine, its = mind.state_dict(), again.state_dict()
    assert mine.keys() == its.keys()
    assert all(torch.equal(mine[name], its[name]) for name in mine)
    card = json.loads((folder / "mind.json").read_text())["card"]
    assert card == {"command": "train"}
    assert not list(folder.glob("*.tmp"))


def test_a_mind_of_pictures_comes_back_too(tmp_path: Path) -> None:
    world = make_world("mindloop/Driving-v0", 1, {"split": "test"})
    mind = Mind(world.spec)
    save_mind(mind, tmp_path)
    again = load_mind(tmp_path, world.spec)
    assert again.spec.facts == world.spec.facts and again.spec.scene == world.spec.scene
    first = next(p for p in again.perception.parameters() if p.dim() == 4)
    assert first.is_contiguous(memory_format=torch.channels_last)


def test_what_is_wrong_is_named(saved: tuple[Mind, Path]) -> None:
    _, folder = saved
    with pytest.raises(ValueError, match=r"`mind` must be a folder .*; got 'nowhere'"):
        load_mind("nowhere")
    other = make_world("CartPole-v1").spec
    with pytest.raises(ValueError, match=r"CartPole-v1 differs in parts, actions"):
        load_mind(folder, other)
    weights = folder / "mind.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"must be whole; .*mind.safetensors can't be read"):
        load_mind(folder)
    (folder / "mind.json").write_text("{")
    with pytest.raises(ValueError, match=r"must be whole; .*mind.json can't be read"):
        load_mind(folder)


def test_a_mind_that_ships_is_half_as_large_and_nearly_the_same(
    saved: tuple[Mind, Path], tmp_path: Path
) -> None:
    mind, folder = saved
    assert isinstance(mind.emotion, Emotion)
    mind.emotion.signals.count.fill_(1e6)  # more than 16 bits can hold
    save_mind(mind, tmp_path / "half", rounds=True)
    sizes = [(f / "mind.safetensors").stat().st_size for f in (folder, tmp_path / "half")]
    assert sizes[1] < 0.6 * sizes[0]
    mine, its = mind.state_dict(), load_mind(tmp_path / "half").state_dict()
    for name, value in mine.items():
        assert its[name].dtype == value.dtype
        torch.testing.assert_close(its[name], value, rtol=1e-3, atol=1e-6)
    assert float(its["emotion.signals.count"]) == 1e6
