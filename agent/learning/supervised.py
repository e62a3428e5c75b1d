"""Supervised learning: arrays of labelled images in, a classifier and its scores out."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..config import SupervisedConfig
from .augment import random_shift
from .classifier import Classifier, add_batch_norm, fold_batch_norm
from .samples import Samples

BLOCK = 256  # images that are looked at together when nothing is learned
GRADIENT_NORM = 1.0  # largest of a step


class Epoch(NamedTuple):
    """What one pass over the training images led to."""

    number: int
    """From 1."""
    train_loss: float
    dev_loss: float
    dev_accuracy: float


@dataclass(frozen=True)
class Fitted:
    """A trained classifier, and how it became so."""

    model: Classifier
    history: tuple[Epoch, ...]
    best: int
    """Number of the epoch whose weights were kept."""
    end: str
    """Why training ended: "epochs", "patience" or "interrupted"."""


@dataclass(frozen=True, eq=False)
class Scores:
    """How well a classifier does on N images."""

    loss: float
    """Mean cross-entropy [nats]."""
    confusion: NDArray[np.int64]
    """[C, C] images: rows are what is so, columns what was said."""

    @property
    def images(self) -> int:
        """N."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Part of the images that was named rightly."""
        return float(np.trace(self.confusion) / max(self.images, 1))

    @property
    def commonest(self) -> float:
        """Accuracy of always naming the commonest class: what must be beaten."""
        return float(self.confusion.sum(1).max() / max(self.images, 1))

    @property
    def precision(self) -> NDArray[np.float64]:
        """[C], part of what was called a class that was of it; nan where nothing was."""
        return _part(self.confusion.diagonal(), self.confusion.sum(0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """[C], part of a class that was called so; nan where it has no images."""
        return _part(self.confusion.diagonal(), self.confusion.sum(1))


def _part(count: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    found = np.full(len(whole), math.nan)
    np.divide(count, whole, out=found, where=whole > 0)
    return found


def augment(pixels: Tensor, config: SupervisedConfig, rng: torch.Generator) -> Tensor:
    """Returns uint8 [N, H, W, C], each image moved, made brighter or darker, perhaps mirrored."""
    count = len(pixels)
    if config.shift_px:
        pixels = random_shift(pixels, rng, config.shift_px)
    if config.flips:
        mirrored = torch.rand(count, 1, 1, 1, generator=rng) < 0.5
        pixels = torch.where(mirrored, pixels.flip(2), pixels)
    if config.brightness:
        change = 2 * torch.rand(count, 1, 1, 1, generator=rng) - 1
        factor = 1 + config.brightness * change
        pixels = (pixels * factor).round_().clamp_(0, 255).to(torch.uint8)
    return pixels


def fit(
    train: Samples, dev: Samples, config: SupervisedConfig,
    tell: Callable[[Epoch], None] = lambda _: None,
) -> Fitted:  # fmt: skip
    """Returns the classifier of the epoch with the lowest loss on `dev`.

    The same samples and config give the same weights, bit for bit. Ctrl-C after the first epoch
    ends training and keeps the best so far.

    Raises:
      ValueError: the backbone is unknown or doesn't take such images, or the loss is not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return _fit(train, dev, config, tell)


def _fit(
    train: Samples, dev: Samples, config: SupervisedConfig, tell: Callable[[Epoch], None]
) -> Fitted:
    pixels, labels = torch.from_numpy(train.pixels), torch.from_numpy(train.labels)
    model = Classifier(tuple(pixels.shape[1:]), train.classes, config)
    model.normalise_by(pixels)
    if config.batch_norm:
        add_batch_norm(model.encoder.backbone)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    rng = torch.Generator().manual_seed(config.seed)
    history: list[Epoch] = []
    best, weights, end = 0, copy.deepcopy(model.state_dict()), "epochs"
    lowest = math.inf
    try:
        for number in range(1, config.epochs + 1):
            loss = _pass(model, optimiser, pixels, labels, rng)
            found = score(model, dev)
            epoch = Epoch(number, loss, found.loss, found.accuracy)
            if found.loss < lowest:
                best, lowest, weights = number, found.loss, copy.deepcopy(model.state_dict())
            history.append(epoch)
            tell(epoch)
            if number - best >= config.patience or not math.isfinite(loss):
                end = "patience"
                break
    except KeyboardInterrupt:
        if not best:
            raise
        end = "interrupted"
    if not best:
        raise ValueError(
            f"`learning_rate` must keep the loss finite; with {config.learning_rate} it became "
            f"{history[-1].dev_loss}. Lower it."
        )
    model.load_state_dict(weights)
    fold_batch_norm(model)
    return Fitted(model.eval(), tuple(history), best, end)


def _pass(
    model: Classifier, optimiser: torch.optim.Optimizer, pixels: Tensor, labels: Tensor,
    rng: torch.Generator,
) -> float:  # fmt: skip
    """Learns from every image once, in a new order; returns the mean loss."""
    model.train()
    total, count, size = 0.0, len(pixels), model.config.batch
    order = torch.randperm(count, generator=rng)
    for first in range(0, count, size):
        rows = order[first : first + size]
        batch = augment(pixels[rows], model.config, rng)
        loss = functional.cross_entropy(model(batch), labels[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimiser.step()
        total += loss.item() * len(rows)
    return total / count


@torch.no_grad()
def logits_of(model: Classifier, pixels: NDArray[np.uint8]) -> Tensor:
    """Returns f32[N, C] of uint8 [N, H, W, C], nothing left out."""
    model.eval()
    images = torch.from_numpy(pixels)
    return torch.cat([model(images[k : k + BLOCK]) for k in range(0, len(images), BLOCK)])


def score(model: Classifier, samples: Samples) -> Scores:
    """Returns how well a classifier does on these samples."""
    logits, labels = logits_of(model, samples.pixels), torch.from_numpy(samples.labels)
    loss = functional.cross_entropy(logits.double(), labels).item()
    count = len(samples.classes)
    pairs = samples.labels * count + logits.argmax(1).numpy()
    return Scores(loss, np.bincount(pairs, minlength=count * count).reshape(count, count))
