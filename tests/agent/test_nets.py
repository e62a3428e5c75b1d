"""Running scales, words, and what words do to pictures."""

from __future__ import annotations

import math
from typing import cast

import pytest
import torch

from mindloop.agent.nets import ImageEncoder, RunningNorm, WordsEncoder


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


# ---------------------------------------------------------------------------- words and pictures


def _texts(*rows: tuple[int, ...]) -> torch.Tensor:
    return torch.tensor([row + (0,) * (12 - len(row)) for row in rows])


def test_words_are_encoded_row_by_row_and_padding_says_nothing() -> None:
    torch.manual_seed(0)
    encoder = WordsEncoder(12, 9, 16)
    torch.nn.init.normal_(encoder.places)
    texts = _texts((1, 2, 3), (1, 3, 2), (), (1, 2, 3), (8,), (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4))
    whole = encoder(texts)
    torch.testing.assert_close(whole[0], whole[3], rtol=0, atol=0)
    assert (whole[0] - whole[1]).abs().max() > 0.01, "the order of words counts"
    for row, text in zip(whole, texts, strict=True):  # alone the text is cut to its own length
        torch.testing.assert_close(row, encoder(text[None])[0], rtol=1e-5, atol=1e-5)


def test_a_colour_belongs_to_its_thing() -> None:
    torch.manual_seed(0)
    encoder = WordsEncoder(12, 9, 16)  # places are zero still: neighbours alone can tell
    red_ball_blue_box, blue_ball_red_box = _texts((1, 2, 7, 7, 3, 4), (3, 2, 7, 7, 1, 4))
    codes = encoder(torch.stack((red_ball_blue_box, blue_ball_red_box)))
    assert (codes[0] - codes[1]).abs().max() > 0.01


@pytest.mark.parametrize("backbone", ["default", "fine", "nature", "impala"])
def test_words_say_what_to_look_for(backbone: str) -> None:
    torch.manual_seed(0)
    plain = ImageEncoder((64, 64, 3), backbone, 32)
    told = ImageEncoder((64, 64, 3), backbone, 32, words=16)
    missing, extra = told.load_state_dict(plain.state_dict(), strict=False)
    assert not extra and all(name.startswith("film.") for name in missing)
    pictures = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8)
    words = torch.randn(3, 16, requires_grad=True)
    begins = told(pictures, words)
    torch.testing.assert_close(begins, plain(pictures), rtol=1e-5, atol=1e-5)
    assert told.film is not None
    for modulation in told.film.modulations:
        torch.nn.init.normal_(cast(torch.nn.Linear, modulation).weight, std=0.3)
    changed = told(pictures, words)
    assert (changed - begins).abs().max() > 0.01
    changed.sum().backward()
    assert words.grad is not None and float(words.grad.abs().sum()) > 0
