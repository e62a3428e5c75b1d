"""The beginning of an episode: a home, doors, things, people, a place to start, and a mission.

Every mission can be fulfilled by construction: what it names lies where one can get to with what is
there, and where the one door on the way is locked, its key lies on this side of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .homes import House, Pool
from .kernel import RADII, RADIUS, paint_door, thing_at
from .lives import (
    CARRIED,
    COLOUR,
    COLOUR_2,
    D_COLOUR,
    D_STATE,
    DROPPED,
    HEADING,
    KIND,
    KIND_2,
    PART_STAGE,
    PICKED,
    PLACE,
    PLACE_2,
    T_COLOUR,
    T_KIND,
    T_STATE,
    T_X,
    T_Y,
    TOGGLED,
    VERB,
    Array,
    DoorState,
    Life,
    ThingState,
    X,
    Y,
)
from .meaning import mean, place_of
from .params import CELL, GRID, SPARE, Kind, Place, Verb
from .people import cell_off_doors, is_by_door, open_ways, place_people, random_cell
from .ways import UNREACHED, spread

COLOURS = 6
NONE, OPEN_DOOR, CLOSED, LOCKED = (
    DoorState.NONE, DoorState.OPEN, DoorState.CLOSED, DoorState.LOCKED,
)  # fmt: skip
ON_FLOOR = ThingState.ON_FLOOR
KEY, DOOR = int(Kind.KEY), int(Kind.DOOR)
GO_TO, OPEN = int(Verb.GO_TO), int(Verb.OPEN)
PUT_NEXT, GO_TO_POINT = int(Verb.PUT_NEXT), int(Verb.GO_TO_POINT)
ANYWHERE = int(Place.ANY)
BETWEEN = 0.75  # [m] between the middles of two things
FAR = 2.0  # [m] of way to a goal at least
HELD_OUT = np.array([-1, 3, 5, 1])  # colour of a key, ball, box that usual words never name
RETRIES = 64  # homes and places to start that are tried for a mission
PLACES = 150  # that are tried for a thing

(DRAW_HOME, DRAW_START, DRAW_HEADING, DRAW_THING, DRAW_KIND, DRAW_COLOUR, DRAW_DOOR,
 DRAW_DOOR_COLOUR, DRAW_VERB, DRAW_TARGET, DRAW_WORDS, DRAW_GOAL, DRAW_LIGHT, DRAW_STAGE,
 DRAW_SECOND, DRAW_ROOM, DRAW_LOCK) = range(40, 57)  # fmt: skip


class Level(NamedTuple):
    """What a level fixes for the kernels."""

    rooms: tuple[int, int]
    things: int
    people: int
    closed: float
    """Part of the doors that are closed."""
    locked: bool
    """Whether one of them may be locked."""
    verbs: tuple[int, int]
    """First and last `Verb` that is drawn."""
    parts: int
    """At most, of a mission."""
    near: float
    """Part of the missions whose thing lies in the room where the robot begins."""
    seconds: float
    """Time for it."""
    wording: int = 0
    """Which of WORDINGS."""


WORDINGS = ("usual", "combinations", "order", "synonyms")
USUAL, COMBINATIONS, ORDER = 0, 1, 2


class Scratch(NamedTuple):
    """Working memory of this thread."""

    way: Array
    """uint8 [GRID, GRID]."""
    field: Array
    """uint16 [GRID, GRID]."""
    queue: Array


@njit(cache=True, nogil=True)
def _choose_home(pool: Pool, life: Life, level: Level, asked: int, retry: int) -> None:
    if asked >= 0:
        life.home = asked
        return
    count = pool.shape[0]
    for attempt in range(64):
        row = integer(count, life.seed, life.episode, attempt, retry, DRAW_HOME)
        life.home = row
        if level.rooms[0] <= pool[row].rooms <= level.rooms[1]:
            return
    for row in range(count):
        if level.rooms[0] <= pool[row].rooms <= level.rooms[1]:
            life.home = row
            return


@njit(cache=True, nogil=True)
def _hang_doors(house: House, life: Life, level: Level) -> None:
    """Gives each doorway with a leaf a colour and a state."""
    seed, episode = life.seed, life.episode
    life.door[:] = 0
    for x in range(GRID):
        for y in range(GRID):
            life.cells[x, y] = house.cells[x, y]
    for d in range(house.doors):
        if house.door_leaf[d]:
            is_closed = uniform(seed, episode, 0, d, DRAW_DOOR) < level.closed
            life.door[d, D_STATE] = CLOSED if is_closed else OPEN_DOOR
            life.door[d, D_COLOUR] = integer(COLOURS, seed, episode, 0, d, DRAW_DOOR_COLOUR)
            paint_door(house, life, d)


@njit(cache=True, nogil=True)
def _has_room(house: House, x: int, y: int) -> bool:
    """Returns whether one can stand everywhere around a cell, so that a thing blocks no way."""
    for u in range(x - 2, x + 3):
        for v in range(y - 2, y + 3):
            is_corner = abs(u - x) == 2 and abs(v - y) == 2
            if u < 0 or v < 0 or u >= GRID or v >= GRID or not (house.wide[u, v] or is_corner):
                return False
    return True


@njit(cache=True, nogil=True)
def _lay(
    house: House, life: Life, k: int, kind: int, colour: int, room: int, field: Array, retry: int
) -> bool:
    """Lays thing k on the floor of a room (0: anywhere) that can be reached; whether it could."""
    seed, episode = life.seed, life.episode
    for attempt in range(PLACES):
        cell = random_cell(house, seed, episode, retry * PLACES + attempt, k, DRAW_THING)
        cx, cy = cell // GRID, cell % GRID
        if room > 0 and house.room_of[cx, cy] != room:
            continue
        if field[cx, cy] == UNREACHED or is_by_door(house, cx, cy) or not _has_room(house, cx, cy):
            continue
        x, y = (cx + 0.5) * CELL, (cy + 0.5) * CELL
        if np.hypot(x - life.body[X], y - life.body[Y]) < BETWEEN:
            continue
        if thing_at(life, x, y, BETWEEN - RADII[kind], k) >= 0:
            continue
        life.thing[k, T_X], life.thing[k, T_Y] = x, y
        life.thing_flag[k, T_KIND], life.thing_flag[k, T_COLOUR] = kind, colour
        life.thing_flag[k, T_STATE] = ON_FLOOR
        return True
    return False


@njit(cache=True, nogil=True)
def reach(house: House, life: Life, scratch: Scratch, opens: bool) -> None:
    """Fills `scratch.field` with the distances from the robot; `opens`: through closed doors too.

    Locked doors are never passed.
    """
    way, field = scratch.way, scratch.field
    open_ways(house, life, way)
    if opens:
        for d in range(house.doors):
            if life.door[d, D_STATE] == CLOSED:
                r = house.door_rect[d]
                for x in range(r[0] - 1, r[2] + 1):
                    for y in range(r[1] - 1, r[3] + 1):
                        way[x, y] = house.wide[x, y]
    field[:] = UNREACHED
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    way[x, y] = 1
    field[x, y] = 0
    spread(way, field, scratch.queue)


@njit(cache=True, nogil=True)
def _strew(house: House, life: Life, level: Level, scratch: Scratch, retry: int) -> None:
    """Lays things on the floor; where a door is locked, its key first."""
    seed, episode = life.seed, life.episode
    life.thing[:] = 0.0
    life.thing_flag[:] = 0
    life.things = level.things + SPARE
    first = 0
    if level.locked:
        d = integer(max(house.doors, 1), seed, episode, 0, 0, DRAW_LOCK)
        if house.doors > 0 and life.door[d, D_STATE] != NONE:
            life.door[d, D_STATE] = LOCKED
            paint_door(house, life, d)
            reach(house, life, scratch, True)
            if _lay(house, life, 0, KEY, life.door[d, D_COLOUR], 0, scratch.field, retry):
                first = 1
            else:  # no place for its key: it isn't locked
                life.door[d, D_STATE] = CLOSED
                paint_door(house, life, d)
    reach(house, life, scratch, True)
    here = house.room_of[int(life.body[X] / CELL), int(life.body[Y] / CELL)]
    for k in range(first, level.things):
        kind = 1 + integer(3, seed, episode, retry, k, DRAW_KIND)
        colour = integer(COLOURS, seed, episode, retry, k, DRAW_COLOUR)
        if level.wording == COMBINATIONS and uniform(seed, episode, 1, k, DRAW_COLOUR) < 0.5:
            colour = HELD_OUT[kind]
        is_here = uniform(seed, episode, 0, k, DRAW_ROOM) < level.near
        if not (is_here and _lay(house, life, k, kind, colour, here, scratch.field, retry)):
            _lay(house, life, k, kind, colour, 0, scratch.field, retry)


@njit(cache=True, nogil=True)
def _describe(life: Life, level: Level, part: Array, k: int, p: int, second: bool) -> None:
    """Writes words for thing k into a part: always its kind, mostly its colour, now and then its
    place; the colours of HELD_OUT are named where wording is of combinations, and else never."""
    seed, episode = life.seed, life.episode
    salt = 2 * p + (1 if second else 0)
    kind, colour, place = (KIND_2, COLOUR_2, PLACE_2) if second else (KIND, COLOUR, PLACE)
    part[kind] = life.thing_flag[k, T_KIND]
    part[colour] = life.thing_flag[k, T_COLOUR]
    part[place] = ANYWHERE
    is_held_out = part[colour] == HELD_OUT[part[kind]]
    if level.wording == COMBINATIONS:
        is_plain = False
    else:
        is_plain = is_held_out or uniform(seed, episode, 0, salt, DRAW_WORDS) < 0.12
    if is_plain:
        part[colour] = -1
    if uniform(seed, episode, 1, salt, DRAW_WORDS) < 0.12:
        part[place] = place_of(life, life.thing[k, T_X], life.thing[k, T_Y])


@njit(cache=True, nogil=True)
def _pick_thing(life: Life, level: Level, p: int, purpose: int, but: int) -> int:
    """Returns a thing on the floor that isn't `but`, -1: none."""
    first = integer(max(level.things, 1), life.seed, life.episode, 0, p, purpose)
    for j in range(level.things):
        k = (first + j) % level.things
        flags = life.thing_flag[k]
        is_named = level.wording != COMBINATIONS or flags[T_COLOUR] == HELD_OUT[flags[T_KIND]]
        if k != but and flags[T_STATE] == ON_FLOOR and is_named:
            return k
    return -1


@njit(cache=True, nogil=True)
def _draw_part(house: House, life: Life, level: Level, p: int, scratch: Scratch) -> bool:
    """Writes one part of a mission; returns whether there was something to ask for."""
    seed, episode = life.seed, life.episode
    part = life.part[p]
    low, high = level.verbs
    verb = low + integer(high - low + 1, seed, episode, 0, p, DRAW_VERB)
    part[VERB] = verb
    if verb == GO_TO_POINT:
        for attempt in range(60):
            cell = random_cell(house, seed, episode, attempt, 0, DRAW_GOAL)
            x, y = cell // GRID, cell % GRID
            away = scratch.field[x, y]
            if away != UNREACHED and away * CELL / 5.0 > FAR:
                life.goal[0], life.goal[1] = (x + 0.5) * CELL, (y + 0.5) * CELL
                if thing_at(life, life.goal[0], life.goal[1], RADIUS + 0.1, -1) < 0:
                    return True
        return False
    if verb == OPEN:
        first = integer(max(house.doors, 1), seed, episode, 0, p, DRAW_TARGET)
        for j in range(house.doors):
            d = (first + j) % house.doors
            state = life.door[d, D_STATE]
            if state in (CLOSED, LOCKED):
                part[KIND], part[COLOUR] = DOOR, life.door[d, D_COLOUR]
                if uniform(seed, episode, 0, p, DRAW_WORDS) < 0.1:
                    part[COLOUR] = -1
                return True
        part[VERB] = verb = GO_TO
    if verb == GO_TO and uniform(seed, episode, 2, p, DRAW_WORDS) < 0.1 and house.doors > 0:
        d = integer(house.doors, seed, episode, 1, p, DRAW_TARGET)
        if life.door[d, D_STATE] != NONE:
            part[KIND], part[COLOUR] = DOOR, life.door[d, D_COLOUR]
            return True
    k = _pick_thing(life, level, p, DRAW_TARGET, -1)
    if k < 0:
        return False
    _describe(life, level, part, k, p, False)
    if verb == PUT_NEXT:
        other = _pick_thing(life, level, p, DRAW_SECOND, k)
        if other < 0:
            return False
        _describe(life, level, part, other, p, True)
    return True


@njit(cache=True, nogil=True)
def begin_life(
    pool: Pool, life: Life, level: Level, asked: int, scratch: Scratch
) -> None:
    """Starts an episode of one life; seed and episode are set already."""
    life.step = 0
    life.limit = int(level.seconds / 0.25)
    for retry in range(RETRIES):  # a home may be too small for what a level asks for
        _choose_home(pool, life, level, asked, retry)
        house = pool[life.home]
        life.body[:] = 0.0
        life.flag[:] = 0
        life.flag[CARRIED] = life.flag[TOGGLED] = life.flag[PICKED] = life.flag[DROPPED] = -1
        life.tally[:] = 0.0
        life.part[:] = 0
        life.seen[:] = 0
        life.chart[:] = 0
        life.light = 0.75 + 0.35 * uniform(life.seed, life.episode, 0, 0, DRAW_LIGHT)
        cell = cell_off_doors(house, life.seed, life.episode, retry, 0, DRAW_START)
        life.body[X], life.body[Y] = (cell // GRID + 0.5) * CELL, (cell % GRID + 0.5) * CELL
        turn = uniform(life.seed, life.episode, retry, 0, DRAW_HEADING)
        life.body[HEADING] = np.pi * (2.0 * turn - 1.0)
        life.start[0], life.start[1] = life.body[X], life.body[Y]
        life.start[2] = life.body[HEADING]
        _hang_doors(house, life, level)
        _strew(house, life, level, scratch, retry)
        reach(house, life, scratch, True)
        parts = 1 + integer(level.parts, life.seed, life.episode, retry, 0, DRAW_STAGE)
        if level.wording == ORDER and level.parts > 2:
            parts = 3
        stage, count = 0, 0
        for p in range(parts):
            if _draw_part(house, life, level, count, scratch):
                is_then = uniform(life.seed, life.episode, p, 1, DRAW_STAGE) < 0.7
                if level.wording == ORDER and level.parts > 2:  # C after A and B
                    is_then = p == 2
                if count > 0 and is_then:
                    stage += 1
                life.part[count, PART_STAGE] = stage
                count += 1
            else:
                life.part[count] = 0
        if count > 0 and mean(house, life):
            break
    house = pool[life.home]
    place_people(house, life, level.people, scratch.way, scratch.field, scratch.queue)
