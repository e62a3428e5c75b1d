"""What was lived in T ticks of B lives, kept for learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..types import Behaviour, Tick, Trace, map_note


@dataclass(frozen=True, eq=False)
class Rollout:
    """T ticks of B lives; every tensor is [T, B, …] but `memory`.

    parts as the observation's; is_first, terminated, ended bool; memory f32[B, M] before the first
    tick; behaviour flat [T·B, …]; value f32 and arrival f32: V before the step and V of where it
    led (0 where terminated); reward f32.
    """

    parts: Mapping[str, Tensor]
    is_first: Tensor
    memory: Tensor
    behaviour: Behaviour
    value: Tensor
    arrival: Tensor
    reward: Tensor
    ended: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """T and B."""
        return int(self.reward.shape[0]), int(self.reward.shape[1])

    def lanes(self, chosen: Tensor) -> Rollout:
        """Returns the rollout of some lanes, i64[E]."""
        ticks, batch = self.shape

        def flat(tensor: Tensor) -> Tensor:
            whole = tensor.view(ticks, batch, *tensor.shape[1:])
            return whole[:, chosen].flatten(0, 1)

        return replace(
            self,
            parts={name: part[:, chosen] for name, part in self.parts.items()},
            is_first=self.is_first[:, chosen],
            memory=self.memory[chosen],
            behaviour=map_note(self.behaviour, flat),
            value=self.value[:, chosen],
            arrival=self.arrival[:, chosen],
            reward=self.reward[:, chosen],
            ended=self.ended[:, chosen],
        )


class Recorder:
    """Gathers ticks into a rollout."""

    def __init__(self, memory: Tensor, affect: Tensor) -> None:
        """Begins with memory f32[B, M] and affect f32[B, AFFECT_WIDTH] before the first tick."""
        self._memory, self._affect = memory.clone(), affect
        self._traces: list[Trace] = []
        self._parts: list[Mapping[str, Tensor]] = []
        self._rewards: list[Tensor] = []
        self._ended: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._traces)

    def add(self, tick: Tick) -> None:
        """Takes a tick in which the mind acted; pixels are copied, the world overwrites its own."""
        assert tick.trace is not None, "a mind acts"
        self._traces.append(tick.trace)
        parts = tick.trace.observation.parts
        self._parts.append({name: part.clone() for name, part in parts.items()})
        self._rewards.append(torch.from_numpy(tick.reward).float())
        self._ended.append(torch.from_numpy(tick.terminated | tick.truncated))

    def finish(self, after: Trace, is_box: bool) -> Rollout:
        """Returns the rollout; `after` is the trace of the tick that follows it."""
        traces = self._traces
        arrivals = [trace.arrival_value for trace in (*traces[1:], after)]
        decisions = [trace.decision for trace in traces]
        affects = [trace.affect.vector() for trace in traces]
        before = [
            affect.masked_fill(trace.observation.is_first[:, None], 0.0)
            for affect, trace in zip((self._affect, *affects), traces, strict=False)
        ]
        behaviour = Behaviour(
            action=torch.cat([d.proposed if is_box else d.action for d in decisions]),
            log_prob=torch.cat([d.log_prob for d in decisions]),
            permitted=torch.cat([d.permitted for d in decisions]),
            preference=torch.cat([trace.judgement.preference for trace in traces]),
            temperature=torch.cat([trace.affect.temperature for trace in traces]),
            affect=torch.cat(affects),
            affect_before=torch.cat(before),
        )
        return Rollout(
            parts={name: torch.stack([p[name] for p in self._parts]) for name in self._parts[0]},
            is_first=torch.stack([trace.observation.is_first for trace in traces]),
            memory=self._memory,
            behaviour=behaviour,
            value=torch.stack([d.value for d in decisions]),
            arrival=torch.stack(arrivals),
            reward=torch.stack(self._rewards),
            ended=torch.stack(self._ended),
        )
