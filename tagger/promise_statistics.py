"""Exact statistics of a share of wrong answers: intervals, and tests against a stated share."""

from __future__ import annotations

from functools import lru_cache

from scipy import special

__all__ = ["exact_interval", "fewest_answers", "is_shown"]


def exact_interval(num_wrong: float, count: float, *, confidence: float) -> tuple[float, float]:
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


@lru_cache(maxsize=64)
def fewest_answers(count: int, *, error: float, risk: float) -> tuple[int, ...]:
    """Give the fewest answers that show an error in spite of 0, 1, 2 ... wrong ones.

    Args:
        count: Give numbers up to this one.
        error: The stated share, 0..1.
        risk: See `is_shown`.
    """
    found: list[int] = []
    for size in range(1, count + 1):
        if is_shown(len(found), size, error=error, risk=risk):
            found.append(size)
    return tuple(found)


def is_shown(num_wrong: float, count: float, *, error: float, risk: float) -> bool:
    """Reject "more than `error` of the answers is wrong" by the exact binomial tail.

    Args:
        num_wrong: Wrong answers; need not be whole, as `count`.
        count: Independent answers.
        error: The stated share, 0..1.
        risk: Chance at most that the hypothesis is rejected though it holds, 0..1.
    """
    if num_wrong >= count:
        return False
    return float(special.betainc(count - num_wrong, num_wrong + 1, 1 - error)) <= risk
