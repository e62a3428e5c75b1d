"""Perception: camera, lidar, state and words become features, and features become beliefs.

What is believed of the world (facts, scene, path, risk) and the critic's value are read from the
same features, so that learning any of them shapes what all of them see.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import PerceptionConfig
from .memory import make_memory
from .nets import Novelty, RunningNorm, action_code, linear, make_encoder, zero_linear
from .types import (
    AFFECT_WIDTH,
    PATH_COLUMNS,
    SCENE_COLUMNS,
    AbstractPerception,
    Beliefs,
    MindState,
    Modality,
    Observation,
    Percept,
    SceneSpec,
    WorldSpec,
)

HEAD_GAIN = 0.01  # beliefs begin near the middle of what is possible
PATH_SCALE = 10.0  # [m] path heads work in units of this
SPEED_SCALE = 10.0  # [m/s] so do the scene's speeds
LEAST_DOUBT = 1e-3  # of a fact's half range: no belief is ever certain


class Calibration(nn.Module):
    """What was found on held-out lives: factors of σ, slope and shift of logits.

    fact_scale, fact_slope, fact_shift f32[K]; scene_scale f32[2] (range, speeds); presence
    f32[C, 2], by the class that is believed, and risk f32[2], slope and shift each. They begin as
    the identity.
    Source: Platt 1999; Kuleshov 2018 for the factors.
    """

    fact_scale: Tensor
    fact_slope: Tensor
    fact_shift: Tensor
    scene_scale: Tensor
    presence: Tensor
    risk: Tensor

    def __init__(self, facts: int, classes: int) -> None:
        """Begins as the identity for K facts and C classes of things."""
        super().__init__()
        self.register_buffer("fact_scale", torch.ones(facts))
        self.register_buffer("fact_slope", torch.ones(facts))
        self.register_buffer("fact_shift", torch.zeros(facts))
        self.register_buffer("scene_scale", torch.ones(2))
        self.register_buffer("presence", torch.tensor([1.0, 0.0]).repeat(classes, 1))
        self.register_buffer("risk", torch.tensor([1.0, 0.0]))


class Perception(AbstractPerception):
    """One encoder for each part of the observation, a memory, and the fixed set of heads."""

    def __init__(self, spec: WorldSpec, config: PerceptionConfig) -> None:
        """Makes the networks for what `spec` declares."""
        super().__init__()
        self.spec = spec
        self.config = config
        widths = {
            Modality.IMAGE: config.image_width,
            Modality.SYMBOLS: config.image_width,
            Modality.RANGES: config.ranges_width,
            Modality.VECTOR: config.vector_width,
            Modality.WORDS: config.word_width,
        }
        texts = [part for part in spec.parts if part.modality is Modality.WORDS]
        self.encoders = nn.ModuleList(
            make_encoder(part, widths, config.backbone, config.normalises_images,
                         len(texts) * config.word_width)
            for part in spec.parts
        )  # fmt: skip
        self.encoded_width = sum(widths[part.modality] for part in spec.parts)
        width = config.features
        self.dense = linear(self.encoded_width, width, math.sqrt(2))
        self.norm = nn.LayerNorm(width)
        self.memory = make_memory(config.memory, width, config.window)

        self.facts = linear(width, 2 * len(spec.facts), HEAD_GAIN)
        scene = spec.scene.sectors * _scene_outputs(spec.scene) if spec.scene else 0
        self.scene = linear(width, scene, HEAD_GAIN)
        self.path = linear(width, spec.path_points * len(PATH_COLUMNS), HEAD_GAIN)
        self.risk = linear(width, 1, HEAD_GAIN)
        outputs = config.value_heads * config.quantiles
        self.value = linear(width, outputs)
        self.value_affect = zero_linear(AFFECT_WIDTH, outputs)
        self.expect = linear(width + spec.actions.width, self.encoded_width)
        self.novelty = Novelty(width)
        self.calibration = Calibration(
            len(spec.facts), len(spec.scene.classes) if spec.scene is not None else 0
        )

        low = torch.tensor([fact.low for fact in spec.facts])
        high = torch.tensor([fact.high for fact in spec.facts])
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        boolean = torch.tensor([fact.is_boolean for fact in spec.facts], dtype=torch.bool)
        self.register_buffer("is_boolean", boolean, persistent=False)

    # -------------------------------------------------------------- from the world to features

    def initial_memory(self, batch: int) -> Tensor:
        """Returns f32[B, M], that of lives that have seen nothing."""
        return self.memory.initial(batch)

    def encode(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Returns f32[N, E], the encodings of all parts side by side."""
        pairs = list(zip(self.spec.parts, self.encoders, strict=True))
        said = {p.name: e(parts[p.name]) for p, e in pairs if p.modality is Modality.WORDS}
        words = torch.cat(list(said.values()), dim=-1) if said else None
        encoded = []
        for part, encoder in pairs:
            if part.modality is Modality.WORDS:
                encoded.append(said[part.name])
            elif part.modality is Modality.IMAGE:
                encoded.append(encoder(parts[part.name], words))
            else:
                encoded.append(encoder(parts[part.name]))
        return encoded[0] if len(encoded) == 1 else torch.cat(encoded, dim=-1)

    def remember(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features f32[B, F] and the memory f32[B, M].

        What is seen now reaches the features directly, what was seen before through the memory.
        """
        return self.memory.step(functional.relu(self.norm(self.dense(encoded))), memory)

    def replay(self, encoded: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns features f32[T, B, F] of T ticks in a row; memory begins anew where is_first."""
        seen = functional.relu(self.norm(self.dense(encoded)))
        return self.memory.replay(seen, memory, is_first)

    def observe_scales(
        self, parts: Mapping[str, Tensor], features: Tensor, total: Callable[[Tensor], Tensor]
    ) -> None:
        """Takes N moments into account for all running scales; learning only."""
        for part, encoder in zip(self.spec.parts, self.encoders, strict=True):
            for module in encoder.children():
                if isinstance(module, RunningNorm):
                    module.update(parts[part.name], total)
        self.novelty.observe(features, total)

    # -------------------------------------------------------------- from features to beliefs

    def beliefs(self, features: Tensor) -> Beliefs:
        """Returns what the heads state, before calibration."""
        rows, spec = len(features), self.spec
        raw, width = self.facts(features).chunk(2, dim=-1)
        low, high = cast(Tensor, self.low), cast(Tensor, self.high)
        half = (high - low) / 2
        is_boolean = cast(Tensor, self.is_boolean)
        sectors, classes = (spec.scene.sectors, len(spec.scene.classes)) if spec.scene else (0, 0)
        reach = spec.scene.range if spec.scene else 1.0
        scene = self.scene(features).view(rows, sectors, 6 + classes)
        distance, speeds, sigma, presence, kinds = scene.split((1, 2, 2, 1, classes), dim=-1)
        path = self.path(features).view(rows, spec.path_points, len(PATH_COLUMNS))
        return Beliefs(
            fact=torch.where(is_boolean, raw, (low + high) / 2 + half * raw),
            fact_sigma=half * (functional.softplus(width) + LEAST_DOUBT),
            range=reach * torch.sigmoid(distance).squeeze(-1),
            speeds=SPEED_SCALE * speeds,
            sigma=raw.new_tensor((reach / 2, SPEED_SCALE)) * functional.softplus(sigma),
            presence=presence.squeeze(-1),
            classes=kinds,
            path=PATH_SCALE * path,
            risk=self.risk(features).squeeze(-1),
        )

    def expected(self, features: Tensor, action: Tensor) -> Tensor:
        """Returns f32[N, E], the encoding of what will be seen after `action`."""
        code = action_code(action, self.spec.actions)
        return cast(Tensor, self.expect(torch.cat((features, code), dim=-1)))

    def unfamiliarity(self, features: Tensor) -> Tensor:
        """Returns f32[N], the error that novelty is measured by."""
        return cast(Tensor, self.novelty(features))

    def quantiles(self, features: Tensor, affect: Tensor) -> Tensor:
        """Returns f32[N, heads, Q], what each value head expects of the return.

        `affect` f32[N, AFFECT_WIDTH] is that of the tick before: to feel takes the
        value of now.
        """
        raw = self.value(features) + self.value_affect(affect)
        return cast(Tensor, raw.view(-1, self.config.value_heads, self.config.quantiles))

    def perceive(self, observation: Observation, state: MindState) -> Percept:
        """Returns what is believed now; `state` is that before, begun anew where is_first."""
        encoded = self.encode(observation.parts)
        features, memory = self.remember(encoded, state.memory)
        stated = self.beliefs(features)
        facts, doubt = self._facts(stated)
        missed = (self.expected(state.features, state.action) - encoded).square().mean(-1)
        return Percept(
            features=features,
            facts=facts,
            doubt=doubt,
            scene=self._scene(stated),
            path=stated.path,
            risk=_probability(stated.risk, self.calibration.risk),
            quantiles=self.quantiles(features, state.affect.vector()),
            surprise=missed.masked_fill(observation.is_first, 0.0),
            novelty=self.novelty.score(features),
            memory=memory,
        )

    def _facts(self, stated: Beliefs) -> tuple[Tensor, Tensor]:
        """Returns facts and doubt, f32[N, K] each, as Percept defines them, in facts' units."""
        found = self.calibration
        chance = torch.sigmoid(found.fact_slope * stated.fact + found.fact_shift)
        number = stated.fact.clamp(cast(Tensor, self.low), cast(Tensor, self.high))
        is_boolean = cast(Tensor, self.is_boolean)
        return (
            torch.where(is_boolean, chance, number),
            torch.where(
                is_boolean, (chance * (1 - chance)).sqrt(), found.fact_scale * stated.fact_sigma
            ),
        )

    def _scene(self, stated: Beliefs) -> Tensor:
        """Returns f32[N, S, 7] in the order and units of SCENE_COLUMNS."""
        if self.spec.scene is None:
            return stated.path.new_zeros(len(stated.path), 0, len(SCENE_COLUMNS))
        kind = stated.classes.argmax(-1)
        slope, shift = self.calibration.presence[kind].unbind(-1)
        columns = (
            stated.range[..., None],
            stated.speeds,
            kind[..., None].to(stated.range.dtype),
            self.calibration.scene_scale * stated.sigma,
            torch.sigmoid(slope * stated.presence + shift)[..., None],
        )
        return torch.cat(columns, dim=-1)


def _probability(logit: Tensor, calibration: Tensor) -> Tensor:
    """Returns the probability of a logit after slope and shift."""
    return torch.sigmoid(calibration[0] * logit + calibration[1])


def _scene_outputs(scene: SceneSpec) -> int:
    """Returns the outputs of one sector: range, two speeds, two sigmas, presence, classes."""
    return 6 + len(scene.classes)
