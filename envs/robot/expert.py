"""The scripted robot: follows its plan, on the true map or on what has been seen. It is no mind."""

from __future__ import annotations

import numpy as np
from numba import njit

from .ground import robot_cell
from .homes import House, Pool
from .kernel import (
    BACK,
    DROP,
    DROP_IT,
    FORWARD,
    LEFT,
    PICK_UP,
    RADII,
    REACH,
    REACH_ANGLE,
    STOP,
    TOGGLE,
    bearing_to,
    door_ahead,
    person_at,
    thing_ahead,
    thing_at,
    touches_cells,
)
from .lives import (
    BUMPED,
    CARRIED,
    HEADING,
    SPEED,
    T_KIND,
    T_X,
    T_Y,
    Array,
    Bump,
    Life,
    Lives,
    X,
    Y,
)
from .meaning import door_middle
from .mission import NEXT_TO
from .params import CELL, GRID
from .plan import (
    GET_RID,
    OPEN_DOOR,
    PUT_DOWN,
    REACH_DOOR,
    REACH_POINT,
    REACH_THING,
    SEEK,
    TAKE_THING,
    Plan,
    held_colour,
    make_plan,
)
from .sensors import BY_LIDAR, cast
from .stands import COURSES, GRADES, can_open, is_out_of_the_way, is_wide_new
from .walk import ALIGNED, follow, is_blocked, mind_step, turn_to

CREEP = 0.06  # [m]
CLOSE = 1.1  # [m] to a door
BUMP_WALL, BUMP_THING = Bump.WALL, Bump.THING
FACING = 0.35  # [rad] well within reach
VIEW = 0.25 * np.pi - 0.12  # [rad] to either side within which the camera surely sees
BETWEEN_LOOKS = 0.035  # [rad] at most, between rays by which the camera looks
LOOKS_TO = 4.0  # [m] within which it turns to what it hasn't looked at


@njit(cache=True, nogil=True)
def _approach(life: Life, x: float, y: float) -> int:
    """Returns a turn towards a point, or on towards it."""
    _, angle = bearing_to(life, x, y)
    return turn_to(life, angle) if abs(angle) > FACING else FORWARD


@njit(cache=True, nogil=True)
def _take(life: Life, k: int) -> int:
    """Returns how to take thing k that is near, and no other."""
    away, angle = bearing_to(life, life.thing[k, T_X], life.thing[k, T_Y])
    if abs(angle) > FACING:
        return turn_to(life, angle)
    first = thing_ahead(life)
    if first == k:
        return PICK_UP
    if first < 0 or away > REACH - 0.03:
        return FORWARD
    _, other = bearing_to(life, life.thing[first, T_X], life.thing[first, T_Y])
    return turn_to(life, angle - other)  # until the other one isn't ahead any more


@njit(cache=True, nogil=True)
def _is_place(life: Life, angle: float) -> bool:
    """Returns whether what is held can be put down at a bearing."""
    held = life.flag[CARRIED]
    x = life.body[X] + DROP * np.cos(life.body[HEADING] + angle)
    y = life.body[Y] + DROP * np.sin(life.body[HEADING] + angle)
    radius = RADII[life.thing_flag[held, T_KIND]]
    return not (
        touches_cells(life.cells, x, y, radius)
        or thing_at(life, x, y, radius, held) >= 0
        or person_at(life, x, y, radius, -1) >= 0
    )


@njit(cache=True, nogil=True)
def _is_good_place(
    house: House, life: Life, way: Array, angle: float, knows: bool, grade: int
) -> bool:
    """Returns whether what is held can be put down at a bearing, and is in nobody's way there."""
    x = life.body[X] + DROP * np.cos(life.body[HEADING] + angle)
    y = life.body[Y] + DROP * np.sin(life.body[HEADING] + angle)
    held = life.flag[CARRIED]
    is_place = _is_place(life, angle)
    return is_place and is_out_of_the_way(house, life, way, held, x, y, knows, grade)


@njit(cache=True, nogil=True)
def _get_rid(house: House, life: Life, way: Array, knows: bool) -> int:
    """Returns how to put down what is held where the robot is: it turns to where that will be in
    nobody's way, or, where there is no such place, to where there is room."""
    for grade in range(GRADES):
        for k in range(COURSES):
            if _is_good_place(house, life, way, 2.0 * np.pi * k / COURSES, knows, grade):
                return DROP_IT if k == 0 else LEFT
    return DROP_IT if _is_place(life, 0.0) else LEFT


@njit(cache=True, nogil=True)
def _put_down(life: Life, k: int) -> int:
    """Returns how to put down what is held next to thing k, which is near."""
    x, y = life.thing[k, T_X], life.thing[k, T_Y]
    away, angle = bearing_to(life, x, y)
    if abs(angle) > ALIGNED:
        return turn_to(life, angle)
    dx = x - life.body[X] - DROP * np.cos(life.body[HEADING])
    dy = y - life.body[Y] - DROP * np.sin(life.body[HEADING])
    if np.hypot(dx, dy) > NEXT_TO - 0.02:
        return FORWARD if away > DROP else BACK
    return DROP_IT if _is_place(life, 0.0) else BACK


@njit(cache=True, nogil=True)
def _open(house: House, life: Life, d: int) -> int:
    """Returns how to go on opening a door that is near."""
    x, y = door_middle(house, d)
    _, angle = bearing_to(life, x, y)
    if abs(angle) > ALIGNED:
        return turn_to(life, angle)
    return TOGGLE if door_ahead(house, life) == d else FORWARD


@njit(cache=True, nogil=True)
def _shut_door(house: House, life: Life) -> int:
    """Returns a door close by that is shut and can be opened, -1: none."""
    for d in range(house.doors):
        if can_open(life, d, held_colour(life)):
            x, y = door_middle(house, d)
            if np.hypot(x - life.body[X], y - life.body[Y]) < CLOSE:
                return d
    return -1


@njit(cache=True, nogil=True)
def _nearest_new(life: Life) -> float:
    """Returns the bearing of the nearest cell that was not looked at, in sight all round; 10: none
    near, or only such as lie ahead already."""
    best, least = 10.0, LOOKS_TO
    cx, cy = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    reach = int(LOOKS_TO / CELL)
    for x in range(max(cx - reach, 1), min(cx + reach + 1, GRID - 1)):
        for y in range(max(cy - reach, 1), min(cy + reach + 1, GRID - 1)):
            if life.seen[x, y] == BY_LIDAR and is_wide_new(life, x, y):
                px, py = (x + 0.5) * CELL, (y + 0.5) * CELL
                away, angle = bearing_to(life, px, py)
                is_aside = away < least and abs(angle) > VIEW
                if is_aside and _is_plain(life, angle + life.body[HEADING], away):
                    best, least = angle, away
    return best


@njit(cache=True, nogil=True)
def _is_plain(life: Life, course: float, away: float) -> bool:
    """Returns whether nothing hides a point, nor what lies close beside it, so that one of the rays
    by which the camera looks will meet it."""
    for k in range(-1, 2):
        angle = course + k * BETWEEN_LOOKS
        free = cast(life.cells, life.body[X], life.body[Y], angle, away, life.seen, 0)
        if free < away - 0.01:
            return False
    return True


@njit(cache=True, nogil=True)
def _to_point(life: Life) -> int:
    """Returns how to come to a stand at the point, which is near."""
    away, angle = bearing_to(life, life.goal[0], life.goal[1])
    if away < 0.14:
        return STOP
    if abs(angle) > ALIGNED + 0.04:
        if abs(angle) > np.pi - ALIGNED and away < 0.3:
            return BACK
        return turn_to(life, angle)
    return FORWARD if life.body[SPEED] < 0.3 or away > 0.2 else STOP


@njit(cache=True, nogil=True)
def _on_the_way(house: House, life: Life, plan: Plan, b: int, knows: bool) -> int:
    """Returns what can be done for the subgoal already on the way there, -1: nothing."""
    task, k = plan.task[b], plan.target[b]
    if task == GET_RID and _is_good_place(house, life, plan.way[b], 0.0, knows, 0):
        return DROP_IT
    if task in (REACH_THING, TAKE_THING):
        away, angle = bearing_to(life, life.thing[k, T_X], life.thing[k, T_Y])
        if away < REACH - 0.05 and abs(angle) < REACH_ANGLE - 0.1:
            if task == REACH_THING:
                return STOP
            if thing_ahead(life) == k:
                return PICK_UP
    return -1


@njit(cache=True, nogil=True)
def _act(house: House, life: Life, plan: Plan, b: int, knows: bool) -> int:
    """Returns the action for a plan, as if nobody were about."""
    task, k = plan.task[b], plan.target[b]
    away = plan.field[b][int(life.body[X] / CELL), int(life.body[Y] / CELL)]
    bump = life.flag[BUMPED]
    is_stuck = bump in (BUMP_WALL, BUMP_THING) and is_blocked(life, CREEP, True)
    if is_stuck and not is_blocked(life, -CREEP, knows):
        return BACK
    if task == SEEK and not knows:
        angle = _nearest_new(life)
        if angle < 10.0:
            return turn_to(life, angle)
        d = _shut_door(house, life)
        if away == 0 and d >= 0:
            return _open(house, life, d)
    if away > 0:
        action = _on_the_way(house, life, plan, b, knows)
        return action if action >= 0 else follow(house, life, plan, b, knows)
    if task == GET_RID:
        return _get_rid(house, life, plan.way[b], knows)
    if task == REACH_POINT:
        return _to_point(life)
    if task == REACH_THING:
        return _approach(life, life.thing[k, T_X], life.thing[k, T_Y])
    if task == TAKE_THING:
        return _take(life, k)
    if task == PUT_DOWN:
        return _put_down(life, k)
    if task == OPEN_DOOR:
        return _open(house, life, k)
    if task == REACH_DOOR:
        x, y = door_middle(house, k)
        return _approach(life, x, y)
    return LEFT  # nothing is known and nothing new can be reached: look round


@njit(cache=True, nogil=True)
def choose(house: House, life: Life, plan: Plan, b: int, knows: bool) -> int:
    """Returns the action of the expert for life b."""
    make_plan(house, life, plan, b, knows, robot_cell(life), life.person)
    return mind_step(life, _act(house, life, plan, b, knows), knows)


@njit(cache=True, nogil=True)
def choose_all(pool: Pool, lives: Lives, plan: Plan, knows: bool, out: Array) -> None:
    """Fills i64[B] with the expert's actions."""
    for b in range(lives.shape[0]):
        life = lives[b]
        out[b] = choose(pool[life.home], life, plan, b, knows)
