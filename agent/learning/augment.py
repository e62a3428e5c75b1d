"""Changes of pictures that should change nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

MOST = 4  # [px] of 64, as DrQ and DrAC have it


def random_shift(pixels: Tensor, rng: torch.Generator, most: int = MOST) -> Tensor:
    """Returns pictures [N, H, W, C] each moved by up to `most` pixels along both axes, its edge
    repeated; drawn with `rng`.

    Source: Kostrikov 2021 (DrQ), Raileanu 2021 (DrAC).
    """
    count, height, width = pixels.shape[:3]
    moves = torch.randint(-most, most + 1, (2, count, 1), generator=rng)
    rows = (torch.arange(height) + moves[0]).clamp(0, height - 1)
    columns = (torch.arange(width) + moves[1]).clamp(0, width - 1)
    return pixels[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
