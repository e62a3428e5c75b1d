"""A run that begins with the perception of another mind, or with its encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mindloop.agent.config import MindConfig, PerceptionConfig, PPOConfig, TrainConfig
from mindloop.agent.learning.pretrained import begin_with, perception_config
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.mind import Mind
from mindloop.agent.store import save_mind
from mindloop.agent.world import make_world

LAMPS = "tests.lamps:Lamps-v0"


@pytest.fixture
def seen(tmp_path: Path) -> str:
    """Returns the folder of a mind with few features, calibrated."""
    world = make_world(LAMPS, 1)
    mind = Mind(world.spec, MindConfig(seed=7, perception=PerceptionConfig(features=16)))
    mind.perception.calibration.fact_slope.fill_(0.5)
    save_mind(mind, tmp_path / "seen")
    world.close()
    return str(tmp_path / "seen")


def test_a_run_begins_with_all_that_another_mind_perceives(seen: str, tmp_path: Path) -> None:
    world = make_world(LAMPS, 1)
    mine = perception_config(seen, world.spec, PerceptionConfig(), takes=True)
    assert mine.features == 16
    config = TrainConfig(
        env=LAMPS, steps=16, seed=1, mind=MindConfig(perception=mine),
        ppo=PPOConfig(ticks=4, lanes=2, minibatches=2), perception_from=seen,
    )  # fmt: skip
    trainer = Trainer(config, tmp_path / "run")
    new = Mind(world.spec, MindConfig(seed=1, perception=mine))
    old = Mind(world.spec, MindConfig(seed=7, perception=mine))
    old.perception.calibration.fact_slope.fill_(0.5)
    for name, value in trainer.mind.state_dict().items():
        like = old if name.startswith("perception.") else new
        assert torch.equal(value, like.state_dict()[name]), name
    trainer.world.close()


def test_nothing_is_shared(seen: str) -> None:
    world = make_world(LAMPS, 1)
    config = MindConfig(perception=PerceptionConfig(features=16))
    first, second = Mind(world.spec, config), Mind(world.spec, config)
    begin_with(seen, first)
    begin_with(seen, second)
    with torch.no_grad():
        next(first.perception.parameters()).add_(1.0)
    assert not torch.equal(
        next(first.perception.parameters()), next(second.perception.parameters())
    )


def test_what_is_built_otherwise_is_told(seen: str) -> None:
    world = make_world(LAMPS, 1)
    with pytest.raises(ValueError, match="`perception` must be built like the mind's own"):
        perception_config(seen, world.spec, PerceptionConfig(features=32), takes=False)
    other = make_world("CartPole-v1", 1)
    with pytest.raises(ValueError, match=r"`perception` must be a folder.*or fit the world"):
        perception_config(seen, other.spec, PerceptionConfig(), takes=True)
