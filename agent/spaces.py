"""Gymnasium's spaces into tensors: which parts an observation has, which heads an action."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import torch
from gymnasium import Space, spaces
from numpy.typing import NDArray
from torch import Tensor

from .types import ActionKind, ActionSpec, Modality, Part, WorldError

SMALLEST_IMAGE = 20  # [px] smaller ones are read as grids of symbols
WORDS = 32  # tokens of a text that are read; the rest is cut
HASHED_VOCABULARY = 4096  # tokens of texts that declare no vocabulary, padding included
RANGE_NAMES = ("lidar", "ranges", "radar", "laser", "scan")
SAID_NUMBERS = 12  # of a MultiDiscrete that people are told in a line
MOST_OPTIONS = 2**17  # of one discrete part or head: each costs a row of weights
ROOT = "observation"  # name of the only part of a space that has none


@dataclass(frozen=True)
class PartReader:
    """Finds one part in a raw batched observation and makes a tensor of it."""

    part: Part
    path: tuple[str | int, ...]
    """Keys and indices that lead to the part through Dict and Tuple spaces."""
    space: Space[Any]
    transposed: bool = False
    """The image comes as [B, C, H, W]."""
    vocabulary: tuple[str, ...] = ()
    """The word of each token, where the environment declares them."""

    def find(self, raw: Any) -> Any:
        """Returns this part of a raw observation, batched or not."""
        for key in self.path:
            raw = raw[key]
        return raw

    def tensor(self, raw: Any) -> Tensor:
        """Returns the part of a batch as a tensor; pixels are not copied."""
        return self.convert(self.find(raw))

    def tensor_of(self, raws: Sequence[Any]) -> Tensor:
        """Returns the part of a list of single observations as one batch."""
        found = [self.find(raw) for raw in raws]
        return self.convert(found if isinstance(self.space, spaces.Text) else np.stack(found))

    def convert(self, values: Any) -> Tensor:
        """Returns a batch of this part's values as the modality's tensor.

        Raises:
          WorldError: a number is not finite; the message names lane and part.
        """
        modality, batch = self.part.modality, len(values)
        if modality is Modality.WORDS:
            if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
                return torch.tensor([tokens(str(text)) for text in values], dtype=torch.int64)
            return torch.from_numpy(np.ascontiguousarray(values, np.int64).reshape(batch, -1))
        values = np.asarray(values)
        if modality in (Modality.IMAGE, Modality.SYMBOLS):
            return self._pixels(values)
        if isinstance(self.space, spaces.Discrete):
            return _one_hot(values.reshape(batch, 1) - int(self.space.start), (int(self.space.n),))
        if isinstance(self.space, spaces.MultiDiscrete):
            sizes = tuple(int(n) for n in self.space.nvec.reshape(-1))
            return _one_hot(values.reshape(batch, -1) - self.space.start.reshape(-1), sizes)
        numbers = np.asarray(values, np.float32).reshape(batch, -1)
        self._check_finite(numbers)
        return _shared(numbers)

    def _check_finite(self, values: NDArray[Any]) -> None:
        finite = np.isfinite(values)
        if not finite.all():
            lane, *place = (int(index) for index in np.argwhere(~finite)[0])
            raise WorldError(
                f"`{self.part.name}` must be finite; got {values[(lane, *place)]} at index "
                f"{place[0] if len(place) == 1 else place} in lane {lane}. "
                "Mend the environment, or clip the observation in a wrapper."
            )

    @property
    def is_said(self) -> bool:
        """Whether words say the part better than a picture or bars."""
        discrete = isinstance(self.space, (spaces.Discrete, spaces.MultiDiscrete))
        return discrete or self.part.modality is Modality.WORDS

    def say(self, value: Any) -> str:
        """Returns this part of one lane in words for people; "" where they would be too many."""
        if isinstance(self.space, spaces.Discrete):
            first, last = int(self.space.start), int(self.space.start + self.space.n) - 1
            return f"{int(value)} (of {first} to {last})"
        if self.part.modality is not Modality.WORDS:
            numbers = np.ravel(value)
            return ", ".join(map(str, numbers.tolist())) if len(numbers) <= SAID_NUMBERS else ""
        if not self.vocabulary:
            return str(value) if isinstance(value, str) else ""
        return " ".join(self.vocabulary[int(token)] for token in np.ravel(value) if token)

    def _pixels(self, values: NDArray[Any]) -> Tensor:
        if values.dtype != np.uint8:
            self._check_finite(values)
            scale = 255.0 if float(np.max(cast(spaces.Box, self.space).high)) == 1 else 1.0
            values = np.clip(values * scale, 0, 255).astype(np.uint8)
        if values.ndim == 3:
            values = values[..., None]
        return _shared(np.moveaxis(values, 1, -1) if self.transposed else values)


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[int, ...]:
    """Returns WORDS tokens of a text: each word's hash, 0 for padding."""
    words = re.findall(r"\w+", text.lower())[:WORDS]
    found = [1 + zlib.crc32(word.encode()) % (HASHED_VOCABULARY - 1) for word in words]
    return tuple(found + [0] * (WORDS - len(found)))


def read_parts(
    space: Space[Any], metadata: Mapping[str, Any], remarks: list[str]
) -> tuple[PartReader, ...]:
    """Returns a reader for each part of an observation space.

    Args:
      space: that of one environment, nested as it may be.
      metadata: of the environment; "vocabulary" {part: words} and "modalities" {part: name} count.
      remarks: what was guessed is appended here, to be told to the user.
    Raises:
      ValueError: a space is of a kind that no encoder reads; the message names it.
    """
    readers: list[PartReader] = []
    _collect(space, (), metadata, remarks, readers)
    if not readers:
        raise ValueError(
            f"`observation_space` must hold at least one part; got {space}. "
            "Give the environment something to see."
        )
    return tuple(readers)


def _collect(
    space: Space[Any],
    path: tuple[str | int, ...],
    metadata: Mapping[str, Any],
    remarks: list[str],
    readers: list[PartReader],
) -> None:
    if isinstance(space, spaces.Dict):
        for key, inner in space.spaces.items():
            _collect(inner, (*path, key), metadata, remarks, readers)
    elif isinstance(space, spaces.Tuple):
        for index, inner in enumerate(space.spaces):
            _collect(inner, (*path, index), metadata, remarks, readers)
    else:
        name = "/".join(str(key) for key in path) or ROOT
        readers.append(_reader(space, name, path, metadata, remarks))


def _reader(
    space: Space[Any],
    name: str,
    path: tuple[str | int, ...],
    metadata: Mapping[str, Any],
    remarks: list[str],
) -> PartReader:
    vocabulary = metadata.get("vocabulary")
    words = vocabulary.get(name) if isinstance(vocabulary, Mapping) else None
    if words is not None and isinstance(space, (spaces.Box, spaces.MultiDiscrete)):
        part = Part(name, Modality.WORDS, (int(np.prod(space.shape)),), len(words))
        listed = sorted(words, key=lambda w: words[w]) if isinstance(words, Mapping) else words
        return PartReader(part, path, space, vocabulary=tuple(map(str, listed)))
    if isinstance(space, spaces.Box):
        if int(np.prod(space.shape)) == 0:
            raise ValueError(
                f"`{name}` must hold at least one number; got {space}. "
                "Leave the part out of the observation space."
            )
        stated = str(metadata.get("modalities", {}).get(name, ""))
        return _box_reader(space, name, path, stated, remarks)
    if isinstance(space, spaces.Discrete):
        _check_options(name, int(space.n), "an ObservationWrapper")
        part = Part(name, Modality.VECTOR, (int(space.n),), is_code=True)
    elif isinstance(space, spaces.MultiDiscrete):
        _check_options(name, int(space.nvec.sum()), "an ObservationWrapper")
        part = Part(name, Modality.VECTOR, (int(space.nvec.sum()),), is_code=True)
    elif isinstance(space, spaces.MultiBinary):
        part = Part(name, Modality.VECTOR, (int(np.prod(space.shape)),), is_code=True)
    elif isinstance(space, spaces.Text) or _samples_text(space):
        part = Part(name, Modality.WORDS, (WORDS,), HASHED_VOCABULARY)
    else:
        raise ValueError(
            f"`{name}` must be a Box, Discrete, MultiDiscrete, MultiBinary, Text, Dict or Tuple "
            f"space; got {type(space).__name__}. Turn it into one of these in an "
            "ObservationWrapper."
        )
    return PartReader(part, path, space)


def _check_options(name: str, count: int, wrapper: str) -> None:
    if count > MOST_OPTIONS:
        raise ValueError(
            f"`{name}` must have at most {MOST_OPTIONS} options; got {count}. "
            f"Write the number in digits, as a MultiDiscrete, in {wrapper}."
        )


def _samples_text(space: Space[Any]) -> bool:
    """Returns whether a space of an unknown class holds texts, as Minigrid's MissionSpace does."""
    known = (spaces.Sequence, spaces.Graph, spaces.OneOf)
    return not isinstance(space, known) and isinstance(space.sample(), str)


def _box_reader(
    space: spaces.Box, name: str, path: tuple[str | int, ...], stated: str, remarks: list[str]
) -> PartReader:
    shape = tuple(int(n) for n in space.shape)
    # Other types than uint8 must span exactly 0..1 or 0..255 to be taken for brightness.
    spans = bool((space.low == 0).all() and np.isin(space.high, (1, 255)).all() and (
        space.high == space.high.flat[0]).all())
    is_pixels = space.dtype == np.uint8 or (spans and len(shape) in (2, 3))
    grey = len(shape) == 2 and is_pixels and min(shape) >= SMALLEST_IMAGE
    if stated == "vector" or not is_pixels or not (len(shape) == 3 or grey):
        last = name.rsplit("/", 1)[-1].lower()
        is_ranges = len(shape) == 1 and shape[0] >= 8 and any(n in last for n in RANGE_NAMES)
        kind = Modality.RANGES if stated == "ranges" or is_ranges else Modality.VECTOR
        return PartReader(Part(name, kind, (int(np.prod(shape)),)), path, space)
    if grey:
        shape = (*shape, 1)
    transposed = shape[-1] > 4 and shape[0] < shape[1] and shape[0] < shape[2]
    if transposed:
        shape = (*shape[1:], shape[0])
        remarks.append(f"`{name}` is read as an image with its {shape[-1]} channels first")
    if space.dtype != np.uint8:
        highest = int(space.high.flat[0])
        remarks.append(
            f"`{name}` holds numbers from 0 to {highest} and is read as an image of 256 levels"
        )
    if min(shape[:2]) < SMALLEST_IMAGE:
        return PartReader(Part(name, Modality.SYMBOLS, shape), path, space, transposed)
    return PartReader(Part(name, Modality.IMAGE, shape), path, space, transposed)


def _one_hot(indices: NDArray[Any], sizes: tuple[int, ...]) -> Tensor:
    """Returns f32[B, sum(sizes)], a one in the block of each column of `indices` i64[B, n]."""
    offsets = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    codes = torch.zeros(len(indices), sum(sizes))
    return codes.scatter_(1, torch.from_numpy((indices + offsets).astype(np.int64)), 1.0)


def _shared(array: NDArray[Any]) -> Tensor:
    """Returns a tensor over the same memory; read-only arrays are copied, as torch can't."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


# ------------------------------------------------------------------------------------ actions


@dataclass(frozen=True)
class ActionWriter:
    """Between a mind's actions, i64[B, H] or f32[B, D], and what the environment takes."""

    spec: ActionSpec
    space: Space[Any]

    def write(self, action: Tensor) -> NDArray[Any]:
        """Returns the batch of actions as the environment's vector space wants it."""
        values = action.detach().cpu().numpy()
        space = self.space
        if isinstance(space, spaces.Discrete):
            return values[:, 0] + int(space.start)
        shaped = values.reshape(len(values), *cast(tuple[int, ...], space.shape))
        if isinstance(space, spaces.MultiDiscrete):
            shaped = shaped + space.start
        elif isinstance(space, spaces.Box):
            if np.issubdtype(space.dtype, np.integer):
                shaped = np.rint(shaped)
            # a float32 just inside a float64 bound is outside once it is a float64
            shaped = np.clip(shaped.astype(space.dtype), space.low, space.high)
        return shaped.astype(space.dtype)

    def read(self, actions: Any) -> Tensor:
        """Returns the mind's form of actions that the environment would take."""
        values = np.asarray(actions)
        flat = values.reshape(len(values), -1)
        if self.spec.is_box:
            return torch.from_numpy(flat.astype(np.float32))
        if isinstance(self.space, spaces.Discrete):
            flat = flat - int(self.space.start)
        elif isinstance(self.space, spaces.MultiDiscrete):
            flat = flat - self.space.start.reshape(-1)
        return torch.from_numpy(flat.astype(np.int64))

    def random(self, rng: np.random.Generator, available: Tensor) -> Tensor:
        """Returns actions drawn evenly: over the available options, or within a Box's bounds.

        Dimensions without bounds are drawn from a standard normal distribution.
        """
        batch = len(available)
        if self.spec.is_box:
            low, high = np.asarray(self.spec.low), np.asarray(self.spec.high)
            bounded = np.isfinite(low) & np.isfinite(high)
            floor, width = np.where(bounded, low, 0.0), np.where(bounded, high - low, 0.0)
            even = floor + width * rng.random((batch, len(low)))
            free = np.clip(rng.standard_normal((batch, len(low))), low, high)
            return torch.from_numpy(np.where(bounded, even, free).astype(np.float32))
        draws = torch.from_numpy(rng.random((batch, self.spec.width))).masked_fill(~available, -1.0)
        heads = torch.split(draws, list(self.spec.sizes), 1)
        return torch.stack([head.argmax(1) for head in heads], 1)

    def mask(self, mask: Any) -> Tensor:
        """Returns bool[B, A] of an info's "action_mask": an array, or a tuple of one per head.

        Raises:
          WorldError: the mask has another width, or leaves some lane no action at all.
        """
        if isinstance(mask, np.ndarray) and mask.dtype == object:  # a tuple of heads in each lane
            mask = np.stack([np.concatenate([np.ravel(head) for head in row]) for row in mask])
        found = np.asarray(mask).reshape(len(mask), -1).astype(bool)
        if found.shape[1] != self.spec.width:
            raise WorldError(
                f"`action_mask` must have {self.spec.width} entries, one for each option of each "
                f"head; got {found.shape[1]}. Join the masks of all heads."
            )
        tensor = torch.from_numpy(found)
        for head in torch.split(tensor, list(self.spec.sizes), 1):
            if not bool(head.any(1).all()):
                lane = int((~head.any(1)).nonzero()[0])
                raise WorldError(
                    f"`action_mask` must leave at least one action; got none in lane {lane}. "
                    "Allow some action, or end the episode."
                )
        return tensor


def read_actions(space: Space[Any], declared: Sequence[Mapping[str, Any]]) -> ActionWriter:
    """Returns how to act in `space`, named by what the environment declares of its actions.

    Raises:
      ValueError: the space is none of Box, Discrete, MultiDiscrete and MultiBinary.
    """
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    sizes: tuple[int, ...]
    if isinstance(space, spaces.Discrete):
        kind, sizes = ActionKind.DISCRETE, (int(space.n),)
    elif isinstance(space, spaces.MultiDiscrete):
        kind, sizes = ActionKind.MULTI_DISCRETE, tuple(int(n) for n in space.nvec.reshape(-1))
    elif isinstance(space, spaces.MultiBinary):
        kind, sizes = ActionKind.MULTI_BINARY, (2,) * int(np.prod(space.shape))
    elif isinstance(space, spaces.Box):
        kind, sizes = ActionKind.BOX, (1,) * int(np.prod(space.shape))
        low = tuple(float(x) for x in space.low.reshape(-1))
        high = tuple(float(x) for x in space.high.reshape(-1))
    else:
        raise ValueError(
            f"`action_space` must be a Box, Discrete, MultiDiscrete or MultiBinary space; got "
            f"{type(space).__name__}. Turn it into one of these in an ActionWrapper."
        )
    if kind is not ActionKind.BOX:
        _check_options("action_space", sum(sizes), "an ActionWrapper")
    names = tuple(str(action.get("name", index)) for index, action in enumerate(declared))
    if len(names) != sum(sizes):
        names, declared = _default_names(kind, sizes), ()
    spec = ActionSpec(kind, sizes, low, high, names, tuple(dict(a) for a in declared))
    return ActionWriter(spec, space)


def _default_names(kind: ActionKind, sizes: tuple[int, ...]) -> tuple[str, ...]:
    if kind in (ActionKind.DISCRETE, ActionKind.BOX):
        return tuple(str(index) for index in range(sum(sizes)))
    return tuple(f"{head}:{option}" for head, size in enumerate(sizes) for option in range(size))
