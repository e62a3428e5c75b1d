"""Rules: what a knowledge file says, judged on what is believed.

A hard `forbid` fires where its condition is possibly true, `require` and `prefer` where it is
certainly true; a rule of doubt on the safe side.
"""

from __future__ import annotations

import ast
import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig, nearest
from ..types import WorldSpec
from .consequences import Bound, bounds_of, options_of
from .intervals import Array, Claim, Number, Tape
from .language import Definition, Phrase, Rule, RuleError, read_rules
from .subjects import FEELINGS, Moment, Subjects

KNOWLEDGE = "knowledge.rules"  # what messages call a world's own file
FUNCTIONS = ("abs", "min", "max", "sqrt", "doubt", "nearest", "possible", "likely",
             "certain")  # fmt: skip
_COMPARED = {ast.Lt: (False, False), ast.LtE: (False, True), ast.Gt: (True, False),
             ast.GtE: (True, True)}  # operator: (sides change places, equal counts)


class Reader:
    """Writes expressions on a tape."""

    def __init__(self, tape: Tape, subjects: Subjects) -> None:
        """Begins without definitions."""
        self.tape, self.subjects = tape, subjects
        self.defined: dict[str, Number | Claim] = {}
        self.used: list[str] = []
        """Names that were met since the list was last emptied, in order."""

    def claim(self, node: ast.expr, phrase: Phrase) -> Claim:
        """Returns a truth value.

        Raises:
          RuleError: it is a number, or can't be understood.
        """
        found = self.read(node, phrase)
        if isinstance(found, Claim):
            return found
        raise phrase.at(node).error(
            f"`{ast.unparse(node)}` is a number where something true or false must stand. Compare "
            "it, as in … > 0."
        )

    def number(self, node: ast.expr, phrase: Phrase) -> Number:
        """Returns a number; 1 for what is true, 0 for what is false."""
        found = self.read(node, phrase)
        return found if isinstance(found, Number) else self.tape.count(found)

    def read(self, node: ast.expr, phrase: Phrase) -> Number | Claim:
        """Returns what a node says.

        Raises:
          RuleError: it can't be understood.
        """
        if isinstance(node, ast.BoolOp):
            parts = [self.claim(value, phrase) for value in node.values]
            join = self.tape.all_of if isinstance(node.op, ast.And) else self.tape.any_of
            return join(parts)
        if isinstance(node, ast.Compare):
            return self._compare(node, phrase)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, phrase)
        if isinstance(node, ast.BinOp):
            return self._binary(node, phrase)
        if isinstance(node, ast.Constant):
            return self._constant(node, phrase)
        if isinstance(node, ast.Name):
            return self._name(node, phrase)
        if isinstance(node, ast.Call):
            return self._call(node, phrase)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, phrase)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, phrase)
        raise phrase.at(node).error(f"`{ast.unparse(node)}` can't stand here. Leave it out.")

    # ------------------------------------------------------------------ operators

    def _compare(self, node: ast.Compare, phrase: Phrase) -> Claim:
        sides = [self.number(side, phrase) for side in (node.left, *node.comparators)]
        claims = []
        for left, how, right in zip(sides, node.ops, sides[1:], strict=False):
            if type(how) in _COMPARED:
                swapped, or_equal = _COMPARED[type(how)]
                a, b = (right, left) if swapped else (left, right)
                claims.append(self.tape.less(a, b, or_equal))
            elif isinstance(how, ast.Eq):
                claims.append(self.tape.equal(left, right))
            else:  # what means nothing is not unequal either
                claim = self.tape.opposite(self.tape.equal(left, right))
                means = self.tape.both(left.means, right.means)
                claims.append(claim if means is None else self.tape.all_of([means, claim]))
        return self.tape.all_of(claims)

    def _unary(self, node: ast.UnaryOp, phrase: Phrase) -> Number | Claim:
        if isinstance(node.op, ast.Not):
            return self.tape.opposite(self.claim(node.operand, phrase))
        value = self.number(node.operand, phrase)
        return self.tape.negative(value) if isinstance(node.op, ast.USub) else value

    def _binary(self, node: ast.BinOp, phrase: Phrase) -> Number:
        left = self.number(node.left, phrase)
        if isinstance(node.op, ast.Pow):
            return self._power(left, node.right, phrase)
        right, tape = self.number(node.right, phrase), self.tape
        if isinstance(node.op, ast.Add):
            return tape.add(left, right)
        if isinstance(node.op, ast.Sub):
            return tape.subtract(left, right)
        if isinstance(node.op, ast.Mult):
            return tape.square(left) if left == right else tape.multiply(left, right)
        if tape.value(right.lo) == 0 and right.is_exact:
            raise phrase.at(node.right).error("a number can't be divided by 0.")
        return tape.divide(left, right)

    def _power(self, base: Number, exponent: ast.expr, phrase: Phrase) -> Number:
        value = exponent.value if isinstance(exponent, ast.Constant) else None
        if value == 1:
            return base
        if value == 2:
            return self.tape.square(base)
        if value == 0.5:
            return self.tape.root(base)
        raise phrase.at(exponent).error(
            f"a power must be 2, 1 or 0.5; got {ast.unparse(exponent)}. Multiply instead."
        )

    def _constant(self, node: ast.Constant, phrase: Phrase) -> Number | Claim:
        value = node.value
        if isinstance(value, bool):
            place = self.tape.true if value else self.tape.false
            return Claim(place, place)
        if isinstance(value, (int, float)) and abs(value) < 1e30:
            return self.tape.number(float(value))
        raise phrase.at(node).error(f"a constant must be a plain number; got {value!r}.")

    # ------------------------------------------------------------------ names

    def _name(self, node: ast.Name, phrase: Phrase) -> Number | Claim:
        name, subjects = node.id, self.subjects
        self.used.append(name)
        if name in self.defined:
            return self.defined[name]
        found = subjects.fact(self.tape, name)
        if found is not None:
            return found
        if name == "risk":
            return subjects.risk(self.tape)
        if name == "last" and not subjects.spec.actions.is_box:
            return subjects.last(self.tape, "action")
        if size := subjects.part_size(name):
            raise phrase.at(node).error(
                f"`{name}` has {size} numbers. Write {name}[0] for the first."
            )
        if name in ("last", "affect"):
            known = subjects.attributes if name == "last" else FEELINGS
            raise phrase.at(node).error(f"`{name}` must be followed by one of .{', .'.join(known)}")
        known = (*self.defined, *subjects.names, *FUNCTIONS)
        raise phrase.at(node).error(
            f"`{name}` is not known in {subjects.spec.env}.{nearest(name, known)} Known are "
            f"{_listed(known)}."
        )

    def _attribute(self, node: ast.Attribute, phrase: Phrase) -> Number:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        subjects, name = self.subjects, node.attr
        self.used.append(f"{owner}.{name}")
        if owner == "affect":
            _known(name, FEELINGS, node, phrase, "a feeling")
            return subjects.feeling(self.tape, name)
        if owner == "last":
            _known(name, subjects.attributes, node, phrase, "an attribute of actions")
            return subjects.last(self.tape, name)
        if subjects.part_size(owner) and subjects.columns(owner):
            columns = subjects.columns(owner)
            _known(name, columns, node, phrase, f"a number of {owner}")
            return subjects.part(self.tape, owner, columns.index(name))
        raise phrase.at(node).error(
            f"`{ast.unparse(node)}` is not known; a point may follow last, affect"
            f"{''.join(f', {part}' for part in subjects.spec.vectors)}."
        )

    def _subscript(self, node: ast.Subscript, phrase: Phrase) -> Number:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        size = self.subjects.part_size(owner)
        if not size:
            known = [n for n in self.subjects.names if self.subjects.part_size(n)]
            raise phrase.at(node).error(
                f"`{ast.unparse(node.value)}` has no numbers to count through."
                f"{nearest(owner, known)} Known are {_listed(known)}."
            )
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < size:
            raise phrase.at(node.slice).error(
                f"`{owner}[…]` must have a whole number from 0 to {size - 1}; got "
                f"{ast.unparse(node.slice)}."
            )
        self.used.append(f"{owner}[{index}]")
        return self.subjects.part(self.tape, owner, index)

    # ------------------------------------------------------------------ functions

    def _call(self, node: ast.Call, phrase: Phrase) -> Number | Claim:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        _known(name, FUNCTIONS, node, phrase, "a function")
        count = {"min": 2, "max": 2, "nearest": 3}.get(name, 1)
        if len(node.args) != count or node.keywords:
            raise phrase.at(node).error(
                f"`{name}` must be given {count} argument{'s' if count > 1 else ''}; got "
                f"{len(node.args) + len(node.keywords)}."
            )
        if name == "doubt":
            return self._doubt(node.args[0], phrase)
        if name == "likely":
            return self._likely(node.args[0], phrase)
        if name == "nearest":
            return self._nearest(node, phrase)
        tape = self.tape
        if name in ("possible", "certain"):
            claim = self.claim(node.args[0], phrase)
            place = claim.maybe if name == "possible" else claim.sure
            return Claim(place, place)
        numbers = [self.number(argument, phrase) for argument in node.args]
        if name in ("min", "max"):
            return (tape.lesser if name == "min" else tape.greater)(*numbers)
        return (tape.absolute if name == "abs" else tape.root)(numbers[0])

    def _likely(self, node: ast.expr, phrase: Phrase) -> Claim:
        name = node.id if isinstance(node, ast.Name) else ast.unparse(node)
        found = self.subjects.likely(self.tape, name)
        if found is None:
            known = [fact.name for fact in self.subjects.spec.facts if fact.is_boolean]
            raise phrase.at(node).error(
                f"`likely` must be asked of a fact that is true or false; got {name}."
                f"{nearest(name, known)}"
            )
        self.used.append(name)
        return found

    def _doubt(self, node: ast.expr, phrase: Phrase) -> Number:
        name = node.id if isinstance(node, ast.Name) else ast.unparse(node)
        found = self.subjects.doubt(self.tape, name)
        if found is None:
            known = self.subjects.spec.fact_names
            raise phrase.at(node).error(
                f"`doubt` must be asked of a fact; got {name}.{nearest(name, known)}"
            )
        return found

    def _nearest(self, node: ast.Call, phrase: Phrase) -> Number:
        kind = node.args[0].id if isinstance(node.args[0], ast.Name) else ast.unparse(node.args[0])
        if self.subjects.spec.scene is None:
            raise phrase.at(node).error(
                f"`nearest` needs a scene, which {self.subjects.spec.env} does not declare."
            )
        _known(kind, self.subjects.kinds, node.args[0], phrase, "a class")
        ends = [self.number(argument, phrase) for argument in node.args[1:]]
        right, left = (self.tape.value(end.lo) for end in ends)
        if right is None or left is None or not -180 <= right < left <= 180:
            raise phrase.at(node.args[1]).error(
                "`nearest` must be given two bearings from -180 to 180 degrees, the right one "
                f"first; got {', '.join(ast.unparse(argument) for argument in node.args[1:])}."
            )
        return self.subjects.nearest(self.tape, kind, right, left)


def _known(name: str, known: Sequence[str], node: ast.AST, phrase: Phrase, what: str) -> None:
    if name not in known:
        raise phrase.at(node).error(
            f"{what} must be one of {_listed(known)}; got `{name}`.{nearest(name, known)}"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 24 else ", ".join((*names[:24], "…"))


@dataclass(frozen=True)
class Entry:
    """A rule that can be judged."""

    rule: Rule
    claim: Claim
    options: NDArray[np.bool_]
    """bool[A]: those that the rule is against; those that it is for, if it prefers."""
    bounds: tuple[Bound, ...]
    """Of a Box, in place of options."""
    names: tuple[str, ...]
    """Facts and other names that the condition speaks of, definitions followed."""
    fields: tuple[tuple[str, Number], ...]
    """What the message and the list of quantities are filled with, on the tape of `tell`."""

    @property
    def fires_when_possible(self) -> bool:
        """Whether it suffices that the condition may be true."""
        return self.rule.verb == "forbid"


@dataclass(frozen=True)
class Quantity:
    """Something that a condition speaks of, as it was believed."""

    name: str
    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        """Returns it as people read it: a value, or the interval that it lies in."""
        unit = f" {self.unit}" if self.unit else ""
        if self.high - self.low < 1e-6:
            return f"{self.name} {self.low:.3g}{unit}"
        return f"{self.name} {self.low:.3g} to {self.high:.3g}{unit}"


def _template(rule: Rule) -> list[tuple[str, str]]:
    """Returns (name, format) of each field in a message.

    Raises:
      RuleError: its brackets don't match.
    """
    try:
        parts = list(string.Formatter().parse(rule.message))
    except ValueError as problem:
        raise rule.place.error(
            f"the message must have matching {{ and }}: {problem}. Write {{{{ for a plain one."
        ) from None
    found = []
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if conversion or not name.strip() or "{" in (form or ""):
            raise rule.place.error(
                "a field of the message must be a name, with a format or without; got "
                f"{{{name}{'!' + conversion if conversion else ''}}}."
            )
        found.append((name.strip(), form or ""))
    return found


def _fill(message: str, values: dict[str, float]) -> str:
    """Returns the message with its fields filled."""
    words = ""
    for text, name, form, _ in string.Formatter().parse(message):
        words += text
        if name is not None:
            words += format(values[name.strip()], form or ".3g")
    return words


def rule_files(spec: WorldSpec, config: ReasoningConfig) -> tuple[tuple[str, str], ...]:
    """Returns (name, text) of the files that hold in a world: its own, then the user's."""
    own = ((KNOWLEDGE, spec.knowledge),) if spec.knowledge else ()
    return (*own, *config.rules.items())


class RuleBook:
    """Rules of a world, compiled; several files are one book."""

    def __init__(
        self, spec: WorldSpec, config: ReasoningConfig, files: Sequence[tuple[str, str]]
    ) -> None:
        """Compiles the rules.

        Args:
          files: (name of the file, its text) each; later files may use definitions of earlier
            ones.
        Raises:
          RuleError: something can't be understood; the message names the place.
        """
        self.spec = spec
        self.subjects = Subjects(spec, config)
        self._tape = Tape()
        self._reader = Reader(self._tape, self.subjects)
        self._teller = Reader(Tape(), self.subjects)  # for people; not run at every tick
        self._base: dict[str, tuple[str, ...]] = {}
        self.definitions: list[Definition] = []
        entries: list[Entry] = []
        for file, text in files:
            for line in read_rules(text, file):
                if isinstance(line, Definition):
                    self._define(line)
                else:
                    self._refuse_twice(line, entries)
                    entries.append(self._compile(line))
        self.entries = tuple(entries)
        self._places = [
            entry.claim.maybe if entry.fires_when_possible else entry.claim.sure
            for entry in entries
        ]

    def __len__(self) -> int:
        """Returns R, how many rules there are."""
        return len(self.entries)

    def fired(self, now: Moment) -> NDArray[np.bool_]:
        """Returns bool[R, B]: which rules apply."""
        found = np.empty((len(self.entries), now.size), np.bool_)
        if len(self.entries):
            places = self._tape.run(self.subjects.inputs(self._tape, now))
            for row, place in enumerate(self._places):
                found[row] = places[place]
        return found

    def judge(self, now: Moment) -> tuple[Array, Array]:
        """Returns bool[R, B] twice: conditions that are certainly and that are possibly true."""
        places = self._tape.run(self.subjects.inputs(self._tape, now))
        size = (len(self.entries), now.size)
        sure, maybe = np.empty(size, np.bool_), np.empty(size, np.bool_)
        for row, entry in enumerate(self.entries):
            sure[row], maybe[row] = places[entry.claim.sure], places[entry.claim.maybe]
        return sure, maybe

    def tell(self, row: int, now: Moment, lane: int) -> tuple[str, list[Quantity]]:
        """Returns a rule's message for one life, and the quantities its condition speaks of."""
        entry, tape = self.entries[row], self._teller.tape
        places = tape.run(self.subjects.inputs(tape, now))

        def end(place: int) -> float:
            return float(np.broadcast_to(places[place], now.size)[lane])

        known = {name: (end(number.lo), end(number.hi)) for name, number in entry.fields}
        words = _fill(entry.rule.message, {name: sum(ends) / 2 for name, ends in known.items()})
        units = {fact.name: fact.unit for fact in self.spec.facts}
        return words, [
            Quantity(name, *known[name], units.get(name, "")) for name in entry.names
        ]

    def _define(self, line: Definition) -> None:
        known = (*self.subjects.names, *FUNCTIONS, *self._reader.defined)
        if line.name in known:
            raise line.place.error(f"`{line.name}` has a meaning already. Choose another name.")
        self._reader.used.clear()
        value = self._reader.read(line.phrase.tree, line.phrase)
        self._base[line.name] = self._bases()
        self._reader.defined[line.name] = value
        self._teller.defined[line.name] = self._teller.read(line.phrase.tree, line.phrase)
        self.definitions.append(line)

    def _refuse_twice(self, rule: Rule, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.rule.name == rule.name:
                first = entry.rule.place
                raise rule.place.error(
                    f"a rule `{rule.name}` stands in {first.file}:{first.line} already. Choose "
                    "another name."
                )

    def _compile(self, rule: Rule) -> Entry:
        self._reader.used.clear()
        claim = self._reader.claim(rule.condition.tree, rule.condition)
        names = self._bases()
        fields = self._fields(rule, names)
        actions = self.spec.actions
        if actions.is_box:
            empty = np.zeros(actions.width, np.bool_)
            return Entry(rule, claim, empty, bounds_of(rule, actions), names, fields)
        return Entry(rule, claim, options_of(rule, actions), (), names, fields)

    def _fields(self, rule: Rule, names: Sequence[str]) -> tuple[tuple[str, Number], ...]:
        """Returns the numbers that the message and the quantities of a rule need.

        Raises:
          RuleError: the message speaks of something unknown, or in an unknown format.
        """
        found: dict[str, Number] = {}
        for name, form in _template(rule):
            try:
                format(0.0, form)
                tree = ast.parse(name, mode="eval").body
            except (SyntaxError, ValueError) as problem:
                raise rule.place.error(
                    f"the message must have fields such as {{gap:.1f}}; {{{name}:{form}}}: "
                    f"{problem}."
                ) from None
            found[name] = self._teller.number(tree, Phrase(tree, name, rule.place))
        for name in names:
            if name not in FUNCTIONS:
                tree = ast.parse(name, mode="eval").body
                found[name] = self._teller.number(tree, Phrase(tree, name, rule.place))
        return tuple(found.items())

    def _bases(self) -> tuple[str, ...]:
        """Returns the names used since, with definitions replaced by what they are made of."""
        found: list[str] = []
        for name in self._reader.used:
            found += self._base.get(name, (name,))
        return tuple(dict.fromkeys(found))


__all__ = ["Entry", "Quantity", "Reader", "RuleBook", "RuleError"]
