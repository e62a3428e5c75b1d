"""Writes numbers and names as a table shows them."""

from __future__ import annotations

import math
import re

SPELT = {"spl": "success by path length"}  # names that the field shortens


def number(value: float) -> str:
    """Writes a number with about three digits."""
    if not math.isfinite(value):
        return "none" if math.isinf(value) else "–"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 3 if 0.0005 <= size < 0.1 else 2
    words = f"{value:.{digits}f}"
    return words.removeprefix("-") if float(words) == 0 else words.replace("-", "−")


def count(value: float) -> str:
    """Writes a whole number without decimals, any other with about three digits."""
    return f"{value:.0f}" if float(value).is_integer() else number(value)


def label(name: str) -> str:
    """Writes a name of the code as words: `driving_score_2_0` is "driving score 2.0"."""
    said = re.sub(r"(\d)_(\d)", r"\1.\2", name).replace("_", " ")
    return SPELT.get(said, said)
