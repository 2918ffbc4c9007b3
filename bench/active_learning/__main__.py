"""Simulate how many labels each way of choosing needs.

`python -m bench.active_learning` runs and writes `bench/results/active-learning.json` and the plot;
`--show` prints the table of the stored figures again, `--draw` draws their plot again. Needs the
`bench` extra and the catalog photographs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.active_learning.simulate import digest_of
from bench.active_learning.table import draw, render
from bench.run import RESULTS, machine

ROOT = Path(__file__).parents[2]
RESULT = RESULTS / "active-learning.json"
PLOT = ROOT / "docs" / "images" / "active-learning.svg"
CACHE = ROOT / ".artifacts" / "missing-labels"
PICTURES = ROOT.parent / "shared" / "data" / "myntra"
RUNS = ROOT / ".artifacts" / "active-learning"


def main() -> None:
    """Run the simulation, or print or draw its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.active_learning", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--draw", action="store_true", help="draw the stored figures and stop")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (default 5)")
    parser.add_argument("--out", type=Path, default=RESULT, help="file that is written")
    arguments = parser.parse_args()
    if not (arguments.show or arguments.draw):
        if not PICTURES.is_dir():
            sys.stderr.write(f"skipped: the catalog photographs are not there: {PICTURES}\n")
            return
        figures = measure(num_seeds=arguments.seeds)
        arguments.out.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    figures = json.loads(arguments.out.read_text(encoding="utf-8"))
    if not arguments.show:
        PLOT.parent.mkdir(parents=True, exist_ok=True)
        draw(figures, PLOT)
    sys.stdout.write(render(figures))


def measure(*, num_seeds: int) -> dict[str, Any]:
    """Run every strategy on every seed; finished runs are kept and not repeated."""
    from bench.active_learning.figures import summarise
    from bench.active_learning.material import CHANNELS, load_material
    from bench.active_learning.simulate import ROUNDS, run_all, whole_pool
    from bench.active_learning.strategies import strategies
    from bench.missing_labels.embeddings import BACKBONE, CROP_SIZE

    material = load_material(CACHE, say=_say)
    runs = run_all(
        material, strategies(), num_seeds=num_seeds, cache=RUNS / f"{_mark()}.json", say=_say
    )
    return {
        "machine": machine(),
        "data": "myntra",
        "backbone": BACKBONE,
        "crop_size": CROP_SIZE,
        "channels": CHANNELS,
        "seeds": num_seeds,
        "pool": len(material.pool),
        "test": len(material.test),
        "heads": {
            name: {"values": len(head.names), "counted": len(head.counted)}
            for name, head in material.heads.items()
        },
        **summarise(runs, sizes=ROUNDS, whole=whole_pool(material)),
    }


def _mark() -> str:
    """Name what the kept runs depend on, so that changed code does not meet old runs."""
    return digest_of([Path(__file__).with_name(f"{name}.py") for name in _PARTS])


_PARTS = ("heads", "material", "simulate", "strategies")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
