"""Steps come in real time, drawing gives way; on a clock that the test turns itself."""

from __future__ import annotations

import pytest

from mindloop.agent.viewer.pace import SPEEDS, WAIT, Pace


class Clock:
    """Time that passes only when someone sleeps or works."""

    def __init__(self) -> None:
        self.now, self.longest = 100.0, 0.0

    def read(self) -> float:
        """Gives the time [s]."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds
        self.longest = max(self.longest, seconds)


def live(pace: Pace, clock: Clock, seconds: float, step_cost: float, draw_cost: float
         ) -> tuple[int, int]:
    """Runs the loop that `Window` documents; gives steps taken and frames drawn."""
    steps = frames = 0
    end = clock.now + seconds
    while clock.now < end:
        clock.now += 1e-5
        if pace.ready():
            clock.now += step_cost
            steps += 1
        if pace.due():
            clock.now += draw_cost
            pace.drawn()
            frames += 1
    return steps, frames


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """A pace of five steps a second."""
    return Pace(0.2, clock.read, clock.sleep)


@pytest.mark.parametrize(("turns", "rate"), [(0, 5), (1, 10), (-1, 2.5), (4, 80)])
def test_steps_keep_real_time_times_speed(pace: Pace, clock: Clock, turns: int, rate: float
                                          ) -> None:
    for _ in range(abs(turns)):
        pace.change_speed(1 if turns > 0 else -1)
    steps, frames = live(pace, clock, 20, step_cost=0.003, draw_cost=0.005)
    assert steps == pytest.approx(20 * rate, abs=2)
    assert frames == pytest.approx(min(20 * rate, 20 * 30), rel=0.35)
    assert clock.longest <= WAIT


def test_every_step_is_drawn_when_there_is_time(pace: Pace, clock: Clock) -> None:
    steps, frames = live(pace, clock, 10, step_cost=0.003, draw_cost=0.02)
    assert frames == pytest.approx(steps, abs=1)


def test_drawing_takes_a_fifth_of_the_time_at_full_speed(pace: Pace, clock: Clock) -> None:
    pace.change_speed(len(SPEEDS))
    assert pace.speed == 0
    steps, frames = live(pace, clock, 10, step_cost=0.001, draw_cost=0.05)
    assert 0.15 < frames * 0.05 / 10 <= 0.21
    assert steps > 7000


def test_a_simulation_that_is_too_slow_is_not_slowed_further(pace: Pace, clock: Clock) -> None:
    steps, frames = live(pace, clock, 60, step_cost=0.25, draw_cost=0.1)
    assert steps > 60 / 0.25 * 0.75
    assert frames >= 50  # at least about once a second


def test_nothing_is_hurried_after_a_pause(pace: Pace, clock: Clock) -> None:
    live(pace, clock, 2, 0.001, 0.001)
    pace.pause(True)
    assert live(pace, clock, 30, 0.001, 0.001) == (0, 1)
    pace.pause(False)
    assert live(pace, clock, 2, 0.001, 0.001)[0] <= 11


def test_single_steps_are_taken_and_drawn_while_paused(pace: Pace, clock: Clock) -> None:
    pace.change_speed(len(SPEEDS))
    live(pace, clock, 1, 0.001, 0.5)  # behind: drawing is held back
    pace.grant_step()
    pace.grant_step()
    steps, frames = live(pace, clock, 1, 0.001, 0.001)
    assert steps == 2 and frames >= 1
    assert pace.is_paused and not pace.is_stale
