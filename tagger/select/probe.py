"""Quick heads on embeddings, to compare what two sets of labels teach.

One multinomial logistic regression a question, on exact labels; what is missing takes no part. It
stands in for a refit of the version's own heads, which takes longer and would start from what the
version knows already.

Legend: N garments, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.labels import GarmentLabel

__all__ = ["exact_labels", "fit_and_judge"]

_STRENGTH = 10.0
_MAX_STEPS = 200


def exact_labels(label: GarmentLabel) -> dict[str, str]:
    """Give the category and each attribute for which exactly one value is named."""
    found: dict[str, str] = {}
    if len(label.categories) == 1:
        found[CATEGORY] = next(iter(label.categories))
    for attribute, cell in label.cells.items():
        named = cell.any_of or cell.positives
        if len(named) == 1:
            found[attribute] = next(iter(named))
    return found


def fit_and_judge(
    inputs: NDArray[np.floating],
    labels: Sequence[Mapping[str, str]],
    *,
    held_inputs: NDArray[np.floating],
    held_labels: Sequence[Mapping[str, str]],
) -> NDArray[np.float64]:
    """Fit every question and give how right each held-out cell is.

    Args:
        inputs: (N, C) embeddings of what is learnt from.
        labels: N garments' labels by question.
        held_inputs: Embeddings of held-out garments.
        held_labels: Their labels.

    Returns:
        1 where the answer is right and 0 where not, for each held-out cell, garment by garment and
        in the order of each one's labels. A question that was never labelled is never right.
    """
    scale = float(np.sqrt((np.asarray(inputs, dtype=np.float64) ** 2).sum(axis=1).mean())) or 1.0
    mean = np.asarray(inputs, dtype=np.float64).mean(axis=0)
    learnt, held = (np.asarray(part, dtype=np.float64) - mean for part in (inputs, held_inputs))
    answers: dict[str, NDArray[np.str_]] = {}
    for question in sorted({name for label in held_labels for name in label}):
        rows = [at for at, label in enumerate(labels) if question in label]
        if rows:
            told = [labels[at][question] for at in rows]
            answers[question] = _answers(learnt[rows] / scale, told, held / scale)
    return np.array(
        [
            float(question in answers and answers[question][at] == value)
            for at, label in enumerate(held_labels)
            for question, value in label.items()
        ]
    )


def _answers(
    inputs: NDArray[np.float64], told: Sequence[str], held: NDArray[np.float64]
) -> NDArray[np.str_]:
    if len(set(told)) == 1:
        return np.full(len(held), told[0])
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough to compare two sets
        model = LogisticRegression(C=_STRENGTH, max_iter=_MAX_STEPS).fit(inputs, told)
    found: NDArray[np.str_] = model.predict(held)
    return found
