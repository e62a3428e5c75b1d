"""The robot that ships: what its card says is about so, on fewer homes."""

from __future__ import annotations

import pytest

from mindloop.agent.config import LoopConfig
from mindloop.agent.loop import Life, episodes
from mindloop.agent.store import load_mind, read_card
from mindloop.agent.world import make_world

HOMES = 48
LEAST = {"PointGoal": 85.0, "GoTo": 60.0, "Open": 75.0}  # success [%]; the card has more


@pytest.mark.slow
@pytest.mark.parametrize("level", LEAST)
def test_it_does_what_it_is_told(level: str) -> None:
    world = make_world("mindloop/Robot-v0", HOMES, {"preset": level, "split": "test"})
    life = Life(world, LoopConfig(seed=500_000), load_mind("robot", world.spec))
    life.reset()
    ended = [one for tick in episodes(life, HOMES) for one in tick.episodes]
    world.close()
    success = sum(one.score["success"] for one in ended) / HOMES
    assert success >= LEAST[level]
    told = read_card("robot")["scores"][level]["scores"]["success"]
    assert abs(success - told["mean"]) < 20.0


def test_it_knows_what_it_senses() -> None:
    mind = load_mind("robot")
    assert {part.name for part in mind.spec.parts} == {
        "camera", "lidar", "map", "mission", "state",
    }  # fmt: skip
    assert mind.spec.vectors["state"] and len(mind.spec.actions.names) == 8
