"""Asks whether it is the rules that act: turns the red-light rule round, and mixes up the facts.

    python docs/studies/reasoning/acting.py --mind driver --episodes 192

The same driver lives the same test towns as it reasons by itself; with a rule that forbids braking
for red in place of the one that forbids to go on; and with each life's reasoner told what is
believed in the life beside it. Writes acting.json beside this file.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mindloop.agent.config import LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life, episodes
from mindloop.agent.scoring import summarise
from mindloop.agent.store import load_mind
from mindloop.agent.types import Percept
from mindloop.agent.world import make_world

HERE = Path(__file__).resolve().parent
LANES = 64
INVERTED = (
    "red_means_go [hard, priority 99]: light_red and light_distance < 20 => "
    "forbid acceleration < 1"
)
SHOWN = ("driving_score_2_0", "route_completion", "red_lights_per_km", "collisions_per_km",
         "stop_signs_per_km", "mean_speed")  # fmt: skip


def main() -> None:
    """Lives the arms, and writes acting.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mind", default="driver")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--episodes", type=int, default=192)
    options = parser.parse_args()
    torch.set_num_threads(1)
    both = ReasoningConfig(use="both")
    arms = {
        "as it is": (both, False),
        "the red-light rule turned round": (replace(both, rules={"red": INVERTED}), False),
        "the facts of the life beside": (both, True),
    }
    found = {}
    for name, (reasoning, is_shuffled) in arms.items():
        found[name] = live(options, reasoning, is_shuffled)
        told = ", ".join(f"{k} {v['mean']:.3g}" for k, v in found[name].items())
        print(f"{name}: {told}", flush=True)
    result = {"mind": options.mind, "preset": options.preset, "episodes": options.episodes,
              "arms": found}  # fmt: skip
    (HERE / "acting.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def live(
    options: argparse.Namespace, reasoning: ReasoningConfig, is_shuffled: bool
) -> dict[str, dict[str, float]]:
    """Returns the scores of an arm: {name: mean, low, high}."""
    settings = {"preset": options.preset, "split": "test", "end_on_collision": False}
    world = make_world("mindloop/Driving-v0", LANES, settings)
    mind = load_mind(options.mind, world.spec, reasoning)
    if is_shuffled:
        assert mind.reasoner is not None
        shuffle(mind.reasoner)
    life = Life(world, LoopConfig(), mind)
    life.reset(0)
    ended = [one for tick in episodes(life, options.episodes) for one in tick.episodes]
    scores = summarise(ended)
    world.close()
    return {name: {"mean": scores[name].mean, "low": scores[name].low, "high": scores[name].high}
            for name in SHOWN}  # fmt: skip


def shuffle(reasoner: Any) -> None:
    """Makes it reason in each life on the beliefs of the next one."""
    inner = reasoner.reason

    def reason(observation: Any, percept: Percept, affect: Any, state: Any) -> Any:
        other = {name: torch.roll(getattr(percept, name), 1, dims=0)
                 for name in ("facts", "doubt", "scene", "path")}  # fmt: skip
        return inner(observation, replace(percept, **other), affect, state)

    reasoner.reason = reason


if __name__ == "__main__":
    main()
