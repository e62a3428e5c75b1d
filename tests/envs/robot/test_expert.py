"""The scripted experts: what they fulfil at each level, and that every mission can be fulfilled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mindloop.envs.robot.env import RobotVectorEnv
from mindloop.envs.robot.house import flood
from mindloop.envs.robot.kernel import RADIUS, thing_at, touches_cells
from mindloop.envs.robot.levels import LEVELS
from mindloop.envs.robot.lives import (
    D_COLOUR,
    D_STATE,
    T_COLOUR,
    T_KIND,
    T_STATE,
    VERB,
    DoorState,
    ThingState,
    X,
    Y,
)
from mindloop.envs.robot.params import CELL, PARTS, Kind, Verb

COUNT = 96
LEAST = {"true": 1.0, "visible": 0.98}
LEAST_SOCIAL = {"true": 0.98, "visible": 0.95}
REACHED = 0.6  # [m] from a thing's middle to where one can stand


@pytest.mark.slow
@pytest.mark.parametrize("view", ["true", "visible"])
@pytest.mark.parametrize("preset", LEVELS)
def test_an_expert_fulfils_nearly_all(preset: str, view: str) -> None:
    env = RobotVectorEnv(COUNT, copy=False, camera=False, preset=preset, split="test")
    env.reset(seed=0)
    expert = env.expert(view)
    ended: dict[int, bool] = {}
    pushed = 0.0
    while len(ended) < COUNT:
        *_, infos = env.step(expert.act())
        for lane in np.flatnonzero(infos.get("_final_info", np.zeros(COUNT, bool))):
            final = infos["final_info"][lane]
            if int(lane) not in ended:
                ended[int(lane)] = final["is_success"]
                pushed += final["score"]["person_collisions"]
    least = (LEAST_SOCIAL if preset == "Social" else LEAST)[view]
    assert np.mean(list(ended.values())) >= least, [k for k, done in ended.items() if not done]
    assert pushed == 0, "it never runs into anybody"


def reached(house: Any, life: Any) -> np.ndarray[Any, Any]:
    """Returns bool [GRID, GRID]: where the robot can get to, with the keys that it can get to."""
    colours: set[int] = set()
    while True:
        way = house["wide"].astype(bool)
        for d in range(house["doors"]):
            state, colour = life["door"][d, D_STATE], life["door"][d, D_COLOUR]
            if state == DoorState.LOCKED and colour not in colours:
                x0, y0, x1, y1 = house["door_rect"][d]
                way[x0 - 1 : x1 + 1, y0 - 1 : y1 + 1] = False
        found = flood(way, (int(life["body"][X] / CELL), int(life["body"][Y] / CELL)))
        keys = {
            int(life["thing_flag"][k, T_COLOUR])
            for k in range(life["things"])
            if life["thing_flag"][k, T_KIND] == Kind.KEY and is_reached(life, k, found)
        }
        if keys <= colours:
            return found
        colours |= keys


def is_reached(life: Any, k: int, found: np.ndarray[Any, Any]) -> bool:
    """Returns whether thing k lies on the floor, near to where one can stand."""
    if life["thing_flag"][k, T_STATE] != ThingState.ON_FLOOR:
        return False
    places = (np.argwhere(found) + 0.5) * CELL
    return bool((np.hypot(*(places - life["thing"][k]).T) < REACHED).any())


@pytest.mark.parametrize("preset", LEVELS)
def test_every_mission_can_be_fulfilled(preset: str) -> None:
    for split in ("train", "test"):
        env = RobotVectorEnv(128, camera=False, preset=preset, split=split)
        env.reset(seed=1000)
        for life in env.robot.state:
            house = env.robot.pool[life["home"]]
            x, y = float(life["body"][X]), float(life["body"][Y])
            assert not touches_cells(life["cells"], x, y, RADIUS)
            assert thing_at(life, x, y, RADIUS, -1) < 0
            assert life["part"][0, VERB] != 0, "there is a mission"
            found = reached(house, life)
            for p in range(PARTS):
                verb = life["part"][p, VERB]
                things, doors = life["part_things"][p], life["part_doors"][p]
                if verb == Verb.GO_TO_POINT:
                    assert found[int(life["goal"][0] / CELL), int(life["goal"][1] / CELL)]
                elif doors:
                    rects = [house["door_rect"][d] for d in range(house["doors"]) if doors >> d & 1]
                    assert any(found[x0 - 3 : x1 + 3, y0 - 1 : y1 + 1].any()
                               or found[x0 - 1 : x1 + 1, y0 - 3 : y1 + 3].any()
                               for x0, y0, x1, y1 in np.maximum(rects, 3))  # fmt: skip
                elif verb:
                    named = [[k for k in range(life["things"]) if bits >> k & 1] for bits in things]
                    assert any(is_reached(life, k, found) for k in named[0]), life["seed"]
                    if verb == Verb.PUT_NEXT:
                        assert any(is_reached(life, k, found) for k in named[1]), life["seed"]
                        assert len({*named[0], *named[1]}) > 1
