"""Compare the ledger with Label Studio, and store as events what it says where the two differ.

A task that was changed since the last time is looked at, and one that lost an annotation since; if
the numbers of annotations still differ afterwards, every task is. What the API said is an event
like any other, so the ledger can be made again without asking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, or_, select

from backend.database import EventRow, utc_now
from backend.events import store_event
from backend.jobs import ProjectRef
from backend.ledger.facts import as_moment, version_key
from backend.ledger.tables import EventKeyRow, LedgerAnnotationRow, WatermarkRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend.database import Database
    from backend.label_studio import LabelStudioClient
    from backend.ledger.derive import Ledger

__all__ = ["ProjectReport", "Reconciler"]

log = structlog.get_logger(__name__)

_TOGETHER = 100  # tasks, between two looks at other work
# A transaction of Label Studio may end, and be seen, some time after the moment it gives itself.
_OVERLAP = timedelta(minutes=2)
_DELETIONS = ("ANNOTATIONS_DELETED", "TASKS_DELETED")
_LIVING = LedgerAnnotationRow.state != "deleted"
_PROJECT = ("id", "created_at", "label_config", "title")
_TASK = ("id", "data", "created_at", "updated_at", "annotations", "predictions")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReport:
    """What was found in one project.

    Attributes:
        looked_at: Tasks that were compared.
        mended: Tasks about whose annotations the ledger had missed something.
        deleted: Annotations whose deletion it had missed.
        living: Annotations that both have now.
        is_even: Whether both have the same number of annotations now.
    """

    project_id: int
    title: str
    looked_at: int
    mended: int
    deleted: int
    living: int
    is_even: bool


@dataclass(slots=True, kw_only=True)
class _Round:
    """One comparison of one project."""

    project: Mapping[str, Any]
    uid: str
    began: datetime
    moment: datetime
    looked_at: int = 0
    mended: int = 0
    newest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Compares projects with Label Studio, in steps between which other work may go on.

    Attributes:
        ledger: Takes up what was stored.
        clock: Gives the present moment, aware.
    """

    database: Database
    client: LabelStudioClient
    ledger: Ledger
    clock: Callable[[], datetime] = utc_now

    def run(self, project_id: int, *, is_full: bool = False) -> ProjectReport:
        """Compare a project; as `steps`, in one go."""
        steps = self.steps(project_id, is_full=is_full)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                report: ProjectReport = end.value
                return report

    def steps(
        self, project_id: int, *, is_full: bool = False
    ) -> Generator[None, None, ProjectReport]:
        """Compare a project; gives way after every hundred tasks.

        Args:
            project_id: Which project.
            is_full: Look at every task, not only at what was changed since the last time.

        Raises:
            LabelStudioError: If Label Studio cannot be asked; what was stored stays stored.
        """
        now = self.clock()
        self.ledger.take_up_all()
        project = self.client.project(project_id)
        this = _Round(project=project, uid=ProjectRef.from_api(project).uid, began=now, moment=now)
        since, last_time = (None, None) if is_full else self._watermark(this.uid)
        yield from self._compare(this, self._changed(this, since))
        if last_time is not None:
            yield from self._compare(this, self._bereft(this, last_time))
        self.ledger.take_up_all()
        deleted = 0
        if not self._is_even(this, project_id):
            present: set[int] = set()
            this.moment = self.clock()
            yield from self._compare(this, self._changed(this, None), present=present)
            self.ledger.take_up_all()
            deleted = self._store_ids(this, present)
            self.ledger.take_up_all()
        self._save_watermark(this)
        report = ProjectReport(
            project_id=project_id,
            title=str(project.get("title") or ""),
            looked_at=this.looked_at,
            mended=this.mended,
            deleted=deleted,
            living=self._num_living(this.uid),
            is_even=self._is_even(this, project_id),
        )
        if report.mended or report.deleted:
            log.info(
                "corrections_reconciled",
                project=project_id,
                mended=report.mended,
                deleted=report.deleted,
            )
        return report

    def _compare(
        self, this: _Round, listed: Iterable[dict[str, Any]], *, present: set[int] | None = None
    ) -> Generator[None, None, None]:
        """Store a snapshot of every listed task whose annotations differ from the ledger's."""
        waiting_tasks = iter(listed)
        while tasks := list(islice(waiting_tasks, _TOGETHER)):
            known, waiting = self._known(this.uid, [task["id"] for task in tasks])
            for task in tasks:
                annotations = [item for item in task.get("annotations") or () if item]
                versions = {version_key(item) for item in annotations}
                if present is not None:
                    present |= {number for number, _, _ in versions if number is not None}
                if versions != known[task["id"]] or task["id"] in waiting:
                    self._store_task(this, task)
                    this.mended += 1
                changed_at = as_moment(task.get("updated_at"))
                if changed_at is not None and (this.newest is None or changed_at > this.newest):
                    this.newest = changed_at
            this.looked_at += len(tasks)
            yield

    def _changed(self, this: _Round, since: datetime | None) -> Iterable[dict[str, Any]]:
        """List the tasks that were changed since a moment, or all."""
        number = int(this.project["id"])
        return self.client.tasks(number, query=_changed_since(since), as_stored=True)

    def _bereft(self, this: _Round, since: datetime) -> Iterable[dict[str, Any]]:
        """List tasks that lost an annotation to a deletion that was heard of since a moment.

        A deletion that comes late may mean an earlier holder of an id, so that the ledger lacks
        what Label Studio has, which a missed deletion elsewhere would hide from `_is_even`.
        """
        number, row = int(this.project["id"]), LedgerAnnotationRow
        heard = (
            select(EventKeyRow.number)
            .join(EventRow, EventRow.id == EventKeyRow.event_id)
            .where(EventKeyRow.project_id == number, EventRow.action.in_(_DELETIONS))
            .where(EventRow.last_received_at >= since - _OVERLAP)
        )
        lost = or_(
            row.annotation_id.in_(heard.where(EventKeyRow.kind == "annotation")),
            row.task_id.in_(heard.where(EventKeyRow.kind == "task")),
        )
        query = select(row.task_id).distinct().order_by(row.task_id)
        with self.database.reading() as session:
            tasks = list(session.scalars(query.where(row.project_uid == this.uid, ~_LIVING, lost)))
        for start in range(0, len(tasks), _TOGETHER):
            chosen = tasks[start : start + _TOGETHER]
            yield from self.client.tasks_by_id(number, chosen, as_stored=True).values()

    def _known(
        self, uid: str, task_ids: Sequence[int]
    ) -> tuple[dict[int, set[tuple[Any, ...]]], set[int]]:
        """Return the ledger's living annotations by task, and the tasks of which some wait."""
        row = LedgerAnnotationRow
        query = select(row).where(row.project_uid == uid, row.task_id.in_(task_ids), _LIVING)
        known: defaultdict[int, set[tuple[Any, ...]]] = defaultdict(set)
        waiting = set()
        with self.database.reading() as session:
            for found in session.scalars(query):
                owner = f"{uid}/{found.task_id}/{found.annotation_id}/"
                identity = found.ref.removeprefix(owner)
                known[found.task_id].add((found.annotation_id, identity, found.updated_at))
                if found.is_pending:
                    waiting.add(found.task_id)
        return known, waiting

    def _is_even(self, this: _Round, project_id: int) -> bool:
        """Whether the ledger has as many living annotations as Label Studio says there are.

        After the comparison the ledger has at least those, so equal numbers mean equal sets.
        """
        project = self.client.project(project_id)
        counts = [project.get(f"{kind}_annotations_number") for kind in ("total", "skipped")]
        known = [count for count in counts if isinstance(count, int)]
        return len(known) == len(counts) and sum(known) == self._num_living(this.uid)

    def _num_living(self, uid: str) -> int:
        query = select(func.count()).select_from(LedgerAnnotationRow)
        with self.database.reading() as session:
            return session.scalar(query.where(LedgerAnnotationRow.project_uid == uid, _LIVING)) or 0

    def _store_ids(self, this: _Round, present: set[int]) -> int:
        """Store the set of all ids if some of ours are not in it; returns how many are not."""
        table = LedgerAnnotationRow
        query = select(table.annotation_id, table.task_id).where(
            table.project_uid == this.uid, _LIVING
        )
        with self.database.reading() as session:
            ours = {row[0]: row[1] for row in session.execute(query)}
        absent = {number: task for number, task in ours.items() if number not in present}
        # Tasks that were deleted meanwhile move others to pages that were read already.
        tasks = sorted(set(absent.values()))
        for start in range(0, len(tasks), _TOGETHER):
            again = self.client.tasks_by_id(
                int(this.project["id"]), tasks[start : start + _TOGETHER]
            )
            for task in again.values():
                present |= {item["id"] for item in task.get("annotations") or ()}
        num_absent = sum(number not in present for number in absent)
        if num_absent:
            body = self._body("RECONCILED_IDS", this, annotation_ids=sorted(present))
            store_event(self.database, body, clock=self.clock)
        return num_absent

    def _store_task(self, this: _Round, task: Mapping[str, Any]) -> None:
        shown = {key: task[key] for key in _TASK if key in task}
        body = self._body("RECONCILED_TASK", this, task=shown)
        store_event(self.database, body, clock=self.clock)

    def _body(self, action: str, this: _Round, **content: Any) -> dict[str, Any]:
        project = {key: this.project[key] for key in _PROJECT if key in this.project}
        moment = this.moment.astimezone(UTC).isoformat()
        return {"action": action, "project": project, "moment": moment, **content}

    def _watermark(self, uid: str) -> tuple[datetime | None, datetime | None]:
        """Return up to which change tasks were looked at, and when that was."""
        with self.database.reading() as session:
            row = session.get(WatermarkRow, uid)
            return (row.tasks_updated_at, row.reconciled_at) if row is not None else (None, None)

    def _save_watermark(self, this: _Round) -> None:
        with self.database.transaction() as session:
            row = session.get(WatermarkRow, this.uid)
            held = row.tasks_updated_at if row is not None else None
            newest = max((at for at in (held, this.newest) if at is not None), default=None)
            session.merge(
                WatermarkRow(
                    project_uid=this.uid, tasks_updated_at=newest, reconciled_at=this.began
                )
            )


def _changed_since(since: datetime | None) -> dict[str, Any]:
    """Make the Data Manager's query for tasks that were changed after a moment, or for all."""
    if since is None:
        return {"ordering": ["tasks:id"]}
    after = (since - _OVERLAP).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    item = {
        "filter": "filter:tasks:updated_at",
        "operator": "greater",
        "type": "Datetime",
        "value": after,
    }
    filters = {"conjunction": "and", "items": [item]}
    return {"ordering": ["tasks:id"], "filters": filters}
