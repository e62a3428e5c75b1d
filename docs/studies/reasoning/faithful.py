"""Asks of each explanation whether it is true: without the cause that it names, is all otherwise?

    python docs/studies/reasoning/faithful.py --decisions 500

The driver lives in test towns. Whenever exactly one cause forbade what the policy proposed, the
last ticks are lived again with that cause taken out of the town (the light turned green, the
sign taken down, whoever is in the way or has the right of way removed), the same actions and the
same draws. Then: does the cited cause still apply, is the cited action allowed again, does what is
executed change?
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mindloop.agent.config import LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.reasoning.explain import explain
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.rss import LEAD
from mindloop.agent.reasoning.shield import SHIELD, Verdict
from mindloop.agent.store import load_mind
from mindloop.agent.world import World, make_world
from mindloop.envs.driving.lives import INDEX, V_MODE, V_X, V_Y, W_MODE, W_X, W_Y, Mode, X, Y

HERE = Path(__file__).resolve().parent
APART = 15  # [ticks] between two decisions of one life
AT_MOST = 6  # decisions of one cause in one life
LIGHTS, SIGNS, WALKERS = ("red_light", "yellow_light"), ("stop_sign",), ("walker", "walker_near")
CROSSING = ("give_way",)
NEAR_JUNCTION = 40.0  # [m] from the ego's line, within which others are crossing
REMOVABLE = (*LIGHTS, *SIGNS, *WALKERS, *CROSSING, SHIELD[0])  # other causes are not asked about


def main() -> None:
    """Lives, asks, and writes faithful_TICKS.json beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mind", default="driver")
    parser.add_argument("--reasoning", default="both")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--decisions", type=int, default=500)
    parser.add_argument("--ticks", type=int, default=10, help="lived again, without the cause")
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
    phantoms: Counter[str] = Counter()
    seed = options.seed
    while sum(asked.values()) < options.decisions:
        for cause, is_gone, is_allowed, is_changed in one_life(
            life, mind.reasoner, seed, options.ticks, phantoms
        ):
            asked[cause] += 1
            gone[cause] += is_gone
            allowed[cause] += is_allowed
            changed[cause] += is_changed
        seed += 1
        print(
            f"seed {seed}: {sum(asked.values())} decisions, {sum(gone.values())} gone, "
            f"{sum(allowed.values())} allowed",
            flush=True,
        )
    count = sum(asked.values())
    figures = {
        "mind": options.mind, "reasoning": options.reasoning, "preset": options.preset,
        "decisions": count, "ticks_lived_again": options.ticks,
        "no_longer_applies": sum(gone.values()) / count,
        "allowed_again": sum(allowed.values()) / count,
        "executed_changes": sum(changed.values()) / count,
        "cause_not_in_the_town": dict(phantoms),
        "by_cause": {
            cause: {"decisions": asked[cause], "no_longer_applies": gone[cause] / asked[cause],
                    "allowed_again": allowed[cause] / asked[cause],
                    "executed_changes": changed[cause] / asked[cause]}
            for cause in sorted(asked)
        },
    }  # fmt: skip
    file = HERE / f"faithful_{options.ticks}.json"
    file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def one_life(
    life: Life, reasoner: Reasoner, seed: int, ticks: int, phantoms: Counter[str]
) -> list[tuple[str, bool, bool, bool]]:
    """Returns (cause, it no longer applies, the action is allowed, another is executed) of each
    decision of a life that a single cause bound; counts those whose cause is not in the town."""
    found: list[tuple[str, bool, bool, bool]] = []
    life.reset(seed)
    states: deque[Any] = deque(maxlen=ticks)
    actions: deque[Any] = deque(maxlen=ticks)
    last, since = None, APART
    seen: Counter[str] = Counter()
    while True:
        trace = life.trace
        assert trace is not None
        before = trace.decision.action * 0 if last is None else last
        since += 1
        if bool(trace.decision.intervened[0]) and len(states) == ticks and since > APART:
            binding = explain(reasoner, trace, before).binding
            name = binding[0].name if len(binding) == 1 else ""
            operations: list[dict[str, Any]] = []
            if name and seen[name] < AT_MOST:
                verdict = reasoner.think(
                    trace.observation, trace.percept, trace.affect, before
                ).verdict
                operations = removal(life.world, name, verdict)
                if not operations and name in REMOVABLE:
                    phantoms[name] += 1
                    since = 0
            if operations:
                now = life.state()
                answer = ask(life, reasoner, states[0], list(actions), operations, name)
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
    life: Life, reasoner: Reasoner, state: Any, actions: list[Any],
    operations: list[dict[str, Any]], name: str,
) -> tuple[bool, bool, bool] | None:  # fmt: skip
    """Lives again without the cause; None where the life ended meanwhile."""
    was = life.trace
    assert was is not None
    proposed, executed = was.decision.proposed[0], was.decision.action[0]
    life.load(*state)
    for operation in operations:
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


def removal(world: World, name: str, verdict: Verdict | None) -> list[dict[str, Any]]:
    """Returns what takes the cause of that name out of the town; nothing where it isn't found."""
    driving = world.env.unwrapped.driving  # type: ignore[attr-defined]
    life = driving.state[0]
    town = driving.pool[life["town"]]
    index = int(life["flag"][INDEX])
    lanes = [int(lane) for lane in life["route_lane"][index : index + 2]]
    road = next((lane for lane in lanes if town["lane_turn"][lane] == 0), None)
    if name in LIGHTS and road is not None:
        junction = int(town["lane_junction"][road])
        return [{"op": "light", "junction": junction, "state": "green"}]
    if name in SIGNS and road is not None and town["lane_sign"][road] >= 0:
        return [{"op": "sign", "index": int(town["lane_sign"][road]), "present": False}]
    if name in WALKERS:
        found = ahead_of(town, life, ("walker",), lambda _, ahead, aside: aside < 6 + 0.2 * ahead)
        return found[:1]
    if name in CROSSING:
        return ahead_of(town, life, ("vehicle",), lambda _, ahead, aside:
                        np.hypot(ahead, aside) < NEAR_JUNCTION and aside > 2.0)  # fmt: skip
    if name == SHIELD[0] and verdict is not None:
        scene = world.spec.scene
        assert scene is not None
        return cited(town, life, verdict, scene.sectors)
    return []


def cited(town: Any, life: Any, verdict: Verdict, sectors: int) -> list[dict[str, Any]]:
    """Returns what removes whom the shield named: the nearest one of the lane ahead, or of the
    sector that it saw something in."""
    who = int(verdict.who[0])
    everyone = ("vehicle", "walker", "parked")
    if who == LEAD:
        lane = ahead_of(town, life, ("vehicle",), lambda _, ahead, aside: aside < 3 + 0.1 * ahead)
        return lane[:1]
    middle, width = ((who - 0.5) / sectors * 2 - 1) * np.pi, 2 * np.pi / sectors
    return ahead_of(town, life, everyone, lambda bearing, *_: abs(bearing - middle) < width)[:1]


def ahead_of(
    town: Any, life: Any, kinds: tuple[str, ...], is_meant: Callable[[float, float, float], bool]
) -> list[dict[str, Any]]:
    """Returns the operations that remove those ahead who are meant by their bearing [rad] and by
    how far ahead and aside they are [m], the nearest first."""
    ego = life["ego"]
    cosine, sine = np.cos(ego[2]), np.sin(ego[2])
    found: list[tuple[float, dict[str, Any]]] = []
    for kind in kinds:
        for k, (x, y) in places(town, life, kind):
            dx, dy = x - ego[X], y - ego[Y]
            ahead, aside, far = dx * cosine + dy * sine, dy * cosine - dx * sine, np.hypot(dx, dy)
            bearing = float(np.arctan2(aside, ahead))
            if 0 < ahead < 60 and is_meant(bearing, ahead, abs(aside)):
                found.append((float(far), {"op": "remove", "actor": kind, "index": k}))
    return [operation for _, operation in sorted(found, key=lambda one: one[0])]


def places(town: Any, life: Any, kind: str) -> list[tuple[int, Any]]:
    """Returns (index, (x, y)) of all actors of a kind."""
    if kind == "parked":
        return [(k, town["parking_xyh"][life["parked"][k], :2])
                for k in range(int(life["parked_cars"])) if life["parked"][k] >= 0]  # fmt: skip
    columns = {"vehicle": ([V_X, V_Y], V_MODE), "walker": ([W_X, W_Y], W_MODE)}
    at, mode = columns[kind]
    return [(k, life[kind][k, at]) for k in range(int(life[f"{kind}s"]))
            if life[f"{kind}_flag"][k, mode] != Mode.ABSENT]  # fmt: skip


if __name__ == "__main__":
    main()
