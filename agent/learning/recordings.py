"""Recorded lives to imitate: what `mindloop play --record FILE` keeps of a person who drives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..types import (
    AFFECT_WIDTH,
    AbstractPerception,
    Behaviour,
    Labels,
    Truth,
    WorldSpec,
)
from ..viewer.record import Record, load
from .auxiliary import failure_soon, meaningful
from .rollout import Rollout

PARTS, TRUTH = "trace.observation.parts.", "truth."
TRUTHS = ("facts", "known", "scene", "path")
FIRST = "trace.observation.is_first"
OTHERS = (FIRST, "action", "reward", "cost", "terminated", "truncated")
PERSON = "human"
Arrays = dict[str, NDArray[Any]]


class Recordings:
    """Windows of T ticks, cut at random from recorded lives."""

    def __init__(self, paths: Sequence[str], spec: WorldSpec, ticks: int) -> None:
        """Reads the records of these paths; only lane 0 counts.

        Where a person drove, only windows in which nobody else did are used.

        Raises:
          ValueError: a file can't be read, has no such window, or is of another world.
        """
        self.spec, self.ticks = spec, ticks
        self._lives = [self._read(load(path)) for path in paths]
        self._starts = [
            (number, start)
            for number, life in enumerate(self._lives)
            for start in self._windows(life, paths[number])
        ]

    def _read(self, record: Record) -> Arrays:
        """Returns lane 0's arrays [T, …] that a rollout is made of."""
        wanted = {f"{PARTS}{part.name}": part.shape for part in self.spec.parts}
        for name, shape in wanted.items():
            found = record[name].shape[2:] if name in record.names else None
            if found != shape:
                raise ValueError(
                    f"`recordings` must be of this world; {record.path} has "
                    f"{name.removeprefix(PARTS)} of shape {found}, not {shape}. Record it with "
                    "the same settings."
                )
        names = [*wanted, *(f"{TRUTH}{name}" for name in TRUTHS), *OTHERS]
        return {"driver": record["driver"], **{name: record[name][:, 0] for name in names}}

    def _windows(self, life: Arrays, path: str) -> list[int]:
        """Returns where windows begin that hold one kind of driver."""
        is_person = life["driver"] == PERSON
        counts = is_person if is_person.any() else np.ones(len(is_person), bool)
        run = np.convolve(counts, np.ones(self.ticks, np.int64))[self.ticks - 1 :]
        starts = np.flatnonzero(run[: len(counts) - self.ticks + 1] == self.ticks).tolist()
        if not starts:
            raise ValueError(
                f"`recordings` must hold {self.ticks} steps in a row of whoever drives; {path} "
                f"has {int(counts.sum())} in all. Play on, or leave it out."
            )
        return starts

    def __len__(self) -> int:
        """Steps in all recordings together."""
        return sum(len(life["reward"]) for life in self._lives)

    def sample(
        self, lanes: int, perception: AbstractPerception, rng: torch.Generator
    ) -> Rollout:
        """Returns a rollout of `lanes` windows drawn with `rng`.

        Values are what `perception` expects now; memory begins empty with every window.
        """
        drawn = torch.randint(len(self._starts), (lanes,), generator=rng).tolist()
        windows = [self._window(*self._starts[index]) for index in drawn]
        stacked = {
            name: np.stack([window[name] for window in windows], axis=1) for name in windows[0]
        }
        return self._rollout(stacked, perception)

    def _window(self, number: int, start: int) -> Arrays:
        life = self._lives[number]
        return {name: array[start : start + self.ticks] for name, array in life.items()}

    def _rollout(self, arrays: Arrays, perception: AbstractPerception) -> Rollout:
        """Returns the rollout of arrays [T, B, …]."""
        ticks, lanes = arrays["reward"].shape
        tensors = {n: torch.from_numpy(a) for n, a in arrays.items() if n != "driver"}
        parts = {part.name: tensors[f"{PARTS}{part.name}"] for part in self.spec.parts}
        is_first = tensors[FIRST].clone()
        is_first[0] = True
        ended = tensors["terminated"] | tensors["truncated"]
        actions = tensors["action"].reshape(ticks * lanes, self.spec.actions.heads)
        behaviour = _constants(actions, self.spec)
        memory = perception.initial_memory(lanes)
        with torch.no_grad():
            encoded = perception.encode({n: part.flatten(0, 1) for n, part in parts.items()})
            features = perception.replay(encoded.view(ticks, lanes, -1), memory, is_first)
            quantiles = perception.quantiles(features.flatten(0, 1), behaviour.affect_before)
        value = quantiles.mean((1, 2)).view(ticks, lanes)
        arrival = torch.cat((value[1:], value[-1:])).masked_fill(ended, 0.0)
        still = torch.zeros(ticks, lanes)
        return Rollout(
            parts=parts, is_first=is_first, memory=memory, behaviour=behaviour, value=value,
            arrival=arrival, reward=tensors["reward"].float(), ended=ended, features=features,
            quantiles=quantiles.view(ticks, lanes, *quantiles.shape[1:]),
            facts=torch.zeros(ticks, lanes, len(self.spec.facts)),
            surprise=still, novelty=still, risk=still, arrival_risk=still,
            labels=self._labels(arrays, tensors, ended), expert=actions,
        )  # fmt: skip

    def _labels(self, arrays: Arrays, tensors: dict[str, Tensor], ended: Tensor) -> Labels:
        rows, told = ended.numel(), {name: arrays[f"{TRUTH}{name}"] for name in TRUTHS}
        flat = {name: array.reshape(rows, *array.shape[2:]) for name, array in told.items()}
        truth = Truth(**flat)
        risk, risk_known = failure_soon(tensors["cost"].float(), ended)
        return Labels(
            facts=torch.from_numpy(truth.facts), known=meaningful(truth, self.spec),
            scene=torch.from_numpy(truth.scene), path=torch.from_numpy(truth.path),
            risk=risk.flatten(), risk_known=risk_known.flatten(),
        )  # fmt: skip


def _constants(actions: Tensor, spec: WorldSpec) -> Behaviour:
    """Returns the behaviour of someone who is no policy of ours."""
    rows, width = len(actions), spec.actions.width
    is_box = spec.actions.is_box
    return Behaviour(
        action=actions.float() if is_box else actions.long(),
        log_prob=torch.zeros(rows),
        permitted=torch.ones(rows, width, dtype=torch.bool),
        preference=torch.zeros(rows, width),
        temperature=torch.ones(rows),
        affect=torch.zeros(rows, AFFECT_WIDTH),
        affect_before=torch.zeros(rows, AFFECT_WIDTH),
    )
