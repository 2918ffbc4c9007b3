"""Tell Label Studio that another version became live, and renew what nobody has labelled yet.

For every connected project the connection's title becomes the version, which the project's own
`model_version` follows, and the tasks without annotations are queued for new predictions. The
worker does this one request at a time. Where it is, is kept in the table `served_versions`, so that
a process that is killed goes on where it was; every step may be repeated without harm.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import delete, update

from backend._served_rows import (
    Pending,
    ServedVersionRow,
    next_project,
    num_open_tasks,
    survey,
)
from backend.database import utc_now
from backend.jobs import JobTask, ProjectRef, image_reference
from backend.label_studio import (
    LabelStudioAuthError,
    LabelStudioNotFoundError,
    LabelStudioRefusedError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from backend.database import Database
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from backend.settings import Settings
    from backend.worker import TaskPredictor

__all__ = ["Renewal", "RenewalLimits", "own_addresses"]

log = structlog.get_logger(__name__)

_ALIASES = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalLimits:
    """How much is done at a time, and how long is waited; seconds where it says `_s`.

    Attributes:
        page: Tasks that are looked at in one step.
        max_waiting: No more are queued while so many wait, so that other work gets its turn.
        room_s: Pause while the queue has no room.
        retry_s: First pause after a failure; doubles up to `retry_longest_s`.
        max_attempts: A project whose step was refused so often is left until the next version.
    """

    page: int = 100
    max_waiting: int = 1000
    room_s: float = 5.0
    retry_s: float = 2.0
    retry_longest_s: float = 300.0
    max_attempts: int = 5


def own_addresses(settings: Settings) -> frozenset[str]:
    """Give the addresses under which Label Studio may know this server."""
    host = settings.host if settings.host not in {"", "0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104 - compared only
    hosts = {host, *_ALIASES} if host in _ALIASES else {host}
    named = {f"http://[{name}]" if ":" in name else f"http://{name}" for name in hosts}
    found = {f"{name}:{settings.port}" for name in named}
    return frozenset(found | ({settings.public_url} if settings.public_url else set()))


class Renewal:
    """A chore of the worker; does nothing while every project knows the version that answers."""

    def __init__(
        self,
        *,
        database: Database,
        jobs: JobQueue,
        client: LabelStudioClient | None,
        predictor: TaskPredictor,
        addresses: Collection[str],
        own_versions: Callable[[], Collection[str]] = tuple,
        is_deleting: bool = False,
        limits: RenewalLimits | None = None,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Put the parts together.

        Args:
            database: Holds where each project is.
            jobs: Takes the tasks.
            client: Label Studio; without it nothing is done.
            predictor: Says which version answers.
            addresses: See `own_addresses`.
            own_versions: Every version of this server; others' predictions are never deleted.
            is_deleting: Delete predictions of own versions older than the previous one.
            limits: Sizes and waits.
            clock: Gives the present moment, aware.
            monotonic: Gives seconds that never go back.
        """
        self._database = database
        self._jobs = jobs
        self._client = client
        self._predictor = predictor
        self._addresses = frozenset(address.rstrip("/") for address in addresses)
        self._own_versions = own_versions
        self._is_deleting = is_deleting
        self._limits = limits or RenewalLimits()
        self._clock = clock
        self._monotonic = monotonic
        self._surveyed = ""
        self._not_before = 0.0
        self._num_troubles = 0

    def __call__(self) -> bool:
        """Do one step; returns whether there may be more to do at once."""
        is_idle = self._client is None or self._predictor.state != "ready"
        if is_idle or self._monotonic() < self._not_before:
            return False
        version = self._predictor.model_version
        try:
            return self._work(version)
        except (LabelStudioUnavailableError, LabelStudioAuthError) as error:
            self._pause_after_trouble(str(error))
            return False

    def _work(self, version: str) -> bool:
        assert self._client is not None  # noqa: S101 - __call__ has looked
        if self._surveyed != version:
            projects = [ProjectRef.from_api(project) for project in self._client.projects()]
            survey(self._database, projects, version=version)
            self._surveyed, self._num_troubles = version, 0
        found = next_project(self._database, version=version)
        if found is None:
            return False
        row, pending = found
        project = ProjectRef(id=row.project_id, uid=row.project_uid)
        steps = {"title": self._announce, "queue": self._queue, "delete": self._delete}
        try:
            is_busy = steps[pending.step](self._client, project, pending)
        except LabelStudioNotFoundError:
            with self._database.transaction() as session:
                gone = ServedVersionRow.project_uid == project.uid
                session.execute(delete(ServedVersionRow).where(gone))
            return True
        except LabelStudioRefusedError as error:
            self._note_refusal(project, pending, str(error))
            return False
        self._num_troubles = 0
        return is_busy

    def _announce(self, client: LabelStudioClient, project: ProjectRef, pending: Pending) -> bool:
        """Make the version the title of our connection; the project's version follows."""
        own = [item for item in client.ml_backends(project.id) if self._is_own(item, pending)]
        wrong = [item for item in own if item.get("title") != pending.version]
        if not own:
            self._save(project, {}, model_version="")
            return True
        if not wrong and not pending.previous and not pending.is_retitling:
            # Connected a moment ago, by `weft connect`, which queues nothing either.
            self._save(project, {}, model_version=pending.version, announced_at=self._clock())
            return True
        self._save(project, pending.but(is_retitling=True).plain())
        for item in wrong:
            url = str(item["url"])
            client.update_ml_backend(
                int(item["id"]), project_id=project.id, url=url, title=pending.version
            )
        titles = {str(item.get("title")) for item in wrong}
        self._follow(client, project, pending, titles=titles)
        log.info("version_announced", project=project.id, model_version=pending.version)
        queue = pending.but(step="queue", attempts=0, fault="")
        announced = {"model_version": pending.version, "announced_at": self._clock()}
        self._save(project, queue.plain(), **announced)
        return True

    def _follow(
        self,
        client: LabelStudioClient,
        project: ProjectRef,
        pending: Pending,
        *,
        titles: set[str],
    ) -> None:
        """Set the project's version where it did not follow; one that a person chose stays."""
        shown = str(client.project(project.id).get("model_version") or "")
        if shown != pending.version and shown in {"", pending.previous, *titles}:
            client.update_project(project.id, model_version=pending.version)

    def _is_own(self, backend: dict[str, Any], pending: Pending) -> bool:
        """Whether a connection leads here: by its address, or by what it has just answered.

        Listing a project's connections makes Label Studio ask each for its version.
        """
        if str(backend.get("url") or "").rstrip("/") in self._addresses:
            return True
        return pending.is_known and backend.get("model_version") == pending.version

    def _queue(self, client: LabelStudioClient, project: ProjectRef, pending: Pending) -> bool:
        """Queue one page of the tasks that nobody has labelled and that lack the version."""
        if num_open_tasks(self._database) + self._limits.page > self._limits.max_waiting:
            self._not_before = self._monotonic() + self._limits.room_s
            return False
        config = str(client.project(project.id).get("label_config") or "")
        listed = client.tasks(project.id, page_size=self._limits.page, query=_open(pending.after))
        found = list(islice(listed, self._limits.page))
        tasks = [
            JobTask(id=task["id"], image=image_reference(task, config))
            for task in found
            if not task.get("total_annotations") and not _has(task, pending.version)
        ]
        reason = f"version {pending.version} became live"
        report = self._jobs.enqueue(project, tasks, model_version=pending.version, reason=reason)
        if report.refused:
            self._not_before = self._monotonic() + self._limits.room_s
            return False
        queued = pending.but(num_queued=pending.num_queued + report.added, attempts=0, fault="")
        if len(found) == self._limits.page:
            self._save(project, queued.but(after=max(task["id"] for task in found)).plain())
            return True
        log.info("tasks_renewed", project=project.id, num_queued=queued.num_queued)
        self._save(project, queued.but(step="delete").plain() if self._is_deleting else {})
        return True

    def _delete(self, client: LabelStudioClient, project: ProjectRef, pending: Pending) -> bool:
        """Delete one older version's predictions; the next step mends what that does besides."""
        # Label Studio 1.23.2 empties the project's version, whichever predictions are deleted.
        self._follow(client, project, pending, titles=set())
        kept = {pending.version, pending.previous}
        stored = client.model_versions(project.id)
        old = [name for name in stored if name in self._own_versions() and name not in kept]
        if not old or not pending.previous:
            self._save(project, {})
            return True
        client.delete_model_version(project.id, old[0])
        log.info("old_predictions_deleted", project=project.id, model_version=old[0])
        return True

    def _save(self, project: ProjectRef, pending: dict[str, Any], **values: Any) -> None:
        mine = ServedVersionRow.project_uid == project.uid
        with self._database.transaction() as session:
            query = update(ServedVersionRow).where(mine).values(pending=pending, **values)
            session.execute(query)

    def _note_refusal(self, project: ProjectRef, pending: Pending, reason: str) -> None:
        attempts = pending.attempts + 1
        log.warning("renewal_refused", project=project.id, step=pending.step, reason=reason)
        if attempts >= self._limits.max_attempts:
            # `model_version` says which version the project knows; the next one is tried again.
            self._save(project, {})
        else:
            self._save(project, pending.but(attempts=attempts, fault=reason[:500]).plain())
        self._pause_after_trouble(reason)

    def _pause_after_trouble(self, reason: str) -> None:
        self._num_troubles += 1
        doubled = self._limits.retry_s * 2.0 ** min(self._num_troubles - 1, 20)
        wait_s = min(doubled, self._limits.retry_longest_s)
        self._not_before = self._monotonic() + wait_s
        log.warning("renewal_held_up", reason=reason, wait_s=wait_s)


def _open(after: int) -> dict[str, Any]:
    """Ask the Data Manager for tasks without annotations, in the order of their ids."""

    def filtered(name: str, operator: str, value: int) -> dict[str, Any]:
        column = f"filter:tasks:{name}"
        return {"filter": column, "operator": operator, "type": "Number", "value": value}

    items = [filtered("id", "greater", after), filtered("total_annotations", "equal", 0)]
    return {"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]}


def _has(task: dict[str, Any], version: str) -> bool:
    return any(item.get("model_version") == version for item in task.get("predictions") or ())
