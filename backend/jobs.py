"""Work that cannot be answered at once: tasks to pre-annotate later, kept across restarts.

A row stands for one task with one picture and one model version, however often it is asked for.
The queue and the attempts are bounded; every row says why it is where it is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from backend import _job_rows as rows_
from backend._asked import AskedTasks
from backend._job_types import (
    ClaimedTask,
    EnqueueReport,
    JobState,
    JobTask,
    ProjectRef,
    image_reference,
)
from backend.database import JobRow, JobTaskRow, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Result
    from sqlalchemy.orm import Session

    from backend.database import Database

__all__ = [
    "ClaimedTask",
    "EnqueueReport",
    "JobQueue",
    "JobState",
    "JobTask",
    "ProjectRef",
    "image_reference",
]

_PRUNE_EVERY = 500  # finished tasks
_ALONE_AFTER = 2  # attempts
_FAILURES_TOGETHER = 1000  # in one transaction


class JobQueue:
    """The queue, in the database; safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        *,
        max_queue: int = 100_000,
        max_attempts: int = 5,
        max_finished: int = 50_000,
        retry_failed_after_s: float = 3600.0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Use a database as a queue.

        Args:
            database: An open, migrated one.
            max_queue: Tasks that may wait at a time; more are refused and counted.
            max_attempts: After as many, a task fails for good.
            max_finished: Finished rows that are kept for `summary`.
            retry_failed_after_s: A failed task that is asked for sooner stays failed.
            clock: Gives the present moment, aware.
        """
        self.max_attempts = max_attempts
        self._database = database
        self._max_queue = max_queue
        self._max_finished = max_finished
        self._retry_failed_after = timedelta(seconds=retry_failed_after_s)
        self._clock = clock
        self._num_refused = 0
        self._num_unpruned = 0
        self.asked = AskedTasks()
        self.notice = ""  # why nothing moves, such as "no Label Studio token is set"

    def enqueue(
        self,
        project: ProjectRef,
        tasks: Iterable[JobTask],
        *,
        model_version: str,
        reason: str,
        delay_s: float = 0.0,
    ) -> EnqueueReport:
        """Queue tasks for pre-annotation; a task that waits already is not queued twice.

        Args:
            project: Where the tasks are.
            tasks: Any number; the queue takes as many as it has room for.
            model_version: The version that is to answer them.
            reason: Why they could not be answered at once, without reasons of their own.
            delay_s: Leave them alone this long, in seconds.
        """
        wanted = {(task.id, rows_.image_hash(task.image)): task for task in tasks}
        added = known = refused = 0
        with self._database.transaction() as session:
            room = self._max_queue - rows_.count_open(session)
            job: JobRow | None = None
            rows = rows_.rows_of(session, project.uid, model_version, [key[0] for key in wanted])
            for key, task in wanted.items():
                row = rows.get(key)
                if row is not None and not self._may_requeue(row):
                    known += 1
                elif room <= 0:
                    refused += 1
                else:
                    now = self._clock()
                    job = job or rows_.new_job(session, project, model_version, reason, now)
                    row = row or rows_.new_row(project, task, key[1], model_version, now)
                    self._queue_row(session, row, job, task.reason or reason, delay_s)
                    added, room = added + 1, room - 1
        self._num_refused += refused
        return EnqueueReport(added=added, known=known, refused=refused)

    def record_failures(
        self, project: ProjectRef, tasks: Iterable[JobTask], *, model_version: str, reason: str
    ) -> None:
        """Note that tasks can never be answered, such as ones with broken pictures.

        Args:
            project: Where the tasks are.
            tasks: Any number; written a thousand at a time, so that others get their turn.
            model_version: The version that was to answer them.
            reason: Why not, for tasks without a reason of their own.
        """
        wanted = list({(task.id, rows_.image_hash(task.image)): task for task in tasks}.items())
        job: JobRow | None = None
        for start in range(0, len(wanted), _FAILURES_TOGETHER):
            now, part = self._clock(), dict(wanted[start : start + _FAILURES_TOGETHER])
            with self._database.transaction() as session:
                rows = rows_.rows_of(session, project.uid, model_version, [key[0] for key in part])
                for key, task in part.items():
                    row = rows.get(key)
                    if row is None:
                        job = job or rows_.new_job(session, project, model_version, reason, now)
                        row = rows_.new_row(project, task, key[1], model_version, now)
                        row.job_id = job.id
                        session.add(row)
                    row.state, row.reason = JobState.FAILED, rows_.short(task.reason or reason)
                    row.updated_at = now
        self._prune(len(wanted))

    def claim(self, limit: int) -> tuple[ClaimedTask, ...]:
        """Take the oldest tasks that are due, of one project and one model version.

        From its third attempt on a task comes alone: one that stops the process spares the others.
        """
        now = self._clock()
        due = (
            select(JobTaskRow)
            .where(JobTaskRow.state == JobState.QUEUED, JobTaskRow.not_before <= now)
            .order_by(JobTaskRow.attempts, JobTaskRow.id)
            .with_for_update(skip_locked=True)
        )
        with self._database.transaction() as session:
            first = session.scalar(due.limit(1))
            if first is None:
                return ()
            is_fresh = first.attempts < _ALONE_AFTER
            together = due.where(
                JobTaskRow.project_uid == first.project_uid,
                JobTaskRow.model_version == first.model_version,
                JobTaskRow.attempts < _ALONE_AFTER if is_fresh else JobTaskRow.id == first.id,
            )
            rows = session.scalars(together.limit(limit)).all()
            for row in rows:
                row.state, row.attempts, row.updated_at = JobState.RUNNING, row.attempts + 1, now
            return tuple(rows_.claimed(row) for row in rows)

    def mark_sent(self, tasks: Iterable[ClaimedTask]) -> None:
        """Note, before sending, that predictions for these tasks may be stored from now on."""
        now = self._clock()
        self._set([task.row_id for task in tasks], sent_at=now, updated_at=now)

    def finish(self, tasks: Iterable[ClaimedTask], state: JobState, reason: str = "") -> None:
        """Close tasks as done, failed or skipped."""
        row_ids = [task.row_id for task in tasks]
        now = self._clock()
        self._set(row_ids, state=state, reason=rows_.short(reason), sent_at=None, updated_at=now)
        self._prune(len(row_ids))

    def retry(self, tasks: Iterable[ClaimedTask], reason: str, *, delay_s: float) -> None:
        """Put tasks back after a failure of their own; fail those whose attempts are used up."""
        tasks = list(tasks)
        spent = [task for task in tasks if task.attempts >= self.max_attempts]
        lost = f"given up after {self.max_attempts} attempts: {reason}"
        self.finish(spent, JobState.FAILED, lost)
        self._requeue([task for task in tasks if task not in spent], reason, delay_s=delay_s)

    def release(self, tasks: Iterable[ClaimedTask], reason: str, *, delay_s: float) -> None:
        """Put tasks back that were held up by something else; the attempt does not count."""
        self._requeue(tasks, reason, delay_s=delay_s, attempts=JobTaskRow.attempts - 1)

    def recover(self, *, settle_s: float) -> int:
        """Queue again what a stopped process had taken; returns how many tasks that were.

        Args:
            settle_s: Leave tasks whose prediction may still be on its way alone this long.
        """
        later = self._clock() + timedelta(seconds=settle_s)
        running = JobTaskRow.state == JobState.RUNNING
        back: dict[str, Any] = {"state": JobState.QUEUED, "reason": "the backend was restarted"}
        lost = f"given up: the backend stopped {self.max_attempts} times while at work on it"
        with self._database.transaction() as session:
            spent = update(JobTaskRow).where(
                running, JobTaskRow.attempts >= self.max_attempts, JobTaskRow.sent_at.is_(None)
            )
            session.execute(spent.values(state=JobState.FAILED, reason=lost, sent_at=None))
            sent = update(JobTaskRow).where(running, JobTaskRow.sent_at.is_not(None))
            num_sent = _rowcount(session.execute(sent.values(not_before=later, **back)))
            rest = update(JobTaskRow).where(running).values(**back)
            return num_sent + _rowcount(session.execute(rest))

    def reassign(self, tasks: Iterable[ClaimedTask], *, model_version: str) -> None:
        """Queue tasks for another model version, unless they are known under it already."""
        by_id = {task.row_id: task for task in tasks}
        reason = f"queued again for model version {model_version}"
        with self._database.transaction() as session:
            for row in session.scalars(select(JobTaskRow).where(JobTaskRow.id.in_(by_id))):
                uid, ids = row.project_uid, [row.task_id]
                known = rows_.rows_of(session, uid, model_version, ids)
                row.updated_at, row.sent_at = self._clock(), None
                if (row.task_id, row.image_hash) in known:
                    row.state, row.reason = JobState.SKIPPED, f"superseded by {model_version}"
                else:
                    row.model_version, row.reason = model_version, rows_.short(reason)
                    row.state, row.attempts = JobState.QUEUED, 0

    def retry_failed(self, project_id: int | None = None) -> int:
        """Queue every failed task again with fresh attempts; returns how many."""
        query = update(JobTaskRow).where(JobTaskRow.state == JobState.FAILED)
        if project_id is not None:
            query = query.where(JobTaskRow.project_id == project_id)
        values = {"state": JobState.QUEUED, "attempts": 0, "not_before": self._clock()}
        with self._database.transaction() as session:
            return _rowcount(session.execute(query.values(**values)))

    def summary(self, *, limit: int = 50) -> dict[str, Any]:
        """Describe the queue as plain data for `/jobs`.

        Returns:
            `counts` by state, `notice` (why nothing moves), `refused` since the start, the newest
            `jobs` with their counts, and the `tasks` that wait or failed, each with its reason.
        """
        with self._database.transaction() as session:
            found = rows_.summarise(session, limit=limit)
        return {"notice": self.notice, "refused": self._num_refused, **found}

    def _may_requeue(self, row: JobTaskRow) -> bool:
        if row.state in rows_.OPEN_STATES:
            return False
        is_failed = row.state == JobState.FAILED
        return not is_failed or row.updated_at + self._retry_failed_after <= self._clock()

    def _queue_row(
        self, session: Session, row: JobTaskRow, job: JobRow, reason: str, delay_s: float
    ) -> None:
        now = self._clock()
        row.job_id, row.state, row.attempts = job.id, JobState.QUEUED, 0
        row.reason, row.updated_at = rows_.short(reason), now
        row.not_before = now + timedelta(seconds=delay_s)
        session.add(row)

    def _requeue(
        self, tasks: Iterable[ClaimedTask], reason: str, *, delay_s: float, **values: Any
    ) -> None:
        now = self._clock()
        self._set(
            [task.row_id for task in tasks],
            state=JobState.QUEUED,
            reason=rows_.short(reason),
            not_before=now + timedelta(seconds=delay_s),
            updated_at=now,
            **values,
        )

    def _set(self, row_ids: Sequence[int], **values: Any) -> None:
        with self._database.transaction() as session:
            for start in range(0, len(row_ids), rows_.SQL_BATCH):
                batch = row_ids[start : start + rows_.SQL_BATCH]
                session.execute(update(JobTaskRow).where(JobTaskRow.id.in_(batch)).values(**values))

    def _prune(self, num_finished: int) -> None:
        self._num_unpruned += num_finished
        if self._num_unpruned >= _PRUNE_EVERY:
            self._num_unpruned = 0
            with self._database.transaction() as session:
                rows_.prune(session, keep=self._max_finished)


def _rowcount(result: Result[Any]) -> int:
    return int(getattr(result, "rowcount", 0))
