"""Fill in the text that the seller of a refused listing gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.records.record import ClaimFault, ProductRecord
    from backend.reject_reasons import RejectReason
    from ontology.model import Ontology

__all__ = ["known_of"]


def known_of(record: ProductRecord, reason: RejectReason, ontology: Ontology) -> dict[str, str]:
    """Fill in what a reason's text asks for, in people's words.

    A text that asks for the claim but names no attribute is about the category; one that asks for
    the attribute alone is about what is missing. What is not known is absent.
    """
    known = {"product": record.product_id}
    asked = reason.fields - {"product"}
    for fault in record.faults:
        is_about = fault.head == CATEGORY or "attribute" in asked
        is_told = bool(fault.claim) == ("claim" in asked)
        is_seen = bool(fault.seen) or not {"attribute", "seen"} <= asked
        if asked and is_about and is_told and is_seen:
            return known | _plain(fault, ontology)
    return known


def _plain(fault: ClaimFault, ontology: Ontology) -> dict[str, str]:
    labels: dict[str, str] = {str(one.id): one.label for one in ontology.categories}
    name = "Category"
    for attribute in ontology.attributes:
        if attribute.id == fault.head:
            labels = {str(value.id): value.label for value in attribute.values}
            name = attribute.label
    seen = ", ".join(labels.get(value, value) for value in fault.seen)
    return {"attribute": name, "claim": fault.claim, "seen": seen}
