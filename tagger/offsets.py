"""How much more often a source writes a label than the model expects, and how sure to be of it.

One model learns from several sources, and leans towards what all of them show together; one source
has many dresses and few jackets, and calls a long jumper a dress. An offset for each of its labels
is added to the logarithm of the label's probability, and one scale multiplies all of them: vector
scaling with one scale (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 4.2). Offsets
also mend a shift of priors (Saerens et al. 2002, https://doi.org/10.1162/089976602753284446); the
scale mends that the mean of a model's answer and a wording's is less sure than it may be, or that
the model is surer of one source than of another. It never changes which label is the likeliest.

Offsets speak for a source: they count where its own words are asked for, in evaluation. What an
annotator is shown never depends on them. They are fitted on the validation split, as temperatures
are, with a penalty; and kept only where cross-fitting shows that they help. So is the scale, but
where there are offsets, these have seen all rows.

Legend: N labelled cells, S source labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tagger.metrics import PROBABILITY_FLOOR, is_likelier, is_no_worse

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Offsets", "fit_offsets"]

MIN_CELLS = 200
FOLDS = 10
_PENALTY = 0.01
_MOST_SCALE = 4.0

_Fitted = TypeVar("_Fitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """One source's leaning for one column.

    Attributes:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        by_label: What is added to the logarithm of each label's probability.
        scale: What the sums are multiplied with, above 0.
    """

    source: str
    key: str
    by_label: Mapping[str, float]
    scale: float = 1.0

    def applied(
        self, probability: NDArray[np.float64], names: Sequence[str]
    ) -> NDArray[np.float64]:
        """Give (N, S) probabilities, each row summing to 1, of what the source would write.

        Args:
            probability: (N, S) of its labels before.
            names: S labels; those that were never met get no offset.
        """
        offsets = np.array([self.by_label.get(name, 0.0) for name in names])
        return _scaled(_shifted(probability, offsets), self.scale)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, rounded to four decimals."""
        values = {name: round(value, 4) for name, value in self.by_label.items()}
        scale = round(self.scale, 4)
        return {"source": self.source, "key": self.key, "by_label": values, "scale": scale}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Offsets:
        """Read what `to_dict` wrote."""
        by_label = {str(name): float(value) for name, value in plain["by_label"].items()}
        scale = float(plain.get("scale", 1.0))
        return cls(source=plain["source"], key=plain["key"], by_label=by_label, scale=scale)


def fit_offsets(
    source: str,
    key: str,
    probability: NDArray[np.float64],
    truth: NDArray[np.int64],
    names: Sequence[str],
) -> Offsets | None:
    """Learn a source's leaning, and how sure the model should be of it.

    Args:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        probability: (N, S).
        truth: (N,) positions of the labels.
        names: S labels.

    Returns:
        None for fewer than `MIN_CELLS` cells, and where neither helps: offsets that are fitted on
        nine tenths have to lower the log loss of the other tenth by more than its standard error
        and lower neither accuracy nor macro-F1, a scale to lower the log loss by as much.
    """
    if len(truth) < MIN_CELLS:
        return None
    values: NDArray[np.float64] = np.zeros(len(names))
    scale = 1.0
    plain = _shifted(probability, values)
    crossed = _crossed(plain, truth, fit=_fitted, apply=_shifted)
    has_leaning = is_likelier(plain, crossed, truth) and is_no_worse(plain, crossed, truth, names)
    if has_leaning:
        values = _fitted(plain, truth)
        plain = _shifted(plain, values)
    is_scaled = is_likelier(plain, _crossed(plain, truth, fit=_fit_scale, apply=_scaled), truth)
    if is_scaled:
        scale = _fit_scale(plain, truth)
    if not (has_leaning or is_scaled):
        return None
    by_label = dict(zip(names, values.tolist(), strict=True)) if has_leaning else {}
    return Offsets(source=source, key=key, by_label=by_label, scale=scale)


def _crossed(
    probability: NDArray[np.float64],
    truth: NDArray[np.int64],
    *,
    fit: Callable[[NDArray[np.float64], NDArray[np.int64]], _Fitted],
    apply: Callable[[NDArray[np.float64], _Fitted], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Give (N, S), each tenth after what was fitted on the other nine."""
    crossed = np.empty_like(probability)
    order = np.random.default_rng(0).permutation(len(truth))
    for fold in range(FOLDS):
        held = np.zeros(len(truth), dtype=bool)
        held[order[fold::FOLDS]] = True
        crossed[held] = apply(probability[held], fit(probability[~held], truth[~held]))
    return crossed


def _scaled(probability: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    weight = np.clip(probability, PROBABILITY_FLOOR, 1.0) ** scale
    share: NDArray[np.float64] = weight / weight.sum(axis=1, keepdims=True)
    return share


def _fit_scale(probability: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Give the scale, 0.25..4, with the lowest log loss."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(logarithm: float) -> float:
        share = _scaled(probability, math.exp(logarithm))
        return -float(np.log(np.clip(share[rows, truth], PROBABILITY_FLOOR, 1.0)).mean())

    limit = math.log(_MOST_SCALE)
    return math.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x)


def _shifted(probability: NDArray[np.float64], offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    weight = np.clip(probability, PROBABILITY_FLOOR, 1.0) * np.exp(offsets)
    share: NDArray[np.float64] = weight / weight.sum(axis=1, keepdims=True)
    return share


def _fitted(probability: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the (S,) offsets with the lowest penalised log loss."""
    from scipy.optimize import minimize

    rows, said = np.arange(len(truth)), np.eye(probability.shape[1])[truth]

    def loss(offsets: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        share = _shifted(probability, offsets)
        penalised = -np.log(share[rows, truth]).mean() + _PENALTY * (offsets**2).sum()
        return float(penalised), (share - said).mean(axis=0) + 2 * _PENALTY * offsets

    start = np.zeros(probability.shape[1])
    fitted: NDArray[np.float64] = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return fitted
