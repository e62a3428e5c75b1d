"""Names, sizes and presets of the driving world. SI units; angles in radians."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

LANE_WIDTH = 3.5  # [m]
CELL = 60.0  # [m] side of a block
CELLS = 8  # blocks along a side of a town
TOWNS_PER_SPLIT = 512
# What a town has room for. Both splits have records of one size, so that kernels compile once.
MAX_LANES = 320
MAX_JUNCTIONS = 28
MAX_STATICS = 2816
MAX_CROSSINGS = 112


class Surface(IntEnum):
    """What the ground is made of."""

    GRASS = 0
    MEADOW = 1
    PAVEMENT = 2
    KERB = 3
    ROAD = 4
    PARKING = 5
    MARKING = 6
    STOP_LINE = 7
    ZEBRA = 8
    SOIL = 9


class Static(IntEnum):
    """Things that stand beside the road; the fourth column of `Towns.statics`."""

    TREE = 0
    LAMP_POST = 1
    STOP_SIGN = 2
    LIMIT_SIGN = 3
    LIGHT = 4
    BUSH = 5


class Control(IntEnum):
    """How a junction is ruled."""

    NONE = 0
    LIGHTS = 1
    STOP = 2  # all-way: who came first goes first


class Command(IntEnum):
    """What the navigator asks for at the next junction; `Towns.lane_turn` of a connector."""

    FOLLOW = 0
    LEFT = 1
    STRAIGHT = 2
    RIGHT = 3


class Kind(IntEnum):
    """Actors: what a scene's class column and a vehicle's or pedestrian's kind say."""

    NONE = 0
    CAR = 1
    VAN = 2
    TRUCK = 3
    PEDESTRIAN = 4
    CHILD = 5
    STATIC = 6  # buildings; parked cars are CAR


class Label(IntEnum):
    """Classes of the per-pixel label picture."""

    SKY = 0
    ROAD = 1
    MARKING = 2
    CROSSING = 3
    PAVEMENT = 4
    GROUND = 5
    BUILDING = 6
    VEGETATION = 7
    POLE = 8
    CAR = 9
    VAN = 10
    TRUCK = 11
    PEDESTRIAN = 12
    LIGHT_RED = 13
    LIGHT_YELLOW = 14
    LIGHT_GREEN = 15
    STOP_SIGN = 16
    LIMIT_SIGN = 17


# Half length, half width, height [m] by Kind (index 0 unused).
SIZES = (
    (0.0, 0.0, 0.0),
    (2.2, 0.9, 1.5),
    (2.7, 1.0, 2.3),
    (3.75, 1.2, 3.2),
    (0.25, 0.25, 1.75),
    (0.2, 0.2, 1.2),
    (0.3, 1.6, 1.1),  # a barrier
)


@dataclass(frozen=True)
class Preset:
    """How full a town is."""

    vehicles: int
    """Moving cars, vans and trucks in the town."""
    parked: int
    """Parked cars."""
    pedestrians: int
    """Walkers, children among them."""


PRESETS = {
    "empty": Preset(vehicles=0, parked=0, pedestrians=0),
    "calm": Preset(vehicles=12, parked=12, pedestrians=8),
    "default": Preset(vehicles=32, parked=24, pedestrians=24),
}

SECTORS = 32  # bearing sectors of a scene; sector 0 begins behind, counter-clockwise
SCENE_RANGE = 50.0  # [m]
