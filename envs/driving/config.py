"""The arguments of the driving world, checked before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arguments import flag, from_settings, merged_weights, one_of, pixels, within
from .lives import MAX_ACTORS
from .params import PRESETS
from .reward import WEIGHTS

RENDER_MODES = ("rgb_array",)


@dataclass(frozen=True)
class DrivingConfig:
    """What one may ask of a driving world; every field is an argument of `gymnasium.make`."""

    preset: str = "default"
    """How full a town is: "empty", "calm" or "default"."""
    split: str = "train"
    """Which towns: "train" or "test"; the two never share one."""
    vehicles: int | None = None
    """Moving vehicles in the town; None: as the preset says."""
    parked: int | None = None
    """Parked cars; None: as the preset says."""
    pedestrians: int | None = None
    """Walkers; None: as the preset says."""
    darting: float = 0.0
    """[1/min] how often somebody steps onto the road ahead of the ego, away from any zebra."""
    stalling: float = 0.0
    """[1/min] how often the ego's motor fails: it rolls to rest, and for some seconds nothing but
    the steering obeys. For training: who has stood for no reason doesn't take standing for one."""
    daylight: float | None = None
    """Brightness, .15 (night) to 1.15; None: drawn for each episode between .6 and 1.1."""
    fog: float | None = None
    """0 (clear) to 1 (30 m of sight); None: clear in most episodes, light fog in some."""
    friction: float | None = None
    """Tyre grip, .2 (ice) to 1; None: .9. It acts on the ego; the others have winter tyres."""
    width: int = 64
    """[px] of the front camera's picture."""
    height: int = 64
    """[px]; the top eighth is the rear-view mirror."""
    colour: str = "rgb"
    """"rgb" or "grey"."""
    bird_view: bool = False
    """Whether to add the observation "bird": the same size, from above, nose up."""
    radar: bool = False
    """Whether to add the observation "radar": the nearest range [m] in 32 bearing sectors."""
    labels: bool = False
    """Whether infos hold the class of every camera pixel (uint8)."""
    depth: bool = False
    """Whether infos hold the depth of every camera pixel [m]."""
    camera: bool = True
    """Whether to draw the camera at all; experts don't need it."""
    action: str = "discrete"
    """"discrete" (20 actions) or "continuous" (steering and pedal in [-1, 1])."""
    end_on_collision: bool = True
    """Whether a collision ends the episode; scoring runs without."""
    reward: Mapping[str, float] | None = None
    """Weights of reward terms in place of the defaults."""
    render_mode: str | None = None
    """None or "rgb_array"."""

    def __post_init__(self) -> None:
        one_of("preset", self.preset, tuple(PRESETS))
        one_of("split", self.split, ("train", "test"))
        one_of("colour", self.colour, ("rgb", "grey"))
        one_of("action", self.action, ("discrete", "continuous"))
        if self.render_mode is not None:
            one_of("render_mode", self.render_mode, RENDER_MODES)
        for name in ("vehicles", "parked", "pedestrians"):
            within(name, getattr(self, name), 0, MAX_ACTORS, whole=True)
        for name in ("width", "height"):
            pixels(name, getattr(self, name))
        for name in ("darting", "stalling"):
            if getattr(self, name) is None:
                raise TypeError(f"`{name}` must be a number; got None. Use 0 for never.")
            within(name, getattr(self, name), 0.0, 60.0)
        within("daylight", self.daylight, 0.15, 1.15)
        within("fog", self.fog, 0.0, 1.0)
        within("friction", self.friction, 0.2, 1.0)
        for name in (
            "bird_view", "radar", "labels", "depth", "camera", "end_on_collision",
        ):  # fmt: skip
            flag(name, getattr(self, name))
        merged_weights(WEIGHTS, self.reward)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> DrivingConfig:
        """Returns the config with these arguments.

        Raises:
          TypeError: an argument that the world doesn't have, with the nearest that it has.
          ValueError: a value out of its range.
        """
        return from_settings(cls, settings, "driving")

    @property
    def counts(self) -> tuple[int, int, int]:
        """Vehicles, parked cars and pedestrians, the preset's where none is given."""
        preset = PRESETS[self.preset]
        return (
            preset.vehicles if self.vehicles is None else self.vehicles,
            preset.parked if self.parked is None else self.parked,
            preset.pedestrians if self.pedestrians is None else self.pedestrians,
        )

