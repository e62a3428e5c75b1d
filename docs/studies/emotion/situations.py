"""Puts the shipped driver into situations and draws what it feels as strips of pictures.

    python docs/studies/emotion/situations.py

Somebody steps out from the kerb (`steps_out.png`), a truck stands in the lane (`blocked.png`), fog
comes up in a town that it has never seen (`fog.png`). It reasons in full on what it believes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pygame
import torch
from numpy.typing import NDArray
from pygame import Rect

from mindloop.agent.config import EmotionConfig, LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.store import load_mind
from mindloop.agent.types import Tick
from mindloop.agent.viewer import theme
from mindloop.agent.viewer.feelings import draw_bars, draw_face, feelings
from mindloop.agent.viewer.frame import Feelings
from mindloop.agent.viewer.pictures import wrapped
from mindloop.agent.viewer.theme import Canvas
from mindloop.agent.world import make_world
from mindloop.tuning import settle

HERE = Path(__file__).resolve().parent
SIDE, BELOW = 232, 216  # [px] of a picture, and of what is felt under it
AHEAD = 25.0  # [m] to the truck
SOON, ASIDE, PACE = 1.8, 3.0, 1.5  # [s] to who steps out, [m] from the lane's middle, [m/s]
RATE = 5  # decisions a second


def main() -> None:
    """Draws the strips."""
    settle()
    torch.set_num_threads(1)
    life = begin(seed=6, preset="empty")
    lived(life, 40)
    step_out(life)
    strip(life, (0, 1, 2, 4, 8, 16), HERE / "steps_out.png", "somebody steps out")
    life = begin(seed=6, preset="empty")
    lived(life, 40)
    block(life)
    strip(life, (0, 8, 16, 30, 45, 60), HERE / "blocked.png", "a truck stands in the lane")
    life = begin(seed=3, fog=0.0)
    lived(life, 40)
    life.world.intervene(0, {"op": "weather", "fog": 1.0})
    strip(life, (0, 1, 5, 10, 20, 30), HERE / "fog.png", "fog comes up")


def begin(seed: int, **settings: object) -> Life:
    """Returns a life of the driver, which feels, in a test town."""
    told = {"split": "test", "end_on_collision": False, **settings}
    world = make_world("mindloop/Driving-v0", 1, told)
    reasoning, emotion = ReasoningConfig(use="full"), EmotionConfig(use="on")
    life = Life(world, LoopConfig(seed=seed), load_mind("driver", world.spec, reasoning, emotion))
    life.reset()
    return life


def lived(life: Life, ticks: int) -> Tick:
    """Lives some ticks; returns the last."""
    for _ in range(ticks):
        tick = life.step()
    return tick


def block(life: Life) -> None:
    """Puts a truck into the ego's lane, standing, AHEAD of it."""
    x, y, heading = along(life, AHEAD)
    life.world.intervene(0, {
        "op": "place", "kind": "truck", "x": x, "y": y, "heading": heading, "speed": 0.0,
    })  # fmt: skip


def step_out(life: Life) -> None:
    """Lets somebody step out from the right, where the ego will be SOON, at a run."""
    speed = float(life.world.snapshot(0)["ego"][0][3])
    x, y, heading = along(life, max(8.0, SOON * speed))
    life.world.intervene(0, {
        "op": "place", "kind": "pedestrian", "x": x + ASIDE * np.sin(heading),
        "y": y - ASIDE * np.cos(heading), "heading": heading + np.pi / 2, "speed": PACE,
    })  # fmt: skip


def along(life: Life, way: float) -> tuple[float, float, float]:
    """Returns x, y and heading so many metres on along the path that is true."""
    path = life.truth.path[0]
    x, y, heading = (float(v) for v in life.world.snapshot(0)["ego"][0][:3])
    ahead, left = path[np.argmin(np.abs(np.hypot(*path.T) - way))].tolist()
    c, s = np.cos(heading), np.sin(heading)
    return x + c * ahead - s * left, y + s * ahead + c * left, heading + np.arctan2(left, ahead)


def strip(life: Life, ticks: tuple[int, ...], file: Path, title: str) -> None:
    """Lives on, and draws the front camera and what is felt at these ticks, side by side."""
    pieces: list[Callable[[Canvas, Rect], None]] = []
    for tick in range(max(ticks) + 1):
        now = life.step()
        if tick in ticks:
            assert now.trace is not None, "a mind drives"
            affect, percept = now.trace.affect, now.trace.percept
            felt = feelings(affect, percept, life.world.spec.facts, 0)
            speed = float(now.trace.observation.parts["state"][0, 0])
            image = life.world.picture(0, "front", SIDE, SIDE)
            words = f"{tick / RATE:.1f} s, {speed:.0f} m/s"
            pieces.append(piece(image, felt, words))
    surface = pygame.Surface((len(pieces) * (SIDE + 8) + 8, SIDE + BELOW + 36), depth=24)
    surface.fill(theme.BACK)
    canvas = Canvas(surface)
    canvas.text(title, Rect(8, 4, surface.get_width(), 24), 15, theme.TEXT, bold=True)
    for k, draw in enumerate(pieces):
        draw(canvas, Rect(8 + k * (SIDE + 8), 30, SIDE, SIDE + BELOW))
    pygame.image.save(surface, str(file))


def piece(
    image: NDArray[np.uint8], felt: Feelings, words: str
) -> Callable[[Canvas, Rect], None]:
    """Returns what draws one moment into a box."""

    def draw(canvas: Canvas, box: Rect) -> None:
        picture = pygame.image.frombuffer(
            np.ascontiguousarray(image).tobytes(), image.shape[1::-1], "RGB"
        )
        canvas.surface.blit(picture, box.topleft)
        low = Rect(box.left, box.top + SIDE + 4, box.width, BELOW - 4)
        draw_face(canvas, Rect(low.left, low.top + 4, 60, 60), felt)
        room = Rect(low.left + 68, low.top, low.width - 68, 17)
        canvas.text(words, room, 12, theme.DIM)
        for k, line in enumerate(wrapped(felt.line, 12, room.width)[:3]):
            canvas.text(line, room.move(0, 17 * (k + 1)), 12, theme.TEXT)
        draw_bars(canvas, Rect(low.left, low.top + 74, low.width, low.height - 74), felt)

    return draw


if __name__ == "__main__":
    main()
