"""Turn labels into flat training targets and back.

Every target is 1 (yes), 0 (no) or -1 (nobody knows: contributes exactly nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from ontology.errors import OntologyError, UnknownIdError
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import Attribute, AttributeId, AttributeKind, CategoryId, ValueId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ontology.model import Ontology

__all__ = ["HeadLayout", "Targets", "decode_targets", "encode", "layout"]

UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLayout:
    """The order of a model's outputs for one ontology.

    Attributes:
        categories: Leaf categories, one output each.
        values: One output for each value of each attribute, attribute by attribute.
        slices: Where each attribute's values stand in `values`.
        positions: Where each value stands in `values`.
    """

    categories: tuple[CategoryId, ...]
    values: tuple[tuple[AttributeId, ValueId], ...]
    slices: Mapping[AttributeId, slice]
    positions: Mapping[tuple[AttributeId, ValueId], int]


@lru_cache(maxsize=16)
def layout(ontology: Ontology) -> HeadLayout:
    """Return the order of outputs for an ontology, in file order."""
    values = tuple((a.id, value.id) for a in ontology.attributes for value in a.values)
    slices: dict[AttributeId, slice] = {}
    start = 0
    for attribute in ontology.attributes:
        slices[attribute.id] = slice(start, start + len(attribute.values))
        start += len(attribute.values)
    return HeadLayout(
        categories=ontology.leaves,
        values=values,
        slices=slices,
        positions={entry: position for position, entry in enumerate(values)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """One region's targets, in the order of `layout(ontology)`.

    Attributes:
        category: Per leaf category 1 if it may be this one, 0 if not; all -1 if missing.
        values: Per value 1, 0 or -1.
        any_of: Per value 1 if it belongs to a set of which at least one holds, else 0;
            `values` is -1 there.
        states: The state of every attribute.
        weights: Weight of the cells whose weight is not 1.
    """

    category: tuple[int, ...]
    values: tuple[int, ...]
    any_of: tuple[int, ...]
    states: Mapping[AttributeId, CellState]
    weights: Mapping[AttributeId, float] = field(default_factory=dict)


def encode(ontology: Ontology, label: GarmentLabel) -> Targets:
    """Turn a label into targets.

    What the ontology says goes before what the label says: where no category that the region
    may have has the attribute, the cell is not applicable and all its values are 0, and a value
    that is not allowed for any of these categories counts as not said.
    A cell that was called not applicable although the ontology says otherwise is missing.

    Raises:
        OntologyError: If the label names ids that the ontology does not have, a category that is
            not a leaf, or `positives` for an exclusive attribute.
    """
    heads = layout(ontology)
    _check_ids(ontology, label)
    values = [UNKNOWN] * len(heads.values)
    any_of = [0] * len(heads.values)
    states: dict[AttributeId, CellState] = {}
    weights: dict[AttributeId, float] = {}
    for attribute in ontology.attributes:
        cell = label.cells.get(attribute.id)
        known = _encode_cell(attribute, cell, _allowed(ontology, label.categories, attribute))
        start = heads.slices[attribute.id].start
        for position, value in enumerate(attribute.values, start):
            values[position] = known.values.get(value.id, UNKNOWN)
            any_of[position] = int(value.id in known.any_of)
        states[attribute.id] = known.state
        if cell is not None and cell.weight != 1.0:
            weights[attribute.id] = cell.weight
    return Targets(
        category=_encode_category(heads, label.categories),
        values=tuple(values),
        any_of=tuple(any_of),
        states=states,
        weights=weights,
    )


def decode_targets(ontology: Ontology, targets: Targets) -> GarmentLabel:
    """Turn targets back into a label; encoding that label gives the same targets.

    Raises:
        OntologyError: If the targets have other lengths than the ontology.
    """
    heads = layout(ontology)
    expected = (len(heads.categories), len(heads.values), len(heads.values))
    found = (len(targets.category), len(targets.values), len(targets.any_of))
    if found != expected:
        raise OntologyError(
            f"targets of lengths {found} do not belong to ontology {ontology.id!r}; "
            f"expected (category, values, any_of) of {expected}; encode them again"
        )
    return GarmentLabel(
        categories=frozenset(
            id_ for id_, known in zip(heads.categories, targets.category, strict=True) if known == 1
        ),
        cells={
            attribute.id: _decode_cell(attribute, targets, heads.slices[attribute.id])
            for attribute in ontology.attributes
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownCell:
    state: CellState
    values: Mapping[ValueId, int] = field(default_factory=dict)
    any_of: frozenset[ValueId] = frozenset()


def _encode_cell(
    attribute: Attribute, cell: CellLabel | None, allowed: frozenset[ValueId]
) -> _KnownCell:
    """Say what is known about each value; a value that is not a key is unknown."""
    if not allowed:
        return _KnownCell(
            state=CellState.NOT_APPLICABLE, values={value.id: 0 for value in attribute.values}
        )
    if cell is None or cell.state is CellState.NOT_APPLICABLE:
        return _KnownCell(state=CellState.MISSING)
    if cell.state is CellState.CANNOT_TELL:
        return _KnownCell(state=CellState.CANNOT_TELL)
    return _encode_value(attribute, cell, allowed)


def _encode_value(attribute: Attribute, cell: CellLabel, allowed: frozenset[ValueId]) -> _KnownCell:
    given = cell.state is CellState.VALUE
    some = cell.candidates(allowed) if given else frozenset()
    yes = cell.positives & allowed if given else frozenset()
    if len(some) == 1:
        yes, some = yes | some, frozenset()
    no = (cell.negatives & allowed) - yes - some
    if attribute.kind is AttributeKind.EXCLUSIVE:
        absence_means_no = bool(yes or some)
    else:
        absence_means_no = given and cell.looked_at
    if absence_means_no:
        vocabulary = allowed if cell.vocabulary is None else cell.vocabulary & allowed
        no |= vocabulary - yes - some
    known = {**dict.fromkeys(no, 0), **dict.fromkeys(yes, 1)}
    state = CellState.VALUE if known or some else CellState.MISSING
    return _KnownCell(state=state, values=known, any_of=some)


def _decode_cell(attribute: Attribute, targets: Targets, where: slice) -> CellLabel:
    state = targets.states[attribute.id]
    weight = targets.weights.get(attribute.id, 1.0)
    if state is not CellState.VALUE:
        return CellLabel(state=state, weight=weight)
    ids = tuple(value.id for value in attribute.values)
    known = dict(zip(ids, targets.values[where], strict=True))
    some = frozenset(id_ for id_, member in zip(ids, targets.any_of[where], strict=True) if member)
    yes = frozenset(id_ for id_, target in known.items() if target == 1)
    is_exclusive = attribute.kind is AttributeKind.EXCLUSIVE
    return CellLabel(
        state=state,
        any_of=yes if is_exclusive and yes else some,
        positives=frozenset() if is_exclusive else yes,
        negatives=frozenset(id_ for id_, target in known.items() if target == 0),
        vocabulary=frozenset(),
        weight=weight,
    )


def _allowed(
    ontology: Ontology, categories: Iterable[CategoryId], attribute: Attribute
) -> frozenset[ValueId]:
    """Return the values that some possible category allows; every value if none is known."""
    possible = tuple(categories)
    if not possible:
        return frozenset(value.id for value in attribute.values)
    return frozenset(
        value for category in possible for value in ontology.allowed(category, attribute.id)
    )


def _encode_category(heads: HeadLayout, categories: frozenset[CategoryId]) -> tuple[int, ...]:
    if not categories:
        return (UNKNOWN,) * len(heads.categories)
    return tuple(int(category in categories) for category in heads.categories)


def _check_ids(ontology: Ontology, label: GarmentLabel) -> None:
    for category in label.categories:
        if not ontology.category(category).is_leaf:
            raise OntologyError(
                f"label with category {category!r}, which has categories under it; "
                "give the leaves that it may be"
            )
    positions = layout(ontology).positions
    for attribute, cell in label.cells.items():
        kind = ontology.attribute(attribute).kind
        for value in cell.any_of | cell.positives | cell.negatives | (cell.vocabulary or set()):
            if (attribute, value) not in positions:
                raise UnknownIdError(
                    f"unknown value {value!r} of attribute {attribute!r} in ontology "
                    f"{ontology.id!r}; use a value id of the ontology file"
                )
        if kind is AttributeKind.EXCLUSIVE and cell.positives:
            raise OntologyError(
                f"label with positives {sorted(cell.positives)} for the exclusive attribute "
                f"{attribute!r}; give what it may be as any_of"
            )
