"""What to do next for a mission, and the way there: on the true map, or on what has been seen.

A plan is a subgoal (go to a thing, use it, open a door, drop what is held, look for more) with a
field of distances to the cells from where it can be reached. On what has been seen, cells are free
until seen otherwise, and where nothing that the mission names is known, the subgoal is the nearest
cell from which something new can be seen. Source: Yamauchi 1997 (frontiers).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from .homes import House
from .kernel import PERSON_RADIUS, RADII, RADIUS, is_solid
from .lives import (
    CARRIED,
    D_COLOUR,
    D_SEEN,
    D_STATE,
    DONE,
    P_MODE,
    P_SEEN,
    P_X,
    P_Y,
    PART_STAGE,
    STAGE,
    T_COLOUR,
    T_KIND,
    T_SEEN,
    T_STATE,
    T_X,
    T_Y,
    VERB,
    Array,
    DoorState,
    Life,
    Mode,
    ThingState,
    X,
    Y,
)
from .params import CELL, GRID, PARTS, Kind, Verb
from .sensors import BY_CAMERA, cast
from .ways import UNIT, UNREACHED, spread

GO_TO, PICK_UP, OPEN = int(Verb.GO_TO), int(Verb.PICK_UP), int(Verb.OPEN)
PUT_NEXT, GO_TO_POINT = int(Verb.PUT_NEXT), int(Verb.GO_TO_POINT)
KEY = int(Kind.KEY)
ON_FLOOR = ThingState.ON_FLOOR
IS_OPEN, IS_CLOSED, IS_LOCKED = DoorState.OPEN, DoorState.CLOSED, DoorState.LOCKED
ABSENT = Mode.ABSENT
STAND = 0.55  # [m] from a thing's middle, from where it can be reached
STAND_DOOR = 0.70  # [m] from a doorway's middle
STAND_DROP = (0.82, 1.03)  # [m] from the thing that another is put next to
APART = 0.10  # [m] that is kept from things
NEAR = 1.2  # [m]
SEES = 3  # cells from which something new is looked at, at most
_STEP_X, _STEP_Y = np.array([1, -1, 0, 0]), np.array([0, 0, 1, -1])

(SEEK, REACH_POINT, REACH_THING, TAKE_THING, REACH_DOOR, OPEN_DOOR, PUT_DOWN, GET_RID) = range(8)
"""Subgoals: look for more; stand at the point; face a thing; pick it up; face a door; open it; put
down what is held, next to a thing; put it down anywhere."""


class Plan(NamedTuple):
    """Plans of B lives."""

    task: Array
    """i64[B] a subgoal."""
    target: Array
    """i64[B] the thing or door that it is about, -1: none."""
    field: Array
    """u16[B, GRID, GRID] distances to where the subgoal can be reached."""
    way: Array
    """u8[GRID, GRID] scratch: where one can stand, as the plan has it."""
    queue: Array
    """Scratch of `spread`."""


@njit(cache=True, nogil=True)
def _map(
    house: House, life: Life, way: Array, knows: bool, hopes: bool, key_colour: int
) -> None:
    """Fills uint8 [GRID, GRID]: where one can stand. Closed doors can be opened; locked ones with a
    key of their colour in the gripper. `hopes`: what has not been seen is free."""
    if knows:
        for x in range(GRID):
            for y in range(GRID):
                way[x, y] = house.wide[x, y]
    else:
        way[:] = 0
        for x in range(1, GRID - 1):
            for y in range(1, GRID - 1):
                if not life.seen[x, y] and not hopes:
                    continue
                is_wide = 1
                for u in range(x - 1, x + 2):
                    for v in range(y - 1, y + 2):
                        code = life.cells[u, v]
                        # doors are no obstacles here: whether they are is said below
                        if life.seen[u, v] and is_solid(code) and not 16 <= code < 32:
                            is_wide = 0
                way[x, y] = is_wide
    for d in range(house.doors):
        state = life.door[d, D_STATE]
        if state == IS_LOCKED and life.door[d, D_COLOUR] != key_colour and (
            knows or life.door[d, D_SEEN]
        ):
            r = house.door_rect[d]
            for x in range(r[0] - 1, r[2] + 1):
                for y in range(r[1] - 1, r[3] + 1):
                    way[x, y] = 0


@njit(cache=True, nogil=True)
def _block(way: Array, x: float, y: float, radius: float) -> None:
    """Sets cells to 0 whose middle is within a radius of a point."""
    reach = int(radius / CELL) + 1
    cx, cy = int(x / CELL), int(y / CELL)
    for u in range(max(cx - reach, 0), min(cx + reach + 1, GRID)):
        for v in range(max(cy - reach, 0), min(cy + reach + 1, GRID)):
            dx, dy = (u + 0.5) * CELL - x, (v + 0.5) * CELL - y
            if dx * dx + dy * dy < radius * radius:
                way[u, v] = 0


@njit(cache=True, nogil=True)
def _obstacles(life: Life, way: Array, knows: bool) -> None:
    """Keeps the way clear of things and of people who are near."""
    for k in range(life.things):
        flags = life.thing_flag[k]
        if flags[T_STATE] == ON_FLOOR and (knows or flags[T_SEEN]):
            radius = RADII[flags[T_KIND]] + RADIUS + APART
            _block(way, life.thing[k, T_X], life.thing[k, T_Y], radius)
    for i in range(life.people):
        if life.person_flag[i, P_MODE] != ABSENT and (knows or life.person_flag[i, P_SEEN]):
            x, y = life.person[i, P_X], life.person[i, P_Y]
            if np.hypot(x - life.body[X], y - life.body[Y]) < 3.0:
                _block(way, x, y, PERSON_RADIUS + RADIUS + 0.15)
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    way[x, y] = 1


@njit(cache=True, nogil=True)
def _stand_at(way: Array, field: Array, x: float, y: float, least: float, most: float) -> int:
    """Sets the field to 0 in cells between two distances of a point; returns how many."""
    count = 0
    reach = int(most / CELL) + 1
    cx, cy = int(x / CELL), int(y / CELL)
    for u in range(max(cx - reach, 0), min(cx + reach + 1, GRID)):
        for v in range(max(cy - reach, 0), min(cy + reach + 1, GRID)):
            if way[u, v] == 0:
                continue
            away = np.hypot((u + 0.5) * CELL - x, (v + 0.5) * CELL - y)
            if least <= away <= most:
                field[u, v] = 0
                count += 1
    return count


@njit(cache=True, nogil=True)
def _stand_at_door(house: House, way: Array, field: Array, d: int) -> int:
    """Sets the field to 0 in cells straight before a door, on either side; returns how many."""
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _stand_before(life: Life, way: Array, field: Array, x: int, y: int) -> int:
    """Sets the field to 0 in the nearest cells from which a cell can be seen; returns how many."""
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


@njit(cache=True, nogil=True)
def _frontier(house: House, life: Life, way: Array, field: Array) -> int:
    """Sets the field to 0 in cells from which something new can be seen; returns how many."""
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
        if life.door[d, D_STATE] == IS_CLOSED and life.door[d, D_SEEN]:
            count += _stand_at_door(house, way, field, d)
    return count


@njit(cache=True, nogil=True)
def _held_colour(life: Life) -> int:
    """Returns the colour of the key in the gripper, -1: there is none."""
    held = life.flag[CARRIED]
    if held >= 0 and life.thing_flag[held, T_KIND] == KEY:
        return life.thing_flag[held, T_COLOUR]
    return -1


@njit(cache=True, nogil=True)
def _nearest_thing(life: Life, bits: int, plan: Plan, b: int, knows: bool, here: int) -> int:
    """Fills the field for the thing meant that is nearest by the way; returns it, -1: none known or
    none that can be reached."""
    best, least = -1, UNREACHED
    for k in range(life.things):
        flags = life.thing_flag[k]
        if not (bits >> k) & 1 or flags[T_STATE] != ON_FLOOR or not (knows or flags[T_SEEN]):
            continue
        field = plan.field[b]
        field[:] = UNREACHED
        if _stand_at(plan.way, field, life.thing[k, T_X], life.thing[k, T_Y], 0.0, STAND) == 0:
            continue
        spread(plan.way, field, plan.queue)
        if field[here // GRID, here % GRID] < least:
            best, least = k, int(field[here // GRID, here % GRID])
    if best >= 0:
        field = plan.field[b]
        field[:] = UNREACHED
        _stand_at(plan.way, field, life.thing[best, T_X], life.thing[best, T_Y], 0.0, STAND)
        spread(plan.way, field, plan.queue)
    return best


@njit(cache=True, nogil=True)
def _nearest_door(
    house: House, life: Life, bits: int, plan: Plan, b: int, knows: bool, here: int
) -> int:
    """The same for doors."""
    best, least = -1, UNREACHED
    for d in range(house.doors):
        if not (bits >> d) & 1 or not (knows or life.door[d, D_SEEN]):
            continue
        field = plan.field[b]
        field[:] = UNREACHED
        if _stand_at_door(house, plan.way, field, d) == 0:
            continue
        spread(plan.way, field, plan.queue)
        if field[here // GRID, here % GRID] < least:
            best, least = d, int(field[here // GRID, here % GRID])
    if best >= 0:
        field = plan.field[b]
        field[:] = UNREACHED
        _stand_at_door(house, plan.way, field, best)
        spread(plan.way, field, plan.queue)
    return best


@njit(cache=True, nogil=True)
def _seek(house: House, life: Life, plan: Plan, b: int, knows: bool, here: int) -> None:
    """Plans to find more: what is new within reach, or a key for a door that is locked."""
    field = plan.field[b]
    plan.task[b], plan.target[b] = SEEK, -1
    field[:] = UNREACHED
    if not knows and _frontier(house, life, plan.way, field) > 0:
        spread(plan.way, field, plan.queue)
        if field[here // GRID, here % GRID] != UNREACHED:
            return
    for d in range(house.doors):
        if life.door[d, D_STATE] == IS_LOCKED and (knows or life.door[d, D_SEEN]):
            if _held_colour(life) == life.door[d, D_COLOUR]:
                continue
            bits = 0
            for k in range(life.things):
                flags = life.thing_flag[k]
                if flags[T_KIND] == KEY and flags[T_COLOUR] == life.door[d, D_COLOUR]:
                    bits |= 1 << k
            k = _nearest_thing(life, bits, plan, b, knows, here)
            if k >= 0:
                plan.task[b], plan.target[b] = TAKE_THING, k
                _free_gripper(life, plan, b, here)
                return
    plan.field[b][:] = UNREACHED


@njit(cache=True, nogil=True)
def _free_gripper(life: Life, plan: Plan, b: int, here: int) -> None:
    """Plans to put down what is held where something else is to be taken, once that is near: until
    then it may be the key of a door on the way."""
    near = plan.field[b][here // GRID, here % GRID] * UNIT < NEAR
    if plan.task[b] == TAKE_THING and life.flag[CARRIED] >= 0 and near:
        plan.task[b], plan.target[b] = GET_RID, life.flag[CARRIED]


@njit(cache=True, nogil=True)
def make_plan(house: House, life: Life, plan: Plan, b: int, knows: bool) -> None:
    """Plans the next subgoal of life b.

    Args:
      knows: whether the true map counts, or what has been seen.
    """
    _map(house, life, plan.way, knows, False, _held_colour(life))
    _obstacles(life, plan.way, knows)
    here = int(life.body[X] / CELL) * GRID + int(life.body[Y] / CELL)
    held = life.flag[CARRIED]
    for p in range(PARTS):
        part = life.part[p]
        verb = part[VERB]
        if verb == 0 or part[DONE] or part[PART_STAGE] != life.flag[STAGE]:
            continue
        field = plan.field[b]
        field[:] = UNREACHED
        things, doors = life.part_things[p, 0], life.part_doors[p]
        if verb == GO_TO_POINT:
            if not knows:
                _map(house, life, plan.way, False, True, _held_colour(life))
                _obstacles(life, plan.way, False)
            x, y = int(life.goal[0] / CELL), int(life.goal[1] / CELL)
            plan.way[x, y] = 1
            field[x, y] = 0
            spread(plan.way, field, plan.queue)
            plan.task[b], plan.target[b] = REACH_POINT, -1
            if field[here // GRID, here % GRID] == UNREACHED:
                _map(house, life, plan.way, knows, False, _held_colour(life))
                _obstacles(life, plan.way, knows)
                _seek(house, life, plan, b, knows, here)
            return
        if doors != 0:
            d = _nearest_door(house, life, doors, plan, b, knows, here)
            if d < 0:
                _seek(house, life, plan, b, knows, here)
                return
            is_locked = life.door[d, D_STATE] == IS_LOCKED
            if verb == OPEN and is_locked and _held_colour(life) != life.door[d, D_COLOUR]:
                bits = 0
                for k in range(life.things):
                    flags = life.thing_flag[k]
                    if flags[T_KIND] == KEY and flags[T_COLOUR] == life.door[d, D_COLOUR]:
                        bits |= 1 << k
                k = _nearest_thing(life, bits, plan, b, knows, here)
                if k < 0:
                    _seek(house, life, plan, b, knows, here)
                else:
                    plan.task[b], plan.target[b] = TAKE_THING, k
                    _free_gripper(life, plan, b, here)
                return
            plan.task[b] = OPEN_DOOR if verb == OPEN else REACH_DOOR
            plan.target[b] = d
            return
        if verb == PUT_NEXT and held >= 0 and (things >> held) & 1:
            bits = life.part_things[p, 1] & ~(1 << held)
            k = _nearest_thing(life, bits, plan, b, knows, here)
            if k < 0:
                _seek(house, life, plan, b, knows, here)
                return
            field = plan.field[b]
            field[:] = UNREACHED
            x, y = life.thing[k, T_X], life.thing[k, T_Y]
            _stand_at(plan.way, field, x, y, STAND_DROP[0], STAND_DROP[1])
            spread(plan.way, field, plan.queue)
            plan.task[b], plan.target[b] = PUT_DOWN, k
            return
        k = _nearest_thing(life, things, plan, b, knows, here)
        if k < 0:
            _seek(house, life, plan, b, knows, here)
        else:
            plan.task[b], plan.target[b] = (REACH_THING if verb == GO_TO else TAKE_THING), k
        _free_gripper(life, plan, b, here)
        return
    plan.task[b], plan.target[b] = SEEK, -1
    plan.field[b][:] = UNREACHED
