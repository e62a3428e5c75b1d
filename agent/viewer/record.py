"""Reads what `recorder` wrote, also what a crash left of it."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Trace, from_numpy
from .recorder import FINAL, FORMAT, LANES, VERSION, beside, stem

_DAMAGE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


class Record:
    """A record in memory: `record["reward"]` is stacked over ticks, [T, ...]; read on first use.

    `header` is what the recorder was given, `episodes` what ended when and how, `is_complete`
    False where the run was cut short.
    """

    def __init__(self, path: Path, content: dict[str, Any], files: list[Path], ticks: int,
                 names: list[str], is_complete: bool) -> None:
        self.path, self.ticks, self.names, self.is_complete = path, ticks, names, is_complete
        self.header: dict[str, Any] = content["header"]
        self.episodes: list[dict[str, Any]] = content["episodes"]
        self._files = files
        self._read: dict[str, NDArray[Any]] = {}

    def __len__(self) -> int:
        return self.ticks

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Gives an array over all ticks.

        Raises:
          KeyError: the record has no such array.
          ValueError: the file is damaged.
        """
        if name not in self.names:
            raise KeyError(f"`name` must be one of {self.names}; got {name!r}.")
        if name not in self._read:
            parts = []
            for file in self._files:
                try:
                    with file.open("rb") as raw, np.load(raw, allow_pickle=False) as archive:
                        if name in archive.files:
                            parts.append(archive[name])
                except _DAMAGE as error:
                    raise _damaged(file, f"{name} can't be read ({error})") from error
            self._read[name] = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return self._read[name]

    def rows(self, name: str, tick: int) -> NDArray[Any]:
        """Gives the rows [E, ...] that an array of varying length has at a tick; E may be 0."""
        values: NDArray[Any] = self[name][self[f"{name}@tick"] == tick]
        return values

    def trace(self, tick: int) -> Trace:
        """Gives the notes of one tick as they were.

        Raises:
          ValueError: no mind was recorded, or there is no such tick.
        """
        if not 0 <= tick < self.ticks:
            raise ValueError(f"`tick` must be between 0 and {self.ticks - 1}; got {tick}.")
        cut = len("trace.")
        arrays = {name[cut:]: self[name][tick] for name in self.names
                  if name.startswith("trace.") and not self._is_row(name)}
        if not arrays:
            raise ValueError(f"{self.path} must hold a mind's notes; none was watching.")
        arrays[LANES[cut:]] = np.zeros(0, np.int64)
        for name in self.names:
            if (name == LANES or name.startswith(FINAL)) and not name.endswith("@tick"):
                found = self.rows(name, tick)
                if len(found):
                    arrays[name[cut:]] = found
        return from_numpy(Trace, {name: np.ascontiguousarray(part) if part.ndim else part
                                  for name, part in arrays.items()})

    def _is_row(self, name: str) -> bool:
        return name.endswith("@tick") or f"{name}@tick" in self.names


def _damaged(file: Path, what: str) -> ValueError:
    return ValueError(f"{file} must be an undamaged record; {what}. Record it again.")


def _content(file: Path) -> dict[str, Any]:
    """Reads and checks a record's json."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(file, f"it can't be read as JSON ({error})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{file} must be a record that mindloop wrote; it is something else. "
                         "Give the FILE that was named with --record.")
    if content.get("version") != VERSION:
        raise ValueError(f"{file} must be of version {VERSION}; got {content.get('version')!r}. "
                         "Read it with the mindloop that wrote it.")
    missing = [key for key in ("header", "episodes") if key not in content]
    if missing:
        raise _damaged(file, f"{missing} are missing")
    return content


def load(path: Path | str) -> Record:
    """Reads a record, whole or what a crash left of it.

    Args:
      path: FILE, FILE.npz or FILE.json.
    Raises:
      ValueError: nothing there, not ours, or damaged; the message says which.
    """
    path = stem(path)
    whole, part = beside(path, ".json"), beside(path, ".part")
    if whole.is_file():
        return _load_whole(path, _content(whole))
    if part.is_dir():
        return _load_part(path, part, _content(part / "header.json"))
    if beside(path, ".npz").is_file():
        raise ValueError(f"{whole} must be beside {path.name}.npz; it is missing.")
    raise ValueError(f"`path` must name a record; there is no {whole}.")


def _load_whole(path: Path, content: dict[str, Any]) -> Record:
    file = beside(path, ".npz")
    if not file.is_file():
        raise ValueError(f"{file} must be beside {path.name}.json; it is missing.")
    index, ticks = content.get("arrays"), content.get("ticks")
    if not isinstance(index, dict) or not isinstance(ticks, int):
        raise _damaged(beside(path, ".json"), "['arrays', 'ticks'] are missing")
    try:
        with zipfile.ZipFile(file) as archive:
            for name, form in index.items():
                with archive.open(f"{name}.npy") as member:
                    found = _form(member)
                if found != (form["dtype"], form["shape"]):
                    raise _damaged(file, f"{name} is {found}, its json says {form}")
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(file, str(error)) from error
    return Record(path, content, [file], ticks, list(index), is_complete=True)


def _form(member: Any) -> tuple[str, list[int]]:
    np.lib.format.read_magic(member)
    shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    return dtype.str, list(shape)


def _load_part(path: Path, part: Path, content: dict[str, Any]) -> Record:
    """Reads the chunks up to the first that is missing or damaged."""
    files: list[Path] = []
    names: dict[str, None] = {}
    ticks = 0
    for k in range(len(list(part.glob("chunk-*.npz")))):
        file = part / f"chunk-{k:06d}.npz"
        try:
            with file.open("rb") as raw, np.load(raw, allow_pickle=False) as archive:
                names |= dict.fromkeys(archive.files)
                ticks += len(archive[archive.files[0]])  # arrays of every tick come first
        except _DAMAGE:
            break
        files.append(file)
    if not files:
        raise _damaged(part, "the run ended before its first chunk was written")
    return Record(path, content, files, ticks, list(names), is_complete=False)
