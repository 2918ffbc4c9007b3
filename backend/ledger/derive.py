"""From stored events to the ledger's tables: for what an event touches, or for everything.

Both ways refresh whole tasks from all their facts, so they end with the same rows. A step is one
short transaction; whatever stops it, the events that it took up stay unhandled and come again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, select, update

from backend.database import EventRow, utc_now
from backend.ledger._rows import Facts, TaskKey, write_task
from backend.ledger.facts import LEDGER_ACTIONS, EventFact
from backend.ledger.tables import EventKeyRow, LedgerAnnotationRow
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backend.database import Database
    from backend.ledger.rules import Rules

__all__ = ["DeriveReport", "Ledger"]

log = structlog.get_logger(__name__)

_STEP = 50  # events, or tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class DeriveReport:
    """What was derived.

    Attributes:
        events: Events that were taken up.
        tasks: Tasks that were refreshed.
    """

    events: int
    tasks: int


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Keeps the tables up to date with the events of one database.

    Attributes:
        rules: How events are read.
        clock: Gives the present moment, aware.
    """

    database: Database
    rules: Rules
    clock: Callable[[], datetime] = utc_now
    _facts: Facts = field(default_factory=Facts)

    def take_up(self, *, limit: int = _STEP) -> DeriveReport:
        """Take up the oldest events that nobody has, then tasks that were read by other rules.

        Args:
            limit: Events at a time, and tasks at a time.

        Raises:
            DatabaseError: If the database refuses; nothing is lost by it.
        """
        with self.database.transaction() as session:
            query = (
                select(EventRow)
                .where(EventRow.handled_at.is_(None), EventRow.action.in_(LEDGER_ACTIONS))
                .order_by(EventRow.id)
                .limit(limit)
            )
            rows = list(session.scalars(query))
            facts = [fact for fact in (self._facts.read(row) for row in rows) if fact is not None]
            for fact in facts:
                _index(session, fact)
        with self.database.transaction() as session:
            self.rules.update(session)
            touched = self._touched(session, facts) or ([] if rows else self._stale(session, limit))
        self.refresh(touched)
        if rows:
            self._mark_handled(rows)
            log.info("corrections_taken_up", num_events=len(rows), num_tasks=len(touched))
        return DeriveReport(events=len(rows), tasks=len(touched))

    def take_up_all(self) -> DeriveReport:
        """Take up everything that waits."""
        events = tasks = 0
        while (step := self.take_up()) != DeriveReport(events=0, tasks=0):
            events, tasks = events + step.events, tasks + step.tasks
        return DeriveReport(events=events, tasks=tasks)

    def rederive(self, *, say: Callable[[int, int], None] = lambda done, total: None) -> int:
        """Make every row again from the events, and remove rows that no event asks for.

        Args:
            say: Told how many tasks of how many are done.

        Returns:
            How many tasks there are.
        """
        self._index_all()
        with self.database.transaction() as session:
            self.rules.update(session)
        tasks = self._all_tasks()
        for start in range(0, len(tasks), _STEP):
            self.refresh(tasks[start : start + _STEP])
            say(min(start + _STEP, len(tasks)), len(tasks))
        with self.database.transaction() as session:
            held = session.execute(
                select(LedgerAnnotationRow.project_id, LedgerAnnotationRow.task_id).distinct()
            )
            orphans = {TaskKey(*pair) for pair in held} - set(tasks)
        self.refresh(sorted(orphans))
        return len(tasks)

    def refresh(self, tasks: Iterable[TaskKey]) -> None:
        """Make the rows of these tasks again from all that is known about them."""
        for key in tasks:
            try:
                with self.database.transaction() as session:
                    write_task(session, key, facts=self._facts, rules=self.rules)
            except CatalogError:
                raise
            except Exception:  # one odd task must not hold up the others for ever
                log.exception("task_not_derived", project=key.project_id, task=key.task_id)

    def _touched(self, session: Session, facts: Sequence[EventFact]) -> list[TaskKey]:
        """Return the tasks whose rows may change by these facts."""
        touched: set[TaskKey] = set()
        row = LedgerAnnotationRow
        pair = select(row.project_id, row.task_id).distinct()
        for fact in facts:
            project = row.project_id == fact.project_id
            touched |= {
                TaskKey(fact.project_id, number)
                for kind, number in fact.subjects()
                if kind == "task"
            }
            ids = fact.deleted_annotations | {item.annotation_id for item in fact.annotations}
            if ids:
                named = row.annotation_id.in_(ids)
                touched |= {
                    TaskKey(*found) for found in session.execute(pair.where(project, named))
                }
            if fact.action == "RECONCILED_IDS" and fact.present is not None:
                known = session.execute(
                    select(row.task_id, row.annotation_id, row.state).where(project)
                )
                touched |= {
                    TaskKey(fact.project_id, task)
                    for task, number, state in known
                    if (state == "deleted") == (number in fact.present)
                }
        return sorted(touched)

    def _stale(self, session: Session, limit: int) -> list[TaskKey]:
        row = LedgerAnnotationRow
        query = select(row.project_id, row.task_id).distinct().limit(limit)
        found = session.execute(query.where(row.ontology_sha256 != self.rules.digest))
        return sorted(TaskKey(*pair) for pair in found)

    def _mark_handled(self, rows: Sequence[EventRow]) -> None:
        """Close the events, except one that came again while it was being worked on."""
        now = self.clock()
        with self.database.transaction() as session:
            for row in rows:
                session.execute(
                    update(EventRow)
                    .where(EventRow.id == row.id, EventRow.times_received == row.times_received)
                    .values(handled_at=now)
                )

    def _index_all(self) -> None:
        last = 0
        while True:
            with self.database.transaction() as session:
                query = (
                    select(EventRow)
                    .where(EventRow.id > last, EventRow.action.in_(LEDGER_ACTIONS))
                    .order_by(EventRow.id)
                    .limit(_STEP)
                )
                rows = list(session.scalars(query))
                for row in rows:
                    session.execute(delete(EventKeyRow).where(EventKeyRow.event_id == row.id))
                    fact = self._facts.read(row)
                    if fact is not None:
                        _index(session, fact)
            if not rows:
                return
            last = rows[-1].id

    def _all_tasks(self) -> list[TaskKey]:
        query = select(EventKeyRow.project_id, EventKeyRow.number).distinct()
        with self.database.transaction() as session:
            found = session.execute(query.where(EventKeyRow.kind == "task"))
            return sorted(TaskKey(*pair) for pair in found)


def _index(session: Session, fact: EventFact) -> None:
    """Note what an event is about."""
    session.execute(delete(EventKeyRow).where(EventKeyRow.event_id == fact.event_id))
    session.add_all(
        EventKeyRow(event_id=fact.event_id, kind=kind, number=number, project_id=fact.project_id)
        for kind, number in sorted(fact.subjects())
    )
