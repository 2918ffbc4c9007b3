"""What speaks against a refused listing, for its seller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend.records.record import ClaimFault
from backend.review.tables import DecisionAction
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.review.items import ReviewItem
    from backend.review.labels import Standing
    from ontology.model import Ontology

__all__ = ["faults_of"]


def faults_of(item: ReviewItem, now: Standing, ontology: Ontology) -> Iterator[ClaimFault]:
    """Give what speaks against a listing: what reviewers put in place, then findings, by risk.

    Last comes the claimed category, for a reviewer who refused it without another word.
    """
    for (_, head), cell in now.cells.items():
        claimed = _covered(item, head, ontology)
        if claimed and cell.action == DecisionAction.FIX and not claimed & {*cell.values}:
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


def _covered(item: ReviewItem, head: str, ontology: Ontology) -> frozenset[str]:
    """Give what a claim allows: a claimed kind of product allows every category below it."""
    ids = frozenset(item.claims.get(head, ()))
    if head != CATEGORY:
        return ids
    known = [one.id for one in ontology.categories if one.id in ids]
    return ids.union(*(ontology.leaves_under(one) for one in known))


def _words(item: ReviewItem, head: str) -> str:
    return str(item.claim_text.get(head) or ", ".join(item.claims[head]))
