"""The driving world as Gymnasium sees it: contract, parity, determinism, messages."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics

import mindloop  # noqa: F401  (registers the worlds)
from mindloop.envs.driving import DrivingEnv, DrivingVectorEnv

STEPS = 60


def drive(env: DrivingVectorEnv, steps: int = STEPS) -> list[np.ndarray[Any, Any]]:
    """Returns what lane 0 lives through under the true-state expert."""
    env.reset(seed=5)
    expert = env.expert("true")
    seen = []
    for _ in range(steps):
        obs, reward, *_, info = env.step(expert.act())
        seen.append(
            np.concatenate(
                [obs["camera"][0].ravel(), obs["state"][0], info["facts"][0], reward[:1]]
            )
        )
    return seen


@pytest.fixture(scope="module")
def alone() -> list[np.ndarray[Any, Any]]:
    return drive(DrivingVectorEnv(1, split="test"))


@pytest.mark.parametrize("lanes", [7, 64])
def test_a_life_is_the_same_at_any_batch_size(
    lanes: int, alone: list[np.ndarray[Any, Any]]
) -> None:
    together = drive(DrivingVectorEnv(lanes, split="test"))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_life_does_not_feel_what_its_neighbours_do(alone: list[np.ndarray[Any, Any]]) -> None:
    env = DrivingVectorEnv(3, split="test")
    env.reset(seed=5)
    expert = env.expert("true")
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        actions = expert.act().copy()
        actions[1:] = rng.integers(20, size=2)
        obs, *_ = env.step(actions)
        np.testing.assert_array_equal(
            obs["camera"][0].ravel(), alone[step][: obs["camera"][0].size]
        )


def test_the_single_env_is_a_lane(alone: list[np.ndarray[Any, Any]]) -> None:
    env = DrivingEnv(split="test")
    env.reset(seed=5)
    expert = env.expert("true")
    for step in range(STEPS):
        obs, reward, *_ = env.step(expert.act())
        np.testing.assert_array_equal(
            obs["camera"].ravel(), alone[step][: obs["camera"].size]
        )
        assert reward == alone[step][-1]


def test_unseeded_reset_is_the_next_episode_of_the_same_life() -> None:
    a, b = DrivingEnv(camera=False), DrivingEnv(camera=False)
    first = a.reset(seed=3)[1]["town"], a.reset()[1]["town"], a.reset()[1]["town"]
    again = b.reset(seed=3)[1]["town"], b.reset()[1]["town"], b.reset()[1]["town"]
    assert first == again
    assert len(set(first)) > 1


@pytest.mark.parametrize("action", ["discrete", "continuous"])
def test_gymnasiums_checker(action: str) -> None:
    env = gymnasium.make("mindloop/Driving-v0", action=action, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()
    env.close()


def test_make_vec_takes_the_native_world_and_counts_episodes() -> None:
    env = gymnasium.make_vec("mindloop/Driving-v0", num_envs=4, camera=False, preset="calm")
    assert isinstance(env.unwrapped, DrivingVectorEnv)
    counted = gymnasium.wrappers.vector.RecordEpisodeStatistics(env)
    counted.reset(seed=0)
    for _ in range(400):
        counted.step(np.full(4, 4 * 4 + 3))  # full left, full throttle
    assert counted.episode_count > 4
    counted.close()


def test_statistics_of_the_single_env() -> None:
    env = RecordEpisodeStatistics(gymnasium.make("mindloop/Driving-v0", camera=False))
    env.reset(seed=0)
    info: dict[str, Any] = {}
    for _ in range(600):
        _, _, terminated, truncated, info = env.step(19)
        if terminated or truncated:
            break
    assert info["episode"]["l"] > 0
    assert set(info["score"]) >= {"driving_score_2_0", "driving_score_2_1", "route_completion"}
    assert isinstance(info["is_success"], bool)


def test_final_observation_and_info_at_an_end() -> None:
    env = DrivingVectorEnv(4)
    env.reset(seed=0)
    for _ in range(200):
        obs, _, terminated, truncated, info = env.step(np.full(4, 19))
        ended = np.flatnonzero(terminated | truncated)
        if ended.size:
            break
    lane = int(ended[0])
    assert info["_final_obs"][lane] and info["_final_info"][lane]
    final, score = info["final_obs"][lane], info["final_info"][lane]["score"]
    assert not np.array_equal(final["camera"], obs["camera"][lane])
    assert obs["state"][lane, 0] == 0.0  # it begins anew, standing
    assert 0.0 <= score["driving_score_2_0"] <= 100.0


def test_snapshot_and_restore_are_exact() -> None:
    env = DrivingEnv(split="test")
    env.reset(seed=9)
    expert = env.expert("true")
    for _ in range(30):
        env.step(expert.act())
    saved = env.snapshot()
    first = [env.step(expert.act())[0]["camera"] for _ in range(20)]
    env.restore(saved)
    again = [env.step(expert.act())[0]["camera"] for _ in range(20)]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


BAD = [
    ({"preset": "calmm"}, ValueError, "Did you mean 'calm'"),
    ({"presett": "calm"}, TypeError, "Did you mean 'preset'"),
    ({"split": "dev"}, ValueError, "`split` must be one of train, test"),
    ({"vehicles": -1}, ValueError, "`vehicles` must lie within 0"),
    ({"fog": 2.0}, ValueError, "`fog` must lie within 0"),
    ({"width": 3}, ValueError, "`width` must lie within 16"),
    ({"reward": {"progres": 1.0}}, ValueError, "Did you mean 'progress'"),
    ({"camera": 1}, TypeError, "`camera` must be True or False"),
]


@pytest.mark.parametrize(("settings", "error", "message"), BAD)
def test_bad_arguments_are_named(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        DrivingEnv(**settings)


def test_bad_calls_are_named() -> None:
    env = DrivingEnv(camera=False)
    with pytest.raises(RuntimeError, match="must come after `reset`"):
        env.step(0)
    with pytest.raises(ValueError, match="`town` must lie within 0 and 511"):
        env.reset(options={"town": 700})
    with pytest.raises(ValueError, match="only 'town'"):
        env.reset(options={"twn": 7})
    env.reset(seed=0)
    with pytest.raises(ValueError, match="`action` must lie within 0 and 19"):
        env.step(20)
    with pytest.raises(ValueError, match="`action` must have shape"):
        env.step([1, 2])
    wide = DrivingEnv(camera=False, action="continuous")
    wide.reset(seed=0)
    with pytest.raises(ValueError, match="must be finite"):
        wide.step([np.nan, 0.0])
