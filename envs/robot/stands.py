"""Where to stand for a subgoal: each function sets a field to 0 in the cells from where it can be
reached, and returns how many there are."""

from __future__ import annotations

import numpy as np

from ..canvas import kernel
from .ground import known_thing_at
from .homes import House
from .kernel import DROP, RADII, REACH, is_solid, touches_cells
from .lives import (
    D_COLOUR,
    D_SEEN,
    D_STATE,
    T_KIND,
    T_SEEN,
    T_STATE,
    T_X,
    T_Y,
    Array,
    DoorState,
    Life,
    ThingState,
)
from .mission import NEXT_TO
from .params import CELL, GRID
from .people import is_by_door
from .sensors import BY_CAMERA, cast

ON_FLOOR = ThingState.ON_FLOOR
IS_CLOSED, IS_LOCKED = DoorState.CLOSED, DoorState.LOCKED
STAND = REACH - 0.05  # [m] from a thing's middle, from where it can be reached
SPARE_ROOM = 0.05  # [m] around what is put down
GRADES = 3
ROOM = (3, 2, 1)  # cells around what is got rid of that are free, in three grades, the best first
ALONE = (0.75, 0.35, 0.35)  # [m] from other things; the same
SEES = 3  # cells from which something new is looked at, at most
BESIDE = 0.9  # [rad] from which a thing isn't taken in place of another
OFF = 0.2  # [m] by which it may miss where it meant to put something down
RING, AROUND = 16, 0.75  # points, [m], of the ring on which one gets round what lies there
COURSES = 8  # in which it may put something down
_STEP_X, _STEP_Y = np.array([1, -1, 0, 0]), np.array([0, 0, 1, -1])


@kernel
def _is_another_nearer(life: Life, k: int, x: float, y: float, knows: bool) -> bool:
    """Returns whether one who takes thing k from a point may get another."""
    dx, dy = life.thing[k, T_X] - x, life.thing[k, T_Y] - y
    away = np.hypot(dx, dy)
    for j in range(life.things):
        flags = life.thing_flag[j]
        if j != k and flags[T_STATE] == ON_FLOOR and (knows or flags[T_SEEN]):
            ex, ey = life.thing[j, T_X] - x, life.thing[j, T_Y] - y
            if np.hypot(ex, ey) < away + 0.1:
                angle = abs(np.arctan2(dx * ey - dy * ex, dx * ex + dy * ey))
                if angle < BESIDE:
                    return True
    return False


@kernel
def stand_at_thing(
    life: Life, way: Array, field: Array, k: int, takes: bool, knows: bool
) -> int:
    """Stands within reach of thing k; where it `takes` it, where no other is in the way."""
    x, y = life.thing[k, T_X], life.thing[k, T_Y]
    reach = int(STAND / CELL) + 1
    cx, cy = int(x / CELL), int(y / CELL)
    count = 0
    for u in range(max(cx - reach, 0), min(cx + reach + 1, GRID)):
        for v in range(max(cy - reach, 0), min(cy + reach + 1, GRID)):
            px, py = (u + 0.5) * CELL, (v + 0.5) * CELL
            if way[u, v] == 0 or np.hypot(px - x, py - y) > STAND:
                continue
            if takes and _is_another_nearer(life, k, px, py, knows):
                continue
            field[u, v] = 0
            count += 1
    return count


@kernel
def stand_at_door(house: House, way: Array, field: Array, d: int) -> int:
    """Stands straight before a door, on either side."""
    r = house.door_rect[d]
    count = 0
    for step in range(2, 4):
        for side in range(2):
            for k in range(1, 3):
                if r[2] - r[0] == 1:
                    x, y = (r[0] - step if side == 0 else r[0] + step), r[1] + k
                else:
                    x, y = r[0] + k, (r[1] - step if side == 0 else r[1] + step)
                if way[x, y]:
                    field[x, y] = 0
                    count += 1
    return count


@kernel
def _is_near_door(house: House, x: float, y: float) -> bool:
    """Returns whether a point lies by a door, or nearly."""
    for k in range(4):
        u = int((x + OFF * _STEP_X[k]) / CELL)
        v = int((y + OFF * _STEP_Y[k]) / CELL)
        if is_by_door(house, u, v):
            return True
    return False


@kernel
def _parts_ways(way: Array, x: float, y: float) -> bool:
    """Returns whether something that lies at a point may part the ways around it: where one can
    stand on a ring around it, but not all along one arc."""
    arcs, was_way = 0, True
    for k in range(RING + 1):
        angle = 2.0 * np.pi * k / RING
        u, v = int((x + AROUND * np.cos(angle)) / CELL), int((y + AROUND * np.sin(angle)) / CELL)
        is_way = 0 <= u < GRID and 0 <= v < GRID and way[u, v] != 0
        if k > 0 and is_way and not was_way:
            arcs += 1
        was_way = is_way
    return arcs > 1


@kernel
def stand_to_put(
    house: House, life: Life, way: Array, field: Array, held: int, k: int, knows: bool,
    is_strict: bool,
) -> int:  # fmt: skip
    """Stands where what is held, put down towards thing k, lies next to it and touches nothing;
    `is_strict`: nor nearly touches other things, nor lies in the way of a door."""
    x, y = life.thing[k, T_X], life.thing[k, T_Y]
    radius = RADII[life.thing_flag[held, T_KIND]]
    least = DROP + radius + RADII[life.thing_flag[k, T_KIND]] + 0.03
    most = DROP + NEXT_TO - 0.05
    reach = int(most / CELL) + 1
    cx, cy = int(x / CELL), int(y / CELL)
    count = 0
    for u in range(max(cx - reach, 0), min(cx + reach + 1, GRID)):
        for v in range(max(cy - reach, 0), min(cy + reach + 1, GRID)):
            px, py = (u + 0.5) * CELL, (v + 0.5) * CELL
            away = np.hypot(px - x, py - y)
            if way[u, v] == 0 or not least <= away <= most:
                continue
            px, py = px + (x - px) * DROP / away, py + (y - py) * DROP / away
            if not (knows or life.seen[int(px / CELL), int(py / CELL)]):
                continue
            if is_strict and _is_near_door(house, px, py):
                continue
            is_clear = not touches_cells(life.cells, px, py, radius + SPARE_ROOM)
            apart = radius + (0.5 * OFF if is_strict else 0.02)
            if is_clear and not known_thing_at(life, px, py, apart, k, knows):
                field[u, v] = 0
                count += 1
    return count


@kernel
def is_out_of_the_way(
    house: House, life: Life, way: Array, held: int, x: float, y: float, knows: bool, grade: int
) -> bool:
    """Returns whether what is held can lie at a point and be in nobody's way; the last grade:
    whether one can at least go on from there."""
    cx, cy = int(x / CELL), int(y / CELL)
    if is_by_door(house, cx, cy) or (grade < GRADES - 1 and _parts_ways(way, x, y)):
        return False
    room = ROOM[grade]
    for u in range(cx - room, cx + room + 1):
        for v in range(cy - room, cy + room + 1):
            if u < 0 or v < 0 or u >= GRID or v >= GRID or not (knows or life.seen[u, v]):
                return False
            is_corner = room > 1 and abs(u - cx) == room and abs(v - cy) == room
            if is_solid(life.cells[u, v]) and not is_corner:
                return False
    return not known_thing_at(life, x, y, ALONE[grade], held, knows)


@kernel
def stand_to_get_rid(
    house: House, life: Life, way: Array, field: Array, held: int, knows: bool, grade: int
) -> int:
    """Stands where what is held can be put down in some direction."""
    count = 0
    for u in range(1, GRID - 1):
        for v in range(1, GRID - 1):
            if way[u, v] == 0:
                continue
            for k in range(COURSES):
                course = 2.0 * np.pi * k / COURSES
                x = (u + 0.5) * CELL + DROP * np.cos(course)
                y = (v + 0.5) * CELL + DROP * np.sin(course)
                if is_out_of_the_way(house, life, way, held, x, y, knows, grade):
                    field[u, v] = 0
                    count += 1
                    break
    return count


# ------------------------------------------------------------------ looking for more


@kernel
def can_open(life: Life, d: int, key_colour: int) -> bool:
    """Returns whether a door is shut and can be opened."""
    state = life.door[d, D_STATE]
    return bool(
        state == IS_CLOSED or (state == IS_LOCKED and life.door[d, D_COLOUR] == key_colour)
    )


@kernel
def is_wide_new(life: Life, x: int, y: int) -> bool:
    """Returns whether a cell was not looked at, and nothing is known to stand beside it: in the
    nooks between furniture and walls nothing ever lies, and no way leads on."""
    if x < 1 or y < 1 or x >= GRID - 1 or y >= GRID - 1 or life.seen[x, y] >= BY_CAMERA:
        return False
    for u in range(x - 1, x + 2):
        for v in range(y - 1, y + 2):
            if life.seen[u, v] and is_solid(life.cells[u, v]):
                return False
    return True


@kernel
def _stand_before(life: Life, way: Array, field: Array, x: int, y: int) -> int:
    """Stands in the nearest cells from which a cell can be seen."""
    found = 0
    px, py = (x + 0.5) * CELL, (y + 0.5) * CELL
    for near in range(1, SEES + 1):
        for u in range(max(x - near, 0), min(x + near + 1, GRID)):
            for v in range(max(y - near, 0), min(y + near + 1, GRID)):
                if way[u, v] == 0 or max(abs(u - x), abs(v - y)) != near:
                    continue
                dx, dy = px - (u + 0.5) * CELL, py - (v + 0.5) * CELL
                away = np.hypot(dx, dy)
                free = cast(life.cells, px - dx, py - dy, np.arctan2(dy, dx), away, life.seen, 0)
                if free >= away - 0.6 * CELL:
                    field[u, v] = 0
                    found += 1
        if found > 0:
            return found
    return 0


@kernel
def stand_at_frontier(
    house: House, life: Life, way: Array, field: Array, key_colour: int
) -> int:
    """Stands where something new can be seen, or opened; `key_colour` of the key held, -1: none."""
    count = 0
    for x in range(1, GRID - 1):
        for y in range(1, GRID - 1):
            if life.seen[x, y] == 0 or is_solid(life.cells[x, y]):
                continue
            if is_wide_new(life, x, y):
                count += _stand_before(life, way, field, x, y)
            for k in range(4):
                u, v = x + _STEP_X[k], y + _STEP_Y[k]
                if life.seen[u, v] == 0 and is_wide_new(life, u, v):
                    count += _stand_before(life, way, field, u, v)
    for d in range(house.doors):  # behind a closed door everything is new
        if can_open(life, d, key_colour) and life.door[d, D_SEEN]:
            count += stand_at_door(house, way, field, d)
    return count
