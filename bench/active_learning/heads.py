"""Quick heads: a masked multinomial logistic regression per question.

Legend: N garments, C channels, K labels of a head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.active_learning.material import Head, with_offset

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECAY = 0.1
"""Half the squared weights are counted this often; the best of 0.003 to 0.3 for the whole pool."""

RARITY = 0.5
"""Each garment counts by its label's frequency to minus this, as in `weft train`."""

_STEPS = 40
_TOLERANCE = 1e-4


@dataclass(slots=True, kw_only=True)
class Heads:
    """Heads that start each fit from the one before."""

    questions: Mapping[str, Head]
    weights: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    seen: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def fit(self, pool: NDArray[np.float32], labelled: NDArray[np.int64]) -> None:
        """Fit every head on the labelled pool pictures that have its label."""
        inputs = with_offset(pool)
        for name, head in self.questions.items():
            given = labelled[head.pool[labelled] >= 0]
            labels = head.pool[given]
            seen = np.unique(labels)
            start = self.weights.get(name)
            if start is None:
                start = np.zeros((inputs.shape[1], len(head.names)), dtype=np.float32)
            fitted = _minimise(inputs[given], np.searchsorted(seen, labels), start[:, seen])
            self.weights[name] = np.zeros_like(start)
            self.weights[name][:, seen] = fitted
            self.seen[name] = seen

    def probabilities(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Give (N, K) shares by head; labels that were never seen get 0."""
        found = {}
        for name, head in self.questions.items():
            seen = self.seen[name]
            logits = with_offset(inputs) @ self.weights[name][:, seen]
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            found[name] = np.zeros((len(inputs), len(head.names)), dtype=np.float32)
            found[name][:, seen] = shares
        return found


def _minimise(
    inputs: NDArray[np.float32], labels: NDArray[np.int64], start: NDArray[np.float32]
) -> NDArray[np.float32]:
    from scipy.optimize import minimize

    counts = np.bincount(labels, minlength=start.shape[1])
    weight = counts[labels].astype(np.float32) ** -RARITY
    weight *= len(labels) / weight.sum()
    rows = np.arange(len(labels))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(start.shape).astype(np.float32)
        logits = inputs @ weights
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=1)
        value = float((weight * (np.log(total) - logits[rows, labels])).sum())
        shares /= total[:, None]
        shares[rows, labels] -= 1.0
        slope = inputs.T @ (shares * weight[:, None]) + DECAY * weights
        return value + DECAY / 2 * float((weights**2).sum()), slope.ravel().astype(np.float64)

    found = minimize(
        loss,
        start.ravel().astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _STEPS, "ftol": _TOLERANCE},
    )
    return np.asarray(found.x, dtype=np.float32).reshape(start.shape)


def macro_f1(head: Head, shares: NDArray[np.float32]) -> float:
    """Give the mean F1 of the labels that are counted, on the labelled test pictures."""
    given = head.test >= 0
    truth, answer = head.test[given], shares[given].argmax(axis=1)
    scores = []
    for label in head.counted:
        hits = int(((truth == label) & (answer == label)).sum())
        scores.append(2 * hits / int((truth == label).sum() + (answer == label).sum()))
    return float(np.mean(scores))
