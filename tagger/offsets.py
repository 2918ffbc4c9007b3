"""How much more or less often a source writes each of its labels than the model expects.

One model learns from several sources, and leans towards what all of them show together; one source
has many dresses and few jackets, and calls a long jumper a dress. An offset for each of its labels
is added to the logarithm of the label's probability: vector scaling without the scale (Guo et al.
2017, https://arxiv.org/abs/1706.04599, section 4.2), which also mends a shift of priors (Saerens et
al. 2002, https://doi.org/10.1162/089976602753284446).

Offsets speak for a source: they count where its own words are asked for, in evaluation. What an
annotator is shown never depends on them. They are fitted on the validation split, as temperatures
are, with a penalty; and kept only where cross-fitting shows that they help.

Legend: N labelled cells, S source labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.metrics import PROBABILITY_FLOOR, is_likelier, is_no_worse

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Offsets", "fit_offsets"]

MIN_CELLS = 200
FOLDS = 10
_PENALTY = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """One source's leaning for one column.

    Attributes:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        by_label: What is added to the logarithm of each label's probability.
    """

    source: str
    key: str
    by_label: Mapping[str, float]

    def applied(
        self, probability: NDArray[np.float64], names: Sequence[str]
    ) -> NDArray[np.float64]:
        """Give (N, S) probabilities, each row summing to 1, of what the source would write.

        Args:
            probability: (N, S) of its labels before.
            names: S labels; those that were never met get no offset.
        """
        return _shifted(probability, np.array([self.by_label.get(name, 0.0) for name in names]))

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, rounded to four decimals."""
        values = {name: round(value, 4) for name, value in self.by_label.items()}
        return {"source": self.source, "key": self.key, "by_label": values}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Offsets:
        """Read what `to_dict` wrote."""
        by_label = {str(name): float(value) for name, value in plain["by_label"].items()}
        return cls(source=plain["source"], key=plain["key"], by_label=by_label)


def fit_offsets(
    source: str,
    key: str,
    probability: NDArray[np.float64],
    truth: NDArray[np.int64],
    names: Sequence[str],
) -> Offsets | None:
    """Learn a source's leaning.

    Args:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        probability: (N, S).
        truth: (N,) positions of the labels.
        names: S labels.

    Returns:
        None for fewer than `MIN_CELLS` cells, and where offsets that are fitted on nine tenths do
        not lower the log loss of the other tenth by more than its standard error, or lower accuracy
        or macro-F1.
    """
    if len(truth) < MIN_CELLS:
        return None
    crossed = np.empty_like(probability)
    order = np.random.default_rng(0).permutation(len(truth))
    for fold in range(FOLDS):
        held = np.zeros(len(truth), dtype=bool)
        held[order[fold::FOLDS]] = True
        crossed[held] = _shifted(probability[held], _fitted(probability[~held], truth[~held]))
    plain = _shifted(probability, np.zeros(len(names)))
    if not (is_likelier(plain, crossed, truth) and is_no_worse(plain, crossed, truth, names)):
        return None
    values = _fitted(probability, truth)
    return Offsets(source=source, key=key, by_label=dict(zip(names, values.tolist(), strict=True)))


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
