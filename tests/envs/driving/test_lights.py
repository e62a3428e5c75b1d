"""The cycle of traffic lights by hand: 12 s green, 3 s yellow, 2 s all red, in turns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs.driving import DrivingEnv
from mindloop.envs.driving.lights import (
    GREEN_LIGHT,
    RED_LIGHT,
    YELLOW_LIGHT,
    cycle_time,
    light_state,
)
from tests.envs.driving.situations import life_of, town_of

PERIOD = 340  # substeps: 34 s
States = NDArray[np.int64]


@pytest.fixture(scope="module")
def env() -> DrivingEnv:
    """Any town."""
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=0)
    return env


@pytest.fixture(scope="module")
def states(env: DrivingEnv) -> States:
    """What the groups of junctions 0 to 2 show over three cycles, [3, 2, substeps]."""
    env.reset(seed=0)
    life = life_of(env)
    shown = np.zeros((3, 2, 3 * PERIOD), np.int64)
    for clock in range(shown.shape[2]):
        life["clock"] = clock
        for junction in range(3):
            for group in range(2):
                shown[junction, group, clock] = light_state(life, junction, group)
    return shown


def runs(row: States) -> list[tuple[int, int]]:
    """Returns (state, substeps) of each phase; the first and the last are cut off."""
    edges = np.flatnonzero(np.diff(row)) + 1
    return [(int(row[a]), int(b - a)) for a, b in pairwise(edges)]


def test_phases_last_as_long_as_they_should(states: States) -> None:
    lengths = {GREEN_LIGHT: 120, YELLOW_LIGHT: 30, RED_LIGHT: 190}
    for row in states.reshape(-1, 3 * PERIOD):
        found = runs(row)
        assert len(found) >= 6
        for state, length in found:
            assert abs(length - lengths[state]) <= 1  # a phase may begin between two substeps


def test_green_turns_yellow_turns_red_turns_green(states: States) -> None:
    after = {GREEN_LIGHT: YELLOW_LIGHT, YELLOW_LIGHT: RED_LIGHT, RED_LIGHT: GREEN_LIGHT}
    for row in states.reshape(-1, 3 * PERIOD):
        order = [state for state, _ in runs(row)]
        assert [after[state] for state in order[:-1]] == order[1:]


def test_one_group_at_least_has_red_and_both_have_it_for_two_seconds(states: States) -> None:
    red = states == RED_LIGHT
    assert red.any(axis=1).all()
    for both in red.all(axis=1):
        lengths = [length for all_red, length in runs(both.astype(np.int64)) if all_red]
        assert len(lengths) >= 4
        assert all(abs(length - 20) <= 1 for length in lengths)


def test_groups_take_turns(states: States) -> None:
    for junction in states:
        np.testing.assert_array_equal(junction[0, : -PERIOD // 2], junction[1, PERIOD // 2 :])
        assert (junction[:, :PERIOD] == GREEN_LIGHT).any(axis=1).all()


def test_each_junction_and_each_life_begins_elsewhere_in_the_cycle(env: DrivingEnv) -> None:
    begins = set()
    for seed in range(4):
        env.reset(seed=seed)
        for junction in range(8):
            begins.add(round(float(cycle_time(life_of(env), junction)), 6))
    assert len(begins) == 32
    assert min(begins) < 8.0 and max(begins) > 26.0
    assert min(begins) >= 0.0 and max(begins) < 34.0


def test_a_light_that_is_set_stays_so_until_its_cycle_is_given_back(env: DrivingEnv) -> None:
    env.reset(seed=0)
    life = life_of(env)
    junction = int(np.flatnonzero(town_of(env)["junction_control"] == 1)[0])
    before = [light_state(life, junction, group) for group in range(2)]
    for name, state in (("red", RED_LIGHT), ("yellow", YELLOW_LIGHT), ("green", GREEN_LIGHT)):
        env.intervene(0, {"op": "light", "junction": junction, "state": name})
        assert [light_state(life, junction, group) for group in range(2)] == [state, state]
    env.intervene(0, {"op": "light", "junction": junction, "state": "cycle"})
    assert [light_state(life, junction, group) for group in range(2)] == before
