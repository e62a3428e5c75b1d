"""Pictures from above: the bird's-eye camera, and the town with the route for people to watch."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..canvas import Canvas, Window, ellipse, pack
from ..lens import Looks, make_air
from ..overhead import Overview, draw_top
from ..paint import Atlas
from ..scene import Scene
from .lives import ACCELERATION, DAYLIGHT, HEADING, INDEX, ROUTE_S, Array, Life, Lives, X, Y
from .road import Pool, Town, lane_pose
from .sensors import ALL_ROUND, BRAKING, _list_people, _list_town, _list_vehicles, _put_box
from .survey import EGO_HALF_LENGTH

EGO_PAINT = 5  # yellow: the ego is told apart from everybody
ROUTE_COLOUR = (64.0, 156.0, 255.0)
BIRD_SPAN = 48.0  # [m] that the bird's-eye camera shows
AHEAD_SHARE = 0.28  # of the span: how far the ego stands below the middle


@njit(cache=True, nogil=True)
def _route_dots(
    town: Town, life: Life, canvas: Canvas, plan: Overview, reach: float, radius: float
) -> None:
    """Dots the route ahead of the ego, every 2 m, on a picture from above."""
    height, width = canvas.pixels.shape
    window = Window(0, height)
    colour = pack(ROUTE_COLOUR[0], ROUTE_COLOUR[1], ROUTE_COLOUR[2], 0)
    c, s = np.cos(plan.heading), np.sin(plan.heading)
    index = life.flag[INDEX]
    at, way = life.route_lane[index], 0.0
    along = life.route[ROUTE_S] + EGO_HALF_LENGTH + 1.5
    while way < reach:
        while along > town.lane_length[at]:
            along -= town.lane_length[at]
            index += 1
            at = life.route_lane[index]
            if at < 0:
                return
        x, y, _, _ = lane_pose(town, at, along)
        dx, dy = x - plan.x, y - plan.y
        column = 0.5 * width + (s * dx - c * dy) / plan.scale
        row = 0.5 * height - (c * dx + s * dy) / plan.scale
        if -9.0 < column < width + 9.0 and -9.0 < row < height + 9.0:
            ellipse(canvas, window, column, row, radius, radius, 0.0, colour, 0.0)
        along += 2.0
        way += 2.0


@njit(cache=True, nogil=True)
def draw_above(
    pool: Pool, lives: Lives, b: int, canvas: Canvas, boxes: Array, sprites: Array, counts: Array,
    atlas: Atlas, looks: Looks, outside: int, fine: bool, plan: Overview, span: float, dots: float,
) -> None:  # fmt: skip
    """Draws life b from above on a canvas, the ego included.

    Args:
      boxes, sprites, counts: scratch of the draw lists.
      plan: centre, rotation and scale; span: metres around the ego that are listed.
      dots: radius of the route's dots [px], 0: none.
    """
    life = lives[b]
    town = pool[life.town]
    air = make_air(life.weather[DAYLIGHT], 0.0, 0.0)
    braking = BRAKING if life.ego[ACCELERATION] < -0.7 else 0
    code = EGO_PAINT + 256.0 * braking
    counts[0] = _list_vehicles(town, life, boxes, span)
    counts[1] = _list_people(life, sprites, span)
    _put_box(boxes, counts[0], life.ego[X], life.ego[Y], life.ego[HEADING], 1, code)
    counts[0] += 1
    _list_town(town, life, boxes, sprites, counts, 0.0, ALL_ROUND, span, 1e9)
    scene = Scene(town.cell_tile, outside, boxes[: counts[0]], sprites[: counts[1]])
    draw_top(canvas, plan, air, scene, atlas, looks, fine)
    if dots > 0.0:
        _route_dots(town, life, canvas, plan, 2000.0, dots)


def follow(life: Lives, height: int, metres: float) -> Overview:
    """Returns the plan of a picture that moves with an ego, nose up, `metres` high."""
    x, y, heading = (float(life["ego"][k]) for k in (X, Y, HEADING))
    ahead = AHEAD_SHARE * metres
    return Overview(
        x + ahead * float(np.cos(heading)), y + ahead * float(np.sin(heading)), heading,
        metres / height,
    )  # fmt: skip
