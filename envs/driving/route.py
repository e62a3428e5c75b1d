"""Routes: which lanes the ego is asked to drive, and how far along them it is."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..rng import integer, uniform
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
    Lives,
    X,
    Y,
)
from .road import Towns, lane_pose, project
from .traffic import EGO_HALF_LENGTH, LIGHTS, RED_LIGHT, STOP, light_state

ROUTE_MIN = 800.0  # [m]
ROUTE_JUNCTIONS = 4
ROUTE_LANES = MAX_ROUTE - 6
ATTEMPTS = 40
SIGN_AT = 6.0  # [m] arc position from which a road's own limit holds

(DRAW_START, DRAW_START_S, DRAW_BRANCH) = range(40, 43)


@njit(cache=True, nogil=True)
def _walk(towns: Towns, lives: Lives, b: int, attempt: int) -> tuple:
    """Draws one route into life b; returns (length, junctions, has light, has stop sign)."""
    t = lives.town[b]
    seed, episode = lives.seed[b], lives.episode[b]
    lanes = lives.route_lane[b]
    lanes[:] = -1
    lane = integer(towns.lane_count[t], seed, episode, attempt, 0, DRAW_START)
    while towns.lane_slot[t, lane] >= 0 or towns.lane_length[t, lane] < 30.0:
        lane = (lane + 1) % towns.lane_count[t]
    room = towns.lane_length[t, lane] - 24.0
    start = 4.0 + (room - 4.0) * uniform(seed, episode, attempt, 0, DRAW_START_S)
    length, junctions, light, stop, count = -start, 0, False, False, 0
    while count < ROUTE_LANES:
        lanes[count] = lane
        lives.route_at[b, count] = length
        length += towns.lane_length[t, lane]
        count += 1
        if towns.lane_slot[t, lane] >= 0:
            lane = towns.lane_next[t, lane, 0]
            continue
        enough = length > ROUTE_MIN + 20.0 and junctions >= ROUTE_JUNCTIONS
        if enough and ((light and stop) or length > 1.4 * ROUTE_MIN):
            break
        control = towns.junction_control[t, towns.lane_junction[t, lane]]
        junctions += 1
        light = light or control == LIGHTS
        stop = stop or control == STOP
        lane = _branch(towns, lives, b, lane, count, attempt)
    lives.flag[b, COUNT] = count
    lives.route[b, ROUTE_START] = start
    goal = length - min(15.0, 0.4 * towns.lane_length[t, lanes[count - 1]])
    lives.route[b, ROUTE_GOAL] = goal
    return goal, junctions, light, stop


@njit(cache=True, nogil=True)
def _branch(towns: Towns, lives: Lives, b: int, lane: int, count: int, attempt: int) -> int:
    """Returns the connector to take from a road lane; roads not yet driven are preferred."""
    t = lives.town[b]
    options = 0
    for c in range(3):
        options += towns.lane_next[t, lane, c] >= 0
    chosen = -1
    for attempt_2 in range(3):
        entity = attempt * 8 + attempt_2
        choice = integer(options, lives.seed[b], lives.episode[b], count, entity, DRAW_BRANCH)
        for c in range(3):
            if towns.lane_next[t, lane, c] >= 0:
                if choice == 0:
                    chosen = towns.lane_next[t, lane, c]
                choice -= 1
        out = towns.lane_next[t, chosen, 0]
        driven = False
        for k in range(count):
            driven = driven or lives.route_lane[b, k] == out
        if not driven:
            return int(chosen)
    return int(chosen)


@njit(cache=True, nogil=True)
def plan_route(towns: Towns, lives: Lives, b: int) -> None:
    """Gives life b a route of >= 800 m, >= 4 junctions, a light and a stop sign, and puts it there.

    Of up to ATTEMPTS draws the first that has all is taken, else the one that has most.
    """
    best, best_score = 0, -1.0
    for attempt in range(ATTEMPTS):
        length, junctions, light, stop = _walk(towns, lives, b, attempt)
        score = min(length / ROUTE_MIN, 1.0) * 4.0 + min(junctions, ROUTE_JUNCTIONS)
        score += 2.0 * light + 2.0 * stop
        if score > best_score:
            best, best_score = attempt, score
        if score >= 12.0:
            break
    length, _, _, _ = _walk(towns, lives, b, best)
    start = lives.route[b, ROUTE_START]
    lane = lives.route_lane[b, 0]
    x, y, heading, _ = lane_pose(towns, lives.town[b], lane, start)
    lives.ego[b] = 0.0
    lives.ego[b, X], lives.ego[b, Y], lives.ego[b, HEADING] = x, y, heading
    lives.route[b, ROUTE_S] = start
    lives.route[b, ROUTE_LATERAL] = 0.0
    lives.route[b, ROUTE_LENGTH] = length
    lives.route[b, ROUTE_DONE] = 0.0
    lives.limit[b] = towns.lane_limit[lives.town[b], lane]


@njit(cache=True, nogil=True)
def follow_route(towns: Towns, lives: Lives, b: int) -> float:
    """Moves the ego's place on its route to where the car now is; judges lines that it passes.

    Returns:
      The distance from the route [m].
    """
    t = lives.town[b]
    flag, route = lives.flag, lives.route
    index = flag[b, INDEX]
    lane = lives.route_lane[b, index]
    x, y = lives.ego[b, X], lives.ego[b, Y]
    length = towns.lane_length[t, lane]
    line_before = length - route[b, ROUTE_S] - EGO_HALF_LENGTH
    s, lateral = project(towns, t, lane, x, y, route[b, ROUTE_S], 6.0)
    on_road = towns.lane_slot[t, lane] < 0
    if on_road and lives.route_lane[b, index + 1] >= 0:
        _judge_line(towns, lives, b, lane, line_before, length - s - EGO_HALF_LENGTH)
    if s >= length - 0.01 and index + 1 < flag[b, COUNT]:
        index += 1
        flag[b, INDEX] = index
        lane = lives.route_lane[b, index]
        s, lateral = project(towns, t, lane, x, y, 0.0, 6.0)
        flag[b, STOPPED] = 0
        flag[b, ARRIVED] = -1
        lives.sign_seen[b] = -1000
    route[b, ROUTE_S] = s
    route[b, ROUTE_LATERAL] = lateral
    done = lives.route_at[b, index] + s
    px, py, _, _ = lane_pose(towns, t, lane, s)
    off = np.sqrt((px - x) ** 2 + (py - y) ** 2)
    if off < 6.0 and done > route[b, ROUTE_DONE]:
        route[b, ROUTE_DONE] = done
    if towns.lane_slot[t, lane] < 0 and s > SIGN_AT:
        lives.limit[b] = current_limit(towns, lives, b, lane)
    return off


@njit(cache=True, nogil=True)
def current_limit(towns: Towns, lives: Lives, b: int, lane: int) -> float:
    """Returns the limit posted on a road lane [m/s], `intervene` included."""
    if lives.limit_set[b, lane] > 0.0:
        return float(lives.limit_set[b, lane])
    return float(towns.lane_limit[lives.town[b], lane])


@njit(cache=True, nogil=True)
def _judge_line(
    towns: Towns, lives: Lives, b: int, lane: int, before: float, now: float
) -> None:
    """Notes a stop at the line ahead, or the passing of a red light or of an unheeded sign."""
    t = lives.town[b]
    junction = towns.lane_junction[t, lane]
    control = towns.junction_control[t, junction]
    if lives.static_off[b, towns.lane_sign[t, lane]] == 1:
        return
    if control == STOP and now < 4.0 and lives.ego[b, SPEED] < 0.15 and lives.flag[b, STOPPED] == 0:
        lives.flag[b, STOPPED] = 1
        lives.flag[b, ARRIVED] = lives.clock[b]
    if before >= 0.0 > now:
        if control == LIGHTS:
            state = light_state(lives, b, junction, towns.lane_group[t, lane])
            if state == RED_LIGHT:
                lives.flag[b, RAN_RED] = 1
        elif control == STOP and lives.flag[b, STOPPED] == 0:
            lives.flag[b, RAN_STOP] = 1


@njit(cache=True, nogil=True)
def path_ahead(towns: Towns, lives: Lives, b: int, out: Array) -> int:
    """Samples the route ahead every 2 m from abreast of the ego.

    Args:
      out: filled with x, y, heading, curvature, lane index in the route, float32 [N, 5].
    Returns:
      How many rows were filled (fewer than N where the route ends).
    """
    t = lives.town[b]
    index = lives.flag[b, INDEX]
    lane = lives.route_lane[b, index]
    s = lives.route[b, ROUTE_S]
    for k in range(out.shape[0]):
        while s > towns.lane_length[t, lane]:
            s -= towns.lane_length[t, lane]
            index += 1
            lane = lives.route_lane[b, index]
            if lane < 0:
                return k
        x, y, heading, curvature = lane_pose(towns, t, lane, s)
        out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = x, y, heading, curvature, index
        s += 2.0
    return int(out.shape[0])
