"""What is installed is what is in the tree: the list of packages, the data, a built wheel."""

from __future__ import annotations

import configparser
import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"mindloop": "scripts", "mindloop.agent": "agent", "mindloop.envs": "envs"}
DATA = (".rules", ".safetensors", ".typed")


def config() -> configparser.ConfigParser:
    """Returns setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def in_tree() -> dict[str, Path]:
    """Returns every package of the tree by its import name."""
    found = {}
    for name, folder in FOLDERS.items():
        for init in sorted((ROOT / folder).rglob("__init__.py")):
            inner = init.parent.relative_to(ROOT / folder).parts
            found[".".join((name, *inner))] = init.parent
    return found


def test_the_listed_packages_are_those_of_the_tree() -> None:
    listed = config()["options"]["packages"].split()
    assert sorted(listed) == sorted(in_tree())


def test_every_folder_with_python_in_it_is_a_package() -> None:
    homeless = [
        path
        for folder in FOLDERS.values()
        for path in (ROOT / folder).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    ]
    assert not homeless


def test_the_versions_agree() -> None:
    version = config()["metadata"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(version)}$", citation, re.M)
    assert importlib.metadata.version("mindloop") == version


@pytest.mark.slow
def test_a_wheel_holds_every_module_and_all_data(tmp_path: Path) -> None:
    source = tmp_path / "source"
    wanted = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
    source.mkdir()
    for name in wanted:
        shutil.copy(ROOT / name, source)
    for folder in FOLDERS.values():
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, source / folder, ignore=unwanted)
    # One file of each kind that is yet to come, where it will be.
    rules = source / "envs" / "driving" / "probe.rules"
    mind = source / "agent" / "pretrained" / "probe" / "mind.safetensors"
    card = mind.with_name("score_card.json")
    for path in (rules, mind, card):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"probe")
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--no-index", "--disable-pip-version-check", "--wheel-dir", str(tmp_path), str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("mindloop-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry = next(name for name in names if name.endswith("entry_points.txt"))
        assert "mindloop = mindloop.cli:main" in archive.read(entry).decode()
    for package, folder in FOLDERS.items():
        for path in (source / folder).rglob("*"):
            if path.suffix in (".py", *DATA) or path == card:
                inner = path.relative_to(source / folder).as_posix()
                assert f"{package.replace('.', '/')}/{inner}" in names
    assert not any(name.startswith(("tests/", "scripts/", "agent/", "envs/")) for name in names)
    assert any(name.endswith("LICENSE") for name in names)
