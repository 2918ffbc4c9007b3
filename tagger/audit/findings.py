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

__all__ = ["AuditReport", "Finding", "FindingKind", "ListingResult", "SellerSummary"]


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
_CONTRADICTIONS = frozenset({FindingKind.CONTRADICTS_PICTURE, FindingKind.WRONG_GARMENT})
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
        seller: Who sells it; empty if the listing does not say.
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
    seller: str = ""

    @property
    def risk(self) -> float:
        """Probability that anything is wrong, findings taken as independent, 0..1."""
        return 1.0 - math.prod(1.0 - finding.risk for finding in self.findings)

    @property
    def riskiest_first(self) -> tuple[str, ...]:
        """The pictures, those first that the riskiest findings are about."""
        named = [one.picture for one in self.findings if one.picture in self.pictures]
        return tuple(dict.fromkeys([*named, *self.pictures]))

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "product_id": self.product_id,
            "title": self.title,
            "seller": self.seller,
            "risk": round(self.risk, 4),
            "claims": {name: list(values) for name, values in self.claims.items()},
            "claim_text": dict(self.claim_text),
            "pictures": list(self.pictures),
            "regions": {name: list(regions) for name, regions in self.regions.items()},
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerSummary:
    """What was found about one seller's listings.

    Attributes:
        name: Empty for listings that name no seller.
        num_faulty: Listings with any finding.
        num_contradicted: Listings with a claim that the pictures contradict.
        counts: Findings of each kind that occurs.
    """

    name: str
    num_listings: int
    num_faulty: int
    num_contradicted: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, name: str, listings: Sequence[ListingResult]) -> SellerSummary:
        """Count a seller's listings, at least one."""
        return cls(
            name=name,
            num_listings=len(listings),
            num_faulty=sum(bool(listing.findings) for listing in listings),
            num_contradicted=sum(
                any(finding.kind in _CONTRADICTIONS for finding in listing.findings)
                for listing in listings
            ),
            counts=_counted([finding for listing in listings for finding in listing.findings]),
        )

    @property
    def share(self) -> float:
        """Share of listings with a claim that the pictures contradict, 0..1."""
        return self.num_contradicted / self.num_listings

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "seller": self.name,
            "num_listings": self.num_listings,
            "num_faulty": self.num_faulty,
            "num_contradicted": self.num_contradicted,
            "share_contradicted": round(self.share, 4),
            "counts": dict(self.counts),
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
    def sellers(self) -> tuple[SellerSummary, ...]:
        """What was found per seller, those with most contradicted listings first.

        Empty where no listing names one; else listings that do not are one seller without a name.
        """
        if not any(listing.seller for listing in self.listings):
            return ()
        by_name: dict[str, list[ListingResult]] = {}
        for listing in self.listings:
            by_name.setdefault(listing.seller, []).append(listing)
        found = [SellerSummary.of(name, listings) for name, listings in by_name.items()]
        return tuple(sorted(found, key=lambda one: (-one.num_contradicted, -one.share, one.name)))

    @property
    def counts(self) -> dict[str, int]:
        """Findings of each kind that occurs."""
        return _counted(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "model_version": self.model_version,
            "num_listings": len(self.listings),
            "counts": self.counts,
            "notes": list(self.notes),
            "sellers": [seller.to_dict() for seller in self.sellers],
            "listings": [listing.to_dict() for listing in self.listings],
        }


def _counted(findings: Sequence[Finding]) -> dict[str, int]:
    counted = Counter(finding.kind for finding in findings)
    return {kind.value: counted[kind] for kind in FindingKind if counted[kind]}


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
