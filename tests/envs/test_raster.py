"""The camera against a slow, plain one: rays through pixels, one thing at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs.bodies import Material
from mindloop.envs.canvas import Window, make_canvas
from mindloop.envs.driving.config import DrivingConfig
from mindloop.envs.driving.env import DrivingVectorEnv
from mindloop.envs.driving.looks import ground_colours, looks
from mindloop.envs.driving.params import Label, Surface
from mindloop.envs.lens import Camera, make_air
from mindloop.envs.paint import Area, Atlas, Stroke, paint_tiles
from mindloop.envs.raster import FRONT_HORIZON, FRONT_TAN_X, FRONT_TAN_Y, draw_front
from mindloop.envs.scene import Scene
from mindloop.envs.sprites import Lamp, Sprite

Array = NDArray[Any]
EYE = 1.5  # [m] above the ground
CELL = 60.0  # [m]
FAR = 1e8  # [m] the sky lies farther


@dataclass(frozen=True)
class Shot:
    """A picture with all that a camera knows of it."""

    colour: Array
    """uint8 [H, W, 3]."""
    label: Array
    """uint8 [H, W]."""
    depth: Array
    """float32 [H, W]."""


@cache
def _atlas() -> Atlas:
    """Returns a tile with a street along x and a meadow tile."""
    ends = np.array([[-30.0, 0.0], [30.0, 0.0]])
    square = np.array([[8.0, 8.0], [20.0, 8.0], [20.0, 20.0], [8.0, 20.0]])
    street: list[Stroke | Area] = [
        Stroke(int(Surface.PAVEMENT), ends, 12.0),
        Stroke(int(Surface.ROAD), ends, 7.0),
        Area(int(Surface.PARKING), square),
    ]
    return paint_tiles([street, []], CELL, 0.25, ground_colours())


def _scene(boxes: list[list[float]], sprites: list[list[float]]) -> Scene:
    tile_map = np.zeros((8, 8), np.int16)
    tile_map[::2, 1::2] = 1
    return Scene(
        tile_map,
        1,
        np.array(boxes, np.float32).reshape(-1, 9),
        np.array(sprites, np.float32).reshape(-1, 8),
    )


def _camera(heading: float = 0.0, x: float = 100.0, y: float = 150.0) -> Camera:
    return Camera(x, y, EYE, heading, FRONT_TAN_X, FRONT_TAN_Y, FRONT_HORIZON, False)


def _shoot(
    scene: Scene,
    camera: Camera,
    width: int = 64,
    height: int = 56,
    fine: bool = False,
    fill: int = 0,
    light: float = 1.0,
) -> Shot:
    """Draws a scene on a canvas that holds nonsense before."""
    canvas = make_canvas(width, height)
    canvas.pixels[:], canvas.depth[:], canvas.lee[:] = fill, fill, fill
    air = make_air(light, 0.0, 0.0)
    draw_front(canvas, Window(0, height), camera, air, scene, _atlas(), looks(), fine)
    bytes_ = np.ascontiguousarray(canvas.pixels).view(np.uint8).reshape(height, width, 4)
    return Shot(bytes_[..., :3].copy(), bytes_[..., 3].copy(), canvas.depth.copy())


def _rays(camera: Camera, width: int, height: int) -> tuple[Array, Array, Array]:
    """Returns where rays through pixels' middles go a metre ahead: x, y, up [H, W]."""
    left = -(np.arange(width) + 0.5 - width / 2.0) / (width / 2.0) * camera.tan_x
    up = (camera.horizon * height - np.arange(height) - 0.5) / height * 2.0 * camera.tan_y
    left, up = np.broadcast_arrays(left[None, :], up[:, None])
    c, s = math.cos(camera.heading), math.sin(camera.heading)
    return c - s * left, s + c * left, up


def _ray_ground(scene: Scene, camera: Camera, width: int, height: int) -> tuple[Array, Array]:
    """Returns label and depth [H, W] of the ground and the sky."""
    dx, dy, up = _rays(camera, width, height)
    depth = np.where(up < 0.0, camera.z / np.maximum(-up, 1e-9), FAR)
    x, y = camera.x + dx * depth, camera.y + dy * depth
    ix, iy = (x // CELL).astype(int), (y // CELL).astype(int)
    inside = (ix >= 0) & (ix < 8) & (iy >= 0) & (iy < 8)
    tile = np.where(inside, scene.tile_map[np.clip(ix, 0, 7), np.clip(iy, 0, 7)], scene.outside)
    atlas = _atlas()
    n = int(atlas.size[0])
    u, v = ((x % CELL) / CELL * n).astype(int), ((y % CELL) / CELL * n).astype(int)
    texel = atlas.texels[tile * n * n + np.clip(v, 0, n - 1) * n + np.clip(u, 0, n - 1)]
    label = np.where(up < 0.0, texel >> 24, int(Label.SKY))
    return label, depth


def _ray_box(box: list[float], camera: Camera, width: int, height: int) -> Array:
    """Returns the depth [H, W] at which rays enter a box; `FAR` where they miss."""
    dx, dy, up = _rays(camera, width, height)
    c, s = math.cos(box[2]), math.sin(box[2])
    ex, ey = camera.x - box[0], camera.y - box[1]
    axes = (
        (c * ex + s * ey, c * dx + s * dy, -box[3], box[3]),
        (c * ey - s * ex, c * dy - s * dx, -box[4], box[4]),
        (camera.z, up, box[5], box[5] + box[6]),
    )
    enter, leave = np.full(dx.shape, 0.0), np.full(dx.shape, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for eye, ray, low, high in axes:
            a, b = (low - eye) / ray, (high - eye) / ray
            enter, leave = np.fmax(enter, np.fmin(a, b)), np.fmin(leave, np.fmax(a, b))
    return np.where((enter < leave) & (leave > 0.0), enter, FAR)


SIZES = [(64, 56), (33, 47), (128, 96), (257, 201)]


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_ground_is_where_rays_meet_it(width: int, height: int, fine: bool) -> None:
    scene = _scene([], [])
    for heading in (0.0, 0.9, 2.5, -1.7):
        camera = _camera(heading)
        shot = _shoot(scene, camera, width, height, fine)
        label, depth = _ray_ground(scene, camera, width, height)
        rows = np.arange(height) != math.floor(camera.horizon * height)  # half sky, half ground
        np.testing.assert_array_equal((shot.label == Label.SKY)[rows], (label == Label.SKY)[rows])
        near = depth < 25.0
        np.testing.assert_allclose(shot.depth[near], depth[near], rtol=1e-5)
        assert np.mean(shot.label[near] == label[near]) >= 0.98
        assert np.all(shot.depth[label == Label.SKY] > 1e6)


BOXES = [
    [118.0, 147.0, 0.0, 5.0, 4.0, 0.0, 9.0],
    [112.0, 151.0, 0.6, 6.0, 2.0, 0.0, 4.0],
    [106.0, 150.5, -0.3, 0.7, 0.7, 0.0, 1.0],
    [104.0, 156.0, 0.0, 12.0, 3.0, 0.0, 12.0],
    [140.0, 160.0, 1.1, 9.0, 6.0, 0.0, 15.0],
]


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("material", [Material.PLAIN, Material.BUILDING])
@pytest.mark.parametrize("pose", BOXES)
def test_a_lone_box_is_where_rays_meet_it(
    pose: list[float], material: Material, fine: bool
) -> None:
    box = [*pose, float(material), 1.0]
    for width, height in SIZES:
        scene, camera = _scene([box], []), _camera()
        shot = _shoot(scene, camera, width, height, fine)
        ground, far = _ray_ground(scene, camera, width, height)
        depth = _ray_box(box, camera, width, height)
        expected = np.where(depth < far, int(Label.BUILDING), ground)
        near = np.minimum(depth, far) < 60.0
        assert np.mean((shot.label == expected)[near | (far == FAR)]) >= 0.98
        both = (shot.label == Label.BUILDING) & (depth < far)
        assert both.sum() >= 0.9 * (depth < far).sum()
        error = np.abs(shot.depth - depth)[both] / depth[both]
        assert np.quantile(error, 0.98) < 0.08, (width, height)
        assert np.mean(error) < 0.02


def _street(seed: int) -> tuple[list[list[float]], list[list[float]]]:
    """Returns a street full of things."""
    rng = np.random.default_rng(seed)
    boxes: list[list[float]] = []
    for k in range(24):
        side = 1.0 if k % 2 else -1.0
        x, y = 90.0 + 5.5 * k + rng.uniform(-1, 1), 150.0 + side * rng.uniform(14, 26)
        style = float(rng.integers(0, 2)) * 256.0
        boxes.append([x, y, rng.uniform(-0.2, 0.2), 4.5, 4.5, 0.0, rng.uniform(4, 14), 1.0, style])
    for k in range(8):
        place = [100.0 + rng.uniform(6, 60), 150.0 + rng.uniform(-9, 9), rng.uniform(-3, 3)]
        boxes.append([*place, 2.2, 0.9, 0.0, 1.5, float(rng.integers(2, 5)), float(k)])
    sprites = []
    for _ in range(40):
        place = [100.0 + rng.uniform(5, 90), 150.0 + rng.uniform(-40, 40), rng.uniform(-3, 3)]
        kind = int(rng.integers(0, 8))
        size = [3.0, 6.0] if kind == Sprite.TREE else [0.6, 1.8] if kind > 4 else [0.7, 3.0]
        sprites.append([*place, *size, 0.0, kind + 16.0 * rng.integers(0, 8), float(kind == 4)])
    return boxes, sprites


@pytest.mark.parametrize("seed", range(4))
def test_a_street_is_the_nearest_of_its_things_drawn_alone(seed: int) -> None:
    boxes, sprites = _street(seed)
    camera = _camera(0.1 * seed)
    whole = _shoot(_scene(boxes, sprites), camera)
    empty = _shoot(_scene([], []), camera)
    label, depth = empty.label.copy(), empty.depth.copy()
    alone = [_scene([box], []) for box in boxes] + [_scene([], [sprite]) for sprite in sprites]
    for scene in alone:
        shot = _shoot(scene, camera)
        nearer = (shot.depth < depth) & (shot.depth != empty.depth)
        label[nearer], depth[nearer] = shot.label[nearer], shot.depth[nearer]
    assert np.mean(label != empty.label) > 0.25  # the street isn't empty
    assert np.mean(whole.label == label) >= 0.98
    assert np.mean(np.abs(whole.depth - depth) < 0.02 * depth) >= 0.97


@pytest.mark.parametrize("fine", [False, True])
def test_what_a_wall_hides_changes_nothing(fine: bool) -> None:
    boxes, sprites = _street(7)
    wall = [106.0, 150.0, 0.0, 1.0, 40.0, 0.0, 30.0, 1.0, 2.0]
    behind = [box for box in boxes if box[0] > 115.0]
    plants = [sprite for sprite in sprites if sprite[0] > 112.0]
    camera = _camera()
    alone = _shoot(_scene([wall], []), camera, fine=fine)
    among = _shoot(_scene([*behind, wall], plants), camera, fine=fine)
    np.testing.assert_array_equal(among.colour, alone.colour)
    np.testing.assert_array_equal(among.label, alone.label)
    assert np.mean(alone.label == Label.BUILDING) > 0.4


@pytest.mark.parametrize("fine", [False, True])
def test_the_order_of_things_does_not_matter(fine: bool) -> None:
    boxes, sprites = _street(3)
    first = _shoot(_scene(boxes, sprites), _camera(), fine=fine, fill=0)
    other = _shoot(_scene(boxes[::-1], sprites[::-1]), _camera(), fine=fine, fill=7)
    np.testing.assert_array_equal(first.colour, other.colour)
    np.testing.assert_array_equal(first.depth, other.depth)


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (45, 71), (512, 512), (16, 300), (300, 16)])
@pytest.mark.parametrize("fine", [False, True])
def test_every_pixel_is_drawn_whatever_the_size(size: tuple[int, int], fine: bool) -> None:
    scene = _scene(*_street(1))
    for heading in (0.0, 1.3):
        one = _shoot(scene, _camera(heading), *size, fine=fine, fill=0)
        two = _shoot(scene, _camera(heading), *size, fine=fine, fill=3)
        np.testing.assert_array_equal(one.colour, two.colour)
        np.testing.assert_array_equal(one.depth, two.depth)
        assert one.label.max() <= max(Label)
        assert np.all(one.depth > 0.25)


def test_a_camera_may_stand_anywhere_even_in_things() -> None:
    boxes, sprites = _street(2)
    for box in boxes:
        for ahead in (-1.0, 0.0, 0.97, 1.03):
            camera = _camera(0.3, box[0] + ahead * box[3], box[1] + 0.2)
            shot = _shoot(_scene(boxes, sprites), camera, 40, 35)
            assert np.isfinite(shot.depth).all()
            assert np.all(shot.depth > 0.25)


def _sprite(kind: Sprite, x: float, high: float, value: float = 0.0) -> list[float]:
    return [x, 150.0, math.pi, 0.7, high, 0.0, float(kind), value]


@pytest.mark.parametrize(("lamp", "label"), [(Lamp.RED, 13), (Lamp.YELLOW, 14), (Lamp.GREEN, 15)])
@pytest.mark.parametrize("away", [10.0, 25.0, 60.0])
def test_a_light_has_its_colour_and_its_label(lamp: Lamp, label: int, away: float) -> None:
    for light in (1.0, 0.2):
        scene = _scene([], [_sprite(Sprite.LIGHT, 100.0 + away, 5.0, lamp)])
        shot = _shoot(scene, _camera(), light=light)
        own = shot.colour[shot.label == label].astype(int)
        red, green, blue = own[own.max(axis=1).argmax()]
        assert len(own) >= 6
        assert (red > 150) == (lamp != Lamp.GREEN)
        assert (green > 150) == (lamp != Lamp.RED)
        assert blue < 170


@pytest.mark.parametrize("kind", [Sprite.PEDESTRIAN, Sprite.CHILD])
def test_somebody_far_off_is_no_thinner_than_a_small_camera_can_see(kind: Sprite) -> None:
    for away in (8.0, 15.0, 22.0, 29.0):
        shot = _shoot(_scene([], [_sprite(kind, 100.0 + away, 1.2)]), _camera())
        rows, columns = np.nonzero(shot.label == Label.PEDESTRIAN)
        assert np.ptp(columns) + 1 >= 2 and np.ptp(rows) + 1 >= 3 and len(rows) >= 6
        foot = FRONT_HORIZON * 56.0 + EYE / away * 28.0 / FRONT_TAN_Y
        assert foot - 2.0 <= rows.max() + 1 <= foot + 1.0  # it stands where it stands
    far = _shoot(_scene([], [_sprite(kind, 160.0, 1.2)]), _camera())
    assert (far.label == Label.PEDESTRIAN).sum() < len(rows)  # and shrinks beyond


def test_signs_walkers_and_vehicles_show_where_they_stand() -> None:
    for kind, label, high in (
        (Sprite.PEDESTRIAN, Label.PEDESTRIAN, 1.8),
        (Sprite.CHILD, Label.PEDESTRIAN, 1.2),
        (Sprite.STOP_SIGN, Label.STOP_SIGN, 2.7),
        (Sprite.TREE, Label.VEGETATION, 6.0),
    ):
        for aside in (-4.0, 0.0, 3.0):
            sprite = _sprite(kind, 112.0, high)
            sprite[1] += aside
            shot = _shoot(_scene([], [sprite]), _camera())
            rows, columns = np.nonzero(shot.label == label)
            column = 32.0 - aside / 12.0 * 32.0 / FRONT_TAN_X
            assert abs(columns.mean() + 0.5 - column) < 1.0
            foot = FRONT_HORIZON * 56.0 + EYE / 12.0 * 28.0 / FRONT_TAN_Y
            assert rows.max() < foot + 1.0
            np.testing.assert_allclose(shot.depth[rows, columns], 12.0, atol=0.1)
    red = _shoot(_scene([], [_sprite(Sprite.STOP_SIGN, 108.0, 2.7)]), _camera())
    shown = red.colour[red.label == Label.STOP_SIGN].astype(int)
    assert np.mean(shown[:, 0] - shown[:, 1]) > 60.0
    for material, name in ((2.0, Label.CAR), (3.0, Label.VAN), (4.0, Label.TRUCK)):
        box = [112.0, 150.0, 0.4, 2.2, 0.9, 0.0, 1.6, material, 0.0]
        shot = _shoot(_scene([box], []), _camera())
        depth = _ray_box(box, _camera(), 64, 56)
        covered = depth < FAR
        assert np.mean(shot.label[covered] == name) > 0.75
        assert np.mean(shot.label[~covered] == name) < 0.02
        own = shot.depth[covered & (shot.label == name)]
        np.testing.assert_allclose(own, depth[covered & (shot.label == name)], rtol=0.15)


def _env(lanes: int, **arguments: Any) -> DrivingVectorEnv:
    env = DrivingVectorEnv(lanes, copy=True, preset="calm", **arguments)
    env.reset(seed=list(range(5, 5 + lanes)))
    return env


def test_grey_is_the_luma_of_colour() -> None:
    colour = _env(2).reset(seed=[1, 2])[0]["camera"]
    grey = _env(2, colour="grey").reset(seed=[1, 2])[0]["camera"]
    luma = colour @ np.array([0.299, 0.587, 0.114])
    assert grey.shape == (2, 64, 64, 1)
    np.testing.assert_allclose(grey[..., 0], luma, atol=1.01)


def test_a_picture_does_not_depend_on_the_batch() -> None:
    whole = _env(12).reset(seed=list(range(12)))[0]["camera"]
    for lane in (0, 5, 11):
        single = _env(1).reset(seed=[lane])[0]["camera"]
        np.testing.assert_array_equal(single[0], whole[lane])


def test_a_map_shows_the_whole_town() -> None:
    env = _env(1)
    cameras = env.driving.cameras
    seen = cameras.picture(env.driving.state, 0, "map", 512, 512)
    assert seen.shape == (512, 512, 3)
    buildings, _, counts = cameras._town_lists
    town = cameras._pool[int(env.driving.state["town"][0])]
    listed = int(np.sum(buildings[: counts[0], 7] == 1.0))
    assert listed == int(town["building_count"])


def test_sizes_that_no_camera_can_have_are_refused() -> None:
    env = _env(1)
    with pytest.raises(ValueError, match="must be >= 16; got 8 x 64"):
        env.driving.cameras.picture(env.driving.state, 0, "front", 8, 64)
    with pytest.raises(ValueError, match="`view` must be one of world, front"):
        env.driving.cameras.picture(env.driving.state, 0, "side", 64, 64)
    assert DrivingConfig().width == 64
