"""People who step onto the road where nobody expects them: whence, whither, and who heeds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.darting import OUT_OF_SIGHT
from mindloop.envs.driving.lives import (
    COLLIDED,
    DT,
    HEADING,
    INDEX,
    SPEED,
    V_SPEED,
    W_ACROSS,
    W_EDGE,
    W_HEADING,
    W_MODE,
    W_S,
    W_SINCE,
    W_SPEED,
    W_X,
    W_Y,
    Lives,
    Mode,
    X,
    Y,
)
from mindloop.envs.driving.notes import PEDESTRIAN_IN_PATH
from tests.envs.driving.situations import (
    KEEP,
    ahead_of,
    clear,
    life_of,
    put_ego,
    put_vehicle,
    straight_start,
    town_of,
)

LANES, DECISIONS = 32, 600  # 32 lives of 2 min


def darting(lives: Lives) -> NDArray[np.bool_]:
    """Returns bool[B, M]: walkers who dart now."""
    found: NDArray[np.bool_] = lives["walker_flag"][:, :, W_MODE] == Mode.DARTING
    return found


def put_darter(env: DrivingEnv, ahead: float, left: float, speed: float, halts: int = 0) -> None:
    """Puts walker 0 on the road, on its way to the left; it stands in the middle till `halts`."""
    saved = env.snapshot()
    x, y, heading = ahead_of(env, ahead, left)
    row, flags = saved["walker"][0, 0], saved["walker_flag"][0, 0]
    row[W_X], row[W_Y], row[W_HEADING], row[W_SPEED] = x, y, heading + np.pi / 2, speed
    row[W_S], row[W_ACROSS] = 0.0, 8.0
    flags[W_MODE], flags[W_SINCE] = Mode.DARTING, halts
    saved["darting"] = 1e-9  # somebody darts here, and nobody else will
    env.restore(saved)


@pytest.fixture
def street() -> DrivingEnv:
    """Returns an empty town with the ego on a long straight road, at 5 m/s."""
    env = DrivingEnv(split="test", camera=False)
    env.reset(seed=straight_start())
    clear(env)
    put_ego(env, 20.0, speed=5.0)
    return env


@pytest.mark.slow
def test_people_step_out_ahead_of_the_ego_and_an_expert_lets_them_pass() -> None:
    env = DrivingVectorEnv(LANES, copy=False, camera=False, darting=4.0, end_on_collision=False)
    env.reset(seed=900)
    world, expert = env.driving, env.expert("visible")
    begun = ended = struck = in_path = 0
    before = world.state.copy()
    stood, longest = np.zeros(LANES), 0.0
    for _ in range(DECISIONS):
        env.step(expert.act())
        lives = world.state
        goes_on = lives["clock"] > before["clock"]  # the same episode
        new = darting(lives) & ~darting(before) & goes_on[:, None]
        for b, i in np.argwhere(new):
            was, now, ego = before["walker"][b, i], lives["walker"][b, i], lives["ego"][b]
            away = np.array([now[W_X] - ego[X], now[W_Y] - ego[Y]])
            assert np.hypot(was[W_X] - ego[X], was[W_Y] - ego[Y]) > OUT_OF_SIGHT - 5.0
            ahead = away @ [np.cos(ego[HEADING]), np.sin(ego[HEADING])]
            assert np.hypot(*away) < 90.0 and ahead > -20.0  # round a corner at the most
            begun += 1
        over = darting(before) & (lives["walker_flag"][:, :, W_MODE] == Mode.TRAFFIC)
        for b, i in np.argwhere(over & goes_on[:, None]):
            town = world.pool[lives["town"][b]]
            assert town["walk_crossing"][lives["walker_flag"][b, i, W_EDGE]] < 0  # a pavement
            moved = lives["walker"][b, i, [W_X, W_Y]] - before["walker"][b, i, [W_X, W_Y]]
            assert np.hypot(*moved) < 1.5  # and no leap on to it
            ended += 1
        in_path += int((world.view("true").facts[:, PEDESTRIAN_IN_PATH] > 0.5).sum())
        struck += int((lives["flag"][:, COLLIDED] > 0).sum())
        stood = np.where(lives["ego"][:, SPEED] < 0.1, stood + 1, 0)
        longest = max(longest, stood.max() / 5.0)
        before = lives.copy()
    assert begun > 50 and ended > 0.8 * begun
    assert in_path > 0.05 * LANES * DECISIONS
    assert struck <= 2
    assert longest < 60.0  # nobody waits for somebody who waits for him


def test_nobody_steps_out_unless_asked_or_before_an_ego_that_stands() -> None:
    for rate, drives in ((0.0, True), (60.0, False)):
        env = DrivingVectorEnv(4, camera=False, darting=rate)
        env.reset(seed=3)
        expert = env.expert("visible")
        for _ in range(60):
            env.step(expert.act() if drives else np.full(4, KEEP))
            assert not darting(env.driving.state).any()


def test_the_way_over_the_road_is_as_long_as_speed_and_halt_say(street: DrivingEnv) -> None:
    now = int(life_of(street)["clock"])
    put_darter(street, 40.0, -4.0, speed=1.25, halts=now + 60)  # 4 m take 3.2 s, so 2.8 s of rest
    put_ego(street, 0.0)
    places = []
    for _ in range(60):
        street.step(KEEP)
        life = life_of(street)
        if life["walker_flag"][0, W_MODE] != Mode.DARTING:
            break
        places.append(float(life["walker"][0, W_S]))
    assert places[14] == pytest.approx(1.25 * 15 / 5, abs=0.01)
    assert places[16] == places[29] == pytest.approx(4.0, abs=1.25 * DT)
    # 6 s and the other half at 1.25 m/s: 9.2 s
    assert len(places) == pytest.approx(9.2 * 5, abs=1)
    assert life_of(street)["walker_flag"][0, W_MODE] == Mode.TRAFFIC


def test_a_car_in_the_way_makes_them_turn_round(street: DrivingEnv) -> None:
    put_ego(street, 20.0)  # stands
    put_darter(street, 0.0, -2.2, speed=1.2)  # beside its door, on the way through it
    life_of(street)["walker"][0, W_S] = 3.0
    street.step(KEEP)
    life = life_of(street)
    ego, walker = life["ego"], life["walker"][0]
    left = np.array([-np.sin(ego[HEADING]), np.cos(ego[HEADING])])
    assert left @ np.array([np.cos(walker[W_HEADING]), np.sin(walker[W_HEADING])]) < -0.99
    assert left @ np.array([walker[W_X] - ego[X], walker[W_Y] - ego[Y]]) < -2.2
    assert walker[W_S] == pytest.approx(8.0 - 3.0 + 2 * 1.2 * DT)  # it goes back what it came


def test_the_ego_is_told_of_them_and_the_traffic_brakes_for_them(street: DrivingEnv) -> None:
    put_ego(street, 10.0)
    put_darter(street, 45.0, -5.0, speed=0.8)
    assert street.view("true").facts[0, PEDESTRIAN_IN_PATH] == 1.0  # not on the road yet
    lane = int(life_of(street)["route_lane"][life_of(street)["flag"][INDEX]])
    put_darter(street, 45.0, 0.0, speed=0.0)
    put_vehicle(street, 0, lane, 25.0, 8.0)
    for _ in range(40):
        street.step(KEEP)
    assert life_of(street)["vehicle"][0, V_SPEED] < 0.05
    town, life = town_of(street), life_of(street)
    assert town["lane_length"][lane] > 60.0
    gap = np.hypot(*(life["vehicle"][0, 3:5] - life["walker"][0, [W_X, W_Y]]))
    assert 2.2 < gap < 8.0


def test_a_life_with_darting_is_the_same_among_any_neighbours() -> None:
    def live(lanes: int, lane: int) -> Any:
        env = DrivingVectorEnv(lanes, camera=False, darting=30.0)
        env.reset(seed=[77 if b == lane else 500 + b for b in range(lanes)])
        expert = env.expert("visible")
        for _ in range(120):
            env.step(expert.act())
        return env.snapshot(lane)

    alone, among = live(1, 0), live(5, 3)
    assert darting(alone).any()
    assert alone.tobytes() == among.tobytes()


@pytest.mark.parametrize(("value", "kind", "words"), [
    (-1.0, ValueError, "`darting` must lie within 0.0 and 60.0; got -1.0"),
    (None, TypeError, "`darting` must be a number; got None"),
    ("often", TypeError, "`darting` must be a number; got 'often'"),
])  # fmt: skip
def test_a_rate_that_cannot_be_is_refused(value: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        DrivingEnv(darting=value)
