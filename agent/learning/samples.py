"""Images with their classes: cleaned, balanced, and split so that no split knows of another."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

FEWEST = 10  # images that each class needs, to be in all three splits
LARGEST_PX = 512  # of a side: a dense layer behind a larger image fills the memory
SPLITS = ("train", "dev", "test")
UNREADABLE, ODD_SIZE, DUPLICATE = "unreadable", "odd size", "duplicate"
CONTRADICTION = "same image in two classes"


@dataclass(frozen=True, eq=False)
class Samples:
    """N images of one size, or, before they are cleaned, of any.

    names say where each comes from; lives are what must not straddle splits: images of one life
    look alike.
    """

    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
    """uint8 [H, W, C] each; uint8 [N, H, W, C] once cleaned."""
    labels: NDArray[np.int64]
    """[N], places in `classes`."""
    classes: tuple[str, ...]
    names: tuple[str, ...]
    lives: tuple[str, ...]

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    @property
    def counts(self) -> dict[str, int]:
        """{class: how many images}."""
        found = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(n) for name, n in zip(self.classes, found, strict=True)}

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 [N, H, W, C] of cleaned images."""
        return np.asarray(self.images, np.uint8)

    def pick(self, rows: NDArray[np.int64]) -> Samples:
        """Returns these rows, in this order."""
        images = self.images
        return replace(
            self,
            images=images[rows] if isinstance(images, np.ndarray) else [images[k] for k in rows],
            labels=self.labels[rows],
            names=tuple(self.names[k] for k in rows),
            lives=tuple(self.lives[k] for k in rows),
        )


def resized(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Returns uint8 [height, width, C]; each pixel is the mean of the area that it covers."""
    if image.shape[:2] == (height, width):
        return image
    x = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
    x = functional.interpolate(x, (height, width), mode="area")
    return x[0].permute(1, 2, 0).round().to(torch.uint8).numpy()


def clean(found: Samples) -> tuple[Samples, dict[str, list[str]]]:
    """Returns images of one size, each once, and {reason: names of what was dropped}.

    The commonest size is kept. Of equal images the first is; where equal ones have different
    classes none is.

    Raises:
      ValueError: the commonest size is too large.
    """
    dropped: dict[str, list[str]] = {ODD_SIZE: [], DUPLICATE: [], CONTRADICTION: []}
    if not len(found):
        return found, dropped
    sizes = Counter(image.shape for image in found.images)
    size = max(sizes, key=lambda shape: (sizes[shape], shape))
    if max(size[:2]) > LARGEST_PX:
        raise ValueError(
            f"`size` must be given for images larger than {LARGEST_PX} pixels; most are "
            f"{size[1]}x{size[0]}. Add --size 64."
        )
    digests = [hashlib.blake2b(image.tobytes()).digest() for image in found.images]
    meanings: dict[bytes, set[int]] = {}
    for digest, label in zip(digests, found.labels.tolist(), strict=True):
        meanings.setdefault(digest, set()).add(label)
    rows, seen = [], set[bytes]()
    for k, digest in enumerate(digests):
        if found.images[k].shape != size:
            dropped[ODD_SIZE].append(found.names[k])
        elif len(meanings[digest]) > 1:
            dropped[CONTRADICTION].append(found.names[k])
        elif digest in seen:
            dropped[DUPLICATE].append(found.names[k])
        else:
            seen.add(digest)
            rows.append(k)
    kept = found.pick(np.array(rows, np.int64))
    images = np.stack(list(kept.images)) if rows else np.zeros((0, *size), np.uint8)
    return replace(kept, images=images), dropped


def check(found: Samples, source: str) -> None:
    """Raises ValueError where there are no two classes, or one has too few images."""
    if len(found.classes) < 2:
        raise ValueError(
            f"`{source}` must have at least 2 classes; got {', '.join(found.classes) or 'none'}. "
            "Give each class a folder of its own."
        )
    few = {name: n for name, n in found.counts.items() if n < FEWEST}
    if few:
        said = ", ".join(f"{name} {n}" for name, n in few.items())
        raise ValueError(
            f"`{source}` must have at least {FEWEST} usable images of each class; got {said}. "
            "Collect more, or leave the class out."
        )


def balance(found: Samples, cap: float, seed: int) -> tuple[Samples, int]:
    """Returns samples whose largest class is at most `cap` times the next, and how many were left
    out; 0 keeps all.

    Raises:
      ValueError: `cap` is below 1 and not 0.
    """
    if cap != 0 and not cap >= 1:
        raise ValueError(f"`balance` must be 0 or at least 1; got {cap}. Use 0 to keep all.")
    counts = np.bincount(found.labels, minlength=len(found.classes))
    largest = int(counts.argmax())
    limit = int(cap * np.sort(counts)[-2])
    if cap == 0 or counts[largest] <= limit:
        return found, 0
    rows = np.flatnonzero(found.labels == largest)
    chosen = np.random.default_rng(seed).permutation(rows)[:limit]
    kept = np.sort(np.concatenate((np.flatnonzero(found.labels != largest), chosen)))
    return found.pick(kept), int(counts[largest] - limit)


def split(found: Samples, shares: Mapping[str, float], seed: int) -> dict[str, Samples]:
    """Returns {split: samples}: whole lives, each class in each split by its share.

    Lives go one after another, those that hold most of a class first, to the split that lacks most
    of what they have. Among equals a hash of seed and name decides.

    Raises:
      ValueError: a class is not in every split.
    """
    lives = np.array(found.lives)
    known, life_of = np.unique(lives, return_inverse=True)
    content = np.zeros((len(known), len(found.classes)))
    np.add.at(content, (life_of, found.labels), 1)
    part = content / content.sum(0).clip(min=1)
    places = [hashlib.blake2b(f"{seed}/{name}".encode()).digest() for name in known]
    order = sorted(range(len(known)), key=lambda k: (-part[k].max(), places[k]))
    share = np.array([shares[name] for name in SPLITS])
    lacks = np.ones((len(SPLITS), len(found.classes)))  # of what is due, of each class
    chosen = np.zeros(len(known), np.int64)
    for k in order:
        chosen[k] = int((lacks @ part[k]).argmax())
        lacks[chosen[k]] -= part[k] / share[chosen[k]]
    parts = {
        name: found.pick(np.flatnonzero(chosen[life_of] == index))
        for index, name in enumerate(SPLITS)
    }
    for name, samples in parts.items():
        missing = [one for one, count in samples.counts.items() if count == 0]
        if missing:
            raise ValueError(
                f"`{missing[0]}` must occur in at least {len(SPLITS)} lives, so that each split "
                f"has it; {name} has none. Collect more frames."
            )
    return parts
