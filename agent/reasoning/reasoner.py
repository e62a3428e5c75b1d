"""The reasoning room: rules, shield and look-ahead become one Judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import ReasoningConfig
from ..types import (
    AbstractReasoner,
    Affect,
    Judgement,
    MindState,
    Observation,
    Percept,
    WorldSpec,
)
from .lookahead import LookAhead
from .models import shield_of
from .rules import RuleBook
from .subjects import Moment, moment
from .verdicts import AbstractVerdict, with_margins

_RULES, _SHIELD, _LOOK = ("rules", "both", "full"), ("shield", "both", "full"), ("full",)


@dataclass(frozen=True)
class Thought:
    """How a judgement came about, for whoever explains it; arrays of B lives."""

    now: Moment
    fired: NDArray[np.bool_]
    """bool[R, B], rules first, then the causes of the shield."""
    verdict: AbstractVerdict | None
    calm: AbstractVerdict | None
    """That without the mind's own caution."""


class Reasoner(AbstractReasoner):
    """Judges by rules and shield, as far as its config says."""

    def __init__(
        self, spec: WorldSpec, config: ReasoningConfig, files: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Reads the rules and prepares shield and look-ahead.

        Args:
          files: (name, text) of rule files, used where `config.use` has rules.
        Raises:
          RuleError: a rule can't be understood. ValueError: the world can't be shielded.
        """
        super().__init__()
        self.spec, self.config = spec, with_margins(config, spec)
        self.book = RuleBook(spec, config, files if config.use in _RULES else ())
        self.shield = shield_of(spec, config) if config.use in _SHIELD else None
        self.look = LookAhead(spec, config) if config.use in _LOOK else None
        self._levels = _levels(self.book)
        self._soft = _soft(self.book)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what may fire, in the order of `Judgement.fired`."""
        rules = tuple(entry.rule.name for entry in self.book.entries)
        return rules + (self.shield.causes if self.shield is not None else ())

    def reason(
        self, observation: Observation, percept: Percept, affect: Affect, state: MindState
    ) -> Judgement:
        """Returns what is allowed and preferred; in every head at least one allowed action."""
        thought = self.think(observation, percept, affect, state.action)
        actions, lanes = self.spec.actions, thought.now.size
        preference = self._preference(thought)
        slack = np.full(lanes, np.inf, np.float32)
        if thought.verdict is not None:
            slack = thought.verdict.slack
        if actions.is_box:
            lower, upper = self._bounds(thought)
            allowed = calm = np.ones((lanes, actions.width), np.bool_)
        else:
            lower = upper = np.zeros((lanes, 0), np.float32)
            available = observation.available.numpy()
            allowed = self.allowed(thought, thought.verdict, available)
            calm = allowed
            if thought.calm is not thought.verdict:
                calm = self.allowed(thought, thought.calm, available)
            if thought.verdict is not None:
                preference += thought.verdict.preference(allowed)
            if self.look is not None and thought.verdict is not None:
                caution = affect.caution.numpy()
                preference += self.look.prefer(observation, percept, allowed, caution)
        return Judgement(
            allowed=torch.from_numpy(allowed),
            allowed_calm=torch.from_numpy(calm),
            lower=torch.from_numpy(lower),
            upper=torch.from_numpy(upper),
            preference=torch.from_numpy(preference),
            fired=torch.from_numpy(np.ascontiguousarray(thought.fired.T)),
            slack=torch.from_numpy(slack),
        )

    def think(
        self, observation: Observation, percept: Percept, affect: Affect, last: Tensor
    ) -> Thought:
        """Returns what fires, and the shield's verdict; `last` is the action before this tick."""
        now = moment(observation, percept, affect, last, self.config)
        fired = self.book.fired(now)
        if self.shield is None:
            return Thought(now, fired, None, None)
        caution = affect.caution.numpy()
        verdict = calm = self.shield.judge(observation, percept, caution)
        if caution.any():
            calm = self.shield.judge(observation, percept, np.zeros_like(caution))
        return Thought(now, np.concatenate((fired, verdict.fired)), verdict, calm)

    # ------------------------------------------------------------------ options

    def allowed(
        self, thought: Thought, verdict: AbstractVerdict | None, available: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Returns bool[B, A]: what shield and rules leave; the shield's word comes first, then
        that of higher priority, and what would leave nothing is passed over."""
        found = available
        if verdict is not None:
            for bad in verdict.masks():
                found = self._without(found, bad)
        applies: NDArray[np.bool_] = np.asarray(thought.fired.any(-1))
        for rows, against in self._levels:
            if not applies[rows].any():
                continue
            bad = thought.fired[rows].T.astype(np.float32) @ against > 0
            found = self._without(found, bad)
        return found

    def _without(self, found: NDArray[np.bool_], bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Returns what is left of each head, all of it where nothing would be left."""
        left = found & ~bad
        begin = 0
        for size in self.spec.actions.sizes:
            head = slice(begin, begin + size)
            nothing = ~left[:, head].any(-1)
            if nothing.any():
                left[nothing, head] = found[nothing, head]
            begin += size
        return left

    def against(self, thought: Thought, row: int, lane: int) -> NDArray[np.bool_]:
        """Returns bool[A]: the options that one cause, by its place in `names`, forbids a lane."""
        if row < len(self.book):
            entry = self.book.entries[row]
            applies = entry.rule.is_hard and bool(thought.fired[row, lane])
            return entry.options if applies else np.zeros_like(entry.options)
        assert thought.verdict is not None, "the shield has judged"
        return thought.verdict.against(row - len(self.book), lane)

    def cuts(
        self, thought: Thought, row: int, lane: int, action: NDArray[np.float32]
    ) -> bool:
        """Returns whether one cause bounds a Box's action f32[D] of a lane."""
        if not thought.fired[row, lane]:
            return False
        if row >= len(self.book):
            assert thought.verdict is not None, "the shield has judged"
            return thought.verdict.cuts(row - len(self.book), lane, action)
        return any(
            action[bound.dimension] > bound.value if bound.is_upper
            else action[bound.dimension] < bound.value
            for bound in self.book.entries[row].bounds
        )  # fmt: skip

    def _preference(self, thought: Thought) -> NDArray[np.float32]:
        lanes, width = thought.now.size, self.spec.actions.width
        if self._soft is None:
            return np.zeros((lanes, width), np.float32)
        rows, weights = self._soft
        found: NDArray[np.float32] = thought.fired[rows].T.astype(np.float32) @ weights
        return found

    # ------------------------------------------------------------------ a Box

    def _bounds(self, thought: Thought) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Returns lower and upper f32[B, D]; a bound that would leave nothing is passed over."""
        actions, lanes = self.spec.actions, thought.now.size
        lower = np.tile(np.array(actions.low, np.float32), (lanes, 1))
        upper = np.tile(np.array(actions.high, np.float32), (lanes, 1))
        order = sorted(range(len(self.book)), key=lambda row: -self.book.entries[row].rule.priority)
        if thought.verdict is not None:
            thought.verdict.bound(lower, upper)
        for row in order:
            for bound in self.book.entries[row].bounds:
                column, value = bound.dimension, np.float32(bound.value)
                if bound.is_upper:
                    applies = thought.fired[row] & (value >= lower[:, column])
                    upper[applies, column] = np.minimum(upper[applies, column], value)
                else:
                    applies = thought.fired[row] & (value <= upper[:, column])
                    lower[applies, column] = np.maximum(lower[applies, column], value)
        return lower, upper


def _levels(book: RuleBook) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Returns (rows of rules, what they are against f32[r, A]) of hard rules by priority, the
    highest first."""
    hard = [row for row, entry in enumerate(book.entries) if entry.rule.is_hard]
    by_priority = {
        priority: [row for row in hard if book.entries[row].rule.priority == priority]
        for priority in {book.entries[row].rule.priority for row in hard}
    }
    return [
        (np.array(rows), np.stack([book.entries[r].options for r in rows]).astype(np.float32))
        for _, rows in sorted(by_priority.items(), reverse=True)
    ]


def _soft(book: RuleBook) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
    """Returns (rows of soft rules, what they add to the preference f32[r, A])."""
    rows = [row for row, entry in enumerate(book.entries) if not entry.rule.is_hard]
    if not rows or book.spec.actions.is_box:
        return None
    weights = [
        entry.rule.weight * entry.options * (1.0 if entry.rule.verb == "prefer" else -1.0)
        for entry in (book.entries[row] for row in rows)
    ]
    return np.array(rows), np.stack(weights).astype(np.float32)
