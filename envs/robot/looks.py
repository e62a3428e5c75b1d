"""Colours and textures of homes, things and people."""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..rooms import CODES, TEXELS, Materials
from .params import COLOURS, DOOR_HEIGHT, FURNITURE, WALL_HEIGHT, Cell, Code, Room

Array = NDArray[np.float64]


class Label(IntEnum):
    """Classes of pixels."""

    CEILING = 0
    FLOOR = 1
    WALL = 2
    DOOR = 3
    FURNITURE = 4
    KEY = 5
    BALL = 6
    BOX = 7
    PERSON = 8


FLOORS = {
    Room.CORRIDOR: ((176, 164, 146), "tiles"), Room.LIVING: ((172, 128, 84), "planks"),
    Room.KITCHEN: ((200, 198, 190), "checks"), Room.BEDROOM: ((132, 128, 150), "carpet"),
    Room.BATH: ((150, 178, 184), "tiles"), Room.STUDY: ((120, 92, 66), "planks"),
}  # fmt: skip
WALLS = {
    Room.CORRIDOR: ((222, 214, 198), "plain"), Room.LIVING: ((216, 190, 150), "panels"),
    Room.KITCHEN: ((206, 216, 200), "tiles"), Room.BEDROOM: ((186, 196, 220), "stripes"),
    Room.BATH: ((190, 214, 220), "tiles"), Room.STUDY: ((188, 172, 140), "panels"),
}  # fmt: skip
SKIRTING = (120, 104, 88)
CEILING = (226, 226, 222)


def packed(colour: Array, label: int) -> NDArray[np.uint32]:
    """Returns colours [..., 3] with a label as pixels."""
    c = np.clip(colour, 0, 255).astype(np.uint32)
    own = np.uint32(label) << 24
    return np.asarray(c[..., 0] | c[..., 1] << 8 | c[..., 2] << 16 | own, np.uint32)


def _pattern(base: tuple[int, int, int], name: str) -> Array:
    """Returns a texture [TEXELS, TEXELS, 3] of 1 m by 1 m: rows by columns."""
    row, column = np.mgrid[0:TEXELS, 0:TEXELS]
    rng = np.random.default_rng(sum(map(ord, name)))
    grain = rng.normal(0.0, 0.03, (TEXELS, TEXELS))
    tone = 1.0 + grain
    if name == "tiles":
        tone = tone - 0.16 * ((row % 16 == 0) | (column % 16 == 0))
    elif name == "checks":
        tone = tone - 0.28 * ((row // 16 + column // 16) % 2)
    elif name == "planks":
        plank = row // 8
        tone = 1.0 + rng.normal(0.0, 0.07, 4)[plank] + 0.5 * grain - 0.15 * (row % 8 == 0)
        tone = tone - 0.12 * ((column + 9 * plank) % TEXELS == 0)
    elif name == "carpet":
        tone = 1.0 + 2.0 * grain
    elif name == "stripes":
        tone = 1.0 + 0.5 * grain - 0.10 * (column % 8 < 4)
    elif name == "panels":
        tone = 1.0 + 0.5 * grain - 0.14 * (row > 20) - 0.1 * ((row > 20) & (column % 16 == 0))
    return np.asarray(base, np.float64) * tone[..., None]


def _face(base: tuple[int, int, int]) -> Array:
    """Returns the face of a piece of furniture: darker at its edges and in its drawers."""
    row, column = np.mgrid[0:TEXELS, 0:TEXELS]
    tone = 1.0 - 0.25 * (row < 2) - 0.12 * (row % 11 == 10) - 0.12 * (column % 16 == 0)
    return np.asarray(base, np.float64) * tone[..., None]


def _leaf(base: tuple[int, int, int], is_locked: bool) -> Array:
    """Returns a door's face; a locked one has a dark bar."""
    row, column = np.mgrid[0:TEXELS, 0:TEXELS]
    panel = (row % 14 > 2) & (column % 16 > 2)
    face = np.asarray(base, np.float64) * np.where(panel, 1.0, 0.78)[..., None]
    if is_locked:
        face[16:19] = (36, 36, 40)
    return face


def _along(faces: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Returns faces [N, TEXELS, TEXELS] by rows and columns, by columns and rows."""
    return np.ascontiguousarray(faces.transpose(0, 2, 1))


@cache
def materials() -> Materials:
    """Returns the looks of all codes and rooms."""
    height = np.zeros(CODES, np.float32)
    face = np.zeros((CODES, TEXELS, TEXELS), np.uint32)
    top = np.zeros(CODES, np.uint32)
    height[Cell.WALL] = WALL_HEIGHT
    for k, piece in enumerate(FURNITURE):
        code = Cell.FURNITURE + k
        height[code] = piece.height
        face[code] = packed(_face(piece.colour), Label.FURNITURE)
        top[code] = packed(np.asarray(piece.colour) * 1.12, Label.FURNITURE)
    for k, colour in enumerate(COLOURS.values()):
        for code, is_locked in ((Code.CLOSED + k, False), (Code.LOCKED + k, True)):
            height[code] = DOOR_HEIGHT
            face[code] = packed(_leaf(colour, is_locked), Label.DOOR)
        height[Code.FRAME + k] = WALL_HEIGHT
        face[Code.FRAME + k] = packed(_face(colour), Label.DOOR)
        top[Code.OPEN + k] = packed(np.asarray(colour) * 0.9, Label.DOOR)
    walls = []
    for room in Room:
        wall = _pattern(*WALLS[room])
        wall[-2:] = SKIRTING
        walls.append(packed(wall, Label.WALL))
    return Materials(
        height=height, face=_along(face), wall=_along(np.stack(walls)),
        floor=np.stack([packed(_pattern(*FLOORS[room]), Label.FLOOR) for room in Room]),
        top=top, ceiling=np.uint32(packed(np.asarray(CEILING, np.float64), Label.CEILING)),
    )  # fmt: skip


THING_COLOURS = np.array(list(COLOURS.values()), np.float32)
"""f32[6, 3]."""
CLOTH = np.array(
    [[200, 60, 50], [60, 90, 200], [240, 200, 60], [60, 160, 90], [150, 80, 170], [230, 230, 230],
     [40, 40, 50], [230, 130, 50]],
    np.float32,
)  # fmt: skip
"""f32[8, 3] clothes of people."""
LABEL_COLOURS = np.array(
    [[220, 220, 216], [150, 120, 90], [190, 190, 200], [230, 140, 40], [120, 90, 60],
     [240, 220, 60], [70, 190, 90], [60, 120, 220], [220, 60, 60]],
    np.uint8,
)  # fmt: skip
"""uint8 [labels, 3] for pictures of labels."""


@cache
def plan_colours() -> NDArray[np.uint8]:
    """Returns uint8 [rooms' looks, CODES, 3]: colours of cells from above."""
    found = np.zeros((len(Room), CODES, 3))
    for room in Room:
        found[room, :] = np.asarray(FLOORS[room][0])
        found[room, Cell.WALL] = (58, 56, 60)
        for k, piece in enumerate(FURNITURE):
            found[room, Cell.FURNITURE + k] = piece.colour
        for k, colour in enumerate(COLOURS.values()):
            base = np.asarray(colour, np.float64)
            found[room, Code.CLOSED + k] = base
            found[room, Code.LOCKED + k] = 0.55 * base
            found[room, Code.OPEN + k] = 0.5 * base + 0.5 * np.asarray(FLOORS[room][0])
            found[room, Code.FRAME + k] = base
    return np.clip(found, 0, 255).astype(np.uint8)
