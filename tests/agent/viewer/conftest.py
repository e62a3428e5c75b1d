"""Plausible frames to draw, made without any world."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mindloop.agent.types import Fact
from mindloop.agent.viewer.frame import Choice, Feelings, Frame, History, Image, Setting

FACTS = (
    Fact("lane_offset", "m", -3, 3), Fact("heading_error", "rad", -1, 1),
    Fact("curvature_ahead", "1/m", -0.15, 0.15), Fact("speed_limit", "m/s", 0, 15),
    Fact("lead_present", "", 0, 1, "boolean"),
    Fact("lead_distance", "m", 0, 60, "number", "lead_present"),
    Fact("lead_closing_speed", "m/s", -15, 15, "number", "lead_present"),
    Fact("light_present", "", 0, 1, "boolean"),
    Fact("light_red", "", 0, 1, "boolean", "light_present"),
    Fact("light_yellow", "", 0, 1, "boolean", "light_present"),
    Fact("light_green", "", 0, 1, "boolean", "light_present"),
    Fact("light_distance", "m", 0, 60, "number", "light_present"),
    Fact("stop_sign", "", 0, 1, "boolean"),
    Fact("stop_line_distance", "m", 0, 60, "number", "stop_sign"),
    Fact("pedestrian_in_path", "", 0, 1, "boolean"),
    Fact("pedestrian_distance", "m", 0, 40, "number", "pedestrian_in_path"),
    Fact("junction_ahead", "", 0, 1, "boolean"),
    Fact("junction_distance", "m", 0, 80, "number", "junction_ahead"),
    Fact("must_yield", "", 0, 1, "boolean"), Fact("time_to_collision", "s", 0, 10),
)
TRUE = (0.21, -0.04, 0.003, 11.11, 1, 14.2, 3.1, 1, 1, 0, 0, 31.4, 0, 0, 0, 0, 1, 28.8, 0, 4.6)
BELIEVED = (0.05, 0.02, 0.01, 9.8, 0.91, 16.9, 1.7, 0.78, 0.66, 0.21, 0.13, 35.0, 0.08, 22.0,
            0.12, 9.0, 0.83, 33.0, 0.3, 6.2)
DOUBT = (0.3, 0.1, 0.02, 2.4, 0.29, 4.1, 2.2, 0.41, 0.47, 0.4, 0.33, 6.0, 0.27, 9.0, 0.32, 8.0,
         0.37, 7.0, 0.45, 2.0)
CLASSES = ("nothing", "car", "pedestrian", "building", "sign", "light", "kerb", "tree")
LABELS = tuple({"name": name, "colour": colour} for name, colour in (
    ("sky", (120, 170, 220)), ("road", (110, 90, 130)), ("pavement", (220, 80, 200)),
    ("building", (110, 110, 110)), ("car", (40, 60, 200)), ("pedestrian", (220, 40, 60))))


def street(size: int, labels: bool = False) -> Image:
    """Paints a street seen from a car: sky, houses, road, a car, a person."""
    picture = np.zeros((size, size, 3), np.uint8)
    colours: list[Any] = [LABELS[k]["colour"] if labels else look for k, look in enumerate((
        (140, 175, 215), (84, 86, 92), (150, 146, 138), (156, 108, 86), (200, 50, 45),
        (235, 190, 60)))]
    sky, road, pavement, house, car, person = colours
    middle = size // 2
    picture[:middle], picture[middle:] = sky, pavement
    for y in range(middle, size):
        half = int((y - middle + 1) * 0.9)
        picture[y, max(0, middle - half):middle + half] = road
        if not labels and (y // max(1, size // 16)) % 2:
            picture[y, middle - 1 - (y - middle) // 24:middle + 1 + (y - middle) // 24] = 230
    picture[size // 5:middle + size // 16, :size // 4] = house
    picture[size // 4:middle + size // 20, -size // 5:] = house
    picture[middle:middle + size // 8, middle + size // 20:middle + size // 5] = car
    picture[middle - size // 16:middle + size // 10, size * 3 // 10:size // 3] = person
    if not labels:
        noise = np.random.default_rng(1).integers(-9, 9, picture.shape)
        picture = np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)
    return picture


def scene(seed: int, noise: float) -> np.ndarray:
    """Makes 32 sectors: houses at the sides, a car ahead, a person at the left."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((32, 7), np.float32)
    for k in range(32):
        bearing = -math.pi + (k + 0.5) * 2 * math.pi / 32
        side = abs(math.sin(bearing))
        rows[k] = (min(40, 8 / max(side, 0.05)), 0, 0, 3, 0.5, 0.3, float(side > 0.3))
    rows[15:17] = (14.2, 3.1, 0, 1, 0.5, 0.3, 1)
    rows[19] = (9.0, 0.8, -1.4, 2, 0.5, 0.3, 1)
    rows[:, 0] += rng.normal(0, noise, 32).astype(np.float32)
    rows[:, 4] = noise
    return rows


def path(bend: float) -> np.ndarray:
    """Makes a lane centre that bends to the left."""
    ahead = np.arange(1, 9) * 4.0
    return np.stack([ahead, bend * ahead**2], axis=1).astype(np.float32)


def grid() -> Choice:
    """Makes the driving world's twenty actions."""
    attributes = tuple({"name": f"steer {s:+g}, {a:+g}", "steering": s, "acceleration": a}
                       for s in (1.0, 0.35, 0.0, -0.35, -1.0) for a in (-8.0, -3.0, 0.0, 2.0))
    logits = np.random.default_rng(3).normal(0, 1.3, 20)
    odds = np.exp(logits) / np.exp(logits).sum()
    allowed = np.arange(20) % 4 < 3
    return Choice(tuple(str(a["name"]) for a in attributes), 9, odds, allowed, attributes)


def history(ticks: int = 130) -> History:
    """Makes curves of value, reward and seven terms."""
    rng, kept = np.random.default_rng(5), History()
    names = ("progress", "lane_centre", "speed", "comfort", "collision", "red_light", "finish")
    for t in range(ticks):
        terms = {name: float(0.1 * (k + 1) * math.sin(t / (8 + 3 * k)) + rng.normal(0, 0.03))
                 for k, name in enumerate(names)}
        kept.add(4 + 2 * math.sin(t / 17) + rng.normal(0, 0.2), sum(terms.values()), terms)
    return kept


def driving_frame() -> Frame:
    """Makes a frame as full as the driving world's."""
    return Frame(
        env="mindloop/Driving-v0", driver="mind, untrained", world=world_picture(),
        inputs={"camera": street(64), "state": np.array([7.2, 0.03, -0.05, 1.9], np.float32),
                "command": np.array([0, 1, 0, 0], np.float32)},
        labels=street(64, labels=True), label_classes=LABELS, facts=FACTS,
        believed=np.array(BELIEVED, np.float32), doubt=np.array(DOUBT, np.float32),
        true=np.array(TRUE, np.float32), known=np.arange(20) != 2, believed_by="untrained",
        scene_believed=scene(1, 2.5), scene_true=scene(2, 0.0), scene_range=40.0,
        scene_classes=CLASSES, path_believed=path(0.004), path_true=path(0.012),
        choices=(grid(),), gauges=(Setting("speed", 7.24, 0, 20, "m/s"),
                                   Setting("steering", -0.05, -0.6, 0.6, "rad")),
        feelings=Feelings(
            {"joy": 0.0, "distress": 0.1, "hope": 0.2, "fear": 0.62, "relief": 0.0,
             "frustration": 0.3, "surprise": 0.4, "curiosity": 0.05},
            -0.45, 0.6, (0.1, 0.05), {"warmth": 0.84, "caution": 0.53},
            "afraid: pedestrian in path 62 %, risk 0.31"),
        reasons=(
            "“straight, brake” instead of “straight, keep”: the light is red, 12 m ahead.",
            "red_light [knowledge.rules:14]: light_red 0.97, light_distance 9.8 to 14.1 m",
        ), history=history(), score={
            "route_completion": 41.3, "driving_score_2_0": 28.9, "driving_score_2_1": 30.2,
            "collisions": 0, "red_lights": 1, "stop_signs": 0}, town=512, seed=7, episode=1,
        step=130, seconds=26.0, command="turn left")


def world_picture() -> Image:
    """Paints an 800 x 600 picture: a crossing from above beside a large front view."""
    picture = np.full((600, 800, 3), (96, 128, 84), np.uint8)
    picture[:, 150:260], picture[240:350, :400] = (90, 92, 98), (90, 92, 98)
    picture[300:330, 190:206] = (60, 120, 220)
    front = street(400).repeat(1, axis=0)
    picture[100:500, 400:] = front
    return picture


@pytest.fixture
def full() -> Frame:
    """A frame as full as the driving world's."""
    return driving_frame()
