"""Whether a reviewer may put a value: what the category allows, and what others decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from backend.review.items import CATEGORY_KEY, ReviewError
from backend.review.labels import Standing, category_of, legal_values
from backend.review.rules import broken_rule
from backend.review.wording import Wording

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["check_accepted", "check_rules", "check_values"]


def check_accepted(ontology: Ontology, attribute: str, predicted: Collection[str]) -> None:
    """Refuse to accept an answer that the model did not give: a blank says nothing.

    Raises:
        ReviewError: If nothing is predicted.
    """
    if predicted:
        return
    entry = next((one for one in ontology.attributes if one.id == attribute), None)
    raise ReviewError(
        f"{Wording(ontology).attribute(attribute)} has no answer to accept; put a value with Fix"
        + (", or choose Cannot tell" if entry is None or entry.offer_cannot_tell else "")
    )


def check_values(
    ontology: Ontology,
    region: Mapping[str, Any],
    now: Standing,
    attribute: str,
    values: Collection[str],
) -> None:
    """Refuse values that the region's category does not allow.

    Raises:
        ReviewError: If there is none, one that is not legal, or several where one is taken.
    """
    legal = legal_values(ontology, category_of(region, now), attribute)
    wrong = [value for value in values if value not in legal]
    is_one = attribute == CATEGORY_KEY or any(
        entry.id == attribute and entry.kind != "multiple" for entry in ontology.attributes
    )
    wording = Wording(ontology)
    name = wording.attribute(attribute)
    if not legal:
        category = wording.value(CATEGORY_KEY, category_of(region, now))
        raise ReviewError(f"{name} is not asked about {category}; look at the item again")
    if wrong or not values or (is_one and len(values) > 1):
        raise ReviewError(
            f"{name} cannot be {wording.values(attribute, tuple(values)) or 'nothing'}; expected "
            f"{'one' if is_one else 'some'} of {wording.values(attribute, legal)}"
        )


def check_rules(
    ontology: Ontology,
    region: Mapping[str, Any],
    now: Standing,
    attribute: str,
    values: Collection[str],
) -> None:
    """Refuse what goes against something that was decided; predictions give way instead.

    Raises:
        ReviewError: If a rule of the ontology forbids the values beside decided ones.
    """
    if attribute == CATEGORY_KEY:
        return
    wording, category = Wording(ontology), category_of(region, now)
    for (where, other), cell in now.cells.items():
        if where != str(region["id"]) or other == CATEGORY_KEY:
            continue
        rule = broken_rule(ontology, category, (attribute, values), (other, cell.values))
        if rule:
            about = wording.attribute(other)
            raise ReviewError(
                f"{wording.attribute(attribute)} {wording.values(attribute, tuple(values))} cannot "
                f"be with {about} {wording.values(other, cell.values)}, which {cell.reviewer} "
                f"decided (rule: {rule}); first put another value for {about} or "
                "take that decision back, then decide this again"
            )
