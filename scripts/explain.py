"""Say of a record why the mind did what it did, what would follow else, and what it felt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from rich.console import Console

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.explain import Explanation, explain
from mindloop.agent.reasoning.models import PROMISES, assumptions
from mindloop.agent.viewer import record
from mindloop.agent.viewer.feelings import in_words
from mindloop.errors import UserError
from mindloop.living import mistakes
from mindloop.reasons import action_before, reasoner_of, spec_of


@dataclass(frozen=True)
class Options:
    """What `mindloop explain` is asked for."""

    file: Annotated[Path | None, tyro.conf.Positional] = None
    """The record of a mind that reasoned or felt: FILE, FILE.npz or FILE.json."""
    episode: int = 1
    """Which episode of the lane, from 1."""
    step: int | None = None
    """Which step of it, from 1; by default all in which something stood in the policy's way, or
    another feeling began."""
    lane: int = 0
    """Which of the lives that were recorded side by side."""
    contacts: bool = False
    """Also roll out what holding each action would lead to, others keeping their speed."""
    json: Path | None = None
    """Also write the explanations here, one a line."""
    assumptions: bool = False
    """Say under what the shield's guarantee holds, and end."""


def main(options: Options) -> int:
    """Explains, and returns the exit code."""
    console = Console()
    if options.assumptions and options.file is None:
        for model in PROMISES:
            _say_assumptions(console, model, ReasoningConfig())
        console.print("A world may state margins of its own, a robot's home does: name a record.")
        return 0
    if options.file is None:
        raise UserError("`file` must name a record. Make one with mindloop run --record FILE.")
    with mistakes():
        kept = record.load(options.file)
        reasoner = reasoner_of(kept)
        spec = reasoner.spec if reasoner is not None else spec_of(kept)
    if options.assumptions and reasoner is not None:
        model = str(reasoner.spec.motion.get("model", "bicycle"))
        _say_assumptions(console, model, reasoner.config)
        return 0
    first, last = _span(kept, options)
    every = range(first, last)
    feels = any(bool(kept.trace(tick).affect.appraisals[options.lane].any()) for tick in every)
    if reasoner is None and not feels:
        raise UserError(
            f"`file` must be the record of a mind that reasoned or felt; in {kept.path} none did. "
            "Record with mindloop run --mind NAME --reasoning full --record FILE."
        )
    told: list[Moment] = []
    before = ""
    for tick in every if options.step is None else [first + options.step - 1]:
        trace = kept.trace(tick)
        felt = in_words(trace.affect, trace.percept, spec.facts, options.lane) if feels else ""
        kind, found = felt.partition(":")[0], None
        if reasoner is not None:
            last_action = action_before(kept, tick)
            found = explain(reasoner, trace, last_action, options.lane, options.contacts)
        is_new = kind not in (before, "calm")
        if options.step is not None or is_new or (found is not None and found.intervened):
            told.append(Moment(tick - first + 1, found, felt))
        before = kind
    for moment in told:
        console.print(str(moment), markup=False, highlight=False)
    if not told:
        console.print("Nothing stood in the policy's way, and nothing was felt.")
    if options.json is not None:
        lines = [json.dumps(moment.to_dict()) for moment in told]
        with mistakes():
            options.json.write_text("\n".join(lines) + "\n" * bool(lines), encoding="utf-8")
    return 0


@dataclass(frozen=True)
class Moment:
    """What is said of one step."""

    step: int
    found: Explanation | None
    """Why it acted so; None where nobody reasoned."""
    felt: str
    """What it felt; "" where it feels nothing."""

    def __str__(self) -> str:
        """Returns it in words."""
        parts = [str(self.found)] if self.found is not None else []
        if self.felt:
            parts.append(f"felt {self.felt}")
        return f"step {self.step}: " + "\n  ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values that json can write."""
        found = {} if self.found is None else self.found.to_dict()
        return {"step": self.step, **found, **({"felt": self.felt} if self.felt else {})}


def _say_assumptions(console: Console, model: str, config: ReasoningConfig) -> None:
    console.print(f"The shield's guarantee ({model}), {PROMISES[model]}, holds where")
    for line in assumptions(model, config):
        console.print(f"- {line}", markup=False, highlight=False)


def _span(kept: record.Record, options: Options) -> tuple[int, int]:
    """Returns the first tick of the episode and that after its last.

    Raises:
      UserError: there is no such lane, episode or step.
    """
    lanes = int(kept["reward"].shape[1])
    if not 0 <= options.lane < lanes:
        raise UserError(f"`--lane` must lie within 0 and {lanes - 1}; got {options.lane}.")
    ended = (kept["terminated"] | kept["truncated"])[:, options.lane]
    ends = (np.flatnonzero(ended) + 1).tolist()
    begins = [0, *ends]
    if begins[-1] == len(kept):
        begins.pop()
    if not 1 <= options.episode <= len(begins):
        raise UserError(
            f"`--episode` must lie within 1 and {len(begins)}; got {options.episode}."
        )
    first = begins[options.episode - 1]
    last = ends[options.episode - 1] if options.episode <= len(ends) else len(kept)
    if options.step is not None and not 1 <= options.step <= last - first:
        raise UserError(f"`--step` must lie within 1 and {last - first}; got {options.step}.")
    return first, last
