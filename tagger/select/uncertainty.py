"""How doubtful each cell of a garment is, from calibrated probabilities.

The uncertainty of a cell is one minus the margin between its two best answers, 0..1. Only what can
be learnt from an answer counts: attributes that apply to the category, that the version answers
there, and that have at least two known values among which it could err. All else is missing, and
contributes nothing, neither to the sum nor to the number that the sum is divided by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ontology.model import AttributeKind
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from ontology.model import AttributeId, CategoryId, Ontology, ValueId
    from tagger.known import Taught

__all__ = ["CellDoubt", "cell_doubts", "informativeness", "most_doubtful"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDoubt:
    """What a model is unsure of in one cell.

    Attributes:
        attribute: An attribute's id, or `category`.
        value: Id of the likeliest answer.
        confidence: Its calibrated probability, 0..1.
        uncertainty: One minus its lead over the next answer, 0..1.
    """

    attribute: str
    value: str
    confidence: float
    uncertainty: float


def cell_doubts(
    ontology: Ontology,
    taught: Taught,
    *,
    category: CategoryId,
    category_score: float,
    scores: Mapping[AttributeId, Mapping[ValueId, float]],
) -> tuple[CellDoubt, ...]:
    """Give the doubt of the category and of every attribute that can be learnt from.

    Args:
        ontology: Says which attributes apply and which are exclusive.
        taught: What the version knows.
        category: The leaf that the model chose.
        category_score: Its probability, 0..1; the next one's can be no more than the rest.
        scores: Calibrated probability of each legal value, by attribute.

    Returns:
        The category first, then attributes in the ontology's order.
    """
    found = []
    if len(taught.categories) > 1:
        lead = max(0.0, 2.0 * category_score - 1.0)
        found.append(
            CellDoubt(
                attribute=CATEGORY,
                value=category,
                confidence=category_score,
                uncertainty=1.0 - lead,
            )
        )
    answerable = taught.answerable(category)
    for attribute in ontology.applicable(category):
        legal = scores.get(attribute, {})
        known = {value: legal[value] for value in legal if value in answerable.get(attribute, ())}
        if len(known) > 1:
            kind = ontology.attribute(attribute).kind
            found.append(_cell(attribute, known, sum(legal.values()), kind))
    return tuple(found)


def _cell(
    attribute: AttributeId, known: Mapping[ValueId, float], mass: float, kind: AttributeKind
) -> CellDoubt:
    """Read one cell; `mass` is the sum over legal values, known or not."""
    best = max(known, key=lambda value: known[value])
    if kind is AttributeKind.MULTIPLE:
        # Each value is a question of its own; the closest call is the cell's doubt.
        uncertainty = max(1.0 - abs(2.0 * p - 1.0) for p in known.values())
    else:
        first, second = sorted(known.values(), reverse=True)[:2]
        uncertainty = 1.0 - (first - second) / mass if mass > 0 else 1.0
    return CellDoubt(
        attribute=attribute,
        value=best,
        confidence=known[best],
        uncertainty=min(1.0, max(0.0, uncertainty)),
    )


def informativeness(
    doubts: Sequence[CellDoubt], *, weights: Mapping[str, float] | None = None
) -> float:
    """Give a garment's uncertainty: the weighted mean over its cells, 0..1; 0 without any.

    Args:
        doubts: Its cells.
        weights: Factor of each attribute; 1 where absent.
    """
    factors = [(weights or {}).get(doubt.attribute, 1.0) for doubt in doubts]
    total = sum(factors)
    if total <= 0:
        return 0.0
    return sum(f * doubt.uncertainty for f, doubt in zip(factors, doubts, strict=True)) / total


def most_doubtful(
    doubts: Sequence[CellDoubt], *, most: int = 2, least: float = 0.5
) -> tuple[CellDoubt, ...]:
    """Give the attributes worth a second look, the most doubtful first; never the category.

    Args:
        doubts: A garment's cells.
        most: How many at most.
        least: Uncertainty from which a cell is worth it, 0..1; at 0.5 the best answer leads the
            next by half of all probability.
    """
    cells = [
        doubt for doubt in doubts if doubt.attribute != CATEGORY and doubt.uncertainty >= least
    ]
    return tuple(sorted(cells, key=lambda doubt: -doubt.uncertainty)[:most])
