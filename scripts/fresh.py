"""Functions in processes of their own, so that nothing is warm from another."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any, TypeVar

A = TypeVar("A")
R = TypeVar("R")
Ready = Callable[[], object]
"""Called by each of several processes when it is warm; returns when all of them are."""
LONGEST_WARM_UP = 900  # [s] compiling included


def apart(
    work: Callable[[A, Ready], R], argument: A, count: int = 1, threads: int | None = 1
) -> list[R]:
    """Returns what `work(argument, ready)` gives in `count` fresh processes side by side.

    Args:
      work: new processes find it by its name.
      threads: of the libraries that they load; None: as many as those choose.
    Raises:
      RuntimeError: `work` raised, or its process ended without an answer; the others are stopped.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(count, timeout=LONGEST_WARM_UP)
    receivers: list[Any] = []
    processes: list[Any] = []
    with _threads(threads):
        for _ in range(count):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_answer, args=(sender, work, argument, barrier))
            process.start()
            sender.close()
            receivers.append(receiver)
            processes.append(process)
    answers: dict[int, R] = {}
    try:
        while len(answers) < count:
            waiting = [r for place, r in enumerate(receivers) if place not in answers]
            place = receivers.index(connection.wait(waiting)[0])
            answers[place] = _received(receivers[place], processes[place])
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    for process in processes:
        process.join()
    return [answers[place] for place in range(count)]


def _received(receiver: Any, process: Any) -> Any:
    try:
        answer = receiver.recv()
    except EOFError as problem:
        process.join()
        raise RuntimeError(f"its process ended with code {process.exitcode}") from problem
    if isinstance(answer, _Trouble):
        raise RuntimeError(answer.words)
    return answer


@dataclass(frozen=True)
class _Trouble:
    """What a process sends instead of an answer."""

    words: str


def trouble(error: Exception) -> str:
    """Returns an error in one line, and how to install what is missing."""
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return what + (" (pip install 'mindloop[bench]')" if isinstance(error, ImportError) else "")


def _answer(sender: Any, work: Callable[[A, Ready], R], argument: A, barrier: Any) -> None:
    try:
        sender.send(work(argument, barrier.wait))
    except Exception as error:  # others' programs may raise anything; whoever asked shall be told
        sender.send(_Trouble(trouble(error)))


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Sets what libraries read when a process loads them, for processes that begin meanwhile."""
    before = os.environ.pop("OMP_NUM_THREADS", None)
    if count is not None:
        os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        os.environ.pop("OMP_NUM_THREADS", None)
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before
