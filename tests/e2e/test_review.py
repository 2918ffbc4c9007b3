"""What reviewers decide about a task arrives in a real Label Studio, and leaves it again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from sqlalchemy import select

from backend.database import Database, open_database
from backend.ledger.reviewed import is_copy
from backend.review.items import ReviewItem, put_items
from backend.review.tables import AskedPictureRow, ItemSource
from ontology.config_map import ConfigMap
from ontology.load import default_ontology_path, load_ontology
from tests.live import Live

pytestmark = pytest.mark.e2e

PATIENCE_S = 45
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
REGION = {
    "id": "w_review",
    "box": [10.0, 10.0, 40.0, 60.0],
    "percent": {"x": 10.0, "y": 10.0, "width": 40.0, "height": 60.0},
    "image_wh": [100, 100],
    "mask": None,
    "primary": True,
    "category": "tshirt",
    "category_score": 0.9,
    "attributes": {"pattern": [{"value": "striped", "score": 0.5}]},
    "scores": {"pattern": {"striped": 0.5, "solid": 0.4}},
}
DOUBT = {"kind": "low_confidence", "attribute": "pattern", "seen": "striped", "risk": 0.3}


@dataclass(kw_only=True)
class Desk:
    """A reviewer's browser, and two tasks with an item each."""

    live: Live
    browser: requests.Session
    config: ConfigMap
    fixed: int
    rejected: int

    def post(self, path: str, **form: str) -> None:
        page = self.browser.get(f"{self.live.backend_url}/review", timeout=30)
        found = TOKEN.search(page.text)
        assert found is not None, page.text[:500]
        address = f"{self.live.backend_url}/review/{path}"
        answer = self.browser.post(address, data={"csrf": found.group(1), **form}, timeout=30)
        assert answer.ok, answer.text[:500]
        assert "Not taken" not in answer.text, answer.text

    def annotations(self, task: int) -> list[dict[str, Any]]:
        """Give a task's annotations, skipped ones as well, which the list of them leaves out."""
        found: list[dict[str, Any]] = self.live.call("GET", f"/api/tasks/{task}")["annotations"]
        return found


def wait_until(is_done: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_done():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.5)


def asked(database: Database, live: Live) -> list[AskedPictureRow]:
    """Give pictures of tasks that nobody has annotated."""
    free = {task["id"] for task in live.tasks() if not task["annotations"]}
    row = AskedPictureRow
    query = select(row).where(row.project_id == live.project_id).order_by(row.task_id)
    with database.reading() as session:
        return [one for one in session.scalars(query) if one.task_id in free]


@pytest.fixture
def desk(live: Live) -> Iterator[Desk]:
    database = open_database(live.folder / "backend", url="")
    try:
        pictures = asked(database, live)[:2]
        put_items(database, [item(picture) for picture in pictures])
    finally:
        database.close()
    browser = requests.Session()
    door = f"{live.backend_url}/review/sign-in"
    found = TOKEN.search(browser.get(door, timeout=30).text)
    assert found is not None
    browser.post(door, data={"csrf": found.group(1), "name": "Demo"}, timeout=30)
    xml = str(live.call("GET", f"/api/projects/{live.project_id}")["label_config"])
    yield Desk(
        live=live,
        browser=browser,
        config=ConfigMap.parse(xml, load_ontology(default_ontology_path())),
        fixed=pictures[0].task_id,
        rejected=pictures[1].task_id,
    )
    browser.close()


def item(picture: AskedPictureRow) -> ReviewItem:
    return ReviewItem(
        id=f"live-{picture.task_id}",
        source=ItemSource.TASK,
        project_uid=picture.project_uid,
        project_id=picture.project_id,
        task_id=picture.task_id,
        image=picture.image,
        regions=[REGION],
        findings=[DOUBT],
        risk=0.9,
    )


def test_decisions_arrive_in_label_studio_and_are_taken_back_there(desk: Desk) -> None:
    fixed, rejected = f"items/live-{desk.fixed}", f"items/live-{desk.rejected}"

    desk.post(f"{rejected}/decide", action="reject", reason="no_product")
    cell = {"region": "w_review", "attribute": "pattern", "values": "solid"}
    desk.post(f"{fixed}/decide", action="fix", **cell)
    wait_until(
        lambda: bool(desk.annotations(desk.fixed) and desk.annotations(desk.rejected)),
        "nothing arrived",
    )

    (annotation,) = desk.annotations(desk.fixed)
    tag = desk.config.choices["pattern", "tshirt"]  # type: ignore[index]
    said = {one["from_name"]: one["value"] for one in annotation["result"]}
    assert said[tag.name]["choices"] == [tag.label_by_value["solid"]]  # type: ignore[index]
    label = desk.config.label_by_category["tshirt"]  # type: ignore[index]
    assert said[desk.config.label_tag]["rectanglelabels"] == [label]
    assert is_copy(annotation["result"]), "it survives what Label Studio makes of it"
    assert not annotation["was_cancelled"]
    (skipped,) = desk.annotations(desk.rejected)
    assert (skipped["was_cancelled"], skipped["result"]) == (True, [])
    task = desk.live.call("GET", f"/api/tasks/{desk.rejected}")
    assert (task["cancelled_annotations"], task["total_annotations"]) == (1, 0)

    desk.post("undo")
    desk.post("undo")
    wait_until(
        lambda: not desk.annotations(desk.fixed) and not desk.annotations(desk.rejected),
        "what was taken back is still there",
    )
