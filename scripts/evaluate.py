"""Score a driver on many lives, in parallel over cores, with 95 % intervals.

Life k is that of seed + k; in mindloop/Driving-v0 these are as many different test towns.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from mindloop.agent.fidelity import Beliefs, compare, judge_fear, judge_risk
from mindloop.agent.learning.auxiliary import failure_soon, meaningful
from mindloop.agent.loop import Life, episodes
from mindloop.agent.reasoning.harm import Case, Harm
from mindloop.agent.reasoning.rules import rule_files
from mindloop.agent.types import EMOTIONS, Episode, Fact, Tick, WorldError, WorldSpec
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
    reasons_of,
    report,
    write_report,
)
from mindloop.showing import belief_tables, harm_table, progress, score_table

LONG = 10_000  # steps after which a user may wonder whether an episode ever ends
FEAR = EMOTIONS.index("fear")
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
    each: bool = False
    """Also write every life's scores into the json, in order of their seeds: for comparisons in
    pairs."""
    beliefs: bool = False
    """Also compare what the mind believed with what was so: facts by range, risk, and fear where
    it feels."""


def main(options: Options) -> int:
    """Scores, shows a table, and returns the exit code."""
    if options.episodes < 1:
        raise UserError(f"`--episodes` must be at least 1; got {options.episodes}. Ask for some.")
    if options.workers < 0:
        raise UserError(f"`--workers` must be at least 0; got {options.workers}. Leave it out.")
    check_files(None, options.json)
    made = plan(
        options.life, needs_camera=options.record is not None or options.beliefs,
        prefers={"split": "test"},
    )
    if options.beliefs and made.mind is None and made.driver != "mind":
        raise UserError("`--beliefs` must come with --mind, whose beliefs it compares.")
    console = Console()
    for note in made.notes:
        console.print(f"Note: {note}", markup=False, highlight=False)
    blocks = [
        (options.life.seed + first, min(BLOCK, options.episodes - first))
        for first in range(0, options.episodes, BLOCK)
    ]
    workers = min(options.workers or _cores(), len(blocks))
    with mistakes(WorldError):
        if workers > 1 and len(blocks) > 1:
            # the first block compiles and makes towns, if need be; the others find them made
            begin(made, 1, options.life.seed).world.close()
        lived = _all(made, blocks, workers, options, console)
    ended = [episode for block in lived for episode in block.episodes]
    result = report(made, ended, options.life.seed)
    console.print(score_table(result))
    if options.beliefs:
        result |= _compare(lived)
        for table in belief_tables(result["beliefs"], result["risk"], result.get("fear")):
            console.print(table)
    harm = _harm(lived, made)
    if harm:
        result["ethic"] = harm
        console.print(harm_table(harm))
    if options.each:
        result["each"] = [
            {"seed": episode.seed, "end": episode.end, **episode.score} for episode in ended
        ]
    if options.json is not None:
        write_report(options.json, result)
    return 0


def _all(made: Plan, blocks: list[tuple[int, int]], workers: int, options: Options,
         console: Console) -> list[Lived]:
    """Returns what all blocks told, in order of their seeds."""
    found: dict[int, Lived] = {}
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the libraries that new processes load
    context = multiprocessing.get_context("spawn")
    with progress(console) as bar:
        task = bar.add_task("living", total=options.episodes)
        with ExitStack() as stack:
            pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context))
            waiting: dict[Future[Lived], int] = {}
            for number, (seed, lanes) in enumerate(blocks):
                record = options.record and options.record.with_name(
                    f"{options.record.stem}_{number:03d}"
                )
                job = pool.submit(live_block, made, seed, lanes, record, options.beliefs)
                waiting[job] = seed
            try:
                for done in as_completed(waiting):
                    found[waiting[done]] = done.result()
                    bar.update(task, completed=sum(len(block.episodes) for block in found.values()))
            except BrokenProcessPool as error:
                raise UserError(
                    "Every worker must live to the end; one was killed, perhaps for want of "
                    "memory. Use fewer --workers."
                ) from error
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [found[seed] for seed, _ in blocks]


@dataclass(frozen=True)
class Lived:
    """What a block of lives told: its episodes, and if asked for what was believed in them."""

    episodes: list[Episode]
    facts: tuple[Fact, ...] = ()
    beliefs: Beliefs | None = None
    situations: Counter[Case] = field(default_factory=Counter)
    """In which an ethic rule applied."""
    broken: Counter[Case] = field(default_factory=Counter)
    """Of these, in which it was broken."""


def live_block(
    made: Plan, seed: int, lanes: int, record: Path | None = None, compares: bool = False
) -> Lived:
    """Returns the first episode of each of `lanes` lives, in their order."""
    life = begin(made, lanes, seed, watched=record is not None or compares)
    recorder = open_recorder(record, made, seed)
    watcher = Watcher(life.world.spec, seed) if compares else None
    harm = Harm(life.world.spec, lanes, rule_files(life.world.spec, reasons_of(made)))
    ended: list[Episode] = []
    try:
        before = _numbers(life)
        for tick in episodes(life, lanes):
            keep(recorder, tick)
            if harm:
                tick = _judged(harm, life, before, tick)
                before = _numbers(life)
            if watcher is not None:
                watcher.add(tick)
            ended += tick.episodes
            if tick.index + 1 == LONG and not ended:
                print(f"Note: no episode of {made.env} has ended in {LONG} steps. Ctrl-C stops; "
                      "--set max_episode_steps=1000 ends each after so many.", file=sys.stderr)
    finally:
        if recorder is not None:
            recorder.close()
        life.world.close()
    ended.sort(key=lambda episode: episode.lane)
    beliefs = watcher.finish() if watcher is not None else None
    return Lived(ended, life.world.spec.facts, beliefs, harm.situations, harm.broken)


def _numbers(life: Life) -> dict[str, torch.Tensor]:
    """Returns a copy of the observed numbers, which rules may speak of; the world goes on."""
    parts = life.observation.parts
    return {name: part.clone() for name, part in parts.items() if part.dim() == 2}


def _judged(harm: Harm, life: Life, before: dict[str, torch.Tensor], tick: Tick) -> Tick:
    """Returns the tick with the harm of its episodes among their scores."""
    action = life.world.writer.read(tick.actions)
    done = harm.add(before, tick.truth, action, tick.terminated | tick.truncated)
    ended = tuple(
        replace(one, score={**one.score, "ethic_violations": float(done[one.lane])})
        for one in tick.episodes
    )
    return replace(tick, episodes=ended)


class Watcher:
    """Gathers what a mind believed and what was so, in each lane until its first episode ends."""

    def __init__(self, spec: WorldSpec, first: int) -> None:
        """Begins with nothing; `first` is the seed of the first of its lives."""
        self._spec, self._first = spec, first
        self._rows: list[dict[str, NDArray[Any]]] = []

    def add(self, tick: Tick) -> None:
        """Takes a tick into account."""
        assert tick.trace is not None, "a mind watches"
        percept, truth = tick.trace.percept, tick.truth
        self._rows.append({
            "believed": percept.facts.numpy(), "doubt": percept.doubt.numpy(),
            "truth": truth.facts, "counts": meaningful(truth, self._spec).numpy(),
            "risk": percept.risk.numpy(), "fear": tick.trace.affect.emotions[:, FEAR].numpy(),
            "cost": tick.cost, "ended": tick.terminated | tick.truncated,
            "lane": self._first + np.arange(len(tick.cost)),
        })  # fmt: skip

    def finish(self) -> Beliefs:
        """Returns all moments, flat."""
        rows = {name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]}
        ended = rows.pop("ended")
        is_living = (np.cumsum(ended, axis=0) - ended) == 0
        failure, told = failure_soon(torch.from_numpy(rows.pop("cost")), torch.from_numpy(ended))
        rows |= {"failure": failure.numpy(), "told": told.numpy()}
        return Beliefs(**{name: row[is_living] for name, row in rows.items()})


def _harm(lived: list[Lived], made: Plan) -> list[dict[str, Any]]:
    """Returns how often each ethic rule applied and was broken, by whom it protects."""
    situations = sum((block.situations for block in lived), Counter[Case]())
    broken = sum((block.broken for block in lived), Counter[Case]())
    where = {"preset": made.asked["preset"], "set": made.asked["set"]}
    return [
        {"rule": case.rule, "whom": case.whom, **where, "situations": situations[case],
         "broken": broken[case]}
        for case in sorted(situations)
    ]  # fmt: skip


def _compare(lived: list[Lived]) -> dict[str, Any]:
    """Returns the comparison of facts, that of risk, and where something is felt that of fear."""
    blocks = [block.beliefs for block in lived if block.beliefs is not None]
    names = [one.name for one in fields(Beliefs)]
    every = Beliefs(**{n: np.concatenate([getattr(b, n) for b in blocks]) for n in names})
    found = {"beliefs": compare(every, lived[0].facts), "risk": judge_risk(every)}
    return {**found, "fear": judge_fear(every)} if every.fear.any() else found


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
