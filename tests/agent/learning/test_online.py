"""Learning while acting: it changes the mind, and never past the limit."""

from __future__ import annotations

import pytest
import torch

from mindloop.agent.config import LoopConfig, MindConfig, PerceptionConfig
from mindloop.agent.learning import online
from mindloop.agent.learning.online import TICKS, Online
from mindloop.agent.loop import Life, episodes
from mindloop.agent.mind import Mind
from mindloop.agent.world import make_world
from tests.spies import Counting


def begun(driver: str = "mind") -> Life:
    world = make_world(Counting, 2)
    perception = PerceptionConfig(features=16, vector_width=16)
    mind = Mind(world.spec, MindConfig(perception=perception))
    life = Life(world, LoopConfig(driver=driver), mind)
    life.reset()
    return life


def test_it_learns_while_it_acts() -> None:
    life = begun()
    student = Online(life)
    assert life.mind is student.mind
    first = student.first.perception.value.weight.clone()
    for _ in range(2 * TICKS):
        student.step()
    assert student.learner.done == 2 and student.refused == 0
    assert not torch.equal(student.mind.perception.value.weight, first)
    assert torch.equal(student.first.perception.value.weight, first), "the first one is kept"
    assert sum(len(tick.episodes) for tick in episodes(life, 3, student.step)) == 3


def test_it_never_drifts_past_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "RATE", 0.05)
    monkeypatch.setattr(online, "VALUE_FIRST", 0)
    said: list[str] = []
    student = Online(begun(), drift=1e-3, say=said.append)
    for _ in range(6 * TICKS):
        student.step()
    assert student.refused > 0 and student.divergence <= 1e-3
    assert len(said) == 1 and "taken back" in said[0]


def test_what_cannot_learn_is_named() -> None:
    with pytest.raises(ValueError, match="`driver` must be mind for learning while acting"):
        Online(begun("random"))
    with pytest.raises(ValueError, match="`drift` must be above 0"):
        Online(begun(), drift=0.0)
