"""The state of a life: one record of fixed size, and nothing else.

Everything that a life carries from step to step is here; B lives are a structured array [B], and a
snapshot is a copy of one element. Kernels take a record by reference (`life.ego[X]`), which costs
nothing, where a tuple of forty arrays would be copied at every call. Columns of a record's arrays
are named by the constants below; numba takes them as literals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .params import MAX_JUNCTIONS, MAX_LANES, MAX_STATICS

Array = NDArray[Any]
Life = Any  # a record of `life_dtype`, as numba sees it
Lives = NDArray[np.void]  # [B] of `life_dtype`

MAX_ROUTE = 48  # lanes of a route, connectors included
DT = 0.1  # [s] a substep, what the clock counts
MAX_ACTORS = 200  # vehicles, parked cars and walkers, each
SPARE = 4  # slots for actors that `intervene` places

# Life.ego columns
X, Y, HEADING, SPEED, STEERING, ACCELERATION, YAW_RATE, JERK = range(8)
EGO_COLUMNS = 8

# Life.route columns: where the ego is on its route, and what the route asks
ROUTE_S, ROUTE_LATERAL, ROUTE_START, ROUTE_GOAL, ROUTE_LENGTH, ROUTE_DONE = range(6)
ROUTE_COLUMNS = 6

# Life.flag columns (integers about the ego)
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

# Life.vehicle columns
V_S, V_SPEED, V_ACCELERATION, V_X, V_Y, V_HEADING, V_PATIENCE, V_PACE = range(8)
VEHICLE_COLUMNS = 8

# Life.vehicle_flag columns
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

# Life.walker columns
(
    W_S,  # [m] along its edge, or over the road where it darts
    W_SPEED,
    W_X,
    W_Y,
    W_HEADING,
    W_PHASE,
    W_ACROSS,  # [m] from kerb to kerb where it darts
) = range(7)
WALKER_COLUMNS = 7

# Life.walker_flag columns
W_MODE, W_KIND, W_COLOUR, W_EDGE, W_DIRECTION, W_VISITS, W_SINCE, W_SEEN, W_MOVING = range(9)
WALKER_FLAGS = 9

# Life.tally columns (sums since the episode began)
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

# Life.weather columns
DAYLIGHT, FOG, FRICTION = range(3)


class Mode:
    """Vehicle and walker modes."""

    ABSENT = 0
    TRAFFIC = 1
    WAITING = 2  # a walker at the kerb
    PLACED = 3  # put there by `intervene`: straight on with its own velocity
    DARTING = 4  # a walker on the road away from any zebra


class End:
    """Why an episode ended, in the order of `END_NAMES`."""

    RUNNING = 0
    DONE = 1
    OFF_ROUTE = 2
    COLLISION = 3
    TIME = 4
    STANDING = 5


END_NAMES = ("running", "route_done", "off_route", "collision", "time_limit", "standing")


def life_dtype() -> np.dtype[np.void]:
    """Returns the record of a life: the same for every town and count, so kernels compile once."""
    n, m = MAX_ACTORS + SPARE, MAX_ACTORS + SPARE
    f4, i4 = np.float32, np.int32
    return np.dtype(
        [
            ("seed", np.int64),
            ("episode", np.int64),
            ("step", i4),  # decisions since reset
            ("clock", i4),  # substeps since reset
            ("town", i4),  # row in the pool
            ("vehicles", i4),  # slots in use, the last SPARE of them for actors that are placed
            ("walkers", i4),  # the same
            ("parked_cars", i4),
            ("limit", f4),  # the limit that holds for the ego now
            ("seen_limit", f4),  # the limit last read from a sign
            ("sign_seen", i4),  # decision at which the sign or light ahead was last seen
            ("weather", f4, 3),
            ("darting", f4),  # [1/min] people who step onto the road ahead
            ("stalling", f4),  # [1/min] failures of the ego's motor
            ("stalled", i4),  # substep until which it fails
            ("ego", f4, EGO_COLUMNS),
            ("flag", i4, FLAG_COLUMNS),
            ("route", f4, ROUTE_COLUMNS),
            ("route_lane", np.int16, MAX_ROUTE),
            ("route_at", f4, MAX_ROUTE),  # route distance at each lane's s = 0
            ("vehicle", f4, (n, VEHICLE_COLUMNS)),
            ("vehicle_flag", i4, (n, VEHICLE_FLAGS)),
            ("walker", f4, (m, WALKER_COLUMNS)),
            ("walker_flag", i4, (m, WALKER_FLAGS)),
            ("parked", np.int16, MAX_ACTORS),  # parking place, -1: none
            ("parked_seen", i4, MAX_ACTORS),
            ("light_set", np.int8, MAX_JUNCTIONS),  # -1: its cycle; else a state for both groups
            ("static_off", np.uint8, MAX_STATICS),  # 1: taken away
            ("limit_set", f4, MAX_LANES),  # a limit set by `intervene`, 0: none
            ("tally", np.float64, TALLY_COLUMNS),
        ],
        align=True,
    )


def snapshot(lives: Lives, lane: int) -> Lives:
    """Returns a copy of one life, a structured array [1]."""
    return lives[lane : lane + 1].copy()


def restore(lives: Lives, lane: int, saved: Lives) -> None:
    """Puts a life back exactly.

    Raises:
      ValueError: `saved` is no snapshot of a world with the same counts.
    """
    counts = ["vehicles", "walkers", "parked_cars"]
    is_life = getattr(saved, "dtype", None) == lives.dtype and saved.shape == (1,)
    if not is_life or saved[counts][0] != lives[counts][lane]:
        raise ValueError(
            "`snapshot` must come from a world with the same counts of vehicles, parked cars and "
            "pedestrians. Make both worlds with the same arguments."
        )
    lives[lane] = saved[0]
