"""The scripted robot: follows its plan, on the true map or on what has been seen. It is no mind."""

from __future__ import annotations

import numpy as np
from numba import njit

from .homes import House, Pool
from .kernel import (
    BACK,
    DROP,
    DROP_IT,
    FORWARD,
    LEFT,
    PICK_UP,
    RADII,
    RADIUS,
    REACH,
    REACH_ANGLE,
    RIGHT,
    STOP,
    TOGGLE,
    bearing_to,
    door_ahead,
    person_at,
    thing_at,
    touches_cells,
)
from .lives import (
    BUMPED,
    CARRIED,
    D_STATE,
    HEADING,
    P_MODE,
    P_SEEN,
    P_X,
    P_Y,
    SPEED,
    T_KIND,
    T_X,
    T_Y,
    Array,
    Bump,
    DoorState,
    Life,
    Lives,
    Mode,
    X,
    Y,
)
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
    is_wide_new,
    make_plan,
)
from .sensors import BY_LIDAR, cast
from .setting import door_middle
from .ways import UNREACHED, descend

IS_OPEN, IS_CLOSED = DoorState.OPEN, DoorState.CLOSED
CREEP = 0.06  # [m]
CLOSE = 1.1  # [m] to a door
ABSENT = Mode.ABSENT
BUMP_WALL, BUMP_THING = Bump.WALL, Bump.THING
ALIGNED = 0.21  # [rad] about half of what a turn makes
FACING = 0.35  # [rad] well within reach
AHEAD = 5  # cells that it looks ahead on its way
WAIT = 0.9  # [m] to somebody ahead for whom it waits
VIEW = 0.25 * np.pi - 0.12  # [rad] to either side within which the camera surely sees
LOOKS_TO = 4.0  # [m] within which it turns to what it hasn't looked at
BESIDE = 0.5  # [rad] from which a person isn't ahead


@njit(cache=True, nogil=True)
def _turn(angle: float) -> int:
    return LEFT if angle > 0.0 else RIGHT


@njit(cache=True, nogil=True)
def _is_free(life: Life, field: Array, x: float, y: float) -> bool:
    """Returns whether the robot can go straight to a point over cells that the field reaches."""
    dx, dy = x - life.body[X], y - life.body[Y]
    steps = int(np.hypot(dx, dy) / 0.1) + 1
    for k in range(1, steps + 1):
        u = int((life.body[X] + dx * k / steps) / CELL)
        v = int((life.body[Y] + dy * k / steps) / CELL)
        if field[u, v] == UNREACHED:
            return False
    return True


@njit(cache=True, nogil=True)
def next_point(life: Life, plan: Plan, b: int) -> tuple[float, float]:
    """Returns the point on the way that it steers for: the farthest that lies free ahead."""
    field = plan.field[b]
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    px, py = life.body[X], life.body[Y]
    for k in range(AHEAD):
        u, v = descend(field, x, y)
        if u == x and v == y:
            break
        x, y = u, v
        if k == 0 or _is_free(life, field, (x + 0.5) * CELL, (y + 0.5) * CELL):
            px, py = (x + 0.5) * CELL, (y + 0.5) * CELL
        else:
            break
    return px, py


@njit(cache=True, nogil=True)
def _somebody_ahead(life: Life, knows: bool) -> bool:
    """Returns whether to wait for somebody who is close, straight ahead."""
    for i in range(life.people):
        if life.person_flag[i, P_MODE] != ABSENT and (knows or life.person_flag[i, P_SEEN]):
            away, angle = bearing_to(life, life.person[i, P_X], life.person[i, P_Y])
            if away < WAIT and abs(angle) < BESIDE:
                return True
    return False


@njit(cache=True, nogil=True)
def _follow(house: House, life: Life, plan: Plan, b: int, knows: bool) -> int:
    """Returns the action that goes on along the way, through doors."""
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    if plan.field[b][x, y] == UNREACHED:
        return STOP if _somebody_ahead(life, knows) else LEFT
    px, py = next_point(life, plan, b)
    away, angle = bearing_to(life, px, py)
    if away < 1e-6:
        return STOP
    if abs(angle) > ALIGNED:
        return _turn(angle)
    d = door_ahead(house, life)
    if d >= 0 and life.door[d, D_STATE] != IS_OPEN:
        return TOGGLE
    if _somebody_ahead(life, knows):
        return STOP
    return FORWARD


@njit(cache=True, nogil=True)
def _face(life: Life, x: float, y: float, then: int) -> int:
    """Returns a turn towards a point, or what to do once it lies ahead."""
    _, angle = bearing_to(life, x, y)
    return _turn(angle) if abs(angle) > FACING else then


@njit(cache=True, nogil=True)
def _has_place(life: Life) -> bool:
    """Returns whether what is held can be put down just ahead."""
    held = life.flag[CARRIED]
    x = life.body[X] + DROP * np.cos(life.body[HEADING])
    y = life.body[Y] + DROP * np.sin(life.body[HEADING])
    radius = RADII[life.thing_flag[held, T_KIND]]
    return not (
        touches_cells(life.cells, x, y, radius)
        or thing_at(life, x, y, radius, held) >= 0
        or person_at(life, x, y, radius, -1) >= 0
    )


@njit(cache=True, nogil=True)
def _is_blocked(life: Life, way: float) -> bool:
    """Returns whether the robot would touch something that many metres ahead."""
    x = life.body[X] + way * np.cos(life.body[HEADING])
    y = life.body[Y] + way * np.sin(life.body[HEADING])
    return touches_cells(life.cells, x, y, RADIUS) or thing_at(life, x, y, RADIUS, -1) >= 0


@njit(cache=True, nogil=True)
def _open(house: House, life: Life, d: int) -> int:
    """Returns how to go on opening a door that is near."""
    x, y = door_middle(house, d)
    _, angle = bearing_to(life, x, y)
    if abs(angle) > ALIGNED:
        return _turn(angle)
    return TOGGLE if door_ahead(house, life) == d else FORWARD


@njit(cache=True, nogil=True)
def _shut_door(house: House, life: Life) -> int:
    """Returns a door close by that is shut and can be opened, -1: none."""
    for d in range(house.doors):
        if life.door[d, D_STATE] == IS_CLOSED:
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
                if away < least and abs(angle) > VIEW:
                    course = angle + life.body[HEADING]
                    free = cast(life.cells, life.body[X], life.body[Y], course, away, life.seen, 0)
                    if free >= away - 0.01:
                        best, least = angle, away
    return best


@njit(cache=True, nogil=True)
def choose(house: House, life: Life, plan: Plan, b: int, knows: bool) -> int:
    """Returns the action of the expert for life b."""
    make_plan(house, life, plan, b, knows)
    task, k = plan.task[b], plan.target[b]
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    bump = life.flag[BUMPED]
    is_stuck = bump in (BUMP_WALL, BUMP_THING) and _is_blocked(life, CREEP)
    if is_stuck and not _is_blocked(life, -CREEP):
        return BACK
    if task == GET_RID:
        return DROP_IT if _has_place(life) else LEFT
    if task == SEEK and not knows:
        angle = _nearest_new(life)
        if angle < 10.0:
            return _turn(angle)
        if plan.field[b][x, y] == 0:
            d = _shut_door(house, life)
            if d >= 0:
                return _open(house, life, d)
    if plan.field[b][x, y] > 0:
        if task in (REACH_THING, TAKE_THING):  # it may be in reach on the way
            away, angle = bearing_to(life, life.thing[k, T_X], life.thing[k, T_Y])
            if away < REACH - 0.05 and abs(angle) < REACH_ANGLE - 0.1:
                return PICK_UP if task == TAKE_THING else STOP
        return _follow(house, life, plan, b, knows)
    if task == REACH_POINT:
        away, angle = bearing_to(life, life.goal[0], life.goal[1])
        if away < 0.14:
            return STOP
        if abs(angle) > ALIGNED + 0.04:
            if abs(angle) > np.pi - ALIGNED and away < 0.3:
                return BACK
            return _turn(angle)
        return FORWARD if life.body[SPEED] < 0.3 or away > 0.2 else STOP
    if task == REACH_THING:
        return _face(life, life.thing[k, T_X], life.thing[k, T_Y], FORWARD)
    if task == TAKE_THING:
        return _face(life, life.thing[k, T_X], life.thing[k, T_Y], PICK_UP)
    if task == PUT_DOWN:
        _, angle = bearing_to(life, life.thing[k, T_X], life.thing[k, T_Y])
        return _turn(angle) if abs(angle) > ALIGNED else DROP_IT if _has_place(life) else BACK
    if task in (REACH_DOOR, OPEN_DOOR):
        px, py = door_middle(house, k)
        if task == REACH_DOOR:
            return _face(life, px, py, FORWARD)
        return _open(house, life, k)
    return LEFT  # nothing is known and nothing new can be reached: look round


@njit(cache=True, nogil=True)
def choose_all(pool: Pool, lives: Lives, plan: Plan, knows: bool, out: Array) -> None:
    """Fills i64[B] with the expert's actions."""
    for b in range(lives.shape[0]):
        life = lives[b]
        out[b] = choose(pool[life.home], life, plan, b, knows)
