"""Intervals of paired differences: over seeds, and over the products that are measured on.

Legend: S seeds, P products, N cells, R resamples, L source labels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 4000


def t_quantile(degrees: int, *, share: float = 0.975) -> float:
    """Give the quantile of Student's t distribution, for a share of 0.5..1."""
    low, high = 0.0, 1000.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_share(middle, degrees) < share else (low, middle)
    return (low + high) / 2


def _t_share(t: float, degrees: int) -> float:
    """Give P(T <= t) for t >= 0, by Simpson's rule after t = sqrt(degrees) * tan(angle)."""
    end = math.atan(t / math.sqrt(degrees))
    angles = np.linspace(0.0, end, _STEPS + 1)
    heights = np.cos(angles) ** (degrees - 1)
    inner = 4 * heights[1:-1:2].sum() + 2 * heights[2:-1:2].sum()
    area = (heights[0] + heights[-1] + inner) * end / _STEPS / 3
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(math.pi)
    return 0.5 + scale * float(area)


def paired_t(differences: Sequence[float]) -> tuple[float, float, float]:
    """Give the mean of paired differences and its 95 % t interval: mean, low, high."""
    values = np.asarray(differences, dtype=np.float64)
    mean = float(values.mean())
    if len(values) < 2:
        return mean, -math.inf, math.inf
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    spread = t_quantile(len(values) - 1) * error
    return mean, mean - spread, mean + spread


def resamples(num_products: int, *, count: int, seed: int) -> NDArray[np.float64]:
    """Draw how often each product comes in each bootstrap resample, (R, P)."""
    random = np.random.default_rng(seed)
    return random.multinomial(
        num_products, np.full(num_products, 1 / num_products), size=count
    ).astype(np.float64)


def percentile_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Give the middle 95 % of resampled figures, leaving undefined ones out."""
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean of N values under each of R weightings (R, N); NaN where all weights are 0."""
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = weights @ values / np.where(total > 0, total, np.nan)
    return mean


def weighted_macro_f1(
    truth: NDArray[np.int64], forced: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give macro-F1 over the labels that occur, as `tagger.metrics.macro_f1`, for R weightings."""
    labels = np.unique(truth)
    is_truth = (truth[:, None] == labels).astype(np.float64)
    is_forced = (forced[:, None] == labels).astype(np.float64)
    count = weights @ is_truth
    both = count + weights @ is_forced
    f1 = np.where(both > 0, 2 * (weights @ (is_truth * is_forced)) / np.maximum(both, 1), 0.0)
    occurs = count > 0
    total = np.where(occurs, f1, 0.0).sum(axis=1)
    return total / np.where(occurs.any(axis=1), occurs.sum(axis=1), np.nan)
