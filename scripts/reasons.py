"""The reasoner that judged in a record, and what it needs to judge again."""

from __future__ import annotations

import ast

import torch
from torch import Tensor

from mindloop.agent.config import ReasoningConfig, from_dict
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.rules import rule_files
from mindloop.agent.types import WorldSpec
from mindloop.agent.viewer.record import Record
from mindloop.agent.world import make_world


def reasoner_of(kept: Record) -> Reasoner | None:
    """Returns the reasoner with the rules of a record; None where nobody reasoned in it.

    Raises:
      ValueError, WorldError: its world can't be made, or its rules aren't of this version.
    """
    told = kept.header.get("reasoning")
    config = from_dict(ReasoningConfig, told) if told else ReasoningConfig(use="off")
    if config.use == "off" or "trace.judgement.fired" not in kept.names:
        return None
    spec = spec_of(kept)
    return Reasoner(spec, config, rule_files(spec, config))


def spec_of(kept: Record) -> WorldSpec:
    """Returns what the record's world declares.

    Raises:
      ValueError, WorldError: it can't be made.
    """
    settings = dict(ast.literal_eval(str(kept.header["settings_literal"])))
    settings.pop("render_mode", None)
    world = make_world(str(kept.header["env"]), 1, settings)
    spec = world.spec
    world.close()
    return spec


def action_before(kept: Record, tick: int) -> Tensor:
    """Returns i64[B, H] or f32[B, D], what was done before a tick; 0 where a life begins with it.
    """
    now = kept.trace(tick)
    if tick == 0:
        return torch.zeros_like(now.decision.action)
    before = kept.trace(tick - 1).decision.action
    return before.masked_fill(now.observation.is_first[:, None], 0)
