"""Show a record again: the world lives it once more, and what was believed is shown as it was."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from rich.console import Console

from mindloop import headless
from mindloop.agent.ids import offer_of
from mindloop.agent.types import Trace, WorldError
from mindloop.agent.viewer import record
from mindloop.agent.viewer.frame import Frame
from mindloop.agent.viewer.window import Mode, Order, Window
from mindloop.errors import UserError
from mindloop.living import Plan, begin, mistakes
from mindloop.reasons import reasoner_of
from mindloop.showing import Camera, Filming, check_display, progress, restart


@dataclass(frozen=True)
class Options:
    """What `mindloop replay` is asked for."""

    file: tyro.conf.Positional[Path]
    """The record: FILE, FILE.npz or FILE.json."""
    render: Literal["window", "video", "none"] = "window"
    """A window, a video, or nothing but the check that every step is the same."""
    lane: int = 0
    """Which of the lives that were recorded side by side."""
    output: Path = Path("videos")
    """Folder for the video."""


def main(options: Options) -> int:
    """Shows, says whether all was the same, and returns the exit code."""
    if options.render == "window":
        check_display()
    with mistakes():
        kept = record.load(options.file)
    if len(kept) == 0:
        raise UserError(f"`file` must hold at least one step; {options.file} holds none.")
    console = Console()
    with mistakes(WorldError):
        show = Show(kept, options.lane, renders=options.render != "none")
        try:
            if options.render == "window":
                _in_window(show)
            else:
                _straight(show, options, console)
        finally:
            show.life.world.close()
    console.print(show.verdict(), markup=False, highlight=False)
    return 0 if show.first_odd is None else 1


class Show:
    """A record, and the life that is lived again beside it."""

    def __init__(self, kept: record.Record, lane: int, renders: bool) -> None:
        """Begins the life that the record tells of.

        Raises:
          UserError: the record has no such lane, or its world can't be made.
        """
        header = kept.header
        missing = [name for name in ("env", "settings", "seed") if name not in header]
        if missing:
            raise UserError(f"`file` must say how it was made; {', '.join(missing)} is missing.")
        lanes = int(kept["reward"].shape[1])
        if not 0 <= lane < lanes:
            raise UserError(f"`--lane` must lie within 0 and {lanes - 1}; got {lane}.")
        literal = str(header.get("settings_literal", header["settings"]))
        with mistakes():
            settings = dict(ast.literal_eval(literal))
        if renders:
            headless.prepare(draws=True)
        with mistakes():
            if renders and offer_of(str(header["env"])).draws:
                settings["render_mode"] = "rgb_array"
            # the driver is never asked: what it did is in the record
            again = Plan(str(header["env"]), settings, "random", None, False, False, None, None, {})
            self.life = begin(again, lanes, int(header["seed"]))
        self.kept = kept
        with mistakes():
            why = reasoner_of(kept)
        self.camera = Camera(self.life, replace(again, mind=header.get("mind")), lane, why)
        self._believed = any(name.startswith("trace.") for name in kept.names)
        self._asked: dict[int, list[dict[str, Any]]] = {}
        for entry in kept.episodes:
            if "restart" in entry or "command" in entry:
                self._asked.setdefault(int(entry["last_tick"]), []).append(entry)
        self.first_odd: int | None = None
        # it has just begun, and a second reset is not the same as the first in every environment
        self.position = 0
        self._ask()

    def rewind(self) -> None:
        """Goes back to the first step."""
        self.position = 0
        restart(self.life, self.camera, int(self.kept.header["seed"]))
        self._ask()

    def seek(self, position: int) -> None:
        """Goes to a step; backwards means living from the start again."""
        position = max(0, min(position, len(self.kept)))
        if position < self.position:
            self.rewind()
        while self.position < position:
            self.step()

    def next_episode(self) -> int:
        """Returns the first step of the next episode of the lane."""
        ends = self.kept["terminated"] | self.kept["truncated"]
        later = np.flatnonzero(ends[self.position :, self.camera.lane])
        return self.position + int(later[0]) + 1 if len(later) else len(self.kept)

    @property
    def is_over(self) -> bool:
        """Whether every step has been lived."""
        return self.position >= len(self.kept)

    def step(self) -> None:
        """Lives one step, and notices whether it is as it was."""
        kept, now = self.kept, self.position
        tick = self.life.step(kept["action"][now])
        same = all(
            np.array_equal(kept[name][now], getattr(tick, name))
            for name in ("reward", "terminated", "truncated")
        )
        if not same and self.first_odd is None:
            self.first_odd = now
        self.camera.add(replace(tick, trace=self._trace()))
        self.position += 1
        self._ask()

    def frame(self) -> Frame:
        """Returns what was so at this step."""
        now = min(self.position, len(self.kept) - 1)
        driver = str(self.kept["driver"][now])
        return self.camera.frame(self.kept["action"][now], self._trace(), driver)

    def verdict(self) -> str:
        """Returns one line: was it the same life?"""
        if self.first_odd is None:
            return f"Replayed {self.position} of {len(self.kept)} steps, each exactly as recorded."
        return (
            f"From step {self.first_odd} on the life differs from the record: the environment "
            "has changed since, or depends on more than its seed."
        )

    def _trace(self) -> Trace | None:
        is_there = self._believed and not self.is_over
        return self.kept.trace(self.position) if is_there else None

    def _ask(self) -> None:
        """Does what the person who watched asked for before this step."""
        for entry in self._asked.get(self.position - 1, ()):
            if "restart" in entry:
                restart(self.life, self.camera, int(entry["restart"]))
            else:
                self.life.command(str(entry["command"]))


def _straight(show: Show, options: Options, console: Console) -> None:
    film = None
    if options.render == "video":
        with mistakes():
            film = Filming(options.output, options.file.stem, show.life.world.spec.rate)
    try:
        with progress(console, "steps") as bar:
            task = bar.add_task("replaying", total=len(show.kept))
            while not show.is_over:
                if film is not None:
                    film.add(show.frame())
                show.step()
                bar.update(task, completed=show.position)
    finally:
        for path in film.close() if film is not None else ():
            console.print(f"Wrote {path}", markup=False, highlight=False)


def _in_window(show: Show) -> None:
    rate = show.life.world.spec.rate or 30.0
    title = f"mindloop: {show.life.world.spec.env}, a record"
    first = show.frame()  # compiles, if need be, before there is a window that would not answer
    with Window(title, mode=Mode.REPLAY, step_seconds=1.0 / rate) as window:
        window.show(first)
        while True:
            for command in window.poll():
                if command.order is Order.QUIT:
                    return
                if command.order is Order.SEEK:
                    show.seek(show.position + command.steps)
                elif command.order is Order.RESET:
                    show.seek(0)
                elif command.order is Order.SEED:
                    show.seek(show.next_episode())
            if window.ready() and not show.is_over:
                show.step()
                if show.is_over:
                    window.say("The end of the record. R: from the start")
            if window.due():
                window.show(show.frame())
