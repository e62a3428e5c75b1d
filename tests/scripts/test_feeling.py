"""Feelings as their user meets them: flags, records, explanations, a room of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mindloop import cli
from mindloop.agent.config import EmotionConfig, LoopConfig
from mindloop.agent.loop import Life
from mindloop.agent.store import load_mind
from mindloop.agent.types import AbstractEmotion, Affect, MindState, Outcome, Percept
from mindloop.agent.world import make_world


def started(*words: str) -> int:
    """Runs a program here; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    return int(str(ended.value.code))


@pytest.mark.slow
def test_what_is_felt_is_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    life = ("--mind", "driver", "--steps", "150", "--seed", "3")
    for name, more in (("calm", ("--emotion", "off")), ("felt", ()),
                       ("anxious", ("--disposition", "anxious"))):  # fmt: skip
        assert started("run", *life, *more, "--record", name) == 0
    kept = {name: np.load(f"{name}.npz") for name in ("calm", "felt", "anxious")}
    emotions = {name: found["trace.affect.emotions"] for name, found in kept.items()}
    assert emotions["calm"].max() == 0.0 < emotions["felt"].max() < 1.0
    assert emotions["anxious"][..., 3].mean() > emotions["felt"][..., 3].mean(), "fear"
    header = json.loads(Path("anxious.json").read_text())["header"]
    assert header["emotion"]["fearfulness"] == 3.0
    capsys.readouterr()
    assert started("explain", "calm") == 2
    assert "in calm none did" in " ".join(capsys.readouterr().err.split())
    assert started("explain", "felt", "--json", "why.jsonl") == 0
    out = capsys.readouterr().out
    rows = [json.loads(line) for line in Path("why.jsonl").read_text().splitlines()]
    assert rows and all(f"step {row['step']}: felt {row['felt']}" in out for row in rows)
    assert any(", " in row["felt"] and ": " in row["felt"] for row in rows), "fact, appraisal"
    assert started("explain", "felt", "--step", "1") == 0
    assert "step 1: felt calm" in capsys.readouterr().out


def test_a_room_of_ones_own_takes_the_place_of_the_minds() -> None:
    class Nervous(AbstractEmotion):
        def feel(
            self, outcome: Outcome, arrival: Percept, arrival_value: torch.Tensor, state: MindState
        ) -> Affect:
            return replace(Affect.neutral(state.batch_size), caution=arrival.risk)

    world = make_world("mindloop/Driving-v0", 2, {})
    life = Life(world, LoopConfig(seed=1), load_mind("driver", world.spec, emotion=Nervous()))
    life.reset()
    life.step()
    trace = life.step().trace
    assert trace is not None and torch.equal(trace.affect.caution, trace.percept.risk)
    world.close()


def test_a_mind_that_feels_lives_on_exactly_from_where_it_was_kept() -> None:
    world = make_world("mindloop/Driving-v0", 2, {})
    mind = load_mind("driver", world.spec, emotion=EmotionConfig(use="on"))
    life = Life(world, LoopConfig(seed=4), mind)
    life.reset()
    for _ in range(30):
        life.step()
    tensors, numbers = life.state()
    first = [life.step().trace for _ in range(10)]
    life.load(tensors, numbers)
    for one in first:
        again = life.step().trace
        assert one is not None and again is not None
        assert torch.equal(one.affect.vector(), again.affect.vector())
        assert torch.equal(one.decision.action, again.decision.action)
    world.close()


WRONG = {
    "`--disposition` must come with feelings; got --emotion off": (
        "run", "--mind", "driver", "--emotion", "off", "--disposition", "bold"),
    "`--emotion` must have a mind that feels; the driver is expert": ("run", "--emotion", "on",
                                                                      "--driver", "expert"),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_ends_with_a_message_and_2(
    message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert started(*WRONG[message]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
