"""Pedestrians: adults and children who walk on pavements and cross on zebras.

They wait at the kerb until the light holds the cars back, or until every car that comes can stop
in comfort; on the zebra they stop short of a car that stands in their way. Where `darting` asks for
it, some step onto the road elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .darting import cross, dart, turn_round
from .lights import ALL_RED, HALF_CYCLE, RED_LIGHT, cycle_time, light_state
from .lives import (
    DT,
    HEADING,
    SPARE,
    SPEED,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_SPEED,
    V_X,
    V_Y,
    W_COLOUR,
    W_DIRECTION,
    W_EDGE,
    W_HEADING,
    W_KIND,
    W_MODE,
    W_MOVING,
    W_PHASE,
    W_S,
    W_SEEN,
    W_SINCE,
    W_SPEED,
    W_VISITS,
    W_X,
    W_Y,
    Life,
    Mode,
    X,
    Y,
)
from .params import Kind
from .road import Town
from .survey import EGO_HALF_LENGTH, HALF_LENGTH, HALF_WIDTH, LIGHTS

MODE_ABSENT = Mode.ABSENT
MODE_WALKING = Mode.TRAFFIC
MODE_WAITING = Mode.WAITING
MODE_PLACED = Mode.PLACED
MODE_DARTING = Mode.DARTING
ADULT, CHILD = int(Kind.PEDESTRIAN), int(Kind.CHILD)
STRIDE = 1.4  # [m] a step cycle
CAR_BRAKING = 2.5  # [m/s2] braking that one may ask of a driver
PATIENCE = 250  # substeps at a kerb before turning elsewhere

(DRAW_EDGE, DRAW_S, DRAW_KIND, DRAW_COLOUR, DRAW_SPEED, DRAW_WAY, DRAW_SIDE) = range(20, 27)


@njit(cache=True, nogil=True)
def _place(town: Town, life: Life, i: int) -> None:
    """Sets walker i's position from its edge and arc position."""
    edge = life.walker_flag[i, W_EDGE]
    x0, y0 = town.walk_xy[edge, 0], town.walk_xy[edge, 1]
    x1, y1 = town.walk_xy[edge, 2], town.walk_xy[edge, 3]
    if life.walker_flag[i, W_DIRECTION] == 1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    length = max(town.walk_length[edge], 0.01)
    part = life.walker[i, W_S] / length
    side = 0.6 * (uniform(life.seed, life.episode, 0, i, DRAW_SIDE) - 0.5) / length
    life.walker[i, W_X] = x0 + part * (x1 - x0) - side * (y1 - y0)
    life.walker[i, W_Y] = y0 + part * (y1 - y0) + side * (x1 - x0)


@njit(cache=True, nogil=True)
def _face_along(town: Town, life: Life, i: int) -> None:
    """Turns walker i along its edge."""
    edge = life.walker_flag[i, W_EDGE]
    dx = town.walk_xy[edge, 2] - town.walk_xy[edge, 0]
    dy = town.walk_xy[edge, 3] - town.walk_xy[edge, 1]
    if life.walker_flag[i, W_DIRECTION] == 1:
        dx, dy = -dx, -dy
    life.walker[i, W_HEADING] = np.arctan2(dy, dx)


@njit(cache=True, nogil=True)
def _car_blocks(px: float, py: float, car: tuple[Any, ...]) -> bool:
    """Returns whether a car (x, y, heading, half length, half width) covers a point, + 0.5 m."""
    dx, dy = px - car[0], py - car[1]
    c, s = np.cos(car[2]), np.sin(car[2])
    return abs(c * dx + s * dy) < car[3] + 0.5 and abs(-s * dx + c * dy) < car[4] + 0.5


@njit(cache=True, nogil=True)
def _car_threatens(cx: float, cy: float, car: tuple[Any, ...], speed: float) -> bool:
    """Returns whether a car comes to a zebra at (cx, cy) too fast to stop in comfort."""
    dx, dy = cx - car[0], cy - car[1]
    along = np.cos(car[2]) * dx + np.sin(car[2]) * dy
    across = -np.sin(car[2]) * dx + np.cos(car[2]) * dy
    if along < -car[3] - 1.0 or abs(across) > 9.0:
        return False
    way = along - car[3] - 3.0  # to where it should rest, short of the zebra
    if way > 35.0:
        return False
    if speed < 0.3:
        return way < -0.5  # it stands on the zebra
    return way < 1.0 or speed * speed / (2.0 * CAR_BRAKING) + 0.3 * speed > way


@njit(cache=True, nogil=True)
def _vehicle_box(life: Life, k: int) -> tuple[Any, ...]:
    """Returns x, y, heading, half length, half width of vehicle k; N is the ego."""
    if k == life.vehicles:
        e = life.ego
        return e[X], e[Y], e[HEADING], np.float32(EGO_HALF_LENGTH), HALF_WIDTH[1]
    kind = life.vehicle_flag[k, V_KIND]
    v = life.vehicle[k]
    return v[V_X], v[V_Y], v[V_HEADING], HALF_LENGTH[kind], HALF_WIDTH[kind]


@njit(cache=True, nogil=True)
def _may_cross(town: Town, life: Life, crossing: int) -> bool:
    """Returns whether somebody at the kerb may step onto a zebra."""
    junction = town.crossing_junction[crossing]
    if junction >= 0 and town.junction_control[junction] == LIGHTS:
        group = int(town.crossing_group[crossing])
        if light_state(life, junction, group) != RED_LIGHT:
            return False
        since = cycle_time(life, junction) - group * HALF_CYCLE - (HALF_CYCLE - ALL_RED)
        if since < 0.0:
            since += 2.0 * HALF_CYCLE
        if since > 9.0:  # too late to reach the other side
            return False
    cx = 0.5 * (town.crossing_xy[crossing, 0] + town.crossing_xy[crossing, 2])
    cy = 0.5 * (town.crossing_xy[crossing, 1] + town.crossing_xy[crossing, 3])
    n = life.vehicles
    for k in range(n + 1):
        if k < n and life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        box = _vehicle_box(life, k)
        if (box[0] - cx) ** 2 + (box[1] - cy) ** 2 > 45.0**2:
            continue
        speed = life.ego[SPEED] if k == n else life.vehicle[k, V_SPEED]
        if _car_threatens(cx, cy, box, speed):
            return False
    return True


@njit(cache=True, nogil=True)
def _way_is_free(life: Life, i: int) -> bool:
    """Returns whether no car stands where walker i steps next."""
    h = life.walker[i, W_HEADING]
    px = life.walker[i, W_X] + 1.0 * np.cos(h)
    py = life.walker[i, W_Y] + 1.0 * np.sin(h)
    n = life.vehicles
    for k in range(n + 1):
        if k < n and life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        box = _vehicle_box(life, k)
        if abs(box[0] - px) + abs(box[1] - py) < 8.0 and _car_blocks(px, py, box):
            return False
    return True


@njit(cache=True, nogil=True)
def _next_edge(town: Town, life: Life, i: int) -> None:
    """Walker i has reached a node: draws the edge that follows (back only at a dead end)."""
    flags = life.walker_flag
    edge = flags[i, W_EDGE]
    node = town.walk_node[edge, 1 - flags[i, W_DIRECTION]]
    count = 0
    for c in range(town.node_edges.shape[1]):
        other = town.node_edges[node, c]
        count += other >= 0 and other != edge
    flags[i, W_VISITS] += 1
    chosen = edge
    if count > 0:
        choice = integer(count, life.seed, life.episode, flags[i, W_VISITS], i, DRAW_WAY)
        for c in range(town.node_edges.shape[1]):
            other = town.node_edges[node, c]
            if other >= 0 and other != edge:
                if choice == 0:
                    chosen = other
                choice -= 1
    flags[i, W_EDGE] = chosen
    flags[i, W_DIRECTION] = 0 if town.walk_node[chosen, 0] == node else 1
    life.walker[i, W_S] = 0.0
    _face_along(town, life, i)
    if town.walk_crossing[chosen] >= 0:
        flags[i, W_MODE] = MODE_WAITING
        flags[i, W_SINCE] = life.clock


@njit(cache=True, nogil=True)
def step_walkers(town: Town, life: Life) -> None:
    """Moves every walker by DT."""
    flags = life.walker_flag
    if life.darting > 0.0:
        dart(town, life)
    for i in range(life.walkers):
        mode = flags[i, W_MODE]
        if mode == MODE_ABSENT:
            continue
        flags[i, W_MOVING] = 0
        v = life.walker[i, W_SPEED]
        if mode == MODE_PLACED:
            h = life.walker[i, W_HEADING]
            life.walker[i, W_X] += v * np.cos(h) * DT
            life.walker[i, W_Y] += v * np.sin(h) * DT
            flags[i, W_MOVING] = 1 if v > 0.05 else 0
        elif mode == MODE_WAITING:
            crossing = town.walk_crossing[flags[i, W_EDGE]]
            if _may_cross(town, life, crossing):
                flags[i, W_MODE] = MODE_WALKING
            elif life.clock - flags[i, W_SINCE] > PATIENCE:  # goes another way
                flags[i, W_DIRECTION] = 1 - flags[i, W_DIRECTION]
                flags[i, W_MODE] = MODE_WALKING
                _next_edge(town, life, i)
            continue
        elif mode == MODE_DARTING:
            if not _way_is_free(life, i):
                turn_round(life, i)
                if not _way_is_free(life, i):
                    turn_round(life, i)  # between two cars: stands
                    continue
                flags[i, W_SINCE] = 0
            if cross(town, life, i):
                _face_along(town, life, i)
        else:
            edge = flags[i, W_EDGE]
            if town.walk_crossing[edge] >= 0 and not _way_is_free(life, i):
                continue
            flags[i, W_MOVING] = 1
            life.walker[i, W_S] += v * DT
            if life.walker[i, W_S] >= town.walk_length[edge]:
                _next_edge(town, life, i)
            _place(town, life, i)
        life.walker[i, W_PHASE] = (life.walker[i, W_PHASE] + v * DT / STRIDE) % 1.0


@njit(cache=True, nogil=True)
def spawn_walkers(town: Town, life: Life) -> None:
    """Puts the episode's walkers on pavements."""
    seed, episode = life.seed, life.episode
    life.walker[:] = 0.0
    life.walker_flag[:] = 0
    flags = life.walker_flag
    for i in range(life.walkers):
        flags[i, W_SEEN] = -1000
    if town.walk_count == 0:
        return
    for i in range(life.walkers - SPARE):
        for attempt in range(30):
            edge = integer(town.walk_count, seed, episode, attempt, i, DRAW_EDGE)
            if town.walk_crossing[edge] >= 0:
                continue
            child = uniform(seed, episode, 0, i, DRAW_KIND) < 0.25
            pace = uniform(seed, episode, 0, i, DRAW_SPEED)
            flags[i, W_MODE] = MODE_WALKING
            flags[i, W_KIND] = CHILD if child else ADULT
            flags[i, W_COLOUR] = integer(8, seed, episode, 0, i, DRAW_COLOUR)
            flags[i, W_EDGE] = edge
            flags[i, W_DIRECTION] = integer(2, seed, episode, 1, i, DRAW_WAY)
            part = uniform(seed, episode, 0, i, DRAW_S)
            life.walker[i, W_S] = part * town.walk_length[edge]
            life.walker[i, W_SPEED] = 1.1 + 0.4 * pace
            life.walker[i, W_PHASE] = part
            _face_along(town, life, i)
            _place(town, life, i)
            break
