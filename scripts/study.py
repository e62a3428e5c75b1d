"""Put a question to a mind by experiment: whether feeling helps it, by a rule laid down before."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

from mindloop import __version__
from mindloop.agent.config import EmotionConfig, nearest
from mindloop.arms import ACTING, ADAPTING, DECISIVE, config_of
from mindloop.cells import Cell, run_cell
from mindloop.errors import UserError
from mindloop.grounds import ground_of
from mindloop.living import mistakes
from mindloop.showing import progress
from mindloop.study_report import analyse, write_report
from mindloop.verdict import detectable

BORROWING = ("yoked", "constant")
RULE = (
    "Emotion helps only if `full` beats each of yoked, constant and raw in the metric: mean "
    "difference above 0 and p below .05, one-sided, of a permutation test over paired seeds, "
    "corrected by Holm for three comparisons. Each stage is judged alone."
)
PLAN, RESULTS, REPORT = "plan.json", "results.json", "report.html"


@dataclass(frozen=True)
class Options:
    """What `mindloop study` is asked for."""

    what: tyro.conf.Positional[Literal["emotion"]]
    """The question: does feeling help?"""
    mind: str = "driver"
    """Whom it is put to: a folder, or the name of a mind that ships. Every arm begins with it."""
    stage: Literal["a", "b", "both"] = "both"
    """a: acting in three tasks; b: learning on after everything has changed."""
    seeds: int = 10
    """Paired seeds of every arm."""
    episodes: int = 16
    """Test episodes that a cell lives (a), or is tested in after learning (b)."""
    tasks: tuple[str, ...] = ()
    """Tasks of stage a; none: all of the mind's world."""
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """`name=value`, a field of how a mind feels (fearfulness, calming, tail, caution, ...) for all
    arms that feel: to try a change; may be given again."""
    steps: int = 61_440
    """Steps of learning in a cell of stage b."""
    workers: int = 0
    """Processes; 0: one a core."""
    output: Path = Path("studies/emotion")
    """Folder of the plan, the cells, the results and the report; what is there is gone on with."""


def main(options: Options) -> int:
    """Lives what is missing, judges, writes the report; returns the exit code."""
    for name, least in (("seeds", 2), ("episodes", 1), ("steps", 2048), ("workers", 0)):
        if getattr(options, name) < least:
            raise UserError(
                f"`--{name}` must be at least {least}; got {getattr(options, name)}."
            )
    with mistakes():
        config_of("full", changes_of(options))
        ground = ground_of(options.mind)
        options = replace(options, tasks=options.tasks or tuple(ground.tasks))
        for task in options.tasks:
            if task not in ground.tasks:
                raise ValueError(
                    f"`tasks` must be among {', '.join(ground.tasks)}; got {task!r}."
                    f"{nearest(task, ground.tasks)}"
                )
        options.output.mkdir(parents=True, exist_ok=True)
        _lay_down(options)
    console = Console()
    say = f"{options.seeds} pairs show effects from {detectable(options.seeds):.2f} deviations on"
    console.print(f"{RULE}\n{say} (power .8).", markup=False, highlight=False)
    stages = ("a", "b") if options.stage == "both" else (options.stage,)
    found: dict[str, Any] = {}
    for stage in stages:
        every = cells(stage, options)
        results = _live(every, options, console)
        found[stage] = analyse(stage, every, results, DECISIVE, ground.metric)
        words = "helps" if found[stage]["verdict"]["helps"] else "does not help"
        console.print(f"Stage {stage}: by the rule, emotion {words}.", markup=False)
    content = {"plan": plan_of(options), "version": __version__, "stages": found}
    (options.output / RESULTS).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    write_report(options.output / REPORT, content)
    console.print(f"Report: {options.output / REPORT}", markup=False, highlight=False)
    return 0


def plan_of(options: Options) -> dict[str, Any]:
    """Returns what is laid down before anything is lived."""
    ground = ground_of(options.mind)
    return {
        "world": ground.env, "metric": ground.metric,
        "question": options.what, "rule": RULE, "mind": options.mind, "seeds": options.seeds,
        "episodes": options.episodes, "steps": options.steps, "arms": {"a": ACTING, "b": ADAPTING},
        "tasks": {name: dict(ground.tasks[name]) for name in options.tasks},
        "shift": ground.shift,
        "changes": changes_of(options),
        "detectable_effect": detectable(options.seeds),
    }  # fmt: skip


def changes_of(options: Options) -> dict[str, float]:
    """Returns the fields of EmotionConfig that are to differ.

    Raises:
      ValueError: an unknown field, or no number.
    """
    known = [one.name for one in fields(EmotionConfig) if isinstance(one.default, float)]
    found = {}
    for words in options.set:
        name, _, value = words.partition("=")
        if name not in known:
            raise ValueError(
                f"`set` must name one of {', '.join(known)}; got {name!r}.{nearest(name, known)}"
            )
        try:
            found[name] = float(value)
        except ValueError:
            raise ValueError(f"`set` must be such as {name}=2; got {words!r}.") from None
    return found


def _lay_down(options: Options) -> None:
    """Writes the plan; or checks that it is the one by which the folder's cells were lived.

    Raises:
      ValueError: it is another.
    """
    file, mine = options.output / PLAN, json.loads(json.dumps(plan_of(options)))
    if not file.is_file():
        file.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
        return
    theirs = json.loads(file.read_text(encoding="utf-8"))
    odd = [name for name in mine if mine[name] != theirs.get(name)]
    if odd:
        raise ValueError(
            f"`--output` must be a folder of the same plan; {file} differs in {', '.join(odd)}. "
            "Name another folder: a plan isn't changed once there are results."
        )


def cells(stage: str, options: Options) -> list[Cell]:
    """Returns all cells of a stage."""
    ground = ground_of(options.mind)
    arms, tasks = (
        (ACTING, options.tasks or tuple(ground.tasks)) if stage == "a"
        else (ADAPTING, (ground.shift,))
    )  # fmt: skip
    steps = options.steps if stage == "b" else 0
    changes = changes_of(options)
    return [
        Cell(stage, arm, task, seed, options.mind, options.episodes, steps, changes)
        for task in tasks for seed in range(options.seeds) for arm in arms
    ]  # fmt: skip


def _live(every: Sequence[Cell], options: Options, console: Console) -> dict[str, Any]:
    """Returns {name: result} of all cells; first those that lend, then those that borrow.

    Raises:
      UserError: a process was killed.
    """
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the libraries that new processes load
    folder = options.output / "cells"
    folder.mkdir(exist_ok=True)
    workers = options.workers or os.cpu_count() or 1
    results: dict[str, Any] = {}
    with progress(console, "cells") as bar:
        task = bar.add_task(f"stage {every[0].stage}", total=len(every))
        for borrows in (False, True):
            wave = [cell for cell in every if (cell.arm in BORROWING) == borrows]
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=context) as pool:
                waiting = {pool.submit(run_cell, cell, folder, _lender(cell, options)): cell.name
                           for cell in wave}  # fmt: skip
                try:
                    for done in as_completed(waiting):
                        results[waiting[done]] = done.result()
                        bar.update(task, completed=len(results))
                except BrokenProcessPool as error:
                    raise UserError(
                        "Every worker must live to the end; one was killed, perhaps for want of "
                        "memory. Run it again with fewer --workers: what was lived is kept."
                    ) from error
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
    return results


def _lender(cell: Cell, options: Options) -> str:
    """Returns the name of the cell whose modulators a cell borrows; "" if none."""
    if cell.arm not in BORROWING:
        return ""
    return replace(cell, arm="full", seed=(cell.seed + 1) % options.seeds).name
