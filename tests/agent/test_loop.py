"""A life: who acts, what is seen when, which episodes count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch

from mindloop.agent.config import LoopConfig, MindConfig, PerceptionConfig, ReasoningConfig
from mindloop.agent.loop import PERSON, Life, episodes
from mindloop.agent.mind import Mind
from mindloop.agent.types import Episode, MindState, Observation, Outcome, Tick, Trace, Truth
from mindloop.agent.world import World, make_world
from tests.spies import Counting


class Spy(Mind):
    """A mind that keeps what it was shown."""

    shown: list[tuple[Observation, Outcome, MindState]]

    def act(
        self,
        state: MindState,
        observation: Observation,
        outcome: Outcome,
        rng: torch.Generator,
        greedy: bool = False,
        told: Truth | None = None,
    ) -> tuple[MindState, Trace]:
        self.shown = [*getattr(self, "shown", []), (observation, outcome, state)]
        return super().act(state, observation, outcome, rng, greedy, told)


def world(lanes: int = 2, **settings: Any) -> World:
    return make_world(lambda: Counting(**settings), lanes)


def lived(driver: str = "random", lanes: int = 2, seed: int = 0, **settings: Any) -> Life:
    made = world(lanes, **settings)
    mind = Spy(made.spec) if driver == "mind" else None
    life = Life(made, LoopConfig(driver=driver, seed=seed), mind)
    life.reset()
    return life


def raw(observation: Observation) -> list[list[float]]:
    (part,) = observation.parts.values()
    return cast(list[list[float]], part.tolist())


def test_an_episode_is_counted_by_hand() -> None:
    life = lived("mind", truncates=True)
    ticks = [life.step() for _ in range(8)]
    ended = [episode for tick in ticks for episode in tick.episodes]
    # lane 0 lives episodes of 3 steps, lane 1 of 4
    assert [(e.lane, e.seed, e.index, e.length) for e in ended] == [
        (0, 0, 0, 3), (1, 1, 0, 4), (0, 0, 1, 3), (1, 1, 1, 4),
    ]  # fmt: skip
    assert all(e.truncated and not e.terminated for e in ended)
    total = sum(float(tick.reward[0]) for tick in ticks[:3])
    assert ended[0].total_reward == total


def test_a_mind_is_shown_beginnings_masks_and_final_observations() -> None:
    life = lived("mind")
    assert isinstance(life.mind, Spy)
    for _ in range(6):
        life.step()
    firsts = [observation.is_first.tolist() for observation, _, _ in life.mind.shown]
    assert firsts == [[True, True], [False, False], [False, False], [True, False],
                      [False, True], [False, False]]  # fmt: skip
    masks = [observation.available[0].tolist() for observation, _, _ in life.mind.shown[:3]]
    assert masks == [[True] * 4, [True, False, True, True], [True] * 4]
    observation, outcome, _ = life.mind.shown[3]
    assert outcome.final is not None and outcome.lanes.tolist() == [0]
    assert raw(outcome.final) == [[0.0, 0.0, 3.0]]  # the last of the old episode
    assert raw(observation)[0] == [0.0, 1.0, 0.0]  # the first of the new one
    assert outcome.terminated.tolist() == [True, False]


def test_the_tick_belongs_to_the_moment_before_the_step() -> None:
    life = lived("mind")
    tick = life.step()
    assert tick.trace is not None
    assert raw(tick.trace.observation) == [[0, 0, 0], [1, 0, 0]]
    assert raw(life.observation) == [[0, 0, 1], [1, 0, 1]]
    np.testing.assert_array_equal(tick.actions, tick.trace.decision.action[:, 0].numpy())
    np.testing.assert_array_equal(tick.reward, tick.actions.astype(float))


def test_thinking_is_done_once_a_tick() -> None:
    life = lived("mind")
    assert isinstance(life.mind, Spy)
    assert life.trace is life.trace
    np.testing.assert_array_equal(life.intention, life.intention)
    life.step()
    assert len(life.mind.shown) == 1


def test_a_person_acts_and_the_mind_remembers_it() -> None:
    life = lived("mind")
    assert isinstance(life.mind, Spy)
    tick = life.step(np.array([3, 2]))
    assert tick.driver == PERSON and tick.reward.tolist() == [3.0, 2.0]
    life.step()
    assert life.mind.shown[1][2].action.tolist() == [[3], [2]]


def test_a_mind_that_watches_changes_nothing() -> None:
    alone = lived("random")
    made = world()
    watched = Life(made, LoopConfig(driver="random"), Spy(made.spec))
    watched.reset()
    for _ in range(10):
        a, b = alone.step(), watched.step()
        np.testing.assert_array_equal(a.actions, b.actions)
        assert a.trace is None and b.trace is not None


def test_chance_keeps_to_the_mask() -> None:
    life = lived("random", lanes=1)
    made = cast(Any, life.world.env).envs[0].unwrapped
    for _ in range(300):
        life.step()
    # at odd steps of an episode of 3, option 1 is not available
    assert 1 not in made.done[1::3] and 1 in made.done[::3]
    assert set(made.done) == {0, 1, 2, 3}


@pytest.mark.parametrize(("count", "shares"), [(5, [3, 2]), (2, [1, 1]), (1, [1, 0])])
def test_every_lane_gives_its_share(count: int, shares: list[int]) -> None:
    found: list[Episode] = []
    for tick in episodes(lived("random"), count):
        found += tick.episodes
    assert [sum(e.lane == lane for e in found) for lane in (0, 1)] == shares


def test_the_same_seed_is_the_same_life() -> None:
    def story(life: Life) -> list[Any]:
        return [life.step().actions.tolist() for _ in range(20)]

    assert story(lived("mind", seed=3)) == story(lived("mind", seed=3))
    assert story(lived("mind", seed=3)) != story(lived("mind", seed=4))
    life = lived("mind", seed=3)
    first = story(life)
    life.reset()
    assert story(life) == first


@pytest.mark.parametrize(("driver", "rule"), [
    ("mind", "`mind` must be given"), ("expert", "which has no expert"),
    ("visible-expert", "which has no expert"), ("perceived-expert", "`mind` must be given"),
])  # fmt: skip
def test_a_driver_that_is_not_there_is_named(driver: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Life(world(), LoopConfig(driver=driver))


def test_other_mistakes_are_named() -> None:
    life = Life(world(), LoopConfig(driver="random"))
    with pytest.raises(RuntimeError, match="`reset` must come first"):
        life.step()
    with pytest.raises(ValueError, match="`count` must be at least 1"):
        next(episodes(life, 0))
    broken = lived("random", reward=float("nan"))
    with pytest.raises(ValueError, match="`reward` must be finite; got nan in lane 0"):
        broken.step()
    assert isinstance(lived("random").step(), Tick)


def test_the_perceived_expert_drives_on_what_is_believed() -> None:
    """Given true beliefs he does what the expert does who is told; brakes for what may be red."""
    driving = make_world("mindloop/Driving-v0", 4, {"preset": "calm"})
    mind = Mind(driving.spec, MindConfig(perception=PerceptionConfig(image_width=16, features=16)))
    life = Life(driving, LoopConfig(driver="perceived-expert", seed=5), mind)
    life.reset()
    act, told = driving.believing_expert(), driving.expert("visible")
    is_red = driving.spec.fact_names.index("light_red")
    near = driving.spec.fact_names.index("light_distance")
    there = driving.spec.fact_names.index("light_present")
    for _ in range(20):
        tick = life.step(told())
    assert life.trace is not None and tick.driver == "human"
    seen = driving.seen(life.infos)
    believed = replace(
        life.trace.percept, facts=torch.from_numpy(seen.facts),
        scene=torch.from_numpy(seen.scene), path=torch.from_numpy(seen.path),
        doubt=torch.zeros_like(life.trace.percept.doubt),
    )  # fmt: skip
    assert np.array_equal(act(believed), told())
    believed.facts[:, [there, near]], believed.facts[:, is_red] = 1.0, 0.3  # red, perhaps
    brakes = [driving.spec.actions.attributes[int(a)]["acceleration"] < 0 for a in act(believed)]
    moving = life.observation.parts["state"][:, 0] > 1
    assert bool(moving.any()) and all(b for b, m in zip(brakes, moving, strict=True) if m)
    untrained = act(life.trace.percept)
    assert np.array_equal(life.step().actions, untrained), "what it believes, right or wrong"
    driving.close()


RED = "red [hard]: lamp_red => forbid action == 1"


@pytest.mark.parametrize("oracle", [True, False])
def test_only_an_oracle_tells_the_mind_what_is_so(oracle: bool) -> None:
    made = make_world("tests.lamps:Lamps-v0", 2)
    rules = ReasoningConfig(use="rules", rules={"red": RED})
    mind = Mind(made.spec, MindConfig(reasoning=rules))
    life = Life(made, LoopConfig(seed=1, oracle=oracle), mind)
    life.reset()
    k = made.spec.fact_names.index("lamp_red")
    ticks = [life.step() for _ in range(60)]
    red = np.concatenate([tick.truth.facts[:, k] > 0.5 for tick in ticks])
    acted = np.concatenate([np.asarray(tick.actions) == 1 for tick in ticks])
    believed = np.concatenate([tick.trace.percept.facts[:, k] for tick in ticks if tick.trace])
    assert red.sum() > 20 and (~red).sum() > 20
    if oracle:
        assert not (acted & red).any() and (acted & ~red).any()
        assert ((believed > 0.5) == red).all()
    else:
        assert not acted.any(), "untrained, it can never be sure that there is no red lamp"
        assert ((believed > 0.2) & (believed < 0.8)).all()
