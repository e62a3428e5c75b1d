"""Homes: every room can be reached, and splits share none."""

from __future__ import annotations

import numpy as np
import pytest

from mindloop.envs.robot.homes import load_homes, make_homes
from mindloop.envs.robot.house import build, flood, wide_floor
from mindloop.envs.robot.params import DOOR_WIDTH, MAX_ROOMS, Cell

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
