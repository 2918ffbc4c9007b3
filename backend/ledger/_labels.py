"""Turn what annotators agree on about one attribute into a label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from backend.ledger.said import members
from backend.ledger.tables import CellChange
from ontology.labels import CellLabel, CellState
from ontology.model import AttributeKind, ValueId

if TYPE_CHECKING:
    from backend.ledger._looks import Cell
    from ontology.model import Attribute

__all__ = ["cell_label"]

_Values = frozenset[ValueId]


def cell_label(said: Sequence[Cell], attribute: Attribute, *, weight: float) -> CellLabel | None:
    """Turn equal answers of one or several annotators into a label.

    What was not offered to any of them is not refused, and ids that the ontology does not have
    are left out.

    Args:
        said: The answers, at least one; each says something.
        attribute: What they are about.
        weight: Trust in them.

    Returns:
        None if nothing is left.
    """
    answer = said[0].answer()
    assert answer is not None  # noqa: S101 - the caller has looked
    kind, entries = answer
    if kind in {CellChange.CANNOT_TELL, CellChange.OTHER}:
        return CellLabel(state=CellState.CANNOT_TELL)
    known = frozenset(value.id for value in attribute.values)
    meant = [_ids(members(entry)) & known for entry in sorted(entries)]
    meant = [ids for ids in meant if ids]
    if not meant:
        return None
    if kind == "removed":
        return CellLabel(
            state=CellState.VALUE, negatives=frozenset[ValueId]().union(*meant), weight=weight
        )
    if attribute.kind is AttributeKind.MULTIPLE:
        return _several(meant, said, known, weight)
    return CellLabel(
        state=CellState.VALUE,
        any_of=frozenset[ValueId]().union(*meant),
        vocabulary=_offered(said, known),
        weight=weight,
    )


def _several(
    meant: Sequence[_Values], said: Sequence[Cell], known: _Values, weight: float
) -> CellLabel:
    """Label a multiple attribute; of more than one "one of these" only the first is used."""
    positives = frozenset(value for ids in meant if len(ids) == 1 for value in ids)
    sets = [ids for ids in meant if len(ids) > 1]
    some = next((ids for ids in sets if not ids & positives), frozenset())
    unsure = frozenset(value for ids in sets for value in ids) - some - positives
    whole = [cell for cell in said if cell.is_whole]
    offered = _offered(whole, known)
    if unsure:
        offered = (known if offered is None else offered) - unsure
    return CellLabel(
        state=CellState.VALUE,
        positives=positives,
        any_of=some,
        vocabulary=offered,
        looked_at=bool(whole),
        weight=weight,
    )


def _offered(said: Iterable[Cell], known: _Values) -> _Values | None:
    """Give the values that somebody was offered; None for all."""
    found = known & _ids(value for cell in said for value in cell.offered)
    return None if found == known else found


def _ids(names: Iterable[str]) -> _Values:
    return frozenset(ValueId(name) for name in names)
