"""Look-ahead: what each action may lead to within some seconds, with others at their worst.

Every action is held for one decision; then the ego follows its believed path, keeping its speed or
braking, whichever turns out better. Others keep their speed, brake as hard as they can, or are
nearer than believed, whichever is worse for the ego: a game of two moves, maximin. Source: von
Neumann 1928.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig
from ..types import Observation, Percept, WorldSpec
from . import rollouts
from .consequences import attributes

Array = NDArray[np.float32]
NEAREST = 4  # things around that are looked at
CONTACT, ASTRAY = 4.0, 1.0  # what a contact at 10 m/s, and a second 1 m beside the lane, cost
GRADE = 100.0  # [m/s] speed whose progress over the horizon counts 1: little, beside any contact


class LookAhead:
    """Scores the actions of a batch of lives."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Takes the ego's body from what the world declares."""
        motion = spec.motion
        self.config, self.spec = config, spec
        rows, names = attributes(spec.actions), motion["controls"]
        self._actions = np.array(
            [[row.get(names[key], 0.0) for key in ("acceleration", "steering")] for row in rows],
            np.float32,
        )
        self._body = np.array(
            [motion["wheelbase"], motion["steering"][1], motion["steering_rate"],
             motion["lateral"], motion["speed"][1], motion["length"] / 2, motion["width"] / 2],
            np.float32,
        )  # fmt: skip
        self._after = np.array([0.0, -config.brake], np.float32)
        self._moves = np.array(
            [[0.0, 0.0], [config.lead_brake, 0.0], [0.0, config.nearer_width]], np.float32
        )
        self._ticks = round(config.horizon / rollouts.STEP)
        progress = 1.0 / (GRADE * config.horizon)
        self._costs = np.array([progress, ASTRAY, CONTACT], np.float32)
        self._ego = motion["ego"]
        scene = spec.scene
        self._sizes = np.array(scene.sizes if scene and scene.sizes else [(0, 0)], np.float32) / 2
        sectors = scene.sectors if scene else 0
        bearing = ((np.arange(sectors) + 0.5) / max(sectors, 1) * 2.0 - 1.0) * np.pi
        self._cosine, self._sine = np.cos(bearing), np.sin(bearing)

    def prefer(
        self, observation: Observation, percept: Percept, allowed: NDArray[np.bool_],
        caution: Array,
    ) -> Array:  # fmt: skip
        """Returns f32[B, A]: `look_weight` times how much better than the mean of what is allowed
        an action is, 0 where it is forbidden."""
        score = self.score(observation, percept, caution)
        count = np.maximum(allowed.sum(-1, keepdims=True), 1)
        mean = np.where(allowed, score, 0.0).sum(-1, keepdims=True) / count
        found = np.where(allowed, self.config.look_weight * (score - mean), 0.0)
        return found.astype(np.float32)

    def score(self, observation: Observation, percept: Percept, caution: Array) -> Array:
        """Returns f32[B, A]: progress without contact and in the lane, at the worst, of each
        action; by `caution` f32[B] within [0, 1] the distances to others are doubted more."""
        own, path, others, count = self._seen(observation, percept)
        found = np.empty((len(own), len(self._actions)), np.float32)
        rollouts.values(
            self._body, own, self._actions, self._after, self._moves, path, others, count,
            self._costs, caution, self._ticks, found,
        )  # fmt: skip
        return found

    def contact_time(self, observation: Observation, percept: Percept) -> Array:
        """Returns f32[B, A] [s]: until contact if an action is held and others keep their speed;
        inf where there is none within the horizon. For explanations."""
        own, path, others, count = self._seen(observation, percept)
        found = np.empty((len(own), len(self._actions)), np.float32)
        rollouts.contacts(
            self._body, own, self._actions, path, others, count, self._ticks, found
        )
        return found

    def _seen(
        self, observation: Observation, percept: Percept
    ) -> tuple[Array, Array, Array, NDArray[np.int64]]:
        """Returns the ego's speed and steering f32[B, 2], the path, and the nearest things that
        may be there f32[B, N, 7] as rollouts has them, with how many they are i64[B]."""
        own = np.stack(
            [observation.parts[part].numpy()[:, int(column)]
             for part, column in (self._ego["speed"], self._ego["steering"])], axis=-1,
        ).astype(np.float32)  # fmt: skip
        scene = percept.scene.numpy()
        reach = np.where(scene[..., 6] >= self.config.possible, scene[..., 0], np.inf)
        near = np.argsort(reach, axis=-1)[:, :NEAREST]
        rows = np.take_along_axis(scene, near[..., None], 1)
        cos, sin = self._cosine[near], self._sine[near]
        size = self._sizes[np.clip(rows[..., 3].astype(np.int64), 0, len(self._sizes) - 1)]
        others = np.empty((*near.shape, 7), np.float32)
        others[..., rollouts.OTHER_X] = rows[..., 0] * cos
        others[..., rollouts.OTHER_Y] = rows[..., 0] * sin
        others[..., rollouts.OTHER_VX] = own[:, :1] - rows[..., 1] * cos - rows[..., 2] * sin
        others[..., rollouts.OTHER_VY] = -rows[..., 1] * sin + rows[..., 2] * cos
        others[..., rollouts.OTHER_LENGTH :][..., :2] = size
        others[..., rollouts.NEARER] = rows[..., 4]
        count = np.isfinite(np.take_along_axis(reach, near, 1)).sum(-1)
        return own, np.ascontiguousarray(percept.path.numpy()), others, count
