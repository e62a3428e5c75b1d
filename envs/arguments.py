"""Checks of what worlds are asked for: names among known ones, numbers within ranges, weights."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Raises ValueError if a value isn't one of the known ones; it says which is nearest."""
    if value not in known:
        hint = _nearest(str(value), known)
        raise ValueError(f"`{name}` must be one of {', '.join(known)}; got {value!r}.{hint}")


def within(name: str, value: Any, low: float, high: float, whole: bool = False) -> None:
    """Raises TypeError if a value is no number (None is left alone), ValueError if out of range."""
    if value is None:
        return
    kinds = (int, np.integer) if whole else (int, float, np.number)
    if isinstance(value, bool) or not isinstance(value, kinds):
        what = "a whole number" if whole else "a number"
        raise TypeError(f"`{name}` must be {what}; got {value!r}.")
    if not low <= value <= high:
        raise ValueError(f"`{name}` must lie within {low} and {high}; got {value!r}.")


def pixels(name: str, value: Any) -> None:
    """Raises TypeError or ValueError if a value is no size of a picture."""
    if value is None:
        raise ValueError(f"`{name}` must be a whole number of pixels; got None.")
    within(name, value, 16, 2048, whole=True)


def flag(name: str, value: Any) -> None:
    """Raises TypeError if a value is neither True nor False."""
    if not isinstance(value, bool):
        raise TypeError(f"`{name}` must be True or False; got {value!r}.")


def from_settings(config: type[T], settings: Mapping[str, Any], world: str) -> T:
    """Returns a config dataclass with these arguments.

    Raises:
      TypeError: an argument that the world doesn't have, with the nearest that it has.
      ValueError: a value out of its range.
    """
    known = tuple(f.name for f in fields(config))  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            raise TypeError(
                f"`{name}` must be an argument of the {world} world, which are "
                f"{', '.join(known)}.{_nearest(name, known)}"
            )
    return config(**settings)


def merged_weights(
    defaults: Mapping[str, float], chosen: Mapping[str, float] | None
) -> NDArray[np.float64]:
    """Returns the weight of each reward term, with `chosen` ones in place of the defaults.

    Raises:
      TypeError: `chosen` is no dict. ValueError: an unknown term or no finite number.
    """
    if chosen is not None and not isinstance(chosen, Mapping):
        raise TypeError(f"`reward` must be a dict of weights; got {chosen!r}.")
    merged = dict(defaults)
    for name, value in (chosen or {}).items():
        if name not in merged:
            raise ValueError(
                f"`reward` must name terms among {', '.join(defaults)}; got {name!r}."
                f"{_nearest(name, tuple(merged))}"
            )
        if not isinstance(value, int | float) or not np.isfinite(value):
            raise ValueError(f"`reward[{name!r}]` must be a finite number; got {value!r}.")
        merged[name] = float(value)
    return np.array(list(merged.values()), np.float64)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" Did you mean {near[0]!r}?" if near else ""
