"""The state of a batch of lives: one NamedTuple of arrays, lane first, and nothing else.

Everything that a life carries from step to step is here, so that a snapshot is a copy of one row
of every array. Columns are named by the constants below; numba takes them as literals.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAX_ROUTE = 48  # lanes of a route, connectors included
SPARE = 4  # slots for actors that `intervene` places

# Lives.ego columns
X, Y, HEADING, SPEED, STEERING, ACCELERATION, YAW_RATE, JERK = range(8)
EGO_COLUMNS = 8

# Lives.route columns: where the ego is on its route, and what the route asks
ROUTE_S, ROUTE_LATERAL, ROUTE_START, ROUTE_GOAL, ROUTE_LENGTH, ROUTE_DONE = range(6)
ROUTE_COLUMNS = 6

# Lives.flag columns (integers about the ego)
(
    COUNT,  # lanes of the route
    INDEX,  # the lane that the ego is on, as an index into the route
    STOPPED,  # 1: it has stood at the stop line ahead
    ARRIVED,  # substep at which it stood there, -1: not yet
    FROZEN,  # substeps that it still stands dead after a collision
    STANDING,  # decisions that it has stood without cause
    END,  # why the episode ended, an `End`
    STRUCK,  # the struck actor to take away, -1: none (vehicles, then pedestrians, then parked)
    STRUCK_AT,  # substep at which it was struck
    LIMIT_KNOWN,  # 1: a limit sign has been seen
    COLLIDED,  # kind of the collision of this decision, 0: none
    RAN_RED,  # 1: passed a red light in this decision
    RAN_STOP,  # 1: passed a stop line without standing in this decision
    ON_BUILDING,  # 1: it touches a building (so that a crash counts once)
) = range(14)
FLAG_COLUMNS = 14

# Lives.vehicle columns
V_S, V_SPEED, V_ACCELERATION, V_X, V_Y, V_HEADING, V_PATIENCE, V_PACE = range(8)
VEHICLE_COLUMNS = 8

# Lives.vehicle_flag columns
(
    V_MODE,  # a `Mode`
    V_KIND,
    V_COLOUR,
    V_LANE,
    V_NEXT,  # the lane that follows, -1: none
    V_BEFORE,  # the lane before this one, -1: none
    V_VISITS,  # lanes entered so far: the step of its draws
    V_GRANTED,  # 1: may pass the stop line ahead
    V_ARRIVED,  # substep at which it stood at a stop line, -1: not yet
    V_SEEN,  # decision at which the ego's sensors last saw it, -1000: never
) = range(10)
VEHICLE_FLAGS = 10

# Lives.walker columns
W_S, W_SPEED, W_X, W_Y, W_HEADING, W_PHASE = range(6)
WALKER_COLUMNS = 6

# Lives.walker_flag columns
W_MODE, W_KIND, W_COLOUR, W_EDGE, W_DIRECTION, W_VISITS, W_SINCE, W_SEEN, W_MOVING = range(9)
WALKER_FLAGS = 9

# Lives.tally columns (sums since the episode began)
(
    T_DISTANCE,
    T_OUTSIDE,  # metres of route driven outside the lane
    T_PEDESTRIAN,
    T_VEHICLE,
    T_STATIC,
    T_RED,
    T_STOP,
    T_COMFORT,  # decisions within nuPlan's comfort bounds
    T_DECISIONS,
    T_RETURN,
    T_SPEEDING,  # seconds more than 1 m/s above the limit
) = range(11)
TALLY_COLUMNS = 11

# Lives.weather columns
DAYLIGHT, FOG, FRICTION = range(3)


class Mode:
    """Vehicle and walker modes."""

    ABSENT = 0
    TRAFFIC = 1
    WAITING = 2  # a walker at the kerb
    PLACED = 3  # put there by `intervene`: straight on with its own velocity


class End:
    """Why an episode ended, in the order of `END_NAMES`."""

    RUNNING = 0
    DONE = 1
    OFF_ROUTE = 2
    COLLISION = 3
    TIME = 4
    STANDING = 5


END_NAMES = ("running", "route_done", "off_route", "collision", "time_limit", "standing")


class Lives(NamedTuple):
    """State of B lives; see the column constants above. SI units, float32 unless said."""

    seed: Array  # int64 [B]
    episode: Array  # int64 [B]
    step: Array  # int32 [B] decisions since reset
    clock: Array  # int32 [B] substeps since reset
    town: Array  # int32 [B] row in the pool
    weather: Array  # [B, 3]
    ego: Array  # [B, EGO_COLUMNS]
    flag: Array  # int32 [B, FLAG_COLUMNS]
    route: Array  # [B, ROUTE_COLUMNS]
    route_lane: Array  # int16 [B, MAX_ROUTE]
    route_at: Array  # [B, MAX_ROUTE] route distance at each lane's s = 0 (negative for the first)
    limit: Array  # [B] limit that holds for the ego now
    seen_limit: Array  # [B] limit last read from a sign
    vehicle: Array  # [B, N, VEHICLE_COLUMNS]
    vehicle_flag: Array  # int32 [B, N, VEHICLE_FLAGS]
    walker: Array  # [B, M, WALKER_COLUMNS]
    walker_flag: Array  # int32 [B, M, WALKER_FLAGS]
    parked: Array  # int16 [B, K] parking place, -1: none
    parked_seen: Array  # int32 [B, K]
    sign_seen: Array  # int32 [B] decision at which the sign or light ahead was last seen
    light_set: Array  # int8 [B, J] -1: its cycle; else 0 red, 1 yellow, 2 green for both groups
    static_off: Array  # uint8 [B, S] 1: taken away
    limit_set: Array  # [B, L] a limit set by `intervene`, 0: none
    tally: Array  # float64 [B, TALLY_COLUMNS]


def allocate(
    lives: int,
    vehicles: int,
    walkers: int,
    parked: int,
    sizes: tuple[int, int, int],
) -> Lives:
    """Returns zeroed state for a batch.

    Args:
      lives: B.
      vehicles, walkers, parked: actors a life; SPARE slots are added to the first two.
      sizes: junctions, statics and lanes that a town may have.
    """
    b, n, m = lives, vehicles + SPARE, walkers + SPARE
    junctions, statics, lanes = sizes
    f4, i4 = np.float32, np.int32
    return Lives(
        seed=np.zeros(b, np.int64),
        episode=np.zeros(b, np.int64),
        step=np.zeros(b, i4),
        clock=np.zeros(b, i4),
        town=np.zeros(b, i4),
        weather=np.zeros((b, 3), f4),
        ego=np.zeros((b, EGO_COLUMNS), f4),
        flag=np.zeros((b, FLAG_COLUMNS), i4),
        route=np.zeros((b, ROUTE_COLUMNS), f4),
        route_lane=np.zeros((b, MAX_ROUTE), np.int16),
        route_at=np.zeros((b, MAX_ROUTE), f4),
        limit=np.zeros(b, f4),
        seen_limit=np.zeros(b, f4),
        vehicle=np.zeros((b, n, VEHICLE_COLUMNS), f4),
        vehicle_flag=np.zeros((b, n, VEHICLE_FLAGS), i4),
        walker=np.zeros((b, m, WALKER_COLUMNS), f4),
        walker_flag=np.zeros((b, m, WALKER_FLAGS), i4),
        parked=np.full((b, max(parked, 1)), -1, np.int16),
        parked_seen=np.zeros((b, max(parked, 1)), i4),
        sign_seen=np.zeros(b, i4),
        light_set=np.full((b, junctions), -1, np.int8),
        static_off=np.zeros((b, statics), np.uint8),
        limit_set=np.zeros((b, lanes), f4),
        tally=np.zeros((b, TALLY_COLUMNS), np.float64),
    )


def snapshot(lives: Lives, lane: int) -> dict[str, Array]:
    """Returns a copy of one life, by array name."""
    return {name: getattr(lives, name)[lane].copy() for name in Lives._fields}


def restore(lives: Lives, lane: int, saved: dict[str, Array]) -> None:
    """Puts a life back exactly.

    Raises:
      ValueError: `saved` is of a world with other counts.
    """
    for name in Lives._fields:
        place = getattr(lives, name)
        if name not in saved or np.shape(saved[name]) != place.shape[1:]:
            raise ValueError(
                f"`snapshot` must come from a world with the same counts; its {name!r} is "
                f"{np.shape(saved.get(name))}, here {place.shape[1:]}. "
                "Make both worlds with the same arguments."
            )
    for name in Lives._fields:
        getattr(lives, name)[lane] = saved[name]
