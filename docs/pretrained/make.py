"""Ships a mind: copies a run's mind into the package, scores the copy, and writes its card.

    python docs/pretrained/make.py RUN NAME --command "mindloop train ..." --hours 1.2

RUN is the folder of a finished `mindloop train`; where that went on from another mind, `--command`
is given once for each. Matrices are rounded to 16 bits, and the scores are those of the rounded
mind, which ships with reasoning off. `--presets` says in what: presets of its world, each with
settings behind it if there are to be any, such as `GoTo words=order`. `--scores` only scores and
writes the card again.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from mindloop.agent.config import ReasoningConfig
from mindloop.agent.store import load_mind, save_mind

ROOT = Path(__file__).resolve().parents[2]
EPISODES = 400
FIRST = {
    "mindloop/Driving-v0": (
        "driving_score_2_0", "driving_score_2_1", "route_completion", "success",
        "collisions_per_km", "red_lights_per_km", "stop_signs_per_km",
    ),
    "mindloop/Robot-v0": (
        "success", "spl", "parts_done", "collisions_per_km", "person_collisions_per_km",
        "personal_space_s", "duration",
    ),
}  # fmt: skip
PLACES = {"mindloop/Driving-v0": "towns", "mindloop/Robot-v0": "homes"}
WARNING = (
    "It has lived in nothing but this simulated world. Use it to study and to teach, never to "
    "move anything real, nor as evidence that anything real is safe."
)


def main() -> None:
    """Copies, scores, writes."""
    options = _options()
    folder = ROOT / "agent" / "pretrained" / options.name
    if not options.scores:
        card = {"commands": options.command, "hours": options.hours, "machine": _machine()}
        mind = load_mind(options.run / "mind", reasoning=ReasoningConfig())
        described = json.loads((options.run / "mind" / "mind.json").read_text(encoding="utf-8"))
        save_mind(mind, folder, {**described["card"], **card}, rounds=True)
    file = folder / "mind.json"
    described = json.loads(file.read_text(encoding="utf-8"))
    env = described["spec"]["env"]
    scores = {preset: score(folder, env, preset) for preset in options.presets}
    described["card"] |= {"scores": scores, "warning": WARNING}
    file.write_text(json.dumps(described, indent=1), encoding="utf-8")
    (folder / "CARD.md").write_text(words(options.name, described), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--command", action="append", default=[])
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--scores", action="store_true")
    parser.add_argument("--presets", nargs="*", default=["calm", "default"])
    return parser.parse_args()


def score(folder: Path, env: str, preset: str) -> dict[str, Any]:
    """Returns the scores of a mind in places of the test split, which it has never seen."""
    preset, *settings = preset.split()
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "scores.json"
        words = ["evaluate", env, "--mind", str(folder), "--preset", preset,
                 *(word for one in settings for word in ("--set", one)),
                 "--episodes", str(EPISODES), "--beliefs", "--json", str(file)]  # fmt: skip
        subprocess.run([sys.executable, "-m", "mindloop.cli", *words], check=True)
        found = json.loads(file.read_text(encoding="utf-8"))
    kept = {name: found["scores"][name] for name in FIRST[env]}
    keys = ("episodes", "seed", "split", "greedy", "oracle")
    beliefs = [row for row in found["beliefs"] if row["where"] == "all"]
    feared = {"fear": found["fear"]} if "fear" in found else {}
    return {
        **{key: found[key] for key in keys}, "scores": kept, "beliefs": beliefs,
        "risk": found["risk"], **feared,
    }  # fmt: skip


def _machine() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "gymnasium"))
    return f"{platform.machine()}, Python {platform.python_version()}, {versions}"


def words(name: str, described: Mapping[str, Any]) -> str:
    """Returns the card as text for people."""
    card = described["card"]
    *others, last = (part["name"] for part in described["spec"]["parts"])
    senses, places = f"{', '.join(others)} and {last}", PLACES[card["env"]]
    lines = [
        f"# {name}", "",
        f"A mind for {card['env']}, trained by", "",
        *(f"    {command}" for command in card["commands"]), "",
        f"in {card['hours']:.1f} hours (at last {card['steps']:,} steps, seed {card['seed']}) on "
        f"{card['machine']}. It senses {senses}, nothing else.", "",
    ]  # fmt: skip
    for preset, found in card["scores"].items():
        how = "the likeliest action" if found["greedy"] else "actions sampled from the policy"
        lines += [
            f"Preset `{preset}`, {found['episodes']} {found['split']} {places}, {how}:", "",
            "| score | mean | 95 % interval |", "|---|---|---|",
        ]  # fmt: skip
        lines += [
            f"| {one} | {row['mean']:.3g} | {row['low']:.3g} to {row['high']:.3g} |"
            for one, row in found["scores"].items()
        ]
        lines += ["", *_beliefs(found), ""]
    return "\n".join([*lines, WARNING, ""])


def _beliefs(found: Mapping[str, Any]) -> list[str]:
    """Returns what the mind believed beside what was so, in the same lives."""
    lines = ["| fact | median error, or right | 90 % within | 95 % interval holds, or ECE |",
             "|---|---|---|---|"]  # fmt: skip
    for row in found["beliefs"]:
        if "right" in row:
            right, missed = f"{100 * row['right']:.1f} %", f"ECE {row['calibration_error']:.3f}"
            lines.append(f"| {row['fact']} | {right} | | {missed} |")
        else:
            unit = f" {row['unit']}" if row["unit"] else ""
            lines.append(
                f"| {row['fact']} | {row['median_error']:.3g}{unit} | {row['error_90']:.3g}{unit} "
                f"| {100 * row['coverage_95']:.1f} % |"
            )
    lines += ["", f"Failure within 2 s, base rate {found['risk']['base_rate']:.4f}:"]
    for name in ("risk", "fear"):
        if name in found:
            one = found[name]
            lines.append(
                f"{name} has a Brier skill of {one['brier_skill']:.3f}, AUPRC {one['auprc']:.3f}, "
                f"AUROC {one['auroc']:.3f}."
            )
    return lines


if __name__ == "__main__":
    main()
