"""Measures what reasoning costs: part of a batched tick, and of a single life's.

    python docs/studies/reasoning/cost.py --mind driver

The same lives tick with reasoning off, with 50 rules and the shield, and with look-ahead besides,
in turns of a few ticks, so that all arms share whatever else the machine does. The time within
`reason` is taken apart. Writes cost.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from mindloop.agent.config import LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.store import load_mind
from mindloop.agent.world import make_world

HERE = Path(__file__).resolve().parent
ARMS = {"off": "off", "50 rules, shield, masks": "both", "and look-ahead": "full"}
BATCHES = (64, 1)
RULES = 50
SHAPES = (
    "red_{i} [hard, priority {i}]: light_red and light_distance < {i} => forbid acceleration > 1.5",
    "fast_{i} [soft 0.1]: state.speed > {i} / 2 => prefer acceleration <= 0",
    "walker_{i} [hard, priority {i}]: pedestrian_in_path and pedestrian_distance < {i} / 4 => "
    "forbid acceleration > 1.5",
    "side_{i} [soft 0.1]: abs(lane_offset) > 1 + {i} / 50 => prefer acceleration <= 0",
)


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mind", default="driver")
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(), "python": platform.python_version(),
        "torch": torch.__version__, "load": os.getloadavg()[0],
    }  # fmt: skip
    for batch in BATCHES:
        found[f"B = {batch}"] = measure(options.mind, batch, options.rounds)
    (HERE / "cost.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def measure(mind: str, batch: int, rounds: int) -> dict[str, Any]:
    """Returns {arm: milliseconds of a tick and of reasoning in it, medians over rounds}."""
    lives = {arm: begin(mind, use, batch) for arm, use in ARMS.items()}
    spent: dict[str, list[float]] = {arm: [] for arm in ARMS}
    whole: dict[str, list[float]] = {arm: [] for arm in ARMS}
    ticks = 4 if batch > 1 else 20
    for turn in range(rounds + 3):
        for arm, (life, clock) in lives.items():
            clock.clear()
            started = time.perf_counter()
            for _ in range(ticks):
                life.step()
            if turn >= 3:
                whole[arm].append((time.perf_counter() - started) / ticks * 1e3)
                spent[arm].append(sum(clock) / ticks * 1e3)
    return {
        arm: {"tick_ms": round(median(whole[arm]), 3), "reason_ms": round(median(spent[arm]), 3),
              "part": round(median(spent[arm]) / median(whole[arm]), 4)}
        for arm in ARMS
    }  # fmt: skip


def begin(name: str, use: str, batch: int) -> tuple[Life, list[float]]:
    """Returns a life, and the list in which the seconds within `reason` gather."""
    world = make_world("mindloop/Driving-v0", batch, {"preset": "default"})
    own = sum("=>" in line for line in world.spec.knowledge.splitlines())
    more = [SHAPES[i % len(SHAPES)].format(i=i + 1) for i in range(RULES - own)]
    rules = {"more": "\n".join(more)} if use != "off" else {}
    mind = load_mind(name, world.spec, ReasoningConfig(use=use, rules=rules))
    clock: list[float] = []
    reasoner = mind.reasoner
    if reasoner is not None:
        assert len([rule for rule in reasoner.names if "shield" not in rule]) == RULES
        inner = reasoner.reason

        def reason(*notes: Any) -> Any:
            started = time.perf_counter()
            judgement = inner(*notes)
            clock.append(time.perf_counter() - started)
            return judgement

        reasoner.reason = reason
    life = Life(world, LoopConfig(seed=1), mind)
    life.reset()
    return life, clock


if __name__ == "__main__":
    main()
