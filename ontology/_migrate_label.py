"""Say in a new ontology what a label said in an old one, and nothing more.

What was known stays known; what cannot be known becomes unknown, never "no": a value that was not
offered when the label was made is no negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeKind

if TYPE_CHECKING:
    from ontology.migration import Migration
    from ontology.model import AttributeId, CategoryId, Ontology, ValueId

__all__ = ["migrate_label"]

_Values = frozenset["ValueId"]


def migrate_label(label: GarmentLabel, migration: Migration) -> GarmentLabel:
    """Translate a label of the old ontology into the new one.

    Renamed ids are followed, a merge names what it was merged into, a split becomes "one of
    these", and what was removed is missing. A category of which nothing is left is missing.

    Args:
        label: As it was said, in ids of `migration.old`.
        migration: What became of every id.
    """
    categories = _categories(label.categories, migration)
    cells: dict[AttributeId, CellLabel] = {}
    for old, cell in label.cells.items():
        for new in migration.attributes.get(old, ()):
            moved = _Cell(cell, label, migration, (old, new)).moved(categories)
            known = cells.get(new)
            is_exclusive = migration.new.attribute(new).kind is AttributeKind.EXCLUSIVE
            cells[new] = (
                moved if known is None else _united(known, moved, is_exclusive=is_exclusive)
            )
    return GarmentLabel(
        categories=categories,
        category_vocabulary=_category_vocabulary(label, migration),
        category_weight=label.category_weight,
        cells={
            attribute: cell
            for attribute, cell in cells.items()
            if cell.state is not CellState.MISSING or cell.negatives
        },
    )


def _categories(old: frozenset[CategoryId], migration: Migration) -> frozenset[CategoryId]:
    targets = [migration.categories.get(leaf, ()) for leaf in old]
    if not all(targets):
        return frozenset()
    return frozenset(target for found in targets for target in found)


def _category_vocabulary(label: GarmentLabel, migration: Migration) -> frozenset[CategoryId] | None:
    """Give the new leaves that were told apart; None for all of them."""
    told = label.category_vocabulary
    before = frozenset(migration.old.leaves) if told is None else told
    after = _all_sources_in(before, migration.category_sources)
    return None if told is None and after >= frozenset(migration.new.leaves) else after


def _all_sources_in(
    before: Iterable[object], sources: Mapping[CategoryId, tuple[CategoryId, ...]]
) -> frozenset[CategoryId]:
    told = set(before)
    return frozenset(new for new, olds in sources.items() if olds and told.issuperset(olds))


@dataclass(slots=True)
class _Cell:
    """One cell on its way from an old attribute to a new one."""

    cell: CellLabel
    label: GarmentLabel
    migration: Migration
    pair: tuple[AttributeId, AttributeId]

    def moved(self, categories: frozenset[CategoryId]) -> CellLabel:
        """Give the cell in the new attribute."""
        cell, (_, new) = self.cell, self.pair
        allowed = _allowed(self.migration.new, categories, new)
        if not allowed:
            return CellLabel(state=CellState.NOT_APPLICABLE, weight=cell.weight)
        if cell.state is CellState.NOT_APPLICABLE:
            return CellLabel(state=CellState.MISSING, weight=cell.weight)
        if cell.state is CellState.CANNOT_TELL:
            return CellLabel(state=cell.state, weight=cell.weight)
        no = self._negatives()
        if cell.state is CellState.MISSING:
            return CellLabel(state=cell.state, negatives=no, weight=cell.weight)
        return self._checked(self._valued(no, allowed), allowed)

    def _valued(self, no: _Values, allowed: _Values) -> CellLabel:
        """Translate what was given, by the kind that the attribute was and is."""
        cell, (old, new) = self.cell, self.pair
        told = self._vocabulary()
        some, positives, unsure = self._given()
        if self._kind(old) is AttributeKind.EXCLUSIVE:
            # One value held; of a multiple attribute that says nothing about the others.
            looked_at = cell.looked_at and self.migration.new.attribute(new).kind is (
                AttributeKind.EXCLUSIVE
            )
        else:
            looked_at = cell.looked_at
        if self.migration.new.attribute(new).kind is AttributeKind.EXCLUSIVE:
            if self._kind(old) is AttributeKind.MULTIPLE:
                some, positives = (positives or some), frozenset()
                no |= told - unsure if looked_at and not some else frozenset()
        elif some & positives:
            unsure, some = unsure | some, frozenset()
        is_whole = cell.vocabulary is None and told - unsure >= allowed
        return CellLabel(
            state=CellState.VALUE,
            any_of=some,
            positives=positives,
            negatives=no - some - positives - unsure,
            vocabulary=None if is_whole else told - unsure,
            looked_at=looked_at,
            weight=cell.weight,
        )

    def _given(self) -> tuple[_Values, _Values, _Values]:
        """Give `any_of`, `positives`, and the values of which nothing can be said any more."""
        some, lost = self._one_of(self._candidates())
        positives: set[ValueId] = set()
        unsure: set[ValueId] = set(lost)
        for value in sorted(self.cell.positives):
            targets = frozenset(self._targets(value))
            if len(targets) == 1:
                positives |= targets
            elif targets and not some:
                some = targets
            else:
                unsure |= targets
        return some, frozenset(positives), frozenset(unsure - positives - some)

    def _one_of(self, values: _Values) -> tuple[_Values, _Values]:
        """Translate a set of which one holds; it says nothing once a member is gone."""
        targets = frozenset(target for value in values for target in self._targets(value))
        is_whole = all(self._targets(value) for value in values)
        return (targets, frozenset()) if is_whole else (frozenset(), targets)

    def _checked(self, cell: CellLabel, allowed: _Values) -> CellLabel:
        """Leave out what the category does not allow any more; without anything left, missing."""
        some, positives = cell.any_of & allowed, cell.positives & allowed
        is_lost = bool(self.cell.any_of | self.cell.positives) and not (some or positives)
        is_exclusive = self.migration.new.attribute(self.pair[1]).kind is AttributeKind.EXCLUSIVE
        says_no = cell.looked_at and not is_exclusive
        if (is_lost and not says_no) or not (some or positives or cell.negatives or says_no):
            negatives = self._negatives() & allowed
            return CellLabel(state=CellState.MISSING, negatives=negatives, weight=cell.weight)
        return replace(cell, any_of=some, positives=positives)

    def _negatives(self) -> _Values:
        """Give the new values all of whose sources are known to be absent, one of them by name."""
        return frozenset(
            new
            for new, olds in self._sources().items()
            if self.cell.negatives & olds
            and olds <= self.cell.negatives | self._absent()
            and not self._has_other_sources(new)
        )

    def _absent(self) -> _Values:
        """Give the old values that are absent because others are there."""
        cell = self.cell
        given = self._candidates() | cell.positives
        is_exclusive = self._kind(self.pair[0]) is AttributeKind.EXCLUSIVE
        says = bool(given) if is_exclusive else cell.looked_at
        return self._told() - given if says and cell.state is CellState.VALUE else frozenset()

    def _told(self) -> _Values:
        """Give the old values inside which absence meant "no"."""
        return self._offered() if self.cell.vocabulary is None else self.cell.vocabulary

    def _candidates(self) -> _Values:
        return self.cell.candidates(self._offered())

    def _offered(self) -> _Values:
        return _allowed(self.migration.old, self.label.categories, self.pair[0])

    def _vocabulary(self) -> _Values:
        """Give the new values inside which absence means "no"."""
        told = self._told()
        return frozenset(
            new
            for new, olds in self._sources().items()
            if olds <= told and not self._has_other_sources(new)
        )

    def _targets(self, value: ValueId) -> tuple[ValueId, ...]:
        return self.migration.values[self.pair].get(value, ())

    def _sources(self) -> dict[ValueId, _Values]:
        found: dict[ValueId, set[ValueId]] = {}
        for old, targets in self.migration.values[self.pair].items():
            for target in targets:
                found.setdefault(target, set()).add(old)
        return {new: frozenset(olds) for new, olds in found.items()}

    def _has_other_sources(self, value: ValueId) -> bool:
        olds = self.migration.value_sources[self.pair[1], value]
        return any(attribute != self.pair[0] for attribute, _ in olds)

    def _kind(self, old: AttributeId) -> AttributeKind:
        return self.migration.old.attribute(old).kind


def _allowed(
    ontology: Ontology, categories: frozenset[CategoryId], attribute: AttributeId
) -> _Values:
    """Give the values that some possible category allows; every value if none is known."""
    if not categories:
        return frozenset(value.id for value in ontology.attribute(attribute).values)
    return frozenset(
        value for category in categories for value in ontology.allowed(category, attribute)
    )


def _united(left: CellLabel, right: CellLabel, *, is_exclusive: bool) -> CellLabel:
    """Put together what two merged attributes said; what they disagree about is missing."""
    weight = min(left.weight, right.weight)
    if CellState.VALUE not in (left.state, right.state):
        first = min(left, right, key=lambda cell: list(CellState).index(cell.state))
        return replace(first, negatives=left.negatives | right.negatives, weight=weight)
    if left.state is not CellState.VALUE or right.state is not CellState.VALUE:
        return left if left.state is CellState.VALUE else right
    some = (
        left.any_of & right.any_of if left.any_of and right.any_of else left.any_of | right.any_of
    )
    negatives = left.negatives | right.negatives
    positives = left.positives | right.positives
    disagree = bool(left.any_of and right.any_of and not some) or bool(some and some <= negatives)
    if is_exclusive and disagree:
        return CellLabel(state=CellState.MISSING, weight=weight)
    told = (
        None
        if left.vocabulary is None or right.vocabulary is None
        else left.vocabulary | right.vocabulary
    )
    return CellLabel(
        state=CellState.VALUE,
        any_of=some,
        positives=positives,
        negatives=negatives - positives - some,
        vocabulary=told,
        looked_at=left.looked_at and right.looked_at,
        weight=weight,
    )
