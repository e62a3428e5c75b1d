"""A world that shows a lamp and says of which colour it is; `tests.lamps:Lamps-v0`, or a copy."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

FACTS = ("lamp_present", "lamp_red", "lamp_green", "dark")
SIDE = 20  # [px]


class Lamps(gymnasium.Env[Any, Any]):
    """No lamp, a red one or a green one; it changes every step. An episode lasts 40 steps."""

    metadata = {  # noqa: RUF012
        "render_modes": [],
        "facts": [
            {"name": name, "kind": "boolean",
             "requires": "lamp_present" if name in ("lamp_red", "lamp_green") else None}
            for name in FACTS
        ],
    }  # fmt: skip

    def __init__(self) -> None:
        self.observation_space = spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)
        self.action_space = spaces.Discrete(2)
        self._steps = 0

    def _show(self) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        rng = self.np_random
        image = rng.integers(0, 60, (SIDE, SIDE, 3), np.uint8)
        kind = int(rng.integers(3))
        row, column = rng.integers(0, SIDE - 6, 2)
        if kind:
            image[row : row + 6, column : column + 6, kind - 1] = 220
        facts = np.array([kind > 0, kind == 1, kind == 2, image.mean() < 30], np.float32)
        return image, {"facts": facts}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._steps = 0
        return self._show()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._steps += 1
        image, info = self._show()
        return image, 0.0, False, self._steps >= 40, info


gymnasium.register("Lamps-v0", f"{__name__}:Lamps")
