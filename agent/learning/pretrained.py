"""Beginning with a perception that was learned before: an image encoder, or a whole mind's."""

from __future__ import annotations

from pathlib import Path

from ..config import PerceptionConfig, ReasoningConfig
from ..mind import Mind
from ..store import load_mind
from ..types import WorldSpec
from . import classifier


def perception_config(
    source: str, spec: WorldSpec, mine: PerceptionConfig, takes: bool
) -> PerceptionConfig:
    """Returns the settings of a perception that can begin with the one in `source`.

    Args:
      source: a folder that `mindloop perceive` wrote, whose image encoder is meant; or a mind's
        folder or name, whose whole perception is meant, with the heads that tell facts and scene.
      spec: the world that the mind lives in.
      mine: the mind's settings as they are.
      takes: whether the settings may follow those of the source.
    Raises:
      ValueError: there is none in `source`, its files are damaged, or it doesn't fit.
    """
    if _is_encoder(source):
        found = classifier.read_description(Path(source))
        fits = classifier.fitting(mine, found) if takes else mine
        classifier.check_fit(found, spec.parts, fits)
        return fits
    theirs = _mind(source, spec).config.perception
    if not takes and theirs != mine:
        raise ValueError(
            f"`perception` must be built like the mind's own; that of {source!r} is not. Leave out "
            "`--mind`, or give one of the two alone."
        )
    return theirs


def begin_with(source: str, mind: Mind) -> None:
    """Copies a perception into a mind; nothing is shared. For Args and errors see above."""
    mine = perception_config(source, mind.spec, mind.config.perception, takes=False)
    if _is_encoder(source):
        model = classifier.load_classifier(Path(source))
        classifier.hand_over(model, mind.spec.parts, mine, mind.perception.encoders)
    else:
        mind.perception.load_state_dict(_mind(source, mind.spec).perception.state_dict())


def _is_encoder(source: str) -> bool:
    return (Path(source) / classifier.DESCRIPTION).is_file()


def _mind(source: str, spec: WorldSpec) -> Mind:
    try:
        return load_mind(source, spec, ReasoningConfig())
    except ValueError as problem:
        said = str(problem).removeprefix("`mind` must ")
        raise ValueError(
            "`perception` must be a folder that `mindloop perceive` wrote, with "
            f"{classifier.DESCRIPTION} and {classifier.WEIGHTS}, or {said}"
        ) from problem
