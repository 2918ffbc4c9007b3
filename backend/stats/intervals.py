"""Intervals that honour that the cells of one task are not independent of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Estimate", "clustered_share", "mean_of", "median_of"]

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        num: How many tasks it comes from.
        low: None where there are too few to say, as is `high`.
    """

    value: float
    low: float | None
    high: float | None
    num: int


def clustered_share(clusters: Sequence[tuple[int, int]]) -> Estimate | None:
    """Estimate a share from clusters of cells; None without any cell.

    The interval is Wilson's, at the effective number of cells: their number divided by the design
    effect, which the linearised (Taylor) variance over clusters gives and which is taken to be at
    least 1 (Franco, Little, Louis and Slud 2019, "Comparative study of confidence intervals for
    proportions in complex sample surveys"). Where all cells agree, the data cannot tell the
    design effect, and every cluster counts as one cell.

    Args:
        clusters: Successes and cells of each task; tasks without cells are ignored.
    """
    counted = [(good, total) for good, total in clusters if total > 0]
    cells = sum(total for _, total in counted)
    if not cells:
        return None
    share = sum(good for good, _ in counted) / cells
    if 0.0 < share < 1.0 and len(counted) > 1:
        spread = sum((good - share * total) ** 2 for good, total in counted)
        variance = spread * len(counted) / (len(counted) - 1) / cells**2
        effective = min(cells, share * (1 - share) / variance) if variance else float(cells)
    else:
        effective = float(len(counted))
    low, high = _wilson(share, effective)
    return Estimate(value=share, low=low, high=high, num=len(counted))


def _wilson(share: float, num: float) -> tuple[float, float]:
    """Give Wilson's (1927) score interval; `num` need not be whole."""
    square = _Z95**2
    centre = (share + square / (2 * num)) / (1 + square / num)
    half = _Z95 * math.sqrt(share * (1 - share) / num + square / (4 * num**2)) / (1 + square / num)
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_of(values: Sequence[float]) -> Estimate | None:
    """Estimate a mean over tasks with Student's interval; None without any value."""
    from scipy.stats import t

    if not values:
        return None
    num = len(values)
    mean = math.fsum(values) / num
    if num < 2:
        return Estimate(value=mean, low=None, high=None, num=num)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (num - 1))
    half = float(t.ppf(0.975, num - 1)) * deviation / math.sqrt(num)
    return Estimate(value=mean, low=mean - half, high=mean + half, num=num)


def median_of(values: Sequence[float]) -> Estimate | None:
    """Estimate a median with the interval between order statistics; None without any value.

    The interval assumes nothing about the distribution and holds at 95 % or more (Conover 1999,
    section 3.2); fewer than six values cannot give one.
    """
    from scipy.stats import binom

    if not values:
        return None
    ordered = sorted(values)
    num, half = len(ordered), len(ordered) // 2
    middle = ordered[half] if num % 2 else (ordered[half - 1] + ordered[half]) / 2
    rank = int(binom.ppf(0.025, num, 0.5))  # so many may lie below the median at most, less one
    if num < 6:
        return Estimate(value=middle, low=None, high=None, num=num)
    return Estimate(value=middle, low=ordered[rank - 1], high=ordered[num - rank], num=num)
