"""From curves to the labels that are needed, with intervals.

Legend: S seeds, T rounds, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.missing_labels.intervals import paired_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 0.95
RANDOM = "random"
NUM_RESAMPLES = 2000


def labels_needed(sizes: Sequence[int], curve: NDArray[np.floating], target: float) -> float:
    """Give where a curve reaches a target, infinite if it never does.

    Args:
        sizes: (T,) labels.
        curve: (T,) what is reached there; the best rising curve through it is read.
        target: What is to be reached.
    """
    from sklearn.isotonic import isotonic_regression

    rising = isotonic_regression(np.asarray(curve, dtype=np.float64))
    above = np.flatnonzero(rising >= target)
    if not len(above):
        return float("inf")
    at = int(above[0])
    if at == 0:
        return float(sizes[0])
    part = (target - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(sizes[at - 1] + part * (sizes[at] - sizes[at - 1]))


def summarise(
    runs: Mapping[str, Sequence[Sequence[Mapping[str, float]]]],
    *,
    sizes: Sequence[int],
    whole: Mapping[str, float],
) -> dict[str, Any]:
    """Give each strategy's curve, labels needed and its difference to random.

    Args:
        runs: By strategy, then seed and round, the macro-F1 by head.
        sizes: Labels at each round.
        whole: Macro-F1 by head with every label.

    Returns:
        `full`, `target`, and by strategy: `curve` (mean over seeds), `curve_ci95`, `needed` (of
        the mean curve), `needed_ci95` and `share_of_random_ci95` (over resampled seeds; None stands
        for more than the last round), `share_of_random`, `gain` and `gain_ci95` (mean over rounds
        after the first, paired by seed).
    """
    curves = {
        name: np.array([[np.mean(list(heads.values())) for heads in run] for run in found])
        for name, found in runs.items()
    }
    full = float(np.mean(list(whole.values())))
    target = SHARE * full
    drawn = np.random.default_rng(0).integers(
        len(curves[RANDOM]), size=(NUM_RESAMPLES, len(curves[RANDOM]))
    )
    needed = {
        name: np.array([labels_needed(sizes, found[rows].mean(axis=0), target) for rows in drawn])
        for name, found in curves.items()
    }
    base = labels_needed(sizes, curves[RANDOM].mean(axis=0), target)
    strategies = {}
    for name, found in curves.items():
        own = labels_needed(sizes, found.mean(axis=0), target)
        with np.errstate(invalid="ignore"):
            shares = needed[name] / needed[RANDOM]
        gain = paired_t((found - curves[RANDOM])[:, 1:].mean(axis=1).tolist())
        strategies[name] = {
            "curve": found.mean(axis=0).round(4).tolist(),
            "curve_ci95": _curve_interval(found),
            "needed": _finite(own),
            "needed_ci95": _interval(needed[name]),
            "share_of_random": _finite(own / base, digits=3) if np.isfinite(base) else None,
            "share_of_random_ci95": _interval(shares, digits=3),
            "gain": round(gain[0], 4),
            "gain_ci95": [round(gain[1], 4), round(gain[2], 4)],
            "heads": {
                head: [
                    round(float(np.mean([run[at][head] for run in runs[name]])), 4)
                    for at in range(len(sizes))
                ]
                for head in whole
            },
        }
    return {
        "full": {"mean": round(full, 4), **{name: round(f1, 4) for name, f1 in whole.items()}},
        "target": round(target, 4),
        "rounds": list(sizes),
        "strategies": strategies,
    }


def _curve_interval(found: NDArray[np.floating]) -> list[list[float]]:
    ends = [paired_t(found[:, at].tolist())[1:] for at in range(found.shape[1])]
    return [[round(low, 4), round(high, 4)] for low, high in ends]


def _finite(value: float, *, digits: int = 0) -> float | None:
    return round(value, digits) if np.isfinite(value) else None


def _interval(values: NDArray[np.floating], *, digits: int = 0) -> list[float | None]:
    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    low, high = (ordered[int(share * (len(ordered) - 1))] for share in (0.025, 0.975))
    return [_finite(float(low), digits=digits), _finite(float(high), digits=digits)]
