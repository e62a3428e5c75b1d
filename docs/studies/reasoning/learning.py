"""Measures what the shield is worth while a policy learns: fewer collisions, and what they cost.

    python docs/studies/reasoning/learning.py --seeds 5 --minutes 10

Each seed learns twice, with the shield and without, side by side on a core each, from reward alone
(`quick-ppo`), with the shipped driver's perception and a new policy. Writes learning.json and
learning.png beside this file. Runs are kept in `runs/`; finished ones are not lived again, and one
that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mindloop.envs.driving.reward import WEIGHTS

HERE = Path(__file__).resolve().parent
ARMS = ("off", "shield")
SCORE = "driving_score_2_0"


def main() -> None:
    """Learns the arms, and writes learning.json and learning.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--episodes", type=int, default=32, help="test towns at the end")
    parser.add_argument("--perception", default="driver")
    options = parser.parse_args()
    seeds = range(1, options.seeds + 1)
    found = {}
    for seed in seeds:
        runs = {arm: HERE / "runs" / f"learning_{arm}_{seed}_{options.minutes:g}" for arm in ARMS}
        learning = [learn(run, arm, seed, options) for arm, run in runs.items()]
        for process in learning:
            if process is not None and process.wait():
                sys.exit(f"`{' '.join(map(str, process.args))}` failed.")
        for arm, run in runs.items():
            found[arm, seed] = outcome(run)
    ends = {arm: np.array([found[arm, seed]["score"] for seed in seeds]) for arm in ARMS}
    rates = {arm: np.array([found[arm, seed]["collisions_per_km"] for seed in seeds])
             for arm in ARMS}  # fmt: skip
    figures = {
        "minutes": options.minutes, "perception": options.perception, "episodes": options.episodes,
        "runs": [{"arm": arm, "seed": seed, **found[arm, seed]} for arm, seed in found],
        "score_shield_less_off": difference(ends["shield"] - ends["off"]),
        "collisions_per_km_in_training": {arm: float(rates[arm].mean()) for arm in ARMS},
        "collisions_shield_over_off": float(rates["shield"].mean() / rates["off"].mean()),
    }  # fmt: skip
    (HERE / "learning.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    draw(found, figures)
    print(json.dumps({k: v for k, v in figures.items() if k != "runs"}, indent=1))


def learn(
    run: Path, arm: str, seed: int, options: argparse.Namespace
) -> subprocess.Popen[bytes] | None:
    """Begins or resumes a run; None if it is done."""
    if (run / "mind").is_dir():
        return None
    words = [sys.executable, "-m", "mindloop.cli", "train", "--run", str(run)]
    if (run / "config.json").is_file():
        words.append("--resume")
    else:
        words += [
            "--recipe", "quick-ppo", "--perception", options.perception, "--reasoning", arm,
            "--seed", str(seed), "--minutes", str(options.minutes),
            "--evaluation-episodes", str(options.episodes),
        ]  # fmt: skip
    return subprocess.Popen(words)


def outcome(run: Path) -> dict[str, Any]:
    """Returns what a run came to: steps, collisions per km while learning, held-out score."""
    last = json.loads((run / "evaluations.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    steps, collided, gone = curve(run)
    return {
        "steps": last["steps"], "score": last[SCORE]["mean"],
        "low": last[SCORE]["low"], "high": last[SCORE]["high"],
        "collisions": float(collided[-1]), "km": float(gone[-1]),
        "collisions_per_km": float(collided[-1] / gone[-1]),
        "curve": {"steps": steps[::4].tolist(), "collisions": collided[::4].round(1).tolist(),
                  "km": gone[::4].round(2).tolist()},
    }  # fmt: skip


def curve(run: Path) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Returns steps, and collisions and kilometres of route up to each, from a run's curves."""
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    weights = {**WEIGHTS, **config["settings"].get("reward", {})}
    rollout = config["ppo"]["ticks"] * config["ppo"]["lanes"]
    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    mean = {name: events.Scalars(f"reward/{name}") for name in ("collision", "progress")}
    sums = {name: np.cumsum([one.value for one in values]) * rollout / weights[name]
            for name, values in mean.items()}  # fmt: skip
    steps = np.array([one.step for one in mean["collision"]])
    return steps, sums["collision"], sums["progress"] / 1000.0


def difference(values: NDArray[np.float64]) -> dict[str, float]:
    """Returns the mean of paired differences with Student's 95 % interval (few seeds)."""
    low, high = stats.t.interval(
        0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values)
    )
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}


def draw(found: dict[tuple[str, int], dict[str, Any]], figures: dict[str, Any]) -> None:
    """Draws collisions over kilometres while learning, and the scores at the end in pairs."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = {"off": "#d95f02", "shield": "#1b6ca8"}
    for (arm, seed), one in found.items():
        left.plot(one["curve"]["km"], one["curve"]["collisions"], color=colours[arm],
                  label=f"reasoning {arm}" if seed == 1 else None)  # fmt: skip
    left.set_xlabel("kilometres driven while learning")
    left.set_ylabel("collisions so far")
    left.legend()
    left.grid(alpha=0.3)
    seeds = sorted({seed for _, seed in found})
    for seed in seeds:
        right.plot(ARMS, [found[arm, seed]["score"] for arm in ARMS], "o-", color="#555555")
    right.set_ylabel(f"CARLA driving score 2.0, {figures['episodes']} test towns")
    right.set_title("at the end; a line a seed")
    right.set_ylim(0, 100)
    right.grid(alpha=0.3)
    minutes = f"{figures['minutes']:g}"
    figure.suptitle(f"Learning to drive from reward for {minutes} minutes, a core each")
    figure.savefig(HERE / "learning.png", dpi=120)


if __name__ == "__main__":
    main()
