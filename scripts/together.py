"""Runs of training in several processes of this machine, or in one of those of torchrun."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mindloop.agent.config import TrainConfig
from mindloop.agent.learning.trainer import Progress as Update
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.learning.workers import Group, WorkerLost, free_address, torchrun_place
from mindloop.agent.scoring import Interval
from mindloop.errors import UserError
from mindloop.tuning import settle

PROBE = 20.0  # [s] of each phase; a machine's pace swings by a tenth within a minute
PROBE_SHARE = 0.04  # of the time asked for, where that is less
Work = Callable[[Trainer], Any]
"""What every worker does with its trainer; new processes find it by its name."""


def learn(trainer: Trainer) -> Interval:
    """Trains to the end."""
    return trainer.train()


def measure(trainer: Trainer, seconds: float) -> float:
    """Returns the steps a second that a run makes, over so many seconds."""
    return trainer.measure(seconds).steps_per_second


def together(
    work: Work, config: TrainConfig, run: Path, resumes: bool = False,
    tell: Callable[[Update], None] = lambda _: None, say: Callable[[str], None] = lambda _: None,
) -> Any:  # fmt: skip
    """Returns what `work` gives in as many processes as the config says, this one their leader; or,
    under torchrun, in this one of those that it started."""
    place = torchrun_place()
    if place is not None or config.workers == 1:
        return _join(work, config, run, resumes, *(place or (0, 1)), "", tell, say)
    address = free_address()
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the libraries that new processes load
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(
            target=_follow, args=(work, config, run, resumes, rank, config.workers, address),
            daemon=True,
        )
        for rank in range(1, config.workers)
    ]
    for other in others:
        other.start()
    try:
        result = _join(work, config, run, resumes, 0, config.workers, address, tell, say)
        for other in others:
            other.join()
    finally:
        for other in others:
            other.terminate()
    return result


def _join(
    work: Work, config: TrainConfig, run: Path, resumes: bool, rank: int, size: int, address: str,
    tell: Callable[[Update], None], say: Callable[[str], None],
) -> Any:  # fmt: skip
    group = Group(rank, size, address)
    try:
        with closing(Trainer(config, run, tell, say, resumes, group)) as trainer:
            return work(trainer)
    finally:
        group.close()


def _follow(
    work: Work, config: TrainConfig, run: Path, resumes: bool, rank: int, size: int, address: str
) -> None:
    """Is a worker that does not lead, in a process of its own."""
    settle()
    with suppress(WorkerLost):  # the leader tells
        _join(work, config, run, resumes, rank, size, address, lambda _: None, lambda _: None)


def steps_in(minutes: float, config: TrainConfig, say: Callable[[str], None]) -> int:
    """Returns how many steps take so long here, by a probe of each phase; evaluations come on top.

    Raises:
      UserError: not one rollout fits into it.
    """
    say("Measuring how fast this machine learns ...")
    share, value = config.imitation.share, config.imitation.value_share
    probed = partial(measure, seconds=min(PROBE, 60 * PROBE_SHARE * minutes))
    cost = 0.0  # [s] a step
    for part, imitation in (
        (share + value, replace(config.imitation, share=1.0, value_share=0.0)),
        (1 - share - value, replace(config.imitation, share=0.0, value_share=0.0)),
    ):
        if part > 0:
            probe = replace(config, steps=config.rollout_steps * 1000, imitation=imitation)
            with tempfile.TemporaryDirectory() as folder:
                cost += part / together(probed, probe, Path(folder) / "probe")
    rollouts = int(60 * minutes / cost / config.rollout_steps)
    if rollouts < 1:
        raise UserError(
            f"`--minutes` must be at least {config.rollout_steps * cost / 60:.2f} here, one "
            f"rollout; got {minutes}. Ask for more."
        )
    say(f"{1 / cost:,.0f} steps/s: {rollouts * config.rollout_steps:,} steps.")
    return rollouts * config.rollout_steps
