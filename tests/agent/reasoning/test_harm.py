"""Harm is counted on what was so: situations, those that were broken, and whom they fell on."""

from __future__ import annotations

import numpy as np
import torch

from mindloop.agent.reasoning.harm import NOBODY, Case, Harm
from mindloop.agent.types import Truth, WorldSpec

from .worlds import PENDULUM, ROAD

RULES = """
near [ethic]: light_red and light_distance < 10 => forbid acceleration > -1
far: light_red and light_distance < 20 => forbid acceleration > 0
"""
KEEPS, BRAKES = 6, 5  # straight on: pedal 0 and -3
DONE, GOES_ON = np.array([True]), np.array([False])


def truth(spec: WorldSpec, distance: float, whom: str | None = None) -> Truth:
    facts = np.zeros((1, len(spec.facts)), np.float32)
    if spec.facts:
        facts[0, :3] = 1.0, 1.0, distance
    sectors = spec.scene.sectors if spec.scene else 0
    scene = np.zeros((1, sectors, 7), np.float32)
    if whom is not None and spec.scene is not None:
        scene[0, :, 0], scene[0, :, 6] = 50.0, 1.0
        scene[0, :, 3] = spec.scene.classes.index("car")
        scene[0, sectors // 2, 0] = 8.0
        scene[0, sectors // 2, 3] = spec.scene.classes.index(whom)
    known = np.ones_like(facts, np.bool_)
    return Truth(facts, known, scene, np.zeros((1, spec.path_points, 2), np.float32))


def lived(harm: Harm, *ticks: tuple[float, int], whom: str | None = None) -> int:
    """Returns the violations of an episode: (distance of the red light, option) at each tick."""
    parts, done = {"state": torch.zeros(1, 3)}, 0
    for k, (distance, option) in enumerate(ticks):
        ended = DONE if k + 1 == len(ticks) else GOES_ON
        so = truth(ROAD, distance, whom)
        done += int(harm.add(parts, so, torch.tensor([[option]]), ended)[0])
    return done


def test_a_situation_is_broken_once_however_long_it_lasts() -> None:
    harm = Harm(ROAD, 1, [("my.rules", RULES)])
    assert harm
    ticks = [(30, KEEPS), (9, BRAKES), (8, KEEPS), (7, KEEPS), (30, KEEPS), (9, BRAKES)]
    assert lived(harm, *ticks, whom="pedestrian") == 1
    assert harm.situations == {Case("near", "pedestrian"): 2}
    assert harm.broken == {Case("near", "pedestrian"): 1}


def test_who_obeys_breaks_nothing_and_other_rules_do_not_count() -> None:
    harm = Harm(ROAD, 1, [("my.rules", RULES)])
    assert lived(harm, (15, KEEPS), (9, BRAKES)) == 0
    assert harm.situations == {Case("near", NOBODY): 1} and not harm.broken


def test_only_the_first_episode_of_a_lane_counts() -> None:
    harm = Harm(ROAD, 1, [("my.rules", RULES)])
    assert lived(harm, (9, KEEPS)) == 1
    assert lived(harm, (9, KEEPS)) == 0
    assert sum(harm.situations.values()) == 1


def test_without_ethic_rules_there_is_nothing_to_count() -> None:
    assert not Harm(ROAD, 1, [("my.rules", RULES.replace("[ethic]", ""))])


def test_a_box_breaks_a_rule_by_its_number() -> None:
    rules = "weak [ethic]: state[0] > 1 => require torque <= 1"
    found = []
    for torque in (0.5, 1.5):
        harm = Harm(PENDULUM, 1, [("my.rules", rules)])
        parts = {"state": torch.full((1, 3), 2.0)}
        found.append(int(harm.add(parts, truth(PENDULUM, 0), torch.tensor([[torque]]), DONE)[0]))
    assert found == [0, 1]
