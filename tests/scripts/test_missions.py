"""Missions in words: at the command line, in a life that goes on, in a record; and by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mindloop import cli
from mindloop.agent.loop import Life
from mindloop.agent.types import Tick
from mindloop.agent.viewer import record
from mindloop.agent.viewer.recorder import Recorder
from mindloop.agent.world import make_world
from mindloop.errors import UserError
from mindloop.hands import hands_of
from mindloop.living import ROBOT, LifeOptions, begin, keep, open_recorder, plan
from mindloop.replay import Show
from mindloop.showing import Camera, gauges_of, marks_of, restart

MISSION = "put the red ball next to the blue box"


def robot(driver: Any = "expert", lanes: int = 1, **options: Any) -> tuple[Life, Any]:
    made = plan(LifeOptions(env=ROBOT, driver=driver, **options), needs_camera=False)
    return begin(made, lanes, 0), made


@pytest.mark.parametrize(("words", "said"), [
    (("--mission", "go to the red bal"), "such as 'go to the red ball'.*Did you mean 'ball'"),
    (("--mission", "pick the key up"), "must be such as 'pick up .*key'"),
    (("--mission", "put a thing next to the door"), "must name what is there"),
    (("CartPole-v1", "--mission", "go"), "must be left out: CartPole-v1 takes no missions"),
    (("mindloop/Driving-v0", "--mission", "go"), "takes no missions"),
])  # fmt: skip
@pytest.mark.parametrize("program", ["run", "evaluate"])
def test_a_mission_that_cant_be_is_a_message(
    program: str, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    env = () if not words[0].startswith("--") else (ROBOT,)
    with pytest.raises(SystemExit) as ended:
        cli.main((program, *env, *words))
    assert ended.value.code == 2
    err = capsys.readouterr().err.replace("\n", " ")
    pytest.fail(err) if "Traceback" in err else None
    with pytest.raises(UserError, match=said):
        raise UserError(err)


def test_every_episode_begins_with_the_mission() -> None:
    life, _ = robot(lanes=3, mission=MISSION, preset="Open")
    ended = 0
    while ended < 4:
        for lane in range(3):
            (part,) = life.world.mission(lane)
            assert part == (MISSION, False) or part[0].replace("a ", "the ") == MISSION
            assert life.words(lane) == {"mission": MISSION}
        ended += len(life.step().episodes)


def test_a_life_is_told_something_else_and_wrong_words_change_nothing() -> None:
    life, _ = robot(mission="go to the red ball", seed=3)
    life.step()
    life.intention  # noqa: B018  the expert has chosen already
    life.command("pick up the red ball")
    assert life.words(0) == {"mission": "pick up the red ball"}
    assert [words for words, _ in life.world.mission()] in (
        ["pick up the red ball"], ["pick up a red ball"])  # fmt: skip
    before = life.world.snapshot()
    for words in ("pick up", "pick up the purple thing then put a thing next to the door"):
        with pytest.raises(ValueError, match="`mission` must"):
            life.command(words)
        assert np.array_equal(life.world.snapshot(), before)
    end = ""
    while not end:
        end = "".join(episode.end for episode in life.step().episodes)
    assert end == "mission_done"


def test_a_world_without_a_vocabulary_takes_no_commands() -> None:
    world = make_world("CartPole-v1", 1)
    assert not world.takes_commands and world.mission() == ()
    with pytest.raises(ValueError, match="must offer `command`"):
        world.command("go")


def test_a_mind_reads_the_last_words_of_an_episode() -> None:
    world = make_world(ROBOT, 1, {"mission": "go to the red ball", "camera": False, "seconds": 1.0})
    raw, _ = world.env.reset(seed=1)
    words = raw["mission"][0].tolist()
    for _ in range(4):
        _, reward, terminated, truncated, infos = world.env.step(np.array([7]))
    outcome = world.outcome(reward, terminated, truncated, infos)
    assert outcome.final is not None and outcome.final.parts["mission"][0].tolist() == words


def test_what_was_typed_is_replayed(tmp_path: Path) -> None:
    life, made = robot(mission="go to the red ball")
    recorder = open_recorder(tmp_path / "life", made, 0)
    assert isinstance(recorder, Recorder)
    camera = Camera(life, made)
    with recorder:
        def live(steps: int) -> None:
            for _ in range(steps):
                tick: Tick = life.step()
                keep(recorder, tick)

        live(3)
        for words in ("go to a thing", "pick up the red ball"):
            life.command(words)
            recorder.episode({"command": words})
        live(12)
        restart(life, camera, 1, recorder)
        life.command("pick up the red ball")
        recorder.episode({"command": "pick up the red ball"})
        live(12)
    show = Show(record.load(tmp_path / "life"), 0, renders=False)
    for position in (27, 4, 27):
        show.seek(position)
        assert show.life.words(0) == {"mission": "pick up the red ball"}
    assert show.first_odd is None, show.verdict()


def test_keys_drive_a_robot() -> None:
    world = make_world(ROBOT, 1, {"camera": False})
    hands = hands_of(world)
    names = world.spec.actions.names
    assert hands.buttons == ("pick up", "drop", "toggle")

    def does(*held: str) -> str:
        return names[int(hands.actions(frozenset(held))[0])]

    assert [does(), does("up"), does("down"), does("left"), does("right")] == [
        "stop", "forward", "back", "left", "right"]  # fmt: skip
    assert does("up", "left") == "left" and does("up", "down") == "stop"
    hands.press(3)
    assert does("up") == "toggle"
    hands.tire(frozenset())
    assert does("up") == "forward", "a button counts once"


def test_keys_drive_a_robot_of_numbers() -> None:
    world = make_world(ROBOT, 1, {"camera": False, "action": "continuous"})
    hands = hands_of(world)
    assert hands.buttons == ("pick up, toggle", "drop")
    assert hands.actions(frozenset({"up", "left"})).tolist() == [[1.0, 1.0, 0.0]]
    assert hands.actions(frozenset({"down", "right"})).tolist() == [[-1.0, -1.0, 0.0]]
    hands.press(2)
    assert hands.actions(frozenset({"up"})).tolist() == [[0.0, 0.0, -1.0]]
    world.env.reset(seed=0)
    world.env.step(hands.actions(frozenset()))


def test_a_world_that_no_hand_can_drive_says_so() -> None:
    with pytest.raises(UserError, match="steer and accelerate, or drive and turn; CartPole-v1"):
        hands_of(make_world("CartPole-v1", 1))


def test_a_vector_is_told_in_gauges_and_marks() -> None:
    columns = make_world(ROBOT, 1, {"camera": False}).spec.vectors["state"]
    values = np.zeros(19, np.float32)
    values[[5, 11, 13]] = 1.0  # the odometry's sine; carries a ball that is red
    found = {gauge.name: gauge.value for gauge in gauges_of(columns, values)}
    assert found == {"speed": 0, "turn": 0, "odometry ahead": 0, "odometry left": 0,
                     "odometry heading": pytest.approx(np.pi / 2)}  # fmt: skip
    assert marks_of(columns, values) == {"bumper": "no", "carries": "ball, red"}
    values[6:9] = 1.0, 3.0, -1.0  # bumped; the goal 3 m behind
    found = {gauge.name: gauge.value for gauge in gauges_of(columns, values)}
    assert found["goal distance"] == 3.0 and abs(found["goal bearing"]) == pytest.approx(np.pi)
    assert marks_of(columns, 0 * values + (np.arange(19) == 6)) == {
        "bumper": "yes", "carries": "nothing"}  # fmt: skip
