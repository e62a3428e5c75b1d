"""Proximal policy optimisation as pure functions, and the scale of rewards.

Source: Schulman 2017 (PPO), Schulman 2016 (GAE), Huang 2022 (implementation details), Dabney 2018
(quantile regression).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..types import ActionSpec
from .workers import Group

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


def divergence(
    was: tuple[Tensor, Tensor], now: tuple[Tensor, Tensor], actions: ActionSpec
) -> Tensor:
    """Returns KL(was || now) f32[N] of two policies: logits f32[N, A], or a Box's mean, and log σ
    f32[N, D] each."""
    if actions.is_box:
        (mean, log_std), (other, other_std) = was, now
        variance = (2 * (log_std - other_std)).exp()
        gap = ((mean - other) / other_std.exp()).square()
        return (0.5 * (variance + gap - 1) - log_std + other_std).sum(-1)
    pairs = zip(*(torch.split(raw, list(actions.sizes), -1) for raw in (was[0], now[0])),
                strict=True)  # fmt: skip
    total = was[0].new_zeros(len(was[0]))
    for first, second in pairs:
        log_first = first.log_softmax(-1)
        total = total + (log_first.exp() * (log_first - second.log_softmax(-1))).sum(-1)
    return total


class RewardScale:
    """Divides rewards by the running deviation of the discounted return (Huang 2022, detail 6)."""

    def __init__(self, lanes: int, gamma: float, group: Group) -> None:
        """Begins with a deviation of 1; all workers of the group share it."""
        self.gamma, self.group = gamma, group
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
        count = seen.numel() * self.group.size
        mean = float(self.group.sum(seen.sum())) / count
        total, shift = self.count + count, mean - self.mean
        spread = float(self.group.sum((seen - mean).square().sum()))
        self.spread += spread + shift**2 * self.count * count / total
        self.mean += shift * count / total
        self.count = total
        return reward / self.unit

    @property
    def unit(self) -> float:
        """What rewards are divided by."""
        deviation: float = (self.spread / self.count) ** 0.5
        return deviation + 1e-8

    def state(self) -> dict[str, Tensor]:
        """Returns tensors to keep."""
        numbers = torch.tensor([self.count, self.mean, self.spread], dtype=torch.float64)
        return {"carried": self.carried, "numbers": numbers}

    def load(self, kept: dict[str, Tensor]) -> None:
        """Goes on from what `state` returned."""
        self.carried = kept["carried"]
        self.count, self.mean, self.spread = kept["numbers"].tolist()
