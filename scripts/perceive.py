"""Learn to tell images apart: frames of a world, or a folder of images; a mind can start from it.

Images are cleaned, balanced, split, learned from, and scored on what was not learned from. What is
kept is a folder that `mindloop train ENV --perception FOLDER` begins a mind's eyes with.
"""

from __future__ import annotations

import math
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mindloop import __version__, headless
from mindloop.agent.config import SupervisedConfig, to_dict
from mindloop.agent.learning.classifier import DESCRIPTION, save_classifier
from mindloop.agent.learning.samples import Samples
from mindloop.agent.learning.supervised import Epoch, Fitted, Scores, fit, logits_of, score
from mindloop.agent.viewer.confusion import SHOWN, draw_confusion, draw_mistakes
from mindloop.errors import UserError
from mindloop.gathering import Gathered, ImageOptions, divide, gather
from mindloop.living import check_files, mistakes, write_report
from mindloop.showing import progress
from mindloop.tuning import settle

REFERENCE, REFERENCE_PX, REFERENCE_WIDTH, WIDTH = "reference", 32, 64, 256


@dataclass(frozen=True)
class Options:
    """What `mindloop perceive` is asked for."""

    images: ImageOptions = field(default_factory=ImageOptions)
    """Which images."""
    backbone: str = "default"
    """default, fine, nature, impala, small, reference (conv32-pool-conv64-pool-conv64-dense64 at
    32x32), or `module:Class`, a torch.nn.Module that is called with the number of channels."""
    width: int = 0
    """Width of the encoding; 0: 256, or 64 for the backbone reference."""
    epochs: int = SupervisedConfig.epochs
    """Passes over the training images, at most."""
    patience: int = SupervisedConfig.patience
    """Epochs without a lower dev loss after which training ends; the best is kept."""
    batch: int = SupervisedConfig.batch
    """Images of one step."""
    learning_rate: float = SupervisedConfig.learning_rate
    """Adam's."""
    weight_decay: float = SupervisedConfig.weight_decay
    """AdamW's."""
    dropout: float = SupervisedConfig.dropout
    """Part of the encoding that is left out at random in training."""
    batch_norm: bool = SupervisedConfig.batch_norm
    """Normalise over the batch behind every convolution; folded into it in the end."""
    shift: int = SupervisedConfig.shift_px
    """Most pixels that an image is moved in training; 0: never."""
    brightness: float = SupervisedConfig.brightness
    """Largest part by which an image is made brighter or darker in training; 0: never."""
    flip: bool = SupervisedConfig.flips
    """Mirror images in training, where left and right don't matter; in driving they do."""
    seed: int = 0
    """Of lives, split, first weights, order and augmentation: the same seed, the same weights."""
    output: Path | None = None
    """Folder for the classifier, its scores and pictures; by default
    runs/perceive__WHAT__SEED__TIME."""
    json: Path | None = None
    """Also write the report here."""


def main(options: Options) -> int:
    """Gathers, learns, reports, keeps; returns the exit code."""
    settle()
    headless.prepare(draws=True)
    console = Console()
    output = _output(options)
    check_files(None, options.json)
    with mistakes():
        config = _config(options)
        found = gather(_sized(options), options.seed, console)
        parts = divide(found, options.images, options.seed, console)
        fitted = _learn(parts, config, console)
        scores = {name: score(fitted.model, parts[name]) for name in ("dev", "test")}
        for name, one in scores.items():
            console.print(class_table(name, one, found.samples.classes))
        card = _card(options, found, parts, fitted, scores)
        save_classifier(fitted.model, output, card)
        _draw(output, fitted, parts, scores)
        if options.json is not None:
            write_report(options.json, {**card, "config": to_dict(config)})
    one = scores["test"]
    _say(console, f"Test accuracy {one.accuracy:.1%} in {one.images:,} images (always the "
                  f"commonest class: {one.commonest:.1%}). Kept: {output}")
    return 0


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False)


def _config(options: Options) -> SupervisedConfig:
    is_reference = options.backbone == REFERENCE
    return SupervisedConfig(
        backbone=options.backbone, epochs=options.epochs, patience=options.patience,
        width=options.width or (REFERENCE_WIDTH if is_reference else WIDTH),
        batch=options.batch, learning_rate=options.learning_rate,
        weight_decay=options.weight_decay, dropout=options.dropout,
        batch_norm=options.batch_norm, shift_px=options.shift, brightness=options.brightness,
        flips=options.flip, seed=options.seed,
    )  # fmt: skip


def _sized(options: Options) -> ImageOptions:
    """Returns which images are wanted, at the backbone's own size where it has one."""
    if options.backbone == REFERENCE and not options.images.size:
        return replace(options.images, size=REFERENCE_PX)
    return options.images


def _output(options: Options) -> Path:
    """Returns the folder to write into.

    Raises:
      UserError: there is a classifier in it, or it is a file.
    """
    if options.output is None:
        name = Path(options.images.what).name.rpartition(":")[2]
        now = time.strftime("%Y%m%d-%H%M%S")
        return Path("runs") / f"perceive__{name}__{options.seed}__{now}"
    if (options.output / DESCRIPTION).exists() or options.output.is_file():
        raise UserError(
            f"`--output` must be a new folder; {options.output} is there already. Name another."
        )
    return options.output


def _learn(parts: Mapping[str, Samples], config: SupervisedConfig, console: Console) -> Fitted:
    """Returns the classifier, after a bar and a line about how training went."""
    with progress(console, "epochs") as bar:
        task = bar.add_task("learning", total=config.epochs)

        def tell(epoch: Epoch) -> None:
            words = f"train loss {epoch.train_loss:.3f}, dev loss {epoch.dev_loss:.3f}"
            bar.update(task, completed=epoch.number, description=words)

        fitted = fit(parts["train"], parts["dev"], config, tell)
    lived = len(fitted.history)
    why = {"patience": f"no better for {config.patience}", "interrupted": "Ctrl-C",
           "epochs": "all that were asked for"}[fitted.end]
    _say(console, f"Learned for {lived} epochs ({why}); kept epoch {fitted.best}.")
    return fitted


# --------------------------------------------------------------------------------- the report


def _card(
    options: Options, found: Gathered, parts: Mapping[str, Samples], fitted: Fitted,
    scores: Mapping[str, Scores],
) -> dict[str, Any]:  # fmt: skip
    """Returns all that was done and found, ready for json."""
    return {
        "command": shlex.join(["mindloop", "perceive", *sys.argv[2:]]),
        "version": __version__,
        "what": options.images.what,
        "seed": options.seed,
        "classes": list(found.samples.classes),
        "images": found.done,
        "split": {name: {"images": len(one), "lives": len(set(one.lives)), "classes": one.counts}
                  for name, one in parts.items()},
        "epochs": [epoch._asdict() for epoch in fitted.history],
        "best_epoch": fitted.best,
        "end": fitted.end,
        "scores": {name: _row(one, found.samples.classes) for name, one in scores.items()},
    }  # fmt: skip


def _row(one: Scores, classes: tuple[str, ...]) -> dict[str, Any]:
    def by_class(values: Any) -> dict[str, float | None]:
        plain = [None if math.isnan(value) else float(value) for value in values]
        return dict(zip(classes, plain, strict=True))

    return {
        "images": one.images, "loss": one.loss, "accuracy": one.accuracy,
        "commonest": one.commonest, "precision": by_class(one.precision),
        "recall": by_class(one.recall), "confusion": one.confusion.tolist(),
    }  # fmt: skip


def class_table(name: str, one: Scores, classes: tuple[str, ...]) -> Table:
    """Returns the scores of each class, and how often it was taken for which."""
    table = Table(
        title=f"{name}: loss {one.loss:.3f}, accuracy {one.accuracy:.1%} of {one.images:,} images"
    )
    table.add_column("is")
    for heading in ("images", "precision", "recall"):
        table.add_column(heading, justify="right")
    for other in classes:
        table.add_column(f"said {escape(other)}", justify="right")
    for k, (row, precision, recall) in enumerate(
        zip(one.confusion, one.precision, one.recall, strict=True)
    ):
        parts = ["" if math.isnan(part) else f"{part:.1%}" for part in (precision, recall)]
        cells = [f"[bold]{n:,}[/bold]" if k == column else f"{n:,}"
                 for column, n in enumerate(row)]  # fmt: skip
        table.add_row(escape(classes[k]), f"{row.sum():,}", *parts, *cells)
    return table


def _draw(
    output: Path, fitted: Fitted, parts: Mapping[str, Samples], scores: Mapping[str, Scores]
) -> None:
    """Writes the confusion matrices, and the test images that were named wrongly, surest first."""
    classes = fitted.model.classes
    titles = [(f"{name}: {one.accuracy:.1%} right", one.confusion) for name, one in scores.items()]
    draw_confusion(titles, classes, output / "confusion.png")
    test = parts["test"]
    chances = logits_of(fitted.model, test.pixels).softmax(1).numpy()
    said = chances.argmax(1)
    wrong = np.flatnonzero(said != test.labels)
    wrong = wrong[np.argsort(-chances[wrong, said[wrong]], kind="stable")][:SHOWN]
    captions = [
        f"is {classes[test.labels[k]]}, said {classes[said[k]]} {chances[k, said[k]]:.0%}"
        for k in wrong
    ]
    if len(wrong):
        draw_mistakes(test.pixels[wrong], captions, output / "mistakes.png")
