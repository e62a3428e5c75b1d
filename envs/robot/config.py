"""The arguments of the robot world, checked before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arguments import flag, from_settings, merged_weights, one_of, pixels, within
from .levels import LEVELS
from .mission import MissionError, parse
from .params import MAX_PEOPLE, MAX_THINGS, SPARE
from .reward import WEIGHTS
from .setting import WORDINGS, Level

RENDER_MODES = ("rgb_array",)
ANY = "Any"  # level


@dataclass(frozen=True)
class RobotConfig:
    """What one may ask of a robot world; every field is an argument of `gymnasium.make`."""

    preset: str = "GoTo"
    """The level of missions: "PointGoal", "GoTo", "PickUp", "Open", "PutNext", "Sequence",
    "Social", or "Any", where each episode draws one of them."""
    words: str = "usual"
    """How missions are worded: "usual", "combinations" (things of a kind and colour that usual ones
    never name together), "order" ("C after you A and B", which they never say) or "synonyms"."""
    split: str = "train"
    """Which homes: "train" or "test"; the two never share one."""
    mission: str | None = None
    """Words of a mission in place of drawn ones, such as "go to the red ball"."""
    things: int | None = None
    """Keys, balls and boxes; None: as the level says."""
    people: int | None = None
    """People who walk about; None: as the level says."""
    seconds: float | None = None
    """[s] for the mission; None: as the level says."""
    width: int = 64
    """[px] of the camera's picture."""
    height: int = 64
    """[px]."""
    labels: bool = False
    """Whether infos hold the class of every camera pixel (uint8)."""
    depth: bool = False
    """Whether infos hold the depth of every camera pixel [m]."""
    camera: bool = True
    """Whether to draw the camera at all; experts don't need it."""
    chart: bool = True
    """Whether observations hold the map that the robot draws itself, of lidar and odometry."""
    action: str = "discrete"
    """"discrete" (8 actions) or "continuous" (speed, turn and gripper in [-1, 1])."""
    reward: Mapping[str, float] | None = None
    """Weights of reward terms in place of the defaults."""
    render_mode: str | None = None
    """None or "rgb_array"."""

    def __post_init__(self) -> None:
        one_of("preset", self.preset, (*LEVELS, ANY))
        one_of("words", self.words, WORDINGS)
        one_of("split", self.split, ("train", "test"))
        one_of("action", self.action, ("discrete", "continuous"))
        if self.render_mode is not None:
            one_of("render_mode", self.render_mode, RENDER_MODES)
        within("things", self.things, 2, MAX_THINGS - SPARE, whole=True)
        within("people", self.people, 0, MAX_PEOPLE - SPARE, whole=True)
        within("seconds", self.seconds, 1.0, 3600.0)
        for name in ("width", "height"):
            pixels(name, getattr(self, name))
        for name in ("labels", "depth", "camera", "chart"):
            flag(name, getattr(self, name))
        merged_weights(WEIGHTS, self.reward)
        if self.mission is not None:
            if not isinstance(self.mission, str):
                raise TypeError(f"`mission` must be words; got {self.mission!r}.")
            try:
                parse(self.mission)
            except MissionError as error:
                raise ValueError(str(error)) from error

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> RobotConfig:
        """Returns the config with these arguments.

        Raises:
          TypeError: an argument that the world doesn't have, with the nearest that it has.
          ValueError: a value out of its range.
        """
        return from_settings(cls, settings, "robot")

    @property
    def levels(self) -> tuple[Level, ...]:
        """What is fixed for the kernels: the preset's, or all, with what was asked for in place."""
        names = tuple(LEVELS) if self.preset == ANY else (self.preset,)
        return tuple(
            level._replace(
                things=level.things if self.things is None else self.things,
                people=level.people if self.people is None else self.people,
                seconds=level.seconds if self.seconds is None else float(self.seconds),
                wording=WORDINGS.index(self.words),
            )
            for level in map(LEVELS.__getitem__, names)
        )

