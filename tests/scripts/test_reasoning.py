"""Reasoning as its user meets it: flags, rule files, explanations and the tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mindloop import cli

CART = """
let lean = state[2] + 0.5 * state[3]
lean_left: lean < 0 => require action == 0 "the pole falls to the left"
lean_right: lean > 0 => require action == 1 "the pole falls to the right"
"""
GRID = """
let ahead = image[78]
lava [ethic, priority 90]: ahead == 9 => forbid action == 2 "lava ahead"
"""


def started(*words: str) -> int:
    """Runs a program here; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    return int(str(ended.value.code))


def test_two_rules_balance_a_pole_and_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cart.rules").write_text(CART)
    words = ("run", "CartPole-v1", "--driver", "mind", "--rules", "cart.rules", "--episodes", "2",
             "--record", "rec", "--json", "scores.json")  # fmt: skip
    assert started(*words) == 0
    told = json.loads(Path("scores.json").read_text())
    assert told["scores"]["total_reward"]["mean"] == 500 and told["reasoning"] == "rules"
    capsys.readouterr()
    assert started("explain", "rec", "--json", "why.jsonl") == 0
    out = capsys.readouterr().out
    assert "“1” instead of “0”: the pole falls to the right." in out
    rows = [json.loads(line) for line in Path("why.jsonl").read_text().splitlines()]
    assert 100 < len(rows) < 400, "about half of what chance proposes is stopped"
    assert {row["binding"][0]["name"] for row in rows} == {"lean_left", "lean_right"}
    assert rows[0]["binding"][0]["place"] in ("cart.rules:3", "cart.rules:4")


def test_no_step_into_lava(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("grid.rules").write_text(GRID)
    ends = {}
    for name, rules in (("with", ("--rules", "grid.rules")), ("without", ())):
        words = ("run", "minigrid:MiniGrid-LavaGapS5-v0", "--driver", "mind", *rules,
                 "--episodes", "30", "--json", f"{name}.json")  # fmt: skip
        assert started(*words) == 0
        ends[name] = json.loads(Path(f"{name}.json").read_text())["scores"]["length"]["mean"]
    assert ends["with"] > 1.5 * ends["without"], "who steps into lava ends early"


def test_scores_say_that_an_oracle_told_the_mind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("red.rules").write_text("red [hard]: lamp_red => forbid action == 1")
    words = ("evaluate", "tests.lamps:Lamps-v0", "--driver", "mind", "--rules", "red.rules",
             "--episodes", "2", "--workers", "1", "--json", "s.json")  # fmt: skip
    for told in (True, False):
        assert started(*words, *(("--oracle",) if told else ())) == 0
        report = json.loads(Path("s.json").read_text())
        assert report["oracle"] is told and report["reasoning"] == "rules"


WRONG = {
    "my.rules:1:4: `sped` is not known": ("run", "CartPole-v1", "--driver", "mind", "--rules",
                                          "my.rules"),
    "must be off or rules in CartPole-v1": ("run", "CartPole-v1", "--driver", "mind",
                                            "--reasoning", "shield"),
    "`--oracle` must have a mind, and facts to tell it; CartPole-v1 states": (
        "evaluate", "CartPole-v1", "--driver", "mind", "--oracle",
    ),
    "`--oracle` must have a mind, and facts to tell it; the driver is expert": (
        "run", "--oracle", "--driver", "expert",
    ),
    "`--oracle` must have reasoning, which it tells": (
        "evaluate", "--mind", "driver", "--reasoning", "off", "--oracle",
    ),
    "must have a mind that reasons": ("run", "--reasoning", "both", "--driver", "expert"),
    "must come with reasoning by rules": ("run", "CartPole-v1", "--driver", "mind", "--rules",
                                          "my.rules", "--reasoning", "off"),
    "nowhere.rules: [Errno 2]": ("evaluate", "CartPole-v1", "--driver", "mind", "--rules",
                                       "nowhere.rules"),
    "`--rules` must be a text file": ("train", "CartPole-v1", "--rules", "nowhere.rules"),
    "there is no nothing.json": ("explain", "nothing"),
    "must name a record": ("explain",),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_mistake_ends_with_a_message_and_2(
    message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("my.rules").write_text("a: sped > 1 => forbid action == 0")
    assert started(*WRONG[message]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_odd_rules_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.rules").write_text("a: state[0] > 100 => forbid action == 0\n" + CART)
    words = ("CartPole-v1", "--driver", "mind", "--rules", "my.rules", "--episodes", "1")
    for program in ("run", "evaluate"):
        assert started(program, *words) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "Note: my.rules:1: the rule `a` applied in none of" in told, program


def test_what_cannot_be_outweighed_is_counted_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For every driver alike; a chance driver breaks what an expert keeps."""
    monkeypatch.chdir(tmp_path)
    broken = {}
    for driver in ("expert", "random"):
        words = ("evaluate", "--driver", driver, "--episodes", "4", "--json", f"{driver}.json")
        assert started(*words) == 0
        told = json.loads(Path(f"{driver}.json").read_text())
        broken[driver] = told["scores"]["ethic_violations"]["mean"]
        rows = told.get("ethic", [])
        assert sum(row["broken"] for row in rows) == pytest.approx(4 * broken[driver])
    assert "rules that can't be outweighed" in capsys.readouterr().out


def test_the_assumptions_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert started("explain", "--assumptions") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "those ahead brake with at most 8 m/s2" in out


@pytest.mark.slow
def test_a_mind_becomes_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    words = ("train", "CartPole-v1", "--steps", "20000", "--run", "run", "--seed", "2",
             "--vectorisation", "sync")  # fmt: skip
    assert started(*words) == 0
    more = ("distill", "CartPole-v1", "--mind", "run/mind", "--leaves", "30", "--ticks", "100",
             "--episodes", "8", "--output", "tree")  # fmt: skip
    assert started(*more) == 0
    report = json.loads(Path("tree/report.json").read_text())
    assert report["fidelity"] > 0.8 > report["commonest"]
    assert report["leaves"] <= 30 and set(report["scores"]) == {"tree", "mind"}
    assert "observation 2 <=" in Path("tree/tree.txt").read_text()
    assert Path("tree/tree.png").stat().st_size > 10_000
