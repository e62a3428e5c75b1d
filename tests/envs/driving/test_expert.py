"""The scripted driver: valid actions, what it stops for, whose notes it acts on, its scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.actions import ACCELERATIONS, STEERINGS
from mindloop.envs.driving.expert import View
from mindloop.envs.driving.lives import INDEX, LIMIT_KNOWN, ROUTE_DONE, ROUTE_S
from mindloop.envs.driving.params import Command, Control
from tests.envs.driving.situations import (
    FACTS,
    ahead_of,
    clear,
    facts_of,
    life_of,
    put_ego,
    straight_start,
    town_of,
)


def make_road(control: Control, turn: Command | None = None, speed: float = 8.0) -> DrivingEnv:
    """Returns an empty straight road of 92 m or more, the ego driving at 20 m."""
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start(control, turn))
    clear(env)
    put_ego(env, 20.0, speed=speed)
    return env


def length_of(env: DrivingEnv) -> float:
    """Returns the length of the ego's road [m]."""
    return float(town_of(env)["lane_length"][life_of(env)["route_lane"][0]])


def drive(env: DrivingEnv, decisions: int, source: str = "true") -> float:
    """Lets the expert drive, without a cost; returns the speed at the end [m/s]."""
    expert = env.expert(source)
    speed = 0.0
    for _ in range(decisions):
        observation, _, _, _, info = env.step(expert.act())
        assert info["cost"] == 0.0
        speed = float(observation["state"][0])
    return speed


def place(env: DrivingEnv, kind: str, ahead: float, left: float = 0.0, speed: float = 0.0) -> None:
    """Places an actor as seen from the ego."""
    x, y, heading = ahead_of(env, ahead, left)
    env.intervene(
        0, {"op": "place", "kind": kind, "x": x, "y": y, "heading": heading, "speed": speed}
    )


def acceleration(action: int) -> float:
    """Returns what a discrete action asks of the pedals [m/s2]."""
    return float(ACCELERATIONS[action % 4])


# ------------------------------------------------------------------ actions


@pytest.mark.parametrize("view", ["true", "visible"])
def test_it_chooses_only_actions_of_the_space_and_many_of_them(view: str) -> None:
    env = DrivingVectorEnv(16, split="test", camera=False)
    env.reset(seed=0)
    expert = env.expert(view)
    used = set()
    for _ in range(150):
        actions = expert.act()
        assert env.action_space.contains(actions)
        used |= set(actions.tolist())
        env.step(actions)
    assert {action % 4 for action in used} >= {1, 2, 3}
    assert {action // 4 for action in used} == set(range(5))


def test_it_chooses_pairs_in_a_continuous_world() -> None:
    env = DrivingEnv(split="test", camera=False, action="continuous")
    env.reset(seed=0)
    expert = env.expert("true")
    pedals = {-1.0, -0.375, 0.0, 1.0}  # -8, -3, 0 and 2 m/s2
    for _ in range(60):
        action = expert.act()
        assert env.action_space.contains(action)
        assert np.isclose(STEERINGS, action[0]).any() and float(action[1]) in pedals
        env.step(action)


def test_an_unknown_view_is_named() -> None:
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="`view` must be one of true, visible; got 'truth'"):
        env.expert("truth")


# ------------------------------------------------------------------ what it stops for


@pytest.mark.parametrize("source", ["true", "visible"])
def test_it_stops_at_a_red_light_and_goes_on_green(source: str) -> None:
    env = make_road(Control.LIGHTS)
    junction = int(town_of(env)["lane_junction"][life_of(env)["route_lane"][0]])
    env.intervene(0, {"op": "light", "junction": junction, "state": "red"})
    assert drive(env, 100, source) == 0.0
    assert 0.0 < facts_of(env)["light_distance"] < 2.5  # right before the line
    env.intervene(0, {"op": "light", "junction": junction, "state": "green"})
    drive(env, 30, source)
    assert life_of(env)["flag"][INDEX] >= 1  # past the line
    assert env.driving.score(0)["infractions_per_km"] == 0.0


def test_it_stops_at_yellow_where_it_can_and_drives_on_where_it_can_not() -> None:
    env = make_road(Control.LIGHTS, Command.STRAIGHT)
    junction = int(town_of(env)["lane_junction"][life_of(env)["route_lane"][0]])
    env.intervene(0, {"op": "light", "junction": junction, "state": "yellow"})
    put_ego(env, length_of(env) - 2.2 - 25.0, speed=8.0)  # 10 m are enough at 3.2 m/s2
    assert drive(env, 60) == 0.0
    assert life_of(env)["flag"][INDEX] == 0
    put_ego(env, length_of(env) - 2.2 - 6.0, speed=8.0)
    drive(env, 10)
    assert life_of(env)["flag"][INDEX] == 1


def test_it_stands_at_a_stop_sign_and_goes_on() -> None:
    env = make_road(Control.STOP)
    slowest, expert = 9.0, env.expert("true")
    for _ in range(120):
        observation, _, _, _, info = env.step(expert.act())
        assert info["cost"] == 0.0
        if life_of(env)["flag"][INDEX] == 0:
            slowest = min(slowest, float(observation["state"][0]))
    assert slowest == 0.0
    assert life_of(env)["flag"][INDEX] >= 1


@pytest.mark.parametrize(("kind", "half"), [("pedestrian", 0.25), ("child", 0.25), ("car", 2.2)])
def test_it_stops_for_what_is_in_its_way_and_goes_on_when_it_is_gone(
    kind: str, half: float
) -> None:
    env = make_road(Control.STOP)
    place(env, kind, 35.0)
    assert drive(env, 60) == 0.0
    left = 55.0 - float(life_of(env)["route"][ROUTE_S]) - 2.2 - half
    assert 1.0 < left < 5.0
    actor = "vehicle" if kind == "car" else "walker"
    index = 32 if kind == "car" else 24  # the first spare slots
    env.intervene(0, {"op": "remove", "actor": actor, "index": index})
    assert drive(env, 12) > 2.0


def test_it_follows_a_slow_car_at_its_speed() -> None:
    env = make_road(Control.STOP)
    place(env, "van", 25.0, speed=3.0)
    speed = drive(env, 50)
    assert speed == pytest.approx(3.0, abs=0.6)
    assert 2.0 < facts_of(env)["lead_distance"] < 12.0


def test_it_passes_what_stands_beside_its_lane() -> None:
    env = make_road(Control.STOP)
    place(env, "car", 25.0, 3.5)
    place(env, "pedestrian", 25.0, -3.0)
    before = float(life_of(env)["route"][ROUTE_DONE])
    drive(env, 18)
    assert float(life_of(env)["route"][ROUTE_DONE]) - before > 27.0


def test_it_slows_down_when_a_limit_is_set() -> None:
    env = make_road(Control.STOP)
    lane = int(life_of(env)["route_lane"][0])
    env.intervene(0, {"op": "limit", "lane": lane, "limit": 4.0})
    assert drive(env, 12) == pytest.approx(4.0, abs=0.6)


def test_it_finds_back_to_the_middle_of_its_lane() -> None:
    env = make_road(Control.STOP, speed=6.0)
    put_ego(env, 15.0, lateral=1.2, turned=0.15, speed=6.0)
    drive(env, 25)
    facts = facts_of(env)
    assert abs(facts["lane_offset"]) < 0.3 and abs(facts["heading_error"]) < 0.05


# ------------------------------------------------------------------ whose notes it acts on


def changed(view: View, **facts: float) -> View:
    """Returns a view with other facts."""
    row = view.facts.copy()
    for name, value in facts.items():
        row[:, FACTS.index(name)] = value
    return view._replace(facts=row)


@pytest.mark.parametrize(("source", "other"), [("true", "visible"), ("visible", "true")])
def test_a_view_handed_in_is_acted_on_as_its_own(source: str, other: str) -> None:
    env = DrivingVectorEnv(8, split="test", camera=False)
    env.reset(seed=20)
    own, guest = env.expert(source), env.expert(other)
    differ = 0
    for _ in range(120):
        view = View(*(np.array(part, copy=True) for part in env.view(source)))
        actions = own.act()
        np.testing.assert_array_equal(guest.act(view), actions)
        differ += int((guest.act() != actions).sum())
        env.step(actions)
    assert differ > 10  # on its own view the guest would have driven otherwise


def test_it_believes_the_notes_of_somebody_else() -> None:
    env = make_road(Control.STOP)
    expert, view = env.expert("true"), env.view("true")
    assert acceleration(expert.act()) >= 0.0
    beliefs: list[dict[str, Any]] = [
        {"lead_present": 1.0, "lead_distance": 6.0, "lead_closing_speed": 8.0},
        {"pedestrian_in_path": 1.0, "pedestrian_distance": 8.0},
        {"light_red": 1.0, "light_distance": 8.0},
    ]
    for belief in beliefs:
        assert acceleration(expert.act(changed(view, **belief))) < 0.0, belief
    assert acceleration(expert.act()) >= 0.0  # nothing of it stays
    assert acceleration(expert.act(changed(view, speed_limit=3.0))) < 0.0


def test_it_steers_along_the_path_of_its_notes() -> None:
    env = make_road(Control.STOP)
    expert, view = env.expert("true"), env.view("true")
    assert expert.act() // 4 == 2  # straight on
    for side in (1.0, -1.0):  # the lane lies a metre to that side
        path = view.path.copy()
        path[0, :, 1] += side
        believed = changed(view._replace(path=path), lane_offset=-side)
        assert side * STEERINGS[expert.act(believed) // 4] > 0.0


def test_true_and_visible_differ_where_somebody_is_hidden() -> None:
    env = make_road(Control.STOP)
    place(env, "truck", 9.0, 3.3)  # in the other lane, and behind it a child runs out
    x, y, heading = ahead_of(env, 15.0, 5.0, -np.pi / 2.0)
    env.intervene(
        0, {"op": "place", "kind": "child", "x": x, "y": y, "heading": heading, "speed": 1.4}
    )
    assert facts_of(env)["pedestrian_in_path"] == 1.0
    assert facts_of(env, "visible")["pedestrian_in_path"] == 0.0
    true, visible = env.expert("true").act(), env.expert("visible").act()
    assert acceleration(true) < 0.0 <= acceleration(visible)


def test_true_and_visible_agree_where_nobody_is_hidden() -> None:
    env = make_road(Control.STOP)
    saved = env.snapshot()
    saved["flag"][0, LIMIT_KNOWN] = 1  # its sign was read
    saved["seen_limit"] = saved["limit"]
    env.restore(saved)
    assert env.expert("true").act() == env.expert("visible").act()
    place(env, "child", 20.0)
    assert env.expert("true").act() == env.expert("visible").act()


# ------------------------------------------------------------------ how well it does


@pytest.mark.slow
def test_the_true_expert_scores_ninety_in_sixteen_test_towns() -> None:
    env = DrivingVectorEnv(16, split="test", camera=False, end_on_collision=False, copy=False)
    env.reset(seed=200)
    expert = env.expert("true")
    scores: dict[int, dict[str, float]] = {}
    for _ in range(2400):
        info = env.step(expert.act())[4]
        for lane in np.flatnonzero(info.get("_final_info", np.zeros(16))).tolist():
            scores.setdefault(lane, info["final_info"][lane]["score"])
        if len(scores) == 16:
            break
    assert len(scores) == 16
    for name in ("driving_score_2_0", "driving_score_2_1", "route_completion"):
        assert np.mean([score[name] for score in scores.values()]) >= 90.0, name
    assert np.mean([score["collisions_per_km"] for score in scores.values()]) < 0.1
