"""What the world tells of a decision: the columns of the facts, and the buffers of the labels.

Facts, scene and path are labels for training and inputs of the true-state expert. Beside each
stands its *seen* form: the same thing as far as the camera and mirror see it now or saw it within
SEEN_FOR; that is what the visible expert drives on, and what a perception may be asked to learn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .lives import Array
from .params import SECTORS

(
    LANE_OFFSET,
    HEADING_ERROR,
    CURVATURE_AHEAD,
    SPEED_LIMIT,
    LEAD_PRESENT,
    LEAD_DISTANCE,
    LEAD_CLOSING_SPEED,
    LIGHT_PRESENT,
    LIGHT_RED,
    LIGHT_YELLOW,
    LIGHT_GREEN,
    LIGHT_DISTANCE,
    STOP_SIGN,
    STOP_LINE_DISTANCE,
    PEDESTRIAN_IN_PATH,
    PEDESTRIAN_DISTANCE,
    JUNCTION_AHEAD,
    JUNCTION_DISTANCE,
    MUST_YIELD,
    TIME_TO_COLLISION,
) = range(20)
FACTS = 20

REACH = 60.0  # [m] how far ahead facts look
PATH_ROWS = 31  # every 2 m
PATH_POINTS = 8
TTC_MAX = 10.0  # [s]


class Notes(NamedTuple):
    """What the world tells of B lives at a decision: labels, never inputs of the acting mind."""

    facts: Array  # float32 [B, FACTS]
    known: Array  # bool [B, FACTS] whether the seen form says it
    seen: Array  # float32 [B, FACTS] facts as far as seen
    scene: Array  # float32 [B, SECTORS, 7]
    scene_seen: Array  # float32 [B, SECTORS, 7]
    path: Array  # float32 [B, PATH_POINTS, 2]
    cause: Array  # bool [B] there is cause to stand


class Scratch(NamedTuple):
    """Working memory of one thread for `describe`."""

    path: Array  # float32 [PATH_ROWS, 5]


def make_notes(lives: int) -> Notes:
    """Returns zeroed notes for B lives."""
    f4 = np.float32
    return Notes(
        np.zeros((lives, FACTS), f4),
        np.zeros((lives, FACTS), np.bool_),
        np.zeros((lives, FACTS), f4),
        np.zeros((lives, SECTORS, 7), f4),
        np.zeros((lives, SECTORS, 7), f4),
        np.zeros((lives, PATH_POINTS, 2), f4),
        np.zeros(lives, np.bool_),
    )
