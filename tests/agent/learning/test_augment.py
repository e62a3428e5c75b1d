"""Moved pictures: what goes out is lost, and the edge is repeated."""

from __future__ import annotations

import torch

from mindloop.agent.learning.augment import random_shift


def test_pictures_are_moved_each_by_its_own() -> None:
    pixels = torch.arange(36, dtype=torch.uint8).view(1, 6, 6, 1).expand(200, 6, 6, 2)
    moved = random_shift(pixels, torch.Generator().manual_seed(0), most=2)
    assert moved.dtype == torch.uint8 and moved.shape == pixels.shape
    assert torch.equal(moved[..., 0], moved[..., 1]), "channels move together"
    seen = set()
    for picture in moved[..., 0]:
        down, right = int(picture[2, 2]) // 6 - 2, int(picture[2, 2]) % 6 - 2
        rows = torch.arange(6).add(down).clamp(0, 5)
        columns = torch.arange(6).add(right).clamp(0, 5)
        assert torch.equal(picture, pixels[0, :, :, 0][rows][:, columns])
        seen.add((down, right))
    assert len(seen) == 25
