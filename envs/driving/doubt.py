"""How a careful driver reads beliefs that come with doubt: what may be so, he takes to be so."""

from __future__ import annotations

import numpy as np

from .lives import Array
from .notes import (
    LEAD_DISTANCE,
    LIGHT_DISTANCE,
    LIGHT_PRESENT,
    LIGHT_RED,
    LIGHT_YELLOW,
    PEDESTRIAN_DISTANCE,
    PEDESTRIAN_IN_PATH,
    STOP_LINE_DISTANCE,
    STOP_SIGN,
)

POSSIBLE = 0.2  # probability from which one stops for it
MARGIN = 1.0  # standard deviations that a distance is taken to be shorter
_STOPS = [LIGHT_RED, LIGHT_YELLOW, STOP_SIGN, PEDESTRIAN_IN_PATH]
_COLOURS = [LIGHT_RED, LIGHT_YELLOW]
_GAPS = [LEAD_DISTANCE, LIGHT_DISTANCE, STOP_LINE_DISTANCE, PEDESTRIAN_DISTANCE]


def careful(facts: Array, doubt: Array) -> Array:
    """Returns facts f32[B, FACTS] to drive by, from those believed and their standard deviations.

    Both are f32[B, FACTS]; booleans are probabilities, colours of a light such given that there is
    one.
    """
    found = facts.copy()
    found[:, _COLOURS] *= facts[:, LIGHT_PRESENT, None]
    found[:, _STOPS] = found[:, _STOPS] > POSSIBLE
    found[:, _GAPS] -= MARGIN * doubt[:, _GAPS]
    return np.asarray(found, np.float32)
