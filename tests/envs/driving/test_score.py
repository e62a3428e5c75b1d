"""Scores and rewards by hand: driving scores, figures per km, reward terms, what a crash costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.lives import (
    COUNT,
    END,
    ROUTE_DONE,
    ROUTE_GOAL,
    ROUTE_LENGTH,
    T_COMFORT,
    T_DECISIONS,
    T_DISTANCE,
    T_OUTSIDE,
    T_PEDESTRIAN,
    T_RED,
    T_RETURN,
    T_SPEEDING,
    T_STATIC,
    T_STOP,
    T_VEHICLE,
    V_MODE,
    W_MODE,
    End,
    Lives,
    Mode,
    life_dtype,
)
from mindloop.envs.driving.params import Control
from mindloop.envs.driving.reward import TERMS, WEIGHTS
from mindloop.envs.driving.score import end_name, score
from tests.envs.driving.situations import (
    ACCELERATE,
    BRAKE,
    BRAKE_HARD,
    KEEP,
    ahead_of,
    clear,
    life_of,
    put_ego,
    straight_start,
    town_of,
)


def lived(done: float, end: int, **tally: float) -> Lives:
    """Returns a life with a route of 1 km, so much of it done, and a tally by column name."""
    lives = np.zeros(1, life_dtype())
    lives["route"][0, ROUTE_LENGTH] = 1000.0
    lives["route"][0, ROUTE_DONE] = done
    lives["flag"][0, END] = end
    columns = {
        "distance": T_DISTANCE, "outside": T_OUTSIDE, "pedestrian": T_PEDESTRIAN,
        "vehicle": T_VEHICLE, "static": T_STATIC, "red": T_RED, "stop": T_STOP,
        "comfort": T_COMFORT, "decisions": T_DECISIONS, "reward": T_RETURN,
        "speeding": T_SPEEDING,
    }  # fmt: skip
    for name, value in tally.items():
        lives["tally"][0, columns[name]] = value
    return lives


# ------------------------------------------------------------------ scores


@pytest.mark.parametrize(
    ("tally", "two_0", "two_1"),
    [
        ({}, 1.0, 1.0),
        ({"pedestrian": 1.0}, 0.5, 1.0 / 2.0),
        ({"vehicle": 1.0}, 0.6, 1.0 / 1.7),
        ({"static": 1.0}, 0.65, 1.0 / 1.6),
        ({"red": 1.0}, 0.7, 1.0 / 1.4),
        ({"stop": 1.0}, 0.8, 1.0 / 1.25),
        ({"red": 2.0}, 0.49, 1.0 / 1.8),
        ({"pedestrian": 1.0, "vehicle": 2.0, "stop": 3.0}, 0.5 * 0.36 * 0.512, 1.0 / 4.15),
        ({"outside": 100.0}, 0.9, None),  # a tenth of the route
    ],
)
def test_driving_scores_by_hand(
    tally: dict[str, float], two_0: float, two_1: float | None
) -> None:
    for done in (1000.0, 400.0):
        found = score(lived(done, End.TIME, **tally), 0)
        assert found["route_completion"] == pytest.approx(done / 10.0)
        assert found["driving_score_2_0"] == pytest.approx(done / 10.0 * two_0)
        if two_1 is not None:
            assert found["driving_score_2_1"] == pytest.approx(done / 10.0 * two_1)


def test_the_share_outside_the_lane_is_a_factor_of_both_scores() -> None:
    # CARLA takes what was driven outside off the route that is completed, in 2.0 and 2.1 alike.
    found = score(lived(1000.0, End.TIME, outside=100.0, red=1.0), 0)
    assert found["driving_score_2_0"] == pytest.approx(100.0 * 0.9 * 0.7)
    assert found["driving_score_2_1"] == pytest.approx(100.0 * 0.9 / 1.4)


def test_figures_per_kilometre_by_hand() -> None:
    tally = {"distance": 2500.0, "pedestrian": 1.0, "vehicle": 2.0, "static": 2.0, "red": 5.0}
    found = score(lived(1000.0, End.TIME, **tally), 0)
    assert found["collisions_per_km"] == pytest.approx(2.0)  # five in 2.5 km
    assert found["infractions_per_km"] == pytest.approx(4.0)
    assert found["pedestrian_collisions_per_km"] == pytest.approx(0.4)
    assert found["red_lights_per_km"] == pytest.approx(2.0)
    assert found["stop_signs_per_km"] == 0.0
    assert (found["vehicle_collisions"], found["red_lights"]) == (2.0, 5.0)


def test_means_of_an_episode_by_hand() -> None:
    tally = {
        "distance": 900.0, "decisions": 500.0, "comfort": 450.0, "speeding": 5.0, "outside": 20.0,
        "reward": 12.5,
    }  # fmt: skip
    found = score(lived(900.0, End.TIME, **tally), 0)
    assert found["duration"] == pytest.approx(100.0)
    assert found["mean_speed"] == pytest.approx(9.0)
    assert found["comfort"] == pytest.approx(90.0)
    assert found["speeding"] == pytest.approx(5.0)
    assert found["outside_lane"] == pytest.approx(2.0)
    assert (found["distance"], found["return"]) == (900.0, 12.5)


@pytest.mark.parametrize(
    ("end", "tally", "success"),
    [
        (End.DONE, {}, 1.0),
        (End.DONE, {"outside": 9.0}, 1.0),
        (End.DONE, {"outside": 11.0}, 0.0),
        (End.DONE, {"stop": 1.0}, 0.0),
        (End.DONE, {"red": 1.0}, 0.0),
        (End.DONE, {"static": 1.0}, 0.0),
        (End.DONE, {"pedestrian": 1.0}, 0.0),
        (End.TIME, {}, 0.0),
        (End.RUNNING, {}, 0.0),
    ],
)
def test_success_is_the_route_done_without_an_infraction(
    end: int, tally: dict[str, float], success: float
) -> None:
    assert score(lived(1000.0, end, **tally), 0)["success"] == success


def test_a_route_that_is_done_is_done_wholly() -> None:
    assert score(lived(985.0, End.DONE), 0)["route_completion"] == 100.0
    assert score(lived(985.0, End.TIME), 0)["route_completion"] == pytest.approx(98.5)
    assert score(lived(1020.0, End.TIME), 0)["route_completion"] == 100.0


def test_ends_have_names() -> None:
    names = [end_name(lived(0.0, end), 0) for end in range(6)]
    assert names == ["running", "route_done", "off_route", "collision", "time_limit", "standing"]


# ------------------------------------------------------------------ rewards


def make_road(control: Control, **settings: Any) -> DrivingEnv:
    """Returns an empty straight road of 92 m or more, the ego standing at 20 m."""
    env = DrivingEnv(split="test", camera=False, **settings)
    env.reset(seed=straight_start(control))
    clear(env)
    put_ego(env, 20.0)
    return env


@pytest.fixture
def road() -> DrivingEnv:
    """An empty straight road of 92 m before a light."""
    return make_road(Control.LIGHTS)


def nonzero(info: dict[str, Any]) -> dict[str, float]:
    """Returns the terms that are not zero."""
    return {name: value for name, value in info["reward_terms"].items() if abs(value) > 1e-6}


def length_of(env: DrivingEnv) -> float:
    """Returns the length of the ego's road [m]."""
    return float(town_of(env)["lane_length"][life_of(env)["route_lane"][0]])


def set_light(env: DrivingEnv, state: str) -> None:
    """Sets the light at the end of the ego's road."""
    junction = int(town_of(env)["lane_junction"][life_of(env)["route_lane"][0]])
    env.intervene(0, {"op": "light", "junction": junction, "state": state})


def test_progress_by_hand(road: DrivingEnv) -> None:
    put_ego(road, 20.0, speed=8.0)
    _, reward, _, _, info = road.step(KEEP)
    assert nonzero(info) == pytest.approx({"progress": 0.05 * 1.6}, abs=1e-4)  # 8 m/s for .2 s
    assert reward == info["reward_terms"]["progress"]


def test_speeding_by_hand(road: DrivingEnv) -> None:
    limit = float(life_of(road)["limit"])
    put_ego(road, 20.0, speed=limit + 2.0)
    info = road.step(KEEP)[4]
    assert info["reward_terms"]["speeding"] == pytest.approx(-0.05 * 1.7, abs=1e-4)  # .3 are free
    put_ego(road, 20.0, speed=limit + 0.2)
    assert road.step(KEEP)[4]["reward_terms"]["speeding"] == 0.0


def test_leaving_the_lanes_middle_by_hand(road: DrivingEnv) -> None:
    for lateral, expected in ((0.3, 0.0), (-1.4, -0.05), (2.4, -0.1)):  # .4 m are free
        put_ego(road, 20.0, lateral=lateral)
        assert road.step(KEEP)[4]["reward_terms"]["lane"] == pytest.approx(expected, abs=1e-4)


def test_discomfort_by_hand(road: DrivingEnv) -> None:
    for action, expected in ((KEEP, 0.0), (BRAKE_HARD, -0.02)):
        put_ego(road, 20.0, speed=8.0)
        assert road.step(action)[4]["reward_terms"]["comfort"] == expected


def test_standing_idle_costs_after_a_second(road: DrivingEnv) -> None:
    idle = [road.step(BRAKE)[4]["reward_terms"]["idle"] for _ in range(8)]
    assert idle == [0.0] * 5 + [-0.02] * 3
    put_ego(road, length_of(road) - 5.0)  # at a red light there is cause to stand
    set_light(road, "red")
    assert [road.step(BRAKE)[4]["reward_terms"]["idle"] for _ in range(8)] == [0.0] * 8


def test_a_red_light_that_is_run(road: DrivingEnv) -> None:
    set_light(road, "red")
    put_ego(road, length_of(road) - 3.2, speed=8.0)  # a metre before the line
    info = road.step(KEEP)[4]
    assert info["reward_terms"]["red_light"] == -5.0
    assert info["cost"] == 1.0
    assert road.step(KEEP)[4]["cost"] == 0.0  # once
    assert road.driving.score(0)["red_lights"] == 1.0


@pytest.mark.parametrize("state", ["yellow", "green"])
def test_no_other_light_can_be_run(road: DrivingEnv, state: str) -> None:
    set_light(road, state)
    put_ego(road, length_of(road) - 3.2, speed=8.0)
    assert road.step(KEEP)[4]["cost"] == 0.0


@pytest.mark.parametrize("stands", [False, True])
def test_a_stop_sign_asks_for_standing(stands: bool) -> None:
    env = make_road(Control.STOP)
    put_ego(env, length_of(env) - 5.2)  # 3 m before the line
    if stands:
        env.step(BRAKE)
    else:
        put_ego(env, length_of(env) - 5.2, speed=3.0)
    costs = []
    for _ in range(12):
        info = env.step(ACCELERATE)[4]
        costs.append(info["cost"])
        assert info["reward_terms"]["stop_sign"] == -3.0 * info["cost"]
    assert sum(costs) == (0.0 if stands else 1.0)
    assert env.driving.score(0)["stop_signs"] == sum(costs)


def test_the_end_of_the_route_pays(road: DrivingEnv) -> None:
    life = life_of(road)
    last = int(life["flag"][COUNT]) - 1
    goal = float(life["route"][ROUTE_GOAL] - life["route_at"][last])
    put_ego(road, goal - 1.0, speed=8.0, index=last)
    _, _, terminated, truncated, info = road.step(KEEP)
    assert (terminated, truncated, info["end"]) == (True, False, "route_done")
    assert info["reward_terms"]["finish"] == 10.0
    assert info["is_success"] is True and info["score"]["route_completion"] == 100.0


def drive(reward: dict[str, float] | None) -> list[tuple[float, dict[str, float]]]:
    """Returns rewards and terms of a life that ends against something."""
    env = DrivingEnv(split="test", camera=False, reward=reward)
    env.reset(seed=11)
    expert, out = env.expert("true"), []
    rng = np.random.default_rng(2)
    for step in range(400):
        action = expert.act() if step < 100 else int(rng.integers(20))
        _, paid, terminated, truncated, info = env.step(action)
        out.append((paid, info["reward_terms"]))
        if terminated or truncated:
            break
    return out


def test_a_weight_changes_its_own_term_and_no_other() -> None:
    plain, changed = drive(None), drive({"progress": 0.1})
    assert len(plain) == len(changed) > 100
    for (_, before), (_, after) in zip(plain, changed, strict=True):
        assert set(before) == set(TERMS)
        assert after["progress"] == pytest.approx(2.0 * before["progress"])
        assert {**after, "progress": 0.0} == {**before, "progress": 0.0}
    used = {name for _, terms in plain for name, value in terms.items() if value}
    assert {"progress", "lane", "comfort"} <= used


def test_a_reward_is_the_sum_of_its_terms() -> None:
    for paid, terms in drive(None) + drive({"lane": -1.0, "comfort": 0.5, "collision": 0.0}):
        assert paid == pytest.approx(sum(terms.values()), abs=1e-9)


def test_rewards_are_sums_of_terms_in_a_batch_and_at_its_ends() -> None:
    env = DrivingVectorEnv(8, split="test", camera=False)
    env.reset(seed=0)
    ended = 0
    for _ in range(300):
        _, paid, terminated, truncated, info = env.step(np.full(8, ACCELERATE))
        columns = [info["reward_terms"][name] for name in TERMS]
        np.testing.assert_allclose(paid, np.sum(columns, axis=0), atol=1e-9)
        for lane in np.flatnonzero(terminated | truncated):
            ended += 1
            terms = info["final_info"][lane]["reward_terms"]
            assert paid[lane] == pytest.approx(sum(terms.values()), abs=1e-9)
    assert ended > 4


def test_defaults_are_declared() -> None:
    assert DrivingEnv.metadata["reward_terms"] == list(WEIGHTS) == list(TERMS)


# ------------------------------------------------------------------ collisions


def crash(kind: str, **settings: Any) -> tuple[DrivingEnv, list[dict[str, Any]]]:
    """Drives at 8 m/s into an actor 9 m ahead; returns the world and infos of 20 decisions."""
    env = make_road(Control.LIGHTS, **settings)
    put_ego(env, 20.0, speed=8.0)
    x, y, heading = ahead_of(env, 9.0)
    env.intervene(0, {"op": "place", "kind": kind, "x": x, "y": y, "heading": heading})
    infos = []
    for _ in range(20):
        observation, _, terminated, truncated, info = env.step(KEEP)
        row = life_of(env)
        there = (row["vehicle_flag"][:, V_MODE] == Mode.PLACED).sum()
        there += (row["walker_flag"][:, W_MODE] == Mode.PLACED).sum()
        infos.append(
            {
                **info, "speed": float(observation["state"][0]), "there": int(there),
                "terminated": terminated, "truncated": truncated,
            }
        )  # fmt: skip
        if terminated or truncated:
            break
    return env, infos


@pytest.mark.parametrize(("kind", "column"), [("car", "vehicle"), ("child", "pedestrian")])
def test_a_collision_stops_the_ego_dead_and_the_episode_goes_on(kind: str, column: str) -> None:
    env, infos = crash(kind, end_on_collision=False)
    costs = [info["cost"] for info in infos]
    assert sum(costs) == 1.0  # it counts once
    struck = costs.index(1.0)
    assert infos[struck]["reward_terms"]["collision"] == -10.0
    assert [info["speed"] for info in infos[struck : struck + 10]] == [0.0] * 10  # 2 s
    there = [info["there"] for info in infos]
    gone = there.index(0)
    assert 9 <= gone - struck <= 10  # taken away after 2 s, for good
    assert set(there[:gone]) == {1} and set(there[gone:]) == {0}
    assert not any(info["terminated"] or info["truncated"] for info in infos)
    found = env.driving.score(0)
    assert found[f"{column}_collisions"] == 1.0
    assert found["collisions_per_km"] * found["distance"] == pytest.approx(1000.0)
    env.step(ACCELERATE)
    env.step(ACCELERATE)
    assert life_of(env)["ego"][3] > 0.3  # and it can drive on


def test_a_collision_ends_the_episode_if_asked() -> None:
    env, infos = crash("car")
    assert infos[-1]["terminated"] and not infos[-1]["truncated"]
    assert len(infos) < 20
    assert infos[-1]["end"] == "collision"
    assert infos[-1]["reward_terms"]["collision"] == -10.0
    assert infos[-1]["is_success"] is False
    with pytest.raises(RuntimeError, match="must come after `reset`"):
        env.step(KEEP)


def test_a_barrier_is_struck_beside_its_middle_as_well(road: DrivingEnv) -> None:
    put_ego(road, 20.0, lateral=1.3, speed=6.0)
    lane = int(life_of(road)["route_lane"][0])
    road.intervene(0, {"op": "block", "lane": lane, "s": 30.0})
    for _ in range(10):  # 12 m, if nothing is in the way
        if road.step(KEEP)[2]:
            break
    assert road.driving.finals(0)["end"] == "collision"


@pytest.mark.parametrize(("action", "most"), [(BRAKE, 1.0), (ACCELERATE, 2.0)])
def test_a_crash_into_a_house_is_not_counted_again_and_again(action: int, most: float) -> None:
    counts = []
    for s in range(10, 80, 10):
        env = make_road(Control.LIGHTS, end_on_collision=False)
        put_ego(env, float(s), turned=-np.pi / 2.0, speed=5.0)  # off the road, to the right
        struck = False
        for _ in range(60):
            if env.driving.is_over(0):
                break  # between the houses, too far from the route
            # Pushing on, it rolls up to the wall once more: that may count as a second bump.
            struck |= env.step(action if struck else KEEP)[4]["cost"] > 0.0
        counts.append(env.driving.score(0)["static_collisions"])
    assert max(counts) == most
    assert sum(count >= 1.0 for count in counts) >= 2


def test_driving_off_the_route_ends_the_episode(road: DrivingEnv) -> None:
    put_ego(road, 20.0, lateral=31.0)
    _, _, terminated, _, info = road.step(KEEP)
    assert (terminated, info["end"]) == (True, "off_route")


def test_standing_for_a_minute_without_cause_truncates(road: DrivingEnv) -> None:
    for step in range(300):
        _, _, terminated, truncated, info = road.step(BRAKE)
        assert not terminated and truncated == (step == 299)
    assert info["end"] == "standing"


def test_the_time_limit_truncates(road: DrivingEnv) -> None:
    # The route at 2.5 m/s and 90 s more.
    limit = float(life_of(road)["route"][ROUTE_LENGTH]) / 2.5 + 90.0
    saved = road.snapshot()
    saved["clock"] = int(limit / 0.1) - 3
    road.restore(saved)
    put_ego(road, 20.0, speed=1.0)
    ends = [road.step(KEEP)[2:4] for _ in range(2)]
    assert ends == [(False, False), (False, True)]
    assert road.driving.finals(0)["end"] == "time_limit"


def test_the_cost_of_the_step_that_ends_an_episode_is_told() -> None:
    env = DrivingVectorEnv(16, camera=False)
    env.reset(seed=0)
    for _ in range(300):
        *_, terminated, _, infos = env.step(np.full(16, 19))
        if terminated.any():
            break
    lane = int(np.flatnonzero(terminated)[0])
    assert infos["final_info"][lane]["end"] == "collision"
    assert infos["cost"][lane] == infos["final_info"][lane]["cost"] >= 1.0
    assert infos["reward_terms"]["collision"][lane] == -10.0
