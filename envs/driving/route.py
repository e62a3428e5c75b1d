"""Routes: which lanes the ego is asked to drive, and how far along them it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .lights import RED_LIGHT, light_state
from .lives import (
    ARRIVED,
    COUNT,
    HEADING,
    INDEX,
    MAX_ROUTE,
    RAN_RED,
    RAN_STOP,
    ROUTE_DONE,
    ROUTE_GOAL,
    ROUTE_LATERAL,
    ROUTE_LENGTH,
    ROUTE_S,
    ROUTE_START,
    SPEED,
    STOPPED,
    Array,
    Life,
    X,
    Y,
)
from .road import Town, lane_pose, project
from .survey import EGO_HALF_LENGTH, LIGHTS, STOP

ROUTE_MIN = 800.0  # [m]
ROUTE_JUNCTIONS = 4
ROUTE_LANES = MAX_ROUTE - 6
ATTEMPTS = 40
SIGN_AT = 6.0  # [m] arc position from which a road's own limit holds

(DRAW_START, DRAW_START_S, DRAW_BRANCH) = range(40, 43)


@njit(cache=True, nogil=True)
def _walk(town: Town, life: Life, attempt: int) -> tuple[Any, ...]:
    """Draws one route into life b; returns (length, junctions, has light, has stop sign)."""
    seed, episode = life.seed, life.episode
    lanes = life.route_lane
    lanes[:] = -1
    lane = integer(town.lane_count, seed, episode, attempt, 0, DRAW_START)
    while town.lane_slot[lane] >= 0 or town.lane_length[lane] < 30.0:
        lane = (lane + 1) % town.lane_count
    room = town.lane_length[lane] - 24.0
    start = 4.0 + (room - 4.0) * uniform(seed, episode, attempt, 0, DRAW_START_S)
    length, junctions, light, stop, count = -start, 0, False, False, 0
    while count < ROUTE_LANES:
        lanes[count] = lane
        life.route_at[count] = length
        length += town.lane_length[lane]
        count += 1
        if town.lane_slot[lane] >= 0:
            lane = town.lane_next[lane, 0]
            continue
        enough = length > ROUTE_MIN + 20.0 and junctions >= ROUTE_JUNCTIONS
        if enough and ((light and stop) or length > 1.4 * ROUTE_MIN):
            break
        control = town.junction_control[town.lane_junction[lane]]
        junctions += 1
        light = light or control == LIGHTS
        stop = stop or control == STOP
        lane = _branch(town, life, lane, count, attempt)
    life.flag[COUNT] = count
    life.route[ROUTE_START] = start
    goal = length - min(15.0, 0.4 * town.lane_length[lanes[count - 1]])
    life.route[ROUTE_GOAL] = goal
    return goal, junctions, light, stop


@njit(cache=True, nogil=True)
def _branch(town: Town, life: Life, lane: int, count: int, attempt: int) -> int:
    """Returns the connector to take from a road lane; roads not yet driven are preferred."""
    options = 0
    for c in range(3):
        options += town.lane_next[lane, c] >= 0
    chosen = -1
    for attempt_2 in range(3):
        entity = attempt * 8 + attempt_2
        choice = integer(options, life.seed, life.episode, count, entity, DRAW_BRANCH)
        for c in range(3):
            if town.lane_next[lane, c] >= 0:
                if choice == 0:
                    chosen = town.lane_next[lane, c]
                choice -= 1
        out = town.lane_next[chosen, 0]
        driven = False
        for k in range(count):
            driven = driven or life.route_lane[k] == out
        if not driven:
            return int(chosen)
    return int(chosen)


@njit(cache=True, nogil=True)
def plan_route(town: Town, life: Life) -> None:
    """Gives life b a route of >= 800 m, >= 4 junctions, a light and a stop sign, and puts it there.

    Of up to ATTEMPTS draws the first that has all is taken, else the one that has most.
    """
    best, best_score = 0, -1.0
    for attempt in range(ATTEMPTS):
        length, junctions, light, stop = _walk(town, life, attempt)
        score = min(length / ROUTE_MIN, 1.0) * 4.0 + min(junctions, ROUTE_JUNCTIONS)
        score += 2.0 * light + 2.0 * stop
        if score > best_score:
            best, best_score = attempt, score
        if score >= 12.0:
            break
    length, _, _, _ = _walk(town, life, best)
    start = life.route[ROUTE_START]
    lane = life.route_lane[0]
    x, y, heading, _ = lane_pose(town, lane, start)
    life.ego[:] = 0.0
    life.ego[X], life.ego[Y], life.ego[HEADING] = x, y, heading
    life.route[ROUTE_S] = start
    life.route[ROUTE_LATERAL] = 0.0
    life.route[ROUTE_LENGTH] = length
    life.route[ROUTE_DONE] = 0.0
    life.limit = town.lane_limit[lane]


@njit(cache=True, nogil=True)
def follow_route(town: Town, life: Life) -> float:
    """Moves the ego's place on its route to where the car now is; judges lines that it passes.

    Returns:
      The distance from the route [m].
    """
    flag, route = life.flag, life.route
    index = flag[INDEX]
    lane = life.route_lane[index]
    x, y = life.ego[X], life.ego[Y]
    length = town.lane_length[lane]
    line_before = length - route[ROUTE_S] - EGO_HALF_LENGTH
    s, lateral = project(town, lane, x, y, route[ROUTE_S], 6.0)
    on_road = town.lane_slot[lane] < 0
    if on_road and life.route_lane[index + 1] >= 0:
        _judge_line(town, life, lane, line_before, length - s - EGO_HALF_LENGTH)
    if s >= length - 0.01 and index + 1 < flag[COUNT]:
        index += 1
        flag[INDEX] = index
        lane = life.route_lane[index]
        s, lateral = project(town, lane, x, y, 0.0, 6.0)
        flag[STOPPED] = 0
        flag[ARRIVED] = -1
        life.sign_seen = -1000
    route[ROUTE_S] = s
    route[ROUTE_LATERAL] = lateral
    done = life.route_at[index] + s
    px, py, _, _ = lane_pose(town, lane, s)
    off = np.sqrt((px - x) ** 2 + (py - y) ** 2)
    if off < 6.0 and done > route[ROUTE_DONE]:
        route[ROUTE_DONE] = done
    if town.lane_slot[lane] < 0 and s > SIGN_AT:
        life.limit = current_limit(town, life, lane)
    return off


@njit(cache=True, nogil=True)
def current_limit(town: Town, life: Life, lane: int) -> float:
    """Returns the limit posted on a road lane [m/s], `intervene` included."""
    if life.limit_set[lane] > 0.0:
        return float(life.limit_set[lane])
    return float(town.lane_limit[lane])


@njit(cache=True, nogil=True)
def _judge_line(
    town: Town, life: Life, lane: int, before: float, now: float
) -> None:
    """Notes a stop at the line ahead, or the passing of a red light or of an unheeded sign."""
    junction = town.lane_junction[lane]
    control = town.junction_control[junction]
    if life.static_off[town.lane_sign[lane]] == 1:
        return
    if control == STOP and now < 4.0 and life.ego[SPEED] < 0.15 and life.flag[STOPPED] == 0:
        life.flag[STOPPED] = 1
        life.flag[ARRIVED] = life.clock
    if before >= 0.0 > now:
        if control == LIGHTS:
            state = light_state(life, junction, town.lane_group[lane])
            if state == RED_LIGHT:
                life.flag[RAN_RED] = 1
        elif control == STOP and life.flag[STOPPED] == 0:
            life.flag[RAN_STOP] = 1


@njit(cache=True, nogil=True)
def path_ahead(town: Town, life: Life, out: Array) -> int:
    """Samples the route ahead every 2 m from abreast of the ego.

    Args:
      out: filled with x, y, heading, curvature, lane index in the route, float32 [N, 5].
    Returns:
      How many rows were filled (fewer than N where the route ends).
    """
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    s = life.route[ROUTE_S]
    for k in range(out.shape[0]):
        while s > town.lane_length[lane]:
            s -= town.lane_length[lane]
            index += 1
            lane = life.route_lane[index]
            if lane < 0:
                return k
        x, y, heading, curvature = lane_pose(town, lane, s)
        out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = x, y, heading, curvature, index
        s += 2.0
    return int(out.shape[0])
