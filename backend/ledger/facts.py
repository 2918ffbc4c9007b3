"""Read stored events, whatever is in them, as facts about annotations, tasks and predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from backend.jobs import ProjectRef
from backend.ledger.reviewed import REVIEW_ACTION

if TYPE_CHECKING:
    from backend.database import EventRow

__all__ = [
    "FETCHED_ACTIONS",
    "LEDGER_ACTIONS",
    "AnnotationFact",
    "EventFact",
    "PredictionFact",
    "as_moment",
    "read_event",
    "version_key",
]

log = structlog.get_logger(__name__)

FETCHED_ACTIONS = ("RECONCILED_TASK", "RECONCILED_IDS", "PREDICTION")
LEDGER_ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATIONS_DELETED",
    "TASKS_DELETED",
    REVIEW_ACTION,
    *FETCHED_ACTIONS,
)
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFact:
    """One version of one annotation.

    Attributes:
        identity: What tells the annotations apart that had the same id: the moment of creation,
            since the API, other than the webhooks, does not show the unique id.
        unique_id: Empty where it is not shown.
        content: Everything that may differ between versions, as canonical JSON.
        config_sha256: Labeling config of the project when this was said.
        is_bulk_action: It came with the action that turns predictions into annotations.
    """

    annotation_id: int
    task_id: int
    identity: str
    unique_id: str
    created_at: datetime | None
    updated_at: datetime | None
    parent_prediction: int | None
    content: str
    config_sha256: str
    is_bulk_action: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFact:
    """A prediction as the API gives it.

    Attributes:
        result: Canonical JSON of its results.
        is_gone: Label Studio does not have it any more; nothing else is known of it.
    """

    prediction_id: int
    task_id: int
    created_at: datetime | None
    model_version: str
    result: str
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFact:
    """What one event says.

    Attributes:
        moment: When it was so: of a snapshot, when it was asked for; else when it last came.
        project_uid: Only the project's id if the event does not say more.
        tasks: Of each task, when it was last changed and its data as JSON.
        deleted_annotations: Ids that were deleted at the latest at `moment`.
        present: Of a snapshot, the ids that the task (`snapshot_of`) or the whole project had.
    """

    event_id: int
    action: str
    project_id: int
    project_uid: str
    moment: datetime
    config_sha256: str
    annotations: tuple[AnnotationFact, ...] = ()
    predictions: tuple[PredictionFact, ...] = ()
    tasks: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    deleted_annotations: frozenset[int] = frozenset()
    deleted_tasks: frozenset[int] = frozenset()
    present: frozenset[int] | None = None
    snapshot_of: int | None = None

    def subjects(self) -> set[tuple[str, int]]:
        """Return the tasks and annotations that it is about, as `(kind, id)`.

        A snapshot of all ids is found by its moment instead, in microseconds since 1970.
        """
        tasks = {fact.task_id for fact in self.annotations}
        tasks |= {fact.task_id for fact in self.predictions} | set(self.tasks)
        tasks |= self.deleted_tasks
        if self.snapshot_of is not None:
            tasks.add(self.snapshot_of)
        annotations = {fact.annotation_id for fact in self.annotations} | self.deleted_annotations
        keys = {("task", number) for number in tasks}
        keys |= {("annotation", number) for number in annotations}
        if self.action == "RECONCILED_IDS":
            keys.add(("snapshot", int(self.moment.timestamp() * 1e6)))
        return keys


def read_event(row: EventRow) -> EventFact | None:
    """Read a stored event; None, and a line in the log, if nothing can be made of it."""
    try:
        body = json.loads(row.body)
        fact = _read(row, body) if isinstance(body, dict) else None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        fact, reason = None, f"{type(error).__name__}: {error}"
    else:
        reason = "it names no project"
    if fact is None:
        log.warning("event_not_understood", event_id=row.id, action=row.action, reason=reason[:200])
    return fact


def version_key(annotation: Mapping[str, Any]) -> tuple[int | None, str, datetime | None]:
    """Return what tells versions of annotations apart: id, identity, moment of the change."""
    created_at = as_moment(annotation.get("created_at"))
    identity = created_at.isoformat() if created_at is not None else annotation.get("unique_id")
    return (
        _id(annotation.get("id")),
        _text(identity),
        as_moment(annotation.get("updated_at")),
    )


def as_moment(value: object) -> datetime | None:
    """Read a moment as Label Studio writes it; None if it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read(row: EventRow, body: Mapping[str, Any]) -> EventFact | None:
    if row.project_id is None:
        return None
    is_fetched = row.action in FETCHED_ACTIONS
    moment = as_moment(body.get("moment")) if is_fetched else row.last_received_at
    config = row.label_config_sha256 or ""
    tasks = list(_objects(body.get("task"))) + list(_objects(body.get("tasks")))
    is_snapshot = row.action == "RECONCILED_TASK"
    listed = [annotation for task in tasks for annotation in _objects(task.get("annotations"))]
    said = listed if is_snapshot else list(_objects(body.get("annotation")))
    deletes = row.action == "ANNOTATIONS_DELETED"
    predictions = list(_objects(body.get("prediction")))
    predictions += [item for task in tasks for item in _objects(task.get("predictions"))]
    has_ids = row.action == "RECONCILED_IDS"
    return EventFact(
        event_id=row.id,
        action=row.action,
        project_id=row.project_id,
        project_uid=_project_uid(row.project_id, body.get("project")),
        moment=moment or row.received_at,
        config_sha256=config,
        annotations=tuple(_annotations(said, row, tasks)),
        predictions=tuple(_predictions(predictions)),
        tasks=_task_data(tasks) if row.action != "TASKS_DELETED" else {},
        deleted_annotations=_ids(body.get("annotations")) if deletes else frozenset(),
        deleted_tasks=_ids(tasks) if row.action == "TASKS_DELETED" else frozenset(),
        present=_numbers(body.get("annotation_ids")) if has_ids else _present(is_snapshot, listed),
        snapshot_of=_id(tasks[0].get("id")) if is_snapshot and tasks else None,
    )


def _present(is_snapshot: bool, listed: list[Mapping[str, Any]]) -> frozenset[int] | None:
    return _ids(listed) if is_snapshot else None


def _annotations(
    said: list[Mapping[str, Any]], row: EventRow, tasks: list[Mapping[str, Any]]
) -> Iterator[AnnotationFact]:
    for annotation in said:
        number, identity, updated_at = version_key(annotation)
        task = _id(annotation.get("task"))
        if task is None and len(tasks) == 1:
            task = _id(tasks[0].get("id"))
        if number is None or task is None or not isinstance(annotation.get("result", []), list):
            log.warning("annotation_not_understood", event_id=row.id, action=row.action)
            continue
        yield AnnotationFact(
            annotation_id=number,
            task_id=task,
            identity=identity,
            unique_id=_text(annotation.get("unique_id")),
            created_at=as_moment(annotation.get("created_at")),
            updated_at=updated_at,
            parent_prediction=_id(annotation.get("parent_prediction")),
            content=_canonical(_content(annotation)),
            config_sha256=row.label_config_sha256 or "",
            is_bulk_action=row.action == "ANNOTATIONS_CREATED",
        )


def _content(annotation: Mapping[str, Any]) -> dict[str, Any]:
    user, seconds = annotation.get("completed_by"), annotation.get("lead_time")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return {
        "result": annotation.get("result") or [],
        "was_cancelled": bool(annotation.get("was_cancelled")),
        "ground_truth": bool(annotation.get("ground_truth")),
        "completed_by": _id(user.get("id") if isinstance(user, Mapping) else user),
        "lead_time": seconds if is_number else None,
    }


def _predictions(items: list[Mapping[str, Any]]) -> Iterator[PredictionFact]:
    for item in items:
        number, task = _id(item.get("id")), _id(item.get("task"))
        result = item.get("result")
        if number is None or task is None:
            continue
        yield PredictionFact(
            prediction_id=number,
            task_id=task,
            created_at=as_moment(item.get("created_at")),
            model_version=_text(item.get("model_version")),
            result=_canonical(result if isinstance(result, list) else []),
            is_gone=item.get("is_gone") is True,
        )


def _task_data(tasks: list[Mapping[str, Any]]) -> dict[int, tuple[str, str]]:
    found = {}
    for task in tasks:
        number = _id(task.get("id"))
        if number is not None and isinstance(task.get("data"), Mapping):
            found[number] = (str(task.get("updated_at") or ""), _canonical(task["data"]))
    return found


def _project_uid(project_id: int, project: object) -> str:
    if isinstance(project, Mapping):
        if str(project.get("uid") or "").split(".")[0] == str(project_id):
            return str(project["uid"])  # as we write it ourselves
        try:
            return ProjectRef.from_api({**project, "id": project_id}).uid
        except (ValueError, OverflowError):
            pass
    return str(project_id)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Give the objects of a list, or the one object that stands there alone."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield item


def _ids(value: object) -> frozenset[int]:
    found = (_id(item.get("id")) for item in _objects(value))
    return frozenset(number for number in found if number is not None)


def _numbers(value: object) -> frozenset[int]:
    found = (_id(item) for item in (value if isinstance(value, list) else ()))
    return frozenset(number for number in found if number is not None)


def _id(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX_ID else None


def _text(value: object) -> str:
    """Return a text that every database takes."""
    return str(value or "").replace("\0", "").encode("utf-8", "replace").decode()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
