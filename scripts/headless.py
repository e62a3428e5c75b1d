"""What other people's worlds need where there is no display, said in variables that they read.

Never SDL_VIDEODRIVER: where it is set, highway-env's pixels are black.
"""

from __future__ import annotations

import os
import sys

ALWAYS = {
    "PYGLET_HEADLESS": "true",  # MiniWorld can't even be imported without it
    "SDL_AUDIODRIVER": "dummy",  # pygame complains at length of a missing sound card
}
DRAWING = {"MUJOCO_GL": "egl"}  # not always: MuJoCo then fails where that library is missing


def prepare(draws: bool = False) -> None:
    """Sets what the user has not, on Linux without a display; before the worlds are imported.

    Args:
      draws: whether pictures of the world are wanted, not only observations.
    """
    if not sys.platform.startswith("linux"):
        return
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return
    for name, value in (ALWAYS | DRAWING if draws else ALWAYS).items():
        os.environ.setdefault(name, value)
