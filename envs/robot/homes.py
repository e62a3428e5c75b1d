"""The pool of homes of a split, as kernels read it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np

from .. import pool
from .house import Home, build, wide_floor
from .params import GRID, HOMES_PER_SPLIT, MAX_DOORS, MAX_ROOMS

SPLITS = {"train": 0, "test": HOMES_PER_SPLIT}
"""Number of the first home of each split."""
SOURCES = ("../rng.py", "params.py", "house.py", "homes.py")
"""Files that a home depends on."""

Pool = pool.Pool
House = Any  # one record of a pool, as numba sees it

HOME = np.dtype(
    [
        ("number", np.int32),
        ("rooms", np.int32),
        ("doors", np.int32),
        ("cells", np.uint8, (GRID, GRID)),  # `params.Cell` by x, y
        ("wide", np.uint8, (GRID, GRID)),  # 1: a robot can stand anywhere in it
        ("room_of", np.uint8, (GRID, GRID)),  # 1 + room; doorways belong to a room beside them
        ("look", np.uint8, (GRID, GRID)),  # `params.Room` of that room
        ("rect", np.int16, (MAX_ROOMS, 4)),  # x0, y0, x1, y1
        ("kind", np.uint8, MAX_ROOMS),
        ("door_rect", np.int16, (MAX_DOORS, 4)),
        ("door_rooms", np.int8, (MAX_DOORS, 2)),
        ("door_leaf", np.uint8, MAX_DOORS),
    ],
    align=True,
)


def load_homes(split: str = "train") -> Pool:
    """Returns the homes of a split; they are made when the cache doesn't hold them yet.

    Args:
      split: "train" (homes 0..511) or "test" (512..1023).
    Raises:
      ValueError: no such split.
    """
    if split not in SPLITS:
        near = difflib.get_close_matches(split, SPLITS, 1) or list(SPLITS)
        raise ValueError(
            f"`split` must be one of {', '.join(SPLITS)}; got {split!r}. Did you mean {near[0]!r}?"
        )
    file = pool.pool_file(f"homes-{split}", Path(__file__).parent, SOURCES)
    first = SPLITS[split]
    return pool.load(
        file,
        lambda found: found.dtype == HOME and found.shape == (HOMES_PER_SPLIT,),
        lambda: make_homes(range(first, first + HOMES_PER_SPLIT)),
    )


def make_homes(numbers: range) -> Pool:
    """Returns these homes; says on stderr how far it is."""
    homes = np.zeros(len(numbers), HOME)
    for k, number in enumerate(numbers):
        if k % 32 == 0:
            pool.tell("homes", k, len(numbers))
        _write(homes[k], build(number), number)
    pool.tell("homes", len(numbers), len(numbers))
    return homes


def _write(row: Any, home: Home, number: int) -> None:
    """Fills a record with a home."""
    row["number"], row["rooms"], row["doors"] = number, len(home.rects), len(home.doorways)
    row["cells"], row["wide"] = home.cells, wide_floor(home.cells)
    room_of = home.room_of.copy()
    for k, door in enumerate(home.doorways):
        x0, y0, x1, y1 = door.rect
        room_of[x0:x1, y0:y1] = door.rooms[0] + 1
        row["door_rect"][k], row["door_rooms"][k] = door.rect, door.rooms
        row["door_leaf"][k] = door.has_leaf
    row["room_of"] = room_of
    kinds = np.array([0, *home.kinds], np.uint8)
    row["look"] = kinds[room_of]
    row["rect"][: len(home.rects)] = home.rects
    row["kind"][: len(home.rects)] = home.kinds
