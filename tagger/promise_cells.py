"""Turn labelled pictures and what a version shows for them into the cells of a promise.

An answer is judged as it is shown: what the decoder blanks is not accepted, and an attribute that
is shown for a garment whose true category does not have it is wrong. An answer of several values is
as sure as its least sure one, and right if all of them hold.

Legend: N samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ontology.labels import CellState
from tagger.promise import PromiseCell
from tagger.scored import decode_samples
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from typing import Any, Protocol

    from ontology.labels import GarmentLabel
    from ontology.model import Ontology
    from tagger.known import Taught
    from tagger.scored import DecodedSample, ScoredSamples
    from tagger.scoring import Scorer

    class Labelled(Protocol):
        """A sample of a data set, or a corrected garment."""

        @property
        def id(self) -> str:
            """Unique."""

        @property
        def group(self) -> str:
            """What pictures of one product share."""

        @property
        def label(self) -> GarmentLabel:
            """What was said."""


__all__ = ["promise_cells"]


def promise_cells(scorer: Scorer, answered: ScoredSamples, known: Taught) -> list[PromiseCell]:
    """Judge what is shown for N samples, one cell for each label.

    Args:
        scorer: Reads the version's logits.
        answered: Samples or blind garments that the version was not trained on, with its logits.
        known: What may be shown.
    """
    samples: Sequence[Any] = answered.samples
    cells: list[PromiseCell] = []
    for sample, shown in zip(samples, decode_samples(scorer, answered, known), strict=True):
        cells += _judged(sample, shown, scorer.ontology)
    return cells


def _judged(sample: Labelled, shown: DecodedSample, ontology: Ontology) -> Iterator[PromiseCell]:
    label = sample.label
    if label.categories:
        is_right = shown.category in label.categories
        yield _cell(sample, CATEGORY, is_right=is_right, score=shown.category_score)
    for attribute in ontology.attributes:
        answers = shown.assignment.attributes.get(attribute.id, ())
        score = min((answer.score for answer in answers), default=None)
        said = label.cells.get(attribute.id)
        if label.categories and not any(
            ontology.applies(leaf, attribute.id) for leaf in label.categories
        ):
            if score is not None:
                yield _cell(sample, attribute.id, is_right=False, score=score)
        elif said is not None and said.state is CellState.VALUE and (said.any_of or said.positives):
            truth = said.any_of | said.positives
            is_right = bool(answers) and all(answer.value in truth for answer in answers)
            yield _cell(sample, attribute.id, is_right=is_right, score=score)


def _cell(sample: Labelled, attribute: str, *, is_right: bool, score: float | None) -> PromiseCell:
    return PromiseCell(
        attribute=attribute, product=sample.group, cell=sample.id, is_right=is_right, score=score
    )
