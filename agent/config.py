"""The settings of the rooms: one frozen dataclass each, unknown keys refused by name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, cast, get_origin, get_type_hints

Config = TypeVar("Config")


@dataclass(frozen=True)
class PerceptionConfig:
    """Encoders, memory and the fixed set of heads."""

    backbone: str = "default"
    """Network for images: a name in nets.BACKBONES or `module:Class`. Images smaller than
    20 px and grids of symbols always take "small"."""
    image_width: int = 256
    """Width of an image's encoding (REFERENCE's probe)."""
    normalises_images: bool = False
    """Whether images are centred and scaled by what supervised learning found of its frames."""
    vector_width: int = 64
    """Width of both layers of the network for vectors."""
    ranges_width: int = 64
    """Width of the encoding of lidar and radar rays."""
    word_width: int = 64
    """Width of word embeddings and of their pooled encoding."""
    memory: str = "gru"
    """What is carried between ticks: "gru", "transformer" (a window of past features) or "none"."""
    window: int = 16
    """[ticks] of the transformer's window."""
    features: int = 256
    """F, width of what all heads read, and of the GRU."""
    value_heads: int = 3
    """Value heads from different random weights; their spread is uncertainty."""
    quantiles: int = 8
    """Q, quantiles of the return that each value head predicts."""

    def __post_init__(self) -> None:
        """Refuses settings that no network could be built from."""
        _one_of("memory", self.memory, ("gru", "transformer", "none"))
        for name in ("image_width", "vector_width", "ranges_width", "word_width", "features"):
            _positive(name, getattr(self, name))
        _positive("window", self.window)
        _positive("value_heads", self.value_heads)
        _positive("quantiles", self.quantiles)


@dataclass(frozen=True)
class DecisionConfig:
    """The policy."""

    preference_weight: float = 1.0
    """η, the weight of reasoning's preference in the logits."""
    log_std: float = 0.0
    """Log standard deviation that a Box policy begins with, in units of half the bounds."""

    def __post_init__(self) -> None:
        """Refuses a negative weight."""
        if self.preference_weight < 0:
            raise ValueError(
                f"`preference_weight` must be at least 0; got {self.preference_weight}. "
                "Use 0 to ignore preferences."
            )


@dataclass(frozen=True)
class ReasoningConfig:
    """Rules, shield and look-ahead."""

    use: str = "off"
    """How much reasons, one of REASONING: nothing, rules alone, the shield alone, both, or both
    and look-ahead."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """{name: text} of rule files besides the world's own."""
    width: float = 2.0
    """[σ] half the interval that a believed number lies in for rules."""
    possible: float = 0.2
    """Probability from which a boolean is possibly true."""
    certain: float = 0.8
    """Probability from which it is certainly true."""
    present: float = 0.5
    """Probability from which the shield takes a thing to be there."""
    margin: float | None = None
    """[m] least distance that the shield adds to what is needed. None, here and below: as the
    world's metadata["motion"]["margins"] says, else MARGINS."""
    margin_width: float | None = None
    """[σ] of a perceived distance that it adds besides ..."""
    margin_most: float | None = None
    """[m] ... but no more than this: whoever waits for certainty may stand for ever."""
    speed_width: float = 1.0
    """[σ] of a perceived speed by which those ahead are taken to be slower."""
    reaction: float = 0.3
    """[s] RSS's ρ: what passes before the ego brakes; latency comes on top."""
    latency: float = 0.0
    """[s] from seeing to acting; over it others are taken to do their worst."""
    lead_brake: float = 8.0
    """[m/s2] the strongest braking of others that the shield withstands."""
    brake: float = 6.0
    """[m/s2] braking that the ego can rely on, b_min."""
    horizon: float = 3.0
    """[s] how far look-ahead looks."""
    nearer_width: float = 1.0
    """[σ] of a perceived distance by which look-ahead takes others to be nearer, at their worst."""
    look_weight: float = 1.0
    """Weight of look-ahead's score among preferences."""

    def __post_init__(self) -> None:
        """Refuses what no shield could keep to."""
        _one_of("use", self.use, REASONING)
        if not 0 < self.possible <= self.certain < 1:
            raise ValueError(
                f"`possible` must be above 0 and at most `certain`, which must be below 1; got "
                f"{self.possible} and {self.certain}."
            )
        if not 0 < self.present < 1:
            raise ValueError(f"`present` must lie between 0 and 1; got {self.present}.")
        for name in ("width", "speed_width", "latency", "look_weight", "nearer_width", *MARGINS):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"`{name}` must be at least 0; got {value}.")
        for name in ("reaction", "lead_brake", "brake", "horizon"):
            if not getattr(self, name) > 0:
                raise ValueError(f"`{name}` must be above 0; got {getattr(self, name)}.")


REASONING = ("off", "rules", "shield", "both", "full")
MARGINS: Mapping[str, float] = {"margin": 0.5, "margin_width": 3.0, "margin_most": 6.0}
"""The shield's, where neither config nor world says otherwise; see `ReasoningConfig`."""


@dataclass(frozen=True)
class EmotionConfig:
    """Appraising what happens, and what feelings do."""

    use: str = "off"
    """"off": nothing is felt; "on": feelings are shown, and have the `effects`."""
    effects: tuple[str, ...] = ("temperature", "caution", "curiosity", "shaping")
    """What feelings do, of EFFECTS; the mind reads them in any case. Empty: no more than that."""
    fearfulness: float = 1.0
    """How strongly risk is felt; 2 feels half the risk as much."""
    tail: float = 3.0
    """Deviations below its mean from which the worst quantile of the value frightens."""
    calming: float = 1.0
    """[s] τ of fear, in which it falls to 37 %."""
    mood: float = 60.0
    """[s] τ of the mood."""
    warmth: float = 0.25
    """By what part novelty and frustration raise the temperature of decisions, at their most ..."""
    cooling: float = 0.5
    """... and fear lowers it; it stays within .5 and 2."""
    caution: float = 1.0
    """Part by which the greatest fear widens the shield's reaction time and margin, at most 1, and
    the doubt that look-ahead allows for."""
    curiosity: float = 0.02
    """Weight of novelty as a reward, in deviations of the return; learning only."""
    shaping: float = 0.5
    """Weight of risk as a potential that rewards leaving it; learning only (Ng 1999)."""
    learning_rate: float = 1.0
    """Part by which the greatest surprise raises the learning rate, where that is an effect."""

    def __post_init__(self) -> None:
        """Refuses unknown effects and what would unbound one."""
        _one_of("use", self.use, EMOTION)
        for name in self.effects:
            _one_of("effects", name, EFFECTS)
        for name in ("fearfulness", "tail", "calming", "mood"):
            if not getattr(self, name) > 0:
                raise ValueError(f"`{name}` must be above 0; got {getattr(self, name)}.")
        for name in ("warmth", "cooling", "caution", "curiosity", "shaping", "learning_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` must lie within 0 and 1; got {getattr(self, name)}.")


EMOTION = ("off", "on")
EFFECTS = ("temperature", "caution", "curiosity", "shaping", "learning_rate")
"""temperature: how much decisions are left to chance; caution: shield and look-ahead; curiosity and
shaping: rewards while it learns; learning_rate: how fast it learns, off unless asked for."""


@dataclass(frozen=True)
class MindConfig:
    """A whole mind."""

    perception: PerceptionConfig = field(default_factory=PerceptionConfig)
    """Seeing and remembering."""
    decision: DecisionConfig = field(default_factory=DecisionConfig)
    """Choosing."""
    reasoning: ReasoningConfig = field(default_factory=ReasoningConfig)
    """Judging what may be done."""
    emotion: EmotionConfig = field(default_factory=EmotionConfig)
    """Feeling."""
    history: int = 10
    """N, ticks of believed facts that the mind remembers exactly (2 s at 5 Hz)."""
    seed: int = 0
    """Seed of the first weights."""

    def __post_init__(self) -> None:
        """Refuses an empty history."""
        _positive("history", self.history)


@dataclass(frozen=True)
class PPOConfig:
    """Learning from reward (Schulman 2017; Huang 2022 for the details)."""

    ticks: int = 64
    """T, ticks of each lane in a rollout."""
    lanes: int = 16
    """B, lives side by side in each worker."""
    epochs: int = 4
    """Passes over a rollout."""
    minibatches: int = 4
    """Parts that the lanes of a rollout are split into."""
    learning_rate: float = 3e-4
    """Adam's, at the beginning."""
    anneals: bool = True
    """Whether the learning rate falls to zero, in a straight line over all updates."""
    gamma: float = 0.99
    """γ, discount a tick."""
    gae_lambda: float = 0.95
    """λ of the generalised advantage estimate (Schulman 2016)."""
    clip: float = 0.2
    """ε of the clipped ratio."""
    entropy: float = 0.01
    """Weight of the entropy bonus."""
    value: float = 0.5
    """Weight of the value loss."""
    gradient_norm: float = 0.5
    """Largest norm of a step's gradient."""
    kl_stop: float = 0.03
    """Approximate KL divergence from which the rest of the epochs are left out; 0: never."""
    weight_decay: float = 0.0
    """AdamW's."""
    augmentation: float = 0.0
    """Weight of the loss that holds policy and value alike in pictures moved by some pixels (DrAC,
    Raileanu 2021); 0 leaves it out, else an epoch costs about twice as much."""
    normalises_reward: bool = True
    """Whether rewards are divided by the running deviation of the discounted return."""

    def __post_init__(self) -> None:
        """Refuses what no update could be made with."""
        for name in ("ticks", "lanes", "epochs", "minibatches"):
            _positive(name, getattr(self, name))
        if self.lanes % self.minibatches:
            raise ValueError(
                f"`lanes` (={self.lanes}) must be divisible by `minibatches` "
                f"(={self.minibatches}). Choose another number of either."
            )
        for name in ("gamma", "gae_lambda"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` must lie within 0 and 1; got {getattr(self, name)}.")
        for name in ("learning_rate", "clip", "gradient_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"`{name}` must be above 0; got {getattr(self, name)}.")


@dataclass(frozen=True)
class ImitationConfig:
    """Learning from the world's expert, who says at every tick what he would do (Ross 2011)."""

    share: float = 0.0
    """Part of the steps that are lived this way, before reward alone teaches."""
    view: str = "visible"
    """The expert who is asked: "visible" sees no more than the sensors, "true" everything."""
    learning_rate: float = 1e-3
    """Adam's, at the beginning; it falls to PPO's, or to a tenth where no PPO follows."""
    minibatches: int = 8
    """Parts that the lanes of a rollout are split into."""
    smoothing: float = 0.02
    """Probability that the labels leave to all other actions together (Szegedy 2016)."""
    guidance: float = 0.3
    """Part of the phase in which the expert drives some of the lanes; fewer and fewer."""
    value_share: float = 0.0
    """Part of the steps after it in which only values and perception learn."""
    weight: float = 0.0
    """Weight of imitation while reward teaches, falling to zero (Schmitt 2018, kickstarting)."""

    @property
    def teaches(self) -> bool:
        """Whether the expert is asked at all."""
        return self.share > 0 or self.weight > 0

    def __post_init__(self) -> None:
        """Refuses shares that no run could have."""
        _one_of("view", self.view, ("visible", "true"))
        _positive("minibatches", self.minibatches)
        for name in ("share", "smoothing", "guidance", "value_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` must lie within 0 and 1; got {getattr(self, name)}.")
        if self.share + self.value_share > 1:
            raise ValueError(
                f"`share` and `value_share` must be at most 1 together; got {self.share} and "
                f"{self.value_share}. Lower one."
            )


@dataclass(frozen=True)
class AuxiliaryConfig:
    """Weights of what perception learns besides what serves the action."""

    facts: float = 1.0
    """Of facts, where the world states them."""
    scene: float = 0.05
    """Of the scene."""
    path: float = 0.5
    """Of the path."""
    risk: float = 0.2
    """Of failure within auxiliary.HORIZON ticks."""
    expect: float = 0.1
    """Of what will be seen next."""
    novelty: float = 1.0
    """Of novelty's predictor, which shares nothing."""


@dataclass(frozen=True)
class SupervisedConfig:
    """Learning to tell classes of images apart; the encoder is one that a mind can begin with."""

    backbone: str = "default"
    """As PerceptionConfig has it."""
    width: int = 256
    """Width of an image's encoding: PerceptionConfig's image_width."""
    epochs: int = 60
    """Passes over the training images, at most."""
    patience: int = 8
    """Epochs without a lower loss on the development images after which it ends."""
    batch: int = 64
    """Images of one step."""
    learning_rate: float = 1e-3
    """Adam's."""
    weight_decay: float = 0.0
    """AdamW's."""
    dropout: float = 0.0
    """Part of the encoding that is left out at random in training."""
    batch_norm: bool = False
    """Whether every convolution is followed by batch normalisation in training; it becomes part of
    the convolution afterwards."""
    shift_px: int = 2
    """Most that an image is moved in training, its border repeated (Kostrikov 2020)."""
    brightness: float = 0.1
    """Largest part by which an image is made brighter or darker in training."""
    flips: bool = False
    """Whether images are mirrored in training: only where left and right don't matter."""
    seed: int = 0
    """Of first weights, order and augmentation."""

    def __post_init__(self) -> None:
        """Refuses what nothing could be learned with."""
        for name in ("width", "epochs", "patience", "batch"):
            _positive(name, getattr(self, name))
        if not self.learning_rate > 0:
            raise ValueError(f"`learning_rate` must be above 0; got {self.learning_rate}.")
        for name in ("weight_decay", "shift_px", "seed"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be at least 0; got {getattr(self, name)}.")
        for name in ("dropout", "brightness"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"`{name}` must be at least 0 and below 1; got {getattr(self, name)}."
                )


@dataclass(frozen=True)
class TrainConfig:
    """A whole training run; it travels with every checkpoint."""

    env: str = ""
    """Id of the environment."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Its arguments."""
    test_settings: Mapping[str, Any] = field(default_factory=dict)
    """What evaluations change in them."""
    steps: int = 100_000
    """Steps of the agent, all lanes together."""
    seed: int = 0
    """Of first weights, lives and minibatches."""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """Learning from reward."""
    imitation: ImitationConfig = field(default_factory=ImitationConfig)
    """Learning from an expert."""
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    """Learning to perceive."""
    mind: MindConfig = field(default_factory=MindConfig)
    """The mind; its own seed is replaced by the run's."""
    workers: int = 1
    """Processes that live and learn, each with its own lanes."""
    device: str = "cpu"
    """Where learning computes, as torch names it; lives are always lived on the processor."""
    recordings: tuple[str, ...] = ()
    """Records to imitate in place of the expert; names of the files without .npz."""
    vectorisation: str = ""
    """How lanes go together, one of VECTORISATIONS; what a probe chose stays so."""
    begins_as: str = ""
    """Folder or name of the mind whose weights it begins with; "": new ones."""
    perception_from: str = ""
    """Folder of `mindloop perceive` whose image encoder, or folder or name of a mind whose whole
    perception, it begins with; "": none."""
    checkpoint_every: int = 10
    """Updates between two checkpoints."""
    evaluate_every: int = 0
    """Updates between two evaluations; 0: at the end only."""
    evaluation_episodes: int = 10
    """Held-out episodes of an evaluation."""
    target: float = math.inf
    """Mean score (or total reward, where the world has no score) at which training ends early."""

    def __post_init__(self) -> None:
        """Refuses a run without an update."""
        for name in ("steps", "checkpoint_every", "evaluation_episodes", "workers"):
            _positive(name, getattr(self, name))
        _one_of("vectorisation", self.vectorisation, VECTORISATIONS)
        reasons = {
            "several workers use the cores already": self.workers > 1,
            "an expert who teaches must be in this process": self.imitation.teaches,
        }
        for reason, holds in reasons.items():
            if self.vectorisation == "async" and holds:
                raise ValueError(
                    f"`vectorisation` must be sync or native where {reason}; got async. Leave it "
                    "out."
                )
        if self.updates < 1:
            raise ValueError(
                f"`steps` must be at least {self.rollout_steps}, one rollout; got "
                f"{self.steps}. Ask for more, or choose fewer ticks, lanes or workers."
            )
        if self.recordings and self.imitation.share != 1.0:
            raise ValueError(
                "`recordings` must be imitated for the whole run; got a share of "
                f"{self.imitation.share}. Take the recipe quick-imitation, then train on from "
                "its mind."
            )
        if self.imitation.teaches and self.ppo.lanes % self.imitation.minibatches:
            raise ValueError(
                f"`lanes` (={self.ppo.lanes}) must be divisible by imitation's `minibatches` "
                f"(={self.imitation.minibatches}). Choose another number of either."
            )

    @property
    def updates(self) -> int:
        """How many rollouts are lived."""
        return self.steps // self.rollout_steps

    @property
    def rollout_steps(self) -> int:
        """Steps of the agent in one rollout of all workers."""
        return self.ppo.ticks * self.ppo.lanes * self.workers

    def phase(self, update: int) -> str:
        """Returns how this update learns: "imitation", "value" or "ppo"."""
        if update < round(self.imitation.share * self.updates):
            return "imitation"
        both = self.imitation.share + self.imitation.value_share
        return "value" if update < round(both * self.updates) else "ppo"


@dataclass(frozen=True)
class LoopConfig:
    """A life in a vector environment."""

    driver: str = "mind"
    """Who acts, one of DRIVERS."""
    seed: int = 0
    """Lane i lives the life of seed + i; chance in the policy is drawn from it as well."""
    greedy: bool = False
    """Whether the likeliest action is taken instead of a sample."""
    oracle: bool = False
    """Whether reasoning is told facts, scene and path as they are, in place of what the mind
    believes: an ablation, which shows what perception costs."""

    def __post_init__(self) -> None:
        """Refuses an unknown driver."""
        _one_of("driver", self.driver, DRIVERS)
        if self.seed < 0:
            raise ValueError(f"`seed` must be at least 0; got {self.seed}. Give a whole number.")


DRIVERS = ("mind", "expert", "visible-expert", "perceived-expert", "random")
EXPERTS = ("expert", "visible-expert", "perceived-expert")
"""Drivers that the world's expert is, told what is true, what sensors could see, or what a mind
believes."""


VECTORISATIONS = ("", "sync", "async", "native")
"""One lane after the other, lanes in other processes, all at once in the environment's own batched
form; "": native where there is that, else sync."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns " Did you mean X?" for the known name nearest to `name`, or ""."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean `{close[0]}`?" if close else ""


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Returns the config of class `kind` with these values, nested configs as mappings.

    Raises:
      ValueError: a key is unknown; the message names the nearest.
      TypeError: a value has another type than the field's default.
    """
    hints = get_type_hints(kind)
    known = [item.name for item in fields(cast(Any, kind))]
    settled: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise ValueError(
                f"`{name}` must be a setting of {kind.__name__}; known are "
                f"{', '.join(known)}.{nearest(name, known)}"
            )
        hint = hints[name]
        if is_dataclass(hint) and isinstance(value, Mapping):
            settled[name] = from_dict(cast(type[Any], hint), value)
        else:
            settled[name] = _typed(name, value, hint)
    return kind(**settled)


def to_dict(config: Any) -> dict[str, Any]:
    """Returns plain values that json can write and `from_dict` reads."""
    return asdict(config)


def _typed(name: str, value: Any, hint: Any) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(value)  # json has no tuples
    if isinstance(hint, type) and (
        not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool)
    ):
        raise TypeError(
            f"`{name}` must be {hint.__name__}; got {value!r}. Give a value of that type."
        )
    return value


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(
            f"`{name}` must be one of {', '.join(known)}; got {value!r}.{nearest(value, known)}"
        )


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1; got {value}. Give a whole number from 1.")


DISPOSITIONS: Mapping[str, EmotionConfig] = {
    "calm": EmotionConfig(use="on", fearfulness=0.5, calming=0.7, warmth=0.1, cooling=0.3),
    "bold": EmotionConfig(use="on", fearfulness=0.5, caution=0.3, cooling=0.1, shaping=0.2),
    "anxious": EmotionConfig(use="on", fearfulness=3.0, calming=1.5, cooling=0.8, shaping=1.0),
    "curious": EmotionConfig(use="on", warmth=0.5, curiosity=0.06, caution=0.7),
}
"""Named temperaments."""
