"""Say of a record why the mind did what it did: causes, facts and what else would follow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.explain import Explanation, explain
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.shield import assumptions
from mindloop.agent.viewer import record
from mindloop.errors import UserError
from mindloop.living import mistakes
from mindloop.reasons import action_before, reasoner_of


@dataclass(frozen=True)
class Options:
    """What `mindloop explain` is asked for."""

    file: Annotated[Path | None, tyro.conf.Positional] = None
    """The record of a mind that reasoned: FILE, FILE.npz or FILE.json."""
    episode: int = 1
    """Which episode of the lane, from 1."""
    step: int | None = None
    """Which step of it, from 1; by default all in which something stood in the policy's way."""
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
        _say_assumptions(console, ReasoningConfig())
        return 0
    if options.file is None:
        raise UserError("`file` must name a record. Make one with mindloop run --record FILE.")
    with mistakes():
        kept = record.load(options.file)
        reasoner = _reasoner(kept)
    if options.assumptions:
        _say_assumptions(console, reasoner.config)
        return 0
    first, last = _span(kept, options)
    ticks = range(first, last) if options.step is None else [first + options.step - 1]
    told: list[tuple[int, Explanation]] = []
    for tick in ticks:
        before = action_before(kept, tick)
        found = explain(reasoner, kept.trace(tick), before, options.lane, options.contacts)
        if options.step is not None or found.intervened:
            told.append((tick - first + 1, found))
    for step, found in told:
        console.print(f"step {step}: {found}", markup=False, highlight=False)
    if not told:
        console.print("Nothing stood in the policy's way.")
    if options.json is not None:
        lines = [json.dumps({"step": step, **found.to_dict()}) for step, found in told]
        with mistakes():
            options.json.write_text("\n".join(lines) + "\n" * bool(lines), encoding="utf-8")
    return 0


def _say_assumptions(console: Console, config: ReasoningConfig) -> None:
    console.print("The shield's guarantee, no contact with whoever is ahead, holds where")
    for line in assumptions(config):
        console.print(f"- {line}", markup=False, highlight=False)


def _reasoner(kept: record.Record) -> Reasoner:
    """Returns the reasoner that judged in the record.

    Raises:
      UserError: nobody reasoned in it.
    """
    found = reasoner_of(kept)
    if found is None:
        raise UserError(
            f"`file` must be the record of a mind that reasoned; in {kept.path} none did. Record "
            "with mindloop run --mind NAME --reasoning full --record FILE."
        )
    return found


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
