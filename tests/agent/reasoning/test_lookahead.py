"""Look-ahead: contacts by hand, and the better of two ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning.lookahead import CONTACT, LookAhead
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.types import Observation, Percept
from tests.agent.reasoning.worlds import PEDALS, ROAD, seen

CONFIG = ReasoningConfig(use="full")
CALM = np.zeros(1, np.float32)
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
    wall = look.score(*approaching(10.0, 14.0, 10.0), CALM)[0, STRAIGHT : STRAIGHT + 4]
    assert wall.argmax() in (0, 1) and wall[0] > wall[3] + 1
    observation, percept, _, _ = seen(ROAD, [[10.0, 0.0, 0.0]], {})
    empty = look.score(observation, percept, CALM)[0, STRAIGHT : STRAIGHT + 4]
    assert empty.argmax() == 3 and np.all(np.diff(empty) >= 0)


def test_others_at_their_worst_count() -> None:
    look = LookAhead(ROAD, CONFIG)
    follows = look.score(*approaching(10.0, 8.2, 0.0), CALM)[0, STRAIGHT : STRAIGHT + 4]
    assert follows[1] > follows[3], "it may brake as hard as it can"


def test_an_impact_counts_by_how_fast_the_two_meet() -> None:
    """The ego stands; what differs is only how fast the other comes."""
    look = LookAhead(ROAD, CONFIG)
    slow, fast = (
        look.score(*approaching(0.0, 8.0, speed), CALM)[0, STRAIGHT] for speed in (4.0, 8.0)
    )  # fmt: skip
    assert slow - fast == pytest.approx(CONTACT * (8.0 - 4.0) / 10.0, abs=0.05)


def test_who_may_be_nearer_than_believed_is_feared_sooner() -> None:
    observation, percept = approaching(10.0, 36.0, 10.0)
    percept.scene[0, 16, 4] = 4.0  # [m] σ
    keeps = STRAIGHT + 2
    apart = [LookAhead(ROAD, replace(CONFIG, nearer_width=width)) for width in (0.0, 3.0)]
    trusting, careful = (look.score(observation, percept, CALM)[0, keeps] for look in apart)
    assert careful <= trusting
    moved = [replace(CONFIG, nearer_width=width, brake=0.1) for width in (0.0, 3.0)]
    trusting, careful = (LookAhead(ROAD, one).score(observation, percept, CALM)[0, keeps]
                         for one in moved)  # fmt: skip
    assert careful < trusting - 1, "who can hardly brake has to fear it"


def test_it_prefers_among_what_is_allowed() -> None:
    reasoner = Reasoner(ROAD, CONFIG)
    observation, percept = approaching(10.0, 9.0, 10.0)
    _, _, affect, before = seen(ROAD, [[10.0, 0.0, 0.0]], {})
    found = reasoner.reason(observation, percept, affect, before)
    allowed = found.allowed[0]
    assert {PEDALS[int(k) % 4] for k in allowed.nonzero()} == {-8.0}
    assert bool((found.preference[0][~allowed] == 0).all())
    assert float(found.preference[0][allowed].sum()) == pytest.approx(0, abs=1e-4)


def test_who_is_cautious_doubts_distances_more() -> None:
    observation, percept = approaching(10.0, 36.0, 10.0)
    percept.scene[0, 16, 4] = 1.0  # [m] σ: 30.4 m to go, with caution 29.4; it needs 30
    look = LookAhead(ROAD, replace(CONFIG, nearer_width=1.0, brake=0.1))
    keeps = STRAIGHT + 2
    scores = [look.score(observation, percept, np.array([caution], np.float32))[0, keeps]
              for caution in (0.0, 0.5, 1.0)]  # fmt: skip
    assert scores[0] >= scores[1] >= scores[2] and scores[2] < scores[0] - 1
