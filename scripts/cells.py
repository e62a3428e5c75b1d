"""One cell of the study of emotion: an arm, a task and a seed, lived or learned; in a process of
its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mindloop.agent.config import LoopConfig, MindConfig, ReasoningConfig, TrainConfig
from mindloop.agent.fidelity import foretells
from mindloop.agent.learning.auxiliary import failure_soon
from mindloop.agent.learning.recipes import recipe
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.loop import Life, episodes
from mindloop.agent.scoring import summarise
from mindloop.agent.store import load_mind
from mindloop.agent.types import Episode
from mindloop.agent.world import make_world
from mindloop.arms import MODULATORS, Series, config_of, dress
from mindloop.grounds import ground_of
from mindloop.tuning import settle

FIRST_SEED = 2_000_000  # lives that no training and no other study has
PER_SEED = 1000  # lives that a seed of the study owns
REASONS_ACTING, REASONS_LEARNING = "full", "both"  # look-ahead would take half of learning's time
RECOVERED = 0.9  # of the reward before the shift
WINDOW = 8  # rollouts that the reward is averaged over


@dataclass(frozen=True)
class Cell:
    """What one cell is; its result is kept under its name."""

    stage: str
    arm: str
    task: str
    seed: int
    mind: str
    episodes: int
    steps: int = 0
    """Of learning; stage b."""
    changes: Mapping[str, float] = field(default_factory=dict)
    """Fields of EmotionConfig that differ from the defaults."""

    @property
    def name(self) -> str:
        """A name for files."""
        words = f"{self.stage}_{self.task}_{self.arm}_{self.seed}"
        return words.replace(" ", "-")


def run_cell(cell: Cell, folder: Path, lender: str = "") -> dict[str, Any]:
    """Lives or learns a cell, and keeps its result; returns it.

    Args:
      folder: where results are kept; a result that is there is not made again.
      lender: name of the cell whose modulators it borrows; "": none.
    """
    file = folder / f"{cell.name}.json"
    if file.is_file():
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found
    settle()
    torch.set_num_threads(1)
    series = None
    if lender:
        series = Series(torch.from_numpy(np.load(folder / f"{lender}.npy")))
    found, felt = _act(cell, series) if cell.stage == "a" else _adapt(cell, series, folder)
    if cell.arm == "full":
        np.save(folder / f"{cell.name}.npy", felt.numpy())
    partial = file.with_suffix(".tmp")
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(file)
    return found


def _act(cell: Cell, series: Series | None) -> tuple[dict[str, Any], Tensor]:
    """Returns the scores of a mind that acts, and its modulators f32[T, B, 3]."""
    ground = ground_of(cell.mind)
    world = make_world(ground.env, cell.episodes, {**ground.tasks[cell.task], **ground.scored})
    reasoning = ReasoningConfig(use=REASONS_ACTING)
    felt_by = config_of(cell.arm, cell.changes)
    mind = dress(load_mind(cell.mind, world.spec, reasoning, felt_by), cell.arm, series)
    life = Life(world, LoopConfig(seed=FIRST_SEED + PER_SEED * cell.seed), mind)
    life.reset()
    ended: list[Episode] = []
    felt, risk, cost, over = [], [], [], []
    for tick in episodes(life, cell.episodes):
        assert tick.trace is not None, "a mind drives"
        ended += tick.episodes
        felt.append(torch.stack([getattr(tick.trace.affect, name) for name in MODULATORS], -1))
        risk.append(tick.trace.percept.risk)
        cost.append(torch.from_numpy(tick.cost.copy()))
        over.append(torch.from_numpy(tick.terminated | tick.truncated))
    world.close()
    label, told = failure_soon(torch.stack(cost), torch.stack(over))
    scores = {name: found.mean for name, found in summarise(ended).items() if name in ground.kept}
    judged = foretells(torch.stack(risk)[told].numpy(), label[told].numpy())
    return {"scores": scores, "risk": judged}, torch.stack(felt)


def _adapt(
    cell: Cell, series: Series | None, folder: Path
) -> tuple[dict[str, Any], Tensor]:
    """Returns what became of a mind that learned on after the shift, and its modulators."""
    ground = ground_of(cell.mind)
    settings = dict(ground.tasks[cell.task])
    world = make_world(ground.env, 1, settings)
    chosen = recipe("quick-ppo", world.spec, is_native=True, goes_on=True)
    world.close()
    kept = load_mind(cell.mind).config
    mind = replace(
        kept, reasoning=ReasoningConfig(use=REASONS_LEARNING),
        emotion=config_of(cell.arm, cell.changes),
    )  # fmt: skip
    config = TrainConfig(
        env=ground.env, settings=settings, test_settings=ground.scored,
        steps=cell.steps, seed=cell.seed, ppo=chosen.ppo, auxiliary=chosen.auxiliary,
        mind=replace(mind, seed=cell.seed),
        begins_as=cell.mind, checkpoint_every=10**6, evaluation_episodes=cell.episodes,
    )  # fmt: skip
    before = _usual_reward(cell, kept)
    trainer = Trainer(config, folder / "runs" / cell.name)
    dress(trainer.mind, cell.arm, series)
    trainer.learner.emotion = trainer.mind.emotion
    rewards, felt = [], []
    while trainer.learner.done < config.updates:
        rollout = trainer.live()
        rewards.append(float(rollout.reward.mean()))
        columns = rollout.behaviour.affect[:, -3:].view(*rollout.shape, 3).clone()
        columns[..., 0] = columns[..., 0].exp()  # the vector holds the logarithm
        felt.append(columns)
        trainer.learner.update(rollout)
    found = trainer.evaluate()
    trainer.close()
    smooth = np.convolve(rewards, np.ones(WINDOW) / WINDOW, "valid")
    there = np.flatnonzero(smooth >= RECOVERED * before)
    rollout_steps = config.rollout_steps
    recovered = (int(there[0]) + WINDOW) * rollout_steps if len(there) else cell.steps
    scores = {name: one.mean for name, one in found.items() if name in ground.kept}
    return {
        "scores": {**scores, "recovery_steps": float(recovered)},
        "recovered": bool(len(there)), "rewards": rewards, "reward_before": before,
    }, torch.cat(felt)  # fmt: skip


def _usual_reward(cell: Cell, config: MindConfig) -> float:
    """Returns the mean reward a step of the mind before the shift, in the same number of lives."""
    ground = ground_of(cell.mind)
    world = make_world(ground.env, 64, next(iter(ground.tasks.values())))
    reasoning = ReasoningConfig(use=REASONS_LEARNING)
    mind = load_mind(cell.mind, world.spec, reasoning, config_of("off"))
    life = Life(world, LoopConfig(seed=FIRST_SEED), mind)
    life.reset()
    total = np.mean([life.step().reward.mean() for _ in range(150)])
    world.close()
    return float(total)
