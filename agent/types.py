"""The notes that pass between rooms, what a world declares, and the abstract rooms.

It is longer than most files because it is the one vocabulary that every other file shares.
Every tensor has a leading axis B, the lives that run side by side; a rollout adds T before it.
K facts, S scene sectors, P path points and R rules are 0 where the world declares none.
A options in all action heads together, H heads; for a Box space A = H = its dimensions.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar, cast, get_type_hints

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .errors import WorldError as WorldError

Note = TypeVar("Note")

EMOTIONS = ("joy", "distress", "hope", "fear", "relief", "frustration", "surprise", "curiosity")
APPRAISALS = (
    "desirability",  # -1 to 1: how much better than expected it turned out
    "surprise",  # 0 to 1: what is seen is not what was expected to be seen
    "uncertainty",  # in deviations of the value: how much the value heads disagree
    "novelty",  # -1 to 1: how little is known of what is perceived
    "risk",  # 0 to 1: probability of failure soon
    "progress",  # -1 to 1: how much more comes in than usually does, over some seconds
    "control",  # 0 to 1: part of the actions that may be taken, own caution left out
    "obstruction",  # 0 to 1: what may not be done while nothing comes in
)
AFFECT_WIDTH = 3 + len(EMOTIONS) + 3 + 3  # PAD, emotions, mood, three modulators
SCENE_COLUMNS = (
    "range",  # [m] nearest thing in the bearing sector
    "closing_speed",  # [m/s]
    "tangential_speed",  # [m/s]
    "class",  # index into SceneSpec.classes
    "sigma_range",  # [m]
    "sigma_speed",  # [m/s]
    "presence",  # probability that there is anything
)
PATH_COLUMNS = ("x", "y")  # [m] ahead and left, in the agent's own frame


# ------------------------------------------------------------------ what a world declares


class Modality(str, enum.Enum):
    """The kinds of observation that perception has an encoder for."""

    IMAGE = "image"  # uint8 [B, H, W, C]
    SYMBOLS = "symbols"  # uint8 [B, H, W, C]: a small grid of codes, such as Minigrid's 7x7x3
    RANGES = "ranges"  # float32 [B, N]: a lidar's or radar's rays in order
    VECTOR = "vector"  # float32 [B, N]: numbers, one-hots, bits
    WORDS = "words"  # int64 [B, L]: tokens, 0 is padding


class ActionKind(str, enum.Enum):
    """The four action spaces that a mind can act in."""

    DISCRETE = "discrete"
    MULTI_DISCRETE = "multi_discrete"
    MULTI_BINARY = "multi_binary"
    BOX = "box"


@dataclass(frozen=True)
class Part:
    """One part of an observation: its name, modality and shape without the batch axis."""

    name: str
    modality: Modality
    shape: tuple[int, ...]
    vocabulary: int = 0
    """Number of tokens, padding included; 0 unless the modality is words."""
    is_code: bool = False
    """A vector of one-hots or bits, which needs no normalisation."""


@dataclass(frozen=True)
class ActionSpec:
    """The action space, in one shape for all four kinds: H heads with `sizes` options each."""

    kind: ActionKind
    sizes: tuple[int, ...]
    """Options of each head (a MultiBinary bit has 2); for a Box 1 for each dimension."""
    low: tuple[float, ...] = ()
    """Lower bounds of a Box, -inf allowed; empty otherwise."""
    high: tuple[float, ...] = ()
    """Upper bounds of a Box, inf allowed; empty otherwise."""
    names: tuple[str, ...] = ()
    """A name for each of the A options (Box: dimensions); made up where the world has none."""
    attributes: tuple[Mapping[str, Any], ...] = ()
    """What the world says of each option (metadata["actions"]), for rules; may be empty."""

    @property
    def heads(self) -> int:
        """H, the number of choices that one action consists of."""
        return len(self.sizes)

    @property
    def width(self) -> int:
        """A, the number of options in all heads together."""
        return sum(self.sizes)

    @property
    def is_box(self) -> bool:
        """Whether actions are real numbers."""
        return self.kind is ActionKind.BOX


@dataclass(frozen=True)
class Fact:
    """One fact that a world can state about itself, and that a mind may come to believe."""

    name: str
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    kind: str = "number"
    """"number", or "boolean" (believed as a probability)."""
    requires: str = ""
    """The presence fact without which this one means nothing; "" if always meaningful."""
    observable_by: tuple[str, ...] = ()
    """Names of the observation parts that could show it."""

    @property
    def is_boolean(self) -> bool:
        """Whether the fact is true or false."""
        return self.kind == "boolean"


@dataclass(frozen=True)
class SceneSpec:
    """The surroundings by bearing sector, as metadata["scene"] declares them."""

    sectors: int
    range: float
    """[m] nothing is reported beyond."""
    classes: tuple[str, ...]
    sizes: tuple[tuple[float, float], ...] = ()
    """[m] length and width of each class, for the shield; empty where the world doesn't say."""


@dataclass(frozen=True)
class WorldSpec:
    """All that a world declared: what a mind is built for, and what the window labels."""

    env: str
    parts: tuple[Part, ...]
    actions: ActionSpec
    facts: tuple[Fact, ...] = ()
    scene: SceneSpec | None = None
    path_points: int = 0
    labels: tuple[Mapping[str, Any], ...] = ()
    reward_terms: tuple[str, ...] = ()
    motion: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 0.0
    """[1/s] decisions a second of simulated time; 0 where unknown."""
    knowledge: str = ""
    """Text of the world's own rule file; "" where it has none."""
    vectors: Mapping[str, Any] = field(default_factory=dict)
    """What the numbers of a vector mean: {part: ({"name", "unit", "low", "high"}, …)}; a
    one-hot's have names only. For people who watch."""

    @property
    def fact_names(self) -> tuple[str, ...]:
        """Names of the facts, in the order of every facts tensor."""
        return tuple(fact.name for fact in self.facts)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values that json can write."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> WorldSpec:
        """Returns the spec that `to_dict` wrote."""
        scene = values.get("scene")
        action = _tuples(values["actions"])
        return WorldSpec(
            env=str(values["env"]),
            parts=tuple(
                Part(**{**_tuples(part), "modality": Modality(part["modality"])})
                for part in values["parts"]
            ),
            actions=ActionSpec(**{**action, "kind": ActionKind(action["kind"])}),
            facts=tuple(Fact(**_tuples(fact)) for fact in values["facts"]),
            scene=SceneSpec(**_tuples(scene)) if scene else None,
            path_points=int(values["path_points"]),
            labels=tuple(values["labels"]),
            reward_terms=tuple(values["reward_terms"]),
            motion=dict(values["motion"]),
            rate=float(values["rate"]),
            knowledge=str(values.get("knowledge", "")),
            vectors=dict(values["vectors"]),
        )


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in values.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


# ------------------------------------------------------------------------------ the notes


@dataclass(frozen=True, eq=False)
class Observation:
    """What the world shows at this moment.

    parts: {name: Tensor[B, …]}, as WorldSpec.parts says; is_first bool[B]: a life begins here;
    available bool[B, A]: the environment's own action mask.
    """

    parts: Mapping[str, Tensor]
    is_first: Tensor
    available: Tensor

    @property
    def batch_size(self) -> int:
        """B."""
        return int(self.is_first.shape[0])


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the previous action led to.

    reward f32[B]; terminated, truncated bool[B]. Where an episode ended, `lanes` i64[E] are the
    lanes in ascending order and `final` holds their last observations, E of them; else None.
    """

    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    lanes: Tensor
    final: Observation | None

    @property
    def ended(self) -> Tensor:
        """bool[B]: an episode ended with this outcome."""
        return self.terminated | self.truncated

    @staticmethod
    def nothing(batch: int) -> Outcome:
        """Returns the outcome before any action: no reward, no end."""
        never = torch.zeros(batch, dtype=torch.bool)
        return Outcome(torch.zeros(batch), never, never, torch.zeros(0, dtype=torch.int64), None)


@dataclass(frozen=True, eq=False)
class Percept:
    """What the mind believes.

    features f32[B, F], read by actor, critic and all heads; facts and doubt f32[B, K]: mean and
    standard deviation of numbers, probability and sqrt(p(1-p)) of booleans; scene f32[B, S, 7]
    (SCENE_COLUMNS); path f32[B, P, 2] (PATH_COLUMNS); risk f32[B]: probability of failure soon;
    quantiles f32[B, heads, Q] of the value; surprise f32[B]: squared error of what was expected
    to be seen, 0 at a beginning; memory f32[B, M], to be carried on.
    """

    features: Tensor
    facts: Tensor
    doubt: Tensor
    scene: Tensor
    path: Tensor
    risk: Tensor
    quantiles: Tensor
    surprise: Tensor
    novelty: Tensor
    memory: Tensor

    @property
    def value(self) -> Tensor:
        """f32[B]: the critic's V, the mean over heads and quantiles."""
        return self.quantiles.mean((-2, -1))


@dataclass(frozen=True, eq=False)
class Affect:
    """How the mind feels.

    pad f32[B, 3] (pleasure, arousal, dominance); emotions f32[B, 8] (EMOTIONS); mood f32[B, 3];
    temperature (1 is neutral), caution, curiosity f32[B]; appraisals f32[B, 8] (APPRAISALS) of
    what happened last; cause i64[B]: the appraisal behind the strongest emotion, and about i64[B]:
    the believed fact that goes with it; -1 is none.
    """

    pad: Tensor
    emotions: Tensor
    mood: Tensor
    temperature: Tensor
    caution: Tensor
    curiosity: Tensor
    appraisals: Tensor
    cause: Tensor
    about: Tensor

    def vector(self) -> Tensor:
        """Returns f32[B, AFFECT_WIDTH] for actor and critic; the neutral affect is all zeros."""
        modulators = torch.stack((self.temperature.log(), self.caution, self.curiosity), dim=-1)
        return torch.cat((self.pad, self.emotions, self.mood, modulators), dim=-1)

    @staticmethod
    def neutral(batch: int) -> Affect:
        """Returns the affect of a mind that feels nothing."""
        none = torch.zeros(batch)
        return Affect(
            pad=torch.zeros(batch, 3),
            emotions=torch.zeros(batch, len(EMOTIONS)),
            mood=torch.zeros(batch, 3),
            temperature=torch.ones(batch),
            caution=none,
            curiosity=none,
            appraisals=torch.zeros(batch, len(APPRAISALS)),
            cause=torch.full((batch,), -1),
            about=torch.full((batch,), -1),
        )


@dataclass(frozen=True, eq=False)
class Judgement:
    """What reasoning permits and prefers.

    allowed bool[B, A]; lower, upper f32[B, D] for a Box (D = 0 otherwise); preference f32[B, A];
    fired bool[B, R]; slack f32[B], inf where nothing binds.
    `allowed_calm` bool[B, A] is `allowed` without what the mind's own caution adds.
    """

    allowed: Tensor
    allowed_calm: Tensor
    lower: Tensor
    upper: Tensor
    preference: Tensor
    fired: Tensor
    slack: Tensor

    @staticmethod
    def unreasoned(actions: ActionSpec, batch: int) -> Judgement:
        """Returns the judgement of a mind that does not reason: everything is allowed."""
        every = torch.ones(batch, actions.width, dtype=torch.bool)
        low = torch.tensor(actions.low, dtype=torch.float32).expand(batch, -1)
        high = torch.tensor(actions.high, dtype=torch.float32).expand(batch, -1)
        return Judgement(
            allowed=every,
            allowed_calm=every,
            lower=low,
            upper=high,
            preference=torch.zeros(batch, actions.width),
            fired=torch.zeros(batch, 0, dtype=torch.bool),
            slack=torch.full((batch,), torch.inf),
        )


@dataclass(frozen=True, eq=False)
class Decision:
    """What the mind does.

    action i64[B, H], each head's option; f32[B, D] within bounds for a Box. It is executed.
    proposed, same shape: the unmasked sample with the same draw; for a Box the sample before
    clipping. log_prob f32[B]: of the action under mask and temperature; of the proposed for a
    Box. value f32[B]. policy f32[B, A]: log-probability of each option within its head, about
    -1e9 where masked; for a Box the mean. spread f32[B, D]: a Box's standard deviation.
    permitted bool[B, A]: the mask that was used.
    """

    proposed: Tensor
    action: Tensor
    log_prob: Tensor
    value: Tensor
    policy: Tensor
    spread: Tensor
    permitted: Tensor

    @property
    def intervened(self) -> Tensor:
        """bool[B]: masks or bounds changed what would have been done."""
        return (self.proposed != self.action).any(-1)


@dataclass(frozen=True, eq=False)
class MindState:
    """All that a mind carries from one tick to the next; nothing hides elsewhere.

    memory f32[B, M]; action i64[B, H] or f32[B, D], value f32[B], features f32[B, F], risk f32[B]
    of the last tick; allowed, allowed_calm bool[B, A]: what was last allowed with and without the
    mind's own caution; history f32[B, N, K]: facts believed at the last N ticks, newest last;
    affect.
    """

    memory: Tensor
    action: Tensor
    value: Tensor
    features: Tensor
    risk: Tensor
    allowed: Tensor
    allowed_calm: Tensor
    history: Tensor
    affect: Affect

    @property
    def batch_size(self) -> int:
        """B."""
        return int(self.value.shape[0])


@dataclass(frozen=True, eq=False)
class Trace:
    """All notes of one tick, for the window, the explanation and the log.

    arrival_value f32[B]: V of where the previous action led (0 where terminated, V of the final
    observation where truncated), so that δ = outcome.reward + γ·arrival_value - V before;
    arrival_risk f32[B]: the risk there, 0 where terminated.
    """

    observation: Observation
    outcome: Outcome
    percept: Percept
    affect: Affect
    judgement: Judgement
    decision: Decision
    arrival_value: Tensor
    arrival_risk: Tensor


# -------------------------------------------------------------- what a loop tells of a life


@dataclass(frozen=True, eq=False)
class Truth:
    """What the world says is so: labels to compare with and to learn from, never an input.

    facts f32[B, K]; known bool[B, K]: the sensors could know it; scene f32[B, S, 7];
    path f32[B, P, 2]. Widths are 0 where the world tells nothing.
    """

    facts: NDArray[np.float32]
    known: NDArray[np.bool_]
    scene: NDArray[np.float32]
    path: NDArray[np.float32]


@dataclass(frozen=True)
class Episode:
    """One finished episode."""

    lane: int
    seed: int
    """The lane's seed; together with `index` it names the life."""
    index: int
    """How many episodes the lane had finished before."""
    total_reward: float
    length: int
    terminated: bool
    truncated: bool
    end: str
    """Why it ended, in the world's words; "" where it says nothing."""
    score: Mapping[str, float]
    """The world's own scores; empty where it has none."""


@dataclass(frozen=True, eq=False)
class Tick:
    """One step of a loop: what was seen and decided, then what it led to.

    `truth` and `trace` belong to the moment before the step; reward f64[B], terminated and
    truncated bool[B], reward_terms {name: f32[B]} and cost f32[B] to the step itself.
    `trace` is None when no mind watches. `actions` is what the environment was handed.
    """

    index: int
    driver: str
    trace: Trace | None
    truth: Truth
    actions: Any
    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    reward_terms: Mapping[str, NDArray[np.float32]]
    cost: NDArray[np.float32]
    infos: Mapping[str, Any]
    episodes: tuple[Episode, ...]
    """Episodes that ended with this step, in lane order."""


# ------------------------------------------------------------------- handling notes as a whole


def map_note(note: Note, change: Callable[[Tensor], Tensor]) -> Note:
    """Returns the note with every tensor changed, nested notes and parts included."""
    changes: dict[str, Any] = {}
    for item in fields(cast(Any, note)):
        value = getattr(note, item.name)
        if isinstance(value, Tensor):
            changes[item.name] = change(value)
        elif isinstance(value, Mapping):
            changes[item.name] = {name: change(tensor) for name, tensor in value.items()}
        elif is_dataclass(value):
            changes[item.name] = map_note(value, change)
    return cast(Note, replace(cast(Any, note), **changes))


def select(note: Note, lanes: Tensor) -> Note:
    """Returns the note of some lanes only; `lanes` is i64[E] or bool[B].

    An Outcome refers to lanes by number and can't be cut this way.
    """
    assert not isinstance(note, (Outcome, Trace)), "an Outcome names lanes by number"
    return map_note(note, lambda tensor: tensor[lanes])


def join(notes: Sequence[Note]) -> Note:
    """Returns one note whose tensors are those of all, one after another; flat notes only."""
    first = notes[0]
    names = [item.name for item in fields(cast(Any, first))]
    joined = {name: torch.cat([getattr(note, name) for note in notes]) for name in names}
    return type(first)(**joined)


def scatter(note: Note, lanes: Tensor, other: Note) -> Note:
    """Returns a copy of `note` in which `lanes` i64[E] hold the E lanes of `other`."""
    changes: dict[str, Any] = {}
    for item in fields(cast(Any, note)):
        mine, theirs = getattr(note, item.name), getattr(other, item.name)
        if isinstance(mine, Tensor):
            changes[item.name] = mine.index_copy(0, lanes, theirs.to(mine.dtype))
        elif isinstance(mine, Mapping):
            changes[item.name] = {
                name: part.index_copy(0, lanes, theirs[name]) for name, part in mine.items()
            }
        elif is_dataclass(mine):
            changes[item.name] = scatter(mine, lanes, theirs)
    return cast(Note, replace(cast(Any, note), **changes))


def to_numpy(note: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Returns {dotted name: array} of every tensor in the note, ready for `np.savez`."""
    arrays: dict[str, NDArray[Any]] = {}
    for item in fields(note):
        value, name = getattr(note, item.name), f"{prefix}{item.name}"
        if isinstance(value, Tensor):
            arrays[name] = value.detach().cpu().numpy()
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, Mapping):
            arrays.update({f"{name}.{part}": t.detach().cpu().numpy() for part, t in value.items()})
        elif is_dataclass(value):
            arrays.update(to_numpy(value, f"{name}."))
    return arrays


def from_numpy(kind: type[Note], arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Note:
    """Returns the note of class `kind` that `to_numpy` took apart; an absent note is None."""
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(cast(Any, kind)):
        name, hint = f"{prefix}{item.name}", hints[item.name]
        if name in arrays:
            found = arrays[name]
            values[item.name] = torch.from_numpy(found) if hint is Tensor else found
            continue
        inner = {k[len(name) + 1 :]: a for k, a in arrays.items() if k.startswith(f"{name}.")}
        nested = next((t for t in (hint, *getattr(hint, "__args__", ())) if is_dataclass(t)), None)
        if nested is not None:
            values[item.name] = from_numpy(cast(type[Any], nested), inner) if inner else None
        else:
            values[item.name] = {part: torch.from_numpy(array) for part, array in inner.items()}
    return kind(**values)


@dataclass(frozen=True, eq=False)
class Behaviour:
    """What the behaviour policy was made of and what it took, N lives of a rollout: constants.

    action i64[N, H] or f32[N, D], whose log_prob f32[N] it is (a Box's proposed one); permitted
    bool[N, A]; preference f32[N, A]; temperature f32[N]; affect and affect_before f32[N,
    AFFECT_WIDTH]: what the policy read, and that of the tick before, which the critic read.
    """

    action: Tensor
    log_prob: Tensor
    permitted: Tensor
    preference: Tensor
    temperature: Tensor
    affect: Tensor
    affect_before: Tensor


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What perception's heads state before calibration, for learning; N moments.

    fact f32[N, K]: mean of a number in its unit, logit of a boolean; fact_sigma f32[N, K];
    range f32[N, S], speeds f32[N, S, 2], sigma f32[N, S, 2] (of range and speeds) in m and m/s;
    presence logit f32[N, S]; classes logits f32[N, S, C]; path f32[N, P, 2] [m]; risk logit f32[N].
    """

    fact: Tensor
    fact_sigma: Tensor
    range: Tensor
    speeds: Tensor
    sigma: Tensor
    presence: Tensor
    classes: Tensor
    path: Tensor
    risk: Tensor


@dataclass(frozen=True, eq=False)
class Labels:
    """What perception should have believed at N moments, as far as the sensors can show it.

    facts f32[N, K]; known bool[N, K]: those that mean something and can be known; scene f32[N, S,
    7]; path f32[N, P, 2]; risk f32[N]: 1 where a failure follows soon; risk_known bool[N].
    """

    facts: Tensor
    known: Tensor
    scene: Tensor
    path: Tensor
    risk: Tensor
    risk_known: Tensor


@dataclass(frozen=True, eq=False)
class Moments:
    """What emotion's scales are taken from; N moments of a rollout.

    delta f32[N]: TD errors; reward f32[N] as learning counts it, which is the world's own divided
    by `unit` f32[]; gamma f32[]: the discount; quantiles f32[N, heads, Q]; surprise, risk f32[N];
    facts f32[N, K] as believed.
    """

    delta: Tensor
    reward: Tensor
    unit: Tensor
    gamma: Tensor
    quantiles: Tensor
    surprise: Tensor
    risk: Tensor
    facts: Tensor


# --------------------------------------------------------------------------- the abstract rooms


class AbstractPerception(nn.Module, ABC):
    """Observation and memory -> Percept."""

    @abstractmethod
    def initial_memory(self, batch: int) -> Tensor:
        """Returns the memory of a life that has seen nothing, f32[B, M]."""

    @abstractmethod
    def encode(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Returns f32[N, E], what one moment alone shows; N may be T·B."""

    @abstractmethod
    def remember(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features f32[B, F] and the memory to carry on, one tick later."""

    @abstractmethod
    def replay(self, encoded: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns features f32[T, B, F] of T ticks in a row, for learning.

        Args:
          encoded: f32[T, B, E], what `encode` gave.
          memory: f32[B, M], that before the first tick.
          is_first: bool[T, B]; memory begins anew there.
        """

    @abstractmethod
    def quantiles(self, features: Tensor, affect: Tensor) -> Tensor:
        """Returns f32[N, heads, Q], what each value head expects of the return.

        `affect` f32[N, AFFECT_WIDTH] is that of the tick before.
        """

    @abstractmethod
    def beliefs(self, features: Tensor) -> Beliefs:
        """Returns what the heads state of features f32[N, F], before calibration."""

    @abstractmethod
    def expected(self, features: Tensor, action: Tensor) -> Tensor:
        """Returns f32[N, E], the encoding of what will be seen after `action`."""

    @abstractmethod
    def unfamiliarity(self, features: Tensor) -> Tensor:
        """Returns f32[N], the error that novelty is measured by; learning lowers it."""

    @abstractmethod
    def perceive(self, observation: Observation, state: MindState) -> Percept:
        """Returns what is believed now; `state` is that before, begun anew where is_first."""

    @abstractmethod
    def observe_scales(
        self, parts: Mapping[str, Tensor], features: Tensor, total: Callable[[Tensor], Tensor]
    ) -> None:
        """Takes N moments into account for all running scales; learning only.

        Args:
          parts: [N, …], as observed. features: f32[N, F].
          total: sums a tensor over all workers, in place.
        """


class AbstractReasoner(nn.Module, ABC):
    """Beliefs -> Judgement. Has no parameters that learning changes."""

    @abstractmethod
    def reason(
        self, observation: Observation, percept: Percept, affect: Affect, state: MindState
    ) -> Judgement:
        """Returns what is allowed and preferred; in every head at least one allowed action."""


class AbstractEmotion(nn.Module, ABC):
    """Outcomes -> Affect."""

    @abstractmethod
    def feel(
        self, outcome: Outcome, arrival: Percept, arrival_value: Tensor, state: MindState
    ) -> Affect:
        """Returns the affect after `outcome`.

        `arrival` is what was perceived where the previous action led: where an episode ended its
        final observation, elsewhere the observation of now. `state` is that of the tick before.
        """

    def observe_scales(self, moments: Moments, total: Callable[[Tensor], Tensor]) -> None:
        """Takes N moments into account for its running scales; learning only.

        `total` sums a tensor over all workers, in place.
        """


class AbstractDecision(nn.Module, ABC):
    """Beliefs, affect and judgement -> Decision."""

    @abstractmethod
    def policy(self, features: Tensor, affect: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logits f32[N, A] (Box: mean) and log standard deviation f32[N, D] (else D=0)."""

    @abstractmethod
    def evaluate(self, features: Tensor, behaviour: Behaviour) -> tuple[Tensor, Tensor]:
        """Returns log-probability f32[N] of the actions that were taken, and entropy f32[N]."""

    @abstractmethod
    def decide(
        self,
        percept: Percept,
        affect: Affect,
        judgement: Judgement,
        available: Tensor,
        rng: torch.Generator,
        greedy: bool,
    ) -> Decision:
        """Returns an action for each lane, drawn with `rng` or, if greedy, the likeliest."""
