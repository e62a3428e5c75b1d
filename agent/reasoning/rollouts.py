"""The arithmetic of look-ahead: plans rolled out, and where they lead; compiled.

A plan is an action held for the first tick (or for all), then the believed path followed with a
pedal. Source: Polack 2017 for the kinematic bicycle; Coulter 1992 for pure pursuit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .rss import along

STEP = 0.2  # [s]
FREE = 1.2  # [m] from the path's middle, within which the ego is in its lane
FAR = 2.0  # [m] beyond that, from which being astray gets no worse
AHEAD = 1.0  # [s] of way, and
LEAST_AHEAD = 4.0  # [m], at which a point of the path is steered for
IMPACT = 0.2  # what the gentlest contact is worth, as a part of one at 10 m/s

# columns of an ego's body, of a thing around, and of a tick of a plan
(WHEELBASE, STEERING, RATE, SIDEWAYS, FASTEST, HALF_LENGTH, HALF_WIDTH) = range(7)
(OTHER_X, OTHER_Y, OTHER_VX, OTHER_VY, OTHER_LENGTH, OTHER_WIDTH, NEARER) = range(7)
(X, Y, HEADING, SPEED) = range(4)


@njit(cache=True, nogil=True)
def roll(
    body: Any, speed: float, wheel: float, pedal: float, turn: float, after: float, holds: bool,
    path: Any, out: Any,
) -> None:  # fmt: skip
    """Rolls one plan out.

    Args:
      body: f32[7], see above. speed, wheel: of the ego now, [m/s] and [rad].
      pedal, turn: the action's acceleration [m/s2] and part of the steering.
      after: [m/s2] from the second tick on, unless the action `holds`.
      path: f32[P, 2]. out: f32[T, 4], filled with x, y, heading, speed of each tick.
    """
    x, y, heading = 0.0, 0.0, 0.0
    for tick in range(len(out)):
        grip = np.arctan(body[SIDEWAYS] * body[WHEELBASE] / max(speed, 0.5) ** 2)
        limit = min(body[STEERING], grip)
        if tick == 0 or holds:
            wanted, drive = turn * limit, pedal
        else:
            bend = _pursue(path, x, y, heading, speed)
            wanted = min(max(np.arctan(bend * body[WHEELBASE]), -limit), limit)
            drive = after
        change = body[RATE] * STEP
        wheel += min(max(wanted - wheel, -change), change)
        faster = min(max(speed + drive * STEP, 0.0), body[FASTEST])
        mean = 0.5 * (speed + faster)
        slip = np.arctan(0.5 * np.tan(wheel))
        turned = mean * np.sin(slip) / (0.5 * body[WHEELBASE]) * STEP
        course = heading + slip + 0.5 * turned
        x += mean * STEP * np.cos(course)
        y += mean * STEP * np.sin(course)
        heading += turned
        speed = faster
        out[tick, X], out[tick, Y], out[tick, HEADING], out[tick, SPEED] = x, y, heading, speed


@njit(cache=True, nogil=True)
def _pursue(path: Any, x: float, y: float, heading: float, speed: float) -> float:
    """Returns the curvature [1/m] that leads to a point of the path some way ahead."""
    reach = max(speed * AHEAD, LEAST_AHEAD)
    c, s = np.cos(heading), np.sin(heading)
    best, bend = np.inf, 0.0
    for k in range(len(path)):
        dx, dy = path[k, 0] - x, path[k, 1] - y
        far = np.sqrt(dx * dx + dy * dy)
        miss = abs(far - reach)
        if dx * c + dy * s < 0.0:
            miss += 1e3
        if miss < best:
            best = miss
            bend = 2.0 * (-s * dx + c * dy) / max(far, 1.0) ** 2
    return bend


@njit(cache=True, nogil=True)
def astray(path: Any, plan: Any) -> tuple[float, float]:
    """Returns how far along the path a plan ends [m], and how long and far it leaves it [m s]."""
    way, total = 0.0, 0.0
    for tick in range(len(plan)):
        way, side = along(path, plan[tick, X], plan[tick, Y])
        total += min(max(abs(side) - FREE, 0.0), FAR) * STEP
    return way, total


@njit(cache=True, nogil=True)
def meet(body: Any, plan: Any, others: Any, brake: float, nearer: float) -> tuple[int, float]:
    """Returns the first tick in which the plan's body meets another's, -1 for never, and the
    worst impact: IMPACT and the speed at which they meet over 10 m/s, 0 without.

    Args:
      others: f32[N, 7], see above. brake: [m/s2] of the others.
      nearer: σ of the distance by which they are taken to be nearer than believed.
    """
    first, worst = -1, 0.0
    for k in range(len(others)):
        fast = np.sqrt(others[k, OTHER_VX] ** 2 + others[k, OTHER_VY] ** 2)
        far = np.sqrt(others[k, OTHER_X] ** 2 + others[k, OTHER_Y] ** 2)
        near = 1.0 - min(nearer * others[k, NEARER], 0.5 * far) / max(far, 1e-3)
        long = body[HALF_LENGTH] + others[k, OTHER_LENGTH]
        wide = body[HALF_WIDTH] + others[k, OTHER_WIDTH]
        for tick in range(len(plan)):
            time = (tick + 1) * STEP
            gone, left = time, 1.0
            if brake > 0.0:
                until = min(time, fast / brake)
                gone = until - 0.5 * brake * until**2 / max(fast, 1e-3)
                left = max(1.0 - brake * time / max(fast, 1e-3), 0.0)
            dx = others[k, OTHER_X] * near + others[k, OTHER_VX] * gone - plan[tick, X]
            dy = others[k, OTHER_Y] * near + others[k, OTHER_VY] * gone - plan[tick, Y]
            c, s = np.cos(plan[tick, HEADING]), np.sin(plan[tick, HEADING])
            if abs(c * dx + s * dy) < long and abs(c * dy - s * dx) < wide:
                fast_x = others[k, OTHER_VX] * left - plan[tick, SPEED] * c
                fast_y = others[k, OTHER_VY] * left - plan[tick, SPEED] * s
                worst = max(worst, IMPACT + np.sqrt(fast_x**2 + fast_y**2) / 10.0)
                if first < 0 or tick < first:
                    first = tick
                break
    return first, worst


@njit(cache=True, nogil=True)
def worst(body: Any, plan: Any, others: Any, moves: Any, caution: float) -> float:
    """Returns the worst impact of a plan whichever of their moves f32[M, 2] the others make."""
    hit = 0.0
    for m in range(len(moves)):
        nearer = moves[m, 1] * (1.0 + caution)
        hit = max(hit, meet(body, plan, others, moves[m, 0], nearer)[1])
    return hit


@njit(cache=True, nogil=True)
def values(
    body: Any, own: Any, actions: Any, after: Any, moves: Any, path: Any, others: Any, count: Any,
    costs: Any, caution: Any, ticks: int, out: Any,
) -> None:  # fmt: skip
    """Scores every action of every life by the better way to go on, others at their worst.

    Args:
      own: f32[B, 2], speed and steering. actions: f32[A, 2], acceleration and part of the steering.
      after: f32[C] [m/s2] ways to go on. moves: f32[M, 2], brake and nearer of the others.
      path: f32[B, P, 2]. others: f32[B, N, 7], of which the first count i64[B] are there.
      costs: f32[3], of a metre's progress, of a metre astray for a second, of an impact of 1.
      caution: f32[B], the part by which others may be nearer still.
      out: f32[B, A], filled.
    """
    plan = np.empty((ticks, 4), np.float32)
    for b in range(len(own)):
        some = others[b, : count[b]]
        for a in range(len(actions)):
            best = -np.inf
            for c in range(len(after)):
                roll(body, own[b, 0], own[b, 1], actions[a, 0], actions[a, 1], after[c], False,
                     path[b], plan)  # fmt: skip
                way, off = astray(path[b], plan)
                hit = worst(body, plan, some, moves, caution[b])
                best = max(best, costs[0] * way - costs[1] * off - costs[2] * hit)
            out[b, a] = best


@njit(cache=True, nogil=True)
def contacts(
    body: Any, own: Any, actions: Any, path: Any, others: Any, count: Any, ticks: int, out: Any
) -> None:
    """Fills out f32[B, A] with the time until contact [s] where an action is held and others keep
    their speed; inf where there is none within `ticks`."""
    plan = np.empty((ticks, 4), np.float32)
    for b in range(len(own)):
        for a in range(len(actions)):
            roll(body, own[b, 0], own[b, 1], actions[a, 0], actions[a, 1], 0.0, True, path[b], plan)
            first, _ = meet(body, plan, others[b, : count[b]], 0.0, 0.0)
            out[b, a] = np.inf if first < 0 else (first + 1) * STEP
