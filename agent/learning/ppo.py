"""Proximal policy optimisation: pure functions, and the learner that applies them to a mind.

Source: Schulman 2017 (PPO), Schulman 2016 (GAE), Huang 2022 (implementation details), Dabney 2018
(quantile regression).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..config import PPOConfig
from ..types import AbstractDecision, AbstractPerception
from .rollout import Rollout

ADAM_EPSILON = 1e-5  # Huang 2022, detail 3
HUBER = 1.0  # κ of the quantile Huber loss


def gae(
    reward: Tensor, value: Tensor, arrival: Tensor, ended: Tensor, gamma: float, lam: float
) -> Tensor:
    """Returns advantages f32[T, B].

    Args:
      reward, value: f32[T, B], of a step and V before it.
      arrival: f32[T, B], V of where the step led: 0 where terminated, V of the final observation
        where truncated.
      ended: bool[T, B], an episode ended with the step; no advantage flows over it.
      gamma, lam: γ and λ.
    Source: Schulman 2016, eq. 16.
    """
    delta = reward + gamma * arrival - value
    out = torch.empty_like(delta)
    carried = torch.zeros_like(delta[0])
    flows = gamma * lam * (~ended).to(delta.dtype)
    for tick in range(len(delta) - 1, -1, -1):
        carried = delta[tick] + flows[tick] * carried
        out[tick] = carried
    return out


def policy_loss(log_prob: Tensor, before: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """Returns the clipped surrogate loss, a scalar (Schulman 2017, eq. 7, negated)."""
    ratio = (log_prob - before).exp()
    plain, clipped = ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage
    return -torch.min(plain, clipped).mean()


def quantile_loss(quantiles: Tensor, target: Tensor) -> Tensor:
    """Returns the quantile Huber loss of f32[N, heads, Q] against f32[N] (Dabney 2018, eq. 10)."""
    count = quantiles.shape[-1]
    places = (torch.arange(count, device=quantiles.device) + 0.5) / count
    error = target[:, None, None] - quantiles
    huber = torch.where(error.abs() < HUBER, 0.5 * error.square(), HUBER * (error.abs() - 0.5))
    return ((places - (error < 0).to(error.dtype)).abs() * huber).mean() * 2.0


class RewardScale:
    """Divides rewards by the running deviation of the discounted return (Huang 2022, detail 6)."""

    def __init__(self, lanes: int, gamma: float) -> None:
        """Begins with a deviation of 1."""
        self.gamma = gamma
        self.carried = torch.zeros(lanes)
        self.count, self.mean, self.spread = 1e-4, 0.0, 1e-4

    def __call__(self, reward: Tensor, ended: Tensor) -> Tensor:
        """Takes f32[T, B] into account, and returns it scaled."""
        returns = []
        for now, end in zip(reward, ended, strict=True):
            self.carried = self.carried * self.gamma + now
            returns.append(self.carried)
            self.carried = self.carried.masked_fill(end, 0.0)
        seen = torch.stack(returns).double()
        count, mean = seen.numel(), float(seen.mean())
        total, shift = self.count + count, mean - self.mean
        self.spread += float((seen - mean).square().sum()) + shift**2 * self.count * count / total
        self.mean += shift * count / total
        self.count = total
        deviation: float = (self.spread / self.count) ** 0.5
        return reward / (deviation + 1e-8)

    def state(self) -> dict[str, Tensor]:
        """Returns tensors to keep."""
        numbers = torch.tensor([self.count, self.mean, self.spread], dtype=torch.float64)
        return {"carried": self.carried, "numbers": numbers}

    def load(self, kept: dict[str, Tensor]) -> None:
        """Goes on from what `state` returned."""
        self.carried = kept["carried"]
        self.count, self.mean, self.spread = kept["numbers"].tolist()


class Step(NamedTuple):
    """What one step of the optimiser tells, under the names that dashboards know."""

    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clipfrac: float


class Losses(NamedTuple):
    """What an update tells: the means of its steps, and more."""

    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clipfrac: float
    explained_variance: float
    epochs: int


class PPO:
    """Improves a mind's perception and decision on rollouts."""

    def __init__(
        self, perception: AbstractPerception, decision: AbstractDecision, config: PPOConfig,
        updates: int, rng: torch.Generator,
    ) -> None:  # fmt: skip
        """Prepares `updates` updates; `rng` draws minibatches."""
        self.perception, self.decision = perception, decision
        self.config, self.updates, self.rng = config, updates, rng
        self.done = 0
        self.scale = RewardScale(config.lanes, config.gamma)
        self.parameters = [*perception.parameters(), *decision.parameters()]
        self.optimiser = torch.optim.AdamW(
            self.parameters, config.learning_rate, eps=ADAM_EPSILON,
            weight_decay=config.weight_decay,
        )  # fmt: skip

    def update(self, rollout: Rollout) -> Losses:
        """Takes a rollout into account; the mind's parameters and running scales change."""
        config = self.config
        if config.anneals:
            rate = config.learning_rate * (1 - self.done / self.updates)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
        reward = rollout.reward
        if config.normalises_reward:
            reward = self.scale(reward, rollout.ended)
        advantage = gae(
            reward, rollout.value, rollout.arrival, rollout.ended, config.gamma, config.gae_lambda
        )
        target = advantage + rollout.value
        rows: list[Step] = []
        epochs = 0
        for _ in range(config.epochs):
            parts = [self._step(rollout, advantage, target, chosen) for chosen in self._parts()]
            rows += parts
            epochs += 1
            kl = sum(row.approx_kl for row in parts) / len(parts)
            if 0 < config.kl_stop < kl:
                break
        flat = {name: part.flatten(0, 1) for name, part in rollout.parts.items()}
        self.perception.observe_scales(flat)
        self.done += 1
        mean = Step(*(sum(column) / len(rows) for column in zip(*rows, strict=True)))
        unexplained = float((target - rollout.value).var() / (target.var() + 1e-8))
        return Losses(**mean._asdict(), explained_variance=1.0 - unexplained, epochs=epochs)

    def _parts(self) -> Iterator[Tensor]:
        """Yields the lanes of each minibatch of an epoch."""
        order = torch.randperm(self.config.lanes, generator=self.rng)
        yield from order.chunk(self.config.minibatches)

    def _step(
        self, rollout: Rollout, advantage: Tensor, target: Tensor, chosen: Tensor
    ) -> Step:
        """Makes one step of the optimiser on some lanes."""
        config, part = self.config, rollout.lanes(chosen)
        features = unroll(self.perception, part)
        log_prob, entropy = self.decision.evaluate(features, part.behaviour)
        quantiles = self.perception.quantiles(features, part.behaviour.affect_before)
        gain = advantage[:, chosen].flatten()
        gain = (gain - gain.mean()) / (gain.std() + 1e-8)
        before = part.behaviour.log_prob
        policy = policy_loss(log_prob, before, gain, config.clip)
        value = quantile_loss(quantiles, target[:, chosen].flatten())
        loss = policy + config.value * value - config.entropy * entropy.mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, config.gradient_norm)
        self.optimiser.step()
        with torch.no_grad():
            change = log_prob - before
            kl = (change.exp() - 1 - change).mean()  # Schulman 2020, k3
            cut = (change.exp() - 1).abs().gt(config.clip).float().mean()
        numbers = (policy, value, entropy.mean(), kl, cut)
        return Step(*(float(number.detach()) for number in numbers))


def unroll(perception: AbstractPerception, rollout: Rollout) -> Tensor:
    """Returns features f32[T·B, F] of a rollout, memory replayed from the stored one."""
    ticks, batch = rollout.shape
    encoded = perception.encode({n: part.flatten(0, 1) for n, part in rollout.parts.items()})
    features = perception.replay(
        encoded.view(ticks, batch, -1), rollout.memory, rollout.is_first
    )
    return features.flatten(0, 1)
