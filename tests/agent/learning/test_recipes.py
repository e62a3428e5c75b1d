"""Recipes: what is chosen for a world by what it shows and how it is stepped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mindloop.agent.learning.recipes import NUMBERS, PIXELS, RECIPES, SLOW_PIXELS, recipe
from mindloop.agent.types import ActionKind, ActionSpec, Modality, Part, WorldSpec

CAMERA = (Part("camera", Modality.IMAGE, (64, 64, 3)),)
STATE = (Part("state", Modality.VECTOR, (4,)),)


def world(parts: tuple[Part, ...]) -> WorldSpec:
    return WorldSpec("test", parts, ActionSpec(ActionKind.DISCRETE, (2,)))


def test_pixels_numbers_and_slow_pixels_are_learned_from_in_their_own_ways() -> None:
    assert recipe("quick-ppo", world(CAMERA), is_native=True).ppo == PIXELS
    assert recipe("quick-ppo", world(CAMERA), is_native=False).ppo == SLOW_PIXELS
    for is_native in (True, False):
        assert recipe("quick-ppo", world(STATE), is_native).ppo == NUMBERS


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_split_into_its_minibatches(name: str) -> None:
    for parts in (CAMERA, STATE):
        for is_native in (True, False):
            found = recipe(name, world(parts), is_native)
            assert found.ppo.lanes % found.imitation.minibatches == 0


def test_an_unknown_recipe_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean `quick-ppo`"):
        recipe("quick-pbo", world(STATE), is_native=True)


def test_only_who_learns_from_nothing_but_reward_is_judged_mildly() -> None:
    """Of the terms that the world has; a mind that has learned gets the world's own weights."""
    town = replace(world(CAMERA), reward_terms=("progress", "collision"))
    assert recipe("quick-ppo", town, is_native=True).rewards == {"collision": -3.0}
    assert not recipe("quick-ppo", town, is_native=True, goes_on=True).rewards
    assert not recipe("driving", town, is_native=True).rewards
    first, later = (recipe("quick-ppo", town, True, goes_on).ppo for goes_on in (False, True))
    assert later.learning_rate < first.learning_rate and later.entropy < first.entropy
