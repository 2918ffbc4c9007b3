"""The ledger against a real Label Studio: what its API says, and what an outage leaves."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.label_studio import LabelStudioClient
from ontology.config_map import ConfigMap
from ontology.load import default_ontology_path, load_ontology
from tests.live import Live

pytestmark = pytest.mark.e2e

TITLE = "Ledger"
EVENT_DEADLINE_S = 30
NUM_TASKS = 5


@dataclass(frozen=True, kw_only=True)
class Project:
    """A connected project, whose webhook may be away."""

    live: Live
    id: int
    config: ConfigMap
    tasks: tuple[int, ...]

    def annotate(self, task: int, pattern: str, **more: Any) -> int:
        made = self.live.call(
            "POST",
            f"/api/tasks/{task}/annotations/",
            json={"result": self.answers(pattern), "lead_time": 4} | more,
        )
        return int(made["id"])

    def change(self, annotation: int, pattern: str) -> None:
        body = {"result": self.answers(pattern)}
        self.live.call("PATCH", f"/api/annotations/{annotation}/", json=body)

    def answers(self, pattern: str) -> list[dict[str, Any]]:
        tag = self.config.choices["pattern", "tshirt"]  # type: ignore[index]
        place = {"x": 10, "y": 10, "width": 50, "height": 60, "rotation": 0}
        shared = {
            "id": "region",
            "to_name": self.config.image_tag,
            "original_width": 100,
            "original_height": 100,
            "image_rotation": 0,
        }
        label = self.config.label_by_category["tshirt"]  # type: ignore[index]
        text = tag.label_by_value[pattern]  # type: ignore[index]
        return [
            shared
            | {
                "from_name": self.config.label_tag,
                "type": "rectanglelabels",
                "value": place | {"rectanglelabels": [label]},
            },
            shared
            | {"from_name": tag.name, "type": "choices", "value": place | {"choices": [text]}},
        ]

    def reconcile(self) -> str:
        done = self.live.weft("corrections", "reconcile", "--project", str(self.id))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ledger(self) -> dict[int, tuple[str, str]]:
        """Give the state and the pattern of every annotation, as the ledger has them."""
        done = self.live.weft("corrections", "export", "--format", "json")
        assert done.returncode == 0, done.stderr
        found: dict[int, tuple[str, str]] = {}
        for row in json.loads(done.stdout):
            if row["project_uid"].split(".")[0] == str(self.id):
                number, said = row["annotation_id"], found.get(row["annotation_id"], ("", ""))[1]
                if row["attribute"] == "pattern":
                    said = " ".join(row["after"])
                found[number] = (row["state"], said)
        return found


@pytest.fixture(scope="module")
def project(live: Live) -> Project:
    made = live.weft("connect", "--backend", live.backend_url, "--create", TITLE)
    assert made.returncode == 0, made.stdout + made.stderr
    listing = live.call("GET", "/api/projects", params={"page_size": 100})["results"]
    (number,) = [row["id"] for row in listing if row["title"] == TITLE]
    tasks = live.call(
        "POST",
        f"/api/projects/{number}/import?return_task_ids=1",
        json=[{"image": f"s3://bucket/{index}.jpg"} for index in range(NUM_TASKS)],
    )["task_ids"]
    xml = live.call("GET", f"/api/projects/{number}")["label_config"]
    return Project(
        live=live,
        id=number,
        config=ConfigMap.parse(xml, load_ontology(default_ontology_path())),
        tasks=tuple(tasks),
    )


@pytest.fixture(scope="module")
def client(live: Live) -> LabelStudioClient:
    return LabelStudioClient(live.url, live.account["token"])


def test_outage_leaves_no_gap(project: Project) -> None:
    heard = project.annotate(project.tasks[0], "solid")
    deadline = time.monotonic() + EVENT_DEADLINE_S
    while heard not in (found := project.ledger()) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found == {heard: ("submitted", "solid")}

    for hook in project.live.call("GET", "/api/webhooks/", params={"project": project.id}):
        project.live.call("DELETE", f"/api/webhooks/{hook['id']}/")
    project.change(heard, "striped")
    new = project.annotate(project.tasks[1], "checked")
    skipped = project.annotate(project.tasks[2], "solid", was_cancelled=True)
    assert project.ledger() == found  # nobody has told the backend

    said = project.reconcile()
    assert "3 annotations" in said
    assert project.ledger() == {
        heard: ("submitted", "striped"),
        new: ("submitted", "checked"),
        skipped: ("skipped", ""),
    }
    assert "0 mended, 0 unnoticed deletions" in project.reconcile()

    project.live.call("DELETE", f"/api/annotations/{heard}/")
    project.live.call("DELETE", f"/api/tasks/{project.tasks[1]}/")
    assert "1 annotations" in project.reconcile()
    states = {number: state for number, (state, _) in project.ledger().items()}
    assert states == {heard: "deleted", new: "deleted", skipped: "skipped"}
    assert "0 mended, 0 unnoticed deletions" in project.reconcile()


def listed(client: LabelStudioClient, project: Project, **query: Any) -> list[dict[str, Any]]:
    return list(
        client.tasks(
            project.id, page_size=2, query={"ordering": ["tasks:id"]} | query, as_stored=True
        )
    )


def changed_since(at: datetime) -> dict[str, Any]:
    """Make the filter that the comparison uses."""
    item = {
        "filter": "filter:tasks:updated_at",
        "operator": "greater",
        "type": "Datetime",
        "value": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    return {"filters": {"conjunction": "and", "items": [item]}}


def test_tasks_are_listed_by_id_on_every_page_with_their_addresses_as_stored(
    client: LabelStudioClient, project: Project
) -> None:
    tasks = listed(client, project)

    numbers = [task["id"] for task in tasks]
    assert len(numbers) >= 3  # more than a page
    assert numbers == sorted(set(numbers))
    assert all(task["data"]["image"].startswith("s3://bucket/") for task in tasks)


@pytest.mark.parametrize("what", ["create", "change", "delete"])
def test_whatever_happens_to_an_annotation_makes_its_task_a_changed_one(
    client: LabelStudioClient, project: Project, what: str
) -> None:
    task = project.tasks[-1]
    number = project.annotate(task, "solid") if what != "create" else 0
    time.sleep(2.1)  # the filter knows whole seconds
    before = datetime.now(UTC)
    assert listed(client, project, **changed_since(before)) == []
    time.sleep(1.1)
    if what == "create":
        number = project.annotate(task, "solid")
    elif what == "change":
        project.change(number, "striped")
    else:
        project.live.call("DELETE", f"/api/annotations/{number}/")

    found = listed(client, project, **changed_since(before))

    assert [one["id"] for one in found] == [task]
    if what != "delete":
        project.live.call("DELETE", f"/api/annotations/{number}/")
