"""Grad-CAM: what in a picture the proposed action hangs on. Exploratory: it is no explanation."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .mind import Mind
from .types import Modality, Trace


class _Asked(NamedTuple):
    """The moment of one life that is looked into."""

    parts: Mapping[str, Tensor]
    memory: Tensor
    affect: Tensor
    proposed: Tensor


class Saliency:
    """Draws Grad-CAM over the first picture that a mind takes in."""

    def __init__(self, mind: Mind) -> None:
        """Finds the last convolution of the picture's encoder.

        Raises:
          ValueError: the mind takes in no picture, or without convolutions; or captum is missing.
        """
        try:
            captum = importlib.import_module("captum.attr")
        except ImportError as error:
            raise ValueError(
                "Grad-CAM must have the package captum. Run pip install captum."
            ) from error
        self.mind = mind
        pairs = zip(mind.spec.parts, mind.perception.encoders, strict=True)
        found = [
            (part, [m for m in encoder.modules() if isinstance(m, nn.Conv2d)])
            for part, encoder in pairs
            if part.modality is Modality.IMAGE
        ]
        if not found or not found[0][1]:
            raise ValueError("Grad-CAM must have a picture that is seen by convolutions.")
        self._part = found[0][0]
        self._cam = captum.LayerGradCam(self._preference, found[0][1][-1])
        self._enlarge = captum.LayerAttribution.interpolate
        self._asked: _Asked

    def of(self, trace: Trace, memory: Tensor, lane: int = 0) -> NDArray[Any]:
        """Returns f32[H, W], 0..1: where the picture speaks for what the policy proposed.

        Args:
          trace: the notes of a tick.
          memory: f32[B, M], that before it.
          lane: which of its B lives.
        Source: Selvaraju 2017.
        """
        row = slice(lane, lane + 1)
        parts = {name: part[row] for name, part in trace.observation.parts.items()}
        self._asked = _Asked(
            parts, memory[row], trace.affect.vector()[row], trace.decision.proposed[row]
        )
        found = self._cam.attribute(parts[self._part.name], relu_attributions=True)
        whole = self._enlarge(found, self._part.shape[:2], "bilinear")[0, 0].detach()
        lit: NDArray[Any] = (whole / whole.max().clamp(min=1e-12)).numpy()
        return lit

    def _preference(self, pixels: Tensor) -> Tensor:
        """Returns f32[1], what the policy makes of the proposed action, of these pixels."""
        asked, perception = self._asked, self.mind.perception
        encoded = perception.encode({**asked.parts, self._part.name: pixels})
        features, _ = perception.remember(encoded, asked.memory)
        raw, _ = self.mind.decision.policy(features, asked.affect)
        if self.mind.spec.actions.is_box:
            return (raw * asked.proposed.sign()).sum(-1)
        heads = torch.split(raw, list(self.mind.spec.actions.sizes), -1)
        chosen = [head.gather(-1, asked.proposed[:, h : h + 1]) for h, head in enumerate(heads)]
        return torch.cat(chosen, -1).sum(-1)
