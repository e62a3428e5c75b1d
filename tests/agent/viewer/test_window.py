"""A real window on a virtual screen, with real key presses; and no window where none can be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pygame
import pytest

from mindloop.agent.viewer.window import Mode, Order, Window, display_available
from tests.screens import Hand, finish, virtual_screen

CHILD = """
import json, os, sys, time
sys.path.insert(0, {folder!r})
from dataclasses import replace
import pygame
from conftest import driving_frame
from mindloop.agent.viewer.window import Mode, Order, Window
frame, steps, drawn, gone, orders, worst = driving_frame(), 0, 0, False, [], 0.0
with Window("mindloop test", (1000, 700), Mode({mode!r}), screenshots={shots!r},
            buttons=("pick up", "drop"), takes_words=True) as window:
    while not gone:
        if os.path.exists({shots!r} + "/close"):  # what the frame's cross makes a desktop send
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        for command in window.poll():
            orders.append([command.order.value, command.words or command.steps])
            if command.order is Order.TELL:
                window.answer("that can't be read" if "bal " in command.words + " " else "")
            gone = gone or command.order is Order.QUIT
        if window.ready():
            steps += 1
        if window.due():
            started = time.perf_counter()
            window.show(replace(frame, step=steps))
            worst = max(worst, time.perf_counter() - started)
            drawn += 1
        view = window.view
        print(json.dumps(dict(
            steps=steps, drawn=drawn, orders=orders, paused=window.is_paused, speed=window.speed,
            entry=view.entry and [view.entry.words, view.entry.complaint], labels=view.labels,
            help=view.help, notice=view.notice, held=sorted(window.held()),
            size=pygame.display.get_window_size(), sound=bool(pygame.mixer.get_init()),
            worst=worst, window=pygame.display.get_wm_info()["window"])), flush=True)
"""



def has_stepped(steps: int, state: dict[str, Any]) -> bool:
    return bool(state["steps"] == steps)


def has_size(size: tuple[int, int], state: dict[str, Any]) -> bool:
    return tuple(state["size"]) == size


def has_drawn(drawn: int, state: dict[str, Any]) -> bool:
    return bool(state["drawn"] > drawn)


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """Gives the name of a virtual screen."""
    yield from virtual_screen("1400x1000")


class Person(Hand):
    """Someone at a window of their own: presses keys, looks at what the window says it shows."""

    def __init__(self, screen: str, mode: str, shots: Path) -> None:
        super().__init__(screen)
        code = CHILD.format(folder=str(Path(__file__).parent), mode=mode, shots=str(shots))
        self.log = shots / "log.txt"
        with self.log.open("w") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-c", code], env=self.environment, stdout=log, text=True
            )
        try:
            self.until(lambda s: s["drawn"] > 0, 120)
            self.window = self.focus(lambda: str(self.state()["window"]))
        except BaseException:
            finish(self.child)
            raise

    def press(self, key: str) -> None:
        """Presses and releases a key."""
        self.do("key", key)

    def state(self) -> dict[str, Any]:
        """Gives what the window said last."""
        lines = self.log.read_text().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        state: dict[str, Any] = json.loads(whole[-1]) if whole else {"drawn": 0}
        return state

    def until(self, is_true: Callable[[dict[str, Any]], bool], seconds: float = 30
              ) -> dict[str, Any]:
        """Waits until the window is in some state; gives it."""
        end = time.monotonic() + seconds
        while not is_true(self.state()):
            assert self.child.poll() is None, "the window is gone"
            assert time.monotonic() < end, self.state()
            time.sleep(0.02)
        return self.state()


@pytest.fixture
def person(screen: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Someone who watches, or drives, as the test's parameter says."""
    someone = Person(screen, getattr(request, "param", "watch"), tmp_path)
    yield someone
    finish(someone.child)


@pytest.mark.slow
def test_keys_pause_step_and_show(person: Person, tmp_path: Path) -> None:
    person.press("space")
    before = person.until(lambda s: s["paused"] and s["steps"] > 0)
    time.sleep(0.5)  # two and a half steps at speed 1
    assert person.state()["steps"] == before["steps"]
    for k in (1, 2, 3):
        person.press("period")
        assert person.until(partial(has_stepped, before["steps"] + k))
    drawn = person.state()["drawn"]
    person.press("h")
    person.until(lambda s: s["help"] and s["drawn"] > drawn)
    person.press("h")
    person.press("l")
    person.until(lambda s: s["labels"] and not s["help"])
    person.press("plus")
    person.until(lambda s: s["speed"] == 2.0)
    person.press("minus")
    person.press("minus")
    person.until(lambda s: s["speed"] == 0.5)
    person.press("F12")
    notice = person.until(lambda s: s["notice"])["notice"]
    file = tmp_path / f"mindloop-Driving-v0-seed7-episode1-step{before['steps'] + 3}.png"
    assert str(file) in notice
    assert pygame.image.load(str(file)).get_size() == (1000, 700)
    person.press("p")
    person.until(lambda s: s["steps"] > before["steps"] + 4)
    person.press("r")
    person.press("n")
    final = person.until(lambda s: ["new seed", 0] in s["orders"] or ["seed", 0] in s["orders"])
    assert ["reset", 0] in final["orders"] and not final["sound"]


@pytest.mark.slow
def test_real_time_full_speed_and_resizing(person: Person) -> None:
    start = person.state()["steps"]
    began = time.monotonic()
    time.sleep(2.0)  # ten steps of 0.2 s; fewer where the machine is busy, never more
    steps = person.state()["steps"] - start
    assert 3 <= steps <= 3 + (time.monotonic() - began) / 0.2
    for size in ((1280, 900), (640, 480), (1390, 610)):
        person.do("windowsize", person.window, *map(str, size))
        drawn = person.until(partial(has_size, size))["drawn"]
        person.until(partial(has_drawn, drawn))
    for _ in range(5):
        person.press("plus")
    before = person.until(lambda s: s["speed"] == 0)
    after = person.until(lambda s: s["steps"] > before["steps"] + 300)
    assert after["drawn"] - before["drawn"] < 0.2 * (after["steps"] - before["steps"])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["q", "Escape", "close"])
def test_it_closes_at_once(person: Person, how: str, tmp_path: Path) -> None:
    person.press("space")  # also while paused
    person.until(lambda s: s["paused"])
    started = time.monotonic()
    if how == "close":
        (tmp_path / "close").touch()
    else:
        person.press(how)
    person.child.wait(30)
    assert time.monotonic() - started < 10.0  # 0.2 s where the machine is idle
    assert person.child.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("person", ["drive"], indirect=True)
def test_driving_by_hand(person: Person) -> None:
    person.do("keydown", "Left")
    person.do("keydown", "w")
    person.until(lambda s: s["held"] == ["left", "up"])
    person.do("keyup", "Left")
    person.do("keyup", "w")
    person.until(lambda s: s["held"] == [])
    person.press("space")
    state = person.until(lambda s: ["hand over", 0] in s["orders"])
    assert not state["paused"]


@pytest.mark.slow
@pytest.mark.parametrize("person", ["watch", "drive"], indirect=True)
def test_a_mission_is_typed_mended_given_and_left(person: Person) -> None:
    person.press("slash")
    person.until(lambda s: s["entry"] == ["", ""])
    person.do("type", "--delay", "20", "pq 1 bal")  # letters that are keys elsewhere
    person.until(lambda s: s["entry"] == ["pq 1 bal", ""])
    person.do("keydown", "Left")
    assert person.until(lambda s: s["entry"])["held"] == []
    person.do("keyup", "Left")
    person.press("End")
    person.press("Return")
    person.until(lambda s: s["entry"] == ["pq 1 bal", "that can't be read"])
    person.press("l")
    person.press("Return")
    state = person.until(lambda s: s["entry"] is None)
    assert state["orders"] == [["tell", "pq 1 bal"], ["tell", "pq 1 ball"]]
    person.press("slash")
    person.press("x")
    person.until(lambda s: s["entry"] == ["x", ""])
    person.press("Escape")  # leaves the line, not the window
    person.until(lambda s: s["entry"] is None)
    person.press("2")
    person.until(lambda s: ["press", 2] in s["orders"])


@pytest.mark.slow
@pytest.mark.parametrize("person", ["replay"], indirect=True)
def test_looking_through_a_record(person: Person) -> None:
    person.press("Left")
    person.press("shift+Right")
    state = person.until(lambda s: ["seek", 10] in s["orders"])
    assert ["seek", -1] in state["orders"] and state["paused"]


@pytest.mark.parametrize(("variables", "reason"), [
    ({}, "neither DISPLAY nor WAYLAND_DISPLAY is set"),
    ({"DISPLAY": ":0", "SDL_VIDEODRIVER": "dummy"}, "SDL_VIDEODRIVER is 'dummy'"),
])
def test_no_window_where_there_is_no_display(monkeypatch: pytest.MonkeyPatch, reason: str,
                                             variables: dict[str, str]) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    assert not display_available().is_available
    with pytest.raises(RuntimeError, match=f"{reason}.*--render video"):
        Window("none")
    assert not pygame.display.get_init() and dict(os.environ) == before


def test_a_display_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":9876")
    if not display_available().is_available or sys.platform != "linux":
        pytest.skip("needs X11")
    with pytest.raises(RuntimeError, match=r"A window can't be opened: .*--render video"):
        Window("none")
    assert not pygame.display.get_init()


def test_every_mode_and_order_is_named() -> None:
    assert {mode.value for mode in Mode} == {"watch", "drive", "replay"}
    assert len({order.value for order in Order}) == len(Order)
