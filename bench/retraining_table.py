"""Print the figures of the retraining benchmarks as docs/retraining.md shows them.

`python -m bench.retraining_table`
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.run import RESULTS

__all__ = ["render"]


def main() -> None:
    """Print the section."""
    sys.stdout.write(render())


def render() -> str:
    """Give the section from the stored figures."""
    speed = json.loads((RESULTS / "fast-refit.json").read_text(encoding="utf-8"))
    words = json.loads((RESULTS / "new-words.json").read_text(encoding="utf-8"))
    return "\n".join([*_speed(speed), "", *_words(words), ""])


def _speed(figures: dict[str, Any]) -> list[str]:
    mean = figures["changes"]["all cells"]
    return [
        f"A fast round on {figures['corrections']:,} corrections took {figures['seconds']} s "
        f"({figures['processor_seconds']} s of one processor; median of "
        f"{len(figures['all_seconds'])}, {figures['threads']} thread, the machine's load was "
        f"{figures['load_average']} on {figures['machine']['cores']} cores).",
        f"On {figures['validation_pictures']} validation pictures the share of right answers "
        f"changed by {_points(mean['change'])} points "
        f"({_points(mean['change_ci95'][0])} to {_points(mean['change_ci95'][1])}).",
    ]


def _words(figures: dict[str, Any]) -> list[str]:
    lines = [
        f"| taught with {figures['taught_pictures_each']} pictures each | asked | F1 | "
        "the shipped version's | of these validation | F1 | the shipped version's |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in figures["rounds"]:
        for name in ("category", "value"):
            cells = []
            for side in ("unseen", "validation"):
                found = one["f1"][name][side]
                cells += [str(found["taught"]["n"]), _f1(found["taught"]), _f1(found["shipped"])]
            lines.append(f"| {one[name]} | {' | '.join(cells)} |")
    fell = [
        head
        for one in figures["rounds"]
        for head, change in one["changes"]["validation"].items()
        if change["change_ci95"][1] < 0
    ]
    lines += [
        "",
        f"On validation pictures {len(fell) or 'no'} heads fell beyond their interval; on pictures "
        "that the shipped version was trained on, and had partly learnt by heart:",
        "",
        "| heads that fell | cells | points |",
        "|---|---|---|",
    ]
    for one in figures["rounds"]:
        for side, found in one["changes"].items():
            for head, change in found.items():
                low, high = change["change_ci95"]
                if high < 0:
                    lines.append(
                        f"| {head}, after {one['category']} and {one['value']} ({side}) | "
                        f"{change['n']:,} | {_points(change['change'])} "
                        f"({_points(low)} to {_points(high)}) |"
                    )
    return lines


def _f1(found: dict[str, Any]) -> str:
    return f"{found['f1']:.2f} ({found['ci95'][0]:.2f} to {found['ci95'][1]:.2f})"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


if __name__ == "__main__":
    main()
