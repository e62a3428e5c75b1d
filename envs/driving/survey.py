"""Who is where at one substep: scratch that is made anew each time, never state.

Every lane's vehicles from rear to front, the paths through junctions that are taken, and the
zebras in use.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .lives import (
    INDEX,
    MAX_ACTORS,
    ROUTE_LATERAL,
    ROUTE_S,
    SPARE,
    SPEED,
    V_BEFORE,
    V_GRANTED,
    V_KIND,
    V_LANE,
    V_MODE,
    V_NEXT,
    V_S,
    V_SPEED,
    W_EDGE,
    W_MODE,
    Life,
    Mode,
    X,
    Y,
)
from .params import MAX_CROSSINGS, MAX_JUNCTIONS, MAX_LANES, SIZES, Control
from .road import Town

Survey = Any  # the record that `make_surveys` holds, as numba sees it
Surveys = NDArray[np.void]

EGO_HALF_LENGTH, EGO_HALF_WIDTH = 2.2, 0.9  # [m]
HALF_LENGTH = np.array([s[0] for s in SIZES], np.float32)
HALF_WIDTH = np.array([s[1] for s in SIZES], np.float32)

MODE_TRAFFIC = Mode.TRAFFIC
MODE_WAITING = Mode.WAITING
LIGHTS = int(Control.LIGHTS)
STOP = int(Control.STOP)


def make_surveys() -> Surveys:
    """Returns scratch for one thread: who is where, made anew each substep; never state.

    The ego is vehicle N, after the slots of a life. A structured array [1], so that kernels
    take its record by reference.
    """
    n = MAX_ACTORS + SPARE + 1
    fields = [
        ("rear", np.int16, MAX_LANES),  # rearmost vehicle of a lane, -1: none
        ("ahead", np.int16, n),  # next vehicle in the same lane, -1: none
        ("taken", np.uint32, MAX_JUNCTIONS),  # slots of a junction that are driven on or granted
        ("crossing", np.int8, MAX_CROSSINGS),  # 1: somebody walks on it; 2: waits, without lights
        ("s", np.float32, n),  # arc position in its lane
        ("speed", np.float32, n),
        ("half", np.float32, n),  # half length
    ]
    return np.zeros(1, np.dtype(fields, align=True))


@njit(cache=True, nogil=True)
def insert(survey: Survey, lane: int, who: int) -> None:
    """Puts a vehicle into its lane's list, rear to front."""
    s = survey.s[who]
    here, previous = survey.rear[lane], -1
    while here >= 0 and survey.s[here] < s:
        previous, here = here, survey.ahead[here]
    survey.ahead[who] = here
    if previous < 0:
        survey.rear[lane] = who
    else:
        survey.ahead[previous] = who


@njit(cache=True, nogil=True)
def take(town: Town, survey: Survey, lane: int) -> None:
    """Marks a connector as taken."""
    if lane >= 0 and town.lane_slot[lane] >= 0:
        survey.taken[town.lane_junction[lane]] |= np.uint32(1) << np.uint32(town.lane_slot[lane])


@njit(cache=True, nogil=True)
def look_around(town: Town, life: Life, survey: Survey) -> None:
    """Fills the survey of life b: lane lists, taken slots, crossings in use."""
    n = life.vehicles
    survey.rear[: town.lane_count] = -1
    survey.taken[: town.junction_count] = 0
    survey.crossing[: town.crossing_count] = 0
    for i in range(n):
        if life.vehicle_flag[i, V_MODE] != MODE_TRAFFIC:
            continue
        lane = life.vehicle_flag[i, V_LANE]
        survey.s[i] = life.vehicle[i, V_S]
        survey.speed[i] = life.vehicle[i, V_SPEED]
        survey.half[i] = HALF_LENGTH[life.vehicle_flag[i, V_KIND]]
        insert(survey, lane, i)
        take(town, survey, lane)
        if life.vehicle_flag[i, V_GRANTED] == 1:
            take(town, survey, life.vehicle_flag[i, V_NEXT])
        if survey.s[i] - survey.half[i] < 1.0:  # its tail still stands in the junction
            take(town, survey, life.vehicle_flag[i, V_BEFORE])
    _survey_ego(town, life, survey)
    for i in range(life.walkers):
        mode = life.walker_flag[i, W_MODE]
        if mode != MODE_TRAFFIC and mode != MODE_WAITING:
            continue
        crossing = town.walk_crossing[life.walker_flag[i, W_EDGE]]
        if crossing < 0:
            continue
        if mode == MODE_TRAFFIC:
            survey.crossing[crossing] |= 1
        elif (
            town.crossing_junction[crossing] < 0
            or town.junction_control[town.crossing_junction[crossing]] != LIGHTS
        ):
            survey.crossing[crossing] |= 2


@njit(cache=True, nogil=True)
def _survey_ego(town: Town, life: Life, survey: Survey) -> None:
    """Puts the ego into the survey as vehicle N: on its lane, or all over a junction."""
    n = life.vehicles
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    survey.s[n] = life.route[ROUTE_S]
    survey.speed[n] = life.ego[SPEED]
    survey.half[n] = EGO_HALF_LENGTH
    survey.ahead[n] = -1
    follows = life.route_lane[index + 1]
    before = life.route_lane[index - 1] if index > 0 else -1
    if abs(life.route[ROUTE_LATERAL]) < 2.2:
        insert(survey, lane, n)
        take(town, survey, lane)
        line = town.lane_length[lane] - survey.s[n] - EGO_HALF_LENGTH
        if line < survey.speed[n] ** 2 / 10.0 + 0.2:  # can't stop any more: it comes
            take(town, survey, follows)
        if before >= 0 and survey.s[n] - EGO_HALF_LENGTH < 1.0:
            take(town, survey, before)
        return
    for j in range(town.junction_count):
        dx = life.ego[X] - town.junction_xy[j, 0]
        dy = life.ego[Y] - town.junction_xy[j, 1]
        if abs(dx) < 15.0 and abs(dy) < 15.0:
            survey.taken[j] = np.uint32(0xFFF)
