"""Train a mind in any environment, from reward; a run that was stopped goes on with --resume."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mindloop.agent.config import TrainConfig
from mindloop.agent.ids import offer_of
from mindloop.agent.learning.recipes import NEED_EXPERT, recipe
from mindloop.agent.learning.trainer import Progress as Update
from mindloop.agent.learning.trainer import Trainer, read_config
from mindloop.agent.learning.workers import WorkerLost, torchrun_place
from mindloop.agent.scoring import Interval
from mindloop.agent.store import load_mind
from mindloop.agent.viewer.wording import number
from mindloop.agent.world import make_world
from mindloop.errors import UserError
from mindloop.living import DRIVING, LifeOptions, mistakes, settings_of
from mindloop.team import measure, together
from mindloop.tuning import settle

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
    mind: str | None = None
    """Begin with the weights of this mind: its folder, or its name if it ships with mindloop."""
    run: Path | None = None
    """Folder of the run; by default runs/ENV__RECIPE__SEED__TIME."""
    resume: bool = False
    """Go on with the run in that folder."""
    evaluate_every: int = 0
    """Updates between two evaluations in held-out episodes; 0: at the end only."""
    evaluation_episodes: int = 10
    """Held-out episodes of an evaluation."""
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
        config = read_config(options.run) if options.resume and options.run else _plan(options)
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
    with mistakes(ValueError, TypeError, ImportError, WorkerLost), _writable(run), bar:
        result = together(learn, config, run, options.resume, tell, say)
    words = f"{number(result.mean)} ({number(result.low)} to {number(result.high)})"
    say(f"Held-out score {words} in {config.evaluation_episodes} episodes. Mind: {run / 'mind'}")
    return 0


@contextmanager
def _writable(run: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"`--run` must be a folder that can be written; {run}: {error}. What was kept "
            "is whole: mend it, then go on with --resume."
        ) from error


def learn(trainer: Trainer) -> Interval:
    """Trains to the end."""
    return trainer.train()


def steps_in(minutes: float, config: TrainConfig, say: Callable[[str], None]) -> int:
    """Returns how many steps take so long here, by a probe of each phase; evaluations come on top.

    Raises:
      UserError: not one rollout fits into it.
    """
    say("Measuring how fast this machine learns ...")
    share, value = config.imitation.share, config.imitation.value_share
    cost = 0.0  # [s] a step
    for part, imitation in (
        (share + value, replace(config.imitation, share=1.0, value_share=0.0)),
        (1 - share - value, replace(config.imitation, share=0.0, value_share=0.0)),
    ):
        if part > 0:
            probe = replace(config, steps=config.rollout_steps * 10, imitation=imitation)
            with tempfile.TemporaryDirectory() as folder:
                cost += part / together(measure, probe, Path(folder) / "probe")
    rollouts = int(60 * minutes / cost / config.rollout_steps)
    if rollouts < 1:
        raise UserError(
            f"`--minutes` must be at least {config.rollout_steps * cost / 60:.2f} here, one "
            f"rollout; got {minutes}. Ask for more."
        )
    say(f"{1 / cost:,.0f} steps/s: {rollouts * config.rollout_steps:,} steps.")
    return rollouts * config.rollout_steps


def _plan(options: Options) -> TrainConfig:
    """Returns the config that the flags name.

    Raises:
      UserError, ValueError: something is wrong with them.
    """
    found = offer_of(options.env)
    life = LifeOptions(env=options.env, preset=options.preset, set=options.set)
    settings = settings_of(life, found)
    takes = found.defaults or {}
    tests: dict[str, Any] = {k: v for k, v in TESTED_IN.items() if k in takes}
    world = make_world(options.env, 1, settings)
    chosen = recipe(options.recipe, world.spec)
    if options.recipe in NEED_EXPERT and not world.offers("expert"):
        raise UserError(
            f"`--recipe` must be quick-ppo in {options.env}, which has no expert to imitate; got "
            f"{options.recipe}."
        )
    mind = chosen.mind
    if options.mind is not None:
        mind = load_mind(options.mind, world.spec).config
    world.close()
    return TrainConfig(
        env=options.env, settings=settings, test_settings=tests, steps=options.steps,
        seed=options.seed, ppo=chosen.ppo, imitation=chosen.imitation,
        mind=replace(mind, seed=options.seed), begins_as=options.mind or "",
        workers=_workers(options),
        evaluate_every=options.evaluate_every, evaluation_episodes=options.evaluation_episodes,
        target=float("inf") if options.target is None else options.target,
    )  # fmt: skip


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
