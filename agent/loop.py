"""A mind, an expert, a person or chance living in a vector environment.

The one place that calls `env.reset` and `env.step`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .config import EXPERTS, LoopConfig
from .mind import Mind
from .types import (
    Episode,
    MindState,
    Observation,
    Outcome,
    Tick,
    Trace,
    Truth,
    WorldError,
    from_numpy,
    to_numpy,
)
from .world import World

PERSON = "human"
"""The driver of a step whose actions were handed in."""
BELIEVING = "perceived-expert"
_VIEWS = {"expert": "true", "visible-expert": "visible"}


class Life:
    """Lives in the B lanes of a world, side by side; a lane that ends begins its next episode.

    Where a mind is given and another drives, the mind watches: it perceives every tick, and
    remembers what was done instead of what it would have done.
    """

    def __init__(self, world: World, config: LoopConfig, mind: Mind | None = None) -> None:
        """Begins nothing yet: call `reset`.

        Raises:
          ValueError: the driver is a mind and none is given, or an expert and the world has none.
        """
        if config.driver in ("mind", BELIEVING) and mind is None:
            raise ValueError(
                f"`mind` must be given for the driver `{config.driver}`; got None. "
                "Give one, or choose another driver."
            )
        if config.driver in EXPERTS and not world.offers("expert"):
            raise ValueError(
                f"`driver` must be mind or random in {world.spec.env}, which has no expert; "
                f"got {config.driver!r}. Choose one of those."
            )
        self.world = world
        self.config = config
        self.mind = mind
        self._state: MindState
        self._is_begun = False
        self._trace: Trace | None = None
        self._intention: Any = None

    # ------------------------------------------------------------------------ what is now

    @property
    def driver(self) -> str:
        """Who acts where no actions are handed in."""
        return self.config.driver

    @property
    def observation(self) -> Observation:
        """What is seen now, before the next step."""
        self._check_begun()
        return self._observation

    @property
    def infos(self) -> Mapping[str, Any]:
        """What the environment told last."""
        self._check_begun()
        return self._infos

    def words(self, lane: int) -> dict[str, str]:
        """Returns {part: what it says now in words}, for people: texts and discrete numbers."""
        self._check_begun()
        return self.world.words(self._raw, lane)

    @property
    def trace(self) -> Trace | None:
        """What the mind makes of what is seen now; None where there is none.

        It is thought once a tick: here if somebody asks, else within `step`.
        """
        self._check_begun()
        if self.mind is not None and self._trace is None:
            told = self.truth if self.config.oracle else None
            self._state, self._trace = self.mind.act(
                self._state, self._observation, self._outcome, self._rng, self.config.greedy, told
            )
        return self._trace

    @property
    def intention(self) -> Any:
        """What the driver will do in the next step, as the environment takes a batch of it."""
        self._check_begun()
        if self._intention is None:
            self._intention = self._choose()
        return self._intention

    @property
    def truth(self) -> Truth:
        """What the world says is so now."""
        return self.world.truth(self.infos)

    # ------------------------------------------------------------------------ living

    def reset(self, seed: int | None = None) -> None:
        """Begins a new life in every lane: lane i that of `seed` + i, or of the config's seed."""
        world, batch = self.world, self.world.num_envs
        self.seed = self.config.seed if seed is None else seed
        raw, infos = world.env.reset(seed=self.seed)
        self._raw: Any = raw
        self._infos: Mapping[str, Any] = infos
        self._observation = world.observe(raw, infos, torch.ones(batch, dtype=torch.bool))
        self._outcome = Outcome.nothing(batch)
        self._index = 0
        self._lengths = np.zeros(batch, np.int64)
        self._totals = np.zeros(batch, np.float64)
        self._counts = np.zeros(batch, np.int64)
        self._rng = torch.Generator().manual_seed(self.seed)
        self._dice = np.random.default_rng(self.seed)
        if self.mind is not None:
            self._state = self.mind.initial_state(batch)
        view = _VIEWS.get(self.driver)
        self._expert: Callable[[], Any] | None = world.expert(view) if view else None
        if self.driver == BELIEVING:
            self._expert = self._believing()
        self._trace, self._intention = None, None
        self._is_begun = True

    def command(self, words: str, lane: int = 0) -> None:
        """Tells one lane what is to be done from now on; a mind that has thought about this tick
        already learns of it in the next.

        Raises:
          RuntimeError: nothing has begun yet.
          ValueError: the world takes no commands, or not these words; all goes on as it was.
        """
        self._check_begun()
        self.world.command(words, lane)
        if self.world.is_native and self.world.offers("look"):
            self._raw, self._infos = self.world.look()
            if self._trace is None:
                is_first = self._observation.is_first
                self._observation = self.world.observe(self._raw, self._infos, is_first)
        if self._expert is not None:
            self._intention = None

    def step(self, actions: Any | None = None) -> Tick:
        """Lives one step in every lane.

        Args:
          actions: a person's, as the environment takes a batch of them; None lets the driver act.
        Raises:
          RuntimeError: nothing has begun yet.
          WorldError: the environment raised, or gave what can't be read; it is a ValueError.
        """
        self._check_begun()
        world, trace, truth = self.world, self.trace, self.truth
        driver = self.driver if actions is None else PERSON
        if actions is None:
            actions = self.intention
        if trace is not None and driver != "mind":
            self._state = replace(self._state, action=world.writer.read(actions))
        self._trace, self._intention = None, None
        try:
            raw, reward, terminated, truncated, infos = world.env.step(actions)
            self._outcome = world.outcome(reward, terminated, truncated, infos)
            self._observation = world.observe(raw, infos, self._outcome.ended)
        except WorldError as problem:
            raise WorldError(f"{problem} It was step {self._index + 1} of this life.") from problem
        self._raw, self._infos = raw, infos
        tick = Tick(
            index=self._index,
            driver=driver,
            trace=trace,
            truth=truth,
            actions=actions,
            reward=np.asarray(reward, np.float64),
            terminated=np.asarray(terminated, bool),
            truncated=np.asarray(truncated, bool),
            reward_terms=world.reward_terms(infos),
            cost=world.cost(infos),
            infos=infos,
            episodes=self._count(reward, terminated, truncated, infos),
        )
        self._index += 1
        return tick

    # ------------------------------------------------------------------------ going on later

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Returns tensors and plain numbers with which `load` goes on exactly from here.

        Raises:
          ValueError: the world can't be kept, or no mind drives.
        """
        trace = self.trace
        if trace is None or not self.world.is_resumable:
            raise ValueError(
                f"`world` must offer snapshots, and a mind must live in it; {self.world.spec.env} "
                "can't be kept. Begin new episodes instead."
            )
        arrays = {**to_numpy(trace, "trace."), **to_numpy(self._state, "state.")}
        for lane in range(self.world.num_envs):
            kept = np.ascontiguousarray(self.world.snapshot(lane))
            arrays[f"world.{lane:05d}"] = np.frombuffer(kept.tobytes(), np.uint8)
        arrays |= {"lengths": self._lengths, "totals": self._totals, "counts": self._counts}
        tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        tensors["rng"] = self._rng.get_state()
        return tensors, {"seed": self.seed, "index": self._index}

    def load(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned, in a world of the same settings."""
        self.reset(int(numbers["seed"]))
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        for lane in range(self.world.num_envs):
            form = self.world.snapshot(lane)
            self.world.restore(arrays[f"world.{lane:05d}"].view(form.dtype), lane)
        trace = from_numpy(Trace, _below(arrays, "trace."))
        self._state = from_numpy(MindState, _below(arrays, "state."))
        raw, self._infos = self.world.look()
        self._observation = self.world.observe(raw, self._infos, trace.observation.is_first)
        self._trace, self._outcome = trace, trace.outcome
        self._lengths, self._totals = arrays["lengths"].copy(), arrays["totals"].copy()
        self._counts, self._index = arrays["counts"].copy(), int(numbers["index"])
        self._rng.set_state(tensors["rng"])

    def _believing(self) -> Callable[[], Any]:
        """Returns the world's expert driving on what the mind believes now."""
        act = self.world.believing_expert()

        def choose() -> Any:
            trace = self.trace
            assert trace is not None, "a mind watches"
            return act(trace.percept)

        return choose

    def _choose(self) -> Any:
        """Returns the driver's actions, as the environment takes them."""
        if self._expert is not None:
            return self._expert()
        writer = self.world.writer
        if self.driver == "random":
            return writer.write(writer.random(self._dice, self._observation.available))
        trace = self.trace
        assert trace is not None, "the driver `mind` has a mind"
        return writer.write(trace.decision.action)

    def _count(
        self,
        reward: NDArray[np.float64],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        infos: Mapping[str, Any],
    ) -> tuple[Episode, ...]:
        """Returns the episodes that ended with this step."""
        self._lengths += 1
        self._totals += reward
        ended = []
        for lane in np.flatnonzero(terminated | truncated).tolist():
            score, end = self.world.score(infos, lane)
            ended.append(
                Episode(
                    lane=lane,
                    seed=self.seed + lane,
                    index=int(self._counts[lane]),
                    total_reward=float(self._totals[lane]),
                    length=int(self._lengths[lane]),
                    terminated=bool(terminated[lane]),
                    truncated=bool(truncated[lane]),
                    end=end,
                    score=score,
                )
            )
            self._counts[lane] += 1
            self._lengths[lane], self._totals[lane] = 0, 0.0
        return tuple(ended)

    def _check_begun(self) -> None:
        if not self._is_begun:
            raise RuntimeError("`reset` must come first; this life has not begun. Call it.")


def _below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Returns the arrays whose names begin with a prefix, without it."""
    return {n[len(prefix) :]: array for n, array in arrays.items() if n.startswith(prefix)}


def episodes(
    life: Life, count: int, step: Callable[[], Tick] | None = None
) -> Iterator[Tick]:
    """Yields the ticks of `count` episodes, as many from each lane as go round.

    `step` lives one step in place of `life.step`, which it calls.

    Lane i of B gives count // B episodes and the first count % B lanes one more, the first ones
    that it lives: the quickest lanes don't give more, which would favour short episodes. Ticks
    name only episodes that count.

    Raises:
      ValueError: `count` is not at least 1.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1; got {count}. Ask for some episodes.")
    lanes = life.world.num_envs
    due = np.array([count // lanes + (lane < count % lanes) for lane in range(lanes)])
    while (due > 0).any():
        tick = (step or life.step)()
        counted = tuple(episode for episode in tick.episodes if due[episode.lane] > 0)
        for episode in counted:
            due[episode.lane] -= 1
        yield replace(tick, episodes=counted)
