"""Rule files: what they say is read, and every mistake is told with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.language import Definition, Rule, RuleError, read_rules
from mindloop.agent.reasoning.rules import RuleBook
from mindloop.agent.types import WorldSpec
from tests.agent.reasoning.worlds import CART, PENDULUM, ROAD

GOOD = (
    'keep_off_red [hard, priority 90]: light_red > .5 and light_distance < 10 => '
    'forbid acceleration > 0 "the light is red, {light_distance:.0f} m ahead"'
)


def book(text: str, spec: WorldSpec = ROAD) -> RuleBook:
    return RuleBook(spec, ReasoningConfig(), [("my.rules", text)])


def test_a_rule_is_read() -> None:
    (rule,) = read_rules(GOOD + "  # as REFERENCE has it", "my.rules")
    assert isinstance(rule, Rule)
    assert (rule.name, rule.is_hard, rule.priority) == ("keep_off_red", True, 90)
    assert rule.verb == "forbid"
    assert rule.message == "the light is red, {light_distance:.0f} m ahead"
    assert rule.condition.text == "light_red > .5 and light_distance < 10"
    assert (rule.place.line, rule.place.column) == (1, 1)


def test_definitions_comments_and_hashes_within_messages() -> None:
    text = "# gaps\nlet gap = lead_distance - 2  # [m]\n\na [soft 2.5]: gap < 3 => prefer " \
           'acceleration < 0 "too near (#1)"'
    first, second = read_rules(text, "my.rules")
    assert isinstance(first, Definition) and first.name == "gap"
    assert isinstance(second, Rule) and second.message == "too near (#1)"
    assert (second.is_hard, second.weight, second.place.line) == (False, 2.5, 4)


MISTAKES = {
    "a [hard]: light_rad => forbid acceleration > 0": (1, 11, "light_red"),
    "a [hard]: light_red => forbid aceleration > 0": (1, 31, "acceleration"),
    "a [hart]: light_red => forbid acceleration > 0": (1, 4, "hard"),
    "a: light_red => forbit acceleration > 0": (1, 17, "forbid"),
    "a: light_red": (1, 13, "=>"),
    "a: light_red => forbid": (1, 23, "a consequence must stand here"),
    "a: => forbid acceleration > 0": (1, 4, "a condition must stand here"),
    "a: light_red and => forbid acceleration > 0": (1, 17, "a condition must be"),
    "a: light_distance => forbid acceleration > 0": (1, 4, "is a number"),
    "a: light_red + => forbid acceleration > 0": (1, 15, "a condition must be"),
    "a: print(1) => forbid acceleration > 0": (1, 4, "a function must be"),
    "a: [x for x in 1] => forbid acceleration > 0": (1, 4, "ListComp"),
    "a: state[3] > 0 => forbid acceleration > 0": (1, 10, "from 0 to 2"),
    "a: state > 0 => forbid acceleration > 0": (1, 4, "Write state[0]"),
    "a: state.sped > 0 => forbid acceleration > 0": (1, 4, "speed"),
    "a: light_red => forbid acceleration > 20": (1, 24, "none"),
    "a: light_red => forbid acceleration < 20": (1, 24, "leave something"),
    "a: light_red => forbid acceleration": (1, 24, "compare attributes"),
    'a: light_red => forbid acceleration > 0 "{spead}"': (1, 1, "spead"),
    'a: light_red => forbid acceleration > 0 "{light_distance:q}"': (1, 1, "format"),
    'a: light_red => forbid acceleration > 0 "{"': (1, 1, "matching"),
    'a: light_red => forbid acceleration > 0 "open': (1, 41, "message must end"),
    "a: light_distance ** 3 < 1 => forbid acceleration > 0": (1, 22, "power"),
    "a: light_distance / 0 < 1 => forbid acceleration > 0": (1, 21, "divided by 0"),
    "a: nearest(dog, -9, 9) < 1 => forbid acceleration > 0": (1, 12, "pedestrian"),
    "a: nearest(car, 9, -9) < 1 => forbid acceleration > 0": (1, 17, "right one first"),
    "a: likely(light_distance) => forbid acceleration > 0": (1, 11, "true or false"),
    "a: doubt(state) < 1 => forbid acceleration > 0": (1, 10, "asked of a fact"),
    "a [soft, ethic]: light_red => forbid acceleration > 0": (1, 4, "ethic"),
    "a [priority high]: light_red => forbid acceleration > 0": (1, 4, "number"),
    "let light_red = 1": (1, 5, "has a meaning already"),
    "let x 1": (1, 7, "followed by ="),
    "? what": (1, 1, "must begin with"),
    "a: light_red => forbid acceleration > 0\na: light_red => forbid acceleration < 0":
        (2, 1, "stands in my.rules:1 already"),
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_place(text: str) -> None:
    line, column, words = MISTAKES[text]
    with pytest.raises(RuleError) as caught:
        book(text)
    message = str(caught.value)
    assert message.startswith(f"my.rules:{line}:{column}: "), message
    assert words in message, message


def test_other_worlds_have_other_names() -> None:
    assert len(book("let angle = state[2]\na: angle > .1 => forbid action == 0", CART)) == 1
    assert len(book("a: state[0] > .1 => require torque <= 1 and torque >= -1", PENDULUM)) == 1
    with pytest.raises(RuleError, match=r"my.rules:1:36: a bound of torque must lie within -2"):
        book("a: state[0] > 1 => forbid torque > 9", PENDULUM)
    with pytest.raises(RuleError, match="needs a scene"):
        book("a: nearest(car, -9, 9) < 1 => forbid action == 0", CART)


LETTERS = st.text(st.sampled_from("abc_ []():=><.,+-*/\"'{}#0129\n\tлight"), max_size=60)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=80), LETTERS))
def test_any_text_is_rules_or_a_mistake_with_a_place(text: str) -> None:
    try:
        book(text)
    except RuleError as mistake:
        assert str(mistake).startswith("my.rules:")


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.sampled_from("ab0 .([{\"'=>:,#\\*@\x00é"), st.booleans())
def test_a_slip_of_the_pen_is_told_with_its_place(at: int, letter: str, inserts: bool) -> None:
    text = GOOD[:at] + letter + GOOD[at + (not inserts) :]
    try:
        book(text)
    except RuleError as mistake:
        assert str(mistake).startswith("my.rules:1:")
