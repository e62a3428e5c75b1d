"""Where the robot can stand: on the true map, or on what has been seen, clear of things and people.

A map is uint8 [GRID, GRID], 1 where the robot's middle can be. On what has been seen, only cells
that were seen count, unless one hopes: then cells are free until seen otherwise.
"""

from __future__ import annotations

import numpy as np

from ..canvas import kernel
from .homes import House
from .kernel import PERSON_RADIUS, RADII, RADIUS, is_solid, thing_at, touches_cells
from .lives import (
    D_COLOUR,
    D_SEEN,
    D_STATE,
    P_MODE,
    P_SEEN,
    P_X,
    P_Y,
    T_COLOUR,
    T_KIND,
    T_SEEN,
    T_STATE,
    T_X,
    T_Y,
    Array,
    DoorState,
    Life,
    Mode,
    ThingState,
    X,
    Y,
)
from .params import CELL, GRID, Code, Kind
from .sensors import cast

ON_FLOOR, ABSENT, IS_LOCKED = ThingState.ON_FLOOR, Mode.ABSENT, DoorState.LOCKED
FIRST_SHUT, LAST_SHUT = int(Code.CLOSED), int(Code.OPEN)  # codes of shut doors, the last excluded
KEY = int(Kind.KEY)
APART, LEAST_APART = 0.10, 0.02  # [m] that is kept from things; where there is no other way
AROUND = 2  # cells around the robot where it may squeeze through
FROM_PEOPLE = 0.15  # [m] that is kept from people
PEOPLE_NEAR = 2.5  # [m] within which people are in the way; farther ones will have moved on
BY_RAYS = 2.8  # [m] within which one of the lidar's rays surely meets a person


@kernel
def robot_cell(life: Life) -> int:
    """Returns the cell where the robot is, x * GRID + y."""
    return int(life.body[X] / CELL) * GRID + int(life.body[Y] / CELL)


@kernel
def map_ground(
    house: House, life: Life, way: Array, knows: bool, hopes: bool, key_colour: int
) -> None:
    """Fills a map without things and people. Closed doors can be opened; locked ones with a key of
    their colour in the gripper.

    Args:
      knows: the true map counts. hopes: what has not been seen is free.
      key_colour: of the key that is held, -1: none.
    """
    if knows:
        for x in range(GRID):
            for y in range(GRID):
                way[x, y] = house.wide[x, y]
    else:
        way[:] = 0
        for x in range(1, GRID - 1):
            for y in range(1, GRID - 1):
                if life.seen[x, y] or hopes:
                    way[x, y] = _is_wide(life, x, y)
    for d in range(house.doors):
        if needs_key(life, d, key_colour, knows):
            r = house.door_rect[d]
            for x in range(r[0] - 1, r[2] + 1):
                for y in range(r[1] - 1, r[3] + 1):
                    way[x, y] = 0


@kernel
def needs_key(life: Life, d: int, key_colour: int, knows: bool) -> bool:
    """Returns whether a door is known to be locked for one who holds a key of that colour."""
    is_locked = life.door[d, D_STATE] == IS_LOCKED and life.door[d, D_COLOUR] != key_colour
    return bool(is_locked and (knows or life.door[d, D_SEEN]))


@kernel
def keys_of(life: Life, d: int) -> int:
    """Returns the bits of the keys that fit a door."""
    bits = 0
    for k in range(life.things):
        flags = life.thing_flag[k]
        if flags[T_KIND] == KEY and flags[T_COLOUR] == life.door[d, D_COLOUR]:
            bits |= 1 << k
    return bits


@kernel
def _is_wide(life: Life, x: int, y: int) -> int:
    """Returns 1 where nothing solid is known in a cell and around it; doors are no obstacles."""
    for u in range(x - 1, x + 2):
        for v in range(y - 1, y + 2):
            code = life.cells[u, v]
            if life.seen[u, v] and is_solid(code) and not FIRST_SHUT <= code < LAST_SHUT:
                return 0
    return 1


@kernel
def block(way: Array, x: float, y: float, radius: float) -> None:
    """Sets cells to 0 whose middle is within a radius of a point."""
    reach = int(radius / CELL) + 1
    cx, cy = int(x / CELL), int(y / CELL)
    for u in range(max(cx - reach, 0), min(cx + reach + 1, GRID)):
        for v in range(max(cy - reach, 0), min(cy + reach + 1, GRID)):
            dx, dy = (u + 0.5) * CELL - x, (v + 0.5) * CELL - y
            if dx * dx + dy * dy < radius * radius:
                way[u, v] = 0


@kernel
def keep_from_things(life: Life, way: Array, knows: bool, apart: float) -> None:
    """Takes cells near things out of a map."""
    for k in range(life.things):
        flags = life.thing_flag[k]
        if flags[T_STATE] == ON_FLOOR and (knows or flags[T_SEEN]):
            radius = RADII[flags[T_KIND]] + RADIUS + apart
            block(way, life.thing[k, T_X], life.thing[k, T_Y], radius)


@kernel
def leave_from(life: Life, way: Array, here: int) -> None:
    """Puts the robot's own cell into a map, and those around where it touches nothing: it may stand
    where the map says that nobody should."""
    x, y = here // GRID, here % GRID
    way[x, y] = 1
    for u in range(max(x - AROUND, 0), min(x + AROUND + 1, GRID)):
        for v in range(max(y - AROUND, 0), min(y + AROUND + 1, GRID)):
            px, py = (u + 0.5) * CELL, (v + 0.5) * CELL
            if not touches_cells(life.cells, px, py, RADIUS) and thing_at(
                life, px, py, RADIUS + LEAST_APART, -1
            ) < 0:
                way[u, v] = 1


@kernel
def notices(life: Life, i: int, knows: bool) -> bool:
    """Returns whether person i is there and known of: all are on the true map, else whom the camera
    sees, or the lidar from near, all round."""
    if life.person_flag[i, P_MODE] == ABSENT:
        return False
    if knows or life.person_flag[i, P_SEEN]:
        return True
    dx, dy = life.person[i, P_X] - life.body[X], life.person[i, P_Y] - life.body[Y]
    away = np.hypot(dx, dy)
    if away > BY_RAYS:
        return False
    angle = np.arctan2(dy, dx)
    free = cast(life.cells, life.body[X], life.body[Y], angle, away, life.seen, 0)
    return bool(free >= away - PERSON_RADIUS)


@kernel
def is_near(where: Array, i: int, here: int) -> bool:
    """Returns whether person i is so near to a cell that a plan from there goes round it; see
    `keep_from_people`."""
    x, y = (here // GRID + 0.5) * CELL, (here % GRID + 0.5) * CELL
    return bool(np.hypot(where[i, P_X] - x, where[i, P_Y] - y) < PEOPLE_NEAR)


@kernel
def keep_from_people(
    life: Life, way: Array, knows: bool, where: Array, here: int
) -> int:
    """Takes cells near people who are near out of a map; returns how many people are.

    Args:
      where: f32[MAX_PEOPLE, PERSON_COLUMNS] `Life.person`, as it is or was. here: the robot's cell.
    """
    count = 0
    for i in range(life.people):
        if is_near(where, i, here) and notices(life, i, knows):
            block(way, where[i, P_X], where[i, P_Y], PERSON_RADIUS + RADIUS + FROM_PEOPLE)
            count += 1
    return count


@kernel
def known_thing_at(
    life: Life, x: float, y: float, radius: float, but: int, knows: bool
) -> bool:
    """Returns whether a disc touches a thing on the floor that is known of; `but` doesn't count."""
    for k in range(life.things):
        flags = life.thing_flag[k]
        if k != but and flags[T_STATE] == ON_FLOOR and (knows or flags[T_SEEN]):
            dx, dy = life.thing[k, T_X] - x, life.thing[k, T_Y] - y
            if np.hypot(dx, dy) < radius + RADII[flags[T_KIND]]:
                return True
    return False
