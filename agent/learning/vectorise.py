"""How lanes are best put together here: each way is tried for about a second."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..apart import cores
from ..config import LoopConfig, TrainConfig
from ..loop import Life
from ..types import WorldError
from ..world import World, make_world

SECONDS = 1.0
LANES = 16  # of a probe at most: to begin many slow episodes would take longer than it is worth
WARM_UP, LEAST, MOST = 2, 3, 2000  # [ticks]
ADVANTAGE = 1.1  # by which other processes must be faster, for the memory that they take


@dataclass(frozen=True)
class Choice:
    """How lanes go together, and why."""

    vectorisation: str
    """One of config.VECTORISATIONS."""
    speeds: Mapping[str, float] = field(default_factory=dict)
    """[1/s] steps of all lanes together, of what was tried."""
    remark: str = ""
    """Why something could not be tried."""

    def __str__(self) -> str:
        """Returns a line for the user; "" where nothing was tried."""
        if not self.speeds:
            return ""
        (first, speed), *others = self.speeds.items()
        told = "".join(f", {name} {other:,.0f}" for name, other in others)
        remark = f" ({self.remark})" if self.remark else ""
        return f"Lanes: {first} {speed:,.0f} steps/s{told}: {self.vectorisation}{remark}."


def choose(config: TrainConfig, seconds: float = SECONDS) -> Choice:
    """Returns the fastest way to put the lanes of a run together on this machine.

    Random actions are lived, by way of trial. What is lived in a run does not depend on it.

    Raises:
      WorldError, ValueError: the environment can't be made, or does something wrong.
    """
    lanes = min(config.ppo.lanes, LANES)
    world = make_world(config.env, lanes, dict(config.settings))
    # Workers use the cores that lanes in other processes would need. An expert knows only lanes in
    # his own process.
    is_settled = config.workers > 1 or config.imitation.teaches or min(cores(), lanes) == 1
    if world.vectorisation == "native" or is_settled:
        world.close()
        return Choice(world.vectorisation)
    speeds = {"sync": measure(world, seconds)}
    try:
        apart = make_world(config.env, lanes, dict(config.settings), "async")
        speeds["async"] = measure(apart, seconds)
    except WorldError as problem:  # it works in this process
        return Choice("sync", speeds, f"async can't be: {problem}")
    is_faster = speeds["async"] > ADVANTAGE * speeds["sync"]
    return Choice("async" if is_faster else "sync", speeds)


def measure(world: World, seconds: float = SECONDS) -> float:
    """Returns the steps a second of all lanes together, by random actions; closes the world."""
    try:
        life = Life(world, LoopConfig(driver="random"))
        life.reset()
        for _ in range(WARM_UP):
            life.step()
        ticks, spent, started = 0, 0.0, time.perf_counter()
        while ticks < LEAST or (spent < seconds and ticks < MOST):
            life.step()
            ticks += 1
            spent = time.perf_counter() - started
        return ticks * world.num_envs / spent
    finally:
        world.close()
