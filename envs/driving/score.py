"""Scores of an episode, as the field counts them.

Driving score: route completion times a penalty. Source: CARLA Leaderboard 2.0 (product of
coefficients) and 2.1 (1 / (1 + sum)); the two are named apart. Its kinds "scenario timeout",
"yield to emergency vehicle" and "minimum speed" have no counterpart in this world and are left out.
"""

from __future__ import annotations

from .lives import (
    END,
    END_NAMES,
    ROUTE_DONE,
    ROUTE_LENGTH,
    T_COMFORT,
    T_DECISIONS,
    T_DISTANCE,
    T_OUTSIDE,
    T_PEDESTRIAN,
    T_RED,
    T_RETURN,
    T_SPEEDING,
    T_STATIC,
    T_STOP,
    T_VEHICLE,
    End,
    Lives,
)

# kind: (tally column, coefficient of 2.0, coefficient of 2.1)
INFRACTIONS = {
    "pedestrian_collisions": (T_PEDESTRIAN, 0.50, 1.00),
    "vehicle_collisions": (T_VEHICLE, 0.60, 0.70),
    "static_collisions": (T_STATIC, 0.65, 0.60),
    "red_lights": (T_RED, 0.70, 0.40),
    "stop_signs": (T_STOP, 0.80, 0.25),
}
DECISION = 0.2  # [s]


def score(lives: Lives, b: int) -> dict[str, float]:
    """Returns the scores of life b's episode so far.

    `driving_score_2_0`, `driving_score_2_1` and `route_completion` are in percent; `success` is
    1 if the route was done in time without any infraction.
    """
    tally = lives["tally"][b]
    route = max(float(lives["route"][b, ROUTE_LENGTH]), 1.0)
    ended = int(lives["flag"][b, END])
    completion = min(max(float(lives["route"][b, ROUTE_DONE]) / route, 0.0), 1.0)
    if ended == End.DONE:
        completion = 1.0
    km = max(float(tally[T_DISTANCE]), 1.0) / 1000.0
    outside = min(float(tally[T_OUTSIDE]) / route, 1.0)
    product, total = 1.0 - outside, 0.0
    scores: dict[str, float] = {}
    for name, (column, factor, weight) in INFRACTIONS.items():
        count = float(tally[column])
        product *= factor**count
        total += weight * count
        scores[name] = count
        scores[f"{name}_per_km"] = count / km
    collisions = sum(float(tally[c]) for c in (T_PEDESTRIAN, T_VEHICLE, T_STATIC))
    infractions = collisions + float(tally[T_RED]) + float(tally[T_STOP])
    decisions = max(float(tally[T_DECISIONS]), 1.0)
    return {
        "driving_score_2_0": 100.0 * completion * product,
        "driving_score_2_1": 100.0 * completion * (1.0 - outside) / (1.0 + total),
        "route_completion": 100.0 * completion,
        "success": float(ended == End.DONE and infractions == 0 and outside < 0.01),
        "collisions_per_km": collisions / km,
        **scores,
        "infractions_per_km": infractions / km,
        "outside_lane": 100.0 * outside,
        "speeding": 100.0 * float(tally[T_SPEEDING]) / (decisions * DECISION),
        "comfort": 100.0 * float(tally[T_COMFORT]) / decisions,
        "distance": float(tally[T_DISTANCE]),
        "mean_speed": float(tally[T_DISTANCE]) / (decisions * DECISION),
        "duration": decisions * DECISION,
        "return": float(tally[T_RETURN]),
    }


def end_name(lives: Lives, b: int) -> str:
    """Returns why life b's episode ended, or "running"."""
    return END_NAMES[int(lives["flag"][b, END])]
