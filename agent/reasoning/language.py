"""The language of rule files: one line a rule, read into syntax trees that know their place.

    let NAME = EXPRESSION
    NAME [TAGS]: CONDITION => VERB CONSEQUENCE "MESSAGE"

TAGS: `hard` (the default) or `soft WEIGHT`; `priority NUMBER`; `ethic`. VERB: forbid, require, or
prefer. A `#` begins a comment. Expressions are Python's, of which only arithmetic, comparisons,
`and`, `or`, `not` and calls of known functions are let through; nothing is ever executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..config import nearest

VERBS = ("forbid", "require", "prefer")
TAGS = ("hard", "soft", "priority", "ethic")
PRIORITY = 50  # of a rule that names none
_NAME = re.compile(r"[A-Za-z_]\w*")
_NODES = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Compare, ast.Lt, ast.LtE, ast.Gt,
    ast.GtE, ast.Eq, ast.NotEq, ast.Name, ast.Load, ast.Constant, ast.Call, ast.Attribute,
    ast.Subscript,
)  # fmt: skip
DEEPEST = 40  # levels of brackets and operators in one expression


class RuleError(ValueError):
    """A rule file says something that can't be understood; the message names the place."""


@dataclass(frozen=True)
class Place:
    """Where something stands: file, line from 1, column from 1."""

    file: str
    line: int
    column: int

    def error(self, words: str) -> RuleError:
        """Returns the error that names this place."""
        return RuleError(f"{self.file}:{self.line}:{self.column}: {words}")


@dataclass(frozen=True)
class Phrase:
    """An expression and where it begins."""

    tree: ast.expr
    text: str
    place: Place

    def at(self, node: ast.AST) -> Place:
        """Returns where a part of the expression stands."""
        offset = getattr(node, "col_offset", 0)
        return Place(self.place.file, self.place.line, self.place.column + max(offset - 1, 0))


@dataclass(frozen=True)
class Definition:
    """`let NAME = EXPRESSION`."""

    name: str
    phrase: Phrase
    place: Place


@dataclass(frozen=True)
class Rule:
    """One rule as it was written."""

    name: str
    is_hard: bool
    weight: float
    priority: int
    is_ethic: bool
    condition: Phrase
    verb: str
    consequence: Phrase
    message: str
    """Template; {name} and {name:.1f} stand for quantities."""
    place: Place


def read_rules(text: str, file: str) -> Iterator[Definition | Rule]:
    """Yields the definitions and rules of a text, in order.

    Raises:
      RuleError: a line is neither.
    """
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _without_comment(raw)
        if not line.strip():
            continue
        begin = len(line) - len(line.lstrip())
        place = Place(file, number, begin + 1)
        word = _NAME.match(line, begin)
        if word is None:
            raise place.error(
                "a line must begin with `let` or with the name of a rule; got "
                f"{line.strip()[:20]!r}. Write NAME [hard]: CONDITION => forbid CONSEQUENCE."
            )
        if word.group() == "let" and not line[word.end() :].lstrip().startswith((":", "[")):
            yield _definition(line, word.end(), place)
        else:
            yield _rule(line, word.group(), word.end(), place)


def _without_comment(line: str) -> str:
    """Returns the line up to a # outside of quotes."""
    quote = ""
    for k, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            return line[:k]
    return line


def _definition(line: str, after: int, place: Place) -> Definition:
    name = _NAME.match(line, _skip(line, after))
    if name is None:
        raise _spot(place, after).error("`let` must be followed by a name. Write let gap = ….")
    equals = _skip(line, name.end())
    if line[equals : equals + 1] != "=" or line[equals : equals + 2] == "==":
        raise _spot(place, equals).error(
            f"`let {name.group()}` must be followed by =. Write let {name.group()} = …."
        )
    phrase = _phrase(line, equals + 1, len(line), place, "an expression")
    return Definition(name.group(), phrase, _spot(place, name.start()))


def _rule(line: str, name: str, after: int, place: Place) -> Rule:
    at = _skip(line, after)
    tags = ""
    if line[at : at + 1] == "[":
        end = line.find("]", at)
        if end < 0:
            raise _spot(place, at).error("`[` must be closed. Write ] after the last tag.")
        tags, tags_at = line[at + 1 : end], at + 1
        at = _skip(line, end + 1)
    else:
        tags_at = at
    if line[at : at + 1] != ":":
        raise _spot(place, at).error(
            f"the name {name!r} must be followed by tags or a colon. Write {name} [hard]: …."
        )
    arrow = _outside_quotes(line, "=>", at)
    if arrow < 0:
        raise _spot(place, len(line.rstrip())).error(
            "a rule must say what follows: no `=>` was found. Write CONDITION => forbid …."
        )
    condition = _phrase(line, at + 1, arrow, place, "a condition")
    begin = _skip(line, arrow + 2)
    verb = _NAME.match(line, begin)
    if verb is None or verb.group() not in VERBS:
        found = verb.group() if verb else line[begin:].strip()[:12]
        raise _spot(place, begin).error(
            f"what follows must begin with {', '.join(VERBS)}; got {found!r}."
            f"{nearest(found, VERBS)}"
        )
    message, end = _message(line, verb.end(), place)
    consequence = _phrase(line, verb.end(), end, place, "a consequence")
    is_hard, weight, priority, is_ethic = _tags(tags, _spot(place, tags_at))
    if verb.group() == "prefer":
        is_hard = False
    return Rule(
        name, is_hard, weight, priority, is_ethic, condition, verb.group(), consequence,
        message, place,
    )  # fmt: skip


def _tags(text: str, place: Place) -> tuple[bool, float, int, bool]:
    """Returns is_hard, weight, priority, is_ethic."""
    is_hard, weight, priority, is_ethic = True, 1.0, PRIORITY, False
    for tag in filter(None, (part.strip() for part in text.split(","))):
        word, _, value = tag.partition(" ")
        if word not in TAGS:
            raise place.error(
                f"a tag must be one of {', '.join(TAGS)}; got {word!r}.{nearest(word, TAGS)}"
            )
        if word == "ethic":
            is_ethic = True
        if word == "hard":
            is_hard = True
        if word in ("hard", "ethic") and value.strip():
            raise place.error(f"`{word}` must stand alone; got {tag!r}. Put a comma between tags.")
        if word == "soft":
            is_hard = False
            weight = _number(value, "soft", place) if value.strip() else 1.0
            if weight < 0:
                raise place.error(f"`soft` must have a weight of at least 0; got {weight:g}.")
        if word == "priority":
            number = _number(value, "priority", place)
            if not number.is_integer() or not 0 <= number <= 1000:
                raise place.error(
                    f"`priority` must be a whole number from 0 to 1000; got {value.strip()}."
                )
            priority = int(number)
    if is_ethic and not is_hard:
        raise place.error("`ethic` must be hard: it can't be outweighed. Leave out soft.")
    return is_hard, weight, priority, is_ethic


def _number(text: str, tag: str, place: Place) -> float:
    try:
        number = float(text)
    except ValueError:
        raise place.error(
            f"`{tag}` must be followed by a number; got {text.strip()!r}. Write {tag} 2."
        ) from None
    if number != number or abs(number) == float("inf"):
        raise place.error(f"`{tag}` must be followed by a finite number; got {text.strip()}.")
    return number


def _message(line: str, begin: int, place: Place) -> tuple[str, int]:
    """Returns the message at the end of a line, "" without one, and where it begins."""
    text = line.rstrip()
    first = _first_message_quote(text, begin)
    if first < 0:
        return "", len(text)
    quote = text[first]
    if len(text) - 1 == first or text[-1] != quote:
        raise _spot(place, first).error(
            f"the message must end the line with {quote}; it is not closed, or something follows."
        )
    return text[first + 1 : -1], first


def _first_message_quote(text: str, begin: int) -> int:
    """Returns where a quote begins that follows neither an operator nor a bracket; -1: nowhere.

    A string within the consequence (`name == "left"`) follows one.
    """
    at = begin
    while at < len(text):
        if text[at] in "\"'":
            before = text[begin:at].rstrip()
            if not before or before[-1] not in "=<>(,!":
                return at
            closing = text.find(text[at], at + 1)
            if closing < 0:
                return at
            at = closing
        at += 1
    return -1


def _outside_quotes(line: str, wanted: str, begin: int) -> int:
    """Returns where `wanted` stands outside of quotes; -1: nowhere."""
    quote = ""
    for k in range(begin, len(line)):
        letter = line[k]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif line.startswith(wanted, k):
            return k
    return -1


def _phrase(line: str, begin: int, end: int, place: Place, what: str) -> Phrase:
    """Returns the expression between two columns.

    Raises:
      RuleError: there is none, or it holds what a rule may not say.
    """
    at = _skip(line, begin)
    text = line[at:end].rstrip()
    spot = _spot(place, at)
    if at >= end or not text:
        raise spot.error(f"{what} must stand here; got nothing.")
    try:
        tree = ast.parse(f"({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        column = (getattr(problem, "offset", None) or 2) - 2
        words = getattr(problem, "msg", None) or "can't be read"
        raise _spot(place, at + min(max(column, 0), len(text))).error(
            f"{what} must be an expression such as gap < 10 and speed > 2; {words}."
        ) from None
    phrase = Phrase(tree, text, spot)
    _check_nodes(tree, phrase, what)
    return phrase


def _check_nodes(tree: ast.expr, phrase: Phrase, what: str) -> None:
    """Lets only the whitelisted kinds of nodes through, to a bounded depth."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        for node in level:
            if not isinstance(node, _NODES):
                raise phrase.at(node).error(
                    f"{what} must be made of arithmetic, comparisons, and, or, not and calls; got "
                    f"{type(node).__name__}. Leave it out."
                )
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise phrase.place.error(f"{what} must be at most {DEEPEST} levels deep. Use let for parts.")


def _skip(line: str, at: int) -> int:
    while at < len(line) and line[at].isspace():
        at += 1
    return at


def _spot(place: Place, at: int) -> Place:
    """Returns the place of the column `at`, counted from 0, of the same line."""
    return Place(place.file, place.line, at + 1)


def load(path: Path) -> str:
    """Returns the text of a rule file.

    Raises:
      RuleError: it can't be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise RuleError(
            f"`--rules` must be a text file in UTF-8; {path}: {problem}. Name another."
        ) from problem
