"""Explanations: the cause that is named is the one that bound, with what was believed."""

from __future__ import annotations

import json

import torch

from mindloop.agent.config import DecisionConfig, ReasoningConfig
from mindloop.agent.decision import Policy
from mindloop.agent.reasoning.explain import Explanation, explain
from mindloop.agent.reasoning.reasoner import Reasoner
from mindloop.agent.reasoning.shield import SHIELD
from mindloop.agent.types import Outcome, Trace, WorldSpec
from tests.agent.reasoning.worlds import PENDULUM, ROAD, Facts, seen

RULES = (
    'red [priority 90]: light_red and light_distance < 10 => forbid acceleration > -1 '
    '"the light is red, {light_distance:.0f} m ahead"\n'
    'kind [ethic]: state.speed > 50 => forbid acceleration > 0 "never"\n'
    "dull [soft]: light_red => prefer steering == 0"
)
RED: Facts = {"light_present": 0.99, "light_red": 0.95, "light_distance": (9.0, 0.2)}


def told(
    facts: Facts, wants: int, spec: WorldSpec = ROAD,
    use: str = "both", rules: str = RULES,
) -> Explanation:  # fmt: skip
    """Returns the explanation of a tick in which the policy wants an option above all."""
    reasoner = Reasoner(spec, ReasoningConfig(use=use), [("my.rules", rules)])
    observation, percept, affect, before = seen(spec, [[8.0, 0.0, 0.0]], facts)
    policy = Policy(4, spec.actions, DecisionConfig())
    with torch.no_grad():
        policy.logits.bias.fill_(0.0)
        policy.logits.bias[wants] = 9.0
        judgement = reasoner.reason(observation, percept, affect, before)
        decision = policy.decide(
            percept, affect, judgement, observation.available, torch.Generator(), greedy=True
        )
    trace = Trace(
        observation, Outcome.nothing(1), percept, affect, judgement, decision, torch.zeros(1),
        torch.zeros(1),
    )  # fmt: skip
    return explain(reasoner, trace, before.action, contacts=True)


def test_the_binding_rule_is_named_with_its_facts() -> None:
    found = told(RED, wants=7)  # straight on, accelerating
    assert found.intervened and found.proposed == "0, 2"
    (cause,) = found.binding
    assert cause.name == "red" and cause.place == "my.rules:1" and not cause.is_ethic
    assert cause.words == "the light is red, 9 m ahead"
    assert "light_distance 8.6 to 9.4 m" in cause.believed
    assert found.others == ("dull",)
    first = f"“{found.executed}” instead of “0, 2”: the light is red, 9 m ahead."
    assert found.lines[0] == first and str(found).startswith(first)


def test_nothing_bound_where_the_policy_had_its_way() -> None:
    found = told(RED, wants=5)  # straight on, braking
    assert not found.intervened and found.binding == () and set(found.others) == {"red", "dull"}
    assert "as the policy chose" in str(found)


def test_the_shield_gives_its_figures() -> None:
    facts: Facts = {"lead_present": 0.95, "lead_distance": (6.0, 0.1), "lead_closing_speed": 8.0}
    found = told(facts, wants=7)
    assert [cause.name for cause in found.binding] == [SHIELD[0]]
    assert "gap 6.0 m to the vehicle ahead" in found.binding[0].words
    assert "needed to keep speed" in found.binding[0].words


def test_it_can_be_written_and_read() -> None:
    found = told(RED, wants=7).to_dict()
    again = json.loads(json.dumps(found))
    assert again["binding"][0]["name"] == "red" and set(again["contacts"].values()) == {None}


def test_a_bound_on_numbers_is_a_cause_too() -> None:
    rules = 'weak: state[0] > 1 => require torque <= 1 "not so hard"'
    reasoner = Reasoner(PENDULUM, ReasoningConfig(use="rules"), [("my.rules", rules)])
    observation, percept, affect, before = seen(PENDULUM, [[8.0, 0.0, 0.0]], {})
    policy = Policy(4, PENDULUM.actions, DecisionConfig())
    with torch.no_grad():
        policy.logits.bias.fill_(0.9)  # a torque of 1.8
        judgement = reasoner.reason(observation, percept, affect, before)
        decision = policy.decide(
            percept, affect, judgement, observation.available, torch.Generator(), greedy=True
        )
    trace = Trace(
        observation, Outcome.nothing(1), percept, affect, judgement, decision, torch.zeros(1),
        torch.zeros(1),
    )  # fmt: skip
    found = explain(reasoner, trace, before.action)
    assert found.executed == "torque 1.00" and [c.words for c in found.binding] == ["not so hard"]
