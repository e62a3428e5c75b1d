"""How the driving world looks: colours of ground, paint, walls and clothes; labels of things."""

from __future__ import annotations

import numpy as np

from ..lens import Looks
from ..paint import GroundColours
from .params import Label, Surface

_GROUND = {  # red, green, blue 0-255; label; grain
    Surface.GRASS: (104, 134, 72, Label.GROUND, 0.085),
    Surface.MEADOW: (124, 142, 78, Label.GROUND, 0.1),
    Surface.PAVEMENT: (158, 152, 142, Label.PAVEMENT, 0.04),
    Surface.KERB: (186, 182, 174, Label.PAVEMENT, 0.03),
    Surface.ROAD: (84, 86, 92, Label.ROAD, 0.05),
    Surface.PARKING: (98, 98, 102, Label.ROAD, 0.055),
    Surface.MARKING: (216, 214, 206, Label.MARKING, 0.02),
    Surface.STOP_LINE: (221, 220, 214, Label.MARKING, 0.02),
    Surface.ZEBRA: (221, 220, 214, Label.CROSSING, 0.02),
    Surface.SOIL: (124, 102, 78, Label.GROUND, 0.09),
}
PAINTS = np.array(
    [
        [196, 44, 40],
        [38, 84, 156],
        [214, 214, 210],
        [52, 54, 60],
        [148, 152, 158],
        [226, 178, 48],
        [36, 110, 84],
        [112, 40, 62],
        [84, 132, 172],
        [190, 110, 54],
    ],
    np.float32,
)
WALLS = np.array(
    [
        [202, 184, 156],
        [176, 106, 82],
        [192, 190, 184],
        [214, 198, 150],
        [150, 152, 154],
        [160, 132, 112],
        [182, 158, 140],
        [138, 158, 168],
    ],
    np.float32,
)
CLOTHES = np.array(
    [
        [206, 62, 54],
        [54, 98, 178],
        [228, 190, 62],
        [238, 236, 230],
        [60, 142, 96],
        [148, 80, 152],
        [232, 132, 60],
        [70, 74, 86],
    ],
    np.float32,
)
_BOX_LABELS = [Label.BUILDING, Label.BUILDING, Label.CAR, Label.VAN, Label.TRUCK]  # by Material
_SPRITE_LABELS = [  # by Sprite
    Label.VEGETATION,
    Label.POLE,
    Label.STOP_SIGN,
    Label.LIMIT_SIGN,
    Label.POLE,
    Label.VEGETATION,
    Label.PEDESTRIAN,
    Label.PEDESTRIAN,
]
_LAMP_LABELS = [Label.POLE, Label.LIGHT_RED, Label.LIGHT_YELLOW, Label.LIGHT_GREEN]  # by Lamp

LABEL_COLOURS = np.array(  # of label pictures, by Label
    [
        [126, 172, 214],
        [82, 84, 92],
        [236, 234, 226],
        [244, 206, 120],
        [176, 160, 148],
        [126, 150, 92],
        [150, 110, 92],
        [52, 104, 60],
        [124, 124, 132],
        [52, 96, 196],
        [72, 156, 220],
        [96, 70, 180],
        [230, 110, 170],
        [240, 56, 48],
        [246, 206, 60],
        [64, 214, 120],
        [168, 20, 36],
        [250, 250, 250],
    ],
    np.uint8,
)


def ground_colours() -> GroundColours:
    """Returns the colours, labels and grain of `Surface`s."""
    rows = [_GROUND[surface] for surface in Surface]
    return GroundColours(
        np.array([row[:3] for row in rows], np.float32),
        np.array([row[3] for row in rows], np.uint8),
        np.array([row[4] for row in rows], np.float32),
    )


def looks() -> Looks:
    """Returns the colours and labels of everything that stands on the ground."""
    return Looks(
        PAINTS,
        WALLS,
        CLOTHES,
        np.array(_BOX_LABELS, np.uint8),
        np.array(_SPRITE_LABELS, np.uint8),
        np.array(_LAMP_LABELS, np.uint8),
        int(Label.SKY),
        int(Label.POLE),
    )
