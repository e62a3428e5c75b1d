"""B lives in the driving world: buffers, kernels and cameras put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from .. import announce_compiling
from ..arguments import merged_weights
from ..batch import AbstractBatch, Array, Observation, action_rows
from . import declare
from . import lives as state_of
from .actions import ACTIONS
from .cameras import Cameras
from .config import DrivingConfig
from .expert import View
from .intervene import intervene
from .kernel import SPEED_MAX
from .lives import COLLIDED, END, RAN_RED, RAN_STOP, ROUTE_DONE, End
from .notes import PATH_ROWS, Scratch, make_notes
from .params import SCENE_RANGE, SECTORS, TOWNS_PER_SPLIT
from .reward import TERMS, WEIGHTS
from .road import load_pool
from .score import end_name, score
from .simulate import Rules, begin, describe_lanes, live, state_and_command
from .survey import make_surveys

FIRST_TOWN = {"train": 0, "test": TOWNS_PER_SPLIT}


class DrivingWorld(AbstractBatch[View]):
    """Towns, traffic and an ego car in every lane. See `DrivingEnv` for what it offers."""

    def __init__(self, lanes: int, config: DrivingConfig) -> None:
        """Loads the pool of towns and allocates B lives.

        Raises:
          ValueError: fewer than one lane.
        """
        if isinstance(lanes, bool) or not isinstance(lanes, int | np.integer) or lanes < 1:
            raise ValueError(f"`num_envs` must be a whole number >= 1; got {lanes!r}.")
        announce_compiling()
        self.config = config
        self.pool = load_pool(config.split)
        self.state = np.zeros(lanes, state_of.life_dtype())
        self.state["seed"][:] = -1
        self._survey = make_surveys()
        self._scratch = Scratch(np.zeros((PATH_ROWS, 5), np.float32))
        self.notes = make_notes(lanes)
        self.cameras = Cameras(self.pool, lanes, config)
        self._factors = merged_weights(WEIGHTS, config.reward)
        self._terms = np.zeros((lanes, len(TERMS)), np.float64)
        self._rewards = np.zeros(lanes, np.float64)
        self._ends = np.zeros((2, lanes), np.bool_)
        self._actions = self.action_space
        self._everyone = np.arange(lanes)
        self._observation = self._buffers(lanes)
        self._info = self._info_buffers(lanes)

    # -------------------------------------------------------------- what it offers

    @property
    def lanes(self) -> int:
        """B."""
        return len(self.state)

    @property
    def metadata(self) -> dict[str, Any]:
        """Facts, actions, motion and the rest, as `declare` states them."""
        return {**declare.metadata(self.config), "render_mode": self.config.render_mode}

    @property
    def observation_space(self) -> spaces.Dict:
        """camera, state, command; radar and bird on request."""
        c = self.config
        parts: dict[str, gymnasium.Space[Any]] = {}
        if c.camera:
            parts["camera"] = spaces.Box(0, 255, self.cameras.shape, np.uint8)
        low = np.array([0.0, -5.0, -0.7, -10.0], np.float32)
        high = np.array([SPEED_MAX, 5.0, 0.7, 10.0], np.float32)
        parts["state"] = spaces.Box(low, high, dtype=np.float32)
        parts["command"] = spaces.Box(0.0, 1.0, (4,), np.float32)
        if c.radar:
            parts["radar"] = spaces.Box(0.0, SCENE_RANGE, (SECTORS,), np.float32)
        if c.bird_view:
            parts["bird"] = spaces.Box(0, 255, self.cameras.shape, np.uint8)
        return spaces.Dict(parts)

    @property
    def action_space(self) -> gymnasium.Space[Any]:
        """Discrete(20), or Box(2) in [-1, 1]: steering (positive: left) and pedal."""
        if self.config.action == "discrete":
            return spaces.Discrete(ACTIONS)
        return spaces.Box(-1.0, 1.0, (2,), np.float32)

    def _buffers(self, lanes: int) -> Observation:
        space = self.observation_space
        own = {"camera": self.cameras.image, "bird": self.cameras.bird}
        return {
            name: own[name] if name in own else np.zeros((lanes, *part.shape), np.float32)
            for name, part in space.spaces.items()
            if part.shape is not None
        }

    def _info_buffers(self, lanes: int) -> dict[str, Any]:
        info: dict[str, Any] = {
            "facts": self.notes.facts,
            "known": self.notes.known,
            "scene": self.notes.scene,
            "path": self.notes.path,
            "reward_terms": {name: self._terms[:, k] for k, name in enumerate(TERMS)},
            "cost": np.zeros(lanes, np.float64),
            "progress": self.state["route"][:, ROUTE_DONE],
            "town": np.zeros(lanes, np.int64),
        }
        if self.config.labels and self.config.camera:
            info["labels"] = self.cameras.labels
        if self.config.depth and self.config.camera:
            info["depth"] = self.cameras.depth
        return info

    # -------------------------------------------------------------- living

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raises ValueError for an unknown option or a town of another split."""
        for name in options:
            if name != "town":
                raise ValueError(f"`options` must hold only 'town'; got {name!r}.")
        self._town_row(options)

    def _town_row(self, options: Mapping[str, Any]) -> int:
        """Returns the pool's row of the town asked for, -1: drawn."""
        town = options.get("town")
        if town is None:
            return -1
        first = FIRST_TOWN[self.config.split]
        last = first + len(self.pool) - 1
        if isinstance(town, bool) or not isinstance(town, int | np.integer):
            raise TypeError(f"`town` must be a whole number; got {town!r}.")
        if not first <= town <= last:
            raise ValueError(
                f"`town` must lie within {first} and {last}, the towns of the "
                f"{self.config.split!r} split; got {town}."
            )
        return int(town) - first

    def _rules(self, options: Mapping[str, Any]) -> Rules:
        c = self.config
        return Rules(
            fields=self.cameras.fields,
            is_discrete=c.action == "discrete",
            end_on_collision=c.end_on_collision,
            daylight=-1.0 if c.daylight is None else float(c.daylight),
            fog=-1.0 if c.fog is None else float(c.fog),
            friction=0.9 if c.friction is None else float(c.friction),
            darting=float(c.darting),
            stalling=float(c.stalling),
            town=self._town_row(options),
            counts=c.counts,
        )

    def begin(self, lanes: Array, seeds: Array | None, options: Mapping[str, Any]) -> None:
        """Starts the next episode of these lanes; with seeds their first one."""
        if seeds is None:
            self.state["episode"][lanes] += 1
        else:
            self.state["seed"][lanes] = seeds
            self.state["episode"][lanes] = 0
        rules = self._rules(options)
        begin(self.pool, self.state, lanes, rules)
        describe_lanes(
            self.pool, self.state, self._survey, self._scratch, self.notes, rules, lanes
        )
        self._terms[lanes] = 0.0
        self._info["cost"][lanes] = 0.0
        self._info["town"][lanes] = self.state["town"][lanes] + FIRST_TOWN[self.config.split]

    def advance(self, actions: Array) -> tuple[Array, Array, Array]:
        """Lives one decision; see AbstractBatch.

        Raises:
          ValueError: actions of another shape, out of range, or not finite.
        """
        rows = action_rows(actions, self._actions, self.lanes)
        live(
            self.pool, self.state, self._survey, self._scratch, self.notes, self._rules({}),
            rows, self._factors, self._terms, self._rewards, self._ends,
        )  # fmt: skip
        flag = self.state["flag"]
        events = (flag[:, COLLIDED] > 0).astype(np.float64) + flag[:, RAN_RED] + flag[:, RAN_STOP]
        self._info["cost"][:] = events
        return self._rewards, self._ends[0], self._ends[1]

    def observe(self, lanes: Array | None) -> None:
        """Draws the cameras and fills state and command."""
        part = self._observation
        state_and_command(self.pool, self.state, part["state"], part["command"])
        if self.config.radar:
            scene = self.notes.scene
            part["radar"][:] = np.where(scene[:, :, 6] > 0.0, scene[:, :, 0], SCENE_RANGE)
        chosen = self._everyone if lanes is None else lanes
        if self.config.camera:
            self.cameras.draw(self.state, chosen)
        if self.config.bird_view:
            self.cameras.draw_bird(self.state, chosen)

    def observations(self) -> Observation:
        """The observation buffers."""
        return self._observation

    def infos(self) -> dict[str, Any]:
        """The info buffers."""
        return self._info

    def finals(self, lane: int) -> dict[str, Any]:
        """Score, is_success and the reason of an episode's end."""
        scores = score(self.state, lane)
        return {
            "score": scores,
            "is_success": bool(scores["success"]),
            "end": end_name(self.state, lane),
        }

    def score(self, lane: int) -> dict[str, float]:
        """The score of a lane's episode so far."""
        return score(self.state, lane)

    # -------------------------------------------------------------- looking and changing

    def picture(self, lane: int, view: str, width: int, height: int) -> NDArray[np.uint8]:
        """Returns a lane drawn as "world", "front", "top", "map", "labels" or "depth"."""
        return self.cameras.picture(self.state, lane, view, width, height)

    def view(self, source: str) -> View:
        """Returns what an expert acts on, "true" or as far as "visible"."""
        if source not in ("true", "visible"):
            raise ValueError(f"`view` must be one of true, visible; got {source!r}.")
        n, part = self.notes, self._observation
        is_true = source == "true"
        state_and_command(self.pool, self.state, part["state"], part["command"])
        return View(
            facts=n.facts if is_true else n.seen,
            known=np.ones_like(n.known) if is_true else n.known,
            scene=n.scene if is_true else n.scene_seen,
            path=n.path,
            state=part["state"],
            command=part["command"],
        )

    def snapshot(self, lane: int) -> Array:
        """Returns a copy of one life."""
        return state_of.snapshot(self.state, lane)

    def restore(self, lane: int, saved: Array) -> None:
        """Puts a life back exactly and describes it anew."""
        state_of.restore(self.state, lane, saved)
        self._refresh(lane)

    def intervene(self, lane: int, operation: Mapping[str, Any]) -> None:
        """Changes one thing in a life; see `intervene.OPERATIONS`."""
        if not 0 <= lane < self.lanes:
            raise ValueError(f"`lane` must lie within 0 and {self.lanes - 1}; got {lane}.")
        intervene(self.pool[self.state["town"][lane]], self.state, lane, operation)
        self._refresh(lane)

    def _refresh(self, lane: int) -> None:
        lanes = np.array([lane])
        describe_lanes(
            self.pool, self.state, self._survey, self._scratch, self.notes, self._rules({}), lanes
        )
        self._info["town"][lane] = self.state["town"][lane] + FIRST_TOWN[self.config.split]
        self.observe(lanes)

    def is_over(self, lane: int) -> bool:
        """Whether a lane's episode has ended."""
        return int(self.state["flag"][lane, END]) != End.RUNNING
