"""Makes README's pictures of the worlds: python docs/pictures/make.py [driving] [robot]

Of driving, each frame is the first one, in the lives of 48 experts, in which the facts are as its
title says. Of the robot, a home of every level with what the robot sees there, and the window while
the mind that ships fulfils a mission.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

import mindloop  # noqa: F401  (registers the worlds)
from mindloop.agent.viewer.screen import draw
from mindloop.agent.viewer.video import contact_sheet
from mindloop.envs.driving import DrivingVectorEnv
from mindloop.envs.robot.env import RobotVectorEnv
from mindloop.envs.robot.levels import LEVELS
from mindloop.living import ROBOT, LifeOptions, begin, plan
from mindloop.showing import Camera

LIVES, STEPS, SEED = 48, 400, 11
FOLDER = Path(__file__).parent
ROBOT_SEED, ROBOT_STEPS = 4, 16  # of the sheet: some way into each life
MISSION, FILM_SEED, FILM_STEPS = "put the red ball next to a box", 0, 120
FILM_SIZE, FILM_RATE, FILM_QUALITY = (1280, 800), 8, 26  # twice real time
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


def driving() -> None:
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


def robot() -> None:
    """Writes robot.png and robot.webp beside this file."""
    pictures, titles = [], []
    for seed, level in enumerate(LEVELS, ROBOT_SEED):
        env = RobotVectorEnv(1, preset=level, split="test")
        env.reset(seed=seed)
        expert = env.expert("true")
        for _ in range(ROBOT_STEPS):
            env.step(expert.act())
        home, seen = (env.picture(0, view, 300, 300) for view in ("map", "front"))
        pixels = env.world.observations()["camera"][0]
        small = np.pad(pixels.repeat(2, 0).repeat(2, 1), ((86, 86), (6, 6), (0, 0)),
                       constant_values=24)  # fmt: skip
        pictures.append(np.concatenate((home, seen, small), axis=1))
        titles.append(f"{level}: {' then '.join(words for words, _ in env.mission(0))}")
    contact_sheet(pictures, titles, FOLDER / "robot.png", columns=2, width=740)
    film(FOLDER / "robot.webp")


def film(path: Path) -> None:
    """Writes the window of one robot's life as an animated picture."""
    options = LifeOptions(ROBOT, "mind", mind="robot", preset="PutNext", mission=MISSION,
                          seed=FILM_SEED, split="test")  # fmt: skip
    made = plan(options, needs_camera=True, renders=True)
    life = begin(made, 1, options.seed)
    camera = Camera(life, made)
    size = f"{FILM_SIZE[0]}x{FILM_SIZE[1]}"
    ffmpeg = subprocess.Popen(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "rawvideo",
         "-pix_fmt", "rgb24", "-s", size, "-r", str(FILM_RATE), "-i", "-", "-vf", "scale=960:-2",
         "-c:v", "libwebp", "-loop", "0", "-quality", str(FILM_QUALITY), "-compression_level", "6",
         str(path)],
        stdin=subprocess.PIPE,
    )  # fmt: skip
    assert ffmpeg.stdin is not None
    for _ in range(FILM_STEPS):
        ffmpeg.stdin.write(draw(camera.frame(), FILM_SIZE).tobytes())
        tick = life.step()
        if tick.episodes:
            break
        camera.add(tick)
    ffmpeg.stdin.close()
    if ffmpeg.wait():
        raise RuntimeError("ffmpeg could not write the picture; its message is above.")


def main(wanted: list[str]) -> None:
    """Makes what is named, or all of it."""
    makers = {"driving": driving, "robot": robot}
    for name in wanted or list(makers):
        makers[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
