"""Check claims by themselves: what the ontology says of them, whatever the pictures show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ontology.decode import violations
from ontology.model import AttributeId, AttributeKind, CategoryId, ValueId
from tagger.audit.columns import CATEGORY
from tagger.audit.findings import Finding, FindingKind

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.audit.evidence import Evidence
    from tagger.audit.words import Claim

__all__ = ["check_claims", "claimed_leaves"]


def claimed_leaves(ontology: Ontology, claim: Claim | None) -> frozenset[CategoryId]:
    """Give the leaves that a claimed category covers; empty if none is claimed."""
    if claim is None:
        return frozenset()
    return frozenset(leaf for name in claim.ids for leaf in ontology.leaves_under(CategoryId(name)))


def check_claims(
    product: str, claims: Mapping[str, Claim], ontology: Ontology, evidence: Evidence
) -> Iterator[Finding]:
    """Find what is wrong or missing in the claims themselves.

    Args:
        product: Its id.
        claims: Per `category` or attribute.
        ontology: Says what is legal, exclusive and mandatory.
        evidence: Suggests what is missing, where the model is sure enough.
    """
    leaves = claimed_leaves(ontology, claims.get(CATEGORY))
    for name, claim in claims.items():
        yield from _words(product, name, claim)
        if name == CATEGORY:
            if len(claim.options) > 1:
                yield _exclusive(product, claim)
            continue
        attribute = ontology.attribute(AttributeId(name))
        if attribute.kind is AttributeKind.EXCLUSIVE and len(claim.options) > 1:
            yield _exclusive(product, claim)
        if leaves:
            yield from _illegal(product, claim, ontology, leaves)
    if len(leaves) == 1:
        yield from _broken_rules(product, claims, ontology, next(iter(leaves)))
    yield from _missing(product, claims, ontology, leaves, evidence)


def _words(product: str, name: str, claim: Claim) -> Iterator[Finding]:
    if claim.unknown:
        words = ", ".join(repr(word) for word in claim.unknown)
        yield Finding(
            kind=FindingKind.UNKNOWN_WORDS,
            product_id=product,
            attribute=name,
            claim=claim.text,
            risk=0.0,
            reason=f"{words} matches no name of {name}; nothing is concluded from it",
        )


def _exclusive(product: str, claim: Claim) -> Finding:
    return Finding(
        kind=FindingKind.EXCLUSIVE_VALUES,
        product_id=product,
        attribute=claim.attribute,
        claim=claim.text,
        risk=1.0,
        reason=f"{claim.attribute} takes one value; it is claimed as {claim.said()}",
    )


def _illegal(
    product: str, claim: Claim, ontology: Ontology, leaves: frozenset[CategoryId]
) -> Iterator[Finding]:
    attribute = AttributeId(claim.attribute)
    legal = {str(value) for leaf in leaves for value in ontology.allowed(leaf, attribute)}
    wrong = [option for option in claim.options if not option & legal]
    if not wrong:
        return
    names = ", ".join(sorted(leaves)[:3]) + (" ..." if len(leaves) > 3 else "")
    yield Finding(
        kind=FindingKind.ILLEGAL_VALUE,
        product_id=product,
        attribute=claim.attribute,
        claim=claim.text,
        risk=1.0,
        reason=f"{', '.join(map(claim.said, wrong))} is not a value that {names} can have"
        if legal
        else f"{names} has no {claim.attribute}, which is claimed as {claim.said()}",
    )


def _broken_rules(
    product: str, claims: Mapping[str, Claim], ontology: Ontology, leaf: CategoryId
) -> Iterator[Finding]:
    """Find values that exclude or imply others; cells that are at fault by themselves are not."""
    exact = {
        AttributeId(name): (ValueId(min(claim.options[0])),)
        for name, claim in claims.items()
        if name != CATEGORY and len(claim.options) == 1 and len(claim.options[0]) == 1
    }
    legal = {
        name: values for name, values in exact.items() if values[0] in ontology.allowed(leaf, name)
    }
    unsaid = [name for name in ontology.applicable(leaf) if name not in legal]
    for reason in violations(ontology, leaf, legal, unsaid=unsaid):
        named = [name for name in legal if name in reason]
        yield Finding(
            kind=FindingKind.ILLEGAL_VALUE,
            product_id=product,
            attribute=named[0] if named else CATEGORY,
            claim="; ".join(claims[name].text for name in named),
            risk=1.0,
            reason="; ".join(
                [reason, *(f"{name} is claimed as {claims[name].said()}" for name in named)]
            ),
        )


def _missing(
    product: str,
    claims: Mapping[str, Claim],
    ontology: Ontology,
    leaves: frozenset[CategoryId],
    evidence: Evidence,
) -> Iterator[Finding]:
    mandatory = [] if CATEGORY in claims else [CATEGORY]
    mandatory += [
        str(attribute.id)
        for attribute in ontology.attributes
        if attribute.id not in claims
        and leaves
        and all(ontology.is_required(leaf, attribute.id) for leaf in leaves)
    ]
    for name in mandatory:
        answers = evidence.answers.get(name, ())
        seen = ", ".join(answers)
        picture, region = evidence.sources.get(name, ("", "")) if answers else ("", "")
        yield Finding(
            kind=FindingKind.MISSING_MANDATORY,
            product_id=product,
            attribute=name,
            seen=seen,
            risk=0.0,
            reason=f"{name} is mandatory and was not said"
            + _suggestion(seen, evidence.doubtful.get(name, ())),
            picture=picture,
            region_id=region,
        )


def _suggestion(seen: str, doubtful: Sequence[str]) -> str:
    if seen:
        return f"; the pictures suggest {seen}"
    if doubtful:
        return f"; perhaps {', '.join(doubtful)}, which the version's promise does not accept"
    return "; the pictures do not settle it"
