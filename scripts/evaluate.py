"""Score a driver on many lives, in parallel over cores, with 95 % intervals.

Life k is that of seed + k; in mindloop/Driving-v0 these are as many different test towns.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from mindloop.agent.loop import episodes
from mindloop.agent.types import Episode, WorldError
from mindloop.errors import UserError
from mindloop.living import (
    LifeOptions,
    Plan,
    begin,
    check_files,
    keep,
    mistakes,
    open_recorder,
    plan,
    report,
    write_report,
)
from mindloop.showing import progress, score_table

LONG = 10_000  # steps after which a user may wonder whether an episode ever ends
BLOCK = 16  # lives side by side: the same on any number of cores, so that scores are too


@dataclass(frozen=True)
class Options:
    """What `mindloop evaluate` is asked for."""

    life: LifeOptions = field(default_factory=LifeOptions)
    """Which lives; towns of the split `test` unless another is named."""
    episodes: int = 100
    """How many lives, one episode each."""
    render: Literal["none"] = "none"
    """Evaluation is unseen; `mindloop run` shows lives."""
    record: Path | None = None
    """Keep every tick in FILE.npz and FILE.json, one pair for each block of lives."""
    workers: int = 0
    """Processes; 0 takes one for each core."""
    json: Path | None = None
    """Also write the scores here."""


def main(options: Options) -> int:
    """Scores, shows a table, and returns the exit code."""
    if options.episodes < 1:
        raise UserError(f"`--episodes` must be at least 1; got {options.episodes}. Ask for some.")
    if options.workers < 0:
        raise UserError(f"`--workers` must be at least 0; got {options.workers}. Leave it out.")
    check_files(None, options.json)
    made = plan(
        options.life, needs_camera=options.record is not None, prefers={"split": "test"}
    )
    console = Console()
    blocks = [
        (options.life.seed + first, min(BLOCK, options.episodes - first))
        for first in range(0, options.episodes, BLOCK)
    ]
    workers = min(options.workers or _cores(), len(blocks))
    with mistakes(WorldError):
        if workers > 1 and len(blocks) > 1:
            # the first block compiles and makes towns, if need be; the others find them made
            begin(made, 1, options.life.seed).world.close()
        ended = _all(made, blocks, workers, options, console)
    result = report(made, ended, options.life.seed)
    console.print(score_table(result))
    if options.json is not None:
        write_report(options.json, result)
    return 0


def _all(made: Plan, blocks: list[tuple[int, int]], workers: int, options: Options,
         console: Console) -> list[Episode]:
    """Returns the episodes of all blocks in order of their seeds."""
    found: dict[int, list[Episode]] = {}
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the libraries that new processes load
    context = multiprocessing.get_context("spawn")
    with progress(console) as bar:
        task = bar.add_task("living", total=options.episodes)
        with ExitStack() as stack:
            pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context))
            waiting: dict[Future[list[Episode]], int] = {}
            for number, (seed, lanes) in enumerate(blocks):
                record = options.record and options.record.with_name(
                    f"{options.record.stem}_{number:03d}"
                )
                waiting[pool.submit(live_block, made, seed, lanes, record)] = seed
            try:
                for done in as_completed(waiting):
                    found[waiting[done]] = done.result()
                    bar.update(task, completed=sum(map(len, found.values())))
            except BrokenProcessPool as error:
                raise UserError(
                    "Every worker must live to the end; one was killed, perhaps for want of "
                    "memory. Use fewer --workers."
                ) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [episode for seed, _ in blocks for episode in found[seed]]


def live_block(made: Plan, seed: int, lanes: int, record: Path | None = None) -> list[Episode]:
    """Returns the first episode of each of `lanes` lives, in their order."""
    life = begin(made, lanes, seed, watched=record is not None)
    recorder = open_recorder(record, made, seed)
    ended: list[Episode] = []
    try:
        for tick in episodes(life, lanes):
            keep(recorder, tick)
            ended += tick.episodes
            if tick.index + 1 == LONG and not ended:
                print(f"Note: no episode of {made.env} has ended in {LONG} steps. Ctrl-C stops; "
                      "--set max_episode_steps=1000 ends each after so many.", file=sys.stderr)
    finally:
        if recorder is not None:
            recorder.close()
        life.world.close()
    return sorted(ended, key=lambda episode: episode.lane)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
