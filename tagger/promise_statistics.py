"""Exact statistics of a share of wrong answers: intervals, and tests against a stated share."""

from __future__ import annotations

import math

from scipy import special

__all__ = ["exact_interval", "fewest_answers", "is_shown"]


def exact_interval(num_wrong: int, count: int, *, confidence: float) -> tuple[float, float]:
    """Give the exact two-sided interval of a share (Clopper and Pearson 1934); (0, 1) for none."""
    if not count:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(num_wrong, count - num_wrong + 1, tail)) if num_wrong else 0.0
    high = (
        float(special.betaincinv(num_wrong + 1, count - num_wrong, 1 - tail))
        if num_wrong < count
        else 1.0
    )
    return low, high


def fewest_answers(num_wrong: int, *, error: float, risk: float) -> int:
    """Give the fewest answers that show an error, 0..1, in spite of so many wrong ones."""
    count = max(num_wrong + 1, math.ceil(math.log(risk) / math.log1p(-error)))
    while not is_shown(num_wrong, count, error=error, risk=risk):
        count += 1
    return count


def is_shown(num_wrong: int, count: int, *, error: float, risk: float) -> bool:
    """Reject "more than `error` of the answers is wrong" by the exact binomial tail.

    Args:
        num_wrong: Wrong answers.
        count: Independent answers.
        error: The stated share, 0..1.
        risk: Chance at most that the hypothesis is rejected though it holds, 0..1.
    """
    return float(special.bdtr(num_wrong, count, error)) <= risk
