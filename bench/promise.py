"""Fit auto-accept thresholds on a random part of the products and measure them on the rest.

`python -m bench.promise` scores the validation photographs with the shipped version, which was not
trained on them, and writes `bench/results/promise.json`; `python -m bench.promise --show` prints
the tables of that file again.

On the products that were not calibrated on, scope `all` is kept if the error of a product's
accepted answers, averaged over products, is at most the stated one; the error over cells is shown
too. Scope `each` is kept if the share of wrong answers is at most the stated one for every accepted
attribute and for all accepted answers together. A split that accepts nothing is counted apart.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.run import RESULTS, machine
from tagger.promise import PromiseCell, one_per_product
from tagger.promise_file import PromiseSet, fit_set
from tagger.promise_scope import Scope
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
    """Fit and measure both scopes on the same splits."""
    return {
        "products": len({cell.product for cell in cells}),
        "cells": dict(sorted(Counter(cell.attribute for cell in cells).items())),
        "scopes": {scope.value: _check(cells, scope=scope, never=never) for scope in Scope},
    }


def _check(cells: Sequence[PromiseCell], *, scope: Scope, never: Collection[str]) -> dict[str, Any]:
    """Split cells by product, many times, and measure what is accepted of the rest."""
    products = sorted({cell.product for cell in cells})
    splits = []
    for seed in range(NUM_SPLITS):
        order = np.random.default_rng(seed).permutation(len(products))
        chosen = {products[at] for at in order[: round(CALIBRATION_SHARE * len(products))]}
        found = _fit([one for one in cells if one.product in chosen], scope=scope, never=never)
        rest = [cell for cell in cells if cell.product not in chosen]
        splits.append(judge(found, one_per_product(rest)))
    return {
        "splits": splits,
        "fitted_on_all": _fit(cells, scope=scope, never=never).to_dict(),
    }


def _fit(cells: Sequence[PromiseCell], *, scope: Scope, never: Collection[str]) -> PromiseSet:
    return fit_set(
        cells,
        scope=scope,
        never=never,
        version="",
        error=ERROR,
        confidence=CONFIDENCE,
        source="",
        fitted_on="",
    )


def judge(promises: PromiseSet, cells: Sequence[PromiseCell]) -> dict[str, Any]:
    """Count what is accepted of cells, one a product and attribute, and what of that is wrong.

    Returns:
        `heads`: by attribute the cells, the accepted ones and the wrong ones among these;
        `accepting`: products with an accepted cell; `error`: share of wrong ones among a product's
        accepted cells, averaged over these products; None without any.
    """
    heads: dict[str, list[int]] = {}
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for cell in cells:
        counts = heads.setdefault(cell.attribute, [0, 0, 0])
        is_accepted = promises.accepts(cell.attribute, cell.score)
        counts[0] += 1
        counts[1] += is_accepted
        counts[2] += is_accepted and not cell.is_right
        if is_accepted:
            verdicts[cell.product].append(cell.is_right)
    shares = [1 - float(np.mean(found)) for found in verdicts.values()]
    return {
        "heads": dict(sorted(heads.items())),
        "accepting": len(shares),
        "error": float(np.mean(shares)) if shares else None,
    }


def summary(
    splits: Sequence[Mapping[str, Any]], never: Collection[str], *, scope: Scope
) -> dict[str, Any]:
    """Give how many splits kept the promise, and means over splits.

    Args:
        splits: What `judge` gives.
        never: Weakly visible attributes.
        scope: What they were fitted for.
    """
    totals = [_total(split) for split in splits]
    visible = [
        np.sum([counts for name, counts in split["heads"].items() if name not in never], axis=0)
        for split in splits
    ]
    accepted = sum(int(total[1]) for total in totals)
    wrong = sum(int(total[2]) for total in totals)
    products = sum(split["accepting"] for split in splits)
    errors = sum(split["accepting"] * (split["error"] or 0.0) for split in splits)
    return {
        "kept": sum(is_kept(split, scope=scope) for split in splits),
        "kept_by_cells": sum(total[2] <= ERROR * total[1] for total in totals),
        "empty": sum(not total[1] for total in totals),
        "coverage": float(np.mean([total[1] / total[0] for total in totals])),
        "visible_coverage": float(np.mean([total[1] / total[0] for total in visible])),
        "error": errors / products if products else None,
        "error_by_cells": wrong / accepted if accepted else None,
    }


def _total(split: Mapping[str, Any]) -> Sequence[int]:
    total: list[int] = np.sum(list(split["heads"].values()), axis=0).tolist()
    return total


def is_kept(split: Mapping[str, Any], *, scope: Scope) -> bool:
    """Tell whether what was measured on a split is at most the stated error."""
    if scope is Scope.ALL:
        return split["error"] is None or split["error"] <= ERROR
    every = [*split["heads"].values(), _total(split)]
    return all(wrong <= ERROR * accepted for _, accepted, wrong in every)


def render(figures: Mapping[str, Any]) -> str:
    """Give the tables as the document shows them."""
    lines = [
        f"| scope | validation pictures | products | splits that kept {ERROR:.0%} | over cells | "
        "accepted anything, and kept it | visible cells accepted | measured error | over cells |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for scope in Scope:
        for name, stream in figures["streams"].items():
            splits = stream["scopes"][scope.value]["splits"]
            found = summary(splits, figures["never"], scope=scope)
            count = len(splits)
            lines.append(
                f"| {scope.value} | {name} | {stream['products']:,} | {found['kept']} of {count} | "
                f"{found['kept_by_cells']} of {count} | {_accepting(found, count)} | "
                f"{found['visible_coverage']:.0%} | {_percent(found['error'])} | "
                f"{_percent(found['error_by_cells'])} |"
            )
    lines += ["", *_overall(figures), "", *_by_attribute(figures), ""]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _overall(figures: Mapping[str, Any]) -> list[str]:
    """Give what is promised if all products are fitted on."""
    lines = ["Fitted on all products of the kind, scope `all`:", ""]
    for name, stream in figures["streams"].items():
        found = stream["scopes"][Scope.ALL.value]["fitted_on_all"]["overall"]
        low, high = found["error_interval"]
        told = (
            f"error <= {ERROR:.0%} ({low:.1%} to {high:.1%})" if found["num_accepted"] else "none"
        )
        lines.append(f"- {name}: {found['coverage']:.0%} of cells auto-accepted, {told}")
    return lines


def _accepting(found: Mapping[str, Any], num_splits: int) -> str:
    num_accepting = num_splits - found["empty"]
    return f"{found['kept'] - found['empty']} of {num_accepting}" if num_accepting else "none did"


def _by_attribute(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "| scope | validation pictures | attribute | cells | splits that accepted | accepted | "
        "measured error | fitted on all products |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for scope in Scope:
        for stream_name, stream in figures["streams"].items():
            found = stream["scopes"][scope.value]
            for name, count in stream["cells"].items():
                fitted = found["fitted_on_all"]["heads"][name]
                rows = [one["heads"][name] for one in found["splits"] if name in one["heads"]]
                accepting = [row for row in rows if row[1]]
                if not accepting and fitted["threshold"] is None:
                    continue
                accepted, wrong = (sum(row[at] for row in rows) for at in (1, 2))
                lines.append(
                    f"| {scope.value} | {stream_name} | {name} | {count:,} | {len(accepting)} | "
                    f"{accepted / sum(row[0] for row in rows):.0%} | "
                    f"{_percent(wrong / accepted if accepted else None)} | {_fitted(fitted)} |"
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
