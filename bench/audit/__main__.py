"""Measure the audit of listings.

`python -m bench.audit` plants wrong words into the sellers' catalog photographs, 20 times, and
writes `bench/results/audit-swaps.json`; `python -m bench.audit faults` plants every kind of fault
into 1,000 listings and writes `bench/results/audit-faults.json`; with `--show` either prints its
table again. Seeds that were done are kept, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.audit.table import render_faults, render_swaps
from bench.run import RESULTS, machine

ROOT = Path(__file__).parents[2]
SWAPS, FAULTS = RESULTS / "audit-swaps.json", RESULTS / "audit-faults.json"
CACHE, STUDY = ROOT / ".artifacts" / "audit", ROOT / ".artifacts" / "missing-labels"


def main() -> None:
    """Run a benchmark, or print its table."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("swaps", "faults"), default="swaps")
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds (default 20)")
    parser.add_argument("--count", type=int, default=1000, help="listings with faults")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what can be kept")
    arguments = parser.parse_args()
    path, render = (SWAPS, render_swaps) if arguments.what == "swaps" else (FAULTS, render_faults)
    if not arguments.show:
        if arguments.what == "swaps":
            figures = measure_swaps(num_seeds=arguments.seeds, cache=arguments.cache)
        else:
            from bench.audit.faults import measure_faults

            figures = measure_faults(count=arguments.count, folder=arguments.cache / "faults")
        text = json.dumps({"machine": machine(), **figures}, indent=1)
        path.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(render(json.loads(path.read_text(encoding="utf-8"))))


def measure_swaps(*, num_seeds: int, cache: Path) -> dict[str, Any]:
    """Plant, rank and count on every seed."""
    from dataclasses import asdict

    from bench.audit.material import gather
    from bench.audit.swaps import JUDGED, PLAN, SHARE, run_seed
    from ontology.load import default_ontology_path, load_ontology
    from tagger.dataset import load_description, shipped_descriptions

    description = load_description(shipped_descriptions()["myntra"])
    meanings = {name: description.vocabulary(name) for name in JUDGED}
    material = gather(load_ontology(default_ontology_path()), study=STUDY, cache=cache, say=_say)
    runs: dict[str, list[Any]] = {}
    for draw, num in (("as_common", num_seeds), ("evenly", min(5, num_seeds))):
        for seed in range(num):
            path = cache / f"swaps-{draw}-{seed}.json"
            if not path.exists():
                began = time.perf_counter()
                found = run_seed(material, meanings, seed=seed, draw=draw)
                path.write_text(json.dumps(found), encoding="utf-8")
                seconds = time.perf_counter() - began
                _say(f"{draw} {seed}: {found['precision']:.3f}, {seconds:.0f} s")
            runs.setdefault(draw, []).append(json.loads(path.read_text(encoding="utf-8")))
    return {
        "data": "myntra",
        "rows": len(material.rows),
        "left_out": material.left_out,
        "share": SHARE,
        "plan": asdict(PLAN),
        "runs": runs,
    }


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
