"""B lives in the robot world: buffers, kernels and cameras put together."""

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
from ..rng import integer
from . import declare
from .cameras import Cameras
from .chart import CHART, show_all
from .config import RobotConfig
from .facts import FURTHER
from .homes import SPLITS, load_homes
from .intervene import intervene
from .lives import BUMPED, DONE, END, STAGE, End, life_dtype
from .meaning import settle
from .mission import VOCABULARY, MissionError, clauses, encode, inventory, parse, sentence
from .notes import make_notes
from .params import GRID, HOMES_PER_SPLIT, WORDS
from .plan import Plan
from .reward import TERMS, WEIGHTS
from .score import end_name, score
from .sensors import RANGE, RAYS
from .setting import Scratch
from .simulate import begin, describe_lanes, live, read_state
from .ways import UNREACHED, make_queue

DRAW_LEVEL = 39  # purpose of random numbers; setting.py's follow
HOMES_TRIED = 300  # until one is found in which a mission can be fulfilled
DRAW_ANOTHER = 70
SLACK = 0.5  # by which noise may carry the numbers of `state` beyond their usual range


class RobotWorld(AbstractBatch[str]):
    """Homes, people and a robot in every lane. See `RobotEnv` for what it offers."""

    def __init__(self, lanes: int, config: RobotConfig) -> None:
        """Loads the pool of homes and allocates B lives.

        Raises:
          ValueError: fewer than one lane.
        """
        if isinstance(lanes, bool) or not isinstance(lanes, int | np.integer) or lanes < 1:
            raise ValueError(f"`num_envs` must be a whole number >= 1; got {lanes!r}.")
        announce_compiling()
        self.config = config
        self.pool = load_homes(config.split)
        self.state = np.zeros(lanes, life_dtype())
        self.state["seed"][:] = -1
        queue = make_queue()
        way, field = np.zeros((GRID, GRID), np.uint8), np.zeros((GRID, GRID), np.uint16)
        self.scratch = Scratch(way, field, queue)
        self.plan = make_plans(lanes, FURTHER)
        self.notes = make_notes(lanes, RAYS)
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
        """camera, map, lidar, state and the words of the mission."""
        low, high = (np.array([row[k] for row in declare.STATE], np.float32) for k in (2, 3))
        parts: dict[str, gymnasium.Space[Any]] = {}
        if self.config.camera:
            parts["camera"] = spaces.Box(0, 255, self.cameras.shape, np.uint8)
        if self.config.map:
            parts["map"] = spaces.Box(0, 255, CHART, np.uint8)
        parts["lidar"] = spaces.Box(0.0, RANGE, (RAYS,), np.float32)
        parts["state"] = spaces.Box(low - SLACK, high + SLACK, dtype=np.float32)
        parts["mission"] = spaces.Box(0, len(VOCABULARY) - 1, (WORDS,), np.int64)
        return spaces.Dict(parts)

    @property
    def action_space(self) -> gymnasium.Space[Any]:
        """Discrete(8), or Box(3) in [-1, 1]: speed, turn (positive: left) and gripper."""
        if self.config.action == "discrete":
            return spaces.Discrete(len(declare.ACTIONS))
        return spaces.Box(-1.0, 1.0, (3,), np.float32)

    def _buffers(self, lanes: int) -> Observation:
        found = {}
        if self.config.camera:
            found["camera"] = self.cameras.image
        if self.config.map:
            found["map"] = np.zeros((lanes, *CHART), np.uint8)
        return {
            **found,
            "lidar": self.notes.lidar,
            "state": np.zeros((lanes, len(declare.STATE)), np.float32),
            "mission": np.zeros((lanes, WORDS), np.int64),
        }

    def _info_buffers(self, lanes: int) -> dict[str, Any]:
        info: dict[str, Any] = {
            "facts": self.notes.facts,
            "known": self.notes.known,
            "scene": self.notes.scene,
            "path": self.notes.path,
            "reward_terms": {name: self._terms[:, k] for k, name in enumerate(TERMS)},
            "cost": np.zeros(lanes, np.float64),
            "progress": self.notes.away,
            "home": np.zeros(lanes, np.int64),
        }
        if self.config.labels and self.config.camera:
            info["labels"] = self.cameras.labels
        if self.config.depth and self.config.camera:
            info["depth"] = self.cameras.depth
        return info

    # -------------------------------------------------------------- living

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raises ValueError for an unknown option, a home of another split, or no mission."""
        for name in options:
            if name not in ("home", "mission"):
                raise ValueError(f"`options` must hold only 'home', 'mission'; got {name!r}.")
        self._home_row(options)
        if options.get("mission") is not None:
            parse(options["mission"])

    def _home_row(self, options: Mapping[str, Any]) -> int:
        """Returns the pool's row of the home asked for, -1: drawn."""
        home = options.get("home")
        if home is None:
            return -1
        first = SPLITS[self.config.split]
        last = first + HOMES_PER_SPLIT - 1
        if isinstance(home, bool) or not isinstance(home, int | np.integer):
            raise TypeError(f"`home` must be a whole number; got {home!r}.")
        if not first <= home <= last:
            raise ValueError(
                f"`home` must lie within {first} and {last}, the homes of the "
                f"{self.config.split!r} split; got {home}."
            )
        return int(home) - first

    def begin(self, lanes: Array, seeds: Array | None, options: Mapping[str, Any]) -> None:
        """Starts the next episode of these lanes; with seeds their first one."""
        if seeds is None:
            self.state["episode"][lanes] += 1
        else:
            self.state["seed"][lanes] = seeds
            self.state["episode"][lanes] = 0
        home = self._home_row(options)
        levels = self.config.levels
        which = np.array([self._draw_level(int(lane), len(levels)) for lane in lanes])
        for k in np.unique(which):
            begin(self.pool, self.state, lanes[which == k], levels[k], home, self.scratch)
        told = options.get("mission", self.config.mission)
        for lane in lanes:
            if told is not None:
                self._begin_with(int(lane), told, home)
            else:
                words = encode(sentence(self.state[lane], self.config.words))
                self._observation["mission"][lane] = self.state["words"][lane] = words
        describe_lanes(self.pool, self.state, self.plan, self.notes, lanes, False)
        self._terms[lanes] = 0.0
        self._info["cost"][lanes] = 0.0
        self._info["home"][lanes] = self.state["home"][lanes] + SPLITS[self.config.split]

    def _draw_level(self, lane: int, count: int) -> int:
        """Returns which of so many levels a lane's new episode has."""
        life = self.state[lane]
        return int(integer(count, int(life["seed"]), int(life["episode"]), 0, 0, DRAW_LEVEL))

    def _begin_with(self, lane: int, words: str, home: int) -> None:
        """Gives a life that has just begun its mission; where that can't be fulfilled in its home,
        and none was asked for, it begins in another."""
        life, one = self.state[lane], np.array([lane])
        for attempt in range(HOMES_TRIED):
            try:
                self._give(lane, words, is_new=True)
            except MissionError:
                if home >= 0 or attempt + 1 == HOMES_TRIED:
                    raise
            else:
                return
            seed, episode = int(life["seed"]), int(life["episode"])
            row = integer(HOMES_PER_SPLIT, seed, episode, attempt, 0, DRAW_ANOTHER)
            levels = self.config.levels
            level = levels[self._draw_level(lane, len(levels))]
            begin(self.pool, self.state, one, level, row, self.scratch)

    def _give(self, lane: int, words: str, is_new: bool) -> None:
        """Gives a life a mission in words; what they mean is settled by what lies there now. In an
        episode that `is_new` things become what is named, where there is no such thing."""
        parts = parse(words)
        life = self.state[lane]
        life["part"] = 0
        life["part"][: len(parts), :DONE] = parts
        life["flag"][STAGE] = 0
        lost = settle(self.pool, self.state, lane, is_new)
        if lost >= 0:
            raise MissionError(
                f"`mission` must name what is there; got {words!r}. In this home there "
                f"{inventory(life)}."
            )
        life["words"] = encode(words)
        self._observation["mission"][lane] = life["words"]

    def command(self, lane: int, words: str) -> None:
        """Gives a lane another mission while it lives; it counts from now on.

        Raises:
          MissionError: words that are no mission, or that name what is not there; the life then
            goes on with the mission that it had.
        """
        before = self.state[lane].copy()
        try:
            self._give(lane, words, is_new=False)
        except MissionError:
            self.state[lane] = before
            raise
        self._refresh(lane)

    def mission(self, lane: int) -> tuple[tuple[str, bool], ...]:
        """Returns each part of a lane's mission in words, and whether it is done."""
        return clauses(self.state[lane])

    def advance(self, actions: Array) -> tuple[Array, Array, Array]:
        """Lives one decision; see AbstractBatch.

        Raises:
          ValueError: actions of another shape, out of range, or not finite.
        """
        rows = action_rows(actions, self._actions, self.lanes)
        live(
            self.pool, self.state, self.plan, self.scratch, self.notes,
            self.config.action == "discrete", rows, self._factors, self._terms, self._rewards,
            self._ends,
        )  # fmt: skip
        self._info["cost"][:] = self.state["flag"][:, BUMPED] > 0
        return self._rewards, self._ends[0], self._ends[1]

    def observe(self, lanes: Array | None) -> None:
        """Draws the cameras, shows the maps and fills the state; lidar and words are there."""
        read_state(self.state, self._observation["state"])
        lanes = self._everyone if lanes is None else lanes
        if self.config.map:
            show_all(self.state, lanes, self._observation["map"])
        if self.config.camera:
            self.cameras.draw(self.state, lanes)

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
        return self.cameras.picture(self.state, lane, view, width, height, self.notes.path[lane])

    def view(self, source: str) -> str:
        """Returns what an expert acts on, "true" or as far as "visible"."""
        if source not in ("true", "visible"):
            raise ValueError(f"`view` must be one of true, visible; got {source!r}.")
        return source

    def snapshot(self, lane: int) -> Array:
        """Returns a copy of one life."""
        return self.state[lane : lane + 1].copy()

    def restore(self, lane: int, saved: Array) -> None:
        """Puts a life back exactly and describes it anew.

        Raises:
          ValueError: `saved` is no snapshot of this world.
        """
        if getattr(saved, "dtype", None) != self.state.dtype or saved.shape != (1,):
            raise ValueError("`snapshot` must come from a robot world. Take one with snapshot().")
        self.state[lane] = saved[0]
        self._observation["mission"][lane] = self.state["words"][lane]
        self._refresh(lane, is_restored=True)

    def intervene(self, lane: int, operation: Mapping[str, Any]) -> None:
        """Changes one thing in a life; see `intervene.OPERATIONS`."""
        if not 0 <= lane < self.lanes:
            raise ValueError(f"`lane` must lie within 0 and {self.lanes - 1}; got {lane}.")
        intervene(self.pool[self.state["home"][lane]], self.state, lane, operation)
        self._refresh(lane)

    def _refresh(self, lane: int, is_restored: bool = False) -> None:
        lanes = np.array([lane])
        shortest = self.state["tally"][lane].copy()
        describe_lanes(self.pool, self.state, self.plan, self.notes, lanes, is_restored)
        self.state["tally"][lane] = shortest
        self._info["home"][lane] = self.state["home"][lane] + SPLITS[self.config.split]
        self.observe(lanes)

    def is_over(self, lane: int) -> bool:
        """Whether a lane's episode has ended."""
        return int(self.state["flag"][lane, END]) != End.RUNNING


def make_plans(lanes: int, further: int = UNREACHED) -> Plan:
    """Returns zeroed plans of B lives, with their scratch; `further`: as in `Plan`."""
    return Plan(
        np.zeros(lanes, np.int64), np.full(lanes, -1, np.int64),
        np.zeros((lanes, GRID, GRID), np.uint16), np.zeros((lanes, GRID, GRID), np.uint8),
        np.full(lanes, further, np.int64), np.full(lanes, UNREACHED, np.int64),
        np.zeros((GRID, GRID), np.uint8), np.zeros((GRID, GRID), np.uint16), make_queue(),
    )  # fmt: skip
