"""Where `perceive` has its images from: a folder or a world; what was done to them is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from mindloop.agent.ids import offer_of
from mindloop.agent.learning.folder import read_folder
from mindloop.agent.learning.frames import collect
from mindloop.agent.learning.samples import (
    UNREADABLE,
    Samples,
    balance,
    check,
    clean,
    resized,
    split,
)
from mindloop.errors import UserError
from mindloop.living import DRIVING, LifeOptions, settings_of
from mindloop.showing import progress

DEFAULT_LABEL = "light"  # of the driving world
NAMED = 3  # files that a line about dropped ones names


@dataclass(frozen=True)
class ImageOptions:
    """Which images are learned from."""

    what: tyro.conf.Positional[str] = DRIVING
    """A folder with one sub-folder of png, jpg or bmp images for each class; or the id of an
    environment that shows images and states facts."""
    label: str | None = None
    """What the classes of a world's frames are. The name of a boolean fact (lead_present): classes
    no and yes. Or what several begin with (light): facts PREFIX_a, PREFIX_b exclude one another
    and are the classes a, b; PREFIX_present, where there is one, is false for the class none.
    Frames for which the world doesn't say exactly one class are left out. Default: light in
    mindloop/Driving-v0."""
    frames: int = 4000
    """Frames to collect from a world, before cleaning; at least one of each of 48 lives."""
    every: int = 5
    """Steps of a life between two of its frames, so that they differ."""
    part: str = ""
    """Part of the observation that shows the images; by default the first that does."""
    preset: str | None = None
    """How full the world is, such as empty, calm or default."""
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """`name=value`, an argument of the environment; may be given again."""
    size: int = 0
    """Height and width that images are made, by area [px]; 0 leaves them as they are (but 32 for
    the backbone reference), and a folder's images of another size than most are left out."""
    balance: float = 2.0
    """The largest class is cut to this many times the next one; 0 keeps all."""
    dev: float = 0.15
    """Part of the images by which training is stopped."""
    test: float = 0.15
    """Part of the images that is only looked at in the end."""


@dataclass(frozen=True)
class Gathered:
    """Images that can be learned from."""

    samples: Samples
    done: Mapping[str, Any] = field(default_factory=dict)
    """What was found and left out, for the report."""


def gather(options: ImageOptions, seed: int, console: Console) -> Gathered:
    """Returns the images of the folder or world, cleaned and balanced, and says what was done.

    Raises:
      UserError, ValueError, OSError: something is wrong with the flags or the images.
    """
    _check(options)
    unclear, unreadable = 0, list[str]()
    if Path(options.what).is_dir():
        if options.label is not None:
            raise UserError(
                "`--label` must be left out for a folder, whose sub-folders are the classes; got "
                f"{options.label!r}."
            )
        raw, unreadable = read_folder(Path(options.what), options.size)
        source = options.what
    else:
        label = options.label or (DEFAULT_LABEL if options.what == DRIVING else "")
        raw, unclear = _live(options, label, seed, console)
        source = f"--label {label}"
    samples, dropped = clean(raw)
    dropped = {UNREADABLE: unreadable, **dropped}
    _say(console, f"Found {_counts(raw.counts)}.")
    if unclear:
        _say(console, f"Left out {unclear:,} frames that have no clear class.")
    for reason, names in dropped.items():
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            _say(console, f"Dropped {len(names):,}, {reason}: {', '.join(names[:NAMED])}{more}.")
    check(samples, source)
    largest = max(samples.counts, key=lambda name: samples.counts[name])
    samples, cut = balance(samples, options.balance, seed)
    if cut:
        _say(console, f"Left out {cut:,} of class {largest}, to keep no more than "
                      f"{options.balance:g} times the next class.")
    return Gathered(samples, {
        "found": raw.counts, "unclear": unclear, "dropped": dropped, "balanced_away": cut,
    })  # fmt: skip


def divide(
    found: Gathered, options: ImageOptions, seed: int, console: Console
) -> dict[str, Samples]:
    """Returns {split: samples}, and says how many each has.

    Raises:
      ValueError: a class is not in every split.
    """
    shares = {"train": 1 - options.dev - options.test, "dev": options.dev, "test": options.test}
    parts = split(found.samples, shares, seed)
    for name, one in parts.items():
        lives = len(set(one.lives))
        where = f" from {lives:,} lives" if lives < len(one) else ""
        _say(console, f"{name}: {len(one):,} images{where} ({_counts(one.counts)}).")
    return parts


def _live(
    options: ImageOptions, label: str, seed: int, console: Console
) -> tuple[Samples, int]:
    """Returns frames of the world, and how many more had no clear class."""
    try:
        offer = offer_of(options.what)
    except ValueError as error:
        raise UserError(
            f"`WHAT` must be a folder of images by class, or an environment's id; "
            f"{options.what!r} is no folder. {error}"
        ) from error
    asked = settings_of(
        LifeOptions(env=options.what, preset=options.preset, set=options.set), offer
    )
    settings = {"split": "train", **asked} if "split" in (offer.defaults or {}) else asked
    with progress(console, "frames") as bar:
        task = bar.add_task("living", total=options.frames)
        raw, unclear = collect(
            options.what, settings, label, options.frames, options.every, seed, options.part,
            lambda count: bar.update(task, completed=count),
        )
    if options.size:
        images = [resized(image, options.size, options.size) for image in raw.images]
        raw = replace(raw, images=images)
    return raw, unclear


def _check(options: ImageOptions) -> None:
    """Raises UserError where a number is out of range."""
    for name in ("dev", "test"):
        if not 0 < getattr(options, name) < 0.5:
            raise UserError(
                f"`--{name}` must lie between 0 and 0.5; got {getattr(options, name)}. "
                "Leave it out for 0.15."
            )
    if options.size < 0:
        raise UserError(f"`--size` must be at least 0; got {options.size}. Use 0 to leave it.")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False)
