"""The worlds, batched and made for cameras. They know no agent.

Importing this package does one thing: it tells numba to keep compiled kernels in a folder named
by a hash of every kernel source, because numba's own cache does not notice that a helper in
another file has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Returns the user's cache folder for mindloop (made on first use by whoever writes there).

    `MINDLOOP_CACHE` overrides it; otherwise the platform's usual place.
    """
    chosen = os.environ.get("MINDLOOP_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "mindloop"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mindloop"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mindloop"


def source_hash() -> str:
    """Returns 12 hex digits that change whenever a source file of the worlds changes."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def announce_compiling() -> None:
    """Says on stderr, once in each process, that the first start will take its time."""
    if not Path(os.environ["NUMBA_CACHE_DIR"]).exists() and not _announced:
        _announced.append(True)
        print(
            "mindloop: compiling the world's kernels, two to four minutes, this once ...",
            file=sys.stderr,
            flush=True,
        )


_announced: list[bool] = []
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / f"kernels-{source_hash()}"))
if "numba" in sys.modules:  # it read its settings when somebody else imported it
    sys.modules["numba.core.config"].reload_config()
