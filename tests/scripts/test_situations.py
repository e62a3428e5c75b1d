"""What the shipped driver feels in situations that are put before it, on what it believes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.agent.config import EmotionConfig, LoopConfig, ReasoningConfig
from mindloop.agent.loop import Life
from mindloop.agent.store import load_mind
from mindloop.agent.types import APPRAISALS, EMOTIONS
from mindloop.agent.world import make_world

LANES = 8


def begun(lanes: int = LANES, **settings: object) -> Life:
    """Returns lives of the driver, which feels, in test towns."""
    world = make_world(
        "mindloop/Driving-v0", lanes, {"split": "test", "end_on_collision": False, **settings}
    )
    mind = load_mind("driver", world.spec, ReasoningConfig(use="full"), EmotionConfig(use="on"))
    life = Life(world, LoopConfig(seed=0), mind)
    life.reset()
    return life


def along(life: Life, lane: int, away: float) -> tuple[float, float, float]:
    """Returns x, y and heading so far ahead along the true path [m]."""
    path, ego = life.truth.path[lane], life.world.snapshot(lane)["ego"][0]
    x, y, heading = (float(value) for value in ego[:3])
    ahead, left = path[np.argmin(np.abs(np.hypot(*path.T) - away))].tolist()
    c, s = np.cos(heading), np.sin(heading)
    return x + c * ahead - s * left, y + s * ahead + c * left, heading + np.arctan2(left, ahead)


def block(life: Life, lane: int, away: float) -> None:
    """Puts a truck into the ego's lane, standing, so far ahead along the true path [m]."""
    x, y, heading = along(life, lane, away)
    life.world.intervene(lane, {
        "op": "place", "kind": "truck", "x": x, "y": y, "heading": heading, "speed": 0.0,
    })  # fmt: skip


def step_out(life: Life, lane: int, away: float) -> None:
    """Lets somebody run on to the road from the right, so far ahead [m]."""
    x, y, heading = along(life, lane, away)
    life.world.intervene(lane, {
        "op": "place", "kind": "pedestrian", "x": x + 3.0 * np.sin(heading),
        "y": y - 3.0 * np.cos(heading), "heading": heading + np.pi / 2, "speed": 1.5,
    })  # fmt: skip


def emotion(life: Life, name: str) -> NDArray[np.float32]:
    """Returns f32[B], an emotion of now."""
    trace = life.trace
    assert trace is not None, "a mind drives"
    found: NDArray[np.float32] = trace.affect.emotions[:, EMOTIONS.index(name)].numpy().copy()
    return found


@pytest.mark.slow
def test_who_steps_out_frightens_makes_cautious_and_relieves_when_he_has_passed() -> None:
    felt = {}
    for steps_out in (False, True):
        life = begun(preset="empty")
        for _ in range(40):
            life.step()
        speed = np.array([life.world.snapshot(k)["ego"][0][3] for k in range(LANES)])
        drives = speed > 5.0
        for lane in np.flatnonzero(drives) if steps_out else ():
            step_out(life, int(lane), 1.8 * speed[lane])
        rows = []
        for _ in range(40):
            tick = life.step()
            assert tick.trace is not None
            rows.append((emotion(life, "fear"), tick.trace.affect.caution.numpy().copy(),
                         emotion(life, "relief")))  # fmt: skip
        felt[steps_out] = np.array(rows)[:, :, drives]
    assert drives.sum() >= 4
    fear, caution, relief = felt[True].transpose(1, 0, 2)
    calm = felt[False][:, 0]
    assert np.mean(fear[:3].max(0) > calm[:3].max(0) + 0.1) >= 0.6  # it was put there before tick 0
    assert np.mean(caution[:10].max(0) > 0.1) >= 0.6
    last = fear.argmax(0)
    after = np.array([relief[last[k] :, k].max() for k in range(fear.shape[1])])
    assert np.mean(after > 0.1) >= 0.6


@pytest.mark.slow
def test_a_blocked_road_frustrates() -> None:
    felt = {}
    for is_blocked in (False, True):
        life = begun(preset="empty")
        for _ in range(40):
            life.step()
        before = emotion(life, "frustration")
        for lane in range(LANES if is_blocked else 0):
            block(life, lane, 25.0)
        for _ in range(60):
            tick = life.step()
        felt[is_blocked] = emotion(life, "frustration") - before
    assert np.mean(felt[True] > 0.2) >= 0.6 > 0.3 > np.mean(felt[False] > 0.2)
    assert felt[True].mean() > felt[False].mean() + 0.2
    assert tick.trace is not None
    is_frustrated = tick.trace.affect.emotions.argmax(-1).numpy() == EMOTIONS.index("frustration")
    causes = {APPRAISALS[k] for k in tick.trace.affect.cause.numpy()[is_frustrated]}
    assert causes and causes <= {"progress", "obstruction"}
    assert is_frustrated.sum() >= 3


@pytest.mark.slow
def test_fog_that_comes_up_in_an_unseen_town_makes_less_sure_and_curious() -> None:
    found = {}
    for fog in (0.0, 1.0):
        life = begun(2 * LANES, fog=0.0)
        for _ in range(40):
            life.step()
        for lane in range(2 * LANES):
            life.world.intervene(lane, {"op": "weather", "fog": fog})
        rows = []
        for _ in range(25):
            trace = life.step().trace
            assert trace is not None
            spread = trace.affect.appraisals[:, APPRAISALS.index("uncertainty")].numpy().copy()
            rows.append((spread, emotion(life, "curiosity")))
        found[fog] = np.mean(rows, axis=0)  # by life
    more = found[1.0] - found[0.0]
    assert (more.mean(1) > 0).all() and (found[1.0].mean(1) > 1.1 * found[0.0].mean(1)).all()
    assert (np.mean(more > 0, axis=1) > 0.5).all()
