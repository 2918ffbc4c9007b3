"""What Label Studio ends up with, read through its API."""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from ontology.check import check_results
from ontology.config_map import ConfigMap
from ontology.load import default_ontology_path, load_ontology
from tests.live import Live

pytestmark = pytest.mark.e2e

NUM_TASKS = 300
NUM_TASKS_DEADLINE_S = 420


@pytest.fixture(scope="module")
def filled(live: Live) -> list[dict[str, Any]]:
    return [task for task in live.tasks() if task["predictions"]]


@pytest.fixture(scope="module")
def label_config(live: Live) -> str:
    return str(live.call("GET", f"/api/projects/{live.project_id}")["label_config"])


def test_every_prediction_is_legal(filled: list[dict[str, Any]], label_config: str) -> None:
    ontology = load_ontology(default_ontology_path())
    config = ConfigMap.parse(label_config, ontology)

    for task in filled:
        for prediction in task["predictions"]:
            assert check_results(prediction["result"], config, ontology) == ()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # raised inside the SDK's own imports
def test_label_studios_own_checker_agrees(filled: list[dict[str, Any]], label_config: str) -> None:
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface(label_config)

    for task in filled:
        prediction = {
            key: task["predictions"][0][key] for key in ("result", "score", "model_version")
        }
        assert interface.validate_prediction(prediction, return_errors=True) == []


def test_each_task_has_one_prediction_with_version_and_score(
    live: Live, filled: list[dict[str, Any]]
) -> None:
    version = requests.get(f"{live.backend_url}/health", timeout=5).json()["model_version"]

    for task in filled:
        assert {prediction["model_version"] for prediction in task["predictions"]} == {version}
        assert 0.0 <= task["predictions"][0]["score"] <= 1.0


def test_turned_picture_is_described_as_the_browser_shows_it(filled: list[dict[str, Any]]) -> None:
    sizes = {
        kind: (result["original_width"], result["original_height"])
        for kind in ("unusual-turned", "unusual-cmyk")
        for task in filled
        if kind in task["data"]["image"]
        for result in task["predictions"][0]["result"]
    }

    width, height = sizes["unusual-cmyk"]
    assert width < height
    assert sizes["unusual-turned"] == (width, height)


def test_damaged_pictures_show_their_reason_at_jobs(live: Live) -> None:
    jobs = requests.get(f"{live.backend_url}/jobs", timeout=5).text

    assert "0-text" in jobs or "not an image" in jobs


def test_retrieving_again_gives_the_same_regions(live: Live, filled: list[dict[str, Any]]) -> None:
    task = filled[-1]
    before = task["predictions"][-1]
    live.call("DELETE", f"/api/predictions/{before['id']}/")
    for other in task["predictions"][:-1]:
        live.call("DELETE", f"/api/predictions/{other['id']}/")

    live.call(
        "POST",
        "/api/dm/actions",
        params={"id": "retrieve_tasks_predictions", "project": live.project_id},
        json={"selectedItems": {"all": False, "included": [task["id"]]}},
    )

    again = live.call("GET", f"/api/tasks/{task['id']}")["predictions"][-1]
    assert [result["id"] for result in again["result"]] == [
        result["id"] for result in before["result"]
    ]


def test_box_drawn_by_hand_is_filled(live: Live, filled: list[dict[str, Any]]) -> None:
    task = filled[0]
    box = next(
        result for result in task["predictions"][0]["result"] if result["type"] == "rectanglelabels"
    )
    drawn = {
        **box,
        "id": "drawn",
        "origin": "manual",
        "value": {**box["value"], "x": 10, "y": 10, "width": 70, "height": 80},
    }
    (backend,) = live.call("GET", "/api/ml", params={"project": live.project_id})

    answer = live.call(
        "POST",
        f"/api/ml/{backend['id']}/interactive-annotating",
        json={"task": task["id"], "context": {"result": [drawn]}},
    )

    results = answer["data"]["result"]
    assert {result["type"] for result in results} >= {"rectanglelabels", "choices"}
    assert {result["id"] for result in results} != {box["id"]}


def test_submitted_annotation_is_stored_as_an_event_without_the_invite_token(
    live: Live, filled: list[dict[str, Any]]
) -> None:
    task = filled[1]
    prediction = task["predictions"][0]

    annotation = live.call(
        "POST",
        f"/api/tasks/{task['id']}/annotations",
        json={"result": prediction["result"], "parent_prediction": prediction["id"]},
    )

    event = wait_for_event(live, "ANNOTATION_CREATED")
    assert event["annotation"]["id"] == annotation["id"]
    assert "token" not in event["project"]


def wait_for_event(live: Live, action: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with sqlite3.connect(live.folder / "backend" / "weft.sqlite3") as database:
            row = database.execute(
                "SELECT body FROM events WHERE action = ? ORDER BY id DESC", (action,)
            ).fetchone()
        database.close()
        if row:
            event: dict[str, Any] = json.loads(row[0])
            return event
        time.sleep(0.2)
    pytest.fail(f"no event {action} was stored")


def test_hundreds_of_tasks_in_one_request_are_all_predicted_while_health_answers(
    live: Live, filled: list[dict[str, Any]]
) -> None:
    created = live.weft("connect", "--backend", live.backend_url, "--create", "Many tasks")
    assert created.returncode == 0, created.stderr
    listing = live.call("GET", "/api/projects", params={"page_size": 100})["results"]
    project_id = next(row["id"] for row in listing if row["title"] == "Many tasks")
    images = [task["data"]["image"] for task in filled]
    tasks = [{"data": {"image": images[index % len(images)]}} for index in range(NUM_TASKS)]
    live.call("POST", f"/api/projects/{project_id}/import", json=tasks)

    with ThreadPoolExecutor(1) as pool:
        retrieving = pool.submit(
            live.call,
            "POST",
            "/api/dm/actions",
            params={"id": "retrieve_tasks_predictions", "project": project_id},
            json={"selectedItems": {"all": True, "excluded": []}},
        )
        slowest_s = watch_health(live, until=retrieving.done)
        retrieving.result()

    assert slowest_s < 1.0
    deadline = time.monotonic() + NUM_TASKS_DEADLINE_S
    while (missing := num_missing(live, project_id)) and time.monotonic() < deadline:
        time.sleep(2)
    assert missing == 0


def watch_health(live: Live, *, until: Any) -> float:
    slowest_s = 0.0
    while not until():
        began = time.monotonic()
        assert requests.get(f"{live.backend_url}/health", timeout=5).json()["status"] == "UP"
        slowest_s = max(slowest_s, time.monotonic() - began)
        time.sleep(0.25)
    return slowest_s


def num_missing(live: Live, project_id: int) -> int:
    return sum(1 for task in live.tasks(project_id) if not task["predictions"])
