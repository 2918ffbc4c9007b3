"""Measure explanations on rendered pictures and write `bench/results/explain.json`.

`python -m bench.explain` draws the pictures and measures;
`python -m bench.explain --show` prints the tables of the stored figures again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch

from bench.explain.location import cases, locate
from bench.explain.photographs import are_there, photographed
from bench.explain.speed import compare_with_library, measure_speed
from bench.explain.table import RESULT, render
from bench.explain.trust import measure_trust
from bench.run import machine
from tagger.pipeline import Tagger
from tagger.registry import shipped_version_dir

SEED = 77  # no training set was drawn with it
SECTIONS = ("speed", "library", "trust", "location", "photographs")


def main() -> None:
    """Measure, or print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.explain", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--data", type=Path, help="a catalog that `weft data render` has drawn")
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--checked", type=int, default=12, help="pictures for faithfulness")
    parser.add_argument(
        "--only", choices=SECTIONS, help="measure one section again and keep the others' figures"
    )
    chosen = parser.parse_args()
    if not chosen.show:
        with tempfile.TemporaryDirectory() as folder:
            measure(chosen.data or _drawn(Path(folder), chosen.pictures), chosen)
    sys.stdout.write(render())


def _drawn(folder: Path, pictures: int) -> Path:
    from ontology.load import default_ontology_path, load_ontology
    from tagger.render.catalog import render_catalog

    render_catalog(
        folder, count=pictures, seed=SEED, ontology=load_ontology(default_ontology_path())
    )
    return folder


def measure(folder: Path, chosen: argparse.Namespace) -> None:
    """Write all figures."""
    torch.set_num_threads(1)
    tagger = Tagger.load(shipped_version_dir(), device="cpu")
    pictures = sorted((folder / "images").iterdir())

    def say(garments: int) -> None:
        if garments % 50 == 0:
            print(f"{garments} garments located", file=sys.stderr, flush=True)  # noqa: T201

    measures = {
        "speed": lambda: measure_speed(tagger, pictures[0]),
        "library": lambda: compare_with_library(tagger, pictures[:3]),
        "trust": lambda: measure_trust(tagger, folder, pictures=chosen.checked),
        "location": lambda: locate(tagger, cases(tagger, folder, chosen.pictures), say),
        "photographs": lambda: locate(tagger, photographed(tagger), say),
    }
    figures = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    figures |= {"machine": machine(), "model_version": tagger.version}
    for section in [chosen.only] if chosen.only else SECTIONS:
        if section == "photographs" and not are_there():
            print("the photographs are not here; their figures are kept", file=sys.stderr)  # noqa: T201
            continue
        figures[section] = measures[section]()
        if section == "location":
            figures["catalog"] = {"pictures": chosen.pictures, "seed": SEED}
    RESULT.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
