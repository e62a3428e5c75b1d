"""A virtual screen, and the hand that presses its keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

NEEDED = ("Xvfb", "xdotool")


def virtual_screen(size: str) -> Iterator[str]:
    """Gives the name of a screen of `size`, as "1400x900", on a free display number."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: apt-get install xvfb xdotool")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        yield ":" + server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


class Hand:
    """Presses keys in one window of a screen."""

    def __init__(self, screen: str) -> None:
        hidden = ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY")
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        self.environment = {**kept, "DISPLAY": screen}

    def do(self, *words: str, patience: float = 60) -> str:
        """Runs xdotool; gives what it prints."""
        return subprocess.run(
            ["xdotool", *words], env=self.environment, check=True, capture_output=True, text=True,
            timeout=patience,
        ).stdout  # fmt: skip

    def focus(self, find: Callable[[], str], patience: float = 30) -> str:
        """Gives the keys to the window that `find` names; gives its number.

        A window that was found may be gone a moment later: the server clears away those of a
        program that has ended in its own time, and SDL may make its own anew.
        """
        end = time.monotonic() + patience
        while True:
            window = find()
            try:
                self.do("windowfocus", "--sync", window)
                return window
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)


def finish(process: subprocess.Popen[str]) -> None:
    """Ends a program that a test leaves behind, and closes what was read of it."""
    if process.poll() is None:
        process.kill()
    process.wait(30)
    if process.stdout is not None:
        process.stdout.close()
