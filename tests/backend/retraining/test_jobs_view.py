from types import SimpleNamespace

import pytest
from flask import Flask

from backend.database import open_database
from backend.jobs_view import jobs_blueprint
from backend.retraining.runs import RunStore
from backend.retraining.tables import RunKind, RunTrigger


@pytest.fixture
def store(tmp_path):
    database = open_database(tmp_path)
    yield RunStore(database)
    database.close()


def _client(store):
    app = Flask("backend")
    service = SimpleNamespace(state="ready", model_version="v1")
    app.register_blueprint(
        jobs_blueprint(service, SimpleNamespace(config_faults={}), None, runs=store)
    )
    return app.test_client()


def test_runs_are_shown_to_programs_and_people_without_paths(store, tmp_path):
    run = store.request(RunKind.FAST, RunTrigger.COUNT, usable=3)
    store.take_up(run.id, pid=1)
    report = {"decision": "undecided", "report": str(tmp_path / "report.html")}
    store.update(run.id, state="undecided", candidate="v2", note="too <few>", verdict=report)
    (found,) = _client(store).get("/jobs").json["training"]
    assert (found["state"], found["candidate"], found["trigger"]) == ("undecided", "v2", "count")
    assert found["verdict"] == {"decision": "undecided", "report": f"/loop/reports/{run.id}"}
    page = _client(store).get("/jobs", headers={"Accept": "text/html"}).text
    assert "too &lt;few&gt;" in page
    assert f'href="/loop/reports/{run.id}"' in page
    assert str(tmp_path) not in page


def test_without_a_database_there_are_no_runs():
    assert _client(None).get("/jobs").json["training"] == []
