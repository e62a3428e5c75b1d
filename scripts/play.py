"""Drive yourself with the arrow keys or WASD, and with 1, 2, ... what else the agent can do;
space hands over to the driver, and back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from mindloop.agent.types import Episode, WorldError
from mindloop.agent.viewer.recorder import Recorder
from mindloop.agent.viewer.window import Mode, Order, Window
from mindloop.errors import UserError
from mindloop.hands import AbstractHands, hands_of
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
from mindloop.showing import Camera, check_display, ending, restart, score_table, tell


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
        hands = hands_of(life.world)
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


def _play(camera: Camera, hands: AbstractHands, made: Plan, options: Options,
          recorder: Recorder | None, console: Console) -> list[Episode]:
    life, ended, is_yours = camera.life, list[Episode](), True
    first = camera.frame()  # compiles, if need be, before there is a window that would not answer
    with Window(f"mindloop: {made.env}", mode=Mode.DRIVE,
                step_seconds=1.0 / (life.world.spec.rate or 5.0), buttons=hands.buttons,
                takes_words=life.world.takes_commands) as window:
        window.show(first)
        window.say(_greeting(hands, life.world.takes_commands))
        while len(ended) < options.episodes:
            for command in window.poll():
                if command.order is Order.QUIT:
                    return ended
                if command.order is Order.TELL:
                    tell(life, window, command.words, recorder)
                elif command.order is Order.PRESS:
                    hands.press(command.steps if is_yours else 0)
                elif command.order is Order.HAND_OVER:
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


def _greeting(hands: AbstractHands, takes_words: bool) -> str:
    pressed = "".join(f", {k} {what}" for k, what in enumerate(hands.buttons, 1))
    typed = " / gives another mission." if takes_words else ""
    return f"You drive: arrows or WASD{pressed}. Space hands over.{typed}"
