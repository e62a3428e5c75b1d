"""What a careful driver makes of beliefs: hazards that may be there, gaps that may be shorter."""

from __future__ import annotations

import numpy as np

from mindloop.envs.driving.doubt import careful
from mindloop.envs.driving.notes import (
    FACTS,
    LIGHT_DISTANCE,
    LIGHT_GREEN,
    LIGHT_PRESENT,
    LIGHT_RED,
    LIGHT_YELLOW,
    SPEED_LIMIT,
)


def test_what_may_be_so_is_taken_to_be_so() -> None:
    facts, doubt = np.zeros((2, FACTS), np.float32), np.zeros((2, FACTS), np.float32)
    facts[:, LIGHT_PRESENT] = 1.0
    facts[:, LIGHT_RED], facts[:, LIGHT_GREEN] = (0.1, 0.3), (0.3, 0.3)
    facts[:, LIGHT_DISTANCE], doubt[:, LIGHT_DISTANCE] = (12.0, 9.0), (0.0, 2.5)
    facts[:, SPEED_LIMIT], doubt[:, SPEED_LIMIT] = 8.0, 1.0
    found = careful(facts, doubt)
    assert found[:, LIGHT_RED].tolist() == [0.0, 1.0]
    assert found[:, LIGHT_GREEN].tolist() == facts[:, LIGHT_GREEN].tolist(), "no hazard"
    assert found[:, LIGHT_DISTANCE].tolist() == [12.0, 6.5]
    assert found[:, SPEED_LIMIT].tolist() == [8.0, 8.0]
    assert facts[1, LIGHT_DISTANCE] == 9.0, "what was given stays as it was"


def test_a_light_that_is_not_there_has_no_colour() -> None:
    """What is believed of its colour is meant for the case that there is one."""
    facts, doubt = np.zeros((2, FACTS), np.float32), np.zeros((2, FACTS), np.float32)
    facts[:, LIGHT_PRESENT] = (0.1, 0.5)
    facts[:, [LIGHT_RED, LIGHT_YELLOW]] = 0.9
    found = careful(facts, doubt)
    assert found[:, LIGHT_RED].tolist() == found[:, LIGHT_YELLOW].tolist() == [0.0, 1.0]
