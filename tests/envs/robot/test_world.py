"""The robot world as Gymnasium sees it: contract, parity, determinism, messages."""

from __future__ import annotations

import resource
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import mindloop  # noqa: F401  (registers the worlds)
from mindloop.envs.robot.env import RobotEnv, RobotVectorEnv
from mindloop.envs.robot.levels import LEVELS
from mindloop.envs.robot.lives import X, Y

STEPS = 60


def go(env: RobotVectorEnv, steps: int = STEPS) -> list[np.ndarray[Any, Any]]:
    """Returns what lane 0 lives through under the true-map expert."""
    env.reset(seed=5)
    expert = env.expert("true")
    seen = []
    for _ in range(steps):
        obs, reward, *_, info = env.step(expert.act())
        seen.append(
            np.concatenate(
                [obs["camera"][0].ravel(), obs["lidar"][0], obs["state"][0], obs["mission"][0],
                 info["facts"][0], info["scene"][0].ravel(), info["path"][0].ravel(), reward[:1]]
            )
        )  # fmt: skip
    return seen


@pytest.fixture(scope="module")
def alone() -> list[np.ndarray[Any, Any]]:
    return go(RobotVectorEnv(1, preset="Social", split="test"))


@pytest.mark.parametrize("lanes", [7, 64])
def test_a_life_is_the_same_at_any_batch_size(
    lanes: int, alone: list[np.ndarray[Any, Any]]
) -> None:
    together = go(RobotVectorEnv(lanes, preset="Social", split="test"))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_life_does_not_feel_what_its_neighbours_do(alone: list[np.ndarray[Any, Any]]) -> None:
    env = RobotVectorEnv(3, preset="Social", split="test")
    env.reset(seed=5)
    expert = env.expert("true")
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        actions = expert.act().copy()
        actions[1:] = rng.integers(8, size=2)
        obs, *_ = env.step(actions)
        np.testing.assert_array_equal(
            obs["camera"][0].ravel(), alone[step][: obs["camera"][0].size]
        )


@pytest.mark.parametrize("preset", LEVELS)
def test_snapshot_and_restore_are_exact(preset: str) -> None:
    env = RobotEnv(preset=preset)
    env.reset(seed=2)
    rng = np.random.default_rng(1)
    actions = rng.integers(8, size=40)
    for action in actions[:10]:
        env.step(int(action))
    saved = env.snapshot()
    first = [env.step(int(action)) for action in actions[10:30]]
    env.restore(saved)
    for action, (obs, reward, *_) in zip(actions[10:30], first, strict=True):
        again, gained, *_ = env.step(int(action))
        for name in obs:
            np.testing.assert_array_equal(obs[name], again[name])
        assert gained == reward


@pytest.mark.parametrize("action", ["discrete", "continuous"])
def test_gymnasiums_checker(action: str) -> None:
    env = gymnasium.make("mindloop/Robot-v0", action=action, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()
    env.close()


def test_make_vec_takes_the_native_world_and_counts_episodes() -> None:
    env = gymnasium.make_vec("mindloop/Robot-v0", num_envs=4, camera=False, seconds=10.0)
    assert isinstance(env.unwrapped, RobotVectorEnv)
    counted = gymnasium.wrappers.vector.RecordEpisodeStatistics(env)
    counted.reset(seed=0)
    for _ in range(100):
        counted.step(np.full(4, 2))
    assert counted.episode_count >= 8
    counted.close()


def test_final_observation_and_score_at_an_end() -> None:
    env = RobotVectorEnv(2, seconds=5.0, split="test")
    env.reset(seed=0)
    for _ in range(20):
        obs, _, _, truncated, info = env.step(np.zeros(2, np.int64))
    assert truncated.all() and info["_final_obs"].all() and info["_final_info"].all()
    final, told = info["final_obs"][1], info["final_info"][1]
    assert not np.array_equal(final["camera"], obs["camera"][1])
    assert (final["map"][..., 2] > 0).sum() >= 1 and told["end"] == "time_limit"
    assert {"success", "spl", "collisions_per_km", "person_collisions_per_km"} <= set(told["score"])


@pytest.mark.slow
def test_a_hundred_thousand_random_steps_need_no_more_memory() -> None:
    """And no number of theirs is NaN; a million were lived through once, by hand."""
    env = RobotVectorEnv(64, preset="Any", copy=False)
    env.reset(seed=1)
    rng = np.random.default_rng(0)
    used = []
    for step in range(1600):
        obs, reward, *_, info = env.step(rng.integers(8, size=64))
        told = (obs["lidar"], obs["state"], reward, info["facts"], info["scene"], info["path"])
        assert all(np.isfinite(numbers).all() for numbers in told)
        if step in (800, 1599):
            used.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # [KiB], at most
    assert used[1] < used[0] + 16 * 2**10


@pytest.mark.parametrize(("actions", "kind", "said"), [
    (np.zeros(3, np.int64), ValueError, r"`action` must have shape \(2,\)"),
    (np.full(2, 8), ValueError, r"`action` must .* got 8"),
    (np.full(2, np.nan), TypeError, r"`action` must be whole numbers below 8; got float64"),
])  # fmt: skip
def test_actions_that_cannot_be(actions: Any, kind: type[Exception], said: str) -> None:
    env = RobotVectorEnv(2, camera=False)
    env.reset(seed=0)
    with pytest.raises(kind, match=said):
        env.step(actions)


@pytest.mark.parametrize("preset", LEVELS)
def test_random_lives_stay_within_their_spaces(preset: str) -> None:
    env = RobotEnv(preset=preset)
    env.action_space.seed(0)
    obs, _ = env.reset(seed=1)
    for _ in range(200):
        assert env.observation_space.contains(obs)
        obs, _, terminated, truncated, info = env.step(env.action_space.sample())
        low = np.array([fact["low"] for fact in env.metadata["facts"]]) - 1e-4
        high = np.array([fact["high"] for fact in env.metadata["facts"]]) + 1e-4
        assert (info["facts"] >= low).all() and (info["facts"] <= high).all()
        if terminated or truncated:
            obs, _ = env.reset()


def test_a_mission_may_be_given_in_words_and_changed() -> None:
    env = RobotEnv(mission="pick up the purple box", split="test")
    for seed in range(4):
        env.reset(seed=seed)
        expert = env.expert("true")
        for _ in range(240):
            *_, terminated, truncated, info = env.step(expert.act())
            if terminated or truncated:
                break
        assert info["is_success"], seed
    env = RobotEnv(split="test")
    env.reset(seed=1)
    env.command("go to a key")
    with pytest.raises(ValueError, match=r"must name what is there; got 'go to the .* there are a"):
        for colour in ("red", "green", "blue", "purple", "yellow", "grey"):
            for kind in ("key", "ball", "box"):
                env.command(f"go to the {colour} {kind}")


def test_the_ego_is_never_inside_a_wall() -> None:
    from mindloop.envs.robot.kernel import RADIUS, touches_cells

    env = RobotVectorEnv(16, preset="Sequence", camera=False)
    env.reset(seed=0)
    rng = np.random.default_rng(3)
    for _ in range(200):
        env.step(rng.choice(8, 16, p=[0.5, 0.05, 0.15, 0.15, 0.05, 0.03, 0.05, 0.02]))
        for life in env.robot.state:
            x, y = (float(v) for v in life["body"][[X, Y]])
            assert not touches_cells(life["cells"], x, y, RADIUS - 1e-3)


@pytest.mark.parametrize(("settings", "said"), [
    ({"preset": "Goto"}, r"`preset` must be one of .*Did you mean 'GoTo'\?"),
    ({"mission": "go to the rde ball"}, r"got 'rde'. Did you mean 'red'\?"),
    ({"mission": "go to red ball"}, r"`mission` must be such as 'go to .*ball'"),
    ({"people": 20}, r"`people` must lie within 0 and 8; got 20"),
    ({"reward": {"speed": 1.0}}, r"`reward` must name terms among progress"),
])  # fmt: skip
def test_messages(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RobotEnv(**settings)
