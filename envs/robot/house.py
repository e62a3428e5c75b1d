"""Homes: the pool that every robot lives in, each a pure function of its number.

A home is a grid of cells. Rooms are cut out of a rectangle by splitting it again and again, with a
corridor through the larger ones; doorways join neighbours so that every room can be reached;
furniture stands at walls and in the middle, where it leaves ways between all doorways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..rng import key
from .params import (
    CORRIDOR,
    DOOR_WIDTH,
    FURNITURE,
    GRID,
    MAX_DOORS,
    MAX_ROOMS,
    PIECES,
    Cell,
    Room,
)

LEAST_ROOMS = 2
LEAST_SIDE = 11  # cells of a room
AREA = (180, 300)  # cells of a room on average, from homes that are snug to homes that are wide
CORRIDOR_FROM = 5  # rooms from which a home has a corridor
MORE_DOORS = 0.3  # of neighbours that the shortest tree of doorways doesn't join
LEAF = 0.75  # of doorways that have a door
FRONT = 4  # cells on either side of a doorway where nothing stands
TRIES = 12  # places that are tried for a piece
HOME_KEY = 7001  # purpose of draws

Grid = NDArray[np.uint8]
Rect = tuple[int, int, int, int]  # x0, y0, x1, y1, cells; the last row and column are outside


@dataclass
class Doorway:
    """A gap in the wall between two rooms."""

    rect: Rect
    rooms: tuple[int, int]
    has_leaf: bool

    @property
    def is_upright(self) -> bool:
        """Whether it lies in a wall along y, so that one goes through along x."""
        return self.rect[2] - self.rect[0] == 1


@dataclass
class Home:
    """A home as it is built; x east, y north, in cells."""

    cells: Grid
    """uint8 [GRID, GRID] by x, y: a `Cell`, or Cell.FURNITURE + a row of FURNITURE."""
    room_of: Grid
    """uint8 [GRID, GRID]: 1 + the room, 0 where there is none."""
    rects: list[Rect] = field(default_factory=list)
    kinds: list[Room] = field(default_factory=list)
    doorways: list[Doorway] = field(default_factory=list)


def build(number: int) -> Home:
    """Returns the home with this number; the number says how many rooms it has, where they fit."""
    rng = np.random.default_rng(int(key(number, 0, 0, 0, HOME_KEY)))
    wanted = LEAST_ROOMS + number % (MAX_ROOMS - LEAST_ROOMS + 1)
    width, height = _size(wanted, rng)
    cells = np.full((GRID, GRID), Cell.WALL, np.uint8)
    home = Home(cells, np.zeros((GRID, GRID), np.uint8))
    home.rects, corridor = _split((1, 1, width - 1, height - 1), wanted, rng)
    home.kinds = _kinds(home.rects, corridor, rng)
    for k, (x0, y0, x1, y1) in enumerate(home.rects):
        cells[x0:x1, y0:y1] = Cell.FLOOR
        home.room_of[x0:x1, y0:y1] = k + 1
    home.doorways = _doorways(home, rng)
    for door in home.doorways:
        x0, y0, x1, y1 = door.rect
        cells[x0:x1, y0:y1] = Cell.DOORWAY
    for room in range(len(home.rects)):
        _furnish(home, room, rng)
    return home


def _size(rooms: int, rng: np.random.Generator) -> tuple[int, int]:
    """Returns width and height of a home, walls included."""
    area = rooms * rng.uniform(*AREA)
    ratio = rng.uniform(0.7, 1.4)
    width = int(np.clip(np.sqrt(area * ratio), LEAST_SIDE + 2, GRID))
    height = int(np.clip(area / width, LEAST_SIDE + 2, GRID))
    if rooms > 1 and max(width, height) < 2 * LEAST_SIDE + 3:
        width = 2 * LEAST_SIDE + 3
    return width, height


def _split(
    whole: Rect, wanted: int, rng: np.random.Generator
) -> tuple[list[Rect], int]:
    """Returns the rooms' rectangles, and which of them is the corridor (-1: none)."""
    regions, corridor = [whole], -1
    if wanted >= CORRIDOR_FROM:
        x0, y0, x1, y1 = whole
        lies_along_x = x1 - x0 >= y1 - y0
        low, high = (y0, y1) if lies_along_x else (x0, x1)
        room = high - low - CORRIDOR - 2 - 2 * LEAST_SIDE
        if room >= 0:
            at = low + LEAST_SIDE + 1 + int(rng.integers(0, room + 1))
            cuts = ((low, at - 1), (at, at + CORRIDOR), (at + CORRIDOR + 1, high))
            regions = [
                (x0, a, x1, b) if lies_along_x else (a, y0, b, y1) for a, b in cuts
            ]
            regions.insert(0, regions.pop(1))
            corridor = 0
    while len(regions) < wanted:
        halves = _cut_one(regions, corridor, rng)
        if halves is None:
            break
        which, first, second = halves
        regions[which] = first
        regions.append(second)
    return regions, corridor


def _cut_one(
    regions: Sequence[Rect], corridor: int, rng: np.random.Generator
) -> tuple[int, Rect, Rect] | None:
    """Returns the largest region that can be cut, and its halves; None: none can."""
    areas = [
        0 if k == corridor else (r[2] - r[0]) * (r[3] - r[1]) for k, r in enumerate(regions)
    ]
    for which in np.argsort(areas)[::-1]:
        if which == corridor:
            continue
        x0, y0, x1, y1 = regions[which]
        wide, high = x1 - x0, y1 - y0
        room = max(wide, high) - 1 - 2 * LEAST_SIDE
        if room < 0:
            continue
        middle, spread = room // 2, max(1, room // 3)
        at = LEAST_SIDE + int(np.clip(middle + rng.integers(-spread, spread + 1), 0, room))
        if wide >= high:
            return int(which), (x0, y0, x0 + at, y1), (x0 + at + 1, y0, x1, y1)
        return int(which), (x0, y0, x1, y0 + at), (x0, y0 + at + 1, x1, y1)
    return None


def _kinds(rects: Sequence[Rect], corridor: int, rng: np.random.Generator) -> list[Room]:
    """Returns what each room is for: the largest is lived in, the smallest a bath."""
    areas = np.array([(r[2] - r[0]) * (r[3] - r[1]) for r in rects])
    order = [int(k) for k in np.argsort(-areas) if k != corridor]
    kinds = [Room.CORRIDOR] * len(rects)
    usual = [Room.LIVING, Room.KITCHEN, Room.BEDROOM]
    for rank, k in enumerate(order):
        more = (Room.BEDROOM, Room.STUDY, Room.LIVING)
        kinds[k] = usual[rank] if rank < len(usual) else more[int(rng.integers(len(more)))]
    if len(order) > len(usual):
        kinds[order[-1]] = Room.BATH
    return kinds


# ------------------------------------------------------------------ doorways


def _walls_between(home: Home) -> dict[tuple[int, int], list[tuple[bool, int, list[int]]]]:
    """Returns for each two neighbours the straight walls between them: (along y, its column or
    row, places along it)."""
    room = home.room_of.astype(np.int64)
    found: dict[tuple[int, int], dict[tuple[bool, int], list[int]]] = {}
    for is_upright, before, after in (
        (True, room[:-2, :], room[2:, :]), (False, room[:, :-2], room[:, 2:]),
    ):  # fmt: skip
        middle = home.cells[1:-1, :] if is_upright else home.cells[:, 1:-1]
        joins = (before > 0) & (after > 0) & (before != after) & (middle == Cell.WALL)
        for x, y in np.argwhere(joins):
            one, other = sorted((int(before[x, y]) - 1, int(after[x, y]) - 1))
            pair = (one, other)
            line = (is_upright, int(x + 1 if is_upright else y + 1))
            found.setdefault(pair, {}).setdefault(line, []).append(int(y if is_upright else x))
    return {
        pair: [(up, line, places) for (up, line), places in sorted(lines.items())]
        for pair, lines in sorted(found.items())
    }


def _doorways(home: Home, rng: np.random.Generator) -> list[Doorway]:
    """Returns doorways that join all rooms, and some more."""
    walls = _walls_between(home)
    places: dict[tuple[int, int], list[Rect]] = {}
    for pair, lines in walls.items():
        for is_upright, line, along in lines:
            for start in along:
                if all(start + k in along for k in range(-1, DOOR_WIDTH + 1)):
                    a, b = start, start + DOOR_WIDTH
                    rect = (line, a, line + 1, b) if is_upright else (a, line, b, line + 1)
                    places.setdefault(pair, []).append(rect)
    pairs = list(places)
    weights = [
        rng.random() - (0.5 if Room.CORRIDOR in (home.kinds[a], home.kinds[b]) else 0.0)
        for a, b in pairs
    ]
    group = list(range(len(home.rects)))
    made: list[Doorway] = []
    for k in np.argsort(weights):
        a, b = pairs[k]
        is_new = group[a] != group[b]
        if (is_new or rng.random() < MORE_DOORS) and len(made) < MAX_DOORS:
            choices = places[pairs[k]]
            rect = choices[int(rng.integers(len(choices)))]
            made.append(Doorway(rect, (a, b), bool(rng.random() < LEAF)))
            old, new = group[b], group[a]
            group = [new if one == old else one for one in group]
    assert len(set(group)) == 1, "every two rooms of a split have a wall in common with others"
    return made


# ------------------------------------------------------------------ furniture


def _furnish(home: Home, room: int, rng: np.random.Generator) -> None:
    """Puts furniture into a room where it blocks no way."""
    kind = home.kinds[room]
    x0, y0, x1, y1 = home.rects[room]
    budget = 0.22 * (x1 - x0) * (y1 - y0)
    names = [one.name for one in FURNITURE]
    kept = _fronts(home, room)
    for name in PIECES[kind]:
        if kind is Room.CORRIDOR and rng.random() < 0.5:
            continue
        which = names.index(name)
        piece = FURNITURE[which]
        for rect in _places(piece.length, piece.depth, piece.stands_free, home.rects[room], rng):
            area = (rect[2] - rect[0]) * (rect[3] - rect[1])
            if area <= budget and _fits(home, room, rect, kept):
                home.cells[rect[0] : rect[2], rect[1] : rect[3]] = Cell.FURNITURE + which
                budget -= area
                break


def _places(
    length: int, depth: int, stands_free: bool, rect: Rect, rng: np.random.Generator
) -> Iterator[Rect]:
    """Gives places for a piece: in the middle, or with its back to one of the walls."""
    x0, y0, x1, y1 = rect
    for _ in range(TRIES):
        side = int(rng.integers(4))
        wide, high = (length, depth) if side % 2 == 0 else (depth, length)
        if wide > x1 - x0 or high > y1 - y0:
            continue
        x = x0 + int(rng.integers(0, x1 - x0 - wide + 1))
        y = y0 + int(rng.integers(0, y1 - y0 - high + 1))
        if not stands_free:
            x = {1: x0, 3: x1 - wide}.get(side, x)
            y = {0: y0, 2: y1 - high}.get(side, y)
        elif min(x - x0, y - y0, x1 - x - wide, y1 - y - high) < 3:
            continue
        yield x, y, x + wide, y + high


def _fronts(home: Home, room: int) -> NDArray[np.bool_]:
    """Returns bool [GRID, GRID]: cells before the room's doorways, which stay free."""
    kept = np.zeros((GRID, GRID), np.bool_)
    for door in home.doorways:
        if room in door.rooms:
            x0, y0, x1, y1 = door.rect
            dx, dy = (FRONT, 1) if door.is_upright else (1, FRONT)
            kept[max(x0 - dx, 0) : x1 + dx, max(y0 - dy, 0) : y1 + dy] = True
    return kept


def _fits(home: Home, room: int, rect: Rect, kept: NDArray[np.bool_]) -> bool:
    """Returns whether a piece leaves every doorway of the room, and all of its wide floor, within
    reach of one another."""
    x0, y0, x1, y1 = rect
    if (home.cells[x0:x1, y0:y1] != Cell.FLOOR).any() or kept[x0:x1, y0:y1].any():
        return False
    tried = home.cells.copy()
    tried[x0:x1, y0:y1] = Cell.FURNITURE
    inside = home.room_of == room + 1
    for door in home.doorways:
        if room in door.rooms:
            inside[door.rect[0] : door.rect[2], door.rect[1] : door.rect[3]] = True
    way = wide_floor(tried) & inside
    reached = flood(way, tuple(np.argwhere(way)[0]))
    return bool((reached == way).all())


def wide_floor(cells: Grid) -> NDArray[np.bool_]:
    """Returns bool [GRID, GRID]: cells with nothing in them or in any of the eight around them, so
    that a robot can stand anywhere in them."""
    free = (cells == Cell.FLOOR) | (cells == Cell.DOORWAY)
    padded = np.pad(free, 1)
    wide = np.ones_like(free)
    for dx in range(3):
        for dy in range(3):
            wide &= padded[dx : dx + GRID, dy : dy + GRID]
    return wide


def flood(way: NDArray[np.bool_], start: tuple[int, ...]) -> NDArray[np.bool_]:
    """Returns bool [GRID, GRID]: cells of `way` that can be reached from one, sideways."""
    reached = np.zeros_like(way)
    reached[start] = way[start]
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= way
        if (grown == reached).all():
            return reached
        reached = grown
