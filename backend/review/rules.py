"""Rules between values: what people decided stands, and what was predicted gives way to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ontology.decode import violations
from ontology.errors import UnknownIdError
from ontology.model import AttributeId, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Dropped", "broken_rule", "dropped_answers"]

Cells = Mapping[str, Collection[str]]
"""Value ids by attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Predicted values that cannot hold beside what a person decided.

    Attributes:
        values: Their ids.
        because: The attribute that was decided.
        rule: The ontology's rule, in its labels.
    """

    values: tuple[str, ...]
    because: str
    rule: str


def broken_rule(
    ontology: Ontology,
    category: str,
    one: tuple[str, Collection[str]],
    other: tuple[str, Collection[str]],
) -> str:
    """Tell the rule that the values of two attributes break together; empty if there is none.

    What is wrong with one of them alone, as a value that the category cannot have, is not looked
    at, and blank attributes break nothing.

    Args:
        ontology: Says what is legal.
        category: A leaf's id.
        one: An attribute and its values.
        other: Another one.
    """
    if not one[1] or not other[1] or one[0] == other[0]:
        return ""
    together = _faults(ontology, category, [one, other])
    alone = {fault for cell in (one, other) for fault in _faults(ontology, category, [cell])}
    return next((fault for fault in together if fault not in alone), "")


def dropped_answers(
    ontology: Ontology, category: str, predicted: Cells, decided: Cells
) -> dict[str, Dropped]:
    """Give the predicted values that go against decided ones, by their attribute.

    Args:
        ontology: Says what is legal.
        category: A leaf's id.
        predicted: What nobody has decided.
        decided: What people decided; attributes that they could not tell have no values.
    """
    found = {}
    for name, values in predicted.items():
        for because, said in decided.items():
            rule = broken_rule(ontology, category, (name, values), (because, said))
            if rule:
                gone = [
                    value
                    for value in values
                    if broken_rule(ontology, category, (name, [value]), (because, said))
                ]
                found[name] = Dropped(values=tuple(gone or values), because=because, rule=rule)
                break
    return found


def _faults(
    ontology: Ontology, category: str, cells: Iterable[tuple[str, Collection[str]]]
) -> tuple[str, ...]:
    held = {AttributeId(name): tuple(map(ValueId, values)) for name, values in cells}
    unsaid = [attribute.id for attribute in ontology.attributes if attribute.id not in held]
    try:
        return violations(ontology, CategoryId(category), held, unsaid=unsaid, in_labels=True)
    except (KeyError, UnknownIdError):
        return ()  # of another ontology than is served
