"""The ego's motor that fails now and then: how often, for how long, and what obeys meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv
from mindloop.envs.driving.kernel import STALLED_BRAKE, STALLED_MAX, STALLED_MIN
from mindloop.envs.driving.lives import DT, SPEED, YAW_RATE
from tests.envs.driving.situations import (
    ACCELERATE,
    BRAKE_HARD,
    KEEP,
    clear,
    life_of,
    put_ego,
    straight_start,
)

FULL_LEFT = 18


def test_a_failed_motor_rolls_to_rest_and_steers_but_does_not_drive() -> None:
    env = DrivingEnv(split="test", camera=False, stalling=1e-9)
    env.reset(seed=straight_start())
    clear(env)
    put_ego(env, 20.0, speed=6.0)
    saved = env.snapshot()
    saved["stalled"] = saved["clock"] + 30
    env.restore(saved)
    speeds = []
    for _ in range(15):
        env.step(ACCELERATE)
        speeds.append(float(life_of(env)["ego"][SPEED]))
    rolling = 6.0 - STALLED_BRAKE * 2 * DT * np.arange(1, 16)
    np.testing.assert_allclose(speeds, np.maximum(rolling, 0.0), atol=1e-4)
    env.step(ACCELERATE)  # it starts again
    assert life_of(env)["ego"][SPEED] > 0.3
    put_ego(env, 20.0, speed=6.0)
    saved = env.snapshot()
    saved["stalled"] = saved["clock"] + 30
    env.restore(saved)
    before = env.snapshot()
    env.step(BRAKE_HARD)  # whoever brakes harder does
    assert life_of(env)["ego"][SPEED] < 6.0 - 7.9 * 2 * DT
    env.restore(before)
    env.step(FULL_LEFT)
    assert life_of(env)["ego"][YAW_RATE] > 0.05


def test_it_fails_as_often_and_as_long_as_asked() -> None:
    env = DrivingVectorEnv(32, camera=False, stalling=6.0, vehicles=0, pedestrians=0, parked=0)
    env.reset(seed=0)
    expert = env.expert("visible")
    begun, lengths, ticks = 0, [], 300
    state = env.driving.state
    before = state.copy()
    for _ in range(ticks):
        env.step(expert.act())
        goes_on = state["clock"] > before["clock"]
        new = goes_on & (state["stalled"] != before["stalled"])
        begun += int(new.sum())
        lengths += (state["stalled"] - before["clock"])[new].tolist()
        before = state.copy()
    minutes = 32 * ticks * 2 * DT / 60.0
    free = 1.0 / (1.0 / 6.0 + np.mean(lengths) * DT / 60.0)  # it can't fail while it has failed
    assert abs(begun / minutes - free) < 4.0 * np.sqrt(free / minutes)
    assert min(lengths) >= STALLED_MIN and max(lengths) <= STALLED_MAX + 1
    assert np.mean(lengths) == pytest.approx(0.5 * (STALLED_MIN + STALLED_MAX), rel=0.15)


def test_the_motor_never_fails_unless_asked() -> None:
    env = DrivingVectorEnv(4, camera=False)
    env.reset(seed=3)
    for _ in range(100):
        env.step(np.full(4, KEEP))
    assert not env.driving.state["stalled"].any()


@pytest.mark.parametrize(("value", "kind", "said"), [
    (-1.0, ValueError, "`stalling` must lie within 0.0 and 60.0; got -1.0"),
    (None, TypeError, "`stalling` must be a number; got None"),
])  # fmt: skip
def test_bad_rates_are_refused(value: object, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        DrivingEnv(stalling=value)
