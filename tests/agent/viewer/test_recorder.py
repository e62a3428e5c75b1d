"""A record comes back bit for bit; a crash costs at most the last chunk; damage is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mindloop.agent.types import (
    ActionKind,
    ActionSpec,
    Affect,
    Decision,
    Episode,
    Judgement,
    Observation,
    Outcome,
    Percept,
    Tick,
    Trace,
    Truth,
    to_numpy,
)
from mindloop.agent.viewer.record import load
from mindloop.agent.viewer.recorder import Recorder

HEADER = {"env": "mindloop/Driving-v0", "kwargs": {"preset": "calm"}, "seed": 7}
ODD = np.array([0.0, -0.0, np.nan, np.inf, 1e-45, np.pi], np.float32)
NO_LANES = torch.zeros(0, dtype=torch.int64)


def arrays(t: int) -> dict[str, Any]:
    """Makes one tick of arrays of many kinds."""
    rng = np.random.default_rng(t)
    return {"observation.camera": rng.integers(0, 255, (1, 16, 16, 3), np.uint8),
            "odd": np.roll(ODD, t), "known": rng.random(5) > 0.5, "reward": np.float64(t / 3),
            "nothing": np.zeros((0, 7), np.float32), "driver": np.array("expert" * (t % 2), "U9")}


def test_arrays_come_back_bit_for_bit(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a" / "drive.npz", HEADER, chunk_ticks=4) as recorder:
        for t in range(11):
            recorder.append(arrays(t), {"event": np.arange(t % 3) + 10 * t})
            if t == 5:
                recorder.episode({"seed": 7, "score": {"success": np.float32(1.0)}})
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["drive.json", "drive.npz"]
    for name in ("drive", "drive.npz", "drive.json"):
        record = load(tmp_path / "a" / name)
        assert len(record) == 11 and record.is_complete and record.header == HEADER
        for key, first in arrays(0).items():
            wanted = np.stack([arrays(t)[key] for t in range(11)])
            assert record[key].dtype == np.asarray(first).dtype
            assert record[key].shape == wanted.shape
            assert record[key].tobytes() == wanted.tobytes()
        assert record.rows("event", 5).tolist() == [50, 51]
        assert record.rows("event", 3).tolist() == []
        assert record.episodes == [{"last_tick": 5, "seed": 7, "score": {"success": 1.0}}]
    plain = np.load(tmp_path / "a" / "drive.npz", allow_pickle=False)
    assert plain["observation.camera"].shape == (11, 1, 16, 16, 3)


def test_a_borrowed_buffer_is_copied(tmp_path: Path) -> None:
    buffer = np.zeros(3)
    with Recorder(tmp_path / "r", HEADER) as recorder:
        for t in range(3):
            buffer[:] = t
            recorder.append({"x": buffer})
    assert load(tmp_path / "r")["x"][:, 0].tolist() == [0, 1, 2]


def tick(t: int, has_ended: bool) -> Tick:
    """Makes a tick of a mind that lives in one lane."""
    actions = ActionSpec(ActionKind.DISCRETE, (3,))
    torch.manual_seed(t)

    def seen(count: int) -> Observation:
        return Observation({"camera": torch.randint(0, 255, (count, 8, 8, 3), dtype=torch.uint8)},
                           torch.zeros(count, dtype=torch.bool),
                           torch.ones(count, 3, dtype=torch.bool))

    one, ended = torch.randn(1), torch.tensor([has_ended])
    outcome = Outcome(one, ended, ~ended & False, torch.zeros(1, dtype=torch.int64)
                      if has_ended else NO_LANES, seen(1) if has_ended else None)
    trace = Trace(
        seen(1), outcome, Percept(torch.randn(1, 4), torch.randn(1, 2), torch.rand(1, 2),
                                  torch.randn(1, 4, 7), torch.randn(1, 2, 2), one,
                                  torch.randn(1, 1, 5), one, one, torch.randn(1, 6)),
        Affect.neutral(1), Judgement.unreasoned(actions, 1),
        Decision(torch.ones(1, 1), torch.ones(1, 1), one, one, torch.randn(1, 3),
                 torch.zeros(1, 0), torch.ones(1, 3, dtype=torch.bool)), one, one)
    truth = Truth(np.zeros((1, 2), np.float32), np.ones((1, 2), np.bool_),
                  np.zeros((1, 4, 7), np.float32), np.zeros((1, 2, 2), np.float32))
    episodes = (Episode(0, 7, 0, 1.5, t + 1, True, False, "route", {"success": 1.0}),)
    return Tick(t, "mind", trace, truth, np.array([1]), np.array([0.5]), np.array([has_ended]),
                np.array([False]), {"progress": np.ones(1, np.float32)}, np.zeros(1, np.float32),
                {}, episodes if has_ended else ())


def test_every_note_of_a_mind_comes_back(tmp_path: Path) -> None:
    with Recorder(tmp_path / "r", HEADER, chunk_ticks=2) as recorder:
        for t in range(5):
            recorder.tick(tick(t, has_ended=t == 3))
    record = load(tmp_path / "r")
    for t in range(5):
        wanted, found = tick(t, t == 3).trace, record.trace(t)
        assert wanted is not None
        before, after = to_numpy(wanted), to_numpy(found)
        assert before.keys() == after.keys()
        for name, value in before.items():
            assert value.dtype == after[name].dtype and value.tobytes() == after[name].tobytes()
        assert (found.outcome.final is not None) == (t == 3)
    assert record.episodes[0]["last_tick"] == 3 and record.episodes[0]["score"] == {"success": 1}
    assert record["driver"].tolist() == ["mind"] * 5
    assert record["reward_terms.progress"].shape == (5, 1)
    with pytest.raises(ValueError, match="`tick` must be between 0 and 4; got 5"):
        record.trace(5)


def test_without_a_mind_the_observation_is_kept_and_no_notes(tmp_path: Path) -> None:
    from dataclasses import replace
    with Recorder(tmp_path / "r", HEADER) as recorder:
        recorder.tick(replace(tick(0, False), trace=None), {"camera": np.ones((1, 2, 2, 3))})
    record = load(tmp_path / "r")
    assert record["observation.camera"].shape == (1, 1, 2, 2, 3)
    with pytest.raises(ValueError, match="none was watching"):
        record.trace(0)


CRASH = """
import os, sys, numpy as np
sys.path.insert(0, {folder!r})
from test_recorder import HEADER, arrays
from mindloop.agent.viewer.recorder import Recorder
recorder = Recorder({path!r}, HEADER, chunk_ticks=4)
for t in range(11):
    recorder.append(arrays(t))
    if t == 2:
        recorder.episode({{"seed": 7}})
os._exit(9)
"""


@pytest.mark.slow
def test_a_crash_leaves_all_but_the_last_chunk(tmp_path: Path) -> None:
    path = tmp_path / "r"
    code = CRASH.format(folder=str(Path(__file__).parent), path=str(path))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    record = load(path)
    assert not record.is_complete and len(record) == 8 and record.header == HEADER
    assert record["reward"].tolist() == [t / 3 for t in range(8)]
    assert record.episodes == [{"last_tick": 2, "seed": 7}]
    chunk = tmp_path / "r.part" / "chunk-000001.npz"
    chunk.write_bytes(chunk.read_bytes()[:300])
    assert len(load(path)) == 4
    with pytest.raises(ValueError, match=r"`path` must be new; .*r\.part exists"):
        Recorder(path, HEADER)


def test_an_error_in_the_run_still_closes_the_record(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Recorder(tmp_path / "r", HEADER) as recorder:
        recorder.append(arrays(0))
        raise ZeroDivisionError
    assert len(load(tmp_path / "r")) == 1


def test_mistakes_are_named(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r", HEADER)
    recorder.append({"x": np.zeros(2)})
    with pytest.raises(ValueError, match=r"keep its type and shape .*got .*\(3,\)"):
        recorder.append({"x": np.zeros(3)})
    with pytest.raises(ValueError, match=r"same names at every tick; \['x', 'y'\]"):
        recorder.append({"y": np.zeros(2)})
    with pytest.raises(ValueError, match="Python objects"):
        recorder.append({"x": np.array([{}])})
    recorder.close()
    recorder.close()
    with pytest.raises(RuntimeError, match="is closed"):
        recorder.append({"x": np.zeros(2)})
    with pytest.raises(ValueError, match="must be new"):
        Recorder(tmp_path / "r.json", HEADER)
    with pytest.raises(ValueError, match="must hold plain values"):
        Recorder(tmp_path / "s", {"env": object()})
    assert not (tmp_path / "s.part").exists()
    with pytest.raises(KeyError, match="must be one of"):
        load(tmp_path / "r")["z"]


def written(folder: Path) -> Path:
    """Writes a small record."""
    with Recorder(folder / "r", HEADER) as recorder:
        for t in range(3):
            recorder.append(arrays(t))
    return folder / "r"


def test_foreign_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    npz, manifest = tmp_path / "r.npz", tmp_path / "r.json"
    whole, content = npz.read_bytes(), json.loads(manifest.read_text())
    with pytest.raises(ValueError, match=r"there is no .*other\.json"):
        load(tmp_path / "other")
    npz.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"r\.npz must be an undamaged record"):
        load(path)
    place = whole.index(b"observation.camera") + 400
    npz.write_bytes(whole[:place] + bytes(8) + whole[place + 8:])
    with pytest.raises(ValueError, match=r"undamaged record; .*observation\.camera"):
        load(path)["observation.camera"]
    npz.write_bytes(whole)
    manifest.write_text(json.dumps({**content, "arrays": {"x": {"dtype": "<f4", "shape": [3]}}}))
    with pytest.raises(ValueError, match="undamaged record"):
        load(path)
    manifest.write_text(json.dumps({**content, "version": 99}))
    with pytest.raises(ValueError, match="must be of version 1; got 99"):
        load(path)
    manifest.write_text('{"env": "CartPole-v1"}')
    with pytest.raises(ValueError, match="it is something else"):
        load(path)
    manifest.write_text("no json")
    with pytest.raises(ValueError, match="can't be read as JSON"):
        load(path)
    manifest.unlink()
    with pytest.raises(ValueError, match=r"r\.json must be beside r\.npz; it is missing"):
        load(path)
    manifest.write_text(json.dumps(content))
    npz.unlink()
    with pytest.raises(ValueError, match=r"r\.npz must be beside r\.json; it is missing"):
        load(path)


def test_an_empty_record_is_a_record(tmp_path: Path) -> None:
    Recorder(tmp_path / "r.v2", HEADER).close()
    assert (tmp_path / "r.v2.npz").exists()
    assert len(load(tmp_path / "r.v2")) == 0
