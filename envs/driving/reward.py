"""Reward: named terms, each with a weight that a user may set (`reward={"progress": 0.1}`)."""

from __future__ import annotations

from collections.abc import Mapping

from numba import njit

from .lives import (
    ACCELERATION,
    COLLIDED,
    END,
    JERK,
    RAN_RED,
    RAN_STOP,
    SPEED,
    STANDING,
    T_COMFORT,
    T_DECISIONS,
    T_RETURN,
    YAW_RATE,
    Array,
    End,
    Life,
)

WEIGHTS: Mapping[str, float] = {
    "progress": 0.05,  # per metre of route
    "speeding": -0.05,  # per m/s above the limit, a decision
    "lane": -0.05,  # per metre beyond 0.4 m off the lane's centre, a decision
    "comfort": -0.02,  # a decision outside nuPlan's comfort bounds
    "idle": -0.02,  # a decision of standing without cause
    "collision": -10.0,
    "red_light": -5.0,
    "stop_sign": -3.0,
    "finish": 10.0,
}
"""Default weight of each term; the term itself is a plain quantity, >= 0."""
TERMS = tuple(WEIGHTS)
(PROGRESS, SPEEDING, LANE, COMFORT, IDLE, COLLISION, RED_LIGHT, STOP_SIGN, FINISH) = range(9)

# nuPlan's comfort bounds
BRAKE_COMFORT, DRIVE_COMFORT = -4.05, 2.40  # [m/s2]
LATERAL_COMFORT = 4.89  # [m/s2]
YAW_COMFORT = 0.95  # [rad/s]
JERK_COMFORT = 8.37  # [m/s3]
END_DONE = End.DONE


@njit(cache=True, nogil=True)
def is_comfortable(life: Life) -> bool:
    """Returns whether the last substep was within nuPlan's comfort bounds."""
    e = life.ego
    a = e[ACCELERATION]
    return (
        BRAKE_COMFORT <= a <= DRIVE_COMFORT
        and abs(e[SPEED] * e[YAW_RATE]) <= LATERAL_COMFORT
        and abs(e[YAW_RATE]) <= YAW_COMFORT
        and abs(e[JERK]) <= JERK_COMFORT
    )


@njit(cache=True, nogil=True)
def reward(
    life: Life, lane_offset: float, progress: float, factors: Array, terms: Array
) -> float:
    """Returns the reward of the decision just lived and fills its weighted terms.

    Args:
      lane_offset: [m]; progress: metres of route gained.
      factors: weight of each term [R]; terms: filled, float64 [R], weighted.
    """
    flag = life.flag
    comfortable = is_comfortable(life)
    over = life.ego[SPEED] - life.limit - 0.3
    terms[PROGRESS] = progress
    terms[SPEEDING] = max(over, 0.0)
    terms[LANE] = min(max(abs(lane_offset) - 0.4, 0.0), 5.0)
    terms[COMFORT] = 0.0 if comfortable else 1.0
    terms[IDLE] = 1.0 if flag[STANDING] > 5 else 0.0
    terms[COLLISION] = 1.0 if flag[COLLIDED] > 0 else 0.0
    terms[RED_LIGHT] = flag[RAN_RED]
    terms[STOP_SIGN] = flag[RAN_STOP]
    terms[FINISH] = 1.0 if flag[END] == END_DONE else 0.0
    total = 0.0
    for k in range(factors.shape[0]):
        terms[k] *= factors[k]
        total += terms[k]
    life.tally[T_RETURN] += total
    life.tally[T_DECISIONS] += 1.0
    life.tally[T_COMFORT] += 1.0 if comfortable else 0.0
    return total
