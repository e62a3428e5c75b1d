"""Look-ahead: contacts by hand, and the better of two ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.lookahead import LookAhead
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.types import Observation, Percept
from tests.agent.reasoning.worlds import PEDALS, ROAD, seen

CONFIG = ReasoningConfig(use="full")
STRAIGHT = 4  # the first option that doesn't steer; +k chooses the pedal


def approaching(speed: float, metres: float, closing: float) -> tuple[Observation, Percept]:
    """Returns an ego at `speed` with a car right ahead, between two sectors."""
    observation, percept, _, _ = seen(ROAD, [[speed, 0.0, 0.0]], {})
    scene = percept.scene.clone()
    scene[0, 16] = torch.tensor([metres, closing, 0.0, 1.0, 0.1, 0.1, 0.95])
    return observation, replace(percept, scene=scene)


def test_a_contact_is_foretold_to_the_tick() -> None:
    look = LookAhead(ROAD, CONFIG)
    # centres 30 m apart, bodies 4.4 m long: 25.6 m at 10 m/s, seen at 5.6° of bearing
    times = look.contact_time(*approaching(10.0, 30.0, 10.0))[0]
    ahead = 30 * np.cos(np.pi / 32) - 4.4
    assert times[STRAIGHT + 2] == pytest.approx(ahead / 10, abs=0.2)
    assert times[STRAIGHT + 0] == np.inf, "braking hard it stands before"
    assert np.isinf(look.contact_time(*approaching(10.0, 30.0, 0.0))).all(), "it goes as fast"


def test_braking_is_worth_more_before_a_wall_and_driving_on_an_empty_road() -> None:
    look = LookAhead(ROAD, CONFIG)
    wall = look.score(*approaching(10.0, 14.0, 10.0))[0, STRAIGHT : STRAIGHT + 4]
    assert wall.argmax() in (0, 1) and wall[0] > wall[3] + 1
    observation, percept, _, _ = seen(ROAD, [[10.0, 0.0, 0.0]], {})
    empty = look.score(observation, percept)[0, STRAIGHT : STRAIGHT + 4]
    assert empty.argmax() == 3 and np.all(np.diff(empty) >= 0)


def test_others_at_their_worst_count() -> None:
    look = LookAhead(ROAD, CONFIG)
    follows = look.score(*approaching(10.0, 8.2, 0.0))[0, STRAIGHT : STRAIGHT + 4]
    assert follows[1] > follows[3], "it may brake as hard as it can"


def test_it_prefers_among_what_is_allowed() -> None:
    reasoner = Reasoner(ROAD, CONFIG)
    observation, percept = approaching(10.0, 9.0, 10.0)
    _, _, affect, before = seen(ROAD, [[10.0, 0.0, 0.0]], {})
    found = reasoner.reason(observation, percept, affect, before)
    allowed = found.allowed[0]
    assert {PEDALS[int(k) % 4] for k in allowed.nonzero()} == {-8.0}
    assert bool((found.preference[0][~allowed] == 0).all())
    assert float(found.preference[0][allowed].sum()) == pytest.approx(0, abs=1e-4)
