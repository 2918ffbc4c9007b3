"""Measure the audit of listings.

`python -m bench.audit` plants wrong words into the sellers' catalog photographs, 20 times, and
writes `bench/results/audit-swaps.json`; seeds that were done are kept, so that a run that was
stopped goes on. `python -m bench.audit faults` plants every kind of fault into 1,000 listings and
writes `bench/results/audit-faults.json`, after calibrating for the shipped version where that was
not done. `python -m bench.audit photographs` plants those that a picture shows into validation
photographs and writes `bench/results/audit-photographs.json`. With `--show` each prints its table.
`python -m bench.audit calibrate` writes `tagger/audit/risk.json`; `faults` writes into it how far
faults of pictures are to be trusted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.audit.plant import OF_PICTURES
from bench.audit.table import render_faults, render_photographs, render_swaps
from bench.run import RESULTS, machine

ROOT = Path(__file__).parents[2]
SWAPS, FAULTS = RESULTS / "audit-swaps.json", RESULTS / "audit-faults.json"
PHOTOGRAPHS = RESULTS / "audit-photographs.json"
RISK = ROOT / "tagger" / "audit" / "risk.json"
PICTURE_FAULTS = ("no_garment", *OF_PICTURES)
CACHE, STUDY = ROOT / ".artifacts" / "audit", ROOT / ".artifacts" / "missing-labels"


def main() -> None:
    """Run a benchmark, or print its table."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("what", nargs="?", choices=(*_MEASURES, "calibrate"), default="swaps")
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds (default 20)")
    parser.add_argument("--count", type=int, default=1000, help="listings, or photos of each set")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what can be kept")
    arguments = parser.parse_args()
    if arguments.what == "calibrate":
        write_risk(arguments.cache)
        return
    path, measure, render = _MEASURES[arguments.what]
    if not arguments.show:
        text = json.dumps({"machine": machine(), **measure(arguments)}, indent=1)
        path.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(render(json.loads(path.read_text(encoding="utf-8"))))


def _measure_swaps(arguments: argparse.Namespace) -> dict[str, Any]:
    return measure_swaps(num_seeds=arguments.seeds, cache=arguments.cache)


def _measure_faults(arguments: argparse.Namespace) -> dict[str, Any]:
    from bench.audit.faults import measure_faults

    _calibrate_if_new(arguments.cache)
    figures = measure_faults(count=arguments.count, folder=arguments.cache / "faults")
    _update_risk({"trust": trust(figures["kinds"], num_clean=figures["clean"])})
    return figures


def _measure_photographs(arguments: argparse.Namespace) -> dict[str, Any]:
    from bench.audit.photographs import measure_photographs

    _calibrate_if_new(arguments.cache)
    return measure_photographs(count=arguments.count, folder=arguments.cache / "photographs")


_MEASURES: dict[str, tuple[Path, Callable[..., dict[str, Any]], Callable[..., str]]] = {
    "swaps": (SWAPS, _measure_swaps, render_swaps),
    "faults": (FAULTS, _measure_faults, render_faults),
    "photographs": (PHOTOGRAPHS, _measure_photographs, render_photographs),
}


def _calibrate_if_new(cache: Path) -> None:
    from tagger.registry import shipped_version_dir

    if measured_on() != shipped_version_dir().name:
        write_risk(cache)


def write_risk(cache: Path) -> None:
    """Write the risk model that fits the shipped version; what is trusted of pictures stays."""
    from bench.audit.calibrate import calibrate
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir

    found = calibrate(Tagger.load(shipped_version_dir()), boxes=cache / "boxes.json")
    _update_risk(found)
    sys.stdout.write(RISK.read_text(encoding="utf-8"))


def measured_on() -> str:
    """Give the version that `tagger/audit/risk.json` fits; empty if there is none."""
    known = json.loads(RISK.read_text(encoding="utf-8")) if RISK.exists() else {}
    return str(known.get("measured_on", ""))


def _update_risk(changed: dict[str, Any]) -> None:
    known = json.loads(RISK.read_text(encoding="utf-8")) if RISK.exists() else {}
    RISK.write_text(f"{json.dumps({**known, **changed}, indent=1)}\n", encoding="utf-8")


def trust(kinds: dict[str, Any], *, num_clean: int, at_fault: float = 0.1) -> dict[str, float]:
    """Give how often a finding of each kind of picture's fault is right, 0..1.

    As far as planted faults say, were `at_fault` of the pictures at fault; half a count is added on
    each side.
    """
    found = {}
    for kind in PICTURE_FAULTS:
        row = kinds[kind]
        hit = (row["found"] + 0.5) / (row["planted"] + 1)
        alarm = (row["false_alarms"] + 0.5) / (num_clean + 1)
        found[kind] = round(at_fault * hit / (at_fault * hit + (1 - at_fault) * alarm), 3)
    return found


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
