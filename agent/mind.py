"""The one file that wires the five rooms: perceive, feel, reason, decide."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from .config import MindConfig
from .decision import Policy
from .emotion import Emotion
from .perception import Perception
from .reasoning.reasoner import Reasoner
from .reasoning.rules import rule_files
from .types import (
    AbstractEmotion,
    AbstractReasoner,
    Affect,
    Judgement,
    MindState,
    Observation,
    Outcome,
    Percept,
    Trace,
    Truth,
    WorldSpec,
    scatter,
    select,
)


class Mind(nn.Module):
    """A mind for one kind of world. Without reasoner and emotion it is a recurrent policy.

    A reasoner or an emotion of one's own takes the place of the one that the config names.
    """

    def __init__(
        self,
        spec: WorldSpec,
        config: MindConfig | None = None,
        reasoner: AbstractReasoner | None = None,
        emotion: AbstractEmotion | None = None,
    ) -> None:
        """Makes an untrained mind; its weights follow from `config.seed` alone."""
        super().__init__()
        self.spec = spec
        self.config = config or MindConfig()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            self.perception = Perception(spec, self.config.perception)
            self.decision = Policy(
                self.config.perception.features, spec.actions, self.config.decision
            )
        self.reasoner = reasoner if reasoner is not None else _reasoner(spec, self.config)
        self.emotion: AbstractEmotion = Emotion(spec.facts, spec.rate, self.config.emotion)
        self.feels = self.config.emotion.use == "on"
        if emotion is not None:
            self.feel_by(emotion)

    def feel_by(self, emotion: AbstractEmotion) -> None:
        """Feels by a room of one's own from now on; the mind's is dropped, with its scales."""
        del self.emotion
        self.emotion, self.feels = emotion, True

    def initial_state(self, batch: int) -> MindState:
        """Returns the state of `batch` lives that have not begun."""
        actions = self.spec.actions
        every = torch.ones(batch, actions.width, dtype=torch.bool)
        still = torch.zeros(batch, actions.heads)
        return MindState(
            memory=self.perception.initial_memory(batch),
            action=still if actions.is_box else still.long(),
            value=torch.zeros(batch),
            features=torch.zeros(batch, self.config.perception.features),
            risk=torch.zeros(batch),
            allowed=every,
            allowed_calm=every,
            history=torch.zeros(batch, self.config.history, len(self.spec.facts)),
            affect=Affect.neutral(batch),
        )

    @torch.no_grad()
    def act(
        self,
        state: MindState,
        observation: Observation,
        outcome: Outcome,
        rng: torch.Generator,
        greedy: bool = False,
        told: Truth | None = None,
    ) -> tuple[MindState, Trace]:
        """Returns the state after this tick, and all notes of it.

        Args:
          state: what the last tick returned, or `initial_state`.
          observation: what is seen now, of the new life where one ended.
          outcome: what the last action led to; `Outcome.nothing` at the very beginning.
          rng: chance in the choice; not drawn from if `greedy`.
          told: the oracle of an ablation: what is so takes the place of what is believed, except
            in the features that the policy reads.
        """
        begun = self.begin(state, observation.is_first)
        percept = self.perception.perceive(observation, begun)
        if told is not None:
            percept = _told(percept, told)
        arrival, arrival_value, arrival_risk = self._arrive(state, outcome, percept)
        affect = self._feel(state, outcome, arrival, arrival_value, observation.is_first)
        judgement = self._reason(observation, percept, affect, begun)
        decision = self.decision.decide(
            percept, affect, judgement, observation.available, rng, greedy
        )
        after = MindState(
            memory=percept.memory,
            action=decision.action,
            value=decision.value,
            features=percept.features,
            risk=percept.risk,
            allowed=judgement.allowed,
            allowed_calm=judgement.allowed_calm,
            history=torch.cat((begun.history[:, 1:], percept.facts[:, None]), dim=1),
            affect=affect,
        )
        return after, Trace(
            observation, outcome, percept, affect, judgement, decision, arrival_value,
            arrival_risk,
        )

    def begin(self, state: MindState, is_first: Tensor) -> MindState:
        """Returns the state with lives that begin now made new."""
        lanes = is_first.nonzero().squeeze(-1)
        if len(lanes) == 0:
            return state
        return scatter(state, lanes, self.initial_state(len(lanes)))

    def _arrive(
        self, state: MindState, outcome: Outcome, percept: Percept
    ) -> tuple[Percept, Tensor, Tensor]:
        """Returns what was perceived where the last action led, its value and risk f32[B]."""
        if outcome.final is None:
            return percept, percept.value, percept.risk
        last = self.perception.perceive(outcome.final, select(state, outcome.lanes))
        arrival = scatter(percept, outcome.lanes, last)
        over = outcome.terminated
        return (
            arrival, arrival.value.masked_fill(over, 0.0), arrival.risk.masked_fill(over, 0.0)
        )  # fmt: skip

    def _feel(
        self,
        state: MindState,
        outcome: Outcome,
        arrival: Percept,
        arrival_value: Tensor,
        is_first: Tensor,
    ) -> Affect:
        neutral = Affect.neutral(state.batch_size)
        if not self.feels:
            return neutral
        affect = self.emotion.feel(outcome, arrival, arrival_value, state)
        lanes = is_first.nonzero().squeeze(-1)
        return scatter(affect, lanes, select(neutral, lanes)) if len(lanes) else affect

    def _reason(
        self, observation: Observation, percept: Percept, affect: Affect, state: MindState
    ) -> Judgement:
        if self.reasoner is None:
            return Judgement.unreasoned(self.spec.actions, observation.batch_size)
        return self.reasoner.reason(observation, percept, affect, state)


def _reasoner(spec: WorldSpec, config: MindConfig) -> AbstractReasoner | None:
    """Returns the reasoner that the config asks for; None where reasoning is off."""
    reasoning = config.reasoning
    if reasoning.use == "off":
        return None
    return Reasoner(spec, reasoning, rule_files(spec, reasoning))


def _told(percept: Percept, truth: Truth) -> Percept:
    """Returns the percept with what the world says in place of beliefs, where it says something."""
    known = torch.from_numpy(truth.known.copy())
    facts = torch.where(known, torch.from_numpy(truth.facts.copy()), percept.facts)
    scene = torch.from_numpy(truth.scene.copy()) if truth.scene.size else percept.scene
    path = torch.from_numpy(truth.path.copy()) if truth.path.size else percept.path
    doubt = percept.doubt.masked_fill(known, 0.0)
    return replace(percept, facts=facts, doubt=doubt, scene=scene, path=path)
