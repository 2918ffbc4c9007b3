"""What picking gains over drawing at random, measured on the round itself.

An owner wants to know whether a label that was picked teaches the model more than one that was
drawn. How often the live model errs on picked garments does not say that: it was picked because it
errs there, and errors that teach nothing (wrong or unreadable labels) count most.

The estimator: a round holds n labels of its random slice. Take n of its picked labels, fit the
heads anew once with these and once with those, everything else equal, and compare the two on
garments of the blind slice, cell by cell. Repeat with other n of the picked ones and average. The
mean difference in accuracy over held-out cells is the gain a round of n labels has from picking.
The interval resamples the held-out pictures (all cells of a picture together) and so leaves out
how much the n drawn garments differ from another n: it is for these labels, on any pictures.

Legend: M held-out cells, G held-out pictures, R draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GainReport", "RoundGain", "gain_report", "measure_round"]

NUM_RESAMPLES = 2000
MIN_LABELS = 20
MIN_CELLS = 200
MIN_ROUNDS = 3
_Z_95 = 1.96

Judge = Callable[[Sequence[int]], "NDArray[np.floating]"]
"""Fits the heads with these labels added and gives (M,) how right each held-out cell is, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundGain:
    """What one round gained.

    Attributes:
        mean: Change in held-out accuracy, -1..1; positive where picking was better.
        low: Lower end of its 95 % interval.
        high: Upper end.
        num_labels: n, the labels that each side was given.
        num_cells: M.
    """

    mean: float
    low: float
    high: float
    num_labels: int
    num_cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GainReport:
    """What all measured rounds say together.

    Attributes:
        mean: Rounds' mean gain, weighted by their precision; None without a round.
        low: Lower end of its 95 % interval.
        high: Upper end.
        num_rounds: Rounds that could be measured.
        is_random_next: Whether the next round is better drawn at random.
        words: The same in one sentence.
    """

    mean: float | None
    low: float | None
    high: float | None
    num_rounds: int
    is_random_next: bool
    words: str


def measure_round(
    judge: Judge,
    *,
    picked: Sequence[int],
    drawn: Sequence[int],
    pictures: NDArray[np.int64],
    rng: np.random.Generator,
    num_draws: int = 3,
) -> RoundGain | None:
    """Measure one round; None where it has too few labels or held-out cells.

    Args:
        judge: Fits and judges.
        picked: Labels that were picked.
        drawn: Labels of the random slice.
        pictures: (M,) which picture each held-out cell belongs to.
        rng: Draws subsets and resamples.
        num_draws: How many subsets of the picked ones are tried.
    """
    size = min(len(picked), len(drawn))
    if size < MIN_LABELS or len(pictures) < MIN_CELLS:
        return None
    others = [
        judge([drawn[at] for at in rng.permutation(len(drawn))[:size]])
        for _ in range(num_draws if len(drawn) > size else 1)
    ]
    ours = [
        judge([picked[at] for at in rng.permutation(len(picked))[:size]])
        for _ in range(num_draws if len(picked) > size else 1)
    ]
    change = np.mean(ours, axis=0) - np.mean(others, axis=0)
    low, high = _interval(change, pictures, rng)
    return RoundGain(
        mean=float(change.mean()),
        low=low,
        high=high,
        num_labels=size,
        num_cells=len(change),
    )


def _interval(
    change: NDArray[np.floating], pictures: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, float]:
    """Give the 95 % percentile interval of the mean over resampled pictures."""
    _, owner = np.unique(pictures, return_inverse=True)
    sums = np.bincount(owner, weights=change)
    sizes = np.bincount(owner).astype(np.float64)
    drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=NUM_RESAMPLES)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def gain_report(rounds: Sequence[RoundGain]) -> GainReport:
    """Join rounds, and say whether the next one is better drawn at random.

    Random follows when the joint interval lies below nothing, or when after `MIN_ROUNDS` rounds
    the joint gain is not positive.
    """
    if not rounds:
        words = "no round with enough labels and held-out cells yet: gain over random not measured"
        return GainReport(
            mean=None, low=None, high=None, num_rounds=0, is_random_next=False, words=words
        )
    errors = np.array([max((r.high - r.low) / (2 * _Z_95), 1e-4) for r in rounds])
    weights = errors**-2 / (errors**-2).sum()
    mean = float(weights @ np.array([r.mean for r in rounds]))
    half = _Z_95 * float((errors**-2).sum() ** -0.5)
    low, high = mean - half, mean + half
    is_random_next = high < 0 or (len(rounds) >= MIN_ROUNDS and mean <= 0)
    words = (
        f"gain over random {100 * mean:+.1f} points of held-out accuracy "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f}, {len(rounds)} "
        f"round{'s' if len(rounds) > 1 else ''})"
        + ("; the next round is drawn at random" if is_random_next else "")
    )
    return GainReport(
        mean=mean,
        low=low,
        high=high,
        num_rounds=len(rounds),
        is_random_next=is_random_next,
        words=words,
    )
