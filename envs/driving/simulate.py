"""The batched kernels: begin episodes, and live one decision in every lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .actions import controls
from .facts import Notes, Scratch, describe
from .kernel import OFF_ROUTE, advance
from .lives import (
    ACCELERATION,
    ARRIVED,
    COLLIDED,
    DAYLIGHT,
    END,
    FOG,
    FRICTION,
    INDEX,
    ROUTE_DONE,
    ROUTE_GOAL,
    ROUTE_LENGTH,
    ROUTE_S,
    SPEED,
    STANDING,
    STEERING,
    STRUCK,
    YAW_RATE,
    Array,
    End,
    Lives,
)
from .reward import reward
from .road import Towns
from .route import plan_route
from .traffic import Survey, look_around, spawn_vehicles
from .walkers import spawn_walkers

END_RUNNING, END_DONE, END_OFF_ROUTE = End.RUNNING, End.DONE, End.OFF_ROUTE
END_COLLISION, END_TIME, END_STANDING = End.COLLISION, End.TIME, End.STANDING
STANDING_MAX = 300  # decisions, 60 s
PACE_MIN = 2.5  # [m/s] mean speed below which the time is up ...
COMMAND_REACH = 45.0  # [m] before a junction from which the navigator speaks
GRACE = 90.0  # [s] ... after this much extra

(DRAW_TOWN, DRAW_DAYLIGHT, DRAW_FOG, DRAW_FOG_DEPTH, DRAW_PARKING) = range(60, 65)


class Rules(NamedTuple):
    """What a config fixes for the kernels."""

    fields: tuple[float, float]  # tangents of half the fields of view, camera and mirror
    is_discrete: bool
    end_on_collision: bool
    daylight: float  # < 0: drawn
    fog: float  # < 0: drawn
    friction: float
    town: int  # row in the pool, < 0: drawn
    parked: int


@njit(cache=True, nogil=True)
def _draw_weather(lives: Lives, b: int, rules: Rules) -> None:
    """Sets daylight, fog and friction of an episode."""
    seed, episode = lives.seed[b], lives.episode[b]
    light = 0.6 + 0.5 * uniform(seed, episode, 0, 0, DRAW_DAYLIGHT)
    is_foggy = uniform(seed, episode, 0, 0, DRAW_FOG) > 0.75
    fog = 0.4 * uniform(seed, episode, 0, 0, DRAW_FOG_DEPTH) if is_foggy else 0.0
    lives.weather[b, DAYLIGHT] = light if rules.daylight < 0.0 else rules.daylight
    lives.weather[b, FOG] = fog if rules.fog < 0.0 else rules.fog
    lives.weather[b, FRICTION] = rules.friction


@njit(cache=True, nogil=True)
def _park(towns: Towns, lives: Lives, b: int, parked: int) -> None:
    """Fills parking places: a keyed partial shuffle, so that each is used once at most."""
    t = lives.town[b]
    lives.parked[b] = -1
    lives.parked_seen[b] = -1000
    places = towns.parking_count[t]
    taken = np.zeros(towns.parking_xyh.shape[1], np.bool_)
    for k in range(min(parked, places)):
        place = integer(places, lives.seed[b], lives.episode[b], 0, k, DRAW_PARKING)
        while taken[place]:
            place = (place + 1) % places
        taken[place] = True
        lives.parked[b, k] = place


@njit(cache=True, nogil=True)
def begin(towns: Towns, lives: Lives, lanes: Array, rules: Rules) -> None:
    """Starts an episode in these lanes; seed and episode are set already."""
    for b in lanes:
        if rules.town >= 0:
            lives.town[b] = rules.town
        else:
            count = towns.lane_count.shape[0]
            lives.town[b] = integer(count, lives.seed[b], lives.episode[b], 0, 0, DRAW_TOWN)
        lives.step[b] = 0
        lives.clock[b] = 0
        lives.flag[b] = 0
        lives.flag[b, STRUCK] = -1
        lives.flag[b, ARRIVED] = -1
        lives.light_set[b] = -1
        lives.static_off[b] = 0
        lives.limit_set[b] = 0.0
        lives.tally[b] = 0.0
        lives.sign_seen[b] = -1000
        lives.seen_limit[b] = 0.0
        _draw_weather(lives, b, rules)
        plan_route(towns, lives, b)
        _park(towns, lives, b, rules.parked)
        spawn_vehicles(towns, lives, b)
        spawn_walkers(towns, lives, b)


@njit(cache=True, nogil=True)
def _judge_end(lives: Lives, b: int, off: float, cause: bool, rules: Rules) -> None:
    """Decides whether and why the episode ends."""
    flag = lives.flag
    if lives.ego[b, SPEED] < 0.1 and not cause:
        flag[b, STANDING] += 1
    else:
        flag[b, STANDING] = 0
    limit = lives.route[b, ROUTE_LENGTH] / PACE_MIN + GRACE
    if flag[b, COLLIDED] > 0 and rules.end_on_collision:
        flag[b, END] = END_COLLISION
    elif lives.route[b, ROUTE_DONE] >= lives.route[b, ROUTE_GOAL]:
        flag[b, END] = END_DONE
    elif off > OFF_ROUTE:
        flag[b, END] = END_OFF_ROUTE
    elif lives.clock[b] * 0.1 >= limit:
        flag[b, END] = END_TIME
    elif flag[b, STANDING] >= STANDING_MAX:
        flag[b, END] = END_STANDING


@njit(cache=True, nogil=True)
def live(
    towns: Towns, lives: Lives, survey: Survey, scratch: Scratch, notes: Notes, rules: Rules,
    actions: Array, factors: Array, terms: Array, rewards: Array, ends: Array,
) -> None:  # fmt: skip
    """Lives one decision in every lane.

    Args:
      survey, scratch: working memory of this thread.
      actions: [B, 1] indices or [B, 2] in [-1, 1].
      factors: reward weights [R]; terms [B, R], rewards [B] float64 and ends bool [2, B]
        (terminated, truncated) are filled.
    """
    for b in range(lives.step.shape[0]):
        before = lives.route[b, ROUTE_DONE]
        steering, pedal = controls(actions[b], lives.ego[b, SPEED], rules.is_discrete)
        off = advance(towns, lives, b, survey, steering, pedal)
        look_around(towns, lives, b, survey)
        describe(towns, lives, b, survey, scratch, notes, rules.fields)
        _judge_end(lives, b, off, notes.cause[b], rules)
        gained = lives.route[b, ROUTE_DONE] - before
        rewards[b] = reward(lives, b, notes, gained, factors, terms[b])
        end = lives.flag[b, END]
        ends[0, b] = END_RUNNING < end < END_TIME
        ends[1, b] = end >= END_TIME


@njit(cache=True, nogil=True)
def describe_lanes(
    towns: Towns, lives: Lives, survey: Survey, scratch: Scratch, notes: Notes, rules: Rules,
    lanes: Array,
) -> None:  # fmt: skip
    """Fills the notes of these lanes anew, for lives that have just begun or been restored."""
    for b in lanes:
        look_around(towns, lives, b, survey)
        describe(towns, lives, b, survey, scratch, notes, rules.fields)


@njit(cache=True, nogil=True)
def state_and_command(towns: Towns, lives: Lives, state: Array, command: Array) -> None:
    """Fills the observation's state [B, 4] (m/s, rad/s, rad, m/s2) and one-hot command [B, 4]."""
    for b in range(lives.step.shape[0]):
        t = lives.town[b]
        state[b, 0] = lives.ego[b, SPEED]
        state[b, 1] = lives.ego[b, YAW_RATE]
        state[b, 2] = lives.ego[b, STEERING]
        state[b, 3] = lives.ego[b, ACCELERATION]
        index = lives.flag[b, INDEX]
        lane = lives.route_lane[b, index]
        asked = towns.lane_turn[t, lane]
        rest = towns.lane_length[t, lane] - lives.route[b, ROUTE_S]
        if asked == 0 and rest < COMMAND_REACH and lives.route_lane[b, index + 1] >= 0:
            asked = towns.lane_turn[t, lives.route_lane[b, index + 1]]
        for k in range(4):
            command[b, k] = 1.0 if k == asked else 0.0
