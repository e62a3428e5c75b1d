"""What an id names: modules and registrations that are wrong are told as such."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv

from mindloop.agent.ids import make_by_id, offer_of
from tests.spies import Counting


class Drawing(Counting):
    """Could draw, but takes no render_mode."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()


class Willing(Drawing):
    """Takes a render_mode."""

    def __init__(self, size: int = 3, render_mode: str | None = None) -> None:
        super().__init__()
        self.render_mode = render_mode


class Picky(VectorEnv[Any, Any, Any]):
    """A vector environment of the next-step kind that takes no settings, as Atari's."""

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(self, num_envs: int) -> None:
        raise AssertionError("what restarts in the next step is not made")


class Unsaid(VectorEnv[Any, Any, Any]):
    """A vector environment that says only when made how it restarts."""

    def __init__(self, num_envs: int) -> None:
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.num_envs = num_envs


def willing(size: int = 3, render_mode: str | None = None) -> Willing:
    return Willing(size, render_mode)


def any_of_them(**settings: Any) -> Willing:
    return Willing(**settings)


@pytest.fixture
def registered() -> Iterator[None]:
    """Registers the environments above for one test."""
    before = dict(gymnasium.registry)
    table: dict[str, dict[str, Any]] = {
        "Drawing": {"entry_point": Drawing},
        "Willing": {"entry_point": Willing, "max_episode_steps": 9},
        "function": {"entry_point": willing},
        "any": {"entry_point": any_of_them},
        "Picky": {"entry_point": Willing, "vector_entry_point": Picky},
        "Unsaid": {"entry_point": Willing, "vector_entry_point": Unsaid},
        "Lost": {"entry_point": "tests.spies:Lost"},
    }
    for name, settings in table.items():
        gymnasium.register(f"test/{name}-v0", **settings)
    yield
    gymnasium.registry.clear()
    gymnasium.registry.update(before)


@pytest.mark.parametrize(("name", "draws"), [
    ("Drawing", False), ("Willing", True), ("function", True), ("any", False)])  # fmt: skip
def test_pictures_are_asked_for_where_they_may_be(
    name: str, draws: bool, registered: None
) -> None:
    offer = offer_of(f"test/{name}-v0")
    assert offer.draws is draws
    if offer.defaults is not None:
        assert offer.defaults["max_episode_steps"] == (9 if name == "Willing" else None)


@pytest.mark.parametrize("name", ["Picky", "Unsaid"])
def test_a_vector_environment_of_another_kind_is_left_for_the_single_one(
    name: str, registered: None
) -> None:
    made = make_by_id(f"test/{name}-v0", 2, {"render_mode": "rgb_array"})
    assert made.num_envs == 2 and made.render_mode == "rgb_array"
    assert made.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


def test_a_time_limit_may_be_given(registered: None) -> None:
    made = make_by_id("test/Willing-v0", 1, {"max_episode_steps": 2})
    made.reset(seed=5)  # which lives 8 steps of its own accord
    ends = [bool(made.step(made.action_space.sample() * 0)[3][0]) for _ in range(4)]
    assert ends == [False, True, False, True]


MODULES = {
    "syntax": ("class A(:\n", r"`\w+` must import without an error; got SyntaxError: .*line 1\)"),
    "name": ("import re\nx = y\n", r"got NameError: .*\(\w+\.py, line 2, in <module>\)\. Mend it"),
    "needs": ("import nosuchpackage\n", "got ModuleNotFoundError: .*nosuchpackage.*what it needs"),
    "empty": ("", r"got '\w+:A-v0'\. Call gymnasium\.register\(id='A-v0', entry_point=…\) in `"),
    "other": ("import gymnasium\ngymnasium.register('Ant-v9', lambda: None)\n",
              r"`\w+` registers Ant-v9\."),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODULES)
def test_a_module_with_a_mistake_is_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registered: None
) -> None:
    text, message = MODULES[kind]
    (tmp_path / f"mindloop_test_{kind}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=message):
        offer_of(f"mindloop_test_{kind}:A-v0")


@pytest.mark.parametrize(("name", "message"), [
    ("nosuchmodule:A-v0", "must name a module that can be found; got 'nosuchmodule' in .*folder"),
    ("nosuch.inner:A-v0", "must name a module that can be found; got 'nosuch.inner'"),
    ("CartPole", "got 'CartPole'. Choose CartPole-v0 or CartPole-v1."),
    ("cartpole-v1", "Did you mean: `CartPole`. If another package registers it, put"),
    ("CartPole-v7", r"It provides versioned environments: \[ `v0`, `v1` \]\.$"),
    ("MiniGrid-Nowhere-v0", "module in front, as in minigrid:MiniGrid-Empty-5x5-v0"),
    ("test/Lost-v0", "`entry_point` of test/Lost-v0 must be importable; got 'tests.spies:Lost': "
                     "AttributeError"),
])  # fmt: skip
def test_an_id_that_names_nothing_is_told_what_to_do(
    name: str, message: str, registered: None
) -> None:
    with pytest.raises(ValueError, match=message):
        offer_of(name)


def test_an_environment_that_cannot_be_made_says_why(registered: None) -> None:
    message = (
        r"`test/Drawing-v0` must be made without an error; got TypeError: .*unexpected keyword "
        "argument 'size'.*other settings"
    )
    with pytest.raises(ValueError, match=message):
        make_by_id("test/Drawing-v0", 1, {"size": 3})
