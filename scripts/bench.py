"""Measure mindloop beside what people use today: `envs` frames of worlds, `learn` whole training.

Everything runs in fresh processes, warm-up left out; `envs` alone and in one thread.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console
from rich.table import Table

from mindloop.bench_learn import race
from mindloop.bench_worlds import (
    CAR_RACING_SIZE,
    NATIVE,
    VERSIONED,
    WORLDS,
    Case,
    Result,
    measure,
    of_family,
)
from mindloop.errors import UserError, nearest
from mindloop.fresh import apart

SYNC_BATCHES = (1, 16)  # SyncVectorEnv steps lives one after another: more only takes longer
WIDE = 130  # columns of a table that goes into a file


@dataclass(frozen=True)
class Options:
    """What `mindloop bench` is asked for."""

    what: tyro.conf.Positional[Literal["envs", "learn"]]
    """What to measure: frames of worlds, or training."""
    batches: tuple[int, ...] = (1, 16, 64, 256)
    """envs: lives side by side."""
    sizes: tuple[int, ...] = (32, 64, 128)
    """envs: width and height of the picture [px]; other than 64 at one batch only."""
    seconds: float = 5.0
    """Time to measure each case for [s]; envs: CPU time, learn: whole rollouts, at least one."""
    worlds: tuple[str, ...] = ()
    """envs: only worlds whose name contains one of these words; all if none is given."""
    rounds: int = 3
    """learn: how often each contestant is measured, in turn with the others."""
    workers: int | None = None
    """learn: processes of ours; by default one for each core."""
    only: tuple[str, ...] = ()
    """learn: only contestants whose name contains one of these words; all if none is given."""
    lanes: int | None = None
    """learn: lives side by side in each of our workers; by default the recipe's 64."""
    ticks: int | None = None
    """learn: length of a rollout; by default the recipe's 32, and 128 for SB3."""
    json: Path | None = None
    """Also write the results here."""


def main(options: Options) -> int:
    """Measures, shows a table, and returns the exit code."""
    console = Console()
    if not console.is_terminal:  # rich takes 80, and would cut the names
        console.width = WIDE
    report: dict[str, Any] = {
        "machine": machine(), "load_before": load(), "seconds": options.seconds
    }  # fmt: skip
    if options.what == "learn":
        found = race(
            console, options.seconds, options.rounds, options.workers, options.only,
            options.lanes, options.ticks,
        )  # fmt: skip
    else:
        found = worlds(console, options)
    report |= {"load_after": load(), **found}
    for name in ("machine", "load_before", "load_after"):
        console.print(f"{name}: {report[name]}", markup=False, highlight=False)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1, default=asdict))
    return 0


def worlds(console: Console, options: Options) -> dict[str, Any]:
    """Measures frames of worlds, shows a table, and returns the report."""
    plan = cases(options)
    results = []
    for number, case in enumerate(plan, 1):
        console.print(
            f"[{number}/{len(plan)}] {case.world}, {case.batch} lives, {case.size} px",
            markup=False, highlight=False,
        )
        results.append(alone(case))
    console.print(table(results))
    return {"results": results, "times_faster": ratios(results)}


def cases(options: Options) -> list[Case]:
    """Returns what to measure: every batch at 64 px, every other size at one batch.

    Raises:
      UserError: a number is not positive, or no world has such a name.
    """
    for name, numbers in (("--batches", options.batches), ("--sizes", options.sizes)):
        if not numbers or min(numbers) < 1:
            raise UserError(f"`{name}` must be positive numbers; got {list(numbers)}.")
    if options.seconds <= 0:
        raise UserError(f"`--seconds` must be positive; got {options.seconds}.")
    for word in options.worlds:
        if not any(word.lower() in world.lower() for world in WORLDS):
            raise UserError(f"No world's name contains `{word}`. {nearest(word, WORLDS)}")
    base = 64 if 64 in options.sizes else options.sizes[0]
    middle = 64 if 64 in options.batches else options.batches[-1]
    plan = []
    for world in WORLDS:
        if options.worlds and not any(w.lower() in world.lower() for w in options.worlds):
            continue
        synchronous = not (world in NATIVE or world.startswith("EnvPool"))
        batches = [b for b in options.batches if not synchronous or b in SYNC_BATCHES]
        batches = batches or [options.batches[0]]
        fixed = "CarRacing" in world
        first = CAR_RACING_SIZE if fixed else base
        plan += [Case(world, batch, first, options.seconds) for batch in batches]
        if not fixed:
            batch = batches[-1] if synchronous else middle
            plan += [
                Case(world, batch, size, options.seconds) for size in options.sizes if size != base
            ]
    return plan


def alone(case: Case) -> Result:
    """Returns the result of a case measured in a fresh process of one thread."""
    try:
        (result,) = apart(measure, case)
    except RuntimeError as error:  # it died
        return Result(case.world, case.batch, case.size, error=str(error))
    return result


def table(results: list[Result]) -> Table:
    """Returns the results as a table; the last column says how often the reference fits in."""
    shown = Table(title="frames per CPU-second, one thread")
    for column in ("world", "lives", "picture", "frames/CPU-s", "reset", "warm-up", "memory"):
        shown.add_column(column, justify="left" if column == "world" else "right")
    shown.add_column("ours is", justify="right")
    for r in results:
        if r.error:
            shown.add_row(r.world, str(r.batch), "", r.error)
            continue
        best = reference(results, r.world)
        times = f"{best.frames_per_cpu_second / r.frames_per_cpu_second:.1f} x" if best else ""
        shown.add_row(
            r.world, str(r.batch), f"{r.size} px", f"{r.frames_per_cpu_second:,.0f}",
            f"{1e3 * r.reset:.2f} ms", f"{r.warm_up:.1f} s", f"{r.resident:.0f} MiB", times,
        )
    return shown


def reference(results: list[Result], world: str) -> Result | None:
    """Returns the case that a world is compared with: ours of its family at 64 px and 64 lives, if
    measured."""
    family = of_family(world)
    ours = [r for name in NATIVE for r in results if r.world == name and not r.error]
    ours = [r for r in ours if of_family(r.world) == family]
    exact = [r for r in ours if r.size == 64 and r.batch == 64]
    return next(iter(exact or ours), None)


def ratios(results: list[Result]) -> dict[str, float]:
    """Returns how many times the reference's frames are each peer's best, by world."""
    peers: dict[str, float] = {}
    for r in results:
        if r.world not in NATIVE and not r.error:
            peers[r.world] = max(peers.get(r.world, 0.0), r.frames_per_cpu_second)
    best = {world: reference(results, world) for world in peers}
    return {
        world: ours.frames_per_cpu_second / peers[world]
        for world, ours in best.items() if ours is not None
    }  # fmt: skip


def machine() -> dict[str, Any]:
    """Returns what the figures depend on: processor, cores, Python, versions."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: installed(name) for name in VERSIONED},
    }


def cpu_name() -> str:
    """Returns the processor's name, as well as the platform tells it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def installed(package: str) -> str:
    """Returns the version of a package, or "not installed"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def load() -> list[float]:
    """Returns the machine's load averages over 1, 5 and 15 minutes; empty where unknown."""
    return [] if sys.platform == "win32" else [round(x, 2) for x in os.getloadavg()]
