"""The batched kernels: begin episodes, and live one decision in every lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..rng import normal
from .homes import House, Pool
from .kernel import (
    DRAW_SPEED,
    DRAW_TURN,
    NOISE,
    PERSON_RADIUS,
    RADIUS,
    _count_odometry,
    _grip,
    move_robot,
    wheels,
)
from .lives import (
    BUMPED,
    DROPPED,
    DT,
    END,
    HEADING,
    NEAR_PERSON,
    P_MODE,
    P_X,
    P_Y,
    PICKED,
    SUBSTEPS,
    T_BUMPS,
    T_DECISIONS,
    T_PERSON,
    T_PUSHES,
    T_SPACE,
    TOGGLED,
    Array,
    Bump,
    End,
    Life,
    Lives,
    Mode,
    X,
    Y,
)
from .mission import is_fulfilled, judge
from .people import step_people
from .setting import Level, Scratch, begin_life

ABSENT = Mode.ABSENT
NO_BUMP, BUMP_THING, BUMP_PERSON = Bump.NONE, Bump.THING, Bump.PERSON
END_DONE, END_TIME = End.DONE, End.TIME
PERSONAL = 0.6  # [m] between the skins, within which one is too near


@njit(cache=True, nogil=True)
def begin(pool: Pool, lives: Lives, lanes: Array, level: Level, asked: int, scratch: Scratch) -> None:
    """Starts an episode in these lanes; seed and episode are set already.

    Args:
      asked: row of the home, < 0: drawn.
    """
    for b in lanes:
        begin_life(pool, lives[b], level, asked, scratch)


@njit(cache=True, nogil=True)
def advance(
    house: House, life: Life, speed: float, turn: float, grip: int, scratch: Scratch
) -> int:
    """Lives one decision; returns how many parts of the mission it fulfilled.

    Args:
      speed, turn: asked of the wheels [m/s], [rad/s]. grip: PICK_UP, DROP_IT, TOGGLE, or anything
        else for nothing.
    """
    flag, tally = life.flag, life.tally
    flag[BUMPED] = NO_BUMP
    flag[TOGGLED] = flag[PICKED] = flag[DROPPED] = -1
    flag[NEAR_PERSON] = 0
    was = (life.body[X], life.body[Y], life.body[HEADING])
    noise = NOISE * normal(life.seed, life.episode, life.step, 0, DRAW_SPEED)
    noise_turn = NOISE * normal(life.seed, life.episode, life.step, 0, DRAW_TURN)
    noise, noise_turn = max(noise, -0.6), max(noise_turn, -0.6)
    for k in range(SUBSTEPS):
        step_people(house, life, life.step * SUBSTEPS + k, scratch.way, scratch.field, scratch.queue)
        bump = move_robot(life, speed, turn, noise, noise_turn)
        if bump > flag[BUMPED]:
            flag[BUMPED] = bump
        for i in range(life.people):
            if life.person_flag[i, P_MODE] != ABSENT:
                dx, dy = life.person[i, P_X] - life.body[X], life.person[i, P_Y] - life.body[Y]
                if dx * dx + dy * dy < (PERSONAL + RADIUS + PERSON_RADIUS) ** 2:
                    flag[NEAR_PERSON] = 1
                    tally[T_SPACE] += DT
                    break
    _count_odometry(life, was)
    _grip(house, life, grip)
    life.step += 1
    tally[T_DECISIONS] += 1
    if flag[BUMPED] == BUMP_PERSON:
        tally[T_PERSON] += 1
    elif flag[BUMPED] == BUMP_THING:
        tally[T_PUSHES] += 1
    elif flag[BUMPED] != NO_BUMP:
        tally[T_BUMPS] += 1
    marked = judge(house, life)
    if is_fulfilled(life):
        flag[END] = END_DONE
    elif life.step >= life.limit:
        flag[END] = END_TIME
    return marked


@njit(cache=True, nogil=True)
def live(pool: Pool, lives: Lives, actions: Array, scratch: Scratch, marked: Array) -> None:
    """Lives one decision in every lane; actions i64[B], marked i64[B] is filled."""
    for b in range(lives.shape[0]):
        life = lives[b]
        speed, turn = wheels(actions[b])
        marked[b] = advance(pool[life.home], life, speed, turn, actions[b], scratch)
