"""Checkpoints: folders that are whole or not there, with tensors as safetensors, never a pickle.

A checkpoint is `RUN/checkpoints/00000012/`: NAME.safetensors for each group of tensors,
numbers.json, and manifest.json, written last, with the hash of every other file. It is made beside
its place and moved there in one step, so that a crash leaves the one before as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

MANIFEST, NUMBERS = "manifest.json", "numbers.json"
KEPT = 3  # checkpoints of a run, the newest
Groups = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True)
class Checkpoint:
    """What was read: groups of tensors by name, and plain numbers."""

    update: int
    groups: Groups
    numbers: Mapping[str, Any]
    damaged: tuple[str, ...] = ()
    """Newer checkpoints that could not be read, and why."""


def save(run: Path, update: int, groups: Groups, numbers: Mapping[str, Any]) -> Path:
    """Writes a checkpoint and takes the oldest away; returns its folder.

    Raises:
      OSError: the disk is full or can't be written; what was there before is untouched.
    """
    home = run / "checkpoints"
    home.mkdir(parents=True, exist_ok=True)
    work, place = home / f".{update:08d}.tmp", home / f"{update:08d}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        for name, tensors in groups.items():
            whole = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
            save_file(whole, work / f"{name}.safetensors")
        (work / NUMBERS).write_text(json.dumps(numbers), encoding="utf-8")
        files = {path.name: _digest(path) for path in sorted(work.iterdir())}
        content = {"update": update, "files": files}
        (work / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")
        for path in work.iterdir():
            _sync(path)
        shutil.rmtree(place, ignore_errors=True)
        os.replace(work, place)
    except (OSError, SafetensorError) as problem:
        shutil.rmtree(work, ignore_errors=True)
        raise OSError(f"A checkpoint can't be written to {home}: {problem}") from problem
    for old in _folders(run)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return place


def load_latest(run: Path) -> Checkpoint:
    """Returns the newest checkpoint that is whole; tells of newer ones that are not.

    Raises:
      ValueError: there is none.
    """
    damaged: list[str] = []
    for folder in _folders(run):
        try:
            found = _load(folder)
        except (OSError, ValueError, KeyError, SafetensorError) as problem:
            damaged.append(f"{folder} is damaged: {str(problem).splitlines()[0]}")
            continue
        return Checkpoint(found.update, found.groups, found.numbers, tuple(damaged))
    why = "; ".join(damaged) or "it holds none"
    raise ValueError(
        f"`run` must hold a checkpoint to go on from; {run}: {why}. Leave out --resume to begin."
    )


def _load(folder: Path) -> Checkpoint:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        if _digest(folder / name) != digest:
            raise ValueError(f"{name} is not what was written")
    groups = {path.stem: load_file(path) for path in sorted(folder.glob("*.safetensors"))}
    numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    return Checkpoint(int(manifest["update"]), groups, numbers)


def _folders(run: Path) -> list[Path]:
    """Returns the folders of checkpoints, the newest first."""
    found = (run / "checkpoints").glob("[0-9]*")
    return sorted((path for path in found if path.is_dir()), reverse=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Returns an Adam's moments and step counts as flat names."""
    return {
        f"{number}.{name}": value.clone()
        for number, moments in optimiser.state_dict()["state"].items()
        for name, value in moments.items()
    }


def load_optimiser(optimiser: torch.optim.Optimizer, kept: Mapping[str, Tensor]) -> None:
    """Goes on from what `optimiser_state` returned."""
    content = optimiser.state_dict()
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in kept.items():
        number, name = key.split(".", 1)
        moments.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({**content, "state": moments})
