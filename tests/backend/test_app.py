"""The routes as Label Studio calls them, with the recorded requests."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from backend.app import create_app, create_service
from backend.database import open_database
from backend.images import ImageFetcher
from backend.jobs import JobQueue
from backend.metrics import Metrics
from backend.model_thread import ModelThread
from backend.predictor import PredictionService
from backend.settings import Settings
from ontology.load import load_ontology
from ontology.model import Ontology
from tagger.registry import ModelStore, write_version
from tests.backend.support import FakeTagger, PictureServer, png, send

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONFIG = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text("utf-8")
DOCS = Path(__file__).parents[2] / "docs" / "http.md"


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


@pytest.fixture
def make(server: PictureServer, tmp_path: Path) -> Iterator[Any]:
    made: list[Any] = []

    def build(tagger: Any, **options: Any) -> Any:
        load = tagger if callable(tagger) else lambda: tagger
        metrics = Metrics()
        options_of_server = Settings(
            **{
                "label_studio_url": server.origin,
                "fetch_attempts": 1,
                "data_dir": tmp_path,
                **options,
            }
        )
        service = PredictionService(
            model=ModelThread(load, batch_size=4, metrics=metrics),
            images=ImageFetcher(options_of_server),
            metrics=metrics,
            model_version="fake-1",
            batch_size=4,
        )
        database = open_database(tmp_path)
        jobs = JobQueue(database)
        app = create_app(
            options_of_server, service=service, metrics=metrics, database=database, jobs=jobs
        )
        service.start()
        backend = SimpleNamespace(
            client=app.test_client(), jobs=jobs, database=database, service=service, app=app
        )
        made.append(backend)
        return backend

    yield build
    for backend in made:
        backend.service.close()
        backend.database.close()


@pytest.fixture
def client(make: Any, ontology: Ontology) -> FlaskClient:
    found: FlaskClient = make(FakeTagger(ontology)).client
    return found


def payload(name: str) -> Any:
    body = json.loads((FIXTURES / "payloads" / name).read_text("utf-8"))
    for place in (body, body.get("project")):
        if isinstance(place, dict) and "label_config" in place:
            place["label_config"] = CONFIG
    return body


def serve_recorded(server: PictureServer) -> None:
    server.add("/data/upload/5/69d3cf70-item1.jpg", png((200, 0, 0), size=(400, 500)))
    server.add("/data/upload/5/b69ee71e-item2.jpg", png((0, 0, 200), size=(400, 500)))
    server.add("/data/upload/11/226fdfac-item2.jpg", png((0, 0, 200), size=(400, 500)))


def test_the_recorded_batch_request_gets_the_recorded_shape(
    client: FlaskClient, server: PictureServer
) -> None:
    serve_recorded(server)
    answer = client.post("/predict", json=payload("predict.batch.request.json"))
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    recorded = payload("predict.response.json")["results"][0]
    assert [set(entry) for entry in results] == [set(recorded)] * 2
    assert [entry["model_version"] for entry in results] == ["fake-1", "fake-1"]
    assert [entry["result"][0]["value"]["rectanglelabels"] for entry in results] == [
        ["Shirt"],
        ["Bag"],
    ]
    for entry in results:
        assert 0 <= entry["score"] <= 1
        for result in entry["result"]:
            want = next(r for r in recorded["result"] if r["type"] == result["type"])
            assert set(result) == set(want)


def test_the_same_request_gets_the_same_answer(client: FlaskClient, server: PictureServer) -> None:
    serve_recorded(server)
    first, second = (
        client.post("/predict", json=payload("predict.batch.request.json")).data for _ in range(2)
    )
    assert first == second


def test_the_recorded_interactive_request_fills_the_drawn_rectangle_only(
    client: FlaskClient, server: PictureServer
) -> None:
    serve_recorded(server)
    request = payload("predict.interactive.request.json")
    (entry,) = client.post("/predict", json=request).get_json()["results"]
    drawn = request["params"]["context"]["result"][-1]
    assert {result["id"] for result in entry["result"]} == {entry["result"][0]["id"]}
    assert entry["result"][0]["id"].startswith("s_")
    assert entry["result"][0]["value"]["rectanglelabels"] == ["Bag"]
    for result in entry["result"]:
        assert result["value"]["x"] == drawn["value"]["x"]
        assert result["value"]["height"] == drawn["value"]["height"]
    kinds = [result["type"] for result in entry["result"]]
    assert kinds == ["rectanglelabels", "choices", "choices"]


def test_what_the_worker_sends_meanwhile_is_not_answered_a_second_time(
    make: Any, ontology: Ontology, server: PictureServer
) -> None:
    serve_recorded(server)
    backend = make(FakeTagger(ontology))
    body = payload("predict.batch.request.json")
    uid, (first, second) = body["project"], [task["id"] for task in body["tasks"]]
    backend.jobs.asked.take(uid, [first])

    results = backend.client.post("/predict", json=body).get_json()["results"]

    assert [bool(entry) for entry in results] == [False, True]
    assert backend.jobs.asked.held_s(uid, first) == 0.0
    assert backend.jobs.asked.held_s(uid, second) > 0.0


def test_setup_answers_the_version_while_the_model_loads(make: Any, ontology: Ontology) -> None:
    go = threading.Event()
    backend = make(lambda: (go.wait(10), FakeTagger(ontology))[1])
    answer = backend.client.post("/setup", json=payload("setup.request.json"))
    assert answer.get_json() == {"model_version": "fake-1"}
    assert backend.client.get("/health").get_json() == {
        "status": "UP",
        "model_class": "weft",
        "model": "loading",
        "model_version": "fake-1",
    }
    go.set()
    backend.service.model.wait_settled(5)
    for path in ("/", "/health"):
        assert backend.client.get(path).get_json()["model"] == "ready"


@pytest.mark.parametrize("extra", [{}, {"extra_params": {"a": 1}}, {"extra_params": "text"}])
def test_setup_takes_any_extra_parameters(client: FlaskClient, extra: dict[str, Any]) -> None:
    body = {"project": "5.1", "schema": CONFIG, **extra}
    assert client.post("/setup", json=body).status_code == 200


def test_a_failed_model_says_so_and_its_tasks_are_queued(make: Any, server: PictureServer) -> None:
    def load() -> Any:
        raise RuntimeError("weights are damaged")

    backend = make(load)
    serve_recorded(server)
    answer = backend.client.post("/predict", json=payload("predict.batch.request.json"))
    assert answer.get_json() == {"results": [{}, {}]}
    assert backend.client.get("/health").get_json()["model"] == "failed: weights are damaged"
    waiting = backend.jobs.summary()["tasks"]
    assert {task["task"] for task in waiting} == {7, 8}
    assert all("weights are damaged" in task["reason"] for task in waiting)
    assert {task["image"] for task in waiting} == {
        "/data/upload/5/69d3cf70-item1.jpg",
        "/data/upload/5/b69ee71e-item2.jpg",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"tasks": {"id": 1, "data": {}}, "label_config": "<View></View>"},
        {"tasks": {"data": {"image": "x"}}, "label_config": "<View></View>", "project": "1.2"},
        {"tasks": [{"id": 1, "data": {"image": "/x.png"}}], "label_config": "not xml <"},
        {"tasks": [{"id": 1, "data": {"image": "/x.png"}}], "label_config": None},
        {"tasks": [{"id": 1, "data": {"image": "/x.png"}}]},
        {"tasks": ["no task"], "label_config": CONFIG},
        {"tasks": [{"id": 1, "data": {"other": 3}}], "label_config": CONFIG},
        {"tasks": [{"id": "x", "data": None}], "label_config": CONFIG, "params": None},
        {"tasks": [{}], "label_config": CONFIG, "params": {"context": {"result": []}}},
        {"tasks": [{}], "label_config": CONFIG, "params": {"context": {"result": [{"a": 1}]}}},
    ],
)
def test_odd_requests_get_one_empty_entry_a_task(client: FlaskClient, body: Any) -> None:
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200
    assert answer.get_json() == {"results": [{}]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
tasks_like = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values,
        "data": json_values | st.fixed_dictionaries({"image": json_values}),
    },
)
drawn_like = st.fixed_dictionaries(
    {
        "type": st.just("rectanglelabels") | json_values,
        "value": json_values
        | st.fixed_dictionaries(
            {key: st.floats(-50, 150) | json_values for key in ("x", "y", "width", "height")},
            optional={"rotation": json_values},
        ),
    },
    optional={"id": json_values},
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tasks=st.lists(tasks_like | json_values, max_size=3),
    params=json_values
    | st.fixed_dictionaries(
        {
            "context": json_values
            | st.fixed_dictionaries({"result": st.lists(drawn_like, max_size=2)})
        }
    ),
    project=json_values,
    url=st.sampled_from(["", "/data/upload/5/69d3cf70-item1.jpg"]),
)
def test_whatever_is_asked_there_is_one_entry_a_task(
    client: FlaskClient, server: PictureServer, tasks: Any, params: Any, project: Any, url: str
) -> None:
    serve_recorded(server)
    if url:
        tasks = [{"id": 1, "data": {"image": url}}, *tasks]
    body = {"tasks": tasks, "label_config": CONFIG, "params": params, "project": project}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200
    assert len(answer.get_json()["results"]) == len(tasks)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    action=st.sampled_from(["ANNOTATION_CREATED", "TASKS_CREATED"]) | json_values,
    project=json_values | st.fixed_dictionaries({"id": json_values, "label_config": json_values}),
    rest=st.fixed_dictionaries({}, optional={"tasks": json_values, "annotation": json_values}),
)
def test_whatever_an_event_holds_it_is_stored(
    client: FlaskClient, action: Any, project: Any, rest: Any
) -> None:
    answer = client.post("/webhook", json={"action": action, "project": project, **rest})
    assert answer.status_code in (200, 201)


def test_no_tasks_get_no_entries(client: FlaskClient) -> None:
    assert client.post("/predict", json={"tasks": []}).get_json() == {"results": []}


def test_bad_pictures_are_empty_entries_whose_reasons_are_kept(
    make: Any, ontology: Ontology, server: PictureServer
) -> None:
    backend = make(FakeTagger(ontology))
    server.add("/data/upload/1/good.png", png())
    server.add("/data/upload/1/text.jpg", b"text")
    server.routes["/data/upload/1/busy.png"] = lambda handler: send(handler, b"", status=500)
    images = ["good.png", "text.jpg", "busy.png", "gone.png"]
    tasks = [{"id": n, "data": {"image": f"/data/upload/1/{i}"}} for n, i in enumerate(images)]
    body = {"tasks": tasks, "label_config": CONFIG, "project": "4.1795227357"}
    results = backend.client.post("/predict", json=body).get_json()["results"]
    assert [bool(entry) for entry in results] == [True, False, False, False]
    page = backend.client.get("/jobs").get_json()
    states = {task["task"]: (task["state"], task["reason"]) for task in page["tasks"]}
    assert set(states) == {1, 2, 3}
    assert states[1][0] == states[3][0] == "failed"
    assert "not an image" in states[1][1]
    assert "404" in states[3][1]
    assert states[2][0] == "queued"
    assert "500" in states[2][1]
    html = backend.client.get("/jobs", headers={"Accept": "text/html,*/*;q=0.8"})
    assert html.mimetype == "text/html"
    assert "not an image" in html.get_data(as_text=True)


def test_the_jobs_page_escapes_what_task_data_brought(
    make: Any, ontology: Ontology, server: PictureServer
) -> None:
    backend = make(FakeTagger(ontology))
    task = {"id": 1, "data": {"image": "/data/upload/<script>alert(1)</script>.png"}}
    body = {"tasks": [task], "label_config": CONFIG, "project": "4.1"}
    backend.client.post("/predict", json=body)
    html = backend.client.get("/jobs", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_an_unusable_config_is_visible_until_it_is_mended(
    client: FlaskClient, server: PictureServer
) -> None:
    serve_recorded(server)
    body = payload("predict.batch.request.json")
    client.post("/predict", json={**body, "label_config": "<View></View>"})
    faults = client.get("/jobs").get_json()["config_faults"]
    assert "Image" in faults["5.1795227887"]
    client.post("/predict", json=body)
    assert client.get("/jobs").get_json()["config_faults"] == {}


def test_text_that_is_no_unicode_breaks_neither_answers_nor_the_jobs_page(
    client: FlaskClient, server: PictureServer
) -> None:
    serve_recorded(server)
    tasks = [{"id": 1, "data": {"image": "/data/upload/\ud800.png"}}]
    for config in (CONFIG, "<View>\ud800"):
        body = {"tasks": tasks, "label_config": config, "project": "4.1"}
        assert client.post("/predict", json=body).get_json() == {"results": [{}]}
    html = client.get("/jobs", headers={"Accept": "text/html"})
    assert html.status_code == 200
    assert "cannot be used" in html.get_data(as_text=True)


def test_too_many_requests_at_once_are_queued_instead_of_starving_health(
    make: Any, ontology: Ontology, server: PictureServer
) -> None:
    backend = make(FakeTagger(ontology, seconds=0.5), server_threads=5)  # one prediction at a time
    serve_recorded(server)
    body = payload("predict.batch.request.json")
    slow = threading.Thread(
        target=lambda: backend.app.test_client().post("/predict", json=body), daemon=True
    )
    slow.start()
    while not backend.service.model.wait_settled(5).batches:
        pass
    answer = backend.client.post("/predict", json=body)
    slow.join(5)
    assert answer.get_json() == {"results": [{}, {}]}
    waiting = backend.jobs.summary()["tasks"]
    assert {task["reason"] for task in waiting} == {"too many requests at once"}


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/predict", {"data": "{", "content_type": "application/json"}, 400),
        ("/predict", {"data": b"\xff\xfe{}", "content_type": "application/json"}, 400),
        ("/predict", {"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ("/predict", {"data": "tasks=1", "content_type": "text/plain"}, 415),
        ("/predict", {"json": []}, 400),
        ("/predict", {"json": {}}, 400),
        ("/predict", {"json": {"tasks": None}}, 400),
        ("/predict", {"json": {"tasks": [], "filler": "x" * 5000}}, 413),
        ("/webhook", {"json": ["no object"]}, 400),
        ("/nowhere", {"json": {}}, 404),
        ("/health", {"json": {}}, 405),
    ],
)
def test_every_error_has_the_same_shape_and_no_traceback(
    make: Any, ontology: Ontology, path: str, options: dict[str, Any], status: int
) -> None:
    limit = {"max_request_bytes": 4096} if status == 413 else {}
    answer = make(FakeTagger(ontology), **limit).client.post(path, **options)
    assert answer.status_code == status
    body = answer.get_json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"type", "message"}
    assert all(isinstance(text, str) and text for text in body["error"].values())
    assert "Traceback" not in answer.get_data(as_text=True)


def test_an_unexpected_failure_is_named_by_a_number_only(
    make: Any, ontology: Ontology, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = make(FakeTagger(ontology))

    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(backend.service, "predict", crash)
    body = {"tasks": [{"id": 1, "data": {"image": "/x"}}], "label_config": CONFIG}
    answer = backend.client.post("/predict", json=body)
    assert answer.status_code == 500
    assert "secret detail" not in answer.get_data(as_text=True)
    assert re.search(r"[0-9a-f]{12}", answer.get_json()["error"]["message"])
    assert backend.client.get("/health").status_code == 200


EVENTS = [
    "webhook.annotation_created.corrected.json",
    "webhook.annotation_created.skipped.json",
    "webhook.annotation_updated.json",
    "webhook.annotations_created.bulk.json",
    "webhook.annotations_deleted.json",
    "webhook.project_updated.json",
    "webhook.start_training.json",
    "webhook.tasks_created.json",
    "webhook.tasks_deleted.json",
]


def stored_actions(backend: Any) -> list[str]:
    from sqlalchemy import select

    from backend.database import EventRow

    with backend.database.transaction() as session:
        return list(session.scalars(select(EventRow.action).order_by(EventRow.id)))


@pytest.mark.parametrize("name", EVENTS)
def test_every_recorded_event_is_stored_and_acknowledged(
    make: Any, ontology: Ontology, name: str
) -> None:
    backend = make(FakeTagger(ontology))
    event = payload(name)
    answer = backend.client.post("/webhook", json=event)
    assert answer.status_code == 201
    assert stored_actions(backend) == [event["action"]]


def test_the_upstream_minimal_event_is_created_and_an_unknown_one_ignored(
    client: FlaskClient,
) -> None:
    minimal = {"action": "ANNOTATION_CREATED", "project": {"id": 1, "label_config": "<View/>"}}
    assert client.post("/webhook", json=minimal).status_code == 201
    for action in ("SOMETHING_NEW", None, {"a": 1}):
        assert client.post("/webhook", json={"action": action, "project": {}}).status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"X-Weft-Secret": "open sesame"}, 201),
        ({"X-Weft-Secret": "open sesam"}, 401),
        ({"X-Weft-Secret": "OPEN SESAME"}, 401),
        ({"X-Weft-Secret": ""}, 401),
        ({"X-Weft-Secret": "öpen"}, 401),
        ({}, 401),
    ],
)
def test_an_event_needs_the_secret_once_one_is_set(
    make: Any, ontology: Ontology, header: dict[str, str], status: int
) -> None:
    backend = make(FakeTagger(ontology), webhook_secret="open sesame")
    event = payload("webhook.annotation_created.corrected.json")
    answer = backend.client.post("/webhook", json=event, headers=header)
    assert answer.status_code == status
    assert len(stored_actions(backend)) == (1 if status == 201 else 0)
    assert "open sesame" not in answer.get_data(as_text=True)


def test_the_secret_is_compared_in_constant_time(
    make: Any, ontology: Ontology, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(
        "backend.protocol.hmac.compare_digest", lambda a, b: bool(compared.append((a, b)))
    )
    backend = make(FakeTagger(ontology), webhook_secret="open sesame")
    event = payload("webhook.tasks_deleted.json")
    answer = backend.client.post("/webhook", json=event, headers={"X-Weft-Secret": "guess"})
    assert answer.status_code == 401
    assert compared == [(b"guess", b"open sesame")]


def test_start_training_comes_without_the_secret_and_nothing_of_its_body_is_kept(
    make: Any, ontology: Ontology
) -> None:
    backend = make(FakeTagger(ontology), webhook_secret="open sesame")
    answer = backend.client.post("/webhook", json=payload("webhook.start_training.json"))
    assert answer.status_code == 201
    assert stored_actions(backend) == ["START_TRAINING"]
    from backend.events import unhandled_events

    (event,) = unhandled_events(backend.database, actions=["START_TRAINING"])
    assert event.body == {"action": "START_TRAINING"}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 201),
        ("::1", 201),
        ("::ffff:127.0.0.1", 201),
        ("127.9.9.9", 201),
        ("10.0.0.8", 403),
        ("203.0.113.4", 403),
        ("", 403),
    ],
)
def test_without_a_secret_events_come_from_this_machine_only(
    make: Any, ontology: Ontology, address: str, status: int
) -> None:
    backend = make(FakeTagger(ontology))
    answer = backend.client.post(
        "/webhook",
        json=payload("webhook.tasks_created.json"),
        environ_overrides={"REMOTE_ADDR": address},
    )
    assert answer.status_code == status
    assert len(stored_actions(backend)) == (1 if status == 201 else 0)


@pytest.mark.parametrize("method", ["get", "post"])
def test_versions_answers_get_and_post_with_the_served_one_first(
    client: FlaskClient, method: str
) -> None:
    versions = getattr(client, method)("/versions", json={}).get_json()["versions"]
    assert versions[0] == "fake-1"


def test_metrics_count_what_happened(client: FlaskClient, server: PictureServer) -> None:
    serve_recorded(server)
    client.post("/predict", json=payload("predict.batch.request.json"))
    client.post("/nowhere/with/a/name")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'weft_tasks_total{outcome="ready"} 2.0' in text
    assert 'weft_requests_total{route="/predict",status="200"} 1.0' in text
    assert 'weft_requests_total{route="unknown",status="404"} 1.0' in text
    assert "weft_model_ready 1.0" in text
    assert "weft_regions_total 2.0" in text


def test_every_route_and_metric_is_documented(client: FlaskClient) -> None:
    text = DOCS.read_text("utf-8")
    for rule in client.application.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"`{method} {rule.rule}`" in text
    shown = set(re.findall(r"^# TYPE (\w+) ", client.get("/metrics").text, re.MULTILINE))
    documented = set(re.findall(r"^\| `(weft_\w+)", text, re.MULTILINE))
    assert documented == {name for name in shown if not name.endswith("_created")}


def test_a_database_in_trouble_costs_no_predictions(
    make: Any, ontology: Ontology, server: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.database import DatabaseError

    backend = make(FakeTagger(ontology))

    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("disk is full")

    monkeypatch.setattr(backend.jobs, "record_failures", refuse)
    monkeypatch.setattr(backend.jobs, "enqueue", refuse)
    server.add("/data/upload/1/good.png", png())
    images = ["/data/upload/1/good.png", "/data/upload/1/gone.png"]
    tasks = [{"id": n, "data": {"image": image}} for n, image in enumerate(images)]
    body = {"tasks": tasks, "label_config": CONFIG, "project": "4.1"}
    results = backend.client.post("/predict", json=body).get_json()["results"]
    assert [bool(entry) for entry in results] == [True, False]


def add_version(root: Path, name: str) -> None:
    """Write a version that is whole; what is loaded for it is up to the test."""
    root.mkdir(parents=True, exist_ok=True)
    weights = root.parent / "weights.bin"
    weights.write_bytes(name.encode())
    describe: dict[str, Any] = {"model": {}, "taught": {}, "data": [], "training": {}}
    write_version(
        root,
        version=name,
        weights=weights,
        ontology_source="format: 1\n",
        calibration={},
        describe={**describe, "metrics": {}},
    )


@pytest.fixture
def store(tmp_path: Path, ontology: Ontology, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """Two versions, the first live, each of which loads as a fake tagger of its name."""

    def loader(source: Any, settings: Any) -> Any:
        def load() -> FakeTagger:
            tagger = FakeTagger(ontology, seconds=0.2)
            tagger.version = source.version
            return tagger

        return load

    for module in ("backend.app", "backend.model_source"):
        monkeypatch.setattr(f"{module}.model_loader", loader)
    store = ModelStore(tmp_path / "models")
    for name in ("mine-1", "mine-2"):
        add_version(store.root, name)
    store.promote("mine-1")
    return store


@pytest.fixture
def promoting(store: ModelStore, server: PictureServer, tmp_path: Path) -> Iterator[Any]:
    metrics = Metrics()
    options = Settings(data_dir=tmp_path, label_studio_url=server.origin, batch_size=2)
    service = create_service(options, metrics=metrics, renew_every_s=0.05)
    database = open_database(tmp_path)
    jobs = JobQueue(database)
    app = create_app(options, service=service, metrics=metrics, database=database, jobs=jobs)
    service.start()
    service.model.wait_settled(5)
    yield SimpleNamespace(client=app.test_client(), jobs=jobs, app=app)
    service.close()
    database.close()


def wait_for(client: FlaskClient, **wanted: str) -> None:
    ends_at = time.monotonic() + 5
    while True:
        health = client.get("/health").get_json()
        if {name: health.get(name, "") for name in wanted} == wanted:
            return
        assert time.monotonic() < ends_at, health
        time.sleep(0.01)


def test_a_promoted_version_answers_without_a_restart(
    promoting: Any, store: ModelStore, server: PictureServer
) -> None:
    client: FlaskClient = promoting.client
    server.add("/a.png", png())
    body = {
        "tasks": [{"id": 1, "data": {"image": "/a.png"}}, {"id": 2, "data": {"image": "/no.png"}}],
        "label_config": CONFIG,
        "project": "4.1",
    }
    versions = []
    for version in ("mine-1", "mine-2"):
        store.promote(version)
        wait_for(client, model_version=version, model="ready")
        assert client.post("/setup", json={}).get_json() == {"model_version": version}
        assert client.get("/versions").get_json()["versions"][0] == version
        versions.append(client.post("/predict", json=body).get_json()["results"][0])
    assert [entry["model_version"] for entry in versions] == ["mine-1", "mine-2"]
    first, second = ({result["id"] for result in entry["result"]} for entry in versions)
    assert not first & second
    noted = {task["model_version"] for task in promoting.jobs.summary()["tasks"]}
    assert noted == {"mine-1", "mine-2"}


def test_a_request_under_way_is_answered_whole_by_the_version_it_began_with(
    promoting: Any, store: ModelStore, server: PictureServer
) -> None:
    for number in range(10):
        server.add(f"/{number}.png", png((200, number, 0)))
    tasks = [{"id": n, "data": {"image": f"/{n}.png"}} for n in range(10)]
    body = {"tasks": tasks, "label_config": CONFIG, "project": "4.1"}
    answers: list[Any] = []

    def ask() -> None:
        answers.append(promoting.app.test_client().post("/predict", json=body).get_json())

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.1)
    store.promote("mine-2")
    wait_for(promoting.client, model_version="mine-2")
    assert answers == []
    asking.join(20)
    assert [entry["model_version"] for entry in answers[0]["results"]] == ["mine-1"] * 10


def test_a_damaged_live_version_is_named_while_the_one_before_goes_on(
    promoting: Any, store: ModelStore
) -> None:
    client: FlaskClient = promoting.client
    assert "model_detail" not in client.get("/health").get_json()
    (store.root / "mine-2" / "weights.safetensors").write_bytes(b"bits have flipped")
    (store.root / "live.json").write_text('["mine-2"]', encoding="utf-8")
    ends_at = time.monotonic() + 5
    while "model_detail" not in (health := client.get("/health").get_json()):
        assert time.monotonic() < ends_at
        time.sleep(0.01)
    assert (health["model"], health["model_version"]) == ("ready", "mine-1")
    assert "mine-2: weights.safetensors is damaged" in health["model_detail"]
    (store.root / "live.json").write_text('["mine-1"]', encoding="utf-8")
    wait_for(client, model_version="mine-1", model_detail="")


def test_a_version_that_the_settings_name_is_kept_whatever_is_promoted(
    store: ModelStore, tmp_path: Path
) -> None:
    settings_of_server = Settings(data_dir=tmp_path, model="mine-1")
    service = create_service(settings_of_server, metrics=Metrics(), renew_every_s=0.05)
    service.start()
    service.model.wait_settled(5)
    store.promote("mine-2")
    time.sleep(0.3)
    assert (service.model_version, service.model.fault) == ("mine-1", "")
    service.close()


def test_hundreds_of_bad_pictures_in_one_request_are_noted_together(
    make: Any, ontology: Ontology, server: PictureServer
) -> None:
    backend = make(FakeTagger(ontology))
    commits: list[object] = []
    event.listen(backend.database.engine, "commit", commits.append)
    for number in range(0, 200, 2):  # may pass, and says its own address each time
        server.routes[f"/{number}.png"] = lambda handler: send(handler, b"", status=503)
    tasks = [{"id": n, "data": {"image": f"/{n}.png"}} for n in range(200)]
    body = {"tasks": tasks, "label_config": CONFIG, "project": "4.1"}

    assert backend.client.post("/predict", json=body).get_json()["results"] == [{}] * 200

    assert len(commits) <= 2
    summary = backend.jobs.summary(limit=200)
    assert summary["counts"] == {"queued": 100, "failed": 100}
    assert all(f"/{task['task']}.png" in task["reason"] for task in summary["tasks"])


def test_an_event_that_cannot_be_stored_is_not_acknowledged(
    make: Any, ontology: Ontology, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.database import DatabaseError

    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("disk is full")

    monkeypatch.setattr("backend.events.store_event", refuse)
    answer = make(FakeTagger(ontology)).client.post(
        "/webhook", json=payload("webhook.tasks_deleted.json")
    )
    assert answer.status_code == 503
    assert "disk is full" in answer.get_json()["error"]["message"]
