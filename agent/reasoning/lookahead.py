"""Look-ahead: what each action may lead to within some seconds, with others at their worst.

Every action is held for one decision; then the ego follows its believed path, keeping its speed or
braking, whichever turns out better; a robot minds what its lidar measures, too. Others keep their
speed, brake as hard as they can, or are nearer than believed, whichever is worse for the ego: a
game of two moves, maximin. Source: von Neumann 1928.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig
from ..types import Observation, Percept, WorldSpec
from . import roaming, rollouts
from .arcs import radii_of, rays_of
from .consequences import attributes

Array = NDArray[np.float32]
NEAREST = 4  # things around that are looked at
CONTACT, ASTRAY = 4.0, 1.0  # what a contact at 10 m/s, and a second 1 m beside the lane, cost
GRADE = 100.0  # [m/s] speed whose progress over the horizon counts 1: little, beside any contact
ROBOT_GRADE = 5.0  # the same for a robot, as a multiple of its greatest speed


@dataclass(frozen=True)
class Surroundings:
    """What B lives know of themselves and of what is around them."""

    own: Array
    """f32[B, 2], the ego's states."""
    path: Array
    """f32[B, P, 2] [m]."""
    others: Array
    """f32[B, N, 7], as rollouts has them, ..."""
    count: NDArray[np.int64]
    """i64[B]: ... of which so many are there."""
    points: Array
    """f32[B, R, 2] [m] where the rays of a lidar end; R is 0 without."""


class Car:
    """Rolls out a car's plans."""

    states = ("speed", "steering")

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Takes the ego's body from what the world declares."""
        motion = spec.motion
        self._actions = _options(spec, ("acceleration", "steering"))
        self._body = np.array(
            [motion["wheelbase"], motion["steering"][1], motion["steering_rate"],
             motion["lateral"], motion["speed"][1], motion["length"] / 2, motion["width"] / 2],
            np.float32,
        )  # fmt: skip
        self._after = np.array([0.0, -config.brake], np.float32)
        progress = 1.0 / (GRADE * config.horizon)
        self._costs = np.array([progress, ASTRAY, CONTACT], np.float32)

    def values(self, now: Surroundings, moves: Array, caution: Array, ticks: int) -> Array:
        """Returns f32[B, A], as LookAhead.score; moves f32[M, 2] are what others may do."""
        found = np.empty((len(now.own), len(self._actions)), np.float32)
        rollouts.values(
            self._body, now.own, self._actions, self._after, moves, now.path, now.others,
            now.count, self._costs, caution, ticks, found,
        )  # fmt: skip
        return found

    def contacts(self, now: Surroundings, ticks: int) -> Array:
        """Returns f32[B, A] [s], as LookAhead.contact_time."""
        found = np.empty((len(now.own), len(self._actions)), np.float32)
        rollouts.contacts(
            self._body, now.own, self._actions, now.path, now.others, now.count, ticks, found
        )
        return found


class Robot:
    """Rolls out a robot's plans."""

    states = ("speed", "turn")

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Takes the robot's body from what the world declares."""
        motion = spec.motion
        self._actions = _options(spec, ("speed", "turn"))
        self._body = np.array(
            [motion["acceleration"], motion["turn_acceleration"], motion["speed"][1],
             motion["turn"][1], 0.0, motion["length"] / 2, motion["width"] / 2], np.float32,
        )  # fmt: skip
        progress = 1.0 / (ROBOT_GRADE * motion["speed"][1] * config.horizon)
        self._costs = np.array([progress, CONTACT], np.float32)

    def values(self, now: Surroundings, moves: Array, caution: Array, ticks: int) -> Array:
        """Returns f32[B, A], as LookAhead.score; moves f32[M, 2] are what others may do."""
        found = np.empty((len(now.own), len(self._actions)), np.float32)
        roaming.values(
            self._body, now.own, self._actions, moves, now.path, now.others, now.count, now.points,
            self._costs, caution, ticks, found,
        )  # fmt: skip
        return found

    def contacts(self, now: Surroundings, ticks: int) -> Array:
        """Returns f32[B, A] [s], as LookAhead.contact_time."""
        found = np.empty((len(now.own), len(self._actions)), np.float32)
        roaming.contacts(
            self._body, now.own, self._actions, now.path, now.others, now.count, now.points, ticks,
            found,
        )  # fmt: skip
        return found


def _options(spec: WorldSpec, keys: tuple[str, ...]) -> Array:
    """Returns f32[A, keys]: what each option does; nothing for a Box, which isn't looked ahead."""
    rows, names = attributes(spec.actions), spec.motion["controls"]
    return np.array([[row.get(names[key], 0.0) for key in keys] for row in rows], np.float32)


class LookAhead:
    """Scores the actions of a batch of lives."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Takes the ego's body from what the world declares."""
        self.config, self.spec = config, spec
        is_robot = spec.motion["model"] == "differential"
        self._ego = Robot(spec, config) if is_robot else Car(spec, config)
        self._moves = np.array(
            [[0.0, 0.0], [config.lead_brake, 0.0], [0.0, config.nearer_width]], np.float32
        )
        self._ticks = round(config.horizon / rollouts.STEP)
        scene = spec.scene
        self._sizes = np.array(scene.sizes if scene and scene.sizes else [(0, 0)], np.float32) / 2
        sectors = scene.sectors if scene else 0
        bearing = ((np.arange(sectors) + 0.5) / max(sectors, 1) * 2.0 - 1.0) * np.pi
        self._cosine, self._sine = np.cos(bearing), np.sin(bearing)
        self._walks = np.ones(len(self._sizes), np.bool_)
        ranges = spec.motion.get("ranges")
        self._lidar, self._rays = "", np.zeros((0, 2), np.float32)
        if is_robot and ranges:
            self._walks = radii_of(spec) >= 0.0  # the rest is what the lidar measures
            self._lidar, self._rays = str(ranges["part"]), rays_of(spec)

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
        now = self._seen(observation, percept)
        return self._ego.values(now, self._moves, caution, self._ticks)

    def contact_time(self, observation: Observation, percept: Percept) -> Array:
        """Returns f32[B, A] [s]: until contact if an action is held and others keep their speed;
        inf where there is none within the horizon. For explanations."""
        return self._ego.contacts(self._seen(observation, percept), self._ticks)

    def _seen(self, observation: Observation, percept: Percept) -> Surroundings:
        """Returns the ego's own motion, the path, and the nearest things that may be there."""
        columns = [self.spec.motion["ego"][name] for name in self._ego.states]
        own = np.stack(
            [observation.parts[part].numpy()[:, int(column)] for part, column in columns], axis=-1
        ).astype(np.float32)
        scene = percept.scene.numpy()
        reach = np.where(scene[..., 6] >= self.config.possible, scene[..., 0], np.inf)
        if not self._walks.all():
            kinds = np.clip(scene[..., 3].astype(np.int64), 0, len(self._walks) - 1)
            reach = np.where(self._walks[kinds], reach, np.inf)
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
        points = np.zeros((len(own), 0, 2), np.float32)
        if self._lidar:
            points = observation.parts[self._lidar].numpy()[..., None] * self._rays
        path = np.ascontiguousarray(percept.path.numpy())
        return Surroundings(own, path, others, count, points)
