"""A robot in a room on paper: exact rays, people who walk straight on, and a random policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mindloop.agent.reasoning.arcs import WindowShield
from mindloop.agent.types import (
    ActionKind,
    ActionSpec,
    Modality,
    Observation,
    Part,
    Percept,
    SceneSpec,
    WorldSpec,
)
from tests.agent.reasoning.worlds import seen

RADIUS, PERSON, RAYS, SECTORS, FAR = 0.2, 0.25, 36, 32, 10.0
SUBSTEP, SUBSTEPS = 0.05, 5
SPEED_RATE, TURN_RATE = 2.0, 8.0
OPTIONS = {
    "forward": (0.8, 0.0), "back": (-0.4, 0.0), "left": (0.0, 1.6), "right": (0.0, -1.6),
    "curve": (0.6, 1.0), "stop": (0.0, 0.0),
}  # fmt: skip
MOTION = {
    "model": "differential", "length": 2 * RADIUS, "width": 2 * RADIUS,
    "decision": SUBSTEP * SUBSTEPS, "speed": (-0.4, 0.8), "turn": (-1.6, 1.6),
    "acceleration": SPEED_RATE, "turn_acceleration": TURN_RATE, "walkers": ["person"],
    "ego": {"speed": ("state", 0), "turn": ("state", 1)},
    "controls": {"speed": "speed", "turn": "turn"},
    "ranges": {"part": "lidar", "first": 0.0, "range": FAR},
}  # fmt: skip
HOME = WorldSpec(
    "test/Home-v0",
    (Part("state", Modality.VECTOR, (2,)), Part("lidar", Modality.RANGES, (RAYS,))),
    ActionSpec(
        ActionKind.DISCRETE, (len(OPTIONS),), names=tuple(OPTIONS),
        attributes=tuple({"speed": speed, "turn": turn} for speed, turn in OPTIONS.values()),
    ),
    scene=SceneSpec(SECTORS, 8.0, ("ball", "person"), ((0.3, 0.3), (2 * PERSON, 2 * PERSON))),
    path_points=8, motion=MOTION,
)  # fmt: skip
BOX_HOME = replace(
    HOME, actions=ActionSpec(ActionKind.BOX, (1, 1, 1), (-1.0,) * 3, (1.0,) * 3,
                             names=("speed", "turn", "gripper"))
)  # fmt: skip
Floats = NDArray[np.float64]


def at(
    own: tuple[float, float], ranges: Any = FAR, people: Any = (), spec: WorldSpec = HOME
) -> tuple[Observation, Percept]:
    """Returns what one robot observes and believes.

    Args:
      own: speed and turn. ranges: f32[RAYS] or one for all.
      people: (x, y, vx, vy) each, ahead and to the left, their velocity over the ground.
    """
    observation, percept, _, _ = seen(spec, [list(own)], {})
    lidar = torch.as_tensor(ranges, dtype=torch.float32).expand(1, RAYS)
    observation = replace(observation, parts={**observation.parts, "lidar": lidar.contiguous()})
    percept.scene[0] = torch.from_numpy(scene_of(np.array(people, float).reshape(-1, 4), own[0]))
    return observation, percept


def scene_of(people: Floats, speed: float) -> NDArray[np.float32]:
    """Returns f32[SECTORS, 7] with people f64[N, 4] in the robot's frame, the nearest of each
    sector."""
    scene = np.zeros((SECTORS, 7), np.float32)
    for x, y, vx, vy in people:
        away, angle = np.hypot(x, y), np.arctan2(y, x)
        row = scene[min(int((angle + np.pi) / (2 * np.pi) * SECTORS), SECTORS - 1)]
        if away < 8.0 and (row[6] == 0 or away < row[0]):
            c, s = np.cos(angle), np.sin(angle)
            vx_, vy_ = vx - speed, vy
            row[:] = away, -(vx_ * c + vy_ * s), vy_ * c - vx_ * s, 1, 0, 0, 1
    return scene


def wall(ahead: float) -> Floats:
    """Returns the ranges f64[RAYS] of a wall right across, `ahead` of the robot's middle."""
    cos = np.cos(2 * np.pi * np.arange(RAYS) / RAYS)
    return np.where(cos > 0, np.minimum(ahead / np.maximum(cos, 1e-6), FAR), FAR)


@dataclass
class Room:
    """A room with walls f64[M, 4] in which one robot and people move."""

    walls: Floats
    pose: Floats
    """f64[3]: x, y, heading."""
    people: Floats
    """f64[N, 4]: x, y, vx, vy."""
    slip: float = 1.0
    """By what part of it the robot gets as far as its wheels take it."""
    speed: float = 0.0
    turn: float = 0.0
    walls_hit: int = 0
    people_hit: int = 0
    gone: float = 0.0

    def clearance(self) -> float:
        """Returns how far the nearest wall is from the robot's middle [m]."""
        a, d = self.walls[:, :2], self.walls[:, 2:] - self.walls[:, :2]
        part = ((self.pose[:2] - a) * d).sum(-1) / np.maximum((d * d).sum(-1), 1e-12)
        nearest = a + np.clip(part, 0, 1)[:, None] * d
        return float(np.hypot(*(nearest - self.pose[:2]).T).min())

    def lidar(self) -> Floats:
        """Returns the exact ranges f64[RAYS]."""
        angles = self.pose[2] + 2 * np.pi * np.arange(RAYS) / RAYS
        ray = np.stack((np.cos(angles), np.sin(angles)), -1)[:, None]
        a, d = self.walls[:, :2] - self.pose[:2], self.walls[:, 2:] - self.walls[:, :2]
        across = ray[..., 0] * d[:, 1] - ray[..., 1] * d[:, 0]
        across = np.where(np.abs(across) < 1e-12, 1e-12, across)
        far = (a[:, 0] * d[:, 1] - a[:, 1] * d[:, 0]) / across
        part = (a[:, 0] * ray[..., 1] - a[:, 1] * ray[..., 0]) / across
        hit = (far > 0) & (part >= 0) & (part <= 1)
        found: Floats = np.minimum(np.where(hit, far, FAR).min(-1), FAR)
        return found

    def seen(self) -> Floats:
        """Returns the people f64[N, 4] in the robot's frame."""
        c, s = np.cos(self.pose[2]), np.sin(self.pose[2])
        turn = np.array([[c, -s], [s, c]])
        return np.hstack(((self.people[:, :2] - self.pose[:2]) @ turn, self.people[:, 2:] @ turn))

    def live(self, speed: float, turn: float) -> None:
        """Lives one decision, and counts what the robot touches while it moves towards it."""
        for _ in range(SUBSTEPS):
            self.people[:, :2] += SUBSTEP * self.people[:, 2:]
            step, twist = SPEED_RATE * SUBSTEP, TURN_RATE * SUBSTEP
            self.speed += min(max(speed - self.speed, -step), step)
            self.turn += min(max(turn - self.turn, -twist), twist)
            course = self.pose[2] + 0.5 * self.turn * SUBSTEP
            way = np.array([np.cos(course), np.sin(course)]) * self.speed * SUBSTEP * self.slip
            self.pose[2] += self.turn * SUBSTEP
            was = self.clearance()
            self.pose[:2] += way
            self.gone += float(np.hypot(*way))
            self.walls_hit += self.clearance() < min(RADIUS, was) - 1e-6
            apart = self.people[:, :2] - self.pose[:2]
            meets = np.hypot(*apart.T) < RADIUS + PERSON
            self.people_hit += int((meets & (apart @ way > 0)).sum())


def random_room(rng: np.random.Generator, people: int, slip: float = 1.0) -> Room:
    """Returns a room of 4 by 4 m with a wall that has a door 1 m wide, furniture made of cells of
    0.25 m, and people who walk straight on from 2 m off, through whatever there is."""
    door = 0.25 * rng.integers(1, 12)
    walls = [(0.0, 0.0, 4.0, 0.0), (4.0, 0.0, 4.0, 4.0), (4.0, 4.0, 0.0, 4.0), (0.0, 4.0, 0.0, 0.0)]
    boxes = [(2.0, 0.0, 0.25, door), (2.0, door + 1, 0.25, 3 - door)]
    for _ in range(3):
        boxes.append(tuple(0.25 * np.array([*rng.integers(0, 13, 2), *rng.integers(1, 4, 2)])))
    for x, y, wide, deep in boxes:
        corners = [(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep)]
        walls += [(*a, *b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    found = Room(np.array(walls, float), np.zeros(3), np.zeros((people, 4)), slip)
    for _ in range(1000):
        found.pose = np.array([*rng.uniform(0.3, 3.7, 2), rng.uniform(-np.pi, np.pi)])
        if found.clearance() > RADIUS + 0.05:
            break
    from_ = rng.uniform(-np.pi, np.pi, people)
    found.people[:, :2] = found.pose[:2] + 2.0 * np.stack((np.cos(from_), np.sin(from_)), -1)
    to = from_ + np.pi + rng.uniform(-0.4, 0.4, people)
    pace = rng.uniform(0.0, 1.1, people)
    found.people[:, 2:] = np.stack((pace * np.cos(to), pace * np.sin(to)), -1)
    return found


def wander(
    shield: WindowShield | None, room: Room, rng: np.random.Generator, decisions: int
) -> None:
    """Lets a random policy loose, of options or of numbers, whichever the shield knows."""
    commands, wanted = list(OPTIONS.values()), (0.0, 0.0)
    numbers, is_box = np.zeros(3), shield is not None and shield.spec.actions.is_box
    for tick in range(decisions):
        observation, percept = at((room.speed, room.turn), room.lidar())
        percept.scene[0] = torch.from_numpy(scene_of(room.seen(), room.speed))
        may = np.ones(len(commands), bool)
        lower, upper = -np.ones((1, 3), np.float32), np.ones((1, 3), np.float32)
        if shield is not None:
            verdict = shield.judge(observation, percept, np.zeros(1, np.float32))
            if is_box:
                verdict.bound(lower, upper)
            else:
                may = ~verdict.masks()[0][0]
        if is_box:
            if tick % 3 == 0:
                numbers = rng.uniform((-0.3, -1, -1), 1, 3)
            speed, turn, _ = np.clip(numbers, lower[0], upper[0])
            wanted = speed * (0.8 if speed > 0 else 0.4), turn * 1.6
        else:
            weights = np.array([4, 1, 1, 1, 2, 0.1]) * may
            if tick % 3 == 0 or not may[commands.index(wanted)]:
                wanted = commands[rng.choice(len(commands), p=weights / weights.sum())]
        room.live(*wanted)
