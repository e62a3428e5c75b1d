"""The probe chooses what is fastest here; a run keeps to it, and is the same whatever it chose."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import torch
from gymnasium.vector import AutoresetMode, VectorEnv

from mindloop.agent.config import (
    ImitationConfig,
    MindConfig,
    PerceptionConfig,
    PPOConfig,
    TrainConfig,
)
from mindloop.agent.learning import vectorise
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.learning.vectorise import Choice, choose
from mindloop.agent.types import WorldError
from mindloop.agent.world import World, make_world
from tests.spies import Counting

SMALL = MindConfig(perception=PerceptionConfig(features=16, vector_width=16))
CONFIG = TrainConfig(
    env="CartPole-v1", steps=64 * 2, mind=SMALL, evaluation_episodes=2,
    ppo=PPOConfig(ticks=16, lanes=4, epochs=1),
)  # fmt: skip


class Batched(VectorEnv[Any, Any, Any]):
    """Steps all its lanes at once."""

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, num_envs: int) -> None:
        one = Counting()
        self.num_envs = num_envs
        self.single_observation_space = one.observation_space
        self.single_action_space = one.action_space


@pytest.fixture
def registered() -> Iterator[None]:
    here = "tests.agent.learning.test_vectorise"
    gymnasium.register("Batched-v0", "tests.spies:Counting", vector_entry_point=f"{here}:Batched")
    yield
    del gymnasium.registry["Batched-v0"]


def measured(monkeypatch: pytest.MonkeyPatch, *speeds: float | WorldError) -> None:
    """Has the probe find these speeds, one after the other, and start no process."""
    found = iter(speeds)

    def measure(world: World, seconds: float) -> float:
        world.close()
        speed = next(found)
        if isinstance(speed, WorldError):
            raise speed
        return speed

    def make(*given: Any) -> World:
        return make_world(*given[:3])

    monkeypatch.setattr(vectorise, "measure", measure)
    monkeypatch.setattr(vectorise, "make_world", make)
    monkeypatch.setattr(vectorise, "cores", lambda: 2)


@pytest.mark.parametrize(("sync", "apart", "chosen"), [
    (21000.0, 9000.0, "sync"), (100.0, 109.0, "sync"), (100.0, 111.0, "async"),
])  # fmt: skip
def test_other_processes_must_be_worth_it(
    sync: float, apart: float, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(monkeypatch, sync, apart)
    choice = choose(CONFIG)
    assert choice == Choice(chosen, {"sync": sync, "async": apart})
    assert str(choice) == f"Lanes: sync {sync:,.0f} steps/s, async {apart:,.0f}: {chosen}."


def test_what_can_not_live_elsewhere_lives_here(monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, 100.0, WorldError("no lock can be sent."))
    said = "Lanes: sync 100 steps/s: sync (async can't be: no lock can be sent.)."
    assert str(choose(CONFIG)) == said
    measured(monkeypatch, WorldError("no road"))  # a mistake of its own is told
    with pytest.raises(WorldError, match="no road"):
        choose(CONFIG)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(("changes", "chosen"), [
    ({"workers": 2, "steps": 128}, "sync"),
    ({"imitation": ImitationConfig(share=1.0, minibatches=4)}, "sync"),
    ({"env": "Batched-v0"}, "native"),
])  # fmt: skip
def test_where_there_is_no_choice_nothing_is_tried(
    changes: dict[str, Any], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(monkeypatch)
    choice = choose(replace(CONFIG, **changes))
    assert choice == Choice(chosen) and not str(choice)


@pytest.mark.slow
def test_both_are_measured_and_leave_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectorise, "cores", lambda: 2)
    choice = choose(CONFIG, seconds=0.1)
    assert list(choice.speeds) == ["sync", "async"] and min(choice.speeds.values()) > 0
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(("env", "kind", "message"), [
    ("CartPole-v1", "native", "must be sync or async in CartPole-v1, which registers no batched"),
    ("Batched-v0", "async", "must be native in Batched-v0, which steps all its lanes at once"),
    ("Batched-v0", "sync", "must be native in Batched-v0"),
    (Counting, "native", "must be sync or async for Counting, a function; got native"),
    (Counting(), "async", "must be sync for an environment that is made already; got async"),
    ("CartPole-v1", "asink", "one of sync, async, native; got 'asink'. Did you mean `async`?"),
])  # fmt: skip
def test_what_can_not_be_is_named(env: Any, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"`vectorisation` .*{message}"):
        make_world(env, 1, vectorisation=kind)


def test_a_run_that_could_not_live_apart_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`vectorisation` must be .* workers use the cores"):
        replace(CONFIG, workers=2, vectorisation="async")
    with pytest.raises(ValueError, match=r"`vectorisation` must be .* expert who teaches"):
        teaching = ImitationConfig(share=1.0, minibatches=4)
        replace(CONFIG, imitation=teaching, vectorisation="async")


@pytest.mark.slow
def test_a_run_is_the_same_and_keeps_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(*given: Any) -> World:
        made.append(given[3] if len(given) > 3 else "")
        return make_world(*given)

    for room in ("judging", "trainer"):
        monkeypatch.setattr(f"mindloop.agent.learning.{room}.make_world", make)
    minds = []
    for kind in ("sync", "async"):
        run = Trainer(replace(CONFIG, vectorisation=kind), tmp_path / kind)
        run.train()
        run.close()
        minds.append(run.mind.state_dict())
    assert made == ["sync", "", "async", ""]  # evaluations stay in this process
    for name, value in minds[0].items():
        assert torch.equal(value, minds[1][name]), name
    assert json.loads((tmp_path / "async" / "config.json").read_text())["vectorisation"] == "async"
    again = Trainer(CONFIG, tmp_path / "async", resumes=True)
    assert again.world.vectorisation == "async"
    again.close()
