"""Batched interval arithmetic on a tape: what can be said of quantities that are not known exactly.

A number is an interval [lo, hi]; a claim is `sure` (true whatever the values are) and `maybe`
(true for some of them). A tape is written once, when rules are read, and run at every tick on
arrays of B lives; what occurs twice is computed once. Source: Moore 1966, Interval Analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import and_, or_
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Claim:
    """A truth value; `sure` implies `maybe`. Both are places on a tape."""

    sure: int
    maybe: int


@dataclass(frozen=True)
class Number:
    """A quantity within [lo, hi], two places on a tape; the same place twice if it is exact.

    `means` says whether it means anything (there is a lead that the lead's distance is of); None:
    always.
    """

    lo: int
    hi: int
    means: Claim | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the value is known."""
        return self.lo == self.hi


class Tape:
    """Operations in order; each writes one new place. The first places are the inputs."""

    def __init__(self) -> None:
        """Begins empty, with the constants true and false."""
        self._inputs: dict[str, int] = {}
        self._constants: dict[int, Any] = {}
        self._operations: list[tuple[Callable[..., Any], tuple[int, ...], int]] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._size = 0
        self.true, self.false = self.constant(True), self.constant(False)

    # ---------------------------------------------------------------------- writing

    def constant(self, value: bool | float) -> int:
        """Returns the place of a constant."""
        return self._place(("constant", type(value), value), lambda at: self._hold(at, value))

    def input(self, name: str) -> int:
        """Returns the place of an array that `run` is given under this name."""
        return self._place(("input", name), lambda at: self._inputs.update({name: at}))

    def apply(self, function: Callable[..., Any], *places: int) -> int:
        """Returns the place of a function of other places; of a constant, if all are."""
        if all(place in self._constants for place in places):
            with np.errstate(all="ignore"):
                value = function(*(self._constants[place] for place in places))
            return self.constant(bool(value) if isinstance(value, (bool, np.bool_)) else
                                 float(value))  # fmt: skip
        return self._place(
            (function, places), lambda at: self._operations.append((function, places, at))
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(self._inputs)

    def value(self, place: int) -> Any:
        """Returns the value of a constant place; None if it is none."""
        return self._constants.get(place)

    def _place(self, key: tuple[Any, ...], write: Callable[[int], Any]) -> int:
        if key not in self._known:
            self._known[key] = self._size
            write(self._size)
            self._size += 1
        return self._known[key]

    def _hold(self, at: int, value: Any) -> None:
        self._constants[at] = value

    # ---------------------------------------------------------------------- running

    def run(self, inputs: dict[str, Array]) -> list[Any]:
        """Returns what stands in every place: arrays [B], or a constant."""
        places: list[Any] = [None] * self._size
        for at, value in self._constants.items():
            places[at] = value
        for name, at in self._inputs.items():
            places[at] = inputs[name]
        with np.errstate(all="ignore"):
            for function, sources, at in self._operations:
                if len(sources) == 2:
                    places[at] = function(places[sources[0]], places[sources[1]])
                else:
                    places[at] = function(*[places[source] for source in sources])
        return places

    # ---------------------------------------------------------------------- claims

    def both(self, a: Claim | None, b: Claim | None) -> Claim | None:
        """Returns the claim that two are true; None is always true."""
        if a is None or b is None:
            return b if a is None else a
        return self.all_of([a, b])

    def all_of(self, claims: Sequence[Claim]) -> Claim:
        """Returns the claim that all are true."""
        return self._fold(and_, claims)

    def any_of(self, claims: Sequence[Claim]) -> Claim:
        """Returns the claim that one is true."""
        return self._fold(or_, claims)

    def _fold(self, function: Callable[..., Any], claims: Sequence[Claim]) -> Claim:
        sure, maybe = claims[0].sure, claims[0].maybe
        for claim in claims[1:]:
            sure = self._join(function, sure, claim.sure)
            maybe = self._join(function, maybe, claim.maybe)
        return Claim(sure, maybe)

    def _join(self, function: Callable[..., Any], a: int, b: int) -> int:
        """Returns the place of `a and b` or `a or b`; of one alone where the other is plain."""
        if a == b:
            return a
        neutral, ruling = (self.true, self.false) if function is and_ else (self.false, self.true)
        if ruling in (a, b):
            return ruling
        if neutral in (a, b):
            return b if a == neutral else a
        return self.apply(function, a, b)

    def opposite(self, claim: Claim) -> Claim:
        """Returns the claim that one is false."""
        sure = self.apply(np.logical_not, claim.maybe)
        if claim.sure == claim.maybe:
            return Claim(sure, sure)
        return Claim(sure, self.apply(np.logical_not, claim.sure))

    def less(self, a: Number, b: Number, or_equal: bool) -> Claim:
        """Returns the claim a < b, or a <= b; false where either means nothing."""
        function = np.less_equal if or_equal else np.less
        sure = self.apply(function, a.hi, b.lo)
        if a.is_exact and b.is_exact:
            return self._meant(Claim(sure, sure), a, b)
        # Said this way round, an end that came of ∞ - ∞ and is no number leaves it possible.
        excluded = self.apply(np.greater if or_equal else np.greater_equal, a.lo, b.hi)
        return self._meant(Claim(sure, self.apply(np.logical_not, excluded)), a, b)

    def equal(self, a: Number, b: Number) -> Claim:
        """Returns the claim a == b."""
        if a.is_exact and b.is_exact:
            same = self.apply(np.equal, a.lo, b.lo)
            return self._meant(Claim(same, same), a, b)
        below, above = self.less(a, b, or_equal=True), self.less(b, a, or_equal=True)
        return self.all_of([below, above])

    def _meant(self, claim: Claim, a: Number, b: Number) -> Claim:
        means = self.both(a.means, b.means)
        return claim if means is None else self.all_of([means, claim])

    # ---------------------------------------------------------------------- numbers

    def number(self, value: float) -> Number:
        """Returns a constant."""
        place = self.constant(float(value))
        return Number(place, place)

    def count(self, claim: Claim) -> Number:
        """Returns 1 where a claim is true, 0 where it is false."""
        lo = self.apply(_as_number, claim.sure)
        return Number(lo, lo if claim.sure == claim.maybe else self.apply(_as_number, claim.maybe))

    def add(self, a: Number, b: Number) -> Number:
        """Returns a + b."""
        return self._number(np.add, (a.lo, b.lo), (a.hi, b.hi), a, b)

    def negative(self, a: Number) -> Number:
        """Returns -a."""
        return self._number(np.negative, (a.hi,), (a.lo,), a)

    def subtract(self, a: Number, b: Number) -> Number:
        """Returns a - b."""
        return self._number(np.subtract, (a.lo, b.hi), (a.hi, b.lo), a, b)

    def multiply(self, a: Number, b: Number) -> Number:
        """Returns a · b."""
        if a.is_exact and b.is_exact:
            return self._number(np.multiply, (a.lo, b.lo), (a.lo, b.lo), a, b)
        for x, y in ((a, b), (b, a)):
            factor = self.value(x.lo) if x.is_exact else None
            if factor is not None:
                ends = (y.lo, y.hi) if factor >= 0 else (y.hi, y.lo)
                return self._number(np.multiply, (x.lo, ends[0]), (x.lo, ends[1]), a, b)
        four = (a.lo, a.hi, b.lo, b.hi)
        return Number(
            self.apply(_lowest_product, *four), self.apply(_highest_product, *four),
            self.both(a.means, b.means),
        )  # fmt: skip

    def divide(self, a: Number, b: Number) -> Number:
        """Returns a / b; anything at all where b may be 0."""
        factor = self.value(b.lo) if b.is_exact else None
        if factor:  # a plain number other than 0
            inverse = self.number(1.0 / factor)
        else:
            lowest = self.apply(_lowest_inverse, b.lo, b.hi)
            inverse = Number(lowest, self.apply(_highest_inverse, b.lo, b.hi), b.means)
        return self.multiply(a, inverse)

    def square(self, a: Number) -> Number:
        """Returns a²."""
        if a.is_exact:
            return self._number(np.square, (a.lo,), (a.lo,), a)
        return Number(
            self.apply(_lowest_square, a.lo, a.hi), self.apply(_highest_square, a.lo, a.hi), a.means
        )

    def root(self, a: Number) -> Number:
        """Returns √a, 0 below 0."""
        return self._number(_root, (a.lo,), (a.hi,), a)

    def absolute(self, a: Number) -> Number:
        """Returns |a|."""
        if a.is_exact:
            return self._number(np.abs, (a.lo,), (a.lo,), a)
        return Number(
            self.apply(_lowest_size, a.lo, a.hi), self.apply(_highest_size, a.lo, a.hi), a.means
        )

    def lesser(self, a: Number, b: Number) -> Number:
        """Returns min(a, b)."""
        return self._number(np.minimum, (a.lo, b.lo), (a.hi, b.hi), a, b)

    def greater(self, a: Number, b: Number) -> Number:
        """Returns max(a, b)."""
        return self._number(np.maximum, (a.lo, b.lo), (a.hi, b.hi), a, b)

    def _number(
        self, function: Callable[..., Any], lo: tuple[int, ...], hi: tuple[int, ...],
        *of: Number,
    ) -> Number:  # fmt: skip
        means: Claim | None = None
        for one in of:
            means = self.both(means, one.means)
        low = self.apply(function, *lo)
        return Number(low, low if lo == hi else self.apply(function, *hi), means)


# Functions of arrays or plain numbers. Those of one bound stand apart: each is one place.


def _as_number(a: Any) -> Any:
    return np.asarray(a, np.float32) if isinstance(a, np.ndarray) else float(a)


def _root(a: Any) -> Any:
    return np.sqrt(np.maximum(a, 0.0))


def _products(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, ...]:
    """Returns all products of ends; 0 · ∞ is 0, since no value is infinite."""
    found = [np.multiply(x, y) for x in (a, b) for y in (c, d)]
    return tuple(np.where(np.isnan(product), 0.0, product) for product in found)


def _lowest_product(a: Any, b: Any, c: Any, d: Any) -> Any:
    p, q, r, s = _products(a, b, c, d)
    return np.minimum(np.minimum(p, q), np.minimum(r, s))


def _highest_product(a: Any, b: Any, c: Any, d: Any) -> Any:
    p, q, r, s = _products(a, b, c, d)
    return np.maximum(np.maximum(p, q), np.maximum(r, s))


def _lowest_inverse(lo: Any, hi: Any) -> Any:
    return np.where(np.greater(lo, 0) | np.less(hi, 0), np.divide(1.0, hi), -np.inf)


def _highest_inverse(lo: Any, hi: Any) -> Any:
    return np.where(np.greater(lo, 0) | np.less(hi, 0), np.divide(1.0, lo), np.inf)


def _lowest_square(lo: Any, hi: Any) -> Any:
    return np.square(_lowest_size(lo, hi))


def _highest_square(lo: Any, hi: Any) -> Any:
    return np.square(_highest_size(lo, hi))


def _lowest_size(lo: Any, hi: Any) -> Any:
    return np.maximum(np.maximum(lo, np.negative(hi)), 0.0)


def _highest_size(lo: Any, hi: Any) -> Any:
    return np.maximum(np.negative(lo), hi)
