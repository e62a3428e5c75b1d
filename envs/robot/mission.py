"""Missions in words: BabyAI's grammar, read and written, and when each part of one is fulfilled.

    go to the red ball
    pick up a key then open the blue door
    put the green box next to the yellow key on your left after you go to the grey door

Source: Chevalier-Boisvert 2019, "BabyAI", table 1. Words become whole numbers; 0 is silence.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..canvas import kernel
from .homes import House
from .kernel import REACH, REACH_ANGLE, bearing_to
from .lives import (
    CARRIED,
    COLOUR,
    COLOUR_2,
    D_COLOUR,
    D_STATE,
    DONE,
    KIND,
    KIND_2,
    PART_STAGE,
    PLACE,
    PLACE_2,
    SPEED,
    STAGE,
    T_COLOUR,
    T_KIND,
    T_STATE,
    T_X,
    T_Y,
    TOGGLED,
    VERB,
    DoorState,
    Life,
    ThingState,
    X,
    Y,
)
from .meaning import door_middle
from .params import COLOURS, PARTS, WORDS, Kind, Place, Verb

NEXT_TO = 0.65  # [m] between the middles of two things that lie next to each other
AT_POINT = 0.2  # [m] from a point, standing
AT_DOOR = 0.9  # [m] from the middle of a doorway

VERBS: dict[Verb, tuple[str, ...]] = {
    Verb.GO_TO: ("go to", "walk to", "approach"),
    Verb.PICK_UP: ("pick up", "take", "grab"),
    Verb.OPEN: ("open", "unlock"),
    Verb.PUT_NEXT: ("put", "place"),
}
"""What may be said for each; the first is what training says, the others are synonyms."""
NEXT = ("next to", "beside")
KINDS: dict[Kind, tuple[str, ...]] = {
    Kind.ANY: ("object", "thing"), Kind.KEY: ("key",), Kind.BALL: ("ball", "sphere"),
    Kind.BOX: ("box", "crate"), Kind.DOOR: ("door", "gate"),
}  # fmt: skip
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "scarlet"), "green": ("green", "emerald"), "blue": ("blue", "azure"),
    "purple": ("purple", "violet"), "yellow": ("yellow", "golden"), "grey": ("grey", "gray"),
}  # fmt: skip
PLACES: dict[Place, str] = {
    Place.LEFT: "on your left", Place.RIGHT: "on your right",
    Place.FRONT: "in front of you", Place.BEHIND: "behind you",
}  # fmt: skip
POINT = "go to the point"
ARTICLES = ("the", "a")
NAMES = tuple(COLOURS)
GO_TO, PICK_UP, OPEN = int(Verb.GO_TO), int(Verb.PICK_UP), int(Verb.OPEN)
PUT_NEXT, GO_TO_POINT = int(Verb.PUT_NEXT), int(Verb.GO_TO_POINT)
ON_FLOOR, IS_OPEN = ThingState.ON_FLOOR, DoorState.OPEN


def _vocabulary() -> tuple[str, ...]:
    words: list[str] = [*ARTICLES, "and", "then", "after", "you"]
    named = (*VERBS.values(), NEXT, *KINDS.values(), *COLOUR_WORDS.values())
    for group in (*named, PLACES.values(), (POINT,)):
        for phrase in group:
            words += phrase.split()
    return ("", *dict.fromkeys(words))


VOCABULARY = _vocabulary()
"""All words; a word's number is its place here, and 0 stands for silence."""
_NUMBERS = {word: k for k, word in enumerate(VOCABULARY)}

Part = tuple[int, ...]  # VERB, KIND, COLOUR, PLACE, KIND_2, COLOUR_2, PLACE_2, PART_STAGE


class MissionError(ValueError):
    """Words that are no mission; says the nearest that is one."""


def encode(text: str) -> NDArray[np.int16]:
    """Returns the numbers of words, int16 [WORDS]; 0 after the last.

    Raises:
      MissionError: an unknown word, or more words than there is room for.
    """
    words = text.lower().replace(",", " ").split()
    for word in words:
        if word not in _NUMBERS:
            near = difflib.get_close_matches(word, VOCABULARY[1:], 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise MissionError(
                f"`mission` must be made of known words, such as {_nearest(text)!r}; got {word!r}."
                f"{hint} They are {', '.join(VOCABULARY[1:])}."
            )
    if len(words) > WORDS:
        raise MissionError(f"`mission` must have at most {WORDS} words; got {len(words)}.")
    found = np.zeros(WORDS, np.int16)
    found[: len(words)] = [_NUMBERS[word] for word in words]
    return found


def decode(numbers: Sequence[int] | NDArray[Any]) -> str:
    """Returns the words of numbers."""
    return " ".join(VOCABULARY[int(k)] for k in numbers if k > 0)


# ------------------------------------------------------------------ writing


def _thing(kind: int, colour: int, place: int, is_only: bool, synonym: int) -> str:
    words = [ARTICLES[0] if is_only else ARTICLES[1]]
    if colour >= 0:
        words.append(COLOUR_WORDS[NAMES[colour]][synonym])
    words.append(KINDS[Kind(kind)][-synonym])  # a key has but one name
    if place:
        words.append(PLACES[Place(place)])
    return " ".join(words)


def _clause(life: Any, p: int, synonym: int = 0) -> str:
    part = life["part"][p]
    verb = Verb(int(part[VERB]))
    if verb is Verb.GO_TO_POINT:
        return POINT
    doors, (first, second) = int(life["part_doors"][p]), life["part_things"][p]
    meant = doors or int(first)
    target = _thing(part[KIND], part[COLOUR], part[PLACE], meant.bit_count() == 1, synonym)
    said = f"{VERBS[verb][synonym]} {target}"
    if verb is Verb.PUT_NEXT:
        is_only = int(second).bit_count() == 1
        other = _thing(part[KIND_2], part[COLOUR_2], part[PLACE_2], is_only, synonym)
        said += f" {NEXT[synonym]} {other}"
    return said


def sentence(life: Any, wording: str = "usual") -> str:
    """Returns the words of a life's mission: "A then B", or, of two parts now and then, and always
    where the wording is of "order", "B after you A"."""
    synonym = int(wording == "synonyms")
    parts = int((life["part"][:, VERB] != 0).sum())
    turns = parts == 2 and (int(life["seed"]) + int(life["episode"])) % 3 == 0
    groups: list[list[str]] = []
    for p in range(PARTS):
        if not life["part"][p, VERB]:
            break
        if p == 0 or life["part"][p, PART_STAGE] != life["part"][p - 1, PART_STAGE]:
            groups.append([])
        groups[-1].append(_clause(life, p, synonym))
    said = [" and ".join(group) for group in groups]
    if (turns or wording == "order") and len(said) == 2:
        return f"{said[1]} after you {said[0]}"
    return " then ".join(said)


def clauses(life: Any) -> tuple[tuple[str, bool], ...]:
    """Returns each part of a life's mission in words, in the order in which they are due, and
    whether it is done."""
    asked = [p for p in range(PARTS) if life["part"][p, VERB]]
    return tuple((_clause(life, p), bool(life["part"][p, DONE])) for p in asked)


def inventory(life: Any) -> str:
    """Returns what lies in a life's home and which doors it has, in words."""
    things = [
        f"a {NAMES[flags[T_COLOUR]]} {KINDS[Kind(int(flags[T_KIND]))][0]}"
        for flags in life["thing_flag"] if flags[T_STATE] != ThingState.ABSENT
    ]  # fmt: skip
    doors = [f"a {NAMES[row[D_COLOUR]]} door" for row in life["door"] if row[D_STATE] > 0]
    found = [*things, *doors]
    return f"are {', '.join(found)}" if found else "is nothing"


# ------------------------------------------------------------------ reading


class _Reader:
    """Reads a mission from left to right."""

    def __init__(self, words: list[str]) -> None:
        self.words, self.at = words, 0

    def takes(self, phrase: str) -> bool:
        wanted = phrase.split()
        if self.words[self.at : self.at + len(wanted)] != wanted:
            return False
        self.at += len(wanted)
        return True

    def one_of(self, table: dict[Any, Any]) -> Any:
        """Returns the key of the table whose phrase comes next, None if none does."""
        for key, phrases in table.items():
            for phrase in (phrases,) if isinstance(phrases, str) else phrases:
                if self.takes(phrase):
                    return key
        return None

    def thing(self) -> tuple[int, int, int] | None:
        if not (self.takes("the") or self.takes("a")):
            return None
        colour = self.one_of(COLOUR_WORDS)
        kind = self.one_of(KINDS)
        if kind is None:
            return None
        place = self.one_of(PLACES)
        return int(kind), NAMES.index(colour) if colour else -1, int(place or 0)

    def clause(self) -> list[int] | None:
        if self.takes(POINT):
            return [GO_TO_POINT, 0, 0, 0, 0, 0, 0]
        verb = self.one_of(VERBS)
        first = self.thing() if verb is not None else None
        if first is None:
            return None
        second = (0, 0, 0)
        if verb is Verb.PUT_NEXT:
            if not any(self.takes(words) for words in NEXT):
                return None
            found = self.thing()
            if found is None:
                return None
            second = found
        return [int(verb), *first, *second]


def parse(text: str) -> list[Part]:
    """Returns the parts of a mission, with the stage of each.

    Raises:
      MissionError: it isn't one, or has more than PARTS parts.
    """
    encode(text)
    reader = _Reader(text.lower().replace(",", " ").split())
    clause = reader.clause()
    parts, stages = ([clause], [0]) if clause is not None else ([], [])
    stage = 0  # of the clause read last
    while parts and reader.at < len(reader.words):
        if reader.takes("after you"):  # what follows comes first
            stages, stage = [one + 1 for one in stages], 0
        elif reader.takes("then"):
            stage = max(stages) + 1
        elif not reader.takes("and"):
            parts = []
            break
        clause = reader.clause()
        if clause is None:
            parts = []
            break
        parts.append(clause)
        stages.append(stage)
    if not parts:
        raise MissionError(
            f"`mission` must be such as {_nearest(text)!r}; got {text!r}, which can't be read from "
            f"{' '.join(reader.words[reader.at:][:3]) or 'its end'!r} on."
        )
    if len(parts) > PARTS:
        raise MissionError(f"`mission` must have at most {PARTS} parts; got {len(parts)}.")
    order = np.argsort(stages, kind="stable")
    return [(*parts[k], int(stages[k])) for k in order]


def _nearest(text: str) -> str:
    """Returns the mission of one part that is most like some words."""
    things = [f"{a} {c}{k[0]}" for a in ARTICLES for k in KINDS.values()
              for c in ("", *(f"{name} " for name in NAMES))]  # fmt: skip
    simple = [f"{verb[0]} {thing}" for kind, verb in VERBS.items() if kind is not Verb.PUT_NEXT
              for thing in things]  # fmt: skip
    simple += [f"put {one} next to the red ball" for one in things[:7]]
    return difflib.get_close_matches(text.lower(), simple, 1, 0.0)[0]


# ------------------------------------------------------------------ judging


@kernel
def _is_before(life: Life, x: float, y: float, within: float) -> bool:
    """Returns whether a point is near, straight ahead."""
    away, angle = bearing_to(life, x, y)
    return away < within and abs(angle) < REACH_ANGLE


@kernel
def _is_done(house: House, life: Life, p: int) -> bool:
    """Returns whether part p is fulfilled by the decision just lived."""
    part, flag = life.part[p], life.flag
    verb = part[VERB]
    if verb == GO_TO_POINT:
        away = np.hypot(life.goal[0] - life.body[X], life.goal[1] - life.body[Y])
        return away < AT_POINT and abs(life.body[SPEED]) < 0.05
    if verb == OPEN:
        return flag[TOGGLED] >= 0 and (life.part_doors[p] >> flag[TOGGLED]) & 1 == 1
    if verb == PICK_UP:
        return flag[CARRIED] >= 0 and (life.part_things[p, 0] >> flag[CARRIED]) & 1 == 1
    if verb == GO_TO:
        for d in range(house.doors):
            if (life.part_doors[p] >> d) & 1:
                x, y = door_middle(house, d)
                if _is_before(life, x, y, AT_DOOR):
                    return True
        for k in range(life.things):
            is_meant = (life.part_things[p, 0] >> k) & 1 == 1
            x, y = life.thing[k, T_X], life.thing[k, T_Y]
            lies = life.thing_flag[k, T_STATE] == ON_FLOOR
            if is_meant and lies and _is_before(life, x, y, REACH):
                return True
        return False
    for k in range(life.things):
        if not (life.part_things[p, 0] >> k) & 1 or life.thing_flag[k, T_STATE] != ON_FLOOR:
            continue
        for j in range(life.things):
            if j == k or not (life.part_things[p, 1] >> j) & 1:
                continue
            if life.thing_flag[j, T_STATE] == ON_FLOOR:
                dx = life.thing[k, T_X] - life.thing[j, T_X]
                dy = life.thing[k, T_Y] - life.thing[j, T_Y]
                if dx * dx + dy * dy < NEXT_TO * NEXT_TO:
                    return True
    return False


@kernel
def judge(house: House, life: Life) -> int:
    """Marks the parts that are fulfilled now, those of the present stage alone; returns how many
    were marked. The stage moves on when all of its parts are done."""
    marked = 0
    for p in range(PARTS):
        part = life.part[p]
        counts = part[VERB] != 0 and part[DONE] == 0 and part[PART_STAGE] == life.flag[STAGE]
        if counts and _is_done(house, life, p):
            part[DONE] = 1
            marked += 1
    if marked > 0:
        is_over = True
        for p in range(PARTS):
            part = life.part[p]
            if part[VERB] != 0 and part[PART_STAGE] == life.flag[STAGE] and part[DONE] == 0:
                is_over = False
        if is_over:
            life.flag[STAGE] += 1
    return marked


@kernel
def is_fulfilled(life: Life) -> bool:
    """Returns whether every part of the mission is done."""
    for p in range(PARTS):
        if life.part[p, VERB] != 0 and life.part[p, DONE] == 0:
            return False
    return life.part[0, VERB] != 0
