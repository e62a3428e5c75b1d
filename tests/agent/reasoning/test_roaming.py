"""A robot's look-ahead, and what the reasoner makes of it and of the shield."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.lookahead import LookAhead
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.types import Affect, Observation, Percept
from tests.agent.reasoning.robots import FAR, HOME, OPTIONS, RADIUS, at, wall
from tests.agent.reasoning.worlds import seen

CONFIG = ReasoningConfig(use="full")
CALM = np.zeros(1, np.float32)
NAMES = list(OPTIONS)


def leading(x: float, y: float, step: float = 0.4) -> Percept:
    """Returns what is believed where nobody is near and the path leads straight to a point."""
    percept = at((0.0, 0.0))[1]
    far = float(np.hypot(x, y))
    gone = torch.clamp(step * (torch.arange(HOME.path_points) + 1.0), max=far) / far
    return replace(percept, path=torch.stack((gone * x, gone * y), -1)[None])


def test_a_contact_is_foretold_to_the_tick() -> None:
    look = LookAhead(HOME, CONFIG)
    times = look.contact_time(*at((0.8, 0.0), wall(RADIUS + 1.2)))[0]
    assert times[NAMES.index("forward")] == pytest.approx(1.2 / 0.8, abs=0.2)
    assert times[NAMES.index("stop")] == np.inf
    comes = look.contact_time(*at((0.0, 0.0), FAR, [(1.85, 0.05, -1.0, 0.0)]))[0]
    assert comes[NAMES.index("stop")] == pytest.approx(1.4, abs=0.2)


@pytest.mark.parametrize(("x", "y", "best"), [
    (2.0, 0.0, "forward"), (0.0, 2.0, "left"), (0.0, -2.0, "right"),
])  # fmt: skip
def test_the_way_that_the_path_leads_is_preferred(x: float, y: float, best: str) -> None:
    look = LookAhead(HOME, CONFIG)
    score = look.score(at((0.0, 0.0))[0], leading(x, y), CALM)[0]
    assert NAMES[int(score.argmax())] in (best, "curve") and score.max() > score.min()
    assert score[NAMES.index(best)] > score[NAMES.index("back")]


def test_a_path_that_ends_leads_no_farther() -> None:
    look = LookAhead(HOME, CONFIG)
    score = look.score(at((0.0, 0.0))[0], leading(0.3, 0.0), CALM)[0]
    most = 0.3 / (5.0 * 0.8 * CONFIG.horizon)
    assert score[NAMES.index("forward")] == pytest.approx(most, rel=0.3)


def test_a_wall_in_the_way_outweighs_the_path() -> None:
    look = LookAhead(HOME, CONFIG)
    observation = at((0.8, 0.0), wall(RADIUS + 0.1))[0]
    score = look.score(observation, leading(2.0, 0.0), CALM)[0]
    assert score[NAMES.index("forward")] < score[NAMES.index("stop")]


def judged(observation: Observation, percept: Percept, use: str) -> list[str]:
    """Returns the names of the options that the reasoner leaves."""
    before = seen(HOME, [[0.0, 0.0]], {})[3]
    reasoner = Reasoner(HOME, replace(CONFIG, use=use))
    found = reasoner.reason(observation, percept, Affect.neutral(1), before)
    assert bool(found.fired.any()) and float(found.slack[0]) < 0.0
    assert bool((found.preference[0][~found.allowed[0]] == 0).all())
    return [name for name, may in zip(NAMES, found.allowed[0].tolist(), strict=True) if may]


@pytest.mark.parametrize("use", ["shield", "full"])
def test_the_reasoner_takes_away_what_the_shield_forbids(use: str) -> None:
    ahead = judged(*at((0.8, 0.0), wall(RADIUS + 0.2)), use)
    assert "stop" in ahead
    assert "forward" not in ahead and "curve" not in ahead


def test_where_all_round_is_near_something_is_left_to_do() -> None:
    left = judged(*at((0.8, 1.6), RADIUS + 0.005), "full")
    assert "stop" in left and "forward" not in left
