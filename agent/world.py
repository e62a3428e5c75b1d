"""What an environment offers a mind. The one file that probes.

A World is a vector environment whose lanes restart by themselves within the step that ends an
episode (Gymnasium's SAME_STEP), together with what it declares. It is longer than most files
because nobody else may ask an environment whether it has something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from .apart import LanesApart
from .config import VECTORISATIONS, nearest
from .ids import joined, make_by_id
from .lanes import Lane, action_names, faults, name_of, side_by_side
from .spaces import ActionWriter, PartReader, read_actions, read_parts
from .types import (
    PATH_COLUMNS,
    SCENE_COLUMNS,
    Fact,
    Observation,
    Outcome,
    Percept,
    SceneSpec,
    Truth,
    WorldError,
    WorldSpec,
)

EXPERT_VIEWS = ("true", "visible")
_ABSENT = object()


@dataclass(frozen=True)
class World:
    """A vector environment, what it declares, and the way between its values and notes."""

    env: VectorEnv[Any, Any, Any]
    spec: WorldSpec
    readers: tuple[PartReader, ...]
    writer: ActionWriter
    remarks: tuple[str, ...]
    """What had to be guessed, in words for the user."""

    @property
    def num_envs(self) -> int:
        """B, lanes that run side by side."""
        return int(self.env.num_envs)

    @property
    def vectorisation(self) -> str:
        """How lanes go together: sync, async or native."""
        if self.is_native:
            return "native"
        return "async" if isinstance(self.env.unwrapped, LanesApart) else "sync"

    # ------------------------------------------------------------------------ notes

    def observe(self, raw: Any, infos: Mapping[str, Any], is_first: Tensor) -> Observation:
        """Returns the note of a raw batched observation; pixels share the raw one's memory."""
        parts = {reader.part.name: reader.tensor(raw) for reader in self.readers}
        return Observation(parts, is_first, self._available(infos))

    def outcome(
        self,
        reward: NDArray[np.float64],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
        infos: Mapping[str, Any],
    ) -> Outcome:
        """Returns the note of what a step led to.

        Raises:
          WorldError: a reward is not finite; the message names the lane.
        """
        if not np.isfinite(reward).all():
            lane = int(np.flatnonzero(~np.isfinite(reward))[0])
            raise WorldError(
                f"`reward` must be finite; got {reward[lane]} in lane {lane}. "
                "Mend the environment's reward."
            )
        lanes = np.flatnonzero(terminated | truncated)
        return Outcome(
            reward=torch.from_numpy(np.asarray(reward, np.float32)),
            terminated=torch.from_numpy(np.asarray(terminated, bool)),
            truncated=torch.from_numpy(np.asarray(truncated, bool)),
            lanes=torch.from_numpy(lanes),
            final=self._final(infos, lanes) if len(lanes) else None,
        )

    def truth(self, infos: Mapping[str, Any]) -> Truth:
        """Returns what the world says is so; zeros, and not known, where it says nothing."""
        batch, count = self.num_envs, len(self.spec.facts)
        scene = self.spec.scene
        sectors = scene.sectors if scene else 0
        facts, told = self._told(infos, "facts", (count,), self.spec.fact_names)
        known, said = self._told(infos, "known", (count,), self.spec.fact_names)
        scenes, _ = self._told(infos, "scene", (sectors, len(SCENE_COLUMNS)))
        paths, _ = self._told(infos, "path", (self.spec.path_points, len(PATH_COLUMNS)))
        seen = np.where(said[:, None], known > 0, True) & told[:, None]
        assert facts.shape == (batch, count), facts.shape
        return Truth(facts, seen, scenes, paths)

    def seen(self, infos: Mapping[str, Any]) -> Truth:
        """Returns what of the truth the sensors could show: what perception is to learn.

        A native world's view "visible" knows it, remembered things included; of others it is the
        truth where they call it known.
        """
        if not self.is_native or not self.offers("view"):
            return self.truth(infos)
        view = self.view("visible")
        facts = np.array(view.facts, np.float32)
        return Truth(
            facts, np.ones(facts.shape, bool), np.array(view.scene, np.float32),
            np.array(view.path, np.float32),
        )  # fmt: skip

    def reward_terms(self, infos: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
        """Returns {name: f32[B]}, the reward's parts in the step that `infos` came with."""
        terms: dict[str, NDArray[np.float32]] = {}
        ended = np.flatnonzero(infos.get("_final_info", ()))
        for name in self.spec.reward_terms:
            column, _ = self._told(infos.get("reward_terms", {}), name, ())
            for lane in ended:
                last = self.final_info(infos, int(lane)).get("reward_terms", {})
                column[lane] = last.get(name, 0.0)
            terms[name] = column
        return terms

    def cost(self, infos: Mapping[str, Any]) -> NDArray[np.float32]:
        """Returns f32[B], the cost of the step that `infos` came with; 0 where none is told.

        An environment that means something else by the word, and tells no number, has no cost.
        """
        found, cost = infos.get("cost"), np.zeros(self.num_envs, np.float32)
        if isinstance(found, np.ndarray) and found.ndim == 1 and found.dtype.kind in "biuf":
            cost, _ = self._told(infos, "cost", ())
        for lane in np.flatnonzero(infos.get("_final_info", ())):
            last = self.final_info(infos, int(lane)).get("cost", 0.0)
            cost[lane] = last if _is_number(last) else 0.0
        return cost

    def final_info(self, infos: Mapping[str, Any], lane: int) -> Mapping[str, Any]:
        """Returns what the environment said in the last step of an episode that just ended."""
        found = infos.get("final_info", {})
        return cast(Mapping[str, Any], _lane_of(found, lane)) if len(found) else {}

    def score(self, infos: Mapping[str, Any], lane: int) -> tuple[dict[str, float], str]:
        """Returns the world's scores of an episode that just ended, and why it ended."""
        last = self.final_info(infos, lane)
        told, end = last.get("score", {}), last.get("end", "")
        named = told if isinstance(told, Mapping) else {"score": told}
        score = {name: float(value) for name, value in named.items() if _is_number(value)}
        if "success" not in score and _is_number(last.get("is_success")):
            score["success"] = float(last["is_success"])
        return score, end if isinstance(end, str) else ""

    def _available(self, infos: Mapping[str, Any]) -> Tensor:
        every = torch.ones(self.num_envs, self.writer.spec.width, dtype=torch.bool)
        if "action_mask" not in infos:
            return every
        lanes = np.flatnonzero(infos.get("_action_mask", np.ones(self.num_envs, bool)))
        every[torch.from_numpy(lanes)] = self.writer.mask(_rows(infos["action_mask"], lanes))
        return every

    def _final(self, infos: Mapping[str, Any], lanes: NDArray[np.int64]) -> Observation:
        if "final_obs" not in infos:
            raise WorldError(
                f"`infos` must hold `final_obs` where an episode ends; {self.spec.env} left it "
                "out. Mend the vector environment, or use it through gymnasium's SyncVectorEnv."
            )
        raws = [_lane_of(infos["final_obs"], int(lane)) for lane in lanes]
        parts = {reader.part.name: reader.tensor_of(raws) for reader in self.readers}
        ended = len(lanes)
        return Observation(
            parts,
            torch.zeros(ended, dtype=torch.bool),
            torch.ones(ended, self.writer.spec.width, dtype=torch.bool),
        )

    def _told(
        self,
        infos: Mapping[str, Any],
        key: str,
        shape: tuple[int, ...],
        names: tuple[str, ...] = (),
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns a copy f32[B, *shape] of an info, and bool[B]: the lanes it was told for."""
        batch = self.num_envs
        values = np.zeros((batch, *shape), np.float32)
        if key not in infos or 0 in shape:
            return values, np.zeros(batch, bool)
        found, told = infos[key], np.asarray(infos.get(f"_{key}", np.ones(batch, bool)), bool)
        if isinstance(found, Mapping):
            found = np.stack([np.asarray(found[name]) for name in names], axis=-1)
        if np.shape(found) != values.shape:
            raise WorldError(
                f'`info["{key}"]` must have shape {shape} in each lane, as metadata declares; '
                f"got {np.shape(found)[1:]}. Make the two agree."
            )
        values[told] = np.asarray(found, np.float32)[told]
        return values, told

    def words(self, raw: Any, lane: int) -> dict[str, str]:
        """Returns {part: what it says}: texts, and the numbers of discrete parts, for people."""
        said = {one.part.name: one.say(one.find(raw)[lane]) for one in self.readers if one.is_said}
        return {name: words for name, words in said.items() if words}

    # ----------------------------------------------------------- what may be asked for

    def offers(self, name: str) -> bool:
        """Returns whether every lane has the method `name` (expert, view, snapshot, …)."""
        inner = self.env.unwrapped
        if isinstance(inner, LanesApart):
            return all(inner.ask(lane, _offers, name) for lane in range(self.num_envs))
        return all(_offers(part, name) for part in self._parts())

    def expert(self, view: str = "true") -> Callable[[], Any]:
        """Returns a driver that gives the environment's own expert's actions for all lanes.

        Ask for it after a reset.

        Raises:
          ValueError: the view is unknown, the environment has no expert, or it is in another
            process.
        """
        if view not in EXPERT_VIEWS:
            raise ValueError(
                f"`view` must be one of {', '.join(EXPERT_VIEWS)}; got {view!r}. Choose one."
            )
        if isinstance(self.env.unwrapped, LanesApart):
            raise ValueError(
                f"`vectorisation` must be sync for the expert of {self.spec.env}, who knows only "
                "what is in his own process; got async. Choose sync, or another driver."
            )
        experts = [make(view=view) for make in self._ask("expert", "Use the driver `random`.")]
        if self.is_native:
            return cast(Callable[[], Any], experts[0].act)
        return lambda: np.stack([np.asarray(expert.act()) for expert in experts])

    def believing_expert(self) -> Callable[[Percept], Any]:
        """Returns a driver that gives the world's own expert's actions for all lanes on what a
        mind believes, and how much it doubts it; ask for it after a reset.

        Raises:
          ValueError: the world is not native, or its expert can't be told what to believe.
        """
        expert = self._ask("expert", "Choose another driver.")[0](view="visible")
        self._native("view")

        def act(percept: Percept) -> Any:
            view = self.view("visible")
            believed = {"facts": percept.facts, "scene": percept.scene, "path": percept.path}
            arrays = {name: note.numpy() for name, note in believed.items()}
            view = view._replace(known=np.ones_like(view.known), **arrays)
            return expert.act(view, doubt=percept.doubt.numpy())

        return act

    @property
    def caption(self) -> str:
        """What the world's own picture shows, in words; empty where it doesn't say."""
        return str((self.env.metadata or {}).get("picture", ""))

    @property
    def takes_commands(self) -> bool:
        """Whether the world can be told in words, while a life goes on, what is to be done: it has
        a `command` and declares a vocabulary."""
        return any(reader.vocabulary for reader in self.readers) and self.offers("command")

    def command(self, words: str, lane: int = 0) -> None:
        """Tells one lane what is to be done from now on.

        Raises:
          ValueError: the world takes no commands, or not these words; it says which it can read.
        """
        tell = self._ask("command", "Choose a world that takes commands.")
        if self.is_native:
            tell[0](words, lane)
        else:
            tell[lane](words)

    def mission(self, lane: int = 0) -> tuple[tuple[str, bool], ...]:
        """Returns each part of what a lane was told to do, and whether it is done; empty where the
        world doesn't say."""
        if not (self.takes_commands and self.offers("mission")):
            return ()
        tell = self._ask("mission", "Leave it out.")
        found = tell[0](lane) if self.is_native else tell[lane]()
        return tuple((str(words), bool(is_done)) for words, is_done in found)

    def view(self, name: str) -> Any:
        """Returns the world's own view of all lanes, "true" or "visible"; native worlds only."""
        return self._native("view")(name)

    def snapshot(self, lane: int = 0) -> Any:
        """Returns the whole state of one lane, to be handed to `restore`."""
        take = self._ask("snapshot", "Its episodes can only be restarted.")
        return take[0](lane) if self.is_native else take[lane]()

    @property
    def is_resumable(self) -> bool:
        """Whether lives can be kept and gone on with exactly: native worlds with snapshots."""
        return self.is_native and self.offers("snapshot") and self.offers("look")

    def look(self) -> tuple[Any, Mapping[str, Any]]:
        """Returns the raw observation and infos of now, after a restore; native worlds only."""
        raw, infos = self._native("look")()
        return raw, infos

    def restore(self, snapshot: Any, lane: int = 0) -> None:
        """Puts one lane back to where `snapshot` was taken; `look` shows it."""
        put = self._ask("restore", "Its episodes can only be restarted.")
        if self.is_native:
            put[0](snapshot, lane)
        else:
            put[lane](snapshot)

    def intervene(self, lane: int, operation: Any) -> None:
        """Changes the world in one lane: the operation is the world's own."""
        mend = "Choose a world that can be changed."
        if self.is_native:
            self._native("intervene")(lane, operation)
        else:
            self._ask("intervene", mend)[lane](0, operation)

    def picture(
        self, lane: int = 0, view: str = "world", width: int = 800, height: int = 600
    ) -> NDArray[np.uint8]:
        """Returns uint8 [H, W, 3]: the world's picture of that view, or else `env.render()`.

        Raises:
          ValueError: another view than "world" of an environment that only renders, or one that
            does not render to arrays.
        """
        if self.offers("picture"):
            found = self._ask("picture", "Leave it out.")
            draw, index = (found[0], lane) if self.is_native else (found[lane], 0)
            drawn = draw(lane=index, view=view, width=width, height=height)
            return np.asarray(drawn, np.uint8)
        if view != "world":
            raise ValueError(
                f'`view` must be "world" in {self.spec.env}, which has no other pictures; '
                f"got {view!r}. Leave it out."
            )
        if self.env.render_mode != "rgb_array":
            raise ValueError(
                f'`render_mode` must be "rgb_array" for pictures; {self.spec.env} was made with '
                f'{self.env.render_mode!r}. Make it with render_mode="rgb_array" if it has that.'
            )
        frames = self.env.render()
        frame = frames[lane] if isinstance(frames, (tuple, list)) else frames
        if not isinstance(frame, np.ndarray) or frame.ndim not in (2, 3):
            raise WorldError(
                f"`render` of {self.spec.env} must return an array [height, width, 3] with "
                f'render_mode="rgb_array"; got {type(frame).__name__}. Mend the environment.'
            )
        if frame.ndim == 2:
            frame = np.repeat(frame[:, :, None], 3, axis=2)
        if np.issubdtype(frame.dtype, np.floating):  # from 0 to 1, as matplotlib has them
            frame = 255 * frame.clip(0, 1) if float(frame.max(initial=0)) <= 1 else frame
        return frame[:, :, :3].astype(np.uint8)

    def score_so_far(self, lane: int = 0) -> dict[str, float]:
        """Returns the scores of a running episode; empty but in native worlds that keep them."""
        if not self.is_native or not self.offers("score"):
            return {}
        found = self._native("score")(lane)
        return {name: float(value) for name, value in found.items()}

    @property
    def is_native(self) -> bool:
        """Whether the environment steps all lanes itself, at once."""
        return not isinstance(self.env.unwrapped, (SyncVectorEnv, LanesApart))

    def _parts(self) -> list[Any]:
        """Returns what may be asked: the native vector environment, or each lane's own."""
        inner = self.env.unwrapped
        return [e.unwrapped for e in inner.envs] if isinstance(inner, SyncVectorEnv) else [inner]

    def _ask(self, name: str, mend: str) -> list[Any]:
        if not self.offers(name):
            raise ValueError(f"`{self.spec.env}` must offer `{name}`; it doesn't. {mend}")
        inner = self.env.unwrapped
        if isinstance(inner, LanesApart):
            return [partial(_ask_apart, inner, lane, name) for lane in range(self.num_envs)]
        return [_probe(part, name) for part in self._parts()]

    def _native(self, name: str) -> Any:
        if not self.is_native:
            raise ValueError(
                f"`{name}` must be asked of a native vector environment; {self.spec.env} is "
                "vectorised by gymnasium. Leave it out."
            )
        return self._ask(name, "Leave it out.")[0]

    def close(self) -> None:
        """Frees what the environment holds; may be called twice."""
        self.env.close()


def _is_number(value: Any) -> bool:
    """Returns whether a value told by an environment is one number, or true or false."""
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf"


def _probe(target: Any, name: str) -> Any:
    """Returns the method `name` of an environment, or _ABSENT. The only place that looks."""
    found = getattr(target, name, _ABSENT)
    return found if callable(found) else _ABSENT


def _offers(env: Any, name: str) -> bool:
    return _probe(env.unwrapped, name) is not _ABSENT


def _ask_apart(env: LanesApart, lane: int, name: str, *given: Any, **named: Any) -> Any:
    """Returns what a lane's method gives in its own process."""
    return env.ask(lane, _call, name, given, named)


def _call(env: Any, name: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    with faults(name_of(env), name):
        return _probe(env.unwrapped, name)(*given, **named)


def _lane_of(found: Any, lane: int) -> Any:
    """Returns one lane of an info: an array's element, or a dict of batched arrays taken apart."""
    if not isinstance(found, Mapping):
        return found[lane]
    return {
        name: _lane_of(value, lane)
        for name, value in found.items()
        if f"_{name}" in found and found[f"_{name}"][lane]
    }


def _rows(values: Any, lanes: NDArray[np.int64]) -> Any:
    return values[lanes] if isinstance(values, np.ndarray) else [values[i] for i in lanes]


# --------------------------------------------------------------------------------- making one


def make_world(
    env: str | gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any] | Callable[[], Any],
    num_envs: int = 1,
    settings: Mapping[str, Any] | None = None,
    vectorisation: str = "",
) -> World:
    """Returns a world of `num_envs` lanes.

    Args:
      env: an id (`Env-v0` or `module:Env-v0`), a function that makes one environment, a single
        environment (one lane only), or a vector environment that restarts in the same step.
      num_envs: lanes; ignored for a vector environment, which has its own.
      settings: keyword arguments for the environment that an id names, such as `render_mode`.
      vectorisation: "sync" has one lane step after the other, "async" has them step in other
        processes, at the same time, and "native" all at once in the environment's own batched
        form; "" is native where an id registers that, else sync. What is lived is the same.
    Raises:
      ValueError: an unknown id or setting, an unsupported space, kind of restart or vectorisation.
    """
    if vectorisation not in VECTORISATIONS:
        known = ", ".join(filter(None, VECTORISATIONS))
        raise ValueError(
            f"`vectorisation` must be one of {known}; got {vectorisation!r}."
            f"{nearest(vectorisation, VECTORISATIONS)}"
        )
    if num_envs < 1:
        raise ValueError(f"`num_envs` must be at least 1; got {num_envs}. Give a whole number.")
    if isinstance(env, str):
        return describe(make_by_id(env, num_envs, dict(settings or {}), vectorisation), env)
    if settings:
        raise ValueError(
            f"`settings` must be empty unless `env` is an id; got {sorted(settings)}. "
            "Give them to the environment when you make it."
        )
    if isinstance(env, (VectorEnv, gymnasium.Env)):
        own = "native" if isinstance(env, VectorEnv) else "sync"
        if vectorisation not in ("", own):
            raise ValueError(
                f"`vectorisation` must be {own} for an environment that is made already; got "
                f"{vectorisation}. Give a function that makes one, or an id."
            )
    if isinstance(env, VectorEnv):
        return describe(env, name_of(env))
    if isinstance(env, gymnasium.Env):
        if num_envs != 1:
            raise ValueError(
                f"`num_envs` must be 1 for a single environment; got {num_envs}. "
                "Give a function that makes one, or an id."
            )
        single = Lane(env, name_of(env))
        return describe(side_by_side([lambda: single]), name_of(env))
    return _of_function(env, num_envs, vectorisation)


def _of_function(make: Any, num_envs: int, vectorisation: str) -> World:
    """Returns a world whose lanes a function makes."""
    if not callable(make):
        raise TypeError(
            f"`env` must be an id, an environment, or a function that makes one; got {make!r}. "
            "Give one of these."
        )
    called = str(getattr(make, "__name__", "env"))
    if vectorisation == "native":
        raise ValueError(
            f"`vectorisation` must be sync or async for {called}, a function; got native. "
            "Give a vector environment instead."
        )

    def make_lane() -> Any:
        with faults(called, "be made"):
            one = make()
        return Lane(one, name_of(one) if isinstance(one, gymnasium.Env) else called)

    made = joined([make_lane] * num_envs, vectorisation)
    return describe(made, _of_first(made, name_of))


def describe(env: VectorEnv[Any, Any, Any], name: str) -> World:
    """Returns the world of a vector environment that restarts in the same step.

    Raises:
      ValueError: it restarts otherwise, or has an unsupported space.
    """
    mode = env.metadata.get("autoreset_mode")
    if mode is not AutoresetMode.SAME_STEP:
        raise ValueError(
            f"`autoreset_mode` must be AutoresetMode.SAME_STEP; {name} has {mode}. Make it with "
            "gymnasium's SyncVectorEnv(..., autoreset_mode=AutoresetMode.SAME_STEP)."
        )
    remarks: list[str] = []
    metadata = env.metadata
    names = metadata.get("actions") or _of_first(env, action_names) or ()
    declared = [one if isinstance(one, Mapping) else {"name": str(one)} for one in names]
    writer = read_actions(env.single_action_space, declared)
    readers = read_parts(env.single_observation_space, metadata, remarks)
    scene, path = metadata.get("scene"), metadata.get("path")
    spec = WorldSpec(
        env=name,
        parts=tuple(reader.part for reader in readers),
        actions=writer.spec,
        facts=tuple(_fact(fact) for fact in metadata.get("facts", ())),
        scene=_scene(scene) if scene else None,
        path_points=int(path.get("points", 8)) if path else 0,
        labels=_labels(metadata.get("labels", ())),
        reward_terms=tuple(metadata.get("reward_terms", ())),
        motion=_plain(metadata.get("motion", {})),
        rate=float(metadata.get("render_fps") or 0.0),
        knowledge=_knowledge(metadata.get("knowledge")),
        vectors=_plain(metadata.get("vectors", {})),
    )
    return World(env, spec, readers, writer, tuple(remarks))


def _of_first(env: VectorEnv[Any, Any, Any], function: Callable[[Any], Any]) -> Any:
    """Returns what a function makes of the first lane's environment, wherever that is."""
    inner = env.unwrapped
    if isinstance(inner, LanesApart):
        return inner.ask(0, function)
    return function(inner.envs[0]) if isinstance(inner, SyncVectorEnv) else None


def _fact(declared: Mapping[str, Any]) -> Fact:
    seen_by = declared.get("observable_by") or ()
    fact = Fact(
        name=str(declared["name"]),
        unit=str(declared.get("unit") or ""),
        low=float(declared.get("low", 0.0)),
        high=float(declared.get("high", 1.0)),
        kind=str(declared.get("kind", "number")),
        requires=str(declared.get("requires") or ""),
        observable_by=(seen_by,) if isinstance(seen_by, str) else tuple(seen_by),
    )
    if fact.kind not in ("number", "boolean") or not (
        np.isfinite([fact.low, fact.high]).all() and fact.low < fact.high
    ):
        raise ValueError(
            f"`{fact.name}` in metadata must be a number or boolean with finite low < high; got "
            f"{fact.kind} from {fact.low} to {fact.high}. Declare the range that occurs."
        )
    return fact


def _scene(declared: Mapping[str, Any]) -> SceneSpec:
    reach = declared.get("range", 50.0)
    return SceneSpec(
        sectors=int(declared.get("sectors", 32)),
        range=float(np.max(reach)),
        classes=tuple(str(name) for name in declared.get("classes", ("thing",))),
        sizes=tuple((float(long), float(wide)) for long, wide in declared.get("sizes", ())),
    )


def _knowledge(file: Any) -> str:
    """Returns the text of a world's rule file, "" without one.

    Raises:
      ValueError: it can't be read.
    """
    if file is None:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, TypeError, UnicodeDecodeError) as problem:
        raise ValueError(
            f'`metadata["knowledge"]` must name a rule file in UTF-8; {file}: {problem}.'
        ) from problem


def _labels(declared: Any) -> tuple[Mapping[str, Any], ...]:
    """Returns {"name", "colour"} of each class, declared as a dict or a list of either kind."""
    pairs = declared.items() if isinstance(declared, Mapping) else declared
    return tuple(
        _plain(item)
        if isinstance(item, Mapping)
        else {"name": str(item[0]), "colour": _plain(item[1])}
        for item in pairs
    )


def _plain(value: Any) -> Any:
    """Returns the value with arrays, tuples and numpy numbers made such as json can write."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value
