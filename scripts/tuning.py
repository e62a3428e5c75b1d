"""Settings of a process that lives or learns, made once at its beginning."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
LARGE = 1 << 30  # [bytes]


def settle() -> None:
    """Gives torch one thread, and keeps large freed blocks for the next tensor.

    Two threads on such small nets are slower than one. By default glibc returns every large block
    to the system when it is freed, and the next tensor pays for its pages again.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(M_MMAP_THRESHOLD, LARGE)
            libc.mallopt(M_TRIM_THRESHOLD, LARGE)
