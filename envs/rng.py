"""Random numbers drawn by key, so that a life is the same whatever its neighbours do.

A draw is a pure function of (seed, episode, step, entity, purpose): no stream, no state, nothing
to save in a snapshot. Mixing is SplitMix64 (Steele, Lea & Flood 2014), one round per word.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2^-53


@njit(cache=True, nogil=True, inline="always")
def _mix(word: np.uint64) -> np.uint64:
    """Returns SplitMix64's finaliser of a 64-bit word."""
    z = uint64(word) + _GOLDEN
    z = (z ^ (z >> uint64(30))) * _MIX_1
    z = (z ^ (z >> uint64(27))) * _MIX_2
    return z ^ (z >> uint64(31))


@njit(cache=True, nogil=True)
def key(seed: int, episode: int, step: int, entity: int, purpose: int) -> np.uint64:
    """Returns the 64-bit key of one draw; every argument changes it."""
    k = _mix(uint64(seed))
    k = _mix(k ^ uint64(episode))
    k = _mix(k ^ uint64(step))
    k = _mix(k ^ uint64(entity))
    return _mix(k ^ uint64(purpose))


@njit(cache=True, nogil=True)
def uniform(seed: int, episode: int, step: int, entity: int, purpose: int) -> float:
    """Returns a number in [0, 1)."""
    return float(key(seed, episode, step, entity, purpose) >> uint64(11)) * _TO_UNIT


@njit(cache=True, nogil=True)
def integer(n: int, seed: int, episode: int, step: int, entity: int, purpose: int) -> int:
    """Returns an integer in [0, n); n must be positive."""
    return int(uniform(seed, episode, step, entity, purpose) * n)


@njit(cache=True, nogil=True)
def normal(seed: int, episode: int, step: int, entity: int, purpose: int) -> float:
    """Returns a standard normal number (Box-Muller; the purpose's two halves give two uniforms)."""
    a = uniform(seed, episode, step, entity, 2 * purpose + 0x10000)
    b = uniform(seed, episode, step, entity, 2 * purpose + 0x10001)
    return float(np.sqrt(-2.0 * np.log(1.0 - a)) * np.cos(2.0 * np.pi * b))
