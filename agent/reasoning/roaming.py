"""The arithmetic of a robot's look-ahead: plans of a differential drive rolled out; compiled.

A plan is a command held for the first tick (or for all), then the believed path followed, or a
stand. Source: Coulter 1992 for pure pursuit; Fox, Burgard & Thrun 1997 for the arcs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .rollouts import HALF_LENGTH, HEADING, IMPACT, SPEED, STEP, X, Y, meet, worst
from .rss import along

AHEAD = 0.6  # [m] of the path at which a point is steered for
GAIN = 3.0  # [1/s] turn asked for each radian that this point lies to the side
LEAST = 1e-3  # [m] between two points of a path; where it ends, they are the same

# columns of a robot's body besides those of rollouts
(RATE, TURN_RATE, FASTEST, SHARPEST) = range(4)


@njit(cache=True, nogil=True)
def length(path: Any) -> tuple[int, float]:
    """Returns how many points f32[P, 2] of a path differ, and how long it is [m]."""
    total, x, y = 0.0, 0.0, 0.0
    for k in range(len(path)):
        piece = np.sqrt((path[k, 0] - x) ** 2 + (path[k, 1] - y) ** 2)
        if piece < LEAST:
            return k, total
        total += piece
        x, y = path[k, 0], path[k, 1]
    return len(path), total


@njit(cache=True, nogil=True)
def roll(
    body: Any, own: Any, command: Any, goes_on: bool, holds: bool, path: Any, out: Any
) -> None:
    """Rolls one plan out.

    Args:
      body: f32[7], see above. own, command: speed and turn [m/s], [rad/s].
      goes_on: whether the path is followed after the first tick, unless the command `holds`; it
        stops otherwise. path: f32[P, 2], points that differ. out: f32[T, 4], as in rollouts.
    """
    x, y, heading = 0.0, 0.0, 0.0
    speed, turn = float(own[0]), float(own[1])
    for tick in range(len(out)):
        wanted, round_ = float(command[0]), float(command[1])
        if tick > 0 and not holds:
            wanted, round_ = 0.0, 0.0
            if goes_on and len(path) > 0:
                wanted, round_ = _pursue(body, path, x, y, heading)
        change, twist = body[RATE] * STEP, body[TURN_RATE] * STEP
        faster = speed + min(max(wanted - speed, -change), change)
        rounder = turn + min(max(round_ - turn, -twist), twist)
        turned = 0.5 * (turn + rounder) * STEP
        gone = 0.5 * (speed + faster) * STEP
        x += gone * np.cos(heading + 0.5 * turned)
        y += gone * np.sin(heading + 0.5 * turned)
        heading += turned
        speed, turn = faster, rounder
        out[tick, X], out[tick, Y], out[tick, HEADING], out[tick, SPEED] = x, y, heading, speed


@njit(cache=True, nogil=True)
def _pursue(body: Any, path: Any, x: float, y: float, heading: float) -> tuple[float, float]:
    """Returns the speed and turn that lead to the first point of the path that is far enough."""
    way, _ = along(path, x, y)
    last = len(path) - 1
    begun, k, from_x, from_y = 0.0, 0, 0.0, 0.0
    while k < last:
        begun += np.sqrt((path[k, 0] - from_x) ** 2 + (path[k, 1] - from_y) ** 2)
        if begun > way + AHEAD:
            break
        from_x, from_y = path[k, 0], path[k, 1]
        k += 1
    dx, dy = path[k, 0] - x, path[k, 1] - y
    away = np.sqrt(dx * dx + dy * dy)
    c, s = np.cos(heading), np.sin(heading)
    aside = np.arctan2(c * dy - s * dx, c * dx + s * dy)
    arrives = np.sqrt(body[RATE] * away) if k == last else body[FASTEST]
    speed = min(body[FASTEST], arrives) * max(np.cos(aside), 0.0)
    return speed, min(max(GAIN * aside, -body[SHARPEST]), body[SHARPEST])


@njit(cache=True, nogil=True)
def bump(body: Any, plan: Any, points: Any) -> tuple[int, float]:
    """Returns the first tick in which a plan runs into points f32[N, 2] that stand still, -1 for
    never, and its impact as in rollouts; 0 without."""
    near = body[HALF_LENGTH] ** 2
    was_x, was_y = 0.0, 0.0
    for tick in range(len(plan)):
        x, y = plan[tick, X], plan[tick, Y]
        for k in range(len(points)):
            dx, dy = points[k, 0] - x, points[k, 1] - y
            away = dx * dx + dy * dy
            before = (points[k, 0] - was_x) ** 2 + (points[k, 1] - was_y) ** 2
            if away < near and away < before:
                return tick, IMPACT + abs(plan[tick, SPEED]) / 10.0
        was_x, was_y = x, y
    return -1, 0.0


@njit(cache=True, nogil=True)
def values(
    body: Any, own: Any, actions: Any, moves: Any, path: Any, others: Any, count: Any, points: Any,
    costs: Any, caution: Any, ticks: int, out: Any,
) -> None:  # fmt: skip
    """Scores every action of every life by the better way to go on, others at their worst.

    Args:
      own: f32[B, 2], speed and turn. actions: f32[A, 2], of each option. moves: f32[M, 2], path:
        f32[B, P, 2], others: f32[B, N, 7] with count i64[B], as in rollouts. points: f32[B, N, 2]
        that stand still. costs: f32[2], of a metre's progress and of an impact of 1.
      caution: f32[B], the part by which others may be nearer still. out: f32[B, A], filled.
    """
    plan = np.empty((ticks, 4), np.float32)
    for b in range(len(own)):
        some = others[b, : count[b]]
        number, whole = length(path[b])
        ahead = path[b, :number]
        for a in range(len(actions)):
            best = -np.inf
            for goes_on in (True, False):
                roll(body, own[b], actions[a], goes_on, False, ahead, plan)
                gone = 0.0
                if number > 0:
                    gone = min(along(ahead, plan[ticks - 1, X], plan[ticks - 1, Y])[0], whole)
                hit = worst(body, plan, some, moves, caution[b])
                hit = max(hit, bump(body, plan, points[b])[1])
                best = max(best, costs[0] * gone - costs[1] * hit)
            out[b, a] = best


@njit(cache=True, nogil=True)
def contacts(
    body: Any, own: Any, actions: Any, path: Any, others: Any, count: Any, points: Any, ticks: int,
    out: Any,
) -> None:  # fmt: skip
    """Fills out f32[B, A] with the time until contact [s] where an action is held and others keep
    their speed; inf where there is none within `ticks`."""
    plan = np.empty((ticks, 4), np.float32)
    for b in range(len(own)):
        for a in range(len(actions)):
            roll(body, own[b], actions[a], False, True, path[b], plan)
            first, _ = meet(body, plan, others[b, : count[b]], 0.0, 0.0)
            static, _ = bump(body, plan, points[b])
            if static >= 0 and (first < 0 or static < first):
                first = static
            out[b, a] = np.inf if first < 0 else (first + 1) * STEP
