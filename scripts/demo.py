"""Sets everything up, then shows an agent that lives in the driving world.

    python3 scripts/demo.py [options of `mindloop run` ...]

Needs nothing but Python and its venv module. With a display it opens a window; without one it
writes a video and a sheet of pictures into the folder `demo`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

# This file runs as a program, before mindloop is installed: its own folder is on sys.path.
from setup_venv import ROOT, SetupError, prepare, say  # type: ignore[import-not-found]

FOLDER = ROOT / "demo"
LIFE = ("mindloop/Driving-v0", "--mind", "driver", "--reasoning", "full", "--split", "test",
        "--seed", "7")  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code of what was shown; 2 if the set-up failed."""
    if "-h" in arguments or "--help" in arguments:
        print(__doc__)
        return 0
    try:
        python = str(prepare([]))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    run = [python, "-m", "mindloop.cli", "run", *LIFE]
    if has_display() and "--render" not in arguments:
        say("Opening a window (H shows the keys). The first start compiles: up to some minutes.")
        window = [*run, "--render", "window", "--episodes", "3", *arguments]
        code = subprocess.run(window, cwd=ROOT).returncode
        if code in (0, 130):
            return code
        say("There is a display, but no window could be opened on it. Making a video instead.")
    say(f"Writing a video and a sheet of pictures to {FOLDER}. The first start compiles.")
    video = [*run, "--render", "video", "--episodes", "1", "--output", str(FOLDER), *arguments]
    return subprocess.run(video, cwd=ROOT).returncode


def has_display() -> bool:
    """Returns whether there is a screen to open a window on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
