"""Recorded lives: what a person did is imitated, and nothing of anybody else's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mindloop.agent.config import (
    ImitationConfig,
    LoopConfig,
    MindConfig,
    PerceptionConfig,
    PPOConfig,
    TrainConfig,
    from_dict,
    to_dict,
)
from mindloop.agent.learning.learner import Learner
from mindloop.agent.learning.recordings import Recordings
from mindloop.agent.learning.workers import Group
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.viewer.recorder import Recorder
from mindloop.agent.world import World, make_world
from tests.spies import Naming

PERCEPTION = PerceptionConfig(features=16, vector_width=16, memory="none")


def recorded(path: Path, drivers: list[str], lanes: int = 1) -> World:
    """Records a life in which a person names what is shown, and chance anything."""
    world = make_world(Naming, lanes)
    life = Life(world, LoopConfig(driver="random"), Mind(world.spec, MindConfig(
        perception=PERCEPTION)))  # fmt: skip
    life.reset()
    with Recorder(path, {"env": "Naming"}) as recorder:
        for driver in drivers:
            shown = life.observation.parts[world.spec.parts[0].name].argmax(-1).numpy()
            recorder.tick(life.step(shown if driver == "human" else None))
    return world


def test_a_window_is_what_was_lived(tmp_path: Path) -> None:
    world = recorded(tmp_path / "a", ["random"] * 25)
    mind = Mind(world.spec, MindConfig(perception=PERCEPTION))
    found = Recordings((str(tmp_path / "a"),), world.spec, 12)
    assert len(found) == 25
    rollout = found.sample(3, mind.perception, torch.Generator().manual_seed(0))
    assert rollout.shape == (12, 3) and bool(rollout.is_first[0].all())
    starts = rollout.is_first[1:].any(0)
    assert bool(starts.any()), "an episode of 10 steps begins within 12"
    ends = rollout.ended[:-1] & ~rollout.is_first[1:]
    assert not bool(ends.any()), "where one ends the next begins"
    assert torch.equal(rollout.expert, rollout.behaviour.action)
    again = found.sample(3, mind.perception, torch.Generator().manual_seed(0))
    assert torch.equal(rollout.expert, again.expert)


def test_only_a_persons_steps_are_imitated_and_that_is_learned(tmp_path: Path) -> None:
    world = recorded(tmp_path / "a", ["human"] * 40 + ["random"] * 40 + ["human"] * 20)
    mind = Mind(world.spec, MindConfig(perception=PERCEPTION))
    found = Recordings((str(tmp_path / "a"),), world.spec, 8)
    config = TrainConfig(
        ppo=PPOConfig(ticks=8, lanes=8), steps=64 * 80,
        imitation=ImitationConfig(share=1.0, minibatches=2, learning_rate=1e-2),
    )  # fmt: skip
    rng = torch.Generator().manual_seed(0)
    learner = Learner(world.spec, mind.perception, mind.decision, config, rng, Group())
    name = world.spec.parts[0].name
    for _ in range(80):
        rollout = found.sample(8, mind.perception, rng)
        shown = rollout.parts[name].argmax(-1).flatten()
        assert torch.equal(shown, rollout.expert[:, 0]), "a person's step, by what he did"
        learner.update(rollout)
    state = mind.perception.encode({name: torch.eye(3)})
    features, _ = mind.perception.remember(state, mind.perception.initial_memory(3))
    raw, _ = mind.decision.policy(features, torch.zeros(3, 17))
    assert raw.argmax(-1).tolist() == [0, 1, 2]


def test_what_cannot_be_imitated_is_named(tmp_path: Path) -> None:
    world = recorded(tmp_path / "a", ["human"] * 5 + ["random"] * 20)
    with pytest.raises(ValueError, match=r"must hold 8 steps in a row .* has 5 in all"):
        Recordings((str(tmp_path / "a"),), world.spec, 8)
    with pytest.raises(ValueError, match="must name a record"):
        Recordings((str(tmp_path / "none"),), world.spec, 8)
    part = replace(world.spec.parts[0], shape=(4,))
    other = replace(world.spec, parts=(part,))
    with pytest.raises(ValueError, match=r"of shape \(3,\), not \(4,\)"):
        Recordings((str(tmp_path / "a"),), other, 4)
    with pytest.raises(ValueError, match="`recordings` must be imitated for the whole run"):
        TrainConfig(recordings=("a",))


def test_the_config_keeps_the_names() -> None:
    config = TrainConfig(recordings=("a", "b"), imitation=ImitationConfig(share=1.0))
    kept = to_dict(config)
    kept["recordings"] = list(kept["recordings"])  # as json reads it
    assert from_dict(TrainConfig, kept) == config
