"""Ways about a home: the shortest, and filled only as far as anybody can tell."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from mindloop.envs.robot.env import RobotVectorEnv
from mindloop.envs.robot.facts import FURTHER
from mindloop.envs.robot.house import build, wide_floor
from mindloop.envs.robot.params import GRID
from mindloop.envs.robot.ways import (
    DIAGONAL,
    SIDE,
    UNREACHED,
    descend,
    make_queue,
    spread,
    spread_to,
)


def slow(way: np.ndarray, start: tuple[int, int]) -> dict[tuple[int, int], int]:
    """Dijkstra, plainly."""
    found, heap = {start: 0}, [(0, start)]
    while heap:
        away, (x, y) = heapq.heappop(heap)
        if away > found[x, y]:
            continue
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                u, v = x + dx, y + dy
                is_corner = dx != 0 and dy != 0
                if (dx, dy) == (0, 0) or not way[u, v]:
                    continue
                if is_corner and not (way[x, v] and way[u, y]):
                    continue
                further = away + (DIAGONAL if is_corner else SIDE)
                if further < found.get((u, v), UNREACHED):
                    found[u, v] = further
                    heapq.heappush(heap, (further, (u, v)))
    return found


@pytest.mark.parametrize("number", [3, 8, 21])
def test_distances_are_those_of_a_plain_search_and_lead_home(number: int) -> None:
    way = wide_floor(build(number).cells).astype(np.uint8)
    places = np.argwhere(way)
    start = tuple(int(k) for k in places[len(places) // 3])
    field = np.full((GRID, GRID), UNREACHED, np.uint16)
    field[start] = 0
    spread(way, field, make_queue())
    plain = slow(way, (start[0], start[1]))
    assert {(int(x), int(y)): int(field[x, y]) for x, y in places} == plain
    assert (field[way == 0] == UNREACHED).all()
    x, y = (int(k) for k in places[-1])
    steps = 0
    while field[x, y] > 0:
        u, v = descend(field, x, y)
        assert field[u, v] < field[x, y] and way[u, v]
        x, y, steps = u, v, steps + 1
    assert (x, y) == start and steps > 5


@pytest.mark.parametrize("further", [0, 30])
def test_a_part_of_a_field_is_right_as_far_as_it_says(further: int) -> None:
    way = wide_floor(build(21).cells).astype(np.uint8)
    places, queue = np.argwhere(way), make_queue()
    whole, part = (np.full((GRID, GRID), UNREACHED, np.uint16) for _ in range(2))
    for field in (whole, part):
        field[tuple(places[0])] = 0
    spread(way, whole, queue)
    here = tuple(places[len(places) // 3])
    filled = spread_to(way, part, queue, here[0] * GRID + here[1], further)
    assert filled == whole[here] + further
    np.testing.assert_array_equal(part <= filled, whole <= filled)
    np.testing.assert_array_equal(part[part <= filled], whole[part <= filled])
    assert (part <= filled).sum() < 0.9 * len(places)


@pytest.mark.parametrize("further", [0, FURTHER])
@pytest.mark.parametrize("preset", ["PutNext", "Social"])
def test_what_is_told_of_a_way_is_that_of_the_whole_field(preset: str, further: int) -> None:
    lanes = 8
    part, whole = (
        RobotVectorEnv(lanes, preset=preset, split="test", camera=False) for _ in range(2)
    )
    part.robot.plan.further[:], whole.robot.plan.further[:] = further, UNREACHED
    rng, partial = np.random.default_rng(0), 0
    for env in (part, whole):
        env.reset(seed=3)
    expert = part.expert("true")
    for tick in range(400):
        actions = np.asarray(expert.act()).copy()
        strays = (tick // 40 % 2 == 1) & (rng.random(lanes) < 0.8)
        actions[strays] = rng.integers(0, 3, int(strays.sum()))  # off the way, and far
        found = [env.step(actions) for env in (part, whole)]
        np.testing.assert_array_equal(found[0][1], found[1][1])
        for name in ("facts", "path"):
            np.testing.assert_array_equal(found[0][4][name], found[1][4][name], err_msg=name)
        partial += int((part.robot.plan.filled < UNREACHED).sum())
    assert partial > 100 * lanes, "most fields are filled in part"
