"""What the worker does for the ledger: take up events, fetch predictions, compare now and then."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select

from backend._connect_errors import webhook_url
from backend.database import EventRow, JobRow, utc_now
from backend.events import store_event
from backend.label_studio import LabelStudioError, LabelStudioNotFoundError
from backend.ledger.derive import Ledger
from backend.ledger.reconcile import Reconciler
from backend.ledger.rules import Rules, ontology_digest
from backend.ledger.tables import LedgerAnnotationRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend.database import Database
    from backend.label_studio import LabelStudioClient
    from ontology.model import Ontology

__all__ = ["LedgerKeeper", "connected_projects", "fetch_parents"]

log = structlog.get_logger(__name__)

_FETCHED_TOGETHER = 10  # tasks
_FIRST_PAUSE_S = 30.0


@dataclass(slots=True, kw_only=True)
class LedgerKeeper:
    """A `backend.worker.Chore` that keeps the ledger up to date.

    Attributes:
        client: Label Studio; without it nothing is fetched or compared.
        ontology: Gives the ontology that is served, None while there is none: then events wait.
        blind_share: Part of the tasks that is answered blind, 0..1.
        every_s: Seconds from one comparison with Label Studio to the next; 0 for never.
        addresses: See `connected_projects`.
        timer: Gives seconds, as `time.monotonic`.
    """

    database: Database
    client: LabelStudioClient | None
    ontology: Callable[[], Ontology | None]
    blind_share: float
    every_s: float
    addresses: Collection[str] = frozenset()
    timer: Callable[[], float] = time.monotonic
    _ledger: Ledger | None = None
    _steps: Generator[None, None, None] | None = None
    _compare_at: float = 0.0
    _fetch_at: float = 0.0
    _pause_s: float = _FIRST_PAUSE_S

    def __call__(self) -> bool:
        """Do one short step; returns whether there is more to do at once."""
        ontology = self.ontology()
        if ontology is None:
            return False
        ledger = self._ledger_of(ontology)
        report = ledger.take_up()
        if report.events or report.tasks:
            return True
        if self.client is None:
            return False
        if self.timer() >= self._fetch_at:
            try:
                return self._fetch(ledger) or self._compare(ledger)
            except LabelStudioError as error:
                self._steps = None
                self._fetch_at = self.timer() + self._pause_s
                self._pause_s = min(2 * self._pause_s, 600.0)
                log.warning("corrections_not_compared", reason=str(error))
        return False

    def _ledger_of(self, ontology: Ontology) -> Ledger:
        if self._ledger is None or (
            self._ledger.rules.ontology is not ontology
            and self._ledger.rules.ontology_sha256 != ontology_digest(ontology)
        ):
            rules = Rules(ontology=ontology, blind_share=self.blind_share)
            self._ledger = Ledger(database=self.database, rules=rules)
            self._steps = None
        return self._ledger

    def _fetch(self, ledger: Ledger) -> bool:
        assert self.client is not None  # noqa: S101 - the caller has looked
        num_fetched = fetch_parents(ledger, self.client, limit=_FETCHED_TOGETHER)
        return num_fetched > 0

    def _compare(self, ledger: Ledger) -> bool:
        """Do a step of the comparison that is under way, or start one if it is due."""
        if self._steps is None:
            if not self.every_s or self.timer() < self._compare_at:
                return False
            self._steps = self._compare_all(ledger)
        try:
            next(self._steps)
        except StopIteration:
            self._steps = None
            self._compare_at = self.timer() + self.every_s
            self._pause_s = _FIRST_PAUSE_S
            return False
        return True

    def _compare_all(self, ledger: Ledger) -> Generator[None, None, None]:
        assert self.client is not None  # noqa: S101 - the caller has looked
        reconciler = Reconciler(database=self.database, client=self.client, ledger=ledger)
        projects = connected_projects(self.database, self.client, addresses=self.addresses)
        for project_id in projects:
            yield
            try:
                yield from reconciler.steps(project_id)
            except LabelStudioNotFoundError:
                log.info("project_gone_meanwhile", project=project_id)


def connected_projects(
    database: Database, client: LabelStudioClient, *, addresses: Collection[str]
) -> list[int]:
    """Return the ids of the projects in Label Studio that have to do with this backend.

    Those are the ones that sent events or asked for predictions, and those whose webhook leads
    here. Those of another backend are none of ours: what is blind there is not known here.

    Args:
        database: Knows what was heard of.
        client: Is asked.
        addresses: Where Label Studio may reach this backend, without a slash at the end.

    Raises:
        LabelStudioError: If Label Studio cannot be asked.
    """
    with database.reading() as session:
        known = set(session.scalars(select(EventRow.project_id).distinct()))
        known |= set(session.scalars(select(JobRow.project_id).distinct()))
    there = [int(project["id"]) for project in client.projects()]
    return sorted(
        number
        for number in there
        if number in known or any(_leads_to(addresses, hook) for hook in client.webhooks(number))
    )


def fetch_parents(ledger: Ledger, client: LabelStudioClient, *, limit: int) -> int:
    """Fetch the predictions that annotations wait for; one that is gone is stored as gone.

    Args:
        ledger: Knows what waits.
        client: Is asked.
        limit: Tasks at most.

    Returns:
        How many tasks were asked for.

    Raises:
        LabelStudioError: If Label Studio cannot be asked.
    """
    row = LedgerAnnotationRow
    query = select(row).where(row.is_pending).order_by(row.ref).limit(limit)
    with ledger.database.reading() as session:
        waiting = [
            (found.project_id, found.project_uid, found.task_id, found.parent_prediction)
            for found in session.scalars(query)
        ]
    for project_id, uid, task_id, wanted in waiting:
        predictions = client.predictions(task_id)
        held = {item["id"] for item in predictions}
        if wanted not in held:
            predictions.append({"id": wanted or 0, "is_gone": True})
        for item in predictions:
            _store_prediction(ledger, project_id, uid, {**item, "task": task_id})
    return len(waiting)


def _store_prediction(
    ledger: Ledger, project_id: int, uid: str, prediction: Mapping[str, Any]
) -> None:
    body: dict[str, Any] = {
        "action": "PREDICTION",
        "project": {"id": project_id, "uid": uid},
        "prediction": {
            key: prediction[key]
            for key in ("id", "task", "model_version", "result", "created_at", "is_gone")
            if key in prediction
        },
        "moment": utc_now().isoformat(),
    }
    store_event(ledger.database, body)


def _leads_to(addresses: Collection[str], hook: Mapping[str, Any]) -> bool:
    return any(hook.get("url") == webhook_url(address) for address in addresses)
