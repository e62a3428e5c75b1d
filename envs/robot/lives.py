"""The state of a life: one record of fixed size, and nothing else; see `driving.lives`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .params import GRID, MAX_DOORS, MAX_PEOPLE, MAX_THINGS, MAX_WAY, PARTS, WORDS

Array = NDArray[Any]
Life = Any  # a record of `life_dtype`, as numba sees it
Lives = NDArray[np.void]  # [B] of `life_dtype`

DT = 0.05  # [s] a substep
SUBSTEPS = 5  # of a decision
DECISION = DT * SUBSTEPS  # [s]

# Life.body columns: where the robot is, how it moves, and where odometry has it
(X, Y, HEADING, SPEED, TURN, ODO_X, ODO_Y, ODO_HEADING) = range(8)
BODY_COLUMNS = 8

# Life.flag columns
(
    END,  # why the episode ended, an `End`
    BUMPED,  # what was bumped into in this decision, a `Bump`
    CARRIED,  # the thing in the gripper, -1: none
    STAGE,  # of the mission, whose parts count now
    TOGGLED,  # the door opened in this decision, -1: none
    PICKED,  # the thing picked up in this decision, -1: none
    DROPPED,  # the thing put down in this decision, -1: none
    NEAR_PERSON,  # 1: within somebody's personal space
) = range(8)
FLAG_COLUMNS = 8

# Life.thing and its flags
T_X, T_Y = range(2)
T_KIND, T_COLOUR, T_STATE, T_SEEN = range(4)

# Life.person and its flags
P_X, P_Y, P_HEADING, P_SPEED, P_PACE, P_PHASE = range(6)
PERSON_COLUMNS = 6
P_MODE, P_CLOTH, P_AT, P_COUNT, P_VISITS, P_WAITS, P_SEEN = range(7)
PERSON_FLAGS = 7

# Life.door columns
D_STATE, D_COLOUR, D_SEEN = range(3)

# Life.part columns: a part of the mission
(VERB, KIND, COLOUR, PLACE, KIND_2, COLOUR_2, PLACE_2, PART_STAGE, DONE) = range(9)
PART_COLUMNS = 9

# Life.tally columns (sums since the episode began)
(
    T_DISTANCE,
    T_BUMPS,
    T_PERSON,
    T_SPACE,  # [s] within somebody's personal space
    T_PUSHES,
    T_RETURN,
    T_DECISIONS,
    T_SHORTEST,  # [m] the shortest way that fulfils the mission
) = range(8)
TALLY_COLUMNS = 8

SPAN = 96  # cells along a side of the robot's own map: more than any home is across, however turned


class ThingState:
    """Where a thing is."""

    ABSENT = 0
    ON_FLOOR = 1
    CARRIED = 2


class DoorState:
    """How a doorway is."""

    NONE = 0  # it has no leaf
    OPEN = 1
    CLOSED = 2
    LOCKED = 3


class Bump:
    """What one may run into."""

    NONE = 0
    WALL = 1  # or furniture, or a closed door
    THING = 2
    PERSON = 3


class Mode:
    """What a person does."""

    ABSENT = 0
    WALKING = 1
    STANDING = 2
    PLACED = 3  # put there by `intervene`: straight on with its own velocity


class End:
    """Why an episode ended, in the order of `END_NAMES`."""

    RUNNING = 0
    DONE = 1
    TIME = 2


END_NAMES = ("running", "mission_done", "time_limit")


def life_dtype() -> np.dtype[np.void]:
    """Returns the record of a life: the same for every home and level, so kernels compile once."""
    f4, i4 = np.float32, np.int32
    return np.dtype(
        [
            ("seed", np.int64),
            ("episode", np.int64),
            ("step", i4),  # decisions since reset
            ("limit", i4),  # decisions that there is time for
            ("home", i4),  # row in the pool
            ("things", i4),  # slots in use, the last SPARE of them for what is placed
            ("people", i4),  # the same
            ("body", f4, BODY_COLUMNS),
            ("start", f4, 3),  # pose at the beginning
            ("goal", f4, 2),  # of PointGoal
            ("flag", i4, FLAG_COLUMNS),
            ("light", f4),
            ("cells", np.uint8, (GRID, GRID)),  # codes as they are now
            ("chart", np.uint8, (SPAN, SPAN)),  # the map that the robot draws itself; see `chart`
            ("seen", np.uint8, (GRID, GRID)),  # bits: 1 by the lidar, 2 by the camera
            ("door", np.int8, (MAX_DOORS, 3)),
            ("thing", f4, (MAX_THINGS, 2)),
            ("thing_flag", i4, (MAX_THINGS, 4)),
            ("person", f4, (MAX_PEOPLE, PERSON_COLUMNS)),
            ("person_flag", i4, (MAX_PEOPLE, PERSON_FLAGS)),
            ("person_way", np.uint8, (MAX_PEOPLE, MAX_WAY, 2)),  # cells that a person walks to
            ("part", np.int8, (PARTS, PART_COLUMNS)),
            ("part_things", np.int64, (PARTS, 2)),  # bits of the things meant: first, second
            ("part_doors", np.int64, PARTS),  # bits of the doors meant
            ("words", np.int16, WORDS),
            ("planned", i4),  # the robot's cell when the true plan was made, x * GRID + y
            ("planned_people", f4, (MAX_PEOPLE, PERSON_COLUMNS)),  # `person` then
            ("tally", np.float64, TALLY_COLUMNS),
        ],
        align=True,
    )
