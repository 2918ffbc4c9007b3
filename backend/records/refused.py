"""Fill in the text that the seller of a refused listing gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.records.record import ProductRecord
    from backend.reject_reasons import RejectReason
    from ontology.model import Ontology

__all__ = ["known_of"]


def known_of(record: ProductRecord, reason: RejectReason, ontology: Ontology) -> dict[str, str]:
    """Fill in what a reason's text asks for, in people's words.

    A text that asks for the claim but names no attribute is about the category; one that asks for
    the attribute alone is about what is missing. What is not known is absent.
    """
    from backend.review.wording import Wording

    known = {"product": record.product_id}
    asked = reason.fields - {"product"}
    for fault in record.faults:
        is_about = fault.head == CATEGORY or "attribute" in asked
        is_told = bool(fault.claim) == ("claim" in asked)
        is_seen = bool(fault.seen) or not {"attribute", "seen"} <= asked
        if asked and is_about and is_told and is_seen:
            wording = Wording(ontology)
            name, seen = wording.attribute(fault.head), wording.values(fault.head, fault.seen)
            return known | {"attribute": name, "claim": fault.claim, "seen": seen}
    return known
