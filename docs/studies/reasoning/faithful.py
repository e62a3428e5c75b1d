"""Asks of each explanation whether it is true: without the cause that it names, is all otherwise?

    python docs/studies/reasoning/faithful.py --decisions 500

The driver lives in test towns. Whenever exactly one cause forbade what the policy proposed, the
last ten ticks are lived again with that cause taken out of the town (the light turned green, the
sign taken down, whoever is in the way removed), the same actions and the same draws. Then: does
the cited cause still apply, is the cited action allowed again, does what is executed change?
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, deque
from pathlib import Path
from typing import Any

import numpy as np

from mindloop.agent.config import LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.reasoning.explain import explain
from mindloop.agent.reasoning.reasoner import SHIELD, Reasoner
from mindloop.agent.store import load_mind
from mindloop.agent.world import World, make_world
from mindloop.envs.driving.lives import INDEX, V_MODE, V_X, V_Y, W_MODE, W_X, W_Y, Mode, X, Y

HERE = Path(__file__).resolve().parent
TICKS, APART = 10, 15  # [ticks] lived again; between two decisions of one life
AT_MOST = 6  # decisions of one cause in one life
LIGHTS, SIGNS, WALKERS = ("red_light", "yellow_light"), ("stop_sign",), ("walker", "walker_near")


def main() -> None:
    """Lives, asks, and writes faithful.json beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mind", default="driver")
    parser.add_argument("--reasoning", default="both")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--decisions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=50_000)
    options = parser.parse_args()
    settings = {"preset": options.preset, "split": "test", "end_on_collision": False}
    world = make_world("mindloop/Driving-v0", 1, settings)
    mind = load_mind(options.mind, world.spec, ReasoningConfig(use=options.reasoning))
    assert isinstance(mind.reasoner, Reasoner)
    life = Life(world, LoopConfig(driver="mind"), mind)
    asked: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    allowed: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    seed = options.seed
    while sum(asked.values()) < options.decisions:
        for cause, is_gone, is_allowed, is_changed in one_life(life, mind.reasoner, seed):
            asked[cause] += 1
            gone[cause] += is_gone
            allowed[cause] += is_allowed
            changed[cause] += is_changed
        seed += 1
        print(f"seed {seed}: {sum(asked.values())} decisions, {sum(gone.values())} gone, "
              f"{sum(allowed.values())} allowed", flush=True)
    count = sum(asked.values())
    figures = {
        "mind": options.mind, "reasoning": options.reasoning, "preset": options.preset,
        "decisions": count, "ticks_lived_again": TICKS,
        "no_longer_applies": sum(gone.values()) / count,
        "allowed_again": sum(allowed.values()) / count,
        "executed_changes": sum(changed.values()) / count,
        "by_cause": {
            cause: {"decisions": asked[cause], "no_longer_applies": gone[cause] / asked[cause],
                    "allowed_again": allowed[cause] / asked[cause],
                    "executed_changes": changed[cause] / asked[cause]}
            for cause in sorted(asked)
        },
    }  # fmt: skip
    (HERE / "faithful.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def one_life(life: Life, reasoner: Reasoner, seed: int) -> list[tuple[str, bool, bool, bool]]:
    """Returns (cause, it no longer applies, the action is allowed, another is executed) of each
    decision of a life that a single cause bound."""
    found: list[tuple[str, bool, bool, bool]] = []
    life.reset(seed)
    states: deque[Any] = deque(maxlen=TICKS)
    actions: deque[Any] = deque(maxlen=TICKS)
    last, since = None, APART
    seen: Counter[str] = Counter()
    while True:
        trace = life.trace
        assert trace is not None
        before = trace.decision.action * 0 if last is None else last
        since += 1
        if bool(trace.decision.intervened[0]) and len(states) == TICKS and since > APART:
            binding = explain(reasoner, trace, before).binding
            name = binding[0].name if len(binding) == 1 else ""
            operation = removal(life.world, name) if name and seen[name] < AT_MOST else None
            if operation is not None:
                now = life.state()
                answer = ask(life, reasoner, states[0], list(actions), operation, name)
                if answer is not None:
                    found.append((name, *answer))
                    seen[name] += 1
                    since = 0
                life.load(*now)
                trace = life.trace
                assert trace is not None
        states.append(life.state())
        last = trace.decision.action
        actions.append(life.world.writer.write(last))
        if life.step().episodes:
            return found


def ask(
    life: Life, reasoner: Reasoner, state: Any, actions: list[Any], operation: dict[str, Any],
    name: str,
) -> tuple[bool, bool, bool] | None:  # fmt: skip
    """Lives again without the cause; None where the life ended meanwhile."""
    was = life.trace
    assert was is not None
    proposed, executed = was.decision.proposed[0], was.decision.action[0]
    life.load(*state)
    life.world.env.unwrapped.intervene(0, operation)  # type: ignore[attr-defined]
    tick = None
    for action in actions:
        tick = life.step(action)
        if tick.episodes:
            return None
    assert tick is not None and tick.trace is not None
    trace = life.trace
    assert trace is not None
    fired = trace.judgement.fired[0, reasoner.names.index(name)]
    is_allowed = bool(trace.judgement.allowed[0, int(proposed[0])])
    return not bool(fired), is_allowed, not bool((trace.decision.action[0] == executed).all())


def removal(world: World, name: str) -> dict[str, Any] | None:
    """Returns what takes the cause of that name out of the town; None where it can't be found."""
    driving = world.env.unwrapped.driving  # type: ignore[attr-defined]
    life = driving.state[0]
    town = driving.pool[life["town"]]
    index = int(life["flag"][INDEX])
    lanes = [int(lane) for lane in life["route_lane"][index : index + 2]]
    road = next((lane for lane in lanes if town["lane_turn"][lane] == 0), None)
    if name in LIGHTS and road is not None:
        junction = int(town["lane_junction"][road])
        return {"op": "light", "junction": junction, "state": "green"}
    if name in SIGNS and road is not None:
        return {"op": "sign", "index": int(town["lane_sign"][road]), "present": False}
    if name in WALKERS:
        return nearest(life, ("walker",))
    if name == SHIELD[0]:
        return nearest(life, ("vehicle", "walker"))
    return None


def nearest(life: Any, kinds: tuple[str, ...]) -> dict[str, Any] | None:
    """Returns the operation that removes whoever is nearest ahead."""
    ego = life["ego"]
    columns = {"vehicle": (V_X, V_Y, V_MODE), "walker": (W_X, W_Y, W_MODE)}
    best: tuple[float, dict[str, Any]] | None = None
    for kind in kinds:
        x, y, mode = columns[kind]
        rows, flags = life[kind], life[f"{kind}_flag"]
        for k in range(int(life[f"{kind}s"])):
            if flags[k, mode] == Mode.ABSENT:
                continue
            dx, dy = rows[k, x] - ego[X], rows[k, y] - ego[Y]
            heading = ego[2]
            ahead = dx * np.cos(heading) + dy * np.sin(heading)
            aside = abs(-dx * np.sin(heading) + dy * np.cos(heading))
            if 0 < ahead < 60 and aside < 6 + 0.2 * ahead:
                found = {"op": "remove", "actor": kind, "index": k}
                if best is None or ahead < best[0]:
                    best = (ahead, found)
    return None if best is None else best[1]


if __name__ == "__main__":
    main()
