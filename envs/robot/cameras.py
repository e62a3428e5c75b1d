"""The cameras of B robots: buffers, and the pictures that people look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rooms import make_board
from .config import RobotConfig
from .homes import Pool
from .kernel import RADII, RADIUS
from .lives import (
    DONE,
    HEADING,
    P_CLOTH,
    P_HEADING,
    P_MODE,
    P_X,
    P_Y,
    PART_STAGE,
    STAGE,
    T_COLOUR,
    T_KIND,
    T_STATE,
    T_X,
    T_Y,
    VERB,
    Array,
    Lives,
    Mode,
    ThingState,
    X,
    Y,
)
from .looks import CLOTH, LABEL_COLOURS, THING_COLOURS, materials, plan_colours
from .meaning import door_middle
from .params import CELL, GRID, Kind, Verb
from .sensors import draw_lives

FAR = 6.0  # [m] that is a third as bright in depth pictures
TOP_SPAN = 8.0  # [m] of the home that the view from above shows
VIEWS = ("world", "front", "top", "map", "labels", "depth")
ROBOT_COLOUR, NOSE_COLOUR, GOAL_COLOUR = (40, 44, 52), (90, 200, 255), (255, 0, 200)
MEANT_COLOUR, PATH_COLOUR, SKIN_COLOUR = GOAL_COLOUR, (230, 159, 0), (236, 188, 150)


class Cameras:
    """Draws what B robots see; owns the picture buffers."""

    def __init__(self, pool: Pool, lanes: int, config: RobotConfig) -> None:
        """Prepares buffers for a batch."""
        self._pool = pool
        h, w = config.height, config.width
        self.shape = (h, w, 3)
        self.image = np.zeros((lanes if config.camera else 0, *self.shape), np.uint8)
        self.labels = np.zeros((lanes, h, w) if config.labels else (1, 0, 0), np.uint8)
        self.depth = np.zeros((lanes, h, w) if config.depth else (1, 0, 0), np.float32)
        self._board = make_board(w, h)

    def draw(self, lives: Lives, lanes: Array) -> None:
        """Draws the cameras of these lanes into `image`, `labels` and `depth`."""
        draw_lives(self._pool, lives, lanes, self._board, materials(), THING_COLOURS, CLOTH,
                   self.image, self.labels, self.depth)  # fmt: skip

    def picture(
        self, lives: Lives, lane: int, view: str, width: int, height: int, path: Array
    ) -> NDArray[np.uint8]:
        """Returns a lane drawn as one of `VIEWS`, uint8 [height, width, 3].

        Args:
          path: the way ahead, f32 [P, 2] (ahead, left) [m], for the views from above.
        Raises:
          ValueError: an unknown view, or a size below 16 x 16.
        """
        if view not in VIEWS:
            raise ValueError(f"`view` must be one of {', '.join(VIEWS)}; got {view!r}.")
        if min(width, height) < 16:
            raise ValueError(f"`width` and `height` must be >= 16; got {width} x {height}.")
        if view == "world":
            return self._world(lives, lane, width, height, path)
        if view in ("top", "map"):
            return from_above(self._pool, lives[lane], view == "map", width, height, path)
        image = np.zeros((1, height, width, 3), np.uint8)
        labels = np.zeros((1, height, width), np.uint8)
        depth = np.zeros((1, height, width), np.float32)
        draw_lives(
            self._pool, lives[lane : lane + 1], np.zeros(1, np.int64), make_board(width, height),
            materials(), THING_COLOURS, CLOTH, image, labels, depth,
        )  # fmt: skip
        if view == "labels":
            shown: NDArray[np.uint8] = LABEL_COLOURS[labels[0]]
            return shown
        if view == "depth":
            grey = (255.0 * np.exp(-depth[0] / FAR)).astype(np.uint8)
            return np.asarray(np.repeat(grey[..., None], 3, axis=2))
        return image[0]

    def _world(
        self, lives: Lives, lane: int, width: int, height: int, path: Array
    ) -> NDArray[np.uint8]:
        """Returns the room from above, and the front view and the whole home beside it."""
        gap = max(2, width // 200)
        right = int(0.475 * width)
        front = min(right, int(0.62 * height))
        out = np.full((height, width, 3), 24, np.uint8)
        left = width - right - gap
        out[:, :left] = self.picture(lives, lane, "top", left, height, path)
        out[:front, width - right :] = self.picture(lives, lane, "front", right, front, path)
        out[front + gap :, width - right :] = self.picture(
            lives, lane, "map", right, height - front - gap, path
        )
        return out


def from_above(
    pool: Pool, life: np.void, whole: bool, width: int, height: int, path: Array
) -> NDArray[np.uint8]:
    """Returns a plan of the home, the `whole` of it or what is around the robot; y points up.

    A ring is round what the mission means now; dots are the way ahead, where whoever tells it
    knows one.
    """
    house = pool[life["home"]]
    inside = np.argwhere(house["room_of"] > 0)
    if whole:
        low, high = (inside.min(0) - 1) * CELL, (inside.max(0) + 2) * CELL
        middle, size = (low + high) / 2.0, high - low
        scale = max(size[0] / width, size[1] / height)  # [m] a pixel
    else:
        middle, scale = life["body"][[X, Y]].astype(np.float64), TOP_SPAN / height
    x = middle[0] + (np.arange(width) + 0.5 - width / 2.0) * scale
    y = middle[1] - (np.arange(height) + 0.5 - height / 2.0) * scale
    cx, cy = np.floor(x / CELL).astype(int), np.floor(y / CELL).astype(int)
    colours = plan_colours()
    codes = np.full((width, height), 1, np.uint8)
    looks = np.zeros((width, height), np.uint8)
    in_x, in_y = (cx >= 0) & (cx < GRID), (cy >= 0) & (cy < GRID)
    here = np.ix_(in_x, in_y)
    codes[here] = life["cells"][np.ix_(cx[in_x], cy[in_y])]
    looks[here] = house["look"][np.ix_(cx[in_x], cy[in_y])]
    is_home = np.zeros((width, height), np.bool_)
    is_home[here] = _near_home(house)[np.ix_(cx[in_x], cy[in_y])]
    image = colours[looks, codes]
    image[~is_home] = 24
    out = np.ascontiguousarray(image.transpose(1, 0, 2))

    def disc(px: float, py: float, radius: float, colour: Any, hole: float = -1.0) -> None:
        radius = max(radius, 2.0 * scale)
        rows = np.flatnonzero(np.abs(y - py) <= radius)
        columns = np.flatnonzero(np.abs(x - px) <= radius)
        if rows.size and columns.size:
            away = np.hypot(y[rows, None] - py, x[None, columns] - px)
            inside = (away <= radius) & (away > hole)
            part = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            part[inside] = colour

    meant, doors = _meant(life)
    for d in doors:
        px, py = door_middle(house, d)
        disc(px, py, 0.55, MEANT_COLOUR, 0.47)
    for k in range(int(life["things"])):
        flags = life["thing_flag"][k]
        if flags[T_STATE] == ThingState.ON_FLOOR:
            px, py = (float(v) for v in life["thing"][k, [T_X, T_Y]])
            radius = float(RADII[flags[T_KIND]]) + 0.06
            if (meant >> k) & 1:
                disc(px, py, radius + 0.2, MEANT_COLOUR, radius + 0.12)
            colour = THING_COLOURS[flags[T_COLOUR]]
            disc(px, py, radius, 0.35 * colour)
            disc(px, py, radius - 0.05, colour)
            if flags[T_KIND] != int(Kind.BALL):
                disc(px, py, 0.06 if flags[T_KIND] == int(Kind.KEY) else 0.03, 0.35 * colour)
    for i in range(int(life["people"])):
        if life["person_flag"][i, P_MODE] != Mode.ABSENT:
            px, py = (float(v) for v in life["person"][i, [P_X, P_Y]])
            facing = float(life["person"][i, P_HEADING])
            side = 0.16 * np.array([-np.sin(facing), np.cos(facing)])
            for way in (-1.0, 1.0):  # shoulders, which tell people from balls
                disc(px + way * side[0], py + way * side[1], 0.15,
                     CLOTH[life["person_flag"][i, P_CLOTH]])  # fmt: skip
            disc(px, py, 0.13, SKIN_COLOUR)
            nose = (px + 0.13 * float(np.cos(facing)), py + 0.13 * float(np.sin(facing)))
            disc(*nose, 0.04, SKIN_COLOUR)
    if np.any(life["goal"]):
        disc(float(life["goal"][0]), float(life["goal"][1]), 0.15, GOAL_COLOUR)
    px, py, heading = (float(v) for v in life["body"][[X, Y, HEADING]])
    for ahead, aside in path[np.any(path != 0.0, axis=1)].tolist():
        c, s = float(np.cos(heading)), float(np.sin(heading))
        disc(px + c * ahead - s * aside, py + s * ahead + c * aside, 0.05, PATH_COLOUR)
    disc(px, py, RADIUS, ROBOT_COLOUR)
    disc(px + 0.12 * np.cos(heading), py + 0.12 * np.sin(heading), 0.06, NOSE_COLOUR)
    return out


def _meant(life: np.void) -> tuple[int, list[int]]:
    """Returns bits of the things, and numbers of the doors, that the mission means now."""
    things, doors = 0, 0
    for part, first, at in zip(
        life["part"], life["part_things"], life["part_doors"], strict=True
    ):  # fmt: skip
        is_due = part[VERB] and not part[DONE] and part[PART_STAGE] == life["flag"][STAGE]
        if is_due:
            things |= int(first[0]) | (int(first[1]) if part[VERB] == Verb.PUT_NEXT else 0)
            doors |= int(at)
    return things, [d for d in range(doors.bit_length()) if (doors >> d) & 1]


def _near_home(house: np.void) -> NDArray[np.bool_]:
    """Returns bool [GRID, GRID]: rooms and the walls around them."""
    inside = np.pad(house["room_of"] > 0, 1)
    near = np.zeros((GRID, GRID), np.bool_)
    for dx in range(3):
        for dy in range(3):
            near |= inside[dx : dx + GRID, dy : dy + GRID]
    return near
