"""The arithmetic of a robot's shield: arcs rolled out to a stand, and whether they touch; compiled.

A command is held for one decision, from the speed and turn of now and within the limits of
acceleration; then the robot brakes. Until it stands it may touch neither what the lidar measures
nor people who walk on as believed. Source: Fox, Burgard & Thrun 1997, "The dynamic window approach
to collision avoidance"; Bouraine et al. 2012 for passive safety.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

NOTHING, SOMEBODY, SOMETHING = 0, 1, 2  # why a command is forbidden
CLOSE = 0.03  # [m] kept free before what the lidar measures
JOINED = 0.3  # [m] within which neighbouring points are taken to be of one flat face
BACKWARD = 0.1  # cosine by which the robot may point away from whom it is still said to near
SLIM = 1e-4  # [m] that don't count
(GAP, WAY, BEARING, SLACK) = range(4)  # columns of a command's figures
(_X, _Y, _VX, _VY, _RADIUS, _KEEP, _BLUR) = range(7)  # columns of a walker
(_RANGE, _CLOSING, _AROUND, _CLASS, _SIGMA, _SIGMA_SPEED, _PRESENCE) = range(7)  # of a scene


class Window(NamedTuple):
    """What the shield takes for granted of the robot; see ReasoningConfig for the last six."""

    tick: float
    """[s] of a step of the rolling out."""
    decision: float
    """[s]."""
    acceleration: float
    """[m/s2] with which it speeds up and brakes."""
    turn_acceleration: float
    """[rad/s2]."""
    slip: float
    """Part by which it may get farther than its wheels should take it."""
    radius: float
    """[m] of its body, a disc."""
    half_sector: float
    """[rad] that half a sector of the scene covers."""
    margin: float
    margin_width: float
    margin_most: float
    speed_width: float
    present: float
    latency: float


@njit(cache=True, nogil=True)
def stopping_way(speed: float, acceleration: float) -> float:
    """Returns how far the robot gets until it stands [m]."""
    return speed * speed / (2.0 * acceleration)


@njit(cache=True, nogil=True)
def faces(ranges: Any, rays: Any, limit: float, out: Any) -> int:
    """Fills f32[2N, 4] with pieces of what stands around nearer than `limit` [m], as x, y, x, y;
    returns how many.

    Between two rays nothing is measured. A face is taken to go on, up to the next ray on either
    side: straight on where its neighbour is of the same face, else at the same range. With u = 1/r,
    a straight line has u(k+1) + u(k-1) = 2 cos(angle between rays) u(k).

    Args:
      ranges: f32[N] [m], rays counter-clockwise. rays: f32[N, 2], their cosine and sine.
    """
    count, number = 0, len(ranges)
    apart = np.cos(2.0 * np.pi / number)
    for k in range(number):
        r = max(ranges[k], 0.01)
        if r >= limit:
            continue
        for side in (1, -1):
            ahead, behind = (k + side) % number, (k - side) % number
            next_, last = max(ranges[ahead], 0.01), max(ranges[behind], 0.01)
            far = r
            if r * r + last * last - 2.0 * r * last * apart < JOINED * JOINED:
                u = 2.0 * apart / r - 1.0 / last
                far = 2.0 * limit if u * 2.0 * limit < 1.0 else max(1.0 / u, 0.5 * r)
            elif r * r + next_ * next_ - 2.0 * r * next_ * apart < JOINED * JOINED:
                far = next_
            out[count, 0], out[count, 1] = r * rays[k, 0], r * rays[k, 1]
            out[count, 2], out[count, 3] = far * rays[ahead, 0], far * rays[ahead, 1]
            count += 1
    return count


@njit(cache=True, nogil=True)
def nearest(pieces: Any, count: int, x: float, y: float) -> tuple[float, float, float]:
    """Returns how far the nearest of the pieces is from a point [m], and where that is."""
    best, at_x, at_y = np.inf, 0.0, 0.0
    for k in range(count):
        ax, ay = pieces[k, 0], pieces[k, 1]
        dx, dy = pieces[k, 2] - ax, pieces[k, 3] - ay
        part = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9)
        part = min(max(part, 0.0), 1.0)
        px, py = ax + part * dx, ay + part * dy
        miss = (px - x) ** 2 + (py - y) ** 2
        if miss < best:
            best, at_x, at_y = miss, px, py
    return np.sqrt(best), at_x, at_y


@njit(cache=True, nogil=True)
def _walkers(
    window: Window, speed: float, more: float, scene: Any, bearings: Any, radii: Any, limit: float,
    out: Any,
) -> int:  # fmt: skip
    """Fills f32[S, 7] with who is believed to walk nearer than `limit` [m]; returns how many."""
    count = 0
    for s in range(len(scene)):
        row = scene[s]
        kind = min(max(int(row[_CLASS]), 0), len(radii) - 1)
        if row[_PRESENCE] < window.present or radii[kind] < 0.0:
            continue
        doubt = min(window.margin_width * row[_SIGMA], window.margin_most)
        blur = window.half_sector * row[_RANGE]  # where in its sector somebody is, is unknown
        keep = more * window.margin + doubt + blur
        if row[_RANGE] - radii[kind] - keep > limit + 2.0 * max(row[_CLOSING], 0.0):
            continue
        c, s_ = bearings[s, 0], bearings[s, 1]
        one = out[count]
        one[_X], one[_Y] = row[_RANGE] * c, row[_RANGE] * s_
        one[_VX] = speed - row[_CLOSING] * c - row[_AROUND] * s_
        one[_VY] = -row[_CLOSING] * s_ + row[_AROUND] * c
        one[_RADIUS], one[_KEEP] = radii[kind], keep
        one[_BLUR] = window.speed_width * row[_SIGMA_SPEED]
        count += 1
    return count


@njit(cache=True, nogil=True)
def _limit(value: float, most: float) -> float:
    return min(max(value, -most), most)


@njit(cache=True, nogil=True)
def roll(
    window: Window, own: Any, command: Any, more: float, pieces: Any, count: int, clear: float,
    people: Any, walking: int, figures: Any,
) -> int:  # fmt: skip
    """Rolls one command out to a stand; returns why it is forbidden.

    Args:
      own, command: speed and turn [m/s], [rad/s]. more: part by which the decision is prolonged.
      pieces: what stands around, the first `count` of them. clear: [m] to it from the body now;
        whoever is nearer than CLOSE may stay as near.
      people: the first `walking` of them.
      figures: f32[4], filled with the gap now to what is in the way [m], the way to a stand [m],
        the bearing of it [rad] and the least that is left over [m].
    """
    speed, turn = float(own[0]), float(own[1])
    x, y, heading, way, cause = 0.0, 0.0, 0.0, 0.0, NOTHING
    waits = int(np.ceil(window.latency / window.tick - 1e-3))
    holds = waits + int(np.ceil(window.decision * more / window.tick - 1e-3))
    step, twist = window.acceleration * window.tick, window.turn_acceleration * window.tick
    figures[GAP], figures[BEARING], figures[SLACK] = np.inf, 0.0, np.inf
    tick, rest = 0, min(CLOSE, clear)
    while tick < holds or speed != 0.0:
        wanted, wanted_turn = float(own[0]), float(own[1])
        if tick >= holds:
            wanted, wanted_turn = 0.0, 0.0
        elif tick >= waits:
            wanted, wanted_turn = float(command[0]), float(command[1])
        faster = speed + _limit(wanted - speed, step)
        rounder = turn + _limit(wanted_turn - turn, twist)
        gone = 0.5 * (speed + faster) * window.tick * (1.0 + window.slip)
        turned = 0.5 * (turn + rounder) * window.tick
        c, s = np.cos(heading + 0.5 * turned), np.sin(heading + 0.5 * turned)
        x, y, heading = x + gone * c, y + gone * s, heading + turned
        way += abs(gone)
        speed, turn = faster, rounder
        tick += 1
        if gone == 0.0 or cause != NOTHING:
            continue
        time, sign = tick * window.tick, (1.0 if gone > 0.0 else -1.0)
        for k in range(walking):
            one = people[k]
            dx, dy = one[_X] + one[_VX] * time - x, one[_Y] + one[_VY] * time - y
            away = np.sqrt(dx * dx + dy * dy)
            if sign * (c * dx + s * dy) < -BACKWARD * away:
                continue  # it goes away from them
            left = away - window.radius - one[_RADIUS] - one[_KEEP] - one[_BLUR] * time
            figures[SLACK] = min(figures[SLACK], left)
            if left < 0.0:
                cause = SOMEBODY
                far = np.sqrt(one[_X] ** 2 + one[_Y] ** 2)
                figures[GAP] = max(far - window.radius - one[_RADIUS], 0.0)
                figures[BEARING] = np.arctan2(one[_Y], one[_X])
                break
        away, px, py = nearest(pieces, count, x, y)
        left = away - window.radius - rest
        figures[SLACK] = min(figures[SLACK], left)
        if cause == NOTHING and left < -SLIM:
            cause = SOMETHING
            figures[GAP] = max(np.sqrt(px * px + py * py) - window.radius, 0.0)
            figures[BEARING] = np.arctan2(py, px)
    figures[WAY] = way
    return cause


@njit(cache=True, nogil=True)
def judge(
    window: Window, own: Any, caution: Any, commands: Any, ranges: Any, rays: Any, scene: Any,
    bearings: Any, radii: Any, cause: Any, figures: Any,
) -> None:  # fmt: skip
    """Judges the commands of B lives.

    Args:
      own: f32[B, 2], speed and turn. caution: f32[B], the part by which the decision and the margin
        grow. commands: f32[A, 2]. ranges: f32[B, N]. rays: f32[N, 2]. scene: f32[B, S, 7].
      bearings: f32[S, 2], cosine and sine of the sectors. radii: f32[C] [m] of each class, below 0
        of those who don't walk.
      cause: i8[B, A + 1], filled with why each is forbidden; the last is to go on as now.
      figures: f32[B, A + 1, 4], filled; see `roll`.
    """
    pieces = np.empty((2 * ranges.shape[1], 4), np.float32)
    people = np.empty((max(scene.shape[1], 1), 7), np.float32)
    fastest, number = 0.0, len(commands)
    for a in range(number):
        fastest = max(fastest, abs(commands[a, 0]))
    for b in range(len(own)):
        more = 1.0 + caution[b]
        fast = max(abs(own[b, 0]), fastest)
        reach = fast * (window.decision * more + window.latency + 2.0 * window.tick)
        reach += stopping_way(fast, window.acceleration)
        reach = window.radius + CLOSE + (1.0 + window.slip) * reach
        count = faces(ranges[b], rays, 2.0 * reach, pieces)
        walking = _walkers(
            window, own[b, 0], more, scene[b], bearings, radii, 2.0 * reach, people
        )
        clear = nearest(pieces, count, 0.0, 0.0)[0] - window.radius
        for a in range(number + 1):
            asked = own[b] if a == number else commands[a]
            cause[b, a] = roll(
                window, own[b], asked, more, pieces, count, clear, people, walking, figures[b, a]
            )
            if asked[0] == 0.0 and asked[1] == 0.0:
                cause[b, a] = NOTHING  # nothing is safer than to stop
