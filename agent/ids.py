"""What an environment's id names: its module, its registration, what may be asked of it."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import gymnasium
from gymnasium import error
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.vector import AutoresetMode, VectorEnv

from .apart import LanesApart
from .errors import WorldError
from .lanes import describe_error, enclosed, faults, side_by_side


class Offer(NamedTuple):
    """What an id's maker says of itself before anything is made."""

    defaults: Mapping[str, Any] | None
    """{argument: its default}; None where it takes any, or where they can't be told."""
    render_modes: tuple[str, ...]

    @property
    def draws(self) -> bool:
        """Whether render_mode="rgb_array" may be asked for."""
        takes_it = self.defaults is None or "render_mode" in self.defaults
        return takes_it and "rgb_array" in self.render_modes


def offer_of(name: str) -> Offer:
    """Returns what may be asked of the environment that an id names.

    Its metadata["settings"] counts before its signature.

    Raises:
      ValueError: an unknown id, or a module that isn't there or has a mistake.
    """
    registered = _registered(name)
    make = _entry(registered, name)
    metadata = getattr(make, "metadata", {})
    # what a function that makes environments can render is not known: where it asks, it can
    modes = tuple(metadata.get("render_modes") or ()) if metadata else ("rgb_array",)
    if "settings" in metadata:
        return Offer(dict(metadata["settings"]), modes)
    try:
        wanted = inspect.signature(make).parameters.values() if make is not None else ()
    except (TypeError, ValueError):  # written in C
        return Offer(None, modes)
    if make is None or any(one.kind is one.VAR_KEYWORD for one in wanted):
        return Offer(None, modes if metadata else ())
    taken = {one.name: one.default for one in wanted} | registered.kwargs
    return Offer({**taken, "max_episode_steps": registered.max_episode_steps}, modes)


def make_by_id(
    name: str, num_envs: int, settings: dict[str, Any], vectorisation: str = ""
) -> VectorEnv[Any, Any, Any]:
    """Returns the native vector environment if there is one that restarts in the same step.

    Raises:
      ValueError: `vectorisation` names another kind than there is.
    """
    known = _registered(name)
    native = _native_by_id(name, num_envs, settings)
    if native is not None:
        if vectorisation not in ("", "native"):
            native.close()
            raise ValueError(
                f"`vectorisation` must be native in {name}, which steps all its lanes at once; "
                f"got {vectorisation}. Leave it out."
            )
        return native
    if vectorisation == "native":
        raise ValueError(
            f"`vectorisation` must be sync or async in {name}, which registers no batched "
            "environment that restarts in the same step; got native. Leave it out."
        )

    def make() -> Any:
        with faults(name, "be made", "Mend the environment, or give it other settings."):
            # another process may not have registered the id; and what Gymnasium's checker warns
            # of, a Lane says, and only where something breaks
            return enclosed(gymnasium.make(known, disable_env_checker=True, **settings), name)

    return joined([make] * num_envs, vectorisation)


def joined(makers: Sequence[Callable[[], Any]], vectorisation: str) -> VectorEnv[Any, Any, Any]:
    """Returns a lane for each maker, in this process or in others."""
    return LanesApart(makers) if vectorisation == "async" else side_by_side(makers)


def _native_by_id(
    name: str, num_envs: int, settings: dict[str, Any]
) -> VectorEnv[Any, Any, Any] | None:
    known = _registered(name)
    if known.vector_entry_point is None:
        return None
    entry = known.vector_entry_point
    maker = load_env_creator(entry) if isinstance(entry, str) else entry
    declared = getattr(maker, "metadata", {}).get("autoreset_mode")
    if declared is AutoresetMode.SAME_STEP or known.entry_point is None:
        return gymnasium.make_vec(name, num_envs, "vector_entry_point", **settings)
    if declared is not None:
        return None
    try:
        native = gymnasium.make_vec(name, num_envs, "vector_entry_point", **settings)
    except Exception:  # its single environment, which may take other settings, says what is wrong
        return None
    if native.metadata.get("autoreset_mode") is AutoresetMode.SAME_STEP:
        return native
    native.close()
    return None


def _registered(name: str) -> EnvSpec:
    """Returns what is registered under an id, its module imported if it names one.

    Raises:
      ValueError: there is no such module or id, or the module has a mistake.
    """
    module, colon, bare = name.partition(":")
    if colon and module:
        _import(module, name)
    else:
        module, bare = "", name
    try:
        return gymnasium.spec(bare)
    except error.Error as problem:
        raise ValueError(
            f"`env` must be an environment's id; got {name!r}. {_hint(module, bare, problem)}"
        ) from problem


def _import(module: str, name: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as problem:
        missing = problem.name or "" if isinstance(problem, ModuleNotFoundError) else ""
        if missing and f"{module}.".startswith(f"{missing}."):
            raise ValueError(
                f"`env` must name a module that can be found; got {module!r} in {name!r}. "
                f"Start from the folder that holds it, or install it."
            ) from problem
        raise WorldError(
            f"`{module}` must import without an error; got {describe_error(problem)}. "
            "Mend it, or install what it needs."
        ) from problem


def _hint(module: str, bare: str, problem: Exception) -> str:
    """Returns what to do about an id that is not registered."""
    known = list(gymnasium.registry)
    words = " ".join(str(problem).split())
    words += "" if words.endswith((".", "?")) else "."
    if not isinstance(problem, (error.NameNotFound, error.NamespaceNotFound)):
        versions = [name for name in known if name.rpartition("-v")[0] == bare]
        return f"Choose {' or '.join(versions)}." if versions else words
    if not module:
        return (
            f"{words} If another package registers it, put that package's module in front, as in "
            "minigrid:MiniGrid-Empty-5x5-v0."
        )
    own = [name for name in known if _home(name).split(".")[0] == module.split(".")[0]]
    near = difflib.get_close_matches(bare, own, n=3, cutoff=0.3) or own[:3]
    if near:
        return f"`{module}` registers {', '.join(near)}{', …' if len(own) > len(near) else ''}."
    return f"Call gymnasium.register(id={bare!r}, entry_point=…) in `{module}`."


def _home(name: str) -> str:
    """Returns the module of what an id makes."""
    entry = gymnasium.registry[name].entry_point
    if isinstance(entry, str):
        return entry.partition(":")[0]
    return str(getattr(entry, "__module__", ""))


def _entry(registered: EnvSpec, name: str) -> Any:
    """Returns the class or function that makes an id's environments; None without one."""
    entry = registered.entry_point
    try:
        return load_env_creator(entry) if isinstance(entry, str) else entry
    except Exception as problem:
        raise WorldError(
            f"`entry_point` of {name} must be importable; got {entry!r}: "
            f"{describe_error(problem)}. Install what it needs, or mend its registration."
        ) from problem
