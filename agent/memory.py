"""What a mind carries from tick to tick: nothing, a GRU's state, or a window of past features."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .nets import linear

MEMORIES = ("gru", "transformer", "none")
HEADS = 4  # of the transformer's attention


class AbstractMemory(nn.Module, ABC):
    """What is seen now and the memory -> features and the memory."""

    @abstractmethod
    def initial(self, batch: int) -> Tensor:
        """Returns the memory of lives that have seen nothing, f32[B, M]."""

    @abstractmethod
    def step(self, seen: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features f32[B, F] and the memory f32[B, M], one tick later."""

    @abstractmethod
    def replay(self, seen: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns features f32[T, B, F] of T ticks in a row, for learning.

        Args:
          seen: f32[T, B, F].
          memory: f32[B, M], that before the first tick.
          is_first: bool[T, B]; memory begins anew there.
        """


def make_memory(name: str, features: int, window: int) -> AbstractMemory:
    """Returns the memory of this name, one of MEMORIES; `window` is the transformer's [ticks]."""
    if name == "gru":
        return GRU(features)
    if name == "transformer":
        return Window(features, window)
    return Forgetful()


class Forgetful(AbstractMemory):
    """No memory: features are what is seen now."""

    def initial(self, batch: int) -> Tensor:
        """Returns f32[B, 0]."""
        return torch.zeros(batch, 0)

    def step(self, seen: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns both as they were."""
        return seen, memory

    def replay(self, seen: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns what is seen."""
        return seen


# ---------------------------------------------------------------------------------------- GRU


class GRU(AbstractMemory):
    """A gated recurrent unit beside a direct way from what is seen now to the features.

    Source: Cho 2014. Gates' weights begin orthogonal.
    """

    def __init__(self, features: int) -> None:
        """Makes a unit as wide as the features."""
        super().__init__()
        self.features = features
        self.cell = nn.GRUCell(features, features)
        for weights in (self.cell.weight_ih, self.cell.weight_hh):
            for gate in weights.chunk(3):
                nn.init.orthogonal_(gate)
        nn.init.zeros_(self.cell.bias_ih)
        nn.init.zeros_(self.cell.bias_hh)

    def initial(self, batch: int) -> Tensor:
        """Returns f32[B, F] zeros."""
        return torch.zeros(batch, self.features)

    def step(self, seen: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features and the unit's state, which is all that it remembers."""
        memory = self.cell(seen, memory)
        return seen + memory, memory

    def replay(self, seen: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns features; one product for all inputs, then one small product a tick."""
        inward = functional.linear(seen, self.cell.weight_ih, self.cell.bias_ih)
        keep = (~is_first).to(memory.dtype)[..., None]
        own = self.cell.weight_hh, self.cell.bias_hh
        states: Tensor = _Unroll.apply(inward, memory, keep, *own)  # type: ignore[no-untyped-call]
        return seen + states


class _Unroll(torch.autograd.Function):
    """A GRU's T steps as one operation with its own gradient.

    Autograd's graph of single steps costs three times as much: it forms the gradient of the
    weights T times, where one product of all ticks does (Appleyard 2016).
    """

    @staticmethod
    def forward(
        ctx: Any, inward: Tensor, memory: Tensor, keep: Tensor, weight: Tensor, bias: Tensor
    ) -> Tensor:
        """Returns states f32[T, B, F]; inward f32[T, B, 3F], keep f32[T, B, 1]."""
        ticks, batch, width = *inward.shape[:2], memory.shape[1]
        before, gates = inward.new_empty(ticks, batch, width), torch.empty_like(inward)
        owns, states = torch.empty_like(before), torch.empty_like(before)
        inner = weight.t()
        for t in range(ticks):
            torch.mul(memory, keep[t], out=before[t])
            own = torch.addmm(bias, before[t], inner)
            owns[t] = own[:, 2 * width :]
            both, new = gates[t, :, : 2 * width], gates[t, :, 2 * width :]
            torch.add(inward[t, :, : 2 * width], own[:, : 2 * width], out=both).sigmoid_()
            torch.addcmul(inward[t, :, 2 * width :], both[:, :width], owns[t], out=new).tanh_()
            memory = torch.lerp(new, before[t], both[:, width:], out=states[t])
        ctx.save_for_backward(before, gates, owns, keep, weight)
        return states

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor, Tensor, None, Tensor, Tensor]:
        """Returns the gradients of inward, memory, weight and bias."""
        before, gates, owns, keep, weight = ctx.saved_tensors
        ticks, _, width = before.shape
        reset, update, new = gates.split(width, dim=-1)
        # of a state before the gates' squashing, but for the state's own gradient
        of_new = (1 - update) * (1 - new.square())
        of_update = (before - new) * update * (1 - update)
        of_reset = owns * reset * (1 - reset)
        inward, own = torch.empty_like(gates), torch.empty_like(gates)
        carried = torch.zeros_like(before[0])
        for t in range(ticks - 1, -1, -1):
            state = above[0][t] + carried
            row = inward[t]
            torch.mul(state, of_new[t], out=row[:, 2 * width :])
            torch.mul(state, of_update[t], out=row[:, width : 2 * width])
            torch.mul(row[:, 2 * width :], of_reset[t], out=row[:, :width])
            own[t] = row
            own[t, :, 2 * width :] *= reset[t]
            carried = torch.addcmul(own[t] @ weight, state, update[t]).mul_(keep[t])
        flat = own.flatten(0, 1)
        return inward, carried, None, flat.t() @ before.flatten(0, 1), flat.sum(0)


# -------------------------------------------------------------------------------- transformer


class Window(AbstractMemory):
    """Attention from now over what was seen in the last W ticks, and a layer behind it.

    The memory f32[B, W·(F + 1)] holds those features, the newest last, and whether each is there.
    Places are relative: a learned bias for each age and head (Press 2022 has it fixed).
    """

    def __init__(self, features: int, window: int) -> None:
        """Makes one attention layer with HEADS heads.

        Raises:
          ValueError: the width can't be split into the heads.
        """
        super().__init__()
        if features % HEADS:
            raise ValueError(
                f"`features` must be divisible by {HEADS} for a transformer; got {features}. "
                "Choose another width."
            )
        self.features, self.window = features, window
        self.query = linear(features, features)
        self.key = linear(features, features)
        self.value = linear(features, features)
        self.ages = nn.Parameter(torch.zeros(HEADS, window + 1))
        self.dense = linear(features, features, math.sqrt(2))
        self.norm = nn.LayerNorm(features)

    def initial(self, batch: int) -> Tensor:
        """Returns f32[B, W·(F + 1)] zeros: nothing is there."""
        return torch.zeros(batch, self.window * (self.features + 1))

    def step(self, seen: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features and the window moved on by one tick."""
        is_first = torch.zeros(1, len(seen), dtype=torch.bool)
        features = self.replay(seen[None], memory, is_first)[0]
        past, there = self._read(memory)
        past = torch.cat((past[:, 1:], seen[:, None]), dim=1)
        there = torch.cat((there[:, 1:], torch.ones_like(there[:, :1])), dim=1)
        return features, torch.cat((past.flatten(1), there), dim=1)

    def replay(self, seen: Tensor, memory: Tensor, is_first: Tensor) -> Tensor:
        """Returns features; each tick attends to the W before it in the same episode."""
        ticks, batch, width = seen.shape
        past, there = self._read(memory)
        tokens = torch.cat((past, seen.transpose(0, 1)), dim=1)  # [B, W + T, F]
        query = self._split(self.query(seen.transpose(0, 1)))
        scores = query @ self._split(self.key(tokens)).transpose(-1, -2) / math.sqrt(width / HEADS)
        where = seen.device
        places = torch.arange(self.window + ticks, device=where)
        age = torch.arange(ticks, device=where)[:, None] + self.window - places
        scores = scores + self.ages[:, age.clamp(0, self.window)]
        episode = is_first.long().cumsum(0).t()  # [B, T]
        of_token = torch.cat((episode.new_zeros(batch, self.window), episode), dim=1)
        is_there = torch.cat((there > 0, there.new_ones(batch, ticks, dtype=torch.bool)), dim=1)
        is_there = is_there[:, None] & (episode[:, :, None] == of_token[:, None])
        is_there = is_there & (age >= 0) & (age <= self.window)
        weights = scores.masked_fill(~is_there[:, None], -torch.inf).softmax(-1)
        recalled = (weights @ self._split(self.value(tokens))).transpose(1, 2).flatten(2)
        recalled = functional.relu(self.norm(self.dense(recalled)))
        return seen + recalled.transpose(0, 1)

    def _read(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the past f32[B, W, F] and whether it is there f32[B, W]."""
        past, there = torch.split(memory, [self.window * self.features, self.window], dim=1)
        return past.view(len(memory), self.window, self.features), there

    def _split(self, tokens: Tensor) -> Tensor:
        """Returns f32[B, HEADS, N, F / HEADS]."""
        return tokens.view(*tokens.shape[:-1], HEADS, -1).transpose(1, 2)
