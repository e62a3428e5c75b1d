"""Pools of places that lives share: made once, kept in the user's cache folder, mapped by all."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import cache_folder

Pool = NDArray[np.void]  # [T] of records that kernels take by reference


def load(
    file: Path, is_ours: Callable[[Pool], bool], make: Callable[[], Pool]
) -> Pool:
    """Returns the pool that a file holds; where it doesn't, or is damaged, it is made.

    Args:
      file: that of `pool_file`.
      is_ours: whether what was found has the right fields and shapes.
    """
    try:
        return _open(file, is_ours)
    except FileNotFoundError:
        pass
    except (OSError, EOFError, ValueError) as error:
        print(f"mindloop: the pool in {file} is damaged ({error}); making it anew.",
              file=sys.stderr)  # fmt: skip
    _store(make(), file)
    return _open(file, is_ours)


def pool_file(name: str, folder: Path, sources: Sequence[str]) -> Path:
    """Returns where a pool is kept.

    Args:
      name: of the file, for people.
      folder, sources: files that the pool comes from; their hash is part of the name.
    """
    digest = hashlib.sha256()
    for source in sources:
        digest.update((folder / source).read_bytes())
    return cache_folder() / f"{name}-{digest.hexdigest()[:12]}.npy"


def tell(what: str, made: int, wanted: int) -> None:
    """Writes one line of progress to stderr, over the one before."""
    end = "\n" if made == wanted else ""
    print(f"\rmindloop: making {what} {made}/{wanted}", end=end, file=sys.stderr, flush=True)


def _open(file: Path, is_ours: Callable[[Pool], bool]) -> Pool:
    """Maps a stored pool.

    Raises:
      FileNotFoundError: there is none. OSError, EOFError, ValueError: it is damaged.
    """
    pool = np.load(file, mmap_mode="r")
    if not is_ours(pool):
        raise ValueError("it holds something else")
    plain: Pool = pool.view(np.ndarray)  # numba takes it quicker than the subclass
    return plain


def _store(pool: Pool, file: Path) -> None:
    """Writes a pool beside its place and moves it there in one step; the last one to come wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, work = tempfile.mkstemp(prefix=file.stem, suffix=".npy", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            np.save(out, pool)
        os.replace(work, file)
    finally:
        Path(work).unlink(missing_ok=True)
