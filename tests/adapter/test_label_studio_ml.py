"""An unmodified `label-studio-ml` backend, the adapter in it, and ours answer alike.

Run in the environment that `make setup-adapter` makes: `make adapter`.
"""

from __future__ import annotations

import base64
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.adapter.fake_service import FURNITURE, make_application

pytestmark = [
    pytest.mark.ls_ml,
    pytest.mark.filterwarnings("ignore"),  # packages of 2023 on today's Python
]

label_studio_ml = pytest.importorskip(
    "label_studio_ml", reason="label-studio-ml is not installed here; run: make adapter"
)

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"
KINDS = ("unmodified", "adapter", "ours")


def recorded(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return body


def label_config() -> str:
    from ontology.label_config import build_label_config
    from ontology.load import load_ontology

    return build_label_config(load_ontology(FURNITURE))


def picture() -> str:
    """Give a picture as a `data:` address, since nobody serves the recorded ones."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (400, 500), (200, 180, 160)).save(buffer, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def shape(value: Any) -> Any:
    """Reduce an answer to its keys and kinds of values; the elements of a list are united."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(item), sort_keys=True) for item in value})
    return "number" if isinstance(value, int | float) else type(value).__name__


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    from label_studio_ml import api, model

    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "weft"))
    model.LabelStudioMLManager._current_model = {}
    yield api
    model.LabelStudioMLManager._current_model = {}


@pytest.fixture
def client(request: pytest.FixtureRequest, api: ModuleType, tmp_path: Path) -> Iterator[Any]:
    from backend import label_studio_ml as adapter

    with make_application(tmp_path) as application:
        if request.param == "ours":
            yield application.test_client()
            return
        adapter.use_application(application)
        model: type[Any] = adapter.WeftModel
        if request.param == "unmodified":
            from tests.adapter.unmodified import Recorded

            model = Recorded
        yield api.init_app(model, model_dir=str(tmp_path / "jobs")).test_client()


def set_up(client: Any) -> Any:
    body = {**recorded("setup.request"), "schema": label_config()}
    return client.post("/setup", json=body)


def predict(client: Any) -> Any:
    body = {**recorded("predict.batch.request"), "label_config": label_config()}
    body["tasks"] = [{**task, "data": {"image": picture()}} for task in body["tasks"]]
    return client.post("/predict", json=body)


@pytest.mark.parametrize("client", KINDS, indirect=True)
def test_health_says_up(client: Any) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "UP"


@pytest.mark.parametrize("client", KINDS, indirect=True)
def test_setup_names_a_model_version(client: Any) -> None:
    answer = set_up(client)

    assert answer.status_code == 200
    assert shape(answer.get_json()) == {"model_version": "str"}


@pytest.mark.parametrize("client", KINDS, indirect=True)
def test_predict_answers_one_entry_a_task_of_the_recorded_shape(client: Any) -> None:
    set_up(client)

    answer = predict(client)

    results = answer.get_json()["results"]
    assert answer.status_code == 200
    assert len(results) == len(recorded("predict.batch.request")["tasks"])
    for result in results:
        assert shape(result) == shape(recorded("predict.response")["results"][0])


@pytest.mark.parametrize("client", KINDS, indirect=True)
def test_webhook_is_acknowledged_with_created(client: Any) -> None:
    set_up(client)
    body = recorded("webhook.annotation_created.corrected")
    body["project"]["label_config"] = label_config()

    answer = client.post("/webhook", json=body)

    assert answer.status_code == 201
    assert isinstance(answer.get_json(), dict)


@pytest.mark.parametrize("client", ["adapter"], indirect=True)
def test_adapter_fills_a_box_that_was_drawn_by_hand(client: Any) -> None:
    set_up(client)
    body = {**recorded("predict.interactive.request"), "label_config": label_config()}
    body["tasks"] = [{**task, "data": {"image": picture()}} for task in body["tasks"]]
    for result in body["params"]["context"]["result"]:
        if result["type"] == "rectanglelabels":
            result["value"]["rectanglelabels"] = ["Chair"]

    (answer,) = client.post("/predict", json=body).get_json()["results"]

    ids = {result["id"] for result in answer["result"]}
    assert {result["type"] for result in answer["result"]} == {"rectanglelabels", "choices"}
    assert len(ids) == 1
    assert all(region_id.startswith("s_") for region_id in ids)


@pytest.mark.slow
@pytest.mark.parametrize("client", ["adapter"], indirect=True)
def test_event_is_stored_by_the_process_that_line_1_0_starts_for_it(
    client: Any, tmp_path: Path
) -> None:
    set_up(client)
    body = recorded("webhook.annotation_created.corrected")
    body["project"]["label_config"] = label_config()

    client.post("/webhook", json=body)

    assert wait_for_event(tmp_path / "weft" / "weft.sqlite3") == "ANNOTATION_CREATED"


def wait_for_event(file: Path) -> str:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if file.is_file():
            database = sqlite3.connect(file)
            try:
                row = database.execute("SELECT action FROM events").fetchone()
            except sqlite3.OperationalError:
                row = None  # the table is being made
            finally:
                database.close()
            if row:
                return str(row[0])
        time.sleep(0.5)
    pytest.fail("the event was not stored")
