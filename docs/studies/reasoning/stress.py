"""Lets a follower with a random pedal drive behind a lead that brakes at will, 10,000 times.

    python docs/studies/reasoning/stress.py --episodes 10000

First where the shield's assumptions hold, then beyond each of them in turn. The lives are those of
tests/agent/reasoning/stress.py. Writes stress.json and stress.png beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.progress import track

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))
from mindloop.agent.config import ReasoningConfig  # noqa: E402
from tests.agent.reasoning.stress import collisions  # noqa: E402

NOISE, LATENCY = (0.0, 0.5, 1.0, 1.5, 2.0), (0.0, 0.1, 0.2, 0.3, 0.4)  # [m], [s]
BEYOND = {
    "the lead brakes with up to [m/s2]": (6.0, 8.0, 9.0, 10.0, 12.0, 15.0),
    "errors of the range / what is believed": (1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
    "latency [s]": (0.0, 0.1, 0.2, 0.3, 0.5, 0.8),
}


def main() -> None:
    """Lives all cells, writes the figures and draws the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    options = parser.parse_args()
    cells = [(noise, latency) for noise in NOISE for latency in LATENCY]
    each = -(-options.episodes // len(cells))
    inside = [
        {"noise": noise, "latency": latency, "episodes": each,
         "collisions": collisions(assuming(latency), each, noise, latency, seed)}
        for seed, (noise, latency) in enumerate(track(cells, "where the assumptions hold"))
    ]  # fmt: skip
    beyond = {name: [] for name in BEYOND}
    points = [(name, value) for name, values in BEYOND.items() for value in values]
    for seed, (name, value) in enumerate(track(points, "beyond them")):
        beyond[name].append({"value": value, "episodes": 1000, "collisions": outside(name, value,
                                                                                     seed)})
    found = {"inside": inside, "beyond": beyond}
    (HERE / "stress.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw(beyond)
    lived, hit = (sum(row[k] for row in inside) for k in ("episodes", "collisions"))
    print(f"Where the assumptions hold: {hit} collisions in {lived:,} episodes.")
    for name, rows in beyond.items():
        told = ", ".join(f"{row['value']:g}: {row['collisions'] / 10:.1f} %" for row in rows)
        print(f"{name}: {told}")


def draw(beyond: dict[str, list[dict[str, float]]]) -> None:
    """Draws the curves beyond each assumption as stress.png."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, (name, rows) in zip(figure.subplots(1, len(BEYOND), sharey=True), beyond.items(),
                                  strict=True):  # fmt: skip
        axes.plot([row["value"] for row in rows],
                  [100 * row["collisions"] / row["episodes"] for row in rows], "o-")
        axes.axvline(assumed(name), color="#888888", linestyle="--")
        axes.set_xlabel(name)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("episodes with a collision [%]")
    figure.suptitle("Beyond what the shield assumes (dashed); 1,000 episodes of 60 s a point")
    figure.savefig(HERE / "stress.png", dpi=120)


def assuming(latency: float) -> ReasoningConfig:
    """Returns a config that knows of this latency."""
    return replace(ReasoningConfig(use="shield"), latency=latency)


def assumed(name: str) -> float:
    """Returns the value up to which the shield's guarantee holds."""
    return {"the": 8.0, "errors": 1.0, "latency": 0.1}[name.split()[0]]


def outside(name: str, value: float, seed: int) -> int:
    """Returns collisions in 1,000 episodes where one assumption is stretched to `value`."""
    config = assuming(0.1)
    if name.startswith("the lead"):
        return collisions(config, 1000, 0.5, 0.1, seed, lead_brake=value)
    if name.startswith("errors"):
        return collisions(config, 1000, 1.0, 0.1, seed, understated=value)
    return collisions(config, 1000, 0.5, value, seed)


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
