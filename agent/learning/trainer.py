"""Training: lives, learns, evaluates, keeps; the same run again after a crash.

A run folder holds config.json, checkpoints, TensorBoard's events, evaluations.jsonl and `best`, the
mind with the best evaluation so far, besides `mind`, the last one.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

from ..config import LoopConfig, TrainConfig, from_dict, to_dict
from ..loop import Life, episodes
from ..mind import Mind
from ..scoring import Interval, summarise
from ..store import save_mind
from ..types import Affect, Episode, Tick
from ..world import World, make_world
from .checkpoint import Checkpoint, load_latest, load_optimiser, optimiser_state, save
from .ppo import PPO, Losses
from .rollout import Recorder, Rollout

CONFIG, EVALUATIONS = "config.json", "evaluations.jsonl"
HELD_OUT = 1_000_000  # seeds of evaluations begin here, those of training at seed · SEEDS
SEEDS = 100_000  # lives that a run owns
RECENT = 40  # episodes that the running mean is over
SCORE = "driving_score_2_0"


@dataclass(frozen=True)
class Progress:
    """What an update told."""

    update: int
    steps: int
    speed: float
    """[1/s] steps of the agent, learning included."""
    recent: float
    """Mean total reward of the last episodes; nan before the first."""
    losses: Losses


def score_of(scores: Mapping[str, Interval]) -> Interval:
    """Returns what a run is judged by: the driving score where there is one, else the reward."""
    return scores.get(SCORE, scores["total_reward"])


class Trainer:
    """One run in a folder of its own."""

    def __init__(
        self, config: TrainConfig, run: Path, tell: Callable[[Progress], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None, resumes: bool = False,
    ) -> None:  # fmt: skip
        """Prepares a run, or goes on with the one in the folder.

        Args:
          config: the run; ignored where `resumes`, which reads that in the folder.
          run: the folder; made.
          tell: called after every update. say: called with notes for the user.
          resumes: whether to go on from the newest checkpoint.
        Raises:
          ValueError: the folder holds another run, or nothing to go on from.
          OSError: it can't be written.
        """
        kept = load_latest(run) if resumes else None
        if kept is not None:
            config = read_config(run)
        elif (run / CONFIG).exists():
            raise ValueError(
                f"`run` must be a new folder; {run} holds a run. Add --resume to go on with it, "
                "or name another."
            )
        self.config = replace(config, mind=replace(config.mind, seed=config.seed))
        self.run, self.tell, self.say = run, tell, say
        self.world = make_world(config.env, config.ppo.lanes, self._settings())
        self.mind = Mind(self.world.spec, self.config.mind)
        self.life = Life(self.world, LoopConfig(seed=config.seed * SEEDS), self.mind)
        self.rng = torch.Generator().manual_seed(config.seed)
        self.ppo = PPO(
            self.mind.perception, self.mind.decision, config.ppo, config.updates, self.rng
        )
        self.best = -float("inf")
        self._recent: deque[float] = deque(maxlen=RECENT)
        if kept is None:
            run.mkdir(parents=True, exist_ok=True)
            (run / CONFIG).write_text(json.dumps(to_dict(self.config), indent=1), encoding="utf-8")
            self._begin()
        else:
            self._load(kept)

    def _settings(self) -> dict[str, Any]:
        return dict(self.config.settings)

    # ------------------------------------------------------------------------ training

    def train(self) -> Interval:
        """Trains to the end, or to the target; returns the last evaluation's score."""
        config = self.config
        writer = SummaryWriter(str(self.run), purge_step=self.ppo.done * self._rollout_steps)
        result: Interval | None = None
        try:
            while self.ppo.done < config.updates:
                started = time.perf_counter()
                losses = self.ppo.update(self._live())
                spent = time.perf_counter() - started
                self._log(writer, losses, self._rollout_steps / spent)
                done, is_last = self.ppo.done, self.ppo.done == config.updates
                result = None
                if is_last or (config.evaluate_every and done % config.evaluate_every == 0):
                    result = self._evaluate(writer)
                is_good = result is not None and result.mean >= config.target
                if is_last or is_good or done % config.checkpoint_every == 0:
                    self._save()
                if is_good:
                    self.say(f"The target was reached after {done * self._rollout_steps} steps.")
                    break
        finally:
            writer.close()
        if result is None:  # a run that had ended before
            result = score_of(self.evaluate())
        save_mind(self.mind, self.run / "mind", self._card(result))
        return result

    @property
    def _rollout_steps(self) -> int:
        return self.config.ppo.ticks * self.config.ppo.lanes

    def _begin(self) -> None:
        """Begins new episodes in every lane: at the start, and after each checkpoint of a world
        that can't be kept, so that an uninterrupted run does as a resumed one does."""
        lanes = self.config.ppo.lanes
        self.life.reset(self.config.seed * SEEDS + self.ppo.done * lanes % SEEDS)
        self._memory = self.mind.perception.initial_memory(lanes)
        self._affect = Affect.neutral(lanes).vector()
        self.ppo.scale.carried.zero_()

    def _live(self) -> Rollout:
        """Lives a rollout."""
        kept = Recorder(self._memory, self._affect)
        tick: Tick
        for _ in range(self.config.ppo.ticks):
            tick = self.life.step()
            kept.add(tick)
            self._recent.extend(episode.total_reward for episode in tick.episodes)
        after = self.life.trace
        assert after is not None and tick.trace is not None, "a mind drives"
        self._memory = tick.trace.percept.memory
        self._affect = tick.trace.affect.vector()
        return kept.finish(after, self.world.spec.actions.is_box)

    def _log(self, writer: SummaryWriter, losses: Losses, speed: float) -> None:
        done = self.ppo.done
        steps = done * self._rollout_steps
        recent = sum(self._recent) / len(self._recent) if self._recent else float("nan")
        for name, value in losses._asdict().items():
            writer.add_scalar(f"losses/{name}", value, steps)
        writer.add_scalar("charts/SPS", speed, steps)
        if self._recent:
            writer.add_scalar("charts/episodic_return", recent, steps)
        self.tell(Progress(done, steps, speed, recent, losses))

    # ------------------------------------------------------------------------ evaluating

    def evaluate(self) -> dict[str, Interval]:
        """Returns the scores of held-out episodes; training is left as it was."""
        settings = {**self._settings(), **self.config.test_settings}
        count = self.config.evaluation_episodes
        world: World = make_world(self.config.env, count, settings)
        life = Life(world, LoopConfig(seed=HELD_OUT), self.mind)
        life.reset()
        ended: list[Episode] = []
        with torch.no_grad():
            for tick in episodes(life, count):
                ended += tick.episodes
        world.close()
        return summarise(ended)

    def _evaluate(self, writer: SummaryWriter) -> Interval:
        scores = self.evaluate()
        steps = self.ppo.done * self._rollout_steps
        for name, found in scores.items():
            writer.add_scalar(f"evaluation/{name}", found.mean, steps)
        with (self.run / EVALUATIONS).open("a", encoding="utf-8") as file:
            row = {"steps": steps, **{name: found._asdict() for name, found in scores.items()}}
            file.write(json.dumps(row) + "\n")
        result = score_of(scores)
        if result.mean > self.best:
            self.best = result.mean
            save_mind(self.mind, self.run / "best", self._card(result))
        return result

    def _card(self, result: Interval) -> dict[str, Any]:
        return {
            "env": self.config.env, "seed": self.config.seed,
            "steps": self.ppo.done * self._rollout_steps, "score": result._asdict(),
        }  # fmt: skip

    # ------------------------------------------------------------------------ keeping

    def _save(self) -> None:
        groups: dict[str, dict[str, torch.Tensor]] = {
            "mind": self.mind.state_dict(),
            "optimiser": optimiser_state(self.ppo.optimiser),
            "scale": self.ppo.scale.state(),
            "chance": {"minibatches": self.rng.get_state()},
            "before": {"memory": self._memory, "affect": self._affect},
        }
        numbers: dict[str, Any] = {"best": self.best, "recent": list(self._recent)}
        if self.world.is_resumable:
            groups["life"], numbers["life"] = self.life.state()
        else:
            self._begin()
        save(self.run, self.ppo.done, groups, numbers)

    def _load(self, kept: Checkpoint) -> None:
        for line in kept.damaged:
            self.say(f"{line}; going on from the one before.")
        self.mind.load_state_dict(kept.groups["mind"])
        load_optimiser(self.ppo.optimiser, kept.groups["optimiser"])
        self.ppo.done = kept.update
        self.ppo.scale.load(dict(kept.groups["scale"]))
        self.rng.set_state(kept.groups["chance"]["minibatches"])
        self.best = float(kept.numbers["best"])
        self._recent.extend(kept.numbers["recent"])
        if "life" in kept.groups:
            self.life.load(kept.groups["life"], kept.numbers["life"])
            before = kept.groups["before"]
            self._memory, self._affect = before["memory"], before["affect"]
        else:
            self._begin()


def read_config(run: Path) -> TrainConfig:
    """Returns the config that a run was begun with.

    Raises:
      ValueError: it is missing or damaged.
    """
    try:
        content = json.loads((run / CONFIG).read_text(encoding="utf-8"))
        return from_dict(TrainConfig, content)
    except (OSError, ValueError, TypeError) as problem:
        raise ValueError(
            f"`run` must hold a readable {CONFIG}; {run}: {problem}. Begin a new run."
        ) from problem
