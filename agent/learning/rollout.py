"""What was lived in T ticks of B lives, kept for learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..types import Behaviour, Labels, Tick, Trace, Truth, WorldSpec, map_note
from .auxiliary import failure_soon, meaningful


@dataclass(frozen=True, eq=False)
class Rollout:
    """T ticks of B lives; every tensor is [T, B, …] but `memory`.

    parts as the observation's; is_first, terminated, ended bool; memory f32[B, M] before the first
    tick; behaviour flat [T·B, …]; value f32 and arrival f32: V before the step and V of where it
    led (0 where terminated); reward f32; features f32[T, B, F], quantiles f32[T, B, heads, Q],
    facts f32[T, B, K], surprise, novelty and risk f32 as perceived when acting; arrival_risk f32:
    the risk of where the step led. labels flat [T·B, …]: what perception is to learn; expert
    flat i64[T·B, H] or f32[T·B, D]: what the expert would have done, D or H = 0 without one.
    """

    parts: Mapping[str, Tensor]
    is_first: Tensor
    memory: Tensor
    behaviour: Behaviour
    value: Tensor
    arrival: Tensor
    reward: Tensor
    ended: Tensor
    features: Tensor
    quantiles: Tensor
    facts: Tensor
    surprise: Tensor
    novelty: Tensor
    risk: Tensor
    arrival_risk: Tensor
    labels: Labels
    expert: Tensor

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
            labels=map_note(self.labels, flat),
            expert=flat(self.expert),
            value=self.value[:, chosen],
            arrival=self.arrival[:, chosen],
            reward=self.reward[:, chosen],
            ended=self.ended[:, chosen],
            features=self.features[:, chosen],
            quantiles=self.quantiles[:, chosen],
            facts=self.facts[:, chosen],
            surprise=self.surprise[:, chosen],
            novelty=self.novelty[:, chosen],
            risk=self.risk[:, chosen],
            arrival_risk=self.arrival_risk[:, chosen],
        )


    def to(self, device: torch.device) -> Rollout:
        """Returns the rollout on another device; itself where it is there."""
        if self.reward.device == device:
            return self
        return map_note(self, lambda tensor: tensor.to(device))


class Recorder:
    """Gathers ticks into a rollout."""

    def __init__(self, spec: WorldSpec, memory: Tensor, affect: Tensor) -> None:
        """Begins with memory f32[B, M] and affect f32[B, AFFECT_WIDTH] before the first tick."""
        self._spec = spec
        self._memory, self._affect = memory.clone(), affect
        self._traces: list[Trace] = []
        self._parts: list[Mapping[str, Tensor]] = []
        self._rewards: list[Tensor] = []
        self._ended: list[Tensor] = []
        self._costs: list[Tensor] = []
        self._seen: list[Truth] = []
        self._experts: list[Tensor] = []
        self._actions: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._traces)

    @property
    def last_seen(self) -> Truth:
        """What the sensors could show before the newest step."""
        return self._seen[-1]

    def add(
        self, tick: Tick, seen: Truth, expert: Tensor | None = None, taken: Tensor | None = None
    ) -> None:
        """Takes a tick into account in which a mind acted or watched.

        Args:
          tick: pixels are copied, the world overwrites its own.
          seen: what of the truth the sensors could show before the step.
          expert: what the expert would have done, i64[B, H] or f32[B, D].
          taken: what was done where that is not what the mind decided, in the same form.
        """
        assert tick.trace is not None, "a mind acts"
        decision = tick.trace.decision
        mine = decision.proposed if self._spec.actions.is_box else decision.action
        self._actions.append(mine if taken is None else taken)
        self._traces.append(tick.trace)
        parts = tick.trace.observation.parts
        self._parts.append({name: part.clone() for name, part in parts.items()})
        self._rewards.append(torch.from_numpy(tick.reward).float())
        self._ended.append(torch.from_numpy(tick.terminated | tick.truncated))
        self._costs.append(torch.from_numpy(tick.cost))
        self._seen.append(seen)
        batch = len(tick.reward)
        self._experts.append(torch.zeros(batch, 0) if expert is None else expert)

    def finish(self, after: Trace) -> Rollout:
        """Returns the rollout; `after` is the trace of the tick that follows it."""
        traces = self._traces
        later = (*traces[1:], after)
        percepts = [trace.percept for trace in traces]
        ended = torch.stack(self._ended)
        return Rollout(
            parts={name: torch.stack([p[name] for p in self._parts]) for name in self._parts[0]},
            is_first=torch.stack([trace.observation.is_first for trace in traces]),
            memory=self._memory,
            behaviour=self._behaviour(),
            value=torch.stack([trace.decision.value for trace in traces]),
            arrival=torch.stack([trace.arrival_value for trace in later]),
            reward=torch.stack(self._rewards),
            ended=ended,
            features=torch.stack([percept.features for percept in percepts]),
            quantiles=torch.stack([percept.quantiles for percept in percepts]),
            facts=torch.stack([percept.facts for percept in percepts]),
            surprise=torch.stack([percept.surprise for percept in percepts]),
            novelty=torch.stack([percept.novelty for percept in percepts]),
            risk=torch.stack([percept.risk for percept in percepts]),
            arrival_risk=torch.stack([trace.arrival_risk for trace in later]),
            labels=self._labels(ended),
            expert=torch.cat(self._experts),
        )

    def _behaviour(self) -> Behaviour:
        traces = self._traces
        decisions = [trace.decision for trace in traces]
        affects = [trace.affect.vector() for trace in traces]
        before = [
            affect.masked_fill(trace.observation.is_first[:, None], 0.0)
            for affect, trace in zip((self._affect, *affects), traces, strict=False)
        ]
        return Behaviour(
            action=torch.cat(self._actions),
            log_prob=torch.cat([d.log_prob for d in decisions]),
            permitted=torch.cat([d.permitted for d in decisions]),
            preference=torch.cat([trace.judgement.preference for trace in traces]),
            temperature=torch.cat([trace.affect.temperature for trace in traces]),
            affect=torch.cat(affects),
            affect_before=torch.cat(before),
        )

    def _labels(self, ended: Tensor) -> Labels:
        seen = self._seen
        risk, risk_known = failure_soon(torch.stack(self._costs), ended)

        def joined(name: str) -> Tensor:
            return torch.from_numpy(np.concatenate([getattr(one, name) for one in seen]))

        return Labels(
            facts=joined("facts"),
            known=torch.cat([meaningful(one, self._spec) for one in seen]),
            scene=joined("scene"),
            path=joined("path"),
            risk=risk.flatten(),
            risk_known=risk_known.flatten(),
        )
