"""Scores of an episode, as the field counts them.

Success weighted by path length, SPL = S l / max(p, l), with the shortest way l and the way p that
was gone. Source: Anderson 2018, "On evaluation of embodied navigation agents".
"""

from __future__ import annotations

from .lives import (
    DECISION,
    DONE,
    END,
    END_NAMES,
    T_BUMPS,
    T_DECISIONS,
    T_DISTANCE,
    T_PERSON,
    T_PUSHES,
    T_RETURN,
    T_SHORTEST,
    T_SPACE,
    VERB,
    End,
    Lives,
)


def score(lives: Lives, b: int) -> dict[str, float]:
    """Returns the scores of life b's episode so far.

    `success`, `spl` and `parts_done` are in percent; `collisions_per_km` counts decisions in which
    it runs into walls, furniture or things, `person_collisions_per_km` those into people.
    """
    tally = lives["tally"][b]
    is_done = float(int(lives["flag"][b, END]) == End.DONE)
    gone, shortest = float(tally[T_DISTANCE]), max(float(tally[T_SHORTEST]), 0.1)
    km = max(gone, 1.0) / 1000.0
    asked = lives["part"][b, :, VERB] > 0
    done = (lives["part"][b, :, DONE] > 0) & asked
    bumps = float(tally[T_BUMPS] + tally[T_PUSHES])
    return {
        "success": 100.0 * is_done,
        "spl": 100.0 * is_done * shortest / max(gone, shortest),
        "parts_done": 100.0 * float(done.sum()) / max(float(asked.sum()), 1.0),
        "collisions_per_km": bumps / km,
        "person_collisions_per_km": float(tally[T_PERSON]) / km,
        "person_collisions": float(tally[T_PERSON]),
        "pushes": float(tally[T_PUSHES]),
        "personal_space_s": float(tally[T_SPACE]),
        "distance": gone,
        "duration": float(tally[T_DECISIONS]) * DECISION,
        "return": float(tally[T_RETURN]),
    }


def end_name(lives: Lives, b: int) -> str:
    """Returns why life b's episode ended, or "running"."""
    return END_NAMES[int(lives["flag"][b, END])]
