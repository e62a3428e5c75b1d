"""A run's workers: processes that each hold a trainer and act as one."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mindloop.agent.config import TrainConfig
from mindloop.agent.learning.trainer import Progress, Trainer
from mindloop.agent.learning.workers import Group, WorkerLost, free_address, torchrun_place
from mindloop.tuning import settle

Work = Callable[[Trainer], Any]
"""What every worker does with its trainer; new processes find it by its name."""


def measure(trainer: Trainer) -> float:
    """Returns the steps a second that a run makes."""
    return trainer.measure()


def together(
    work: Work, config: TrainConfig, run: Path, resumes: bool = False,
    tell: Callable[[Progress], None] = lambda _: None, say: Callable[[str], None] = lambda _: None,
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
    tell: Callable[[Progress], None], say: Callable[[str], None],
) -> Any:  # fmt: skip
    group = Group(rank, size, address)
    try:
        return work(Trainer(config, run, tell, say, resumes, group))
    finally:
        group.close()


def _follow(
    work: Work, config: TrainConfig, run: Path, resumes: bool, rank: int, size: int, address: str
) -> None:
    """Is a worker that does not lead, in a process of its own."""
    settle()
    with suppress(WorkerLost):  # the leader tells
        _join(work, config, run, resumes, rank, size, address, lambda _: None, lambda _: None)
