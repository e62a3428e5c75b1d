"""Everybody else: cars, vans and trucks on the lane graph, where they begin and how they move.

Vehicles follow their lanes (`following`) and enter junctions by grants (`grants`).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .following import accelerate
from .lives import (
    DT,
    SPARE,
    V_ACCELERATION,
    V_ARRIVED,
    V_BEFORE,
    V_COLOUR,
    V_GRANTED,
    V_HEADING,
    V_KIND,
    V_LANE,
    V_MODE,
    V_NEXT,
    V_PACE,
    V_PATIENCE,
    V_S,
    V_SEEN,
    V_SPEED,
    V_VISITS,
    V_X,
    V_Y,
    Life,
    Mode,
    X,
    Y,
)
from .road import Town, lane_pose
from .survey import Survey

MODE_TRAFFIC = Mode.TRAFFIC
MODE_PLACED = Mode.PLACED

# Purposes of keyed draws (the last word of a key)
DRAW_TURN, DRAW_LANE, DRAW_S, DRAW_KIND, DRAW_COLOUR, DRAW_PACE, DRAW_SPEED = range(1, 8)


@njit(cache=True, nogil=True)
def enter_lane(town: Town, life: Life, i: int, lane: int) -> None:
    """Puts vehicle i on a lane and draws the one that follows."""
    flags = life.vehicle_flag
    flags[i, V_LANE] = lane
    flags[i, V_GRANTED] = 0
    flags[i, V_ARRIVED] = -1
    flags[i, V_VISITS] += 1
    count = 0
    for c in range(3):
        count += town.lane_next[lane, c] >= 0
    if count == 0:
        flags[i, V_NEXT] = -1
        return
    choice = integer(count, life.seed, life.episode, flags[i, V_VISITS], i, DRAW_TURN)
    for c in range(3):
        if town.lane_next[lane, c] >= 0:
            if choice == 0:
                flags[i, V_NEXT] = town.lane_next[lane, c]
                return
            choice -= 1


@njit(cache=True, nogil=True)
def step_vehicles(town: Town, life: Life, survey: Survey) -> None:
    """Moves everybody but the ego and the walkers by DT; the survey must be fresh."""
    n = life.vehicles
    for i in range(n):
        if life.vehicle_flag[i, V_MODE] == MODE_TRAFFIC:
            life.vehicle[i, V_ACCELERATION] = accelerate(town, life, survey, i)
    for i in range(n):
        mode = life.vehicle_flag[i, V_MODE]
        if mode == MODE_PLACED:
            v, h = life.vehicle[i, V_SPEED], life.vehicle[i, V_HEADING]
            life.vehicle[i, V_X] += v * np.cos(h) * DT
            life.vehicle[i, V_Y] += v * np.sin(h) * DT
        if mode != MODE_TRAFFIC:
            continue
        v = life.vehicle[i, V_SPEED]
        faster = max(0.0, v + life.vehicle[i, V_ACCELERATION] * DT)
        life.vehicle[i, V_SPEED] = faster
        life.vehicle[i, V_S] += 0.5 * (v + faster) * DT
        lane = life.vehicle_flag[i, V_LANE]
        if life.vehicle[i, V_S] >= town.lane_length[lane]:
            life.vehicle[i, V_S] -= town.lane_length[lane]
            life.vehicle_flag[i, V_BEFORE] = lane
            enter_lane(town, life, i, life.vehicle_flag[i, V_NEXT])
        place_vehicle(town, life, i)


@njit(cache=True, nogil=True)
def place_vehicle(town: Town, life: Life, i: int) -> None:
    """Sets vehicle i's pose from its lane and arc position."""
    x, y, heading, _ = lane_pose(town, life.vehicle_flag[i, V_LANE], life.vehicle[i, V_S])
    life.vehicle[i, V_X] = x
    life.vehicle[i, V_Y] = y
    life.vehicle[i, V_HEADING] = heading


@njit(cache=True, nogil=True)
def _free_spot(life: Life, i: int, lane: int, s: float, x: float, y: float) -> bool:
    """Returns whether a vehicle may begin at (lane, s): nobody near it, the ego further off."""
    dx, dy = x - life.ego[X], y - life.ego[Y]
    if dx * dx + dy * dy < 22.0**2:
        return False
    for k in range(i):
        if life.vehicle_flag[k, V_MODE] == MODE_TRAFFIC:
            same = life.vehicle_flag[k, V_LANE] == lane
            if same and abs(life.vehicle[k, V_S] - s) < 14.0:
                return False
    return True


@njit(cache=True, nogil=True)
def spawn_vehicles(town: Town, life: Life) -> None:
    """Puts the episode's vehicles on road lanes, away from one another and from the ego."""
    seed, episode = life.seed, life.episode
    n = life.vehicles
    life.vehicle[:] = 0.0
    life.vehicle_flag[:] = 0
    for i in range(n):
        life.vehicle_flag[i, V_SEEN] = -1000
        life.vehicle_flag[i, V_BEFORE] = -1
        life.vehicle_flag[i, V_ARRIVED] = -1
    for i in range(n - SPARE):
        for attempt in range(60):
            lane = integer(town.lane_count, seed, episode, attempt, i, DRAW_LANE)
            length = town.lane_length[lane]
            if town.lane_slot[lane] >= 0 or length < 26.0:
                continue
            s = 6.0 + (length - 18.0) * uniform(seed, episode, attempt, i, DRAW_S)
            x, y, _, _ = lane_pose(town, lane, s)
            if not _free_spot(life, i, lane, s, x, y):
                continue
            draw = uniform(seed, episode, 0, i, DRAW_KIND)
            flags = life.vehicle_flag
            flags[i, V_MODE] = MODE_TRAFFIC
            flags[i, V_KIND] = 1 if draw < 0.72 else (2 if draw < 0.88 else 3)
            flags[i, V_COLOUR] = integer(8, seed, episode, 0, i, DRAW_COLOUR)
            life.vehicle[i, V_S] = s
            life.vehicle[i, V_PACE] = 0.8 + 0.2 * uniform(seed, episode, 0, i, DRAW_PACE)
            life.vehicle[i, V_PATIENCE] = 0.0
            room = np.sqrt(4.0 * max(length - s - 8.0, 0.0))  # can still stop at the line
            want = town.lane_limit[lane] * uniform(seed, episode, 0, i, DRAW_SPEED)
            life.vehicle[i, V_SPEED] = min(room, 0.7 * want)
            enter_lane(town, life, i, lane)
            place_vehicle(town, life, i)
            break
