"""Several processes that learn one mind: each lives its own lanes, gradients are averaged.

One worker per core, one thread each; the same code under `torchrun` on several machines. All
parameters lie in one flat buffer and all gradients in another, so that a step of learning costs
one message (Wijmans 2020, DD-PPO) and one step of the optimiser.
"""

from __future__ import annotations

import datetime
import os
import socket
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

TIMEOUT = datetime.timedelta(seconds=60)  # a lost peer is an error, not a hang
WAITING = datetime.timedelta(hours=2)  # for a peer that still evaluates


class WorkerLost(RuntimeError):
    """Another worker has died or hangs."""


class Group:
    """The workers of a run; alone, everything is as it is."""

    def __init__(self, rank: int = 0, size: int = 1, address: str = "") -> None:
        """Joins the others at `address` ("host:port"), or those that torchrun's variables name.

        Raises:
          WorkerLost: not all came within a minute.
        """
        self.rank, self.size = rank, size
        if size == 1:
            return
        where = f"tcp://{address}" if address else "env://"
        try:
            dist.init_process_group("gloo", where, TIMEOUT, size, rank)
            self._patient = dist.new_group(timeout=WAITING)
        except (RuntimeError, ValueError) as problem:
            raise _lost(problem) from problem

    @property
    def leads(self) -> bool:
        """Whether this worker speaks, evaluates and writes for all."""
        return self.rank == 0

    def sum(self, tensor: Tensor) -> Tensor:
        """Returns the sum of a tensor over all workers, in place."""
        if self.size > 1:
            try:
                dist.all_reduce(tensor)
            except RuntimeError as problem:
                raise _lost(problem) from problem
        return tensor

    def mean(self, tensor: Tensor) -> Tensor:
        """Returns the mean of a tensor over all workers, in place."""
        return self.sum(tensor).div_(self.size) if self.size > 1 else tensor

    def wait(self, patiently: bool = False) -> None:
        """Returns when all workers are here; patiently where one may be evaluating."""
        if self.size > 1:
            try:
                dist.barrier(self._patient if patiently else None)
            except RuntimeError as problem:
                raise _lost(problem) from problem

    def share(self, tensor: Tensor) -> Tensor:
        """Returns the leader's tensor to all, in place; waits for it patiently."""
        if self.size > 1:
            try:
                dist.broadcast(tensor, 0, group=self._patient)
            except RuntimeError as problem:
                raise _lost(problem) from problem
        return tensor

    def close(self) -> None:
        """Leaves the group."""
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()


def _lost(problem: Exception) -> WorkerLost:
    said = str(problem).split("\n")[0]
    return WorkerLost(
        "Every worker must live to the end; one was lost. What was kept is whole: go on with "
        f"--resume. ({said})"
    )


def free_address() -> str:
    """Returns a free port of this machine's loopback, as "host:port"."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def torchrun_place() -> tuple[int, int] | None:
    """Returns rank and number of workers if torchrun started this process, else None."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


class Flat:
    """Parameters of some modules in one buffer, and their gradients in another."""

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        """Moves all parameters that learn into the buffer; modules see views of it."""
        parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
        sizes = [p.numel() for p in parameters]
        whole = torch.cat([p.detach().as_strided((p.numel(),), (1,)) for p in parameters])
        self.parameter = nn.Parameter(whole)
        self.gradient = torch.zeros_like(whole)
        self.parameter.grad = self.gradient
        offset = 0
        for p, size in zip(parameters, sizes, strict=True):
            shape, strides = p.shape, p.stride()
            p.data = self.parameter.data.as_strided(shape, strides, offset)
            p.grad = self.gradient.as_strided(shape, strides, offset)
            offset += size

    def clip(self, largest: float) -> None:
        """Scales the gradient down to this norm if it is longer."""
        norm = float(self.gradient.norm())
        if norm > largest:
            self.gradient.mul_(largest / (norm + 1e-6))
