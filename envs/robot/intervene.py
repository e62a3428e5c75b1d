"""Interventions: one thing in a life changed, for counterfactuals and scripted situations."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .homes import House
from .kernel import paint_door
from .lives import (
    D_STATE,
    P_CLOTH,
    P_HEADING,
    P_MODE,
    P_PACE,
    P_X,
    P_Y,
    T_COLOUR,
    T_KIND,
    T_SEEN,
    T_STATE,
    DoorState,
    Lives,
    Mode,
    ThingState,
)
from .params import COLOURS, SPARE, Kind

KEYS = {
    "place": ("kind", "x", "y", "colour"),
    "person": ("x", "y", "heading", "speed"),
    "remove": ("actor", "index"),
    "door": ("index", "state"),
    "light": ("level",),
}
"""What `intervene(lane, {"op": NAME, ...})` can do: place a key, ball or box; let a person walk
straight on from somewhere; remove a thing or a person; open, close or lock a door; dim the light.
The keys of each besides "op"."""
STATES = {"open": DoorState.OPEN, "closed": DoorState.CLOSED, "locked": DoorState.LOCKED}
THINGS = {"key": Kind.KEY, "ball": Kind.BALL, "box": Kind.BOX}
ACTORS = ("thing", "person")


def intervene(house: House, lives: Lives, lane: int, operation: Mapping[str, Any]) -> None:
    """Does one operation of KEYS to a life.

    Raises:
      ValueError: an unknown operation, key, value or index.
    """
    name = _choice("op", operation, KEYS)
    for key in operation:
        if key != "op" and key not in KEYS[name]:
            raise ValueError(
                f"`{key}` must be one of {', '.join(KEYS[name])} for operation {name!r}."
                f"{_near(str(key), KEYS[name])}"
            )
    life = lives[lane]
    if name == "place":
        slot = _free(life["thing_flag"][:, T_STATE], int(life["things"]), ThingState.ABSENT)
        kind, colour = _choice("kind", operation, THINGS), _choice("colour", operation, COLOURS)
        life["thing"][slot] = _number(operation, "x"), _number(operation, "y")
        flags = life["thing_flag"][slot]
        flags[T_KIND], flags[T_COLOUR] = THINGS[kind], list(COLOURS).index(colour)
        flags[T_STATE], flags[T_SEEN] = ThingState.ON_FLOOR, 0
    elif name == "person":
        slot = _free(life["person_flag"][:, P_MODE], int(life["people"]), Mode.ABSENT)
        row = life["person"][slot]
        row[P_X], row[P_Y] = _number(operation, "x"), _number(operation, "y")
        row[P_HEADING] = _number(operation, "heading", 0.0)
        row[P_PACE] = _number(operation, "speed", 0.0)
        life["person_flag"][slot, P_MODE] = Mode.PLACED
        life["person_flag"][slot, P_CLOTH] = slot % 8
    elif name == "remove":
        actor = _choice("actor", operation, dict.fromkeys(ACTORS))
        if actor == "thing":
            k = _index(operation, int(life["things"]))
            life["thing_flag"][k, T_STATE] = ThingState.ABSENT
        else:
            k = _index(operation, int(life["people"]))
            life["person_flag"][k, P_MODE] = Mode.ABSENT
    elif name == "door":
        d = _index(operation, int(house["doors"]))
        if life["door"][d, D_STATE] == DoorState.NONE:
            raise ValueError(f"`index` must be that of a doorway with a door; got {d}.")
        life["door"][d, D_STATE] = STATES[_choice("state", operation, STATES)]
        paint_door(house, life, d)
    else:
        lives["light"][lane] = min(max(_number(operation, "level"), 0.1), 1.2)


def _number(operation: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = operation.get(key, default)
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = float(value) if is_number else np.nan
    if not np.isfinite(number):
        name = operation.get("op")
        raise ValueError(f"`{key}` of operation {name!r} must be a finite number; got {value!r}.")
    return number


def _index(operation: Mapping[str, Any], count: int) -> int:
    value = int(_number(operation, "index"))
    if not 0 <= value < count:
        raise ValueError(f"`index` must lie within 0 and {count - 1}; got {value}.")
    return value


def _choice(key: str, operation: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    value = operation.get(key)
    if value not in known:
        raise ValueError(
            f"`{key}` must be one of {', '.join(known)}; got {value!r}.{_near(str(value), known)}"
        )
    return str(value)


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]}?" if near else ""


def _free(states: Any, count: int, absent: int) -> int:
    """Returns a slot that nobody has, among those kept for what is placed."""
    for slot in range(count - SPARE, count):
        if states[slot] == absent:
            return slot
    raise ValueError(f"`place` must find room; {SPARE} are placed already. Remove one first.")
