"""What README shows can be run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mindloop import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_its_python_runs(tmp_path: Path) -> None:
    said = ""
    for code in re.findall(r"```python\n(.*?)```", README, re.S):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        said += done.stdout
        assert len(code.strip().splitlines()) <= 13
    assert re.match(r"Interval\(mean=\d+", said)


def test_its_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 3
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_its_table_lists_every_program() -> None:
    rows = set(re.findall(r"^\| `(\w+)[ `]", README, re.M))
    assert set(cli.PROGRAMS) <= rows
