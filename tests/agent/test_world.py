"""What a world makes of environments that follow other habits than ours."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from gymnasium import spaces

from mindloop.agent.config import LoopConfig
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.types import Modality, WorldError
from mindloop.agent.world import World, make_world
from tests.spies import Counting, Spaces

TWO = spaces.Discrete(2)
OBSERVATIONS: dict[str, tuple[spaces.Space[Any], Modality, tuple[int, ...]]] = {
    "a number": (spaces.Box(-1, 1, ()), Modality.VECTOR, (1,)),
    "whole numbers": (spaces.Box(-5, 5, (3,), np.int64), Modality.VECTOR, (3,)),
    "no bounds": (spaces.Box(-np.inf, np.inf, (4,), np.float64), Modality.VECTOR, (4,)),
    "a matrix": (spaces.Box(-1, 1, (3, 4)), Modality.VECTOR, (12,)),
    "a start": (spaces.Discrete(5, start=-2), Modality.VECTOR, (5,)),
    "two rows": (spaces.MultiDiscrete(np.array([[3, 4], [2, 5]])), Modality.VECTOR, (14,)),
    "starts": (spaces.MultiDiscrete([3, 4], start=[1, -2]), Modality.VECTOR, (7,)),
    "bits": (spaces.MultiBinary((2, 3)), Modality.VECTOR, (6,)),
    "text": (spaces.Text(12), Modality.WORDS, (32,)),
    "channels first": (spaces.Box(0, 255, (3, 24, 32), np.uint8), Modality.IMAGE, (24, 32, 3)),
    "grey": (spaces.Box(0, 255, (24, 32), np.uint8), Modality.IMAGE, (24, 32, 1)),
    "grey floats": (spaces.Box(0, 1, (24, 32)), Modality.IMAGE, (24, 32, 1)),
    "floats": (spaces.Box(0, 1, (24, 32, 3)), Modality.IMAGE, (24, 32, 3)),
    "floats to 255": (spaces.Box(0, 255, (24, 32, 3)), Modality.IMAGE, (24, 32, 3)),
    "ints to 255": (spaces.Box(0, 255, (24, 32, 3), np.int64), Modality.IMAGE, (24, 32, 3)),
    "a tiny grid": (spaces.Box(0, 255, (7, 7, 3), np.uint8), Modality.SYMBOLS, (7, 7, 3)),
}
ACTIONS: dict[str, spaces.Space[Any]] = {
    "a start": spaces.Discrete(3, start=5),
    "two rows": spaces.MultiDiscrete(np.array([[3, 2], [4, 5]])),
    "starts": spaces.MultiDiscrete([3, 2], start=[1, -1]),
    "bits": spaces.MultiBinary((2, 2)),
    "a number": spaces.Box(-1, 1, ()),
    "rows": spaces.Box(-1, 1, (2, 3)),
    "whole numbers": spaces.Box(0, 7, (2,), np.int32),
    "no bounds": spaces.Box(-np.inf, np.inf, (2,)),
    "one bound": spaces.Box(np.array([0, -np.inf], np.float32), np.array([np.inf, 0], np.float32)),
    "a fixed number": spaces.Box(np.array([0, 0.5], np.float32), np.array([1, 0.5], np.float32)),
    # 0.1 as a float32 is above 0.1 as a float64
    "double precision": spaces.Box(-0.1, 0.1, (3,), np.float64),
}


def lived(world: World, driver: str = "mind", steps: int = 12) -> Life:
    life = Life(world, LoopConfig(driver=driver), Mind(world.spec) if driver == "mind" else None)
    life.reset()
    for _ in range(steps):
        life.step()
    return life


@pytest.mark.parametrize("kind", OBSERVATIONS)
def test_every_kind_of_observation_is_read(kind: str) -> None:
    space, modality, shape = OBSERVATIONS[kind]
    world = make_world(lambda: Spaces(space, TWO), 2)
    (part,) = world.spec.parts
    assert (part.modality, part.shape) == (modality, shape)
    seen = lived(world).observation.parts[part.name]
    assert seen.shape == (2, *shape)
    if modality is Modality.IMAGE:
        assert seen.dtype == torch.uint8 and 100 < float(seen.float().mean()) < 155  # not black


@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array")  # SyncVectorEnv's scalars
@pytest.mark.parametrize("driver", ["mind", "random"])
@pytest.mark.parametrize("kind", ACTIONS)
def test_every_action_lies_in_its_space(kind: str, driver: str) -> None:
    """The spy asserts that its space contains the action."""
    life = lived(make_world(lambda: Spaces(TWO, ACTIONS[kind]), 2), driver)
    if life.trace is not None:
        assert torch.isfinite(life.trace.decision.log_prob).all()


@pytest.mark.parametrize(("observation", "action", "message"), [
    (spaces.Discrete(10**9), TWO, "`observation` must have at most 131072 options; got 1000000000"),
    (TWO, spaces.Discrete(10**9), "`action_space` must have at most .* in an ActionWrapper"),
    (spaces.Sequence(TWO), TWO, "must be a Box, .*; got Sequence. Turn it into one of these"),
    (spaces.Dict({}), TWO, "`observation_space` must hold at least one part"),
    (TWO, spaces.Dict({"a": TWO}), "`action_space` must be .*; got Dict. Turn it into"),
])  # fmt: skip
def test_what_no_mind_can_live_in_is_named(
    observation: spaces.Space[Any], action: spaces.Space[Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_world(lambda: Spaces(observation, action))


@pytest.mark.parametrize("space", [spaces.Box(-1, 1, (3,)), spaces.Box(0, 1, (24, 24, 3))])
def test_a_number_that_is_none_is_named(space: spaces.Box) -> None:
    world = make_world(lambda: Spaces(space, TWO), 2)
    seen = np.zeros((2, *space.shape), np.float32)
    seen[1].flat[2] = np.nan
    place = r"index 2 in lane 1" if len(space.shape) == 1 else r"index \[0, 0, 2\] in lane 1"
    with pytest.raises(WorldError, match=f"`observation` must be finite; got nan at {place}"):
        world.observe(seen, {}, torch.zeros(2, dtype=torch.bool))


class Telling(Counting):
    """Tells what it likes under names that mean something to mindloop."""

    def __init__(self, info: dict[str, Any]) -> None:
        super().__init__()
        self.info = info

    def step(self, action: Any) -> Any:
        seen, reward, terminated, truncated, info = super().step(action)
        return seen, reward, terminated, truncated, {**info, **self.info}


@pytest.mark.parametrize(("info", "score", "end", "cost"), [
    ({"score": 3}, {"score": 3.0}, "", 0.0),
    ({"score": {"points": np.float32(2), "rank": "high"}}, {"points": 2.0}, "", 0.0),
    ({"score": "good", "end": 3, "is_success": [True]}, {}, "", 0.0),
    ({"is_success": np.True_, "end": "won"}, {"success": 1.0}, "won", 0.0),
    ({"cost": 2}, {}, "", 2.0),
    ({"cost": np.zeros(3)}, {}, "", 0.0),
    ({"cost": "high", "town": "Ulm"}, {}, "", 0.0),
])  # fmt: skip
def test_infos_that_mean_something_else_do_no_harm(
    info: dict[str, Any], score: dict[str, float], end: str, cost: float
) -> None:
    world = make_world(lambda: Telling(info), 2)
    life = lived(world, "random", steps=2)
    np.testing.assert_array_equal(life.step().cost, [cost, cost])  # lane 0 ends with this step
    assert world.score(life.infos, 0) == (score, end)


def test_actions_are_named_as_environments_tell_them() -> None:
    class Named(Counting):
        metadata = {"actions": ["left", "right", "up", "down"]}  # noqa: RUF012

    class Atari(Counting):
        def get_action_meanings(self) -> list[str]:
            return ["NOOP", "FIRE", "LEFT", "RIGHT"]

    assert make_world(Named).spec.actions.names == ("left", "right", "up", "down")
    assert make_world(Atari).spec.actions.names == ("NOOP", "FIRE", "LEFT", "RIGHT")
    minigrid = make_world("minigrid:MiniGrid-Empty-5x5-v0")
    assert minigrid.spec.actions.names[:3] == ("left", "right", "forward")


def test_words_say_what_pictures_can_not() -> None:
    space = spaces.Dict({
        "place": spaces.Discrete(5, start=-2), "few": spaces.MultiDiscrete([3, 4]),
        "many": spaces.MultiDiscrete([2] * 40), "said": spaces.Text(9),
        "tokens": spaces.Box(0, 3, (3,), np.int64), "state": spaces.Box(-1, 1, (2,)),
    })  # fmt: skip

    class Speaking(Spaces):
        metadata = {"vocabulary": {"tokens": ["", "go", "to", "sleep"]}}  # noqa: RUF012

    life = Life(make_world(lambda: Speaking(space, TWO), 1), LoopConfig(driver="random"))
    life.reset()
    raw = cast(dict[str, Any], life._raw)
    raw["place"][0], raw["few"][0], raw["tokens"][0] = 1, (2, 3), (1, 3, 0)
    assert life.words(0) == {
        "few": "2, 3", "place": "1 (of -2 to 2)", "said": raw["said"][0], "tokens": "go sleep",
    }  # fmt: skip


@pytest.mark.parametrize(("drawn", "level"), [
    (np.full((6, 8, 3), 0.6), 153), (np.full((6, 8), 90, np.uint8), 90),
    (np.full((6, 8, 4), 70, np.uint8), 70), (np.full((6, 8, 3), 140.0), 140)])  # fmt: skip
def test_pictures_of_any_kind_become_colours(drawn: Any, level: int) -> None:
    class Drawing(Counting):
        render_mode = "rgb_array"

        def render(self) -> Any:
            return drawn

    picture = make_world(Drawing).picture()
    assert picture.shape == (6, 8, 3) and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, level)


def test_a_picture_that_is_none_is_named() -> None:
    class Drawing(Counting):
        render_mode = "rgb_array"

        def render(self) -> Any:
            return None

    with pytest.raises(WorldError, match=r"`render` of Drawing must return an array .*NoneType"):
        make_world(Drawing).picture()
    with pytest.raises(ValueError, match='`render_mode` must be "rgb_array" for pictures'):
        make_world(Counting).picture()


@pytest.mark.parametrize(("env", "message"), [
    (5, "`env` must be an id, an environment, or a function that makes one; got 5"),
    (lambda: 5, "`<lambda>` must make a gymnasium.Env; got 5"),
    (lambda: 1 / 0, r"`<lambda>` must be made without an error; got ZeroDivisionError"),
])  # fmt: skip
def test_what_makes_no_environment_is_named(env: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make_world(env)
