"""A change of an ontology as data: what became of every category, attribute and value.

Everything is said by three maps from an old id to the new ids that it became: one id for what was
kept or renamed, several for what was split, none for what was removed; an id that several old ones
became is a merge, one that none became is an addition.
`ontology.compare` makes a migration from two files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from ontology._migrate_label import migrate_label
from ontology.model import AttributeId, CategoryId, Ontology, ValueId

__all__ = ["AttributePair", "Migration", "Moves", "migrate_label"]

Id = TypeVar("Id", bound=str)

AttributePair = tuple[AttributeId, AttributeId]
"""An old attribute and a new one that it became."""

Moves = Mapping[Id, tuple[Id, ...]]
"""What each old id became."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """What leads from one ontology to another.

    Attributes:
        old: Before.
        new: After.
        categories: For each old leaf the new leaves that it became.
        attributes: For each old attribute the new ones that it became.
        values: For each old attribute and new one that it became, what each value became there.
    """

    old: Ontology
    new: Ontology
    categories: Moves[CategoryId]
    attributes: Moves[AttributeId]
    values: Mapping[AttributePair, Moves[ValueId]]

    @cached_property
    def category_sources(self) -> Moves[CategoryId]:
        """For each new leaf the old leaves that became it; none for an added one."""
        return sources(self.categories, self.new.leaves)

    @cached_property
    def attribute_sources(self) -> Moves[AttributeId]:
        """For each new attribute the old ones that became it."""
        return sources(self.attributes, [attribute.id for attribute in self.new.attributes])

    @cached_property
    def value_sources(
        self,
    ) -> Mapping[tuple[AttributeId, ValueId], tuple[tuple[AttributeId, ValueId], ...]]:
        """For each new value of each new attribute the old ones that became it."""
        found: dict[tuple[AttributeId, ValueId], list[tuple[AttributeId, ValueId]]] = {
            (attribute.id, value.id): []
            for attribute in self.new.attributes
            for value in attribute.values
        }
        for (before, after), moves in self.values.items():
            for old, targets in moves.items():
                for target in targets:
                    found[after, target].append((before, old))
        return {key: tuple(members) for key, members in found.items()}

    @property
    def is_identity(self) -> bool:
        """Whether every id stays what it was and none is added."""
        return (
            all(targets == (old,) for old, targets in self.categories.items())
            and all(targets == (old,) for old, targets in self.attributes.items())
            and all(
                targets == (old,)
                for moves in self.values.values()
                for old, targets in moves.items()
            )
            and all(self.category_sources.values())
            and all(self.value_sources.values())
        )

    def inverted(self) -> Migration:
        """Give the way back: a split becomes a merge, a merge a set of which one is true."""
        return Migration(
            old=self.new,
            new=self.old,
            categories=self.category_sources,
            attributes=self.attribute_sources,
            values={
                (after, before): sources(
                    moves, [value.id for value in self.new.attribute(after).values]
                )
                for (before, after), moves in self.values.items()
            },
        )


def sources(moves: Moves[Id], ids: Iterable[Id]) -> dict[Id, tuple[Id, ...]]:
    """Turn a map around, with an entry for each of `ids`."""
    found: dict[Id, list[Id]] = {id_: [] for id_ in ids}
    for old, targets in moves.items():
        for target in targets:
            found[target].append(old)
    return {id_: tuple(olds) for id_, olds in found.items()}
