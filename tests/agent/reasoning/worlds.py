"""Small worlds on paper, and moments in them, for tests of reasoning."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from mindloop.agent.types import (
    ActionKind,
    ActionSpec,
    Affect,
    Fact,
    MindState,
    Modality,
    Observation,
    Part,
    Percept,
    SceneSpec,
    WorldSpec,
)

PEDALS, WHEELS = (-8.0, -3.0, 0.0, 2.0), (-1.0, 0.0, 1.0)
FACTS = (
    Fact("light_present", kind="boolean"),
    Fact("light_red", kind="boolean", requires="light_present"),
    Fact("light_distance", "m", 0.0, 60.0, requires="light_present"),
    Fact("lead_present", kind="boolean"),
    Fact("lead_distance", "m", 0.0, 60.0, requires="lead_present"),
    Fact("lead_closing_speed", "m/s", -20.0, 40.0, requires="lead_present"),
)
MOTION = {
    "model": "bicycle", "length": 4.4, "width": 1.8, "wheelbase": 2.7, "decision": 0.2,
    "acceleration": (-8.0, 2.0), "steering": (-0.6, 0.6), "steering_rate": 1.2,
    "speed": (0.0, 20.0), "lateral": 3.0,
    "ego": {"speed": ("state", 0), "steering": ("state", 1), "acceleration": ("state", 2)},
    "controls": {"acceleration": "acceleration", "steering": "steering", "scale": (2.0, 8.0)},
    "lead": {"present": "lead_present", "distance": "lead_distance",
             "closing_speed": "lead_closing_speed"},
}  # fmt: skip
ROAD = WorldSpec(
    "test/Road-v0",
    (Part("state", Modality.VECTOR, (3,)),),
    ActionSpec(
        ActionKind.DISCRETE, (12,), names=tuple(f"{w:g}, {p:g}" for w in WHEELS for p in PEDALS),
        attributes=tuple({"steering": w, "acceleration": p} for w in WHEELS for p in PEDALS),
    ),
    facts=FACTS, scene=SceneSpec(32, 60.0, ("none", "car", "pedestrian"),
                                 ((0.0, 0.0), (4.4, 1.8), (0.5, 0.5))),
    path_points=8, motion=MOTION,
    vectors={"state": [{"name": "speed"}, {"name": "wheel angle"}, {"name": "pedal"}]},
)  # fmt: skip
CART = WorldSpec(
    "CartPole-v1", (Part("state", Modality.VECTOR, (4,)),),
    ActionSpec(ActionKind.DISCRETE, (2,), names=("left", "right")),
)  # fmt: skip
PENDULUM = WorldSpec(
    "Pendulum-v1", (Part("state", Modality.VECTOR, (3,)),),
    ActionSpec(ActionKind.BOX, (1,), (-2.0,), (2.0,), names=("torque",)),
)  # fmt: skip


Facts = Mapping[str, "float | tuple[float, float]"]


def seen(
    spec: WorldSpec, state: list[list[float]], facts: Facts,
    action: int = 0,
) -> tuple[Observation, Percept, Affect, MindState]:
    """Returns what is known at a moment of B lives: observed state [B, N], and facts as (mean, σ)
    or a mean alone, alike in all lives; booleans are probabilities."""
    lanes, names = len(state), spec.fact_names
    believed, doubt = torch.zeros(lanes, len(names)), torch.zeros(lanes, len(names))
    for name, told in facts.items():
        mean, sigma = told if isinstance(told, tuple) else (told, 0.0)
        believed[:, names.index(name)], doubt[:, names.index(name)] = mean, sigma
    sectors = spec.scene.sectors if spec.scene else 0
    path = torch.zeros(lanes, spec.path_points, 2)
    path[..., 0] = 4.0 * (torch.arange(spec.path_points) + 1.0)
    percept = Percept(
        features=torch.zeros(lanes, 4), facts=believed, doubt=doubt,
        scene=torch.zeros(lanes, sectors, 7), path=path, risk=torch.full((lanes,), 0.1),
        quantiles=torch.zeros(lanes, 1, 1), surprise=torch.zeros(lanes),
        novelty=torch.zeros(lanes), memory=torch.zeros(lanes, 0),
    )  # fmt: skip
    every = torch.ones(lanes, spec.actions.width, dtype=torch.bool)
    observation = Observation(
        {"state": torch.tensor(state)}, torch.zeros(lanes, dtype=torch.bool), every
    )
    last = torch.full((lanes, spec.actions.heads), action)
    before = MindState(
        memory=percept.memory, action=last.float() if spec.actions.is_box else last,
        value=torch.zeros(lanes), features=percept.features, risk=percept.risk, allowed=every,
        allowed_calm=every, history=torch.zeros(lanes, 1, len(names)),
        affect=Affect.neutral(lanes),
    )  # fmt: skip
    return observation, percept, Affect.neutral(lanes), before
