"""What is true around the ego, and what of it the sensors could know.

An unseen actor is left out of the seen facts, so that whoever drives on them makes the mistakes of
one who sees no better.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .grants import blocker
from .lights import GREEN_LIGHT, RED_LIGHT, YELLOW_LIGHT, light_state
from .lives import (
    COUNT,
    HEADING,
    INDEX,
    LIMIT_KNOWN,
    ROUTE_LATERAL,
    ROUTE_S,
    SPEED,
    STOPPED,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_SEEN,
    V_SPEED,
    V_X,
    V_Y,
    W_EDGE,
    W_HEADING,
    W_MODE,
    W_SEEN,
    W_SPEED,
    W_X,
    W_Y,
    Array,
    Life,
    Mode,
    X,
    Y,
)
from .notes import (
    CURVATURE_AHEAD,
    HEADING_ERROR,
    JUNCTION_AHEAD,
    JUNCTION_DISTANCE,
    LANE_OFFSET,
    LEAD_CLOSING_SPEED,
    LEAD_DISTANCE,
    LEAD_PRESENT,
    LIGHT_DISTANCE,
    LIGHT_GREEN,
    LIGHT_PRESENT,
    LIGHT_RED,
    LIGHT_YELLOW,
    MUST_YIELD,
    PATH_POINTS,
    PEDESTRIAN_DISTANCE,
    PEDESTRIAN_IN_PATH,
    REACH,
    SPEED_LIMIT,
    STOP_LINE_DISTANCE,
    STOP_SIGN,
    TIME_TO_COLLISION,
    TTC_MAX,
    Notes,
    Scratch,
)
from .road import Town
from .route import path_ahead
from .scenes import fill_scenes
from .sight import SEEN_FOR, WALKER_RANGE, look, look_at_signs
from .survey import EGO_HALF_LENGTH, EGO_HALF_WIDTH, HALF_LENGTH, HALF_WIDTH, LIGHTS, STOP, Survey

OFFSET_MAX, TURN_MAX = 5.0, 1.6  # [m], [rad] as declared: an ego astray is astray
SIGN_FOR = 3  # decisions that a light's colour is remembered
MODE_ABSENT, MODE_WAITING = Mode.ABSENT, Mode.WAITING
MODE_PLACED, MODE_DARTING = Mode.PLACED, Mode.DARTING
SAFE_LIMIT = 30.0 / 3.6  # [m/s] what one assumes before a sign was seen


@njit(cache=True, nogil=True)
def _on_path(path: Array, rows: int, x: float, y: float) -> tuple[Any, ...]:
    """Returns (distance along the path, lateral position, path heading) of a point."""
    best, best_d = 0, 1e9
    for k in range(rows):
        d = (path[k, 0] - x) ** 2 + (path[k, 1] - y) ** 2
        if d < best_d:
            best, best_d = k, d
    h = path[best, 2]
    dx, dy = x - path[best, 0], y - path[best, 1]
    c, s = np.cos(h), np.sin(h)
    return 2.0 * best + c * dx + s * dy, -s * dx + c * dy, h


@njit(cache=True, nogil=True)
def lead_facts(town: Town, life: Life, path: Array, rows: int, out: Array, seen_only: bool) -> None:
    """Writes the lead facts: the nearest vehicle whose body is in the ego's path."""
    ex, ey, v = life.ego[X], life.ego[Y], life.ego[SPEED]
    ch, sh = np.cos(life.ego[HEADING]), np.sin(life.ego[HEADING])
    nearest, closing = REACH, 0.0
    now = life.step
    for k in range(life.vehicles):
        if life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        if seen_only and now - life.vehicle_flag[k, V_SEEN] > SEEN_FOR:
            continue
        x, y = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        dx, dy = x - ex, y - ey
        if dx * dx + dy * dy > REACH**2 or ch * dx + sh * dy < -2.0:
            continue
        way, lateral, h = _on_path(path, rows, x, y)
        kind = life.vehicle_flag[k, V_KIND]
        turn = life.vehicle[k, V_HEADING] - h
        c, s = abs(np.cos(turn)), abs(np.sin(turn))
        if abs(lateral) - HALF_WIDTH[kind] * c - HALF_LENGTH[kind] * s > EGO_HALF_WIDTH + 0.2:
            continue
        distance = way - EGO_HALF_LENGTH - HALF_LENGTH[kind] * c - HALF_WIDTH[kind] * s
        if way > 0.0 and distance < nearest:
            nearest = max(distance, 0.0)
            closing = v - life.vehicle[k, V_SPEED] * np.cos(turn)
    out[LEAD_PRESENT] = 1.0 if nearest < REACH else 0.0
    out[LEAD_DISTANCE] = nearest
    out[LEAD_CLOSING_SPEED] = closing


@njit(cache=True, nogil=True)
def pedestrian_facts(
    town: Town, life: Life, path: Array, rows: int, out: Array, seen_only: bool
) -> None:
    """Writes the pedestrian facts: the nearest walker in the ego's path or stepping into it."""
    now = life.step
    ex, ey = life.ego[X], life.ego[Y]
    ch, sh = np.cos(life.ego[HEADING]), np.sin(life.ego[HEADING])
    nearest = REACH
    for k in range(life.walkers):
        mode = life.walker_flag[k, W_MODE]
        if mode in (MODE_ABSENT, MODE_WAITING):
            continue
        if seen_only and now - life.walker_flag[k, W_SEEN] > SEEN_FOR:
            continue
        x, y = life.walker[k, W_X], life.walker[k, W_Y]
        dx, dy = x - ex, y - ey
        if dx * dx + dy * dy > WALKER_RANGE**2 or ch * dx + sh * dy < 0.0:
            continue
        way, lateral, h = _on_path(path, rows, x, y)
        if way <= 0.0 or abs(lateral) > 6.5:
            continue
        if abs(lateral) > 1.7:
            is_free = mode in (MODE_PLACED, MODE_DARTING)  # to walk where it likes
            if not is_free and town.walk_crossing[life.walker_flag[k, W_EDGE]] < 0:
                continue
            step = np.sin(life.walker[k, W_HEADING] - h) * life.walker[k, W_SPEED]
            if step * lateral >= -0.4 * abs(lateral):  # not towards the path
                continue
        nearest = min(nearest, max(way - EGO_HALF_LENGTH - 0.3, 0.0))
    out[PEDESTRIAN_IN_PATH] = 1.0 if nearest < REACH else 0.0
    out[PEDESTRIAN_DISTANCE] = nearest


@njit(cache=True, nogil=True)
def road_facts(town: Town, life: Life, path: Array, rows: int, out: Array) -> None:
    """Writes what the road and the rules say: lane, bend, limit, light, stop sign, junction."""
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    turn = life.ego[HEADING] - path[0, 2]
    out[LANE_OFFSET] = min(max(life.route[ROUTE_LATERAL], -OFFSET_MAX), OFFSET_MAX)
    turn -= 2.0 * np.pi * np.floor((turn + np.pi) / (2.0 * np.pi))
    out[HEADING_ERROR] = min(max(turn, -TURN_MAX), TURN_MAX)
    bend = 0.0
    for k in range(min(rows, 11)):  # 20 m
        if abs(path[k, 3]) > abs(bend):
            bend = path[k, 3]
    out[CURVATURE_AHEAD] = bend
    out[SPEED_LIMIT] = life.limit
    on_connector = town.lane_slot[lane] >= 0
    line = town.lane_length[lane] - life.route[ROUTE_S] - EGO_HALF_LENGTH
    in_junction = on_connector or line < 0.0
    if in_junction:  # the next line is that of the road behind this junction
        ahead = index + 1 if on_connector else index + 2
        if not on_connector and index + 1 < life.flag[COUNT]:
            line += town.lane_length[life.route_lane[index + 1]]
        lane = -1
        if ahead < life.flag[COUNT]:
            lane = life.route_lane[ahead]
            line += town.lane_length[lane]
            index = ahead
    has_line = lane >= 0 and index + 1 < life.flag[COUNT] and line < REACH
    light = stop = 0.0
    state = -1
    if has_line:
        junction = town.lane_junction[lane]
        sign = town.lane_sign[lane]
        removed = sign >= 0 and life.static_off[sign] == 1
        control = town.junction_control[junction]
        if control == LIGHTS and not removed:
            light = 1.0
            state = light_state(life, junction, town.lane_group[lane])
        elif control == STOP and not removed and life.flag[STOPPED] == 0:
            stop = 1.0
    out[LIGHT_PRESENT] = light
    out[LIGHT_RED] = 1.0 if state == RED_LIGHT else 0.0
    out[LIGHT_YELLOW] = 1.0 if state == YELLOW_LIGHT else 0.0
    out[LIGHT_GREEN] = 1.0 if state == GREEN_LIGHT else 0.0
    out[LIGHT_DISTANCE] = line if light > 0.0 else REACH
    out[STOP_SIGN] = stop
    out[STOP_LINE_DISTANCE] = max(line, 0.0) if has_line else REACH
    out[JUNCTION_AHEAD] = 1.0 if in_junction or has_line else 0.0
    out[JUNCTION_DISTANCE] = 0.0 if in_junction else out[STOP_LINE_DISTANCE]


@njit(cache=True, nogil=True)
def whom_to_let_pass(town: Town, life: Life, survey: Survey, out: Array) -> int:
    """Returns whom the ego must let pass at the junction ahead, -1: nobody."""
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    line = town.lane_length[lane] - life.route[ROUTE_S] - EGO_HALF_LENGTH
    if town.lane_slot[lane] >= 0 or index + 1 >= life.flag[COUNT]:
        return -1
    if line < 0.0 or line > 35.0:
        return -1
    return int(blocker(town, life, survey, life.vehicles, life.route_lane[index + 1]))


@njit(cache=True, nogil=True)
def _time_to_collision(life: Life, out: Array) -> None:
    """Writes the time until the lead or a pedestrian in the path is reached at today's speeds."""
    ttc = TTC_MAX
    if out[LEAD_PRESENT] > 0.0 and out[LEAD_CLOSING_SPEED] > 0.1:
        ttc = min(ttc, out[LEAD_DISTANCE] / out[LEAD_CLOSING_SPEED])
    if out[PEDESTRIAN_IN_PATH] > 0.0 and life.ego[SPEED] > 0.1:
        ttc = min(ttc, out[PEDESTRIAN_DISTANCE] / life.ego[SPEED])
    out[TIME_TO_COLLISION] = ttc


@njit(cache=True, nogil=True)
def _seen_facts(
    town: Town, life: Life, rows: int, path: Array, facts: Array, whom: int,
    known: Array, seen: Array,
) -> None:  # fmt: skip
    """Writes the facts as far as they are seen, and which of them are."""
    now = life.step
    n = life.vehicles
    seen[:] = facts
    known[:] = True
    lead_facts(town, life, path, rows, seen, True)
    pedestrian_facts(town, life, path, rows, seen, True)
    if facts[LEAD_PRESENT] != seen[LEAD_PRESENT] or facts[LEAD_DISTANCE] != seen[LEAD_DISTANCE]:
        known[LEAD_PRESENT : LEAD_CLOSING_SPEED + 1] = False
    if facts[PEDESTRIAN_DISTANCE] != seen[PEDESTRIAN_DISTANCE]:
        known[PEDESTRIAN_IN_PATH : PEDESTRIAN_DISTANCE + 1] = False
    if facts[LIGHT_PRESENT] > 0.0 and now - life.sign_seen > SIGN_FOR:
        known[LIGHT_PRESENT : LIGHT_DISTANCE + 1] = False
        seen[LIGHT_PRESENT : LIGHT_GREEN + 1] = 0.0
        seen[LIGHT_DISTANCE] = REACH
    if facts[STOP_SIGN] > 0.0 and life.sign_seen < 0:
        known[STOP_SIGN] = False
        seen[STOP_SIGN] = 0.0
    if life.flag[LIMIT_KNOWN] == 1:
        seen[SPEED_LIMIT] = life.seen_limit
        known[SPEED_LIMIT] = abs(life.seen_limit - facts[SPEED_LIMIT]) < 0.1
    else:
        seen[SPEED_LIMIT] = SAFE_LIMIT
        known[SPEED_LIMIT] = False
    if whom >= 0 and whom < n and now - life.vehicle_flag[whom, V_SEEN] > SEEN_FOR:
        known[MUST_YIELD] = False
        seen[MUST_YIELD] = 0.0
    _time_to_collision(life, seen)
    known[TIME_TO_COLLISION] = abs(seen[TIME_TO_COLLISION] - facts[TIME_TO_COLLISION]) < 0.5


@njit(cache=True, nogil=True)
def describe(
    town: Town,
    life: Life,
    survey: Survey,
    scratch: Scratch,
    notes: Notes,
    b: int,
    fields: tuple[Any, ...],
) -> None:
    """Fills row b of the notes; the survey must be of this very moment.

    Args:
      fields: tangents of half the front camera's and of half the mirror's field of view.
    """
    path, facts = scratch.path, notes.facts[b]
    rows = path_ahead(town, life, path)
    look(town, life, fields)
    look_at_signs(town, life, fields)
    road_facts(town, life, path, rows, facts)
    lead_facts(town, life, path, rows, facts, False)
    pedestrian_facts(town, life, path, rows, facts, False)
    whom = whom_to_let_pass(town, life, survey, facts)
    facts[MUST_YIELD] = 1.0 if whom >= 0 else 0.0
    _time_to_collision(life, facts)
    _seen_facts(town, life, rows, path, facts, whom, notes.known[b], notes.seen[b])
    fill_scenes(town, life, notes.scene[b], notes.scene_seen[b])
    h = life.ego[HEADING]
    c, s = np.cos(h), np.sin(h)
    for k in range(PATH_POINTS):
        row = min(2 * (k + 1), rows - 1)
        dx, dy = path[row, 0] - life.ego[X], path[row, 1] - life.ego[Y]
        notes.path[b, k, 0] = c * dx + s * dy
        notes.path[b, k, 1] = -s * dx + c * dy
    notes.cause[b] = (
        facts[LEAD_DISTANCE] < 8.0
        or facts[PEDESTRIAN_DISTANCE] < 15.0
        or facts[MUST_YIELD] > 0.0
        or (facts[LIGHT_RED] + facts[LIGHT_YELLOW] > 0.0 and facts[LIGHT_DISTANCE] < 15.0)
    )
