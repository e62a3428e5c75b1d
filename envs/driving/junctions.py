"""Inside a junction: connectors, who is in whose way, who gives way.

Arms lie along the axes (0 east, 1 north, 2 west, 3 south). A connector's slot is
3 * (the arm it comes from) + turn - 1 with turn 1 left, 2 straight, 3 right, at every junction; a
T has fewer of the twelve.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..geometry import Array, Segment, gap, trace
from .blocks import CORNER, STOP_AT
from .params import LANE_WIDTH, Command

SLOTS = 12
SWEEP_LENGTH, SWEEP_WIDTH = 7.5, 2.5  # [m] the vehicle whose swept areas are compared
SWEEP_MARGIN = 0.2  # [m] areas nearer than this are in each other's way
_APPROACH = STOP_AT - CORNER  # [m] straight before and after a connector's arc
_TURNS = {
    Command.LEFT: (CORNER + LANE_WIDTH / 2.0, 1.0),  # radius [m], sign of curvature
    Command.RIGHT: (CORNER - LANE_WIDTH / 2.0, -1.0),
}


def exit_arm(arm: int, turn: int) -> int:
    """Returns the arm by which a vehicle leaves that came from `arm` and turns as `Command`."""
    return (arm + {Command.LEFT: 3, Command.STRAIGHT: 2, Command.RIGHT: 1}[Command(turn)]) % 4


def slot(arm: int, turn: int) -> int:
    """Returns the slot of a connector."""
    return 3 * arm + turn - 1


def connector(turn: int) -> list[Segment]:
    """Returns the path of a connector from the stop line to the end of the exit arm's zebra."""
    if turn == Command.STRAIGHT:
        return [(2.0 * STOP_AT, 0.0)]
    radius, sign = _TURNS[Command(turn)]
    return [(_APPROACH, 0.0), (radius * math.pi / 2.0, sign / radius), (_APPROACH, 0.0)]


def start_pose(arm: int) -> tuple[float, float, float]:
    """Returns the pose at the stop line of an arm, from the junction's centre."""
    ahead, left = STOP_AT, LANE_WIDTH / 2.0
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[arm]
    return c * ahead - s * left, s * ahead + c * left, (arm + 2) % 4 * math.pi / 2.0


def _swept(index: int) -> Array:
    """Returns the vehicle's boxes [N, 5] along the connector of a slot, every half metre."""
    arm, turn = divmod(index, 3)
    path = connector(turn + 1)
    length = sum(piece for piece, _ in path)
    poses = trace(start_pose(arm), path, np.linspace(0.0, length, math.ceil(length / 0.5) + 1))
    boxes = np.empty((len(poses), 5))
    boxes[:, :3] = poses[:, :3]
    boxes[:, 3:] = SWEEP_LENGTH / 2.0, SWEEP_WIDTH / 2.0
    return boxes


@lru_cache(maxsize=1)
def conflicts() -> NDArray[np.bool_]:
    """Returns which slots are in each other's way [12, 12]: they cross, join or part."""
    swept = [_swept(index) for index in range(SLOTS)]
    out = np.zeros((SLOTS, SLOTS), np.bool_)
    for i in range(SLOTS):
        for j in range(i):
            apart = gap(swept[i][:, None], swept[j][None])
            out[i, j] = out[j, i] = bool(apart.min() < SWEEP_MARGIN)
    return out


def yields(index: int) -> list[int]:
    """Returns the slots that a slot gives way to: a left turn to oncoming straight and right."""
    arm, turn = divmod(index, 3)
    if turn + 1 != Command.LEFT:
        return []
    return [slot((arm + 2) % 4, Command.STRAIGHT), slot((arm + 2) % 4, Command.RIGHT)]
