"""Drive yourself with the arrow keys or WASD; space hands over to the driver, and back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from mindloop.agent.types import ActionSpec, Episode, WorldError
from mindloop.agent.viewer.recorder import Recorder
from mindloop.agent.viewer.window import Mode, Order, Window
from mindloop.agent.world import World
from mindloop.errors import UserError
from mindloop.living import (
    LifeOptions,
    Plan,
    begin,
    check_files,
    keep,
    mistakes,
    open_recorder,
    plan,
    report,
    write_report,
)
from mindloop.showing import Camera, check_display, ending, restart, score_table

FIRM_AFTER = 3  # steps that a key is held before it counts in full
GENTLE_STEERING, FIRM_STEERING = 0.35, 1.0  # of what the speed allows
DRIVE, GENTLE_BRAKE, FIRM_BRAKE = 2.0, -3.0, -8.0  # [m/s2]


@dataclass(frozen=True)
class Options:
    """What `mindloop play` is asked for."""

    life: LifeOptions = field(default_factory=LifeOptions)
    """Which life; `--driver` is who drives when you hand over."""
    episodes: int = 1
    """How many, one after another."""
    record: Path | None = None
    """Keep every tick in FILE.npz and FILE.json: to be seen again, and to learn from."""
    json: Path | None = None
    """Also write the scores here."""


def main(options: Options) -> int:
    """Plays, shows the scores, and returns the exit code."""
    if options.episodes < 1:
        raise UserError(f"`--episodes` must be at least 1; got {options.episodes}. Ask for some.")
    check_files(options.record, options.json)
    check_display()
    made = plan(options.life, needs_camera=True, renders=True)
    console = Console()
    with ExitStack() as stack:
        stack.enter_context(mistakes(WorldError))
        life = begin(made, 1, options.life.seed, watched=True)
        stack.callback(life.world.close)
        hands = Hands(life.world)
        camera = Camera(life, made)
        recorder = open_recorder(options.record, made, options.life.seed)
        if recorder is not None:
            stack.enter_context(recorder)
        ended = _play(camera, hands, made, options, recorder, console)
        if recorder is not None:
            recorder.close()
            console.print(f"Record: {recorder.path}.npz and .json", markup=False, highlight=False)
    if not ended:
        console.print("No episode was finished, so there are no scores.")
        return 0
    result = {**report(made, ended, options.life.seed), "driver": "human"}
    console.print(score_table(result))
    if options.json is not None:
        write_report(options.json, result)
    return 0


def _play(camera: Camera, hands: Hands, made: Plan, options: Options,
          recorder: Recorder | None, console: Console) -> list[Episode]:
    life, ended, is_yours = camera.life, list[Episode](), True
    first = camera.frame()  # compiles, if need be, before there is a window that would not answer
    with Window(f"mindloop: {made.env}", mode=Mode.DRIVE,
                step_seconds=1.0 / (life.world.spec.rate or 5.0)) as window:
        window.show(first)
        window.say("You drive: arrows or WASD. Space hands over.")
        while len(ended) < options.episodes:
            for command in window.poll():
                if command.order is Order.QUIT:
                    return ended
                if command.order is Order.HAND_OVER:
                    is_yours = not is_yours
                    window.say("You drive" if is_yours else f"The {life.driver} drives")
                elif command.order in (Order.RESET, Order.SEED):
                    seed = life.seed + (command.order is Order.SEED)
                    restart(life, camera, seed, recorder)
                    window.say(f"Seed {life.seed}")
            actions = hands.actions(window.held()) if is_yours else None
            if window.ready():
                hands.tire(window.held())
                tick = life.step(actions)
                camera.add(tick)
                keep(recorder, tick)
                ended += tick.episodes
                for episode in tick.episodes:
                    console.print(ending(episode), markup=False, highlight=False)
                    window.say(ending(episode))
            if window.due():
                window.show(camera.frame(by_hand=actions, driver="human" if is_yours else ""))
    return ended


class Hands:
    """Turns held keys into actions of a world that steers and accelerates."""

    def __init__(self, world: World) -> None:
        """Finds out how `world` is driven.

        Raises:
          UserError: its actions do not say what they steer and accelerate.
        """
        spec: ActionSpec = world.spec.actions
        table = [(one.get("steering"), one.get("acceleration")) for one in spec.attributes]
        self._table: NDArray[np.float64] | None = None
        if table and all(a is not None and b is not None for a, b in table):
            self._table = np.array(table, np.float64)
        elif not (spec.is_box and spec.width == 2 and world.spec.motion):
            raise UserError(
                f"`play` must have an environment whose actions steer and accelerate; "
                f"{world.spec.env} declares none such. Use mindloop/Driving-v0, or `mindloop run`."
            )
        self._held = {"left": 0, "right": 0, "up": 0, "down": 0}

    def tire(self, held: frozenset[str]) -> None:
        """Takes a step: counts for how long each key has been held."""
        self._held = {key: (n + 1 if key in held else 0) for key, n in self._held.items()}

    def actions(self, held: frozenset[str]) -> Any:
        """Returns a batch of one action."""
        steering = self._side("left", held) - self._side("right", held)
        firm = self._held["down"] >= FIRM_AFTER
        wanted = 0.0
        if "down" in held:
            wanted = FIRM_BRAKE if firm else GENTLE_BRAKE
        elif "up" in held:
            wanted = DRIVE
        if self._table is None:
            pedal = wanted / (DRIVE if wanted > 0 else -FIRM_BRAKE)
            return np.array([[steering, pedal]], np.float32)
        distance = np.abs(self._table - (steering, wanted)).sum(1)
        return np.array([int(distance.argmin())])

    def _side(self, key: str, held: frozenset[str]) -> float:
        if key not in held:
            return 0.0
        return FIRM_STEERING if self._held[key] >= FIRM_AFTER else GENTLE_STEERING
