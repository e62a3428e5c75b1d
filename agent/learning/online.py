"""Going on learning while a mind acts: small steps, and never far from the mind it began as."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from ..config import ImitationConfig, PPOConfig, TrainConfig
from ..decision import MASKED
from ..loop import Life
from ..mind import Mind
from ..types import Affect, Tick
from .learner import Learner, unroll
from .ppo import divergence
from .rollout import Recorder, Rollout
from .workers import Group

TICKS = 64  # lived between two updates
RATE = 5e-5
VALUE_FIRST = 8  # updates in which only values and perception learn: rewards may be scaled anew
MANY = 1_000_000  # updates: it never ends
DRIFT = 0.1  # [nats] mean divergence from the mind it began as that is never passed


class Online:
    """Lives with a mind, and lets it learn from each TICKS ticks that it has lived.

    After each update the divergence KL(first policy || present one) is measured over what was
    lived. An update that would take it past `drift` is taken back.
    """

    def __init__(
        self, life: Life, seed: int = 0, drift: float = DRIFT,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Prepares the life's mind to learn; it is changed in place.

        Args:
          life: has begun, and its mind drives. seed: of minibatches.
          drift: [nats] largest mean divergence. say: called with notes for the user.
        Raises:
          ValueError: no mind drives, or the drift is not above 0.
        """
        if life.mind is None or life.driver != "mind":
            raise ValueError(
                f"`driver` must be mind for learning while acting; got {life.driver}. Leave "
                "--learn out, or let a mind drive."
            )
        if not drift > 0:
            raise ValueError(f"`drift` must be above 0; got {drift}. Give some nats, such as .1.")
        self.life, self.mind, self.drift, self.say = life, life.mind, drift, say
        self.first = copy.deepcopy(life.mind)
        self.mind.train()
        lanes = life.world.num_envs
        ppo = PPOConfig(
            ticks=TICKS, lanes=lanes, minibatches=1, epochs=2, learning_rate=RATE, anneals=False,
            entropy=0.0,
        )  # fmt: skip
        self.config = TrainConfig(
            ppo=ppo, steps=MANY * TICKS * lanes,
            imitation=ImitationConfig(value_share=VALUE_FIRST / MANY, minibatches=1),
            mind=self.mind.config,
        )
        rng = torch.Generator().manual_seed(seed)
        self.learner = Learner(
            life.world.spec, self.mind.perception, self.mind.decision, self.config, rng, Group(),
            self.mind.emotion,
        )
        self.divergence = 0.0
        self.refused = 0
        self._begin(self.mind.perception.initial_memory(lanes), Affect.neutral(lanes).vector())

    def _begin(self, memory: Tensor, affect: Tensor) -> None:
        self._kept = Recorder(self.life.world.spec, memory, affect)

    def step(self) -> Tick:
        """Lives one step, and learns when enough was lived."""
        seen = self.life.world.seen(self.life.infos)
        tick = self.life.step()
        self._kept.add(tick, seen)
        if len(self._kept) == TICKS:
            self._learn(tick)
        return tick

    def _learn(self, tick: Tick) -> None:
        after = self.life.trace
        assert after is not None and tick.trace is not None, "a mind drives"
        rollout = self._kept.finish(after)
        before = self.learner.flat.parameter.detach().clone()
        self.learner.update(rollout)
        divergence = self._divergence(rollout)
        if divergence > self.drift:
            with torch.no_grad():
                self.learner.flat.parameter.copy_(before)
            self.refused += 1
            if self.refused == 1:
                self.say(f"An update was taken back: it would have drifted {divergence:.3f} nats.")
        else:
            self.divergence = divergence
        self._begin(tick.trace.percept.memory, tick.trace.affect.vector())

    @torch.no_grad()
    def _divergence(self, rollout: Rollout) -> float:
        """Returns the mean KL(first || present) over what was lived [nats]."""
        was, now = (self._policy(mind, rollout) for mind in (self.first, self.mind))
        return float(divergence(was, now, self.life.world.spec.actions).mean())

    def _policy(self, mind: Mind, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Returns logits under the mask (a Box's mean) and a Box's log σ."""
        _, features = unroll(mind.perception, rollout)
        raw, log_std = mind.decision.policy(features, rollout.behaviour.affect)
        actions = self.life.world.spec.actions
        if actions.is_box:
            return raw, log_std
        return raw.masked_fill(~rollout.behaviour.permitted, MASKED), log_std
