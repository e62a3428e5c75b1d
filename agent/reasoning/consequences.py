"""What a rule forbids, requires or prefers: claims about actions, settled when rules are read."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import nearest
from ..types import ActionSpec
from .language import Phrase, Rule
from .subjects import identifier

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_ABOVE, _BELOW = (ast.Gt, ast.GtE), (ast.Lt, ast.LtE)


@dataclass(frozen=True)
class Bound:
    """A bound on one dimension of a Box."""

    dimension: int
    value: float
    is_upper: bool


def attributes(actions: ActionSpec) -> list[dict[str, Any]]:
    """Returns what can be said of each of the A options: the world's words, `action` (its number
    within its head) and `head`."""
    found: list[dict[str, Any]] = []
    for head, size in enumerate(actions.sizes):
        found += [{"action": option, "head": head} for option in range(size)]
    for row, told in zip(found, actions.attributes, strict=False):
        row |= {identifier(name): value for name, value in told.items()}
    return found


def options_of(rule: Rule, actions: ActionSpec) -> NDArray[np.bool_]:
    """Returns bool[A]: the options that a rule is against, or for, if it prefers.

    Raises:
      RuleError: the consequence can't be understood, or holds for all options or for none.
    """
    phrase = rule.consequence
    every = attributes(actions)
    holds = np.array([_claim(phrase.tree, row, every, phrase) for row in every], np.bool_)
    against = ~holds if rule.verb == "require" else holds
    if not against.any():
        raise phrase.place.error(
            f"`{phrase.text}` must tell actions apart; it holds for "
            f"{'all of them' if holds.all() else 'none'}, so the rule changes nothing."
        )
    if against.all() and len(against) > 1:
        raise phrase.place.error(
            f"`{rule.verb} {phrase.text}` must leave something to be done; it leaves nothing."
        )
    return against


def _claim(node: ast.expr, row: Mapping[str, Any], every: list[dict[str, Any]], phrase: Phrase
           ) -> bool:
    """Returns whether a claim about actions holds for one of them."""
    if isinstance(node, ast.BoolOp):
        parts = [_claim(value, row, every, phrase) for value in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _claim(node.operand, row, every, phrase)
    if not isinstance(node, ast.Compare):
        raise phrase.at(node).error(
            f"a consequence must compare attributes of actions; got `{ast.unparse(node)}`. Write "
            "for example action == 1."
        )
    sides = [_value(side, row, every, phrase) for side in (node.left, *node.comparators)]
    for left, how, right in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(left, str) != isinstance(right, str) and None not in (left, right):
            raise phrase.at(node).error("a word can't be compared with a number.")
        if left is None or right is None or not _COMPARE[type(how)](left, right):
            return False
    return True


def _value(node: ast.expr, row: Mapping[str, Any], every: list[dict[str, Any]], phrase: Phrase
           ) -> Any:
    """Returns a number or word; None where this option has no such attribute."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, row, every, phrase)
        if isinstance(value, (int, float)):
            return -value
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "abs" and len(node.args) == 1:
        value = _value(node.args[0], row, every, phrase)
        return abs(value) if isinstance(value, (int, float)) else value
    if isinstance(node, ast.Name):
        known = list(dict.fromkeys(name for one in every for name in one))
        if node.id in known:
            return row.get(node.id)
        raise phrase.at(node).error(
            f"an attribute of actions must be one of {', '.join(known)}; got `{node.id}`."
            f"{nearest(node.id, known)}"
        )
    raise phrase.at(node).error(
        f"`{ast.unparse(node)}` must be an attribute of actions, a number or a word."
    )


def bounds_of(rule: Rule, actions: ActionSpec) -> tuple[Bound, ...]:
    """Returns the bounds that a rule sets on a Box; with `require` several may be joined by `and`.

    Raises:
      RuleError: the consequence can't be understood, or no bounds could say it.
    """
    phrase, tree = rule.consequence, rule.consequence.tree
    if rule.verb == "prefer":
        raise phrase.place.error(
            "`prefer` must choose among options; this world's actions are numbers. Use require."
        )
    if not rule.is_hard:
        raise rule.place.error(
            "a rule on actions that are numbers must be hard: it sets bounds. Leave out soft."
        )
    parts = [tree]
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) and rule.verb == "require":
        parts = tree.values
    return tuple(_bound(part, rule.verb, actions, phrase) for part in parts)


def _bound(node: ast.expr, verb: str, actions: ActionSpec, phrase: Phrase) -> Bound:
    names = [identifier(name) for name in actions.names]
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        raise phrase.at(node).error(
            f"a consequence must be one comparison, such as {names[0]} > 0; got "
            f"`{ast.unparse(node)}`."
        )
    left, how, right = node.left, node.ops[0], node.comparators[0]
    if not isinstance(left, ast.Name) or left.id not in names:
        word = ast.unparse(left)
        raise phrase.at(left).error(
            f"a consequence must begin with one of {', '.join(names)}; got `{word}`."
            f"{nearest(word, names)}"
        )
    try:
        value = float(ast.literal_eval(right))
    except (ValueError, TypeError):
        raise phrase.at(right).error(
            f"a bound must be a number; got `{ast.unparse(right)}`."
        ) from None
    if not isinstance(how, _ABOVE + _BELOW):
        raise phrase.at(node).error("a bound must be set by <, <=, > or >=.")
    dimension = names.index(left.id)
    low, high = actions.low[dimension], actions.high[dimension]
    if not low <= value <= high:
        raise phrase.at(right).error(
            f"a bound of {left.id} must lie within {low:g} and {high:g}; got {value:g}."
        )
    return Bound(dimension, value, isinstance(how, _ABOVE) == (verb == "forbid"))
