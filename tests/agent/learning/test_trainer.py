"""A run ends where it should, whether or not it was interrupted; and says what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mindloop.agent.config import (
    EFFECTS,
    EmotionConfig,
    ImitationConfig,
    MindConfig,
    PerceptionConfig,
    PPOConfig,
    ReasoningConfig,
    TrainConfig,
)
from mindloop.agent.learning.trainer import Progress, Trainer
from mindloop.agent.mind import Mind
from mindloop.agent.scoring import Interval
from mindloop.agent.store import load_mind, read_card

SMALL = MindConfig(perception=PerceptionConfig(features=16, vector_width=16, image_width=32))
CARTPOLE = TrainConfig(
    env="CartPole-v1", steps=256 * 6, mind=SMALL, checkpoint_every=2, evaluation_episodes=2,
    ppo=PPOConfig(ticks=32, lanes=8, epochs=2),
)  # fmt: skip
DRIVING = replace(
    CARTPOLE, env="mindloop/Driving-v0", settings={"preset": "calm", "width": 32, "height": 32},
    test_settings={"split": "test", "camera": True}, steps=4 * 6 * 6,
    ppo=PPOConfig(ticks=6, lanes=4, epochs=2, minibatches=2),
)  # fmt: skip
ROBOT = replace(
    DRIVING, env="mindloop/Robot-v0", settings={"preset": "Any", "width": 32, "height": 32},
    imitation=ImitationConfig(share=0.5, weight=0.1, minibatches=2),
)  # fmt: skip

FEELING = replace(SMALL, emotion=EmotionConfig(use="on", effects=EFFECTS))
CAUTIOUS = replace(FEELING, reasoning=ReasoningConfig(use="both"))


class Killed(Exception):
    """Ends a run as a crash would."""


def killed_after(updates: int) -> object:
    def tell(progress: Progress) -> None:
        if progress.update == updates:
            raise Killed

    return tell


@pytest.mark.parametrize(
    "config", [pytest.param(CARTPOLE, id="cartpole"),
               pytest.param(replace(CARTPOLE, mind=FEELING), id="cartpole, feeling"),
               pytest.param(DRIVING, id="driving", marks=pytest.mark.slow),
               pytest.param(replace(DRIVING, mind=CAUTIOUS), id="driving, feeling",
                            marks=pytest.mark.slow),
               pytest.param(replace(ROBOT, mind=CAUTIOUS), id="robot, imitating and feeling",
                            marks=pytest.mark.slow)]
)  # fmt: skip
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "evaluate", lambda self: {"total_reward": Interval(1, 1, 1)})
    whole = Trainer(config, tmp_path / "whole")
    whole.train()
    for updates in (1, 3, 5):
        # the second time nothing had been kept: it begins again
        run = Trainer(config, tmp_path / "cut", resumes=updates > 1)
        run.tell = killed_after(updates)  # type: ignore[assignment]
        with pytest.raises(Killed):
            run.train()
    again = Trainer(config, tmp_path / "cut", resumes=True)
    assert again.learner.done == 4
    again.train()
    for name, value in whole.mind.state_dict().items():
        assert torch.equal(value, again.mind.state_dict()[name]), name


def test_a_run_leaves_what_it_did(tmp_path: Path) -> None:
    told: list[Progress] = []
    run = Trainer(CARTPOLE, tmp_path / "run", tell=told.append)
    result = run.train()
    assert [progress.update for progress in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1].steps == CARTPOLE.steps and told[-1].speed > 0
    lines = (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["total_reward"]["mean"] == result.mean
    for name in ("mind", "best"):
        mind = load_mind(tmp_path / "run" / name, run.world.spec)
        assert torch.equal(mind.decision.logits.weight, run.mind.decision.logits.weight)
    assert list((tmp_path / "run").glob("events*"))


def test_what_is_felt_changes_what_is_learned(tmp_path: Path) -> None:
    minds = {}
    for name, config in (("calm", SMALL), ("feels", FEELING)):
        run = Trainer(replace(CARTPOLE, mind=config), tmp_path / name)
        run.train()
        minds[name] = run.mind
    assert minds["feels"].decision.logits_affect.weight.abs().max() > 0, "the policy reads it"
    assert minds["calm"].decision.logits_affect.weight.abs().max() == 0
    ours, theirs = (mind.decision.logits.weight for mind in minds.values())
    assert not torch.equal(ours, theirs)


@pytest.mark.slow
def test_the_best_mind_is_calibrated_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = iter((3.0, 2.0, 1.0))

    def evaluate(_: Trainer) -> dict[str, Interval]:
        mean = next(worse)
        return {"total_reward": Interval(mean, mean, mean)}

    monkeypatch.setattr(Trainer, "evaluate", evaluate)
    Trainer(replace(DRIVING, evaluate_every=3), tmp_path / "run").train()
    assert read_card(tmp_path / "run" / "best")["steps"] == 4 * 6 * 3
    best, last = (load_mind(tmp_path / "run" / name) for name in ("best", "mind"))
    assert not torch.equal(best.decision.logits.weight, last.decision.logits.weight)
    untrained = Mind(best.spec, SMALL).perception.calibration
    for name, value in best.perception.calibration.named_buffers():
        assert not torch.equal(value, untrained.get_buffer(name)), name


def test_a_target_ends_it_early(tmp_path: Path) -> None:
    said: list[str] = []
    config = replace(CARTPOLE, target=1.0, evaluate_every=1)
    run = Trainer(config, tmp_path / "run", say=said.append)
    run.train()
    assert run.learner.done == 1 and "target was reached" in said[0]


def test_wrong_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`run` must hold a readable config\.json"):
        Trainer(CARTPOLE, tmp_path / "none", resumes=True)
    Trainer(CARTPOLE, tmp_path / "run")
    with pytest.raises(ValueError, match=r"holds a run\. Add --resume"):
        Trainer(CARTPOLE, tmp_path / "run")
    with pytest.raises(ValueError, match="`steps` must be at least 256"):
        replace(CARTPOLE, steps=255)
    with pytest.raises(ValueError, match="must be divisible by `minibatches`"):
        PPOConfig(lanes=6, minibatches=4)
