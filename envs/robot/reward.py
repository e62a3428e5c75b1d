"""Reward: named terms, each with a weight that a user may set (`reward={"progress": 0.1}`)."""

from __future__ import annotations

from collections.abc import Mapping

from ..canvas import kernel
from .lives import BUMPED, DECISION, END, NEAR_PERSON, T_RETURN, Array, Bump, End, Life

WEIGHTS: Mapping[str, float] = {
    "progress": 0.25,  # per metre nearer to what is to be done next, by the way
    "part": 1.0,  # a part of the mission done
    "finish": 2.5,
    "bump": -0.1,  # a decision in which it runs into a wall or a thing
    "person": -1.0,  # ... or into somebody
    "space": -0.25,  # per second within somebody's personal space
    "time": -0.01,  # a decision
}
"""Default weight of each term; the term itself is a plain quantity, >= 0 but for progress."""
TERMS = tuple(WEIGHTS)
(PROGRESS, PART, FINISH, BUMP, PERSON, SPACE, TIME) = range(7)
END_DONE, NO_BUMP, BUMP_PERSON = End.DONE, Bump.NONE, Bump.PERSON
LEAP = 0.6  # [m] of progress in a decision at most


@kernel
def reward(life: Life, gained: float, marked: int, factors: Array, terms: Array) -> float:
    """Returns the reward of the decision just lived and fills its weighted terms.

    Args:
      gained: [m] nearer to the subgoal. marked: parts of the mission done.
      factors: weight of each term [R]; terms: filled, float64 [R], weighted.
    """
    flag = life.flag
    bump = flag[BUMPED]
    terms[PROGRESS] = min(max(gained, -LEAP), LEAP)
    terms[PART] = float(marked)
    terms[FINISH] = 1.0 if flag[END] == END_DONE else 0.0
    terms[BUMP] = 1.0 if bump != NO_BUMP and bump != BUMP_PERSON else 0.0
    terms[PERSON] = 1.0 if bump == BUMP_PERSON else 0.0
    terms[SPACE] = DECISION if flag[NEAR_PERSON] else 0.0
    terms[TIME] = 1.0
    total = 0.0
    for k in range(factors.shape[0]):
        terms[k] *= factors[k]
        total += terms[k]
    life.tally[T_RETURN] += total
    return total
