"""What a study found: the analysis of its cells, and the report as one page of HTML with plots."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mindloop.cells import Cell
from mindloop.verdict import Array, compare, iqm, verdict

SHOWN = {
    "driving_score_2_0": "driving score 2.0", "collisions_per_km": "collisions per km",
    "red_lights_per_km": "red lights per km", "route_completion": "route completion [%]",
    "return": "return", "success": "success [%]", "spl": "success by path length [%]",
    "person_collisions_per_km": "people run into per km",
    "personal_space_s": "seconds within personal space",
    "recovery_steps": "steps until recovered",
}  # fmt: skip
COLOURS = {"full": "#d95f02", "off": "#555555"}
OTHER = "#1b6ca8"


def analyse(
    stage: str, every: Sequence[Cell], results: Mapping[str, Any], decisive: Sequence[str],
    metric: str,
) -> dict[str, Any]:  # fmt: skip
    """Returns means with intervals, comparisons and verdict by a metric of a stage, for json."""
    rng = np.random.default_rng(0)
    arms = list(dict.fromkeys(cell.arm for cell in every))
    tasks = list(dict.fromkeys(cell.task for cell in every))
    seeds = sorted({cell.seed for cell in every})
    names = {(cell.arm, cell.task, cell.seed): cell.name for cell in every}

    def grid(arm: str, score: str) -> Array:
        return np.array([
            [results[names[arm, task, seed]]["scores"].get(score, np.nan) for seed in seeds]
            for task in tasks
        ])  # fmt: skip

    scores = {arm: grid(arm, metric) for arm in arms}
    others = [arm for arm in arms if arm != "full"]
    main = compare(scores, "full", list(decisive), rng)
    rest = compare(scores, "full", [arm for arm in others if arm not in decisive], rng)
    table = {}
    for score in SHOWN:
        rows = {arm: grid(arm, score) for arm in arms}
        if not any(np.isnan(row).any() for row in rows.values()):
            table[score] = {
                arm: {"all": asdict(iqm(row, rng)),
                      **{task: asdict(iqm(row[k : k + 1], rng)) for k, task in enumerate(tasks)}}
                for arm, row in rows.items()
            }  # fmt: skip
    found: dict[str, Any] = {
        "stage": stage, "metric": metric, "arms": arms, "tasks": tasks, "seeds": len(seeds),
        "table": table, "decisive": [asdict(one) for one in main],
        "others": [asdict(one) for one in rest], "verdict": verdict(main, decisive),
    }  # fmt: skip
    first = results[names[arms[0], tasks[0], seeds[0]]]
    if "risk" in first:
        found["risk"] = {
            arm: {
                name: float(np.nanmean([
                    results[names[arm, task, seed]]["risk"].get(name, np.nan)
                    for task in tasks for seed in seeds
                ]))
                for name in ("brier_skill", "auroc")
            }
            for arm in arms
        }  # fmt: skip
    if "rewards" in first:
        found["curves"] = {
            arm: np.mean([results[names[arm, tasks[0], seed]]["rewards"] for seed in seeds],
                         axis=0).tolist()
            for arm in arms
        }  # fmt: skip
        before = [results[names[arms[0], tasks[0], seed]]["reward_before"] for seed in seeds]
        found["reward_before"] = float(np.mean(before))
    return found


def write_report(file: Path, content: Mapping[str, Any]) -> None:
    """Writes the report as one HTML page that needs nothing else, and beside it the plot of each
    stage's arms as stage_a.png and stage_b.png."""
    plan, parts = content["plan"], []
    for stage, found in content["stages"].items():
        helps = found["verdict"]["helps"]
        beats = ", ".join(found["verdict"]["beats"]) or "none of them"
        plot = _arms_plot(found)
        plot.savefig(file.with_name(f"stage_{stage}.png"), dpi=110)
        parts += [
            f"<h2>Stage {stage}: {'acting' if stage == 'a' else 'adapting after a shift'}</h2>",
            f"<p class='verdict'>By the rule, emotion <b>{'helps' if helps else 'does not help'}"
            f"</b> here: of yoked, constant and raw, <i>full</i> beats {html.escape(beats)}.</p>",
            f"<img src='{_picture(plot)}' alt='{html.escape(SHOWN[found['metric']])} by arm'>",
            _comparisons(found), _table(found), _risk(found),
        ]  # fmt: skip
        if "curves" in found:
            parts.append(f"<img src='{_picture(_curves_plot(found))}' alt='learning curves'>")
    facts = "".join(
        f"<tr><td>{html.escape(str(name).replace('_', ' '))}</td>"
        f"<td>{html.escape(_said(value))}</td></tr>"
        for name, value in plan.items() if name != "rule"
    )  # fmt: skip
    page = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Does feeling help?</title>
<style>body{{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}}
table{{border-collapse:collapse;margin:1em 0}}td,th{{padding:.2em .7em;border-bottom:1px solid #ddd;
text-align:right}}td:first-child,th:first-child{{text-align:left}}img{{max-width:100%}}
.verdict{{background:#f2f2f2;padding:.7em 1em;border-left:4px solid #1b6ca8}}</style>
<h1>Does feeling help?</h1>
<p>mindloop {html.escape(str(content["version"]))}. The rule, laid down before anything was lived:
{html.escape(str(plan["rule"]))}</p>
<p>{plan["seeds"]} pairs can show effects from {plan["detectable_effect"]:.2f} deviations of the
pairs' differences on (power .8); smaller ones this study may miss.</p>
{"".join(parts)}
<h2>Plan</h2><table>{facts}</table></html>
"""
    file.write_text(page, encoding="utf-8")


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(inner)}" for name, inner in value.items()) or "as it is"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _span(one: Mapping[str, float], digits: int = 1) -> str:
    return f"{one['mean']:.{digits}f} ({one['low']:.{digits}f} to {one['high']:.{digits}f})"


def _comparisons(found: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>full against {html.escape(one['other'])}</td><td>{_span(one['difference'])}</td>"
        f"<td>{_span(one['chance'], 2)}</td><td>{one['p']:.3f}</td><td>{one['corrected']:.3f}</td>"
        "</tr>"
        for one in (*found["decisive"], *found["others"])
    )  # fmt: skip
    return (
        f"<table><tr><th>{html.escape(SHOWN[found['metric']])}, in pairs</th>"
        "<th>mean difference</th><th>P(full is "
        f"better)</th><th>p</th><th>p, Holm</th></tr>{rows}</table>"
    )


def _table(found: Mapping[str, Any]) -> str:
    made = []
    for metric, rows in found["table"].items():
        digits = 2 if metric.endswith("per_km") else 1
        places = ["all", *found["tasks"]] if len(found["tasks"]) > 1 else ["all"]
        head = "".join(f"<th>{html.escape(place)}</th>" for place in places)
        body = "".join(
            f"<tr><td>{html.escape(arm)}</td>"
            + "".join(f"<td>{_span(row[place], digits)}</td>" for place in places) + "</tr>"
            for arm, row in rows.items()
        )  # fmt: skip
        name = html.escape(SHOWN[metric])
        made.append(f"<table><tr><th>{name}, interquartile mean</th>{head}</tr>{body}</table>")
    return "".join(made)


def _risk(found: Mapping[str, Any]) -> str:
    if "risk" not in found:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(arm)}</td><td>{one['brier_skill']:.3f}</td>"
        f"<td>{one['auroc']:.3f}</td></tr>"
        for arm, one in found["risk"].items()
    )  # fmt: skip
    return (
        "<table><tr><th>risk of failure within 2 s</th><th>Brier skill</th><th>AUROC</th></tr>"
        f"{rows}</table>"
    )


def _arms_plot(found: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(9, 0.5 * len(found["arms"]) + 1.2), layout="constrained")
    axes = figure.subplots()
    rows = found["table"][found["metric"]]
    for k, arm in enumerate(reversed(found["arms"])):
        one = rows[arm]["all"]
        colour = COLOURS.get(arm, OTHER)
        axes.plot([one["low"], one["high"]], [k, k], color=colour, linewidth=5, alpha=0.4)
        axes.plot(one["mean"], k, "o", color=colour)
    axes.set_yticks(range(len(found["arms"])), list(reversed(found["arms"])))
    axes.set_xlabel(f"{SHOWN[found['metric']]}, interquartile mean with 95 % interval")
    axes.grid(axis="x", alpha=0.3)
    return figure


def _curves_plot(found: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for arm, rewards in found["curves"].items():
        smooth = np.convolve(rewards, np.ones(5) / 5, "valid")
        axes.plot(smooth, label=arm, color=COLOURS.get(arm), linewidth=2 if arm == "full" else 1)
    axes.axhline(found["reward_before"], color="black", linestyle=":", label="before the shift")
    axes.set_xlabel("rollouts since the shift")
    axes.set_ylabel("reward a step")
    axes.legend(ncols=2)
    axes.grid(alpha=0.3)
    return figure


def _picture(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
