"""Test and bound changes of paired right or wrong answers that come in groups.

Answers of one group (pictures of one product) are not independent, so a group is the unit: its sum
is the number of its cells that the candidate wins minus the number that it loses.

*Test.* If the candidate is as good as the live version, every group's sum is as likely to be its
negative. The sign-flip test (Fisher 1935, "The Design of Experiments", section 21) compares the
total with all signs that the groups could have had; sums are small integers, so its distribution is
computed exactly, and the stated error holds at any size.

*Interval.* A ratio of group sums with a group-robust variance and a t quantile, after one won and
one lost pseudo-group are added, as Bonett and Price (2012, https://doi.org/10.3102/1076998611411915)
do for paired shares: without them the interval of a head without a flip would have no width.

Legend: N cells, G groups, m hypotheses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal, special

__all__ = ["Bounds", "bounds_of", "fall_p_value", "group_sums", "holm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A mean paired difference with bounds, in shares (-1..1).

    Attributes:
        change: Mean difference over cells, candidate minus live.
        low: One-sided lower bound.
        high: One-sided upper bound; the two together are an interval of `1 - 2 * alpha`.
        error: Standard error.
    """

    change: float
    low: float
    high: float
    error: float


def group_sums(
    groups: NDArray[np.int64], differences: NDArray[np.int8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each occurring group's sum of differences and its number of cells, (G,) each.

    Args:
        groups: (N,) which group a cell belongs to, 0 or more.
        differences: (N,) of 1 (only the candidate is right), -1 (only live is) or 0.
    """
    counts = np.bincount(groups).astype(np.float64)
    sums = np.bincount(groups, weights=differences).astype(np.float64)
    there = counts > 0
    return sums[there], counts[there]


def bounds_of(
    sums: NDArray[np.float64], counts: NDArray[np.float64], *, alpha: float = 0.05
) -> Bounds:
    """Bound the mean difference over cells.

    Args:
        sums: (G,) won minus lost cells of each group, G of at least 1.
        counts: (G,) cells of each group, 1 or more.
        alpha: Chance that one bound is on the wrong side, 0..0.5.
    """
    padded = np.concatenate([sums, [1.0, -1.0]])
    sizes = np.concatenate([counts, [1.0, 1.0]])
    total = sizes.sum()
    centre = padded.sum() / total
    rest = padded - centre * sizes
    error = float(np.sqrt(len(rest) / (len(rest) - 1) * (rest @ rest)) / total)
    reach = float(special.stdtrit(len(rest) - 1, 1 - alpha)) * error
    return Bounds(
        change=float(sums.sum() / counts.sum()),
        low=float(max(-1.0, centre - reach)),
        high=float(min(1.0, centre + reach)),
        error=error,
    )


def fall_p_value(sums: NDArray[np.float64]) -> float:
    """Give the chance of a total as low as this one if the candidate is as good as live.

    Args:
        sums: (G,) won minus lost cells of each group, whole numbers.

    Returns:
        The exact one-sided p-value of the sign-flip test, 0..1; 1 without any difference.
    """
    sizes, numbers = np.unique(np.abs(sums[sums != 0]).astype(np.int64), return_counts=True)
    chances = np.ones(1)
    for size, number in zip(sizes.tolist(), numbers.tolist(), strict=True):
        spread = np.zeros(size * number + 1)
        spread[::size] = _coin(number)
        chances = signal.convolve(chances, spread)
    most = int(sizes @ numbers)
    won = (round(float(sums.sum())) + most) // 2
    return float(np.clip(chances[: won + 1].sum(), 0.0, 1.0))


@lru_cache(maxsize=4096)
def _coin(number: int) -> NDArray[np.float64]:
    """Give the chances of 0..number heads of as many fair coins."""
    heads = np.arange(number + 1)
    log_chance = (
        special.gammaln(number + 1)
        - special.gammaln(heads + 1)
        - special.gammaln(number - heads + 1)
        - number * np.log(2.0)
    )
    chances: NDArray[np.float64] = np.exp(log_chance)
    return chances


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct m p-values so that any false alarm among them has the stated chance (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, at in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = largest
    return corrected
