"""Cuts one life out of the batched notes and puts it into the window's frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..types import ActionSpec, Decision, Modality, Trace, Truth, WorldSpec
from .feelings import feelings
from .frame import Choice, Frame, Setting


def _lane(tensor: Tensor, lane: int) -> NDArray[Any]:
    return tensor[lane].detach().cpu().numpy()


def with_mind(frame: Frame, spec: WorldSpec, trace: Trace, lane: int = 0,
              is_acting: bool = True) -> Frame:
    """Adds what a mind takes in, believes and decides.

    Args:
      frame: what is shown so far; left as it was.
      spec: what the world declares.
      trace: the notes of one tick, B lives.
      lane: which of the lives.
      is_acting: False where another driver acts and the mind only watches: its probabilities
        are then not shown as the driver's.
    """
    percept = trace.percept
    pictures_first = sorted(spec.parts, key=lambda part: part.modality is not Modality.IMAGE)
    frame = replace(
        frame, inputs={part.name: _lane(trace.observation.parts[part.name], lane)
                       for part in pictures_first})
    if spec.facts:
        frame = replace(frame, facts=spec.facts, believed=_lane(percept.facts, lane),
                        doubt=_lane(percept.doubt, lane))
    if spec.scene is not None:
        frame = replace(frame, scene_believed=_lane(percept.scene, lane),
                        scene_range=spec.scene.range, scene_classes=spec.scene.classes)
    if spec.path_points:
        frame = replace(frame, path_believed=_lane(percept.path, lane))
    if not is_acting:
        return frame
    if bool(trace.affect.appraisals[lane].any()):
        felt = feelings(trace.affect, percept, spec.facts, lane)
        frame = replace(frame, feelings=felt)
    decision = trace.decision
    # barred by reasoning or by the environment itself: a person can't do it either way
    allowed = _lane(trace.judgement.allowed & trace.observation.available, lane)
    if spec.actions.is_box:
        return replace(frame, settings=_settings(spec.actions, decision, lane))
    policy, action = np.exp(_lane(decision.policy, lane)), _lane(decision.action, lane)
    return replace(frame, choices=choices(spec.actions, action, policy, allowed))


def with_truth(frame: Frame, spec: WorldSpec, truth: Truth, lane: int = 0) -> Frame:
    """Adds what the world says is so; `frame` is left as it was."""
    if spec.facts and truth.facts.shape[-1]:
        frame = replace(frame, facts=spec.facts, true=truth.facts[lane], known=truth.known[lane])
    if spec.scene is not None and truth.scene.shape[-2]:
        frame = replace(frame, scene_true=truth.scene[lane], scene_range=spec.scene.range,
                        scene_classes=spec.scene.classes)
    if spec.path_points and truth.path.shape[-2]:
        frame = replace(frame, path_true=truth.path[lane])
    return frame


def choices(actions: ActionSpec, action: NDArray[Any], policy: NDArray[Any] | None = None,
            allowed: NDArray[np.bool_] | None = None) -> tuple[Choice, ...]:
    """Makes one Choice per head.

    Args:
      actions: the action space; not a Box.
      action: option of each head, int [H] (or a single int).
      policy: probability of each option, f32 [A], heads one after another; None: not known.
      allowed: bool [A]; None: everything.
    """
    made, start = [], 0
    for size, chosen in zip(actions.sizes, np.atleast_1d(action), strict=True):
        cut = slice(start, start + size)
        names: Sequence[str] = actions.names[cut] or [str(k) for k in range(size)]
        made.append(Choice(
            names, int(chosen), None if policy is None else policy[cut],
            None if allowed is None else allowed[cut], actions.attributes[cut]))
        start += size
    return tuple(made)


def _settings(actions: ActionSpec, decision: Decision, lane: int) -> tuple[Setting, ...]:
    action, mean, spread = (_lane(part, lane) for part in
                            (decision.action, decision.policy, decision.spread))
    names = actions.names or tuple(f"axis {k}" for k in range(actions.width))
    return tuple(Setting(names[k], float(action[k]), actions.low[k], actions.high[k],
                         mean=float(mean[k]), deviation=float(spread[k]))
                 for k in range(actions.width))
