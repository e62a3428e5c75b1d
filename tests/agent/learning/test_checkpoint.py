"""Checkpoints survive crashes, damage and full disks, and say so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from mindloop.agent.learning import checkpoint
from mindloop.agent.learning.checkpoint import (
    load_latest,
    load_optimiser,
    optimiser_state,
)
from mindloop.agent.learning.workers import Group


def save(
    run: Path, update: int, groups: checkpoint.Groups, numbers: dict[str, object]
) -> None:
    checkpoint.save(run, update, groups, numbers, Group())


def newest(run: Path) -> int:
    found = load_latest(run)
    assert found is not None
    return found.update


def kept(value: float) -> dict[str, dict[str, torch.Tensor]]:
    return {"mind": {"w": torch.full((3,), value)}, "rng": {"state": torch.arange(4).byte()}}


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    save(tmp_path, 7, kept(1.5), {"steps": 12, "name": "x"})
    found = load_latest(tmp_path)
    assert found is not None
    assert found.update == 7 and found.numbers == {"steps": 12, "name": "x"}
    assert torch.equal(found.groups["mind"]["w"], torch.full((3,), 1.5))
    assert found.groups["rng"]["state"].dtype == torch.uint8 and not found.damaged


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for update in range(1, 7):
        save(tmp_path, update, kept(update), {})
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["00000004", "00000005", "00000006"]
    assert newest(tmp_path) == 6


@pytest.mark.parametrize("name", ["mind.safetensors", "numbers.json", "manifest.json"])
@pytest.mark.parametrize("how", ["cut", "gone", "changed"])
def test_a_damaged_one_is_passed_over_and_named(tmp_path: Path, name: str, how: str) -> None:
    save(tmp_path, 1, kept(1), {})
    save(tmp_path, 2, kept(2), {})
    file = tmp_path / "checkpoints" / "00000002" / name
    content = file.read_bytes()
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-3] if how == "cut" else b"x" + content[1:])
    found = load_latest(tmp_path)
    assert found is not None
    assert found.update == 1 and float(found.groups["mind"]["w"][0]) == 1.0
    assert len(found.damaged) == 1 and "00000002 is damaged" in found.damaged[0]


def test_a_crash_while_writing_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1, kept(1), {})

    def killed(*paths: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 2, kept(2), {})
    assert newest(tmp_path) == 1
    save(tmp_path, 2, kept(2), {})  # what the crash left is no hindrance
    assert newest(tmp_path) == 2


def test_a_full_disk_is_named_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1, kept(1), {})

    def full(*paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OSError, match=r"can't be written to .*No space left"):
        save(tmp_path, 2, kept(2), {})
    assert newest(tmp_path) == 1
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["00000001"]


def test_a_run_without_checkpoints_begins_and_one_with_damaged_ones_is_refused(
    tmp_path: Path,
) -> None:
    assert load_latest(tmp_path) is None
    save(tmp_path, 1, kept(1), {})
    (tmp_path / "checkpoints" / "00000001" / "manifest.json").unlink()
    with pytest.raises(ValueError, match=r"must hold a whole checkpoint; .*00000001 is damaged"):
        load_latest(tmp_path)


def test_an_optimiser_goes_on_as_if_nothing_had_happened() -> None:
    def made() -> tuple[torch.nn.Linear, torch.optim.Optimizer]:
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        return layer, torch.optim.AdamW(layer.parameters(), 0.1)

    def step(layer: torch.nn.Linear, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad()
        layer(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()

    layer, optimiser = made()
    step(layer, optimiser)
    other, again = made()
    other.load_state_dict(layer.state_dict())
    load_optimiser(again, optimiser_state(optimiser))
    for _ in range(3):
        step(layer, optimiser)
        step(other, again)
    assert torch.equal(layer.weight, other.weight)
