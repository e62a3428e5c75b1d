"""Decides when the simulation takes its next step and when a frame is worth drawing."""

from __future__ import annotations

import time
from collections.abc import Callable

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 0.0)  # times real time; 0: full speed
DRAWN_AT_MOST = 30  # [1/s]
SHARE_OF_TIME = 0.2  # of wall time that drawing may take while the simulation is behind
SLOWEST_DRAWN = 1.0  # [s] drawn at least this often, however slow drawing is
WAIT = 0.02  # [s] longest wait between two looks at the keyboard


class Pace:
    """Keeps the simulation at real time times `speed`, and drawing from slowing it.

    Args:
      step_seconds: simulated time of one step [s].
      clock, sleep: time [s], and waiting for some; replaced in tests.
    """

    def __init__(self, step_seconds: float, clock: Callable[[], float] = time.perf_counter,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self.step_seconds, self._clock, self._sleep = step_seconds, clock, sleep
        self.speed, self.is_paused = 1.0, False
        self.is_stale = True
        """Whether something has changed since the last drawing."""
        self._granted = 0
        self._next_step: float | None = None
        self._last_drawn, self._cost = float("-inf"), 0.0
        self._asked: float | None = None
        self._is_behind = False

    def grant_step(self) -> None:
        """Pauses, and lets one step through."""
        self.pause(True)
        self._granted += 1

    def pause(self, is_paused: bool) -> None:
        """Holds the simulation, or lets it go on without hurrying after the time that passed."""
        self.is_paused, self._next_step, self.is_stale = is_paused, None, True

    def change_speed(self, by: int) -> None:
        """Goes `by` places up or down in SPEEDS."""
        place = min(len(SPEEDS) - 1, max(0, SPEEDS.index(self.speed) + by))
        self.speed, self._next_step, self.is_stale = SPEEDS[place], None, True

    def ready(self) -> bool:
        """Tells whether the next step is due; waits at most WAIT."""
        if not self._may_step():
            return False
        self.is_stale = True
        return True

    def _may_step(self) -> bool:
        now = self._clock()
        if self._granted:
            self._granted -= 1
            return True
        if self.is_paused:
            self._sleep(WAIT)
            return False
        if self.speed == 0:
            self._is_behind = True
            return True
        if self._next_step is None:
            self._next_step = now  # a fresh start owes nothing
        early = self._next_step - now
        if early > 0:
            self._sleep(min(WAIT, early))
            if early > WAIT:
                return False
        step = self.step_seconds / self.speed
        self._is_behind = -early > step
        # A simulation that can't keep up isn't made to hurry later: at most one step is owed.
        self._next_step = max(self._next_step + step, self._clock() - step)
        return True

    def due(self) -> bool:
        """Tells whether to draw now: something changed, and drawing won't slow the simulation."""
        now = self._clock()
        pause = 1 / DRAWN_AT_MOST
        if self._is_behind and not self.is_paused:
            pause = max(pause, min(SLOWEST_DRAWN, self._cost / SHARE_OF_TIME))
        is_due = self.is_stale and now - self._last_drawn >= pause
        self._asked = now if is_due else self._asked
        return is_due

    def drawn(self) -> None:
        """Notes that a frame was drawn; its cost counts from when `due` asked for it."""
        self._last_drawn = self._clock()
        self._cost = 0.0 if self._asked is None else self._last_drawn - self._asked
        self.is_stale, self._asked = False, None
