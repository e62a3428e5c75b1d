"""Which text encoder composes? Attention pooling, as minds have it, beside a GRU and a mean.

    python docs/studies/words/compare.py    # some minutes; writes compare.json beside it

Six things lie there, each a kind and a colour; a sentence means one of them, or, of "put A next
to B", two. The encoding of the sentence, FiLM-like, scales and shifts a code of each thing, and a
small network says whether it is A, and whether it is B. Trained on the combinations of colour and
kind that usual missions name; tested on them and on those that they never do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mindloop.agent.nets import WordsEncoder, linear
from mindloop.envs.robot.mission import NAMES, VOCABULARY, encode
from mindloop.envs.robot.params import WORDS
from mindloop.envs.robot.setting import HELD_OUT

KINDS = ("key", "ball", "box")
THINGS, WIDTH, STEPS, BATCH, SEEDS = 6, 64, 2000, 128, 5
UNSEEN = {(kind, int(HELD_OUT[kind + 1])) for kind in range(3)}
PHRASES = ("go to the {a}", "pick up the {a}", "put the {a} next to the {b}")


class Gru(nn.Module):
    """i64[N, L] -> f32[N, WIDTH], the last state of a GRU."""

    def __init__(self, length: int, vocabulary: int, width: int) -> None:
        """Makes embeddings and a unit."""
        super().__init__()
        self.words = nn.Embedding(vocabulary, width, padding_idx=0)
        self.unit = nn.GRU(width, width, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns the state after each text's last word."""
        states, _ = self.unit(self.words(tokens))
        last = (tokens != 0).sum(-1).clamp(min=1) - 1
        found: Tensor = states[torch.arange(len(tokens)), last]
        return found


class Mean(nn.Module):
    """i64[N, L] -> f32[N, WIDTH], the mean of the words."""

    def __init__(self, length: int, vocabulary: int, width: int) -> None:
        """Makes embeddings."""
        super().__init__()
        self.words = nn.Embedding(vocabulary, width, padding_idx=0)
        self.dense = linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns the mean, through a layer."""
        mean = self.words(tokens).sum(1) / (tokens != 0).sum(-1, keepdim=True).clamp(min=1)
        return functional.relu(self.dense(mean))


class Finder(nn.Module):
    """Says for each thing whether it is the first that a text means, and whether the second."""

    def __init__(self, encoder: nn.Module) -> None:
        """Takes an encoder of texts."""
        super().__init__()
        self.encoder = encoder
        self.kind, self.colour = nn.Embedding(3, WIDTH), nn.Embedding(len(NAMES), WIDTH)
        self.look = nn.Sequential(linear(2 * WIDTH, WIDTH), nn.ReLU())
        self.films = nn.ModuleList(linear(WIDTH, 2 * WIDTH, 0.1) for _ in range(2))
        self.between, self.out = linear(WIDTH, WIDTH), linear(WIDTH, 2)

    def forward(self, tokens: Tensor, things: Tensor) -> Tensor:
        """Returns logits f32[N, THINGS, 2] of i64[N, THINGS, 2] kinds and colours."""
        words = self.encoder(tokens)[:, None]
        x = torch.cat((self.kind(things[..., 0]), self.colour(things[..., 1])), -1)
        for layer, film in zip((self.look, self.between), self.films, strict=True):
            scale, shift = film(words).chunk(2, -1)
            x = functional.relu(layer(x) * (1 + scale) + shift)
        found: Tensor = self.out(x)
        return found


def draw(count: int, unseen: bool, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Returns texts, things and what is meant i64[N, 2] (-1: nothing); unseen: A is a combination
    that training never names."""
    texts, things, meant = [], [], []
    while len(texts) < count:
        found = [(int(rng.integers(3)), int(rng.integers(len(NAMES)))) for _ in range(THINGS)]
        if unseen:
            found[0] = sorted(UNSEEN)[rng.integers(len(UNSEEN))]
        named = [k for k, thing in enumerate(found)
                 if found.count(thing) == 1 and ((thing in UNSEEN) == unseen)]
        phrase = PHRASES[rng.integers(len(PHRASES))]
        others = [k for k, thing in enumerate(found) if found.count(thing) == 1
                  and thing not in UNSEEN]
        if not named:
            continue
        a = int(rng.choice(named))
        others = [k for k in others if k != a]
        if not others:
            continue
        b = int(rng.choice(others))
        said = [f"{NAMES[found[k][1]]} {KINDS[found[k][0]]}" for k in (a, b)]
        texts.append(encode(phrase.format(a=said[0], b=said[1])))
        things.append(found)
        meant.append((a, b if "{b}" in phrase else -1))
    tokens = torch.tensor(np.array(texts), dtype=torch.int64)
    return tokens, torch.tensor(things), torch.tensor(meant)


def right(model: Finder, sample: tuple[Tensor, Tensor, Tensor]) -> float:
    """Returns the part of texts of which all that they mean is found [%]."""
    texts, things, meant = sample
    with torch.no_grad():
        best = model(texts, things).argmax(1)
    return 100 * float(((best == meant) | (meant < 0)).all(-1).float().mean())


def train(make: Callable[[int, int, int], nn.Module], seed: int) -> dict[str, float]:
    """Returns what a model finds after training, seen and unseen combinations."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Finder(make(WORDS, len(VOCABULARY), WIDTH))
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    whole = draw(20_000, False, rng)
    for _ in range(STEPS):
        rows = torch.from_numpy(rng.integers(len(whole[0]), size=BATCH))
        texts, things, meant = (part[rows] for part in whole)
        logits = model(texts, things)
        loss = functional.cross_entropy(logits.transpose(1, 2).flatten(0, 1),
                                        meant.flatten(), ignore_index=-1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: right(model, draw(2000, unseen, rng))
            for name, unseen in (("seen", False), ("unseen", True))}


if __name__ == "__main__":
    torch.set_num_threads(1)
    table = {}
    for name, make in (("attention", WordsEncoder), ("gru", Gru), ("mean", Mean)):
        rows = [train(make, seed) for seed in range(SEEDS)]
        table[name] = {case: [round(row[case], 1) for row in rows] for case in ("seen", "unseen")}
        print(name, {case: f"{np.mean(v):.1f} ({min(v)} to {max(v)})"
                     for case, v in table[name].items()}, flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, indent=1))
