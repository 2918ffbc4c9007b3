"""Audit listings: every check, and one report in the order of risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagger.audit.against import check_against_pictures, check_pictures, check_views
from tagger.audit.claims import check_claims, claimed_leaves
from tagger.audit.columns import CATEGORY
from tagger.audit.duplicates import same_pictures
from tagger.audit.evidence import gather
from tagger.audit.findings import AuditReport, Finding, FindingKind, ListingResult, in_order
from tagger.audit.pictures import PictureLimits
from tagger.audit.product import pick_product
from tagger.audit.risk import MIN_RISK, RiskModel
from tagger.audit.words import ClaimReader

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.audit.listing import Listing
    from tagger.audit.seen import SeenPicture
    from tagger.audit.words import Claim
    from tagger.known import Taught
    from tagger.promise_file import PromiseSet

__all__ = ["AuditRules", "audit_listings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRules:
    """What an audit goes by.

    Attributes:
        risk: Gives the risk of claims.
        limits: From where on a picture is at fault.
        trust: Per kind of fault of a picture, how often such a finding is right, 0..1.
        min_risk: Claims below this risk are not reported, 0..1.
        sure_category: Probability from which a category is suggested, 0..1.
        promises: What is sure enough to be suggested, in place of the decoder's thresholds and
            `sure_category`; None for a version without.
    """

    risk: RiskModel = field(default_factory=RiskModel)
    limits: PictureLimits = field(default_factory=PictureLimits)
    trust: Mapping[FindingKind, float] = field(default_factory=dict)
    min_risk: float = MIN_RISK
    sure_category: float = 0.8
    promises: PromiseSet | None = None


def audit_listings(
    listings: Sequence[Listing],
    predictions: Mapping[str, SeenPicture],
    ontology: Ontology,
    *,
    taught: Taught,
    rules: AuditRules | None = None,
    reader: ClaimReader | None = None,
    model_version: str = "",
    notes: Sequence[str] = (),
) -> AuditReport:
    """Check what sellers say about products against their pictures.

    Args:
        listings: As sellers uploaded them.
        predictions: What was seen, by picture reference; one that is absent counts as unreadable.
        ontology: Says what is legal, exclusive and mandatory.
        taught: What the model version can answer.
        rules: Limits and risks.
        reader: Understands sellers' words; made from the ontology if absent.
        model_version: For the report.
        notes: What of the input could not be used.
    """
    rules = rules or AuditRules()
    reader = reader or ClaimReader(ontology)
    owners: dict[str, list[str]] = {}
    for listing in listings:
        for reference in listing.pictures:
            owners.setdefault(reference, []).append(listing.id)
    prints = {name: one.print for name, one in predictions.items() if one.print is not None}
    same = same_pictures(prints)
    results = []
    for listing in listings:
        claims = reader.read_all(listing.claims)
        leaves = claimed_leaves(ontology, claims.get(CATEGORY))
        pictures = [
            pick_product(predictions.get(name) or _unseen(name), leaves, ontology)
            for name in listing.pictures
        ]
        findings = _findings(listing.id, claims, pictures, ontology, taught, rules)
        copies = _duplicates(
            listing, owners, same, risk=rules.trust.get(FindingKind.DUPLICATE_PICTURE, 0.9)
        )
        results.append(_result(listing, claims, pictures, in_order([*findings, *copies])))
    results.sort(key=lambda one: (-one.risk, one.product_id))
    return AuditReport(model_version=model_version, listings=tuple(results), notes=tuple(notes))


def _unseen(reference: str) -> SeenPicture:
    from tagger.audit.seen import SeenPicture

    return SeenPicture(reference=reference, error=f"{reference}: not looked at")


def _findings(
    product: str,
    claims: Mapping[str, Claim],
    pictures: Sequence[SeenPicture],
    ontology: Ontology,
    taught: Taught,
    rules: AuditRules,
) -> Iterator[Finding]:
    evidence = gather(
        pictures,
        ontology,
        taught,
        sure_category=rules.sure_category,
        promises=rules.promises,
    )
    yield from check_claims(product, claims, ontology, evidence)
    yield from check_against_pictures(
        product,
        claims,
        evidence,
        ontology,
        taught,
        risk=rules.risk,
        min_risk=rules.min_risk,
    )
    yield from check_views(product, pictures, ontology, taught)
    yield from check_pictures(product, pictures, limits=rules.limits, trust=rules.trust)


def _duplicates(
    listing: Listing,
    owners: Mapping[str, Sequence[str]],
    same: Mapping[str, Sequence[str]],
    *,
    risk: float,
) -> Iterator[Finding]:
    for reference in listing.pictures:
        others = {
            owner
            for name in (reference, *same.get(reference, ()))
            for owner in owners.get(name, ())
            if owner != listing.id
        }
        if others:
            named = ", ".join(sorted(others)[:3]) + (" ..." if len(others) > 3 else "")
            yield Finding(
                kind=FindingKind.DUPLICATE_PICTURE,
                product_id=listing.id,
                risk=risk,
                reason=f"the same picture is used for {named}",
                picture=reference,
            )


def _result(
    listing: Listing,
    claims: Mapping[str, Claim],
    pictures: Sequence[SeenPicture],
    findings: tuple[Finding, ...],
) -> ListingResult:
    return ListingResult(
        product_id=listing.id,
        title=listing.title,
        seller=listing.seller,
        claims={name: claim.ids for name, claim in claims.items()},
        claim_text={name: claim.text for name, claim in claims.items()},
        pictures=listing.pictures,
        regions={one.reference: one.regions for one in pictures},
        findings=findings,
    )
