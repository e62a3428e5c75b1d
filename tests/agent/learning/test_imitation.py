"""Imitation: its loss by hand, and which lanes the expert drives."""

from __future__ import annotations

import math

import pytest
import torch

from mindloop.agent.learning.imitation import guided, imitation_loss
from mindloop.agent.types import ActionKind, ActionSpec


def test_the_loss_of_discrete_heads_by_hand() -> None:
    actions = ActionSpec(ActionKind.MULTI_DISCRETE, (2, 3))
    raw = torch.tensor([[0.0, 0.0, math.log(2), 0.0, 0.0]])
    found = imitation_loss(raw, torch.zeros(1, 0), torch.tensor([[1, 0]]), actions, 0.0)
    assert found.item() == pytest.approx(math.log(2) + math.log(2))  # 1 of 2; 2 of 4
    # a tenth of the label is spread over all three options: 1/4 the others' probability
    smooth = imitation_loss(raw, torch.zeros(1, 0), torch.tensor([[1, 0]]), actions, 0.1)
    second = 0.9 * math.log(2) + 0.1 / 3 * (math.log(2) + 2 * math.log(4))
    assert smooth.item() == pytest.approx(math.log(2) + second)


def test_the_loss_of_a_box_is_a_likelihood() -> None:
    actions = ActionSpec(ActionKind.BOX, (1, 1), (-1.0, -1.0), (1.0, 1.0))
    log_std = torch.tensor([[0.0, math.log(2)]])
    found = imitation_loss(torch.zeros(1, 2), log_std, torch.tensor([[1.0, 2.0]]), actions, 0.0)
    assert found.item() == pytest.approx(0.5 + 0.5 + math.log(2))


def test_the_expert_drives_fewer_and_fewer_lanes() -> None:
    assert [guided(update, 10, 0.4) for update in (0, 1, 2, 4, 9)] == [1.0, 0.75, 0.5, 0.0, 0.0]
    assert guided(0, 10, 0.0) == 0.0
