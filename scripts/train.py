"""Train a mind in any environment, from reward; a run that was stopped goes on with --resume."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mindloop.agent.config import TrainConfig
from mindloop.agent.ids import offer_of
from mindloop.agent.learning.recipes import recipe
from mindloop.agent.learning.trainer import Progress as Update
from mindloop.agent.learning.trainer import Trainer, read_config
from mindloop.agent.viewer.wording import number
from mindloop.agent.world import make_world
from mindloop.errors import UserError
from mindloop.living import DRIVING, LifeOptions, mistakes, settings_of

TESTED_IN = {"split": "test", "end_on_collision": False}  # where the environment takes them


@dataclass(frozen=True)
class Options:
    """What `mindloop train` is asked for."""

    env: tyro.conf.Positional[str] = DRIVING
    """Id of any Gymnasium environment; `module:Env-v0` imports the module first."""
    steps: int = 200_000
    """Steps of the agent, all lanes together."""
    seed: int = 0
    """Of first weights, lives and minibatches."""
    recipe: str = "quick-ppo"
    """Named settings."""
    preset: str | None = None
    """How full the world is, such as empty, calm or default."""
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """`name=value`, an argument of the environment; may be given again."""
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
    torch.set_num_threads(1)  # two on such small nets are slower than one
    console = Console()

    def say(words: str) -> None:
        console.print(words, markup=False, highlight=False)

    if options.resume and options.run is None:
        raise UserError("`--resume` must be given with `--run FOLDER`, the run to go on with.")
    with mistakes():
        config = read_config(options.run) if options.resume and options.run else _plan(options)
        run = options.run or _folder(options)
        bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(),
                       console=console, transient=True)
        task = bar.add_task("beginning", total=config.updates)

        def tell(update: Update) -> None:
            words = f"steps {update.steps:,}, {update.speed:,.0f}/s, reward {update.recent:.1f}"
            bar.update(task, completed=update.update, description=words)

        try:
            trainer = Trainer(config, run, tell, say, options.resume)
            say(f"Run: {run}")
            with bar:
                result = trainer.train()
        except OSError as error:
            raise UserError(
                f"`--run` must be a folder that can be written; {run}: {error}. What was kept "
                "is whole: mend it, then go on with --resume."
            ) from error
    words = f"{number(result.mean)} ({number(result.low)} to {number(result.high)})"
    say(f"Held-out score {words} in {config.evaluation_episodes} episodes. Mind: {run / 'mind'}")
    return 0


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
    ppo, mind = recipe(options.recipe, world.spec)
    world.close()
    return TrainConfig(
        env=options.env, settings=settings, test_settings=tests, steps=options.steps,
        seed=options.seed, ppo=ppo, mind=replace(mind, seed=options.seed),
        evaluate_every=options.evaluate_every, evaluation_episodes=options.evaluation_episodes,
        target=float("inf") if options.target is None else options.target,
    )  # fmt: skip


def _folder(options: Options) -> Path:
    name = options.env.rpartition(":")[2].replace("/", "-")
    now = time.strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{name}__{options.recipe}__{options.seed}__{now}"
