"""The pygame window: shows frames, hands over what the person who watches has pressed.

The simulation stays the caller's; this is its loop:

```python
with Window("mindloop", step_seconds=0.2) as window:
    while True:
        for command in window.poll():  # never waits
            ...                        # RESET, SEED, HAND_OVER, PRESS, TELL, QUIT: the caller's
        if window.ready():             # False while paused or ahead of real time; waits <= 20 ms
            ...                        # one step of the simulation
        if window.due():               # False where drawing would slow the simulation
            window.show(frame)
```
"""

from __future__ import annotations

import enum
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import pygame

from . import theme
from .entry import Entry
from .frame import Frame
from .pace import Pace
from .screen import Keys, View, canvas_size, paint

UNSEEN_DRIVERS = ("dummy", "offscreen")
NOTICE_SECONDS = 4.0


class Order(enum.Enum):
    """What the person who watches asks for. The first three the window does by itself."""

    PAUSE = "pause"
    STEP = "step"
    SPEED = "speed"
    RESET = "reset"
    SEED = "seed"
    HAND_OVER = "hand over"
    SEEK = "seek"
    PRESS = "press"
    TELL = "tell"
    QUIT = "quit"


class Mode(enum.Enum):
    """What the keys are for: watching, driving by hand, or looking through a record."""

    WATCH = "watch"
    DRIVE = "drive"
    REPLAY = "replay"


@dataclass(frozen=True)
class Command:
    """One order; `steps` says how far to SEEK, negative is back, or which button was PRESSed; and
    `words` what was typed to TELL, which `Window.answer` has to answer."""

    order: Order
    steps: int = 0
    words: str = ""


class Display(NamedTuple):
    """Whether a window can be opened and, if not, why."""

    is_available: bool
    reason: str = ""


def display_available() -> Display:
    """Tells whether a window can be opened here, without opening one."""
    driver = os.environ.get("SDL_VIDEODRIVER", "")
    if driver in UNSEEN_DRIVERS:
        return Display(False, f"SDL_VIDEODRIVER is {driver!r}, which draws nothing")
    is_unix = sys.platform.startswith(("linux", "freebsd", "openbsd"))
    if is_unix and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return Display(False, "neither DISPLAY nor WAYLAND_DISPLAY is set")
    return Display(True)


_KEYS: dict[Mode, Keys] = {
    Mode.WATCH: (("Space P", "pause"), (".", "one step"), ("+ −", "speed"),
                 ("R", "restart"), ("N", "new seed"), ("G", "Grad-CAM")),
    Mode.DRIVE: (("Arrows WASD", "drive"), ("Space", "hand over / take back"), ("P", "pause"),
                 (".", "one step"), ("+ −", "speed"), ("R", "restart"), ("N", "new seed")),
    Mode.REPLAY: (("Space P", "pause"), ("← →", "one step, with Shift ten"), ("+ −", "speed"),
                  ("R", "to the start"), ("N", "next episode")),
}
_COMMON: Keys = (("L", "class labels"), ("H", "help"), ("F12", "screenshot"), ("Esc Q", "quit"))

_ORDERS = {pygame.K_r: Order.RESET, pygame.K_n: Order.SEED, pygame.K_ESCAPE: Order.QUIT,
           pygame.K_q: Order.QUIT}
_TYPE = (pygame.K_SLASH, pygame.K_KP_DIVIDE, pygame.K_RETURN, pygame.K_KP_ENTER)
_REPEAT = (400, 40)  # [ms] until a key that is held while typing repeats, and between
_FASTER = (pygame.K_PLUS, pygame.K_KP_PLUS, pygame.K_EQUALS)
_SLOWER = (pygame.K_MINUS, pygame.K_KP_MINUS)
_STEERING = {"left": (pygame.K_LEFT, pygame.K_a), "right": (pygame.K_RIGHT, pygame.K_d),
             "up": (pygame.K_UP, pygame.K_w), "down": (pygame.K_DOWN, pygame.K_s)}


def _icon() -> pygame.Surface:
    """Draws the window's icon: a ring of what is believed round a dot of what is true."""
    icon = pygame.Surface((32, 32), pygame.SRCALPHA)
    pygame.draw.rect(icon, theme.PANEL, icon.get_rect(), border_radius=8)
    pygame.draw.circle(icon, theme.BELIEVED, (16, 16), 11, 4)
    pygame.draw.circle(icon, theme.TRUE, (16, 16), 4)
    return icon


class Window:
    """One window. Opens at once, closes at once, starts no sound and sets no environment variable.

    Args:
      title: written on the window's frame.
      size: width and height [px]; made smaller where the screen is.
      mode: what the keys are for.
      step_seconds: simulated time of one step [s]; real time is speed 1.
      screenshots: folder that F12 writes to.
      buttons: what the keys 1 to 9 do, when driving by hand.
      takes_words: whether a mission can be typed.
    Raises:
      RuntimeError: no display, or the display refuses.
    """

    def __init__(self, title: str, size: tuple[int, int] = (1280, 800), mode: Mode = Mode.WATCH,
                 step_seconds: float = 0.2, screenshots: Path | str = ".",
                 buttons: Sequence[str] = (), takes_words: bool = False) -> None:
        display = display_available()
        if not display.is_available:
            raise RuntimeError(f"A window needs a display; {display.reason}. Use `--render video` "
                               "or `--render none`, or run on a desktop.")
        self.mode = mode
        own = _KEYS[mode]
        pressed = tuple((str(k), what) for k, what in enumerate(buttons, 1))
        typed = (("/", "give a mission"),) if takes_words else ()
        self.view = View(keys=(*own[:1], *pressed, *typed, *own[1:], *_COMMON))
        self._buttons, self._takes_words = len(buttons), takes_words
        self._title, self._size, self._screenshots = title, size, Path(screenshots)
        self._pace, self._name, self._notice_until = Pace(step_seconds), "mindloop", 0.0
        self._open()

    def __enter__(self) -> Window:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _open(self) -> None:
        try:
            pygame.display.init()
            if pygame.display.get_driver() in UNSEEN_DRIVERS:  # where X doesn't answer
                raise pygame.error("the display does not answer")
            wide, high = pygame.display.get_desktop_sizes()[0]
            size = (min(self._size[0], wide), min(self._size[1], high))
            pygame.display.set_caption(self._title)
            pygame.display.set_icon(_icon())
            pygame.display.set_mode(size, pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise RuntimeError(f"A window can't be opened: {error}. Use `--render video` or "
                               "`--render none`.") from error
        self._surface().fill(theme.BACK)
        pygame.display.flip()

    def _surface(self) -> pygame.Surface:
        """Gives the window's surface; opens it again if another library has shut pygame down."""
        if not pygame.display.get_init() or pygame.display.get_surface() is None:
            self._open()
        surface = pygame.display.get_surface()
        assert surface is not None, "set_mode gave no surface"
        return surface

    @property
    def speed(self) -> float:
        """Gives times real time; 0 is full speed."""
        return self._pace.speed

    @property
    def is_paused(self) -> bool:
        """Tells whether the simulation rests."""
        return self._pace.is_paused

    def poll(self) -> list[Command]:
        """Takes in what was pressed since the last call; never waits.

        PAUSE, STEP and SPEED are only news: `ready` and `due` already heed them.
        """
        self._surface()
        commands: list[Command] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                commands.append(Command(Order.QUIT))
            elif event.type in (pygame.VIDEORESIZE, pygame.WINDOWEXPOSED):
                self._pace.is_stale = True
                self._size = pygame.display.get_window_size()
            elif event.type == pygame.KEYDOWN and self.view.entry is not None:
                commands += self._type(self.view.entry, event.key, event.unicode)
            elif event.type == pygame.KEYDOWN:
                commands += self._press(event.key, event.mod, event.unicode)
        if self.view.notice and time.perf_counter() > self._notice_until:
            self._change(notice="")
        return commands

    def held(self) -> frozenset[str]:
        """Tells which of "left", "right", "up", "down" are held (arrows or WASD); call after poll.

        None are while something is typed.
        """
        if self.view.entry is not None:
            return frozenset()
        pressed = pygame.key.get_pressed()
        return frozenset(name for name, keys in _STEERING.items() if any(pressed[k] for k in keys))

    def say(self, words: str) -> None:
        """Shows one line at the bottom for some seconds."""
        self._notice_until = time.perf_counter() + NOTICE_SECONDS
        self._change(notice=words)

    def answer(self, complaint: str = "") -> None:
        """Answers what was typed: closes the line, or keeps it open with what is wrong with it."""
        if self.view.entry is None:
            return
        if complaint:
            self._change(entry=replace(self.view.entry, complaint=complaint))
        else:
            pygame.key.set_repeat()
            self._change(entry=None)

    def ready(self) -> bool:
        """Tells whether the next step is due, in real time times speed; waits at most 20 ms."""
        return self._pace.ready()

    def due(self) -> bool:
        """Tells whether to draw now: something changed, and drawing won't slow the simulation."""
        return self._pace.due()

    def show(self, frame: Frame) -> None:
        """Draws a frame into the window."""
        self.view = replace(self.view, is_paused=self.is_paused, speed=self._pace.speed)
        surface = self._surface()
        size = surface.get_size()
        self._name = "-".join([frame.env.replace("/", "-"), *(
            f"{name}{value}" for name, value in (
                ("seed", frame.seed), ("episode", frame.episode), ("step", frame.step))
            if value is not None)])
        if canvas_size(size) == size:
            paint(surface, frame, self.view)
        else:  # the window is smaller than the layout can be
            whole = pygame.Surface(canvas_size(size), depth=24)
            paint(whole, frame, self.view)
            surface.blit(pygame.transform.smoothscale(whole, size), (0, 0))
        pygame.display.flip()
        self._pace.drawn()

    def close(self) -> None:
        """Closes the window; twice is once."""
        if pygame.display.get_init():
            pygame.display.quit()

    def _change(self, **changes: bool | float | str | Entry | None) -> None:
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self._pace.is_stale = True

    def _type(self, entry: Entry, key: int, character: str) -> list[Command]:
        """Answers one key while a line is typed; gives what was typed when it is done."""
        if key == pygame.K_F12:
            self._save()
        elif key == pygame.K_ESCAPE:
            self.answer()
        elif key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            if entry.words.strip():
                return [Command(Order.TELL, words=entry.words.strip())]
            self.answer()
        else:
            self._change(entry=entry.after(key, character))
        return []

    def _press(self, key: int, modifiers: int, character: str) -> list[Command]:
        """Answers one key; gives what the caller has to know."""
        if self._takes_words and (key in _TYPE or character == "/"):
            pygame.key.set_repeat(*_REPEAT)
            self._change(entry=Entry())
            return []
        if character.isdecimal() and 1 <= int(character) <= self._buttons:
            return [Command(Order.PRESS, int(character))]
        if key in _ORDERS:
            return [Command(_ORDERS[key])]
        if key == pygame.K_SPACE and self.mode is Mode.DRIVE:
            return [Command(Order.HAND_OVER)]
        if key in (pygame.K_SPACE, pygame.K_p):
            self._pace.pause(not self.is_paused)
            return [Command(Order.PAUSE)]
        if key in (pygame.K_LEFT, pygame.K_RIGHT) and self.mode is Mode.REPLAY:
            far = 10 if modifiers & pygame.KMOD_SHIFT else 1
            self._pace.pause(True)
            return [Command(Order.SEEK, far if key == pygame.K_RIGHT else -far)]
        if key in (pygame.K_PERIOD, pygame.K_KP_PERIOD) or character == ".":
            self._pace.grant_step()
            return [Command(Order.STEP)]
        if key in _FASTER or character == "+":
            self._pace.change_speed(1)
            return [Command(Order.SPEED)]
        if key in _SLOWER or character == "-":
            self._pace.change_speed(-1)
            return [Command(Order.SPEED)]
        if key == pygame.K_l:
            self._change(labels=not self.view.labels)
        elif key == pygame.K_g and self.mode is Mode.WATCH:
            self._change(saliency=not self.view.saliency)
        elif key in (pygame.K_h, pygame.K_F1):
            self._change(help=not self.view.help)
        elif key == pygame.K_F12 or (key == pygame.K_s and self.mode is not Mode.DRIVE):
            self._save()
        return []

    def _save(self) -> None:
        file = self._screenshots / f"{self._name}.png"
        try:
            self._screenshots.mkdir(parents=True, exist_ok=True)
            pygame.image.save(self._surface(), str(file))
        except (OSError, pygame.error) as error:
            self.say(f"The screenshot could not be written: {error}")
        else:
            self.say(f"Screenshot written to {file}")
