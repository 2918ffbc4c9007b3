"""Whether best answers agree with what people said about garments, as annotators meet them.

Attributes are read for the category that the version itself gives, as in serving, since thresholds
are compared with these scores. For comparing versions see `tagger.gate_cells`.

Legend: N garments, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.labels import CellState
from tagger.answers import best_answers
from tagger.gate_pairs import CellOutcome
from tagger.refit_heads import head_logits
from tagger.scored import ScoredSamples
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.corrections import CorrectedGarment
    from tagger.known import Taught
    from tagger.model import AttributeModel
    from tagger.scoring import Scorer

__all__ = ["judge", "scored"]


def _truths(garment: CorrectedGarment) -> dict[str, frozenset[Any]]:
    """Give, for each head of which somebody named what holds, the ids that are right."""
    named: dict[str, frozenset[Any]] = {}
    if garment.label.categories:
        named[CATEGORY] = garment.label.categories
    for name, cell in sorted(garment.label.cells.items()):
        if cell.state is CellState.VALUE and (cell.any_of or cell.positives):
            named[str(name)] = cell.any_of or cell.positives
    return named


def scored(
    model: AttributeModel,
    garments: Sequence[CorrectedGarment],
    embeddings: Mapping[str, NDArray[np.floating]],
) -> ScoredSamples:
    """Run heads on garments that have an embedding (C,), by id; the others are left out."""
    some: list[Any] = [garment for garment in garments if garment.id in embeddings]
    rows = np.zeros((len(some), model.num_channels), dtype=np.float32)
    for at, garment in enumerate(some):
        rows[at] = embeddings[garment.id]
    category, values = head_logits(model, rows)
    return ScoredSamples(
        samples=tuple(some), category_logits=category, value_logits=values, embedding=rows
    )


def judge(scorer: Scorer, answered: ScoredSamples, known: Taught) -> list[CellOutcome]:
    """Compare best answers with the labels, one outcome for each labelled cell."""
    outcomes = []
    garments: Sequence[Any] = answered.samples
    probabilities = scorer.category_probabilities(answered.category_logits)
    for garment, row, logits in zip(garments, probabilities, answered.value_logits, strict=True):
        category = scorer.best_category(row, known)
        best = best_answers(scorer.scores(row, logits, category), category, known)
        for head, truth in _truths(garment).items():
            answer, score = best.get(head, ("", None))
            outcomes.append(
                CellOutcome(
                    cell_id=f"{garment.id}/{head}",
                    group=garment.group,
                    head=head,
                    is_right=answer in truth,
                    score=None if score is None else float(score),
                )
            )
    return outcomes
