"""What a mind is worth on lives that it never learned from, and what its doubts are."""

from __future__ import annotations

import torch

from ..config import LoopConfig, TrainConfig
from ..loop import Life, episodes
from ..mind import Mind
from ..scoring import Interval, summarise
from ..types import Affect, Episode, join
from ..world import make_world
from . import auxiliary
from .rollout import Recorder, Rollout

HELD_OUT = 1_000_000  # seeds of evaluations begin here
CALIBRATION = 900_000  # and those of the lives on which beliefs are calibrated here
TICKS, PART = 600, 60  # lived for calibration, and kept in memory at once


def evaluate(mind: Mind, config: TrainConfig) -> dict[str, Interval]:
    """Returns the scores of held-out episodes of the config's world."""
    count = config.evaluation_episodes
    world = make_world(config.env, count, {**config.settings, **config.test_settings})
    life = Life(world, LoopConfig(seed=HELD_OUT), mind)
    life.reset()
    ended: list[Episode] = []
    with torch.no_grad():
        for tick in episodes(life, count):
            ended += tick.episodes
    world.close()
    return summarise(ended)


def calibrate(mind: Mind, config: TrainConfig) -> None:
    """Sets a mind's doubts and probabilities right where the world tells what is so."""
    spec, perception = mind.spec, mind.perception
    if not spec.facts and spec.scene is None:
        return
    world = make_world(config.env, config.ppo.lanes, dict(config.settings))
    life = Life(world, LoopConfig(seed=CALIBRATION), mind)
    life.reset()
    stated, labels = [], []
    for _ in range(TICKS // PART):
        rollout = _live(life, mind)
        with torch.no_grad():
            stated.append(perception.beliefs(rollout.features.flatten(0, 1)))
        labels.append(rollout.labels)
    world.close()
    found = auxiliary.calibrate(join(stated), join(labels), spec)
    for name, value in found.items():
        getattr(perception.calibration, name).copy_(value)


def _live(life: Life, mind: Mind) -> Rollout:
    """Lives PART ticks; returns what was perceived, and the labels."""
    lanes = life.world.num_envs
    memory, affect = mind.perception.initial_memory(lanes), Affect.neutral(lanes).vector()
    kept = Recorder(mind.spec, memory, affect)
    for _ in range(PART):
        seen = life.world.seen(life.infos)
        kept.add(life.step(), seen)
    after = life.trace
    assert after is not None, "a mind drives"
    return kept.finish(after)
