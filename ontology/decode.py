"""Find the best legal assignment for a region's scores, and check any assignment for legality.

`decode` and `violations` share no code, so that one can be tested with the other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ontology._search import Gains, best_legal_values
from ontology.errors import OntologyError, UnknownIdError
from ontology.model import AttributeId, AttributeKind, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology, Rule

__all__ = ["Answer", "Assignment", "DecodePolicy", "Scores", "decode", "violations"]

_MIN_PROBABILITY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Calibrated probabilities of one region, each in 0..1.

    A score that is missing, not a number or out of range counts as not given: it never produces
    an answer.
    """

    category: Mapping[CategoryId, float]
    attributes: Mapping[AttributeId, Mapping[ValueId, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodePolicy:
    """What a probability has to be before it is shown.

    Attributes:
        thresholds: Per attribute, the probability in 0..1 that an answer must be above;
            1 means that the attribute is never answered of itself.
        default_threshold: The same for all other attributes.
        known_categories: Categories that may be given; None for all.
        known_values: Per attribute, values that may be given; None, or an attribute that is not
            a key, for all.
    """

    thresholds: Mapping[AttributeId, float] = field(default_factory=dict)
    default_threshold: float = 0.5
    known_categories: frozenset[CategoryId] | None = None
    known_values: Mapping[AttributeId, frozenset[ValueId]] | None = None

    def __post_init__(self) -> None:
        """Refuse thresholds that are no probabilities."""
        for name, threshold in (("default", self.default_threshold), *self.thresholds.items()):
            if not 0.0 <= threshold <= 1.0:
                raise OntologyError(
                    f"threshold of {name!r} is {threshold}; expected a probability from 0 to 1"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A value that is shown, with its probability."""

    value: ValueId
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is shown for one region.

    Attributes:
        category: None if no known category had a usable score.
        category_score: Its probability, 0 if it has none.
        attributes: Answers in the ontology's value order for every attribute that the category
            has; a blank one has none.
    """

    category: CategoryId | None
    category_score: float
    attributes: Mapping[AttributeId, tuple[Answer, ...]]


def decode(
    ontology: Ontology,
    scores: Scores,
    *,
    policy: DecodePolicy | None = None,
    category: CategoryId | None = None,
) -> Assignment:
    """Return the best legal assignment.

    The category is the given one, or else the known one with the highest probability.
    Of all legal assignments the result has the highest sum of `logit(p) - logit(threshold)` over
    its answers; a value below its threshold is shown only where another value implies it and the
    two together gain.
    Equal scores are decided by file order.

    Raises:
        OntologyError: If the given category is unknown or has categories under it.
    """
    policy = DecodePolicy() if policy is None else policy
    if category is not None and not ontology.category(category).is_leaf:
        raise OntologyError(
            f"cannot assign attributes to {category!r}, which has categories under it; give a leaf"
        )
    chosen = category if category is not None else _best_category(ontology, scores, policy)
    if chosen is None:
        return Assignment(category=None, category_score=0.0, attributes={})
    return Assignment(
        category=chosen,
        category_score=_probability(scores.category.get(chosen)) or 0.0,
        attributes=_best_answers(ontology, scores, policy, chosen),
    )


def _best_answers(
    ontology: Ontology, scores: Scores, policy: DecodePolicy, category: CategoryId
) -> dict[AttributeId, tuple[Answer, ...]]:
    usable = {
        attribute: _usable_scores(ontology, scores, policy, category, attribute)
        for attribute in ontology.applicable(category)
    }
    gains = {
        attribute: _gains(given, policy.thresholds.get(attribute, policy.default_threshold))
        for attribute, given in usable.items()
    }
    values = best_legal_values(ontology, category, gains)
    return {
        attribute: tuple(Answer(value=value, score=given[value]) for value in values[attribute])
        for attribute, given in usable.items()
    }


def _best_category(ontology: Ontology, scores: Scores, policy: DecodePolicy) -> CategoryId | None:
    best: CategoryId | None = None
    best_score = -1.0
    for leaf in ontology.leaves:
        if policy.known_categories is not None and leaf not in policy.known_categories:
            continue
        score = _probability(scores.category.get(leaf))
        if score is not None and score > best_score:
            best, best_score = leaf, score
    return best


def _usable_scores(
    ontology: Ontology,
    scores: Scores,
    policy: DecodePolicy,
    category: CategoryId,
    attribute: AttributeId,
) -> dict[ValueId, float]:
    """Return the probabilities of the values that may be shown, in value order."""
    given = scores.attributes.get(attribute, {})
    known = None if policy.known_values is None else policy.known_values.get(attribute)
    usable: dict[ValueId, float] = {}
    for value in ontology.allowed(category, attribute):
        score = _probability(given.get(value))
        if score is not None and (known is None or value in known):
            usable[value] = score
    return usable


def _gains(probabilities: Mapping[ValueId, float], threshold: float) -> Gains:
    bar = _logit(threshold)
    return {value: _logit(score) - bar for value, score in probabilities.items()}


def _probability(score: object) -> float | None:
    """Return a score as a number in 0..1, or None if it is not one."""
    if isinstance(score, str | bytes):
        return None
    try:
        number = float(score)  # type: ignore[arg-type]  # anything may come in; the type is the check
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0.0 <= number <= 1.0 else None


def _logit(probability: float) -> float:
    inside = min(max(probability, _MIN_PROBABILITY), 1.0 - _MIN_PROBABILITY)
    return math.log(inside) - math.log1p(-inside)


def violations(
    ontology: Ontology,
    category: CategoryId,
    attributes: Mapping[AttributeId, Collection[ValueId]],
    *,
    unsaid: Collection[AttributeId] = (),
    in_labels: bool = False,
) -> tuple[str, ...]:
    """List everything that is illegal about an assignment; nothing for a legal one.

    Args:
        ontology: Says what is legal.
        category: The region's category.
        attributes: Values per attribute; an attribute without values is blank.
        unsaid: Blank attributes that somebody may still hold a value in (missing, "cannot tell"),
            so that a value that implies something of them is not illegal.
        in_labels: Tell broken rules between values in labels, for readers, in place of ids.
    """
    try:
        if not ontology.category(category).is_leaf:
            return (f"category {category!r} has categories under it; only a leaf can be assigned",)
    except UnknownIdError as error:
        return (str(error),)
    found: list[str] = []
    for attribute, values in attributes.items():
        found.extend(_cell_violations(ontology, category, attribute, values))
    for rule in ontology.rules:
        if rule.value in attributes.get(rule.attribute, ()):
            clashes = _clashes(ontology, category, rule, attributes, unsaid)
            found.extend(clash.told(ontology, in_labels=in_labels) for clash in clashes)
    return tuple(found)


def _cell_violations(
    ontology: Ontology,
    category: CategoryId,
    attribute: AttributeId,
    values: Collection[ValueId],
) -> list[str]:
    entry = next((a for a in ontology.attributes if a.id == attribute), None)
    if entry is None:
        return [f"unknown attribute {attribute!r}"]
    legal = ontology.legal_values[attribute].get(category)
    if legal is None:
        if values:
            return [f"attribute {attribute!r} does not apply to category {category!r}"]
        return []
    found = []
    if entry.kind is AttributeKind.EXCLUSIVE and len(values) > 1:
        found.append(
            f"attribute {attribute!r} takes one value, found {len(values)}: {sorted(values)}"
        )
    if len(set(values)) < len(values):
        found.append(f"attribute {attribute!r} has a value twice: {sorted(values)}")
    known = {value.id for value in entry.values}
    for value in values:
        if value not in known:
            found.append(f"attribute {attribute!r} has no value {value!r}")
        elif value not in legal:
            found.append(
                f"value {value!r} of attribute {attribute!r} is not allowed for {category!r}"
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clash:
    """Values of an attribute that a rule forbids, or does without those that it needs."""

    rule: Rule
    other: AttributeId
    found: Collection[ValueId]
    needed: Collection[ValueId] = ()

    def told(self, ontology: Ontology, *, in_labels: bool) -> str:
        """Say what is wrong, in ids or in labels; a value without a label stands for itself."""
        link = " " if in_labels else "="

        def cell(attribute: AttributeId, values: Collection[ValueId]) -> tuple[str, str]:
            if not in_labels:
                return attribute, ", ".join(sorted(values))
            entry = ontology.attribute(attribute)
            labels = {value.id: value.label for value in entry.values}
            return entry.label, ", ".join(labels.get(one, one) for one in sorted(values))

        said = link.join(cell(self.rule.attribute, [self.rule.value]))
        about, found = cell(self.other, self.found)
        if self.needed:
            needed = cell(self.other, self.needed)[1]
            return f"{said} needs {about} to be one of {needed}, found {found or 'nothing'}"
        return f"{said} excludes {about}{link}{found}"


def _clashes(
    ontology: Ontology,
    category: CategoryId,
    rule: Rule,
    attributes: Mapping[AttributeId, Collection[ValueId]],
    unsaid: Collection[AttributeId],
) -> Iterator[_Clash]:
    for other, needed in rule.implies.items():
        has_attribute = category in ontology.legal_values[other]
        given = set(attributes.get(other, ()))
        if has_attribute and not given & needed and (given or other not in unsaid):
            yield _Clash(rule=rule, other=other, found=given, needed=needed)
    for other, refused in rule.excludes.items():
        clash = set(attributes.get(other, ())) & refused
        if clash:
            yield _Clash(rule=rule, other=other, found=clash)
