"""Traffic lights: two groups of arms take turns in a cycle that each junction starts elsewhere."""

from __future__ import annotations

from numba import njit

from ..rng import uniform
from .lives import DT, Life

GREEN, YELLOW, ALL_RED = 12.0, 3.0, 2.0  # [s] phases of a light
HALF_CYCLE = GREEN + YELLOW + ALL_RED
RED_LIGHT, YELLOW_LIGHT, GREEN_LIGHT = 0, 1, 2

DRAW_LIGHT = 0  # purpose of a keyed draw


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
