"""Say in words which predicted values gave way to what a person decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.review.items import decisions_of
from backend.review.labels import Standing, standing
from backend.review.wording import Wording

if TYPE_CHECKING:
    from backend.database import Database
    from backend.review.items import ReviewItem
    from ontology.model import Ontology

__all__ = ["dropped_by", "dropped_text"]


def dropped_text(now: Standing, region: str, attribute: str, wording: Wording) -> str:
    """Say which predicted values cannot hold beside what was decided; empty if all can."""
    gone = now.dropped.get((region, attribute))
    if gone is None:
        return ""
    said = wording.values(gone.because, now.cells[region, gone.because].values)
    return (
        f"{wording.attribute(attribute)} {wording.values(attribute, gone.values)} is dropped: it "
        f"cannot be with {wording.attribute(gone.because)} {said} "
        f"(rule: {gone.rule}). Put another value, or leave it blank"
    )


def dropped_by(
    database: Database, item: ReviewItem, ontology: Ontology, *, region: str, attribute: str
) -> list[str]:
    """Give a sentence on each predicted value that gave way to the decision on one attribute."""
    now = standing(item, decisions_of(database, item_id=item.id), ontology)
    wording = Wording(ontology)
    return [
        f"{dropped_text(now, where, name, wording)}."
        for (where, name), gone in now.dropped.items()
        if (where, gone.because) == (region, attribute)
    ]
