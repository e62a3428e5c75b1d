"""Checkpoints: folders that are whole or not there, with tensors as safetensors, never a pickle.

A checkpoint is `RUN/checkpoints/00000012/`: NAME.safetensors for each group of tensors,
numbers.json, the same with -1, -2 … for what other workers have of their own, and manifest.json,
written last, with the hash of every other file. It is made beside its place and moved there in one
step, so that a crash leaves the one before as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .workers import Group

MANIFEST, NUMBERS = "manifest.json", "numbers"
OWN = ("life", "before")  # groups that every worker has of its own
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


def save(
    run: Path, update: int, groups: Groups, numbers: Mapping[str, Any], group: Group
) -> None:
    """Writes a checkpoint and takes the oldest away; all workers call it together.

    The leader writes `groups` whole; of the others only the group "life" is kept, their lanes.

    Raises:
      OSError: the disk is full or can't be written; what was there before is untouched.
    """
    home = run / "checkpoints"
    work, place = home / f".{update:08d}.tmp", home / f"{update:08d}"
    problem: Exception | None = None
    if group.leads:
        problem = _attempt(lambda: _begin(work))
    _agree(group, problem, work)
    problem = _attempt(lambda: _write(work, groups, numbers, group.rank))
    _agree(group, problem, work)
    if group.leads:
        problem = _attempt(lambda: _finish(work, place, update, group.size))
    _agree(group, problem, work)
    if group.leads:
        for old in _folders(run)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def _attempt(act: Callable[[], None]) -> Exception | None:
    try:
        act()
    except (OSError, SafetensorError) as problem:
        return problem
    return None


def _agree(group: Group, problem: Exception | None, work: Path) -> None:
    """Raises OSError in every worker if it went wrong in one."""
    wrong = float(group.sum(torch.tensor(float(problem is not None))))
    if wrong:
        if group.leads:
            shutil.rmtree(work, ignore_errors=True)
        raise OSError(
            f"A checkpoint can't be written to {work.parent}: {problem or 'another worker failed'}"
        ) from problem


def _begin(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)


def _write(work: Path, groups: Groups, numbers: Mapping[str, Any], rank: int) -> None:
    for name, tensors in groups.items():
        if rank and name not in OWN:
            continue
        whole = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        save_file(whole, work / f"{_shard(name, rank)}.safetensors")
    (work / f"{_shard(NUMBERS, rank)}.json").write_text(json.dumps(numbers), encoding="utf-8")


def _finish(work: Path, place: Path, update: int, workers: int) -> None:
    files = {path.name: _digest(path) for path in sorted(work.iterdir())}
    content = {"update": update, "workers": workers, "files": files}
    (work / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")
    for path in work.iterdir():
        _sync(path)
    shutil.rmtree(place, ignore_errors=True)
    os.replace(work, place)


def _shard(name: str, rank: int) -> str:
    """Returns a file's name for this worker's part; the leader's has no number."""
    return f"{name}-{rank}" if rank else name


def load_latest(run: Path, rank: int = 0) -> Checkpoint | None:
    """Returns the newest checkpoint that is whole, with this worker's own groups; tells of newer
    ones that are not. None: the run was stopped before its first.

    Raises:
      ValueError: all are damaged.
    """
    damaged: list[str] = []
    for folder in _folders(run):
        try:
            found = _load(folder, rank)
        except (OSError, ValueError, KeyError, SafetensorError) as problem:
            damaged.append(f"{folder} is damaged: {str(problem).splitlines()[0]}")
            continue
        return Checkpoint(found.update, found.groups, found.numbers, tuple(damaged))
    if not damaged:
        return None
    raise ValueError(
        f"`run` must hold a whole checkpoint; {'; '.join(damaged)}. Begin a new run."
    )


def _load(folder: Path, rank: int) -> Checkpoint:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        if _digest(folder / name) != digest:
            raise ValueError(f"{name} is not what was written")
    names = {Path(name).stem for name in manifest["files"] if name.endswith(".safetensors")}
    shared = {name for name in names if not name.rpartition("-")[0]}
    groups = {
        name: load_file(folder / f"{_shard(name, rank if name in OWN else 0)}.safetensors")
        for name in sorted(shared)
    }
    numbers = json.loads((folder / f"{_shard(NUMBERS, rank)}.json").read_text(encoding="utf-8"))
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
