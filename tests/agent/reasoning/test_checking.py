"""Oddities of a rule book are found, and a book in order has none."""

from __future__ import annotations

from pathlib import Path

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.checking import check
from mindloop.agent.reasoning.rules import RuleBook
from mindloop.agent.types import WorldSpec
from tests.agent.reasoning.worlds import CART, PENDULUM, ROAD

STOP = "stop: light_red => forbid acceleration > -1\n"


def oddities(text: str, spec: WorldSpec = ROAD) -> list[str]:
    return check(RuleBook(spec, ReasoningConfig(), [("my.rules", text)]))


def test_hard_rules_that_contradict_are_named() -> None:
    (words,) = oddities(STOP + "go: light_distance < 20 => require acceleration > 1")
    assert words.startswith("my.rules:2: the hard rules `stop` and `go`")
    assert oddities(STOP + "go [priority 9]: light_distance < 20 => require acceleration > 1") == []
    assert oddities(STOP + "go: not light_red => require acceleration > 1") == []
    assert oddities(STOP + "go [soft]: light_red => prefer acceleration > 1") == []


def test_rules_that_never_apply_are_named() -> None:
    for never in ("light_red and not light_red", "light_distance > 61", "light_distance < 5 < 4"):
        (words,) = oddities(f"dead: {never} => forbid acceleration > 0")
        assert words.startswith("my.rules:1: the rule `dead` applied in none of"), never
    narrow = "light_distance > 17.2 and light_distance < 17.4 and light_red"
    assert oddities(f"rare: {narrow} => forbid acceleration > 0") == []


def test_other_worlds() -> None:
    lean = "a: state[2] > .2 => forbid action == 0\n"
    assert oddities(lean, CART) == []
    assert len(oddities(lean + "b: state[2] > .1 => forbid action == 1", CART)) == 1
    crossed = "a: state[0] > 0 => require torque < 0\nb: state[1] > 0 => require torque > 1"
    assert len(oddities(crossed, PENDULUM)) == 1


def test_an_empty_book_and_what_ships_are_in_order() -> None:
    assert oddities("") == []
    shipped = Path(__file__).parents[3] / "envs" / "driving" / "knowledge.rules"
    assert shipped.is_file()
