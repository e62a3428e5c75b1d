"""The nearest actor in each bearing sector around the ego: all there are, and all that are seen."""

from __future__ import annotations

import numpy as np
from numba import njit

from .lives import (
    HEADING,
    SPEED,
    V_HEADING,
    V_KIND,
    V_MODE,
    V_SEEN,
    V_SPEED,
    V_X,
    V_Y,
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
from .params import SCENE_RANGE, SECTORS
from .road import Town
from .sight import SEEN_FOR

MODE_ABSENT = Mode.ABSENT


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
def fill_scenes(town: Town, life: Life, scene: Array, seen: Array) -> None:
    """Writes the nearest actor of each bearing sector: all there are, and all that are seen."""
    now = life.step
    scene[:] = 0.0
    seen[:] = 0.0
    for k in range(life.vehicles):
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
    for k in range(life.walkers):
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
    for k in range(life.parked_cars):
        place = life.parked[k]
        if place < 0:
            continue
        x, y = town.parking_xyh[place, 0], town.parking_xyh[place, 1]
        if abs(x - life.ego[X]) + abs(y - life.ego[Y]) > 1.42 * SCENE_RANGE:
            continue
        _into_scene(life, scene, x, y, 0.0, 0.0, 1)
        if now - life.parked_seen[k] <= SEEN_FOR:
            _into_scene(life, seen, x, y, 0.0, 0.0, 1)
