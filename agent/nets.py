"""Layers and their initialisation: an encoder for each modality, memory, small heads.

Every encoder but that of words ends in a LayerNorm: REFERENCE's probe found it worth more than
resolution or width. The default backbone is the probe's 4x4s4 row: with LayerNorm it reads
distances and lights within a point of the 5x5s2 row ("fine") and runs 1.75 times as fast, which the
training-speed bar needs.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import nearest
from .types import ActionSpec, Modality, Part

CODE_WIDTH = 8  # embedding width of one channel of a grid of symbols
NORM_LIMIT = 10.0  # normalised numbers are cut here, in standard deviations


def linear(inputs: int, outputs: int, gain: float = 1.0, bias: bool = True) -> nn.Linear:
    """Returns a Linear layer with orthogonal weights of this gain and no bias yet.

    Source: Huang 2022, The 37 Implementation Details of PPO, detail 2.
    """
    layer = _layer(inputs, outputs, bias)
    _orthogonal(layer, gain)
    return layer


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """Returns a Linear layer without bias whose weights begin at zero."""
    layer = _layer(inputs, outputs, bias=False)
    nn.init.zeros_(layer.weight)
    return layer


def _layer(inputs: int, outputs: int, bias: bool) -> nn.Linear:
    """Returns a Linear layer; without a warning also with 0 outputs, for what is not declared."""
    layer = nn.Linear(inputs, max(outputs, 1), bias=bias)
    if outputs == 0:
        layer.out_features = 0
        layer.weight = nn.Parameter(torch.zeros(0, inputs))
        if bias:
            layer.bias = nn.Parameter(torch.zeros(0))
    return layer


def _orthogonal(layer: nn.Linear | nn.Conv2d | nn.Conv1d, gain: float = math.sqrt(2)) -> None:
    if layer.weight.numel():
        nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


# ---------------------------------------------------------------------------------- backbones

# (channels, kernel, stride, padding) of each convolution
CONVOLUTIONS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "default": ((24, 4, 4, 0), (32, 3, 2, 1), (32, 3, 1, 1)),
    "fine": ((24, 5, 2, 2), (32, 3, 2, 1), (48, 3, 2, 1)),
    "nature": ((32, 8, 4, 0), (64, 4, 2, 0), (64, 3, 1, 0)),  # Mnih 2015
    "small": ((32, 3, 1, 1), (64, 3, 2, 1)),
}
BACKBONES = (*CONVOLUTIONS, "impala", "reference")


class Residual(nn.Module):
    """Two convolutions around a skip (Espeholt 2018, IMPALA, fig. 3)."""

    def __init__(self, channels: int) -> None:
        """Makes a block that keeps the number of channels."""
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        _orthogonal(self.first)
        _orthogonal(self.second)

    def forward(self, x: Tensor) -> Tensor:
        """Returns f32[N, C, H, W] of the same shape."""
        return cast(Tensor, x + self.second(functional.relu(self.first(functional.relu(x)))))


def _impala(channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (16, 32, 32):
        enter = nn.Conv2d(channels, width, 3, padding=1)
        _orthogonal(enter)
        layers += [enter, nn.MaxPool2d(3, 2, 1), Residual(width), Residual(width)]
        channels = width
    return nn.Sequential(*layers, nn.ReLU())


def _reference(channels: int) -> nn.Sequential:
    """Returns the small network that tutorials classify 32x32 images with (TensorFlow's CNN)."""
    layers: list[nn.Module] = []
    for width, pools in ((32, True), (64, True), (64, False)):
        convolution = nn.Conv2d(channels, width, 3)
        _orthogonal(convolution)
        layers += [convolution, nn.ReLU(inplace=True)]
        if pools:
            layers.append(nn.MaxPool2d(2))
        channels = width
    return nn.Sequential(*layers)


def _convolutions(table: tuple[tuple[int, int, int, int], ...], channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width, kernel, stride, padding in table:
        convolution = nn.Conv2d(channels, width, kernel, stride, padding)
        _orthogonal(convolution)
        layers += [convolution, nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*layers)


def make_backbone(name: str, channels: int) -> nn.Module:
    """Returns a network from f32[N, channels, H, W] in 0..1 to anything that can be flattened.

    Args:
      name: one of BACKBONES, or `module:Class`; the class is called with the channels.
    Raises:
      ValueError: the name is unknown, or its module or class can't be found.
    """
    if name == "impala":
        return _impala(channels)
    if name == "reference":
        return _reference(channels)
    if name in CONVOLUTIONS:
        return _convolutions(CONVOLUTIONS[name], channels)
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(
            f"`backbone` must be one of {', '.join(BACKBONES)} or `module:Class`; got {name!r}."
            f"{nearest(name, BACKBONES)}"
        )
    try:
        found = cast(Callable[[int], object], getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError) as problem:
        raise ValueError(
            f"`backbone` must name a class that can be imported; got {name!r}: {problem}. "
            "Check that the module is on the path."
        ) from problem
    made = found(channels)
    if not isinstance(made, nn.Module):
        raise TypeError(
            f"`backbone` must be a class of torch.nn.Module; {name} made a {type(made).__name__}. "
            "Derive it from torch.nn.Module."
        )
    return made


# ----------------------------------------------------------------------------------- encoders


class Film(nn.Module):
    """What words do to a backbone: they scale and shift its maps, channel by channel, so that what
    is looked for is seen.

    Every convolution but the first is followed by a modulation of its own; of a backbone that
    isn't a plain sequence, the last map alone. It begins as if nothing was said.
    Source: Perez 2018, "FiLM".
    """

    def __init__(self, backbone: nn.Module, channels: int, words: int) -> None:
        """Makes the modulations of a backbone whose last map has `channels`, by f32[N, words]."""
        super().__init__()
        layers = list(backbone) if isinstance(backbone, nn.Sequential) else []
        inner = [k for k, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)][1:]
        self.after = inner or [max(len(layers) - 1, 0)]
        widths = [cast(nn.Conv2d, layers[k]).out_channels for k in inner] or [channels]
        self.modulations = nn.ModuleList(zero_linear(words, 2 * width) for width in widths)

    def forward(self, backbone: nn.Module, x: Tensor, words: Tensor) -> Tensor:
        """Returns the backbone's map of f32[N, C, H, W] as f32[N, words] would have it."""
        modulations = iter(self.modulations)
        layers = list(backbone) if isinstance(backbone, nn.Sequential) else [backbone]
        for k, layer in enumerate(layers):
            x = layer(x)
            if k in self.after:
                scale, shift = next(modulations)(words)[:, :, None, None].chunk(2, dim=1)
                x = torch.addcmul(x + shift, x, scale)
        return x


class ImageEncoder(nn.Module):
    """uint8 [N, H, W, C] -> f32[N, width]."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, shape: tuple[int, ...], backbone: str, width: int, normalises: bool = False,
        words: int = 0,
    ) -> None:  # fmt: skip
        """Makes the network for images of `shape` (H, W, C).

        Where it `normalises`, each channel is centred and scaled by the buffers `mean` and
        `deviation`, f32[C] in 0..1, which supervised learning sets. Where there are `words`, their
        encoding of that width says what to look for (`Film`).

        Raises:
          ValueError: the backbone shrinks images of this size to nothing.
        """
        super().__init__()
        height, wide, channels = shape
        self.normalises = normalises
        if normalises:
            self.register_buffer("mean", torch.zeros(channels))
            self.register_buffer("deviation", torch.ones(channels))
        self.backbone = make_backbone(backbone, channels)
        for weights in self.backbone.parameters():
            if weights.dim() == 4:
                weights.data = weights.data.contiguous(memory_format=torch.channels_last)
        try:
            found = self.backbone(torch.zeros(1, channels, height, wide))
        except RuntimeError as problem:
            raise ValueError(
                f"`backbone` must accept images of {height}x{wide}x{channels}; {backbone!r} "
                f'doesn\'t: {problem}. Choose a smaller one, such as "small".'
            ) from problem
        looks_for = words > 0 and found.dim() == 4
        self.film = Film(self.backbone, found.shape[1], words) if looks_for else None
        self.dense = linear(found.numel(), width, math.sqrt(2))
        self.norm = nn.LayerNorm(width)

    def forward(self, pixels: Tensor, words: Tensor | None = None) -> Tensor:
        """Returns what the images show; the permuted view is channels_last as it is."""
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        if self.normalises:
            x = x.sub_(255.0 * self.mean[:, None, None])
            x = x.mul_(1.0 / (255.0 * self.deviation[:, None, None]))
        else:
            x = x.mul_(1.0 / 255.0)
        x = x.contiguous(memory_format=torch.channels_last)
        if self.film is None or words is None:
            x = self.backbone(x)
        else:
            x = self.film(self.backbone, x, words)
        if x.dim() == 4:
            x = x.permute(0, 2, 3, 1)  # as it lies in memory, else flattening copies it
        return functional.relu(self.norm(self.dense(x.flatten(1))))


class SymbolEncoder(nn.Module):
    """uint8 [N, H, W, C], a small grid of codes or a tiny image -> f32[N, width]."""

    def __init__(self, shape: tuple[int, ...], width: int) -> None:
        """Makes an embedding of every channel's codes and the backbone "small"."""
        super().__init__()
        height, wide, channels = shape
        self.codes = nn.Embedding(256 * channels, CODE_WIDTH)
        self.register_buffer("offsets", 256 * torch.arange(channels), persistent=False)
        self.backbone = make_backbone("small", CODE_WIDTH * channels)
        flat = self.backbone(torch.zeros(1, CODE_WIDTH * channels, height, wide)).numel()
        self.dense = linear(flat, width, math.sqrt(2))
        self.norm = nn.LayerNorm(width)

    def forward(self, grid: Tensor) -> Tensor:
        """Returns what the grids say."""
        offsets = cast(Tensor, self.offsets)
        x = self.codes(grid.to(torch.int64) + offsets).flatten(3).permute(0, 3, 1, 2)
        return functional.relu(self.norm(self.dense(self.backbone(x).flatten(1))))


LATELY = 300_000.0  # rows that are remembered of what changes as one learns


class RunningNorm(nn.Module):
    """Centres and scales numbers by their running mean and variance, which learning updates."""

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, width: int, horizon: float = math.inf) -> None:
        """Begins as the identity.

        Args:
          width: how many numbers.
          horizon: rows after which those before begin to be forgotten: for what changes as one
            learns, where the whole past would no longer be what is usual.
        """
        super().__init__()
        self.horizon = horizon
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Returns x in standard deviations from the mean, cut at NORM_LIMIT."""
        scaled = (x - self.mean) * torch.rsqrt(self.variance + 1e-6)
        return scaled.clamp(-NORM_LIMIT, NORM_LIMIT)

    @torch.no_grad()
    def update(self, x: Tensor, total: Callable[[Tensor], Tensor] = lambda sums: sums) -> None:
        """Takes f32[N, width] into account; called by learning only.

        `total` sums a tensor over all workers.
        Source: Chan 1979, the parallel form of Welford's variance.
        """
        batch = total(x.new_tensor(len(x), dtype=torch.float64))
        mean = (total(x.double().sum(0)) / batch).to(x.dtype)
        variance = (total((x - mean).double().square().sum(0)) / batch).to(x.dtype)
        count = batch.to(x.dtype)
        before = self.count.clamp(max=self.horizon)
        whole = before + count
        shift = mean - self.mean
        spread = self.variance * before + variance * count
        spread += shift.square() * before * count / whole
        self.mean += shift * count / whole
        self.variance.copy_(spread / whole)
        self.count.copy_(whole)


class Novelty(nn.Module):
    """How little is known of features: the error of learning a fixed random network by heart.

    Source: Burda 2019, Exploration by Random Network Distillation. The target never learns.
    """

    def __init__(self, features: int, width: int = 64) -> None:
        """Makes target and predictor behind a running normalisation."""
        super().__init__()
        self.scale = RunningNorm(features)
        self.errors = RunningNorm(1, LATELY)
        self.target = nn.Sequential(linear(features, width, math.sqrt(2)), nn.ReLU(),
                                    linear(width, width))
        self.predictor = nn.Sequential(linear(features, width, math.sqrt(2)), nn.ReLU(),
                                       linear(width, width))
        self.target.requires_grad_(False)

    def forward(self, features: Tensor) -> Tensor:
        """Returns f32[N], the squared error; its gradient reaches the predictor only."""
        scaled = self.scale(features.detach())
        error = self.predictor(scaled) - self.target(scaled)
        return cast(Tensor, error.square().mean(-1))

    def score(self, features: Tensor) -> Tensor:
        """Returns f32[N], the error in standard deviations above its running mean."""
        return cast(Tensor, self.errors(self(features)[:, None])).squeeze(-1)

    def observe(self, features: Tensor, total: Callable[[Tensor], Tensor]) -> None:
        """Takes f32[N, F] into account for both normalisations; learning only."""
        self.scale.update(features.detach(), total)
        with torch.no_grad():
            self.errors.update(self(features)[:, None], total)


class VectorEncoder(nn.Module):
    """f32[N, n] -> f32[N, width]; codes (one-hots, bits) are taken as they are."""

    def __init__(self, inputs: int, width: int, is_code: bool) -> None:
        """Makes two layers behind a running normalisation."""
        super().__init__()
        self.scale: nn.Module = nn.Identity() if is_code else RunningNorm(inputs)
        self.hidden = linear(inputs, width, math.sqrt(2))
        self.dense = linear(width, width, math.sqrt(2))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Returns what the numbers say."""
        hidden = torch.tanh(self.hidden(self.scale(x)))
        return torch.tanh(self.norm(self.dense(hidden)))


class RangesEncoder(nn.Module):
    """f32[N, n] rays in order -> f32[N, width]; the last ray is the first one's neighbour."""

    def __init__(self, rays: int, width: int) -> None:
        """Makes two circular convolutions behind a running normalisation."""
        super().__init__()
        self.scale = RunningNorm(rays)
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, 16, 5, 2, 2, padding_mode="circular"),
            nn.ReLU(),
            nn.Conv1d(16, 32, 3, 2, 1, padding_mode="circular"),
            nn.ReLU(),
        )
        for layer in self.convolutions:
            if isinstance(layer, nn.Conv1d):
                _orthogonal(layer)
        flat = self.convolutions(torch.zeros(1, 1, rays)).numel()
        self.dense = linear(flat, width, math.sqrt(2))
        self.norm = nn.LayerNorm(width)

    def forward(self, ranges: Tensor) -> Tensor:
        """Returns what the rays show."""
        x = self.convolutions(self.scale(ranges)[:, None])
        return functional.relu(self.norm(self.dense(x.flatten(1))))


QUERIES = 4  # of a text: what to do, with what, where, and then
PHRASE = 5  # words of which each knows its neighbours, such as "to the red ball on"


class WordsEncoder(nn.Module):
    """i64[N, L] tokens -> f32[N, width], by attention pooling over embeddings.

    Pooling, not a GRU, composed to unseen combinations (REFERENCE, Learning, Language). What is
    pooled are the words themselves; where each query looks, their neighbours say, so that a colour
    belongs to its thing, and a learned embedding of the place, so that "put A next to B" isn't
    "put B next to A". All of it is linear but for the attention: with more, what was never said
    together was understood less often.
    """

    def __init__(self, length: int, vocabulary: int, width: int) -> None:
        """Makes embeddings and QUERIES queries; token 0 is padding."""
        super().__init__()
        self.words = nn.Embedding(vocabulary, width, padding_idx=0)
        self.places = nn.Parameter(torch.zeros(length, width))
        self.phrases = nn.Conv1d(width, width, PHRASE, padding=PHRASE // 2)
        _orthogonal(self.phrases)
        self.query = linear(width, QUERIES)
        self.dense = linear(QUERIES * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns what the words say; an empty text has the encoding of no words."""
        length = max(int((tokens != 0).sum(-1).max()), 1) if len(tokens) else 1
        texts, which = _distinct(tokens[:, :length])
        embedded = self.words(texts)
        phrases = self.phrases(embedded.transpose(1, 2)).transpose(1, 2)
        said = embedded + phrases + self.places[:length]
        is_padding = (texts == 0)[..., None]
        weights = self.query(said).masked_fill(is_padding, -1e9).softmax(-2)
        pooled = weights.masked_fill(is_padding, 0.0).transpose(1, 2) @ embedded
        return cast(Tensor, self.dense(pooled.flatten(1)))[which]


def _distinct(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the rows of i64[N, L] that differ, and for each row i64[N] which of them it is: a
    text is mostly the same all through an episode."""
    if len(tokens) < 2:
        return tokens, torch.zeros(len(tokens), dtype=torch.int64, device=tokens.device)
    length, where = tokens.shape[1], tokens.device
    primes = torch.pow(1_000_003, torch.arange(length, device=where))
    keys, which = torch.unique((tokens * primes).sum(-1), return_inverse=True)  # of 64 bits
    rows = torch.zeros_like(keys).scatter_(0, which, torch.arange(len(tokens), device=where))
    return tokens[rows], which


def make_encoder(
    part: Part, widths: dict[Modality, int], backbone: str, normalises: bool = False,
    words: int = 0,
) -> nn.Module:  # fmt: skip
    """Returns the encoder of one part of the observation, `widths[modality]` wide; that of an
    image is told what to look for by an encoding `words` wide, if any."""
    width = widths[part.modality]
    if part.modality is Modality.IMAGE:
        return ImageEncoder(part.shape, backbone, width, normalises, words)
    if part.modality is Modality.SYMBOLS:
        return SymbolEncoder(part.shape, width)
    if part.modality is Modality.RANGES:
        return RangesEncoder(part.shape[0], width)
    if part.modality is Modality.WORDS:
        return WordsEncoder(part.shape[0], part.vocabulary, width)
    return VectorEncoder(part.shape[0], width, part.is_code)


def action_code(action: Tensor, spec: ActionSpec) -> Tensor:
    """Returns f32[N, A]: a one for each head's chosen option; a Box's numbers squashed by tanh."""
    if spec.is_box:
        return torch.tanh(action)
    starts = [sum(spec.sizes[:head]) for head in range(spec.heads)]
    code = torch.zeros(*action.shape[:-1], spec.width, device=action.device)
    return code.scatter_(-1, action + torch.tensor(starts, device=action.device), 1.0)
