"""What the world tells of a decision: the columns of the facts, and the buffers of the labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .lives import Array

(
    TARGET_IN_SIGHT,
    TARGET_DISTANCE,
    TARGET_BEARING,
    TARGET_IN_REACH,
    DOOR_AHEAD,
    DOOR_DISTANCE,
    DOOR_SHUT,
    DOOR_LOCKED,
    PERSON_NEAR,
    PERSON_DISTANCE,
    PERSON_BEARING,
    PERSON_CLOSING_SPEED,
    CLEARANCE_AHEAD,
    CORNER_NEAR,
    CARRYING,
    CARRIES_TARGET,
) = range(16)
FACTS = 16

SECTORS, SCENE_RANGE = 32, 8.0  # [m]
PATH_POINTS, PATH_SPACING = 8, 0.4  # [m]
DOOR_SIGHT = 3.0  # [m]
PERSON_SIGHT = 4.0  # [m]
CLEAR = 10.0  # [m] at most
SCENE_CLASSES = ("key", "ball", "box", "person")


class Notes(NamedTuple):
    """What the world tells of B lives at a decision: labels, never inputs of the acting mind."""

    facts: Array  # float32 [B, FACTS]
    known: Array  # bool [B, FACTS] whether the sensors could know it
    scene: Array  # float32 [B, SECTORS, 7]
    path: Array  # float32 [B, PATH_POINTS, 2]
    lidar: Array  # float32 [B, RAYS]
    away: Array  # float64 [B] way to the subgoal [m]
    stamp: Array  # int64 [B, 5] what the plan depends on, as it was when it was made


def make_notes(lives: int, rays: int) -> Notes:
    """Returns zeroed notes for B lives."""
    f4 = np.float32
    return Notes(
        np.zeros((lives, FACTS), f4),
        np.ones((lives, FACTS), np.bool_),
        np.zeros((lives, SECTORS, 7), f4),
        np.zeros((lives, PATH_POINTS, 2), f4),
        np.zeros((lives, rays), f4),
        np.zeros(lives, np.float64),
        np.full((lives, 5), -1, np.int64),
    )
