"""Measures whether the contact times that explanations tell come true.

    python docs/studies/reasoning/contacts.py --scenes 200

An empty straight road, the ego at some speed, a car, truck or barrier ahead that keeps its own. The
time until contact if an action is held is asked of the roll-out that explanations use, once on what
is so and once on what the driver believes; then the action is held in the world itself.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mindloop.agent.config import LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.reasoning.lookahead import LookAhead
from mindloop.agent.store import load_mind
from mindloop.agent.types import Percept
from mindloop.agent.world import make_world
from mindloop.envs.driving.lives import (
    HEADING,
    INDEX,
    ROUTE_DONE,
    ROUTE_LATERAL,
    ROUTE_S,
    SPEED,
    V_MODE,
    W_MODE,
    Mode,
    X,
    Y,
)
from mindloop.envs.driving.road import lane_pose

HERE = Path(__file__).resolve().parent
KINDS = ("car", "van", "truck", "static")
KEEP, ACCELERATE = 10, 11  # straight on
WARM_UP = 6  # [decisions] in which the mind sees what comes
DECISION = 0.2  # [s]


def main() -> None:
    """Tries the scenes, and writes contacts.json beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mind", default="driver")
    parser.add_argument("--scenes", type=int, default=200)
    options = parser.parse_args()
    settings = {"split": "test", "preset": "empty", "end_on_collision": False, "fog": 0.0}
    world = make_world("mindloop/Driving-v0", 1, settings)
    life = Life(world, LoopConfig(driver="mind"), load_mind(options.mind, world.spec))
    look = LookAhead(world.spec, ReasoningConfig(use="full", horizon=4.0))
    rng = np.random.default_rng(0)
    rows: list[tuple[float, float, float, float]] = []
    seed = 0
    while len(rows) < options.scenes:
        seed += 1
        row = scene(life, look, seed, rng)
        if row is not None:
            rows.append(row)
    told = np.array(rows)  # action, on truth, on beliefs, in the world
    found = np.isfinite(told[:, 1]) & np.isfinite(told[:, 3])
    error = np.abs(told[found, 1] - told[found, 3])
    seen = np.isfinite(told[:, 2]) & np.isfinite(told[:, 3])
    believed = np.abs(told[seen, 2] - told[seen, 3])
    figures = {
        "mind": options.mind, "scenes": len(rows), "contacts": int(np.isfinite(told[:, 3]).sum()),
        "on_truth": {
            "both_or_neither": float((np.isfinite(told[:, 1]) == np.isfinite(told[:, 3])).mean()),
            "within_a_step": float((error <= DECISION + 1e-6).mean()),
            "median_error_s": float(np.median(error)), "largest_error_s": float(error.max()),
        },
        "on_beliefs": {
            "both_or_neither": float((np.isfinite(told[:, 2]) == np.isfinite(told[:, 3])).mean()),
            "within_a_step": float((believed <= DECISION + 1e-6).mean()),
            "median_error_s": float(np.median(believed)),
            "error_90_s": float(np.quantile(believed, 0.9)),
        },
    }  # fmt: skip
    (HERE / "contacts.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def scene(
    life: Life, look: LookAhead, seed: int, rng: np.random.Generator
) -> tuple[float, float, float, float] | None:
    """Returns (action, contact time on truth, on beliefs, in the world); None where the route
    does not begin on a long straight road."""
    life.reset(seed)
    env: Any = life.world.env.unwrapped
    driving = env.driving
    record = driving.state[0]
    town = driving.pool[record["town"]]
    lane = int(record["route_lane"][0])
    first = int(town["lane_start"][lane])
    bend = np.abs(town["points"][first : first + town["lane_size"][lane], 3]).max()
    if bend > 0 or town["lane_length"][lane] < 80:
        return None
    speed, other = float(rng.uniform(4, 12)), 0.0
    kind = KINDS[int(rng.integers(len(KINDS)))]
    if kind != "static":
        other = float(rng.uniform(0, 0.6)) * speed
    gap = float(rng.uniform(8, 3.0 * (speed - other) + 6))
    action = KEEP if rng.random() < 0.5 else ACCELERATE
    put(env, town, lane, speed)
    ahead = gap + (speed - other) * WARM_UP * DECISION + 5.0
    x, y, heading = (float(record["ego"][k]) for k in (X, Y, HEADING))
    where = {"x": x + ahead * np.cos(heading), "y": y + ahead * np.sin(heading)}
    env.intervene(0, {"op": "place", "kind": kind, **where, "heading": heading, "speed": other})
    for _ in range(WARM_UP):
        tick = life.step(np.array([KEEP]))
        if tick.episodes or tick.cost.any():
            return None
    trace = life.trace
    assert trace is not None
    truth = life.world.seen(life.infos)
    believed = trace.percept
    so = replace(
        believed, facts=torch.from_numpy(truth.facts.copy()),
        scene=torch.from_numpy(truth.scene.copy()), path=torch.from_numpy(truth.path.copy()),
        doubt=torch.zeros_like(believed.doubt),
    )  # fmt: skip

    def asked(percept: Percept) -> float:
        return float(look.contact_time(trace.observation, percept)[0, action])

    on_truth, on_beliefs = asked(so), asked(believed)
    in_world = np.inf
    for k in range(round(look.config.horizon / DECISION)):
        tick = life.step(np.array([action]))
        if tick.cost.any():
            in_world = (k + 1) * DECISION
            break
        if tick.episodes:
            break
    return float(action), on_truth, on_beliefs, in_world


def put(env: Any, town: Any, lane: int, speed: float) -> None:
    """Empties the town, and puts the ego at the beginning of its route, moving."""
    saved = env.snapshot()
    saved["vehicle_flag"][0, :, V_MODE] = Mode.ABSENT
    saved["walker_flag"][0, :, W_MODE] = Mode.ABSENT
    saved["parked"][0] = -1
    x, y, heading, _ = lane_pose(town, lane, 6.0)
    ego, route = saved["ego"][0], saved["route"][0]
    ego[:] = 0.0
    ego[X], ego[Y], ego[HEADING], ego[SPEED] = x, y, heading, speed
    route[ROUTE_S], route[ROUTE_LATERAL] = 6.0, 0.0
    route[ROUTE_DONE] = saved["route_at"][0, 0] + 6.0
    saved["flag"][0, INDEX] = 0
    env.restore(saved)


if __name__ == "__main__":
    main()
