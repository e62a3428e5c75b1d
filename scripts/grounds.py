"""Where a mind is put to the question of the study: what each of our worlds asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindloop.agent.store import read_card


@dataclass(frozen=True)
class Ground:
    """A world's part in the study."""

    env: str
    """Id of the environment."""
    tasks: Mapping[str, Mapping[str, Any]]
    """{name: settings} of stage a."""
    shift: str
    """The task that everything changes to in stage b."""
    scored: Mapping[str, Any]
    """Settings in which a mind is scored."""
    metric: str
    """The score that decides, among `kept`."""
    kept: tuple[str, ...]
    """Scores that are kept of each cell."""


GROUNDS = (
    Ground(
        env="mindloop/Driving-v0",
        tasks={
            "default": {},
            "many pedestrians": {"pedestrians": 80, "darting": 1.0},
            "fog and low friction": {"fog": 0.6, "friction": 0.5},
        },
        shift="fog and low friction",
        scored={"split": "test", "end_on_collision": False},
        metric="driving_score_2_0",
        kept=("driving_score_2_0", "route_completion", "collisions_per_km", "red_lights_per_km",
              "return"),
    ),
    Ground(  # its return weighs the mission against people who were run into or come too near
        env="mindloop/Robot-v0",
        tasks={"people": {"preset": "Social"}, "a crowd": {"preset": "Social", "people": 8}},
        shift="a crowd",
        scored={"split": "test"},
        metric="return",
        kept=("return", "success", "spl", "person_collisions_per_km", "personal_space_s"),
    ),
)  # fmt: skip


def ground_of(mind: str) -> Ground:
    """Returns the ground of a mind, a folder or the name of one that ships.

    Raises:
      ValueError: there is no such mind, or none of its world.
    """
    env = read_card(mind)["env"]
    for ground in GROUNDS:
        if ground.env == env:
            return ground
    known = " or ".join(ground.env for ground in GROUNDS)
    raise ValueError(f"`mind` must be one for {known}; {mind} is one for {env}. Name another.")
