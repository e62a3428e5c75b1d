"""What the robot world declares of itself: `metadata`, read by any agent that cares to."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from .config import RENDER_MODES, RobotConfig
from .facts import PERSON_CLASS
from .kernel import (
    BACK_MAX,
    NOISE,
    PERSON_RADIUS,
    RADII,
    RADIUS,
    SPEED_MAX,
    SPEED_RATE,
    TURN_MAX,
    TURN_RATE,
)
from .lives import DECISION
from .looks import LABEL_COLOURS, Label
from .mission import VOCABULARY
from .notes import (
    CLEAR,
    DOOR_SIGHT,
    PATH_POINTS,
    PATH_SPACING,
    PERSON_SIGHT,
    SCENE_CLASSES,
    SCENE_RANGE,
    SECTORS,
)
from .params import COLOURS, Kind
from .reward import TERMS
from .sensors import RANGE, RAYS

KNOWLEDGE = Path(__file__).with_name("knowledge.rules")
ACTIONS = (
    ("forward", SPEED_MAX, 0.0, ""), ("back", -BACK_MAX, 0.0, ""), ("left", 0.0, TURN_MAX, ""),
    ("right", 0.0, -TURN_MAX, ""), ("pick up", 0.0, 0.0, "pick_up"), ("drop", 0.0, 0.0, "drop"),
    ("toggle", 0.0, 0.0, "toggle"), ("stop", 0.0, 0.0, ""),
)  # fmt: skip
"""Name, speed [m/s], turn [rad/s] and what the gripper does, of every discrete action."""

# name, unit, low, high, kind, requires, observable by
_FACTS: tuple[tuple[str, str, float, float, str, str | None, str], ...] = (
    ("target_in_sight", "", 0.0, 1.0, "boolean", None, "camera"),
    ("target_distance", "m", 0.0, CLEAR, "number", "target_in_sight", "camera"),
    ("target_bearing", "rad", -1.6, 1.6, "number", "target_in_sight", "camera"),
    ("target_in_reach", "", 0.0, 1.0, "boolean", None, "camera"),
    ("door_ahead", "", 0.0, 1.0, "boolean", None, "camera"),
    ("door_distance", "m", 0.0, DOOR_SIGHT, "number", "door_ahead", "camera"),
    ("door_shut", "", 0.0, 1.0, "boolean", "door_ahead", "camera"),
    ("door_locked", "", 0.0, 1.0, "boolean", "door_ahead", "camera"),
    ("person_near", "", 0.0, 1.0, "boolean", None, "camera, lidar"),
    ("person_distance", "m", 0.0, PERSON_SIGHT, "number", "person_near", "camera, lidar"),
    ("person_bearing", "rad", -3.15, 3.15, "number", "person_near", "camera, lidar"),
    ("person_closing_speed", "m/s", -2.5, 2.5, "number", "person_near", "camera, lidar"),
    ("clearance_ahead", "m", 0.0, CLEAR, "number", None, "lidar"),
    ("corner_near", "", 0.0, 1.0, "boolean", None, "lidar"),
    ("carrying", "", 0.0, 1.0, "boolean", None, "state"),
    ("carries_target", "", 0.0, 1.0, "boolean", None, "state"),
)

# name, unit, low, high of the numbers in the observation `state`; and how people are told them: as
# the cosine or sine of an angle, as a mark (those that are set are named), as there with an angle
STATE: tuple[tuple[str, str, float, float, str, str], ...] = (
    ("speed", "m/s", -BACK_MAX, SPEED_MAX, "", ""),
    ("turn", "rad/s", -TURN_MAX, TURN_MAX, "", ""),
    ("odometry ahead", "m", -20.0, 20.0, "", ""),
    ("odometry left", "m", -20.0, 20.0, "", ""),
    ("odometry cos", "", -1.0, 1.0, "cos", "odometry heading"),
    ("odometry sin", "", -1.0, 1.0, "sin", "odometry heading"),
    ("bumper", "", 0.0, 1.0, "mark", "bumper"),
    ("goal distance", "m", 0.0, 30.0, "with", "goal bearing"),
    ("goal cos", "", -1.0, 1.0, "cos", "goal bearing"),
    ("goal sin", "", -1.0, 1.0, "sin", "goal bearing"),
    *((f"carries {name}", "", 0.0, 1.0, "mark", "carries") for name in ("key", "ball", "box")),
    *((f"carries {colour}", "", 0.0, 1.0, "mark", "carries") for colour in COLOURS),
)


def facts() -> list[dict[str, Any]]:
    """Returns the declaration of every fact, in the order of `info["facts"]`."""
    names = ("name", "unit", "low", "high", "kind", "requires", "observable_by")
    return [dict(zip(names, row, strict=True)) for row in _FACTS]


def metadata(config: RobotConfig) -> dict[str, Any]:
    """Returns the metadata of a world with this config."""
    sizes = [2.0 * float(RADII[k]) for k in (Kind.KEY, Kind.BALL, Kind.BOX)] + [2.0 * PERSON_RADIUS]
    names = ("name", "speed", "turn", "grip")
    return {
        "render_modes": list(RENDER_MODES),
        "picture": "around it, its view, the whole home; pink: what is meant, orange: the way",
        "render_fps": round(1.0 / DECISION),
        "settings": {one.name: one.default for one in fields(RobotConfig)},
        "facts": facts(),
        "actions": (
            [dict(zip(names, row, strict=True)) for row in ACTIONS]
            if config.action == "discrete"
            else [
                {"name": "speed"}, {"name": "turn"},
                {"name": "gripper", "keys": {"pick up, toggle": 1.0, "drop": -1.0}},
            ]
        ),
        "motion": {
            "model": "differential",
            "length": 2.0 * RADIUS,
            "width": 2.0 * RADIUS,
            "decision": DECISION,
            "speed": (-BACK_MAX, SPEED_MAX),
            "turn": (-TURN_MAX, TURN_MAX),
            "acceleration": SPEED_RATE,
            "turn_acceleration": TURN_RATE,
            "noise": float(NOISE),
            "margins": {"margin": 0.05, "margin_width": 0.5, "margin_most": 0.15},
            "walkers": [SCENE_CLASSES[PERSON_CLASS]],
            "ego": {"speed": ("state", 0), "turn": ("state", 1)},
            "controls": {"speed": "speed", "turn": "turn"},
            "ranges": {"part": "lidar", "first": 0.0, "range": RANGE},
        },
        "knowledge": str(KNOWLEDGE),
        "vocabulary": {"mission": list(VOCABULARY)},
        "scene": {
            "sectors": SECTORS, "range": SCENE_RANGE, "classes": list(SCENE_CLASSES),
            "sizes": [(size, size) for size in sizes],
        },
        "path": {"points": PATH_POINTS, "spacing": PATH_SPACING},
        "labels": [
            {"name": label.name.lower(), "colour": tuple(int(c) for c in LABEL_COLOURS[label])}
            for label in Label
        ],
        "reward_terms": list(TERMS),
        "vectors": {
            "state": [
                {"name": name, "unit": unit, "low": low, "high": high, "told": told, "as": whole}
                for name, unit, low, high, told, whole in STATE
            ],
            "lidar": [{"name": f"{360 * k // RAYS} deg", "unit": "m"} for k in range(RAYS)],
        },
    }
