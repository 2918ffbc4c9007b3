"""How often each annotator and reviewer says what a ground truth says, attribute by attribute.

A gold task is one of which an annotation is marked as ground truth, or else a review item that a
lead has marked as gold. Everybody else's submitted annotation of it is compared with that one:
regions are matched by their boxes, and a cell counts
where the truth holds values or says that one cannot tell. Left blank by an annotator, it is wrong;
of a reviewer, who may have looked at a part only, just what was decided counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from backend.ledger._looks import Cell
from backend.ledger.diff import box_iou
from backend.ledger.reviewed import is_reviewed
from backend.ledger.tables import (
    AnnotationState,
    CellChange,
    LedgerAnnotationRow,
    LedgerCellRow,
    LedgerRegionRow,
    RegionChange,
)
from backend.review.tables import DecisionAction, ReviewDecisionRow
from tagger.metrics import wilson_interval

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backend.database import Database

__all__ = ["ENOUGH", "AnnotatorScore", "annotator_scores"]

ENOUGH = 30
"""Gold cells from which a share is worth comparing: its interval is at most 35 points wide."""

ALL = "(all)"
_SAME_IOU = 0.5
_CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatorScore:
    """How one person fares on one attribute.

    Attributes:
        annotator: Label Studio's user id, or the name of a reviewer.
        attribute: An attribute's id, `category`, or `(all)`.
        n: Gold cells that the person met.
        right: Those where the person says the same.
        interval: 95 % interval of the share (Wilson 1927).
        is_enough: There are at least `ENOUGH` cells.
    """

    annotator: str
    attribute: str
    n: int
    right: int
    interval: tuple[float, float]
    is_enough: bool

    @property
    def accuracy(self) -> float:
        """Share that is right, 0..1."""
        return self.right / self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """One annotation's regions with their answers.

    Attributes:
        who: Label Studio's user id, or the reviewer's name.
        is_truth: Others are compared with it.
    """

    who: str
    is_truth: bool
    annotation: LedgerAnnotationRow
    regions: Sequence[tuple[LedgerRegionRow, Sequence[LedgerCellRow]]]


def annotator_scores(database: Database) -> tuple[AnnotatorScore, ...]:
    """Compare everybody with the ground truths of gold tasks, in order of names and attributes."""
    counts: dict[tuple[str, str], list[int]] = {}
    for looks in _gold_tasks(database):
        truth = next(one for one in looks if one.is_truth)
        for other in looks:
            if other.is_truth or other.who == truth.who:
                continue
            for attribute, is_right in _judged(truth, other):
                for name in (attribute, ALL):
                    found = counts.setdefault((other.who, name), [0, 0])
                    found[0] += 1
                    found[1] += is_right
    return tuple(
        AnnotatorScore(
            annotator=who,
            attribute=attribute,
            n=n,
            right=right,
            interval=wilson_interval(right, n),
            is_enough=n >= ENOUGH,
        )
        for (who, attribute), (n, right) in sorted(counts.items())
    )


def _who(row: LedgerAnnotationRow, reviewers: Mapping[str, str]) -> str:
    if row.completed_by is not None:
        return str(row.completed_by)
    return reviewers.get(row.unique_id) or row.unique_id or row.ref


def _reviewers(session: Session) -> dict[str, str]:
    """Give who decided last about each item, by the unique id of the item's annotation."""
    row = ReviewDecisionRow
    marks = (DecisionAction.GOLD, DecisionAction.UNDO)
    query = select(row.item_id, row.reviewer).where(row.action.not_in(marks)).order_by(row.id)
    return {f"review:{item}": reviewer for item, reviewer in session.execute(query)}


def _gold_items(session: Session) -> set[str]:
    """Give the items that are marked as gold, by the unique ids of their annotations."""
    row = ReviewDecisionRow
    undone = select(row.after).where(row.action == DecisionAction.UNDO)
    back = {number for after in session.scalars(undone) for number in after.get("undone", ())}
    marked = select(row.id, row.item_id).where(row.is_gold.is_(True))
    return {f"review:{item}" for number, item in session.execute(marked) if number not in back}


def _gold_tasks(database: Database) -> Iterator[list[_Looked]]:
    """Give the submitted annotations of each task that has a truth, the newest one first."""
    row = LedgerAnnotationRow
    with database.reading() as session:
        reviewers, gold_items = _reviewers(session), _gold_items(session)
        is_truth = row.ground_truth.is_(True) | row.unique_id.in_(gold_items)
        gold = select(row.project_uid, row.task_id).where(
            is_truth, row.state == AnnotationState.SUBMITTED
        )
        for uid, task in sorted({(one[0], one[1]) for one in session.execute(gold)}):
            query = (
                select(row)
                .where(row.project_uid == uid, row.task_id == task)
                .where(row.state == AnnotationState.SUBMITTED, row.is_pending.is_(False))
                .order_by(row.updated_at.desc(), row.ref)
            )
            annotations = session.scalars(query).all()
            has_truth = any(one.ground_truth for one in annotations)
            looks = [
                _Looked(
                    who=_who(one, reviewers),
                    is_truth=one.ground_truth or (not has_truth and one.unique_id in gold_items),
                    annotation=one,
                    regions=_regions(session, one.ref),
                )
                for one in annotations
            ]
            if any(one.is_truth for one in looks):
                yield looks


def _regions(session: Session, ref: str) -> list[tuple[LedgerRegionRow, Sequence[LedgerCellRow]]]:
    """Give the regions of an annotation that are there, each with its answers."""
    regions = select(LedgerRegionRow).where(
        LedgerRegionRow.annotation_ref == ref, LedgerRegionRow.change != RegionChange.DELETED
    )
    cells = select(LedgerCellRow).where(LedgerCellRow.annotation_ref == ref)
    by_region: dict[str, list[LedgerCellRow]] = {}
    for cell in session.scalars(cells):
        by_region.setdefault(cell.region_id, []).append(cell)
    return [(region, by_region.get(region.region_id, ())) for region in session.scalars(regions)]


def _judged(truth: _Looked, other: _Looked) -> Iterator[tuple[str, bool]]:
    """Give attribute and verdict of each gold cell; a garment that is not there is all wrong."""
    is_part = is_reviewed(other.annotation.annotation_id)
    for region, cells in truth.regions:
        match = _match(region, other.regions)
        if match is None and is_part:
            continue
        said = match[0].category_after if match is not None else ""
        if region.category_after and (said or not is_part):
            yield _CATEGORY, said == region.category_after
        answers = _answers(match[1]) if match is not None else {}
        for name, answer in _answers(cells).items():
            if name in answers or not is_part:
                yield name, answers.get(name) == answer


def _answers(cells: Iterable[LedgerCellRow]) -> dict[str, tuple[str, frozenset[str]]]:
    """Give what was said by attribute, so that equal answers are equal."""
    found = {}
    for row in cells:
        cell = Cell(
            change=CellChange(row.change),
            before=frozenset(row.before),
            after=frozenset(row.after),
            offered=frozenset(),
            is_whole=True,
        )
        answer = cell.answer()
        if answer is not None and answer[0] != "removed":
            found[row.attribute] = answer
    return found


def _match(
    region: LedgerRegionRow,
    others: Sequence[tuple[LedgerRegionRow, Sequence[LedgerCellRow]]],
) -> tuple[LedgerRegionRow, Sequence[LedgerCellRow]] | None:
    box = region.box_after or {}
    overlaps = [(box_iou(box, other.box_after or {}), -at) for at, (other, _) in enumerate(others)]
    best = max(overlaps, default=(0.0, 0))
    return others[-best[1]] if best[0] >= _SAME_IOU else None
