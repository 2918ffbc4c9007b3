"""Print what the benchmarks of the audit wrote as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

_DRAWS = {
    "as_common": "the word of another row (common words come more often)",
    "evenly": "any other word of the column, each as likely",
}


def render_swaps(figures: Mapping[str, Any]) -> str:
    """Give the tables of planted wrong words."""
    lines = [
        f"{figures['rows']:,} rows; {figures['left_out']:,} were left out because their title "
        "contradicts a field.",
        "",
        f"| wrong word | seeds | wrong rows | precision in the top {figures['share']:.0%} | "
        "least, most | one mistake in five thought even | all mistakes thought even | "
        "lowest probability first | cleanlab's margin |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for draw, runs in figures["runs"].items():
        if not runs:
            continue
        found = [run["precision"] for run in runs]
        other = [run["precision_cleanlab"] for run in runs if "precision_cleanlab" in run]
        lines.append(
            f"| {_DRAWS[draw]} | {len(runs)} | {runs[0]['planted']} "
            f"| **{statistics.fmean(found):.3f}** | {min(found):.3f}, {max(found):.3f} "
            f"| {_even(runs, '0.2'):.3f} | {_even(runs, '1.0'):.3f} "
            f"| {_mean(runs, 'precision_without_calibration'):.3f} "
            f"| {f'{statistics.fmean(other):.3f}' if other else 'not measured'} |"
        )
    runs = figures["runs"]["as_common"]
    lines += ["", *_columns(runs), "", *_calibration(runs)]
    return "\n".join(lines) + "\n"


def _mean(runs: Sequence[Mapping[str, Any]], key: str) -> float:
    return statistics.fmean(run[key] for run in runs)


def _even(runs: Sequence[Mapping[str, Any]], share: str) -> float:
    return statistics.fmean(run["precision_by_even_share"][share] for run in runs)


def _columns(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "| column | wrong words found in the top | honest rows there because of it | "
        "right word is the likeliest |",
        "|---|---|---|---|",
    ]
    for name in runs[0]["found"]:
        found = statistics.fmean(run["found"][name] for run in runs)
        honest = statistics.fmean(run["honest_in_top"][name] for run in runs)
        right = statistics.fmean(run["forced_accuracy"][name] for run in runs)
        lines.append(f"| {name} | {found:.0%} | {honest:.0f} | {right:.0%} |")
    return lines


def _calibration(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["| risk of a word | words | mean risk | share planted |", "|---|---|---|---|"]
    names = ("under 1 %", "1 to 5 %", "5 to 20 %", "20 to 50 %", "50 to 80 %", "over 80 %")
    for name, bins in zip(
        names, zip(*(run["calibration"] for run in runs), strict=True), strict=True
    ):
        cells, risk, wrong = (sum(column) for column in zip(*bins, strict=True))
        if cells:
            lines.append(f"| {name} | {cells:,} | {risk / cells:.1%} | {wrong / cells:.1%} |")
    return lines


def render_faults(figures: Mapping[str, Any]) -> str:
    """Give the table of planted faults."""
    lines = [
        f"{figures['listings']:,} listings, {figures['pictures']:,} pictures, "
        f"{figures['faulty']:,} listings with one fault, {figures['clean']:,} without; "
        f"{figures['false_alarm_listings']:,} of those without a fault were called faulty.",
        "",
        "| fault | planted | found | missed | false alarms |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name.replace('_', ' ')} | {row['planted']} | {row['found']} "
        f"| {row['planted'] - row['found']} | {row['false_alarms']} |"
        for name, row in figures["kinds"].items()
    ]
    lines += [
        "",
        f"{figures['two_garments']} of the false alarms of several products are drawings of two "
        "garments that lie apart.",
    ]
    return "\n".join(lines) + "\n"


def render_photographs(figures: Mapping[str, Any]) -> str:
    """Give the table of faults planted into photographs, and what is said of untouched ones."""
    sets = figures["sets"]
    catalog, amateur = sets["catalog"], sets["amateur"]
    lines = [
        f"{catalog['listings']:,} listings with catalog photographs, {catalog['faulty']:,} of them "
        f"with a fault; {amateur['listings']:,} with amateurs' photographs, none with a fault.",
        "",
        f"| fault | planted | found | said of {catalog['clean']:,} untouched catalog listings "
        f"| of {amateur['clean']:,} untouched amateur ones |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name.replace('_', ' ')} | {row['planted']} | {row['found']} | {row['false_alarms']} "
        f"| {amateur['kinds'][name]['false_alarms']} |"
        for name, row in catalog["kinds"].items()
    ]
    lines.append(
        f"| any | | | {catalog['false_alarm_listings']} | {amateur['false_alarm_listings']} |"
    )
    return "\n".join(lines) + "\n"
