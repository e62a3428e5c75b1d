"""Look-ahead: what each action may lead to within some seconds, with others at their worst.

Every action is held for one decision; then the ego follows its believed path, keeping its speed or
braking, whichever turns out better. Others keep their speed or brake as hard as they can, whichever
is worse for the ego: a game of two moves, maximin. Source: von Neumann 1928; Polack 2017 for the
kinematic bicycle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ReasoningConfig
from ..types import Observation, Percept, WorldSpec
from .consequences import attributes
from .shield import along

Array = NDArray[np.float32]
STEP = 0.2  # [s]
NEAREST = 4  # things around that are looked at
CONTACT, ASTRAY = 4.0, 1.0  # what a contact at 10 m/s, and a second beside the lane, cost
FREE = 1.2  # [m] from the path's middle, within which the ego is in its lane
AHEAD = 1.0  # [s] of way, and
LEAST_AHEAD = 4.0  # [m], at which a point of the path is steered for
GRADE = 10.0  # [m/s] speed whose progress over the horizon counts 1


class LookAhead:
    """Scores the actions of a batch of lives."""

    def __init__(self, spec: WorldSpec, config: ReasoningConfig) -> None:
        """Takes the ego's body from what the world declares."""
        motion = spec.motion
        self.config, self.spec = config, spec
        rows, names = attributes(spec.actions), motion["controls"]
        self._pedal = np.array([row.get(names["acceleration"], 0.0) for row in rows], np.float32)
        self._wheel = np.array([row.get(names["steering"], 0.0) for row in rows], np.float32)
        self._wheelbase = float(motion["wheelbase"])
        self._steering = float(motion["steering"][1])
        self._rate = float(motion["steering_rate"])
        self._sideways = float(motion["lateral"])
        self._fastest = float(motion["speed"][1])
        self._body = motion["length"] / 2.0, motion["width"] / 2.0
        self._ego = motion["ego"]
        scene = spec.scene
        self._sizes = np.array(scene.sizes if scene and scene.sizes else [(0, 0)], np.float32) / 2
        sectors = scene.sectors if scene else 0
        self._bearing = ((np.arange(sectors) + 0.5) / max(sectors, 1) * 2.0 - 1.0) * np.pi

    def prefer(
        self, observation: Observation, percept: Percept, allowed: NDArray[np.bool_]
    ) -> Array:
        """Returns f32[B, A]: `look_weight` times how much better than the mean of what is allowed
        an action is, 0 where it is forbidden."""
        score = self.score(observation, percept)
        count = np.maximum(allowed.sum(-1, keepdims=True), 1)
        mean = np.where(allowed, score, 0.0).sum(-1, keepdims=True) / count
        found = np.where(allowed, self.config.look_weight * (score - mean), 0.0)
        return found.astype(np.float32)

    def score(self, observation: Observation, percept: Percept) -> Array:
        """Returns f32[B, A]: progress without contact and in the lane, at the worst, of each
        action."""
        plans = self._plans(observation, percept)  # [B, A, 2, T, 4]
        progress, astray = self._course(percept, plans)
        contact = self._contact(observation, percept, plans)  # [B, A, 2, others' moves]
        value = (progress - ASTRAY * astray)[..., None] - CONTACT * contact
        best: Array = value.min(-1).max(-1)
        return best

    def contact_time(self, observation: Observation, percept: Percept) -> Array:
        """Returns f32[B, A] [s]: until contact if an action is held and others keep their speed;
        inf where there is none within the horizon. For explanations."""
        plans = self._roll(observation, percept, hold=True)
        touches = self._touches(observation, percept, plans, brake=0.0)
        first = touches.argmax(-1).astype(np.float32)
        found: Array = np.where(touches.any(-1), (first + 1.0) * STEP, np.float32(np.inf))
        return found[..., 0]

    # ------------------------------------------------------------------ the ego's plans

    def _plans(self, observation: Observation, percept: Percept) -> Array:
        return self._roll(observation, percept, hold=False)

    def _roll(self, observation: Observation, percept: Percept, hold: bool) -> Array:
        """Returns x, y, heading, speed f32[B, A, C, T, 4] of every action and continuation."""
        own = {name: observation.parts[part].numpy()[:, int(k)]
               for name, (part, k) in self._ego.items()}  # fmt: skip
        lanes, ticks = len(own["speed"]), round(self.config.horizon / STEP)
        after = np.array([0.0] if hold else [0.0, -self.config.brake], np.float32)
        shape = (lanes, len(self._pedal), len(after))
        x, y, heading = (np.zeros(shape, np.float32) for _ in range(3))
        speed = np.broadcast_to(own["speed"][:, None, None], shape).astype(np.float32)
        wheel = np.broadcast_to(own["steering"][:, None, None], shape).astype(np.float32)
        found = np.empty((*shape, ticks, 4), np.float32)
        for tick in range(ticks):
            limit = np.minimum(
                self._steering,
                np.arctan(self._sideways * self._wheelbase / np.maximum(speed, 0.5) ** 2),
            )
            if tick == 0 or hold:
                wanted = self._wheel[None, :, None] * limit
                pedal = np.broadcast_to(self._pedal[None, :, None], shape)
            else:
                wanted = np.clip(self._pursue(percept, x, y, heading, speed), -limit, limit)
                pedal = np.broadcast_to(after[None, None], shape)
            change = self._rate * STEP
            wheel = wheel + np.clip(wanted - wheel, -change, change)
            faster = np.clip(speed + pedal * STEP, 0.0, self._fastest)
            mean = 0.5 * (speed + faster)
            slip = np.arctan(0.5 * np.tan(wheel))
            turn = mean * np.sin(slip) / (0.5 * self._wheelbase) * STEP
            course = heading + slip + 0.5 * turn
            x, y = x + mean * STEP * np.cos(course), y + mean * STEP * np.sin(course)
            heading, speed = heading + turn, faster
            found[..., tick, 0], found[..., tick, 1] = x, y
            found[..., tick, 2], found[..., tick, 3] = heading, speed
        return found

    def _pursue(self, percept: Percept, x: Array, y: Array, heading: Array, speed: Array) -> Any:
        """Returns the steering that leads to a point of the path (pure pursuit, Coulter 1992)."""
        path = percept.path.numpy()
        if path.shape[1] == 0:
            return np.zeros_like(x)
        reach = np.maximum(speed * AHEAD, LEAST_AHEAD)
        dx = path[:, None, None, :, 0] - x[..., None]
        dy = path[:, None, None, :, 1] - y[..., None]
        far = np.sqrt(dx**2 + dy**2)
        is_before = dx * np.cos(heading)[..., None] + dy * np.sin(heading)[..., None] < 0.0
        miss = np.abs(far - reach[..., None]) + 1e3 * is_before
        best = miss.argmin(-1)[..., None]
        dx, dy, far = (np.take_along_axis(a, best, -1)[..., 0] for a in (dx, dy, far))
        side = -np.sin(heading) * dx + np.cos(heading) * dy
        bend = 2.0 * side / np.maximum(far, 1.0) ** 2
        return np.arctan(bend * self._wheelbase)

    def _course(self, percept: Percept, plans: Array) -> tuple[Array, Array]:
        """Returns progress along the path, 1 for GRADE over the horizon, and seconds astray."""
        lanes = len(plans)
        flat = plans.reshape(lanes, -1, 4)
        way, side = along(percept.path.numpy(), flat[..., 0], flat[..., 1])
        way, side = way.reshape(plans.shape[:-1]), side.reshape(plans.shape[:-1])
        astray = np.maximum(np.abs(side) - FREE, 0.0).clip(max=2.0).sum(-1) * STEP
        return way[..., -1] / (GRADE * self.config.horizon), astray

    # ------------------------------------------------------------------ others

    def _contact(self, observation: Observation, percept: Percept, plans: Array) -> Array:
        """Returns f32[B, A, C, 2]: impact speed over 10 m/s, by others' moves; 0 without."""
        found = []
        for brake in (0.0, self.config.lead_brake):
            touches = self._touches(observation, percept, plans, brake)
            first = touches.argmax(-1)[..., None]
            speed = np.take_along_axis(plans[..., 3], first, -1)[..., 0]
            found.append(np.where(touches.any(-1), 0.2 + speed / 10.0, 0.0))
        return np.stack(found, axis=-1)

    def _touches(
        self, observation: Observation, percept: Percept, plans: Array, brake: float
    ) -> NDArray[np.bool_]:
        """Returns bool[B, A, C, T]: the ego's body meets another's."""
        scene = percept.scene.numpy()
        lanes, ticks = len(scene), plans.shape[-2]
        if scene.shape[1] == 0:
            return np.zeros(plans.shape[:-1], np.bool_)
        reach = np.where(scene[..., 6] >= self.config.possible, scene[..., 0], np.inf)
        near = np.argsort(reach, axis=-1)[:, :NEAREST]
        rows = np.take_along_axis(scene, near[..., None], 1)
        is_there = np.isfinite(np.take_along_axis(reach, near, 1))
        bearing = self._bearing[near].astype(np.float32)
        cos, sin = np.cos(bearing), np.sin(bearing)
        part, column = self._ego["speed"]
        own = observation.parts[part].numpy()[:, int(column), None]
        vx = own - rows[..., 1] * cos - rows[..., 2] * sin
        vy = -rows[..., 1] * sin + rows[..., 2] * cos
        fast = np.sqrt(vx**2 + vy**2)
        time = (np.arange(ticks, dtype=np.float32) + 1.0) * STEP
        if brake > 0:
            until = np.minimum(time, fast[..., None] / brake)
            gone = until - 0.5 * brake * until**2 / np.maximum(fast[..., None], 1e-3)
        else:
            gone = np.broadcast_to(time, (lanes, near.shape[1], ticks))
        ox = (rows[..., 0] * cos)[..., None] + vx[..., None] * gone  # [B, N, T]
        oy = (rows[..., 0] * sin)[..., None] + vy[..., None] * gone
        size = self._sizes[np.clip(rows[..., 3].astype(np.int64), 0, len(self._sizes) - 1)]
        touches = np.zeros(plans.shape[:-1], np.bool_)
        for k in range(near.shape[1]):
            dx = ox[:, None, None, k] - plans[..., 0]
            dy = oy[:, None, None, k] - plans[..., 1]
            c, s = np.cos(plans[..., 2]), np.sin(plans[..., 2])
            ahead, left = np.abs(c * dx + s * dy), np.abs(c * dy - s * dx)
            long = (self._body[0] + size[:, k, 0])[:, None, None, None]
            wide = (self._body[1] + size[:, k, 1])[:, None, None, None]
            touches |= (ahead < long) & (left < wide) & is_there[:, None, None, k : k + 1]
        return touches
