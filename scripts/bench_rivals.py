"""What `mindloop bench learn` measures of others: Stable-Baselines3, and a loop as CleanRL has it.

The plain loop is written after CleanRL's ppo_atari_lstm.py (Huang 2022): one process, tensors kept
for a whole rollout, memory replayed tick by tick under autograd, no auxiliary heads. It has our
encoder, memory width, epochs and minibatches, and the lanes of all our workers together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.nn import functional

from mindloop.agent.config import PPOConfig
from mindloop.agent.nets import linear
from mindloop.agent.perception import Perception
from mindloop.agent.world import describe
from mindloop.bench_pace import Entry, Pace, paced
from mindloop.fresh import Ready

RIVAL_LANES = 8  # of Stable-Baselines3's DummyVecEnv
SIZE = 64  # [px] width and height that CarRacing's 96 are brought to

# -------------------------------------------------------------------------- Stable-Baselines3


def sb3_car_racing(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of its PPO on CarRacing-v3 in the size of our camera."""
    return _sb3("CnnPolicy", small_car_racing, entry, ready)


def sb3_driving(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of its PPO on our single environment."""
    config = entry.config
    return _sb3(
        "MultiInputPolicy", lambda: gymnasium.make(config.env, **config.settings), entry, ready
    )


def _sb3(
    policy: str, make: Callable[[], gymnasium.Env[Any, Any]], entry: Entry, ready: Ready
) -> Pace:
    from stable_baselines3 import PPO  # an extra
    from stable_baselines3.common.vec_env import DummyVecEnv

    env = DummyVecEnv([make] * RIVAL_LANES)
    model = PPO(
        policy, env, n_steps=entry.rival_ticks, n_epochs=entry.config.ppo.epochs, device="cpu"
    )
    steps = entry.rival_ticks * RIVAL_LANES
    found = paced(
        lambda: model.learn(steps, reset_num_timesteps=False), steps, entry, ready,
        torch.get_num_threads(),
    )  # fmt: skip
    env.close()
    return found


def small_car_racing() -> gymnasium.Env[Any, Any]:
    """Returns CarRacing-v3 with pictures of SIZE.

    Gymnasium's ResizeObservation would need OpenCV and average pixels; to leave some out is faster,
    so the rival is not held up by it.
    """
    env = gymnasium.make("CarRacing-v3")
    kept = np.arange(SIZE) * 96 // SIZE
    space = gymnasium.spaces.Box(0, 255, (SIZE, SIZE, 3), np.uint8)
    return gymnasium.wrappers.TransformObservation(
        env, lambda picture: picture[kept[:, None], kept], space
    )


# ------------------------------------------------------------------------------ a plain loop


class Agent(nn.Module):
    """Our encoder and GRU, a linear actor and a linear critic."""

    def __init__(self, perception: Perception, actions: int) -> None:
        """Makes the two heads; of perception only encoder and memory are used."""
        super().__init__()
        self.perception = perception
        width = perception.config.features
        self.actor, self.critic = linear(width, actions, 0.01), linear(width, 1)

    def states(
        self, seen: dict[str, Tensor], memory: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Returns features f32[T·B, F] and the memory; done f32[T, B] begins it anew."""
        perception = self.perception
        hidden = functional.relu(perception.norm(perception.dense(perception.encode(seen))))
        features = []
        for now, is_new in zip(hidden.view(*done.shape, -1), done, strict=True):
            found, memory = perception.memory.step(now, (1.0 - is_new)[:, None] * memory)
            features.append(found)
        return torch.cat(features), memory

    def act(
        self, seen: dict[str, Tensor], memory: Tensor, done: Tensor, action: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Returns action, log-probability, entropy, value, each [T·B], and the memory."""
        features, memory = self.states(seen, memory, done)
        policy: Any = Categorical(logits=self.actor(features))
        if action is None:
            action = policy.sample()
        value = self.critic(features).flatten()
        return action, policy.log_prob(action), policy.entropy(), value, memory


class Batch(NamedTuple):
    """A rollout, [T, B, …]; done is that before each step."""

    seen: dict[str, Tensor]
    done: Tensor
    action: Tensor
    log_prob: Tensor
    reward: Tensor
    value: Tensor


class PlainLoop:
    """Lives a rollout and learns from it, in one process."""

    def __init__(self, entry: Entry, lanes: int) -> None:
        """Makes the batched world, with copies as Gymnasium asks for, and begins."""
        config, self.ppo = entry.config, entry.config.ppo
        self.env = gymnasium.make_vec(config.env, num_envs=lanes, **config.settings)
        spec = describe(self.env, config.env).spec
        self.agent = Agent(Perception(spec, config.mind.perception), spec.actions.width)
        used = ("encoders.", "dense.", "norm.", "memory.")
        for name, weights in self.agent.perception.named_parameters():
            weights.requires_grad_(name.startswith(used))
        self.optimiser = torch.optim.Adam(
            [p for p in self.agent.parameters() if p.requires_grad], self.ppo.learning_rate,
            eps=1e-5,
        )  # fmt: skip
        self.seen = _tensors(self.env.reset(seed=0)[0])
        self.done = torch.zeros(lanes)
        self.memory = self.agent.perception.initial_memory(lanes)
        self.batch = Batch(
            {name: part.new_zeros(self.ppo.ticks, *part.shape) for name, part in self.seen.items()},
            *(torch.zeros(self.ppo.ticks, lanes) for _ in range(5)),
        )

    def cycle(self) -> None:
        """Lives T ticks, then learns from them."""
        before = self.memory
        self._live()
        advantage = self._advantage()
        for _ in range(self.ppo.epochs):
            for lanes in torch.randperm(len(self.done)).chunk(self.ppo.minibatches):
                self._step(lanes, before[lanes], advantage[:, lanes])

    @torch.no_grad()
    def _live(self) -> None:
        batch = self.batch
        for tick in range(self.ppo.ticks):
            for name, part in self.seen.items():
                batch.seen[name][tick] = part
            batch.done[tick] = self.done
            action, log_prob, _, value, self.memory = self.agent.act(
                self.seen, self.memory, self.done[None]
            )
            batch.action[tick], batch.log_prob[tick] = action, log_prob
            batch.value[tick] = value
            raw, reward, terminated, truncated, _ = self.env.step(action.numpy())
            batch.reward[tick] = torch.from_numpy(np.asarray(reward))
            self.seen = _tensors(raw)
            self.done = torch.from_numpy(np.logical_or(terminated, truncated)).float()

    @torch.no_grad()
    def _advantage(self) -> Tensor:
        batch, ppo = self.batch, self.ppo
        value = self.agent.act(self.seen, self.memory, self.done[None])[3]
        advantage, carried = torch.zeros_like(batch.reward), torch.zeros_like(value)
        done = self.done
        for tick in range(ppo.ticks - 1, -1, -1):
            delta = batch.reward[tick] + ppo.gamma * value * (1 - done) - batch.value[tick]
            carried = delta + ppo.gamma * ppo.gae_lambda * (1 - done) * carried
            advantage[tick], value, done = carried, batch.value[tick], batch.done[tick]
        return advantage

    def _step(self, lanes: Tensor, memory: Tensor, advantage: Tensor) -> None:
        batch, ppo = self.batch, self.ppo
        seen = {name: part[:, lanes].flatten(0, 1) for name, part in batch.seen.items()}
        action = batch.action[:, lanes].flatten()
        _, log_prob, entropy, value, _ = self.agent.act(seen, memory, batch.done[:, lanes], action)
        old = batch.value[:, lanes].flatten()
        change = log_prob - batch.log_prob[:, lanes].flatten()
        loss = ppo_loss(change, entropy, value, old, advantage.flatten(), ppo)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.agent.parameters(), ppo.gradient_norm)
        self.optimiser.step()


def ppo_loss(
    change: Tensor, entropy: Tensor, value: Tensor, old: Tensor, advantage: Tensor, ppo: PPOConfig
) -> Tensor:
    """Returns CleanRL's loss: both policy and value clipped, advantages normalised."""
    target, ratio = old + advantage, change.exp()
    gain = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    policy = torch.max(-gain * ratio, -gain * ratio.clamp(1 - ppo.clip, 1 + ppo.clip)).mean()
    near = old + (value - old).clamp(-ppo.clip, ppo.clip)
    error = torch.max((value - target).square(), (near - target).square())
    return policy - ppo.entropy * entropy.mean() + ppo.value * 0.5 * error.mean()


def _tensors(raw: dict[str, Any]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.asarray(part)) for name, part in raw.items()}


def plain(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of one process with the lanes of all our workers."""
    return _plain(entry, ready, entry.config.ppo.lanes * entry.config.workers)


def plain_of_each(entry: Entry, ready: Ready) -> Pace:
    """Returns the pace of one process of several, each with the lanes of one worker."""
    return _plain(entry, ready, entry.config.ppo.lanes)


def _plain(entry: Entry, ready: Ready, lanes: int) -> Pace:
    loop = PlainLoop(entry, lanes)
    found = paced(loop.cycle, lanes * entry.config.ppo.ticks, entry, ready, torch.get_num_threads())
    loop.env.close()
    return found
