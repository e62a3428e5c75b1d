"""The arrows between rooms, as the design draws them: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each room of agent/ -> what it may import of agent/. A folder stands for its files, which may
# import one another.
BASE = {"errors", "types", "config"}
AGENT = {
    "errors": set[str](),
    "types": {"errors"},
    "config": set[str](),
    "nets": BASE,
    "memory": BASE | {"nets"},
    "spaces": BASE,
    "lanes": {"errors"},
    "apart": {"errors", "lanes"},  # without torch, so that its processes start quickly
    "ids": BASE | {"apart", "lanes"},
    "world": BASE | {"apart", "ids", "lanes", "spaces"},
    "perception": BASE | {"memory", "nets"},
    "reasoning": BASE | {"nets"},
    "appraisal": set[str](),
    "emotion": BASE | {"appraisal", "nets"},
    "decision": BASE | {"nets"},
    "mind": BASE | {"nets", "perception", "reasoning", "emotion", "decision"},
    "store": BASE | {"mind"},
    "saliency": BASE | {"mind"},
    "loop": BASE | {"mind", "world", "store"},
    "scoring": {"types"},
    "fidelity": {"types"},
    "viewer": {"types"},
    "__init__": set[str](),
}
# Folders and files of envs/ -> what they may import of envs/.
WORLDS = {"driving", "robot"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


# Files of agent/learning/ -> what they may import of agent/ besides one another: only those that
# live may know the mind, the loop and the world.
LIVES = BASE | {"loop", "mind", "scoring", "store", "world"}
LEARNING = {
    "frames": LIVES,
    "judging": LIVES,
    "online": LIVES | {"decision"},
    "pretrained": BASE | {"mind", "store"},
    "recordings": BASE | {"viewer"},
    "trainer": LIVES,
    "vectorise": LIVES | {"apart"},
}


def room_of(path: Path, folder: str) -> str:
    """Returns the first folder below `folder`, or the file's own name."""
    inner = path.relative_to(ROOT / folder)
    return inner.parts[0].removesuffix(".py")


def imports(path: Path, folder: str) -> tuple[set[str], set[str]]:
    """Returns what a file imports: rooms of its own folder, and full names of everything else."""
    inner, outer = set[str](), set[str]()
    depth = len(path.relative_to(ROOT / folder).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            outer |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            outer |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= depth, f"{path} imports from above {folder}/"
            if node.level == depth:  # from the folder's top
                named = [node.module] if node.module else [alias.name for alias in node.names]
                inner |= {str(name).split(".")[0] for name in named}
            else:
                inner.add(room_of(path, folder))
    return inner, outer


@pytest.mark.parametrize("path", modules("agent"), ids=lambda path: path.name)
def test_rooms_import_only_what_the_arrows_allow(path: Path) -> None:
    room = room_of(path, "agent")
    inner, outer = imports(path, "agent")
    allowed = LEARNING.get(path.stem, BASE | {"nets"}) if room == "learning" else AGENT[room]
    assert inner - {room} <= allowed
    assert not {name for name in outer if name.split(".")[0] == "mindloop"}


@pytest.mark.parametrize("path", modules("envs"), ids=lambda path: path.name)
def test_worlds_know_no_agent_and_not_one_another(path: Path) -> None:
    room = room_of(path, "envs")
    inner, outer = imports(path, "envs")
    assert not {name for name in outer if name.split(".")[0] in ("mindloop", "torch", "pygame")}
    if room in WORLDS:
        assert not inner & (WORLDS - {room})
    else:
        assert not inner & WORLDS, "what worlds share knows no world"


@pytest.mark.parametrize("path", modules("scripts"), ids=lambda path: path.name)
def test_programs_import_no_program(path: Path) -> None:
    programs = {"run", "evaluate", "play", "replay", "bench", "train", "perceive", "explain",
                "distill", "cli"}
    _, outer = imports(path, "scripts")
    named = {name.split(".")[1] for name in outer if name.startswith("mindloop.")}
    assert not named & programs


def test_only_the_loop_steps_an_environment_and_only_the_world_probes() -> None:
    steps, probes = set[str](), set[str]()
    for path in modules("agent"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in ("step", "reset"):
                owner = called.value
                if isinstance(owner, ast.Attribute) and owner.attr == "env":
                    steps.add(path.name)
            if isinstance(called, ast.Name) and called.id == "hasattr":
                probes.add(path.name)
    assert steps == {"loop.py"}
    assert probes <= {"world.py"}


def test_imports_are_at_the_top_and_unconditional() -> None:
    """Neither a late import nor TYPE_CHECKING dodges the arrows."""
    for folder in ("agent", "envs"):
        for path in modules(folder):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            top = {id(node) for node in tree.body}
            for node in ast.walk(tree):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    assert id(node) in top, f"{path}:{node.lineno} imports below the top"
