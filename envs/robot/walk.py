"""How the scripted robot goes along its way: past things, through doors, and never into people."""

from __future__ import annotations

import numpy as np

from ..canvas import kernel
from .ground import known_thing_at, notices
from .homes import House
from .kernel import (
    BACK,
    FORWARD,
    LEFT,
    PERSON_RADIUS,
    RADII,
    RADIUS,
    RIGHT,
    SPEED_MAX,
    SPEED_RATE,
    STOP,
    TOGGLE,
    bearing_to,
    door_ahead,
    touches_cells,
)
from .lives import (
    DECISION,
    HEADING,
    P_HEADING,
    P_SPEED,
    P_X,
    P_Y,
    SPEED,
    T_KIND,
    T_SEEN,
    T_STATE,
    T_X,
    T_Y,
    TURN,
    Array,
    Life,
    ThingState,
    X,
    Y,
)
from .params import CELL, GRID
from .plan import Plan, held_colour
from .stands import can_open
from .ways import DIAGONAL, UNREACHED, descend

ON_FLOOR = ThingState.ON_FLOOR
ALIGNED = 0.21  # [rad] about half of what a turn makes
ASKEW = 0.6  # [rad] at most, at which it goes on where that gains enough
LEAP, LEAST_GAIN = 0.5, 8  # [m], and fifths of a cell of the 10 that a straight way would gain
AHEAD = 16  # cells that it looks ahead on its way
ASIDE = 2  # cells within which it looks for another way on
FROM_THINGS = 0.02  # [m] that is kept from things on a straight way
WAIT, TOO_NEAR = 0.9, 0.62  # [m] to somebody ahead for whom it waits, or backs off
WIDE = 0.52  # [m] to either side, of what it takes to pass somebody
SOON = 0.4  # [s] after which people are where they will be
FEELS = 0.35  # [m] within which it minds walls beyond what the map says
STEP_BACK = 0.15  # [m]
FAR_ROUND, TURNS = 0.9, 0.5  # [rad] from which on it turns on as it does; [rad/s] who turns
CREEPS = 0.15  # [m/s] up to which it needs no braking


@kernel
def turn_to(life: Life, angle: float) -> int:
    """Returns the turn that lessens a bearing; who turns already and has far to go turns on, so
    that nobody who learns from him need waver between two ways round."""
    turn = life.body[TURN]
    if abs(angle) > FAR_ROUND and abs(turn) > TURNS:
        return LEFT if turn > 0.0 else RIGHT
    return LEFT if angle > 0.0 else RIGHT


@kernel
def _is_free(life: Life, field: Array, x: float, y: float, knows: bool) -> bool:
    """Returns whether the robot can go straight to a point: over cells that the field reaches, and
    past things."""
    dx, dy = x - life.body[X], y - life.body[Y]
    far = max(np.hypot(dx, dy), 1e-6)
    steps = int(far / 0.1) + 1
    for k in range(1, steps + 1):
        u = int((life.body[X] + dx * k / steps) / CELL)
        v = int((life.body[Y] + dy * k / steps) / CELL)
        if field[u, v] == UNREACHED:
            return False
        px, py = life.body[X] + dx * k / steps, life.body[Y] + dy * k / steps
        if far * k / steps < FEELS and touches_cells(life.cells, px, py, RADIUS):
            return False
    for k in range(life.things):
        flags = life.thing_flag[k]
        if flags[T_STATE] == ON_FLOOR and (knows or flags[T_SEEN]):
            ex, ey = life.thing[k, T_X] - life.body[X], life.thing[k, T_Y] - life.body[Y]
            along = (ex * dx + ey * dy) / far
            if along > 0.0:  # else it goes away from it
                along = min(along, far)
                aside = np.hypot(ex - dx * along / far, ey - dy * along / far)
                if aside < RADII[flags[T_KIND]] + RADIUS + FROM_THINGS:
                    return False
    return True


@kernel
def next_point(life: Life, plan: Plan, b: int, knows: bool) -> tuple[float, float]:
    """Returns the point on the way that it steers for: the farthest that lies free ahead, else the
    best of those around that do."""
    field = plan.field[b]
    cx, cy = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    x, y = cx, cy
    px, py = life.body[X], life.body[Y]
    for _ in range(AHEAD):
        u, v = descend(field, x, y)
        qx, qy = (u + 0.5) * CELL, (v + 0.5) * CELL
        if (u == x and v == y) or not _is_free(life, field, qx, qy, knows):
            break
        x, y, px, py = u, v, qx, qy
    if x != cx or y != cy:
        return px, py
    least = int(field[cx, cy]) + DIAGONAL
    for u in range(max(cx - ASIDE, 0), min(cx + ASIDE + 1, GRID)):
        for v in range(max(cy - ASIDE, 0), min(cy + ASIDE + 1, GRID)):
            qx, qy = (u + 0.5) * CELL, (v + 0.5) * CELL
            if field[u, v] < least and _is_free(life, field, qx, qy, knows):
                least, px, py = int(field[u, v]), qx, qy
    if px == life.body[X] and py == life.body[Y]:  # there is none: along the way none the less
        u, v = descend(field, cx, cy)
        px, py = (u + 0.5) * CELL, (v + 0.5) * CELL
    return px, py


@kernel
def is_blocked(life: Life, way: float, knows: bool) -> bool:
    """Returns whether the robot would touch something that many metres ahead."""
    x = life.body[X] + way * np.cos(life.body[HEADING])
    y = life.body[Y] + way * np.sin(life.body[HEADING])
    if touches_cells(life.cells, x, y, RADIUS):
        return True
    return bool(known_thing_at(life, x, y, RADIUS, -1, knows))


@kernel
def _rolls_into(life: Life, knows: bool) -> bool:
    """Returns whether a robot under way that goes on for a decision, and brakes then, touches
    something."""
    speed = life.body[SPEED]
    if speed < CREEPS:
        return False
    then = min(speed + SPEED_RATE * DECISION, SPEED_MAX)
    rolls = 0.5 * (speed + then) * DECISION
    brakes = 0.5 * then * then / SPEED_RATE
    return is_blocked(life, rolls, knows) or is_blocked(life, rolls + brakes, knows)


@kernel
def _gains(life: Life, field: Array, knows: bool) -> bool:
    """Returns whether straight on leads well along the way too, so that it needn't turn yet."""
    x = life.body[X] + LEAP * np.cos(life.body[HEADING])
    y = life.body[Y] + LEAP * np.sin(life.body[HEADING])
    if not _is_free(life, field, x, y, knows):
        return False
    here = int(field[int(life.body[X] / CELL), int(life.body[Y] / CELL)])
    return here - int(field[int(x / CELL), int(y / CELL)]) >= LEAST_GAIN


@kernel
def follow(house: House, life: Life, plan: Plan, b: int, knows: bool) -> int:
    """Returns the action that goes on along the way, through doors."""
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    if plan.field[b][x, y] == UNREACHED:
        return STOP if nearest_ahead(life, 1.0, knows) < WAIT else LEFT
    px, py = next_point(life, plan, b, knows)
    away, angle = bearing_to(life, px, py)
    if away < 1e-6:
        return STOP
    if abs(angle) > ALIGNED and not (abs(angle) < ASKEW and _gains(life, plan.field[b], knows)):
        return turn_to(life, angle)
    d = door_ahead(house, life)
    if d >= 0 and can_open(life, d, held_colour(life)):
        return TOGGLE
    return FORWARD


@kernel
def nearest_ahead(life: Life, side: float, knows: bool) -> float:
    """Returns how far the nearest person is in the robot's way, now or soon [m]; 1e9: nobody.

    Args:
      side: 1: straight ahead, -1: straight behind.
    """
    nearest = 1e9
    c, s = side * np.cos(life.body[HEADING]), side * np.sin(life.body[HEADING])
    for i in range(life.people):
        if not notices(life, i, knows):
            continue
        row = life.person[i]
        for when in (0.0, SOON):
            way = when * row[P_SPEED]
            dx = row[P_X] + way * np.cos(row[P_HEADING]) - life.body[X]
            dy = row[P_Y] + way * np.sin(row[P_HEADING]) - life.body[Y]
            ahead, aside = c * dx + s * dy, abs(c * dy - s * dx)
            if ahead > 0.0 and aside < WIDE:
                nearest = min(nearest, ahead)
    return nearest


@kernel
def mind_step(life: Life, action: int, knows: bool) -> int:
    """Returns the action, or what to do in its place where somebody is in the way: wait, or make
    room for whoever has come near; or where it would roll into something: brake."""
    if action == FORWARD:
        away = nearest_ahead(life, 1.0, knows)
        if away < TOO_NEAR and nearest_ahead(life, -1.0, knows) > WAIT:
            return STOP if is_blocked(life, -STEP_BACK, knows) else BACK
        return STOP if away < WAIT or _rolls_into(life, knows) else FORWARD
    if action == BACK and nearest_ahead(life, -1.0, knows) < TOO_NEAR + PERSON_RADIUS:
        return STOP
    return action
