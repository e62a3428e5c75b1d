"""Who may enter a junction: grants, given one after another within a substep.

A vehicle enters only with a grant: the light allows it, nobody with the right of way is near, no
path that crosses is taken, and there is room behind the junction. Two vehicles never hold paths
that cross; that is why they can't collide with one another.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .lights import GREEN_LIGHT, light_state
from .lives import (
    ARRIVED,
    INDEX,
    V_ARRIVED,
    V_BEFORE,
    V_GRANTED,
    V_LANE,
    V_MODE,
    V_NEXT,
    Life,
    Mode,
)
from .road import Town
from .survey import LIGHTS, STOP, Survey, take

GAP_TIME = 4.5  # [s] an oncoming vehicle nearer than this goes first
GAP_MIN = 2.0  # [m] bumper to bumper at rest
PATIENCE = 100  # substeps that the first at an all-way stop keeps its turn
MODE_TRAFFIC = Mode.TRAFFIC


@njit(cache=True, nogil=True)
def _next_connector(town: Town, life: Life, who: int) -> int:
    """Returns the connector that a vehicle on an approach will take, -1 if it is on none."""
    if who == life.vehicles:
        index = life.flag[INDEX]
        lane, follows = life.route_lane[index], life.route_lane[index + 1]
    else:
        lane = life.vehicle_flag[who, V_LANE]
        follows = life.vehicle_flag[who, V_NEXT]
    if town.lane_slot[lane] >= 0 or follows < 0:
        return -1
    return int(follows)


@njit(cache=True, nogil=True)
def _slot_bit(town: Town, lane: int) -> np.uint32:
    """Returns the bit of a connector within its junction."""
    return np.uint32(1) << np.uint32(town.lane_slot[lane])


@njit(cache=True, nogil=True)
def blocker(town: Town, life: Life, survey: Survey, who: int, connector: int) -> int:
    """Returns who keeps `who` from entering a junction by a connector now; -1: nobody.

    The light is not asked here. N stands for the ego, N + 1 for somebody not named.
    """
    n = life.vehicles
    junction = town.lane_junction[connector]
    conflict = town.lane_conflict[connector]
    if survey.taken[junction] & conflict:
        return _taker(town, life, survey, who, junction, conflict)
    control = town.junction_control[junction]
    yields = town.lane_yield[connector]
    mine = life.flag[ARRIVED] if who == n else life.vehicle_flag[who, V_ARRIVED]
    if mine < 0:
        mine = life.clock
    for k in range(n + 1):
        if k == who or (k < n and life.vehicle_flag[k, V_MODE] != MODE_TRAFFIC):
            continue
        theirs = _next_connector(town, life, k)
        if theirs < 0 or town.lane_junction[theirs] != junction:
            continue
        bit = _slot_bit(town, theirs)
        if control == STOP:
            since = life.flag[ARRIVED] if k == n else life.vehicle_flag[k, V_ARRIVED]
            if since < 0 or not (bit & conflict) or life.clock - since > PATIENCE:
                continue
            if since < mine or (since == mine and k < who):
                return k
        elif bit & yields:
            lane = life.route_lane[life.flag[INDEX]]
            if k < n:
                lane = life.vehicle_flag[k, V_LANE]
            distance = town.lane_length[lane] - survey.s[k] - survey.half[k]
            if distance < 5.0 or distance < GAP_TIME * survey.speed[k]:
                return k
    return _no_room(town, survey, who, connector)


@njit(cache=True, nogil=True)
def _taker(town: Town, life: Life, survey: Survey, who: int, junction: int, conflict: int) -> int:
    """Returns the vehicle that holds one of the slots in `conflict`."""
    n = life.vehicles
    for k in range(n):
        if k == who or life.vehicle_flag[k, V_MODE] != MODE_TRAFFIC:
            continue
        for column in (V_LANE, V_NEXT, V_BEFORE):
            if column == V_NEXT and life.vehicle_flag[k, V_GRANTED] == 0:
                continue
            if column == V_BEFORE and survey.s[k] - survey.half[k] >= 1.0:
                continue
            lane = life.vehicle_flag[k, column]
            if lane < 0 or town.lane_slot[lane] < 0:
                continue
            if town.lane_junction[lane] == junction and _slot_bit(town, lane) & conflict:
                return k
    return n if who != n else n + 1


@njit(cache=True, nogil=True)
def _no_room(town: Town, survey: Survey, who: int, connector: int) -> int:
    """Returns the last vehicle behind the junction if it leaves no room for `who`, else -1."""
    out = town.lane_next[connector, 0]
    last = survey.rear[out]
    if last < 0 or last == who or survey.speed[last] > 3.0:
        return -1
    room = survey.s[last] - survey.half[last] - GAP_MIN
    k = survey.rear[connector]
    while k >= 0:
        if k != who:
            room -= 2.0 * survey.half[k] + GAP_MIN
        k = survey.ahead[k]
    return int(last) if room < 2.0 * survey.half[who] + 1.0 else -1


@njit(cache=True, nogil=True)
def seek_grant(town: Town, life: Life, survey: Survey, i: int, lane: int, follows: int) -> None:
    """Gives or takes back vehicle i's grant to enter the junction ahead."""
    v = survey.speed[i]
    line = town.lane_length[lane] - survey.s[i] - survey.half[i]
    flags = life.vehicle_flag
    junction = town.lane_junction[follows]
    control = town.junction_control[junction]
    if control == STOP and flags[i, V_ARRIVED] < 0 and line < 3.5 and v < 0.5:
        flags[i, V_ARRIVED] = life.clock
    if line > 8.0 + v * v / 4.0:
        return
    if control == LIGHTS:
        state = light_state(life, junction, town.lane_group[lane])
        if state != GREEN_LIGHT:
            if flags[i, V_GRANTED] == 1 and v * v / (2.0 * 3.5) < line:
                flags[i, V_GRANTED] = 0  # it can still stop
            return
    if flags[i, V_GRANTED] == 1:
        return
    if control == STOP:
        since = flags[i, V_ARRIVED]
        if since < 0 or life.clock - since < 5:
            return
    if survey.ahead[i] >= 0:  # only the first in the lane may go
        return
    if blocker(town, life, survey, i, follows) < 0:
        flags[i, V_GRANTED] = 1
        take(town, survey, follows)
