"""Missions: what is written can be read, what can't be read is told, and what fulfils them."""

from __future__ import annotations

import pytest

from mindloop.envs.robot.env import RobotEnv, RobotVectorEnv
from mindloop.envs.robot.levels import LEVELS
from mindloop.envs.robot.lives import BUMPED, CARRIED, DONE, END, STAGE, VERB, End
from mindloop.envs.robot.mission import (
    VOCABULARY,
    MissionError,
    decode,
    encode,
    parse,
    sentence,
)
from mindloop.envs.robot.params import Verb
from mindloop.envs.robot.setting import WORDINGS

COUNT = 64


@pytest.mark.parametrize("preset", [name for name in LEVELS if name != "PointGoal"])
def test_what_is_written_is_read_as_it_was_meant(preset: str) -> None:
    env = RobotVectorEnv(COUNT, camera=False, preset=preset)
    obs, _ = env.reset(seed=0)
    kinds = set()
    for lane, life in enumerate(env.robot.state):
        meant = [tuple(int(n) for n in part[:DONE]) for part in life["part"] if part[VERB]]
        assert meant, "every life has a mission"
        for wording in WORDINGS:
            read = [tuple(int(n) for n in part) for part in parse(sentence(life, wording))]
            assert sorted(read) == sorted(meant), sentence(life, wording)
        assert decode(obs["mission"][lane]) == sentence(life)
        kinds |= {Verb(part[0]) for part in meant}
    assert (preset != "Sequence") or len(kinds) == 4


def test_words_and_numbers() -> None:
    words = "pick up the red ball then go to a door on your left"
    assert decode(encode(words)) == words
    assert VOCABULARY[0] == "" and len(set(VOCABULARY)) == len(VOCABULARY)
    assert parse("grab the scarlet sphere") == parse("pick up the red ball")
    assert parse("go to a key after you open the grey door") == parse(
        "open the grey door then go to a key"
    )


@pytest.mark.parametrize(("words", "said"), [
    ("go to the red bal", r"got 'bal'. Did you mean 'ball'\?"),
    ("go to red ball", r"must be such as 'go to .*'; got 'go to red ball'"),
    ("put the red ball", r"which can't be read from 'its end' on"),
    ("", r"must be such as"),
    ("go to a key then go to a key then go to a key then go to a key then go to a key",
     r"at most 4 parts; got 5"),
    (" ".join(["go to the red ball then"] * 9), r"at most 40 words; got 54"),
])  # fmt: skip
def test_what_is_no_mission_is_told(words: str, said: str) -> None:
    with pytest.raises(MissionError, match=said):
        parse(words)


def test_stages_count_in_order() -> None:
    env = RobotEnv(preset="PutNext", split="test", seconds=600.0)
    env.reset(seed=3)
    env.command("go to a thing then pick up a thing")
    life = env.robot.state[0]
    assert life["flag"][STAGE] == 0
    expert = env.expert("true")
    held_early = False
    for _ in range(300):
        stage = int(life["flag"][STAGE])
        *_, terminated, _, _ = env.step(expert.act())
        held_early |= stage == 0 and life["flag"][CARRIED] >= 0
        if terminated:
            break
    assert life["flag"][END] == End.DONE and not held_early
    assert life["flag"][BUMPED] == 0
