"""Train a mind in any environment, from reward; a run that was stopped goes on with --resume."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mindloop.agent.config import TrainConfig, to_dict
from mindloop.agent.ids import offer_of
from mindloop.agent.learning.pretrained import perception_config
from mindloop.agent.learning.recipes import NEED_EXPERT, recipe
from mindloop.agent.learning.run_folder import read_config
from mindloop.agent.learning.trainer import Progress as Update
from mindloop.agent.learning.vectorise import choose
from mindloop.agent.learning.workers import WorkerLost, torchrun_place
from mindloop.agent.mind import Mind
from mindloop.agent.store import load_mind
from mindloop.agent.viewer.wording import number
from mindloop.agent.world import make_world
from mindloop.errors import UserError
from mindloop.living import (
    DRIVING,
    LifeOptions,
    emotion_of,
    mistakes,
    reasoning_of,
    rule_remarks,
    settings_of,
)
from mindloop.together import learn, steps_in, together
from mindloop.tuning import settle

VALUES_FIRST = 0.04  # part of a run that goes on from another mind
LIVED = 2000  # ticks of each lane between two checkpoints, where each cuts all episodes short
TESTED_IN = {"split": "test", "end_on_collision": False}  # where the environment takes them


@dataclass(frozen=True)
class Options:
    """What `mindloop train` is asked for."""

    env: tyro.conf.Positional[str] = DRIVING
    """Id of any Gymnasium environment; `module:Env-v0` imports the module first."""
    steps: int = 200_000
    """Steps of the agent, all lanes together."""
    minutes: float | None = None
    """Train for about so long: a probe at the beginning turns it into steps."""
    seed: int = 0
    """Of first weights, lives and minibatches."""
    recipe: str = "quick-ppo"
    """Named settings: quick-ppo (from reward alone), quick-imitation (from the world's expert),
    driving (from the expert, then from reward; what ships)."""
    preset: str | None = None
    """How full the world is, such as empty, calm or default."""
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """`name=value`, an argument of the environment; may be given again."""
    workers: int = 1
    """Processes that live and learn together; one for each core that is free."""
    recordings: tuple[str, ...] = ()
    """Imitate these lives, as `mindloop play --record FILE` keeps them, in place of the expert."""
    device: str = "cpu"
    """Where learning computes: cpu, or cuda where there is one."""
    vectorisation: Literal["auto", "sync", "async", "native"] = "auto"
    """How lanes go together: one after the other, in other processes, or all at once in the
    environment's own batched form; auto tries what there is for about a second each."""
    mind: str | None = None
    """Begin with the weights of this mind: its folder, or its name if it ships with mindloop."""
    perception: str | None = None
    """Begin with the image encoder that `mindloop perceive` wrote into this folder, or with the
    whole perception of this mind (its folder or name); the mind takes how that is built."""
    reasoning: Literal["off", "rules", "shield", "both", "full"] | None = None
    """How the mind reasons while it learns: not at all, by rules, by the shield, by both, or with
    look-ahead too; by rules where --rules names some."""
    emotion: Literal["off", "on"] | None = None
    """Whether the mind feels while it learns; a mind that goes on does as before."""
    disposition: Literal["calm", "bold", "anxious", "curious"] | None = None
    """How it feels: a temperament."""
    rules: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction] = ()
    """A rule file besides the world's own; may be given again."""
    run: Path | None = None
    """Folder of the run; by default runs/ENV__RECIPE__SEED__TIME."""
    resume: bool = False
    """Go on with the run in that folder."""
    checkpoint_every: int | None = None
    """Updates between two checkpoints: 10, or more where episodes can't be gone on with and begin
    anew at each."""
    evaluate_every: int = 0
    """Updates between two evaluations in held-out episodes; 0: at the end only."""
    evaluation_episodes: int = 10
    """Held-out episodes of an evaluation."""
    wandb: str | None = None
    """Also show the curves on Weights & Biases in this project (extra `wandb`; WANDB_MODE=offline
    keeps them here)."""
    target: float | None = None
    """End early at this mean score (driving score, or total reward)."""


def main(options: Options) -> int:
    """Trains, says where the mind is, and returns the exit code."""
    settle()
    console = Console()
    place = torchrun_place()
    is_leader = place is None or place[0] == 0

    def say(words: str) -> None:
        if is_leader:
            console.print(words, markup=False, highlight=False)

    if options.resume and options.run is None:
        raise UserError("`--resume` must be given with `--run FOLDER`, the run to go on with.")
    with mistakes():
        config = (
            read_config(options.run) if options.resume and options.run
            else _vectorised(_plan(options, say), say)
        )  # fmt: skip
        if options.minutes is not None and not options.resume:
            config = replace(config, steps=steps_in(options.minutes, config, say))
        run = options.run or _folder(options)
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(),
                   console=console, transient=True, disable=not is_leader)
    task = bar.add_task("beginning", total=config.updates)

    def tell(update: Update) -> None:
        words = (f"{update.phase}: steps {update.steps:,}, {update.speed:,.0f}/s, "
                 f"reward {update.recent:.1f}")
        bar.update(task, completed=update.update, description=words)

    say(f"Run: {run}")
    if options.wandb is not None and is_leader:
        _mirror(options.wandb, run, config)
    with mistakes(ValueError, TypeError, ImportError, WorkerLost), _writable(run), bar:
        result = together(learn, config, run, options.resume, tell, say)
    words = f"{number(result.mean)} ({number(result.low)} to {number(result.high)})"
    say(f"Held-out score {words} in {config.evaluation_episodes} episodes. Mind: {run / 'mind'}")
    return 0


def _mirror(project: str, run: Path, config: TrainConfig) -> None:
    """Has Weights & Biases show whatever TensorBoard is told from now on.

    Raises:
      UserError: it isn't installed.
    """
    try:
        wandb = importlib.import_module("wandb")
    except ImportError as error:
        raise UserError(
            "`--wandb` must have the package wandb. Run pip install wandb, or leave it out."
        ) from error
    run.mkdir(parents=True, exist_ok=True)
    wandb.init(project=project, name=run.name, id=run.name, resume="allow", dir=str(run),
               config=to_dict(config), sync_tensorboard=True)


@contextmanager
def _writable(run: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"`--run` must be a folder that can be written; {run}: {error}. What was kept "
            "is whole: mend it, then go on with --resume."
        ) from error


def _plan(options: Options, say: Callable[[str], None]) -> TrainConfig:
    """Returns the config that the flags name.

    Raises:
      UserError, ValueError: something is wrong with them.
    """
    found = offer_of(options.env)
    life = LifeOptions(env=options.env, preset=options.preset, set=options.set)
    settings = settings_of(life, found)
    takes = found.defaults or {}
    tests: dict[str, Any] = {k: v for k, v in TESTED_IN.items() if k in takes}
    asked = "" if options.vectorisation == "auto" else options.vectorisation
    world = make_world(options.env, 1, settings, asked)
    chosen = recipe(options.recipe, world.spec, world.is_native, options.mind is not None)
    if chosen.rewards and "reward" in takes:
        settings["reward"] = {**chosen.rewards, **settings.get("reward", {})}
    needs_expert = options.recipe in NEED_EXPERT and not options.recordings
    if needs_expert and not world.offers("expert"):
        raise UserError(
            f"`--recipe` must be quick-ppo in {options.env}, which has no expert to imitate; got "
            f"{options.recipe}."
        )
    mind, imitation = chosen.mind, chosen.imitation
    if options.mind is not None:
        mind = load_mind(options.mind, world.spec).config
        if not imitation.teaches:  # rewards may be scaled anew: values first
            imitation = replace(imitation, value_share=VALUES_FIRST)
    if options.perception is not None:
        eyes = perception_config(
            options.perception, world.spec, mind.perception, takes=options.mind is None
        )
        mind = replace(mind, perception=eyes)
    emotion = emotion_of(options.emotion, options.disposition)
    if emotion is not None:
        mind = replace(mind, emotion=emotion)
    reasoning = reasoning_of(options.reasoning, options.rules)
    if reasoning is not None:
        mind = replace(mind, reasoning=reasoning)
        for note in rule_remarks(Mind(world.spec, mind)):
            say(f"Note: {note}")
    Mind(world.spec, mind)  # a rule that can't be understood is told at once
    every = options.checkpoint_every
    if every is None:
        every = 10 if world.is_resumable else max(10, -(-LIVED // chosen.ppo.ticks))
    world.close()
    return TrainConfig(
        env=options.env, settings=settings, test_settings=tests, steps=options.steps,
        seed=options.seed, ppo=chosen.ppo, imitation=imitation, auxiliary=chosen.auxiliary,
        mind=replace(mind, seed=options.seed), begins_as=options.mind or "",
        recordings=options.recordings, device=_device(options.device),
        perception_from=options.perception or "",
        workers=_workers(options), vectorisation=asked,
        checkpoint_every=every, evaluate_every=options.evaluate_every,
        evaluation_episodes=options.evaluation_episodes,
        target=float("inf") if options.target is None else options.target,
    )  # fmt: skip


def _device(name: str) -> str:
    """Returns the device's name if torch can compute there.

    Raises:
      UserError: it can't.
    """
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        said = str(error).split("\n")[0]
        raise UserError(f"`--device` must be one that torch has here; {name}: {said}") from error
    return name


def _vectorised(config: TrainConfig, say: Callable[[str], None]) -> TrainConfig:
    """Returns the config with how its lanes go together, by a probe if it was not asked for."""
    if config.vectorisation:
        return config
    choice = choose(config)
    if choice.speeds:
        say(str(choice))
    return replace(config, vectorisation=choice.vectorisation)


def _workers(options: Options) -> int:
    """Returns how many processes learn.

    Raises:
      UserError: torchrun started another number.
    """
    place = torchrun_place()
    if place is not None and options.workers not in (1, place[1]):
        raise UserError(
            f"`--workers` must be left out under torchrun, which started {place[1]}; got "
            f"{options.workers}."
        )
    if options.workers < 1:
        raise UserError(f"`--workers` must be at least 1; got {options.workers}. Leave it out.")
    return place[1] if place else options.workers


def _folder(options: Options) -> Path:
    name = options.env.rpartition(":")[2].replace("/", "-")
    now = time.strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{name}__{options.recipe}__{options.seed}__{now}"
