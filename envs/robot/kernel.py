"""The robot's physics and one decision of a life: a differential drive, bumps, gripper and doors.

Wheels follow what is asked for within limits of acceleration, and with noise in proportion to speed
and turn (IR-SIM: a variance of .03 of their squares). Whatever is run into stops the robot.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canvas import kernel
from ..rng import normal
from .homes import House
from .lives import (
    CARRIED,
    D_COLOUR,
    D_STATE,
    DROPPED,
    DT,
    HEADING,
    ODO_HEADING,
    ODO_X,
    ODO_Y,
    P_MODE,
    P_X,
    P_Y,
    PICKED,
    SPEED,
    T_COLOUR,
    T_DISTANCE,
    T_KIND,
    T_STATE,
    T_X,
    T_Y,
    TOGGLED,
    TURN,
    Bump,
    DoorState,
    Life,
    Mode,
    ThingState,
    X,
    Y,
)
from .params import CELL, GRID, Cell, Code, Kind

RADIUS = 0.20  # [m] of the robot
PERSON_RADIUS = 0.25  # [m]
SPEED_MAX, BACK_MAX, TURN_MAX = 0.8, 0.4, 1.6  # [m/s], [m/s], [rad/s]
SPEED_RATE, TURN_RATE = 2.0, 8.0  # [m/s2], [rad/s2]
NOISE = np.sqrt(0.03)  # of speed and turn, IR-SIM
DRIFT = 0.02  # of odometry, of speed and turn
REACH, REACH_ANGLE = 0.65, 0.6  # [m] from the robot's middle, [rad] to either side
DROP = 0.42  # [m] ahead, where a thing is put down
RADII = np.array([0.0, 0.10, 0.15, 0.18, 0.0], np.float32)  # [m] by `Kind`

FORWARD, BACK, LEFT, RIGHT, PICK_UP, DROP_IT, TOGGLE, STOP = range(8)
FLOOR, WALL, DOORWAY, FURNITURE = (int(c) for c in Cell)
CLOSED, LOCKED, OPEN = int(Code.CLOSED), int(Code.LOCKED), int(Code.OPEN)
FRAME = int(Code.FRAME)
FREE = 1 << FLOOR | 1 << DOORWAY | 255 << OPEN  # bits of the codes of what one can be in
KEY = int(Kind.KEY)
IS_OPEN, IS_CLOSED, IS_LOCKED = DoorState.OPEN, DoorState.CLOSED, DoorState.LOCKED
ON_FLOOR, IN_GRIPPER, ABSENT = ThingState.ON_FLOOR, ThingState.CARRIED, ThingState.ABSENT
NO_BUMP, BUMP_WALL, BUMP_THING, BUMP_PERSON = Bump.NONE, Bump.WALL, Bump.THING, Bump.PERSON
PERSON_ABSENT = Mode.ABSENT

(DRAW_SPEED, DRAW_TURN, DRAW_ODO, DRAW_ODO_TURN) = range(1, 5)


@kernel
def is_solid(code: int) -> bool:
    """Returns whether nobody can be where a cell has this code."""
    return (FREE >> int(code)) & 1 == 0


@kernel
def touches_cells(cells: Any, x: float, y: float, radius: float) -> bool:
    """Returns whether a disc touches a solid cell."""
    first_x, last_x = int((x - radius) / CELL), int((x + radius) / CELL)
    first_y, last_y = int((y - radius) / CELL), int((y + radius) / CELL)
    for cx in range(first_x, last_x + 1):
        for cy in range(first_y, last_y + 1):
            if cx < 0 or cy < 0 or cx >= GRID or cy >= GRID:
                return True
            if not is_solid(cells[cx, cy]):
                continue
            dx = x - min(max(x, cx * CELL), (cx + 1) * CELL)
            dy = y - min(max(y, cy * CELL), (cy + 1) * CELL)
            if dx * dx + dy * dy < radius * radius:
                return True
    return False


@kernel
def thing_at(life: Life, x: float, y: float, radius: float, but: int) -> int:
    """Returns a thing on the floor that a disc touches, -1: none; `but` doesn't count."""
    for k in range(life.things):
        if k != but and life.thing_flag[k, T_STATE] == ON_FLOOR:
            dx, dy = life.thing[k, T_X] - x, life.thing[k, T_Y] - y
            reach = radius + RADII[life.thing_flag[k, T_KIND]]
            if dx * dx + dy * dy < reach * reach:
                return k
    return -1


@kernel
def person_at(life: Life, x: float, y: float, radius: float, but: int) -> int:
    """Returns a person whom a disc touches, -1: nobody; `but` doesn't count."""
    for k in range(life.people):
        if k != but and life.person_flag[k, P_MODE] != PERSON_ABSENT:
            dx, dy = life.person[k, P_X] - x, life.person[k, P_Y] - y
            reach = radius + PERSON_RADIUS
            if dx * dx + dy * dy < reach * reach:
                return k
    return -1


@kernel
def move_robot(life: Life, speed: float, turn: float, noise: float, noise_turn: float) -> int:
    """Moves the robot by DT towards a wanted speed and turn; returns what it bumped into.

    Args:
      noise, noise_turn: factors of the motion that comes of what the wheels do.
    """
    body = life.body
    step, twist = SPEED_RATE * DT, TURN_RATE * DT
    body[SPEED] += min(max(speed - body[SPEED], -step), step)
    body[TURN] += min(max(turn - body[TURN], -twist), twist)
    way, angle = body[SPEED] * DT * (1.0 + noise), body[TURN] * DT * (1.0 + noise_turn)
    course = body[HEADING] + 0.5 * angle
    heading = body[HEADING] + angle
    heading -= 2.0 * np.pi * np.floor((heading + np.pi) / (2.0 * np.pi))
    body[HEADING] = heading
    x, y = body[X] + way * np.cos(course), body[Y] + way * np.sin(course)
    bump = NO_BUMP
    if way != 0.0:
        ahead = (x - body[X], y - body[Y])
        who, what = person_at(life, x, y, RADIUS, -1), thing_at(life, x, y, RADIUS, -1)
        # whoever has come too near by himself doesn't hold the robot: only going nearer is a bump
        if who >= 0:
            dx, dy = life.person[who, P_X] - body[X], life.person[who, P_Y] - body[Y]
            if dx * ahead[0] + dy * ahead[1] > 0.0:
                bump = BUMP_PERSON
        if bump == NO_BUMP and what >= 0:
            dx, dy = life.thing[what, T_X] - body[X], life.thing[what, T_Y] - body[Y]
            if dx * ahead[0] + dy * ahead[1] > 0.0:
                bump = BUMP_THING
        if bump == NO_BUMP and touches_cells(life.cells, x, y, RADIUS):
            bump = BUMP_WALL
    if bump == NO_BUMP:
        life.tally[T_DISTANCE] += abs(way)
        body[X], body[Y] = x, y
    else:
        body[SPEED] = 0.0
    return bump


@kernel
def count_odometry(life: Life, was: tuple[float, float, float]) -> None:
    """Adds what the wheels say of this decision's motion, with an error in proportion to it."""
    body = life.body
    dx, dy = body[X] - was[0], body[Y] - was[1]
    turned = body[HEADING] - was[2]
    turned -= 2.0 * np.pi * np.floor((turned + np.pi) / (2.0 * np.pi))
    seed, episode, now = life.seed, life.episode, life.step
    far = 1.0 + DRIFT * normal(seed, episode, now, 0, DRAW_ODO)
    round_ = turned * (1.0 + DRIFT * normal(seed, episode, now, 0, DRAW_ODO_TURN))
    c, s = np.cos(was[2]), np.sin(was[2])
    ahead, left = far * (c * dx + s * dy), far * (c * dy - s * dx)
    c, s = np.cos(body[ODO_HEADING]), np.sin(body[ODO_HEADING])
    body[ODO_X] += c * ahead - s * left
    body[ODO_Y] += s * ahead + c * left
    heading = body[ODO_HEADING] + round_
    body[ODO_HEADING] = heading - 2.0 * np.pi * np.floor((heading + np.pi) / (2.0 * np.pi))


@kernel
def bearing_to(life: Life, x: float, y: float) -> tuple[float, float]:
    """Returns distance [m] and bearing [rad, positive to the left] of a point from the robot."""
    dx, dy = x - life.body[X], y - life.body[Y]
    angle = np.arctan2(dy, dx) - life.body[HEADING]
    angle -= 2.0 * np.pi * np.floor((angle + np.pi) / (2.0 * np.pi))
    return np.hypot(dx, dy), angle


@kernel
def thing_ahead(life: Life) -> int:
    """Returns the nearest thing on the floor within reach ahead, -1: none."""
    best, nearest = -1, REACH
    for k in range(life.things):
        if life.thing_flag[k, T_STATE] == ON_FLOOR:
            away, angle = bearing_to(life, life.thing[k, T_X], life.thing[k, T_Y])
            if away < nearest and abs(angle) < REACH_ANGLE:
                best, nearest = k, away
    return best


@kernel
def door_ahead(house: House, life: Life) -> int:
    """Returns the door that is within reach straight ahead, -1: none."""
    c, s = np.cos(life.body[HEADING]), np.sin(life.body[HEADING])
    for k in range(1, 8):
        x = int((life.body[X] + c * 0.1 * k) / CELL)
        y = int((life.body[Y] + s * 0.1 * k) / CELL)
        for d in range(house.doors):
            if life.door[d, D_STATE] == 0:
                continue
            r = house.door_rect[d]
            if r[0] <= x < r[2] and r[1] <= y < r[3]:
                return d
        if is_solid(life.cells[x, y]):
            return -1
    return -1


@kernel
def paint_door(house: House, life: Life, d: int) -> None:
    """Writes a door's cells as its state is, and its frame in its colour."""
    r, state, colour = house.door_rect[d], life.door[d, D_STATE], life.door[d, D_COLOUR]
    if state == 0:
        return
    code = OPEN if state == IS_OPEN else CLOSED if state == IS_CLOSED else LOCKED
    for x in range(r[0], r[2]):
        for y in range(r[1], r[3]):
            life.cells[x, y] = code + colour
    if r[2] - r[0] == 1:
        life.cells[r[0], r[1] - 1] = life.cells[r[0], r[3]] = FRAME + colour
    else:
        life.cells[r[0] - 1, r[1]] = life.cells[r[2], r[1]] = FRAME + colour


@kernel
def use_gripper(house: House, life: Life, action: int) -> None:
    """Picks up, drops or toggles."""
    flag = life.flag
    held = flag[CARRIED]
    if action == PICK_UP and held < 0:
        k = thing_ahead(life)
        if k >= 0:
            life.thing_flag[k, T_STATE] = IN_GRIPPER
            flag[CARRIED] = flag[PICKED] = k
    elif action == DROP_IT and held >= 0:
        x = life.body[X] + DROP * np.cos(life.body[HEADING])
        y = life.body[Y] + DROP * np.sin(life.body[HEADING])
        radius = RADII[life.thing_flag[held, T_KIND]]
        if (
            not touches_cells(life.cells, x, y, radius)
            and thing_at(life, x, y, radius, held) < 0
            and person_at(life, x, y, radius, -1) < 0
        ):
            life.thing[held, T_X], life.thing[held, T_Y] = x, y
            life.thing_flag[held, T_STATE] = ON_FLOOR
            flag[CARRIED], flag[DROPPED] = -1, held
    elif action == TOGGLE:
        d = door_ahead(house, life)
        if d < 0:
            return
        state, colour = life.door[d, D_STATE], life.door[d, D_COLOUR]
        fits = (
            held >= 0
            and life.thing_flag[held, T_KIND] == KEY
            and life.thing_flag[held, T_COLOUR] == colour
        )
        if state == IS_CLOSED or (state == IS_LOCKED and fits):
            life.door[d, D_STATE] = IS_OPEN
            flag[TOGGLED] = d
            paint_door(house, life, d)
        elif state == IS_OPEN and _is_clear(house, life, d):
            life.door[d, D_STATE] = IS_CLOSED
            paint_door(house, life, d)


@kernel
def _is_clear(house: House, life: Life, d: int) -> bool:
    """Returns whether nobody and nothing stands in a doorway."""
    r = house.door_rect[d]
    x0, y0, x1, y1 = r[0] * CELL, r[1] * CELL, r[2] * CELL, r[3] * CELL
    for k in range(life.things + life.people + 1):
        if k == 0:
            x, y, radius = life.body[X], life.body[Y], RADIUS
        elif k <= life.things:
            if life.thing_flag[k - 1, T_STATE] != ON_FLOOR:
                continue
            x, y = life.thing[k - 1, T_X], life.thing[k - 1, T_Y]
            radius = RADII[life.thing_flag[k - 1, T_KIND]]
        else:
            i = k - 1 - life.things
            if life.person_flag[i, P_MODE] == PERSON_ABSENT:
                continue
            x, y, radius = life.person[i, P_X], life.person[i, P_Y], PERSON_RADIUS
        dx, dy = x - min(max(x, x0), x1), y - min(max(y, y0), y1)
        if dx * dx + dy * dy < radius * radius:
            return False
    return True


@kernel
def wheels(action: int) -> tuple[float, float]:
    """Returns the speed and turn that an action asks for [m/s], [rad/s]."""
    if action == FORWARD:
        return SPEED_MAX, 0.0
    if action == BACK:
        return -BACK_MAX, 0.0
    if action == LEFT:
        return 0.0, TURN_MAX
    if action == RIGHT:
        return 0.0, -TURN_MAX
    return 0.0, 0.0
