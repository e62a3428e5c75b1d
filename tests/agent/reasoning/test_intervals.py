"""Interval arithmetic: sound whatever the values are, and exact where they are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mindloop.agent.reasoning.intervals import Claim, Number, Tape

# some processors' settings, which other tests choose, know no subnormal numbers
ENDS = st.floats(-50, 50, width=32, allow_subnormal=False)
PLACES = st.floats(0, 1, allow_subnormal=False)
Unary = Callable[[Tape, Number], Number]
Binary = Callable[[Tape, Number, Number], Number]
PAIRS: dict[str, tuple[Binary, Callable[[float, float], float]]] = {
    "add": (Tape.add, lambda x, y: x + y),
    "subtract": (Tape.subtract, lambda x, y: x - y),
    "multiply": (Tape.multiply, lambda x, y: x * y),
    "divide": (Tape.divide, lambda x, y: x / y if y else 0.0),
    "lesser": (Tape.lesser, min),
    "greater": (Tape.greater, max),
}
SINGLES: dict[str, tuple[Unary, Callable[[float], float]]] = {
    "negative": (Tape.negative, lambda x: -x),
    "square": (Tape.square, lambda x: x * x),
    "absolute": (Tape.absolute, abs),
    "root": (Tape.root, lambda x: max(x, 0.0) ** 0.5),
}


def interval(tape: Tape, name: str) -> Number:
    return Number(tape.input(f"{name} lo"), tape.input(f"{name} hi"))


def inputs(**ends: tuple[float, float]) -> dict[str, NDArray[np.float64]]:
    found = {}
    for name, (lo, hi) in ends.items():
        found[f"{name} lo"], found[f"{name} hi"] = np.array([lo]), np.array([hi])
    return found


def within(value: float, lo: float, hi: float) -> bool:
    slack = 1e-6 * (1 + abs(value))
    return bool(lo - slack <= value <= hi + slack)


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None, max_examples=60)
@given(a=st.tuples(ENDS, ENDS), b=st.tuples(ENDS, ENDS), at=st.tuples(PLACES, PLACES))
def test_two_numbers_stay_within(
    name: str, a: tuple[float, float], b: tuple[float, float], at: tuple[float, float]
) -> None:
    a, b = (min(a), max(a)), (min(b), max(b))
    if name == "divide" and any(0 < abs(end) < 1e-3 for end in b):
        return  # would be too large to compare
    function, plain = PAIRS[name]
    tape = Tape()
    found = function(tape, interval(tape, "a"), interval(tape, "b"))
    places = tape.run(inputs(a=a, b=b))
    x, y = a[0] + at[0] * (a[1] - a[0]), b[0] + at[1] * (b[1] - b[0])
    assert within(plain(x, y), places[found.lo][0], places[found.hi][0]) or (
        name == "divide" and y == 0
    )


@pytest.mark.parametrize("name", SINGLES)
@settings(deadline=None, max_examples=60)
@given(a=st.tuples(ENDS, ENDS), at=PLACES)
def test_one_number_stays_within(name: str, a: tuple[float, float], at: float) -> None:
    a = (min(a), max(a))
    function, plain = SINGLES[name]
    tape = Tape()
    found = function(tape, interval(tape, "a"))
    places = tape.run(inputs(a=a))
    assert within(plain(a[0] + at * (a[1] - a[0])), places[found.lo][0], places[found.hi][0])


def test_sure_and_maybe_by_hand() -> None:
    tape = Tape()
    a, b = interval(tape, "a"), interval(tape, "b")
    less, equal = tape.less(a, b, or_equal=False), tape.equal(a, b)
    places = tape.run({
        "a lo": np.array([1.0, 1.0, 5.0, 3.0]), "a hi": np.array([2.0, 4.0, 6.0, 3.0]),
        "b lo": np.array([3.0, 3.0, 3.0, 3.0]), "b hi": np.array([4.0, 4.0, 4.0, 3.0]),
    })  # fmt: skip
    assert places[less.sure].tolist() == [True, False, False, False]
    assert places[less.maybe].tolist() == [True, True, False, False]
    assert places[equal.maybe].tolist() == [False, True, False, True]
    assert places[equal.sure].tolist() == [False, False, False, True]


def test_claims_of_doubtful_claims() -> None:
    tape = Tape()
    a = Claim(tape.input("sure"), tape.input("maybe"))
    denied = tape.opposite(a)
    both, either = tape.all_of([a, denied]), tape.any_of([a, denied])
    places = tape.run({
        "sure": np.array([True, False, False]), "maybe": np.array([True, True, False])
    })  # fmt: skip
    assert places[denied.sure].tolist() == [False, False, True]
    assert places[denied.maybe].tolist() == [False, True, True]
    assert places[both.maybe].tolist() == [False, True, False]
    assert places[either.sure].tolist() == [True, False, True]


def test_what_occurs_twice_is_computed_once_and_constants_never() -> None:
    tape = Tape()
    a = interval(tape, "a")
    first = tape.add(tape.square(a), tape.multiply(tape.number(2.0), tape.number(3.0)))
    assert tape.add(tape.square(a), tape.number(6.0)) == first
    assert len(tape._operations) == 4, "two ends of a square, and two of a sum"


def test_what_is_infinite_leaves_everything_possible() -> None:
    tape = Tape()
    a, b = interval(tape, "a"), interval(tape, "b")
    wild = tape.subtract(tape.divide(a, b), tape.divide(a, b))
    less = tape.less(wild, tape.number(0.0), or_equal=False)
    places = tape.run(inputs(a=(1.0, 2.0), b=(-1.0, 1.0)))
    assert places[less.maybe].tolist() == [True] and places[less.sure].tolist() == [False]
