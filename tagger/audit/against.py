"""Check claims against pictures, and pictures against each other."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ontology.model import AttributeId, AttributeKind, CategoryId
from tagger.audit.claims import claimed_leaves
from tagger.audit.columns import CATEGORY
from tagger.audit.evidence import difference
from tagger.audit.findings import Finding, FindingKind
from tagger.audit.product import branch

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
_MIN_SEEN = 0.1  # below that, nothing is seen in place of the claim
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
    categories, is not judged. Of several values that all have to hold, the riskiest counts.
    """
    judge = _Judge(ontology, taught, risk)
    for name, claim in claims.items():
        shares = evidence.cells.get(name)
        if shares is None:
            continue
        chance, ids = max(
            ((judge.risk_of(name, ids, shares), ids) for ids in judge.assessable(claim, shares)),
            key=lambda found: found[0],
            default=(0.0, frozenset[str]()),
        )
        seen = judge.likeliest_other(claim, shares)
        if not ids or chance < min_risk or not seen:
            continue
        claimed = judge.probability(name, ids, shares)
        if shares[seen] < max(_MIN_SEEN, claimed):
            continue
        kind, why = FindingKind.CONTRADICTS_PICTURE, ""
        if name == CATEGORY and _branch_share(ontology, ids, shares) < _OTHER_BRANCH:
            kind, why = FindingKind.WRONG_GARMENT, "; another kind of product altogether"
        said = claim.said(ids if len(claim.options) > 1 else None)
        picture, region = evidence.sources[name]
        yield Finding(
            kind=kind,
            product_id=product,
            attribute=name,
            claim=claim.text,
            seen=seen,
            risk=chance,
            reason=f"{name}: claimed {said} has probability {claimed:.3f}, "
            f"{seen} {shares[seen]:.2f}{why}",
            picture=picture,
            region_id=region,
        )


class _Judge:
    """Says which claims a model version can judge, and how probable they are."""

    def __init__(self, ontology: Ontology, taught: Taught, risk: RiskModel) -> None:
        self._ontology, self._taught, self._risk = ontology, taught, risk

    def assessable(self, claim: Claim, shares: Mapping[str, float]) -> Iterator[frozenset[str]]:
        """Give what is claimed and can be judged, each as the set of ids that it may mean.

        A label must have mentioned one of the ids in training: its probability then says
        something, even where labels were too few for the model to answer with it. Several values
        of an attribute that takes one are another fault.
        """
        name = claim.attribute
        if len(claim.options) > 1 and not self._takes_several(name):
            return
        for option in claim.options:
            if name == CATEGORY:
                leaves = claimed_leaves(self._ontology, claim)
                if leaves & self._taught.categories:
                    yield frozenset(map(str, leaves))
            elif (
                option & self._taught.mentioned.get(AttributeId(name), frozenset()) & shares.keys()
            ):
                yield option

    def probability(self, name: str, ids: frozenset[str], shares: Mapping[str, float]) -> float:
        """Give the probability that any of some ids holds, 0..1."""
        known = [shares.get(value, 0.0) for value in ids]
        if self._takes_several(name):
            return 1.0 - math.prod(1.0 - min(1.0, p) for p in known)
        return sum(known)

    def risk_of(self, name: str, ids: frozenset[str], shares: Mapping[str, float]) -> float:
        """Give the risk that none of some ids holds, 0..1."""
        num_rivals = sum(p > 0.0 for p in shares.values())
        return self._risk.risk(
            name,
            claimed=self.probability(name, ids, shares),
            share=len(ids) / max(2, num_rivals),
        )

    def likeliest_other(self, claim: Claim, shares: Mapping[str, float]) -> str:
        """Give the likeliest id that is not claimed and that the model answers with, or nothing."""
        claimed: frozenset[str] = frozenset(claim.ids)
        if claim.attribute == CATEGORY:
            claimed = frozenset(map(str, claimed_leaves(self._ontology, claim)))
            known: Collection[str] = self._taught.categories
        else:
            known = self._taught.values.get(AttributeId(claim.attribute), frozenset())
        others = (value for value in shares if value not in claimed and value in known)
        return max(others, key=shares.__getitem__, default="")

    def _takes_several(self, name: str) -> bool:
        if name == CATEGORY:
            return False
        return self._ontology.attribute(AttributeId(name)).kind is AttributeKind.MULTIPLE


def _branch_share(ontology: Ontology, leaves: frozenset[str], shares: Mapping[str, float]) -> float:
    """Give the probability of everything in the claimed leaves' branches of the tree."""
    branches = {branch(ontology, CategoryId(leaf)) for leaf in leaves}
    return sum(p for leaf, p in shares.items() if branch(ontology, CategoryId(leaf)) in branches)


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
