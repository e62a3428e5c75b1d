"""Reasoning in the robot world itself: its rules load, and something is always left to do."""

from __future__ import annotations

import pytest
import torch

from mindloop.agent.config import LoopConfig, MindConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.world import make_world


@pytest.mark.slow
@pytest.mark.parametrize(("use", "action"), [
    *((use, "discrete") for use in ("rules", "shield", "both", "full")),
    ("shield", "continuous"),  # the world's own rules prefer, which numbers can't
])  # fmt: skip
def test_a_fresh_mind_reasons_in_a_home(use: str, action: str) -> None:
    world = make_world("mindloop/Robot-v0", 2, {"preset": "Social", "action": action})
    mind = Mind(world.spec, MindConfig(reasoning=ReasoningConfig(use=use)))
    life = Life(world, LoopConfig(seed=3, oracle=True), mind)
    life.reset()
    for _ in range(20):
        life.step()
        assert life.trace is not None
        found = life.trace.judgement
        assert bool(found.allowed.any(-1).all()) and not bool(torch.isnan(found.preference).any())
        if action == "continuous":
            assert bool((found.lower <= found.upper).all())
        if use == "shield":
            assert action == "continuous" or bool(found.allowed[:, -1].all()), "it may stop"
