"""What a run's folder holds beside checkpoints and minds: its config, and its evaluations."""

from __future__ import annotations

import json
from pathlib import Path

from ..config import TrainConfig, from_dict, to_dict

CONFIG, EVALUATIONS = "config.json", "evaluations.jsonl"


def begin_run(config: TrainConfig, run: Path) -> None:
    """Makes a run's folder and writes its config.

    Raises:
      ValueError: the folder holds a run. OSError: it can't be written.
    """
    if (run / CONFIG).exists():
        raise ValueError(
            f"`run` must be a new folder; {run} holds a run. Add --resume to go on with it, "
            "or name another."
        )
    run.mkdir(parents=True, exist_ok=True)
    (run / CONFIG).write_text(json.dumps(to_dict(config), indent=1), encoding="utf-8")


def forget_evaluations(run: Path, steps: int) -> None:
    """Takes evaluations out that came after these steps: they will be made again."""
    file = run / EVALUATIONS
    if file.exists():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["steps"] <= steps]
        file.write_text("".join(kept), encoding="utf-8")


def read_config(run: Path) -> TrainConfig:
    """Returns the config that a run was begun with.

    Raises:
      ValueError: it is missing or damaged.
    """
    try:
        content = json.loads((run / CONFIG).read_text(encoding="utf-8"))
        return from_dict(TrainConfig, content)
    except (OSError, ValueError, TypeError) as problem:
        raise ValueError(
            f"`run` must hold a readable {CONFIG}; {run}: {problem}. Begin a new run."
        ) from problem
