"""Makes the repository's own virtual environment and installs mindloop into it.

Standard library only: it runs before anything is installed, and so imports nothing of mindloop.
`demo.py` and `test.py` share it. A second call is quick: what was installed is remembered by a
hash of everything that decides it, and files that were added need only a new set of links.
"""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "mindloop_setup.json"
BUILD_TOOLS = ("setuptools>=77", "wheel")
FOLDERS = ("agent", "envs", "scripts")  # what the package is made of
SHOWN = ("Collecting", "Downloading", "Installing", "Building", "Successfully")


class SetupError(Exception):
    """Says what is missing and how to mend it; the programs print it and exit with 2."""


def prepare(extras: Sequence[str]) -> Path:
    """Returns the Python of a virtual environment in which mindloop and `extras` are installed.

    Raises:
      SetupError: Python is too old, cannot make virtual environments, or pip failed.
    """
    check_python()
    python = make_venv()
    before, dependencies, tree = read_stamp(), dependency_hash(), tree_hash()
    same = before.get("dependencies") == dependencies
    installed = set(before.get("extras", "").split()) if same else set()
    if same and set(extras) <= installed and before.get("tree") == tree:
        return python
    every = sorted(installed | set(extras))
    started = time.monotonic()
    if same and set(extras) <= installed:
        say("Files were added or taken away: renewing the links.")
        install_mindloop(python, "[]", "--no-deps")
    else:
        say("Setting up (once; some minutes, mostly torch, which is the largest part).")
        say("[1/3] build tools")
        pip(python, *BUILD_TOOLS)
        say("[2/3] torch (to have the small CPU build, see README, \"Set-up\")")
        pip(python, torch_requirement())
        say(f"[3/3] mindloop with {', '.join(every) or 'no extras'}")
        install_mindloop(python, f"[{','.join(every)}]")
    stamp = {"dependencies": dependencies, "tree": tree, "extras": " ".join(every)}
    STAMP.write_text(json.dumps(stamp))
    say(f"Set up in {time.monotonic() - started:.0f} s, in {VENV}")
    return python


def say(line: str) -> None:
    """Prints one line of progress at once, also into a pipe."""
    print(line, flush=True)


def check_python() -> None:
    """Raises SetupError where this Python cannot make the environment that mindloop needs."""
    if sys.version_info < (3, 10):  # noqa: UP036, it may be run by any Python
        raise SetupError(
            f"Python must be 3.10 or newer; got {sys.version.split()[0]}. "
            "Install a newer one and run this program with it."
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
            raise SetupError(
                f"Python's `{module}` module must be installed; it is missing. On Debian and "
                f"Ubuntu: sudo apt install {name} (or python3-venv)."
            )


def make_venv() -> Path:
    """Returns the environment's Python; makes the environment where there is none that works."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not works(python, "import sys; sys.exit(sys.version_info < (3, 10))"):
        say(f"Making a virtual environment in {VENV}")
        run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if not works(python, "import pip"):
        run([str(python), "-m", "ensurepip", "--upgrade", "--default-pip"])
    return python


def works(python: Path, code: str) -> bool:
    """Returns whether `python` is there and runs `code` without an error."""
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", code], capture_output=True).returncode == 0


def install_mindloop(python: Path, extras: str, *options: str) -> None:
    """Installs the repository itself, editable; strict, so that type checkers see through it."""
    target = str(ROOT) if extras == "[]" else f"{ROOT}{extras}"
    strict = ("--config-settings", "editable_mode=strict")
    pip(python, "--no-build-isolation", *strict, *options, "--editable", target)


def pip(python: Path, *arguments: str) -> None:
    """Runs `pip install`, showing one line for each package.

    Raises:
      SetupError: with the end of what pip said.
    """
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    run(command, shown=SHOWN)


def run(command: Sequence[str], shown: Sequence[str] = ()) -> None:
    """Runs a command in the repository; prints those of its lines that begin with `shown`.

    Raises:
      SetupError: it failed; with its last lines.
    """
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", errors="replace",
    ) as process:
        assert process.stdout is not None  # PIPE was asked for
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.lstrip().startswith(tuple(shown)) and shown:
                say(f"    {line.strip()[:110]}")
    if process.returncode != 0:
        end = "\n".join(lines[-15:])
        raise SetupError(
            f"A command must succeed; this one ended with {process.returncode}:\n"
            f"  {' '.join(command)}\n{end}\n"
            f"Mend what it names (often the network or the disk), then run again; "
            f"if in doubt delete {VENV} first."
        )


def torch_requirement() -> str:
    """Returns setup.cfg's line about torch, so that it stands in one place only."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["options"]["install_requires"].splitlines()
    return next(line.replace(" ", "") for line in lines if line.startswith("torch "))


def dependency_hash() -> str:
    """Returns a hash of what decides which packages are installed."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("setup.cfg", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def tree_hash() -> str:
    """Returns a hash of the names of the package's files: links are renewed when it changes."""
    names = sorted(
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    return hashlib.sha256("\n".join([str(ROOT), *names]).encode()).hexdigest()


def read_stamp() -> dict[str, str]:
    """Returns what the last set-up wrote down; empty where there was none."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp
