"""Which shield goes with which motion: the table of what metadata["motion"]["model"] may name."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import ReasoningConfig
from ..types import WorldSpec
from . import arcs, shield
from .arcs import WindowShield
from .shield import Shield
from .verdicts import AbstractShield, with_margins

PROMISES: Mapping[str, str] = {
    "bicycle": "no contact with whoever is ahead",
    "differential": "no contact while it moves",
}
"""What the shield of each model guarantees, in words."""


def shield_of(spec: WorldSpec, config: ReasoningConfig) -> AbstractShield:
    """Returns the shield of a world.

    Raises:
      ValueError: it declares no motion, or none that any shield knows.
    """
    if spec.motion.get("model") == "differential":
        return WindowShield(spec, config)
    if spec.motion.get("model") == "bicycle":
        return Shield(spec, config)
    raise ValueError(
        f"`reasoning` must be off or rules in {spec.env}: the shield needs metadata[\"motion\"] "
        f"of a {' or '.join(PROMISES)} model; got {spec.motion.get('model', 'none')}."
    )


def assumptions(model: str, config: ReasoningConfig) -> tuple[str, ...]:
    """Returns under what the shield of a model holds its promise, a sentence each; margins that
    are not given are those of a world that states none."""
    config = with_margins(config)
    if model == "differential":
        return arcs.assumptions(config)
    return shield.assumptions(config)
