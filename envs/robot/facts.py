"""Facts, scene and path: what is true of a robot's surroundings, in numbers that have names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canvas import kernel
from .ground import is_near, robot_cell
from .homes import House
from .kernel import PERSON_RADIUS, RADII, RADIUS, REACH, REACH_ANGLE, bearing_to
from .lives import (
    CARRIED,
    D_STATE,
    DONE,
    HEADING,
    P_HEADING,
    P_MODE,
    P_SPEED,
    P_X,
    P_Y,
    PART_STAGE,
    PERSON_COLUMNS,
    SPEED,
    STAGE,
    T_KIND,
    T_STATE,
    T_X,
    T_Y,
    VERB,
    DoorState,
    Life,
    Mode,
    ThingState,
    X,
    Y,
)
from .meaning import door_middle
from .notes import (
    CARRIES_TARGET,
    CARRYING,
    CLEAR,
    CLEARANCE_AHEAD,
    CORNER_NEAR,
    DOOR_AHEAD,
    DOOR_DISTANCE,
    DOOR_LOCKED,
    DOOR_SHUT,
    DOOR_SIGHT,
    PATH_POINTS,
    PATH_SPACING,
    PERSON_BEARING,
    PERSON_CLOSING_SPEED,
    PERSON_DISTANCE,
    PERSON_NEAR,
    PERSON_SIGHT,
    SCENE_RANGE,
    SECTORS,
    TARGET_BEARING,
    TARGET_DISTANCE,
    TARGET_IN_REACH,
    TARGET_IN_SIGHT,
    Notes,
)
from .params import CELL, MAX_PEOPLE, PARTS, SPARE
from .plan import (
    OPEN_DOOR,
    PUT_DOWN,
    REACH_DOOR,
    REACH_POINT,
    REACH_THING,
    TAKE_THING,
    Plan,
    make_plan,
)
from .sensors import RAYS, is_in_sight
from .ways import UNIT, UNREACHED, descend

ON_FLOOR, ABSENT = ThingState.ON_FLOOR, Mode.ABSENT
IS_OPEN, IS_LOCKED = DoorState.OPEN, DoorState.LOCKED
ANEW = 4  # decisions after which a plan is made anew where people walk about
FURTHER = 30  # fifths of a cell beyond the robot that a plan's field reaches, as it goes till then
CORNER, CORNER_JUMP = 1.5, 1.0  # [m] to an edge, [m] that the lidar's ranges jump there
PERSON_CLASS = 3  # in the scene; 0 to 2 are keys, balls and boxes
BESIDE = 0.7  # [rad] of a door to either side


@kernel
def refresh_plan(house: House, life: Life, plan: Plan, b: int, notes: Notes) -> None:
    """Makes the true plan anew where something that it depends on has changed. The life keeps from
    where it was made, so that `repeat_plan` can make it again."""
    is_new, is_later = _has_changed(house, life, notes.stamp[b])
    if not (is_new or is_later):
        return
    here = robot_cell(life)
    is_alone = here == life.planned
    for i in range(life.people):
        if life.person_flag[i, P_MODE] != ABSENT and (
            is_near(life.planned_people, i, here) or is_near(life.person, i, here)
        ):
            is_alone = False
    life.planned = here
    for i in range(MAX_PEOPLE):
        for k in range(PERSON_COLUMNS):
            life.planned_people[i, k] = life.person[i, k]
    if is_new or not is_alone:  # else it would be the same again: others count where they are near
        make_plan(house, life, plan, b, True, here, life.planned_people)


@kernel
def repeat_plan(house: House, life: Life, plan: Plan, b: int, notes: Notes) -> None:
    """Makes the true plan of a life that was put back, as it was then."""
    _has_changed(house, life, notes.stamp[b])
    make_plan(house, life, plan, b, True, int(life.planned), life.planned_people)


@kernel
def _complete_plan(house: House, life: Life, plan: Plan, b: int) -> None:
    """Fills the whole field of a plan where the robot has come to where it isn't filled, so that
    nobody can tell that it wasn't."""
    filled = plan.filled[b]
    if filled == UNREACHED:
        return
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    is_right = plan.field[b][x, y] <= filled or plan.way[b][x, y] == 0
    # what isn't filled yet is farther than that, so it can't be nearer than what is
    if is_right and 0.0 <= way_to_goal(life, plan, b) <= filled * UNIT:
        return
    further = plan.further[b]
    plan.further[b] = UNREACHED
    make_plan(house, life, plan, b, True, int(life.planned), life.planned_people)
    plan.further[b] = further


@kernel
def _has_changed(house: House, life: Life, stamp: Any) -> tuple[bool, bool]:
    """Returns whether something that a plan depends on differs from the stamp, and whether people
    have had time to walk on; stamps it."""
    flag = life.flag
    shut = 0
    for d in range(house.doors):
        shut = shut * 3 + life.door[d, D_STATE]
    done = 0
    for p in range(PARTS):
        done = 2 * done + life.part[p, DONE]
    is_new = _differs(stamp, 0, life.episode * 1_000_003 + life.seed)
    is_new |= _differs(stamp, 1, flag[STAGE] * 16 + done)
    is_new |= _differs(stamp, 2, flag[CARRIED])
    is_new |= _differs(stamp, 3, shut)
    return is_new, _differs(stamp, 4, life.step // ANEW if life.people > SPARE else 0)


@kernel
def _differs(stamp: Any, k: int, value: int) -> bool:
    """Returns whether a stamp changes, and changes it."""
    differs = stamp[k] != value
    stamp[k] = value
    return bool(differs)


@kernel
def way_to_goal(life: Life, plan: Plan, b: int) -> float:
    """Returns how far the way to the subgoal is [m], between cells too; -1: there is none."""
    field = plan.field[b]
    cx, cy = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    best = 1e9
    for x in range(cx - 1, cx + 2):
        for y in range(cy - 1, cy + 2):
            if field[x, y] != UNREACHED:
                dx, dy = (x + 0.5) * CELL - life.body[X], (y + 0.5) * CELL - life.body[Y]
                best = min(best, field[x, y] * UNIT + np.hypot(dx, dy))
    return best if best < 1e8 else -1.0


@kernel
def _target(house: House, life: Life, plan: Plan, b: int) -> tuple[Any, ...]:
    """Returns whether the subgoal is about something, and its x, y and radius."""
    task, k = plan.task[b], plan.target[b]
    if task == REACH_POINT:
        return True, life.goal[0], life.goal[1], 0.1
    if task in (REACH_THING, TAKE_THING, PUT_DOWN):
        return True, life.thing[k, T_X], life.thing[k, T_Y], RADII[life.thing_flag[k, T_KIND]]
    if task in (REACH_DOOR, OPEN_DOOR):
        x, y = door_middle(house, k)
        return True, x, y, 0.4
    return False, 0.0, 0.0, 0.0


@kernel
def describe(house: House, life: Life, plan: Plan, b: int, notes: Notes) -> None:
    """Fills the notes of life b; its lidar is read already."""
    refresh_plan(house, life, plan, b, notes)
    _complete_plan(house, life, plan, b)
    facts, ranges = notes.facts[b], notes.lidar[b]
    facts[:] = 0.0
    notes.away[b] = way_to_goal(life, plan, b)
    facts[TARGET_DISTANCE] = CLEAR
    is_there, x, y, radius = _target(house, life, plan, b)
    if is_there and is_in_sight(life, x, y, radius):
        away, angle = bearing_to(life, x, y)
        facts[TARGET_IN_SIGHT], facts[TARGET_DISTANCE] = 1.0, min(away, CLEAR)
        facts[TARGET_BEARING] = angle
        facts[TARGET_IN_REACH] = 1.0 if away < REACH and abs(angle) < REACH_ANGLE else 0.0
    _tell_doors(house, life, facts)
    _tell_people(life, facts)
    clear = CLEAR
    for k in (RAYS - 1, 0, 1):
        clear = min(clear, ranges[k] * np.cos(2.0 * np.pi * k / RAYS) - RADIUS)
    facts[CLEARANCE_AHEAD] = max(clear, 0.0)
    for k in range(-6, 6):
        one, other = ranges[k % RAYS], ranges[(k + 1) % RAYS]
        if abs(one - other) > CORNER_JUMP and min(one, other) < CORNER:
            facts[CORNER_NEAR] = 1.0
    held = life.flag[CARRIED]
    if held >= 0:
        facts[CARRYING] = 1.0
        for p in range(PARTS):
            part = life.part[p]
            counts = part[VERB] != 0 and not part[DONE] and part[PART_STAGE] == life.flag[STAGE]
            if counts and (life.part_things[p, 0] >> held) & 1:
                facts[CARRIES_TARGET] = 1.0
    _tell_scene(life, notes.scene[b])
    _tell_path(life, plan, b, notes.path[b])


@kernel
def _tell_doors(house: House, life: Life, facts: Any) -> None:
    """Fills the facts about the nearest door ahead that is in sight."""
    nearest = DOOR_SIGHT
    facts[DOOR_DISTANCE] = DOOR_SIGHT
    for d in range(house.doors):
        state = life.door[d, D_STATE]
        if state == 0:
            continue
        x, y = door_middle(house, d)
        away, angle = bearing_to(life, x, y)
        if away < nearest and abs(angle) < BESIDE and is_in_sight(life, x, y, 0.4):
            nearest = away
            facts[DOOR_AHEAD], facts[DOOR_DISTANCE] = 1.0, away
            facts[DOOR_SHUT] = 0.0 if state == IS_OPEN else 1.0
            facts[DOOR_LOCKED] = 1.0 if state == IS_LOCKED else 0.0


@kernel
def _is_seen(life: Life, x: float, y: float) -> bool:
    """Returns whether no wall lies between the robot and a point: the lidar sees all round."""
    return is_in_sight_all_round(life, x, y, PERSON_RADIUS)


@kernel
def is_in_sight_all_round(life: Life, x: float, y: float, radius: float) -> bool:
    """Returns whether a disc can be seen by the lidar."""
    heading = life.body[HEADING]
    life.body[HEADING] = np.arctan2(y - life.body[Y], x - life.body[X])
    found = is_in_sight(life, x, y, radius)
    life.body[HEADING] = heading
    return bool(found)


@kernel
def _tell_people(life: Life, facts: Any) -> None:
    """Fills the facts about the nearest person in sight of camera or lidar."""
    nearest = PERSON_SIGHT
    facts[PERSON_DISTANCE] = PERSON_SIGHT
    for i in range(life.people):
        if life.person_flag[i, P_MODE] == ABSENT:
            continue
        x, y = life.person[i, P_X], life.person[i, P_Y]
        away, angle = bearing_to(life, x, y)
        gap = max(away - PERSON_RADIUS - RADIUS, 0.0)
        if gap < nearest and _is_seen(life, x, y):
            nearest = gap
            facts[PERSON_NEAR], facts[PERSON_DISTANCE], facts[PERSON_BEARING] = 1.0, gap, angle
            facts[PERSON_CLOSING_SPEED] = _closing(life, i)[0]


@kernel
def _closing(life: Life, i: int) -> tuple[float, float]:
    """Returns how fast person i and the robot come nearer, and go round each other to the left
    [m/s]."""
    dx, dy = life.person[i, P_X] - life.body[X], life.person[i, P_Y] - life.body[Y]
    away = max(np.hypot(dx, dy), 0.05)
    heading, speed = life.person[i, P_HEADING], life.person[i, P_SPEED]
    vx = speed * np.cos(heading) - life.body[SPEED] * np.cos(life.body[HEADING])
    vy = speed * np.sin(heading) - life.body[SPEED] * np.sin(life.body[HEADING])
    return -(vx * dx + vy * dy) / away, (vy * dx - vx * dy) / away


@kernel
def _tell_scene(life: Life, scene: Any) -> None:
    """Fills the scene: per sector the nearest thing or person that is in sight."""
    scene[:] = 0.0
    for j in range(life.things + life.people):
        is_person = j >= life.things
        i = j - life.things if is_person else j
        if is_person:
            if life.person_flag[i, P_MODE] == ABSENT:
                continue
            x, y, radius = life.person[i, P_X], life.person[i, P_Y], PERSON_RADIUS
        else:
            if life.thing_flag[i, T_STATE] != ON_FLOOR:
                continue
            x, y = life.thing[i, T_X], life.thing[i, T_Y]
            radius = RADII[life.thing_flag[i, T_KIND]]
        away, angle = bearing_to(life, x, y)
        if away > SCENE_RANGE or not is_in_sight_all_round(life, x, y, radius):
            continue
        s = min(int((angle + np.pi) / (2.0 * np.pi) * SECTORS), SECTORS - 1)
        row = scene[s]
        if row[6] > 0.0 and row[0] <= away:
            continue
        row[0], row[6] = away, 1.0
        if is_person:
            row[1], row[2] = _closing(life, i)
            row[3] = PERSON_CLASS
        else:
            dx, dy = np.cos(angle), np.sin(angle)
            row[1], row[2] = life.body[SPEED] * dx, -life.body[SPEED] * dy
            row[3] = life.thing_flag[i, T_KIND] - 1


@kernel
def _tell_path(life: Life, plan: Plan, b: int, path: Any) -> None:
    """Fills f32[PATH_POINTS, 2]: points along the way to the subgoal, ahead and to the left [m]."""
    c, s = np.cos(life.body[HEADING]), np.sin(life.body[HEADING])
    field = plan.field[b]
    x, y = int(life.body[X] / CELL), int(life.body[Y] / CELL)
    px, py = life.body[X], life.body[Y]
    row, left = 0, PATH_SPACING
    if field[x, y] != UNREACHED:
        for _ in range(40):
            u, v = descend(field, x, y)
            if (u == x and v == y) or row == PATH_POINTS:
                break
            x, y = u, v
            qx, qy = (x + 0.5) * CELL, (y + 0.5) * CELL
            step = np.hypot(qx - px, qy - py)
            while step >= left and row < PATH_POINTS:
                px, py = px + (qx - px) * left / step, py + (qy - py) * left / step
                dx, dy = px - life.body[X], py - life.body[Y]
                path[row, 0], path[row, 1] = c * dx + s * dy, c * dy - s * dx
                row += 1
                step -= left
                left = PATH_SPACING
            left -= step
            px, py = qx, qy
    dx, dy = px - life.body[X], py - life.body[Y]
    for k in range(row, PATH_POINTS):  # the way ends here
        path[k, 0], path[k, 1] = c * dx + s * dy, c * dy - s * dx
