"""The learner: it recomputes what acting did, and learns a task that a minute solves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from mindloop.agent.config import (
    ImitationConfig,
    LoopConfig,
    MindConfig,
    PerceptionConfig,
    PPOConfig,
    TrainConfig,
)
from mindloop.agent.learning.learner import Learner, unroll
from mindloop.agent.learning.rollout import Recorder, Rollout
from mindloop.agent.learning.workers import Group
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.types import Affect
from mindloop.agent.world import make_world
from tests.spies import Counting, Naming


def rollout_of(life: Life, ticks: int) -> tuple[Rollout, Mind]:
    mind = life.mind
    assert mind is not None
    batch = life.world.num_envs
    memory, affect = mind.perception.initial_memory(batch), Affect.neutral(batch).vector()
    kept = Recorder(mind.spec, memory, affect)
    for _ in range(ticks):
        seen = life.world.seen(life.infos)
        kept.add(life.step(), seen)
    after = life.trace
    assert after is not None
    return kept.finish(after), mind


def lived(env: Any, lanes: int, memory: str = "gru", ticks: int = 12) -> tuple[Rollout, Mind]:
    world = make_world(env, lanes)
    perception = PerceptionConfig(features=16, vector_width=16, memory=memory, window=3)
    life = Life(world, LoopConfig(seed=3), Mind(world.spec, MindConfig(perception=perception)))
    life.reset()
    return rollout_of(life, ticks)


@pytest.mark.parametrize("memory", ["gru", "transformer", "none"])
def test_learning_recomputes_what_acting_did(memory: str) -> None:
    """Over ends of episodes, masks and all: the first ratio is 1, the first value the same."""
    rollout, mind = lived(Counting, 3, memory)
    assert bool(rollout.ended.any()) and not bool(rollout.behaviour.permitted.all())
    with torch.no_grad():
        _, features = unroll(mind.perception, rollout)
        log_prob, entropy = mind.decision.evaluate(features, rollout.behaviour)
        value = mind.perception.quantiles(features, rollout.behaviour.affect_before).mean((1, 2))
    torch.testing.assert_close(log_prob, rollout.behaviour.log_prob, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(value, rollout.value.flatten(), atol=1e-5, rtol=1e-4)
    assert bool((entropy > 0).all())


def test_some_lanes_are_those_lanes() -> None:
    rollout, mind = lived(Counting, 3)
    part = rollout.lanes(torch.tensor([2, 0]))
    with torch.no_grad():
        whole = unroll(mind.perception, rollout)[1].view(*rollout.shape, -1)
        some = unroll(mind.perception, part)[1].view(*part.shape, -1)
    torch.testing.assert_close(some, whole[:, [2, 0]])
    actions = rollout.behaviour.action.view(*rollout.shape, -1)
    assert torch.equal(part.behaviour.action.view(*part.shape, -1), actions[:, [2, 0]])


def test_arrivals_are_zero_where_terminated_and_the_next_value_elsewhere() -> None:
    rollout, _ = lived(Counting, 2)
    assert bool((rollout.arrival[rollout.ended] == 0).all())  # Counting terminates
    goes_on = ~rollout.ended[:-1]
    torch.testing.assert_close(rollout.arrival[:-1][goes_on], rollout.value[1:][goes_on])
    truncating, _ = lived(lambda: Counting(truncates=True), 2)
    assert bool((truncating.arrival[truncating.ended] != 0).all())


@pytest.mark.slow
def test_it_learns_to_name_what_it_sees_and_twice_alike() -> None:
    def learned() -> tuple[Mind, float]:
        world = make_world(Naming, 8)
        perception = PerceptionConfig(features=16, vector_width=16, memory="none")
        mind = Mind(world.spec, MindConfig(perception=perception))
        life = Life(world, LoopConfig(seed=1), mind)
        life.reset()
        ppo = PPOConfig(ticks=16, lanes=8, learning_rate=3e-3, gamma=0.0)
        config = TrainConfig(ppo=ppo, steps=60 * 16 * 8)
        rng = torch.Generator().manual_seed(0)
        learner = Learner(world.spec, mind.perception, mind.decision, config, rng, Group())
        reward = 0.0
        for _ in range(60):
            rollout, _ = rollout_of(life, ppo.ticks)
            reward = float(rollout.reward.mean())
            learner.update(rollout)
        return mind, reward

    (mind, reward), (again, _) = learned(), learned()
    assert reward > 0.9
    for a, b in zip(mind.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_each_phase_has_its_losses_and_its_straight_line() -> None:
    imitation = ImitationConfig(
        share=0.5, value_share=0.1, weight=0.4, learning_rate=1e-2, minibatches=2
    )
    config = TrainConfig(
        ppo=PPOConfig(ticks=4, lanes=4, minibatches=2, epochs=1, learning_rate=2e-3),
        imitation=imitation, steps=10 * 16,
    )
    world = make_world(Counting, 4)
    perception = PerceptionConfig(features=16, vector_width=16)
    mind = Mind(world.spec, MindConfig(perception=perception))
    life = Life(world, LoopConfig(), mind)
    life.reset()
    rng = torch.Generator().manual_seed(0)
    learner = Learner(world.spec, mind.perception, mind.decision, config, rng, Group())
    phases, rates, weights = [], [], []
    for _ in range(10):
        rollout, _ = rollout_of(life, 4)
        rollout = replace(rollout, expert=torch.full((16, 1), 2))
        phases.append(learner.phase)
        rates.append(learner.learning_rate)
        weights.append(learner.imitation_weight)
        losses = learner.update(rollout)
        assert ("policy_loss" in losses) == (phases[-1] == "ppo")
        assert ("imitation_loss" in losses) == (weights[-1] > 0)
        assert all(torch.isfinite(torch.tensor(value)) for value in losses.values())
    assert phases == ["imitation"] * 5 + ["value"] + ["ppo"] * 4
    assert rates[0] == 1e-2 and rates[5] == 2e-3 and rates[4] > 2e-3 > rates[6] > rates[9] > 0
    assert weights == [1.0] * 5 + [0.0] + [0.4, pytest.approx(0.3), pytest.approx(0.2),
                                           pytest.approx(0.1)]


def test_the_target_of_novelty_never_learns() -> None:
    rollout, mind = lived(Counting, 4, ticks=8)
    config = TrainConfig(ppo=PPOConfig(ticks=8, lanes=4), steps=32)
    before = {name: value.clone() for name, value in mind.state_dict().items()}
    rng = torch.Generator().manual_seed(0)
    group, emotion = Group(), mind.emotion
    learner = Learner(mind.spec, mind.perception, mind.decision, config, rng, group, emotion)
    losses = learner.update(rollout)
    after = mind.state_dict()
    for name, value in before.items():
        if "novelty.target" in name:
            assert torch.equal(value, after[name]), name
    for name in ("perception.novelty.predictor.0.weight", "perception.novelty.scale.mean",
                 "emotion.signals.mean"):  # fmt: skip
        assert not torch.equal(before[name], after[name]), name
    assert losses["novelty_loss"] > 0


def test_values_alone_leave_the_policy_as_it_is() -> None:
    rollout, mind = lived(Counting, 4, ticks=8)
    config = TrainConfig(
        ppo=PPOConfig(ticks=8, lanes=4), steps=64,
        imitation=ImitationConfig(value_share=1.0, minibatches=2),
    )  # fmt: skip
    before = {name: value.clone() for name, value in mind.named_parameters()}
    rng = torch.Generator().manual_seed(0)
    learner = Learner(mind.spec, mind.perception, mind.decision, config, rng, Group())
    learner.update(rollout)
    after = dict(mind.named_parameters())
    for name in ("decision.logits.weight", "perception.dense.weight"):
        assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["perception.value.weight"], after["perception.value.weight"])


class Pictures(gymnasium.Env[Any, Any]):
    """Shows noise; the reward is the action."""

    def __init__(self) -> None:
        self.observation_space = spaces.Box(0, 255, (32, 32, 3), np.uint8)
        self.action_space = spaces.Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self.observation_space.sample(), float(action), False, False, {}


def test_moved_pictures_are_held_alike_where_that_is_asked_for() -> None:
    world = make_world(Pictures, 4)
    perception = PerceptionConfig(features=16, image_width=16)
    mind = Mind(world.spec, MindConfig(perception=perception))
    life = Life(world, LoopConfig(), mind)
    life.reset()
    rollout, _ = rollout_of(life, 4)
    for weight in (0.0, 0.1):
        ppo = PPOConfig(ticks=4, lanes=4, augmentation=weight)
        config = TrainConfig(ppo=ppo, steps=32)
        rng = torch.Generator().manual_seed(0)
        learner = Learner(mind.spec, mind.perception, mind.decision, config, rng, Group())
        losses = learner.update(rollout)
        assert ("augmentation_loss" in losses) == (weight > 0)
    assert losses["augmentation_loss"] > 0


@pytest.mark.parametrize("memory", ["gru", "transformer"])
def test_a_copy_on_another_device_learns_the_same_and_hands_it_over(memory: str) -> None:
    """"cpu:0" is the processor by another name: the copies that a GPU would need are made."""
    minds = []
    for device in ("cpu", "cpu:0"):
        rollout, mind = lived(Counting, 4, memory, ticks=8)
        ppo = PPOConfig(ticks=8, lanes=4)
        config = TrainConfig(ppo=ppo, steps=64, device=device)
        rng = torch.Generator().manual_seed(0)
        learner = Learner(mind.spec, mind.perception, mind.decision, config, rng, Group())
        assert (learner.perception is mind.perception) == (device == "cpu")
        for _ in range(2):
            learner.update(rollout)
        minds.append(mind)
    for (name, a), b in zip(minds[0].state_dict().items(), minds[1].state_dict().values(),
                            strict=True):  # fmt: skip
        assert torch.equal(a, b), name
