"""Everything that the page, the command and the metrics show, computed in one go."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backend._served_rows import ServedVersionRow
from backend.database import utc_now
from backend.ledger.tables import LedgerAnnotationRow
from backend.live_watch import Withdrawal, withdrawals
from backend.retraining.tables import TrainingRunRow
from backend.stats.acceptance import Acceptance, BlindWork, acceptance, blind_work, task_scores
from backend.stats.clicks import ClicksSaved, clicks_saved
from backend.stats.facts import Labelled, read_labelled
from backend.stats.sequential import Comparison, SequentialLimits, compare
from backend.stats.times import TaskTime, task_times

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from backend.database import Database
    from backend.stats.drift import DriftReport
    from backend.stats.sent import DriftWatch
    from tagger.registry import ModelStore

__all__ = ["LoopStats", "Renewed", "RunLine", "compute_stats", "report_of"]

_NUM_RUNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A training run in short; fields as in `TrainingRunRow`."""

    id: int
    kind: str
    trigger: str
    state: str
    progress: float
    note: str
    candidate: str
    created_at: datetime
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """How far the projects have followed the live version.

    Attributes:
        num_projects: Connected projects.
        num_pending: Those in which something is left to do.
        faults: What Label Studio refused, by project id.
    """

    num_projects: int
    num_pending: int
    faults: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStats:
    """The figures of the loop at a moment.

    Attributes:
        live: The version that answers; `before` the one that a roll-back returns to, if any.
        annotations: Number of annotations by state.
        num_tasks: Tasks that were submitted.
        watch: The live version against the one before; None without one before.
        drift: The newest full window; None until there is one.
        num_sent: Regions of the live version that are kept; `num_needed` for a first comparison.
    """

    computed_at: datetime
    live: str
    before: str
    annotations: dict[str, int]
    num_tasks: int
    acceptance: tuple[Acceptance, ...]
    blind: BlindWork
    clicks: tuple[ClicksSaved, ...]
    times: tuple[TaskTime, ...]
    watch: Comparison | None
    withdrawn: tuple[Withdrawal, ...]
    drift: DriftReport | None
    num_sent: int
    num_needed: int
    runs: tuple[RunLine, ...]
    renewed: Renewed

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; moments are in ISO 8601."""
        return dict(_plain(asdict(self)))


def compute_stats(
    database: Database,
    *,
    store: ModelStore,
    drift: DriftWatch,
    multiple: Collection[str] = (),
    live: str = "",
    project_id: int | None = None,
    since: datetime | None = None,
    limits: SequentialLimits | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> LoopStats:
    """Read the ledger and compute everything; takes about a second for 100,000 cells.

    Args:
        database: Holds the ledger; nobody who writes is held up.
        store: The model versions.
        drift: Remembers the last comparison of windows.
        multiple: Attributes that may have several values.
        live: The version that answers; else the live one of the store.
        project_id: Only this project's annotations.
        since: Only annotations from this moment on, aware.
        limits: Of the watch over the live version.
        clock: Gives the present moment, aware.
    """
    labelled = read_labelled(database, project_id=project_id, since=since)
    live = live or store.live().name
    previous = store.previous()
    before = previous.name if previous is not None and previous.name != live else ""
    return LoopStats(
        computed_at=clock(),
        live=live,
        before=before,
        annotations=_states(database, project_id),
        num_tasks=len({item.task for item in labelled}),
        acceptance=tuple(acceptance(labelled)),
        blind=blind_work(labelled),
        clicks=tuple(clicks_saved(labelled, multiple=multiple)),
        times=tuple(task_times(labelled)),
        watch=_watch(labelled, live, before, limits),
        withdrawn=tuple(withdrawals(store.root)),
        drift=drift(live),
        num_sent=drift.num_regions,
        num_needed=drift.num_needed,
        runs=_runs(database),
        renewed=_renewed(database),
    )


def _watch(
    labelled: list[Labelled], live: str, before: str, limits: SequentialLimits | None
) -> Comparison | None:
    if not before:
        return None
    earlier = task_scores(labelled, version=before)
    return compare(earlier, task_scores(labelled, version=live), limits=limits)


def _states(database: Database, project_id: int | None) -> dict[str, int]:
    row = LedgerAnnotationRow
    query = select(row.state, func.count()).group_by(row.state).order_by(row.state)
    if project_id is not None:
        query = query.where(row.project_id == project_id)
    with database.reading() as session:
        return {row[0]: row[1] for row in session.execute(query)}


def _runs(database: Database) -> tuple[RunLine, ...]:
    query = select(TrainingRunRow).order_by(TrainingRunRow.id.desc()).limit(_NUM_RUNS)
    with database.reading() as session:
        return tuple(
            RunLine(
                id=row.id,
                kind=row.kind,
                trigger=row.trigger,
                state=row.state,
                progress=row.progress,
                note=row.note,
                candidate=row.candidate,
                created_at=row.created_at,
                report=str(row.verdict.get("report") or ""),
            )
            for row in session.scalars(query)
        )


def report_of(database: Database, run: int) -> str:
    """Say where the gate's report of a training run lies; empty where there is none."""
    with database.reading() as session:
        row = session.get(TrainingRunRow, run)
        return str(row.verdict.get("report") or "") if row is not None else ""


def _renewed(database: Database) -> Renewed:
    with database.reading() as session:
        rows = session.scalars(select(ServedVersionRow)).all()
    pending = {row.project_id: row.pending for row in rows if row.pending}
    connected = [row for row in rows if row.model_version]
    faults = {number: str(plan.get("fault") or "") for number, plan in pending.items()}
    return Renewed(
        num_projects=len(connected),
        num_pending=len(pending),
        faults={number: fault for number, fault in faults.items() if fault},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat(timespec="seconds") if hasattr(value, "isoformat") else value
