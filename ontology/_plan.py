"""The rules of an ontology, turned into look-up tables for one category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ontology.model import AttributeId, AttributeKind, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Cell", "Plan", "plan_for"]

Cell = tuple[AttributeId, ValueId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The rules that matter for one category.

    Attributes:
        is_exclusive: Per applicable attribute, whether it takes one value.
        needs: Per cell, the sets of cells of which one each must hold.
        conflicts: Per cell, the cells that cannot hold with it (both ways).
        roles: Per cell that a rule names, what it is to the rules; cells of equal roles are
            interchangeable.
        needed: Cells that some rule asks for.
        tied: Per attribute that a rule names, the attributes tied to it by rules, itself too.
    """

    is_exclusive: Mapping[AttributeId, bool]
    needs: Mapping[Cell, tuple[frozenset[Cell], ...]]
    conflicts: Mapping[Cell, frozenset[Cell]]
    roles: Mapping[Cell, object]
    needed: frozenset[Cell]
    tied: Mapping[AttributeId, tuple[AttributeId, ...]]


@lru_cache(maxsize=4096)
def plan_for(ontology: Ontology, category: CategoryId) -> Plan:
    """Return what the rules say of a leaf; the tables are kept."""
    legal = {
        (attribute, value)
        for attribute in ontology.applicable(category)
        for value in ontology.allowed(category, attribute)
    }
    needs: dict[Cell, list[frozenset[Cell]]] = {}
    conflicts: dict[Cell, set[Cell]] = {}
    for rule in ontology.rules:
        head = (rule.attribute, rule.value)
        if head not in legal:
            continue
        for other, values in rule.implies.items():
            if ontology.applies(category, other):
                wanted = frozenset((other, value) for value in values) & legal
                needs.setdefault(head, []).append(wanted)
        for other, values in rule.excludes.items():
            for cell in legal.intersection((other, value) for value in values):
                conflicts.setdefault(head, set()).add(cell)
                conflicts.setdefault(cell, set()).add(head)
    frozen_needs = {cell: tuple(sets) for cell, sets in needs.items()}
    frozen_conflicts = {cell: frozenset(others) for cell, others in conflicts.items()}
    return Plan(
        is_exclusive={
            a: ontology.attribute(a).kind is AttributeKind.EXCLUSIVE
            for a in ontology.applicable(category)
        },
        needs=frozen_needs,
        conflicts=frozen_conflicts,
        roles=_roles(frozen_needs, frozen_conflicts),
        needed=frozenset(cell for sets in needs.values() for cells in sets for cell in cells),
        tied=_tied(frozen_needs, frozen_conflicts, ontology.applicable(category)),
    )


def _roles(
    needs: Mapping[Cell, tuple[frozenset[Cell], ...]], conflicts: Mapping[Cell, frozenset[Cell]]
) -> dict[Cell, object]:
    every_need = [need for sets in needs.values() for need in sets]
    cells = {*needs, *conflicts, *(cell for need in every_need for cell in need)}
    return {
        cell: (
            needs.get(cell, ()),
            conflicts.get(cell, frozenset()),
            frozenset(number for number, need in enumerate(every_need) if cell in need),
        )
        for cell in cells
    }


def _tied(
    needs: Mapping[Cell, tuple[frozenset[Cell], ...]],
    conflicts: Mapping[Cell, frozenset[Cell]],
    order: tuple[AttributeId, ...],
) -> dict[AttributeId, tuple[AttributeId, ...]]:
    """Return the connected groups of attributes that rules tie together, in file order."""
    groups: dict[AttributeId, set[AttributeId]] = {}
    links = [(cell[0], {c[0] for need in sets for c in need}) for cell, sets in needs.items()]
    links += [(cell[0], {c[0] for c in others}) for cell, others in conflicts.items()]
    for attribute, others in links:
        merged = {attribute, *others}
        for member in tuple(merged):
            merged |= groups.get(member, set())
        for member in merged:
            groups[member] = merged
    return {a: tuple(m for m in order if m in groups[a]) for a in order if a in groups}
