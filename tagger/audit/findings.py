"""What an audit finds, and how a report is ordered.

The risk of a finding is the probability that something that was said or shown is wrong. A thing
that was not said is missing, never wrong: such findings have risk 0 and come last.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["AuditReport", "Finding", "FindingKind", "ListingResult"]


class FindingKind(StrEnum):
    """What is wrong; `docs/audit.md` explains each."""

    CONTRADICTS_PICTURE = "contradicts_picture"
    WRONG_GARMENT = "wrong_garment"
    NO_GARMENT = "no_garment"
    SEVERAL_PRODUCTS = "several_products"
    VIEWS_DISAGREE = "views_disagree"
    ILLEGAL_VALUE = "illegal_value"
    EXCLUSIVE_VALUES = "exclusive_values"
    UNKNOWN_WORDS = "unknown_words"
    DUPLICATE_PICTURE = "duplicate_picture"
    UNREADABLE_PICTURE = "unreadable_picture"
    NO_PICTURE = "no_picture"
    SMALL_PICTURE = "small_picture"
    BLURRED_PICTURE = "blurred_picture"
    DARK_PICTURE = "dark_picture"
    CROPPED_PICTURE = "cropped_picture"
    WATERMARK = "watermark"
    MISSING_MANDATORY = "missing_mandatory"


_UNSAID = frozenset({FindingKind.MISSING_MANDATORY, FindingKind.UNKNOWN_WORDS})
_ORDER = {kind: at for at, kind in enumerate(FindingKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at.

    Attributes:
        attribute: `category` or an attribute's id; empty where it is about the picture.
        claim: The seller's own words; empty if there are none.
        seen: Id of what the pictures show or what is suggested; empty if nothing is.
        risk: Probability that something said or shown is wrong, 0..1.
        reason: One sentence for a reader.
        picture: Reference of the picture that shows it best; empty if none does.
        region_id: Id of the garment in that picture; empty if none.
    """

    kind: FindingKind
    product_id: str
    reason: str
    risk: float
    attribute: str = ""
    claim: str = ""
    seen: str = ""
    picture: str = ""
    region_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, the risk rounded to four digits."""
        return {
            "kind": self.kind.value,
            "attribute": self.attribute,
            "claim": self.claim,
            "seen": self.seen,
            "risk": round(self.risk, 4),
            "reason": self.reason,
            "picture": self.picture,
            "region_id": self.region_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingResult:
    """What was found about one product.

    Attributes:
        claims: Ids of what the seller said, per `category` or attribute.
        claim_text: The seller's own words, likewise.
        pictures: References.
        regions: Per picture, its garments as `weft predict` gives them.
        findings: The riskiest first.
    """

    product_id: str
    title: str
    claims: Mapping[str, tuple[str, ...]]
    claim_text: Mapping[str, str]
    pictures: tuple[str, ...]
    regions: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def risk(self) -> float:
        """Probability that anything is wrong, findings taken as independent, 0..1."""
        return 1.0 - math.prod(1.0 - finding.risk for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "product_id": self.product_id,
            "title": self.title,
            "risk": round(self.risk, 4),
            "claims": {name: list(values) for name, values in self.claims.items()},
            "claim_text": dict(self.claim_text),
            "pictures": list(self.pictures),
            "regions": {name: list(regions) for name, regions in self.regions.items()},
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The whole audit.

    Attributes:
        model_version: What looked at the pictures.
        listings: The riskiest first.
        notes: What of the input could not be used, one line each.
    """

    model_version: str
    listings: tuple[ListingResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, the riskiest first; equal ones in the order of `FindingKind`."""
        every = [finding for listing in self.listings for finding in listing.findings]
        return in_order(every)

    @property
    def counts(self) -> dict[str, int]:
        """Findings of each kind that occurs."""
        counted = Counter(finding.kind for finding in self.findings)
        return {kind.value: counted[kind] for kind in FindingKind if counted[kind]}

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "model_version": self.model_version,
            "num_listings": len(self.listings),
            "counts": self.counts,
            "notes": list(self.notes),
            "listings": [listing.to_dict() for listing in self.listings],
        }


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Order findings by risk; what was not said comes last."""
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                one.kind in _UNSAID,
                -one.risk,
                _ORDER[one.kind],
                one.product_id,
                one.attribute,
                one.picture,
            ),
        )
    )
