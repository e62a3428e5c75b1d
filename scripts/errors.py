"""What programs say when a user can mend something: UserError, and the nearest known name.

    UserError      a message that names the rule, the value and the mend; exit code 2
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake that the user can mend; the command line shows its message and exits with 2."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns a sentence with the known names, and the nearest to `name` if one is near."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    return f"{hint}Known: {', '.join(names)}."
