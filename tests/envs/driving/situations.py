"""Situations for the driving world's tests: a town emptied, an ego put where a test wants it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mindloop.envs.driving import DrivingEnv
from mindloop.envs.driving.lives import (
    HEADING,
    INDEX,
    ROUTE_DONE,
    ROUTE_LATERAL,
    ROUTE_S,
    SPEED,
    V_ARRIVED,
    V_BEFORE,
    V_HEADING,
    V_KIND,
    V_LANE,
    V_MODE,
    V_NEXT,
    V_PACE,
    V_S,
    V_SEEN,
    V_SPEED,
    V_X,
    V_Y,
    Mode,
    X,
    Y,
)
from mindloop.envs.driving.params import Command, Control, Kind
from mindloop.envs.driving.road import lane_pose

HALF_LENGTH, HALF_WIDTH = 2.2, 0.9  # [m] of the ego and of a car
KEEP, ACCELERATE, BRAKE, BRAKE_HARD = 10, 11, 9, 8  # straight on
FACTS = [fact["name"] for fact in DrivingEnv.metadata["facts"]]

Pose = tuple[float, float, float]


def life_of(env: DrivingEnv) -> Any:
    """Returns the record of the one life; writing to it changes the life."""
    return env.driving.state[0]


def town_of(env: DrivingEnv) -> Any:
    """Returns the record of the town that the life is in."""
    return env.driving.pool[life_of(env)["town"]]


def facts_of(env: DrivingEnv, source: str = "true") -> dict[str, float]:
    """Returns the facts of this moment by name."""
    row = env.view(source).facts[0]
    return dict(zip(FACTS, row.tolist(), strict=True))


def clear(env: DrivingEnv) -> None:
    """Takes away every vehicle, walker and parked car."""
    saved = env.snapshot()
    saved["vehicle_flag"][0, :, V_MODE] = Mode.ABSENT
    saved["walker_flag"][0, :, V_MODE] = Mode.ABSENT
    saved["parked"][0] = -1
    env.restore(saved)


def straight_start(
    control: Control | None = None, turn: Command | None = None, yields: bool = False
) -> int:
    """Returns a seed of the test split whose route begins on a straight road of 80 m or more.

    Args:
      control: what rules the junction at its end; turn: what the route does there.
      yields: whether the turn has to give way to others.
    """
    env = DrivingEnv(split="test", camera=False)
    for seed in range(512):
        env.reset(seed=seed)
        life, town = life_of(env), town_of(env)
        lane, after = life["route_lane"][:2]
        first = town["lane_start"][lane]
        bend = np.abs(town["points"][first : first + town["lane_size"][lane], 3]).max()
        fits = bend == 0.0 and town["lane_length"][lane] >= 80.0
        if control is not None:
            fits &= town["junction_control"][town["lane_junction"][lane]] == control
        if turn is not None:
            fits &= town["lane_turn"][after] == turn
        if fits and (town["lane_yield"][after] > 0 or not yields):
            return seed
    raise LookupError(f"no straight start before {control!r}, {turn!r}")


def put_ego(
    env: DrivingEnv, s: float, lateral: float = 0.0, turned: float = 0.0, speed: float = 0.0,
    index: int = 0,
) -> None:  # fmt: skip
    """Puts the ego on its route.

    Args:
      s, lateral: [m] along a lane of the route and to the left of its centre.
      turned: [rad] from the lane's direction to the left; speed: [m/s].
      index: which lane of the route.
    """
    saved = env.snapshot()
    lane = int(saved["route_lane"][0, index])
    x, y, heading, _ = lane_pose(town_of(env), lane, s)
    ego, route = saved["ego"][0], saved["route"][0]
    ego[:] = 0.0
    ego[X], ego[Y] = x - lateral * np.sin(heading), y + lateral * np.cos(heading)
    ego[HEADING], ego[SPEED] = heading + turned, speed
    route[ROUTE_S], route[ROUTE_LATERAL] = s, lateral
    route[ROUTE_DONE] = saved["route_at"][0, index] + s
    saved["flag"][0, INDEX] = index
    env.restore(saved)


def ahead_of(env: DrivingEnv, ahead: float, left: float = 0.0, turned: float = 0.0) -> Pose:
    """Returns a pose so many metres ahead and to the left of the ego, turned to the left [rad]."""
    ego = life_of(env)["ego"]
    x, y, heading = float(ego[X]), float(ego[Y]), float(ego[HEADING])
    c, s = np.cos(heading), np.sin(heading)
    return float(x + c * ahead - s * left), float(y + s * ahead + c * left), heading + turned


def put_vehicle(
    env: DrivingEnv, k: int, lane: int, s: float, speed: float, follows: int = -1
) -> None:
    """Puts a car of the traffic, number k, on a lane; it goes on by `follows`, -1: the first."""
    saved, town = env.snapshot(), town_of(env)
    if follows < 0:
        follows = int(next(one for one in town["lane_next"][lane] if one >= 0))
    x, y, heading, _ = lane_pose(town, lane, s)
    row, flags = saved["vehicle"][0, k], saved["vehicle_flag"][0, k]
    row[:], flags[:] = 0.0, 0
    row[V_S], row[V_SPEED], row[V_PACE] = s, speed, 1.0
    row[V_X], row[V_Y], row[V_HEADING] = x, y, heading
    flags[V_MODE], flags[V_KIND] = Mode.TRAFFIC, Kind.CAR
    flags[V_LANE], flags[V_NEXT], flags[V_BEFORE] = lane, follows, -1
    flags[V_ARRIVED], flags[V_SEEN] = -1, -1000
    env.restore(saved)
