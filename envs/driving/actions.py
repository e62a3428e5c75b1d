"""What a driver can do: twenty actions, or two numbers.

Discrete action `4 * i + k` steers STEERINGS[i] of what the speed allows (positive: left) and asks
for ACCELERATIONS[k]. The continuous action is the same two quantities, each scaled to [-1, 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .kernel import steering_limit
from .lives import Array

STEERINGS = np.array([-1.0, -0.35, 0.0, 0.35, 1.0])  # part of delta_max(v)
ACCELERATIONS = np.array([-8.0, -3.0, 0.0, 2.0])  # [m/s2]
ACTIONS = STEERINGS.size * ACCELERATIONS.size
BRAKE_SCALE, DRIVE_SCALE = 8.0, 2.0  # [m/s2] what -1 and +1 of the continuous pedal mean

STEERING_NAMES = ("right", "slight right", "straight", "slight left", "left")
ACCELERATION_NAMES = ("brake hard", "brake", "keep", "accelerate")


def describe_actions() -> list[dict[str, Any]]:
    """Returns name, steering part and acceleration [m/s2] of every discrete action."""
    return [
        {
            "name": f"{STEERING_NAMES[i]}, {ACCELERATION_NAMES[k]}",
            "steering": float(STEERINGS[i]),
            "acceleration": float(ACCELERATIONS[k]),
        }
        for i in range(STEERINGS.size)
        for k in range(ACCELERATIONS.size)
    ]


@njit(cache=True, nogil=True)
def controls(action: Array, speed: float, is_discrete: bool) -> tuple[Any, ...]:
    """Returns the wanted steering angle [rad] and acceleration [m/s2] of one action row.

    Args:
      action: [1] index or [2] steering and pedal in [-1, 1].
    """
    limit = steering_limit(speed)
    if is_discrete:
        index = int(action[0])
        part = STEERINGS[index // ACCELERATIONS.size]
        return part * limit, ACCELERATIONS[index % ACCELERATIONS.size]
    pedal = action[1]
    scale = DRIVE_SCALE if pedal > 0.0 else BRAKE_SCALE
    return action[0] * limit, pedal * scale
