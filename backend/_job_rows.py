"""Read, make and summarise the rows of the job queue."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from backend._job_types import ClaimedTask, JobTask, ProjectRef
from backend.addresses import public_name
from backend.database import JobRow, JobTaskRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = [
    "OPEN_STATES",
    "SQL_BATCH",
    "claimed",
    "count_open",
    "image_hash",
    "new_job",
    "new_row",
    "prune",
    "rows_of",
    "short",
    "summarise",
]

OPEN_STATES = ("queued", "running")
_MAX_TEXT = 500
SQL_BATCH = 400


def short(text: str) -> str:
    """Cut a text to what is worth keeping of a reason."""
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def image_hash(image: str) -> str:
    """Return the SHA-256 of a picture's full address."""
    return hashlib.sha256(image.encode("utf-8", "replace")).hexdigest()


def display_image(image: str) -> str:
    """Cut an address to what may be stored and shown: no query, password or data."""
    kind = image.lstrip()[:8].lower()
    if kind.startswith("data:"):
        return image.split(",", 1)[0][:100]
    if kind.startswith(("http://", "https://")):
        image = public_name(image)
    elif kind.startswith("{"):  # all of a task's data, which may hold signed addresses
        image = "no picture under the labeling config's key"
    return short(image.encode("utf-8", "replace").decode())


def count_open(session: Session) -> int:
    """Count the tasks that wait or run."""
    query = select(func.count()).where(JobTaskRow.state.in_(OPEN_STATES))
    return session.scalar(query) or 0


def rows_of(
    session: Session, project_uid: str, model_version: str, task_ids: Iterable[int]
) -> dict[tuple[int, str], JobTaskRow]:
    """Return the rows of these tasks by task id and picture hash."""
    ids = sorted(set(task_ids))
    found: dict[tuple[int, str], JobTaskRow] = {}
    for start in range(0, len(ids), SQL_BATCH):
        query = select(JobTaskRow).where(
            JobTaskRow.project_uid == project_uid,
            JobTaskRow.model_version == model_version,
            JobTaskRow.task_id.in_(ids[start : start + SQL_BATCH]),
        )
        found.update({(row.task_id, row.image_hash): row for row in session.scalars(query)})
    return found


def new_job(
    session: Session, project: ProjectRef, model_version: str, reason: str, now: datetime
) -> JobRow:
    """Store a job, which has an id from then on."""
    job = JobRow(
        project_id=project.id,
        project_uid=project.uid,
        model_version=model_version,
        reason=short(reason),
        created_at=now,
    )
    session.add(job)
    session.flush()
    return job


def new_row(
    project: ProjectRef, task: JobTask, image_hash: str, model_version: str, now: datetime
) -> JobTaskRow:
    """Make a row that has neither job nor state yet."""
    return JobTaskRow(
        project_id=project.id,
        project_uid=project.uid,
        task_id=task.id,
        image=display_image(task.image),
        image_hash=image_hash,
        model_version=model_version,
        attempts=0,
        not_before=now,
        created_at=now,
    )


def claimed(row: JobTaskRow) -> ClaimedTask:
    """Describe a row that was taken."""
    return ClaimedTask(
        row_id=row.id,
        project=ProjectRef(id=row.project_id, uid=row.project_uid),
        task_id=row.task_id,
        model_version=row.model_version,
        attempts=row.attempts,
        maybe_sent=row.sent_at is not None,
    )


def prune(session: Session, *, keep: int) -> None:
    """Delete the oldest finished rows beyond `keep`, and jobs that have no rows left."""
    finished = JobTaskRow.state.not_in(OPEN_STATES)
    newest = select(JobTaskRow.updated_at).where(finished).order_by(JobTaskRow.updated_at.desc())
    edge: datetime | None = session.scalar(newest.offset(keep).limit(1))
    if edge is not None:
        session.execute(delete(JobTaskRow).where(finished, JobTaskRow.updated_at <= edge))
        session.execute(delete(JobRow).where(JobRow.id.not_in(select(JobTaskRow.job_id))))


def summarise(session: Session, *, limit: int) -> dict[str, Any]:
    """Describe the queue: counts, the newest jobs, and the tasks that failed, wait or run."""
    counted = select(JobTaskRow.state, func.count()).group_by(JobTaskRow.state)
    counts = {row[0]: row[1] for row in session.execute(counted)}
    jobs = session.scalars(select(JobRow).order_by(JobRow.id.desc()).limit(limit)).all()
    tasks: list[dict[str, Any]] = []
    for state in ("failed", "running", "queued", "skipped"):
        query = select(JobTaskRow).where(JobTaskRow.state == state)
        newest = query.order_by(JobTaskRow.updated_at.desc(), JobTaskRow.id).limit(limit)
        tasks += [_describe_task(row) for row in session.scalars(newest)]
    return {"counts": counts, "jobs": _describe_jobs(session, jobs), "tasks": tasks}


def _describe_jobs(session: Session, jobs: Sequence[JobRow]) -> list[dict[str, Any]]:
    query = (
        select(JobTaskRow.job_id, JobTaskRow.state, func.count())
        .where(JobTaskRow.job_id.in_([job.id for job in jobs]))
        .group_by(JobTaskRow.job_id, JobTaskRow.state)
    )
    counts: dict[int, dict[str, int]] = {job.id: {} for job in jobs}
    for job_id, state, number in session.execute(query).all():
        counts[job_id][state] = number
    return [
        {
            "id": job.id,
            "project": job.project_id,
            "model_version": job.model_version,
            "reason": job.reason,
            "created_at": job.created_at.isoformat(timespec="seconds"),
            "counts": counts[job.id],
        }
        for job in jobs
    ]


def _describe_task(row: JobTaskRow) -> dict[str, Any]:
    return {
        "project": row.project_id,
        "task": row.task_id,
        "image": row.image,
        "model_version": row.model_version,
        "state": row.state,
        "attempts": row.attempts,
        "reason": row.reason,
        "not_before": row.not_before.isoformat(timespec="seconds"),
        "updated_at": row.updated_at.isoformat(timespec="seconds"),
    }
