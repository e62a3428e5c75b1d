"""The learner: improves a mind on rollouts, by imitation, by reward, and by what the world tells.

Perception, memory, policy and value are one network; every step of the optimiser takes all losses
of the phase together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

import torch
from torch import Tensor, nn

from ..config import TrainConfig
from ..types import (
    AbstractDecision,
    AbstractEmotion,
    AbstractPerception,
    Behaviour,
    Modality,
    WorldSpec,
)
from .augment import random_shift
from .auxiliary import Rarity, perception_losses, rarity
from .feeling import felt_pace, felt_reward, moments_of
from .imitation import imitation_loss
from .ppo import RewardScale, divergence, gae, policy_loss, quantile_loss
from .rollout import Rollout
from .workers import Flat, Group

ADAM_EPSILON = 1e-5  # Huang 2022, detail 3
Losses = dict[str, float]
"""What an update tells: the means of its steps under the names that dashboards know."""


class Learner:
    """Improves a mind's perception and decision on rollouts."""

    def __init__(
        self, spec: WorldSpec, perception: AbstractPerception, decision: AbstractDecision,
        config: TrainConfig, rng: torch.Generator, group: Group,
        emotion: AbstractEmotion | None = None,
    ) -> None:  # fmt: skip
        """Prepares the config's updates; `rng` draws minibatches, `emotion` is told of scales.

        On another device than the processor copies learn there, and hand their weights over to the
        mind that acts after every update.

        Raises:
          RuntimeError: torch has no such device here.
        """
        self.spec, self.config, self.rng, self.group = spec, config, rng, group
        self.acting, self.emotion = nn.ModuleList((perception, decision)), emotion
        self.device = torch.device(config.device)
        self.perception, self.decision = perception, decision
        if config.device != "cpu":
            self.perception = copy.deepcopy(perception).to(self.device)
            self.decision = copy.deepcopy(decision).to(self.device)
        self.done = 0
        self._rare = Rarity(*(x.to(self.device) for x in Rarity.none(spec)))
        self.scale = RewardScale(config.ppo.lanes, config.ppo.gamma, group)
        self.flat = Flat((self.perception, self.decision))
        self.optimiser = torch.optim.AdamW(
            [self.flat.parameter], config.ppo.learning_rate, eps=ADAM_EPSILON,
            weight_decay=config.ppo.weight_decay,
        )  # fmt: skip

    @property
    def phase(self) -> str:
        """How the next update learns."""
        return self.config.phase(self.done)

    def update(self, rollout: Rollout) -> Losses:
        """Takes a rollout into account; the mind's parameters and running scales change."""
        config, phase = self.config.ppo, self.phase
        feels = self.config.mind.emotion
        rate = self.learning_rate * float(self.group.mean(felt_pace(rollout, feels)))
        for options in self.optimiser.param_groups:
            options["lr"] = rate
        reward = rollout.reward
        if config.normalises_reward:
            reward = self.scale(reward, rollout.ended)
        own, reward = reward, reward + felt_reward(rollout, feels, config.gamma)
        advantage = gae(
            reward, rollout.value, rollout.arrival, rollout.ended, config.gamma, config.gae_lambda
        )
        target = advantage + rollout.value
        self._rare = Rarity(*(x.to(self.device) for x in rarity(rollout.labels, self.spec)))
        rows: list[Losses] = []
        epochs = config.epochs if phase == "ppo" else 1
        for done in range(1, epochs + 1):
            parts = [self._step(rollout, advantage, target, chosen) for chosen in self._parts()]
            rows += parts
            if phase == "ppo" and config.kl_stop > 0 and done < epochs:
                kl = torch.tensor(sum(row["approx_kl"] for row in parts) / len(parts))
                if float(self.group.mean(kl)) > config.kl_stop:
                    epochs = done
                    break
        self._observe_scales(rollout, own)
        self._hand_over()
        self.done += 1
        found = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
        unexplained = float((target - rollout.value).var() / (target.var() + 1e-8))
        found |= {"explained_variance": 1.0 - unexplained, "epochs": float(epochs)}
        return {**found, "learning_rate": rate}

    def _hand_over(self) -> None:
        """Gives what was learned to the mind that acts, where that is another copy."""
        learned = nn.ModuleList((self.perception, self.decision)).state_dict()
        if self.perception is not self.acting[0]:
            self.acting.load_state_dict(learned)

    def take_over(self) -> None:
        """Takes the weights of the mind that acts, after these were loaded."""
        if self.perception is not self.acting[0]:
            nn.ModuleList((self.perception, self.decision)).load_state_dict(
                self.acting.state_dict()
            )

    @property
    def learning_rate(self) -> float:
        """What the optimiser's step is now: each phase has a straight line of its own."""
        config, imitation = self.config.ppo, self.config.imitation
        updates = self.config.updates
        first = round(imitation.share * updates)
        if self.done < first:
            end = config.learning_rate if first < updates else 0.1 * imitation.learning_rate
            return imitation.learning_rate + (end - imitation.learning_rate) * self.done / first
        if not config.anneals:
            return config.learning_rate
        return config.learning_rate * (1 - (self.done - first) / (updates - first))

    @property
    def imitation_weight(self) -> float:
        """How much the expert counts now."""
        if self.phase != "ppo":
            return float(self.phase == "imitation")
        updates, imitation = self.config.updates, self.config.imitation
        first = round((imitation.share + imitation.value_share) * updates)
        return imitation.weight * (1 - (self.done - first) / (updates - first))

    def _parts(self) -> Iterator[Tensor]:
        """Yields the lanes of each minibatch of an epoch."""
        own = self.config.ppo if self.phase == "ppo" else self.config.imitation
        order = torch.randperm(self.config.ppo.lanes, generator=self.rng)
        yield from order.chunk(own.minibatches)

    def _step(
        self, rollout: Rollout, advantage: Tensor, target: Tensor, chosen: Tensor
    ) -> Losses:
        """Makes one step of the optimiser on some lanes."""
        part = rollout.lanes(chosen).to(self.device)
        advantage, target = (x[:, chosen].to(self.device) for x in (advantage, target))
        encoded, features = unroll(self.perception, part)
        if self.phase == "value":  # heads learn; what the policy reads stays as it is
            encoded, features = encoded.detach(), features.detach()
        quantiles = self.perception.quantiles(features, part.behaviour.affect_before)
        value = quantile_loss(quantiles, target.flatten())
        told = {"value_loss": float(value.detach())}
        loss = self.config.ppo.value * value
        if self.phase == "ppo":
            loss = loss + self._reward_loss(part.behaviour, features, advantage, told)
            if self.config.ppo.augmentation > 0 and self._has_pictures:
                alike = self._alike_loss(part, features, quantiles)
                loss = loss + self.config.ppo.augmentation * alike
                told["augmentation_loss"] = float(alike.detach())
        if self.imitation_weight > 0 and part.expert.shape[-1]:
            raw, log_std = self.decision.policy(features, part.behaviour.affect)
            expert = imitation_loss(
                raw, log_std, part.expert, self.spec.actions, self.config.imitation.smoothing
            )
            loss = loss + self.imitation_weight * expert
            told["imitation_loss"] = float(expert.detach())
        loss = loss + self._perception_loss(part, encoded, features, told)
        self.flat.gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        self.group.mean(self.flat.gradient)
        self.flat.clip(self.config.ppo.gradient_norm)
        self.optimiser.step()
        return told

    def _reward_loss(
        self, behaviour: Behaviour, features: Tensor, advantage: Tensor, told: Losses
    ) -> Tensor:
        """Returns the clipped surrogate with its entropy bonus (Schulman 2017)."""
        config = self.config.ppo
        log_prob, entropy = self.decision.evaluate(features, behaviour)
        gain = advantage.flatten()
        gain = (gain - gain.mean()) / (gain.std() + 1e-8)
        policy = policy_loss(log_prob, behaviour.log_prob, gain, config.clip)
        with torch.no_grad():
            change = log_prob - behaviour.log_prob
            kl = (change.exp() - 1 - change).mean()  # Schulman 2020, k3
            cut = (change.exp() - 1).abs().gt(config.clip).float().mean()
        numbers = (policy, entropy.mean(), kl, cut)
        names = ("policy_loss", "entropy", "approx_kl", "clipfrac")
        told.update({n: float(x.detach()) for n, x in zip(names, numbers, strict=True)})
        return policy - config.entropy * entropy.mean()

    @property
    def _has_pictures(self) -> bool:
        return any(part.modality is Modality.IMAGE for part in self.spec.parts)

    def _alike_loss(self, part: Rollout, features: Tensor, quantiles: Tensor) -> Tensor:
        """Returns how far policy and values differ in moved pictures (Raileanu 2021, eq. 5)."""
        moved = {p.name: part.parts[p.name] for p in self.spec.parts}
        for one in self.spec.parts:
            if one.modality is Modality.IMAGE:
                flat = random_shift(moved[one.name].flatten(0, 1), self.rng)
                moved[one.name] = flat.view(moved[one.name].shape)
        _, others = unroll(self.perception, replace(part, parts=moved))
        behaviour, actions = part.behaviour, self.spec.actions
        with torch.no_grad():
            was = self.decision.policy(features, behaviour.affect)
        now = self.decision.policy(others, behaviour.affect)
        values = self.perception.quantiles(others, behaviour.affect_before)
        error = (values - quantiles.detach()).square().mean()
        return divergence(was, now, actions).mean() + error

    def _perception_loss(
        self, part: Rollout, encoded: Tensor, features: Tensor, told: Losses
    ) -> Tensor:
        """Returns the weighted losses of all heads that the action does not need."""
        weights: Mapping[str, float] = asdict(self.config.auxiliary)
        losses = perception_losses(
            self.perception.beliefs(features), part.labels, self.spec, self._rare
        )
        losses["expect"] = self._expect_loss(part, encoded, features)
        losses["novelty"] = self.perception.unfamiliarity(features).mean()
        told.update({f"{name}_loss": float(loss.detach()) for name, loss in losses.items()})
        return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()

    def _expect_loss(self, part: Rollout, encoded: Tensor, features: Tensor) -> Tensor:
        """Returns the squared error of the encoding expected a tick ahead."""
        ticks, lanes = part.shape
        goes_on = ~part.ended[:-1].flatten()
        before = slice(0, (ticks - 1) * lanes)
        expected = self.perception.expected(features[before], part.behaviour.action[before])
        error = (expected - encoded[lanes:].detach()).square().mean(-1)
        weight = goes_on.to(error.dtype)
        return (error * weight).sum() / weight.sum().clamp(min=1.0)

    def _observe_scales(self, rollout: Rollout, reward: Tensor) -> None:
        """Takes the rollout into account for running scales, alike in all workers.

        `reward` f32[T, B] is the world's own, scaled.
        """
        self.perception.observe_scales(
            {n: part.flatten(0, 1).to(self.device) for n, part in rollout.parts.items()},
            rollout.features.flatten(0, 1).to(self.device), self.group.sum,
        )  # fmt: skip
        if self.emotion is not None:
            config = self.config.ppo
            unit = self.scale.unit if config.normalises_reward else 1.0
            moments = moments_of(rollout, reward, unit, config.gamma)
            self.emotion.observe_scales(moments, self.group.sum)


def unroll(perception: AbstractPerception, rollout: Rollout) -> tuple[Tensor, Tensor]:
    """Returns encodings f32[T·B, E] and features f32[T·B, F] of a rollout, memory replayed from
    the stored one."""
    ticks, batch = rollout.shape
    encoded = perception.encode({n: part.flatten(0, 1) for n, part in rollout.parts.items()})
    features = perception.replay(
        encoded.view(ticks, batch, -1), rollout.memory, rollout.is_first
    )
    return encoded, features.flatten(0, 1)
