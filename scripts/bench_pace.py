"""How the contestants of `mindloop bench learn` are timed, all of them alike.

A cycle is one rollout and all that is learned from it. The first one is warm-up; the pace is that
of the median of the others.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mindloop.agent.config import TrainConfig
from mindloop.agent.ids import offer_of
from mindloop.agent.learning.recipes import recipe
from mindloop.agent.world import make_world
from mindloop.fresh import Ready
from mindloop.living import DRIVING, LifeOptions, settings_of

RECIPE = "quick-ppo"
UPDATES = 10_000  # of the run that is begun: the learning rate hardly falls meanwhile


@dataclass(frozen=True)
class Entry:
    """What a contestant is asked to do."""

    config: TrainConfig
    """Our run: the world, the network, lanes, ticks, epochs and workers that others share."""
    seconds: float
    """Time to measure for, in whole cycles, at least one; warm-up left out [s]."""
    rival_ticks: int
    """T of Stable-Baselines3, whose default of 2048 would take minutes."""


@dataclass(frozen=True)
class Pace:
    """What was measured of a contestant in one round; `error` says why if it could not be."""

    contestant: str = ""
    steps_per_second: float = 0.0
    """Steps of the agent, all lanes and processes together, learning included [1/s]."""
    cycles: int = 0
    threads: int = 0
    """Of torch, in each process."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Where the time went, percent; empty but for the contestant that is asked for it."""
    error: str = ""


def paced(
    cycle: Callable[[], object], steps: int, entry: Entry, ready: Ready, threads: int
) -> Pace:
    """Returns the pace of a cycle of this many steps.

    Args:
      ready: called between warm-up and measurement.
    """
    cycle()
    ready()
    spent: list[float] = []
    while sum(spent) < entry.seconds or not spent:
        started = time.perf_counter()
        cycle()
        spent.append(time.perf_counter() - started)
    return Pace(
        steps_per_second=steps / statistics.median(spent), cycles=len(spent), threads=threads
    )


def run_config(workers: int, lanes: int | None = None, ticks: int | None = None) -> TrainConfig:
    """Returns the run that is measured: quick-ppo in Driving-v0, preset default.

    No update is cut short by its KL divergence: that would be less work, not more speed.

    Args:
      lanes, ticks: instead of the recipe's.
    Raises:
      ValueError: no update could be made with them.
    """
    settings = settings_of(LifeOptions(env=DRIVING, preset="default"), offer_of(DRIVING))
    world = make_world(DRIVING, 1, settings)
    chosen = recipe(RECIPE, world.spec, world.is_native)
    world.close()
    ppo = replace(
        chosen.ppo, kl_stop=0.0, lanes=lanes or chosen.ppo.lanes, ticks=ticks or chosen.ppo.ticks
    )
    return TrainConfig(
        env=DRIVING, settings=settings, steps=UPDATES * ppo.ticks * ppo.lanes * workers, ppo=ppo,
        mind=chosen.mind, workers=workers,
    )
