"""The command finds its programs, and shows a user's mistakes as messages."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from mindloop import __version__, cli
from mindloop.errors import UserError, nearest


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Returns exit code, output and errors of the command."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_program(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, *words)
    assert code == 0
    assert all(re.search(rf"^  {name} ", out, re.M) for name in cli.PROGRAMS)


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--version")
    assert (code, out) == (0, f"mindloop {__version__}\n")


def test_an_unknown_program_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "evalute")
    assert code == 2
    assert re.search(r"no program `evalute`. Did you mean `evaluate`\? Known: run, evaluate", err)


@pytest.mark.parametrize("name", cli.PROGRAMS)
def test_every_program_has_options_and_main(name: str) -> None:
    module = importlib.import_module(f"mindloop.{name}")
    assert is_dataclass(module.Options)
    assert callable(module.main)
    assert module.__doc__


def test_a_mistake_is_a_message_and_ctrl_c_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors: dict[str, BaseException] = {"2": UserError("mend it"), "130": KeyboardInterrupt()}
    for code, error in errors.items():
        def fail(words: object, error: BaseException = error) -> int:
            raise error

        monkeypatch.setattr(cli, "_run", fail)
        ended, _, err = call(capsys, "run")
        assert str(ended) == code
        assert err.startswith("mindloop: ")


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(words: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "_run", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["run"])


def test_nearest_is_silent_where_nothing_is_near() -> None:
    assert nearest("xyz", ["calm", "default"]) == "Known: calm, default."
    assert nearest("clam", ["calm", "default"]).startswith("Did you mean `calm`?")


def test_the_current_folder_is_appended(tmp_path: Path) -> None:
    code = "import sys; from mindloop import cli\ntry: cli.main(['--version'])\n"
    code += "except SystemExit: pass\n"
    code += "import os; print(sys.path[-1] == os.getcwd())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("True\n")


def test_importing_is_light() -> None:
    code = "import sys, mindloop; print({'torch', 'numba', 'pygame'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
