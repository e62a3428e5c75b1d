"""The batched kernels: begin episodes, and live one decision in every lane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ..rng import integer, uniform
from .actions import controls
from .facts import describe
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
    SPARE,
    SPEED,
    STANDING,
    STEERING,
    STRUCK,
    YAW_RATE,
    Array,
    End,
    Life,
    Lives,
)
from .notes import LANE_OFFSET, Notes, Scratch
from .reward import reward
from .road import Pool, Town
from .route import plan_route
from .survey import Surveys, look_around
from .traffic import spawn_vehicles
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
    darting: float
    stalling: float
    town: int  # row in the pool, < 0: drawn
    counts: tuple[int, int, int]  # vehicles, parked cars, walkers


@njit(cache=True, nogil=True)
def _draw_weather(life: Life, rules: Rules) -> None:
    """Sets daylight, fog and friction of an episode."""
    seed, episode = life.seed, life.episode
    light = 0.6 + 0.5 * uniform(seed, episode, 0, 0, DRAW_DAYLIGHT)
    is_foggy = uniform(seed, episode, 0, 0, DRAW_FOG) > 0.75
    fog = 0.4 * uniform(seed, episode, 0, 0, DRAW_FOG_DEPTH) if is_foggy else 0.0
    life.weather[DAYLIGHT] = light if rules.daylight < 0.0 else rules.daylight
    life.weather[FOG] = fog if rules.fog < 0.0 else rules.fog
    life.weather[FRICTION] = rules.friction


@njit(cache=True, nogil=True)
def _park(town: Town, life: Life) -> None:
    """Fills parking places: a keyed partial shuffle, so that each is used once at most."""
    life.parked[:] = -1
    life.parked_seen[:] = -1000
    places = town.parking_count
    taken = np.zeros(town.parking_xyh.shape[0], np.bool_)
    for k in range(min(life.parked_cars, places)):
        place = integer(places, life.seed, life.episode, 0, k, DRAW_PARKING)
        while taken[place]:
            place = (place + 1) % places
        taken[place] = True
        life.parked[k] = place


@njit(cache=True, nogil=True)
def begin(pool: Pool, lives: Lives, lanes: Array, rules: Rules) -> None:
    """Starts an episode in these lanes; seed and episode are set already."""
    for b in lanes:
        life = lives[b]
        if rules.town >= 0:
            life.town = rules.town
        elif life.episode == 0:
            life.town = life.seed % pool.shape[0]  # seeds in a row see every town once
        else:
            life.town = integer(pool.shape[0], life.seed, life.episode, 0, 0, DRAW_TOWN)
        town = pool[life.town]
        life.step = 0
        life.clock = 0
        life.vehicles = rules.counts[0] + SPARE
        life.parked_cars = rules.counts[1]
        life.walkers = rules.counts[2] + SPARE
        life.flag[:] = 0
        life.flag[STRUCK] = -1
        life.flag[ARRIVED] = -1
        life.light_set[:] = -1
        life.static_off[:] = 0
        life.limit_set[:] = 0.0
        life.tally[:] = 0.0
        life.darting = rules.darting
        life.stalling = rules.stalling
        life.stalled = 0
        life.sign_seen = -1000
        life.seen_limit = 0.0
        _draw_weather(life, rules)
        plan_route(town, life)
        _park(town, life)
        spawn_vehicles(town, life)
        spawn_walkers(town, life)


@njit(cache=True, nogil=True)
def _judge_end(life: Life, off: float, cause: bool, rules: Rules) -> None:
    """Decides whether and why the episode ends."""
    flag = life.flag
    if life.ego[SPEED] < 0.1 and not cause:
        flag[STANDING] += 1
    else:
        flag[STANDING] = 0
    limit = life.route[ROUTE_LENGTH] / PACE_MIN + GRACE
    if flag[COLLIDED] > 0 and rules.end_on_collision:
        flag[END] = END_COLLISION
    elif life.route[ROUTE_DONE] >= life.route[ROUTE_GOAL]:
        flag[END] = END_DONE
    elif off > OFF_ROUTE:
        flag[END] = END_OFF_ROUTE
    elif life.clock * 0.1 >= limit:
        flag[END] = END_TIME
    elif flag[STANDING] >= STANDING_MAX:
        flag[END] = END_STANDING


@njit(cache=True, nogil=True)
def live(
    pool: Pool, lives: Lives, surveys: Surveys, scratch: Scratch, notes: Notes, rules: Rules,
    actions: Array, factors: Array, terms: Array, rewards: Array, ends: Array,
) -> None:  # fmt: skip
    """Lives one decision in every lane.

    Args:
      surveys, scratch: working memory of this thread.
      actions: [B, 1] indices or [B, 2] in [-1, 1].
      factors: reward weights [R]; terms [B, R], rewards [B] float64 and ends bool [2, B]
        (terminated, truncated) are filled.
    """
    survey = surveys[0]
    for b in range(lives.shape[0]):
        life = lives[b]
        town = pool[life.town]
        before = life.route[ROUTE_DONE]
        steering, pedal = controls(actions[b], life.ego[SPEED], rules.is_discrete)
        off = advance(town, life, survey, steering, pedal)
        look_around(town, life, survey)
        describe(town, life, survey, scratch, notes, b, rules.fields)
        _judge_end(life, off, notes.cause[b], rules)
        gained = life.route[ROUTE_DONE] - before
        rewards[b] = reward(life, notes.facts[b, LANE_OFFSET], gained, factors, terms[b])
        end = life.flag[END]
        ends[0, b] = END_RUNNING < end < END_TIME
        ends[1, b] = end >= END_TIME


@njit(cache=True, nogil=True)
def describe_lanes(
    pool: Pool, lives: Lives, surveys: Surveys, scratch: Scratch, notes: Notes, rules: Rules,
    lanes: Array,
) -> None:  # fmt: skip
    """Fills the notes of these lanes anew, for lives that have just begun or been restored."""
    survey = surveys[0]
    for b in lanes:
        life = lives[b]
        town = pool[life.town]
        look_around(town, life, survey)
        describe(town, life, survey, scratch, notes, b, rules.fields)


@njit(cache=True, nogil=True)
def state_and_command(pool: Pool, lives: Lives, state: Array, command: Array) -> None:
    """Fills the observation's state [B, 4] (m/s, rad/s, rad, m/s2) and one-hot command [B, 4]."""
    for b in range(lives.shape[0]):
        life = lives[b]
        town = pool[life.town]
        state[b, 0] = life.ego[SPEED]
        state[b, 1] = life.ego[YAW_RATE]
        state[b, 2] = life.ego[STEERING]
        state[b, 3] = life.ego[ACCELERATION]
        index = life.flag[INDEX]
        lane = life.route_lane[index]
        asked = town.lane_turn[lane]
        rest = town.lane_length[lane] - life.route[ROUTE_S]
        if asked == 0 and rest < COMMAND_REACH and life.route_lane[index + 1] >= 0:
            asked = town.lane_turn[life.route_lane[index + 1]]
        for k in range(4):
            command[b, k] = 1.0 if k == asked else 0.0
