"""The shield: closed forms by hand, and a follower who never hits whom he follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.reasoning import rss
from mindloop.agent.reasoning.rss import LEAD, NOBODY, along, lateral_distance, safe_distance
from mindloop.agent.reasoning.shield import Shield, assumptions
from mindloop.agent.reasoning.verdicts import with_margins
from tests.agent.reasoning.stress import collisions
from tests.agent.reasoning.worlds import CART, ROAD, Facts, seen

largest_safe_acceleration = np.vectorize(rss.largest_safe_acceleration, otypes=[float])


def test_the_safe_distance_by_hand() -> None:
    # 20·1 + ½·3.5·1² + (20 + 3.5)²/(2·4) - 20²/(2·8) = 20 + 1.75 + 69.03 - 25
    assert safe_distance(20.0, 20.0, 1.0, 3.5, 4.0, 8.0) == pytest.approx(65.78, abs=0.01)
    # REFERENCE's other figure: 20·.3 + ½·3·.09 + 20.9²/12 - 25 = 6 + .135 + 36.40 - 25
    assert safe_distance(20.0, 20.0, 0.3, 3.0, 6.0, 8.0) == pytest.approx(17.54, abs=0.01)
    assert safe_distance(2.0, 20.0, 0.3, 3.0, 6.0, 8.0) == 0.0


def test_the_largest_safe_acceleration_needs_exactly_the_room_there_is() -> None:
    rng = np.random.default_rng(0)
    rear, front = rng.uniform(0.5, 20, 5000), rng.uniform(0, 20, 5000)
    room = rng.uniform(0, 80, 5000)
    found = largest_safe_acceleration(rear, front, room, 0.3, 6.0, 8.0)
    goes_on = (rear + 0.3 * found > 0) & np.isfinite(found)
    needed = (
        rear * 0.3 + 0.5 * found * 0.09 + (rear + 0.3 * found) ** 2 / 12.0 - front**2 / 16.0
    )
    assert goes_on.sum() > 2000
    assert needed[goes_on] == pytest.approx(room[goes_on], abs=1e-6)
    halts = ~goes_on & np.isfinite(found)
    assert halts.any(), "some can only be met by standing before the reaction time is over"
    way = rear[halts] ** 2 / (2 * -found[halts])
    assert np.all(way <= room[halts] + front[halts] ** 2 / 16.0 + 1e-6)


def test_more_room_never_allows_less() -> None:
    room = np.linspace(0.0, 60.0, 400)
    for rear in (0.0, 1.0, 8.0, 18.0):
        found = largest_safe_acceleration(rear, 5.0, room, 0.3, 6.0, 8.0)
        assert np.all(np.diff(found[np.isfinite(found)]) >= -1e-6)
        assert np.all(np.isfinite(found[1:]) >= np.isfinite(found[:-1]))


def test_sideways_by_hand() -> None:
    # each comes .5·(0 + .25)·.5 = .0625 m nearer, then brakes: .25²/(2·1.5) = .0208 m
    assert lateral_distance(0.0, 0.0, 0.5) == pytest.approx(2 * (0.0625 + 0.020833), abs=1e-5)
    assert lateral_distance(-5.0, 0.0, 0.5) == 0.0, "they part"


def test_points_along_a_path() -> None:
    path = np.array([[4.0, 0.0], [8.0, 4.0]], np.float32)
    for x, y, way, side in (
        (2.0, 1.0, 2.0, 1.0), (6.0, 2.0, 4 + 8**0.5, 0.0), (20.0, 16.0, 4 + 16 * 2**0.5, 0.0)
    ):  # fmt: skip
        assert along(path, x, y) == pytest.approx((way, side), abs=1e-5)
    assert along(path[:0], 3.0, -1.0) == (3.0, -1.0), "without a path, straight on"


def test_whom_the_verdict_is_about() -> None:
    shield = Shield(ROAD, ReasoningConfig(use="shield"))
    state = [[10.0, 0.0, 0.0]]
    calm = np.zeros(1, np.float32)
    facts: Facts = {"lead_present": 0.9, "lead_distance": (20.0, 0.5), "lead_closing_speed": 4.0}
    observation, percept, _, _ = seen(ROAD, state, facts)
    verdict = shield.judge(observation, percept, calm)
    room = 20.0 - 0.5 - 3 * 0.5
    assert int(verdict.who[0]) == LEAD and float(verdict.gap[0]) == pytest.approx(20.0)
    assert float(verdict.highest[0]) == pytest.approx(
        float(largest_safe_acceleration(10.0, 6.0, room, 0.3, 6.0, 8.0)), abs=1e-4
    )
    wary = shield.judge(observation, percept, np.ones(1, np.float32))
    assert float(wary.highest[0]) < float(verdict.highest[0]), "caution asks for more room"
    assert float(wary.needed[0]) > float(verdict.needed[0])
    unlikely = shield.judge(*seen(ROAD, state, {**facts, "lead_present": 0.4})[:2], calm)
    assert int(unlikely.who[0]) == NOBODY and unlikely.slack[0] == np.inf


def test_what_stands_in_the_believed_path_counts_and_what_stands_beside_it_does_not() -> None:
    shield = Shield(ROAD, ReasoningConfig(use="shield"))
    observation, percept, _, _ = seen(ROAD, [[6.0, 0.0, 0.0]] * 2, {})
    ahead, aside = 16, 19  # bearings of 5.6° and 39.4°
    for lane, sector in ((0, ahead), (1, aside)):
        bearing = (sector + 0.5) / 16 * np.pi - np.pi
        still = 6.0 * np.cos(bearing), 6.0 * np.sin(bearing)  # what stands comes nearer so
        percept.scene[lane, sector] = torch.tensor([8.0, *still, 2.0, 0.1, 0.1, 0.9])
    verdict = shield.judge(observation, percept, np.zeros(2, np.float32))
    assert verdict.who.tolist() == [1 + ahead, NOBODY]
    steps_in = percept.scene.clone()
    steps_in[1, aside, 2] -= 6.0  # m/s towards the path
    verdict = shield.judge(observation, replace(percept, scene=steps_in), np.zeros(2, np.float32))
    assert verdict.who.tolist() == [1 + ahead, 1 + aside]
    assert float(verdict.gap[0]) == pytest.approx(8 * np.cos(np.pi / 32) - 2.2 - 0.25, abs=0.01)


def test_the_nearest_binds_and_who_is_far_off_may_be_in_another_lane() -> None:
    shield = Shield(ROAD, ReasoningConfig(use="shield"))
    calm, ahead = np.zeros(1, np.float32), 16
    for lead, thing, who in ((30.0, 8.0, 1 + ahead), (4.0, 9.0, LEAD), (30.0, 12.0, LEAD)):
        facts: Facts = {"lead_present": 0.9, "lead_distance": lead, "lead_closing_speed": 6.0}
        observation, percept, _, _ = seen(ROAD, [[6.0, 0.0, 0.0]], facts)
        percept.scene[0, ahead] = torch.tensor([thing, 6.0, 0.0, 2.0, 0.1, 0.1, 0.9])
        assert int(shield.judge(observation, percept, calm).who[0]) == who, (lead, thing)


def test_caution_widens_the_margin() -> None:
    shield = Shield(ROAD, ReasoningConfig(use="shield"))
    facts: Facts = {"lead_present": 0.9, "lead_distance": 5.0, "lead_closing_speed": 0.0}
    observation, percept, _, _ = seen(ROAD, [[0.0, 0.0, 0.0]], facts)
    needed = [float(shield.judge(observation, percept, np.full(1, caution, np.float32)).needed[0])
              for caution in (0.0, 1.0)]  # fmt: skip
    assert needed == pytest.approx([0.5, 1.0]), "who stands needs the margin alone"


def test_who_is_beside_is_not_steered_at() -> None:
    shield = Shield(ROAD, ReasoningConfig(use="shield"))
    observation, percept, _, _ = seen(ROAD, [[6.0, 0.0, 0.0]] * 2, {})
    left = 24  # a bearing of 95.6°
    for lane, metres in ((0, 2.0), (1, 4.0)):
        percept.scene[lane, left] = torch.tensor([metres, 0.0, 0.0, 1.0, 0.1, 0.1, 0.9])
    verdict = shield.judge(observation, percept, np.zeros(2, np.float32))
    assert verdict.left.tolist() == [True, False] and not verdict.right.any()
    observation.parts["state"][:, 0] = 0.0
    verdict = shield.judge(observation, percept, np.zeros(2, np.float32))
    assert not verdict.left.any(), "who stands may turn its wheels"


def test_a_world_without_motion_is_told_so() -> None:
    with pytest.raises(ValueError, match="must be off or rules in CartPole-v1"):
        Shield(CART, ReasoningConfig(use="shield"))


def test_who_doubts_much_still_moves() -> None:
    """Doubt adds 6 m at most: before what may be a phantom the ego creeps on, not stands for ever.
    """
    facts: Facts = {"lead_present": 0.95, "lead_distance": (11.0, 5.8), "lead_closing_speed": 0.0}
    moves = {}
    for most in (6.0, 100.0):
        shield = Shield(replace(ROAD, scene=None), ReasoningConfig(use="shield", margin_most=most))
        observation, percept, _, _ = seen(shield.spec, [[0.0, 0.0, 0.0]], facts)
        moves[most] = float(shield.judge(observation, percept, np.zeros(1, np.float32)).highest[0])
    assert moves[6.0] > 2.0 and moves[100.0] < 0.0


def test_the_assumptions_name_their_figures() -> None:
    words = " ".join(assumptions(with_margins(ReasoningConfig(brake=5.0, lead_brake=7.0))))
    assert "5 m/s2" in words and "7 m/s2" in words and "{" not in words


@pytest.mark.parametrize("latency", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
def test_a_random_follower_hits_nobody_where_the_assumptions_hold(
    noise: float, latency: float
) -> None:
    config = ReasoningConfig(use="shield", latency=latency)
    assert collisions(config, episodes=300, noise=noise, latency=latency, seed=1) == 0


def test_without_its_margins_he_does() -> None:
    bare = ReasoningConfig(use="shield", margin=0.0, margin_width=0.0)
    assert collisions(bare, episodes=200, noise=1.0, latency=0.0, seed=1) > 20
    late = ReasoningConfig(use="shield")
    assert collisions(late, episodes=200, noise=0.0, latency=0.4, seed=1) > 0, "ignored latency"
