"""Turn a mind's policy into a decision tree over what it believes, as text and picture.

The tree is grown on what the mind would do in the moments that the tree itself leads to; moments in
which the mind's choice matters most weigh most. Source: Bastani 2018, "Verifiable reinforcement
learning via policy extraction" (VIPER).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console

from mindloop.agent.loop import Life, episodes
from mindloop.agent.scoring import Interval, summarise
from mindloop.agent.types import Episode, Modality, Trace, WorldSpec
from mindloop.errors import UserError
from mindloop.living import LifeOptions, Plan, begin, mistakes, plan, write_report
from mindloop.showing import progress
from mindloop.tuning import settle

LANES = 32
HELD_OUT = 500_000  # seeds of the lives on which the tree is compared with the mind
SHOWN = 3  # levels of the tree that the picture shows
Array = NDArray[Any]


@dataclass(frozen=True)
class Options:
    """What `mindloop distill` is asked for."""

    life: LifeOptions = field(default_factory=LifeOptions)
    """Which mind, in which world."""
    leaves: int = 200
    """Most leaves of the tree: the more, the truer and the harder to read."""
    rounds: int = 4
    """Times that moments are gathered; the mind drives first, then the tree."""
    ticks: int = 300
    """Steps of 32 lives in each round."""
    episodes: int = 64
    """Lives of which the tree, and the mind beside it, are scored; 0: none."""
    output: Path = Path("tree")
    """Folder for tree.txt, tree.png and report.json."""


def main(options: Options) -> int:
    """Gathers, grows, compares, keeps; returns the exit code."""
    settle()
    trees = _trees()
    if options.life.mind is None:
        raise UserError("`--mind` must name the mind to be read, such as driver.")
    if min(options.leaves, options.rounds, options.ticks) < 2:
        raise UserError("`--leaves`, `--rounds` and `--ticks` must be at least 2. Ask for more.")
    made = plan(options.life, needs_camera=True)
    console = Console()
    with mistakes():
        options.output.mkdir(parents=True, exist_ok=True)
        grown = Grown(trees, made, options, console)
        report = grown.report()
    grown.draw(options.output)
    write_report(options.output / "report.json", report)
    console.print(
        f"The tree does what the mind does in {report['fidelity']:.1%} of the moments that the "
        f"mind leads to (the commonest action: {report['commonest']:.1%}).", highlight=False
    )
    for name, found in report["scores"].items():
        console.print(f"{name}: {found['mean']:.1f} ({found['low']:.1f} to {found['high']:.1f})",
                      highlight=False)  # fmt: skip
    console.print(f"Kept: {options.output}", highlight=False)
    return 0


def _trees() -> Any:
    """Returns scikit-learn's module of trees.

    Raises:
      UserError: it isn't installed.
    """
    try:
        return importlib.import_module("sklearn.tree")
    except ImportError as error:
        raise UserError(
            "`distill` must have scikit-learn. Run pip install mindloop[explain]."
        ) from error


class Grown:
    """A tree that was grown from a mind."""

    def __init__(self, trees: Any, made: Plan, options: Options, console: Console) -> None:
        """Gathers moments and grows the tree, round by round.

        Raises:
          ValueError: the mind's actions are no single choice among options.
        """
        self._trees, self._made, self._options = trees, made, options
        self._console = console
        life = begin(made, LANES, options.life.seed)
        self.spec = life.world.spec
        if self.spec.actions.is_box or self.spec.actions.heads > 1:
            raise ValueError("`--mind` must choose one of some options; a tree can tell no other.")
        self.names = names_of(self.spec)
        rows: list[Array] = []
        wanted: list[Array] = []
        weights: list[Array] = []
        self.tree: Any = None
        with progress(console) as bar:
            task = bar.add_task("gathering", total=options.rounds * options.ticks)
            for _ in range(options.rounds):
                for _ in range(options.ticks):
                    x, action, weight = self._live(life)
                    rows.append(x)
                    wanted.append(action)
                    weights.append(weight)
                    bar.advance(task)
                self.tree = trees.DecisionTreeClassifier(
                    max_leaf_nodes=options.leaves, min_samples_leaf=20, random_state=0
                ).fit(np.concatenate(rows), np.concatenate(wanted),
                      sample_weight=np.concatenate(weights))  # fmt: skip
        life.world.close()

    def _live(self, life: Life) -> tuple[Array, Array, Array]:
        """Lives a tick, driven by the tree if there is one; returns what was believed, what the
        mind would have done, and how much it mattered."""
        trace = life.trace
        assert trace is not None, "a mind watches"
        x = numbers_of(trace, self.spec)
        policy = trace.decision.policy.numpy()
        action = policy.argmax(-1)
        least = np.where(policy > -1e8, policy, np.inf).min(-1)
        weight = np.minimum(policy.max(-1) - least, 20.0)  # how much worse the worst would be
        if self.tree is None:
            life.step()
        else:
            life.step(life.world.writer.write(torch.from_numpy(self._choose(x, trace))))
        return x, action, weight

    def _choose(self, x: Array, trace: Trace) -> NDArray[np.int64]:
        """Returns the tree's actions i64[B, 1] among what is allowed to the mind."""
        chances = np.zeros((len(x), self.spec.actions.width))
        chances[:, self.tree.classes_] = self.tree.predict_proba(x)
        found: NDArray[np.int64] = np.where(
            trace.decision.permitted.numpy(), chances, -1.0
        ).argmax(-1)[:, None]
        return found

    def report(self) -> dict[str, Any]:
        """Returns fidelity and scores, ready for json."""
        same, counts = self._compare()
        scores = {}
        if self._options.episodes:
            for name in ("tree", "mind"):
                found = self._score(name == "tree")
                scores[name] = found._asdict()
        return {
            "mind": self._made.mind, "env": self._made.env, "leaves": int(self.tree.get_n_leaves()),
            "depth": int(self.tree.get_depth()), "fidelity": same,
            "commonest": float(counts.max() / counts.sum()), "scores": scores,
            "episodes": self._options.episodes,
        }  # fmt: skip

    def _compare(self) -> tuple[float, Array]:
        """Returns in what part of held-out moments the tree agrees with the mind who drives."""
        life = begin(self._made, LANES, HELD_OUT)
        counts = np.zeros(self.spec.actions.width)
        same = total = 0
        for _ in range(self._options.ticks):
            trace = life.trace
            assert trace is not None, "a mind drives"
            action = trace.decision.policy.numpy().argmax(-1)
            same += int((self._choose(numbers_of(trace, self.spec), trace)[:, 0] == action).sum())
            total += len(action)
            np.add.at(counts, action, 1)
            life.step()
        life.world.close()
        return same / total, counts

    def _score(self, by_tree: bool) -> Interval:
        """Returns the score of the tree, or of the mind beside it, on the same lives."""
        lanes = min(LANES, self._options.episodes)
        life = begin(self._made, lanes, HELD_OUT)
        ended: list[Episode] = []

        def step() -> Any:
            trace = life.trace
            assert trace is not None, "a mind watches"
            if not by_tree:
                return life.step()
            chosen = self._choose(numbers_of(trace, self.spec), trace)
            return life.step(life.world.writer.write(torch.from_numpy(chosen)))

        with progress(self._console) as bar:
            task = bar.add_task("scoring", total=self._options.episodes)
            for tick in episodes(life, self._options.episodes, step):
                ended += tick.episodes
                bar.update(task, completed=len(ended))
        life.world.close()
        scores = summarise(ended)
        return scores.get("driving_score_2_0", scores["total_reward"])

    def draw(self, folder: Path) -> None:
        """Writes the whole tree as text, and its upper levels as a picture."""
        options = [self.spec.actions.names[k] for k in self.tree.classes_]
        text = self._trees.export_text(
            self.tree, feature_names=self.names, class_names=options, max_depth=100, decimals=2
        )
        (folder / "tree.txt").write_text(text, encoding="utf-8")
        figure = Figure(figsize=(22, 11), layout="constrained")
        FigureCanvasAgg(figure)  # plot_tree measures its words
        self._trees.plot_tree(
            self.tree, max_depth=SHOWN, feature_names=self.names, class_names=options,
            impurity=False, filled=True, rounded=True, precision=2, fontsize=8,
            ax=figure.subplots(),
        )  # fmt: skip
        figure.savefig(folder / "tree.png", dpi=110)


def names_of(spec: WorldSpec) -> list[str]:
    """Returns what the columns of `numbers_of` mean."""
    names = list(spec.fact_names)
    for part in spec.parts:
        if part.modality is Modality.VECTOR:
            told: Sequence[Any] = spec.vectors.get(part.name, ())
            names += [
                f"{part.name} {told[k]['name'] if k < len(told) else k}"
                for k in range(part.shape[0])
            ]
    return names


def numbers_of(trace: Trace, spec: WorldSpec) -> Array:
    """Returns f32[B, N]: what is believed, and the numbers that are observed."""
    parts = [trace.percept.facts.numpy()]
    for part in spec.parts:
        if part.modality is Modality.VECTOR:
            parts.append(trace.observation.parts[part.name].numpy())
    return np.concatenate(parts, axis=-1)
