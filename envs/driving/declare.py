"""What the driving world declares of itself: `metadata`, read by any agent that cares to."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from .actions import BRAKE_SCALE, DRIVE_SCALE, describe_actions
from .config import RENDER_MODES, DrivingConfig
from .kernel import (
    BRAKE_MAX,
    DRIVE_MAX,
    LATERAL_COMFORT,
    SPEED_MAX,
    STEERING_MAX,
    STEERING_RATE,
    WHEELBASE,
)
from .looks import LABEL_COLOURS
from .notes import PATH_POINTS, REACH, TTC_MAX
from .params import SCENE_RANGE, SECTORS, SIZES, Command, Kind, Label
from .reward import TERMS
from .survey import EGO_HALF_LENGTH, EGO_HALF_WIDTH

DECISION = 0.2  # [s]
KNOWLEDGE = Path(__file__).with_name("knowledge.rules")

# name, unit, low, high, kind, requires, observable by
_FACTS: tuple[tuple[str, str, float, float, str, str | None, str], ...] = (
    ("lane_offset", "m", -5.0, 5.0, "number", None, "camera"),
    ("heading_error", "rad", -1.6, 1.6, "number", None, "camera"),
    ("curvature_ahead", "1/m", -0.15, 0.15, "number", None, "camera"),
    ("speed_limit", "m/s", 0.0, 20.0, "number", None, "camera"),
    ("lead_present", "", 0.0, 1.0, "boolean", None, "camera"),
    ("lead_distance", "m", 0.0, REACH, "number", "lead_present", "camera"),
    ("lead_closing_speed", "m/s", -20.0, 40.0, "number", "lead_present", "camera"),
    ("light_present", "", 0.0, 1.0, "boolean", None, "camera"),
    ("light_red", "", 0.0, 1.0, "boolean", "light_present", "camera"),
    ("light_yellow", "", 0.0, 1.0, "boolean", "light_present", "camera"),
    ("light_green", "", 0.0, 1.0, "boolean", "light_present", "camera"),
    ("light_distance", "m", 0.0, REACH, "number", "light_present", "camera"),
    ("stop_sign", "", 0.0, 1.0, "boolean", None, "camera"),
    ("stop_line_distance", "m", 0.0, REACH, "number", "junction_ahead", "camera"),
    ("pedestrian_in_path", "", 0.0, 1.0, "boolean", None, "camera"),
    ("pedestrian_distance", "m", 0.0, REACH, "number", "pedestrian_in_path", "camera"),
    ("junction_ahead", "", 0.0, 1.0, "boolean", None, "camera"),
    ("junction_distance", "m", 0.0, REACH, "number", "junction_ahead", "camera"),
    ("must_yield", "", 0.0, 1.0, "boolean", None, "camera"),
    ("time_to_collision", "s", 0.0, TTC_MAX, "number", None, "camera"),
)

# name, unit, low, high of the numbers in the observation `state`
_STATE = (
    ("speed", "m/s", 0.0, SPEED_MAX),
    ("yaw rate", "rad/s", -1.0, 1.0),
    ("steering", "rad", -STEERING_MAX, STEERING_MAX),
    ("acceleration", "m/s2", -BRAKE_MAX, DRIVE_MAX),
)


def facts() -> list[dict[str, Any]]:
    """Returns the declaration of every fact, in the order of `info["facts"]`."""
    names = ("name", "unit", "low", "high", "kind", "requires", "observable_by")
    return [dict(zip(names, row, strict=True)) for row in _FACTS]


def metadata(config: DrivingConfig) -> dict[str, Any]:
    """Returns the metadata of a world with this config."""
    kinds = [kind.name.lower() for kind in Kind]
    return {
        "render_modes": list(RENDER_MODES),
        "picture": "the street from above, mirror and view ahead, the whole town",
        "render_fps": 5,
        "settings": {one.name: one.default for one in fields(DrivingConfig)},
        "facts": facts(),
        "actions": (
            describe_actions() if config.action == "discrete"
            else [{"name": "steering"}, {"name": "acceleration"}]
        ),
        "motion": {
            "model": "bicycle",
            "length": 2.0 * EGO_HALF_LENGTH,
            "width": 2.0 * EGO_HALF_WIDTH,
            "wheelbase": WHEELBASE,
            "decision": DECISION,
            "acceleration": (-BRAKE_MAX, DRIVE_MAX),
            "steering": (-STEERING_MAX, STEERING_MAX),
            "steering_rate": STEERING_RATE,
            "speed": (0.0, SPEED_MAX),
            "lateral": LATERAL_COMFORT,
            # where an agent finds its own motion, its controls and whoever drives ahead
            "ego": {"speed": ("state", 0), "steering": ("state", 2), "acceleration": ("state", 3)},
            "controls": {
                "acceleration": "acceleration", "steering": "steering",
                "scale": (DRIVE_SCALE, BRAKE_SCALE),
            },
            "lead": {
                "present": "lead_present", "distance": "lead_distance",
                "closing_speed": "lead_closing_speed",
            },
        },
        "knowledge": str(KNOWLEDGE),
        "scene": {
            "sectors": SECTORS, "range": SCENE_RANGE, "classes": kinds,
            "sizes": [(2.0 * long, 2.0 * wide) for long, wide, _ in SIZES],
        },
        "path": {"points": PATH_POINTS, "spacing": 4.0},
        "labels": [
            {"name": label.name.lower(), "colour": tuple(int(c) for c in LABEL_COLOURS[label])}
            for label in Label
        ],
        "reward_terms": list(TERMS),
        "vectors": {
            "state": [
                {"name": name, "unit": unit, "low": low, "high": high}
                for name, unit, low, high in _STATE
            ],
            "command": [{"name": command.name.lower()} for command in Command],
        },
    }
