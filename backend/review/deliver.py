"""Tell Label Studio what was decided about its tasks: an annotation there, or none any more.

The worker brings each task in line with its item's present state, so a failure only delays it.
The ledger has the decision already; the copy carries a note by which it is told from annotations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select

from backend.database import utc_now
from backend.label_studio import LabelStudioNotFoundError
from backend.ledger.reviewed import copy_note
from backend.review.items import ReviewError, decisions_of, to_item
from backend.review.labels import results_of, standing
from backend.review.tables import ItemState, ReviewDeliveryRow, ReviewItemRow
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from datetime import datetime

    from backend.database import Database
    from backend.label_studio import LabelStudioClient
    from backend.review.items import ReviewItem
    from ontology.config_map import ConfigMap
    from ontology.model import Ontology

__all__ = ["Delivery"]

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 3600.0


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A `Worker` chore: one task at a time.

    Attributes:
        client: Label Studio; without it nothing is sent.
        ontology: Gives the ontology that is served, None while there is none.
        image_wh: Gives the size of an item's picture in pixels.
        settle_s: A task is told of decisions that are at least this old, in seconds, so that
            what is taken back at once never gets there.
        clock: Gives the present moment, aware.
    """

    database: Database
    client: LabelStudioClient | None
    ontology: Callable[[], Ontology | None]
    image_wh: Callable[[ReviewItem], tuple[int, int]]
    settle_s: float = 10.0
    clock: Callable[[], datetime] = utc_now

    def __call__(self) -> bool:
        """Bring one task in line; returns whether there was one."""
        ontology = self.ontology()
        if self.client is None or ontology is None:
            return False
        row, delivery = ReviewItemRow, ReviewDeliveryRow
        now = self.clock()
        query = (
            select(row, delivery)
            .join(delivery, delivery.item_id == row.id)
            .where(delivery.wanted > delivery.delivered)
            .where(delivery.not_before <= now - timedelta(seconds=self.settle_s))
            .order_by(delivery.not_before)
            .limit(1)
        )
        with self.database.reading() as session:
            found = session.execute(query).first()
            if found is None:
                return False
            item, annotation_id, wanted = to_item(found[0]), found[1].annotation_id, found[1].wanted
        try:
            annotation_id = self._bring_in_line(self.client, item, annotation_id, ontology)
        except CatalogError as error:
            self._postpone(item.id, str(error))
        else:
            self._done(item.id, annotation_id, wanted)
        return True

    def _bring_in_line(
        self,
        client: LabelStudioClient,
        item: ReviewItem,
        annotation_id: int | None,
        ontology: Ontology,
    ) -> int | None:
        """Replace the annotation that was made before; returns the one that is there now."""
        from ontology.config_map import ConfigMap

        assert item.project_id is not None  # noqa: S101 - only such items are delivered
        assert item.task_id is not None  # noqa: S101 - likewise
        if annotation_id is not None:
            try:
                client.delete_annotation(annotation_id)
            except LabelStudioNotFoundError:
                log.info("copy_was_gone", item=item.id)
            self._forget(item.id)
        now = standing(item, decisions_of(self.database, item_id=item.id), ontology)
        if now.state is ItemState.OPEN:
            return None
        config = ConfigMap.parse(str(client.project(item.project_id)["label_config"]), ontology)
        task = client.tasks_by_id(item.project_id, [item.task_id], as_stored=True).get(item.task_id)
        if task is None or item.image not in _references(task, config):
            raise ReviewError(f"task {item.task_id} is gone, or shows another picture now")
        body: dict[str, Any] = {"lead_time": sum(d.seconds or 0.0 for d in now.counting)}
        if now.state is ItemState.REJECTED:
            body |= {"was_cancelled": True, "result": []}
        else:
            after, _ = results_of(
                item, now, config=config, image_wh=self.image_wh(item), is_all=True
            )
            body["result"] = _noted(after)
            body["parent_prediction"] = _parent(task, item.model_version)
        return int(client.create_annotation(item.task_id, **body)["id"])

    def _forget(self, item_id: str) -> None:
        with self.database.transaction() as session:
            session.get_one(ReviewDeliveryRow, item_id).annotation_id = None

    def _done(self, item_id: str, annotation_id: int | None, wanted: int) -> None:
        with self.database.transaction() as session:
            row = session.get_one(ReviewDeliveryRow, item_id)
            row.annotation_id, row.delivered, row.attempts, row.note = annotation_id, wanted, 0, ""
        log.info("decision_delivered", item=item_id, annotation=annotation_id)

    def _postpone(self, item_id: str, reason: str) -> None:
        with self.database.transaction() as session:
            row = session.get_one(ReviewDeliveryRow, item_id)
            pause = min(_FIRST_PAUSE_S * 2**row.attempts, _LONGEST_PAUSE_S)
            row.attempts = min(row.attempts + 1, 30)
            row.note = reason[:500]
            row.not_before = self.clock() + timedelta(seconds=pause)
        log.warning("decision_not_delivered", item=item_id, reason=reason[:200])


def _references(task: dict[str, Any], config: ConfigMap) -> set[str]:
    data = task.get("data") or {}
    value = data.get(config.image_key) if isinstance(data, dict) else None
    return {value.strip()} if isinstance(value, str) else set()


def _noted(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the mark of a copy on every box."""
    note = copy_note(results)
    return [
        {**item, "meta": {"text": [note]}} if item["type"] == "rectanglelabels" else item
        for item in results
    ]


def _parent(task: dict[str, Any], model_version: str) -> int | None:
    found = [
        int(item["id"])
        for item in task.get("predictions") or ()
        if item.get("model_version") == model_version
    ]
    return max(found, default=None)
