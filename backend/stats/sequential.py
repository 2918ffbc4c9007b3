"""Tests that may be looked at after every task without becoming wrong more often.

Tasks give values in 0..1. A bettor stakes a fixed fraction of a capital of 1 on each value lying
below (or above) a claimed mean. If the claim is true, the capital is a non-negative supermartingale
whatever the distribution, so by Ville's inequality it ever reaches 1 / level with a probability of
at most `level`, however often somebody looks. The mean capital over several fractions has the same
property (Waudby-Smith and Ramdas 2023, "Estimating means of bounded random variables by betting").
The capital does not depend on the order of the tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "SequentialLimits", "capital_against", "compare", "lower_bound"]

# Small fractions find small falls after many tasks, large ones a large fall after few.
_FRACTIONS = np.array([0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
_BISECTIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialLimits:
    """When a fall is beyond chance.

    Attributes:
        level: Probability, at most, of ever raising a false alarm about one version.
        margin: A fall of this size is tolerated; a share, 0..1.
        min_tasks: Tasks that each of the two versions needs before an alarm.
    """

    level: float = 0.05
    margin: float = 0.02
    min_tasks: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The present version against the one before.

    Attributes:
        num: Tasks of the present version, as `num_before` of the one before.
        mean: Mean share of accepted answers a task, as `mean_before`.
        floor: The acceptance that the present version must not be below: a lower confidence bound
            of the version before, less the margin.
        capital: Evidence that it is below; starts at 1.
        needed: The evidence that raises the alarm.
        is_alarm: Whether the fall is beyond chance.
    """

    num: int
    num_before: int
    mean: float
    mean_before: float
    floor: float
    capital: float
    needed: float
    is_alarm: bool


def compare(
    before: Sequence[float], now: Sequence[float], *, limits: SequentialLimits | None = None
) -> Comparison:
    """Test whether the mean has fallen by more than the margin.

    Half of the level is spent on the bound of the version before, half on the present one; both
    hold at all times at once, so tasks may be added to either at any time.

    Args:
        before: Values of the version before, one a task, in 0..1.
        now: Values of the present version.
        limits: Level, margin and least numbers.
    """
    limits = limits or SequentialLimits()
    half = limits.level / 2
    floor = max(0.0, lower_bound(before, level=half) - limits.margin)
    capital = capital_against(now, claimed=floor)
    is_enough = min(len(before), len(now)) >= limits.min_tasks
    return Comparison(
        num=len(now),
        num_before=len(before),
        mean=float(np.mean(now)) if now else 0.0,
        mean_before=float(np.mean(before)) if before else 0.0,
        floor=floor,
        capital=capital,
        needed=1 / half,
        is_alarm=is_enough and capital >= 1 / half,
    )


def capital_against(values: Sequence[float], *, claimed: float) -> float:
    """Give the evidence that the mean lies below what is claimed; 1 is none.

    Args:
        values: In 0..1.
        claimed: The mean is claimed to be this or higher; 0 can never be refuted.
    """
    if claimed <= 0.0 or not len(values):
        return 1.0
    if claimed >= 1.0:
        return 1.0 if min(values) >= 1.0 else float(np.finfo(float).max)
    return _capital((1.0 - np.asarray(values, dtype=float)) / (1.0 - claimed))


def lower_bound(values: Sequence[float], *, level: float) -> float:
    """Give a bound above which the mean lies, at all times at once, with 1 - `level`.

    Args:
        values: In 0..1.
        level: Probability, at most, that the bound is ever wrong.
    """
    observed = np.asarray(values, dtype=float)
    if not observed.size or observed.mean() <= 0.0:
        return 0.0
    low, high = 0.0, float(observed.mean())
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        # Evidence that the mean is above `middle`; falls as `middle` rises.
        if middle > 0.0 and _capital(observed / middle) >= 1 / level:
            low = middle
        elif middle <= 0.0:
            break
        else:
            high = middle
    return low


def _capital(ratios: NDArray[np.float64]) -> float:
    """Give the mean final capital over the fractions; `ratios` have a mean of 1 or less if true."""
    steps = np.log1p(_FRACTIONS[:, None] * (ratios[None, :] - 1.0)).sum(axis=1)
    peak = float(steps.max())
    logarithm = peak + float(np.log(np.mean(np.exp(steps - peak))))
    return float(np.exp(min(logarithm, 700.0)))
