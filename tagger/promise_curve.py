"""How often an attribute's answers are wrong at every score, fitted on few of them.

Scores have four digits, so a curve is a row of numbers: one for each score from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from tagger.promise import PromiseCell, rounded

__all__ = ["lowest_score", "risk_at", "risk_curve"]

_GRID = 10_000
_SHIFT, _SLOPE = 0.5, 0.25  # how far, in log odds, curves are expected to lie from the scores


def risk_curve(cells: Iterable[PromiseCell]) -> NDArray[np.float64]:
    """Fit a logistic curve (Platt 1999) that is drawn towards the scores as they are.

    Args:
        cells: Of one attribute; without any, answers are right as often as scores say.

    Returns:
        (10001,) probability that an answer is wrong, 0..1, never rising with the score.
    """
    grid = special.logit(np.clip(np.arange(_GRID + 1) / _GRID, 1 / _GRID, 1 - 1 / _GRID))
    known = [(_at(cell.score), cell.is_right) for cell in cells if cell.score is not None]
    odds = grid[np.array([place for place, _ in known], dtype=int)]
    sign = np.array([1.0 if is_right else -1.0 for _, is_right in known])

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shift, slope = line
        told = sign * (shift + slope * odds)
        pull = -sign * special.expit(-told)
        off = np.array([shift / _SHIFT, (slope - 1) / _SLOPE])
        slopes = np.array([pull.sum(), pull @ odds]) + off / [_SHIFT, _SLOPE]
        return float(np.logaddexp(0, -told).sum() + off @ off / 2), slopes

    bounds = [(None, None), (0.05, None)]
    found = optimize.minimize(loss, np.array([0.0, 1.0]), jac=True, bounds=bounds).x
    risk: NDArray[np.float64] = special.expit(-(found[0] + found[1] * grid))
    return risk


def risk_at(curve: NDArray[np.float64], score: float) -> float:
    """Give the probability that an answer of this score is wrong."""
    return float(curve[_at(score)])


def lowest_score(curve: NDArray[np.float64], risk: float | None) -> float | None:
    """Give the lowest score with at most this risk, 0..1; None if there is none."""
    is_in = curve <= risk if risk is not None else np.zeros(len(curve), dtype=bool)
    return float(np.argmax(is_in)) / _GRID if is_in.any() else None


def _at(score: float) -> int:
    """Give a score's place on the grid."""
    return round(rounded(score) * _GRID)
