"""Lanes in other processes, which step at the same time: one process a core, some lanes in each.

Gymnasium's AsyncVectorEnv has a process for every lane, tells an error in a traceback, and joins
infos only where lanes tell the same. Here observations come through shared memory and all else
through a pipe, and what results equals that of lanes side by side, bit for bit.

It is longer than most files because the two ends of a pipe are read together.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.reduction import ForkingPickler
from multiprocessing.shared_memory import SharedMemory
from typing import Any, cast

import numpy as np
from gymnasium import Space, spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import CloudpickleWrapper, batch_space, create_empty_array
from numpy.typing import NDArray

from .errors import WorldError
from .lanes import DIFFERENT, describe_error, join_info, number

ALIGNMENT = 64  # [bytes] where each array in shared memory begins
PATIENCE = 10.0  # [s] that a process is given to end by itself
_SHARED = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
_SYNC = 'Use vectorisation="sync"'


def cores() -> int:
    """Returns how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows don't say
        return os.cpu_count() or 1


class LanesApart(VectorEnv[Any, Any, Any]):
    """A vector environment whose lanes live in other processes and restart in the same step."""

    def __init__(self, makers: Sequence[Callable[[], Any]], processes: int | None = None) -> None:
        """Starts the processes and makes the lanes in them.

        Args:
          makers: one for each lane; they are pickled, functions of a notebook too.
          processes: how many; as many as there are cores by default.
        Raises:
          WorldError: a maker raises or can't be pickled, or the lanes differ in their spaces.
        """
        self.num_envs = len(makers)
        self._crew: list[_Peer] = []
        count = min(processes or cores(), self.num_envs)
        bounds = [self.num_envs * index // count for index in range(count + 1)]
        with self._all_or_none():
            for first, last in pairwise(bounds):
                self._crew.append(_Peer(makers[first:last], first, self.num_envs))
            told = [one.receive().fn for one in self._crew]  # the first speaks for all
            self.single_observation_space, self.single_action_space, *rest = told[0]
            self.metadata, self.render_mode = rest
            for seen, done, *_ in told[1:]:
                if (seen, done) != (self.single_observation_space, self.single_action_space):
                    raise WorldError(DIFFERENT.format(f"{seen}, {done} and {told[0][:2]}"))
            for one in self._crew:
                one.share(self.single_observation_space)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Returns observations and infos of new episodes, lane i with seed + i."""
        if seed is None or isinstance(seed, int):
            seed = [None if seed is None else seed + lane for lane in range(self.num_envs)]
        assert len(seed) == self.num_envs, (len(seed), self.num_envs)
        told = self._all("reset", [(seed[p.first : p.last], options) for p in self._crew])
        return self._seen([rest for rest, _ in told]), self._infos([infos for _, infos in told])

    def step(
        self, actions: Any
    ) -> tuple[
        Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:  # fmt: skip
        """Returns observations, rewards, terminations, truncations and infos of one step."""
        told = self._all("step", [(actions[p.first : p.last],) for p in self._crew])
        rests, rewards, terminations, truncations, infos = zip(*told, strict=True)
        return (
            self._seen(rests),
            np.concatenate(rewards),
            np.concatenate(terminations),
            np.concatenate(truncations),
            self._infos(infos),
        )

    def render(self) -> tuple[Any, ...]:
        """Returns each lane's picture."""
        told = self._all("render", [() for _ in self._crew])
        return tuple(frame for frames in told for frame in frames)

    def ask(self, lane: int, function: Callable[..., Any], *given: Any) -> Any:
        """Returns what `function(environment, *given)` gives in the process of a lane.

        All of it is pickled on its way.
        """
        with self._all_or_none():
            peer = next(one for one in self._crew if one.first <= lane < one.last)
            peer.send("ask", (lane - peer.first, CloudpickleWrapper(function), given))
            return peer.receive()

    def close_extras(self, **_: Any) -> None:
        """Ends the processes.

        Raises:
          WorldError: an environment raises where it is closed; the processes have ended all the
            same.
        """
        crew, self._crew = self._crew, []
        faults = [fault for fault in [one.end() for one in crew] if fault]
        if faults:
            raise WorldError(faults[0])

    # ------------------------------------------------------------------------ joining

    def _all(self, verb: str, given: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Returns the answers of all processes, which work at the same time."""
        with self._all_or_none():
            for one, words in zip(self._crew, given, strict=True):
                one.send(verb, words)
            return [one.receive() for one in self._crew]

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        """Ends every process where one of them fails."""
        try:
            yield
        except BaseException:
            with suppress(WorldError):  # the first mistake is told
                self.close_extras()
            self.closed = True
            raise

    def _seen(self, rests: Sequence[Any]) -> Any:
        shared = [one.seen for one in self._crew]
        return _joined(self.single_observation_space, shared, rests)

    def _infos(self, told: Sequence[dict[str, Any]]) -> dict[str, Any]:
        joined: dict[str, Any] = {}
        for one, infos in zip(self._crew, told, strict=True):
            for lane, info in infos.get("told", ()):
                joined = self._add_info(joined, info, one.first + lane)
        return joined

    def _add_info(
        self, vector_infos: dict[str, Any], env_info: dict[str, Any], env_num: int
    ) -> dict[str, Any]:
        return join_info(self.num_envs, super()._add_info, vector_infos, env_info, env_num)


def _joined(space: Space[Any], shared: Sequence[Any], rests: Sequence[Any]) -> Any:
    """Returns a copy of what all processes show, as SyncVectorEnv would join it."""
    inner: dict[Any, Space[Any]] | None = None
    if isinstance(space, spaces.Dict):
        inner = dict(space.spaces)
    elif isinstance(space, spaces.Tuple):
        inner = dict(enumerate(space.spaces))
    if inner is not None:
        parts = {
            key: _joined(one, [found[key] for found in shared], [found[key] for found in rests])
            for key, one in inner.items()
        }
        return parts if isinstance(space, spaces.Dict) else tuple(parts.values())
    if isinstance(space, _SHARED):
        return np.concatenate(shared)
    return tuple(value for found in rests for value in found)


def _rest(space: Space[Any], seen: Any) -> Any:
    """Returns an observation without what shared memory holds: texts, mostly."""
    if isinstance(space, spaces.Dict):
        return {key: _rest(inner, seen[key]) for key, inner in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_rest(*pair) for pair in zip(space.spaces, seen, strict=True))
    return None if isinstance(space, _SHARED) else seen


def _size(space: Space[Any], lanes: int) -> int:
    """Returns the bytes that `_carved` needs."""
    sizes = [1]

    def count(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        array = np.empty(shape, dtype)
        sizes.append(-(-array.nbytes // ALIGNMENT) * ALIGNMENT)
        return array

    create_empty_array(space, lanes, count)
    return sum(sizes)


def _carved(space: Space[Any], lanes: int, memory: SharedMemory) -> Any:
    """Returns a batch of observations whose arrays lie in the memory."""
    used = 0

    def carve(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        nonlocal used
        array: NDArray[Any] = np.ndarray(shape, dtype, memory.buf, used)
        used += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        return array

    return create_empty_array(space, lanes, carve)


# ---------------------------------------------------------------------- a process, from outside


class _Peer:
    """A process with its lanes from `first` to before `last`."""

    def __init__(self, makers: Sequence[Callable[[], Any]], first: int, lanes: int) -> None:
        context: SpawnContext = multiprocessing.get_context("spawn")
        self.first, self.last = first, first + len(makers)
        self.seen: Any = None
        self._memory: SharedMemory | None = None
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, first, lanes), daemon=True)
        try:
            packed = pickle.dumps(CloudpickleWrapper(cast(Any, list(makers))))
            self._process.start()
            self._pipe.send_bytes(packed)
        except Exception as problem:
            raise WorldError(
                "`env` must be such that another process can make it; got "
                f"{describe_error(problem)}. {_SYNC}."
            ) from problem
        finally:
            theirs.close()

    def share(self, space: Space[Any]) -> None:
        """Makes the memory through which observations of this space come."""
        lanes = self.last - self.first
        self._memory = SharedMemory(create=True, size=_size(space, lanes))
        self.seen = _carved(space, lanes, self._memory)
        self.send("share", (self._memory.name,))
        self.receive()

    def send(self, verb: str, given: tuple[Any, ...]) -> None:
        """Has the process do something; `receive` waits for what came of it."""
        try:
            self._pipe.send((verb, given))
        except OSError as problem:
            raise WorldError(self._lost()) from problem

    def receive(self) -> Any:
        """Returns what came of it.

        Raises:
          WorldError: something went wrong there; the message is that of lanes in this process.
        """
        try:
            is_well, found = self._pipe.recv()
        except (EOFError, OSError) as problem:
            raise WorldError(self._lost()) from problem
        if not is_well:
            raise WorldError(found)
        return found

    def _lost(self) -> str:
        self._process.join(PATIENCE)
        return (
            f"`vectorisation` must be sync here; got async, and the process of lanes {self.first} "
            f"to {self.last - 1} ended with exit code {self._process.exitcode}. Was there memory "
            'enough? Does your script run only under `if __name__ == "__main__":`? Or '
            "use sync."
        )

    def end(self) -> str:
        """Ends the process and frees its memory; returns what went wrong there, or ""."""
        fault = ""
        with suppress(OSError, EOFError):  # where it has ended already
            self._pipe.send(("close", ()))
            while self._pipe.poll(PATIENCE):
                is_well, found = self._pipe.recv()
                fault = fault if is_well else str(found)
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        self._pipe.close()
        self.seen = None  # the arrays must go before their memory
        if self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None
        return fault


# ----------------------------------------------------------------------- a process, from inside


class _Share(SyncVectorEnv[Any, Any]):
    """The lanes of one process; infos stay a list, to be joined with those of the others."""

    def _add_info(
        self, vector_infos: dict[str, Any], env_info: dict[str, Any], env_num: int
    ) -> dict[str, Any]:
        if "final_info" in env_info:  # the reset that follows may reuse the dict
            env_info = {**env_info, "final_info": deepcopy(env_info["final_info"])}
        vector_infos.setdefault("told", []).append((env_num, env_info))
        return vector_infos


class _Worker:
    """Does what is asked through the pipe; its public methods are the verbs."""

    def __init__(self, makers: Sequence[Callable[[], Any]], first: int, lanes: int) -> None:
        try:
            self._lanes = _Share(makers, copy=False, autoreset_mode=AutoresetMode.SAME_STEP)
        except RuntimeError as problem:
            raise WorldError(DIFFERENT.format(problem)) from problem
        number(self._lanes.envs, first, lanes)
        self._memory: SharedMemory | None = None

    def tell(self) -> CloudpickleWrapper:
        """Returns what an environment says of itself; spaces may hold functions."""
        env = self._lanes
        told = (env.single_observation_space, env.single_action_space, env.metadata,
                env.render_mode)  # fmt: skip
        return CloudpickleWrapper(cast(Any, told))

    def share(self, name: str) -> None:
        self._memory = SharedMemory(name)
        space, lanes = self._lanes.single_observation_space, self._lanes.num_envs
        self._lanes._observations = _carved(space, lanes, self._memory)

    def reset(self, seeds: list[int | None], options: dict[str, Any] | None) -> Any:
        seen, infos = self._lanes.reset(seed=seeds, options=options)
        return _rest(self._lanes.single_observation_space, seen), infos

    def step(self, actions: Any) -> Any:
        seen, *rest = self._lanes.step(actions)
        return _rest(self._lanes.single_observation_space, seen), *rest

    def render(self) -> Any:
        return self._lanes.render()

    def ask(self, lane: int, function: CloudpickleWrapper, given: tuple[Any, ...]) -> Any:
        return cast(Any, function.fn)(self._lanes.envs[lane], *given)

    def close(self) -> None:
        self._lanes._observations = None
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        self._lanes.close()


def _work(pipe: Connection, first: int, lanes: int) -> None:
    """Makes lanes and does what is asked of them until they are closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started this
    os.environ["OMP_NUM_THREADS"] = "1"  # read by libraries that environments may load
    worker: _Worker | None = None
    verb = "be made"
    try:
        worker = _Worker(pickle.loads(pipe.recv_bytes()).fn, first, lanes)
        _answer(pipe, worker.tell())
        while verb != "close":
            verb, given = pipe.recv()
            _answer(pipe, getattr(worker, verb)(*given))
    except (EOFError, ConnectionError):  # nobody is left to ask
        pass
    except Exception as problem:
        said = f"Lanes must {verb} without an error; got {describe_error(problem)}. {_SYNC}."
        with suppress(OSError):
            pipe.send((False, str(problem) if isinstance(problem, WorldError) else said))
    finally:
        if worker is not None and verb != "close":
            with suppress(Exception):
                worker.close()
        pipe.close()


def _answer(pipe: Connection, found: Any) -> None:
    """Sends what came of a request.

    Raises:
      WorldError: an environment told what can't be sent.
    """
    try:
        packed = ForkingPickler.dumps((True, found))
    except Exception as problem:
        raise WorldError(
            "`info` must hold only what can be pickled, where lanes are in other processes; got "
            f"{describe_error(problem)}. Leave it out of the info, or u{_SYNC[1:]}."
        ) from problem
    pipe.send_bytes(packed)
