"""What is odd about a rule book: hard rules that contradict one another, rules that never apply.

Both are found by trying: many moments are drawn from what the world declares, the figures that
stand in the rules among them. A contradiction is therefore real, and has a moment to show; a rule
that applied in none of them may still apply in some other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from ..types import AFFECT_WIDTH, Affect, WorldSpec
from .rules import RuleBook
from .subjects import Moment

TRIED = 8192
WIDE = 10.0  # where a number's range is not declared, it is drawn from a normal this wide


def check(book: RuleBook) -> list[str]:
    """Returns a sentence for each oddity; none for a book that is in order."""
    if not len(book):
        return []
    now = _moments(book)
    fired = book.fired(now)
    return [*_never(book, fired), *_contradictions(book, fired)]


def _never(book: RuleBook, fired: NDArray[np.bool_]) -> Iterator[str]:
    for entry, row in zip(book.entries, fired, strict=True):
        if not row.any():
            place = entry.rule.place
            yield (
                f"{place.file}:{place.line}: the rule `{entry.rule.name}` applied in none of "
                f"{TRIED} moments that were tried; can its condition ever be true?"
            )


def _contradictions(book: RuleBook, fired: NDArray[np.bool_]) -> Iterator[str]:
    """Yields pairs of hard rules of one priority that together leave nothing to be done."""
    hard = [k for k, entry in enumerate(book.entries) if entry.rule.is_hard]
    for a, b in combinations(hard, 2):
        first, second = book.entries[a], book.entries[b]
        if first.rule.priority != second.rule.priority or first.options.all():
            continue
        leaves_nothing = bool((first.options | second.options).all()) and not second.options.all()
        if book.spec.actions.is_box:
            leaves_nothing = _bounds_cross(book, a, b)
        if leaves_nothing and (fired[a] & fired[b]).any():
            place = second.rule.place
            yield (
                f"{place.file}:{place.line}: the hard rules `{first.rule.name}` and "
                f"`{second.rule.name}` can apply together and leave nothing to be done. Give one "
                "a higher priority."
            )


def _bounds_cross(book: RuleBook, a: int, b: int) -> bool:
    pairs = [(x, y) for x in book.entries[a].bounds for y in book.entries[b].bounds]
    return any(
        x.dimension == y.dimension and x.is_upper != y.is_upper
        and (x.value < y.value if x.is_upper else y.value < x.value)
        for x, y in pairs
    )  # fmt: skip


def _moments(book: RuleBook) -> Moment:
    """Returns moments drawn at random, without doubt."""
    spec, rng = book.spec, np.random.default_rng(0)
    figures = np.array(sorted(_figures(book)) or [0.0])

    def draw(low: float, high: float) -> NDArray[np.float32]:
        """Returns numbers within a range; every other is a figure of the rules, or close by."""
        even = rng.uniform(low, high, TRIED)
        close = rng.choice(figures, TRIED) * rng.choice([0.9, 1.0, 1.1], TRIED)
        found = np.where(rng.random(TRIED) < 0.5, even, close + rng.choice([-0.1, 0.0, 0.1], TRIED))
        return np.clip(found, low, high).astype(np.float32)

    believed = np.stack([
        (rng.random(TRIED) < 0.5).astype(np.float32) if fact.is_boolean
        else draw(fact.low, fact.high) for fact in spec.facts
    ]) if spec.facts else np.zeros((0, TRIED), np.float32)  # fmt: skip
    actions = spec.actions
    last = rng.integers(0, actions.sizes, (TRIED, actions.heads))
    low = [max(value, -WIDE) for value in actions.low]
    high = [min(value, WIDE) for value in actions.high]
    affect = Affect.neutral(TRIED)
    feelings = torch.from_numpy(rng.random((TRIED, AFFECT_WIDTH)).astype(np.float32))
    return Moment(
        lowest=believed, highest=believed, sure=believed > 0.5, maybe=believed > 0.5,
        likely=believed > 0.5,
        doubt=np.stack([draw(0.0, WIDE) for _ in spec.facts]) if spec.facts else believed,
        scene=_scenes(spec, rng), parts=_parts(spec, draw),
        action=rng.uniform(low, high, (TRIED, actions.heads)) if actions.is_box else last,
        risk=draw(0.0, 1.0),
        affect=Affect(
            pad=2 * feelings[:, :3] - 1, emotions=feelings[:, 3:11], mood=affect.mood,
            temperature=0.5 + 1.5 * feelings[:, 14], caution=feelings[:, 15],
            curiosity=feelings[:, 16], appraisals=affect.appraisals, cause=affect.cause,
            about=affect.about,
        ),
    )  # fmt: skip


def _parts(spec: WorldSpec, draw: object) -> dict[str, NDArray[np.float32]]:
    found = {}
    assert callable(draw)
    for part in spec.parts:
        told = spec.vectors.get(part.name, ())
        size = int(np.prod(part.shape))
        if size > 1024:
            continue  # pictures are not spoken of
        columns = []
        for k in range(size):
            limits = told[k] if k < len(told) else {}
            columns.append(draw(limits.get("low", -WIDE), limits.get("high", WIDE)))
        found[part.name] = np.stack(columns, axis=-1)
    return found


def _scenes(spec: WorldSpec, rng: np.random.Generator) -> NDArray[np.float32]:
    """Returns scenes with a few things in them."""
    if spec.scene is None:
        return np.zeros((TRIED, 0, 7), np.float32)
    found = np.zeros((TRIED, spec.scene.sectors, 7), np.float32)
    shape = found.shape[:2]
    found[..., 0] = rng.uniform(0, spec.scene.range, shape)
    found[..., 3] = rng.integers(0, len(spec.scene.classes), shape)
    found[..., 6] = rng.random(shape) < 0.3
    return found


def _figures(book: RuleBook) -> set[float]:
    """Returns all plain numbers that stand in the rules."""
    trees = [line.phrase.tree for line in book.definitions]
    trees += [entry.rule.condition.tree for entry in book.entries]
    return {
        float(node.value) * sign
        for tree in trees for node in ast.walk(tree) for sign in (1.0, -1.0)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
        and abs(node.value) < 1e6
    }  # fmt: skip
