"""Check claims against pictures, and pictures against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ontology.model import AttributeId, CategoryId
from tagger.audit.claims import claimed_leaves
from tagger.audit.columns import CATEGORY
from tagger.audit.evidence import difference
from tagger.audit.findings import Finding, FindingKind

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.audit.evidence import Evidence
    from tagger.audit.pictures import PictureLimits
    from tagger.audit.risk import RiskModel
    from tagger.audit.seen import SeenPicture
    from tagger.audit.words import Claim
    from tagger.known import Taught

__all__ = ["check_against_pictures", "check_pictures", "check_views"]

_OTHER_BRANCH = 0.05
_SURE_DIFFERENCE = 0.9


def check_against_pictures(
    product: str,
    claims: Mapping[str, Claim],
    evidence: Evidence,
    ontology: Ontology,
    taught: Taught,
    *,
    risk: RiskModel,
    min_risk: float,
) -> Iterator[Finding]:
    """Find claims that the pictures contradict.

    A claim counts only if the model can assess it: what it was never taught, or sees only in other
    categories, is not judged.
    """
    for name, claim in claims.items():
        shares = evidence.cells.get(name)
        if shares is None or len(claim.options) != 1:
            continue
        ids = _assessable(name, claim, ontology, taught, shares)
        if not ids:
            continue
        claimed = sum(shares.get(value, 0.0) for value in ids)
        num_rivals = sum(p > 0.0 for p in shares.values())
        share = len(ids) / max(2, num_rivals)
        chance = risk.risk(name, claimed=claimed, share=share)
        if chance < min_risk:
            continue
        seen = _best_other(name, ids, taught, shares)
        if not seen:
            continue
        kind, why = FindingKind.CONTRADICTS_PICTURE, ""
        if name == CATEGORY and _branch_share(ontology, ids, shares) < _OTHER_BRANCH:
            kind, why = FindingKind.WRONG_GARMENT, "; another kind of product altogether"
        picture, region = evidence.sources[name]
        yield Finding(
            kind=kind,
            product_id=product,
            attribute=name,
            claim=claim.text,
            seen=seen,
            risk=chance,
            reason=f"{name}: claimed {claim.text!r} has probability {claimed:.3f}, "
            f"{seen} {shares[seen]:.2f}{why}",
            picture=picture,
            region_id=region,
        )


def _assessable(
    name: str, claim: Claim, ontology: Ontology, taught: Taught, shares: Mapping[str, float]
) -> frozenset[str]:
    """Give the claimed ids if the model can judge them, else none.

    A label must have mentioned one of them in training: its probability then says something, even
    where labels were too few for the model to answer with it.
    """
    if name == CATEGORY:
        leaves = claimed_leaves(ontology, claim)
        return frozenset(map(str, leaves)) if leaves & taught.categories else frozenset()
    known = taught.mentioned.get(AttributeId(name), frozenset())
    return claim.options[0] if claim.options[0] & known & shares.keys() else frozenset()


def _best_other(name: str, ids: frozenset[str], taught: Taught, shares: Mapping[str, float]) -> str:
    """Give the likeliest id beside the claim that the model can answer with; empty if none."""
    known = taught.categories if name == CATEGORY else taught.values[AttributeId(name)]
    others = (value for value in shares if value not in ids and value in known)
    return max(others, key=shares.__getitem__, default="")


def _branch_share(ontology: Ontology, leaves: frozenset[str], shares: Mapping[str, float]) -> float:
    """Give the probability of everything in the claimed leaves' branches of the tree."""
    branches = {_branch(ontology, CategoryId(leaf)) for leaf in leaves}
    return sum(p for leaf, p in shares.items() if _branch(ontology, CategoryId(leaf)) in branches)


def _branch(ontology: Ontology, leaf: CategoryId) -> CategoryId:
    """Give the ancestor just below the root, or the root itself where that is the parent."""
    path = [leaf]
    while (parent := ontology.category(path[-1]).parent) is not None:
        path.append(parent)
    return path[-2] if len(path) > 1 else path[-1]


def check_views(
    product: str, pictures: Sequence[SeenPicture], ontology: Ontology, taught: Taught
) -> Iterator[Finding]:
    """Find pictures of one product that show different products, and pictures that show several."""
    for one in pictures:
        name, chance = max(
            (difference(a, b, ontology, taught) for a, b in combinations(one.parts, 2)),
            key=lambda found: found[1],
            default=("", 0.0),
        )
        if chance >= _SURE_DIFFERENCE:
            yield Finding(
                kind=FindingKind.SEVERAL_PRODUCTS,
                product_id=product,
                attribute=name,
                risk=chance,
                reason=f"{len(one.parts)} separate things with different {name}",
                picture=one.reference,
            )
    found = [one for one in pictures if one.garment is not None and one.is_found]
    best: Finding | None = None
    for left, right in combinations(found, 2):
        if left.garment is None or right.garment is None:
            continue
        name, chance = difference(left.garment, right.garment, ontology, taught)
        if chance >= _SURE_DIFFERENCE and (best is None or chance > best.risk):
            best = Finding(
                kind=FindingKind.VIEWS_DISAGREE,
                product_id=product,
                attribute=name,
                risk=chance,
                reason=f"{left.reference} and {right.reference} show different {name}",
                picture=right.reference,
                region_id=right.garment.id,
            )
    if best is not None:
        yield best


def check_pictures(
    product: str,
    pictures: Sequence[SeenPicture],
    *,
    limits: PictureLimits,
    trust: Mapping[FindingKind, float],
    likely_category: float = 0.5,
) -> Iterator[Finding]:
    """Find pictures that cannot be used or show nothing.

    Args:
        product: Its id.
        pictures: Its pictures.
        limits: From where on a picture is at fault.
        trust: Per kind, how often such a finding is right.
        likely_category: Probability below which the model recognises nothing, 0..1.
    """
    if not pictures:
        yield Finding(
            kind=FindingKind.NO_PICTURE,
            product_id=product,
            risk=1.0,
            reason="the listing names no picture",
        )
    for one in pictures:
        if one.error or one.garment is None or one.marks is None:
            yield Finding(
                kind=FindingKind.UNREADABLE_PICTURE,
                product_id=product,
                risk=1.0,
                reason=one.error or "not looked at",
                picture=one.reference,
            )
            continue
        faults = list(one.marks.faults(limits))
        nothing = not one.is_found and one.garment.category_score < likely_category
        if nothing or one.marks.product < limits.min_product:
            faults = [(FindingKind.NO_GARMENT, "no product was found in the picture")]
        for kind, reason in faults:
            yield Finding(
                kind=kind,
                product_id=product,
                risk=trust.get(kind, 0.9),
                reason=reason,
                picture=one.reference,
            )
