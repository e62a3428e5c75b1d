"""Cameras, air and looks: what the drawing kernels share; projection and light at a distance."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .canvas import Pixel, kernel, leaf, pack

NEAR = 0.3  # [m] what is nearer is not drawn
SUN = (0.55, 0.35)  # where light comes from: a unit-like vector in the plane


class Camera(NamedTuple):
    """A level pinhole camera; pixels need not be square."""

    x: float
    """[m]."""
    y: float
    """[m]."""
    z: float
    """Above the ground [m]."""
    heading: float
    """Counter-clockwise from +x [rad]."""
    tan_x: float
    """Tangent of half the horizontal angle of view."""
    tan_y: float
    """Tangent of half the vertical angle of view (the picture's height is 2 tan_y at 1 m)."""
    horizon: float
    """Where the horizon lies, as a fraction of the picture's height from the top."""
    mirrored: bool
    """Left and right swapped, as in a rear-view mirror."""


class Air(NamedTuple):
    """Light of day, fog and the colours that follow from them; made by `make_air`."""

    light: float
    """Daylight factor, 0.15-1.15."""
    fog: float
    """Extinction [1/m]."""
    headlight: float
    """Extra light just ahead of the camera."""
    top: tuple[float, float, float]
    """Sky at the zenith, 0-255."""
    low: tuple[float, float, float]
    """Sky at the horizon and fog, 0-255."""


class Looks(NamedTuple):
    """Colours and labels of things; colours 0-255 in full daylight."""

    body: NDArray[np.float32]
    """[P, 3] vehicles' paints."""
    wall: NDArray[np.float32]
    """[Q, 3] walls of buildings and plain boxes."""
    cloth: NDArray[np.float32]
    """[C, 3] people's clothes."""
    box_label: NDArray[np.uint8]
    """[materials] label by `Material`."""
    sprite_label: NDArray[np.uint8]
    """[kinds] label by `Sprite`."""
    lamp_label: NDArray[np.uint8]
    """[4] label of a traffic light that is off, red, yellow, green and seen from the front."""
    sky_label: int
    pole_label: int
    """Posts, and the backs of lights and signs."""


class Lens(NamedTuple):
    """A camera on a certain window of a canvas; made by `make_lens`."""

    x: float
    y: float
    z: float
    cos: float
    sin: float
    focal_x: float
    """Pixels a tangent of 1, along rows; negative when mirrored."""
    focal_y: float
    """Pixels a tangent of 1, along columns."""
    centre: float
    """Column of the axis [px]."""
    horizon: float
    """Row of the horizon [px]."""


@kernel
def make_air(light: float, fog: float, headlight: float) -> Air:
    """Returns the air for a daylight factor 0.15-1.15, an extinction [1/m] and a headlight 0-1."""
    day = min(1.0, max(0.0, (light - 0.1) / 0.9))
    haze = min(1.0, fog * 25.0)
    red = (22.0 + 88.0 * day) * (1.0 - haze) + haze * (40.0 + 148.0 * day)
    green = (28.0 + 128.0 * day) * (1.0 - haze) + haze * (43.0 + 150.0 * day)
    blue = (52.0 + 164.0 * day) * (1.0 - haze) + haze * (50.0 + 150.0 * day)
    low = (40.0 + 160.0 * day, 44.0 + 166.0 * day, 56.0 + 164.0 * day)
    return Air(light, fog, headlight * (1.0 - day) * 0.6, (red, green, blue), low)


@leaf
def make_lens(camera: Camera, width: int, first: int, end: int) -> Lens:
    """Returns a camera's lens for rows first <= row < end of a canvas `width` pixels wide."""
    rows = end - first
    side = -1.0 if camera.mirrored else 1.0
    return Lens(
        camera.x,
        camera.y,
        camera.z,
        math.cos(camera.heading),
        math.sin(camera.heading),
        side * 0.5 * width / camera.tan_x,
        0.5 * rows / camera.tan_y,
        0.5 * width,
        first + camera.horizon * rows,
    )


@leaf
def clearness(air: Air, z: float) -> float:
    """Returns how much of a colour comes through z metres of fog (close to exp(-fog z))."""
    thick = air.fog * z
    return 1.0 / (1.0 + thick * (1.0 + 0.5 * thick))


@leaf
def brightness(air: Air, z: float) -> float:
    """Returns the light at z metres ahead, the headlight's share included."""
    return air.light + air.headlight / (1.0 + z * z * 0.004)


@leaf
def tone(
    air: Air, red: float, green: float, blue: float, light: float, z: float, label: int
) -> Pixel:
    """Returns the pixel of a colour under a light (1: as it is) seen through z metres of air."""
    clear = clearness(air, z)
    k, f = clear * light, 1.0 - clear
    low = air.low
    return pack(red * k + low[0] * f, green * k + low[1] * f, blue * k + low[2] * f, label)
