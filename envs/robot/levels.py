"""The levels of missions, which are the presets of the robot world."""

from __future__ import annotations

from collections.abc import Mapping

from .params import Verb
from .setting import Level

_GO, _TAKE, _OPEN = int(Verb.GO_TO), int(Verb.PICK_UP), int(Verb.OPEN)
_PUT, _POINT = int(Verb.PUT_NEXT), int(Verb.GO_TO_POINT)

LEVELS: Mapping[str, Level] = {
    "PointGoal": Level(rooms=(2, 12), things=4, people=0, closed=0.0, locked=False,
                       verbs=(_POINT, _POINT), parts=1, near=0.0, seconds=90.0),
    "GoTo": Level(rooms=(2, 4), things=6, people=0, closed=0.0, locked=False,
                  verbs=(_GO, _GO), parts=1, near=0.6, seconds=60.0),
    "PickUp": Level(rooms=(2, 4), things=6, people=0, closed=0.0, locked=False,
                    verbs=(_TAKE, _TAKE), parts=1, near=0.6, seconds=60.0),
    "Open": Level(rooms=(2, 4), things=5, people=0, closed=0.8, locked=True,
                  verbs=(_OPEN, _OPEN), parts=1, near=0.5, seconds=90.0),
    "PutNext": Level(rooms=(2, 4), things=6, people=0, closed=0.0, locked=False,
                     verbs=(_PUT, _PUT), parts=1, near=0.8, seconds=90.0),
    "Sequence": Level(rooms=(2, 6), things=7, people=0, closed=0.4, locked=True,
                      verbs=(_GO, _PUT), parts=3, near=0.5, seconds=180.0),
    "Social": Level(rooms=(3, 8), things=6, people=6, closed=0.0, locked=False,
                    verbs=(_GO, _TAKE), parts=1, near=0.4, seconds=150.0),
}  # fmt: skip
"""By name, the easiest first."""
