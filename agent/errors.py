"""What goes wrong in an environment; without torch, so that processes of lanes start quickly."""

from __future__ import annotations


class WorldError(ValueError):
    """An environment did what none may do; the message says what, and how to mend it."""
