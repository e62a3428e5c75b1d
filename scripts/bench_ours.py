"""What `mindloop bench learn` measures of ours: the run, where its time goes, its arithmetic alone.

It reaches into the trainer and the learner on purpose: they are not to be littered with timers, and
the arithmetic alone is the learner's own step, not a copy that would grow old.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from mindloop.agent.learning.learner import Learner
from mindloop.agent.learning.ppo import RewardScale, gae
from mindloop.agent.learning.rollout import Recorder, Rollout
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.learning.workers import Group
from mindloop.agent.mind import Mind
from mindloop.agent.types import (
    SCENE_COLUMNS,
    Affect,
    Modality,
    Observation,
    Outcome,
    Tick,
    Truth,
    WorldSpec,
)
from mindloop.agent.world import World, make_world
from mindloop.bench_pace import Entry, Pace, paced
from mindloop.fresh import Ready
from mindloop.together import together
from mindloop.tuning import settle

PRESENT = 0.05  # part of the scene's sectors with something in them, about as in the world
ENDS = 0.01  # part of the steps that end an episode

# ------------------------------------------------------------------------------- the whole run


def ours(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of the run, all its workers together."""
    ready()
    return _together(entry, _speed)


def where_time_goes(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of the run with clocks in its leader, and each part's percentage."""
    ready()
    return _together(entry, _watched)


def _together(entry: Entry, work: Callable[[float, Trainer], Pace]) -> Pace:
    settle()
    with tempfile.TemporaryDirectory() as folder:
        found: Pace = together(partial(work, entry.seconds), entry.config, Path(folder) / "run")
    return found


def _speed(seconds: float, trainer: Trainer) -> Pace:
    """Returns the pace."""
    speed = trainer.measure(seconds)
    return Pace(
        steps_per_second=speed.steps_per_second, cycles=speed.updates,
        threads=torch.get_num_threads(),
    )  # fmt: skip


def _watched(seconds: float, trainer: Trainer) -> Pace:
    trainer.measure(0.0, 1)
    watch = Stopwatch()
    watch_over(trainer, watch)
    started = time.perf_counter()
    speed = trainer.measure(seconds)
    shares = watch.shares(time.perf_counter() - started)
    return Pace(
        steps_per_second=speed.steps_per_second, cycles=speed.updates,
        threads=torch.get_num_threads(), shares=shares,
    )  # fmt: skip


# ---------------------------------------------------------------------------- where time goes


class Stopwatch:
    """Adds up how long calls take, each without the watched calls within it."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        """Begins with nothing; `now` is the clock."""
        self.spent: dict[str, float] = defaultdict(float)
        self._now = now
        self._within: list[float] = []  # time of the watched calls within each open one

    def watch(self, owner: Any, name: str, part: str) -> None:
        """Counts the calls of an object's or a class's function for a part."""
        inner = getattr(owner, name)

        def timed(*words: Any, **named: Any) -> Any:
            started = self._now()
            self._within.append(0.0)
            try:
                return inner(*words, **named)
            finally:
                whole = self._now() - started
                self.spent[part] += whole - self._within.pop()
                if self._within:
                    self._within[-1] += whole

        setattr(owner, name, timed)

    def shares(self, whole: float) -> dict[str, float]:
        """Returns percentages of `whole` [s], the largest first; "other" is what no clock saw."""
        parts = dict(self.spent)
        parts["other"] = whole - sum(parts.values())
        ordered = sorted(parts.items(), key=lambda item: -item[1])
        return {part: 100 * spent / whole for part, spent in ordered}


def watch_over(trainer: Trainer, watch: Stopwatch) -> None:
    """Puts clocks around what a trainer calls; for a process that does nothing else."""
    learner = trainer.learner
    watched: tuple[tuple[Any, str, str], ...] = (
        (trainer.world.env, "step", "world: env.step"),
        (Mind, "act", "mind: perceive, decide"),
        *((World, name, "world: what it told") for name in (
            "observe", "outcome", "truth", "seen", "reward_terms", "cost")),
        *((Recorder, name, "rollout: copying") for name in ("add", "finish")),
        (Rollout, "lanes", "rollout: minibatches"),
        (learner, "_step", "learn: forward"),
        (torch.Tensor, "backward", "learn: backward"),
        *((learner.optimiser, name, "optimiser") for name in ("step",)),
        (learner.flat, "clip", "optimiser"),
        *((Group, name, "gradients: exchange and waiting") for name in ("sum", "share")),
        (RewardScale, "__call__", "learn: advantages, running scales"),
        (learner, "_observe_scales", "learn: advantages, running scales"),
        (learner, "update", "learn: advantages, running scales"),
    )  # fmt: skip
    for owner, name, part in watched:
        watch.watch(owner, name, part)


# ----------------------------------------------------------------------- the arithmetic alone


def arithmetic(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of the same modules on random numbers: no world, no copies, no waiting.

    A cycle acts T times and makes every step of the optimiser on minibatches that lie ready.
    """
    settle()
    config = entry.config
    world = make_world(config.env, 1, dict(config.settings))
    spec = world.spec
    world.close()
    ppo, rng = config.ppo, torch.Generator().manual_seed(0)
    mind = Mind(spec, config.mind)
    learner = Learner(spec, mind.perception, mind.decision, config, rng, Group())
    seen = [_observation(spec, ppo.lanes, rng) for _ in range(ppo.ticks)]
    rollout = _rollout(mind, seen, rng)
    advantage = gae(rollout.reward, rollout.value, rollout.arrival, rollout.ended,
                    ppo.gamma, ppo.gae_lambda)  # fmt: skip
    parts = [
        (rollout.lanes(chosen), advantage[:, chosen], (advantage + rollout.value)[:, chosen])
        for chosen in torch.arange(ppo.lanes).chunk(ppo.minibatches)
    ]
    every = cast(Tensor, slice(None))  # all lanes of a part, as they are
    nothing = Outcome.nothing(ppo.lanes)

    def cycle() -> None:
        state = mind.initial_state(ppo.lanes)
        for observation in seen:
            state, _ = mind.act(state, observation, nothing, rng)
        for _ in range(ppo.epochs):
            for part in parts:
                learner._step(*part, every)

    return paced(cycle, ppo.ticks * ppo.lanes, entry, ready, torch.get_num_threads())


def _observation(spec: WorldSpec, lanes: int, rng: torch.Generator) -> Observation:
    parts = {}
    for part in spec.parts:
        shape = (lanes, *part.shape)
        if part.modality is Modality.IMAGE:
            parts[part.name] = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
        else:
            parts[part.name] = torch.randn(shape, generator=rng)
    every = torch.ones(lanes, spec.actions.width, dtype=torch.bool)
    return Observation(parts, torch.zeros(lanes, dtype=torch.bool), every)


def _rollout(mind: Mind, seen: list[Observation], rng: torch.Generator) -> Rollout:
    """Returns what a mind would have kept of observations and made-up rewards, ends and labels."""
    lanes, dice = seen[0].batch_size, np.random.default_rng(0)
    state, nothing = mind.initial_state(lanes), Outcome.nothing(lanes)
    kept = Recorder(mind.spec, state.memory, Affect.neutral(lanes).vector())
    for index, observation in enumerate(seen):
        state, trace = mind.act(state, observation, nothing, rng)
        truth = _truth(mind.spec, lanes, dice)
        ended = dice.random(lanes) < ENDS
        kept.add(
            Tick(
                index=index, driver="mind", trace=trace, truth=truth, actions=None,
                reward=dice.normal(size=lanes), terminated=ended, truncated=np.zeros_like(ended),
                reward_terms={}, cost=ended.astype(np.float32), infos={}, episodes=(),
            ),
            truth,
        )  # fmt: skip
    return kept.finish(trace)


def _truth(spec: WorldSpec, lanes: int, dice: np.random.Generator) -> Truth:
    low = np.array([fact.low for fact in spec.facts])
    high = np.array([fact.high for fact in spec.facts])
    facts = dice.uniform(low, high, (lanes, len(low)))
    is_boolean = np.array([fact.is_boolean for fact in spec.facts], bool)
    facts = np.where(is_boolean, facts > 0.5, facts)
    sectors = spec.scene.sectors if spec.scene else 0
    scene = dice.normal(size=(lanes, sectors, len(SCENE_COLUMNS)))
    if spec.scene is not None:
        scene[..., 0] = dice.uniform(0, spec.scene.range, scene.shape[:2])
        scene[..., 3] = dice.integers(0, len(spec.scene.classes), scene.shape[:2])
        scene[..., 6] = dice.random(scene.shape[:2]) < PRESENT
    path = dice.normal(size=(lanes, spec.path_points, 2))
    return Truth(
        facts.astype(np.float32), np.ones(facts.shape, bool), scene.astype(np.float32),
        path.astype(np.float32),
    )
