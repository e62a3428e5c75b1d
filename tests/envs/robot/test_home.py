"""Homes: every room can be reached, splits share none, and ways through them are the shortest."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from mindloop.envs.robot.homes import load_homes, make_homes
from mindloop.envs.robot.house import build, flood, wide_floor
from mindloop.envs.robot.params import DOOR_WIDTH, GRID, MAX_ROOMS, Cell
from mindloop.envs.robot.ways import DIAGONAL, SIDE, UNREACHED, descend, make_queue, spread

NUMBERS = range(0, 44, 2)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_wide_place_can_be_reached_from_every_other(number: int) -> None:
    home = build(number)
    wide = wide_floor(home.cells)
    assert (flood(wide, tuple(np.argwhere(wide)[0])) == wide).all()
    for k in range(len(home.rects)):
        assert (wide & (home.room_of == k + 1)).any(), "a robot can stand in every room"
    for door in home.doorways:
        x0, y0, x1, y1 = door.rect
        assert sorted((x1 - x0, y1 - y0)) == [1, DOOR_WIDTH]
        assert (home.cells[x0:x1, y0:y1] == Cell.DOORWAY).all()
    border = np.concatenate([home.cells[0], home.cells[-1], home.cells[:, 0], home.cells[:, -1]])
    assert (border == Cell.WALL).all()


def test_homes_differ_and_have_two_to_twelve_rooms() -> None:
    homes = {split: load_homes(split) for split in ("train", "test")}
    rooms = homes["train"]["rooms"]
    assert rooms.min() == 2 and rooms.max() == MAX_ROOMS
    assert all((rooms == n).sum() >= 10 for n in range(2, MAX_ROOMS + 1))
    seen = {home["cells"].tobytes() for pool in homes.values() for home in pool}
    assert len(seen) == 1024
    again = make_homes(range(512, 514))
    assert again.tobytes() == homes["test"][:2].tobytes()


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
