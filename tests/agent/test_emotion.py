"""Feelings by hand: appraisals, how they rise and fall, what they do, and their bounds."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import Tensor

from mindloop.agent.config import (
    DISPOSITIONS,
    EFFECTS,
    EmotionConfig,
    LoopConfig,
    MindConfig,
)
from mindloop.agent.emotion import TAU, Emotion
from mindloop.agent.learning.feeling import felt_pace, felt_reward
from mindloop.agent.loop import Life
from mindloop.agent.mind import Mind
from mindloop.agent.types import (
    APPRAISALS,
    EMOTIONS,
    Affect,
    Fact,
    MindState,
    Moments,
    Outcome,
    Percept,
)
from mindloop.agent.world import make_world
from tests.agent.learning.test_learner import lived
from tests.spies import Counting

ON = EmotionConfig(use="on")
RATE = 5.0  # [1/s]
USUAL = 0.01  # risk
FACTS = (
    Fact("pedestrian_in_path", kind="boolean"), Fact("lead_distance", "m", 0.0, 50.0),
    Fact("pedestrian_distance", "m", 0.0, 50.0, requires="pedestrian_in_path"),
)  # fmt: skip


def room(config: EmotionConfig = ON) -> Emotion:
    """Returns an emotion whose every signal has mean 0 and deviation 1."""
    found = Emotion(FACTS, RATE, config)
    found.signals.count.fill_(1.0)
    found.beliefs.count.fill_(1.0)
    found.usual_risk.fill_(USUAL)
    return found


def percept(risk: float = 0.0, value: float = 0.0, **changes: float) -> Percept:
    """Returns what one life perceives: all value quantiles alike."""
    one = torch.ones(1)
    names = ("pedestrian", "lead", "near")
    facts = torch.tensor([[changes.get(name, 0.0) for name in names]])
    return Percept(
        features=torch.zeros(1, 4), facts=facts, doubt=torch.zeros(1, 3),
        scene=torch.zeros(1, 0, 7), path=torch.zeros(1, 0, 2), risk=risk * one,
        quantiles=torch.full((1, 2, 3), value), surprise=changes.get("surprise", 0.0) * one,
        novelty=changes.get("novelty", 0.0) * one, memory=torch.zeros(1, 4),
    )  # fmt: skip


def state(affect: Affect | None = None, value: float = 0.0, allowed: float = 1.0) -> MindState:
    """Returns what one life was before; of its four actions a part was allowed."""
    mask = torch.arange(4)[None] < 4 * allowed
    return MindState(
        memory=torch.zeros(1, 4), action=torch.zeros(1, 1, dtype=torch.int64),
        value=torch.tensor([value]), features=torch.zeros(1, 4), risk=torch.zeros(1),
        allowed=torch.zeros(1, 4, dtype=torch.bool), allowed_calm=mask,
        history=torch.zeros(1, 3, 3), affect=affect or Affect.neutral(1),
    )  # fmt: skip


def outcome(reward: float = 0.0) -> Outcome:
    """Returns what came of an action: a reward, and life goes on."""
    return replace(Outcome.nothing(1), reward=torch.tensor([reward]))


def live(
    emotion: Emotion, ticks: int, affect: Affect | None = None, reward: float = 0.0,
    allowed: float = 1.0, risk: float = 0.0, **seen: float,
) -> Affect:  # fmt: skip
    """Returns the affect after so many ticks of the same."""
    found = affect or Affect.neutral(1)
    for _ in range(ticks):
        before = state(found, allowed=allowed)
        found = emotion.feel(outcome(reward), percept(risk, **seen), torch.zeros(1), before)
    return found


def felt(affect: Affect, name: str) -> float:
    """Returns how much of an emotion is felt."""
    return float(affect.emotions[0, EMOTIONS.index(name)])


def appraised(affect: Affect, name: str) -> float:
    """Returns an appraisal."""
    return float(affect.appraisals[0, APPRAISALS.index(name)])


# ------------------------------------------------------------------------- by hand


def test_joy_is_a_better_outcome_than_expected_and_fades() -> None:
    emotion = room()
    emotion.unit.fill_(2.0)
    emotion.gamma.fill_(0.5)
    # δ = 4/2 + .5·1 - .5 = 2, d = tanh 2, joy comes in by what of it is above .9
    found = emotion.feel(outcome(4.0), percept(), torch.ones(1), state(value=0.5))
    assert appraised(found, "desirability") == pytest.approx(math.tanh(2.0))
    comes = (math.tanh(2.0) - 0.9) / 0.1
    assert felt(found, "joy") == pytest.approx(comes / (1 + comes))
    assert felt(found, "distress") == 0.0
    later = live(emotion, 5, found)  # a second
    comes *= math.exp(-1.0 / TAU[0])
    assert felt(later, "joy") == pytest.approx(comes / (1 + comes))
    worse = emotion.feel(outcome(-4.0), percept(), -torch.ones(1), state(value=-0.5))
    assert felt(worse, "distress") == pytest.approx(felt(found, "joy"))
    usual = emotion.feel(outcome(2.0), percept(), torch.ones(1), state(value=0.5))
    assert felt(usual, "joy") == 0.0, "a deviation more than expected is ordinary"


def test_fear_begins_at_many_times_the_usual_risk_and_leaves_relief() -> None:
    emotion = room()
    odds = USUAL / (1 - USUAL) * 20.0
    risk = odds / (1 + odds)  # comes in by half
    first = live(emotion, 1, risk=risk)
    assert felt(first, "fear") == pytest.approx(0.5 / 1.5, abs=1e-5)
    second = live(emotion, 1, first, risk=risk)
    twice = 0.5 * math.exp(-0.2) + 0.5
    assert felt(second, "fear") == pytest.approx(twice / (1 + twice), abs=1e-5)
    assert felt(second, "relief") == 0.0
    after = live(emotion, 1, second, risk=1e-6)
    left = twice * math.exp(-0.2)
    lost = twice / (1 + twice) - left / (1 + left)
    assert felt(after, "fear") == pytest.approx(left / (1 + left), abs=1e-3)
    assert felt(after, "relief") == pytest.approx(lost / (1 + lost), abs=1e-3)
    assert live(emotion, 20, risk=USUAL).caution == 0.0, "what is usual makes nobody cautious"


def test_the_worst_quantile_frightens_where_it_lies_unusually_low() -> None:
    emotion = room()
    low = replace(percept(1e-6), quantiles=torch.tensor([[[-8.0, 0.0, 8.0]] * 2]))
    found = emotion.feel(outcome(), low, torch.zeros(1), state())
    # 8 deviations below the mean, of which 3 frighten nobody: 5/(1 + 5) comes in
    comes = 5.0 / 6.0
    assert felt(found, "fear") == pytest.approx(comes / (1 + comes), abs=1e-4)


def test_frustration_is_what_fails_to_come_and_what_may_not_be_done() -> None:
    emotion = room()
    emotion.signals.mean[3:5] = 0.5  # reward, and its size
    found = live(emotion, 25)  # 5 s of nothing, where .5 a tick is usual
    progress = -(1 - math.exp(-1.0))
    assert appraised(found, "progress") == pytest.approx(progress, abs=1e-5)
    assert appraised(found, "obstruction") == 0.0
    barred = live(emotion, 25, allowed=0.25)
    assert appraised(barred, "control") == 0.25
    assert appraised(barred, "obstruction") == 0.75
    assert felt(barred, "frustration") > felt(found, "frustration") + 0.15
    assert APPRAISALS[int(barred.cause[0])] == "obstruction"
    goes_on = live(emotion, 25, reward=0.6, allowed=0.25)
    assert appraised(goes_on, "obstruction") == 0.0, "who gets on is in nobody's way"
    assert felt(goes_on, "frustration") < 1e-6


def test_surprise_is_beyond_the_ordinary_and_short() -> None:
    emotion = room()
    found = live(emotion, 1, surprise=2.0)
    strange = 1 - math.exp(-2.0 / 2)
    comes = 2 * (strange - 0.5)
    assert appraised(found, "surprise") == pytest.approx(strange)
    assert felt(found, "surprise") == pytest.approx(comes / (1 + comes), abs=1e-5)
    assert felt(live(emotion, 1, surprise=-1.0), "surprise") == 0.0
    assert felt(live(emotion, 10, found), "surprise") < 0.1 * felt(found, "surprise")


def test_what_keeps_turning_out_otherwise_makes_curious() -> None:
    emotion = room()
    long = live(emotion, 60, surprise=3.0)
    assert felt(long, "curiosity") == pytest.approx(2 / 3, abs=0.01)  # 2 deviations too many
    assert felt(live(emotion, 60, surprise=0.9), "curiosity") == 0.0
    emotions = torch.zeros(1, len(EMOTIONS))
    emotions[0, EMOTIONS.index("curiosity")] = 0.6
    again = live(emotion, 1, replace(Affect.neutral(1), emotions=emotions), surprise=1.2)
    assert APPRAISALS[int(again.cause[0])] == "surprise"


def test_curiosity_is_novelty_and_disagreement_that_lasts() -> None:
    emotion = room()
    once, long = live(emotion, 1, novelty=3.0), live(emotion, 60, novelty=3.0)
    assert felt(once, "curiosity") < 0.15 < felt(long, "curiosity")
    assert felt(long, "curiosity") == pytest.approx(2 / 3, abs=0.01)  # 2 deviations too many
    assert APPRAISALS[int(long.cause[0])] == "novelty"
    parted = replace(percept(), quantiles=torch.tensor([[[4.0] * 3, [-4.0] * 3]]))
    unsure = Affect.neutral(1)
    for _ in range(60):
        unsure = emotion.feel(outcome(), parted, torch.zeros(1), state(unsure))
    assert felt(unsure, "curiosity") > 0.6
    assert APPRAISALS[int(unsure.cause[0])] == "uncertainty"


def test_hope_is_an_unusually_good_best_quantile() -> None:
    emotion, found = room(), Affect.neutral(1)
    wide = replace(percept(), quantiles=torch.tensor([[[-2.5, 0.0, 2.5]] * 2]))
    for _ in range(60):
        found = emotion.feel(outcome(), wide, torch.zeros(1), state(found))
    assert felt(found, "hope") == pytest.approx(1.5 / 2.5, abs=0.01)
    assert felt(found, "fear") < 0.01


def test_pad_is_the_emotions_at_their_anchors_and_mood_follows_slowly() -> None:
    emotion = room()
    found = live(emotion, 1, risk=1.0)
    fear = felt(found, "fear")
    joy = felt(found, "joy")
    assert joy == 0.0
    assert found.pad[0].tolist() == pytest.approx([-0.64 * fear, 0.60 * fear, -0.43 * fear])
    share = 1 - math.exp(-0.2 / 60)
    assert found.mood[0].tolist() == pytest.approx((share * found.pad[0]).tolist())
    sad = replace(Affect.neutral(1), mood=-torch.ones(1, 3))
    assert live(emotion, 1, sad, risk=0.3).caution == live(emotion, 1, risk=0.3).caution


def test_what_it_fears_is_named_by_the_fact_that_goes_with_risk() -> None:
    emotion = room()
    # pedestrians go with risk, far leads and far pedestrians don't
    emotion.ties[0] = torch.tensor([0.5, -0.2, -0.9])
    found = live(emotion, 1, risk=0.9, pedestrian=0.8)
    assert APPRAISALS[int(found.cause[0])] == "risk"
    assert FACTS[int(found.about[0])].name == "pedestrian_in_path"
    near = live(emotion, 1, risk=0.9, lead=-3.0)
    assert FACTS[int(near.about[0])].name == "lead_distance"
    unseen = live(emotion, 1, risk=0.9, lead=-3.0, near=-9.0)
    assert FACTS[int(unseen.about[0])].name == "lead_distance", "nobody is there to be near"
    close = live(emotion, 1, risk=0.9, lead=-3.0, near=-9.0, pedestrian=0.9)
    assert FACTS[int(close.about[0])].name == "pedestrian_distance"
    unlikely = live(emotion, 1, risk=0.9, pedestrian=0.3)
    assert int(unlikely.about[0]) == -1, "nobody may be there"
    calm = live(emotion, 1, pedestrian=0.8)
    assert int(calm.cause[0]) == int(calm.about[0]) == -1


# ------------------------------------------------------------------------- what feelings do


def test_temperature_falls_with_fear_and_rises_with_novelty() -> None:
    emotion = room()
    afraid = live(emotion, 1, risk=1.0)
    assert float(afraid.temperature) == pytest.approx(math.exp(-0.5 * felt(afraid, "fear")))
    curious = live(emotion, 1, novelty=3.0)
    assert float(curious.temperature) == pytest.approx(math.exp(0.25), abs=0.01)


@pytest.mark.parametrize("config", [ON, *DISPOSITIONS.values()])
def test_caution_rises_at_once_and_is_gone_within_five_seconds(config: EmotionConfig) -> None:
    emotion = room(config)
    peak = live(emotion, 25, risk=1.0)
    assert float(live(emotion, 2, risk=0.5).caution) > 0.1
    assert 0.2 < float(peak.caution) <= 1.0
    assert float(live(emotion, 25, peak).caution) < 0.1 * float(peak.caution)


def test_each_effect_can_be_switched_off_alone() -> None:
    words = ("temperature", "caution", "curiosity")
    for word in words:
        rest = tuple(name for name in EFFECTS if name != word)
        found = live(room(replace(ON, effects=rest)), 3, risk=0.6, novelty=2.0)
        neutral = Affect.neutral(1)
        for name in words:
            is_neutral = torch.equal(getattr(found, name), getattr(neutral, name))
            assert is_neutral == (name == word), (word, name)


numbers = some.floats(-1e6, 1e6, width=32)


@settings(max_examples=80, deadline=None)
@given(
    some.lists(numbers, min_size=8, max_size=8), some.floats(0, 1, width=32),
    some.sampled_from([ON, *DISPOSITIONS.values()]), some.integers(1, 12),
)  # fmt: skip
def test_everything_stays_bounded(
    raw: list[float], risk: float, config: EmotionConfig, ticks: int
) -> None:
    emotion, found = room(config), Affect.neutral(1)
    seen = replace(
        percept(risk, surprise=raw[0], novelty=raw[1]),
        quantiles=torch.tensor(raw[2:])[None].view(1, 2, 3),
    )
    for _ in range(ticks):
        found = emotion.feel(outcome(raw[3]), seen, torch.tensor([raw[4]]), state(found, raw[5]))
    every = found.vector()
    assert torch.isfinite(every).all() and torch.isfinite(found.appraisals).all()
    assert found.emotions.min() >= 0.0 and found.emotions.max() < 1.0
    assert found.pad.abs().max() <= 1.0 and found.mood.abs().max() <= 1.0
    assert 0.5 <= float(found.temperature) <= 2.0
    assert 0.0 <= float(found.caution) <= config.caution
    assert 0.0 <= float(found.curiosity) <= 2.0 * config.curiosity
    bounds = {"desirability": (-1, 1), "surprise": (0, 1), "novelty": (-1, 1), "risk": (0, 1),
              "progress": (-1, 1), "control": (0, 1), "obstruction": (0, 1)}  # fmt: skip
    for name, (low, high) in bounds.items():
        assert low <= appraised(found, name) <= high, name


# ------------------------------------------------------------------------- learning


def test_its_scales_are_those_of_what_was_lived_by_all_workers() -> None:
    emotion = Emotion(FACTS, RATE, ON)
    assert torch.equal(live(emotion, 3, risk=1.0).vector(), Affect.neutral(1).vector())
    risk = torch.tensor([0.1, 0.1, 0.3, 0.3])
    facts = torch.tensor([[0.0, 30.0, 5.0], [0.0, 10.0, 5.0], [1.0, 30.0, 5.0], [1.0, 10.0, 5.0]])
    moments = Moments(
        delta=torch.tensor([1.0, -1.0, 1.0, -1.0]), reward=torch.tensor([1.0, 0.0, 1.0, 0.0]),
        unit=torch.tensor(3.0), gamma=torch.tensor(0.9), quantiles=torch.zeros(4, 2, 3),
        surprise=torch.zeros(4), risk=risk, facts=facts,
    )  # fmt: skip

    def two(sums: Tensor) -> Tensor:
        return sums.mul_(2)  # another worker lived the same

    emotion.observe_scales(moments, two)
    assert float(emotion.signals.count) == 8.0
    assert float(emotion.signals.mean[3]) == 0.5 and float(emotion.signals.variance[0]) == 1.0
    assert float(emotion.unit) == 3.0 and float(emotion.gamma) == pytest.approx(0.9)
    assert float(emotion.usual_risk) == pytest.approx(0.2)
    assert emotion.ties[0].tolist() == pytest.approx([1.0, 0.0, 0.0], abs=1e-3)


def test_novelty_is_worth_what_curiosity_says_and_risk_is_a_potential() -> None:
    rollout, _ = lived(Counting, 4, ticks=8)
    ticks, lanes = rollout.shape
    rng = torch.Generator().manual_seed(1)
    affect = rollout.behaviour.affect.clone()
    affect[:, -1] = 0.03
    affect[:, 3 + EMOTIONS.index("surprise")] = 0.4
    risk = torch.rand(ticks, lanes, generator=rng)
    rollout = replace(
        rollout, behaviour=replace(rollout.behaviour, affect=affect), risk=risk,
        arrival_risk=risk.roll(-1, 0), novelty=torch.full((ticks, lanes), 2.0),
    )
    found = felt_reward(rollout, replace(ON, shaping=0.5), 0.9)
    expected = 0.03 * 2.0 - 0.5 * (0.9 * risk.roll(-1, 0) - risk)
    torch.testing.assert_close(found, expected)
    # whatever is done in between, what a potential adds hangs on the two ends alone
    bare = felt_reward(rollout, replace(ON, effects=("shaping",)), 1.0) - 0.06
    torch.testing.assert_close(bare[:-1].sum(0), 0.5 * (risk[0] - risk[-1]))
    assert felt_reward(rollout, EmotionConfig(), 0.9).abs().max() == 0.0
    assert float(felt_pace(rollout, EmotionConfig())) == 1.0
    assert float(felt_pace(rollout, ON)) == 1.0, "off unless it is asked for"
    asked = replace(ON, effects=("learning_rate",), learning_rate=0.5)
    assert float(felt_pace(rollout, asked)) == pytest.approx(1.2)


def test_a_mind_that_feels_nothing_yet_decides_as_one_without_emotion() -> None:
    decided = []
    for config in (MindConfig(), MindConfig(emotion=ON), MindConfig(emotion=DISPOSITIONS["bold"])):
        world = make_world(Counting, 3)
        life = Life(world, LoopConfig(seed=5), Mind(world.spec, config))
        life.reset()
        for _ in range(12):
            tick = life.step()
        assert tick.trace is not None
        decided.append(tick.trace.decision)
        world.close()
    for other in decided[1:]:
        assert torch.equal(other.policy, decided[0].policy)
        assert torch.equal(other.log_prob, decided[0].log_prob)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"use": "On"}, "`use` must be one of off, on; got 'On'"),
    ({"effects": ("temper",)}, "Did you mean `temperature`"),
    ({"fearfulness": 0.0}, "`fearfulness` must be above 0; got 0.0"),
    ({"caution": 1.5}, "`caution` must lie within 0 and 1; got 1.5"),
])  # fmt: skip
def test_a_config_that_would_unbind_an_effect_is_refused(
    wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        EmotionConfig(**wrong)  # type: ignore[arg-type]
