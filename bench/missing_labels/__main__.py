"""Hide half of the labels at random and measure what the four-state loss is worth.

`python -m bench.missing_labels` trains and writes `bench/results/missing-labels.json`;
`python -m bench.missing_labels --show` prints the table of that file again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.missing_labels.table import render
from bench.run import RESULTS, machine

ROOT = Path(__file__).parents[2]
RESULT = RESULTS / "missing-labels.json"
CACHE = ROOT / ".artifacts" / "missing-labels"
DATA = ("myntra", "myntra-by-eye")


def main() -> None:
    """Run the study, or print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.missing_labels", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds (default 10)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for embeddings")
    parser.add_argument("--out", type=Path, default=RESULT, help="file that is written")
    arguments = parser.parse_args()
    if arguments.show:
        figures = json.loads(arguments.out.read_text(encoding="utf-8"))
    else:
        figures = measure(num_seeds=arguments.seeds, cache=arguments.cache)
        arguments.out.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(render(figures))


def measure(*, num_seeds: int, cache: Path) -> dict[str, Any]:
    """Run the study on the labelled catalog photographs."""
    from bench.missing_labels.embeddings import BACKBONE, CROP_SIZE
    from bench.missing_labels.figures import summarise
    from bench.missing_labels.heads import Plan
    from bench.missing_labels.study import prepare, run_seed
    from ontology.load import default_ontology_path, load_ontology
    from tagger.data_sets import load_data
    from tagger.dataset import shipped_descriptions

    ontology, plan = load_ontology(default_ontology_path()), Plan()
    sets = load_data([shipped_descriptions()[name] for name in DATA], ontology)
    material = prepare(ontology, sets, plan, folder=cache, say=_say)
    runs = []
    for seed in range(num_seeds):
        began = time.perf_counter()
        answers, counts = run_seed(material, plan, seed=seed)
        runs.append(answers)
        _say(f"seed {seed}: {time.perf_counter() - began:.0f} s")
    held = {sample.image for samples in sets.validation.values() for sample in samples}
    return {
        "machine": machine(),
        "data": list(DATA),
        "backbone": BACKBONE,
        "crop_size": CROP_SIZE,
        "plan": asdict(plan),
        "seeds": num_seeds,
        "training": {"products": len(material.training), **asdict(counts)},
        "validation_products": len(held),
        **summarise(runs, sets.validation),
    }


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
