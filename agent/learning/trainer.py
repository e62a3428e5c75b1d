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
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ..config import LoopConfig, TrainConfig
from ..loop import Life
from ..mind import Mind
from ..scoring import Interval
from ..store import load_mind, read_card, save_mind
from ..types import Affect, Tick, Truth
from ..world import make_world
from .auxiliary import meaningful
from .checkpoint import Checkpoint, load_latest, load_optimiser, optimiser_state, save
from .imitation import guided
from .judging import calibrate, evaluate
from .learner import Learner, Losses
from .pretrained import begin_with
from .recordings import Recordings
from .rollout import Recorder, Rollout
from .run_folder import EVALUATIONS, begin_run, forget_evaluations, read_config
from .workers import Group

SEEDS = 100_000  # lives that a run owns; evaluations and calibration have others
RECENT = 40  # episodes that the running mean is over
SCORE = "driving_score_2_0"
BEST = "best"  # the folder


@dataclass(frozen=True)
class Progress:
    """What an update told."""

    update: int
    steps: int
    speed: float
    """[1/s] steps of the agent, all workers together, learning included."""
    recent: float
    """Mean total reward of the last episodes; nan before the first."""
    losses: Losses
    phase: str
    """How it learned: "imitation", "value" or "ppo"."""


class Speed(NamedTuple):
    """How fast a run lives and learns."""

    steps_per_second: float
    updates: int
    """How many it was measured over."""


def score_of(scores: Mapping[str, Interval]) -> Interval:
    """Returns what a run is judged by: the driving score where there is one, else the reward."""
    return scores.get(SCORE, scores["total_reward"])


class Trainer:
    """One run in a folder of its own; each worker has one, and they act together."""

    def __init__(
        self, config: TrainConfig, run: Path, tell: Callable[[Progress], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None, resumes: bool = False,
        group: Group | None = None,
    ) -> None:  # fmt: skip
        """Prepares a run, or goes on with the one in the folder.

        Args:
          config: the run; ignored where `resumes`, which reads that in the folder.
          run: the folder; made.
          tell: called after every update. say: called with notes for the user.
          resumes: whether to go on from the newest checkpoint.
          group: the workers; None: this process alone.
        Raises:
          ValueError: the folder holds another run, or no run to go on with.
          OSError: it can't be written.
        """
        self.group = group or Group()
        kept = None
        if resumes:
            config = read_config(run)
            kept = load_latest(run, self.group.rank)
        elif self.group.leads:
            begin_run(config, run)
        if resumes and config.workers != self.group.size:
            raise ValueError(
                f"`--workers` must be {config.workers}, with which {run} was begun; got "
                f"{self.group.size}. Leave it out."
            )
        self.config = config
        self.run, self.tell, self.say = run, tell, say
        self.world = make_world(
            config.env, config.ppo.lanes, dict(config.settings), config.vectorisation
        )
        self.mind = self._first_mind(kept is not None)
        self.life = Life(self.world, LoopConfig(seed=self._first_seed), self.mind)
        self.rng = torch.Generator().manual_seed(config.seed)
        self.learner = Learner(
            self.world.spec, self.mind.perception, self.mind.decision, config, self.rng,
            self.group, self.mind.emotion,
        )  # fmt: skip
        self._recordings: Recordings | None = None
        if config.recordings:
            spec, ticks = self.world.spec, config.ppo.ticks
            self._recordings = Recordings(config.recordings, spec, ticks)
        self.best = -float("inf")
        self._has_lived = False
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._told = dict.fromkeys((f"reward/{n}" for n in self.world.spec.reward_terms), 0.0)
        if kept is None:
            self._begin()
        else:
            self._load(kept)

    def _first_mind(self, resumes: bool) -> Mind:
        """Returns the mind that the run begins with.

        Raises:
          ValueError: the one to begin as, or the perception, can't be read or doesn't fit.
        """
        config, spec = self.config, self.world.spec
        if config.begins_as and not resumes:
            mind = load_mind(
                config.begins_as, spec, config.mind.reasoning, config.mind.emotion
            ).train()
        else:
            mind = Mind(spec, replace(config.mind, seed=config.seed))
        if config.perception_from and not resumes:
            begin_with(config.perception_from, mind)
        return mind

    # ------------------------------------------------------------------------ training

    def train(self) -> Interval:
        """Trains to the end, or to the target; returns the last evaluation's score."""
        writer = None
        if self.group.leads:
            writer = SummaryWriter(str(self.run), purge_step=self._steps)
        result: Interval | None = None
        try:
            while self.learner.done < self.config.updates:
                phase, started = self.learner.phase, time.perf_counter()
                losses = self.learner.update(self.live())
                spent = time.perf_counter() - started
                self._log(writer, losses, self.config.rollout_steps / spent, phase)
                result = self._judge(writer)
                if self._is_good(result):
                    self.say(f"The target was reached after {self._steps} steps.")
                    break
        finally:
            if writer is not None:
                writer.close()
        if result is None:  # a run that had ended before
            result = self._conclude()
        return result

    def close(self) -> None:
        """Frees what the world holds, such as processes of its lanes; may be called twice."""
        self.world.close()

    def measure(self, seconds: float, updates: int = 3) -> Speed:
        """Returns how fast this run lives and learns, over so many seconds and at least so many
        updates.

        The mind is spoilt by it, and nothing is kept: for a run that is thrown away.
        """
        self.learner.update(self.live())  # compiles, fills caches
        started, done, spent = time.perf_counter(), 0, 0.0
        while done < updates or spent < seconds:
            self.learner.update(self.live())
            done += 1
            clock = torch.tensor([time.perf_counter() - started], dtype=torch.float64)
            spent = float(self.group.share(clock))
        return Speed(self.config.rollout_steps * done / spent, done)

    def _judge(self, writer: SummaryWriter | None) -> Interval | None:
        """Evaluates and keeps, each where it is time to; returns what was found."""
        config, done = self.config, self.learner.done
        is_last, result = done == config.updates, None
        if is_last:
            result = self._conclude(writer)
        elif config.evaluate_every and done % config.evaluate_every == 0:
            result = self._evaluate(writer)
        if is_last or self._is_good(result) or done % config.checkpoint_every == 0:
            self._save()
        return result

    def _is_good(self, result: Interval | None) -> bool:
        return result is not None and result.mean >= self.config.target

    def _conclude(self, writer: SummaryWriter | None = None) -> Interval:
        """Calibrates, evaluates a last time and writes the mind."""
        if self.group.leads:
            self.calibrate()
        for found in self.mind.perception.calibration.buffers():
            self.group.share(found)
        result = self._evaluate(writer)
        if self.group.leads:
            save_mind(self.mind, self.run / "mind", self._card(result))
            self._calibrate_best()
        return result

    def _calibrate_best(self) -> None:
        """Calibrates the mind with the best evaluation, unless it is the one that ended."""
        folder = self.run / BEST
        if not folder.is_dir():  # no evaluation had a score
            return
        card = read_card(folder)
        if card["steps"] != self._steps:
            mind = load_mind(folder)
            calibrate(mind, self.config)
            save_mind(mind, folder, card)

    @property
    def _steps(self) -> int:
        return self.learner.done * self.config.rollout_steps

    @property
    def _first_seed(self) -> int:
        return self.config.seed * SEEDS + self.group.rank * self.config.ppo.lanes

    def _begin(self) -> None:
        """Begins new episodes in every lane: at the start, and after each checkpoint of a world
        that can't be kept, so that an uninterrupted run does as a resumed one does."""
        lanes = self.config.ppo.lanes
        lived = self.learner.done * lanes * self.group.size
        self.life.reset(self._first_seed + lived % SEEDS)
        self._memory = self.mind.perception.initial_memory(lanes)
        self._affect = Affect.neutral(lanes).vector()
        self.learner.scale.carried.zero_()
        self._find_expert()

    def _find_expert(self) -> None:
        """Asks the world for its expert where the run imitates.

        Raises:
          ValueError: it has none.
        """
        imitation = self.config.imitation
        asks = imitation.teaches and self._recordings is None
        self._expert = self.world.expert(imitation.view) if asks else None

    def live(self) -> Rollout:
        """Lives a rollout, or draws one from recordings."""
        if self._recordings is not None:
            lanes = self.config.ppo.lanes
            return self._recordings.sample(lanes, self.mind.perception, self.rng)
        kept = Recorder(self.world.spec, self._memory, self._affect)
        tick: Tick
        self._told = dict.fromkeys(self._told, 0.0)
        reasons, changed = self.mind.reasoner is not None, 0.0
        for _ in range(self.config.ppo.ticks):
            tick = self._tick(kept)
            if reasons and tick.trace is not None:
                changed += float(tick.trace.decision.intervened.float().mean())
            self._recent.extend(episode.total_reward for episode in tick.episodes)
            for name, term in tick.reward_terms.items():
                self._told[f"reward/{name}"] += float(term.mean()) / self.config.ppo.ticks
        after = self.life.trace
        assert after is not None and tick.trace is not None, "a mind drives"
        if not self._has_lived:  # kernels are compiled now, in one worker later than in another
            self.group.wait(patiently=True)
            self._has_lived = True
        if reasons:
            self._told["charts/intervention_rate"] = changed / self.config.ppo.ticks
        self._memory = tick.trace.percept.memory
        self._affect = tick.trace.affect.vector()
        self._told.update(self._fact_errors(tick.trace.percept.facts.numpy(), kept.last_seen))
        return kept.finish(after)

    def _fact_errors(self, believed: NDArray[np.float32], seen: Truth) -> dict[str, float]:
        """Returns each fact's mean absolute error in the lanes where it means something."""
        counts = meaningful(seen, self.world.spec).numpy()
        errors = np.abs(believed - seen.facts)
        return {
            f"facts/{fact.name}": float(errors[counts[:, k], k].mean())
            for k, fact in enumerate(self.world.spec.facts)
            if counts[:, k].any()
        }

    def _tick(self, kept: Recorder) -> Tick:
        """Lives one tick, and keeps it with what the expert would have done."""
        learner, writer = self.learner, self.world.writer
        seen = self.world.seen(self.life.infos)
        if self._expert is None or learner.imitation_weight == 0:
            tick = self.life.step()
            kept.add(tick, seen)
            return tick
        expert = writer.read(self._expert())
        lanes = self._guided_lanes()
        if lanes == 0:
            tick = self.life.step()
            kept.add(tick, seen, expert)
            return tick
        trace = self.life.trace
        assert trace is not None, "a mind watches"
        taken = torch.cat((expert[:lanes], trace.decision.action[lanes:]))
        tick = self.life.step(writer.write(taken))
        kept.add(tick, seen, expert, taken)
        return tick

    def _guided_lanes(self) -> int:
        """Returns how many lanes the expert drives: the first ones."""
        config, imitation = self.config, self.config.imitation
        if self.learner.phase != "imitation":
            return 0
        phase = round(imitation.share * config.updates)
        return round(guided(self.learner.done, phase, imitation.guidance) * config.ppo.lanes)

    def _log(
        self, writer: SummaryWriter | None, losses: Losses, speed: float, phase: str
    ) -> None:
        recent = sum(self._recent) / len(self._recent) if self._recent else float("nan")
        if writer is not None:
            for name, value in losses.items():
                room = "charts" if name == "learning_rate" else "losses"
                writer.add_scalar(f"{room}/{name}", value, self._steps)
            for name, value in self._told.items():
                writer.add_scalar(name, value, self._steps)
            writer.add_scalar("charts/SPS", speed, self._steps)
            if self._recent:
                writer.add_scalar("charts/episodic_return", recent, self._steps)
        self.tell(Progress(self.learner.done, self._steps, speed, recent, losses, phase))

    # ------------------------------------------------------------------------ evaluating

    def evaluate(self) -> dict[str, Interval]:
        """Returns the scores of held-out episodes; training is left as it was."""
        return evaluate(self.mind, self.config)

    def calibrate(self) -> None:
        """Sets doubts and probabilities right on lives that training never saw."""
        calibrate(self.mind, self.config)

    def _evaluate(self, writer: SummaryWriter | None) -> Interval:
        """Returns the score; the leader evaluates, the others wait for it."""
        result = Interval(0.0, 0.0, 0.0)
        if self.group.leads:
            result = self._evaluate_alone(writer)
        numbers = self.group.share(torch.tensor(result, dtype=torch.float64))
        return Interval(*numbers.tolist())

    def _evaluate_alone(self, writer: SummaryWriter | None) -> Interval:
        scores = self.evaluate()
        if writer is not None:
            for name, found in scores.items():
                writer.add_scalar(f"evaluation/{name}", found.mean, self._steps)
        with (self.run / EVALUATIONS).open("a", encoding="utf-8") as file:
            row = {n: found._asdict() for n, found in scores.items()}
            file.write(json.dumps({"steps": self._steps, **row}) + "\n")
        result = score_of(scores)
        if result.mean > self.best:
            self.best = result.mean
            save_mind(self.mind, self.run / BEST, self._card(result))
        return result

    def _card(self, result: Interval) -> dict[str, Any]:
        return {
            "env": self.config.env, "seed": self.config.seed, "steps": self._steps,
            "score": result._asdict(),
        }  # fmt: skip

    # ------------------------------------------------------------------------ keeping

    def _save(self) -> None:
        groups: dict[str, dict[str, Tensor]] = {
            "mind": {name: value.clone() for name, value in self.mind.state_dict().items()},
            "optimiser": optimiser_state(self.learner.optimiser),
            "chance": {"minibatches": self.rng.get_state()},
            "before": {
                "memory": self._memory, "affect": self._affect, **self.learner.scale.state()
            },
        }  # fmt: skip
        numbers: dict[str, Any] = {"best": self.best, "recent": list(self._recent)}
        if self.world.is_resumable:
            groups["life"], numbers["life"] = self.life.state()
        else:
            self._begin()
        save(self.run, self.learner.done, groups, numbers, self.group)

    def _load(self, kept: Checkpoint) -> None:
        for line in kept.damaged:
            self.say(f"{line}; going on from the one before.")
        self.mind.load_state_dict(kept.groups["mind"])
        self.learner.take_over()
        load_optimiser(self.learner.optimiser, kept.groups["optimiser"])
        self.learner.done = kept.update
        before = kept.groups["before"]
        self.learner.scale.load(dict(before))
        self.rng.set_state(kept.groups["chance"]["minibatches"])
        self.best = float(kept.numbers["best"])
        self._recent.extend(kept.numbers["recent"])
        if self.group.leads:
            forget_evaluations(self.run, self._steps)
        if "life" in kept.groups:
            self.life.load(kept.groups["life"], kept.numbers["life"])
            self._memory, self._affect = before["memory"], before["affect"]
            self._find_expert()
        else:
            self._begin()
