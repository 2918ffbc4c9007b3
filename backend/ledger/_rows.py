"""Read what is known about one task from the database, and write the rows that follow from it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from sqlalchemy import delete, select

from backend.blind import is_blind
from backend.database import EventRow, LabelConfigRow
from backend.jobs import image_reference
from backend.ledger.diff import Trust, diff_annotation
from backend.ledger.facts import EventFact, read_event
from backend.ledger.fold import FoldedAnnotation, FoldedTask, fold_task
from backend.ledger.reviewed import is_copy
from backend.ledger.said import count_unknown, own_answers
from backend.ledger.tables import (
    AnnotationState,
    EventKeyRow,
    LedgerAnnotationRow,
    LedgerCellRow,
    LedgerRegionRow,
)
from backend.places import PREDICTED_PREFIX
from backend.requests import TaskRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from backend.ledger.diff import RegionDiff
    from backend.ledger.rules import Rules
    from ontology.config_map import ConfigMap

__all__ = ["Facts", "TaskKey", "write_task"]

log = structlog.get_logger(__name__)

_MAX_FACTS = 256
_SNAPSHOTS = 4  # of projects that had the same id


class TaskKey(NamedTuple):
    """A task's id within its project."""

    project_id: int
    task_id: int


class Facts:
    """Stored events as facts; the last ones read are remembered."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: OrderedDict[tuple[int, int], EventFact | None] = OrderedDict()

    def read(self, row: EventRow) -> EventFact | None:
        """Read an event; one that came again since is read again."""
        key = (row.id, row.times_received)
        if key not in self._known:
            self._known[key] = read_event(row)
            if len(self._known) > _MAX_FACTS:
                self._known.popitem(last=False)
        return self._known[key]

    def about(self, session: Session, key: TaskKey) -> list[EventFact]:
        """Return every fact about a task, its annotations, and the holders of their ids."""
        facts = self._by_key(session, key.project_id, "task", [key.task_id])
        ids = {
            item.annotation_id
            for fact in facts
            for item in fact.annotations
            if item.task_id == key.task_id
        }
        return facts + self._by_key(session, key.project_id, "annotation", sorted(ids))

    def newest_ids(self, session: Session, project_id: int) -> dict[str, EventFact]:
        """Return the newest snapshot of all annotation ids, by project uid."""
        query = (
            select(EventRow.id, EventRow.times_received)
            .join(EventKeyRow, EventKeyRow.event_id == EventRow.id)
            .where(EventKeyRow.project_id == project_id, EventKeyRow.kind == "snapshot")
            .order_by(EventKeyRow.number.desc(), EventRow.content_hash)
            .limit(_SNAPSHOTS)
        )
        newest: dict[str, EventFact] = {}
        for event_id, times in session.execute(query).all():
            fact = self._known.get((event_id, times)) or self.read(
                session.get_one(EventRow, event_id)
            )
            if fact is not None:
                newest.setdefault(fact.project_uid, fact)
        return newest

    def _by_key(
        self, session: Session, project_id: int, kind: str, numbers: Sequence[int]
    ) -> list[EventFact]:
        found = []
        for start in range(0, len(numbers), 500):
            query = (
                select(EventRow)
                .join(EventKeyRow, EventKeyRow.event_id == EventRow.id)
                .where(
                    EventKeyRow.project_id == project_id,
                    EventKeyRow.kind == kind,
                    EventKeyRow.number.in_(numbers[start : start + 500]),
                )
                .distinct()
            )
            found += [self.read(row) for row in session.scalars(query)]
        return [fact for fact in found if fact is not None]


def write_task(session: Session, key: TaskKey, *, facts: Facts, rules: Rules) -> None:
    """Replace the rows of a task by what is known now."""
    mine = (LedgerAnnotationRow.project_id == key.project_id) & (
        LedgerAnnotationRow.task_id == key.task_id
    )
    refs = list(session.scalars(select(LedgerAnnotationRow.ref).where(mine)))
    for table in (LedgerCellRow, LedgerRegionRow):
        session.execute(delete(table).where(table.annotation_ref.in_(refs)))
    session.execute(delete(LedgerAnnotationRow).where(mine))
    known = facts.about(session, key)
    folded = fold_task(key.task_id, known, newest_ids=facts.newest_ids(session, key.project_id))
    for task in folded:
        for annotation in task.annotations:
            _write(session, task, annotation, rules)


def _write(session: Session, task: FoldedTask, said: FoldedAnnotation, rules: Rules) -> None:
    sha256, config = _config(session, said, rules)
    image = _image(session, task, config, sha256)
    state = _state(said)
    parent = _parent_result(said)
    shown = said.parent is not None and bool(parent)
    blind = not shown and said.saw_nothing and is_blind(task.project_uid, image, rules.blind_share)
    is_submitted = state is AnnotationState.SUBMITTED
    row = LedgerAnnotationRow(
        ref=f"{task.project_uid}/{task.task_id}/{said.annotation_id}/{said.identity}",
        project_uid=task.project_uid,
        project_id=task.project_id,
        task_id=task.task_id,
        annotation_id=said.annotation_id,
        unique_id=said.unique_id,
        image=image.encode("utf-8", "replace").decode(),
        state=state,
        completed_by=said.completed_by,
        lead_time_s=said.lead_time_s,
        ground_truth=said.ground_truth,
        parent_prediction=said.parent_prediction,
        model_version=said.parent.model_version if said.parent is not None else "",
        created_at=said.created_at,
        updated_at=said.updated_at,
        result=list(said.result),
        label_config_sha256=sha256,
        is_blind=blind,
        is_pending=is_submitted and parent is None,
        ontology_sha256=rules.digest,
    )
    session.add(row)
    session.flush()
    if is_submitted and parent is not None and config is not None:
        trust = Trust(
            is_blind=blind,
            ground_truth=said.ground_truth,
            accepted_weight=rules.accepted_weight,
        )
        regions = diff_annotation(
            said.result, parent, config=config, ontology=rules.ontology, trust=trust
        )
        _write_regions(session, row.ref, regions)


def _write_regions(session: Session, ref: str, regions: Iterable[RegionDiff]) -> None:
    for region in regions:
        session.add(
            LedgerRegionRow(
                annotation_ref=ref,
                region_id=region.region_id,
                change=region.change,
                iou=region.iou,
                box_before=dict(region.box_before) if region.box_before is not None else None,
                box_after=dict(region.box_after) if region.box_after is not None else None,
                image_w=region.image_wh[0],
                image_h=region.image_wh[1],
                category_before=region.category_before,
                category_after=region.category_after,
            )
        )
        for cell in region.cells:
            session.add(
                LedgerCellRow(
                    annotation_ref=ref,
                    region_id=region.region_id,
                    attribute=cell.attribute,
                    change=cell.change,
                    before=list(cell.before),
                    after=list(cell.after),
                    score=cell.score,
                    weight=cell.weight,
                    counts_for_gate=cell.counts_for_gate,
                )
            )


def _config(session: Session, said: FoldedAnnotation, rules: Rules) -> tuple[str, ConfigMap | None]:
    """Choose the labeling config that knows most of what was said, of several the narrowest.

    A version that the API showed again after a change of the config was not made under the later
    one, so what only that one offers must not count as refused.
    """
    known = [(sha256, rules.config(session, sha256)) for sha256 in sorted(said.configs)]
    usable = [(sha256, config) for sha256, config in known if config is not None]
    if not usable:
        return (known[0][0] if known else "", None)
    return min(
        usable, key=lambda pair: (count_unknown(said.result, pair[1]), _num_offered(pair[1]))
    )


def _num_offered(config: ConfigMap) -> int:
    return sum(len(tag.label_by_value) for tag in config.choices_by_name.values())


def _image(session: Session, task: FoldedTask, config: ConfigMap | None, sha256: str) -> str:
    if config is not None and config.image_key:
        found = TaskRef(id=task.task_id, data=task.data).image(config.image_key)
        if found:
            return found
    row = session.get(LabelConfigRow, sha256) if sha256 else None
    return image_reference({"data": task.data}, row.xml if row is not None else "")


def _state(said: FoldedAnnotation) -> AnnotationState:
    if said.is_deleted:
        return AnnotationState.DELETED
    if said.was_cancelled:
        return AnnotationState.SKIPPED
    if is_copy(said.result):
        return AnnotationState.COPIED
    return AnnotationState.BULK if _is_bulk(said) else AnnotationState.SUBMITTED


def _is_bulk(said: FoldedAnnotation) -> bool:
    """Whether this is a prediction that was turned into an annotation without anybody looking."""
    if said.lead_time_s is not None or any("origin" in item for item in said.result):
        return False
    if said.is_bulk_action:
        return True
    if said.parent_prediction is None or said.parent is None or said.parent.is_gone:
        return False
    return _answers(said.result) == _answers(said.parent.result)


def _answers(result: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(
        repr((item.get("id"), item.get("from_name"), sorted((item.get("value") or {}).items())))
        for item in result
        if isinstance(item.get("value"), dict)
    )


def _parent_result(said: FoldedAnnotation) -> Sequence[Mapping[str, Any]] | None:
    """Return what the annotator started from; None while that is not known."""
    if said.parent is not None:
        return own_answers(said.result) if said.parent.is_gone else said.parent.result
    ids = (str(item.get("id", "")) for item in said.result)
    is_from_model = any(region_id.startswith(PREDICTED_PREFIX) for region_id in ids)
    return None if said.parent_prediction is not None or is_from_model else ()
