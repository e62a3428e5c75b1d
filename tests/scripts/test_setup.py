"""The set-up of the virtual environment: it is remembered, and says what is missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Loads the module as the programs do, without the package, on a small tree of its own."""
    spec = importlib.util.spec_from_file_location("setup_venv", SCRIPTS / "setup_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "agent").mkdir()
    (tmp_path / ".venv").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "setup.cfg").write_text("[options]\ninstall_requires =\n    torch >=2.6,<2.14\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(module, "make_venv", lambda: Path(sys.executable))
    return module


@pytest.fixture
def installs(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Returns what pip was asked for, which is all that it does here."""
    asked: list[tuple[str, ...]] = []

    def pip(python: Path, *arguments: str) -> None:
        asked.append(arguments)

    monkeypatch.setattr(setup, "pip", pip)
    return asked


def test_torch_comes_first_and_the_second_time_is_free(
    setup: ModuleType, installs: list[tuple[str, ...]]
) -> None:
    setup.prepare(["test"])
    assert installs[1] == ("torch>=2.6,<2.14",)
    assert installs[-1][-1].endswith("[test]")
    assert "editable_mode=strict" in installs[-1]
    count = len(installs)
    setup.prepare(["test"])
    setup.prepare([])
    assert len(installs) == count


def test_another_extra_is_added_to_those_before(
    setup: ModuleType, installs: list[tuple[str, ...]]
) -> None:
    setup.prepare(["test"])
    setup.prepare(["bench"])
    assert installs[-1][-1].endswith("[bench,test]")


def test_a_new_file_needs_only_new_links(
    setup: ModuleType, installs: list[tuple[str, ...]], tmp_path: Path
) -> None:
    setup.prepare([])
    installs.clear()
    (tmp_path / "agent" / "new.py").write_text("")
    setup.prepare([])
    assert len(installs) == 1
    assert "--no-deps" in installs[0]


def test_a_changed_dependency_sets_up_again(
    setup: ModuleType, installs: list[tuple[str, ...]], tmp_path: Path
) -> None:
    setup.prepare([])
    installs.clear()
    (tmp_path / "setup.cfg").write_text("[options]\ninstall_requires =\n    torch >=2.7\n")
    setup.prepare([])
    assert installs[1] == ("torch>=2.7",)


def test_a_missing_venv_module_names_the_package(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(setup.SetupError, match=r"sudo apt install python3\.\d+-venv"):
        setup.check_python()


def test_a_failing_command_shows_its_end(setup: ModuleType) -> None:
    with pytest.raises(setup.SetupError, match=r"ended with 3[\s\S]*no room left[\s\S]*delete"):
        setup.run([sys.executable, "-c", "print('no room left'); raise SystemExit(3)"])


@pytest.mark.parametrize("program", ["test.py", "demo.py"])
def test_help_needs_nothing_installed(program: str) -> None:
    # -I -S: no site-packages, as on a machine with nothing but Python.
    code = f"import sys, runpy; sys.path.insert(0, {str(SCRIPTS)!r}); sys.argv[1:] = ['--help']; "
    code += f"runpy.run_path({str(SCRIPTS / program)!r}, run_name='__main__')"
    command: Sequence[str] = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"python3 scripts/{program}" in done.stdout
