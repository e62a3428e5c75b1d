"""Makes README's pictures of the driving world: python docs/pictures/make.py

Each frame is the first one, in the lives of 48 experts, in which the facts are as its title says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import mindloop  # noqa: F401  (registers the worlds)
from mindloop.agent.viewer.video import contact_sheet
from mindloop.envs.driving import DrivingVectorEnv

LIVES, STEPS, SEED = 48, 400, 11
FOLDER = Path(__file__).parent
Facts = Mapping[str, float]

MOMENTS: dict[str, tuple[dict[str, Any], Callable[[Facts], bool]]] = {
    "a straight road": ({}, lambda f: f["speed"] > 8 and f["junction_distance"] > 55),
    "a car ahead": ({}, lambda f: 5 < f["lead_distance"] < 9 and f["speed"] > 3),
    "a red light": ({}, lambda f: f["light_red"] > 0 and 6 < f["light_distance"] < 12),
    "a green light": ({}, lambda f: f["light_green"] > 0 and 6 < f["light_distance"] < 14),
    "a stop sign": ({}, lambda f: f["stop_sign"] > 0 and 5 < f["stop_line_distance"] < 8),
    "a pedestrian": ({}, lambda f: 3 < f["pedestrian_distance"] < 8),
    "a bend": ({}, lambda f: abs(f["curvature_ahead"]) > 0.03 and f["junction_distance"] > 40),
    "turning": ({}, lambda f: f["junction_distance"] == 0 and abs(f["yaw_rate"]) > 0.3),
    "fog": ({"fog": 0.7}, lambda f: 6 < f["lead_distance"] < 20),
    "night": ({"daylight": 0.2}, lambda f: f["light_red"] > 0 and f["light_distance"] < 20),
}


def moment(settings: dict[str, Any], is_wanted: Callable[[Facts], bool]) -> tuple[Any, int]:
    """Returns an environment and a lane in which the facts are as wanted."""
    env = DrivingVectorEnv(LIVES, split="test", **settings)
    names = [fact["name"] for fact in env.metadata["facts"]]
    env.reset(seed=SEED)
    expert = env.expert("true")
    for _ in range(STEPS):
        observation, *_, infos = env.step(expert.act())
        for lane in range(LIVES):
            facts = dict(zip(names, infos["facts"][lane], strict=True))
            facts["speed"], facts["yaw_rate"] = observation["state"][lane, :2]
            if is_wanted(facts):
                return env, lane
    raise RuntimeError("No life has such a moment; look at more lives.")


def main() -> None:
    """Writes camera_64.png and camera_512.png beside this file."""
    small, large = [], []
    for settings, is_wanted in MOMENTS.values():
        env, lane = moment(settings, is_wanted)
        pixels = env.driving.observations()["camera"][lane]
        small.append(np.repeat(np.repeat(pixels, 5, axis=0), 5, axis=1))
        large.append(env.picture(lane, "front", 512, 512))
    titles = list(MOMENTS)
    contact_sheet(small, titles, FOLDER / "camera_64.png", columns=5, width=320)
    contact_sheet(large, titles, FOLDER / "camera_512.png", columns=5, width=512)


if __name__ == "__main__":
    main()
