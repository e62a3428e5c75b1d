"""What programs show of a life: the window's frames, videos and tables of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from torch import Tensor

from mindloop.agent.loop import PERSON, Life
from mindloop.agent.mind import Mind
from mindloop.agent.reasoning.explain import explain
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.saliency import Saliency
from mindloop.agent.types import Episode, Modality, Tick, Trace
from mindloop.agent.viewer import notes
from mindloop.agent.viewer.frame import Frame, History, Setting
from mindloop.agent.viewer.recorder import Recorder
from mindloop.agent.viewer.screen import draw
from mindloop.agent.viewer.video import Video, contact_sheet
from mindloop.agent.viewer.window import Window, display_available
from mindloop.agent.viewer.wording import label, number
from mindloop.agent.world import World
from mindloop.errors import UserError
from mindloop.living import UNTRAINED, Plan

WORLD_SIZE = (800, 600)  # [px] of the picture of a world that draws any size
FILM_SIZE = (1280, 800)  # [px]
FILM_SPEED = 2.0  # times real time
FILM_RATE = 30.0  # [1/s] where the environment doesn't say how fast it is
SHEET_PICTURES = 12
FIRST_SCORES = ("driving_score_2_0", "driving_score_2_1", "route_completion", "success")


def draws(world: World) -> bool:
    """Tells whether a world gives pictures of itself."""
    return world.offers("picture") or bool(world.env.render_mode == "rgb_array")


class Camera:
    """Turns one lane of a life into frames for the window, and keeps its curves."""

    def __init__(
        self, life: Life, made: Plan, lane: int = 0, reasoner: Reasoner | None = None
    ) -> None:
        """Looks at one lane of `life`, which was made as `made` says.

        Args:
          reasoner: says why; None: the life's own, if its mind reasons.
        """
        self.life = life
        self.made = made
        self.lane = lane
        self.history = History()
        self.episode = 0
        self.step = 0
        self._can_draw = draws(life.world)
        own = None if life.mind is None else life.mind.reasoner
        self._reasoner = reasoner or (own if isinstance(own, Reasoner) else None)
        self._last: Tensor | None = None  # what was done before, [B, ...]
        self._memory: Tensor | None = None  # that before the tick, [B, M]
        self._saliency: Saliency | None = None

    def add(self, tick: Tick) -> None:
        """Takes one step of the life into the curves."""
        lane = self.lane
        value = None if tick.trace is None else float(tick.trace.decision.value[lane])
        terms = {name: float(term[lane]) for name, term in tick.reward_terms.items()}
        felt = None
        if tick.trace is not None:
            pleasure, arousal, _ = tick.trace.affect.pad[lane].tolist()
            felt = (pleasure, arousal)
        self.history.add(value, float(tick.reward[lane]), terms, felt)
        self.step += 1
        if tick.trace is not None:
            self._last, self._memory = tick.trace.decision.action, tick.trace.percept.memory
        if tick.terminated[lane] or tick.truncated[lane]:
            self.clear(self.episode + 1)

    def clear(self, episode: int = 0) -> None:
        """Begins the curves anew."""
        self.history.clear()
        self._last = self._memory = None
        self.step, self.episode = 0, episode

    def frame(
        self, by_hand: Any = None, trace: Trace | None = None, driver: str = "",
        saliency: bool = False,
    ) -> Frame:  # fmt: skip
        """Returns what is so now: seen, believed, true, about to be done.

        Args:
          by_hand: actions that will be executed in place of the driver's.
          trace: what was believed, where it was recorded.
          driver: who acts, if not the life's driver.
          saliency: whether to show what in the picture the mind's action hangs on.
        """
        life, world, lane = self.life, self.life.world, self.lane
        spec, infos = world.spec, life.infos
        trace = life.trace if trace is None else trace
        name = driver or life.driver
        is_acting = name == "mind" and by_hand is None and trace is not None
        mind_name = self.made.mind or UNTRAINED
        titles = {"mind": f"mind, {mind_name}", "expert": "expert, who is told the truth",
                  "visible-expert": "expert, told what sensors could see",
                  "perceived-expert": "expert, told what the mind believes", PERSON: "you"}
        frame = Frame(env=spec.env, driver=titles.get(name, name),
                      history=self.history, believed_by=mind_name, step=self.step,
                      episode=self.episode + 1, seed=life.seed + lane,
                      score=world.score_so_far(lane),
                      world=world.picture(lane, "world", *WORLD_SIZE) if self._can_draw else None)
        frame = replace(frame, caption=world.caption)
        frame = notes.with_truth(frame, spec, life.truth, lane)
        if spec.rate:
            frame = replace(frame, seconds=self.step / spec.rate)
        town, home = (self._place(infos, name) for name in ("town", "home"))
        frame = replace(frame, town=town, home=home)
        if trace is not None:
            frame = notes.with_mind(frame, spec, trace, lane, is_acting)
            if is_acting and self._reasoner is not None:
                frame = replace(frame, reasons=self._reasons(self._reasoner, trace))
            if is_acting and saliency and life.mind is not None:
                frame = self._with_saliency(frame, life.mind, trace)
        else:
            parts = life.observation.parts
            frame = replace(frame, inputs={name: parts[name][lane].numpy() for name in parts})
        if not is_acting:
            frame = self._with_actions(frame, life.intention if by_hand is None else by_hand)
        return self._with_labels(self._with_vectors(self._with_words(frame)))

    def _place(self, infos: Mapping[str, Any], name: str) -> int | None:
        """Returns the number of the place where the episode goes on, if the world tells one."""
        found = np.asarray(infos.get(name, ()))
        is_told = found.ndim == 1 and found.dtype.kind in "iu" and len(found)
        return int(found[self.lane]) if is_told else None

    def _reasons(self, reasoner: Reasoner, trace: Trace) -> tuple[str, ...]:
        """Returns why it will do what it is about to."""
        last = self._last
        if last is None:
            last = torch.zeros_like(trace.decision.action)
        return explain(reasoner, trace, last, self.lane).lines

    def _with_saliency(self, frame: Frame, mind: Mind, trace: Trace) -> Frame:
        """Adds Grad-CAM, or says why it can't be."""
        try:
            self._saliency = self._saliency or Saliency(mind)
        except ValueError as problem:
            return replace(frame, saliency_note=str(problem))
        memory = self._memory
        if memory is None:
            memory = mind.perception.initial_memory(self.life.world.num_envs)
        note = "Grad-CAM, exploratory: what speaks for the action that the policy proposes"
        return replace(
            frame, saliency=self._saliency.of(trace, memory, self.lane), saliency_note=note
        )

    def _with_words(self, frame: Frame) -> Frame:
        """Shows what can be said in words as words, in place of tokens and one-hots; and what it
        was told to do."""
        words, world = self.life.words(self.lane), self.life.world
        inputs = {name: part for name, part in frame.inputs.items() if name not in words}
        mission: tuple[tuple[str, bool], ...] = ()
        if world.takes_commands:
            said = tuple((words[one.part.name], False) for one in world.readers
                         if one.vocabulary and one.part.name in words)  # fmt: skip
            mission = world.mission(self.lane) or said or (("none", False),)
            shown = {part for part, _ in mission}
            words = {name: text for name, text in words.items() if text not in shown}
        return replace(frame, inputs=inputs, words=words, mission=mission)

    def _with_actions(self, frame: Frame, actions: Any) -> Frame:
        """Adds what is about to be done by a driver that is no mind."""
        spec, writer = self.life.world.spec.actions, self.life.world.writer
        chosen = writer.read(actions)[self.lane].numpy()
        if not spec.is_box:
            allowed = self.life.observation.available[self.lane].numpy()
            return replace(frame, choices=notes.choices(spec, chosen, allowed=allowed))
        names = spec.names or tuple(f"axis {k}" for k in range(spec.width))
        return replace(frame, settings=tuple(
            Setting(names[k], float(chosen[k]), spec.low[k], spec.high[k])
            for k in range(spec.width)))

    def _with_vectors(self, frame: Frame) -> Frame:
        """Takes vectors whose numbers have names out of the inputs, and shows them as gauges, or
        what rays measured round the agent."""
        inputs, gauges, command = dict(frame.inputs), list[Setting](), frame.command
        marks: dict[str, str] = {}
        spec = self.life.world.spec
        rays = spec.motion.get("ranges", {})
        if rays.get("part") in inputs and not rays.get("first"):
            part = str(rays["part"])
            frame = replace(frame, ranges=inputs.pop(part), ranges_most=float(rays["range"]),
                            ranges_name=part)
        for name, columns in spec.vectors.items():
            if name not in inputs:
                continue
            values = inputs.pop(name)
            if "low" not in columns[0]:
                command = str(columns[int(np.argmax(values))]["name"])
                continue
            gauges += gauges_of(columns, values)
            marks |= marks_of(columns, values)
        return replace(frame, inputs=inputs, gauges=tuple(gauges), command=command, marks=marks)

    def _with_labels(self, frame: Frame) -> Frame:
        spec, world = self.life.world.spec, self.life.world
        images = [part for part in spec.parts if part.modality is Modality.IMAGE]
        if not (spec.labels and images and world.offers("picture")):
            return frame
        height, width = images[0].shape[:2]
        labels = world.picture(self.lane, "labels", width, height)
        return replace(frame, labels=labels, label_classes=spec.labels)


def gauges_of(columns: Sequence[Mapping[str, Any]], values: NDArray[Any]) -> list[Setting]:
    """Returns the numbers of a vector as gauges; a cosine and its sine as one angle.

    An angle whose cosine and sine are 0 is not there, nor is what is told with it.
    """
    gauges, angles = [], dict[str, complex]()
    for column, value in zip(columns, values, strict=True):
        if column.get("told") in ("cos", "sin"):
            turn = complex(value, 0.0) if column["told"] == "cos" else complex(0.0, value)
            angles[str(column["as"])] = angles.get(str(column["as"]), 0j) + turn
    for column, value in zip(columns, values, strict=True):
        told, name = column.get("told", ""), str(column["name"])
        low, high, unit = column["low"], column["high"], str(column["unit"])
        if told in ("mark", "sin") or (told in ("cos", "with") and not angles[str(column["as"])]):
            continue
        if told == "cos":
            name, unit, low, high = str(column["as"]), "rad", -np.pi, np.pi
            value = np.angle(angles[name])
        if unit.startswith("rad"):
            low, high = high, low  # left is positive
        gauges.append(Setting(name, float(value), low, high, unit))
    return gauges


def marks_of(columns: Sequence[Mapping[str, Any]], values: NDArray[Any]) -> dict[str, str]:
    """Returns {what is marked: the marks that are set, in words} of a vector."""
    every: dict[str, list[str]] = {}
    for column, value in zip(columns, values, strict=True):
        if column.get("told") == "mark":
            whole = str(column["as"])
            name = str(column["name"]).removeprefix(whole).strip() or "yes"
            every.setdefault(whole, []).extend([name] if value > 0.5 else [])
    alone = {str(column["name"]) for column in columns}
    return {whole: ", ".join(found) or ("no" if whole in alone else "nothing")
            for whole, found in every.items()}


class Filming:
    """Writes a video of a life and, from the same pictures, a contact sheet."""

    def __init__(self, folder: Path, name: str, rate: float) -> None:
        """Makes `folder`/`name`.mp4; it shows life at FILM_SPEED.

        Args:
          folder: made if need be.
          name: of the file, without .mp4.
          rate: decisions a second; 0 where the environment doesn't say.
        Raises:
          OSError: the folder can't be made.
        """
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self._video = Video(folder / f"{name}.mp4", FILM_SPEED * rate if rate else FILM_RATE)
        self._kept: list[tuple[str, NDArray[np.uint8]]] = []
        self._every = 1

    def add(self, frame: Frame) -> None:
        """Appends a frame."""
        count = self._video.pictures
        picture = draw(frame, FILM_SIZE)
        self._video.add(picture)
        if count % self._every == 0:
            when = "" if frame.seconds is None else f", {frame.seconds:.1f} s"
            self._kept.append((f"episode {frame.episode}, step {frame.step}{when}", picture))
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


def belief_tables(
    rows: Sequence[Mapping[str, Any]], risk: Mapping[str, float],
    fear: Mapping[str, float] | None = None,
) -> list[Table]:  # fmt: skip
    """Returns what was believed against what was so: numbers, booleans, risk and what is feared."""
    numbers = Table(title="beliefs in numbers")
    booleans = Table(title="beliefs that are true or false")
    for table, columns in (
        (numbers, ("median error", "90 % within", "in the 95 % interval")),
        (booleans, ("right", "how often true", "calibration error")),
    ):
        table.add_column("fact")
        table.add_column("where")
        for column in ("moments", *columns):
            table.add_column(column, justify="right")
    for row in rows:
        first = (label(row["fact"]), row["where"], f"{row['moments']:,}")
        if "right" in row:
            rest = ("base_rate", "calibration_error")
            words = [f"{row[name]:.3f}" if name in row else "" for name in rest]
            booleans.add_row(*first, f"{100 * row['right']:.1f} %", *words)
        else:
            sizes = [f"{row[name]:.3g} {row['unit']}" for name in ("median_error", "error_90")]
            numbers.add_row(*first, *sizes, f"{100 * row['coverage_95']:.1f} %")
    third = Table(title="failure within 10 steps")
    third.add_column("measure")
    for column in ("risk", "fear") if fear else ("risk",):
        third.add_column(column, justify="right")
    for name in risk:
        third.add_row(label(name), *(number(one[name]) for one in (risk, fear) if one))
    return [numbers, booleans, third]


def harm_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Returns how often each ethic rule applied and was broken, by whom it protects."""
    table = Table(title="rules that can't be outweighed, on what was so")
    for column in ("rule", "nearest ahead"):
        table.add_column(column)
    for column in ("situations", "broken", "part"):
        table.add_column(column, justify="right")
    for row in rows:
        part = f"{100 * row['broken'] / row['situations']:.0f} %"
        table.add_row(label(row["rule"]), row["whom"], f"{row['situations']:,}",
                      f"{row['broken']:,}", part)
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


def restart(life: Life, camera: Camera, seed: int, recorder: Recorder | None = None) -> None:
    """Begins the life of a seed, and its curves; a recorder notes it for the replay."""
    life.reset(seed)
    camera.clear()
    if recorder is not None:
        recorder.episode({"restart": seed})


def tell(life: Life, window: Window, words: str, recorder: Recorder | None = None) -> None:
    """Gives a life what was typed in the window, or shows there why it can't be; a recorder notes
    it for the replay."""
    try:
        life.command(words)
    except ValueError as problem:
        window.answer(str(problem))
        return
    window.answer()
    window.say(f"Told: {words}")
    if recorder is not None:
        recorder.episode({"command": words})


def progress(console: Console, what: str = "episodes") -> Progress:
    """Returns a bar that counts."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                    TextColumn(what), TimeRemainingColumn(), console=console, transient=True)
