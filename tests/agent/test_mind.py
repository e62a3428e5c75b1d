"""The rooms wired together: every kind of space, and one tick taken apart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from mindloop.agent.config import LoopConfig, MindConfig, PerceptionConfig
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.types import (
    AbstractEmotion,
    AbstractReasoner,
    Affect,
    Judgement,
    MindState,
    Observation,
    Outcome,
    Percept,
    Trace,
)
from mindloop.agent.world import make_world
from tests.spies import Counting, Spaces

OBSERVATIONS: dict[str, spaces.Space[Any]] = {
    "vector": spaces.Box(-np.inf, np.inf, (5,), np.float32),
    "image": spaces.Box(0, 255, (32, 40, 3), np.uint8),
    "symbols": spaces.Box(0, 255, (7, 7, 3), np.uint8),
    "discrete": spaces.Discrete(5, start=2),
    "bits": spaces.MultiBinary(6),
    "multi": spaces.MultiDiscrete([3, 4]),
    "dict": spaces.Dict({"a": spaces.Box(-1, 1, (2,)), "b": spaces.Discrete(3)}),
    "tuple": spaces.Tuple((spaces.Box(0, 255, (24, 24, 1), np.uint8), spaces.Box(-1, 1, (2,)))),
}
ACTIONS: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(4, start=-1),
    "multi": spaces.MultiDiscrete([3, 2]),
    "bits": spaces.MultiBinary(3),
    "box": spaces.Box(np.array([-1.0, 0.0]), np.array([1.0, 10.0]), dtype=np.float64),
    "free": spaces.Box(-np.inf, np.inf, (2,), np.float32),
}


@pytest.mark.parametrize(("seen", "done"), [
    *((seen, "discrete") for seen in OBSERVATIONS),
    *(("vector", done) for done in ACTIONS)])  # fmt: skip
def test_a_mind_lives_in_every_space(seen: str, done: str) -> None:
    world = make_world(lambda: Spaces(OBSERVATIONS[seen], ACTIONS[done]), 3)
    life = Life(world, LoopConfig(), Mind(world.spec))
    life.reset()
    for _ in range(7):  # Spaces asserts that each action is one of its space
        trace = life.step().trace
        assert trace is not None and torch.isfinite(trace.decision.log_prob).all()
    world.close()


def tick(mind: Mind, lanes: int, greedy: bool = False) -> tuple[MindState, Trace]:
    world = make_world(Counting, 1)
    raw, infos = world.env.reset(seed=0)
    seen = world.observe(raw, infos, torch.ones(1, dtype=torch.bool))
    parts = {name: part.expand(lanes, -1) for name, part in seen.parts.items()}
    batch = Observation(parts, seen.is_first.expand(lanes), seen.available.expand(lanes, -1))
    rng = torch.Generator().manual_seed(0)
    state = mind.initial_state(lanes)
    return mind.act(state, batch, Outcome.nothing(lanes), rng, greedy)


def mind(**changes: Any) -> Mind:
    return Mind(make_world(Counting).spec, MindConfig(), **changes)


def test_untrained_choices_are_even_and_greedy_ones_alike() -> None:
    _, trace = tick(mind(), 4000)
    counts = torch.bincount(trace.decision.action[:, 0], minlength=4)
    assert ((counts - 1000).abs() < 150).all()
    # log_prob is that of the action under the policy
    chosen = trace.decision.policy.gather(1, trace.decision.action)[:, 0]
    assert torch.equal(trace.decision.log_prob, chosen)
    _, trace = tick(mind(), 50, greedy=True)
    assert (trace.decision.action == trace.decision.action[0]).all()


class Forbidding(AbstractReasoner):
    """Allows the last option only; prefers nothing."""

    def reason(
        self, observation: Observation, percept: Percept, affect: Affect, state: MindState
    ) -> Judgement:
        lanes = observation.batch_size
        allowed = torch.zeros(lanes, 4, dtype=torch.bool)
        allowed[:, 3] = True
        return Judgement(
            allowed=allowed, allowed_calm=allowed, lower=torch.zeros(lanes, 0),
            upper=torch.zeros(lanes, 0), preference=torch.zeros(lanes, 4),
            fired=torch.zeros(lanes, 0, dtype=torch.bool), slack=torch.zeros(lanes),
        )  # fmt: skip


class Feeling(AbstractEmotion):
    """Feels the value that it was told of, as pleasure."""

    def feel(
        self, outcome: Outcome, arrival: Percept, arrival_value: torch.Tensor, state: MindState
    ) -> Affect:
        calm = Affect.neutral(state.batch_size)
        return replace(calm, pad=calm.pad + arrival_value[:, None] + 1.0)


def test_judgement_changes_the_action_and_the_log_says_so() -> None:
    state, trace = tick(mind(reasoner=Forbidding()), 400)
    assert (trace.decision.action == 3).all()
    assert torch.allclose(trace.decision.log_prob, torch.zeros(400))
    # the same draw proposed something else in about three of four
    assert 250 < int(trace.decision.intervened.sum()) < 350
    assert state.allowed[:, :3].any() == False  # noqa: E712
    free, bound = tick(mind(), 400)[1], trace
    assert torch.equal(free.decision.action, bound.decision.proposed)


def test_the_value_of_an_end_is_that_of_its_kind() -> None:
    """0 where terminated, that of the final observation where truncated."""
    for truncates in (False, True):
        world = make_world(partial(Counting, truncates=truncates), 1)
        own = Mind(world.spec, MindConfig(perception=PerceptionConfig(memory="none")))
        life = Life(world, LoopConfig(), own)
        life.reset()
        for _ in range(3):
            life.step()
        trace = life.trace
        assert trace is not None and trace.outcome.final is not None
        last = own.perception.perceive(trace.outcome.final, own.initial_state(1)).value
        expected = last if truncates else torch.zeros(1)
        assert torch.equal(trace.arrival_value, expected)
        assert bool((last != 0.0).all())


def test_affect_begins_anew_with_each_life_and_memory_too() -> None:
    world = make_world(Counting, 2)  # episodes of 3 and 4 steps
    life = Life(world, LoopConfig(), Mind(world.spec, emotion=Feeling()))
    life.reset()
    for _ in range(3):
        life.step()
    trace = life.trace
    assert trace is not None
    assert trace.affect.pad[0].tolist() == [0.0, 0.0, 0.0] and float(trace.affect.pad[1, 0]) != 0
    assert float(trace.percept.surprise[0]) == 0.0 < float(trace.percept.surprise[1])


def test_without_rooms_the_same_seed_gives_the_same_weights() -> None:
    a, b = mind().state_dict(), mind().state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    other = Mind(make_world(Counting).spec, MindConfig(seed=1)).state_dict()
    assert not torch.equal(a["decision.logits.weight"], other["decision.logits.weight"])
