"""Towns: the pool that every life drives in, and where a point of a lane is.

Axes: x east, y north [m], heading counter-clockwise from +x; right-hand traffic. A town is a pure
function of its number. The pool of a split is made once, kept in the user's cache folder and
opened as read-only memory maps, which processes share.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .. import pool
from .assembly import assemble
from .params import MAX_CROSSINGS, MAX_JUNCTIONS, MAX_LANES, MAX_STATICS, TOWNS_PER_SPLIT
from .tiles import make_tiles

SPLITS = {"train": 0, "test": TOWNS_PER_SPLIT}
"""Number of the first town of each split."""
SOURCES = (
    "../rng.py",
    "../geometry.py",
    "params.py",
    "plan.py",
    "blocks.py",
    "junctions.py",
    "layouts.py",
    "sketch.py",
    "lanes.py",
    "assembly.py",
    "road.py",
)
"""Files that a town depends on: their hash names the pool's folder."""


class Towns(NamedTuple):
    """T towns, padded to the same sizes; -1 stands for "none" wherever an index is meant."""

    cell_tile: NDArray[np.int16]
    """[T, 8, 8] tile (index into `TILES`) of cell ix, iy."""
    lane_count: NDArray[np.int32]
    """[T]."""
    lane_start: NDArray[np.int32]
    """[T, L] first row in `points`."""
    lane_size: NDArray[np.int32]
    """[T, L] rows in `points`."""
    lane_length: NDArray[np.float32]
    """[T, L] m."""
    lane_limit: NDArray[np.float32]
    """[T, L] m/s."""
    lane_next: NDArray[np.int16]
    """[T, L, 3] a road lane's connectors (left, straight, right); a connector's exit lane."""
    lane_before: NDArray[np.int16]
    """[T, L, 3] lanes that lead here."""
    lane_turn: NDArray[np.int8]
    """[T, L] 0 road lane, 1 left, 2 straight, 3 right."""
    lane_junction: NDArray[np.int16]
    """[T, L] a connector's junction; the junction at a road lane's end."""
    lane_slot: NDArray[np.int8]
    """[T, L] a connector's slot, 3 * approach side + turn - 1; -1 for road lanes."""
    lane_group: NDArray[np.int8]
    """[T, L] light group of a connector or of a road lane's end: 0 east-west, 1 north-south."""
    lane_conflict: NDArray[np.uint32]
    """[T, L] bits of slots whose swept areas cross, join or leave a connector's; not itself."""
    lane_yield: NDArray[np.uint32]
    """[T, L] bits of slots that a connector gives way to."""
    lane_sign: NDArray[np.int16]
    """[T, L] static that rules a road lane's end: stop sign or light."""
    lane_limit_sign: NDArray[np.int16]
    """[T, L] static of the limit sign near a road lane's start."""
    lane_crossing: NDArray[np.int16]
    """[T, L, 2] zebras that a lane passes over, in its order."""
    lane_crossing_s: NDArray[np.float32]
    """[T, L, 2] arc position of their middles [m]; -1 where none."""
    points: NDArray[np.float32]
    """[T, P, 4] x, y, heading (unwrapped within a lane), curvature, every metre and at the end."""
    junction_count: NDArray[np.int32]
    """[T]."""
    junction_xy: NDArray[np.float32]
    """[T, J, 2] m."""
    junction_control: NDArray[np.int8]
    """[T, J] `params.Control`."""
    junction_slots: NDArray[np.int16]
    """[T, J, 12] lane of each slot."""
    crossing_count: NDArray[np.int32]
    """[T]."""
    crossing_xy: NDArray[np.float32]
    """[T, C, 4] kerb to kerb [m]."""
    crossing_junction: NDArray[np.int16]
    """[T, C] -1: between junctions."""
    crossing_group: NDArray[np.int8]
    """[T, C] light group of the arm that is crossed; -1 between junctions."""
    walk_count: NDArray[np.int32]
    """[T] edges."""
    walk_xy: NDArray[np.float32]
    """[T, E, 4] ends of a straight edge [m], from its first node to its second."""
    walk_length: NDArray[np.float32]
    """[T, E] m."""
    walk_node: NDArray[np.int16]
    """[T, E, 2]."""
    walk_crossing: NDArray[np.int16]
    """[T, E] the zebra that an edge is; -1: pavement."""
    node_edges: NDArray[np.int16]
    """[T, N, 5] edges that meet in a node."""
    parking_count: NDArray[np.int32]
    """[T]."""
    parking_xyh: NDArray[np.float32]
    """[T, K, 3] x, y, heading."""
    building_count: NDArray[np.int32]
    """[T]."""
    buildings: NDArray[np.float32]
    """[T, U, 8] x, y, heading, half length, half width, height, colour index, style; by cell."""
    building_first: NDArray[np.int32]
    """[T, 65] first building of cell ix * 8 + iy."""
    static_count: NDArray[np.int32]
    """[T]."""
    statics: NDArray[np.float32]
    """[T, S, 6] x, y, facing, `params.Static`, a, b; by cell.

    a: height of trees and bushes [m], limit [km/h], junction of a light; b: group of a light."""
    static_first: NDArray[np.int32]
    """[T, 65] first static of cell ix * 8 + iy."""


Pool = pool.Pool  # of towns, see `pack`
Town = Any  # one record of a pool, as numba sees it

TILES = make_tiles()
"""What `Towns.cell_tile` counts: block * 4 + rotation; shapes are turned already."""
FIELDS = Towns._fields
NONE_FIELDS = (
    *("lane_next", "lane_before", "lane_turn", "lane_junction", "lane_slot", "lane_group"),
    *("lane_sign", "lane_limit_sign", "lane_crossing", "lane_crossing_s", "junction_slots"),
    *("crossing_junction", "crossing_group", "walk_node", "walk_crossing", "node_edges"),
)
"""Fields padded with -1; the others with 0."""
ROOM = {
    **{name: MAX_LANES for name in FIELDS if name.startswith("lane_")},
    **{name: MAX_JUNCTIONS for name in FIELDS if name.startswith("junction_")},
    **{name: MAX_CROSSINGS for name in FIELDS if name.startswith("crossing_")},
    **{name: 1408 for name in FIELDS if name.startswith("walk_")},
    "points": 13312,
    "node_edges": 1344,
    "parking_xyh": 192,
    "buildings": 576,
    "statics": MAX_STATICS,
}
"""Rows that a field is padded to."""


def make_towns(numbers: Sequence[int], progress: Callable[[int, int], None] | None = None) -> Towns:
    """Makes towns in memory.

    Args:
      numbers: which ones, by their number.
      progress: called with (made, wanted) now and then.
    """
    made = []
    for i, number in enumerate(numbers):
        if progress is not None and i % 32 == 0:
            progress(i, len(numbers))
        made.append(assemble(number))
    if progress is not None:
        progress(len(numbers), len(numbers))
    return Towns(
        *(
            _stack(name, [town[name] for town in made])
            for name in FIELDS
        )
    )


def _stack(name: str, parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Returns the same field of several towns as one read-only array, padded to its room.

    Raises:
      ValueError: a town has more of something than there is room for.
    """
    shape = parts[0].shape
    if name in ROOM and shape:
        most = max(len(part) for part in parts)
        if most > ROOM[name]:
            raise ValueError(
                f"`{name}` must have at most {ROOM[name]} rows; got {most}. Raise its room."
            )
        shape = (ROOM[name], *shape[1:])
    out = np.full((len(parts), *shape), -1 if name in NONE_FIELDS else 0, parts[0].dtype)
    for i, part in enumerate(parts):
        region: tuple[slice, ...] = (slice(i, i + 1), *(slice(size) for size in part.shape))
        out[region] = part
    out.flags.writeable = False
    return out


def load_pool(split: str = "train") -> Pool:
    """Returns the towns of a split; they are made when the cache doesn't hold them yet.

    Args:
      split: "train" (towns 0..511) or "test" (512..1023).
    Raises:
      ValueError: no such split.
    """
    first = first_town(split)
    numbers = range(first, first + TOWNS_PER_SPLIT)

    def make() -> Pool:
        return pack(make_towns(numbers, lambda made, wanted: pool.tell("towns", made, wanted)))

    return pool.load(pool_file(split), _is_ours, make)


def first_town(split: str) -> int:
    """Returns the number of a split's first town.

    Raises:
      ValueError: no such split.
    """
    if split not in SPLITS:
        near = difflib.get_close_matches(split, SPLITS, 1) or list(SPLITS)
        raise ValueError(
            f"`split` must be one of {', '.join(SPLITS)}; got {split!r}. Did you mean {near[0]!r}?"
        )
    return SPLITS[split]


def town_row(split: str, town: int) -> int:
    """Returns the row of a town in its split's pool.

    Raises:
      ValueError: the split doesn't have that town.
    """
    first = first_town(split)
    if not first <= town < first + TOWNS_PER_SPLIT:
        raise ValueError(
            f"`town` must be in {first}..{first + TOWNS_PER_SPLIT - 1} for split {split!r}; "
            f"got {town}. Choose a town of that range or another split."
        )
    return town - first


def pool_file(split: str) -> Path:
    """Returns where a split's towns are kept; its name changes with the sources they come from."""
    return pool.pool_file(f"towns-{split}", Path(__file__).parent, SOURCES)


def _is_ours(found: Pool) -> bool:
    has_room = all(found.dtype[name].shape[:1] in ((), (n,)) for name, n in ROOM.items()
                   if name in (found.dtype.names or ()))  # fmt: skip
    return found.dtype.names == FIELDS and found.shape == (TOWNS_PER_SPLIT,) and has_room


def pack(towns: Towns) -> Pool:
    """Returns towns as a structured array [T]: kernels take one of its records by reference."""
    fields = [(name, array.dtype, array.shape[1:]) for name, array in towns._asdict().items()]
    pool = np.zeros(len(towns.lane_count), np.dtype(fields, align=True))
    for name, array in towns._asdict().items():
        pool[name] = array
    return pool


@njit(cache=True, nogil=True)
def lane_pose(town: Town, lane: int, s: float) -> tuple[float, float, float, float]:
    """Returns x, y, heading and curvature at arc length s of a lane (clipped to the lane)."""
    points = town.points
    first = town.lane_start[lane]
    last = first + town.lane_size[lane] - 1
    length = town.lane_length[lane]
    s = min(max(s, 0.0), length)
    row = min(first + int(s), last - 1)
    at = s - (row - first)
    share = at / min(1.0, length - (row - first))  # the last gap is shorter
    stay = 1.0 - share
    return (
        stay * points[row, 0] + share * points[row + 1, 0],
        stay * points[row, 1] + share * points[row + 1, 1],
        stay * points[row, 2] + share * points[row + 1, 2],
        stay * points[row, 3] + share * points[row + 1, 3],
    )


@njit(cache=True, nogil=True)
def project(
    town: Town, lane: int, x: float, y: float, s_hint: float, window: float
) -> tuple[float, float]:
    """Returns the arc length of a lane's nearest point and the lateral distance to it.

    Lateral is positive on the left. Only `window` metres before and after `s_hint` are searched;
    window < 0: the whole lane.
    """
    points = town.points
    first = town.lane_start[lane]
    last = first + town.lane_size[lane] - 1
    low, high = first, last
    if window >= 0.0:
        low = min(max(first + int(s_hint - window), first), last - 1)
        high = max(min(first + int(s_hint + window) + 1, last), low + 1)
    best, best_s, side = 1e30, 0.0, 1.0
    for row in range(low, high):
        px, py = points[row, 0], points[row, 1]
        ex, ey = points[row + 1, 0] - px, points[row + 1, 1] - py
        dx, dy = x - px, y - py
        squared = ex * ex + ey * ey
        share = min(max((dx * ex + dy * ey) / squared, 0.0), 1.0)
        rx, ry = dx - share * ex, dy - share * ey
        distance = rx * rx + ry * ry
        if distance < best:
            best = distance
            gap = min(1.0, town.lane_length[lane] - (row - first))
            best_s = row - first + share * gap
            side = 1.0 if ex * dy - ey * dx >= 0.0 else -1.0
    return best_s, side * math.sqrt(best)
