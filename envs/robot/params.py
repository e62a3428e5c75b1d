"""Sizes, kinds and names of the robot world."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

CELL = 0.25  # [m] side of a cell of a home's grid
GRID = 64  # cells along a side, so a home is 16 m at most
HOMES_PER_SPLIT = 512
MAX_ROOMS = 12
MAX_DOORS = 24
DOOR_WIDTH = 4  # cells
CORRIDOR = 5  # cells across


class Cell(IntEnum):
    """What fills a cell of a home; furniture follows in the order of `FURNITURE`."""

    FLOOR = 0
    WALL = 1
    DOORWAY = 2  # a gap in a wall; a leaf may close it
    FURNITURE = 3  # the first piece


class Furniture(NamedTuple):
    """A kind of furniture: a box that stands on the floor."""

    name: str
    length: int
    """Along the wall that it stands at, cells; as `depth`."""
    depth: int
    height: float
    """[m]."""
    colour: tuple[int, int, int]
    stands_free: bool
    """In the middle of a room rather than at a wall."""


FURNITURE = (
    Furniture("table", 6, 4, 0.75, (150, 104, 64), True),
    Furniture("sofa", 8, 4, 0.80, (104, 118, 150), False),
    Furniture("bed", 8, 6, 0.50, (196, 190, 204), False),
    Furniture("cupboard", 6, 2, 1.90, (126, 88, 56), False),
    Furniture("shelf", 4, 2, 1.60, (166, 132, 88), False),
    Furniture("counter", 8, 3, 0.90, (188, 186, 178), False),
    Furniture("desk", 5, 3, 0.74, (140, 120, 96), False),
    Furniture("chair", 2, 2, 0.45, (92, 72, 60), True),
    Furniture("plant", 2, 2, 1.10, (66, 116, 62), False),
)


class Room(IntEnum):
    """What a room is for; its floor, walls and furniture follow from it."""

    CORRIDOR = 0
    LIVING = 1
    KITCHEN = 2
    BEDROOM = 3
    BATH = 4
    STUDY = 5


PIECES: dict[Room, tuple[str, ...]] = {
    Room.CORRIDOR: ("plant",),
    Room.LIVING: ("sofa", "table", "shelf", "chair", "plant", "cupboard"),
    Room.KITCHEN: ("counter", "table", "chair", "chair", "cupboard"),
    Room.BEDROOM: ("bed", "cupboard", "chair", "plant"),
    Room.BATH: ("counter", "shelf"),
    Room.STUDY: ("desk", "chair", "shelf", "shelf", "plant"),
}
"""Furniture of each kind of room, the most usual first."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 52, 46), "green": (60, 170, 76), "blue": (54, 96, 214),
    "purple": (150, 70, 190), "yellow": (236, 200, 48), "grey": (128, 130, 134),
}  # fmt: skip
"""BabyAI's six."""
WALL_HEIGHT, DOOR_HEIGHT = 2.6, 2.6  # [m]


class Code(IntEnum):
    """Codes of cells in a running life, beside those of `Cell`; plus a colour each."""

    CLOSED = 16
    LOCKED = 24
    OPEN = 32
    FRAME = 40

MAX_THINGS, MAX_PEOPLE, SPARE = 16, 10, 2
MAX_WAY = 64  # turning points of a person's way
PARTS = 4  # of a mission
WORDS = 40  # of a mission


class Kind(IntEnum):
    """Kinds of things that words name."""

    ANY = 0
    KEY = 1
    BALL = 2
    BOX = 3
    DOOR = 4


class Verb(IntEnum):
    """What a part of a mission asks for."""

    NONE = 0
    GO_TO = 1
    PICK_UP = 2
    OPEN = 3
    PUT_NEXT = 4
    GO_TO_POINT = 5


class Place(IntEnum):
    """Where a thing is, seen from where the robot began."""

    ANY = 0
    LEFT = 1
    RIGHT = 2
    FRONT = 3
    BEHIND = 4


THING_RADIUS = {Kind.KEY: 0.10, Kind.BALL: 0.15, Kind.BOX: 0.18}  # [m]
