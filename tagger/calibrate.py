"""Fit temperatures and thresholds on pictures that training never saw.

Temperature scaling (Guo et al. 2017, https://arxiv.org/abs/1706.04599) divides logits by one
number a head,
chosen for the lowest negative log likelihood of the labelled cells. A threshold is the lowest
score above which at most a stated share of the answers is wrong.

Legend: N labelled cells, S source labels, n values of an attribute that a source can name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.scoring import softmax

MIN_CELLS = 30
MAX_ERROR = 0.10
_TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(6.0), 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledCells:
    """Labelled cells of one head from one source.

    Attributes:
        logits: (N, n) of the values that the source can name.
        member: (N, n) true where the value belongs to the label's set.
    """

    logits: NDArray[np.float64]
    member: NDArray[np.bool_]


def fit_temperature(sources: Sequence[LabelledCells], *, prior: float = 1.0) -> float:
    """Choose the temperature with the lowest mean negative log likelihood of the label sets.

    Args:
        sources: Cells by source; a source's values share its probability mass.
        prior: Returned when there are fewer than `MIN_CELLS` cells.

    Returns:
        A number in 0.25..6.
    """
    if sum(len(cells.logits) for cells in sources) < MIN_CELLS:
        return prior
    losses = [
        sum(_negative_log_likelihood(cells, temperature) for cells in sources)
        for temperature in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _negative_log_likelihood(cells: LabelledCells, temperature: float) -> float:
    if not len(cells.logits):
        return 0.0
    probability = (softmax(cells.logits / temperature) * cells.member).sum(axis=1)
    return float(-np.log(np.clip(probability, 1e-12, 1.0)).sum())


def fit_threshold(
    scores: NDArray[np.float64],
    correct: NDArray[np.bool_],
    *,
    floor: float,
    max_error: float = MAX_ERROR,
) -> float:
    """Choose the lowest threshold whose answers are wrong at most `max_error` of the time.

    A cut is accepted when the upper end of a one-standard-error interval of its error (Wilson) is
    within the limit, so that few cells do not buy coverage by luck.

    Args:
        scores: (N,) top scores of labelled cells, 0..1.
        correct: (N,) whether the top answer was right.
        floor: Never go below this score.
        max_error: The stated share, 0..1.

    Returns:
        A threshold in floor..1; 1 means that the head is never answered.
    """
    if len(scores) < MIN_CELLS:
        return max(floor, 0.8)
    ranked = -np.sort(-scores)
    count = _largest_cut(scores, correct, max_error=max_error)
    if not count:
        return 1.0
    below = ranked[count] if count < len(ranked) else 0.0
    return float(max(floor, (ranked[count - 1] + below) / 2))


def coverage_at(
    scores: NDArray[np.float64],
    correct: NDArray[np.bool_],
    *,
    num_cells: int,
    max_error: float,
) -> float | None:
    """Give the share of cells that could be answered at a stated error, by the rule of a threshold.

    Args:
        scores: (N,) top scores of the cells for which the model has an answer, 0..1.
        correct: (N,) whether the top answer was right.
        num_cells: All labelled cells, those without an answer included.
        max_error: The stated share, 0..1.

    Returns:
        0..1, or None for fewer than `MIN_CELLS` answers, or for so few that even without a wrong
        one the interval would reach above the stated error.
    """
    if len(scores) < MIN_CELLS or 1 / (len(scores) + 1) > max_error:
        return None
    return _largest_cut(scores, correct, max_error=max_error) / num_cells


def _largest_cut(
    scores: NDArray[np.float64], correct: NDArray[np.bool_], *, max_error: float
) -> int:
    """Count the top-scored answers that can be given within the error; equal scores go together."""
    order = np.argsort(-scores, kind="stable")
    ranked, wrong = scores[order], np.cumsum(~correct[order])
    count = np.arange(1, len(ranked) + 1)
    last_of_tie = np.append(ranked[:-1] > ranked[1:], True)
    allowed = last_of_tie & (_wilson_upper(wrong / count, count) <= max_error)
    return int(np.flatnonzero(allowed)[-1]) + 1 if allowed.any() else 0


def _wilson_upper(
    error: NDArray[np.float64], count: NDArray[np.int64], z: float = 1.0
) -> NDArray[np.float64]:
    centre = error + z * z / (2 * count)
    spread = z * np.sqrt(error * (1 - error) / count + z * z / (4 * count * count))
    upper: NDArray[np.float64] = (centre + spread) / (1 + z * z / count)
    return upper


def spread_of(temperatures: Mapping[str, float]) -> float:
    """Give the geometric mean of fitted temperatures, the prior for heads with few labels."""
    values = np.array(list(temperatures.values()))
    return float(np.exp(np.log(values).mean())) if len(values) else 1.0
