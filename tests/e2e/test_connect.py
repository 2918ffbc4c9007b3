"""`weft connect` and `weft doctor` against a real Label Studio."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ontology.config_map import ConfigMap
from ontology.load import default_ontology_path, load_ontology
from tests.live import Live

pytestmark = pytest.mark.e2e

TITLE = "Connected by a test"


@pytest.fixture(scope="module")
def project(live: Live) -> dict[str, Any]:
    return connect_twice(live)["second"]


def connect_twice(live: Live) -> dict[str, Any]:
    states = {}
    for name in ("first", "second"):
        done = live.weft(
            "connect", "--backend", live.backend_url, "--create", "Connected by a test"
        )
        assert done.returncode == 0, done.stderr + done.stdout
        listing = live.call("GET", "/api/projects", params={"page_size": 100})["results"]
        (found,) = [row for row in listing if row["title"] == TITLE]
        states[name] = {
            "project": live.call("GET", f"/api/projects/{found['id']}"),
            "backends": live.call("GET", "/api/ml", params={"project": found["id"]}),
            "webhooks": live.call("GET", "/api/webhooks/", params={"project": found["id"]}),
        }
    return states


def test_project_gets_the_labeling_config_of_the_ontology(project: dict[str, Any]) -> None:
    ontology = load_ontology(default_ontology_path())

    config = ConfigMap.parse(project["project"]["label_config"], ontology)

    assert set(config.label_by_category) == set(ontology.leaves)
    assert not config.unmapped


def test_backend_is_connected_under_the_version_as_title(
    live: Live, project: dict[str, Any]
) -> None:
    version = requests.get(f"{live.backend_url}/health", timeout=5).json()["model_version"]
    (backend,) = project["backends"]

    assert backend["state"] == "CO"
    assert backend["title"] == version
    assert backend["is_interactive"] is True
    assert project["project"]["model_version"] == version


def test_connecting_twice_changes_nothing(live: Live) -> None:
    states = connect_twice(live)

    assert len(states["second"]["backends"]) == 1
    assert len(states["second"]["webhooks"]) == 1


def test_webhook_carries_the_secret(live: Live, project: dict[str, Any]) -> None:
    (webhook,) = project["webhooks"]

    assert webhook["headers"]["X-Weft-Secret"] == live.account["webhook_secret"]
    assert webhook["url"] == f"{live.backend_url}/webhook"


def test_least_certain_tasks_are_served_first(project: dict[str, Any]) -> None:
    assert project["project"]["sampling"] == "Uncertainty sampling"


def test_webhook_without_the_secret_is_refused(live: Live) -> None:
    refused = requests.post(f"{live.backend_url}/webhook", json={"action": "X"}, timeout=5)

    assert refused.status_code in {401, 403}


def test_doctor_finds_nothing_wrong(live: Live) -> None:
    checked = live.weft("doctor")

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_doctor_names_a_wrong_token(live: Live) -> None:
    checked = live.weft("doctor", "--token", "0" * 40)

    assert checked.returncode == 1
    assert "token" in checked.stdout.lower()


def test_connect_without_a_reachable_label_studio_is_one_clear_line(live: Live) -> None:
    failed = live.weft("connect", "--label-studio", "http://127.0.0.1:9", "--create", "Nowhere")

    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1


def personal_access_token(live: Live) -> str:
    """Log in as a person does and make a token under Account & Settings."""
    with requests.Session() as session:
        session.get(f"{live.url}/user/login", timeout=30)
        form = {
            "email": live.account["email"],
            "password": live.account["password"],
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        session.post(f"{live.url}/user/login", data=form, timeout=30)
        headers = {"X-CSRFToken": session.cookies["csrftoken"]}
        made = session.post(f"{live.url}/api/token/", headers=headers, timeout=30)
        assert made.status_code == 201, made.text
        return str(made.json()["token"])


def test_personal_access_token_works_as_well_as_a_legacy_one(live: Live) -> None:
    token = personal_access_token(live)

    checked = live.weft("doctor", "--token", token, "--project", str(live.project_id))

    assert checked.returncode == 0, checked.stdout
    assert "personal access token" in checked.stdout
    assert "pixels" in checked.stdout  # an uploaded picture was fetched with it
    assert token not in checked.stdout + checked.stderr
