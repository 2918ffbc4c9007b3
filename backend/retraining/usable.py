"""Count what people said since the last training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backend.ledger.tables import (
    AnnotationState,
    CellChange,
    LedgerAnnotationRow,
    LedgerCellRow,
    LedgerRegionRow,
    RegionChange,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.database import Database

__all__ = ["Said", "count_said"]

_BY_HAND = (CellChange.CHANGED.value, CellChange.ADDED.value, CellChange.REMOVED.value)
_BY_HAND_REGIONS = (RegionChange.RELABELLED.value, RegionChange.ADDED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the ledger holds at a moment.

    Attributes:
        usable: Values, categories and regions that a person put, changed or removed where they saw
            a suggestion.
        gold: Annotations that were made without one, or are ground truths.
    """

    usable: int
    gold: int

    def to_dict(self) -> dict[str, int]:
        """Give plain values for a run's counts."""
        return asdict(self)

    def differs(self, counts: Mapping[str, Any]) -> bool:
        """Tell whether a run with these counts saw something else."""
        return any(counts.get(name) != number for name, number in self.to_dict().items())


def count_said(database: Database) -> Said:
    """Count what submitted annotations say by now."""
    shown = (
        LedgerAnnotationRow.state == AnnotationState.SUBMITTED.value,
        LedgerAnnotationRow.is_blind.is_(False),
        LedgerAnnotationRow.ground_truth.is_(False),
    )
    cells = (
        select(func.count())
        .select_from(LedgerCellRow)
        .join(LedgerAnnotationRow, LedgerAnnotationRow.ref == LedgerCellRow.annotation_ref)
        .where(*shown, LedgerCellRow.change.in_(_BY_HAND))
    )
    regions = (
        select(func.count())
        .select_from(LedgerRegionRow)
        .join(LedgerAnnotationRow, LedgerAnnotationRow.ref == LedgerRegionRow.annotation_ref)
        .where(*shown, LedgerRegionRow.change.in_(_BY_HAND_REGIONS))
    )
    gold = (
        select(func.count())
        .select_from(LedgerAnnotationRow)
        .where(
            LedgerAnnotationRow.state == AnnotationState.SUBMITTED.value,
            LedgerAnnotationRow.is_blind.is_(True) | LedgerAnnotationRow.ground_truth.is_(True),
        )
    )
    with database.transaction() as session:
        return Said(
            usable=(session.scalar(cells) or 0) + (session.scalar(regions) or 0),
            gold=session.scalar(gold) or 0,
        )
