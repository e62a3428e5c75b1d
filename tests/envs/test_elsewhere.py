"""Our worlds in other people's hands: Gymnasium's wrappers, Stable-Baselines3, a process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import pytest
from gymnasium.wrappers import RecordVideo

import mindloop  # noqa: F401  (registers the worlds)

LIFE = """
import hashlib
import sys
import gymnasium
import mindloop
env, digest = gymnasium.make_vec(sys.argv[1], 3, split="test").unwrapped, hashlib.sha256()
env.reset(seed=[9, 2, 5])
expert = env.expert("visible")
for _ in range(150):
    observation, reward, *_, info = env.step(expert.act())
    for array in (*observation.values(), reward, info["facts"], info["scene"], info["path"]):
        digest.update(array.tobytes())
print(digest.hexdigest())
"""


WORLDS = ("mindloop/Driving-v0", "mindloop/Robot-v0")


@pytest.mark.parametrize("world", WORLDS)
def test_a_life_is_the_same_in_two_processes(world: str) -> None:
    command = [sys.executable, "-c", LIFE, world]
    lived = [
        subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)
    ]
    assert lived[0].stdout == lived[1].stdout
    assert len(lived[0].stdout.strip()) == 2 * hashlib.sha256().digest_size


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_record_video_films_it(world: str, tmp_path: Path) -> None:
    env = gymnasium.make(world, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what moviepy and its parts warn of is theirs
        filmed = RecordVideo(env, str(tmp_path), video_length=10, disable_logger=True)
        filmed.reset(seed=1)
        for _ in range(12):
            filmed.step(0)
        filmed.close()  # type: ignore[no-untyped-call]
    (film,) = tmp_path.glob("*.mp4")
    assert film.stat().st_size > 5_000


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_stable_baselines_checks_it_and_learns_in_it(world: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, about pixels and spaces
        from stable_baselines3 import PPO
        from stable_baselines3.common.env_checker import check_env

        env = gymnasium.make(world)
        check_env(env.unwrapped)
        learner = PPO("MultiInputPolicy", env, n_steps=500, batch_size=250, n_epochs=1, seed=0)
        learner.learn(2_000)
    assert learner.num_timesteps == 2_000
