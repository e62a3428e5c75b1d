"""A classifier of images on the very encoder that a mind sees with; on disk; handed to a mind.

A folder holds perception.safetensors, the weights, and perception.json, all that they depend on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..config import PerceptionConfig, SupervisedConfig, from_dict, to_dict
from ..nets import ImageEncoder, linear
from ..types import Modality, Part

FORMAT = "mindloop perception"
WEIGHTS, DESCRIPTION = "perception.safetensors", "perception.json"
HEAD_GAIN = 0.01  # classes begin equally likely


class Classifier(nn.Module):
    """uint8 [N, H, W, C] -> f32[N, classes], logits."""

    def __init__(
        self, shape: tuple[int, ...], classes: Sequence[str], config: SupervisedConfig
    ) -> None:
        """Makes an untrained one for images of `shape` (H, W, C)."""
        super().__init__()
        self.shape = tuple(shape)
        self.classes = tuple(classes)
        self.config = config
        self.encoder = ImageEncoder(self.shape, config.backbone, config.width, normalises=True)
        self.dropout = nn.Dropout(config.dropout)
        self.head = linear(config.width, len(self.classes), HEAD_GAIN)

    def forward(self, pixels: Tensor) -> Tensor:
        """Returns the logits."""
        return cast(Tensor, self.head(self.dropout(self.encoder(pixels))))

    def normalise_by(self, pixels: Tensor) -> None:
        """Sets the encoder's mean and deviation of each channel to those of uint8 [N, H, W, C]."""
        flat = pixels.reshape(-1, pixels.shape[-1])
        # how often each value occurs: exact, whatever the order
        counts = torch.stack([torch.bincount(channel, minlength=256) for channel in flat.unbind(1)])
        values = torch.arange(256, dtype=torch.float64) / 255
        mean = (counts * values).sum(1) / len(flat)
        variance = (counts * values.square()).sum(1) / len(flat) - mean.square()
        self.encoder.mean.copy_(mean)
        self.encoder.deviation.copy_(variance.clamp(min=1e-6).sqrt())


class Normed(nn.Module):
    """A convolution followed by batch normalisation."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        """Begins with the convolution's own weights."""
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(convolution.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Returns f32[N, C, H, W], each channel normalised over the batch in training."""
        return cast(Tensor, self.norm(self.convolution(x)))


def add_batch_norm(network: nn.Module) -> None:
    """Puts a batch normalisation behind every convolution (Ioffe 2015)."""
    for name, child in list(network.named_children()):
        if isinstance(child, nn.Conv2d):
            setattr(network, name, Normed(child))
        else:
            add_batch_norm(child)


def fold_batch_norm(network: nn.Module) -> None:
    """Makes every added batch normalisation part of its convolution, with what it learned; the
    network is then of the kind that a mind has."""
    for name, child in list(network.named_children()):
        if isinstance(child, Normed):
            folded = fuse_conv_bn_eval(child.convolution.eval(), child.norm.eval())
            weight = folded.weight.data.contiguous(memory_format=torch.channels_last)
            folded.weight.data = weight
            setattr(network, name, folded)
        else:
            fold_batch_norm(child)


# -------------------------------------------------------------------------------------- on disk


@dataclass(frozen=True)
class Description:
    """What perception.json holds."""

    shape: tuple[int, ...]
    """(H, W, C) of the images."""
    classes: tuple[str, ...]
    config: SupervisedConfig
    card: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: source, counts, scores, command."""


def save_classifier(model: Classifier, folder: Path, card: Mapping[str, Any]) -> None:
    """Writes a classifier into `folder`, which is made; each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{WEIGHTS}.tmp"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, partial)
    os.replace(partial, folder / WEIGHTS)
    content = {
        "format": FORMAT,
        "version": metadata.version("mindloop"),
        "shape": list(model.shape),
        "classes": list(model.classes),
        "mean": model.encoder.mean.tolist(),
        "deviation": model.encoder.deviation.tolist(),
        "config": to_dict(model.config),
        "card": dict(card),
    }
    partial = folder / f"{DESCRIPTION}.tmp"
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, folder / DESCRIPTION)


def read_description(folder: Path) -> Description:
    """Returns what a classifier in `folder` is, without its weights.

    Raises:
      ValueError: there is none, or its file is damaged.
    """
    file = folder / DESCRIPTION
    if not file.is_file():
        raise ValueError(
            f"`perception` must be a folder that `mindloop perceive` wrote, with {DESCRIPTION} "
            f"and {WEIGHTS}; got {str(folder)!r}."
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        return Description(
            tuple(content["shape"]), tuple(content["classes"]),
            from_dict(SupervisedConfig, content["config"]), content["card"],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise _damaged(file, problem) from problem


def load_classifier(folder: Path) -> Classifier:
    """Returns the classifier that was saved in `folder`.

    Raises:
      ValueError: there is none, or its files are damaged.
    """
    found = read_description(folder)
    model = Classifier(found.shape, found.classes, found.config)
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as problem:
        raise _damaged(folder / WEIGHTS, problem) from problem
    return model.eval()


def _damaged(file: Path, problem: Exception) -> ValueError:
    said = f"the entry {problem}" if isinstance(problem, KeyError) else str(problem).split("\n")[0]
    return ValueError(
        f"`perception` must be whole; {file} can't be read: {said}. Run `mindloop perceive` again."
    )


# ------------------------------------------------------------------------------------ to a mind


def fitting(config: PerceptionConfig, found: Description) -> PerceptionConfig:
    """Returns the settings of a perception whose image encoder is the classifier's."""
    return replace(
        config, backbone=found.config.backbone, image_width=found.config.width,
        normalises_images=True,
    )  # fmt: skip


def check_fit(found: Description, parts: Iterable[Part], config: PerceptionConfig) -> None:
    """Raises ValueError, naming what differs, where no image of a world can be seen with it."""
    odd = []
    for name, mine, theirs in (
        ("backbone", found.config.backbone, config.backbone),
        ("width of the encoding", found.config.width, config.image_width),
        ("normalisation", True, config.normalises_images),
    ):
        if mine != theirs:
            odd.append(f"{name} ({mine}, the mind's is {theirs})")
    shapes = [part.shape for part in parts if part.modality is Modality.IMAGE]
    if found.shape not in shapes:
        said = " and ".join("x".join(map(str, shape)) for shape in shapes) or "none"
        size = "x".join(map(str, found.shape))
        odd.append(f"size of the images ({size}, the world's: {said})")
    if odd:
        raise ValueError(
            f"`perception` must fit the mind; it differs in {', '.join(odd)}. Run `mindloop "
            "perceive` on such images, or change the world's or the mind's settings."
        )


def hand_over(
    model: Classifier, parts: Sequence[Part], config: PerceptionConfig, encoders: nn.ModuleList
) -> None:
    """Copies the classifier's encoder into a mind's, for each image of its size.

    Raises:
      ValueError: none is of its kind; the message names what differs.
    """
    check_fit(Description(model.shape, model.classes, model.config), parts, config)
    for part, encoder in zip(parts, encoders, strict=True):
        if part.modality is Modality.IMAGE and part.shape == model.shape:
            encoder.load_state_dict(model.encoder.state_dict())
