"""The stored figures as a table in Markdown, and as curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.active_learning.figures import RANDOM


def render(figures: Mapping[str, Any]) -> str:
    """Give the table and the sentence above it."""
    found = figures["strategies"]
    lines = [
        f"{figures['pool']:,} pool garments, {figures['test']} test garments, "
        f"{figures['seeds']} seeds, heads: {', '.join(figures['heads'])}.",
        f"With every label the heads reach a mean macro-F1 of {figures['full']['mean']:.3f}; "
        f"95 % of it is {figures['target']:.3f}.",
        "",
        "| strategy | labels for 95 % (95 % interval) | share of random's (95 % interval) "
        "| macro-F1 against random, points (95 % interval) |",
        "|---|---|---|---|",
    ]
    for name, row in found.items():
        last = figures["rounds"][-1]
        share = "1" if name == RANDOM else _with_interval(row, "share_of_random", "{:.2f}", None)
        gain = "" if name == RANDOM else _points(row)
        lines.append(
            f"| {name} | {_with_interval(row, 'needed', '{:,.0f}', last)} | {share} | {gain} |"
        )
    return "\n".join(lines) + "\n"


def _with_interval(row: Mapping[str, Any], key: str, form: str, last: int | None) -> str:
    over = f"over {last:,}" if last is not None else "not reached"

    def text(value: float | None) -> str:
        return over if value is None else form.format(value)

    low, high = row[f"{key}_ci95"]
    return f"{text(row[key])} ({text(low)} to {text(high)})"


def _points(row: Mapping[str, Any]) -> str:
    low, high = row["gain_ci95"]
    return f"{100 * row['gain']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def draw(figures: Mapping[str, Any], path: Path) -> None:
    """Draw the mean curves as an SVG file that is the same for the same figures."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "weft", "svg.fonttype": "none", "font.size": 9}):
        figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
        for name, row in figures["strategies"].items():
            is_main = name in {RANDOM, "weft"}
            line = axes.plot(
                figures["rounds"],
                row["curve"],
                label=name,
                linewidth=2.2 if is_main else 1.0,
                color="black" if name == RANDOM else None,
                zorder=3 if is_main else 2,
            )[0]
            if is_main:
                low, high = zip(*row["curve_ci95"], strict=True)
                axes.fill_between(
                    figures["rounds"], low, high, color=line.get_color(), alpha=0.12, linewidth=0
                )
        axes.axhline(figures["target"], color="grey", linestyle="--", linewidth=0.8)
        axes.text(
            figures["rounds"][-1],
            figures["target"],
            "95 % of all labels",
            ha="right",
            va="bottom",
            color="grey",
        )
        axes.set_xlabel("labelled garments")
        axes.set_ylabel("mean macro-F1 on the test garments")
        axes.grid(alpha=0.25)
        axes.legend(loc="lower right", fontsize=8)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
