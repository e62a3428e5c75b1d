"""What `run`, `evaluate` and `play` share: their flags, and the world and mind that these name."""

from __future__ import annotations

import ast
import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro

from mindloop import __version__, headless
from mindloop.agent.config import (
    DISPOSITIONS,
    EXPERTS,
    EmotionConfig,
    LoopConfig,
    MindConfig,
    ReasoningConfig,
    to_dict,
)
from mindloop.agent.ids import Offer, offer_of
from mindloop.agent.loop import BELIEVING, Life
from mindloop.agent.mind import Mind
from mindloop.agent.reasoning.checking import check
from mindloop.agent.reasoning.language import load as read_rule_file
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.scoring import Interval, summarise
from mindloop.agent.store import load_mind
from mindloop.agent.types import Episode, Modality, Tick, WorldSpec
from mindloop.agent.viewer.recorder import Recorder, beside, stem
from mindloop.agent.world import make_world
from mindloop.errors import UserError, nearest

DRIVING, ROBOT = "mindloop/Driving-v0", "mindloop/Robot-v0"
UNTRAINED = "untrained"
SCORED_WITH = {"end_on_collision": False}  # scores are taken to the end of the route
LOOKING = "camera"  # the setting that draws the camera, which experts and chance don't need
WORDS = {"true": True, "false": False, "none": None}

Driver = Literal["expert", "visible-expert", "perceived-expert", "random", "mind"]


@dataclass(frozen=True)
class LifeOptions:
    """Which life is lived, and by whom."""

    env: tyro.conf.Positional[str] = DRIVING
    """Id of any Gymnasium environment; `module:Env-v0` imports the module first."""
    driver: Driver | None = None
    """Who acts. Default: the mind if one is named, else the world's expert (who sees what is
    true), else a mind that is untrained."""
    preset: str | None = None
    """How full the world is, such as empty, calm or default."""
    split: str | None = None
    """Which towns: train or test."""
    mission: str | None = None
    """What is to be done in every episode, in words such as "go to the red ball"; only in worlds
    that take a mission."""
    seed: int = 0
    """Seed of the first life."""
    mind: str | None = None
    """A mind's folder, or its name if it ships with mindloop."""
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """`name=value`, an argument of the environment; may be given again, and `a.b=1` reaches
    into a. `[1, 2]` is a list, `(1, 2)` a tuple."""
    greedy: bool = False
    """Take the likeliest action instead of a sample."""
    reasoning: Literal["off", "rules", "shield", "both", "full"] | None = None
    """How the mind reasons: not at all, by rules, by the shield, by both, or with look-ahead too.
    Default: as it was trained; by rules where --rules names some."""
    rules: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction] = ()
    """A rule file besides the world's own; may be given again."""
    emotion: Literal["off", "on"] | None = None
    """Whether the mind feels. Default: as it was trained."""
    disposition: Literal["calm", "bold", "anxious", "curious"] | None = None
    """How it feels: a temperament in place of that with which it was trained."""
    oracle: bool = False
    """An ablation: the mind reasons on what is true in place of what it believes."""


def settings_of(options: LifeOptions, offer: Offer) -> dict[str, Any]:
    """Returns the environment's arguments that the flags name.

    Raises:
      UserError: a malformed --set, or something that the environment doesn't take.
    """
    settings: dict[str, Any] = {}
    for name in ("preset", "split"):
        value = getattr(options, name)
        if value is not None:
            if offer.defaults is not None and name not in offer.defaults:
                raise UserError(f"`--{name}` must be left out: {options.env} has no {name}s.")
            settings[name] = value
    if options.mission is not None:
        if "mission" not in (offer.defaults or {}):
            raise UserError(f"`--mission` must be left out: {options.env} takes no missions. "
                            f"{ROBOT} does.")
        settings["mission"] = options.mission
    for entry in options.set:
        name, equals, value = entry.partition("=")
        if not equals or not name:
            raise UserError(f"`--set` must be name=value; got {entry!r}. Write --set fog=0.5.")
        *outer, last = name.split(".")
        argument = (*outer, last)[0]
        if offer.defaults is not None and argument not in offer.defaults:
            raise UserError(
                f"`--set {argument}` must name an argument of {options.env}. "
                f"{nearest(argument, offer.defaults)}"
            )
        inner = settings
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = _value(value)
    return settings


def _value(text: str) -> Any:
    """Returns what `text` reads as, as json or as Python has it, else the text."""
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    for read in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError):
            return read(text)
    return text


@dataclass(frozen=True)
class Plan:
    """A life that can be begun, here or in another process: plain values only."""

    env: str
    settings: Mapping[str, Any]
    """The environment's arguments, those that scoring adds included."""
    driver: str
    mind: str | None
    greedy: bool
    oracle: bool
    reasoning: ReasoningConfig | None
    """How the mind reasons; None: as it was saved."""
    emotion: EmotionConfig | None
    """How the mind feels; None: as it was saved."""
    asked: Mapping[str, Any]
    """What the user asked for, for the report."""
    notes: tuple[str, ...] = ()
    """What the user should know of the rules."""


def plan(
    options: LifeOptions,
    needs_camera: bool,
    renders: bool = False,
    prefers: Mapping[str, Any] | None = None,
) -> Plan:
    """Returns what the flags mean, after checking all that can be checked cheaply.

    Args:
      options: the flags.
      needs_camera: whether someone looks, though the driver may not.
      renders: whether pictures of the world are wanted.
      prefers: arguments to give, where the environment takes them and the user doesn't.
    Raises:
      UserError: something is wrong with the flags.
    """
    if options.seed < 0:
        raise UserError(f"`--seed` must be at least 0; got {options.seed}. Give a whole number.")
    if options.mind is not None and options.driver not in ("mind", None):
        needs_camera = True  # the mind watches
    if renders:
        headless.prepare(draws=True)
    offer = _offer(options.env)
    asked = settings_of(options, offer)
    takes = offer.defaults or {}
    wanted = {**SCORED_WITH, **(prefers or {})}
    settings = {name: value for name, value in wanted.items() if name in takes}
    if renders and offer.draws:
        settings["render_mode"] = "rgb_array"
    with mistakes():
        world = make_world(options.env, 1, {**settings, **asked})
        if options.mission is not None:
            world.env.reset(seed=options.seed)  # words may be right, and what they ask impossible
        has_expert = world.offers("expert")
        spec = world.spec
        world.close()
    driver = options.driver
    if driver is None:
        driver = "mind" if options.mind or not has_expert else "expert"
    if driver in EXPERTS and not has_expert:
        raise UserError(
            f"`--driver` must be mind or random: {options.env} has no expert; got {driver!r}."
        )
    if driver != "mind" and not needs_camera and LOOKING in takes:
        settings[LOOKING] = False
    if driver == BELIEVING and options.mind is None:
        raise UserError(f"`--driver {BELIEVING}` must come with --mind, whose beliefs it takes.")
    reasoning = reasoning_of(options.reasoning, options.rules)
    if reasoning is not None and driver != "mind" and options.mind is None:
        raise UserError(f"`--reasoning` must have a mind that reasons; the driver is {driver}.")
    emotion = emotion_of(options.emotion, options.disposition)
    if emotion and emotion.use == "on" and driver != "mind" and options.mind is None:
        raise UserError(f"`--emotion` must have a mind that feels; the driver is {driver}.")
    if options.oracle and (driver != "mind" or not spec.facts):
        lacks = f"{options.env} states no facts" if driver == "mind" else f"the driver is {driver}"
        raise UserError(f"`--oracle` must have a mind, and facts to tell it; {lacks}.")
    notes: tuple[str, ...] = ()
    with mistakes():
        if options.mind is not None:
            notes = rule_remarks(load_mind(options.mind, spec, reasoning, emotion))
        elif reasoning is not None:
            notes = rule_remarks(Mind(spec, MindConfig(reasoning=reasoning)))
    settings |= asked
    made = Plan(
        env=options.env,
        settings=settings,
        driver=driver,
        mind=options.mind,
        greedy=options.greedy,
        oracle=options.oracle,
        reasoning=reasoning,
        emotion=emotion,
        asked={
            "preset": settings.get("preset", takes.get("preset")),
            "set": {k: v for k, v in asked.items() if k not in ("preset", "split")},
            "split": settings.get("split", takes.get("split")),
        },
        notes=notes,
    )
    if made.oracle and reasons_of(made).use == "off":
        raise UserError("`--oracle` must have reasoning, which it tells; `off` listens to none.")
    return made


def reasoning_of(use: str | None, rules: Sequence[Path]) -> ReasoningConfig | None:
    """Returns how the flags say that a mind reasons; None where they say nothing.

    Raises:
      UserError: a rule file can't be read, or two have one name.
    """
    if use is None and not rules:
        return None
    if rules and use in ("off", "shield"):
        raise UserError(f"`--rules` must come with reasoning by rules; got --reasoning {use}.")
    with mistakes():
        texts = {path.name: read_rule_file(path) for path in rules}
    if len(texts) < len(rules):
        raise UserError("`--rules` must name files of different names. Rename one.")
    return ReasoningConfig(use=use or "rules", rules=texts)


def emotion_of(use: str | None, disposition: str | None) -> EmotionConfig | None:
    """Returns how the flags say that a mind feels; None where they say nothing.

    Raises:
      UserError: a temperament for a mind that is to feel nothing.
    """
    if disposition is not None:
        if use == "off":
            raise UserError("`--disposition` must come with feelings; got --emotion off.")
        return DISPOSITIONS[disposition]
    return None if use is None else EmotionConfig(use=use)


def _offer(env: str) -> Offer:
    with mistakes():
        return offer_of(env)


@contextmanager
def mistakes(*kinds: type[Exception]) -> Iterator[None]:
    """Turns errors into messages: of these kinds, or else those that a wrong flag causes."""
    shown = kinds or (ValueError, TypeError, ImportError, OSError)
    try:
        yield
    except shown as error:
        said = str(error)
        if isinstance(error, OSError) and error.filename is not None:
            said = f"`{error.filename}` must be usable; got: {error.strerror}. Name another place."
        raise UserError(said) from error


def check_files(record: Path | None, report: Path | None) -> None:
    """Raises UserError where the files that are asked for at the end can't be written."""
    if report is None:
        return
    if record is not None and report.resolve() == beside(stem(record), ".json").resolve():
        raise UserError(
            f"`--json` must be another file than the record's own {report}. "
            "Choose another name for one of them."
        )
    with mistakes():
        report.parent.mkdir(parents=True, exist_ok=True)
    if report.is_dir():
        raise UserError(f"`--json` must be a file; {report} is a folder. Name a file in it.")


def remarks(life: Life) -> list[str]:
    """Returns what a user should know of a life that has just begun."""
    found = list(life.world.remarks)
    for part in life.world.spec.parts:
        pixels = life.observation.parts[part.name]
        is_even = part.modality is Modality.IMAGE and bool((pixels == pixels.flatten()[0]).all())
        if is_even and "SDL_VIDEODRIVER" in os.environ:
            found.append(f"`{part.name}` is one even colour; some environments draw nothing where "
                         "SDL_VIDEODRIVER is set. Unset it")
    return found


def rule_remarks(mind: Mind) -> tuple[str, ...]:
    """Returns what is odd about the rules that a mind reasons by; only if the user added some."""
    reasoner = mind.reasoner
    if not isinstance(reasoner, Reasoner) or not reasoner.config.rules:
        return ()
    return tuple(check(reasoner.book))


def begin(made: Plan, lanes: int, seed: int, watched: bool = False) -> Life:
    """Returns a life that has begun in `lanes` lanes, the first with this seed.

    Args:
      made: what `plan` returned.
      lanes: lives side by side.
      seed: lane i lives the life of seed + i.
      watched: whether an untrained mind looks on where no other mind is named.
    """
    torch.set_num_threads(1)  # two on such small nets are slower than one
    # other people's environments draw from these as well, in spite of Gymnasium's own generator
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    world = make_world(made.env, lanes, made.settings)
    config = LoopConfig(made.driver, seed, made.greedy, made.oracle)
    life = Life(world, config, _mind(made, world.spec, watched))
    life.reset()
    return life


def _mind(made: Plan, spec: WorldSpec, watched: bool) -> Mind | None:
    if made.mind is not None:
        return load_mind(made.mind, spec, made.reasoning, made.emotion)
    if made.driver == "mind" or watched:
        config = MindConfig(reasoning=reasons_of(made), emotion=feels_of(made))
        return Mind(spec, config).eval()
    return None


def open_recorder(path: Path | None, made: Plan, seed: int) -> Recorder | None:
    """Returns a recorder with all that a replay needs; None where nothing is to be kept."""
    if path is None:
        return None
    header = {"env": made.env, "settings": dict(made.settings), "driver": made.driver,
              "mind": made.mind, "greedy": made.greedy, "oracle": made.oracle, "seed": seed,
              "settings_literal": repr(dict(made.settings)),  # json has no tuples
              "reasoning": to_dict(reasons_of(made)), "emotion": to_dict(feels_of(made))}
    with mistakes():
        return Recorder(path, header)


def keep(recorder: Recorder | None, tick: Tick) -> None:
    """Records a tick if there is a recorder."""
    if recorder is not None:
        recorder.tick(tick)


def report(made: Plan, episodes: Sequence[Episode], seed: int) -> dict[str, Any]:
    """Returns the scores of some episodes and all that they depend on, ready for json."""
    scores = summarise(episodes)
    return {
        "env": made.env,
        "driver": made.driver,
        "mind": made.mind or (UNTRAINED if made.driver == "mind" else None),
        "preset": made.asked["preset"],
        "set": made.asked["set"],
        # the driver, or what reasons, is told what is true: no sensor, no perception
        "oracle": made.driver == "expert" or made.oracle,
        "reasoning": None if made.driver != "mind" else reasons_of(made).use,
        "emotion": to_dict(feels_of(made)) if made.driver == "mind" else None,
        "split": made.asked["split"],
        "episodes": len(episodes),
        "seed": seed,
        "greedy": made.greedy,
        "version": __version__,
        "scores": {name: _row(found) for name, found in scores.items()},
    }


def reasons_of(made: Plan) -> ReasoningConfig:
    """Returns how the plan's mind reasons."""
    if made.reasoning is not None:
        return made.reasoning
    return load_mind(made.mind).config.reasoning if made.mind else ReasoningConfig()


def feels_of(made: Plan) -> EmotionConfig:
    """Returns how the plan's mind feels."""
    if made.emotion is not None:
        return made.emotion
    return load_mind(made.mind).config.emotion if made.mind else EmotionConfig()


def _row(found: Interval) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high}


def write_report(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a report as json; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
