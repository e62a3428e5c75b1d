"""Images are cleaned, balanced and split as said; no split knows of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mindloop.agent.learning.folder import read_folder
from mindloop.agent.learning.samples import Samples, balance, check, clean, resized, split

SHARES = {"train": 0.7, "dev": 0.15, "test": 0.15}


def made(labels: list[int], lives: list[str] | None = None) -> Samples:
    """Returns images that all differ."""
    images = np.zeros((len(labels), 4, 4, 3), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = divmod(np.arange(len(labels)), 256)
    names = tuple(f"image {k}" for k in range(len(labels)))
    return Samples(images, np.array(labels), ("a", "b"), names, tuple(lives or names))


def test_what_is_dropped_is_named_with_the_reason() -> None:
    images = [np.full((4, 4, 3), value, np.uint8) for value in (0, 1, 0, 2, 2, 3)]
    images[5] = images[5][:3]
    found = Samples(images, np.array([0, 0, 0, 0, 1, 1]), ("a", "b"), tuple("uvwxyz"),
                    tuple("uvwxyz"))
    kept, dropped = clean(found)
    assert kept.names == ("u", "v") and kept.pixels.shape == (2, 4, 4, 3)
    assert dropped == {
        "odd size": ["z"], "duplicate": ["w"], "same image in two classes": ["x", "y"],
    }  # fmt: skip


def test_an_image_is_made_smaller_by_area() -> None:
    image = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    assert resized(image, 2, 2)[:, :, 0].tolist() == [[2, 4], [10, 12]]  # 2.5, 4.5 round to even
    assert resized(image, 4, 4) is image


def test_the_largest_class_is_cut_to_a_multiple_of_the_next() -> None:
    found = made([0] * 50 + [1] * 10)
    kept, cut = balance(found, 2.0, seed=3)
    assert kept.counts == {"a": 20, "b": 10} and cut == 30
    assert balance(found, 2.0, seed=3)[0].names == kept.names
    assert balance(found, 2.0, seed=4)[0].names != kept.names
    assert balance(found, 0, seed=3) == (found, 0)
    assert balance(found, 5.0, seed=3)[1] == 0
    with pytest.raises(ValueError, match=r"`balance` must be 0 or at least 1; got 0.5"):
        balance(found, 0.5, seed=3)


def test_a_split_has_its_share_of_each_class_and_is_fixed_by_the_seed() -> None:
    found = made([0] * 100 + [1] * 40)
    parts = split(found, SHARES, seed=1)
    assert {name: one.counts for name, one in parts.items()} == {
        "train": {"a": 70, "b": 28}, "dev": {"a": 15, "b": 6}, "test": {"a": 15, "b": 6},
    }  # fmt: skip
    every = [name for one in parts.values() for name in one.names]
    assert sorted(every) == sorted(found.names)
    assert split(found, SHARES, seed=1)["test"].names == parts["test"].names
    assert split(found, SHARES, seed=2)["test"].names != parts["test"].names


def test_no_life_straddles_two_splits() -> None:
    rng = np.random.default_rng(0)
    lives = [f"life {k // 20}" for k in range(1000)]
    found = made(rng.choice(2, 1000, p=(0.9, 0.1)).tolist(), lives)
    parts = split(found, SHARES, seed=0)
    own = [set(one.lives) for one in parts.values()]
    assert sum(map(len, own)) == 50 == len(set.union(*own))
    for name, one in parts.items():
        for kind, count in one.counts.items():
            assert abs(count / found.counts[kind] - SHARES[name]) < 0.08


def test_a_class_of_two_lives_cannot_be_split() -> None:
    lives = [f"life {k // 20}" for k in range(200)]
    with pytest.raises(ValueError, match=r"`b` must occur in at least 3 lives.*test has none"):
        split(made([1] * 40 + [0] * 160, lives), SHARES, seed=0)


def test_too_few_classes_or_images_are_named() -> None:
    with pytest.raises(ValueError, match=r"`x` must have at least 10 usable .*; got b 9\."):
        check(made([0] * 10 + [1] * 9), "x")
    with pytest.raises(ValueError, match=r"`x` must have at least 2 classes; got a\."):
        check(replace(made([0] * 20), classes=("a",)), "x")
    check(made([0] * 10 + [1] * 10), "x")


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have one sub-folder of images for each class"):
        read_folder(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match=r"must hold images \(.png"):
        read_folder(tmp_path)
    (tmp_path / "a" / "no.png").write_text("no image")
    found, unreadable = read_folder(tmp_path)
    assert unreadable == ["a/no.png"] and len(found) == 0
    assert len(clean(found)[0]) == 0
