"""Fit auto-accept thresholds on a random part of the products and measure them on the rest.

`python -m bench.promise` scores the validation photographs with the shipped version, which was not
trained on them, and writes `bench/results/promise.json`; `python -m bench.promise --show` prints
the tables of that file again.

A split keeps the promise if, on the products that were not calibrated on, the measured share of
wrong answers is at most the stated one for every attribute that is accepted and for all accepted
answers together; a split that accepts nothing is counted apart.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.run import RESULTS, machine
from tagger.promise import Promise, PromiseCell, fit_promises, one_per_product
from tagger.promise_statistics import exact_interval

ROOT = Path(__file__).parents[1]
RESULT = RESULTS / "promise.json"
CACHE = ROOT / ".artifacts" / "promise"
ERROR = 0.02
CONFIDENCE = 0.95
NUM_SPLITS = 20
CALIBRATION_SHARE = 0.5
POOLED = "all photographs"
OUT_OF_FOLD = "whole catalog, plain heads out of fold"
STUDY = ROOT / ".artifacts" / "missing-labels"


def main() -> None:
    """Run the check, or print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.promise", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--out", type=Path, default=RESULT, help="file that is written")
    arguments = parser.parse_args()
    if arguments.show:
        figures = json.loads(arguments.out.read_text(encoding="utf-8"))
    elif not (ROOT.parent / "shared" / "data" / "myntra").is_dir():
        sys.stderr.write("left out: the photographs are not here\n")
        return
    else:
        figures = measure()
        arguments.out.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(render(figures))


def measure() -> dict[str, Any]:
    """Score the validation photographs and split them."""
    import torch

    from bench.promise_folds import out_of_fold_cells
    from bench.promise_material import load_streams
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir

    torch.set_num_threads(1)
    tagger = Tagger.load(shipped_version_dir(), device="cpu")
    streams = load_streams(tagger, cache=CACHE, say=_say)
    never = {str(one.id) for one in tagger.ontology.attributes if one.weakly_visible}
    by_name = {name: stream.cells for name, stream in streams.items()}
    by_name = {POOLED: tuple(cell for cells in by_name.values() for cell in cells), **by_name}
    by_name[OUT_OF_FOLD] = out_of_fold_cells(tagger.ontology, folder=STUDY, say=_say)
    return {
        "machine": machine(),
        "version": tagger.version,
        "error": ERROR,
        "confidence": CONFIDENCE,
        "splits": NUM_SPLITS,
        "calibration_share": CALIBRATION_SHARE,
        "never": sorted(never),
        "pictures": {name: stream.num_pictures for name, stream in streams.items()},
        "streams": {name: check(cells, never=never) for name, cells in by_name.items()},
    }


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def check(cells: Sequence[PromiseCell], *, never: Collection[str]) -> dict[str, Any]:
    """Split cells by product, many times, and measure what is accepted of the rest."""
    products = sorted({cell.product for cell in cells})
    splits = []
    for seed in range(NUM_SPLITS):
        order = np.random.default_rng(seed).permutation(len(products))
        chosen = {products[at] for at in order[: round(CALIBRATION_SHARE * len(products))]}
        promises = fit_promises(
            [cell for cell in cells if cell.product in chosen],
            error=ERROR,
            confidence=CONFIDENCE,
            never=never,
        )
        rest = [cell for cell in cells if cell.product not in chosen]
        splits.append(judge(promises, one_per_product(rest)))
    whole = fit_promises(cells, error=ERROR, confidence=CONFIDENCE, never=never)
    return {
        "products": len(products),
        "cells": dict(sorted(Counter(cell.attribute for cell in cells).items())),
        "splits": splits,
        "fitted_on_all": {name: promise.to_dict() for name, promise in whole.items()},
    }


def judge(promises: Mapping[str, Promise], cells: Sequence[PromiseCell]) -> dict[str, Any]:
    """Count, by attribute, the cells, the accepted ones and the wrong ones among these."""
    found: dict[str, list[int]] = {}
    for cell in cells:
        counts = found.setdefault(cell.attribute, [0, 0, 0])
        is_accepted = cell.attribute in promises and promises[cell.attribute].accepts(cell.score)
        counts[0] += 1
        counts[1] += is_accepted
        counts[2] += is_accepted and not cell.is_right
    return dict(sorted(found.items()))


def summary(stream: Mapping[str, Any], never: Collection[str]) -> dict[str, Any]:
    """Give how many splits kept the promise, and means over splits."""
    splits = stream["splits"]
    totals = [np.sum(list(split.values()), axis=0) for split in splits]
    visible = [
        np.sum([counts for name, counts in split.items() if name not in never], axis=0)
        for split in splits
    ]
    accepted = sum(int(total[1]) for total in totals)
    wrong = sum(int(total[2]) for total in totals)
    return {
        "kept": sum(is_kept(split) for split in splits),
        "empty": sum(not total[1] for total in totals),
        "coverage": float(np.mean([total[1] / total[0] for total in totals])),
        "visible_coverage": float(np.mean([total[1] / total[0] for total in visible])),
        "error": wrong / accepted if accepted else None,
    }


def is_kept(split: Mapping[str, Sequence[int]]) -> bool:
    """Tell whether every attribute, and all together, are wrong at most as often as stated."""
    every = [*split.values(), np.sum(list(split.values()), axis=0).tolist()]
    return all(wrong <= ERROR * accepted for _, accepted, wrong in every)


def render(figures: Mapping[str, Any]) -> str:
    """Give the tables as the document shows them."""
    lines = [
        f"| validation pictures | products | splits that kept {ERROR:.0%} | accepted anything, "
        "and kept it | cells accepted | of those that are visible | measured error |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, stream in figures["streams"].items():
        found = summary(stream, figures["never"])
        error = "-" if found["error"] is None else f"{found['error']:.2%}"
        lines.append(
            f"| {name} | {stream['products']:,} | {found['kept']} of {len(stream['splits'])} | "
            f"{_accepting(found, len(stream['splits']))} | {found['coverage']:.0%} | "
            f"{found['visible_coverage']:.0%} | {error} |"
        )
    lines += ["", *_by_attribute(figures), ""]
    return "\n".join(lines)


def _accepting(found: Mapping[str, Any], num_splits: int) -> str:
    num_accepting = num_splits - found["empty"]
    return f"{found['kept'] - found['empty']} of {num_accepting}" if num_accepting else "none did"


def _by_attribute(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "| validation pictures | attribute | cells | splits that accepted | accepted | "
        "measured error | fitted on all products |",
        "|---|---|---|---|---|---|---|",
    ]
    for stream_name, stream in figures["streams"].items():
        for name, count in stream["cells"].items():
            rows = [split[name] for split in stream["splits"] if name in split]
            accepting = [row for row in rows if row[1]]
            if not accepting and stream["fitted_on_all"][name]["threshold"] is None:
                continue
            accepted, wrong = (sum(row[at] for row in rows) for at in (1, 2))
            share = accepted / sum(row[0] for row in rows)
            error = f"{wrong / accepted:.2%}" if accepted else "-"
            lines.append(
                f"| {stream_name} | {name} | {count:,} | {len(accepting)} | {share:.0%} | {error} "
                f"| {_fitted(stream['fitted_on_all'][name])} |"
            )
    return lines


def _fitted(plain: Mapping[str, Any]) -> str:
    if plain["threshold"] is None:
        return f"never ({plain['why'].replace('_', ' ')})"
    low, high = exact_interval(plain["num_wrong"], plain["num_accepted"], confidence=CONFIDENCE)
    return (
        f"from {plain['threshold']:.4f} on: {plain['coverage']:.0%} accepted, "
        f"{plain['num_wrong']} of {plain['num_accepted']} wrong ({low:.1%} to {high:.1%})"
    )


if __name__ == "__main__":
    main()
