"""What `mindloop bench envs` measures: one case, in a process of its own.

A frame is one camera picture of one life, with all that a step brings (physics, traffic, facts,
reward) and with the resets that random actions cause. Actions are drawn beforehand.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

import mindloop  # registers the native worlds
from mindloop.fresh import Ready, trouble

Picture = NDArray[Any]
ACTION_ROWS = 256  # actions drawn beforehand, used again and again
CHUNK = 0.05  # [s] steps are taken in chunks of about this long between two looks at the clock
CAR_RACING_SIZE = 96  # [px] it knows no other


@dataclass(frozen=True)
class Case:
    """One thing to measure."""

    world: str
    """A name in WORLDS."""
    batch: int
    """Lives side by side."""
    size: int
    """Width and height of the picture [px]."""
    seconds: float
    """CPU time to measure for, warm-up left out [s]."""


@dataclass(frozen=True)
class Result:
    """What was measured of a case; `error` says why if it could not be."""

    world: str
    batch: int
    size: int
    frames_per_cpu_second: float = 0.0
    frames: int = 0
    cpu: float = 0.0
    """CPU time of the frames, child processes included [s]."""
    wall: float = 0.0
    """Time of the frames on the clock [s]."""
    warm_up: float = 0.0
    """Making the world, first reset, first steps; compiling too; not counted above [s]."""
    reset: float = 0.0
    """CPU time of a reset of all lives, divided by their number [s]."""
    resident: float = 0.0
    """Resident memory of the process at its highest [MiB]."""
    picture: tuple[int, ...] = ()
    """Shape of one step's pictures."""
    error: str = ""


class World(NamedTuple):
    """A world made ready: `step` takes a row of actions and returns the pictures [B, ...]."""

    reset: Callable[[], Picture]
    step: Callable[[Any], Picture]
    actions: NDArray[Any]
    """[ACTION_ROWS, B, ...]."""
    close: Callable[[], None]


def measure(case: Case, ready: Ready = bool) -> Result:
    """Returns the frames per CPU-second of one case; never raises for what the world does."""
    ready()
    try:
        return _measure(case)
    except Exception as error:  # the peers' worlds may raise anything; the others shall go on
        return Result(case.world, case.batch, case.size, error=trouble(error))


def _measure(case: Case) -> Result:
    started = time.perf_counter()
    world = WORLDS[case.world](case.batch, case.size)
    picture = world.reset()
    steps, chunk = 0, 1
    while time.perf_counter() - started < 0.5 or steps < 3:
        picture = world.step(world.actions[steps % ACTION_ROWS])
        steps += 1
    warm_up = time.perf_counter() - started
    if not picture.any() or picture.max() == picture.min():
        raise ValueError("the pictures are all one colour, so nothing was rendered")

    begin = cpu_time()
    world.reset()
    reset = (cpu_time() - begin) / case.batch

    begin, clock, steps = cpu_time(), time.perf_counter(), 0
    while (spent := cpu_time() - begin) < case.seconds or steps == 0:
        chunk = max(1, int(steps / spent * CHUNK)) if steps and spent > 0 else 1
        for k in range(steps, steps + chunk):
            picture = world.step(world.actions[k % ACTION_ROWS])
        steps += chunk
    wall = time.perf_counter() - clock
    world.close()
    frames = steps * case.batch
    return Result(
        case.world, case.batch, int(picture.shape[1]), frames / spent, frames, spent, wall,
        warm_up, reset, peak_memory(), tuple(picture.shape),
    )


def cpu_time() -> float:
    """Returns the CPU time of this process, its threads and its ended children [s]."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def peak_memory() -> float:
    """Returns the largest resident memory so far [MiB]; 0 where the platform does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource  # POSIX only

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)


# ------------------------------------------------------------------------------ the worlds


def _random_discrete(count: int, batch: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, count, (ACTION_ROWS, batch))


def _native(name: str, batch: int, size: int, copy: bool, **settings: Any) -> World:
    env = gymnasium.make_vec(
        name, num_envs=batch, width=size, height=size, copy=copy, **settings
    )
    count = int(env.single_action_space.n)  # type: ignore[attr-defined]
    return World(
        reset=lambda: env.reset(seed=0)[0]["camera"],
        step=lambda actions: env.step(actions)[0]["camera"],
        actions=_random_discrete(count, batch),
        close=env.close,
    )


def _sync(make: Callable[[], gymnasium.Env[Any, Any]], batch: int) -> World:
    """Returns a foreign world, one life after the other, as SyncVectorEnv does it."""
    env: Any = gymnasium.vector.SyncVectorEnv([make] * batch)
    return World(
        reset=lambda: np.asarray(env.reset(seed=0)[0]),
        step=lambda actions: np.asarray(env.step(actions)[0]),
        actions=_random_discrete(int(env.single_action_space.n), batch),
        close=env.close,
    )


def _car_racing(batch: int, size: int) -> World:
    del size  # CAR_RACING_SIZE always
    return _sync(lambda: gymnasium.make("CarRacing-v3", continuous=False), batch)


def _highway(batch: int, size: int) -> World:
    import highway_env  # an extra, and registers its worlds on import

    gymnasium.register_envs(highway_env)
    observation = {
        "type": "GrayscaleObservation",
        "observation_shape": (size, size),
        "stack_size": 1,
        "weights": [0.2989, 0.5870, 0.1140],
        "scaling": 1.75,  # [px/m]
    }
    world = _sync(
        lambda: gymnasium.make("highway-v0", config={"observation": observation}), batch
    )
    # [B, 1, W, H] -> [B, W, H]
    return world._replace(
        reset=lambda: world.reset()[:, 0], step=lambda actions: world.step(actions)[:, 0]
    )


def _minigrid(batch: int, size: int) -> World:
    minigrid: Any = importlib.import_module("minigrid.wrappers")  # an extra

    def make() -> gymnasium.Env[Any, Any]:
        env = gymnasium.make("BabyAI-GoToLocal-v0")
        env = minigrid.RGBImgPartialObsWrapper(env, tile_size=max(size // 7, 1))
        picture: gymnasium.Env[Any, Any] = minigrid.ImgObsWrapper(env)
        return picture

    return _sync(make, batch)


def _miniworld(batch: int, size: int) -> World:
    importlib.import_module("miniworld")  # an extra, which registers its worlds; draws with OpenGL
    return _sync(
        lambda: gymnasium.make("MiniWorld-FourRooms-v0", obs_width=size, obs_height=size), batch
    )


def _envpool(batch: int, size: int) -> World:
    del size  # CAR_RACING_SIZE always
    import envpool  # an extra

    env = envpool.make_gymnasium("CarRacing-v3", num_envs=batch, num_threads=1, seed=0)
    space = env.action_space
    draws = np.random.default_rng(0).random((ACTION_ROWS, batch, *space.shape))
    return World(
        reset=lambda: np.asarray(env.reset()[0]),
        step=lambda actions: np.asarray(env.step(actions)[0]),
        actions=(space.low + draws * (space.high - space.low)).astype(np.float64),
        close=env.close,
    )


WORLDS: dict[str, Callable[[int, int], World]] = {
    "mindloop/Driving-v0": lambda b, size: _native("mindloop/Driving-v0", b, size, True),
    "mindloop/Driving-v0, copy=False": (
        lambda b, size: _native("mindloop/Driving-v0", b, size, False)
    ),
    "Gymnasium CarRacing-v3": _car_racing,
    "highway-env highway-v0, grey": _highway,
    "EnvPool CarRacing-v3": _envpool,
    "mindloop/Robot-v0": (
        lambda b, size: _native("mindloop/Robot-v0", b, size, True, preset="Social")
    ),
    "mindloop/Robot-v0, copy=False": (
        lambda b, size: _native("mindloop/Robot-v0", b, size, False, preset="Social")
    ),
    "Minigrid BabyAI-GoToLocal-v0, RGBImgPartialObs": _minigrid,
    "MiniWorld FourRooms-v0": _miniworld,
}
"""How to make each world: (batch, size) -> World. Each of ours is followed by its peers."""
VERSIONED = (
    "mindloop", "gymnasium", "highway-env", "envpool", "minigrid", "miniworld",
    "stable-baselines3", "torch", "numpy", "numba", "pygame-ce",
)  # fmt: skip
"""Packages whose versions a result needs to mean anything."""
NATIVE = tuple(name for name in WORLDS if name.startswith(mindloop.__name__))


def of_family(world: str) -> str:
    """Returns the first of our worlds that a world is compared with: the last before it."""
    names = list(WORLDS)
    before = names[: names.index(world) + 1] if world in WORLDS else names[:1]
    return [name for name in before if name in NATIVE and "," not in name][-1]
