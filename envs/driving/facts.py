"""What is true around the ego, and what of it the sensors could know.

Facts, scene and path are labels for training and inputs of the true-state expert. Beside each
stands its *seen* form: the same thing as far as the camera and mirror see it now or saw it within
SEEN_FOR; that is what the visible expert drives on, and what a perception may be asked to learn.
An actor is seen when it is inside a field of view and the straight line to it is free of
buildings and of nearer vehicles.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

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
    W_KIND,
    W_MODE,
    W_MOVING,
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
from .params import CELL, CELLS, SCENE_RANGE, SECTORS
from .road import Town
from .route import path_ahead
from .traffic import (
    EGO_HALF_LENGTH,
    EGO_HALF_WIDTH,
    GREEN_LIGHT,
    HALF_LENGTH,
    HALF_WIDTH,
    LIGHTS,
    RED_LIGHT,
    STOP,
    YELLOW_LIGHT,
    Survey,
    blocker,
    light_state,
)

(
    LANE_OFFSET,
    HEADING_ERROR,
    CURVATURE_AHEAD,
    SPEED_LIMIT,
    LEAD_PRESENT,
    LEAD_DISTANCE,
    LEAD_CLOSING_SPEED,
    LIGHT_PRESENT,
    LIGHT_RED,
    LIGHT_YELLOW,
    LIGHT_GREEN,
    LIGHT_DISTANCE,
    STOP_SIGN,
    STOP_LINE_DISTANCE,
    PEDESTRIAN_IN_PATH,
    PEDESTRIAN_DISTANCE,
    JUNCTION_AHEAD,
    JUNCTION_DISTANCE,
    MUST_YIELD,
    TIME_TO_COLLISION,
) = range(20)
FACTS = 20

REACH = 60.0  # [m] how far ahead facts look
PATH_ROWS = 31  # every 2 m
PATH_POINTS = 8
SEEN_FOR = 10  # decisions that an actor is remembered after it was last seen
SIGN_FOR = 3  # decisions that a light's colour is remembered
SIGN_RANGE = 75.0  # [m] from which a lamp is at least three pixels and in view
LIMIT_RANGE = 24.0  # [m] from which a limit sign can be read
WALKER_RANGE = 50.0  # [m]
TTC_MAX = 10.0  # [s]
MODE_ABSENT, MODE_WAITING, MODE_PLACED = Mode.ABSENT, Mode.WAITING, Mode.PLACED
SAFE_LIMIT = 30.0 / 3.6  # [m/s] what one assumes before a sign was seen


class Notes(NamedTuple):
    """What the world tells of B lives at a decision: labels, never inputs of the acting mind."""

    facts: Array  # float32 [B, FACTS]
    known: Array  # bool [B, FACTS] whether the seen form says it
    seen: Array  # float32 [B, FACTS] facts as far as seen
    scene: Array  # float32 [B, SECTORS, 7]
    scene_seen: Array  # float32 [B, SECTORS, 7]
    path: Array  # float32 [B, PATH_POINTS, 2]
    cause: Array  # bool [B] there is cause to stand


class Scratch(NamedTuple):
    """Working memory of one thread for `describe`."""

    path: Array  # float32 [PATH_ROWS, 5]


def make_notes(lives: int) -> Notes:
    """Returns zeroed notes for B lives."""
    f4 = np.float32
    return Notes(
        np.zeros((lives, FACTS), f4),
        np.zeros((lives, FACTS), np.bool_),
        np.zeros((lives, FACTS), f4),
        np.zeros((lives, SECTORS, 7), f4),
        np.zeros((lives, SECTORS, 7), f4),
        np.zeros((lives, PATH_POINTS, 2), f4),
        np.zeros(lives, np.bool_),
    )


@njit(cache=True, nogil=True)
def _segment_meets_box(
    ax: float, ay: float, bx: float, by: float, x: float, y: float, h: float, hl: float, hw: float
) -> bool:
    """Returns whether the segment a-b passes through an oriented box."""
    c, s = np.cos(h), np.sin(h)
    px, py = c * (ax - x) + s * (ay - y), -s * (ax - x) + c * (ay - y)
    dx, dy = c * (bx - ax) + s * (by - ay), -s * (bx - ax) + c * (by - ay)
    low, high = 0.0, 1.0
    for p, d, half in ((px, dx, hl), (py, dy, hw)):
        if abs(d) < 1e-6:
            if abs(p) > half:
                return False
            continue
        t0, t1 = (-half - p) / d, (half - p) / d
        if t0 > t1:
            t0, t1 = t1, t0
        low, high = max(low, t0), min(high, t1)
        if low > high:
            return False
    return True


@njit(cache=True, nogil=True)
def _behind_building(
    town: Town, ax: float, ay: float, bx: float, by: float
) -> bool:
    """Returns whether a building stands on the segment a-b."""
    x0, x1 = int(min(ax, bx) // CELL), int(max(ax, bx) // CELL)
    y0, y1 = int(min(ay, by) // CELL), int(max(ay, by) // CELL)
    for cx in range(max(x0, 0), min(x1 + 1, CELLS)):
        for cy in range(max(y0, 0), min(y1 + 1, CELLS)):
            cell = cx * CELLS + cy
            for k in range(town.building_first[cell], town.building_first[cell + 1]):
                u = town.buildings[k]
                if _segment_meets_box(ax, ay, bx, by, u[0], u[1], u[2], u[3], u[4]):
                    return True
    return False


@njit(cache=True, nogil=True)
def _in_view(life: Life, x: float, y: float, fields: tuple[Any, ...]) -> bool:
    """Returns whether a point is inside a field of view.

    Args:
      fields: tangents of half the front camera's and of half the mirror's width; a negative
        front tangent sees all around (radar).
    """
    h = life.ego[HEADING]
    dx, dy = x - life.ego[X], y - life.ego[Y]
    c, s = np.cos(h), np.sin(h)
    ahead, left = c * dx + s * dy, -s * dx + c * dy
    if fields[0] < 0.0:
        return True
    if ahead > 0.0:
        return abs(left) <= fields[0] * ahead
    return abs(left) <= -fields[1] * ahead


@njit(cache=True, nogil=True)
def _hidden_by_vehicle(life: Life, who: int, x: float, y: float) -> bool:
    """Returns whether a nearer vehicle stands between the ego's camera and a point."""
    ex, ey = life.ego[X], life.ego[Y]
    far = (x - ex) ** 2 + (y - ey) ** 2
    for k in range(life.vehicle.shape[0]):
        if k == who or life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        vx, vy = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        d2 = (vx - ex) ** 2 + (vy - ey) ** 2
        if d2 >= far or d2 > 40.0**2:
            continue
        kind = life.vehicle_flag[k, V_KIND]
        h = life.vehicle[k, V_HEADING]
        # A little is left at the edges: one sees the rest of the actor past them.
        if _segment_meets_box(
            ex, ey, x, y, vx, vy, h, 0.8 * HALF_LENGTH[kind], 0.8 * HALF_WIDTH[kind]
        ):
            return True
    return False


@njit(cache=True, nogil=True)
def _look(town: Town, life: Life, fields: tuple[Any, ...]) -> None:
    """Notes which actors the ego's sensors see now."""
    now = life.step
    ex, ey = life.ego[X], life.ego[Y]
    for k in range(life.vehicle.shape[0]):
        if life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        x, y = life.vehicle[k, V_X], life.vehicle[k, V_Y]
        if (x - ex) ** 2 + (y - ey) ** 2 > REACH**2 or not _in_view(life, x, y, fields):
            continue
        hidden = _hidden_by_vehicle(life, k, x, y) or _behind_building(town, ex, ey, x, y)
        if not hidden:
            life.vehicle_flag[k, V_SEEN] = now
    for k in range(life.walker.shape[0]):
        if life.walker_flag[k, W_MODE] == MODE_ABSENT:
            continue
        x, y = life.walker[k, W_X], life.walker[k, W_Y]
        if (x - ex) ** 2 + (y - ey) ** 2 > WALKER_RANGE**2 or not _in_view(life, x, y, fields):
            continue
        hidden = _hidden_by_vehicle(life, -1, x, y) or _behind_building(town, ex, ey, x, y)
        if not hidden:
            life.walker_flag[k, W_SEEN] = now
    for k in range(life.parked.shape[0]):
        place = life.parked[k]
        if place < 0:
            continue
        x, y = town.parking_xyh[place, 0], town.parking_xyh[place, 1]
        if (x - ex) ** 2 + (y - ey) ** 2 < 35.0**2 and _in_view(life, x, y, fields):
            life.parked_seen[k] = now


@njit(cache=True, nogil=True)
def _look_at_signs(town: Town, life: Life, fields: tuple[Any, ...]) -> None:
    """Notes whether the sign or light at the next line, and the limit sign, are seen now."""
    ex, ey = life.ego[X], life.ego[Y]
    lane = life.route_lane[life.flag[INDEX]]
    if town.lane_slot[lane] >= 0:  # in a junction: the road that follows
        lane = life.route_lane[life.flag[INDEX] + 1]
        if lane < 0:
            return
    for which in range(2):
        sign = town.lane_sign[lane] if which == 0 else town.lane_limit_sign[lane]
        reach = SIGN_RANGE if which == 0 else LIMIT_RANGE
        if sign < 0 or life.static_off[sign] == 1:
            continue
        x, y = town.statics[sign, 0], town.statics[sign, 1]
        if (x - ex) ** 2 + (y - ey) ** 2 > reach * reach or not _in_view(life, x, y, fields):
            continue
        facing = town.statics[sign, 2]
        if np.cos(facing) * (ex - x) + np.sin(facing) * (ey - y) < 0.0:
            continue
        if _behind_building(town, ex, ey, x, y):
            continue
        if which == 0:
            life.sign_seen = life.step
        else:
            limit = life.limit_set[lane]
            life.seen_limit = limit if limit > 0.0 else town.lane_limit[lane]
            life.flag[LIMIT_KNOWN] = 1


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
def _lead(
    town: Town, life: Life, path: Array, rows: int, out: Array, seen_only: bool
) -> None:
    """Writes the lead facts: the nearest vehicle whose body is in the ego's path."""
    ex, ey, v = life.ego[X], life.ego[Y], life.ego[SPEED]
    ch, sh = np.cos(life.ego[HEADING]), np.sin(life.ego[HEADING])
    nearest, closing = REACH, 0.0
    now = life.step
    for k in range(life.vehicle.shape[0]):
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
def _pedestrian(
    town: Town, life: Life, path: Array, rows: int, out: Array, seen_only: bool
) -> None:
    """Writes the pedestrian facts: the nearest walker in the ego's path or stepping into it."""
    now = life.step
    ex, ey = life.ego[X], life.ego[Y]
    ch, sh = np.cos(life.ego[HEADING]), np.sin(life.ego[HEADING])
    nearest = REACH
    for k in range(life.walker.shape[0]):
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
            if mode != MODE_PLACED and town.walk_crossing[life.walker_flag[k, W_EDGE]] < 0:
                continue
            step = np.sin(life.walker[k, W_HEADING] - h) * life.walker[k, W_SPEED]
            if step * lateral >= -0.4 * abs(lateral):  # not towards the path
                continue
        nearest = min(nearest, max(way - EGO_HALF_LENGTH - 0.3, 0.0))
    out[PEDESTRIAN_IN_PATH] = 1.0 if nearest < REACH else 0.0
    out[PEDESTRIAN_DISTANCE] = nearest


@njit(cache=True, nogil=True)
def _road_facts(
    town: Town, life: Life, path: Array, rows: int, out: Array
) -> None:
    """Writes what the road and the rules say: lane, bend, limit, light, stop sign, junction."""
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    turn = life.ego[HEADING] - path[0, 2]
    out[LANE_OFFSET] = life.route[ROUTE_LATERAL]
    out[HEADING_ERROR] = turn - 2.0 * np.pi * np.floor((turn + np.pi) / (2.0 * np.pi))
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
def _whom_to_let_pass(town: Town, life: Life, survey: Survey, out: Array) -> int:
    """Returns whom the ego must let pass at the junction ahead, -1: nobody."""
    index = life.flag[INDEX]
    lane = life.route_lane[index]
    line = town.lane_length[lane] - life.route[ROUTE_S] - EGO_HALF_LENGTH
    if town.lane_slot[lane] >= 0 or index + 1 >= life.flag[COUNT]:
        return -1
    if line < 0.0 or line > 35.0:
        return -1
    return int(blocker(town, life, survey, life.vehicle.shape[0], life.route_lane[index + 1]))


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
def _into_scene(
    life: Life, scene: Array, x: float, y: float, vx: float, vy: float, kind: int
) -> None:
    """Enters one actor into the sector that its bearing falls in, if it is the nearest there."""
    h = life.ego[HEADING]
    c, s = np.cos(h), np.sin(h)
    dx, dy = x - life.ego[X], y - life.ego[Y]
    distance = np.sqrt(dx * dx + dy * dy)
    if distance > SCENE_RANGE or distance < 0.1:
        return
    bearing = np.arctan2(-s * dx + c * dy, c * dx + s * dy)
    sector = min(int((bearing + np.pi) / (2.0 * np.pi) * SECTORS), SECTORS - 1)
    if scene[sector, 6] > 0.0 and scene[sector, 0] <= distance:
        return
    rx = vx - life.ego[SPEED] * c
    ry = vy - life.ego[SPEED] * s
    scene[sector, 0] = distance
    scene[sector, 1] = -(rx * dx + ry * dy) / distance
    scene[sector, 2] = (dx * ry - dy * rx) / distance
    scene[sector, 3] = kind
    scene[sector, 6] = 1.0


@njit(cache=True, nogil=True)
def _scenes(town: Town, life: Life, scene: Array, seen: Array) -> None:
    """Writes the nearest actor of each bearing sector: all there are, and all that are seen."""
    now = life.step
    scene[:] = 0.0
    seen[:] = 0.0
    for k in range(life.vehicle.shape[0]):
        if life.vehicle_flag[k, V_MODE] == MODE_ABSENT:
            continue
        a = life.vehicle[k]
        if abs(a[V_X] - life.ego[X]) + abs(a[V_Y] - life.ego[Y]) > 1.42 * SCENE_RANGE:
            continue
        vx, vy = a[V_SPEED] * np.cos(a[V_HEADING]), a[V_SPEED] * np.sin(a[V_HEADING])
        kind = life.vehicle_flag[k, V_KIND]
        _into_scene(life, scene, a[V_X], a[V_Y], vx, vy, kind)
        if now - life.vehicle_flag[k, V_SEEN] <= SEEN_FOR:
            _into_scene(life, seen, a[V_X], a[V_Y], vx, vy, kind)
    for k in range(life.walker.shape[0]):
        if life.walker_flag[k, W_MODE] == MODE_ABSENT:
            continue
        w = life.walker[k]
        if abs(w[W_X] - life.ego[X]) + abs(w[W_Y] - life.ego[Y]) > 1.42 * SCENE_RANGE:
            continue
        v = w[W_SPEED] * life.walker_flag[k, W_MOVING]
        vx, vy = v * np.cos(w[W_HEADING]), v * np.sin(w[W_HEADING])
        kind = life.walker_flag[k, W_KIND]
        _into_scene(life, scene, w[W_X], w[W_Y], vx, vy, kind)
        if now - life.walker_flag[k, W_SEEN] <= SEEN_FOR:
            _into_scene(life, seen, w[W_X], w[W_Y], vx, vy, kind)
    for k in range(life.parked.shape[0]):
        place = life.parked[k]
        if place < 0:
            continue
        x, y = town.parking_xyh[place, 0], town.parking_xyh[place, 1]
        if abs(x - life.ego[X]) + abs(y - life.ego[Y]) > 1.42 * SCENE_RANGE:
            continue
        _into_scene(life, scene, x, y, 0.0, 0.0, 1)
        if now - life.parked_seen[k] <= SEEN_FOR:
            _into_scene(life, seen, x, y, 0.0, 0.0, 1)


@njit(cache=True, nogil=True)
def _seen_facts(
    town: Town, life: Life, rows: int, path: Array, facts: Array, whom: int,
    known: Array, seen: Array,
) -> None:  # fmt: skip
    """Writes the facts as far as they are seen, and which of them are."""
    now = life.step
    n = life.vehicle.shape[0]
    seen[:] = facts
    known[:] = True
    _lead(town, life, path, rows, seen, True)
    _pedestrian(town, life, path, rows, seen, True)
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
    _look(town, life, fields)
    _look_at_signs(town, life, fields)
    _road_facts(town, life, path, rows, facts)
    _lead(town, life, path, rows, facts, False)
    _pedestrian(town, life, path, rows, facts, False)
    whom = _whom_to_let_pass(town, life, survey, facts)
    facts[MUST_YIELD] = 1.0 if whom >= 0 else 0.0
    _time_to_collision(life, facts)
    _seen_facts(town, life, rows, path, facts, whom, notes.known[b], notes.seen[b])
    _scenes(town, life, notes.scene[b], notes.scene_seen[b])
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
