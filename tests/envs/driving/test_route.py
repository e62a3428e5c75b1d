"""Routes: as long and varied as promised, told by the navigator, one town after another."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.lives import (
    COUNT,
    INDEX,
    ROUTE_DONE,
    ROUTE_GOAL,
    ROUTE_LATERAL,
    ROUTE_LENGTH,
    ROUTE_S,
    ROUTE_START,
    X,
    Y,
)
from mindloop.envs.driving.params import Command, Control
from mindloop.envs.driving.road import lane_pose, load_pool
from tests.envs.driving.situations import clear, life_of, put_ego, town_of

TOWNS = 512


@pytest.fixture(scope="module")
def begun() -> DrivingVectorEnv:
    """A life in each test town."""
    env = DrivingVectorEnv(TOWNS, split="test", camera=False)
    env.reset(seed=0)
    return env


def routes(env: DrivingVectorEnv) -> list[tuple[Any, Any, list[int]]]:
    """Returns life, town and lanes of each route."""
    out = []
    for life in env.driving.state:
        town = env.driving.pool[life["town"]]
        out.append((life, town, life["route_lane"][: life["flag"][COUNT]].tolist()))
    return out


def test_routes_are_eight_hundred_metres_and_more(begun: DrivingVectorEnv) -> None:
    route = begun.driving.state["route"]
    assert route[:, ROUTE_LENGTH].min() >= 800.0
    np.testing.assert_array_equal(route[:, ROUTE_LENGTH], route[:, ROUTE_GOAL])
    assert np.median(route[:, ROUTE_LENGTH]) < 1200.0  # and not longer than they need be
    assert (route[:, ROUTE_DONE] == 0.0).all()


def test_routes_have_four_junctions_a_light_and_a_stop_sign(begun: DrivingVectorEnv) -> None:
    for _, town, lanes in routes(begun):
        junctions = [town["lane_junction"][lane] for lane in lanes if town["lane_slot"][lane] >= 0]
        controls = {int(town["junction_control"][junction]) for junction in junctions}
        assert len(junctions) >= 4
        assert controls >= {Control.LIGHTS, Control.STOP}


def test_lanes_of_a_route_follow_one_another(begun: DrivingVectorEnv) -> None:
    for life, town, lanes in routes(begun):
        assert town["lane_slot"][lanes[0]] < 0 and town["lane_slot"][lanes[-1]] < 0
        for i, (lane, after) in enumerate(pairwise(lanes)):
            assert after in town["lane_next"][lane]
            gone = life["route_at"][i + 1] - life["route_at"][i]
            assert gone == pytest.approx(town["lane_length"][lane], abs=1e-3)
        assert (life["route_lane"][len(lanes) :] == -1).all()


def test_a_route_begins_where_the_ego_stands_and_ends_on_its_last_lane(
    begun: DrivingVectorEnv,
) -> None:
    for life, town, lanes in routes(begun):
        start = float(life["route"][ROUTE_START])
        x, y, heading, _ = lane_pose(town, lanes[0], start)
        np.testing.assert_allclose(life["ego"][:3], [x, y, heading], atol=1e-3)
        assert life["route_at"][0] == pytest.approx(-start)
        rest = life["route"][ROUTE_GOAL] - life["route_at"][len(lanes) - 1]
        assert 0.0 < rest < town["lane_length"][lanes[-1]]


def test_routes_turn_every_way(begun: DrivingVectorEnv) -> None:
    turns = [
        int(town["lane_turn"][lane]) for _, town, lanes in routes(begun) for lane in lanes[1::2]
    ]
    shares = np.bincount(turns, minlength=4) / len(turns)
    assert shares[Command.FOLLOW] == 0.0
    assert shares[1:].min() > 0.2


# ------------------------------------------------------------------ the navigator


def test_the_command_is_told_forty_five_metres_before_a_junction() -> None:
    env = DrivingEnv(split="test", camera=False)
    seen = set()
    for seed in range(12):
        env.reset(seed=seed)
        clear(env)
        lanes = life_of(env)["route_lane"].tolist()
        for index in range(0, 6, 2):
            length = float(town_of(env)["lane_length"][lanes[index]])
            turn = int(town_of(env)["lane_turn"][lanes[index + 1]])
            for rest, command in ((46.0, Command.FOLLOW), (44.0, turn), (1.0, turn)):
                if rest < length:
                    put_ego(env, length - rest, index=index)
                    told = env.view("true").command[0]
                    assert told.tolist() == [float(k == command) for k in range(4)]
                    seen.add(int(command))
            put_ego(env, 5.0, index=index + 1)  # within the junction
            assert env.view("true").command[0].argmax() == turn
    assert seen == {0, 1, 2, 3}


def test_the_command_is_told_in_the_observation() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=4)
    expert, commands = env.expert("true"), []
    for _ in range(250):
        observation, _, terminated, truncated, _ = env.step(expert.act())
        assert observation["command"].sum() == 1.0
        commands.append(int(observation["command"].argmax()))
        assert not (terminated or truncated)
    changes = [b for a, b in pairwise([int(Command.FOLLOW), *commands]) if a != b]
    life, town = life_of(env), town_of(env)
    passed = int(life["flag"][INDEX])
    assert passed >= 2
    turns = [int(town["lane_turn"][lane]) for lane in life["route_lane"][1 : passed + 1 : 2]]
    told = [command for command in changes if command != Command.FOLLOW]
    assert told[: len(turns)] == turns


# ------------------------------------------------------------------ where the ego is on it


def test_progress_counts_metres_of_the_route_and_never_falls() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=6)
    clear(env)
    life, expert = life_of(env), env.expert("true")
    before, distance = 0.0, 0.0
    for _ in range(300):
        position = life["ego"][[X, Y]].astype(np.float64)
        env.step(expert.act())
        distance += float(np.hypot(*(life["ego"][[X, Y]] - position)))
        done = float(life["route"][ROUTE_DONE])
        assert done >= before
        before = done
    assert life["flag"][INDEX] >= 2  # through a junction
    assert before == pytest.approx(distance, rel=0.03)
    assert before > 150.0


def test_the_ego_is_projected_onto_its_lane() -> None:
    env = DrivingEnv(split="test", camera=False)
    rng = np.random.default_rng(5)
    for seed in range(30):
        env.reset(seed=seed)
        clear(env)
        index = int(rng.integers(5))
        lane = int(life_of(env)["route_lane"][index])
        s = float(rng.uniform(6.0, town_of(env)["lane_length"][lane] - 8.0))
        lateral = float(rng.uniform(-1.5, 1.5))
        put_ego(env, s, lateral, index=index)
        saved = env.snapshot()
        saved["route"][0, ROUTE_S] += rng.uniform(-3.0, 3.0)  # it has yet to find out
        env.restore(saved)
        env.step(9)
        assert life_of(env)["flag"][INDEX] == index
        assert life_of(env)["route"][ROUTE_S] == pytest.approx(s, abs=0.05)
        assert life_of(env)["route"][ROUTE_LATERAL] == pytest.approx(lateral, abs=0.02)


# ------------------------------------------------------------------ which town


def test_seeds_in_a_row_visit_every_town_once(begun: DrivingVectorEnv) -> None:
    assert sorted(begun.driving.state["town"].tolist()) == list(range(TOWNS))


def test_episodes_of_a_life_visit_different_towns() -> None:
    env = DrivingEnv(split="test", camera=False)
    towns = [env.reset(seed=3)[1]["town"]] + [env.reset()[1]["town"] for _ in range(20)]
    assert len(set(towns)) > 17


@pytest.mark.parametrize("split", ["train", "test"])
def test_splits_keep_to_their_towns(split: str) -> None:
    first = {"train": 0, "test": 512}[split]
    env = DrivingVectorEnv(64, split=split, camera=False)
    for seed in (0, 1000, None):
        towns = env.reset(seed=seed)[1]["town"]
        assert towns.min() >= first and towns.max() < first + 512


def test_no_town_is_in_both_splits() -> None:
    train, test = (
        {town.tobytes() for town in load_pool(split)["cell_tile"]} for split in ("train", "test")
    )
    assert len(train) == len(test) == TOWNS  # all different
    assert train.isdisjoint(test)


def test_a_town_can_be_asked_for() -> None:
    env = DrivingEnv(split="test", camera=False)
    for town in (512, 700, 1023):
        assert env.reset(seed=1, options={"town": town})[1]["town"] == town
        assert life_of(env)["town"] == town - 512
        assert env.reset(options={"town": town})[1]["town"] == town
    env.reset(seed=1, options={"town": 700})
    one = life_of(env)["route_lane"].copy()
    env.reset(seed=2, options={"town": 700})
    assert not np.array_equal(one, life_of(env)["route_lane"])  # another route of the same town


def test_towns_of_another_split_and_no_towns_are_refused() -> None:
    env = DrivingEnv(split="test", camera=False)
    with pytest.raises(ValueError, match=r"`town` must lie within 512 and 1023.*'test'.*got 3"):
        env.reset(options={"town": 3})
    with pytest.raises(TypeError, match="`town` must be a whole number; got 'Rome'"):
        env.reset(options={"town": "Rome"})
