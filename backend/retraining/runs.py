"""The runs in the database: asked for, taken up, followed and ended; one waits at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backend.database import utc_now
from backend.retraining.tables import OPEN_STATES, RunKind, RunState, RunTrigger, TrainingRunRow
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backend.database import Database

__all__ = ["MAX_ATTEMPTS", "Run", "RunStore", "TrainingRunError"]

MAX_ATTEMPTS = 3
_WAITING = (RunState.QUEUED, RunState.INTERRUPTED)
_WORKING = (RunState.RUNNING, RunState.GATING)
_MAX_NOTE = 1000


class TrainingRunError(CatalogError):
    """A training run cannot be taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A training run as it was when it was read; fields as in `TrainingRunRow`."""

    id: int
    kind: RunKind
    trigger: RunTrigger
    state: RunState
    pid: int | None
    progress: float
    note: str
    candidate: str
    live_version: str
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None
    attempts: int
    counts: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it waits or is worked on."""
        return self.state in OPEN_STATES

    def to_dict(self) -> dict[str, Any]:
        """Give what `/jobs` shows."""
        moments = ("created_at", "started_at", "updated_at", "finished_at")
        return {
            "id": self.id,
            "kind": self.kind.value,
            "trigger": self.trigger.value,
            "state": self.state.value,
            "progress": round(self.progress, 3),
            "note": self.note,
            "candidate": self.candidate,
            "live_version": self.live_version,
            "attempts": self.attempts,
            "counts": dict(self.counts),
            "verdict": dict(self.verdict),
            **{
                name: moment.isoformat() if (moment := getattr(self, name)) is not None else None
                for name in moments
            },
        }


class RunStore:
    """The table of training runs; safe to use from several processes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Use an open, migrated database; `clock` gives the present moment, aware."""
        self._database = database
        self._clock = clock

    def request(self, kind: RunKind, trigger: RunTrigger, *, usable: int = 0, gold: int = 0) -> Run:
        """Ask for a run; one that waits already is taken for it, and made full if asked so.

        Args:
            kind: How much to train.
            trigger: What asks.
            usable: Corrections that there are at this moment; see `backend.retraining.usable`.
            gold: Annotations of the blind slice that there are.
        """
        with self._database.transaction() as session:
            waiting = self._first(session, _WAITING)
            if waiting is not None:
                if kind is RunKind.FULL and waiting.state == RunState.QUEUED:
                    waiting.kind = kind.value
                return _run(waiting)
            now = self._clock()
            row = TrainingRunRow(
                kind=kind.value,
                trigger=trigger.value,
                state=RunState.QUEUED.value,
                pid=None,
                progress=0.0,
                note="waits for its turn",
                candidate="",
                live_version="",
                counts={"usable": usable, "gold": gold},
                verdict={},
                created_at=now,
                started_at=None,
                updated_at=now,
                finished_at=None,
                attempts=0,
            )
            session.add(row)
            session.flush()
            return _run(row)

    def take_up(self, run_id: int, *, pid: int) -> Run:
        """Mark a waiting run as worked on by a process; the caller holds the training lock.

        Raises:
            TrainingRunError: If there is no such run, or it does not wait.
        """
        with self._database.transaction() as session:
            row = self._row(session, run_id)
            if row.state not in _WAITING:
                raise TrainingRunError(f"training run {run_id} is {row.state}; it does not wait")
            row.state, row.pid = RunState.RUNNING.value, pid
            row.attempts += 1
            row.started_at = row.started_at or self._clock()
            row.updated_at, row.progress, row.note = self._clock(), 0.0, "starting"
            return _run(row)

    def update(self, run_id: int, **changes: Any) -> Run:
        """Change fields of a run, such as `progress`, `note`, `state` or `candidate`."""
        with self._database.transaction() as session:
            row = self._row(session, run_id)
            for name, value in changes.items():
                if name == "counts":
                    value = {**row.counts, **value}
                setattr(row, name, value[:_MAX_NOTE] if isinstance(value, str) else value)
            row.updated_at = self._clock()
            if row.state not in OPEN_STATES and row.finished_at is None:
                row.finished_at = row.updated_at
            return _run(row)

    def recover(self) -> list[Run]:
        """Set runs whose process died to wait again; the caller knows that no process is at work.

        A run that died `MAX_ATTEMPTS` times has failed.
        """
        with self._database.transaction() as session:
            query = select(TrainingRunRow).where(TrainingRunRow.state.in_(_WORKING))
            rows = list(session.scalars(query))
            for row in rows:
                row.updated_at = self._clock()
                if row.attempts >= MAX_ATTEMPTS:
                    row.state = RunState.FAILED.value
                    row.finished_at = row.updated_at
                    row.note = f"its process died {row.attempts} times; see its log"
                else:
                    row.state = RunState.INTERRUPTED.value
                    row.note = f"its process died during: {row.note}"[:_MAX_NOTE]
            return [_run(row) for row in rows]

    def next_waiting(self) -> Run | None:
        """Give the oldest run that waits, if any."""
        with self._database.transaction() as session:
            row = self._first(session, _WAITING)
            return _run(row) if row is not None else None

    def latest(self) -> Run | None:
        """Give the newest run of any state, if any."""
        found = self.newest(1)
        return found[0] if found else None

    def newest(self, limit: int = 20) -> list[Run]:
        """Give the newest runs, newest first."""
        with self._database.transaction() as session:
            query = select(TrainingRunRow).order_by(TrainingRunRow.id.desc()).limit(limit)
            return [_run(row) for row in session.scalars(query)]

    def get(self, run_id: int) -> Run:
        """Give one run.

        Raises:
            TrainingRunError: If there is no such run.
        """
        with self._database.transaction() as session:
            return _run(self._row(session, run_id))

    def _row(self, session: Session, run_id: int) -> TrainingRunRow:
        row = session.get(TrainingRunRow, run_id)
        if row is None:
            raise TrainingRunError(f"there is no training run {run_id}; see GET /jobs for those")
        return row

    def _first(self, session: Session, states: tuple[RunState, ...]) -> TrainingRunRow | None:
        query = (
            select(TrainingRunRow)
            .where(TrainingRunRow.state.in_(states))
            .order_by(TrainingRunRow.id)
            .limit(1)
        )
        return session.scalar(query)


def _run(row: TrainingRunRow) -> Run:
    return Run(
        id=row.id,
        kind=RunKind(row.kind),
        trigger=RunTrigger(row.trigger),
        state=RunState(row.state),
        pid=row.pid,
        progress=row.progress,
        note=row.note,
        candidate=row.candidate,
        live_version=row.live_version,
        created_at=row.created_at,
        started_at=row.started_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        counts=dict(row.counts),
        verdict=dict(row.verdict),
    )
