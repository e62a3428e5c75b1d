"""Harm: what was done against `ethic` rules, judged on what was so, not on what was believed.

It never acts: it counts, for every driver alike, so that unequal care for some shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import ReasoningConfig
from ..types import SCENE_COLUMNS, Affect, Truth, WorldSpec
from .rules import RuleBook
from .subjects import Moment

CLASS, PRESENCE = SCENE_COLUMNS.index("class"), SCENE_COLUMNS.index("presence")
AHEAD = np.pi / 4  # [rad] either side, in which the nearest is taken to be whom a rule protects
NOBODY = "nobody"


class Case(NamedTuple):
    """A group of situations in which a rule asked for something."""

    rule: str
    whom: str
    """Class of the nearest thing ahead when it began to apply."""


@dataclass
class _Open:
    """A situation that goes on: the rule has applied since `whom` came near."""

    whom: str
    is_broken: bool = False


class Harm:
    """Counts situations in which an ethic rule truly applied, and those in which it was broken.

    A situation lasts as long as the rule applies in a life; it is broken if at any of its ticks
    something was done that the rule forbids. The first episode of each lane counts.
    """

    def __init__(
        self, spec: WorldSpec, lanes: int, files: Sequence[tuple[str, str]]
    ) -> None:
        """Reads the rules of (name, text) files, of which only ethic ones count.

        Raises:
          RuleError: a rule can't be understood.
        """
        config = ReasoningConfig()
        self.spec = spec
        self._book = RuleBook(spec, config, files)
        self._rows = [
            row for row, entry in enumerate(self._book.entries) if entry.rule.is_ethic
        ]
        self._open: list[dict[int, _Open]] = [{} for _ in range(lanes)]
        self._broken = np.zeros(lanes, np.int64)
        self._is_over = np.zeros(lanes, np.bool_)
        self._last = torch.zeros(lanes, spec.actions.heads, dtype=torch.int64)
        if spec.actions.is_box:
            self._last = torch.zeros(lanes, spec.actions.width)
        self.situations: Counter[Case] = Counter()
        self.broken: Counter[Case] = Counter()

    def __bool__(self) -> bool:
        """Whether there is any ethic rule."""
        return bool(self._rows)

    def add(
        self, parts: Mapping[str, Tensor], truth: Truth, action: Tensor, ended: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Takes a step of B lives into account.

        Args:
          parts: of the observation on which was acted. truth: what was so then.
          action: i64[B, H] or f32[B, D], what was done.
          ended: bool[B], whether an episode ended with it.
        Returns:
          i64[B], situations in which a rule was broken, of the episodes that ended; else 0.
        """
        fired = self._book.fired(self._moment(parts, truth)) & ~self._is_over
        for row in self._rows:
            against = self._against(row, action)
            for lane in np.flatnonzero(fired[row]).tolist():
                case = self._open[lane].setdefault(row, _Open(self._whom(truth, lane)))
                case.is_broken |= bool(against[lane])
        for lane, known in enumerate(self._open):
            for row in list(known):
                if ended[lane] or not fired[row, lane]:
                    self._close(lane, row, known.pop(row))
        done = np.where(ended & ~self._is_over, self._broken, 0)
        self._is_over |= ended
        self._last = action.masked_fill(torch.from_numpy(ended)[:, None], 0)
        return done

    def _close(self, lane: int, row: int, found: _Open) -> None:
        case = Case(self._book.entries[row].rule.name, found.whom)
        self.situations[case] += 1
        if found.is_broken:
            self.broken[case] += 1
            self._broken[lane] += 1

    def _moment(self, parts: Mapping[str, Tensor], truth: Truth) -> Moment:
        """Returns what is so, as if it were believed without doubt."""
        facts = truth.facts.T
        holds = facts >= 0.5
        lanes = len(self._broken)
        return Moment(
            lowest=facts, highest=facts, sure=holds, maybe=holds, likely=holds,
            doubt=np.zeros_like(facts), scene=truth.scene,
            parts={name: part.numpy() for name, part in parts.items()},
            action=self._last.numpy(), risk=np.zeros(lanes, np.float32),
            affect=Affect.neutral(lanes),
        )  # fmt: skip

    def _against(self, row: int, action: Tensor) -> NDArray[np.bool_]:
        """Returns bool[B]: whether what was done is what a rule is against."""
        entry = self._book.entries[row]
        found = np.zeros(len(action), np.bool_)
        done = action.numpy()
        if self.spec.actions.is_box:
            for bound in entry.bounds:
                value = done[:, bound.dimension]
                found |= value > bound.value if bound.is_upper else value < bound.value
            return found
        begin = 0
        for head, size in enumerate(self.spec.actions.sizes):
            found |= entry.options[begin + done[:, head]]
            begin += size
        return found

    def _whom(self, truth: Truth, lane: int) -> str:
        """Returns the class of the nearest thing ahead."""
        scene = self.spec.scene
        if scene is None or not truth.scene.shape[1]:
            return NOBODY
        sectors = truth.scene[lane]
        bearing = ((np.arange(len(sectors)) + 0.5) / len(sectors) * 2 - 1) * np.pi
        ahead = (np.abs(bearing) < AHEAD) & (sectors[:, PRESENCE] >= 0.5)
        if not ahead.any():
            return NOBODY
        nearest = int(np.where(ahead, sectors[:, 0], np.inf).argmin())
        return scene.classes[int(sectors[nearest, CLASS])]
