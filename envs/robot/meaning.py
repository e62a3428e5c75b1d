"""What the words of a mission mean in a home: which things, and which doors."""

from __future__ import annotations

import numpy as np

from ..canvas import kernel
from .homes import House, Pool
from .kernel import paint_door
from .lives import (
    COLOUR,
    COLOUR_2,
    D_COLOUR,
    D_STATE,
    KIND,
    KIND_2,
    PLACE,
    PLACE_2,
    T_COLOUR,
    T_KIND,
    T_STATE,
    T_X,
    T_Y,
    VERB,
    DoorState,
    Life,
    Lives,
    ThingState,
)
from .params import CELL, PARTS, Kind, Place, Verb

NONE, OPEN_DOOR, CLOSED = DoorState.NONE, DoorState.OPEN, DoorState.CLOSED
ON_FLOOR = ThingState.ON_FLOOR
DOOR = int(Kind.DOOR)
OPEN, PUT_NEXT, GO_TO_POINT = int(Verb.OPEN), int(Verb.PUT_NEXT), int(Verb.GO_TO_POINT)
ANYWHERE, LEFT, RIGHT = int(Place.ANY), int(Place.LEFT), int(Place.RIGHT)
FRONT, BEHIND = int(Place.FRONT), int(Place.BEHIND)


@kernel
def place_of(life: Life, x: float, y: float) -> int:
    """Returns where a point lies, seen from where the robot began: a `Place`."""
    dx, dy = x - life.start[0], y - life.start[1]
    angle = np.arctan2(dy, dx) - life.start[2]
    angle -= 2.0 * np.pi * np.floor((angle + np.pi) / (2.0 * np.pi))
    if abs(angle) <= 0.25 * np.pi:
        return FRONT
    if abs(angle) >= 0.75 * np.pi:
        return BEHIND
    return LEFT if angle > 0.0 else RIGHT


@kernel
def things_meant(life: Life, kind: int, colour: int, place: int) -> int:
    """Returns the bits of the things that words mean; colour -1: any."""
    bits = 0
    for k in range(life.things):
        flags = life.thing_flag[k]
        if flags[T_STATE] != ON_FLOOR:
            continue
        where = place_of(life, life.thing[k, T_X], life.thing[k, T_Y])
        if (
            (kind == 0 or flags[T_KIND] == kind)
            and (colour < 0 or flags[T_COLOUR] == colour)
            and (place == ANYWHERE or where == place)
        ):
            bits |= 1 << k
    return bits


@kernel
def doors_meant(house: House, life: Life, colour: int, place: int, shut: bool) -> int:
    """Returns the bits of the doors that words mean; `shut`: only those that are not open."""
    bits = 0
    for d in range(house.doors):
        state = life.door[d, D_STATE]
        if state == NONE or (shut and state == OPEN_DOOR):
            continue
        x, y = door_middle(house, d)
        if (colour < 0 or life.door[d, D_COLOUR] == colour) and (
            place == ANYWHERE or place_of(life, x, y) == place
        ):
            bits |= 1 << d
    return bits


@kernel
def door_middle(house: House, d: int) -> tuple[float, float]:
    """Returns the middle of a doorway [m]."""
    r = house.door_rect[d]
    return 0.5 * (r[0] + r[2]) * CELL, 0.5 * (r[1] + r[3]) * CELL


@kernel
def mean(house: House, life: Life) -> bool:
    """Fills what the parts of a mission mean; returns whether every part means something."""
    is_whole = True
    for p in range(PARTS):
        part = life.part[p]
        life.part_things[p] = 0
        life.part_doors[p] = 0
        verb = part[VERB]
        if verb == 0 or verb == GO_TO_POINT:
            continue
        if part[KIND] == DOOR or verb == OPEN:
            life.part_doors[p] = doors_meant(house, life, part[COLOUR], part[PLACE], verb == OPEN)
            is_whole &= life.part_doors[p] != 0
            continue
        life.part_things[p, 0] = things_meant(life, part[KIND], part[COLOUR], part[PLACE])
        is_whole &= life.part_things[p, 0] != 0
        if verb == PUT_NEXT:
            life.part_things[p, 1] = things_meant(life, part[KIND_2], part[COLOUR_2], part[PLACE_2])
            first, second = life.part_things[p, 0], life.part_things[p, 1]
            is_whole &= second != 0 and (first | second) != first  # not one thing next to itself
    return is_whole


@kernel
def settle(pool: Pool, lives: Lives, b: int, may_change: bool) -> int:
    """Settles what a mission that was given in words means; returns a part that means nothing, -1:
    every part means something.

    Args:
      may_change: whether a thing, or a door, becomes what is named where there is no such one.
    """
    life = lives[b]
    house = pool[life.home]
    mean(house, life)
    used = 0
    for p in range(PARTS):
        part = life.part[p]
        verb = part[VERB]
        if verb == 0 or verb == GO_TO_POINT:
            continue
        if part[KIND] == DOOR or verb == OPEN:
            for d in range(house.doors):
                if life.part_doors[p] == 0 and may_change and life.door[d, D_STATE] != NONE:
                    if part[COLOUR] >= 0:
                        life.door[d, D_COLOUR] = part[COLOUR]
                    if verb == OPEN and life.door[d, D_STATE] == OPEN_DOOR:
                        life.door[d, D_STATE] = CLOSED
                    paint_door(house, life, d)
                    mean(house, life)
            if life.part_doors[p] == 0:
                return p
            continue
        for second in range(2 if verb == PUT_NEXT else 1):
            kind, colour = (KIND_2, COLOUR_2) if second else (KIND, COLOUR)
            for k in range(life.things):
                flags = life.thing_flag[k]
                is_free = flags[T_STATE] == ON_FLOOR and not (used >> k) & 1
                if life.part_things[p, second] == 0 and may_change and is_free:
                    if part[kind] > 0:
                        flags[T_KIND] = part[kind]
                    if part[colour] >= 0:
                        flags[T_COLOUR] = part[colour]
                    mean(house, life)
            if life.part_things[p, second] == 0:
                return p
            used |= life.part_things[p, second]
    return -1 if mean(house, life) else 0
