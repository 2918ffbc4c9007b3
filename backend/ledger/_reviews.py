"""Put reviewers' answers in the place of annotators'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from backend.ledger.diff import box_iou

if TYPE_CHECKING:
    from backend.ledger._looks import Look, LookedAt

__all__ = ["SAME_IOU", "Reviews"]

SAME_IOU = 0.5
"""Overlap from which on two people's boxes are of the same garment."""


@dataclass(slots=True)
class Reviews:
    """What reviewers said about the regions of one task, until it is taken account of.

    Attributes:
        waiting: Oldest first.
    """

    waiting: list[LookedAt] = field(default_factory=list)

    @classmethod
    def among(cls, looks: Iterable[Look], regions: Iterable[LookedAt]) -> Reviews:
        """Choose the reviewers' regions."""
        order = {look.ref: (look.updated_at, look.ref) for look in looks if look.is_review}
        found = [item for item in regions if item.annotation_ref in order and item.is_there]
        return cls(sorted(found, key=lambda item: (order[item.annotation_ref], item.region_id)))

    def over(self, group: Sequence[LookedAt]) -> tuple[list[LookedAt], bool]:
        """Put what was said about a garment over what its annotators said.

        What was annotated blind stays as it is: reviewers have seen the model's suggestion.

        Returns:
            The garment as everybody sees it now, and whether a reviewer looked at it.
        """
        first, changed = group[0], list(group)
        mine = [
            item
            for item in self.waiting
            if item.region_id == first.region_id or box_iou(item.box, first.box) >= SAME_IOU
        ]
        self.waiting = [item for item in self.waiting if item not in mine]
        if any(looked.is_blind for looked in group):
            return changed, False
        for review in mine:
            changed = [_overruled(looked, review) for looked in changed]
        return changed, bool(mine)

    def left(self) -> list[LookedAt]:
        """Return what is about no garment that annotators left in the picture."""
        return self.waiting


def _overruled(looked: LookedAt, review: LookedAt) -> LookedAt:
    said = {name: cell for name, cell in review.cells.items() if cell.answer() is not None}
    moved = {name: cell for name, cell in review.cells.items() if cell.answer() is None}
    kept = {
        name: cell
        for name, cell in looked.cells.items()
        if not (review.category and name in moved and moved[name].change == "not_applicable")
    }
    return replace(
        looked,
        category=review.category or looked.category,
        is_category_put=review.is_category_put if review.category else looked.is_category_put,
        cells={**kept, **said},
    )
