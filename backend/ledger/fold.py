"""From the facts about a task to the present state of its annotations.

The result depends on the set of facts only, not on their order or repetition. Of versions the
newest by Label Studio's own clock wins. An annotation is deleted if the latest sign of its end is
not older than the latest sign of its life; signs of life are its versions and the snapshots that
hold it, signs of an end are deletions and the snapshots that do not. Since ids are given out again,
annotations are told apart by their creation too, and all but the newest holder of an id are gone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from backend.ledger.reviewed import is_reviewed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from backend.ledger.facts import AnnotationFact, EventFact, PredictionFact

__all__ = ["FoldedAnnotation", "FoldedTask", "Parent", "fold_task"]

# Deletions carry no moment of Label Studio's clock; ours may be behind it by as much.
_CLOCKS_DIFFER = timedelta(seconds=2)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The prediction that an annotation started from.

    Attributes:
        is_gone: Label Studio does not have it any more, and nobody has kept it.
    """

    prediction_id: int
    model_version: str
    result: tuple[Mapping[str, Any], ...]
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedAnnotation:
    """The present state of one annotation.

    Attributes:
        identity: As in `AnnotationFact`.
        configs: Digests of the labeling configs that were in force when this version was told.
        parent_prediction: Id of the prediction that it names.
        parent: That prediction, or for an annotation that names none the one whose regions it
            has; None while it is unknown.
        is_bulk_action: This version came with the action that turns predictions into annotations.
        saw_nothing: No prediction with regions was there when the annotation was made.
    """

    annotation_id: int
    identity: str
    unique_id: str
    created_at: datetime | None
    updated_at: datetime | None
    is_deleted: bool
    was_cancelled: bool
    ground_truth: bool
    completed_by: int | None
    lead_time_s: float | None
    result: tuple[Mapping[str, Any], ...]
    configs: frozenset[str]
    parent_prediction: int | None
    parent: Parent | None
    is_bulk_action: bool
    saw_nothing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedTask:
    """A task with its annotations, by id and then age.

    Attributes:
        data: The task's data.
    """

    project_uid: str
    project_id: int
    task_id: int
    data: Mapping[str, Any]
    annotations: tuple[FoldedAnnotation, ...]


def fold_task(
    task_id: int, facts: Iterable[EventFact], *, newest_ids: Mapping[str, EventFact]
) -> tuple[FoldedTask, ...]:
    """Fold what is known about the holders of one task id, one for each project of that id.

    Args:
        task_id: Which task.
        facts: Everything about it and its annotations; may hold more, in any order and repeated.
        newest_ids: The newest snapshot of all annotation ids of a project, by project uid.
    """
    by_id = {fact.event_id: fact for fact in facts}
    known = [by_id[event_id] for event_id in sorted(by_id)]
    uids = sorted(
        {
            fact.project_uid
            for fact in known
            if any(item.task_id == task_id for item in fact.annotations)
        }
    )
    return tuple(
        _fold(
            task_id,
            [fact for fact in known if _is_of(fact, uid)],
            uid=uid,
            ids=newest_ids.get(uid),
        )
        for uid in uids
    )


def _is_of(fact: EventFact, uid: str) -> bool:
    """Whether a fact is about this project; a bare id means any project that has it."""
    return fact.project_uid == uid or (
        fact.project_uid.split(".")[0] == uid.split(".")[0]
        and ("." not in fact.project_uid or "." not in uid)
        and not fact.annotations
    )


def _fold(
    task_id: int, facts: Sequence[EventFact], *, uid: str, ids: EventFact | None
) -> FoldedTask:
    versions: defaultdict[int, defaultdict[str, list[AnnotationFact]]]
    versions = defaultdict(lambda: defaultdict(list))
    predictions: list[PredictionFact] = []
    for fact in facts:
        predictions += [item for item in fact.predictions if item.task_id == task_id]
        for item in fact.annotations:
            versions[item.annotation_id][item.identity].append(item)
    folded = []
    for number in sorted(versions):
        holders = sorted(versions[number].values(), key=lambda held: (_born(held), _name(held)))
        for age, held in enumerate(holders, 1):
            held = [item for item in held if item.task_id == task_id]  # an id may move on
            if not held:
                continue
            is_newest = age == len(holders)
            is_deleted = not is_newest or _is_deleted(
                held, facts, task_id=task_id, ids=ids, is_alone=len(holders) == 1
            )
            folded.append(_annotation(held, predictions, is_deleted=is_deleted))
    texts = sorted(fact.tasks[task_id] for fact in facts if task_id in fact.tasks)
    return FoldedTask(
        project_uid=uid,
        project_id=int(uid.split(".")[0]),
        task_id=task_id,
        data=json.loads(texts[-1][1]) if texts else {},
        annotations=tuple(folded),
    )


def _born(held: Sequence[AnnotationFact]) -> datetime:
    moments = [item.created_at or item.updated_at for item in held]
    return min((moment for moment in moments if moment is not None), default=_NEVER)


def _name(held: Sequence[AnnotationFact]) -> str:
    return held[0].identity


def _is_deleted(
    held: Sequence[AnnotationFact],
    facts: Sequence[EventFact],
    *,
    task_id: int,
    ids: EventFact | None,
    is_alone: bool,
) -> bool:
    number, name = held[0].annotation_id, _name(held)
    told = max((item.updated_at or item.created_at or _NEVER for item in held), default=_NEVER)
    seen, gone, deleted = _NEVER, _NEVER, _NEVER
    for fact in [*facts, *([ids] if ids is not None else [])]:
        if number in fact.deleted_annotations or task_id in fact.deleted_tasks:
            deleted = max(deleted, fact.moment)
        elif is_reviewed(number):
            continue  # what Label Studio lists says nothing about what it was never given
        elif fact.snapshot_of == task_id and fact.present is not None:
            holds = any(
                item.annotation_id == number and item.identity == name for item in fact.annotations
            )
            seen, gone = _latest(fact.moment, seen, gone, holds=holds)
        elif fact.action == "RECONCILED_IDS" and fact.present is not None:
            seen, gone = _latest(fact.moment, seen, gone, holds=number in fact.present)
    if deleted is not _NEVER and deleted >= seen:
        slack = _CLOCKS_DIFFER if is_alone else timedelta(0)
        if deleted + slack >= told:
            return True
    return gone > seen and gone >= told


def _latest(
    moment: datetime, seen: datetime, gone: datetime, *, holds: bool
) -> tuple[datetime, datetime]:
    return (max(seen, moment), gone) if holds else (seen, max(gone, moment))


def _annotation(
    held: Sequence[AnnotationFact], predictions: Sequence[PredictionFact], *, is_deleted: bool
) -> FoldedAnnotation:
    newest = max(held, key=lambda item: (item.updated_at or _NEVER, item.content))
    same = [
        item
        for item in held
        if (item.updated_at, item.content) == (newest.updated_at, newest.content)
    ]
    content = json.loads(newest.content)
    result = tuple(item for item in content["result"] if isinstance(item, dict))
    # Label Studio forgets the id when the prediction is deleted; whoever said it was right.
    named = max((item.parent_prediction for item in held if item.parent_prediction), default=None)
    born = _born(held)
    there = [item for item in predictions if item.created_at is None or item.created_at <= born]
    return FoldedAnnotation(
        annotation_id=newest.annotation_id,
        identity=newest.identity,
        unique_id=max(item.unique_id for item in held),
        created_at=born if born is not _NEVER else None,
        updated_at=newest.updated_at,
        is_deleted=is_deleted,
        was_cancelled=content["was_cancelled"],
        ground_truth=content["ground_truth"],
        completed_by=content["completed_by"],
        lead_time_s=content["lead_time"],
        result=result,
        configs=frozenset(item.config_sha256 for item in same if item.config_sha256),
        parent_prediction=named,
        parent=_parent(named, result, predictions, born),
        is_bulk_action=any(item.is_bulk_action for item in same),
        saw_nothing=not any(_has_regions(item) for item in there),
    )


def _has_regions(prediction: PredictionFact) -> bool:
    return prediction.result not in ("[]", "")


def _parent(
    named: int | None,
    result: Sequence[Mapping[str, Any]],
    predictions: Sequence[PredictionFact],
    born: datetime,
) -> Parent | None:
    """Find the prediction that is named, or failing a name the one whose regions these are."""
    if named is not None:
        found = [item for item in predictions if item.prediction_id == named]
    else:
        shared = {
            item: len(_region_ids(json.loads(item.result)) & _region_ids(result))
            for item in predictions
        }
        most = max(shared.values(), default=0)
        found = [item for item, count in shared.items() if count == most and most > 0]
        found = found or [item for item in predictions if item.is_gone and not item.prediction_id]
    if not found:
        return None

    def fits(item: PredictionFact) -> tuple[bool, bool, datetime, int, str]:
        made = item.created_at or _NEVER
        return (not item.is_gone, made <= born, made, item.prediction_id, item.result)

    best = max(found, key=fits)
    return Parent(
        prediction_id=best.prediction_id,
        model_version=best.model_version,
        result=tuple(item for item in json.loads(best.result) if isinstance(item, dict)),
        is_gone=best.is_gone,
    )


def _region_ids(result: Iterable[Any]) -> set[str]:
    return {str(item["id"]) for item in result if isinstance(item, dict) and "id" in item}
