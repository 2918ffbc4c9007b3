"""Publish how often the gate errs: simulate equal, worse and better candidates.

`python -m bench.gate` simulates and writes `bench/results/gate.json`;
`python -m bench.gate --show` prints the tables of that file again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.run import RESULTS, machine
from tagger.gate_simulation import Population, Scenario, coverage, rates, simulate
from tagger.gate_verdict import GateConfig

RESULT = RESULTS / "gate.json"
SIZES = (200, 500, 1000, 3000)
COVERAGE_SIZES = (200, 1000)
COVERAGE_HEADS = (None, "common c", "half b", "rare b")

EQUAL = "as good as live"
WORSE = "worse"
BETTER = "better"


def scenarios() -> dict[str, list[Scenario]]:
    """Give what is simulated, by kind."""
    one, other, rare = "half b", "common c", "rare a"
    return {
        EQUAL: [
            Scenario(name="3 % of cells flip", flips=0.03),
            Scenario(name="5 % flip", flips=0.05),
            Scenario(name="8 % flip", flips=0.08),
            Scenario(name="5 % flip, heads wander by 0.5 points", wander=0.005),
        ],
        WORSE: [
            *(
                Scenario(name=f"one attribute falls by {drop} points", changes={one: -drop / 100})
                for drop in (2, 5, 10)
            ),
            *(
                Scenario(
                    name=f"two attributes fall by {drop} points",
                    changes={one: -drop / 100, other: -drop / 100},
                )
                for drop in (2, 5, 10)
            ),
            Scenario(name="a rare attribute falls by 10 points", changes={rare: -0.10}),
            *(
                Scenario(name=f"everything falls by {drop:g} points", everywhere=-drop / 100)
                for drop in (0.5, 1, 2, 5, 10)
            ),
        ],
        BETTER: [
            Scenario(name=f"everything rises by {rise:g} points", everywhere=rise / 100)
            for rise in (0.5, 1, 2, 5)
        ],
    }


def main() -> None:
    """Simulate, or print the stored figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--draws", type=int, default=400, help="draws of a row (default 400)")
    parser.add_argument("--out", type=Path, default=RESULT, help="file that is written")
    arguments = parser.parse_args()
    if arguments.show:
        figures = json.loads(arguments.out.read_text(encoding="utf-8"))
    else:
        figures = measure(draws=arguments.draws, say=_say)
        arguments.out.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(render(figures))


def measure(*, draws: int, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Simulate every scenario at every size, and the coverage of intervals."""
    population, rows = Population(), []
    for kind, listed in scenarios().items():
        for at, scenario in enumerate(listed):
            began = time.perf_counter()
            found = {
                str(size): rates(
                    simulate(population, scenario, num_groups=size, draws=draws, seed=at)
                )
                for size in SIZES
            }
            rows.append({"kind": kind, "name": scenario.name, "sizes": found})
            say(f"{kind}: {scenario.name}: {time.perf_counter() - began:.0f} s")
    return {
        "machine": machine(),
        "config": asdict(GateConfig()),
        "population": asdict(population),
        "draws": draws,
        "rows": rows,
        "coverage": [
            {
                "head": head or "mean over all cells",
                "groups": size,
                "held": coverage(
                    population,
                    Scenario(name="as good as live"),
                    head=head,
                    num_groups=size,
                    draws=2 * draws,
                    seed=size,
                ),
            }
            for head in COVERAGE_HEADS
            for size in COVERAGE_SIZES
        ],
    }


def render(figures: Mapping[str, Any]) -> str:
    """Give the tables of one run as Markdown."""
    lines = [
        f"{figures['draws']} draws a row and size; shares with 95 % intervals; what is neither "
        "rejected nor promoted is undecided.",
        "",
        *_rates(figures, "reject", "Rejected", (EQUAL, WORSE, BETTER)),
        *_rates(figures, "promote", "Promoted", (EQUAL, WORSE, BETTER)),
        *_needed(figures),
        *_coverage(figures),
    ]
    return "\n".join(lines)


def _rates(
    figures: Mapping[str, Any], decision: str, title: str, kinds: tuple[str, ...]
) -> list[str]:
    lines = [f"{title}, in percent:", "", *_head("candidate")]
    for row in figures["rows"]:
        if row["kind"] in kinds:
            cells = [_share(row["sizes"][str(size)][decision]) for size in SIZES]
            lines.append(f"| {_name(row)} | {' | '.join(cells)} |")
    return [*lines, ""]


def _needed(figures: Mapping[str, Any]) -> list[str]:
    lines = ["Groups that are asked for where a good candidate is undecided (median):", ""]
    lines += _head("candidate")
    for row in figures["rows"]:
        if row["kind"] == EQUAL:
            asked = [row["sizes"][str(size)]["median_groups_needed"] for size in SIZES]
            cells = ["none" if number is None else f"{number:,}" for number in asked]
            lines.append(f"| {_name(row)} | {' | '.join(cells)} |")
    return [*lines, ""]


def _coverage(figures: Mapping[str, Any]) -> list[str]:
    kinds = list(figures["coverage"][0]["held"])
    lines = [
        "How often an interval of 90 % holds the true change, in percent:",
        "",
        f"| change of | groups | {' | '.join(kinds)} |",
        f"|---|---|{'---|' * len(kinds)}",
    ]
    for row in figures["coverage"]:
        held = [f"{100 * row['held'][kind]:.1f}" for kind in kinds]
        lines.append(f"| {row['head']} | {row['groups']:,} | {' | '.join(held)} |")
    return [*lines, ""]


def _head(first: str) -> list[str]:
    sizes = " | ".join(f"{size:,} groups" for size in SIZES)
    return [f"| {first} | {sizes} |", f"|---|{'---|' * len(SIZES)}"]


def _name(row: Mapping[str, Any]) -> str:
    return f"as good: {row['name']}" if row["kind"] == EQUAL else str(row["name"])


def _share(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{100 * found['share']:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
