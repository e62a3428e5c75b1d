"""Live some episodes in a window, in a video or unseen; show the scores at the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from mindloop.agent.learning.online import Online
from mindloop.agent.loop import Life, episodes
from mindloop.agent.store import save_mind
from mindloop.agent.types import Episode, Tick, WorldError
from mindloop.agent.viewer.recorder import Recorder
from mindloop.agent.viewer.window import Order, Window
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
    remarks,
    report,
    write_report,
)
from mindloop.showing import (
    Camera,
    Filming,
    check_display,
    draws,
    ending,
    progress,
    restart,
    score_table,
    tell,
)

Step = Callable[[], Tick]
WINDOW_RATE = 30.0  # [1/s] where the environment doesn't say how fast it is


@dataclass(frozen=True)
class Options:
    """What `mindloop run` is asked for."""

    life: LifeOptions = field(default_factory=LifeOptions)
    """Which life."""
    episodes: int = 1
    """How many, one after another."""
    steps: int = 0
    """Stop after so many steps, finished or not; 0: when the episodes are done."""
    render: Literal["window", "video", "none"] = "none"
    """A window; a video with a sheet of pictures; or nothing, which is quickest."""
    output: Path = Path("videos")
    """Folder for the video and the sheet."""
    learn: Path | None = None
    """Go on learning while acting, and keep the mind in this folder; it may drift .1 nats from
    the mind it began as, no further."""
    record: Path | None = None
    """Keep every tick with all notes in FILE.npz and FILE.json."""
    json: Path | None = None
    """Also write the scores here."""


def main(options: Options) -> int:
    """Lives, shows, and returns the exit code."""
    if options.episodes < 1:
        raise UserError(
            f"`--episodes` must be at least 1; got {options.episodes}. Ask for some."
        )
    if options.steps < 0:
        raise UserError(f"`--steps` must be at least 0; got {options.steps}. Leave it out.")
    check_files(options.record, options.json)
    if options.render == "window":
        check_display()
    is_seen = options.render != "none"
    looks = is_seen or options.record is not None
    made = plan(options.life, needs_camera=looks, renders=is_seen)
    with ExitStack() as stack:
        stack.enter_context(mistakes(WorldError))
        life = begin(made, 1, options.life.seed, watched=looks)
        stack.callback(life.world.close)
        recorder = open_recorder(options.record, made, options.life.seed)
        if recorder is not None:
            stack.enter_context(recorder)
        console = Console()
        notes = [*made.notes, *remarks(life)]
        if is_seen and not draws(life.world):
            notes.append(f"{made.env} draws no pictures of itself; the rest is shown")
        for note in notes:
            console.print(f"Note: {note}", markup=False, highlight=False)
        student = _student(life, options, console)
        step = life.step if student is None else student.step
        live = {"window": _in_window, "video": _in_video, "none": _unseen}[options.render]
        ended = live(life, step, made, options, recorder, console)
        if student is not None and options.learn is not None:
            _keep_mind(student, made, options.learn, console)
        if recorder is not None:
            recorder.close()
            console.print(f"Record: {recorder.path}.npz and .json", markup=False, highlight=False)
    if not ended:
        console.print("No episode was finished, so there are no scores.")
        return 0
    result = report(made, ended, options.life.seed)
    console.print(score_table(result))
    if options.json is not None:
        write_report(options.json, result)
    return 0


def _student(life: Life, options: Options, console: Console) -> Online | None:
    """Returns what lets the life's mind learn, if that is asked for.

    Raises:
      UserError: no mind drives, or the folder can't be made.
    """
    if options.learn is None:
        return None

    def say(words: str) -> None:
        console.print(f"Note: {words}", markup=False, highlight=False)

    with mistakes():
        options.learn.mkdir(parents=True, exist_ok=True)
        return Online(life, options.life.seed, say=say)


def _keep_mind(student: Online, made: Plan, folder: Path, console: Console) -> None:
    updates = student.learner.done
    card = {"began_as": made.mind, "env": made.env, "updates": updates,
            "taken_back": student.refused, "drift": student.divergence}
    with mistakes():
        save_mind(student.mind, folder, card)
    console.print(f"Learned in {updates} updates ({student.refused} taken back), "
                  f"{student.divergence:.3f} nats from where it began. Mind: {folder}",
                  markup=False, highlight=False)


def _unseen(life: Life, step: Step, made: Plan, options: Options, recorder: Recorder | None,
            console: Console) -> list[Episode]:
    ended: list[Episode] = []
    with progress(console) as bar:
        task = bar.add_task("steps 0", total=options.episodes)
        for tick in episodes(life, options.episodes, step):
            keep(recorder, tick)
            ended += tick.episodes
            if tick.index % 50 == 0 or tick.episodes:
                bar.update(task, completed=len(ended), description=f"steps {tick.index + 1}")
            if tick.index + 1 == options.steps:
                break
    return ended


def _in_video(life: Life, step: Step, made: Plan, options: Options, recorder: Recorder | None,
              console: Console) -> list[Episode]:
    camera = Camera(life, made)
    name = re.sub(r"\W+", "_", made.env).strip("_").lower()
    ended: list[Episode] = []
    with mistakes():
        film = Filming(options.output, name, life.world.spec.rate)
    try:
        with progress(console) as bar:
            task = bar.add_task("filming, step 0", total=options.episodes)
            while len(ended) < options.episodes:
                film.add(camera.frame())
                tick = step()
                camera.add(tick)
                keep(recorder, tick)
                ended += tick.episodes
                bar.update(task, completed=len(ended), description=f"filming, step {tick.index}")
                if tick.index + 1 == options.steps:
                    break
    finally:
        for path in film.close():
            console.print(f"Wrote {path}", markup=False, highlight=False)
    return ended


def _in_window(life: Life, step: Step, made: Plan, options: Options, recorder: Recorder | None,
               console: Console) -> list[Episode]:
    camera = Camera(life, made)
    ended: list[Episode] = []
    rate = life.world.spec.rate
    first = camera.frame()  # compiles, if need be, before there is a window that would not answer
    with Window(f"mindloop: {made.env}", step_seconds=1.0 / (rate or WINDOW_RATE),
                takes_words=life.world.takes_commands) as window:
        window.show(first)
        steps = 0
        while len(ended) < options.episodes and (steps < options.steps or options.steps == 0):
            for command in window.poll():
                if command.order is Order.QUIT:
                    return ended
                if command.order is Order.TELL:
                    tell(life, window, command.words, recorder)
                if command.order in (Order.RESET, Order.SEED):
                    seed = life.seed + (command.order is Order.SEED)
                    restart(life, camera, seed, recorder)
                    window.say(f"Seed {life.seed}")
            if window.ready():
                tick = step()
                steps += 1
                camera.add(tick)
                keep(recorder, tick)
                ended += tick.episodes
                for episode in tick.episodes:
                    console.print(ending(episode), markup=False, highlight=False)
                    window.say(ending(episode))
            if window.due():
                window.show(camera.frame(saliency=window.view.saliency))
    return ended
