"""Memories: replaying many ticks at once does what single ticks do, and their gradients agree."""

from __future__ import annotations

import pytest
import torch

from mindloop.agent.config import PerceptionConfig
from mindloop.agent.memory import GRU, AbstractMemory, make_memory


def one_by_one(memory: AbstractMemory, seen: torch.Tensor, is_first: torch.Tensor) -> torch.Tensor:
    state, features = memory.initial(seen.shape[1]), []
    for now, begins in zip(seen, is_first, strict=True):
        state = torch.where(begins[:, None], memory.initial(len(begins)), state)
        feature, state = memory.step(now, state)
        features.append(feature)
    return torch.stack(features)


@pytest.mark.parametrize("name", ["gru", "transformer", "none"])
def test_a_replay_does_what_single_ticks_do(name: str) -> None:
    torch.manual_seed(0)
    memory = make_memory(name, 8, window=4)
    seen = torch.randn(11, 3, 8, requires_grad=True)
    is_first = torch.rand(11, 3) < 0.2
    weights = torch.randn(11, 3, 8)
    slow = one_by_one(memory, seen, is_first)
    fast = memory.replay(seen, memory.initial(3), is_first)
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-5)
    learned = [seen, *memory.parameters()]
    of_slow = torch.autograd.grad((slow * weights).sum(), learned)
    of_fast = torch.autograd.grad((fast * weights).sum(), learned)
    for a, b in zip(of_fast, of_slow, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_the_gradient_of_a_replay_also_reaches_the_memory_before_it() -> None:
    torch.manual_seed(1)
    memory = GRU(4).double()
    seen = torch.randn(3, 2, 4, dtype=torch.float64)
    never = torch.zeros(3, 2, dtype=torch.bool)
    before = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: memory.replay(seen, m, never), (before,))


@pytest.mark.parametrize(("name", "reaches"), [("gru", True), ("transformer", True),
                                               ("none", False)])
def test_what_was_seen_is_remembered_until_a_life_begins(name: str, reaches: bool) -> None:
    torch.manual_seed(2)
    memory = make_memory(name, 8, window=4)
    seen = torch.randn(3, 1, 8)
    other = seen.clone()
    other[0] += 1
    never, begins = torch.zeros(3, 1, dtype=torch.bool), torch.tensor([[0], [1], [0]]).bool()
    for is_first, differs in ((never, reaches), (begins, False)):
        a = memory.replay(seen, memory.initial(1), is_first)[1:]
        b = memory.replay(other, memory.initial(1), is_first)[1:]
        assert torch.equal(a, b) != differs


def test_a_window_forgets_what_is_older() -> None:
    torch.manual_seed(3)
    memory = make_memory("transformer", 8, window=2)
    seen = torch.randn(5, 1, 8)
    other = seen.clone()
    other[0] += 1
    never = torch.zeros(5, 1, dtype=torch.bool)
    a, b = (memory.replay(one, memory.initial(1), never) for one in (seen, other))
    assert not torch.equal(a[2], b[2]) and torch.equal(a[3:], b[3:])


def test_wrong_memories_are_named() -> None:
    with pytest.raises(ValueError, match="`memory` must be one of gru, transformer, none"):
        PerceptionConfig(memory="lstm")
    with pytest.raises(ValueError, match="`features` must be divisible by 4 for a transformer"):
        make_memory("transformer", 6, 4)
