"""From answers to figures with intervals.

Legend: S seeds, N cells, P products, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.missing_labels.intervals import (
    paired_t,
    percentile_interval,
    resamples,
    weighted_macro_f1,
    weighted_mean,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.missing_labels.cells import Head, HeadCells
    from tagger.dataset import Sample

    Figure = Callable[[HeadCells, NDArray[np.float64]], NDArray[np.float64]]

NUM_RESAMPLES = 1000
OURS, FULL = "four-state", "four-state, nothing hidden"


def _shown(reading: str, what: str) -> Figure:
    def figure(cells: HeadCells, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return weighted_mean(getattr(cells.views[reading], what).astype(np.float64), weights)

    return figure


def _error(reading: str) -> Figure:
    def figure(cells: HeadCells, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        view = cells.views[reading]
        return weighted_mean(
            (~view.right[view.answered]).astype(np.float64), weights[:, view.answered]
        )

    return figure


FIGURES: Mapping[str, Figure] = {
    "top1": lambda cells, weights: weighted_mean(
        (cells.truth == cells.forced).astype(np.float64), weights
    ),
    "macro_f1": lambda cells, weights: weighted_macro_f1(cells.truth, cells.forced, weights),
    "average_accuracy": _shown("shared", "overlap"),
    "coverage": _shown("shared", "answered"),
    "error": _error("shared"),
    "alone_average_accuracy": _shown("alone", "overlap"),
    "alone_coverage": _shown("alone", "answered"),
    "alone_error": _error("alone"),
}
# Found by a search over thresholds, so without a bootstrap.
TUNED: Mapping[str, Callable[[HeadCells], float]] = {
    "best_average_accuracy": lambda cells: cells.open_overlap,
    "tuned_coverage": lambda cells: cells.tuned_coverage["shared"],
    "alone_tuned_coverage": lambda cells: cells.tuned_coverage["alone"],
}
LEVEL_ONLY = {"error", "alone_error"}


def summarise(
    runs: Sequence[Mapping[str, Mapping[Head, HeadCells]]],
    validation: Mapping[str, Sequence[Sample]],
) -> dict[str, Any]:
    """Give levels of every arm and differences of the four-state loss to the others.

    Args:
        runs: Per seed, answers by arm and head.
        validation: Samples by data set; a product's samples are drawn together.

    Returns:
        `heads` and `mean` (over heads), each with `arms` (arm to figure to the mean over seeds)
        and `differences` (arm to figure to mean, `seeds` interval, `products` interval).
    """
    heads = list(next(iter(runs[0].values())))
    weights = _product_weights(validation)
    tables = {
        arm: {
            name: np.stack(
                [
                    np.stack(
                        [
                            figure(run[arm][head], weights[head[0]][:, run[arm][head].rows])
                            for head in heads
                        ]
                    )
                    for run in runs
                ]
            )
            for name, figure in FIGURES.items()
        }
        for arm in runs[0]
    }
    for arm, table in tables.items():
        for name, tuned in TUNED.items():
            found = np.array([[tuned(run[arm][head]) for head in heads] for run in runs])
            table[name] = found[:, :, None]
    per_head = [
        {
            "dataset": head[0],
            "attribute": head[1],
            "cells": len(runs[0][OURS][head].rows),
            **_compare({arm: _pick(table, at) for arm, table in tables.items()}),
        }
        for at, head in enumerate(heads)
    ]
    return {
        "heads": per_head,
        "mean": {
            "cells": sum(entry["cells"] for entry in per_head),
            **_compare({arm: _averaged(table) for arm, table in tables.items()}),
        },
    }


def _product_weights(
    validation: Mapping[str, Sequence[Sample]],
) -> dict[str, NDArray[np.float64]]:
    """Give each sample's weight (1 + R, N): the plain one first, then the resamples."""
    groups = sorted({sample.group for held in validation.values() for sample in held})
    at = {group: n for n, group in enumerate(groups)}
    drawn = resamples(len(groups), count=NUM_RESAMPLES, seed=0)
    plain = np.vstack([np.ones(len(groups)), drawn])
    return {name: plain[:, [at[s.group] for s in held]] for name, held in validation.items()}


def _pick(table: Mapping[str, NDArray[np.float64]], at: int) -> dict[str, NDArray[np.float64]]:
    return {name: found[:, at] for name, found in table.items()}


def _averaged(table: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Average over heads; an error that is undefined because nothing was answered is left out."""
    averaged = {}
    for name, found in table.items():
        known = np.isfinite(found)
        total = np.where(known, found, 0.0).sum(axis=1)
        averaged[name] = total / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    return averaged


def _compare(arms: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> dict[str, Any]:
    """Compare tables of (S, 1 + R) figures."""
    return {
        "arms": {
            arm: {name: _level(found[:, 0]) for name, found in table.items()}
            for arm, table in arms.items()
        },
        "differences": {
            arm: {
                name: _difference(arms[OURS][name] - found)
                for name, found in table.items()
                if name not in LEVEL_ONLY
            }
            for arm, table in arms.items()
            if arm != OURS
        },
    }


def _level(found: NDArray[np.float64]) -> float | None:
    known = found[np.isfinite(found)]
    return round(float(known.mean()), 4) if len(known) else None


def _difference(found: NDArray[np.float64]) -> dict[str, Any]:
    mean, low, high = paired_t(found[:, 0].tolist())
    result: dict[str, Any] = {"mean": round(mean, 4), "seeds": [round(low, 4), round(high, 4)]}
    if found.shape[1] > 1:
        result["products"] = [
            round(end, 4) for end in percentile_interval(found[:, 1:].mean(axis=0))
        ]
    return result
