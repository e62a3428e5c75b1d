"""The study of emotion: its statistics by hand, its arms, its plan, and a cell of each stage."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mindloop import cli
from mindloop.agent.config import EmotionConfig
from mindloop.agent.emotion import Emotion
from mindloop.agent.store import load_mind
from mindloop.agent.types import Outcome, Percept
from mindloop.arms import ACTING, ADAPTING, DECISIVE, Borrowed, Series, config_of, dress
from mindloop.cells import Cell, run_cell
from mindloop.grounds import GROUNDS
from mindloop.study import Options, cells
from mindloop.study_report import analyse, write_report
from mindloop.verdict import (
    compare,
    detectable,
    holm,
    interquartile_mean,
    iqm,
    paired,
    permutation_test,
    verdict,
)

DRIVING, ROBOT = GROUNDS
METRIC = DRIVING.metric


def rng() -> np.random.Generator:
    """Returns a generator that is the same each time."""
    return np.random.default_rng(0)


def test_the_middle_half_counts_and_its_interval_holds_it() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 100.0])
    assert interquartile_mean(values) == pytest.approx((2 + 3 + 4 + 5) / 4)
    found = iqm(values[None], rng())
    assert found.low < found.mean < found.high < 100


def test_pairs_are_compared_seed_by_seed() -> None:
    other = np.array([[10.0, 50.0, 90.0, 20.0]])
    difference, chance = paired(other + 1.0, other, rng())
    assert (difference.mean, difference.low, difference.high) == pytest.approx((1.0, 1.0, 1.0))
    assert chance.mean == 1.0
    _, even = paired(other, other, rng())
    assert even.mean == 0.5


def test_a_permutation_test_by_hand() -> None:
    # of the 8 sign flips of (1, 2, 3) only the first has a sum of 6 or more; of (1, 2, -3) those
    # with sums of 0 or more: 6, 0, 2, 4 and 0
    zero = np.zeros((1, 3))
    assert permutation_test(np.array([[1.0, 2.0, 3.0]]), zero, rng()) == pytest.approx(1 / 8)
    sums = [a + 2 * b - 3 * c for a, b, c in itertools.product((1, -1), repeat=3)]
    expected = np.mean(np.array(sums) >= 0)
    assert permutation_test(np.array([[1.0, 2.0, -3.0]]), zero, rng()) == pytest.approx(expected)
    many = rng().normal(1.0, 1.0, (1, 20))
    assert permutation_test(many, np.zeros((1, 20)), rng()) < 0.01


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.9]) == [1.0, 1.0]


def test_it_helps_only_where_all_that_decide_are_beaten() -> None:
    seeds = np.arange(10.0)[None]
    noise = rng().normal(0.0, 0.1, (1, 10))
    scores = {"full": seeds + 2, "yoked": seeds + noise, "constant": seeds - noise}
    scores["raw"] = seeds + 2
    found = compare(scores, "full", DECISIVE, rng())
    told = verdict(found, DECISIVE)
    assert told == {"helps": False, "beats": ["yoked", "constant"], "does_not_beat": ["raw"]}
    found = compare({**scores, "raw": seeds}, "full", DECISIVE, rng())
    assert verdict(found, DECISIVE)["helps"]


def test_what_ten_pairs_can_show() -> None:
    assert detectable(10) == pytest.approx((1.833 + 0.842) / 10**0.5, abs=0.01)
    assert detectable(100) < detectable(10) / 2


def test_arms_differ_in_what_they_say() -> None:
    assert config_of("off").use == "off"
    assert all(config_of(arm).use == "on" for arm in {*ACTING, *ADAPTING} - {"off"})
    assert "caution" not in config_of("without caution").effects
    assert len(config_of("without shaping").effects) == len(EmotionConfig().effects) - 1


def test_a_yoked_mind_is_modulated_by_others_and_a_raw_one_by_the_moment() -> None:
    series = Series(torch.rand(5, 2, 3, generator=torch.Generator().manual_seed(0)))
    borrowed = {}
    for arm in ("yoked", "constant"):
        mind = dress(load_mind("driver", emotion=config_of(arm)), arm, series)
        assert isinstance(mind.emotion, Borrowed)
        rows = []
        state = mind.initial_state(3)
        percept = _percept(mind.spec.facts)
        for _ in range(7):
            felt = mind.emotion.feel(Outcome.nothing(3), percept, torch.zeros(3), state)
            rows.append(torch.stack((felt.temperature, felt.caution, felt.curiosity), -1))
        borrowed[arm] = torch.stack(rows)
    lanes = torch.tensor([0, 1, 0])
    assert torch.equal(borrowed["yoked"], series.values[torch.arange(7) % 5][:, lanes])
    assert torch.allclose(borrowed["constant"], series.values.mean((0, 1)).expand(7, 3, 3))
    raw = dress(load_mind("driver", emotion=config_of("raw")), "raw", None)
    assert isinstance(raw.emotion, Emotion) and float(raw.emotion.decay.abs().max()) == 0.0
    with pytest.raises(ValueError, match="`series` must be given for yoked"):
        dress(load_mind("driver", emotion=config_of("yoked")), "yoked", None)


def _percept(facts: Any) -> Any:
    one = torch.ones(3)
    return Percept(
        torch.zeros(3, 256), torch.zeros(3, len(facts)), torch.zeros(3, len(facts)),
        torch.zeros(3, 0, 7), torch.zeros(3, 0, 2), 0.01 * one, torch.zeros(3, 3, 8), one, one,
        torch.zeros(3, 256),
    )  # fmt: skip


def test_every_arm_lives_every_task_with_every_seed() -> None:
    options = Options("emotion", seeds=3)
    acting, adapting = cells("a", options), cells("b", options)
    assert len(acting) == 7 * 3 * 3 and len(adapting) == 7 * 3
    assert {cell.task for cell in adapting} == {DRIVING.shift}
    assert len({cell.name for cell in (*acting, *adapting)}) == len(acting) + len(adapting)


@pytest.mark.parametrize("stage", ["a", "b"])
def test_the_report_says_what_the_numbers_say(stage: str, tmp_path: Path) -> None:
    options = Options("emotion", seeds=4)
    every = cells(stage, options)
    dice = rng()
    results: dict[str, Any] = {}
    for cell in every:
        score = 50.0 + 5.0 * (cell.arm == "full") + dice.normal()
        scores = {"driving_score_2_0": score, "collisions_per_km": 0.1}
        one: dict[str, Any] = {"scores": scores}
        if stage == "a":
            one["risk"] = {"brier_skill": 0.1, "auroc": 0.9}
        else:
            one |= {"rewards": dice.normal(size=30).tolist(), "reward_before": 1.0}
            scores["recovery_steps"] = 1000.0
        results[cell.name] = one
    found = analyse(stage, every, results, DECISIVE, METRIC)
    json.dumps(found)
    assert found["table"]["driving_score_2_0"]["full"]["all"]["mean"] == pytest.approx(55, abs=1)
    assert found["verdict"]["beats"] == [], "four pairs can't show anything after Holm"
    assert all(one["p"] == 1 / 16 for one in found["decisive"])
    tasks = dict(DRIVING.tasks)
    plan = {"rule": "first <all>", "seeds": 4, "detectable_effect": 1.6, "tasks": tasks}
    write_report(tmp_path / "r.html", {"version": "1", "plan": plan, "stages": {stage: found}})
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "emotion <b>does not help</b>" in page and "first &lt;all&gt;" in page
    assert page.count("<img src='data:image/png;base64,") == (1 if stage == "a" else 2)


@pytest.mark.slow
def test_a_cell_of_each_stage(tmp_path: Path) -> None:
    acts = Cell("a", "full", "default", 0, "driver", 1)
    full = run_cell(acts, tmp_path)
    assert 0.0 <= full["scores"]["driving_score_2_0"] <= 100.0
    lent = np.load(tmp_path / f"{acts.name}.npy")
    assert lent.shape[1:] == (1, 3) and len(lent) > 200
    assert lent[..., 0].std() > 0 and lent[..., 1].max() > 0, "something was felt"
    (tmp_path / f"{acts.name}.npy").unlink()
    assert run_cell(acts, tmp_path) == full, "what is there is not lived again"
    adapts = Cell("b", "full", DRIVING.shift, 0, "driver", 1, steps=8192)
    found = run_cell(adapts, tmp_path)
    assert len(found["rewards"]) == 4 and found["scores"]["recovery_steps"] <= 8192
    assert np.load(tmp_path / f"{adapts.name}.npy").shape[-1] == 3


WRONG = {
    "`--seeds` must be at least 2; got 1": ("--seeds", "1"),
    "`mind` must be a folder": ("--mind", "nobody"),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_ends_with_a_message_and_2(
    message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(("study", "emotion", *WRONG[message]))
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_plan_is_not_changed_once_it_is_laid_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mindloop.study._live", lambda *_: {})
    monkeypatch.setattr("mindloop.study.analyse", lambda *_: {"verdict": {"helps": False}})
    monkeypatch.setattr("mindloop.study.write_report", lambda *_: None)
    words = ("study", "emotion", "--output", "it", "--stage", "a")
    for more, code in (((), 0), ((), 0), (("--seeds", "4"), 2)):
        with pytest.raises(SystemExit) as ended:
            cli.main((*words, *more))
        assert ended.value.code == code
    assert "it/plan.json differs in seeds" in " ".join(capsys.readouterr().err.split())
