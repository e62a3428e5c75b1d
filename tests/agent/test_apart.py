"""Lanes in other processes live as lanes side by side do, and their mistakes read the same."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from mindloop.agent.apart import LanesApart
from mindloop.agent.config import LoopConfig
from mindloop.agent.lanes import Lane, faults, side_by_side
from mindloop.agent.loop import Life
from mindloop.agent.types import WorldError
from mindloop.agent.world import make_world
from tests.spies import Counting, Spaces

MANY = spaces.Dict({
    "camera": spaces.Box(0, 255, (7, 5, 3), np.uint8), "state": spaces.Box(-1, 1, (2,)),
    "both": spaces.Tuple((spaces.Discrete(4, start=-1), spaces.MultiBinary(3))),
    "said": spaces.Text(9), "codes": spaces.MultiDiscrete([3, 2]),
})  # fmt: skip


class Telling(Counting):
    """Tells infos that differ between lanes, in a dict that it uses again."""

    def _show(self) -> tuple[Any, dict[str, Any]]:
        shown, info = super()._show()
        self.told = getattr(self, "told", {})
        self.told |= {**info, "n": self.now, "way": np.zeros(self.life + 1), "deep": {"x": 0.5}}
        self.told[f"only{self.life}"] = "mine"
        return shown, self.told


class Failing(Counting):
    """Does something wrong in the life of seed 2."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        if fault == "making":
            raise OSError("no road")

    def step(self, action: Any) -> Any:
        found = super().step(action)
        if self.life == 2:
            if self.fault == "raising":
                raise OSError("motor broke")
            if self.fault == "ending":
                os._exit(3)
            if self.fault == "telling":
                found[4]["lock"] = threading.Lock()
        return found[:4] if self.fault == "forgetting" and self.life == 2 else found

    def snapshot(self) -> int:
        return self.now

    def restore(self, now: int) -> None:
        self.now = now

    def expert(self, view: str) -> Any:
        return view

    def close(self) -> None:
        if self.fault == "closing":
            raise OSError("door stuck")


class Meeting(Counting):
    """Each step waits until one in another life has begun."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def step(self, action: Any) -> Any:
        (self.folder / str(self.life)).touch()
        latest = time.monotonic() + 60
        while len(list(self.folder.iterdir())) < 2:
            assert time.monotonic() < latest, "alone"
            time.sleep(0.01)
        return super().step(action)


def lanes(fault: str) -> list[Callable[[], Any]]:
    def make() -> Lane:
        with faults("mine", "be made"):
            return Lane(Failing(fault), "mine")

    return [make] * 4


def many_parts() -> Spaces:
    """Makes an environment whose chance no other instance shares."""
    return Spaces(deepcopy(MANY), spaces.Discrete(2))


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, in type and dtype too."""
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        alike = (one.dtype, one.shape) == (other.dtype, other.shape)
        if one.dtype == object:
            return alike and all(same(*pair) for pair in zip(one.flat, other.flat, strict=True))
        return alike and bool(np.array_equal(one, other))
    if isinstance(one, (tuple, list)):
        pairs = zip(one, other, strict=True)
        return type(one) is type(other) and all(same(*pair) for pair in pairs)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.slow
@pytest.mark.parametrize("env", [
    pytest.param("CartPole-v1", id="an id"),
    pytest.param(Counting, id="masks"),
    pytest.param(Telling, id="infos"),
    pytest.param(many_parts, id="many parts"),
])  # fmt: skip
def test_what_is_lived_is_the_same(env: Any) -> None:
    sync, apart = (make_world(env, 5, vectorisation=kind) for kind in ("sync", "async"))
    assert sync.spec == apart.spec and apart.vectorisation == "async"
    lives = [Life(world, LoopConfig(driver="random", seed=1)) for world in (sync, apart)]
    for life in lives:
        life.reset()
    assert same(lives[0]._raw, lives[1]._raw) and same(lives[0].infos, lives[1].infos)
    ended = 0
    for _ in range(40):
        here, there = (life.step() for life in lives)
        assert same(lives[0]._raw, lives[1]._raw) and same(here.infos, there.infos)
        assert same(here.reward, there.reward) and here.episodes == there.episodes
        assert same((here.terminated, here.truncated), (there.terminated, there.truncated))
        ended += len(here.episodes)
    assert ended > 3
    for world in (sync, apart, apart):
        world.close()
    assert not multiprocessing.active_children()


def complaint(made: Callable[[], Any]) -> str:
    """Returns what lanes say when they are made, lived in for two steps and closed."""
    with pytest.raises(WorldError) as raised:
        env = made()
        env.reset(seed=0)
        for _ in range(2):
            env.step(np.zeros(4, np.int64))
        env.close()
    return str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["making", "raising", "forgetting", "closing"])
def test_a_mistake_reads_the_same_and_leaves_no_process(fault: str) -> None:
    here = complaint(lambda: side_by_side(lanes(fault)))
    there = complaint(lambda: LanesApart(lanes(fault), processes=2))
    assert ("(lane 2)" in here) == (fault in ("raising", "forgetting"))
    assert there == here
    assert not multiprocessing.active_children()


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "message"), [
    ("ending", r"the process of lanes 0 to 3 ended with exit code 3\."),
    ("telling", r"`info` must hold only what can be pickled, .*cannot pickle.* Leave it out"),
])  # fmt: skip
def test_what_only_other_processes_can_not_do_is_named(fault: str, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        env = LanesApart(lanes(fault), processes=1)
        env.reset(seed=0)
        env.step(np.zeros(4, np.int64))
    assert env.closed and not multiprocessing.active_children()
    env.close()


@pytest.mark.slow
def test_lanes_step_at_the_same_time(tmp_path: Path) -> None:
    env = LanesApart([lambda: Lane(Meeting(tmp_path), "mine")] * 2, processes=2)
    env.reset(seed=0)
    env.step(np.zeros(2, np.int64))
    env.close()


@pytest.mark.slow
def test_lanes_can_be_asked_wherever_they_are() -> None:
    world = make_world(partial(Failing, ""), 2, vectorisation="async")
    world.env.reset(seed=0)
    world.env.step(np.zeros(2, np.int64))
    assert world.offers("snapshot") and not world.offers("view")
    assert world.snapshot(1) == 1
    world.restore(0, 1)
    assert [world.snapshot(lane) for lane in (0, 1)] == [1, 0]
    with pytest.raises(ValueError, match="`vectorisation` must be sync for the expert of Failing"):
        world.expert()
    with pytest.raises(ValueError, match="`Failing` must offer `intervene`; it doesn't"):
        world.intervene(0, "fog")
    world.close()


def test_what_can_not_be_sent_is_named() -> None:
    lock = threading.Lock()
    with pytest.raises(WorldError, match="`env` must be such that another process can make it; "):
        make_world(lambda: Failing(str(lock)), 2, vectorisation="async")
    assert not multiprocessing.active_children()
