"""Keeps a life on disk, tick by tick: FILE.npz and FILE.json, no pickle in either.

While it grows, a record is a folder FILE.part of small chunks, each written whole or not at all,
so that memory stays bounded and a crash costs at most the last chunk. `close` joins them.
`record.load` reads both.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..types import Tick, to_numpy

FORMAT, VERSION = "mindloop record", 1
CHUNK_TICKS = 128
LANES, FINAL = "trace.outcome.lanes", "trace.outcome.final."  # only there where episodes end


def stem(path: Path | str) -> Path:
    """Gives the path without .npz, .json or .part: the name that a record's files share."""
    path = Path(path)
    return path.with_suffix("") if path.suffix in (".npz", ".json", ".part") else path


def beside(path: Path, suffix: str) -> Path:
    """Appends a suffix to a stem, which may contain dots of its own."""
    return path.with_name(path.name + suffix)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON file whole or not at all."""
    partial = beside(path, ".tmp")
    partial.write_text(json.dumps(content, indent=1, default=_plain), encoding="utf-8")
    os.replace(partial, path)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"`header` must hold plain values; got {type(value).__name__}.")


class Recorder:
    """Writes a record.

    Args:
      path: FILE, with or without .npz or .json; its folder is made.
      header: plain values that a replay needs: env id, its keyword arguments, seeds, driver.
      chunk_ticks: ticks held in memory at most.
    Raises:
      ValueError: a record of that name is there already, or the header isn't plain.
    """

    def __init__(self, path: Path | str, header: Mapping[str, Any],
                 chunk_ticks: int = CHUNK_TICKS) -> None:
        self.path, self.ticks = stem(path), 0
        self._header, self._chunk_ticks, self._chunks = dict(header), chunk_ticks, 0
        self._kept: dict[str, list[NDArray[Any]]] = {}
        self._rows: dict[str, list[NDArray[Any]]] = {}
        self._form: dict[str, tuple[Any, tuple[int, ...]]] = {}
        self._episodes: list[dict[str, Any]] = []
        self._is_open = True
        self._part = beside(self.path, ".part")
        for suffix in (".npz", ".json", ".part"):
            if beside(self.path, suffix).exists():
                raise ValueError(f"`path` must be new; {beside(self.path, suffix)} exists. "
                                 "Choose another name or move it away.")
        self._part.mkdir(parents=True)
        try:
            self._write_header()
        except TypeError as error:
            shutil.rmtree(self._part)
            raise ValueError(str(error)) from error

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _write_header(self) -> None:
        write_json(beside(self._part / "header", ".json"), {
            "format": FORMAT, "version": VERSION, "header": self._header,
            "episodes": self._episodes})

    def tick(self, tick: Tick, observation: Mapping[str, ArrayLike] | None = None) -> None:
        """Appends one tick of a loop: the trace with all its notes, the truth, what was done.

        Args:
          tick: what the loop says.
          observation: its parts [B, ...], where no mind watches (else the trace holds them).
        Raises:
          ValueError: other arrays, shapes or types than at the first tick.
        """
        arrays: dict[str, Any] = {
            "driver": np.array(tick.driver, "U40"), "action": tick.actions, "reward": tick.reward,
            "terminated": tick.terminated, "truncated": tick.truncated, "cost": tick.cost,
            **{f"truth.{name}": part for name, part in to_numpy(tick.truth).items()},
            **{f"reward_terms.{name}": term for name, term in tick.reward_terms.items()},
            **{f"observation.{name}": part for name, part in (observation or {}).items()}}
        rows: dict[str, Any] = {}
        if tick.trace is not None:
            for name, part in to_numpy(tick.trace, "trace.").items():
                (rows if name == LANES or name.startswith(FINAL) else arrays)[name] = part
        self.append(arrays, rows)
        for episode in tick.episodes:
            self.episode(asdict(episode))

    def append(self, arrays: Mapping[str, ArrayLike],
               rows: Mapping[str, ArrayLike] | None = None) -> None:
        """Appends one tick of any arrays.

        Args:
          arrays: the same names, shapes and types at every tick; stacked to [T, ...].
          rows: arrays [E, ...] of which there may be any number at a tick, or none.
        Raises:
          ValueError: they differ from the first tick's, or hold Python objects.
          RuntimeError: the record is closed.
        """
        if not self._is_open:
            raise RuntimeError("`append` must come before `close`; this record is closed.")
        kept = {name: self._checked(name, value) for name, value in arrays.items()}
        if self.ticks and kept.keys() != self._form.keys():
            odd = sorted(kept.keys() ^ self._form.keys())
            raise ValueError(f"`arrays` must have the same names at every tick; {odd} are only "
                             "there at some.")
        for name, value in kept.items():
            form = (value.dtype, value.shape)
            if self._form.setdefault(name, form) != form:
                raise ValueError(f"`arrays[{name!r}]` must keep its type and shape "
                                 f"{self._form[name]}; got {form}.")
            # A copy: the caller may write its next observation into the same memory.
            self._kept.setdefault(name, []).append(value.copy())
        for name, given in (rows or {}).items():
            row = self._checked(name, given)
            if len(row):
                self._rows.setdefault(name, []).append(row.copy())
                at = np.full(len(row), self.ticks, np.int64)
                self._rows.setdefault(f"{name}@tick", []).append(at)
        self.ticks += 1
        if self.ticks % self._chunk_ticks == 0:
            self._flush()

    @staticmethod
    def _checked(name: str, value: ArrayLike) -> NDArray[Any]:
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise ValueError(f"`arrays[{name!r}]` must be numbers or fixed-width text; got "
                             "Python objects.")
        return array

    def episode(self, facts: Mapping[str, Any]) -> None:
        """Notes plain values about an episode that ended: seed, score, why."""
        self._episodes.append({"last_tick": self.ticks - 1, **facts})

    def _flush(self) -> None:
        """Writes what is in memory as one chunk."""
        if not self._kept and not self._rows:
            return
        file = self._part / f"chunk-{self._chunks:06d}.npz"
        partial = beside(file, ".tmp")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, values in self._kept.items():
                _write_array(archive, name, np.stack(values))
            for name, values in self._rows.items():
                _write_array(archive, name, np.concatenate(values))
        os.replace(partial, file)
        self._chunks += 1
        self._kept, self._rows = {}, {}
        self._write_header()

    def close(self) -> None:
        """Joins the chunks into FILE.npz and FILE.json; twice is once."""
        if not self._is_open:
            return
        self._is_open = False
        self._flush()
        chunks = [self._part / f"chunk-{k:06d}.npz" for k in range(self._chunks)]
        names: dict[str, None] = {}
        for chunk in chunks:
            with np.load(chunk, allow_pickle=False) as archive:
                names |= dict.fromkeys(archive.files)
        npz, partial = beside(self.path, ".npz"), beside(self.path, ".npz.tmp")
        index = {}
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name in names:
                index[name] = _join(archive, name, chunks)
        os.replace(partial, npz)
        # The json comes last: where it is, the record is whole.
        write_json(beside(self.path, ".json"), {
            "format": FORMAT, "version": VERSION, "ticks": self.ticks, "header": self._header,
            "episodes": self._episodes, "arrays": index})
        shutil.rmtree(self._part)


def _write_array(archive: zipfile.ZipFile, name: str, values: NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)


def _join(archive: zipfile.ZipFile, name: str, chunks: list[Path]) -> dict[str, Any]:
    """Writes one array out of all chunks, holding one chunk's part at a time; gives its form."""
    length, dtype, shape = 0, np.dtype(np.uint8), (0,)
    for is_writing in (False, True):
        if is_writing:
            member = archive.open(f"{name}.npy", "w", force_zip64=True)
            np.lib.format.write_array_header_2_0(member, {
                "descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False,
                "shape": (length, *shape)})
        for chunk in chunks:
            with np.load(chunk, allow_pickle=False) as file:
                if name not in file.files:
                    continue
                part = file[name]
            if is_writing:
                member.write(np.ascontiguousarray(part).tobytes())
            else:
                length, dtype, shape = length + len(part), part.dtype, part.shape[1:]
    member.close()
    return {"dtype": dtype.str, "shape": [length, *shape]}
