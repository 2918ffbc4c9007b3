"""Telling Label Studio what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from backend.database import utc_now
from backend.label_studio import LabelStudioNotFoundError, LabelStudioUnavailableError
from backend.ledger.reviewed import is_copy
from backend.review.deliver import Delivery
from backend.review.items import put_items
from backend.review.tables import ReviewDeliveryRow
from tests.backend.ledger.support import CONFIG
from tests.backend.review.support import Backend
from tests.backend.review.test_ledger import task_item


@dataclass
class FakeClient:
    """Keeps annotations; `image` is what task 7 shows."""

    image: str
    annotations: dict[int, dict[str, Any]] = field(default_factory=dict)
    is_down: bool = False

    def project(self, project_id: int) -> dict[str, Any]:
        if self.is_down:
            raise LabelStudioUnavailableError("Label Studio does not answer")
        return {"id": project_id, "label_config": CONFIG}

    def tasks_by_id(self, project_id: int, ids: Any, *, as_stored: bool) -> dict[int, Any]:
        found = [{"id": 31, "model_version": "v0"}, {"id": 32, "model_version": ""}]
        return {7: {"id": 7, "data": {"image": self.image}, "predictions": found}}

    def create_annotation(self, task_id: int, **fields: Any) -> dict[str, Any]:
        number = 100 + len(self.annotations)
        self.annotations[number] = {"task": task_id, **fields}
        return {"id": number}

    def delete_annotation(self, annotation_id: int) -> None:
        if self.annotations.pop(annotation_id, None) is None:
            raise LabelStudioNotFoundError("no such annotation")


def delivery(backend: Backend, client: FakeClient, *, later_s: float = 60.0) -> Delivery:
    return Delivery(
        database=backend.database,
        client=client,  # type: ignore[arg-type]  # as far as it is needed
        ontology=lambda: backend.ontology,
        image_wh=lambda item: (400, 500),
        clock=lambda: utc_now() + timedelta(seconds=later_s),
    )


def test_a_closed_item_becomes_an_annotation_that_is_marked_as_a_copy(backend: Backend) -> None:
    item = task_item(backend)
    put_items(backend.database, [item])
    client = FakeClient(item.image)
    backend.cell("one", "fix", "pattern", "plain")

    assert delivery(backend, client)()
    assert not delivery(backend, client)(), "once is enough"

    (sent,) = client.annotations.values()
    assert sent["task"] == 7
    assert sent["parent_prediction"] == 32
    assert is_copy(sent["result"])
    said = {r["from_name"]: r["value"].get("choices") for r in sent["result"]}
    assert said["pattern"] == ["plain"]
    assert said["sleeve"] == ["short"], "what was not looked at stays as it was predicted"


def test_what_was_taken_back_is_removed_there(backend: Backend) -> None:
    item = task_item(backend)
    put_items(backend.database, [item])
    client = FakeClient(item.image)
    backend.decide("one", "accept")
    delivery(backend, client)()
    assert client.annotations
    backend.client.post("/review/undo", data={"csrf": backend.token()})

    delivery(backend, client)()

    assert client.annotations == {}


def test_a_rejected_item_is_a_skipped_task(backend: Backend) -> None:
    item = task_item(backend)
    put_items(backend.database, [item])
    client = FakeClient(item.image)
    backend.decide("one", "reject", reason="no_product")

    delivery(backend, client)()

    (sent,) = client.annotations.values()
    assert (sent["was_cancelled"], sent["result"]) == (True, [])


def test_an_open_item_and_one_decided_just_now_are_not_sent(backend: Backend) -> None:
    item = task_item(backend)
    put_items(backend.database, [item])
    client = FakeClient(item.image)
    backend.cell("one", "accept", "color")
    delivery(backend, client)()
    assert client.annotations == {}
    backend.decide("one", "accept")

    assert not delivery(backend, client, later_s=0.0)()


def test_label_studio_that_is_down_or_shows_another_picture_is_asked_again_later(
    backend: Backend,
) -> None:
    item = task_item(backend)
    put_items(backend.database, [item])
    client = FakeClient(item.image, is_down=True)
    backend.decide("one", "accept")

    assert delivery(backend, client)()
    client.is_down, client.image = False, "/data/other.jpg"
    assert not delivery(backend, client)(), "not at once"
    delivery(backend, client, later_s=3600.0)()

    with backend.database.reading() as session:
        row = session.get_one(ReviewDeliveryRow, "one")
        assert "another picture" in row.note
        assert row.attempts == 2
    assert client.annotations == {}
