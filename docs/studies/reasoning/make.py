"""Measures what reasoning is worth to the shipped driver: a table, a plot and their figures.

    python docs/studies/reasoning/make.py --mind driver --episodes 400 --paired 1000

Each arm drives the same test towns; full and off also drive PAIRED of them, and the difference of
their driving scores town by town gets an interval of its own. Finished arms are kept in `runs/` and
are not lived again.
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

HERE = Path(__file__).resolve().parent
ARMS = ("off", "rules", "shield", "both", "full")
SHOWN = {
    "driving_score_2_0": "driving score 2.0", "route_completion": "route completion [%]",
    "collisions_per_km": "collisions per km", "red_lights_per_km": "red lights per km",
    "stop_signs_per_km": "stop signs per km", "mean_speed": "mean speed [m/s]",
}  # fmt: skip
PAIRED = ("driving_score_2_0", "route_completion", "collisions_per_km", "red_lights_per_km")


def main() -> None:
    """Lives the arms, and writes figures.json, table.md and pareto.png beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mind", default="driver")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--episodes", type=int, default=400)
    parser.add_argument("--paired", type=int, default=1000, help="at least EPISODES")
    options = parser.parse_args()
    arms = {arm: live(options.mind, options.preset, arm, options.episodes) for arm in ARMS}
    more = options.paired - options.episodes
    pair = {}
    for arm in ("off", "full"):
        pair[arm] = arms[arm]["each"]
        if more:
            rest = live(options.mind, options.preset, arm, more, options.episodes)
            pair[arm] = pair[arm] + rest["each"]
    difference = paired(pair["full"], pair["off"])
    figures = {
        "mind": options.mind, "preset": options.preset, "episodes": options.episodes,
        "arms": {arm: {name: found["scores"][name] for name in SHOWN}
                 for arm, found in arms.items()},
        "paired": {"episodes": options.paired, **difference},
    }  # fmt: skip
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (HERE / "table.md").write_text(table(figures), encoding="utf-8")
    draw(figures)
    print(table(figures))


def live(mind: str, preset: str, arm: str, episodes: int, seed: int = 0) -> dict[str, Any]:
    """Returns an arm's report; lived if it is not there yet."""
    file = HERE / "runs" / f"{preset}_{arm}_{seed}_{episodes}.json"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        words = ["evaluate", "--mind", mind, "--preset", preset, "--reasoning", arm,
                 "--episodes", str(episodes), "--seed", str(seed), "--each",
                 "--json", str(file)]  # fmt: skip
        subprocess.run([sys.executable, "-m", "mindloop.cli", *words], check=True)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def paired(full: list[dict[str, Any]], off: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the mean differences, full less off, town by town, with bootstrapped intervals."""
    found = {}
    for name in PAIRED:
        a, b = (np.array([one[name] for one in arm]) for arm in (full, off))
        found[name] = _interval(a - b)
    return found


def _interval(values: NDArray[np.float64]) -> dict[str, float]:
    end = stats.bootstrap((values,), np.mean, n_resamples=5000, rng=np.random.default_rng(0))
    low, high = end.confidence_interval
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}


def table(figures: dict[str, Any]) -> str:
    """Returns the arms as a table in Markdown."""
    lines = [f"| {' | '.join(('reasoning', *SHOWN.values()))} |",
             "|" + "---|" * (1 + len(SHOWN))]  # fmt: skip
    for arm, scores in figures["arms"].items():
        cells = [f"{s['mean']:.3g} ({s['low']:.3g} to {s['high']:.3g})" for s in scores.values()]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    lines.append("")
    for name, found in figures["paired"].items():
        if name != "episodes":
            lines.append(
                f"Full less off, {figures['paired']['episodes']} towns in pairs, "
                f"{SHOWN[name]}: {found['mean']:.3g} "
                f"({found['low']:.3g} to {found['high']:.3g})."
            )
    return "\n".join(lines) + "\n"


def draw(figures: dict[str, Any]) -> None:
    """Draws how safe beside how far and fast the arms drive."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for arm, scores in figures["arms"].items():
        x, y = scores["collisions_per_km"], scores["driving_score_2_0"]
        axes.errorbar(
            x["mean"], y["mean"], xerr=[[x["mean"] - x["low"]], [x["high"] - x["mean"]]],
            yerr=[[y["mean"] - y["low"]], [y["high"] - y["mean"]]], fmt="o", capsize=3, label=arm,
        )  # fmt: skip
    axes.invert_xaxis()
    axes.set_xlabel("collisions per km (fewer to the right)")
    axes.set_ylabel("CARLA driving score 2.0")
    axes.set_title(f"{figures['mind']}, {figures['preset']}, {figures['episodes']} test towns; "
                   "bars: 95 % intervals")  # fmt: skip
    axes.legend(title="reasoning")
    axes.grid(alpha=0.3)
    figure.savefig(HERE / "pareto.png", dpi=120)


if __name__ == "__main__":
    main()
