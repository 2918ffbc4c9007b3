"""Counts, rates and intervals of predictions against labels.

Two views are kept apart: *forced* (the best legal value, whatever its score) and *decoded* (what
is shown).

Legend: N labelled cells, S source labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_CALIBRATION_CELLS = 400
PROBABILITY_FLOOR = 1e-4  # so that no logarithm is far off
_BINS = 10


def wilson_interval(hits: int, count: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Give the 95 % score interval of a share (Wilson 1927); (0, 1) for no observations."""
    if count == 0:
        return 0.0, 1.0
    share = hits / count
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def per_value(
    truth: NDArray[np.int64], forced: NDArray[np.int64], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Count precision, recall and F1 for each source label that occurs.

    Args:
        truth: (N,) positions in `names`.
        forced: (N,) predicted positions.
        names: S source labels.
    """
    table = {}
    for at, name in enumerate(names):
        count = int((truth == at).sum())
        predicted = int((forced == at).sum())
        if count == 0 and predicted == 0:
            continue
        hits = int(((truth == at) & (forced == at)).sum())
        precision = hits / predicted if predicted else 0.0
        recall = hits / count if count else 0.0
        f1 = 2 * hits / (count + predicted)
        table[name] = {"n": count, "precision": precision, "recall": recall, "f1": f1}
    return table


def macro_f1(table: dict[str, dict[str, float]]) -> float:
    """Average F1 over the labels that occur in the truth; 0 if none does."""
    present = [row["f1"] for row in table.values() if row["n"] > 0]
    return sum(present) / len(present) if present else 0.0


def calibration_error(scores: NDArray[np.float64], correct: NDArray[np.bool_]) -> float | None:
    """Estimate the calibration error of top-1 answers.

    Ten bins of equal mass; the squared gap of each bin is debiased by its sampling variance (Kumar,
    Liang and Ma 2019, https://arxiv.org/abs/1909.10155), averaged by mass, and the root is taken.

    Returns:
        0..1, or None for fewer than `MIN_CALIBRATION_CELLS` cells.
    """
    if len(scores) < MIN_CALIBRATION_CELLS:
        return None
    order = np.argsort(scores, kind="stable")
    total = 0.0
    for members in np.array_split(order, _BINS):
        accuracy = float(correct[members].mean())
        gap = accuracy - float(scores[members].mean())
        variance = accuracy * (1 - accuracy) / (len(members) - 1)
        total += len(members) / len(scores) * (gap * gap - variance)
    return math.sqrt(max(0.0, total))


def is_likelier(
    before: NDArray[np.float64], after: NDArray[np.float64], truth: NDArray[np.int64]
) -> bool:
    """Tell whether the mean log likelihood rises by more than its standard error.

    Args:
        before: (N, S) probabilities, each row summing to 1.
        after: Likewise.
        truth: (N,) positions of the labels.
    """
    gain = log_likelihoods(after, truth) - log_likelihoods(before, truth)
    return bool(gain.mean() > gain.std() / math.sqrt(len(gain)))


def log_likelihoods(view: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give (N,) logarithms of the labels' probabilities, each at least `PROBABILITY_FLOOR`."""
    likelihood = np.clip(view[np.arange(len(truth)), truth], PROBABILITY_FLOOR, 1.0)
    logarithm: NDArray[np.float64] = np.log(likelihood)
    return logarithm


def is_no_worse(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    truth: NDArray[np.int64],
    names: Sequence[str],
    *,
    kept_f1: float = 1.0,
) -> bool:
    """Tell whether accuracy does not fall, nor macro-F1 below a share of what it was.

    Args:
        before: (N, S) probabilities.
        after: Likewise.
        truth: (N,) positions of the labels.
        names: S labels.
        kept_f1: The share, 0..1.
    """
    old, new = (view.argmax(axis=1).astype(np.int64) for view in (before, after))
    old_f1, new_f1 = (macro_f1(per_value(truth, view, list(names))) for view in (old, new))
    return bool((new == truth).mean() >= (old == truth).mean() and new_f1 >= kept_f1 * old_f1)


def confusion(
    truth: NDArray[np.int64], forced: NDArray[np.int64], names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Count predictions for each true label, zero counts left out."""
    table: dict[str, dict[str, int]] = {}
    for actual, predicted in zip(truth.tolist(), forced.tolist(), strict=True):
        row = table.setdefault(names[actual], {})
        row[names[predicted]] = row.get(names[predicted], 0) + 1
    return table


def head_report(
    *,
    truth: NDArray[np.int64],
    forced: NDArray[np.int64],
    top_scores: NDArray[np.float64],
    answered: NDArray[np.bool_],
    right: NDArray[np.bool_],
    overlap: NDArray[np.float64],
    names: Sequence[str],
) -> dict[str, Any]:
    """Summarise one head on one data set.

    Args:
        truth: (N,) positions in `names`.
        forced: (N,) forced answers.
        top_scores: (N,) probability of the forced answer.
        answered: (N,) whether the decoder showed anything.
        right: (N,) whether all that it showed was right.
        overlap: (N,) |shown and true| / |shown or true|, 0..1.
        names: S source labels.
    """
    count = len(truth)
    hits = int((truth == forced).sum())
    table = per_value(truth, forced, names)
    labels = {name for name, row in table.items() if row["n"] > 0}
    num_answered = int(answered.sum())
    return {
        "n": count,
        "top1_accuracy": hits / count if count else None,
        "top1_ci95": list(wilson_interval(hits, count)),
        "macro_f1": macro_f1(table) if count else None,
        "average_accuracy": float(overlap.mean()) if count else None,
        "coverage": num_answered / count if count else None,
        "selective_error": (
            float((answered & ~right).sum()) / num_answered if num_answered else None
        ),
        "ece": calibration_error(top_scores, truth == forced),
        "assessable": len(labels) > 1,
        "per_value": table,
    }
