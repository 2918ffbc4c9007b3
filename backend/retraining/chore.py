"""Decide when to train, and see to it that a run that waits gets a process.

The worker calls this between its chunks. Nothing here computes: a run has a process of its own,
which holds the training lock as long as it lives, so a run whose lock is free has no process.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import or_, select

from backend.database import EventRow, utc_now
from backend.retraining.lock import TrainingBusyError, training_lock
from backend.retraining.runs import MAX_ATTEMPTS
from backend.retraining.spawn import spawn_training
from backend.retraining.tables import RunKind, RunState, RunTrigger
from backend.retraining.usable import Said, count_said

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from backend.database import Database
    from backend.retraining.runs import Run, RunStore
    from backend.retraining.spawn import Child
    from backend.settings import Settings

__all__ = ["TrainingChore"]

log = structlog.get_logger(__name__)

_ACTION = "START_TRAINING"


class TrainingChore:
    """Asks for runs and starts their processes; one step a call, at most every few seconds."""

    def __init__(
        self,
        database: Database,
        store: RunStore,
        settings: Settings,
        *,
        launch: Callable[[Run, Settings], Child] = spawn_training,
        count: Callable[[Database], Said] = count_said,
        clock: Callable[[], datetime] = utc_now,
        every_s: float = 3.0,
    ) -> None:
        """Put the parts together.

        Args:
            database: Where events and the ledger are.
            store: The runs.
            settings: When to train.
            launch: Starts a run's process.
            count: Counts what people said.
            clock: Gives the present moment, aware.
            every_s: Seconds between two looks.
        """
        self._database, self._store, self._settings = database, store, settings
        self._launch, self._count, self._clock = launch, count, clock
        self._every_s = every_s
        self._next_at = 0.0
        self._child: tuple[Run, Child] | None = None

    def __call__(self) -> bool:
        """Look whether a run is due or waits; never says that there is more to do at once."""
        now = time.monotonic()
        if now < self._next_at:
            return False
        self._next_at = now + self._every_s
        self._ask()
        self._start()
        return False

    def _ask(self) -> None:
        said, last = self._count(self._database), self._store.latest()
        pressed = self._take_up_presses()
        trigger = RunTrigger.START_TRAINING if pressed else self._due(said, last)
        if trigger is None:
            return
        failed = last is not None and last.state is RunState.FAILED and pressed
        if not failed and not (said.differs(last.counts) if last else said.usable):
            log.info("nothing_new_to_train_on", trigger=trigger.value, usable=said.usable)
            return
        run = self._store.request(
            RunKind(self._settings.retrain_speed), trigger, usable=said.usable, gold=said.gold
        )
        log.info("training_asked_for", run=run.id, trigger=trigger.value, usable=said.usable)

    def _due(self, said: Said, last: Run | None) -> RunTrigger | None:
        if last is not None and last.is_open:
            return None
        new = said.usable - int(last.counts.get("usable", 0) if last else 0)
        if 0 < self._settings.retrain_after <= new:
            return RunTrigger.COUNT
        hours = self._settings.retrain_every_h
        since = last.created_at if last else None
        is_time = since is None or self._clock() - since >= timedelta(hours=hours)
        return RunTrigger.SCHEDULE if hours > 0 and is_time and new > 0 else None

    def _take_up_presses(self) -> bool:
        """Take up Start Training once the annotation that caused it had time to arrive.

        Two presses have the same body and are one row, so a row that came again counts again.
        """
        settled = self._clock() - timedelta(seconds=self._settings.retrain_settle_s)
        query = select(EventRow).where(
            EventRow.action == _ACTION,
            EventRow.last_received_at <= settled,
            or_(EventRow.handled_at.is_(None), EventRow.handled_at < EventRow.last_received_at),
        )
        with self._database.transaction() as session:
            rows = list(session.scalars(query))
            for row in rows:
                row.handled_at = self._clock()
        return bool(rows)

    def _start(self) -> None:
        if self._is_child_alive():
            return
        try:
            with training_lock(self._settings.data_dir):
                for run in self._store.recover():
                    log.warning("training_process_died", run=run.id, state=run.state.value)
        except TrainingBusyError:
            return
        waiting = self._store.next_waiting()
        if waiting is not None:
            log.info("training_started", run=waiting.id, kind=waiting.kind.value)
            self._child = (waiting, self._launch(waiting, self._settings))

    def _is_child_alive(self) -> bool:
        if self._child is None:
            return False
        run, child = self._child
        if child.poll() is None:
            return True
        self._child = None
        now = self._store.get(run.id)
        if now.attempts == run.attempts and now.state in (RunState.QUEUED, RunState.INTERRUPTED):
            attempts = now.attempts + 1
            ended = {"state": RunState.FAILED.value} if attempts >= MAX_ATTEMPTS else {}
            note = f"its process did not start; see training/run-{run.id}.log in the data folder"
            self._store.update(run.id, attempts=attempts, note=note, **ended)
            log.error("training_process_did_not_start", run=run.id, attempts=attempts)
        return False
