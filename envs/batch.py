"""A batched world as a Gymnasium VectorEnv; the single Env is its B = 1 view.

A world is an `AbstractBatch`: it starts lives, moves them all by one decision and writes
observations and infos into buffers of its own. What Gymnasium asks for (seeds, autoreset in the
same step, info masks, copies) is done here once for every world.
"""

from __future__ import annotations

import copy as copying
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

Array = NDArray[Any]
Observation = dict[str, Array]
ViewT = TypeVar("ViewT")


class AbstractBatch(ABC, Generic[ViewT]):
    """What a world does for B lives at once. Lanes are named by index arrays."""

    @property
    @abstractmethod
    def lanes(self) -> int:
        """B."""

    @property
    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """What the world declares: render modes, facts, actions, motion and so on."""

    @property
    @abstractmethod
    def observation_space(self) -> gymnasium.spaces.Dict:
        """The space of one lane's observation."""

    @property
    @abstractmethod
    def action_space(self) -> gymnasium.Space[Any]:
        """The space of one lane's action."""

    @abstractmethod
    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raises ValueError if reset options are wrong."""

    @abstractmethod
    def begin(self, lanes: Array, seeds: Array | None, options: Mapping[str, Any]) -> None:
        """Starts the next episode of these lanes; with seeds [len(lanes)] their first one."""

    @abstractmethod
    def advance(self, actions: Array) -> tuple[Array, Array, Array]:
        """Lives one decision; returns reward f64, terminated bool, truncated bool, each [B]."""

    @abstractmethod
    def observe(self, lanes: Array | None) -> None:
        """Writes observations and infos of these lanes (None: all) into the buffers."""

    @abstractmethod
    def observations(self) -> Observation:
        """Returns the observation buffers, [B, ...] each."""

    @abstractmethod
    def infos(self) -> dict[str, Any]:
        """Returns the info buffers, [B, ...] each (nested dicts allowed).

        "cost" and "reward_terms" are those of the step just lived; they outlast a new beginning.
        """

    @abstractmethod
    def finals(self, lane: int) -> dict[str, Any]:
        """Returns what an ended lane's info says besides: score, is_success, end."""

    @abstractmethod
    def score(self, lane: int) -> dict[str, float]:
        """Returns the score of a lane's episode so far."""

    @abstractmethod
    def is_over(self, lane: int) -> bool:
        """Returns whether a lane's episode has ended."""

    @abstractmethod
    def picture(self, lane: int, view: str, width: int, height: int) -> NDArray[np.uint8]:
        """Returns one lane drawn as uint8 [height, width, 3]."""

    @abstractmethod
    def view(self, source: str) -> ViewT:
        """Returns what an expert acts on: source "true" or "visible"."""

    @abstractmethod
    def snapshot(self, lane: int) -> Array:
        """Returns a copy of one life."""

    @abstractmethod
    def restore(self, lane: int, saved: Array) -> None:
        """Puts a life back exactly; observe it afterwards."""

    @abstractmethod
    def intervene(self, lane: int, operation: Mapping[str, Any]) -> None:
        """Changes one thing in a life, for counterfactuals and scripted situations."""


def action_rows(actions: Array, space: gymnasium.Space[Any], lanes: int) -> Array:
    """Returns actions as rows f64 [lanes, N] for a kernel, numbers clipped to -1 and 1.

    Args:
      space: Discrete, or a Box [N].
    Raises:
      TypeError: actions of another kind of number.
      ValueError: actions of another shape, out of range, or not finite.
    """
    is_index = isinstance(space, gymnasium.spaces.Discrete)
    wanted = (lanes,) if is_index else (lanes, *(space.shape or ()))
    if actions.shape != wanted:
        raise ValueError(
            f"`action` must have shape {wanted} ({lanes} lanes, "
            f"{wanted[1:] or 'a single index'} each); got {actions.shape}."
        )
    if isinstance(space, gymnasium.spaces.Discrete):
        count = int(space.n)
        if actions.dtype.kind not in "iu":
            raise TypeError(f"`action` must be whole numbers below {count}; got {actions.dtype}.")
        if actions.min() < 0 or actions.max() >= count:
            raise ValueError(
                f"`action` must lie within 0 and {count - 1}; got {actions.min()} to "
                f"{actions.max()}."
            )
        return actions.astype(np.float64)[:, None]
    if actions.dtype.kind not in "fiu":
        raise TypeError(f"`action` must be numbers; got {actions.dtype}.")
    if not np.isfinite(actions).all():
        raise ValueError("`action` must be finite; got NaN or infinity.")
    return np.clip(actions.astype(np.float64), -1.0, 1.0)


def copied(value: Any) -> Any:
    """Returns a copy of a buffer or of a nested dict of buffers."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def taken(value: Any, lane: int) -> Any:
    """Returns one lane of a buffer or of a nested dict of buffers, as the single Env gives it."""
    if isinstance(value, dict):
        return {name: taken(inner, lane) for name, inner in value.items()}
    row = value[lane]
    return row.copy() if isinstance(row, np.ndarray) else row.item()


def _masked(infos: dict[str, Any], lanes: int) -> dict[str, Any]:
    """Returns infos with Gymnasium's `_name` masks, all true."""
    everyone = np.ones(lanes, np.bool_)
    out: dict[str, Any] = {}
    for name, value in infos.items():
        out[name] = _masked(value, lanes) if isinstance(value, dict) else value
        out[f"_{name}"] = everyone
    return out


def _seeds(seed: int | Sequence[int | None] | None, lanes: int, unseeded: bool) -> Array | None:
    """Returns one seed a lane, or None for the next episode of the same lives.

    Raises:
      ValueError: negative seeds, or a list of another length.
    """
    if seed is None:
        if not unseeded:
            return None
        seed = int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    if isinstance(seed, int | np.integer):
        values = [int(seed) + i for i in range(lanes)]
    else:
        if len(seed) != lanes:
            raise ValueError(f"`seed` must hold one seed a lane ({lanes}); got {len(seed)}.")
        if any(s is None for s in seed):
            raise ValueError("`seed` must hold integers only; got None among them.")
        values = [int(s) for s in seed if s is not None]
    if min(values) < 0:
        raise ValueError(f"`seed` must be >= 0; got {min(values)}.")
    return np.array(values, np.int64)


class BatchVectorEnv(VectorEnv[Observation, Any, Array]):
    """Any `AbstractBatch` as a native Gymnasium VectorEnv with SAME_STEP autoreset."""

    def __init__(self, world: AbstractBatch[Any], copy: bool = True) -> None:
        """Wraps a world.

        Args:
          world: B lives.
          copy: whether what is returned is the caller's to keep. False hands out the buffers
            themselves, which the next step overwrites: for loops that read them at once.
        """
        self.world = world
        self.copy = copy
        self.num_envs = world.lanes
        self.metadata = {**world.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}
        self.single_observation_space = world.observation_space
        self.single_action_space = world.action_space
        self.observation_space = batch_space(world.observation_space, self.num_envs)
        self.action_space = batch_space(world.action_space, self.num_envs)
        self.render_mode = world.metadata.get("render_mode")
        self._begun = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode in every lane (or in those of options["reset_mask"]).

        Args:
          seed: int s gives lane i seed s + i; a list names each; None goes on with the next
            episode of the same lives (fresh ones at the very first reset).
          options: the world's own, e.g. {"town": 3}.
        """
        super().reset(seed=seed if isinstance(seed, int | None) else None)
        chosen = dict(options or {})
        mask = chosen.pop("reset_mask", None)
        self.world.check_options(chosen)
        lanes = np.arange(self.num_envs) if mask is None else np.flatnonzero(mask)
        seeds = _seeds(seed, self.num_envs, unseeded=not self._begun)
        self.world.begin(lanes, None if seeds is None else seeds[lanes], chosen)
        self._begun = True
        self.world.observe(None if mask is None else lanes)
        return self._give(self.world.observations()), self._infos()

    def step(self, actions: Any) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        """Lives one decision in every lane; lanes that end begin anew in the same step.

        Raises:
          RuntimeError: before reset().
          ValueError: actions of another shape or outside the action space.
        """
        if not self._begun:
            raise RuntimeError("`step` must come after `reset`. Call reset() first.")
        rewards, terminated, truncated = self.world.advance(np.asarray(actions))
        ended = np.flatnonzero(terminated | truncated)
        extra: dict[str, Any] = {}
        if ended.size:
            # Only what ended is looked at twice: its last moment, and its new beginning.
            self.world.observe(ended)
            extra = self._finals(ended)
            told = self.world.infos()
            of_this_step = [told["cost"], *told["reward_terms"].values()]
            keep = [column.copy() for column in of_this_step]
            self.world.begin(ended, None, {})
            self.world.observe(None)
            for column, value in zip(of_this_step, keep, strict=True):
                column[:] = value
        else:
            self.world.observe(None)
        infos = {**self._infos(), **extra}
        give = self._give
        return (
            give(self.world.observations()), give(rewards), give(terminated), give(truncated), infos
        )  # fmt: skip

    def look(self) -> tuple[Observation, dict[str, Any]]:
        """Returns observation and infos of now, e.g. after a life was restored."""
        return self._give(self.world.observations()), self._infos()

    def picture(
        self, lane: int = 0, view: str = "world", width: int = 800, height: int = 600
    ) -> NDArray[np.uint8]:
        """Returns a lane drawn as "world", "front", "top", "map", "labels" or "depth"."""
        return self.world.picture(lane, view, width, height)

    def score(self, lane: int = 0) -> dict[str, float]:
        """Returns the score of the running episode, as `info["score"]` tells it at the end."""
        return self.world.score(lane)

    def snapshot(self, lane: int = 0) -> Array:
        """Returns a copy of one life, exact."""
        return self.world.snapshot(lane)

    def restore(self, saved: Array, lane: int = 0) -> None:
        """Puts a life back."""
        self.world.restore(lane, saved)

    def intervene(self, lane: int, operation: Mapping[str, Any]) -> None:
        """Changes one thing in a life; the world's `intervene.KEYS` or `OPERATIONS` list them."""
        self.world.intervene(lane, operation)

    def _finals(self, ended: Array) -> dict[str, Any]:
        """Returns final_obs and final_info, object arrays with a dict where a lane ended."""
        observations, infos = self.world.observations(), self.world.infos()
        final_obs = np.full(self.num_envs, None, dtype=object)
        final_info = np.full(self.num_envs, None, dtype=object)
        mask = np.zeros(self.num_envs, np.bool_)
        for lane in ended:
            final_obs[lane] = {name: part[lane].copy() for name, part in observations.items()}
            final_info[lane] = {**taken(infos, lane), **self.world.finals(lane)}
            mask[lane] = True
        return {
            "final_obs": final_obs, "_final_obs": mask,
            "final_info": final_info, "_final_info": mask.copy(),
        }  # fmt: skip

    def _give(self, value: Any) -> Any:
        return copied(value) if self.copy else value

    def _infos(self) -> dict[str, Any]:
        return _masked(self._give(self.world.infos()), self.num_envs)

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """Returns a picture a lane in render_mode "rgb_array", else None."""
        if self.render_mode != "rgb_array":
            return None
        return tuple(self.world.picture(i, "world", 800, 600) for i in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Nothing to close: no window, no process, no file."""


class BatchEnv(gymnasium.Env[Observation, Any]):
    """The B = 1 view of an `AbstractBatch` as a plain Gymnasium Env."""

    def __init__(self, world: AbstractBatch[Any]) -> None:
        """Wraps a world of one lane."""
        assert world.lanes == 1, world.lanes
        self.world = world
        self.metadata = world.metadata
        self.render_mode = world.metadata.get("render_mode")
        self.observation_space = world.observation_space  # type: ignore[assignment]
        self.action_space = world.action_space
        self._begun = False
        self._ended = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode: a new life with `seed`, else the next episode of the same one."""
        super().reset(seed=seed)
        chosen = dict(options or {})
        self.world.check_options(chosen)
        seeds = _seeds(seed, 1, unseeded=not self._begun)
        self.world.begin(np.zeros(1, np.int64), seeds, chosen)
        self._begun, self._ended = True, False
        self.world.observe(None)
        return taken(self.world.observations(), 0), taken(self.world.infos(), 0)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Lives one decision.

        Raises:
          RuntimeError: before reset(), or after the episode's end.
          ValueError: an action of another shape or outside the action space.
        """
        if not self._begun or self._ended:
            raise RuntimeError("`step` must come after `reset`. Call reset() first.")
        reward, terminated, truncated = self.world.advance(np.asarray(action)[None])
        self.world.observe(None)
        info = taken(self.world.infos(), 0)
        self._ended = bool(terminated[0] or truncated[0])
        if self._ended:
            info.update(copying.deepcopy(self.world.finals(0)))
        observation = taken(self.world.observations(), 0)
        return observation, float(reward[0]), bool(terminated[0]), bool(truncated[0]), info

    def render(self) -> NDArray[np.uint8] | None:
        """Returns an 800 x 600 picture in render_mode "rgb_array", else None."""
        if self.render_mode != "rgb_array":
            return None
        if not self._begun:
            raise RuntimeError("`render` must come after `reset`. Call reset() first.")
        return self.world.picture(0, "world", 800, 600)

    def picture(
        self, lane: int = 0, view: str = "world", width: int = 800, height: int = 600
    ) -> NDArray[np.uint8]:
        """Returns the life drawn as "world", "front", "top", "map", "labels" or "depth"."""
        return self.world.picture(lane, view, width, height)

    def score(self, lane: int = 0) -> dict[str, float]:
        """Returns the score of the running episode, as `info["score"]` tells it at the end."""
        return self.world.score(lane)

    def snapshot(self, lane: int = 0) -> Array:
        """Returns a copy of the life, exact."""
        return self.world.snapshot(lane)

    def restore(self, saved: Array, lane: int = 0) -> None:
        """Puts a life back."""
        self.world.restore(lane, saved)
        self._begun, self._ended = True, self.world.is_over(lane)

    def intervene(self, lane: int, operation: Mapping[str, Any]) -> None:
        """Changes one thing in a life; the world's `intervene.KEYS` or `OPERATIONS` list them."""
        self.world.intervene(lane, operation)
