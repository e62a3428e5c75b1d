"""The arithmetic of the shield: safe distances in closed form, and lives judged by them; compiled.

Source: Shalev-Shwartz et al. 2017, "On a formal model of safe and scalable self-driving cars",
definitions 1 and 6.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

NOBODY, LEAD = -1, 0  # whom a verdict is about; 1 + s is the thing in sector s of the scene
SIDE = 0.3  # [m] kept free on either side of the ego
STEP_IN = 1.0  # [s] for which something beside the path is taken to go on towards it
BESIDE = 1.0  # [m] before and behind the ego's body, within which a thing is beside it
LATERAL_ACCELERATION, LATERAL_BRAKE = 0.5, 1.5  # [m/s2] a_lat and b_lat of either side
LATERAL_BLUR = 1.0  # [m] by which half a sector may blur where a thing is across the path
STILL = 0.1  # [m/s] at which the ego counts as standing
(_RANGE, _CLOSING, _AROUND, _CLASS, _SIGMA, _, _PRESENCE) = range(7)  # columns of a scene


class Bounds(NamedTuple):
    """What the shield takes for granted; see ReasoningConfig for the first ten."""

    reaction: float
    brake: float
    lead_brake: float
    margin: float
    margin_width: float
    margin_most: float
    speed_width: float
    present: float
    certain: float
    latency: float
    drive: float
    """[m/s2] the strongest acceleration that the ego can ask for."""
    half_length: float
    half_width: float
    """[m] of the ego's body."""
    half_sector: float
    """[rad] that half a sector covers."""


@njit(cache=True, nogil=True)
def safe_distance(
    rear: float, front: float, reaction: float, drive: float, brake: float, lead_brake: float
) -> float:
    """Returns how far the rear of two must be behind [m], with both going the same way.

    The rear one may drive with `drive` for `reaction` seconds, then brakes with `brake`; the front
    one brakes with `lead_brake` at once. Speeds in m/s, accelerations in m/s2 and positive. Source:
    Shalev-Shwartz 2017, lemma 2.
    """
    faster = rear + reaction * drive
    travelled = rear * reaction + 0.5 * drive * reaction**2 + faster**2 / (2.0 * brake)
    return max(travelled - front**2 / (2.0 * lead_brake), 0.0)


@njit(cache=True, nogil=True)
def largest_safe_acceleration(
    rear: float, front: float, room: float, reaction: float, brake: float, lead_brake: float
) -> float:
    """Returns the largest acceleration that may be held for `reaction` seconds [m/s2].

    The positive root of safe_distance(…) = room, `room` being the gap without its margin; -inf
    where none would do, so that the ego has to brake as hard as it can.
    """
    free = room + front**2 / (2.0 * lead_brake)
    if free < 0.0:
        return -np.inf
    a = reaction**2 / (2.0 * brake)
    b = reaction**2 / 2.0 + rear * reaction / brake
    c = rear * reaction + rear**2 / (2.0 * brake) - free
    under = b**2 - 4.0 * a * c
    root = (-b + np.sqrt(max(under, 0.0))) / (2.0 * a)
    if rear + root * reaction < 0.0:
        # Before `reaction` is over a car that brakes stands: what it needs is then v²/2|a| alone.
        return min(-(rear**2) / (2.0 * max(free, 1e-6)), -rear / reaction)
    return root if under >= 0.0 else -np.inf


@njit(cache=True, nogil=True)
def lateral_distance(left: float, right: float, reaction: float) -> float:
    """Returns how far two must be apart sideways [m].

    Args:
      left: [m/s] speed of the left one towards the right one. right: of the right one towards the
        left one. Source: Shalev-Shwartz 2017, definition 6, with μ = 0.
    """
    return max(_reach(left, reaction) + _reach(right, reaction), 0.0)


@njit(cache=True, nogil=True)
def _reach(speed: float, reaction: float) -> float:
    """Returns how far one comes sideways who speeds up for `reaction` seconds, then brakes [m]."""
    later = speed + reaction * LATERAL_ACCELERATION
    return 0.5 * (speed + later) * reaction + later * abs(later) / (2.0 * LATERAL_BRAKE)


@njit(cache=True, nogil=True)
def along(path: Any, x: float, y: float) -> tuple[float, float]:
    """Returns how far along a path a point is, and how far to its left [m].

    Args:
      path: f32[P, 2] ahead of the ego, which stands at the origin; its last piece goes on straight.
    """
    if len(path) == 0:
        return x, y
    begun, from_x, from_y = 0.0, 0.0, 0.0
    best, way, side = np.inf, 0.0, 0.0
    for k in range(len(path)):
        step_x, step_y = path[k, 0] - from_x, path[k, 1] - from_y
        length = max(np.sqrt(step_x * step_x + step_y * step_y), 1e-3)
        c, s = step_x / length, step_y / length
        dx, dy = x - from_x, y - from_y
        onto = dx * c + dy * s
        inside = max(onto, 0.0) if k == len(path) - 1 else min(max(onto, 0.0), length)
        left = c * dy - s * dx
        miss = left * left + (onto - inside) ** 2
        if miss < best:
            best, way, side = miss, begun + inside, left
        begun += length
        from_x, from_y = path[k, 0], path[k, 1]
    return way, side


@njit(cache=True, nogil=True)
def judge(
    bounds: Bounds, speed: Any, caution: Any, facts: Any, doubt: Any, lead: Any, scene: Any,
    path: Any, bearings: Any, sizes: Any, verdict: Any, who: Any, beside: Any,
) -> None:  # fmt: skip
    """Judges B lives.

    Args:
      speed: f32[B] [m/s]. caution: f32[B], by which reaction time and margin grow.
      facts, doubt: f32[B, K]. lead: i64[3], the facts that say whether there is a lead, how far
        [m], how fast it comes nearer [m/s]; -1 where nothing says so.
      scene: f32[B, S, 7]. path: f32[B, P, 2]. bearings: f32[S, 2], cosine and sine of the sectors.
      sizes: f32[C, 2] [m] half the length and width of each class.
      verdict: f32[B, 3], filled with the largest safe acceleration [m/s2], inf where nobody is
        ahead, the gap to whom it is because of, and the gap that keeping speed needs [m].
      who: i64[B], filled with whom it is because of. beside: bool[B, 2], filled with whether
        something is too near on the left, on the right, to be steered at.
    """
    for b in range(len(speed)):
        own, more = float(speed[b]), 1.0 + caution[b]
        reaction = max(bounds.reaction, 1e-3) * more
        verdict[b, 0], verdict[b, 1], verdict[b, 2] = np.inf, np.inf, 0.0
        who[b] = NOBODY
        if lead[0] >= 0 and facts[b, lead[0]] >= bounds.present:
            slow = bounds.speed_width * doubt[b, lead[2]]
            front = max(own - facts[b, lead[2]] - slow, 0.0)
            _consider(bounds, own, more, reaction, LEAD, facts[b, lead[1]], front,
                      doubt[b, lead[1]], verdict[b], who[b : b + 1])  # fmt: skip
        for s in range(scene.shape[1]):
            presence, far = scene[b, s, _PRESENCE], scene[b, s, _RANGE]
            if presence < bounds.present and presence < bounds.certain:
                continue
            cos, sin = bearings[s, 0], bearings[s, 1]
            x, y = far * cos, far * sin
            across = scene[b, s, _AROUND] * cos - scene[b, s, _CLOSING] * sin  # to the left
            kind = min(max(int(scene[b, s, _CLASS]), 0), len(sizes) - 1)
            long, wide = sizes[kind, 0], sizes[kind, 1]
            is_near_enough = far * bounds.half_sector < LATERAL_BLUR  # else which lane is unknown
            if cos > 0.0 and presence >= bounds.present and is_near_enough:
                way, side = along(path[b], x, y)
                inward = max(-np.sign(side) * across, 0.0) * STEP_IN
                if way > 0.0 and abs(side) - inward - wide - bounds.half_width - SIDE < 0.0:
                    front = max(own - scene[b, s, _CLOSING], 0.0)
                    gap = way - long - bounds.half_length
                    _consider(bounds, own, more, reaction, 1 + s, gap, front,
                              scene[b, s, _SIGMA], verdict[b], who[b : b + 1])  # fmt: skip
            is_beside = abs(x) < bounds.half_length + long + BESIDE
            if own > STILL and presence >= bounds.certain and is_beside:
                towards = max(-np.sign(y) * across, 0.0)
                needed = lateral_distance(towards, 0.0, reaction) + bounds.margin
                if abs(y) - bounds.half_width - wide < needed:
                    beside[b, 0] |= y > 0.0
                    beside[b, 1] |= y < 0.0


@njit(cache=True, nogil=True)
def _consider(
    bounds: Bounds, own: float, more: float, reaction: float, whom: int, gap: float, front: float,
    sigma: float, verdict: Any, who: Any,
) -> None:  # fmt: skip
    """Takes somebody in the way into account, `gap` metres ahead at `front` m/s.

    Until an action of now takes effect, at the worst the ego drives and those ahead brake as hard
    as they can.
    """
    wait = bounds.latency
    later = own + bounds.drive * wait
    slower = max(front - bounds.lead_brake * wait, 0.0)
    their_way = (front**2 - slower**2) / (2.0 * bounds.lead_brake)
    shrunk = 0.5 * (own + later) * wait - their_way
    margin = more * bounds.margin + min(bounds.margin_width * sigma, bounds.margin_most) + shrunk
    free = largest_safe_acceleration(
        later, slower, gap - margin, reaction, bounds.brake, bounds.lead_brake
    )
    if who[0] == NOBODY or free < verdict[0]:
        needs = safe_distance(later, slower, reaction, 0.0, bounds.brake, bounds.lead_brake)
        verdict[0], verdict[1], verdict[2] = free, gap, needs + margin
        who[0] = whom
