"""Judge what a version would answer if it always answered, and how sure it is when wrong.

Two views are used. The *best* answer is what the decoder chooses from: the likeliest legal value
that was taught, with the score that thresholds are compared with. The *forced* answer is the
likeliest label of the source's own vocabulary.

Legend: N labelled cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.calibrate import coverage_at
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ontology.decode import Scores
    from ontology.model import CategoryId
    from tagger.known import Taught

STATED_ERRORS = ("0.02", "0.05", "0.10")
SCORE_BANDS = ((0.9, 1.0), (0.7, 0.9), (0.5, 0.7), (0.0, 0.5))
NUM_EXAMPLES = 5
SURE = 0.7

Best = tuple[str, float]
"""A category or value, and its score."""


def best_answers(scores: Scores, category: CategoryId, known: Taught) -> dict[str, Best]:
    """Give the category and each attribute's best legal value that was taught, with its score."""
    best: dict[str, Best] = {CATEGORY: (category, scores.category[category])}
    for attribute, usable in known.answerable(category).items():
        legal = [
            (score, value)
            for value, score in scores.attributes.get(attribute, {}).items()
            if value in usable
        ]
        if legal:
            score, value = max(legal)
            best[attribute] = (value, score)
    return best


def coverage_at_errors(
    best: Sequence[Best | None], truths: Sequence[Collection[str]]
) -> dict[str, float | None]:
    """Give the share of cells that could be answered at each of `STATED_ERRORS`.

    Args:
        best: For each of N cells the best answer, or None where nothing may be answered.
        truths: For each cell the ids that are right.

    Returns:
        By stated error; None where there are too few cells.
    """
    answered = [
        (answer[1], answer[0] in truth)
        for answer, truth in zip(best, truths, strict=True)
        if answer is not None
    ]
    scores = np.array([score for score, _ in answered], dtype=np.float64)
    correct = np.array([hit for _, hit in answered], dtype=bool)
    return {
        stated: coverage_at(scores, correct, num_cells=len(best), max_error=float(stated))
        for stated in STATED_ERRORS
    }


def wrong_by_score(
    *,
    pictures: Sequence[str],
    truth: NDArray[np.int64],
    forced: NDArray[np.int64],
    top_scores: NDArray[np.float64],
    names: Sequence[str],
) -> dict[str, Any]:
    """Count forced answers and wrong ones by score, and name the surest wrong ones.

    Args:
        pictures: For each of N cells the picture's id.
        truth: (N,) positions in `names`.
        forced: (N,) likewise.
        top_scores: (N,) probability of the forced answer, 0..1.
        names: Source labels.

    Returns:
        `bands`: from the surest, each `[lowest score, answers, wrong answers]`; `surest`: up to
        `NUM_EXAMPLES` wrong answers from `SURE` on, each `[picture, label, answer, score]`.
    """
    wrong = truth != forced
    bands = []
    for low, high in SCORE_BANDS:
        inside = (top_scores >= low) & ((top_scores < high) | (high >= 1.0))
        bands.append([low, int(inside.sum()), int((inside & wrong).sum())])
    order = np.argsort(-top_scores, kind="stable")
    surest = [at for at in order.tolist() if wrong[at] and top_scores[at] >= SURE]
    return {
        "bands": bands,
        "surest": [
            [
                pictures[at],
                names[int(truth[at])],
                names[int(forced[at])],
                round(float(top_scores[at]), 2),
            ]
            for at in surest[:NUM_EXAMPLES]
        ],
    }


def counted(figures: Mapping[str, Any]) -> tuple[int, int]:
    """Give the numbers of cells that were answered and of wrong ones among them."""
    answered = round((figures["coverage"] or 0.0) * figures["n"])
    return answered, round((figures["selective_error"] or 0.0) * answered)
