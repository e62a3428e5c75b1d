"""A lane names what an environment does wrong; lanes that tell different things go together."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import OrderEnforcing, TimeLimit

from mindloop.agent.lanes import Lane, Lanes, enclosed, misfit, side_by_side
from mindloop.agent.types import WorldError
from tests.spies import Counting

HERE = r"tests.test_lanes\.py, line \d+|test_lanes\.py, line \d+"


class Odd(Counting):
    """Returns from `step` and `reset` what it is told to."""

    def __init__(self, step: Callable[..., Any] | None = None, reset: Any = None) -> None:
        super().__init__()
        self.odd_step, self.odd_reset = step, reset

    def reset(self, **settings: Any) -> Any:
        found = super().reset(**settings)
        return found if self.odd_reset is None else self.odd_reset

    def step(self, action: Any) -> Any:
        found = super().step(action)
        return found if self.odd_step is None else self.odd_step(*found)


SEEN = np.zeros(3, np.float32)
STEPS: dict[str, Callable[..., Any]] = {
    r"`step` of odd must return .* got 4 values. .*`done` of old": lambda *now: now[:4],
    "`reward` must be one number; got None": lambda o, r, d, t, i: (o, None, d, t, i),
    r"`reward` must be one number; got an array of float64 with shape \(2,\)": (
        lambda o, r, d, t, i: (o, np.zeros(2), d, t, i)),
    "`terminated` must be one number; got str": lambda o, r, d, t, i: (o, r, "no", t, i),
    "`info` must be a dict; got None in `step` of odd": lambda o, r, d, t, i: (o, r, d, t, None),
    r"`observation` must have shape \(3,\), .*with shape \(4,\), in `step` of odd. Make": (
        lambda o, r, d, t, i: (np.zeros(4, np.float32), r, d, t, i)),
    "`odd` must step without an error; got ZeroDivisionError: division by zero "
    rf"\(.*({HERE}), in <lambda>\)": lambda *now: 1 / 0,
}  # fmt: skip


@pytest.mark.parametrize("message", STEPS)
def test_a_wrong_step_is_named(message: str) -> None:
    lane = Lane(Odd(STEPS[message]), "odd")
    lane.reset(seed=0)
    with pytest.raises(WorldError, match=message):
        lane.step(0)


@pytest.mark.parametrize(("found", "message"), [
    (SEEN, r"`reset` of odd must return \(observation, info\); got an array of float32"),
    ((SEEN, {}, 0), "must return .* got 3 values"),
    ((None, {}), r"`observation` must have shape \(3,\), as its space says; got None"),
    ((SEEN, []), "`info` must be a dict; got list in `reset` of odd. Return {}"),
])  # fmt: skip
def test_a_wrong_reset_is_named(found: Any, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        Lane(Odd(reset=found), "odd").reset()


def test_numbers_of_any_kind_become_plain_ones() -> None:
    def step(o: Any, r: Any, d: Any, t: Any, i: Any) -> Any:
        return o, np.array([2.5]), np.bool_(True), np.array([0]), i

    lane = Lane(Odd(step), "odd")
    lane.reset()
    _, reward, terminated, truncated, _ = lane.step(0)
    assert (reward, terminated, truncated) == (2.5, True, False)
    assert {type(reward), type(terminated), type(truncated)} == {float, bool}


def test_what_is_no_environment_or_lacks_a_space_is_named() -> None:
    with pytest.raises(WorldError, match=r"`mine` must make a gymnasium\.Env; got 5\. Derive"):
        Lane(5, "mine")

    class Blind(gymnasium.Env[Any, Any]):
        action_space = spaces.Discrete(2)

    with pytest.raises(WorldError, match=r"`observation_space` must be one of .*; mine has None"):
        Lane(Blind(), "mine")


def test_the_check_comes_before_gymnasiums_own_wrappers() -> None:
    """TimeLimit unpacks five values, so that a step of four would fail in its words."""
    made = enclosed(TimeLimit(OrderEnforcing(Odd(lambda *now: now[:4])), 5), "odd")
    assert isinstance(made, TimeLimit) and isinstance(made.unwrapped, Odd)
    made.reset()
    with pytest.raises(WorldError, match="got 4 values"):
        made.step(0)


SPACE = spaces.Dict({"a": spaces.Tuple((spaces.Discrete(3, start=-1), spaces.Box(0, 1, (2,)))),
                     "b": spaces.MultiDiscrete([2, 3])})  # fmt: skip


def fitting(**changes: Any) -> dict[str, Any]:
    return {"a": (1, np.zeros(2)), "b": np.array([1, 2]), **changes}


@pytest.mark.parametrize(("value", "message"), [
    (fitting(), ""),
    (fitting(a=[np.int8(-1), [0.5, 7]]), ""),  # bounds of a Box don't count
    (fitting(a=(np.True_, np.zeros(2))), ""),
    ([1], "`x` must be a dict; got list"),
    ({"a": (1, np.zeros(2))}, "`x` must have the parts a, b; b is missing"),
    (fitting(a=(1,)), "`x/a` must be a tuple of 2 parts; got 1 values"),
    (fitting(a=(2, np.zeros(2))), r"`x/a/0` must lie in Discrete\(3, start=-1\); got 2"),
    (fitting(a=(0.5, np.zeros(2))), "`x/a/0` must be a whole number, .* got 0.5"),
    (fitting(a=(1, [[1], [1, 2]])), r"`x/a/1` must have shape \(2,\); got list"),
    (fitting(a=(1, "ab")), r"`x/a/1` must have shape \(2,\), as its space says; got str"),
    (fitting(b=np.array([1, 3])), r"`x/b` must lie in MultiDiscrete.*; got \[1, 3\]"),
    (fitting(b=np.array([0.5, 1])), "`x/b` must be of type int64, .* got an array of float64"),
])  # fmt: skip
def test_what_does_not_fit_its_space_is_named(value: Any, message: str) -> None:
    found = misfit(SPACE, value, "x")
    assert re.fullmatch(f"{message}.*" if message else "", found, re.DOTALL)


def test_floats_in_a_space_of_bytes_are_not_cut_to_black() -> None:
    picture = misfit(spaces.Box(0, 255, (2, 2), np.uint8), np.full((2, 2), 0.5), "picture")
    assert picture.startswith("`picture` must be of type uint8, as its space says; got an array of")


def told(*infos: dict[str, Any]) -> dict[str, Any]:
    """Returns the infos of as many lanes, joined."""
    lanes = Lanes([Counting] * len(infos), autoreset_mode=AutoresetMode.SAME_STEP)
    joined: dict[str, Any] = {}
    for lane, info in enumerate(infos):
        joined = lanes._add_info(joined, info, lane)
    return joined


def test_infos_that_differ_between_lanes_are_kept() -> None:
    joined = told({"n": 0, "way": np.zeros((1, 2)), "who": 3, "part": {"x": 1}, "odd": {"x": 1}},
                  {"n": 0.5, "way": np.zeros((4, 2)), "who": None, "part": {"x": 2}, "odd": 7},
                  {"n": 2, "way": [[1], [2, 3]], "who": "me", "part": {"x": 3}})  # fmt: skip
    assert joined["n"].tolist() == [0.0, 0.5, 2.0]  # not cut to whole numbers
    assert [np.shape(way) for way in joined["way"][:2]] == [(1, 2), (4, 2)]
    assert joined["way"][2] == [[1], [2, 3]]
    assert joined["who"].tolist() == [3, None, "me"]
    assert joined["part"]["x"].tolist() == [1, 2, 3]
    assert joined["odd"].tolist() == [None, 7, None]
    assert joined["_odd"].tolist() == [True, True, False]


def test_lanes_of_different_spaces_are_refused() -> None:
    sizes = iter((3, 4))

    def make() -> Lane:
        env = Counting()
        env.observation_space = spaces.Box(-1, 1, (next(sizes),))
        return Lane(env, "odd")

    with pytest.raises(WorldError, match="Lanes must have the same spaces; got: "):
        side_by_side([make, make])
