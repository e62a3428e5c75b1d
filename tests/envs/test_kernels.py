"""Where compiled kernels are kept."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = "import numba; import mindloop.envs as e; print(numba.config.CACHE_DIR, e.source_hash())"


@pytest.mark.parametrize("first", ["import numba", "import mindloop.envs"])
def test_kernels_are_kept_by_their_sources_whoever_imports_numba_first(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("MINDLOOP_CACHE", "somewhere")
    done = subprocess.run(
        [sys.executable, "-c", f"{first}; {ASK}"], capture_output=True, text=True, check=True
    )
    folder, digest = done.stdout.split()
    assert folder.endswith(f"kernels-{digest}") and folder.startswith("somewhere")
