"""Interventions: one thing in a life changed, for counterfactuals and scripted situations."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .lights import GREEN_LIGHT, RED_LIGHT, YELLOW_LIGHT
from .lives import (
    INDEX,
    SPARE,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_SEEN,
    V_SPEED,
    V_X,
    V_Y,
    W_HEADING,
    W_KIND,
    W_MODE,
    W_MOVING,
    W_SEEN,
    W_SPEED,
    W_X,
    W_Y,
    Lives,
    Mode,
)
from .params import Kind
from .road import Town, lane_pose

OPERATIONS = {
    "place": "kind, x, y, heading, speed: puts an actor there, moving straight on",
    "remove": "actor ('vehicle' | 'walker' | 'parked'), index: takes an actor away",
    "light": "junction, state ('red' | 'yellow' | 'green' | 'cycle'): sets a junction's lights",
    "sign": "index, present (True | False): removes a sign or light, or puts it back",
    "limit": "lane, limit [m/s]: sets the limit of a road lane (0: as posted)",
    "block": "lane, s: puts a barrier across a lane",
    "weather": "daylight, fog, friction: any of them",
}
"""What `intervene(lane, {"op": NAME, ...})` can do, and the keys that each takes."""

KEYS = {
    "place": ("kind", "x", "y", "heading", "speed"),
    "remove": ("actor", "index"),
    "light": ("junction", "state"),
    "sign": ("index", "present"),
    "limit": ("lane", "limit"),
    "block": ("lane", "s"),
    "weather": ("daylight", "fog", "friction"),
}
"""The keys of each operation besides "op"."""

STATES = {"red": RED_LIGHT, "yellow": YELLOW_LIGHT, "green": GREEN_LIGHT, "cycle": -1}
ACTORS = {kind.name.lower(): kind for kind in Kind if kind is not Kind.NONE}


def _number(operation: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = operation.get(key, default)
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = float(value) if is_number else np.nan
    if not np.isfinite(number):
        name = operation.get("op")
        raise ValueError(f"`{key}` of operation {name!r} must be a finite number; got {value!r}.")
    return number


def _index(operation: Mapping[str, Any], key: str, count: int) -> int:
    value = int(_number(operation, key))
    if not 0 <= value < count:
        raise ValueError(f"`{key}` must lie within 0 and {count - 1}; got {value}.")
    return value


def _choice(operation: Mapping[str, Any], key: str, known: Mapping[Any, Any]) -> Any:
    value = operation.get(key)
    if value not in known:
        near = difflib.get_close_matches(str(value), map(str, known), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        names = ", ".join(map(str, known))
        raise ValueError(f"`{key}` must be one of {names}; got {value!r}.{hint}")
    return known[value]


def _place(lives: Lives, b: int, operation: Mapping[str, Any]) -> None:
    """Puts an actor into a spare slot."""
    kind = int(_choice(operation, "kind", ACTORS))
    x, y = _number(operation, "x"), _number(operation, "y")
    heading, speed = _number(operation, "heading", 0.0), _number(operation, "speed", 0.0)
    is_walker = kind in (Kind.PEDESTRIAN, Kind.CHILD)
    flags = lives["walker_flag"] if is_walker else lives["vehicle_flag"]
    mode = W_MODE if is_walker else V_MODE
    slots = int(lives["walkers" if is_walker else "vehicles"][b])
    free = [k for k in range(slots - SPARE, slots) if flags[b, k, mode] == Mode.ABSENT]
    if not free:
        raise RuntimeError(f"`place` must find a free slot; all {SPARE} are taken. Remove one.")
    k = free[0]
    flags[b, k, mode] = Mode.PLACED
    if is_walker:
        flags[b, k, W_KIND], flags[b, k, W_SEEN] = kind, -1000
        row = lives["walker"][b, k]
        flags[b, k, W_MOVING] = speed > 0.05
        row[W_X], row[W_Y], row[W_HEADING], row[W_SPEED] = x, y, heading, speed
    else:
        flags[b, k, V_KIND], flags[b, k, V_SEEN] = kind, -1000
        row = lives["vehicle"][b, k]
        row[V_X], row[V_Y], row[V_HEADING], row[V_SPEED] = x, y, heading, speed


def _remove(lives: Lives, b: int, operation: Mapping[str, Any]) -> None:
    """Takes an actor away for good."""
    actor = _choice(operation, "actor", {"vehicle": 0, "walker": 1, "parked": 2})
    if actor == 0:
        k = _index(operation, "index", int(lives["vehicles"][b]))
        lives["vehicle_flag"][b, k, V_MODE] = Mode.ABSENT
    elif actor == 1:
        k = _index(operation, "index", int(lives["walkers"][b]))
        lives["walker_flag"][b, k, W_MODE] = Mode.ABSENT
    else:
        lives["parked"][b, _index(operation, "index", int(lives["parked_cars"][b]))] = -1


def _block(town: Town, lives: Lives, b: int, operation: Mapping[str, Any]) -> None:
    """Puts a barrier across a lane."""
    lane = _index(operation, "lane", int(town["lane_count"]))
    x, y, heading, _ = lane_pose(town, lane, _number(operation, "s"))
    _place(lives, b, {"op": "block", "kind": "static", "x": x, "y": y, "heading": heading})


def _weather(lives: Lives, b: int, operation: Mapping[str, Any]) -> None:
    """Sets daylight, fog or friction."""
    bounds = (("daylight", 0.15, 1.15), ("fog", 0.0, 1.0), ("friction", 0.2, 1.0))
    if not any(name in operation for name, _, _ in bounds):
        raise ValueError("`weather` must name daylight, fog or friction; got none of them.")
    chosen = lives["weather"][b].copy()
    for column, (name, low, high) in enumerate(bounds):
        if name in operation:
            value = _number(operation, name)
            if not low <= value <= high:
                raise ValueError(f"`{name}` must lie within {low} and {high}; got {value}.")
            chosen[column] = value
    lives["weather"][b] = chosen


def intervene(town: Town, lives: Lives, b: int, operation: Mapping[str, Any]) -> None:
    """Applies one operation to life b at once.

    Args:
      operation: {"op": NAME, ...} as `OPERATIONS` lists them.
    Raises:
      ValueError: an unknown operation, or a key that is missing or out of range.
      RuntimeError: no free slot for one more actor.
    """
    _choice(operation, "op", OPERATIONS)
    name = operation["op"]
    for key in operation:
        if key != "op" and key not in KEYS[name]:
            near = difflib.get_close_matches(str(key), KEYS[name], 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"operation {name!r} must hold only {', '.join(KEYS[name])}; got {key!r}.{hint}"
            )
    if name == "place":
        _place(lives, b, operation)
    elif name == "remove":
        _remove(lives, b, operation)
    elif name == "light":
        junction = _index(operation, "junction", int(town["junction_count"]))
        lives["light_set"][b, junction] = _choice(operation, "state", STATES)
    elif name == "sign":
        static = _index(operation, "index", int(town["static_count"]))
        present = _choice(operation, "present", {True: 1, False: 0})
        lives["static_off"][b, static] = 1 - present
    elif name == "limit":
        lane = _index(operation, "lane", int(town["lane_count"]))
        lives["limit_set"][b, lane] = max(_number(operation, "limit"), 0.0)
        if lives["route_lane"][b, lives["flag"][b, INDEX]] == lane:
            lives["limit"][b] = lives["limit_set"][b, lane] or town["lane_limit"][lane]
    elif name == "block":
        _block(town, lives, b, operation)
    else:
        _weather(lives, b, operation)
