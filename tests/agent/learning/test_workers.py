"""Workers: two learn as one would from both their lives, and a lost one is an error."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mindloop.agent.config import ImitationConfig, MindConfig, PerceptionConfig, PPOConfig
from mindloop.agent.config import TrainConfig as Config
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.learning.workers import Flat, Group, WorkerLost, free_address
from mindloop.agent.nets import linear
from mindloop.agent.scoring import Interval

SMALL = MindConfig(perception=PerceptionConfig(features=16, vector_width=16, image_width=32))
DRIVING = Config(
    env="mindloop/Driving-v0", settings={"preset": "calm", "width": 32, "height": 32},
    test_settings={"split": "test"}, steps=2 * 4 * 6 * 6, mind=SMALL, checkpoint_every=2,
    ppo=PPOConfig(ticks=6, lanes=4, epochs=2, minibatches=2), workers=2,
    imitation=ImitationConfig(share=0.5, minibatches=2, weight=0.1),
)  # fmt: skip


def together(work: Callable[..., None], *words: Any) -> list[Any]:
    """Runs work(rank, address, *words) in two new processes; returns them."""
    context = multiprocessing.get_context("spawn")
    address = free_address()
    both = [context.Process(target=work, args=(rank, address, *words)) for rank in (0, 1)]
    for one in both:
        one.start()
    return both


def joined(both: list[Any]) -> None:
    for one in both:
        one.join(120)
        assert one.exitcode == 0


def _sums(rank: int, address: str, folder: Path) -> None:
    group = Group(rank, 2, address)
    assert group.leads == (rank == 0)
    assert group.sum(torch.tensor([1.0 + rank])).tolist() == [3.0]
    assert group.mean(torch.tensor([1.0 + rank])).tolist() == [1.5]
    assert group.share(torch.tensor([7.0 if rank == 0 else -1.0])).tolist() == [7.0]
    group.wait(patiently=True)
    group.close()


@pytest.mark.slow
def test_two_agree(tmp_path: Path) -> None:
    joined(together(_sums, tmp_path))


def _lonely(rank: int, address: str, folder: Path) -> None:
    group = Group(rank, 2, address)
    group.wait()
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    started = time.monotonic()
    try:
        group.sum(torch.zeros(3))
    except WorkerLost as lost:
        spent = time.monotonic() - started
        (folder / "said").write_text(f"{spent:.0f} {lost}")
    group.close()


@pytest.mark.slow
def test_a_lost_worker_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    leader, other = together(_lonely, tmp_path)
    leader.join(90)
    other.join(10)
    assert leader.exitcode == 0 and other.exitcode == -signal.SIGKILL
    spent, _, said = (tmp_path / "said").read_text().partition(" ")
    assert int(spent) < 60 and "one was lost" in said and "--resume" in said


def test_alone_nothing_changes() -> None:
    group, tensor = Group(), torch.tensor([2.0])
    assert group.leads and group.sum(tensor) is tensor and group.mean(tensor) is tensor
    assert group.share(tensor) is tensor
    group.wait()
    group.close()


def test_a_flat_buffer_is_what_the_modules_see() -> None:
    torch.manual_seed(0)
    first = torch.nn.Conv2d(3, 4, 2)
    first.weight.data = first.weight.data.contiguous(memory_format=torch.channels_last)
    second = linear(4, 2)
    frozen = linear(2, 2)
    frozen.requires_grad_(False)
    before = [p.clone() for p in (*first.parameters(), *second.parameters())]
    flat = Flat((first, second, frozen))
    for p, was in zip((*first.parameters(), *second.parameters()), before, strict=True):
        assert torch.equal(p, was) and p.stride() == was.stride()
    assert len(flat.parameter) == sum(was.numel() for was in before)
    loss = second(first(torch.ones(1, 3, 2, 2)).flatten(1)).sum()
    loss.backward()
    assert float(flat.gradient.abs().sum()) > 0
    optimiser = torch.optim.SGD([flat.parameter], 0.1)
    optimiser.step()
    torch.testing.assert_close(second.bias, before[-1] - 0.1)
    flat.clip(1e-3)
    assert float(flat.gradient.norm()) <= 1.0001e-3
    flat.clip(1.0)
    assert float(flat.gradient.norm()) > 0.99e-3, "what is short enough is left"


def _train(rank: int, address: str, folder: Path, config: Config, cuts: tuple[int, ...]) -> None:
    """Trains, dropped as a crash would after each of these updates, and gone on with."""
    torch.set_num_threads(1)
    Trainer.evaluate = lambda self: {"total_reward": Interval(1, 1, 1)}  # type: ignore[method-assign]
    group = Group(rank, 2, address)
    for number, cut in enumerate((*cuts, 10**6)):

        def tell(progress: Any, cut: int = cut) -> None:
            if progress.update == cut:
                raise KeyboardInterrupt

        run = Trainer(config, folder, tell, resumes=number > 0, group=group)
        try:
            run.train()
        except KeyboardInterrupt:
            group.wait()
    torch.save(run.mind.state_dict(), folder / f"mind{rank}.pt")
    group.close()


@pytest.mark.slow
def test_two_workers_end_alike_interrupted_or_not(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    joined(together(_train, whole, DRIVING, ()))
    joined(together(_train, cut, DRIVING, (3,)))
    minds = [torch.load(folder / f"mind{rank}.pt") for folder in (whole, cut) for rank in (0, 1)]
    for name, value in minds[0].items():
        assert all(torch.equal(value, mind[name]) for mind in minds[1:]), name
