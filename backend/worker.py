"""Answer queued tasks in the background: predict them, then store the predictions in Label Studio.

Each task ends with one prediction of a version, however often it is asked for and whenever the
process is killed: what is in Label Studio is looked at before sending, the sending is noted before
it starts, and where its outcome was lost, the worker waits, looks again and removes a double.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from backend._delivery import Delivery
from backend.events import mark_handled, unhandled_events
from backend.jobs import ClaimedTask, JobState, JobTask, ProjectRef, image_reference
from backend.label_studio import (
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFoundError,
    LabelStudioUnavailableError,
)
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from backend.database import Database
    from backend.events import Event
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient

__all__ = ["Chore", "PredictedTask", "TaskPredictor", "Worker", "WorkerLimits"]

log = structlog.get_logger(__name__)

_NO_CLIENT = (
    "no Label Studio address and token are set; set WEFT_LABEL_STUDIO_URL and "
    "WEFT_LABEL_STUDIO_TOKEN, or tasks that were not answered at once stay empty"
)


class PredictedTask(Protocol):
    """What became of a task; `backend.predictor.TaskOutcome` is one."""

    @property
    def outcome(self) -> str:
        """Return `ready`, `late` (ask again) or `failed` (asking again cannot help)."""

    @property
    def prediction(self) -> Mapping[str, Any] | None:
        """Return `model_version`, `score` and `result`; only when ready."""

    @property
    def reason(self) -> str:
        """Return why there is no prediction."""


class TaskPredictor(Protocol):
    """What the worker needs of the prediction service."""

    @property
    def model_version(self) -> str:
        """Return the version that answers now."""

    @property
    def state(self) -> str:
        """Return `ready`, `loading`, or `failed: why`."""

    def predict_tasks(
        self, tasks: Sequence[Mapping[str, Any]], *, label_config: str, project_uid: str
    ) -> Sequence[PredictedTask]:
        """Predict tasks as the API lists them; one outcome a task, in order."""


class Chore(Protocol):
    """Something else that the worker does between chunks, one short step at a time."""

    def __call__(self) -> bool:
        """Do a step if one is due; returns whether there may be more to do at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """How much the worker does at a time, and how long it waits; seconds where it says `_s`.

    Attributes:
        chunk: Tasks of one round: predicted, checked and stored together.
        idle_s: Pause when there is nothing to do.
        settle_s: How long a prediction whose sending was cut off may take to be stored.
        settle_longest_s: Limit of that wait, which doubles from attempt to attempt.
        retry_s: First pause after a failure; doubles up to `retry_longest_s`.
    """

    chunk: int = 16
    idle_s: float = 1.0
    settle_s: float = 10.0
    settle_longest_s: float = 160.0
    retry_s: float = 2.0
    retry_longest_s: float = 300.0


class Worker:
    """The background thread; one per data folder works at a time, others stand by."""

    def __init__(
        self,
        *,
        database: Database,
        jobs: JobQueue,
        predictor: TaskPredictor,
        client: LabelStudioClient | None,
        data_dir: Path,
        limits: WorkerLimits | None = None,
        rng: random.Random | None = None,
        chores: Sequence[Chore] = (),
    ) -> None:
        """Put the parts together; `start` starts the thread.

        Args:
            database: Where events are.
            jobs: The queue.
            predictor: Answers tasks.
            client: Label Studio; without it, jobs wait and say why.
            data_dir: Holds the lock that keeps a second worker from the same queue.
            limits: Sizes and waits.
            rng: Spreads the waits.
            chores: Called in each round, in order; one that fails does not stop the others.
        """
        self._database = database
        self._jobs = jobs
        self._predictor = predictor
        self._client = client
        self._lock_path = data_dir / "worker.lock"
        self._limits = limits or WorkerLimits()
        self._chores = tuple(chores)
        self._rng = rng or random.Random()  # noqa: S311 - spreads waits, guards nothing
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._num_troubles = 0

    def start(self) -> None:
        """Start working in the background; returns at once."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="weft-worker", daemon=True)
            self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop after the task in hand; what is left is taken up again at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    def run_once(self) -> float:
        """Do one round of work.

        Returns:
            Seconds to wait before the next; 0 when there may be more to do at once.
        """
        is_busy = any([self._take_up_events(), *map(_done, self._chores)])
        if self._client is None:
            self._jobs.notice = _NO_CLIENT
            return self._limits.idle_s
        if self._predictor.state != "ready":
            self._jobs.notice = f"the model is {self._predictor.state}"
            return self._limits.idle_s
        claimed = self._jobs.claim(self._limits.chunk)
        if not claimed:
            if not self._num_troubles:
                self._jobs.notice = ""
            return 0.0 if is_busy else self._limits.idle_s
        return self._work(claimed)

    def _run(self) -> None:
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock_path)
        while not self._stop.is_set():
            try:
                with lock.acquire(timeout=0):
                    self._jobs.recover(settle_s=self._limits.settle_s)
                    self._loop()
            except Timeout:
                self._jobs.notice = "another weft process works on this data folder's queue"
                self._pause(self._limits.idle_s)
            except CatalogError as error:
                self._jobs.notice = str(error)
                log.warning("worker_held_up", reason=str(error))
                self._pause(self._trouble_s())
            except Exception:
                log.exception("worker_stumbled")
                self._pause(self._trouble_s())

    def _loop(self) -> None:
        while not self._stop.is_set():
            self._pause(self.run_once())

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._wake.wait(seconds)
            self._wake.clear()

    def _take_up_events(self) -> bool:
        events = unhandled_events(self._database, actions=("TASKS_CREATED",))
        for event in events:
            project, tasks = _tasks_of(event)
            if project is not None and tasks:
                report = self._jobs.enqueue(
                    project,
                    tasks,
                    model_version=self._predictor.model_version,
                    reason="new task",
                )
                log.info("tasks_queued", project=project.id, added=report.added)
            mark_handled(self._database, [event.id])
        return bool(events)

    def _work(self, claimed: Sequence[ClaimedTask]) -> float:
        """Predict and deliver one chunk; every task ends queued, done, failed or skipped."""
        assert self._client is not None  # noqa: S101 - run_once has looked
        delivery = Delivery(
            client=self._client, jobs=self._jobs, predictor=self._predictor, limits=self._limits
        )
        try:
            delivery.run(claimed)
        except (LabelStudioUnavailableError, LabelStudioAuthError) as error:
            wait_s = self._trouble_s()
            self._jobs.notice = str(error)
            self._jobs.release(delivery.open_tasks(), str(error), delay_s=wait_s)
            log.warning("label_studio_trouble", reason=str(error), wait_s=round(wait_s, 1))
            return wait_s
        except LabelStudioNotFoundError:
            gone = "the project is not in Label Studio any more"
            self._jobs.finish(delivery.open_tasks(), JobState.SKIPPED, gone)
        except (CatalogError, LabelStudioError) as error:
            self._jobs.retry(delivery.open_tasks(), str(error), delay_s=self._trouble_s())
            return 0.0
        self._num_troubles = 0
        self._jobs.notice = ""
        return 0.0

    def _trouble_s(self) -> float:
        self._num_troubles += 1
        doubled = self._limits.retry_s * 2.0 ** min(self._num_troubles - 1, 20)
        return min(doubled, self._limits.retry_longest_s) * self._rng.uniform(0.5, 1.0)


def _done(chore: Chore) -> bool:
    try:
        return chore()
    except CatalogError as error:
        log.warning("chore_failed", chore=type(chore).__name__, reason=str(error))
        return False


def _tasks_of(event: Event) -> tuple[ProjectRef | None, list[JobTask]]:
    """Read the project and the new tasks of an event; whatever is malformed is left out."""
    project, tasks = event.body.get("project"), event.body.get("tasks")
    if event.project_id is None or not isinstance(project, dict) or not isinstance(tasks, list):
        return None, []
    try:
        reference = ProjectRef.from_api({**project, "id": event.project_id})
    except ValueError:
        reference = ProjectRef(id=event.project_id, uid=str(event.project_id))
    config = str(project.get("label_config") or "")
    return reference, [
        JobTask(id=task["id"], image=image_reference(task, config))
        for task in tasks
        if isinstance(task, dict) and type(task.get("id")) is int and 0 <= task["id"] < 2**63
    ]
