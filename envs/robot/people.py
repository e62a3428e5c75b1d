"""People who walk between the rooms of a home.

They follow the shortest way to wherever they want to go next, are pushed aside by whoever is near
(the social force of Helbing & Molnár 1995), and stop rather than touch anybody. Some don't make way
for the robot: they walk on until they would touch it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canvas import kernel
from ..rng import integer, uniform
from .ground import block
from .homes import House
from .kernel import PERSON_RADIUS, RADIUS, is_solid, person_at, thing_at, touches_cells
from .lives import (
    DT,
    P_AT,
    P_CLOTH,
    P_COUNT,
    P_HEADING,
    P_MODE,
    P_PACE,
    P_PHASE,
    P_SPEED,
    P_VISITS,
    P_WAITS,
    P_X,
    P_Y,
    Life,
    Mode,
    X,
    Y,
)
from .params import CELL, GRID, MAX_WAY, SPARE
from .ways import UNREACHED, descend, spread_to

WALKING, STANDING, PLACED, ABSENT = Mode.WALKING, Mode.STANDING, Mode.PLACED, Mode.ABSENT
STUBBORN = 0.3  # part of people who don't make way; by the slot's draw
FORCE, FADE = 1.6, 0.35  # [m/s] of who touches, [m] in which it falls to 37 %
STRIDE = 1.3  # [m] a step cycle
PATIENCE = 60  # substeps that somebody waits before going elsewhere
STAYS = (20, 200)  # substeps that somebody stands where he wanted to go
SHOULDERS = 0.8 * PERSON_RADIUS  # [m] that is kept from walls
ARRIVED = 0.3  # [m] from a turning point
AROUND = 1.5  # [m] within which somebody who sets out goes round others
CHOICES = 4  # places that somebody thinks of before he stays
FROM_DOOR = 3  # cells between a doorway and what would be in the way there

(DRAW_CELL, DRAW_PACE, DRAW_CLOTH, DRAW_WILL, DRAW_TARGET, DRAW_STAY) = range(20, 26)


@kernel
def random_cell(house: House, seed: int, episode: int, step: int, who: int, purpose: int) -> int:
    """Returns a cell (x * GRID + y) where one can stand."""
    for attempt in range(200):
        cell = integer(GRID * GRID, seed, episode, step * 256 + attempt, who, purpose)
        if house.wide[cell // GRID, cell % GRID]:
            return cell
    for cell in range(GRID * GRID):
        if house.wide[cell // GRID, cell % GRID]:
            return cell
    return 0


@kernel
def is_by_door(house: House, x: int, y: int) -> bool:
    """Returns whether a cell lies in a doorway or close to one, where one is in the way."""
    for d in range(house.doors):
        r = house.door_rect[d]
        is_near_x = r[0] - FROM_DOOR <= x < r[2] + FROM_DOOR
        if is_near_x and r[1] - FROM_DOOR <= y < r[3] + FROM_DOOR:
            return True
    return False


@kernel
def cell_off_doors(house: House, seed: int, episode: int, step: int, who: int, purpose: int) -> int:
    """Returns a cell (x * GRID + y) where one can stay: not by a door, if there is such a one."""
    cell = 0
    for attempt in range(20):
        cell = random_cell(house, seed, episode, step + 4096 * attempt, who, purpose)
        if not is_by_door(house, cell // GRID, cell % GRID):
            break
    return int(cell)


@kernel
def open_ways(house: House, life: Life, way: Any) -> None:
    """Fills uint8 [GRID, GRID]: cells where one can stand while doors are as they are."""
    for x in range(GRID):
        for y in range(GRID):
            way[x, y] = house.wide[x, y]
    for d in range(house.doors):
        r = house.door_rect[d]
        if is_solid(life.cells[r[0], r[1]]):
            for x in range(r[0] - 1, r[2] + 1):
                for y in range(r[1] - 1, r[3] + 1):
                    way[x, y] = 0


@kernel
def _keep_from_others(life: Life, i: int, way: Any) -> None:
    """Takes cells where person i would touch the robot, or somebody who is near, out of a map: so
    whoever can leave a throng does."""
    x, y = life.person[i, P_X], life.person[i, P_Y]
    if np.hypot(life.body[X] - x, life.body[Y] - y) < AROUND:
        block(way, life.body[X], life.body[Y], PERSON_RADIUS + RADIUS)
    for j in range(life.people):
        ox, oy = life.person[j, P_X], life.person[j, P_Y]
        is_near = np.hypot(ox - x, oy - y) < AROUND and life.person_flag[j, P_MODE] != ABSENT
        if j != i and is_near:
            block(way, ox, oy, 2.0 * PERSON_RADIUS)


@kernel
def plan_walk(house: House, life: Life, i: int, way: Any, field: Any, queue: Any) -> None:
    """Chooses where person i goes next, and its way there, round whoever is near; it stands where
    there is none."""
    flags = life.person_flag[i]
    flags[P_WAITS] = 0
    x, y = int(life.person[i, P_X] / CELL), int(life.person[i, P_Y] / CELL)
    open_ways(house, life, way)
    _keep_from_others(life, i, way)
    for u in range(x - 1, x + 2):  # it may have been pushed to where the map has no way
        for v in range(y - 1, y + 2):
            if not touches_cells(life.cells, (u + 0.5) * CELL, (v + 0.5) * CELL, SHOULDERS):
                way[u, v] = 1
    way[x, y] = 1
    for _ in range(CHOICES):
        flags[P_VISITS] += 1
        goal = cell_off_doors(house, life.seed, life.episode, flags[P_VISITS], i, DRAW_TARGET)
        field[:] = UNREACHED
        field[goal // GRID, goal % GRID] = 0
        spread_to(way, field, queue, x * GRID + y, 0)
        if field[x, y] != UNREACHED:
            break
    flags[P_AT] = flags[P_COUNT] = 0
    flags[P_MODE] = STANDING
    if field[x, y] == UNREACHED:
        return
    count, step = 0, 0
    while field[x, y] > 0 and count < MAX_WAY:
        u, v = descend(field, x, y)
        if u == x and v == y:
            break
        x, y = u, v
        step += 1
        if step % 2 == 0 or field[x, y] == 0:
            life.person_way[i, count, 0], life.person_way[i, count, 1] = x, y
            count += 1
    flags[P_COUNT] = count
    if count > 0:
        flags[P_MODE] = WALKING


@kernel
def is_stubborn(life: Life, i: int) -> bool:
    """Returns whether person i makes no way for the robot."""
    return uniform(life.seed, life.episode, 0, i, DRAW_WILL) < STUBBORN


@kernel
def _push(
    x: float, y: float, ox: float, oy: float, apart: float
) -> tuple[float, float]:
    """Returns the velocity [m/s] by which somebody at (ox, oy) pushes one at (x, y) away."""
    dx, dy = x - ox, y - oy
    away = max(np.hypot(dx, dy), 0.05)
    force = FORCE * np.exp(-(away - apart) / FADE)
    return force * dx / away, force * dy / away


@kernel
def _walk(life: Life, i: int) -> None:
    """Moves a walking person by DT."""
    row, flags = life.person[i], life.person_flag[i]
    target = life.person_way[i, flags[P_AT]]
    tx, ty = (target[0] + 0.5) * CELL, (target[1] + 0.5) * CELL
    dx, dy = tx - row[P_X], ty - row[P_Y]
    away = np.hypot(dx, dy)
    if away < ARRIVED:
        flags[P_AT] += 1
        if flags[P_AT] >= flags[P_COUNT]:
            flags[P_MODE], flags[P_WAITS] = STANDING, 0
            return
    vx, vy = row[P_PACE] * dx / max(away, 0.05), row[P_PACE] * dy / max(away, 0.05)
    for j in range(life.people):
        if j != i and life.person_flag[j, P_MODE] != ABSENT:
            px, py = _push(row[P_X], row[P_Y], life.person[j, P_X], life.person[j, P_Y],
                           2.0 * PERSON_RADIUS)  # fmt: skip
            vx, vy = vx + px, vy + py
    if not is_stubborn(life, i):
        px, py = _push(row[P_X], row[P_Y], life.body[X], life.body[Y], PERSON_RADIUS + RADIUS)
        vx, vy = vx + px, vy + py
    speed = np.hypot(vx, vy)
    if speed > row[P_PACE]:
        vx, vy = vx * row[P_PACE] / speed, vy * row[P_PACE] / speed
    _go(life, i, vx, vy)
    if row[P_SPEED] < 0.1:
        flags[P_WAITS] += 1


@kernel
def _go(life: Life, i: int, vx: float, vy: float) -> None:
    """Moves person i by DT with a velocity, along walls where they are in the way."""
    row = life.person[i]
    row[P_SPEED] = 0.0
    for attempt in range(3):
        ux, uy = (vx if attempt != 2 else 0.0), (vy if attempt != 1 else 0.0)
        x, y = row[P_X] + ux * DT, row[P_Y] + uy * DT
        dx, dy = x - life.body[X], y - life.body[Y]
        if max(abs(dx), abs(dy)) < 2.0 * (PERSON_RADIUS + RADIUS):  # farther off it's in no way
            near = np.hypot(dx, dy)
            was = np.hypot(row[P_X] - life.body[X], row[P_Y] - life.body[Y])
            if near < PERSON_RADIUS + RADIUS + 0.02 and near < was:
                continue
        other = person_at(life, x, y, PERSON_RADIUS, i)
        if other >= 0:
            nx, ny = x - life.person[other, P_X], y - life.person[other, P_Y]
            ox, oy = row[P_X] - life.person[other, P_X], row[P_Y] - life.person[other, P_Y]
            if nx * nx + ny * ny < ox * ox + oy * oy:
                continue
        if touches_cells(life.cells, x, y, SHOULDERS):
            continue
        speed = np.hypot(ux, uy)
        if speed > 0.05:
            row[P_HEADING] = np.arctan2(uy, ux)
        row[P_X], row[P_Y], row[P_SPEED] = x, y, speed
        row[P_PHASE] = (row[P_PHASE] + speed * DT / STRIDE) % 1.0
        return


@kernel
def step_people(house: House, life: Life, way: Any, field: Any, queue: Any) -> None:
    """Moves everybody by DT; way, field and queue are scratch."""
    for i in range(life.people):
        flags = life.person_flag[i]
        mode = flags[P_MODE]
        if mode == ABSENT:
            continue
        if mode == PLACED:
            row = life.person[i]
            _go(life, i, row[P_PACE] * np.cos(row[P_HEADING]), row[P_PACE] * np.sin(row[P_HEADING]))
        elif mode == WALKING:
            _walk(life, i)
            if flags[P_WAITS] > PATIENCE:
                plan_walk(house, life, i, way, field, queue)
        else:
            life.person[i, P_SPEED] = 0.0
            flags[P_WAITS] += 1
            share = uniform(life.seed, life.episode, flags[P_VISITS], i, DRAW_STAY)
            is_hemmed_in = flags[P_COUNT] == 0  # it found no way, and tries again soon
            stays = STAYS[0] + (0.0 if is_hemmed_in else (STAYS[1] - STAYS[0]) * share)
            if flags[P_WAITS] > stays:
                plan_walk(house, life, i, way, field, queue)


@kernel
def place_people(house: House, life: Life, count: int, way: Any, field: Any, queue: Any) -> None:
    """Puts the episode's people into the home, away from the robot."""
    life.people = count + SPARE
    life.person[:] = 0.0
    life.person_flag[:] = 0
    seed, episode = life.seed, life.episode
    for i in range(count):
        for attempt in range(20):
            cell = cell_off_doors(house, seed, episode, attempt, i, DRAW_CELL)
            x, y = (cell // GRID + 0.5) * CELL, (cell % GRID + 0.5) * CELL
            if (
                np.hypot(x - life.body[X], y - life.body[Y]) < 1.2
                or person_at(life, x, y, PERSON_RADIUS, i) >= 0
                or thing_at(life, x, y, PERSON_RADIUS, -1) >= 0
            ):
                continue
            life.person[i, P_X], life.person[i, P_Y] = x, y
            life.person[i, P_PACE] = 0.6 + 0.5 * uniform(seed, episode, 0, i, DRAW_PACE)
            life.person_flag[i, P_CLOTH] = integer(8, seed, episode, 0, i, DRAW_CLOTH)
            life.person_flag[i, P_MODE] = STANDING
            plan_walk(house, life, i, way, field, queue)
            break
