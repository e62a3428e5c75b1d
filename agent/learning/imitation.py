"""Imitation: what an expert would have done, where the mind went."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..types import ActionSpec


def imitation_loss(
    raw: Tensor, log_std: Tensor, expert: Tensor, actions: ActionSpec, smoothing: float
) -> Tensor:
    """Returns the cross-entropy of a policy with an expert's actions, a scalar.

    Args:
      raw: unmasked logits f32[N, A], or a Box's mean.
      log_std: log σ f32[N, D] of a Box.
      expert: i64[N, H] each head's option, or f32[N, D].
      smoothing: probability that the labels leave to other options.
    """
    if actions.is_box:
        spread = log_std.exp()
        error = (expert - raw) / spread
        return (0.5 * error.square() + log_std).sum(-1).mean()
    heads = torch.split(raw, list(actions.sizes), -1)
    losses = [
        functional.cross_entropy(head, expert[:, h], label_smoothing=smoothing)
        for h, head in enumerate(heads)
    ]
    return torch.stack(losses).sum()


def guided(update: int, updates: int, guidance: float) -> float:
    """Returns the part of the lanes that the expert drives in an update of a phase of `updates`,
    falling from 1 to 0 over the first `guidance` of it (Ross 2011's β)."""
    if guidance == 0:
        return 0.0
    return max(0.0, 1.0 - update / (guidance * updates))
