"""Where the upright faces of a box lie in a picture.

Along a face the inverse of depth is a straight line over the columns, and so is the place on the
face divided by depth: a column costs a sum and no search.
"""

from __future__ import annotations

from typing import NamedTuple

from .canvas import leaf
from .faces import FRONT, LEFT, REAR, RIGHT
from .lens import NEAR, Lens


class Span(NamedTuple):
    """A face between two columns of a picture; one that is not seen has left = right."""

    left: float
    """[px]."""
    right: float
    """[px]."""
    start: float
    """1 / depth at the left [1/m]."""
    end: float
    """1 / depth at the right [1/m]."""
    slope: float
    """What 1 / depth gains from column to column."""
    place: float
    """Place along the face from its middle, divided by depth, at the left."""
    place_slope: float
    """What it gains from column to column."""
    face: int
    half: float
    """Half the face's length [m]."""


@leaf
def face_span(
    lens: Lens, x: float, y: float, cos: float, sin: float, a: float, b: float, which: int
) -> Span:
    """Returns the span of a box's front or rear (`which` 0) or of its left or right side (1).

    Args:
      x, y: the box's middle in the frame of the lens (ahead, left); cos, sin: of its heading there.
      a, b: half its length and width [m].
    """
    if which == 0:
        eye = -(x * cos + y * sin)
        side, half = (a if eye > 0.0 else -a), b
        face = FRONT if eye > 0.0 else REAR
        is_seen = abs(eye) > a
        z0, y0 = x + cos * side + sin * b, y + sin * side - cos * b
        z1, y1 = x + cos * side - sin * b, y + sin * side + cos * b
    else:
        eye = x * sin - y * cos
        side, half = (b if eye > 0.0 else -b), a
        face = LEFT if eye > 0.0 else RIGHT
        is_seen = abs(eye) > b
        z0, y0 = x - cos * a - sin * side, y - sin * a + cos * side
        z1, y1 = x + cos * a - sin * side, y + sin * a + cos * side
    if not is_seen or (z0 < NEAR and z1 < NEAR):
        return Span(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, face, half)
    u0, u1 = -half, half
    if z0 < NEAR:
        share = (NEAR - z0) / (z1 - z0)
        z0, y0, u0 = NEAR, y0 + share * (y1 - y0), u0 + share * (u1 - u0)
    elif z1 < NEAR:
        share = (NEAR - z1) / (z0 - z1)
        z1, y1, u1 = NEAR, y1 + share * (y0 - y1), u1 + share * (u0 - u1)
    i0, i1 = 1.0 / z0, 1.0 / z1
    left = lens.centre - y0 * i0 * lens.focal_x
    right = lens.centre - y1 * i1 * lens.focal_x
    if left > right:
        left, right, i0, i1, u0, u1 = right, left, i1, i0, u1, u0
    per_column = 1.0 / max(right - left, 1e-6)
    place = u0 * i0
    return Span(
        left,
        right,
        i0,
        i1,
        (i1 - i0) * per_column,
        place,
        (u1 * i1 - place) * per_column,
        face,
        half,
    )
