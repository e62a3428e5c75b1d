"""Running scales: the whole past, or the latest part of it."""

from __future__ import annotations

import math

import pytest
import torch

from mindloop.agent.nets import RunningNorm


def test_a_running_scale_is_that_of_all_rows() -> None:
    rows = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0)) * 3.0 + 5.0
    norm = RunningNorm(2)
    for part in (rows[:700], rows[700:2100], rows[2100:]):
        norm.update(part)
    torch.testing.assert_close(norm.mean, rows.mean(0))
    torch.testing.assert_close(norm.variance, rows.var(0, correction=0), rtol=1e-4, atol=1e-4)
    assert float(norm.count) == 3000


def test_with_a_horizon_what_was_long_ago_is_forgotten() -> None:
    norm, whole = RunningNorm(1, horizon=1000.0), RunningNorm(1)
    for value, updates in ((10.0, 50), (0.0, 20)):
        for _ in range(updates):
            for one in (norm, whole):
                one.update(torch.full((100, 1), value))
    # each update leaves 1000 / 1100 of what was there
    assert float(norm.mean) == pytest.approx(10.0 * (10 / 11) ** 20, rel=1e-3)
    assert float(whole.mean) == pytest.approx(10.0 * 50 / 70, rel=1e-3)
    for _ in range(100):
        norm.update(torch.randn(100, 1, generator=torch.Generator().manual_seed(1)))
    assert math.sqrt(float(norm.variance)) == pytest.approx(1.0, abs=0.15)
