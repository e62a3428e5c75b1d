"""What to do next for a mission, and the way there: on the true map, or on what has been seen.

A plan is a subgoal (go to a thing, use it, open a door, drop what is held, look for more) with a
field of distances to the cells from where it can be reached. On what has been seen, cells are free
until seen otherwise, and where nothing that the mission names is known, the subgoal is the nearest
cell from which something new can be seen. Source: Yamauchi 1997 (frontiers).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..canvas import kernel
from .ground import (
    APART,
    LEAST_APART,
    keep_from_people,
    keep_from_things,
    keys_of,
    leave_from,
    map_ground,
    needs_key,
)
from .homes import House
from .lives import (
    CARRIED,
    D_SEEN,
    DONE,
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
    Life,
    ThingState,
)
from .params import CELL, GRID, PARTS, Kind, Verb
from .stands import (
    GRADES,
    stand_at_door,
    stand_at_frontier,
    stand_at_thing,
    stand_to_get_rid,
    stand_to_put,
)
from .ways import UNREACHED, spread_to

GO_TO, OPEN = int(Verb.GO_TO), int(Verb.OPEN)
PUT_NEXT, GO_TO_POINT = int(Verb.PUT_NEXT), int(Verb.GO_TO_POINT)
KEY = int(Kind.KEY)
ON_FLOOR = ThingState.ON_FLOOR
CROWDED = 1.1  # [m] from a thing, within which another may be in the way

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
    """u8[B, GRID, GRID] where one can stand, as the plan has it."""
    further: Array
    """i64[B] how far beyond the robot the field is filled; UNREACHED: wherever a way leads."""
    filled: Array
    """i64[B] how far it is filled; see `spread_to`."""
    alone: Array
    """u8[GRID, GRID] scratch: `way` as if nobody were about."""
    best: Array
    """u16[GRID, GRID] scratch: the field of the best subgoal so far."""
    queue: Array
    """Scratch of `spread_to`."""


@kernel
def make_plan(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, where: Array
) -> None:
    """Plans the next subgoal of life b, and the way there: round people who are near if there is
    one, else as if they weren't there.

    Args:
      knows: whether the true map counts, or what has been seen.
      here: the robot's cell, x * GRID + y. where: `Life.person`, as it is or was.
    """
    _choose(house, life, plan, b, knows, here, APART)
    if _distance(plan, b, here) == UNREACHED:
        _choose(house, life, plan, b, knows, here, LEAST_APART)
    way, alone = plan.way[b], plan.alone
    if _distance(plan, b, here) in (0, UNREACHED):
        return
    _copy(way, alone)
    if keep_from_people(life, way, knows, where, here) > 0:
        way[here // GRID, here % GRID] = 1
        _spread_again(plan, b, way, here, plan.further[b])
        if _distance(plan, b, here) == UNREACHED:
            _spread_again(plan, b, alone, here, UNREACHED)


@kernel
def _copy(source: Array, target: Array) -> None:
    """Copies a map or a field."""
    for x in range(GRID):
        for y in range(GRID):
            target[x, y] = source[x, y]


@kernel
def _distance(plan: Plan, b: int, here: int) -> int:
    """Returns how far the subgoal is from a cell."""
    return int(plan.field[b][here // GRID, here % GRID])


@kernel
def _clear(plan: Plan, b: int) -> None:
    """Empties the field."""
    plan.field[b][:] = UNREACHED
    plan.filled[b] = UNREACHED


@kernel
def _fill(plan: Plan, b: int, here: int) -> None:
    """Fills the field from its goals."""
    field, further = plan.field[b], plan.further[b]
    plan.filled[b] = spread_to(plan.way[b], field, plan.queue, here, further)


@kernel
def _spread_again(plan: Plan, b: int, way: Array, here: int, further: int) -> None:
    """Fills the field anew from its goals, on another map."""
    field = plan.field[b]
    for x in range(GRID):
        for y in range(GRID):
            if field[x, y] != 0:
                field[x, y] = UNREACHED
    plan.filled[b] = spread_to(way, field, plan.queue, here, further)


@kernel
def _map(
    house: House, life: Life, way: Array, knows: bool, hopes: bool, colour: int, here: int,
    apart: float,
) -> None:  # fmt: skip
    """Fills the map that a plan is made on; see `ground`."""
    map_ground(house, life, way, knows, hopes, colour)
    keep_from_things(life, way, knows, apart)
    leave_from(life, way, here)


@kernel
def _choose(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, apart: float
) -> None:
    """Plans the next subgoal, and a way there as if nobody were about."""
    plan.task[b], plan.target[b] = SEEK, -1
    _clear(plan, b)
    _map(house, life, plan.way[b], knows, False, held_colour(life), here, apart)
    for p in range(PARTS):
        part, held = life.part[p], life.flag[CARRIED]
        verb = part[VERB]
        if verb == 0 or part[DONE] or part[PART_STAGE] != life.flag[STAGE]:
            continue
        things = life.part_things[p, 0]
        if verb == GO_TO_POINT:
            _plan_point(house, life, plan, b, knows, here, apart)
        elif life.part_doors[p] != 0:
            _plan_door(house, life, plan, b, knows, here, apart, p)
        elif verb == PUT_NEXT and held >= 0 and (things >> held) & 1:
            bits = life.part_things[p, 1] & ~(1 << held)
            _set_out(house, life, plan, b, knows, here, PUT_DOWN, bits)
        else:
            task = REACH_THING if verb == GO_TO else TAKE_THING
            _set_out(house, life, plan, b, knows, here, task, things)
        if plan.target[b] < 0 and verb == GO_TO and held >= 0 and (things >> held) & 1:
            _get_rid(house, life, plan, b, knows, here)  # one goes to what lies on the floor
        elif plan.target[b] < 0 and plan.task[b] != REACH_POINT:
            _seek(house, life, plan, b, knows, here, p, apart == LEAST_APART)
        if plan.task[b] == TAKE_THING and held >= 0:
            _free_gripper(house, life, plan, b, knows, here, apart)
        return


@kernel
def held_colour(life: Life) -> int:
    """Returns the colour of the key in the gripper, -1: there is none."""
    held = life.flag[CARRIED]
    if held >= 0 and life.thing_flag[held, T_KIND] == KEY:
        return int(life.thing_flag[held, T_COLOUR])
    return -1


@kernel
def _set_out(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, task: int, bits: int
) -> None:
    """Sets a subgoal about the nearest thing meant, if one is known that can be reached."""
    k = _nearest_thing(house, life, plan, b, knows, here, task, bits)
    if k >= 0:
        plan.task[b], plan.target[b] = task, k


@kernel
def _stand(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, task: int, k: int
) -> None:
    """Fills the field for a subgoal about thing k: from the better places, if one can get there."""
    field = plan.field[b]
    for is_strict in (True, False):
        _clear(plan, b)
        if task == PUT_DOWN:
            held = life.flag[CARRIED]
            count = stand_to_put(house, life, plan.way[b], field, held, k, knows, is_strict)
        else:
            takes = is_strict and task == TAKE_THING
            count = stand_at_thing(life, plan.way[b], field, k, takes, knows)
        if count > 0:
            _fill(plan, b, here)
            if _distance(plan, b, here) != UNREACHED:
                return


@kernel
def _nearest_thing(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, task: int, bits: int
) -> int:
    """Fills the field for the thing meant that is nearest by the way; returns it, -1: none known or
    none that can be reached."""
    best, last, least, filled = -1, -1, UNREACHED, UNREACHED
    for k in range(int(life.things)):
        flags = life.thing_flag[k]
        if not (bits >> k) & 1 or flags[T_STATE] != ON_FLOOR or not (knows or flags[T_SEEN]):
            continue
        _stand(house, life, plan, b, knows, here, task, k)
        last = k
        if _distance(plan, b, here) < least:
            best, least, filled = k, _distance(plan, b, here), plan.filled[b]
            _copy(plan.field[b], plan.best)
    if best < 0:
        _clear(plan, b)
    elif best != last:
        _copy(plan.best, plan.field[b])
        plan.filled[b] = filled
    return best


@kernel
def _stand_door(house: House, plan: Plan, b: int, here: int, d: int) -> int:
    """Fills the field for door d; returns in how many cells it is reached."""
    _clear(plan, b)
    count = stand_at_door(house, plan.way[b], plan.field[b], d)
    if count > 0:
        _fill(plan, b, here)
    return int(count)


@kernel
def _nearest_door(
    house: House, life: Life, bits: int, plan: Plan, b: int, knows: bool, here: int
) -> int:
    """The same for doors."""
    best, last, least = -1, -1, UNREACHED
    for d in range(int(house.doors)):
        if not (bits >> d) & 1 or not (knows or life.door[d, D_SEEN]):
            continue
        last = d
        if _stand_door(house, plan, b, here, d) > 0 and _distance(plan, b, here) < least:
            best, least = d, _distance(plan, b, here)
    if best < 0:
        _clear(plan, b)
    elif best != last:
        _stand_door(house, plan, b, here, best)
    return best


@kernel
def _plan_point(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, apart: float
) -> None:
    """Plans to stand at the point; what has not been seen may be free."""
    colour = held_colour(life)
    if not knows:
        _map(house, life, plan.way[b], False, True, colour, here, apart)
    x, y = int(life.goal[0] / CELL), int(life.goal[1] / CELL)
    plan.way[b][x, y] = 1
    plan.field[b][x, y] = 0
    _fill(plan, b, here)
    if _distance(plan, b, here) != UNREACHED:
        plan.task[b] = REACH_POINT
    else:
        _map(house, life, plan.way[b], knows, False, colour, here, apart)


@kernel
def _plan_door(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, apart: float, p: int
) -> None:
    """Plans to go to a door, to open it, or to take the key that it needs: doors that need none
    first."""
    bits, opens = life.part_doors[p], life.part[p, VERB] == OPEN
    shut = 0
    if opens:
        for d in range(house.doors):
            if needs_key(life, d, held_colour(life), knows):
                shut |= 1 << d
    d = _nearest_door(house, life, bits & ~shut, plan, b, knows, here)
    if d >= 0:
        plan.task[b], plan.target[b] = (OPEN_DOOR if opens else REACH_DOOR), d
        return
    for d in range(house.doors):
        if ((bits & shut) >> d) & 1 and plan.target[b] < 0:
            _set_out(house, life, plan, b, knows, here, TAKE_THING, keys_of(life, d))


@kernel
def _seek(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, p: int, is_last: bool
) -> None:
    """Plans to find more: what is new within reach; at last what is in the way of a thing that is
    meant, or a key for a door that is locked."""
    field, colour = plan.field[b], held_colour(life)
    _clear(plan, b)
    if not knows and stand_at_frontier(house, life, plan.way[b], field, colour) > 0:
        _fill(plan, b, here)
        if _distance(plan, b, here) != UNREACHED:
            return
    if not is_last:
        _clear(plan, b)
        return
    _clear_away(house, life, plan, b, knows, here, p)
    for d in range(house.doors):
        if plan.target[b] < 0 and needs_key(life, d, colour, knows):
            _set_out(house, life, plan, b, knows, here, TAKE_THING, keys_of(life, d))
    if plan.target[b] < 0:
        _clear(plan, b)


@kernel
def _clear_away(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, p: int
) -> None:
    """Plans to take what lies beside a thing that is meant and can't be reached."""
    held, wanted = life.flag[CARRIED], life.part_things[p, 0]
    if life.part[p, VERB] == PUT_NEXT and held >= 0 and (wanted >> held) & 1:
        wanted = life.part_things[p, 1] & ~(1 << held)
    bits = 0
    for k in range(life.things):
        flags = life.thing_flag[k]
        if not (wanted >> k) & 1 or flags[T_STATE] != ON_FLOOR or not (knows or flags[T_SEEN]):
            continue
        for j in range(life.things):
            dx = life.thing[k, T_X] - life.thing[j, T_X]
            dy = life.thing[k, T_Y] - life.thing[j, T_Y]
            if j != k and np.hypot(dx, dy) < CROWDED:
                bits |= 1 << j
    _set_out(house, life, plan, b, knows, here, TAKE_THING, bits)


@kernel
def _free_gripper(
    house: House, life: Life, plan: Plan, b: int, knows: bool, here: int, apart: float
) -> None:
    """Plans to put down what is held where something else is to be taken, unless it is the key of a
    door on the way there."""
    colour = held_colour(life)
    if colour >= 0:
        _map(house, life, plan.way[b], knows, False, -1, here, apart)
        _stand(house, life, plan, b, knows, here, TAKE_THING, plan.target[b])
        if _distance(plan, b, here) == UNREACHED:
            _map(house, life, plan.way[b], knows, False, colour, here, apart)
            _stand(house, life, plan, b, knows, here, TAKE_THING, plan.target[b])
            return
    _get_rid(house, life, plan, b, knows, here)


@kernel
def _get_rid(house: House, life: Life, plan: Plan, b: int, knows: bool, here: int) -> None:
    """Plans to put down what is held where it is in nobody's way, or right here."""
    held, way, field = life.flag[CARRIED], plan.way[b], plan.field[b]
    plan.task[b], plan.target[b] = GET_RID, held
    for grade in range(GRADES):
        _clear(plan, b)
        if stand_to_get_rid(house, life, way, field, held, knows, grade) > 0:
            _fill(plan, b, here)
            if _distance(plan, b, here) != UNREACHED:
                return
    field[here // GRID, here % GRID] = 0
