"""What perception learns from what the world says is so: losses of its heads, and calibration.

Numbers are learned by a likelihood, so that each comes with its doubt; the doubt is rescaled on
held-out lives afterwards, and probabilities are set right there.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..types import Beliefs, Labels, Truth, WorldSpec

HORIZON = 10  # [ticks] "failure soon"
BETA = 0.5  # Seitzer 2022: between likelihood (0) and squared error (1)
SPEED_UNIT = 10.0  # [m/s] and
PATH_UNIT = 2.0  # [m]: errors in these units count alike
NORMAL_95 = 1.959964  # standard deviations that hold 95 % of a normal distribution
PRESENCE = 20.0  # weight of a scene's presence: it is a mean over sectors, most of them empty
PLACE = 4.0  # weight of its ranges and speeds
NEAR = 5.0  # [m] at this range errors count half as much as at none
MOST = 10.0  # times that a rare moment counts more than a common one
FEWEST = 200  # moments from which on a calibration is fitted
(_RANGE, _SPEEDS, _CLASS, _PRESENCE) = (0, slice(1, 3), 3, 6)  # columns of a scene


# ------------------------------------------------------------------------------------- labels


def meaningful(seen: Truth, spec: WorldSpec) -> Tensor:
    """Returns bool[N, K]: facts that are known and whose presence fact is true."""
    known = torch.from_numpy(seen.known.copy())
    names = spec.fact_names
    for k, fact in enumerate(spec.facts):
        if fact.requires:
            known[:, k] &= torch.from_numpy(seen.facts[:, names.index(fact.requires)] > 0.5)
    return known


def failure_soon(cost: Tensor, ended: Tensor, horizon: int = HORIZON) -> tuple[Tensor, Tensor]:
    """Returns whether a failure follows within `horizon` ticks of the same episode, f32[T, B], and
    whether the rollout is long enough to tell, bool[T, B].

    Of the last ticks nothing counts, failures neither: they alone would make failure look common.

    Args:
      cost: f32[T, B], of each tick; above 0 is a failure.
      ended: bool[T, B], an episode ended with the tick.
    """
    ticks, lanes = cost.shape
    label, known = torch.zeros(ticks, lanes), torch.zeros(ticks, lanes, dtype=torch.bool)
    failure_in = torch.full((lanes,), horizon)  # ticks until the next failure
    for tick in range(ticks - 1, -1, -1):
        failure_in = (failure_in + 1).masked_fill(ended[tick], horizon)
        failure_in = failure_in.masked_fill(cost[tick] > 0, 0)
        label[tick] = (failure_in < horizon).float()
        known[tick] = tick + horizon <= ticks
    return label, known


class Rarity(NamedTuple):
    """How much more rare moments count in losses, 1 to MOST; from one rollout's labels.

    Without it a pedestrian on the road, one moment in fifty, is not worth learning to see: the
    part of the moments p counts 1/√p times. Probabilities are set right by calibration.
    """

    facts: Tensor
    """f32[K]: of a boolean, where it is true; of a number, wherever it is known."""
    risk: Tensor
    """f32[]: of moments before a failure."""
    kinds: Tensor
    """f32[C]: of each class among what is around."""
    presence: Tensor
    """f32[C]: of a sector that holds a thing of each class, among all sectors."""

    @staticmethod
    def none(spec: WorldSpec) -> Rarity:
        """Returns that of which nothing is rare: all counts alike."""
        classes = len(spec.scene.classes) if spec.scene is not None else 0
        alike = torch.ones(classes)
        return Rarity(torch.ones(len(spec.facts)), torch.ones(()), alike, alike)


def rarity(labels: Labels, spec: WorldSpec) -> Rarity:
    """Returns how rare what the labels say is."""
    known = labels.known.float()
    boolean = torch.tensor([fact.is_boolean for fact in spec.facts], dtype=torch.bool)
    true = (labels.facts * known).sum(0) / known.sum(0).clamp(min=1.0)
    part = torch.where(boolean, true, known.mean(0))
    risk_known = labels.risk_known.float()
    risk = (labels.risk * risk_known).sum() / risk_known.sum().clamp(min=1.0)
    classes = len(spec.scene.classes) if spec.scene is not None else 0
    kinds = labels.scene[..., _CLASS][labels.scene[..., _PRESENCE] > 0.5].long()
    count = torch.bincount(kinds, minlength=classes).float()
    sectors = labels.scene[..., _PRESENCE].numel()
    return Rarity(
        _emphasis(part), _emphasis(risk), _emphasis(count / max(len(kinds), 1)),
        _emphasis(count / max(sectors, 1)),
    )


def _emphasis(part: Tensor) -> Tensor:
    return part.clamp(min=MOST**-2).rsqrt()


# ------------------------------------------------------------------------------------- losses


def beta_nll(mean: Tensor, sigma: Tensor, target: Tensor) -> Tensor:
    """Returns each number's negative log-likelihood, weighted by σ^2β (Seitzer 2022, eq. 5)."""
    variance = sigma.square()
    likelihood = 0.5 * (variance.log() + (target - mean).square() / variance)
    return likelihood * variance.detach() ** BETA


def perception_losses(
    stated: Beliefs, labels: Labels, spec: WorldSpec, rare: Rarity
) -> dict[str, Tensor]:
    """Returns {name: scalar} of what the world lets be learned: facts, scene, path, risk."""
    found = {}
    if spec.facts:
        found["facts"] = facts_loss(stated, labels, spec, rare.facts)
    if spec.scene is not None:
        found["scene"] = scene_loss(stated, labels, spec.scene.range / 2, rare)
    if spec.path_points:
        found["path"] = functional.smooth_l1_loss(
            stated.path / PATH_UNIT, labels.path / PATH_UNIT
        )
    risk = functional.binary_cross_entropy_with_logits(
        stated.risk, labels.risk, reduction="none", pos_weight=rare.risk
    )
    found["risk"] = _mean(risk, labels.risk_known)
    return found


def facts_loss(stated: Beliefs, labels: Labels, spec: WorldSpec, rare: Tensor) -> Tensor:
    """Returns the mean loss of facts: a likelihood for numbers, cross-entropy for booleans.

    `rare` f32[K] is `Rarity.facts`.
    """
    booleans = torch.tensor([k for k, fact in enumerate(spec.facts) if fact.is_boolean])
    numbers = torch.tensor([k for k, fact in enumerate(spec.facts) if not fact.is_boolean])
    total = stated.fact.new_zeros(())
    if len(numbers):
        half = stated.fact.new_tensor(
            [(spec.facts[k].high - spec.facts[k].low) / 2 for k in numbers]
        )
        loss = beta_nll(
            stated.fact[:, numbers] / half, stated.fact_sigma[:, numbers] / half,
            labels.facts[:, numbers] / half,
        )  # fmt: skip
        total = total + _mean(loss * rare[numbers], labels.known[:, numbers])
    if len(booleans):
        loss = functional.binary_cross_entropy_with_logits(
            stated.fact[:, booleans], labels.facts[:, booleans], reduction="none",
            pos_weight=rare[booleans],
        )  # fmt: skip
        total = total + _mean(loss, labels.known[:, booleans])
    return total


def scene_loss(stated: Beliefs, labels: Labels, range_unit: float, rare: Rarity) -> Tensor:
    """Returns the mean loss of sectors: whether there is something, and if so what and where.

    What is rare and what is near counts more.
    """
    present = labels.scene[..., _PRESENCE]
    there = present > 0.5
    weight = torch.where(there, rare.presence[labels.scene[..., _CLASS].long()], 1.0)
    unit = stated.range.new_tensor((range_unit, SPEED_UNIT, SPEED_UNIT))
    mean = torch.cat((stated.range[..., None], stated.speeds), dim=-1)[there] / unit
    sigma = stated.sigma[there][:, (0, 1, 1)] / unit
    target = labels.scene[there][:, : _SPEEDS.stop] / unit
    loss = PRESENCE * functional.binary_cross_entropy_with_logits(stated.presence, present, weight)
    if len(mean):
        kinds = labels.scene[there][:, _CLASS].long()
        near = range_unit / (labels.scene[there][:, _RANGE] + NEAR)
        counts = (rare.kinds[kinds] * near)[:, None]
        loss = loss + PLACE * (counts * beta_nll(mean, sigma, target)).mean()
        loss = loss + functional.cross_entropy(stated.classes[there], kinds, rare.kinds)
    return loss


def _mean(loss: Tensor, counts: Tensor) -> Tensor:
    """Returns the mean over what counts; 0 where nothing does."""
    weight = counts.to(loss.dtype)
    return (loss * weight).sum() / weight.sum().clamp(min=1.0)


# -------------------------------------------------------------------------------- calibration


def calibrate(stated: Beliefs, labels: Labels, spec: WorldSpec) -> dict[str, Tensor]:
    """Returns calibration buffers fitted to held-out moments, by the names that perception has.

    A number's σ is scaled so that 95 % of the errors lie within 1.96 σ (Kuleshov 2018); a
    probability's logit gets slope and shift (Platt 1999). Where moments are few, nothing changes.
    """
    count = len(spec.facts)
    scale, slope, shift = torch.ones(count), torch.ones(count), torch.zeros(count)
    for k, fact in enumerate(spec.facts):
        rows = labels.known[:, k]
        if fact.is_boolean:
            slope[k], shift[k] = platt(stated.fact[rows, k], labels.facts[rows, k])
        else:
            clamped = stated.fact[rows, k].clamp(fact.low, fact.high)
            scale[k] = _widen(clamped - labels.facts[rows, k], stated.fact_sigma[rows, k])
    found = {"fact_scale": scale, "fact_slope": slope, "fact_shift": shift}
    if spec.scene is not None:
        there = labels.scene[..., _PRESENCE] > 0.5
        off = stated.range[there] - labels.scene[there][:, _RANGE]
        fast = (stated.speeds[there] - labels.scene[there][:, _SPEEDS]).flatten()
        sigma = stated.sigma[there]
        spread = sigma[:, 1:].expand(-1, 2).flatten()
        found["scene_scale"] = torch.stack((_widen(off, sigma[:, 0]), _widen(fast, spread)))
        found["presence"] = _presence(stated, labels)
    rows = labels.risk_known
    found["risk"] = platt(stated.risk[rows], labels.risk[rows])
    return found


def _presence(stated: Beliefs, labels: Labels) -> Tensor:
    """Returns slope and shift f32[C, 2] of presence for each class that is believed; all moments'
    where a class is rarely believed."""
    logit, label = stated.presence.flatten(), labels.scene[..., _PRESENCE].flatten()
    kind = stated.classes.argmax(-1).flatten()
    found = platt(logit, label).repeat(stated.classes.shape[-1], 1)
    for k in range(len(found)):
        rows = kind == k
        if rows.sum() >= FEWEST and 5 <= label[rows].sum() <= rows.sum() - 5:
            found[k] = platt(logit[rows], label[rows])
    return found


def _widen(error: Tensor, sigma: Tensor) -> Tensor:
    """Returns the factor of σ with which 95 % of the errors lie within 1.96 σ."""
    if len(error) < FEWEST:
        return torch.ones(())
    ratio = (error.abs() / sigma).sort().values
    return ratio[int(0.95 * (len(ratio) - 1))] / NORMAL_95


def platt(logit: Tensor, label: Tensor, rounds: int = 30) -> Tensor:
    """Returns slope and shift f32[2] that make σ(slope·logit + shift) likeliest, by Newton's
    method; the slope is never negative, and (1, 0) where one answer is missing."""
    positives = float(label.sum())
    if len(label) < FEWEST or not 5 <= positives <= len(label) - 5:
        return torch.tensor([1.0, 0.0])
    x = torch.stack((logit.double(), torch.ones(len(logit), dtype=torch.float64)), dim=1)
    weights = torch.tensor([1.0, 0.0], dtype=torch.float64)
    prior = torch.tensor([1.0, 0.0], dtype=torch.float64)  # worth one moment
    for _ in range(rounds):
        chance = torch.sigmoid(x @ weights)
        slope = x.t() @ (chance - label.double()) + (weights - prior)
        curve = (x * (chance * (1 - chance))[:, None]).t() @ x + torch.eye(2, dtype=torch.float64)
        step = torch.linalg.solve(curve, slope)
        weights = weights - step * min(1.0, 2.0 / float(step.norm() + 1e-9))
    if not bool(weights.isfinite().all()) or float(weights[0]) <= 0:
        return torch.tensor([1.0, 0.0])
    return weights.float()
