"""Turn a version's outputs for gold garments into right and wrong answers, cell by cell.

Every labelled cell is answered (the *forced* view of `tagger.answers`): by the likeliest legal
value that the version was taught. What is missing or could not be told is no cell. A label that is
a set is met by any of its members, a multiple attribute by any value that holds.

Attributes are read for the gold category, so that a wrong category is counted once, in its cell.
A version that was never taught the gold category reads them for the one that it would have given.

A truth that a version was never taught (a new value, or an attribute on a new category) is answered
wrongly by it whatever the picture shows. Such cells are kept, as wrong, with `knows_truth` false;
see `tagger.gate` for what they count.

Legend: N garments, K leaf categories, V values over all attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from ontology.labels import CellState
from tagger.answers import Best, best_answers
from tagger.gate_pairs import CellOutcome, GateError
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    import numpy as np
    from numpy.typing import NDArray

    from ontology.labels import GarmentLabel
    from ontology.model import CategoryId, Ontology
    from tagger.known import Taught
    from tagger.scoring import Scorer

__all__ = ["GoldGarment", "cell_outcomes"]


class GoldGarment(Protocol):
    """A garment with a label that no suggestion led to, such as a blind `CorrectedGarment`."""

    @property
    def id(self) -> str:
        """Unique over all gold."""

    @property
    def group(self) -> str:
        """What pictures of one product, or copies of one picture, share."""

    @property
    def label(self) -> GarmentLabel:
        """What was said."""


def cell_outcomes(
    scorer: Scorer,
    garments: Sequence[GoldGarment],
    *,
    category_logits: NDArray[np.float32],
    value_logits: NDArray[np.float32],
    known: Taught,
    ontology: Ontology | None = None,
) -> list[CellOutcome]:
    """Say for each labelled cell what a version answers and whether that is right.

    Args:
        scorer: Reads the version's logits.
        garments: N garments with gold labels; of `CorrectedGarment`s only blind ones.
        category_logits: (N, K), of the crops that the gold boxes give.
        value_logits: (N, V), likewise.
        known: What the version may answer.
        ontology: What the labels are written in, the same for both versions that are compared;
            without it, the version's own.

    Raises:
        GateError: If a garment was labelled with a suggestion on the screen, or the numbers of
            garments and logits differ.
    """
    if not len(garments) == len(category_logits) == len(value_logits):
        raise GateError(
            f"{len(garments)} garments with {len(category_logits)} rows of category logits and "
            f"{len(value_logits)} of value logits; expected one row a garment"
        )
    _check_blind(garments)
    written_in = ontology or scorer.ontology
    probabilities = scorer.category_probabilities(category_logits)
    outcomes: list[CellOutcome] = []
    for garment, row, logits in zip(garments, probabilities, value_logits, strict=True):
        own = scorer.best_category(row, known)
        category = _read_for(garment.label, row, scorer, known)
        best = best_answers(scorer.scores(row, logits, category), category, known)
        best[CATEGORY] = (own, float(row[scorer.category_positions([own])[0]]))
        answerable: dict[str, AbstractSet[str]] = dict(known.answerable(category).items())
        answerable[CATEGORY] = known.categories
        outcomes += [
            _outcome(garment, head, truth, best.get(head), answerable.get(head, frozenset()))
            for head, truth in _truths(garment.label, written_in)
        ]
    return outcomes


def _check_blind(garments: Sequence[GoldGarment]) -> None:
    for garment in garments:
        if not getattr(garment, "is_blind", True):
            raise GateError(
                f"garment {garment.id!r} was labelled with a suggestion on the screen, which "
                "favours the version that made it; give only blind ones and ground truths"
            )


def _read_for(
    label: GarmentLabel, probabilities: NDArray[np.float64], scorer: Scorer, known: Taught
) -> CategoryId:
    """Choose the category to read attributes for: the likeliest that the label leaves open."""
    possible = [
        (float(probabilities[at]), -at)
        for at, name in enumerate(scorer.categories)
        if name in label.categories and name in known.categories
    ]
    if not possible:
        return scorer.best_category(probabilities, known)
    return scorer.categories[-max(possible)[1]]


def _truths(label: GarmentLabel, ontology: Ontology) -> Iterator[tuple[str, frozenset[str]]]:
    """List the cells that say something, with the ids that are right."""
    if label.categories:
        yield CATEGORY, frozenset(label.categories)
    leaves = label.categories or frozenset(ontology.leaves)
    for attribute, cell in sorted(label.cells.items()):
        if cell.state is not CellState.VALUE or cell.weight <= 0:
            continue
        legal = {value for leaf in leaves for value in ontology.allowed(leaf, attribute)}
        truth = frozenset((cell.any_of | cell.positives) & legal) - cell.negatives
        if truth:
            yield attribute, truth


def _outcome(
    garment: GoldGarment,
    head: str,
    truth: frozenset[str],
    best: Best | None,
    answerable: AbstractSet[str],
) -> CellOutcome:
    answer, score = best if best is not None else ("", None)
    return CellOutcome(
        cell_id=f"{garment.id}/{head}",
        group=garment.group,
        head=head,
        is_right=answer in truth,
        score=score,
        truth="|".join(sorted(truth)),
        answer=answer,
        knows_truth=not truth.isdisjoint(answerable),
    )
