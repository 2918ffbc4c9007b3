"""Which version each project was told about, and what is left to do there; kept across restarts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import JSON, BigInteger, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base, EventRow, JobRow, JobTaskRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from backend.database import Database
    from backend.jobs import ProjectRef

__all__ = ["Pending", "ServedVersionRow", "next_project", "num_open_tasks", "survey"]


class ServedVersionRow(Base):
    """One project of Label Studio.

    Attributes:
        project_uid: Project id and creation time; ids alone are given out again.
        model_version: The version that it was told about; empty if it is not connected to us.
        pending: A `Pending`, or nothing when there is nothing left to do.
    """

    __tablename__ = "served_versions"

    project_uid: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger)
    model_version: Mapped[str]
    announced_at: Mapped[datetime | None]
    pending: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What is left to do in one project.

    Attributes:
        version: The one that became live.
        previous: The one that the project was told about before; empty if none.
        step: What comes next.
        is_known: The project sent us events or tasks, so it is, or was, connected to us.
        is_retitling: The title may have been changed already, by an attempt that was cut off.
        after: Id of the last task that was looked at.
        num_queued: Tasks that were queued.
        attempts: How often in a row Label Studio refused this step.
        fault: Its last refusal.
    """

    version: str
    previous: str = ""
    step: Literal["title", "queue", "delete"] = "title"
    is_known: bool = False
    is_retitling: bool = False
    after: int = 0
    num_queued: int = 0
    attempts: int = 0
    fault: str = ""

    def but(self, **changes: Any) -> Pending:
        """Copy with other values."""
        return replace(self, **changes)

    def plain(self) -> dict[str, Any]:
        """Give what the table stores."""
        return asdict(self)


def survey(database: Database, projects: Iterable[ProjectRef], *, version: str) -> None:
    """Note for every project that was not told about a version that it has to be.

    Projects that are gone are forgotten; one that is at work on the same version goes on with it.
    """
    listed = {project.uid: project for project in projects}
    with database.transaction() as session:
        known = _known_ids(session)
        rows = {row.project_uid: row for row in session.scalars(select(ServedVersionRow))}
        gone = [uid for uid in rows if uid not in listed]
        for uid in gone:
            session.execute(delete(ServedVersionRow).where(ServedVersionRow.project_uid == uid))
        for uid, project in listed.items():
            row = rows.get(uid)
            if row is None:
                row = ServedVersionRow(project_uid=uid, project_id=project.id, model_version="")
                row.pending = {}
                session.add(row)
            if row.pending.get("version", row.model_version) != version:
                pending = Pending(
                    version=version, previous=row.model_version, is_known=project.id in known
                )
                row.pending = pending.plain()


def next_project(database: Database, *, version: str) -> tuple[ServedVersionRow, Pending] | None:
    """Give a project in which something is left to do for this version; titles come first."""
    with database.transaction() as session:
        rows = session.scalars(select(ServedVersionRow).order_by(ServedVersionRow.project_id))
        open_ = [(row, Pending(**row.pending)) for row in rows if row.pending]
    due = [(row, pending) for row, pending in open_ if pending.version == version]
    return min(due, key=lambda pair: pair[1].step != "title", default=None)


def num_open_tasks(database: Database) -> int:
    """Count the tasks that wait or run in the job queue."""
    query = select(func.count()).where(JobTaskRow.state.in_(("queued", "running")))
    with database.transaction() as session:
        return session.scalar(query) or 0


def _known_ids(session: Session) -> set[int]:
    from_events = session.scalars(select(EventRow.project_id).distinct())
    from_jobs = session.scalars(select(JobRow.project_id).distinct())
    return {number for number in (*from_events, *from_jobs) if number is not None}
