"""Explanations: which cause bound a decision, on what it was believed, and what else would follow.

Nothing here is told after the fact: what is named is what forbade the action, found by judging the
same moment again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..types import ActionSpec, Observation, Percept, Trace, select
from .lookahead import LookAhead
from .reasoner import Reasoner, Thought


@dataclass(frozen=True)
class Cause:
    """One thing that forbade an action."""

    name: str
    words: str
    believed: tuple[str, ...]
    """Quantities with the intervals that they were believed to lie in."""
    place: str
    """Where the rule stands, as file:line; "" of the shield."""
    is_ethic: bool = False


@dataclass(frozen=True)
class Explanation:
    """Why one life did what it did at one tick."""

    proposed: str
    executed: str
    intervened: bool
    binding: tuple[Cause, ...]
    """What forbade the proposed action; none where it was executed."""
    others: tuple[str, ...]
    """Names of what fired besides."""
    contacts: Mapping[str, float]
    """[s] until contact, by action, if it is held and others keep their speed; for the asked."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The sum of it, then cause by cause, then what each action would lead to."""
        if not self.intervened:
            also = f" ({', '.join(self.others)} applied, and did not stand in its way)"
            return (f"“{self.executed}”, as the policy chose{also if self.others else ''}.",)
        reasons = "; ".join(cause.words for cause in self.binding) or "the environment's own mask"
        lines = [f"“{self.executed}” instead of “{self.proposed}”: {reasons}."]
        for cause in self.binding:
            known = ", ".join(cause.believed)
            where = f" [{cause.place}]" if cause.place else ""
            lines.append(f"{cause.name}{where}: {known}" if known else f"{cause.name}{where}")
        for action, seconds in self.contacts.items():
            ends = f"contact in {seconds:.1f} s" if np.isfinite(seconds) else "no contact"
            lines.append(f"{action}: {ends}")
        return tuple(lines)

    def __str__(self) -> str:
        """Returns its lines, all but the first indented."""
        return "\n  ".join(self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values that json can write."""
        return {
            "proposed": self.proposed, "executed": self.executed, "intervened": self.intervened,
            "binding": [
                {"name": c.name, "words": c.words, "believed": list(c.believed),
                 "place": c.place, "ethic": c.is_ethic} for c in self.binding
            ],
            "others": list(self.others),
            "contacts": {n: s if np.isfinite(s) else None for n, s in self.contacts.items()},
        }  # fmt: skip


def explain(
    reasoner: Reasoner, trace: Trace, last: Tensor, lane: int = 0, contacts: bool = False
) -> Explanation:
    """Returns why the mind did what it did.

    Args:
      trace: all notes of the tick.
      last: i64[B, H] or f32[B, D], the actions before it, of which rules may speak; 0 where a life
        begins.
      lane: the life that is asked about.
      contacts: whether to roll out what keeping on would lead to, action by action.
    """
    rows = torch.tensor([lane])
    observation, percept = select(trace.observation, rows), select(trace.percept, rows)
    thought = reasoner.think(observation, percept, select(trace.affect, rows), last[rows])
    decision = trace.decision
    proposed, executed = decision.proposed[lane], decision.action[lane]
    binding = _binding(reasoner, thought, percept, proposed, executed)
    fired = [name for name, is_so in zip(reasoner.names, thought.fired[:, 0], strict=True) if is_so]
    bound = {cause.name for cause in binding}
    return Explanation(
        proposed=name_of(reasoner.spec.actions, proposed),
        executed=name_of(reasoner.spec.actions, executed),
        intervened=bool(decision.intervened[lane]),
        binding=binding,
        others=tuple(name for name in fired if name not in bound),
        contacts=_contacts(reasoner, observation, percept) if contacts else {},
    )


def name_of(actions: ActionSpec, action: Tensor) -> str:
    """Returns how people call an action, i64[H] or f32[D]."""
    if actions.is_box:
        pairs = zip(actions.names, action.tolist(), strict=True)
        return ", ".join(f"{name} {value:.2f}" for name, value in pairs)
    return ", ".join(actions.names[option] for option in _options(actions, action))


def _options(actions: ActionSpec, action: Tensor) -> list[int]:
    """Returns the places of an action's options among all A."""
    begins = [sum(actions.sizes[:head]) for head in range(actions.heads)]
    return [begin + int(option) for begin, option in zip(begins, action.tolist(), strict=True)]


def _binding(
    reasoner: Reasoner, thought: Thought, percept: Percept, proposed: Tensor, executed: Tensor
) -> tuple[Cause, ...]:
    """Returns all that forbids what was proposed; nothing where that was executed."""
    if bool((proposed == executed).all()):
        return ()
    rows = range(len(reasoner.names))
    if reasoner.spec.actions.is_box:
        guilty = [row for row in rows if reasoner.cuts(thought, row, 0, proposed.numpy())]
    else:
        pairs = zip(_options(reasoner.spec.actions, proposed),
                    _options(reasoner.spec.actions, executed), strict=True)  # fmt: skip
        changed = [mine for mine, taken in pairs if mine != taken]
        guilty = [row for row in rows if reasoner.against(thought, row, 0)[changed].any()]
    return tuple(_cause(reasoner, thought, percept, row, proposed) for row in guilty)


def _cause(
    reasoner: Reasoner, thought: Thought, percept: Percept, row: int, proposed: Tensor
) -> Cause:
    name, begin = reasoner.names[row], len(reasoner.book)
    if row >= begin:
        assert thought.verdict is not None, "the shield has judged"
        words = thought.verdict.words(row - begin, 0, percept, proposed.numpy())
        return Cause(name, words, (), "")
    rule = reasoner.book.entries[row].rule
    words, quantities = reasoner.book.tell(row, thought.now, 0)
    place = f"{rule.place.file}:{rule.place.line}"
    return Cause(name, words or name, tuple(map(str, quantities)), place, rule.is_ethic)


def _contacts(reasoner: Reasoner, observation: Observation, percept: Percept) -> dict[str, float]:
    """Returns the time until contact by action, the earliest first."""
    if "model" not in reasoner.spec.motion or reasoner.spec.actions.is_box:
        return {}
    look = reasoner.look or LookAhead(reasoner.spec, reasoner.config)
    times = look.contact_time(observation, percept)[0].tolist()
    pairs = zip(reasoner.spec.actions.names, times, strict=True)
    return dict(sorted(pairs, key=lambda pair: pair[1]))
