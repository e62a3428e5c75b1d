"""Everybody else: cars, vans and trucks on the lane graph.

Vehicles follow their lanes by the Intelligent Driver Model and enter a junction only with a grant:
the light allows it, nobody with the right of way is near, no path that crosses is taken, and there
is room behind the junction. Grants are given one after another within a substep, so that two
vehicles never hold paths that cross; that is why they can't collide with one another.

Source: IDM, Treiber, Hennecke & Helbing 2000, Phys. Rev. E 62, eq. 3-4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .lives import (
    ARRIVED,
    EGO_COLUMNS,
    FRICTION,
    HEADING,
    INDEX,
    ROUTE_LATERAL,
    ROUTE_S,
    SPARE,
    SPEED,
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
    W_EDGE,
    W_HEADING,
    W_MODE,
    W_X,
    W_Y,
    Array,
    Lives,
    Mode,
    X,
    Y,
)
from .params import SIZES, Control, Kind
from .road import Towns, lane_pose

DT = 0.1  # [s] substep
GREEN, YELLOW, ALL_RED = 12.0, 3.0, 2.0  # [s] phases of a light
HALF_CYCLE = GREEN + YELLOW + ALL_RED
RED_LIGHT, YELLOW_LIGHT, GREEN_LIGHT = 0, 1, 2

A_MAX = 2.0  # [m/s2] IDM acceleration
B_COMFORT = 3.0  # [m/s2] IDM comfortable braking
BRAKE = 7.0  # [m/s2] the hardest that a vehicle brakes
GAP_MIN = 2.0  # [m] bumper to bumper at rest
GAP_TIME = 4.5  # [s] an oncoming vehicle nearer than this goes first
LINE_MARGIN = 1.0  # [m] where a vehicle rests before a stop line
CROSSING_HALF = 1.5  # [m] half the width of a zebra
PATIENCE = 100  # substeps that the first at an all-way stop keeps its turn
TURN_SPEED = (20.0, 4.8, 20.0, 3.8)  # [m/s] by Command of a connector
EGO_HALF_LENGTH, EGO_HALF_WIDTH = 2.2, 0.9  # [m]

MODE_TRAFFIC = Mode.TRAFFIC
MODE_WAITING = Mode.WAITING
MODE_PLACED = Mode.PLACED
LIGHTS = int(Control.LIGHTS)
STOP = int(Control.STOP)
HALF_LENGTH = np.array([s[0] for s in SIZES], np.float32)
HALF_WIDTH = np.array([s[1] for s in SIZES], np.float32)
FIRST_WALKER_KIND = int(Kind.PEDESTRIAN)

# Purposes of keyed draws (the last word of a key)
(DRAW_LIGHT, DRAW_TURN, DRAW_LANE, DRAW_S, DRAW_KIND, DRAW_COLOUR, DRAW_PACE, DRAW_SPEED) = range(8)


class Survey(NamedTuple):
    """Who is where, made anew each substep; scratch, never state. The ego is vehicle N."""

    rear: Array  # int16 [L] rearmost vehicle of a lane, -1: none
    ahead: Array  # int16 [N + 1] next vehicle in the same lane, -1: none
    taken: Array  # uint32 [J] slots of a junction that are driven on or granted
    crossing: Array  # int8 [C] 1: somebody walks on it; 2: somebody waits at one without lights
    s: Array  # float32 [N + 1] arc position in its lane
    speed: Array  # float32 [N + 1]
    half: Array  # float32 [N + 1] half length


def make_survey(lanes: int, junctions: int, crossings: int, vehicles: int) -> Survey:
    """Returns scratch for one life with so many lanes, junctions, crossings and vehicle slots."""
    return Survey(
        rear=np.full(lanes, -1, np.int16),
        ahead=np.full(vehicles + 1, -1, np.int16),
        taken=np.zeros(junctions, np.uint32),
        crossing=np.zeros(crossings, np.int8),
        s=np.zeros(vehicles + 1, np.float32),
        speed=np.zeros(vehicles + 1, np.float32),
        half=np.zeros(vehicles + 1, np.float32),
    )


@njit(cache=True, nogil=True)
def cycle_time(lives: Lives, b: int, junction: int) -> float:
    """Returns where in its cycle a junction's lights are [s], 0 = group 0 turns green."""
    offset = uniform(lives.seed[b], lives.episode[b], 0, junction, DRAW_LIGHT) * 2.0 * HALF_CYCLE
    return (lives.clock[b] * DT + offset) % (2.0 * HALF_CYCLE)


@njit(cache=True, nogil=True)
def light_state(lives: Lives, b: int, junction: int, group: int) -> int:
    """Returns 0 red, 1 yellow or 2 green for a group of arms."""
    if lives.light_set[b, junction] >= 0:
        return int(lives.light_set[b, junction])
    tau = cycle_time(lives, b, junction) - group * HALF_CYCLE
    if tau < 0.0:
        tau += 2.0 * HALF_CYCLE
    if tau < GREEN:
        return GREEN_LIGHT
    return YELLOW_LIGHT if tau < GREEN + YELLOW else RED_LIGHT


@njit(cache=True, nogil=True)
def _insert(survey: Survey, lane: int, who: int) -> None:
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
def _take(towns: Towns, t: int, survey: Survey, lane: int) -> None:
    """Marks a connector as taken."""
    if lane >= 0 and towns.lane_slot[t, lane] >= 0:
        survey.taken[towns.lane_junction[t, lane]] |= np.uint32(1) << np.uint32(
            towns.lane_slot[t, lane]
        )


@njit(cache=True, nogil=True)
def look_around(towns: Towns, lives: Lives, b: int, survey: Survey) -> None:
    """Fills the survey of life b: lane lists, taken slots, crossings in use."""
    t = lives.town[b]
    n = lives.vehicle.shape[1]
    survey.rear[: towns.lane_count[t]] = -1
    survey.taken[: towns.junction_count[t]] = 0
    survey.crossing[: towns.crossing_count[t]] = 0
    for i in range(n):
        if lives.vehicle_flag[b, i, V_MODE] != MODE_TRAFFIC:
            continue
        lane = lives.vehicle_flag[b, i, V_LANE]
        survey.s[i] = lives.vehicle[b, i, V_S]
        survey.speed[i] = lives.vehicle[b, i, V_SPEED]
        survey.half[i] = HALF_LENGTH[lives.vehicle_flag[b, i, V_KIND]]
        _insert(survey, lane, i)
        _take(towns, t, survey, lane)
        if lives.vehicle_flag[b, i, V_GRANTED] == 1:
            _take(towns, t, survey, lives.vehicle_flag[b, i, V_NEXT])
        if survey.s[i] - survey.half[i] < 1.0:  # its tail still stands in the junction
            _take(towns, t, survey, lives.vehicle_flag[b, i, V_BEFORE])
    _survey_ego(towns, lives, b, survey)
    for i in range(lives.walker.shape[1]):
        mode = lives.walker_flag[b, i, W_MODE]
        if mode != MODE_TRAFFIC and mode != MODE_WAITING:
            continue
        crossing = towns.walk_crossing[t, lives.walker_flag[b, i, W_EDGE]]
        if crossing < 0:
            continue
        if mode == MODE_TRAFFIC:
            survey.crossing[crossing] |= 1
        elif (
            towns.crossing_junction[t, crossing] < 0
            or towns.junction_control[t, towns.crossing_junction[t, crossing]] != LIGHTS
        ):
            survey.crossing[crossing] |= 2


@njit(cache=True, nogil=True)
def _survey_ego(towns: Towns, lives: Lives, b: int, survey: Survey) -> None:
    """Puts the ego into the survey as vehicle N: on its lane, or all over a junction."""
    t = lives.town[b]
    n = lives.vehicle.shape[1]
    index = lives.flag[b, INDEX]
    lane = lives.route_lane[b, index]
    survey.s[n] = lives.route[b, ROUTE_S]
    survey.speed[n] = lives.ego[b, SPEED]
    survey.half[n] = EGO_HALF_LENGTH
    survey.ahead[n] = -1
    follows = lives.route_lane[b, index + 1]
    before = lives.route_lane[b, index - 1] if index > 0 else -1
    if abs(lives.route[b, ROUTE_LATERAL]) < 2.2:
        _insert(survey, lane, n)
        _take(towns, t, survey, lane)
        line = towns.lane_length[t, lane] - survey.s[n] - EGO_HALF_LENGTH
        if line < survey.speed[n] ** 2 / 10.0 + 0.2:  # can't stop any more: it comes
            _take(towns, t, survey, follows)
        if before >= 0 and survey.s[n] - EGO_HALF_LENGTH < 1.0:
            _take(towns, t, survey, before)
        return
    for j in range(towns.junction_count[t]):
        dx = lives.ego[b, X] - towns.junction_xy[t, j, 0]
        dy = lives.ego[b, Y] - towns.junction_xy[t, j, 1]
        if abs(dx) < 15.0 and abs(dy) < 15.0:
            survey.taken[j] = np.uint32(0xFFF)


@njit(cache=True, nogil=True)
def _next_connector(towns: Towns, lives: Lives, b: int, who: int) -> int:
    """Returns the connector that a vehicle on an approach will take, -1 if it is on none."""
    t = lives.town[b]
    if who == lives.vehicle.shape[1]:
        index = lives.flag[b, INDEX]
        lane, follows = lives.route_lane[b, index], lives.route_lane[b, index + 1]
    else:
        lane = lives.vehicle_flag[b, who, V_LANE]
        follows = lives.vehicle_flag[b, who, V_NEXT]
    if towns.lane_slot[t, lane] >= 0 or follows < 0:
        return -1
    return int(follows)


@njit(cache=True, nogil=True)
def _slot_bit(towns: Towns, t: int, lane: int) -> int:
    """Returns the bit of a connector within its junction."""
    return np.uint32(1) << np.uint32(towns.lane_slot[t, lane])


@njit(cache=True, nogil=True)
def blocker(towns: Towns, lives: Lives, b: int, survey: Survey, who: int, connector: int) -> int:
    """Returns who keeps `who` from entering a junction by a connector now; -1: nobody.

    The light is not asked here. N stands for the ego, N + 1 for somebody not named.
    """
    t = lives.town[b]
    n = lives.vehicle.shape[1]
    junction = towns.lane_junction[t, connector]
    conflict = towns.lane_conflict[t, connector]
    if survey.taken[junction] & conflict:
        return _taker(towns, lives, b, survey, who, junction, conflict)
    control = towns.junction_control[t, junction]
    yields = towns.lane_yield[t, connector]
    mine = lives.flag[b, ARRIVED] if who == n else lives.vehicle_flag[b, who, V_ARRIVED]
    if mine < 0:
        mine = lives.clock[b]
    for k in range(n + 1):
        if k == who or (k < n and lives.vehicle_flag[b, k, V_MODE] != MODE_TRAFFIC):
            continue
        theirs = _next_connector(towns, lives, b, k)
        if theirs < 0 or towns.lane_junction[t, theirs] != junction:
            continue
        bit = _slot_bit(towns, t, theirs)
        if control == STOP:
            since = lives.flag[b, ARRIVED] if k == n else lives.vehicle_flag[b, k, V_ARRIVED]
            if since < 0 or not (bit & conflict) or lives.clock[b] - since > PATIENCE:
                continue
            if since < mine or (since == mine and k < who):
                return k
        elif bit & yields:
            lane = lives.route_lane[b, lives.flag[b, INDEX]]
            if k < n:
                lane = lives.vehicle_flag[b, k, V_LANE]
            distance = towns.lane_length[t, lane] - survey.s[k] - survey.half[k]
            if distance < 5.0 or distance < GAP_TIME * survey.speed[k]:
                return k
    return _no_room(towns, t, survey, who, connector)


@njit(cache=True, nogil=True)
def _taker(
    towns: Towns, lives: Lives, b: int, survey: Survey, who: int, junction: int, conflict: int
) -> int:
    """Returns the vehicle that holds one of the slots in `conflict`."""
    t = lives.town[b]
    n = lives.vehicle.shape[1]
    for k in range(n):
        if k == who or lives.vehicle_flag[b, k, V_MODE] != MODE_TRAFFIC:
            continue
        for column in (V_LANE, V_NEXT, V_BEFORE):
            if column == V_NEXT and lives.vehicle_flag[b, k, V_GRANTED] == 0:
                continue
            if column == V_BEFORE and survey.s[k] - survey.half[k] >= 1.0:
                continue
            lane = lives.vehicle_flag[b, k, column]
            if lane < 0 or towns.lane_slot[t, lane] < 0:
                continue
            if towns.lane_junction[t, lane] == junction and _slot_bit(towns, t, lane) & conflict:
                return k
    return n if who != n else n + 1


@njit(cache=True, nogil=True)
def _no_room(towns: Towns, t: int, survey: Survey, who: int, connector: int) -> int:
    """Returns the last vehicle behind the junction if it leaves no room for `who`, else -1."""
    out = towns.lane_next[t, connector, 0]
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
def idm(speed: float, desired: float, gap: float, closing: float, a_max: float) -> float:
    """Returns IDM's acceleration [m/s2] for a bumper gap [m] closed at `closing` [m/s]."""
    free = 1.0 - (speed / max(desired, 0.1)) ** 4
    if gap > 200.0:
        return a_max * free
    wanted = GAP_MIN + max(
        0.0, speed * 1.5 + speed * closing / (2.0 * np.sqrt(a_max * B_COMFORT))
    )  # eq. 4
    return a_max * (free - (wanted / max(gap, 0.1)) ** 2)  # eq. 3


@njit(cache=True, nogil=True)
def _leader(towns: Towns, t: int, survey: Survey, lane: int, follows: int, who: int) -> tuple:
    """Returns the bumper gap and the speed of the vehicle ahead along the path; gap 1e3: none."""
    s, half = survey.s[who], survey.half[who]
    k = survey.ahead[who]
    if k >= 0:
        return survey.s[k] - s - half - survey.half[k], survey.speed[k]
    end = towns.lane_length[t, lane] - s
    gap, speed = 1000.0, 0.0
    if end > 60.0:
        return gap, speed
    for c in range(3):
        lane_c = towns.lane_next[t, lane, c]
        if lane_c < 0:
            continue
        k = survey.rear[lane_c]
        if k < 0 or k == who:
            continue
        # One that turns elsewhere still counts while its tail stands in this lane.
        if lane_c == follows or survey.s[k] - survey.half[k] < 1.5:
            g = end + survey.s[k] - half - survey.half[k]
            if g < gap:
                gap, speed = g, survey.speed[k]
    if gap < 999.0 or follows < 0:
        return gap, speed
    end += towns.lane_length[t, follows]
    out = towns.lane_next[t, follows, 0]
    if end > 60.0 or out < 0 or towns.lane_slot[t, follows] < 0:
        return gap, speed
    k = survey.rear[out]
    if k >= 0 and k != who:
        gap, speed = end + survey.s[k] - half - survey.half[k], survey.speed[k]
    return gap, speed


@njit(cache=True, nogil=True)
def _obstacle_gap(
    towns: Towns, lives: Lives, b: int, i: int, box: tuple, reach: float
) -> float:
    """Returns the way along vehicle i's path until it would touch a box; 1e3 beyond reach.

    Args:
      box: x, y, heading, half length, half width; widened by the vehicle's own half width.
      reach: how far ahead to look [m].
    """
    t = lives.town[b]
    x, y, heading, half_length, half_width = box
    kind = lives.vehicle_flag[b, i, V_KIND]
    dx, dy = x - lives.vehicle[b, i, V_X], y - lives.vehicle[b, i, V_Y]
    h = lives.vehicle[b, i, V_HEADING]
    if dx * dx + dy * dy > (reach + 8.0) ** 2 or dx * np.cos(h) + dy * np.sin(h) < -1.0:
        return 1000.0
    lane, follows = lives.vehicle_flag[b, i, V_LANE], lives.vehicle_flag[b, i, V_NEXT]
    c, sn = np.cos(heading), np.sin(heading)
    margin = HALF_WIDTH[kind] + 0.3
    way = 0.0
    while way < reach:
        s = lives.vehicle[b, i, V_S] + HALF_LENGTH[kind] + way
        on = lane
        if s > towns.lane_length[t, lane]:
            s -= towns.lane_length[t, lane]
            on = follows
            if on < 0 or s > towns.lane_length[t, on]:
                return 1000.0
        px, py, _, _ = lane_pose(towns, t, on, s)
        ex, ey = px - x, py - y
        along, across = c * ex + sn * ey, -sn * ex + c * ey
        if abs(along) < half_length + margin and abs(across) < half_width + margin:
            return way
        way += 1.0
    return 1000.0


@njit(cache=True, nogil=True)
def _nearest_obstacle(towns: Towns, lives: Lives, b: int, i: int) -> float:
    """Returns the free way of vehicle i before the ego or a placed actor, 1e3: all free."""
    v = lives.vehicle[b, i, V_SPEED]
    reach = min(30.0, 5.0 + v * v / 7.0)
    ego = (
        lives.ego[b, X], lives.ego[b, Y], lives.ego[b, HEADING],
        np.float32(EGO_HALF_LENGTH), np.float32(EGO_HALF_WIDTH),
    )  # fmt: skip
    gap = _obstacle_gap(towns, lives, b, i, ego, reach)
    n, m = lives.vehicle.shape[1], lives.walker.shape[1]
    for k in range(n - SPARE, n):
        if lives.vehicle_flag[b, k, V_MODE] == MODE_PLACED:
            kind = lives.vehicle_flag[b, k, V_KIND]
            box = (
                lives.vehicle[b, k, V_X], lives.vehicle[b, k, V_Y], lives.vehicle[b, k, V_HEADING],
                HALF_LENGTH[kind], HALF_WIDTH[kind],
            )  # fmt: skip
            gap = min(gap, _obstacle_gap(towns, lives, b, i, box, reach))
    for k in range(m - SPARE, m):
        if lives.walker_flag[b, k, W_MODE] == MODE_PLACED:
            box = (
                lives.walker[b, k, W_X], lives.walker[b, k, W_Y], lives.walker[b, k, W_HEADING],
                np.float32(0.3), np.float32(0.3),
            )  # fmt: skip
            gap = min(gap, _obstacle_gap(towns, lives, b, i, box, reach))
    return gap


@njit(cache=True, nogil=True)
def _crossing_gap(towns: Towns, t: int, survey: Survey, lane: int, start: float) -> float:
    """Returns the way to where one waits for people on a zebra of this lane, 1e3: none.

    Args:
      start: arc position of the front bumper in this lane (negative: still in the one before).
    """
    gap = 1000.0
    for c in range(2):
        crossing = towns.lane_crossing[t, lane, c]
        if crossing < 0 or survey.crossing[crossing] == 0:
            continue
        way = towns.lane_crossing_s[t, lane, c] - CROSSING_HALF - 0.8 - start
        if way > -0.8:
            gap = min(gap, max(way, 0.0))
    return gap


@njit(cache=True, nogil=True)
def _desired_speed(towns: Towns, lives: Lives, b: int, i: int, lane: int, follows: int) -> float:
    """Returns the speed that the road ahead allows vehicle i."""
    t = lives.town[b]
    s, v = lives.vehicle[b, i, V_S], lives.vehicle[b, i, V_SPEED]
    limit = lives.limit_set[b, lane] if lives.limit_set[b, lane] > 0 else towns.lane_limit[t, lane]
    desired = limit * lives.vehicle[b, i, V_PACE]
    desired = min(desired, TURN_SPEED[towns.lane_turn[t, lane]])
    _, _, _, here = lane_pose(towns, t, lane, s)
    _, _, _, there = lane_pose(towns, t, lane, s + 3.0 + 1.4 * v)
    bend = max(abs(here), abs(there))
    if bend > 0.01:
        desired = min(desired, np.sqrt(2.2 / bend))
    if follows >= 0:
        turn = TURN_SPEED[towns.lane_turn[t, follows]]
        desired = min(desired, np.sqrt(turn**2 + 3.0 * max(towns.lane_length[t, lane] - s, 0.0)))
    return desired


@njit(cache=True, nogil=True)
def _seek_grant(
    towns: Towns, lives: Lives, b: int, survey: Survey, i: int, lane: int, follows: int
) -> None:
    """Gives or takes back vehicle i's grant to enter the junction ahead."""
    t = lives.town[b]
    v = survey.speed[i]
    line = towns.lane_length[t, lane] - survey.s[i] - survey.half[i]
    flags = lives.vehicle_flag
    junction = towns.lane_junction[t, follows]
    control = towns.junction_control[t, junction]
    if control == STOP and flags[b, i, V_ARRIVED] < 0 and line < 3.5 and v < 0.5:
        flags[b, i, V_ARRIVED] = lives.clock[b]
    if line > 8.0 + v * v / 4.0:
        return
    if control == LIGHTS:
        state = light_state(lives, b, junction, towns.lane_group[t, lane])
        if state != GREEN_LIGHT:
            if flags[b, i, V_GRANTED] == 1 and v * v / (2.0 * 3.5) < line:
                flags[b, i, V_GRANTED] = 0  # it can still stop
            return
    if flags[b, i, V_GRANTED] == 1:
        return
    if control == STOP:
        since = flags[b, i, V_ARRIVED]
        if since < 0 or lives.clock[b] - since < 5:
            return
    if survey.ahead[i] >= 0:  # only the first in the lane may go
        return
    if blocker(towns, lives, b, survey, i, follows) < 0:
        flags[b, i, V_GRANTED] = 1
        _take(towns, t, survey, follows)


@njit(cache=True, nogil=True)
def _accelerate(towns: Towns, lives: Lives, b: int, survey: Survey, i: int) -> float:
    """Returns vehicle i's acceleration for this substep."""
    t = lives.town[b]
    lane, follows = lives.vehicle_flag[b, i, V_LANE], lives.vehicle_flag[b, i, V_NEXT]
    v = survey.speed[i]
    a_max = A_MAX if lives.vehicle_flag[b, i, V_KIND] != 3 else 0.6 * A_MAX
    desired = _desired_speed(towns, lives, b, i, lane, follows)
    gap, other = _leader(towns, t, survey, lane, follows, i)
    a = idm(v, desired, gap, v - other, a_max)
    end = towns.lane_length[t, lane] - survey.s[i]
    front = survey.s[i] + survey.half[i]
    wait = _crossing_gap(towns, t, survey, lane, front)
    if towns.lane_slot[t, lane] < 0 and follows >= 0:
        _seek_grant(towns, lives, b, survey, i, lane, follows)
        if lives.vehicle_flag[b, i, V_GRANTED] == 0 and end < 80.0:
            line = end - survey.half[i]
            if line > -0.6:
                a = min(a, idm(v, desired, line + GAP_MIN - LINE_MARGIN, v, a_max))
        elif end < 40.0:
            wait = min(wait, _crossing_gap(towns, t, survey, follows, front - end - survey.s[i]))
    if wait < 60.0 and v * v < 2.0 * BRAKE * (wait + 0.3):
        a = min(a, idm(v, desired, wait + GAP_MIN - 0.5, v, a_max))
    free = _nearest_obstacle(towns, lives, b, i)
    if free < 100.0:
        a = min(a, idm(v, desired, free, v, a_max))
        if free < 1.5:
            a = -BRAKE
    return min(max(a, -BRAKE), a_max)


@njit(cache=True, nogil=True)
def enter_lane(towns: Towns, lives: Lives, b: int, i: int, lane: int) -> None:
    """Puts vehicle i on a lane and draws the one that follows."""
    t = lives.town[b]
    flags = lives.vehicle_flag
    flags[b, i, V_LANE] = lane
    flags[b, i, V_GRANTED] = 0
    flags[b, i, V_ARRIVED] = -1
    flags[b, i, V_VISITS] += 1
    count = 0
    for c in range(3):
        count += towns.lane_next[t, lane, c] >= 0
    if count == 0:
        flags[b, i, V_NEXT] = -1
        return
    choice = integer(
        count, lives.seed[b], lives.episode[b], flags[b, i, V_VISITS], i, DRAW_TURN
    )
    for c in range(3):
        if towns.lane_next[t, lane, c] >= 0:
            if choice == 0:
                flags[b, i, V_NEXT] = towns.lane_next[t, lane, c]
                return
            choice -= 1


@njit(cache=True, nogil=True)
def step_vehicles(towns: Towns, lives: Lives, b: int, survey: Survey) -> None:
    """Moves everybody but the ego and the walkers by DT; the survey must be fresh."""
    t = lives.town[b]
    n = lives.vehicle.shape[1]
    for i in range(n):
        if lives.vehicle_flag[b, i, V_MODE] == MODE_TRAFFIC:
            lives.vehicle[b, i, V_ACCELERATION] = _accelerate(towns, lives, b, survey, i)
    for i in range(n):
        mode = lives.vehicle_flag[b, i, V_MODE]
        if mode == MODE_PLACED:
            v, h = lives.vehicle[b, i, V_SPEED], lives.vehicle[b, i, V_HEADING]
            lives.vehicle[b, i, V_X] += v * np.cos(h) * DT
            lives.vehicle[b, i, V_Y] += v * np.sin(h) * DT
        if mode != MODE_TRAFFIC:
            continue
        v = lives.vehicle[b, i, V_SPEED]
        faster = max(0.0, v + lives.vehicle[b, i, V_ACCELERATION] * DT)
        lives.vehicle[b, i, V_SPEED] = faster
        lives.vehicle[b, i, V_S] += 0.5 * (v + faster) * DT
        lane = lives.vehicle_flag[b, i, V_LANE]
        if lives.vehicle[b, i, V_S] >= towns.lane_length[t, lane]:
            lives.vehicle[b, i, V_S] -= towns.lane_length[t, lane]
            lives.vehicle_flag[b, i, V_BEFORE] = lane
            enter_lane(towns, lives, b, i, lives.vehicle_flag[b, i, V_NEXT])
        place_vehicle(towns, lives, b, i)


@njit(cache=True, nogil=True)
def place_vehicle(towns: Towns, lives: Lives, b: int, i: int) -> None:
    """Sets vehicle i's pose from its lane and arc position."""
    x, y, heading, _ = lane_pose(
        towns, lives.town[b], lives.vehicle_flag[b, i, V_LANE], lives.vehicle[b, i, V_S]
    )
    lives.vehicle[b, i, V_X] = x
    lives.vehicle[b, i, V_Y] = y
    lives.vehicle[b, i, V_HEADING] = heading


@njit(cache=True, nogil=True)
def _free_spot(lives: Lives, b: int, i: int, lane: int, s: float, x: float, y: float) -> bool:
    """Returns whether a vehicle may begin at (lane, s): nobody near it, the ego further off."""
    dx, dy = x - lives.ego[b, X], y - lives.ego[b, Y]
    if dx * dx + dy * dy < 22.0**2:
        return False
    for k in range(i):
        if lives.vehicle_flag[b, k, V_MODE] == MODE_TRAFFIC:
            same = lives.vehicle_flag[b, k, V_LANE] == lane
            if same and abs(lives.vehicle[b, k, V_S] - s) < 14.0:
                return False
    return True


@njit(cache=True, nogil=True)
def spawn_vehicles(towns: Towns, lives: Lives, b: int) -> None:
    """Puts the episode's vehicles on road lanes, away from one another and from the ego."""
    t = lives.town[b]
    seed, episode = lives.seed[b], lives.episode[b]
    n = lives.vehicle.shape[1]
    lives.vehicle[b] = 0.0
    lives.vehicle_flag[b] = 0
    for i in range(n):
        lives.vehicle_flag[b, i, V_SEEN] = -1000
        lives.vehicle_flag[b, i, V_BEFORE] = -1
        lives.vehicle_flag[b, i, V_ARRIVED] = -1
    for i in range(n - SPARE):
        for attempt in range(60):
            lane = integer(towns.lane_count[t], seed, episode, attempt, i, DRAW_LANE)
            length = towns.lane_length[t, lane]
            if towns.lane_slot[t, lane] >= 0 or length < 26.0:
                continue
            s = 6.0 + (length - 18.0) * uniform(seed, episode, attempt, i, DRAW_S)
            x, y, _, _ = lane_pose(towns, t, lane, s)
            if not _free_spot(lives, b, i, lane, s, x, y):
                continue
            draw = uniform(seed, episode, 0, i, DRAW_KIND)
            flags = lives.vehicle_flag
            flags[b, i, V_MODE] = MODE_TRAFFIC
            flags[b, i, V_KIND] = 1 if draw < 0.72 else (2 if draw < 0.88 else 3)
            flags[b, i, V_COLOUR] = integer(8, seed, episode, 0, i, DRAW_COLOUR)
            lives.vehicle[b, i, V_S] = s
            lives.vehicle[b, i, V_PACE] = 0.8 + 0.2 * uniform(seed, episode, 0, i, DRAW_PACE)
            lives.vehicle[b, i, V_PATIENCE] = 0.0
            room = np.sqrt(4.0 * max(length - s - 8.0, 0.0))  # can still stop at the line
            want = towns.lane_limit[t, lane] * uniform(seed, episode, 0, i, DRAW_SPEED)
            lives.vehicle[b, i, V_SPEED] = min(room, 0.7 * want)
            enter_lane(towns, lives, b, i, lane)
            place_vehicle(towns, lives, b, i)
            break
