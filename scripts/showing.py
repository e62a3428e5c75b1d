"""What programs show of a life: the window's frames, videos and tables of scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mindloop.agent.loop import Life
from mindloop.agent.types import Episode, Modality, Tick
from mindloop.agent.viewer import notes
from mindloop.agent.viewer.frame import Frame, History, Setting
from mindloop.agent.viewer.screen import draw
from mindloop.agent.viewer.video import Video, contact_sheet
from mindloop.agent.viewer.window import display_available
from mindloop.agent.viewer.wording import label, number
from mindloop.errors import UserError
from mindloop.living import UNTRAINED, Plan

WORLD_SIZE = (800, 600)  # [px] of the picture of a world that draws any size
SHEET_PICTURES = 12
FIRST_SCORES = ("driving_score_2_0", "driving_score_2_1", "route_completion", "success")


class Camera:
    """Turns the first lane of a life into frames for the window, and keeps its curves."""

    def __init__(self, life: Life, made: Plan) -> None:
        """Looks at `life`, which was made as `made` says."""
        self.life = life
        self.made = made
        self.history = History()
        self.episode = 0
        self.step = 0
        self._can_draw = self._offers_pictures()

    def _offers_pictures(self) -> bool:
        env = self.life.world.env
        return self.life.world.offers("picture") or env.render_mode == "rgb_array"

    def add(self, tick: Tick) -> None:
        """Takes one step of the life into the curves."""
        value = None if tick.trace is None else float(tick.trace.decision.value[0])
        terms = {name: float(term[0]) for name, term in tick.reward_terms.items()}
        self.history.add(value, float(tick.reward[0]), terms)
        self.step += 1
        if tick.episodes:
            self.clear(self.episode + 1)

    def clear(self, episode: int = 0) -> None:
        """Begins the curves anew."""
        self.history.clear()
        self.step, self.episode = 0, episode

    def frame(self, driver: str = "") -> Frame:
        """Returns what is so now: seen, believed, true, about to be done."""
        life, world = self.life, self.life.world
        spec, infos = world.spec, life.infos
        is_acting = life.driver == "mind" and not driver
        mind_name = self.made.mind or UNTRAINED
        title = {"mind": f"mind, {mind_name}", "expert": "expert, who is told the truth",
                 "visible-expert": "expert, told what sensors could see"}
        frame = Frame(env=spec.env, driver=driver or title.get(life.driver, life.driver),
                      history=self.history, believed_by=mind_name, step=self.step,
                      episode=self.episode, seed=life.seed, score=world.score_so_far(0),
                      world=world.picture(0, "world", *WORLD_SIZE) if self._can_draw else None)
        frame = notes.with_truth(frame, spec, life.truth)
        if spec.rate:
            frame = replace(frame, seconds=self.step / spec.rate)
        if "town" in infos:
            frame = replace(frame, town=int(np.asarray(infos["town"])[0]))
        if life.trace is not None:
            frame = notes.with_mind(frame, spec, life.trace, 0, is_acting)
        else:
            frame = replace(frame, inputs={
                part.name: life.observation.parts[part.name][0].numpy() for part in spec.parts})
        if not is_acting:
            frame = self._with_intention(frame)
        return self._with_labels(self._with_vectors(frame))

    def _with_intention(self, frame: Frame) -> Frame:
        """Adds what a driver that is no mind is about to do."""
        actions, writer = self.life.world.spec.actions, self.life.world.writer
        chosen = writer.read(self.life.intention)[0].numpy()
        if not actions.is_box:
            return replace(frame, choices=notes.choices(actions, chosen))
        names = actions.names or tuple(f"axis {k}" for k in range(actions.width))
        return replace(frame, settings=tuple(
            Setting(names[k], float(chosen[k]), actions.low[k], actions.high[k])
            for k in range(actions.width)))

    def _with_vectors(self, frame: Frame) -> Frame:
        """Takes vectors whose numbers have names out of the inputs, and shows them as gauges."""
        inputs, gauges, command = dict(frame.inputs), [], frame.command
        for name, columns in self.life.world.spec.vectors.items():
            if name not in inputs:
                continue
            values = inputs.pop(name)
            if "low" not in columns[0]:
                command = str(columns[int(np.argmax(values))]["name"])
                continue
            for column, value in zip(columns, values, strict=True):
                low, high, unit = column["low"], column["high"], str(column["unit"])
                if unit.startswith("rad"):
                    low, high = high, low  # left is positive
                gauges.append(Setting(str(column["name"]), float(value), low, high, unit))
        return replace(frame, inputs=inputs, gauges=tuple(gauges), command=command)

    def _with_labels(self, frame: Frame) -> Frame:
        spec, world = self.life.world.spec, self.life.world
        images = [part for part in spec.parts if part.modality is Modality.IMAGE]
        if not (spec.labels and images and world.offers("picture")):
            return frame
        height, width = images[0].shape[:2]
        labels = world.picture(0, "labels", width, height)
        return replace(frame, labels=labels, label_classes=spec.labels)


class Filming:
    """Writes a video of a life and, from the same pictures, a contact sheet."""

    def __init__(self, folder: Path, name: str, rate: float, size: tuple[int, int]) -> None:
        """Makes `folder`/`name`.mp4 with `rate` pictures a second."""
        self.folder, self.name, self.size = folder, name, size
        self._video = Video(folder / f"{name}.mp4", rate)
        self._kept: list[tuple[str, NDArray[np.uint8]]] = []
        self._every = 1

    def add(self, frame: Frame) -> None:
        """Appends a frame."""
        count = self._video.pictures
        picture = draw(frame, self.size)
        self._video.add(picture)
        if count % self._every == 0:
            when = f"{frame.seconds:.0f} s" if frame.seconds is not None else f"step {frame.step}"
            self._kept.append((f"episode {(frame.episode or 0) + 1}, {when}", picture))
        if len(self._kept) > 2 * SHEET_PICTURES:
            self._kept, self._every = self._kept[::2], self._every * 2  # memory stays bounded

    def close(self) -> list[Path]:
        """Finishes both files and returns their paths; none where there was no picture."""
        self._video.close()
        if not self._kept:
            return []
        pick = np.linspace(0, len(self._kept) - 1, min(SHEET_PICTURES, len(self._kept)))
        chosen = [self._kept[round(float(index))] for index in pick]
        sheet = self.folder / f"{self.name}_sheet.png"
        contact_sheet([picture for _, picture in chosen], [words for words, _ in chosen], sheet,
                      columns=3, width=640)
        return [self._video.path, sheet]


def score_table(report: Mapping[str, Any]) -> Table:
    """Returns the scores of a report with their intervals, the best known first."""
    scores, count = report["scores"], report["episodes"]
    table = Table(title=f"{report['env']}: {report['driver']}, {count} "
                        f"episode{'s' if count > 1 else ''}")
    table.add_column("score")
    table.add_column("mean", justify="right")
    if count > 1:
        table.add_column("95 % interval", justify="right")
    names = [name for name in FIRST_SCORES if name in scores]
    names += [name for name in scores if name not in names]
    for name in names:
        row = scores[name]
        span = [f"{number(row['low'])} to {number(row['high'])}"] if count > 1 else []
        table.add_row(label(name), number(row["mean"]), *span)
    return table


def ending(episode: Episode) -> str:
    """Returns one line about an episode that ended."""
    why = episode.end or ("ended" if episode.terminated else "time was up")
    best = next((name for name in FIRST_SCORES if name in episode.score), None)
    points = f"{label(best)} {number(episode.score[best])}, " if best else ""
    return (f"Episode {episode.index + 1}: {label(why)}; {points}reward "
            f"{number(episode.total_reward)} in {episode.length} steps.")


def check_display() -> None:
    """Raises UserError where no window can be opened."""
    display = display_available()
    if not display.is_available:
        raise UserError(
            f"`--render window` must have a display; there is none: {display.reason}. "
            "Use --render video or --render none."
        )


def restart(life: Life, camera: Camera, seed: int) -> None:
    """Begins the life of a seed, and its curves."""
    life.reset(seed)
    camera.clear()


def progress(console: Console) -> Progress:
    """Returns a bar that counts episodes."""
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(),
                                MofNCompleteColumn(), TextColumn("episodes"), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)
