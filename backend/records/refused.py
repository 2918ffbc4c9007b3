"""Say what is wrong with a refused listing, for its seller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend.records.record import ClaimFault
from backend.review.tables import DecisionAction
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.records.record import ProductRecord
    from backend.reject_reasons import RejectReason
    from backend.review.items import ReviewItem
    from backend.review.labels import Standing
    from ontology.model import Ontology

__all__ = ["faults_of", "known_of"]


def faults_of(item: ReviewItem, now: Standing) -> Iterator[ClaimFault]:
    """Give what speaks against a listing: what reviewers put in place, then findings, by risk.

    Last comes the claimed category, for a reviewer who refused it without another word.
    """
    for (_, head), cell in now.cells.items():
        claimed = item.claims.get(head)
        if claimed and cell.action == DecisionAction.FIX and not {*claimed} & {*cell.values}:
            yield ClaimFault(head=head, claim=_words(item, head), seen=cell.values)
    findings = sorted(item.findings, key=lambda one: -float(one.get("risk") or 0.0))
    for finding in findings:
        head, seen = str(finding.get("attribute") or ""), str(finding.get("seen") or "")
        claim = str(finding.get("claim") or "")
        is_missing = finding.get("kind") == "missing_mandatory"
        if head and (is_missing or (claim and seen)):
            yield ClaimFault(head=head, claim=claim, seen=() if is_missing else (seen,))
    if item.claims.get(CATEGORY):
        yield ClaimFault(head=CATEGORY, claim=_words(item, CATEGORY))


def _words(item: ReviewItem, head: str) -> str:
    return str(item.claim_text.get(head) or ", ".join(item.claims[head]))


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
