"""Minds on disk: weights as safetensors, and beside them in json what they were built for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .config import EmotionConfig, MindConfig, ReasoningConfig, from_dict, nearest, to_dict
from .mind import Mind
from .types import AbstractEmotion, WorldSpec

FORMAT = "mindloop mind"
WEIGHTS, DESCRIPTION = "mind.safetensors", "mind.json"
PRETRAINED = Path(__file__).parent / "pretrained"
_MUST_AGREE = ("parts", "actions", "facts", "scene", "path_points")


def save_mind(
    mind: Mind, folder: Path, card: Mapping[str, Any] | None = None, rounds: bool = False
) -> None:
    """Writes a mind into `folder`, which is made; each file whole or not at all.

    Args:
      mind: what to save.
      folder: its name is the mind's.
      card: plain values that say where the mind comes from: command, seed, hours, scores.
      rounds: whether matrices are kept with 16 bits, which halves the file; for minds that ship.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (value.half() if rounds and value.dim() > 1 else value).contiguous()
        for name, value in mind.state_dict().items()
    }
    partial = folder / f"{WEIGHTS}.tmp"
    save_file(weights, partial)
    os.replace(partial, folder / WEIGHTS)
    description = {
        "format": FORMAT,
        "version": metadata.version("mindloop"),
        "spec": mind.spec.to_dict(),
        "config": to_dict(mind.config),
        "card": dict(card or {}),
    }
    partial = folder / f"{DESCRIPTION}.tmp"
    partial.write_text(json.dumps(description, indent=1), encoding="utf-8")
    os.replace(partial, folder / DESCRIPTION)


def load_mind(
    name_or_folder: str | Path, spec: WorldSpec | None = None,
    reasoning: ReasoningConfig | None = None,
    emotion: EmotionConfig | AbstractEmotion | None = None,
) -> Mind:  # fmt: skip
    """Returns a mind that was saved in a folder, or that ships with mindloop under this name.

    Args:
      name_or_folder: a folder with mind.json and mind.safetensors, or a name.
      spec: the world it is to live in; None: that which it was saved with.
      reasoning, emotion: how it is to reason and feel, or the room that it is to feel by; None: as
        it was saved.
    Raises:
      ValueError: there is no such mind, its files are damaged, or it doesn't fit the world.
    """
    folder = _find(str(name_or_folder))
    saved, config = _describe(folder)
    if spec is not None:
        _check_fit(folder, saved, spec)
        saved = replace(
            saved, env=spec.env, motion=spec.motion, knowledge=spec.knowledge, scene=spec.scene,
            vectors=spec.vectors,
        )  # fmt: skip
    if reasoning is not None:
        config = replace(config, reasoning=reasoning)
    if isinstance(emotion, EmotionConfig):
        config = replace(config, emotion=emotion)
    mind = Mind(saved, config)
    try:
        mind.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as problem:
        raise _damaged(folder / WEIGHTS, problem) from problem
    if isinstance(emotion, AbstractEmotion):
        mind.feel_by(emotion)
    return mind.eval()


def read_card(name_or_folder: str | Path) -> dict[str, Any]:
    """Returns what a saved mind's card says.

    Raises:
      ValueError: there is no such mind, or its card can't be read.
    """
    file = _find(str(name_or_folder)) / DESCRIPTION
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))["card"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise _damaged(file, problem) from problem


def _find(name: str) -> Path:
    shipped = sorted(path.parent.name for path in PRETRAINED.glob(f"*/{DESCRIPTION}"))
    for folder in (Path(name), PRETRAINED / name):
        if (folder / DESCRIPTION).is_file():
            return folder
    known = ", ".join(shipped) or "none yet"
    raise ValueError(
        f"`mind` must be a folder with {DESCRIPTION} and {WEIGHTS}, or a mind that ships with "
        f"mindloop ({known}); got {name!r}.{nearest(name, shipped)}"
    )


def _describe(folder: Path) -> tuple[WorldSpec, MindConfig]:
    file = folder / DESCRIPTION
    try:
        content = cast(dict[str, Any], json.loads(file.read_text(encoding="utf-8")))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        spec, config = WorldSpec.from_dict(content["spec"]), content["config"]
        return spec, from_dict(MindConfig, config)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise _damaged(file, problem) from problem


def _damaged(file: Path, problem: Exception) -> ValueError:
    what = f"the entry {problem}" if isinstance(problem, KeyError) else str(problem).split("\n")[0]
    return ValueError(
        f"`mind` must be whole; {file} can't be read: {what}. Save or copy the mind again."
    )


def _check_fit(folder: Path, saved: WorldSpec, spec: WorldSpec) -> None:
    mine, theirs = (_shapes(one) for one in (saved, WorldSpec.from_dict(_through_json(spec))))
    odd = [name for name in _MUST_AGREE if mine[name] != theirs[name]]
    if odd:
        raise ValueError(
            f"`mind` must fit the world; {folder} was made for {saved.env}, and {spec.env} "
            f"differs in {', '.join(odd)}. Use the settings that it was made with, or train "
            "one for this world."
        )


def _shapes(spec: WorldSpec) -> dict[str, Any]:
    """Returns what networks depend on; how large things are, they don't."""
    if spec.scene is not None:
        spec = replace(spec, scene=replace(spec.scene, sizes=()))
    return spec.to_dict()


def _through_json(spec: WorldSpec) -> dict[str, Any]:
    """Returns the spec as it would come back from a file, where tuples are lists."""
    return cast(dict[str, Any], json.loads(json.dumps(spec.to_dict())))
