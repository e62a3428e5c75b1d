"""One environment a lane: what each gives is checked before lanes are joined.

Gymnasium's SyncVectorEnv trusts environments: what one does wrong comes to light far from where
it was done, in words about arrays. A Lane says it where it happens, in the user's words.
"""

from __future__ import annotations

import enum
import operator
import os
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import Space, spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit

from .errors import WorldError

_GYMNASIUM = Path(gymnasium.__file__).parent
_MIDDLE = (  # code that mistakes pass through on their way here
    str(Path(__file__).parent),
    str(_GYMNASIUM / "core.py"),
    str(_GYMNASIUM / "envs" / "registration.py"),
    "<frozen",
)
_STANDARD = sysconfig.get_paths()["stdlib"]
MEND_RESET = "Mend the environment, whose reset must take `seed` and `options`."
DIFFERENT = (
    "Lanes must have the same spaces; got: {} Make the environment's spaces follow from its "
    "settings alone."
)
LONGEST = 400  # characters of an error's words that a message repeats
_OUTER = (OrderEnforcing, PassiveEnvChecker, TimeLimit)  # what gymnasium.make puts on


class Lane(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment whose mistakes are named: what it raises, and what it should not return."""

    def __init__(self, env: Any, name: str) -> None:
        """Wraps `env`, which the user knows as `name`.

        Raises:
          WorldError: it is no environment, or has no spaces.
        """
        if not isinstance(env, gymnasium.Env):
            raise WorldError(
                f"`{name}` must make a gymnasium.Env; got {_kind(env)}. "
                "Derive its class from gymnasium.Env."
            )
        super().__init__(env)
        self.name = name
        for role in ("observation_space", "action_space"):
            try:
                space = getattr(env, role)
            except AttributeError:
                space = None
            if not isinstance(space, Space):
                raise WorldError(
                    f"`{role}` must be one of gymnasium.spaces; {name} has {_kind(space)}. "
                    f"Set `self.{role}` in `__init__`."
                )
        self._space = env.observation_space  # as lanes are made for it, whatever it becomes later

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Returns observation and info.

        Raises:
          WorldError: its reset raises, or returns something else.
        """
        with faults(self.name, "reset", MEND_RESET):
            found: Any = super().reset(seed=seed, options=options)
        if not isinstance(found, tuple) or len(found) != 2:
            raise WorldError(
                f"`reset` of {self.name} must return (observation, info); got {_shape(found)}. "
                "Return both."
            )
        self._check(found[0], found[1], "reset")
        return found

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Returns observation, reward, terminated, truncated and info.

        Raises:
          WorldError: its step raises, or returns something else.
        """
        with faults(self.name, "step"):
            found: Any = super().step(action)
        if not isinstance(found, tuple) or len(found) != 5:
            raise WorldError(
                f"`step` of {self.name} must return (observation, reward, terminated, truncated, "
                f"info); got {_shape(found)}. Return all five: `done` of old is `terminated`, "
                "and `truncated` says that time was up."
            )
        observation, reward, terminated, truncated, info = found
        self._check(observation, info, "step")
        return (
            observation,
            float(self._single("reward", reward)),
            bool(self._single("terminated", terminated)),
            bool(self._single("truncated", truncated)),
            info,
        )

    def render(self) -> Any:
        """Returns a picture or what else it renders.

        Raises:
          WorldError: its render raises.
        """
        with faults(self.name, "render"):
            return super().render()

    def close(self) -> None:
        """Frees what it holds.

        Raises:
          WorldError: its close raises.
        """
        with faults(self.name, "close"):
            super().close()

    def _check(self, observation: Any, info: Any, method: str) -> None:
        complaint = misfit(self._space, observation, "observation")
        if complaint:
            raise WorldError(f"{complaint}, in `{method}` of {self.name}. Make the two agree.")
        if not isinstance(info, dict):
            raise WorldError(
                f"`info` must be a dict; got {_kind(info)} in `{method}` of {self.name}. "
                "Return {} where there is nothing to tell."
            )

    def _single(self, role: str, value: Any) -> Any:
        """Returns the only number in `value`."""
        if isinstance(value, (float, int, np.bool_)):
            return value
        array = np.asarray(value)
        if array.size != 1 or array.dtype.kind not in "biuf":
            raise WorldError(
                f"`{role}` must be one number; got {_kind(value)} in `step` of {self.name}. "
                "Mend the environment, or wrap it."
            )
        return array.item()


def enclosed(env: gymnasium.Env[Any, Any], name: str) -> gymnasium.Env[Any, Any]:
    """Returns what gymnasium.make made, a Lane put under the wrappers that it added.

    These unpack what an environment returns, so that the check must come before.
    """
    if isinstance(env, _OUTER):
        env.env = enclosed(env.env, name)
        return env
    return Lane(env, name)


class Lanes(SyncVectorEnv[Any, Any]):
    """A SyncVectorEnv in which lanes may tell different things: such infos stay objects."""

    def _add_info(
        self, vector_infos: dict[str, Any], env_info: dict[str, Any], env_num: int
    ) -> dict[str, Any]:
        return join_info(self.num_envs, super()._add_info, vector_infos, env_info, env_num)


def join_info(
    lanes: int,
    add: Callable[[dict[str, Any], dict[str, Any], int], dict[str, Any]],
    joined: dict[str, Any],
    info: dict[str, Any],
    lane: int,
) -> dict[str, Any]:
    """Returns the infos of `lanes` with those of one more lane, put in by Gymnasium's `add` where
    they are of the same kind."""
    for key, value in info.items():
        if key in joined and not _joins(joined[key], value):
            joined[key] = _loosened(joined[key], value, lanes)
            joined[key][lane] = value
            joined[f"_{key}"][lane] = True
        else:
            joined = add(joined, {key: value}, lane)
    return joined


def number(envs: Sequence[Any], first: int = 0, lanes: int | None = None) -> None:
    """Has each Lane say in its messages which one it is, where there are several."""
    if (len(envs) if lanes is None else lanes) == 1:
        return
    for lane, env in enumerate(envs, first):
        while not isinstance(env, Lane):
            env = env.env
        env.name = f"{env.name} (lane {lane})"


def name_of(env: Any) -> str:
    """Returns an environment's id, or else its class."""
    return env.spec.id if env.spec is not None else type(env.unwrapped).__name__


def action_names(env: Any) -> Sequence[str]:
    """Returns the names of discrete actions as Atari's and Minigrid's environments tell them."""
    if not isinstance(env.action_space, spaces.Discrete):
        return ()
    first = env.unwrapped
    tell, kinds = getattr(first, "get_action_meanings", None), getattr(first, "actions", None)
    if callable(tell):
        with faults(name_of(first), "tell its actions' meanings"):
            names = [str(name) for name in tell()]
    elif isinstance(kinds, type) and issubclass(kinds, enum.IntEnum):
        names = [kind.name for kind in sorted(kinds)]
    else:
        return ()
    return names if len(names) == env.action_space.n else ()


def side_by_side(makers: Sequence[Callable[[], Any]]) -> Lanes:
    """Returns one lane for each maker; a lane that ends restarts in the same step.

    Raises:
      WorldError: a maker raises, or the lanes differ in their spaces.
    """
    try:
        made = Lanes(makers, autoreset_mode=AutoresetMode.SAME_STEP)
    except RuntimeError as problem:
        raise WorldError(DIFFERENT.format(shorten(str(problem), LONGEST))) from problem
    number(made.envs)
    return made


def _joins(kept: Any, value: Any) -> bool:
    """Returns whether an info can be put beside those of other lanes."""
    if isinstance(kept, dict) or isinstance(value, dict):
        return isinstance(kept, dict) and isinstance(value, dict)
    if kept.dtype == object:
        return True
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        return False
    return array.shape == kept.shape[1:] and np.can_cast(array.dtype, kept.dtype, "same_kind")


def _loosened(kept: Any, value: Any, lanes: int) -> Any:
    """Returns the lanes' infos with room for `value`: as wider numbers, or else as objects."""
    if isinstance(kept, np.ndarray) and kept.ndim == 1 and np.ndim(value) == 0:
        kind = np.asarray(value).dtype
        if kept.dtype.kind in "biuf" and kind.kind in "biuf":
            return kept.astype(np.result_type(kept.dtype, kind))
    objects = np.full(lanes, None, dtype=object)
    if not isinstance(kept, dict):  # dicts are joined already, and can't be taken apart
        objects[:] = list(kept)
    return objects


# ------------------------------------------------------------------------------- what is wrong


@contextmanager
def faults(name: str, verb: str, mend: str = "Mend the environment.") -> Iterator[None]:
    """Turns what an environment's own code raises into a WorldError that says where."""
    try:
        yield
    except WorldError:
        raise
    except Exception as problem:
        raise WorldError(
            f"`{name}` must {verb} without an error; got {describe_error(problem)}. {mend}"
        ) from problem


def describe_error(problem: BaseException) -> str:
    """Returns an error's kind, its words, and the line of the user's code that it came from."""
    words = shorten(str(problem), LONGEST, placeholder=" …").rstrip(".")
    said = f"{type(problem).__name__}: {words}" if words else type(problem).__name__
    frames: list[traceback.FrameSummary] = []
    cause: BaseException | None = problem
    while cause is not None:  # the deepest comes last
        frames += traceback.extract_tb(cause.__traceback__)
        cause = cause.__cause__
    nearest = max(map(_nearness, frames), default=0)
    if nearest == 0 or isinstance(problem, SyntaxError):  # which says itself where it is
        return said
    last = [one for one in frames if _nearness(one) == nearest][-1]
    return f"{said} ({_short(last.filename)}, line {last.lineno}, in {last.name})"


def _nearness(frame: traceback.FrameSummary) -> int:
    """Returns 2 for a line of the user's own code, 1 for an installed package's, else 0."""
    file = frame.filename
    if file.startswith(_MIDDLE):
        return 0
    if "site-packages" in file or "dist-packages" in file:
        return 1
    return 0 if file.startswith(_STANDARD) else 2


def _short(file: str) -> str:
    """Returns a path from the current folder, or else its last two parts."""
    try:
        inner = os.path.relpath(file)
    except ValueError:  # on another drive
        inner = ".."
    return inner if not inner.startswith("..") else str(Path(*Path(file).parts[-2:]))


def misfit(space: Space[Any], value: Any, name: str) -> str:
    """Returns why `value` can't be one of `space`, as the start of a message; "" where it can.

    Bounds of a Box don't count: many environments leave them at times, and nothing breaks.
    """
    if isinstance(space, spaces.Dict):
        return _misfit_dict(space, value, name)
    if isinstance(space, spaces.Tuple):
        if not isinstance(value, Sequence) or len(value) != len(space.spaces):
            return f"`{name}` must be a tuple of {len(space.spaces)} parts; got {_shape(value)}"
        pairs = zip(space.spaces, value, strict=True)
        return next(
            filter(None, (misfit(s, v, f"{name}/{k}") for k, (s, v) in enumerate(pairs))), ""
        )
    if isinstance(space, spaces.Discrete):
        try:
            index = operator.index(bool(value) if isinstance(value, np.bool_) else value)
        except TypeError:
            return f"`{name}` must be a whole number, as {space} says; got {_kind(value)}"
        is_inside = 0 <= index - int(space.start) < int(space.n)
        return "" if is_inside else f"`{name}` must lie in {space}; got {index}"
    if isinstance(space, (spaces.Box, spaces.MultiDiscrete, spaces.MultiBinary)):
        return _misfit_array(space, value, name)
    return ""


def _misfit_dict(space: spaces.Dict, value: Any, name: str) -> str:
    if not isinstance(value, Mapping):
        return f"`{name}` must be a dict; got {_kind(value)}"
    missing = [key for key in space.spaces if key not in value]
    if missing:
        known = ", ".join(map(str, space.spaces))
        return f"`{name}` must have the parts {known}; {', '.join(map(str, missing))} is missing"
    pairs = ((inner, value[key], f"{name}/{key}") for key, inner in space.spaces.items())
    return next(filter(None, (misfit(*pair) for pair in pairs)), "")


def _misfit_array(space: Space[Any], value: Any, name: str) -> str:
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        return f"`{name}` must have shape {space.shape}; got {_kind(value)}"
    if array.shape != space.shape:
        return f"`{name}` must have shape {space.shape}, as its space says; got {_kind(value)}"
    if not np.can_cast(array.dtype, cast(Any, space.dtype), "same_kind"):
        return f"`{name}` must be of type {space.dtype}, as its space says; got {_kind(value)}"
    if isinstance(space, spaces.MultiDiscrete):
        codes = array - space.start
        if (codes < 0).any() or (codes >= space.nvec).any():
            return f"`{name}` must lie in {space}; got {array.tolist()}"
    return ""


def _kind(value: Any) -> str:
    """Returns the type of a value, with the shape of an array and the number in a number."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    if value is None or isinstance(value, (bool, int, float, np.generic)):
        return repr(value)
    found = type(value)
    module = "" if found.__module__ == "builtins" else f"{found.__module__}."
    return f"{module}{found.__name__}"


def _shape(value: Any) -> str:
    """Returns how many values came, or the type of a single one."""
    return f"{len(value)} values" if isinstance(value, tuple) else _kind(value)
