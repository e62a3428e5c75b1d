"""Everybody else: cars, vans and trucks on the lane graph.

Vehicles follow their lanes by the Intelligent Driver Model and enter a junction only with a grant:
the light allows it, nobody with the right of way is near, no path that crosses is taken, and there
is room behind the junction. Grants are given one after another within a substep, so that two
vehicles never hold paths that cross; that is why they can't collide with one another.

Source: IDM, Treiber, Hennecke & Helbing 2000, Phys. Rev. E 62, eq. 3-4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..rng import integer, uniform
from .lives import (
    ARRIVED,
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
    Life,
    Mode,
    X,
    Y,
)
from .params import SIZES, Control, Kind
from .road import Town, lane_pose

Survey = Any  # the record that `make_surveys` holds, as numba sees it
Surveys = NDArray[np.void]

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


def make_surveys(lanes: int, junctions: int, crossings: int, vehicles: int) -> Surveys:
    """Returns scratch for one thread: who is where, made anew each substep; never state.

    The ego is vehicle N, after the `vehicles` slots. A structured array [1], so that kernels
    take its record by reference.
    """
    n = vehicles + 1
    fields = [
        ("rear", np.int16, lanes),  # rearmost vehicle of a lane, -1: none
        ("ahead", np.int16, n),  # next vehicle in the same lane, -1: none
        ("taken", np.uint32, junctions),  # slots of a junction that are driven on or granted
        ("crossing", np.int8, crossings),  # 1: somebody walks on it; 2: waits, without lights
        ("s", np.float32, n),  # arc position in its lane
        ("speed", np.float32, n),
        ("half", np.float32, n),  # half length
    ]
    return np.zeros(1, np.dtype(fields, align=True))


@njit(cache=True, nogil=True)
def cycle_time(life: Life, junction: int) -> float:
    """Returns where in its cycle a junction's lights are [s], 0 = group 0 turns green."""
    offset = uniform(life.seed, life.episode, 0, junction, DRAW_LIGHT) * 2.0 * HALF_CYCLE
    return (life.clock * DT + offset) % (2.0 * HALF_CYCLE)


@njit(cache=True, nogil=True)
def light_state(life: Life, junction: int, group: int) -> int:
    """Returns 0 red, 1 yellow or 2 green for a group of arms."""
    if life.light_set[junction] >= 0:
        return int(life.light_set[junction])
    tau = cycle_time(life, junction) - group * HALF_CYCLE
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
def _take(town: Town, survey: Survey, lane: int) -> None:
    """Marks a connector as taken."""
    if lane >= 0 and town.lane_slot[lane] >= 0:
        survey.taken[town.lane_junction[lane]] |= np.uint32(1) << np.uint32(
            town.lane_slot[lane]
        )


@njit(cache=True, nogil=True)
def look_around(town: Town, life: Life, survey: Survey) -> None:
    """Fills the survey of life b: lane lists, taken slots, crossings in use."""
    n = life.vehicle.shape[0]
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
        _insert(survey, lane, i)
        _take(town, survey, lane)
        if life.vehicle_flag[i, V_GRANTED] == 1:
            _take(town, survey, life.vehicle_flag[i, V_NEXT])
        if survey.s[i] - survey.half[i] < 1.0:  # its tail still stands in the junction
            _take(town, survey, life.vehicle_flag[i, V_BEFORE])
    _survey_ego(town, life, survey)
    for i in range(life.walker.shape[0]):
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
    n = life.vehicle.shape[0]
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    survey.s[n] = life.route[ROUTE_S]
    survey.speed[n] = life.ego[SPEED]
    survey.half[n] = EGO_HALF_LENGTH
    survey.ahead[n] = -1
    follows = life.route_lane[index + 1]
    before = life.route_lane[index - 1] if index > 0 else -1
    if abs(life.route[ROUTE_LATERAL]) < 2.2:
        _insert(survey, lane, n)
        _take(town, survey, lane)
        line = town.lane_length[lane] - survey.s[n] - EGO_HALF_LENGTH
        if line < survey.speed[n] ** 2 / 10.0 + 0.2:  # can't stop any more: it comes
            _take(town, survey, follows)
        if before >= 0 and survey.s[n] - EGO_HALF_LENGTH < 1.0:
            _take(town, survey, before)
        return
    for j in range(town.junction_count):
        dx = life.ego[X] - town.junction_xy[j, 0]
        dy = life.ego[Y] - town.junction_xy[j, 1]
        if abs(dx) < 15.0 and abs(dy) < 15.0:
            survey.taken[j] = np.uint32(0xFFF)


@njit(cache=True, nogil=True)
def _next_connector(town: Town, life: Life, who: int) -> int:
    """Returns the connector that a vehicle on an approach will take, -1 if it is on none."""
    if who == life.vehicle.shape[0]:
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
    n = life.vehicle.shape[0]
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
def _taker(
    town: Town, life: Life, survey: Survey, who: int, junction: int, conflict: int
) -> int:
    """Returns the vehicle that holds one of the slots in `conflict`."""
    n = life.vehicle.shape[0]
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
def _leader(town: Town, survey: Survey, lane: int, follows: int, who: int) -> tuple[Any, ...]:
    """Returns the bumper gap and the speed of the vehicle ahead along the path; gap 1e3: none."""
    s, half = survey.s[who], survey.half[who]
    k = survey.ahead[who]
    if k >= 0:
        return survey.s[k] - s - half - survey.half[k], survey.speed[k]
    end = town.lane_length[lane] - s
    gap, speed = 1000.0, 0.0
    if end > 60.0:
        return gap, speed
    for c in range(3):
        lane_c = town.lane_next[lane, c]
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
    end += town.lane_length[follows]
    out = town.lane_next[follows, 0]
    if end > 60.0 or out < 0 or town.lane_slot[follows] < 0:
        return gap, speed
    k = survey.rear[out]
    if k >= 0 and k != who:
        gap, speed = end + survey.s[k] - half - survey.half[k], survey.speed[k]
    return gap, speed


@njit(cache=True, nogil=True)
def _obstacle_gap(
    town: Town, life: Life, i: int, box: tuple[Any, ...], reach: float
) -> float:
    """Returns the way along vehicle i's path until it would touch a box; 1e3 beyond reach.

    Args:
      box: x, y, heading, half length, half width; widened by the vehicle's own half width.
      reach: how far ahead to look [m].
    """
    x, y, heading, half_length, half_width = box
    kind = life.vehicle_flag[i, V_KIND]
    dx, dy = x - life.vehicle[i, V_X], y - life.vehicle[i, V_Y]
    h = life.vehicle[i, V_HEADING]
    if dx * dx + dy * dy > (reach + 8.0) ** 2 or dx * np.cos(h) + dy * np.sin(h) < -1.0:
        return 1000.0
    lane, follows = life.vehicle_flag[i, V_LANE], life.vehicle_flag[i, V_NEXT]
    c, sn = np.cos(heading), np.sin(heading)
    margin = HALF_WIDTH[kind] + 0.3
    way = 0.0
    while way < reach:
        s = life.vehicle[i, V_S] + HALF_LENGTH[kind] + way
        on = lane
        if s > town.lane_length[lane]:
            s -= town.lane_length[lane]
            on = follows
            if on < 0 or s > town.lane_length[on]:
                return 1000.0
        px, py, _, _ = lane_pose(town, on, s)
        ex, ey = px - x, py - y
        along, across = c * ex + sn * ey, -sn * ex + c * ey
        if abs(along) < half_length + margin and abs(across) < half_width + margin:
            return way
        way += 1.0
    return 1000.0


@njit(cache=True, nogil=True)
def _nearest_obstacle(town: Town, life: Life, i: int) -> float:
    """Returns the free way of vehicle i before the ego or a placed actor, 1e3: all free."""
    v = life.vehicle[i, V_SPEED]
    reach = min(30.0, 5.0 + v * v / 7.0)
    ego = (
        life.ego[X], life.ego[Y], life.ego[HEADING],
        np.float32(EGO_HALF_LENGTH), np.float32(EGO_HALF_WIDTH),
    )  # fmt: skip
    gap = _obstacle_gap(town, life, i, ego, reach)
    n, m = life.vehicle.shape[0], life.walker.shape[0]
    for k in range(n - SPARE, n):
        if life.vehicle_flag[k, V_MODE] == MODE_PLACED:
            kind = life.vehicle_flag[k, V_KIND]
            box = (
                life.vehicle[k, V_X], life.vehicle[k, V_Y], life.vehicle[k, V_HEADING],
                HALF_LENGTH[kind], HALF_WIDTH[kind],
            )  # fmt: skip
            gap = min(gap, _obstacle_gap(town, life, i, box, reach))
    for k in range(m - SPARE, m):
        if life.walker_flag[k, W_MODE] == MODE_PLACED:
            box = (
                life.walker[k, W_X], life.walker[k, W_Y], life.walker[k, W_HEADING],
                np.float32(0.3), np.float32(0.3),
            )  # fmt: skip
            gap = min(gap, _obstacle_gap(town, life, i, box, reach))
    return gap


@njit(cache=True, nogil=True)
def _crossing_gap(town: Town, survey: Survey, lane: int, start: float) -> float:
    """Returns the way to where one waits for people on a zebra of this lane, 1e3: none.

    Args:
      start: arc position of the front bumper in this lane (negative: still in the one before).
    """
    gap = 1000.0
    for c in range(2):
        crossing = town.lane_crossing[lane, c]
        if crossing < 0 or survey.crossing[crossing] == 0:
            continue
        way = town.lane_crossing_s[lane, c] - CROSSING_HALF - 0.8 - start
        if way > -0.8:
            gap = min(gap, max(way, 0.0))
    return gap


@njit(cache=True, nogil=True)
def _desired_speed(town: Town, life: Life, i: int, lane: int, follows: int) -> float:
    """Returns the speed that the road ahead allows vehicle i."""
    s, v = life.vehicle[i, V_S], life.vehicle[i, V_SPEED]
    limit = life.limit_set[lane] if life.limit_set[lane] > 0 else town.lane_limit[lane]
    desired = limit * life.vehicle[i, V_PACE]
    desired = min(desired, TURN_SPEED[town.lane_turn[lane]])
    _, _, _, here = lane_pose(town, lane, s)
    _, _, _, there = lane_pose(town, lane, s + 3.0 + 1.4 * v)
    bend = max(abs(here), abs(there))
    if bend > 0.01:
        desired = min(desired, np.sqrt(2.2 / bend))
    if follows >= 0:
        turn = TURN_SPEED[town.lane_turn[follows]]
        desired = min(desired, np.sqrt(turn**2 + 3.0 * max(town.lane_length[lane] - s, 0.0)))
    return desired


@njit(cache=True, nogil=True)
def _seek_grant(
    town: Town, life: Life, survey: Survey, i: int, lane: int, follows: int
) -> None:
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
        _take(town, survey, follows)


@njit(cache=True, nogil=True)
def _accelerate(town: Town, life: Life, survey: Survey, i: int) -> float:
    """Returns vehicle i's acceleration for this substep."""
    lane, follows = life.vehicle_flag[i, V_LANE], life.vehicle_flag[i, V_NEXT]
    v = survey.speed[i]
    a_max = A_MAX if life.vehicle_flag[i, V_KIND] != 3 else 0.6 * A_MAX
    desired = _desired_speed(town, life, i, lane, follows)
    gap, other = _leader(town, survey, lane, follows, i)
    a = idm(v, desired, gap, v - other, a_max)
    end = town.lane_length[lane] - survey.s[i]
    front = survey.s[i] + survey.half[i]
    wait = _crossing_gap(town, survey, lane, front)
    if town.lane_slot[lane] < 0 and follows >= 0:
        _seek_grant(town, life, survey, i, lane, follows)
        if life.vehicle_flag[i, V_GRANTED] == 0 and end < 80.0:
            line = end - survey.half[i]
            if line > -0.6:
                a = min(a, idm(v, desired, line + GAP_MIN - LINE_MARGIN, v, a_max))
        elif end < 40.0:
            wait = min(wait, _crossing_gap(town, survey, follows, front - end - survey.s[i]))
    if wait < 60.0 and v * v < 2.0 * BRAKE * (wait + 0.3):
        a = min(a, idm(v, desired, wait + GAP_MIN - 0.5, v, a_max))
    free = _nearest_obstacle(town, life, i)
    if free < 100.0:
        a = min(a, idm(v, desired, free, v, a_max))
        if free < 1.5:
            a = -BRAKE
    return min(max(a, -BRAKE), a_max)


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
    choice = integer(
        count, life.seed, life.episode, flags[i, V_VISITS], i, DRAW_TURN
    )
    for c in range(3):
        if town.lane_next[lane, c] >= 0:
            if choice == 0:
                flags[i, V_NEXT] = town.lane_next[lane, c]
                return
            choice -= 1


@njit(cache=True, nogil=True)
def step_vehicles(town: Town, life: Life, survey: Survey) -> None:
    """Moves everybody but the ego and the walkers by DT; the survey must be fresh."""
    n = life.vehicle.shape[0]
    for i in range(n):
        if life.vehicle_flag[i, V_MODE] == MODE_TRAFFIC:
            life.vehicle[i, V_ACCELERATION] = _accelerate(town, life, survey, i)
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
    x, y, heading, _ = lane_pose(
        town, life.vehicle_flag[i, V_LANE], life.vehicle[i, V_S]
    )
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
    n = life.vehicle.shape[0]
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
