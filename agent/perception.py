"""Perception: camera, lidar, state and words become features, and features become beliefs.

What is believed of the world (facts, scene, path, risk) and the critic's value are read from the
same features, so that learning any of them shapes what all of them see.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import PerceptionConfig
from .nets import RunningNorm, action_code, linear, make_encoder, zero_linear
from .types import (
    AFFECT_WIDTH,
    PATH_COLUMNS,
    SCENE_COLUMNS,
    AbstractPerception,
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


class Perception(AbstractPerception):
    """One encoder for each part of the observation, a GRU, and the fixed set of heads."""

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
        self.encoders = nn.ModuleList(
            make_encoder(part, widths, config.backbone) for part in spec.parts
        )
        self.encoded_width = sum(widths[part.modality] for part in spec.parts)
        width = config.features
        self.dense = linear(self.encoded_width, width, math.sqrt(2))
        self.norm = nn.LayerNorm(width)
        self.cell = nn.GRUCell(width, width) if config.memory == "gru" else None
        if self.cell is not None:
            _orthogonal_gates(self.cell)

        self.facts = linear(width, 2 * len(spec.facts), HEAD_GAIN)
        scene = spec.scene.sectors * _scene_outputs(spec.scene) if spec.scene else 0
        self.scene = linear(width, scene, HEAD_GAIN)
        self.path = linear(width, spec.path_points * len(PATH_COLUMNS), HEAD_GAIN)
        self.risk = linear(width, 1, HEAD_GAIN)
        outputs = config.value_heads * config.quantiles
        self.value = linear(width, outputs)
        self.value_affect = zero_linear(AFFECT_WIDTH, outputs)
        self.expect = linear(width + spec.actions.width, self.encoded_width)

        low = torch.tensor([fact.low for fact in spec.facts])
        high = torch.tensor([fact.high for fact in spec.facts])
        self.register_buffer("middle", (low + high) / 2, persistent=False)
        self.register_buffer("half_range", (high - low) / 2, persistent=False)
        boolean = torch.tensor([fact.is_boolean for fact in spec.facts], dtype=torch.bool)
        self.register_buffer("is_boolean", boolean, persistent=False)

    # -------------------------------------------------------------- from the world to features

    def initial_memory(self, batch: int) -> Tensor:
        """Returns f32[B, M] zeros; M is 0 without a GRU."""
        return torch.zeros(batch, 0 if self.cell is None else self.config.features)

    def encode(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Returns f32[N, E], the encodings of all parts side by side."""
        encoded = [
            encoder(parts[part.name])
            for part, encoder in zip(self.spec.parts, self.encoders, strict=True)
        ]
        return encoded[0] if len(encoded) == 1 else torch.cat(encoded, dim=-1)

    def remember(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features f32[B, F] and the memory f32[B, M].

        What is seen now reaches the features directly, what was seen before through the memory.
        """
        seen = functional.relu(self.norm(self.dense(encoded)))
        if self.cell is None:
            return seen, memory
        memory = self.cell(seen, memory)
        return seen + memory, memory

    def replay(self, encoded: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns features f32[T, B, F] of T ticks in a row; memory begins anew where is_first."""
        seen = functional.relu(self.norm(self.dense(encoded)))
        if self.cell is None:
            return seen
        # One product for all inputs, then one small product a tick (Appleyard 2016).
        inward = functional.linear(seen, self.cell.weight_ih, self.cell.bias_ih)
        keep = (~is_first).to(memory.dtype)[..., None]
        remembered = []
        for tick in range(len(encoded)):
            memory = _gru(inward[tick], memory * keep[tick], self.cell)
            remembered.append(memory)
        return seen + torch.stack(remembered)

    def observe_scales(self, parts: Mapping[str, Tensor]) -> None:
        """Takes parts [N, …] into account for the running normalisation; learning only."""
        for part, encoder in zip(self.spec.parts, self.encoders, strict=True):
            for module in encoder.children():
                if isinstance(module, RunningNorm):
                    module.update(parts[part.name])

    # -------------------------------------------------------------- from features to beliefs

    def believe_facts(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Returns facts and doubt, f32[N, K] each, as Percept defines them, in facts' units."""
        raw, width = self.facts(features).chunk(2, dim=-1)
        middle, half = cast(Tensor, self.middle), cast(Tensor, self.half_range)
        number = middle + half * raw.clamp(-1, 1)
        sigma = half * (functional.softplus(width) + LEAST_DOUBT)
        chance = torch.sigmoid(raw)
        is_boolean = cast(Tensor, self.is_boolean)
        return (
            torch.where(is_boolean, chance, number),
            torch.where(is_boolean, (chance * (1 - chance)).sqrt(), sigma),
        )

    def believe_scene(self, features: Tensor) -> Tensor:
        """Returns f32[N, S, 7] in the order and units of SCENE_COLUMNS."""
        scene = self.spec.scene
        if scene is None:
            return features.new_zeros(len(features), 0, len(SCENE_COLUMNS))
        raw = self.scene(features).view(len(features), scene.sectors, -1)
        distance, speeds, sigmas, presence, classes = raw.split(
            (1, 2, 2, 1, len(scene.classes)), dim=-1
        )
        scales = raw.new_tensor((scene.range / 2, SPEED_SCALE))
        columns = (
            scene.range * torch.sigmoid(distance),
            SPEED_SCALE * speeds,
            classes.argmax(-1, keepdim=True).to(raw.dtype),
            scales * functional.softplus(sigmas),
            torch.sigmoid(presence),
        )
        return torch.cat(columns, dim=-1)

    def believe_path(self, features: Tensor) -> Tensor:
        """Returns f32[N, P, 2] [m] ahead and to the left."""
        raw = self.path(features).view(len(features), self.spec.path_points, len(PATH_COLUMNS))
        return cast(Tensor, PATH_SCALE * raw)

    def believe_risk(self, features: Tensor) -> Tensor:
        """Returns f32[N], the probability of failure soon."""
        return torch.sigmoid(self.risk(features)).squeeze(-1)

    def quantiles(self, features: Tensor, affect: Tensor) -> Tensor:
        """Returns f32[N, heads, Q], what each value head expects of the return.

        `affect` f32[N, AFFECT_WIDTH] is that of the tick before: to feel takes the
        value of now.
        """
        raw = self.value(features) + self.value_affect(affect)
        return cast(Tensor, raw.view(-1, self.config.value_heads, self.config.quantiles))

    def expected(self, features: Tensor, action: Tensor) -> Tensor:
        """Returns f32[N, E], the encoding of what will be seen after `action`."""
        code = action_code(action, self.spec.actions)
        return cast(Tensor, self.expect(torch.cat((features, code), dim=-1)))

    def perceive(self, observation: Observation, state: MindState) -> Percept:
        """Returns what is believed now; `state` is that before, begun anew where is_first."""
        encoded = self.encode(observation.parts)
        features, memory = self.remember(encoded, state.memory)
        facts, doubt = self.believe_facts(features)
        missed = (self.expected(state.features, state.action) - encoded).square().mean(-1)
        return Percept(
            features=features,
            facts=facts,
            doubt=doubt,
            scene=self.believe_scene(features),
            path=self.believe_path(features),
            risk=self.believe_risk(features),
            quantiles=self.quantiles(features, state.affect.vector()),
            surprise=missed.masked_fill(observation.is_first, 0.0),
            memory=memory,
        )


def _gru(inward: Tensor, memory: Tensor, cell: nn.GRUCell) -> Tensor:
    """Returns the memory after one tick; `inward` f32[B, 3F] is the inputs' product (Cho 2014)."""
    own = functional.linear(memory, cell.weight_hh, cell.bias_hh)
    width = memory.shape[-1]
    reset = torch.sigmoid(inward[:, :width] + own[:, :width])
    update = torch.sigmoid(inward[:, width : 2 * width] + own[:, width : 2 * width])
    new = torch.tanh(inward[:, 2 * width :] + reset * own[:, 2 * width :])
    return new + update * (memory - new)


def _scene_outputs(scene: SceneSpec) -> int:
    """Returns the outputs of one sector: range, two speeds, two sigmas, presence, classes."""
    return 6 + len(scene.classes)


def _orthogonal_gates(cell: nn.GRUCell) -> None:
    """Begins each gate's weights orthogonal and its biases at zero."""
    for weights in (cell.weight_ih, cell.weight_hh):
        for gate in weights.chunk(3):
            nn.init.orthogonal_(gate)
    nn.init.zeros_(cell.bias_ih)
    nn.init.zeros_(cell.bias_hh)
