"""Decision: a policy under masks. One Categorical a head, or a Gaussian for a Box."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from .config import DecisionConfig
from .nets import linear, zero_linear
from .types import (
    AFFECT_WIDTH,
    AbstractDecision,
    ActionSpec,
    Affect,
    Behaviour,
    Decision,
    Judgement,
    Percept,
)

MASKED = -1e9  # a logit that no option recovers from, finite so that no NaN is born of it
UNBOUNDED = 1e6  # half a Box's width from which on it counts as having no bounds


class Policy(AbstractDecision):
    """One linear layer on features and affect: REFERENCE's probe needs no more."""

    def __init__(self, features: int, actions: ActionSpec, config: DecisionConfig) -> None:
        """Makes a nearly uniform policy; a Box begins at its middle."""
        super().__init__()
        self.actions = actions
        self.config = config
        self.logits = linear(features, actions.width, 0.01)
        self.logits_affect = zero_linear(AFFECT_WIDTH, actions.width)
        dimensions = actions.width if actions.is_box else 0
        self.log_std = nn.Parameter(torch.full((dimensions,), config.log_std))
        middle, half = _centre(actions)
        self.register_buffer("middle", middle, persistent=False)
        self.register_buffer("half_range", half, persistent=False)

    def policy(self, features: Tensor, affect: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits f32[N, A] (Box: mean, in its units) and log σ f32[N, D] (else D = 0)."""
        raw = self.logits(features) + self.logits_affect(affect)
        if not self.actions.is_box:
            return raw, raw.new_zeros(len(raw), 0)
        middle, half = cast(Tensor, self.middle), cast(Tensor, self.half_range)
        return middle + half * raw, (self.log_std + half.log()).expand(len(raw), -1)

    def evaluate(self, features: Tensor, behaviour: Behaviour) -> tuple[Tensor, Tensor]:
        """Returns log-probability f32[N] of the actions that were taken, and entropy f32[N].

        Mask, preference, temperature and affect are those of the behaviour policy.
        """
        raw, log_std = self.policy(features, behaviour.affect)
        if self.actions.is_box:
            spread = log_std.exp() * behaviour.temperature[:, None]
            entropy = (spread.log() + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)
            return normal_log_prob(behaviour.action, raw, spread), entropy
        tempered = (raw + self.config.preference_weight * behaviour.preference) / (
            behaviour.temperature[:, None]
        )
        policy = log_probability(
            tempered.masked_fill(~behaviour.permitted, MASKED), self.actions
        )
        entropy = -(policy.exp() * policy).sum(-1)  # 0 · -1e9 is 0 where masked
        return log_prob_of(policy, behaviour.action, self.actions), entropy

    def decide(
        self,
        percept: Percept,
        affect: Affect,
        judgement: Judgement,
        available: Tensor,
        rng: torch.Generator,
        greedy: bool,
    ) -> Decision:
        """Returns an action for each lane, drawn with `rng` or, if greedy, the likeliest.

        Where nothing is both available and allowed in a head, what is available decides: the
        environment can't be overruled.
        """
        raw, log_std = self.policy(percept.features, affect.vector())
        if self.actions.is_box:
            return self._decide_box(raw, log_std, percept, affect, judgement, rng, greedy)
        tempered = (raw + self.config.preference_weight * judgement.preference) / (
            affect.temperature[:, None]
        )
        permitted = permit(available, judgement.allowed, self.actions)
        masked = tempered.masked_fill(~permitted, MASKED)
        # Gumbel-max: the same draw proposes and acts, so that they differ only where masked.
        noise = 0.0 if greedy else gumbel(raw.shape, rng)
        policy = log_probability(masked, self.actions)
        action = choose(masked + noise, self.actions)
        return Decision(
            proposed=choose(tempered + noise, self.actions),
            action=action,
            log_prob=log_prob_of(policy, action, self.actions),
            value=percept.value,
            policy=policy,
            spread=log_std,
            permitted=permitted,
        )

    def _decide_box(
        self,
        mean: Tensor,
        log_std: Tensor,
        percept: Percept,
        affect: Affect,
        judgement: Judgement,
        rng: torch.Generator,
        greedy: bool,
    ) -> Decision:
        spread = log_std.exp() * affect.temperature[:, None]
        noise = torch.zeros_like(mean) if greedy else torch.randn(mean.shape, generator=rng)
        proposed = mean + spread * noise
        return Decision(
            proposed=proposed,
            action=proposed.clamp(judgement.lower, judgement.upper),
            log_prob=normal_log_prob(proposed, mean, spread),
            value=percept.value,
            policy=mean,
            spread=spread,
            permitted=torch.ones_like(mean, dtype=torch.bool),
        )


def permit(available: Tensor, allowed: Tensor, actions: ActionSpec) -> Tensor:
    """Returns bool[N, A]: available and allowed, or in a head without such an option available."""
    both = available & allowed
    if actions.heads == 1:
        return torch.where(both.any(-1, keepdim=True), both, available)
    sizes = list(actions.sizes)
    pairs = zip(torch.split(both, sizes, -1), torch.split(available, sizes, -1), strict=True)
    heads = [torch.where(head.any(-1, keepdim=True), head, mine) for head, mine in pairs]
    return torch.cat(heads, dim=-1)


def gumbel(shape: torch.Size, rng: torch.Generator) -> Tensor:
    """Returns standard Gumbel noise; argmax of logits plus it is a sample (Gumbel 1954)."""
    return -torch.empty(shape).exponential_(generator=rng).log()


def choose(scores: Tensor, actions: ActionSpec) -> Tensor:
    """Returns i64[N, H], the best option of each head."""
    heads = torch.split(scores, list(actions.sizes), -1)
    return torch.stack([head.argmax(-1) for head in heads], dim=-1)


def log_probability(logits: Tensor, actions: ActionSpec) -> Tensor:
    """Returns f32[N, A], the log-probability of each option within its head."""
    if actions.heads == 1:
        return logits.log_softmax(-1)
    heads = torch.split(logits, list(actions.sizes), -1)
    return torch.cat([head.log_softmax(-1) for head in heads], dim=-1)


def log_prob_of(policy: Tensor, action: Tensor, actions: ActionSpec) -> Tensor:
    """Returns f32[N], the log-probability of i64[N, H] options taken together."""
    starts = [sum(actions.sizes[:head]) for head in range(actions.heads)]
    index = action + torch.tensor(starts, device=action.device)
    return policy.gather(-1, index).sum(-1)


def normal_log_prob(x: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Returns f32[N], the log density of x f32[N, D] under independent Gaussians."""
    density = -0.5 * ((x - mean) / spread).square() - spread.log() - 0.5 * math.log(2 * math.pi)
    return density.sum(-1)


def _centre(actions: ActionSpec) -> tuple[Tensor, Tensor]:
    """Returns the middle and half the width of a Box's dimensions; 0 and 1 without bounds.

    A dimension that is fixed has half a width of 1 as well: a density needs some spread.
    """
    low = torch.tensor(actions.low, dtype=torch.float64)
    high = torch.tensor(actions.high, dtype=torch.float64)
    half = (high - low) / 2
    bounded = half < UNBOUNDED
    return (
        torch.where(bounded, (low + high) / 2, 0.0).float(),
        torch.where(bounded & (half > 0), half, 1.0).float(),
    )
