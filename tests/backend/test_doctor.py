"""The doctor: each thing that goes wrong is found, named and given its mend."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from backend.connect import SECRET_HEADER, connect
from backend.doctor import Check, run_checks
from backend.label_studio import LabelStudioClient
from backend.model_source import ModelSource
from backend.settings import Settings
from ontology.load import load_ontology
from tagger.registry import ModelStoreError
from tests.backend.fake_label_studio import LEGACY, FakeLabelStudio, running
from tests.backend.support import png

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"


@dataclasses.dataclass
class Backend:
    """What answers on the backend's port."""

    version: str = "v1"
    state: str = "ready"
    model_class: str = "weft"
    secret: str = "s1"
    port: int = 0


@dataclasses.dataclass
class Scene:
    fake: FakeLabelStudio
    backend: Backend
    settings: dict[str, Any]
    source: list[ModelSource]
    project_id: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.backend.port}"

    def connect(self) -> None:
        client = LabelStudioClient(self.fake.url, LEGACY)
        report = connect(
            client,
            backend_url=self.url,
            ontology=load_ontology(FURNITURE),
            create_title="Chairs",
            webhook_secret="s1",
        )
        client.close()
        self.project_id = report.project_id

    def checks(self, **changes: Any) -> list[Check]:
        return run_checks(Settings(**(self.settings | changes)))

    def wrong(self, **changes: Any) -> dict[str, Check]:
        found = {check.name: check for check in self.checks(**changes) if not check.ok}
        assert all(check.mend for check in found.values())
        return {name.partition(": ")[2] or name: check for name, check in found.items()}


def serve_backend(backend: Backend) -> Flask:
    app = Flask("backend-of-a-test")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "UP", "model_class": backend.model_class, "model": backend.state}

    @app.post("/setup")
    def setup() -> dict[str, str]:
        return {"model_version": backend.version}

    @app.post("/webhook")
    def webhook() -> tuple[dict[str, str], int]:
        is_right = request.headers.get(SECRET_HEADER, "") == backend.secret
        return {}, 201 if is_right else 401

    return app


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    model = tmp_path / "v1"
    model.mkdir()
    (model / "ontology.yaml").write_bytes(FURNITURE.read_bytes())
    source = [ModelSource(version="v1", path=model)]
    monkeypatch.setattr("backend.model_source.find_model", lambda settings: source[0])
    monkeypatch.setattr("backend.model_source.model_loader", lambda *args: FakeModel)
    backend = Backend()
    server = make_server("127.0.0.1", 0, serve_backend(backend), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    backend.port = server.server_port
    with running(FakeLabelStudio()) as fake:
        settings = {
            "data_dir": tmp_path / "data",
            "port": backend.port,
            "label_studio_url": fake.url,
            "label_studio_token": LEGACY,
            "webhook_secret": "s1",
        }
        yield Scene(fake=fake, backend=backend, settings=settings, source=source)
    server.shutdown()
    thread.join()
    server.server_close()


class FakeModel:
    def predict(self, images: object) -> list[object]:
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_is_wrong_after_connecting(scene: Scene) -> None:
    scene.connect()

    assert scene.wrong() == {}


def test_checks_are_reported_one_by_one_and_returned(scene: Scene) -> None:
    reported: list[Check] = []

    checks = run_checks(Settings(**scene.settings), report=reported.append)

    assert reported == checks
    assert {"python", "torch", "device", "model", "data folder", "database", "server"} <= {
        check.name for check in checks
    }


def test_without_label_studio_the_rest_is_still_tried(scene: Scene) -> None:
    assert scene.wrong(label_studio_url="", port=free_port()) == {}


def test_damaged_model_is_named(scene: Scene) -> None:
    scene.source[0] = ModelSource(version="v1", path=None, fault="weights are damaged")

    assert scene.wrong()["model files"].detail == "weights are damaged"


def test_model_that_does_not_load_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ModelStoreError("made for another ontology")

    monkeypatch.setattr("backend.model_source.model_loader", lambda *args: fail)

    assert scene.wrong()["model"].detail == "made for another ontology"


def test_device_that_is_not_there_is_named(scene: Scene) -> None:
    assert "WEFT_DEVICE" in scene.wrong(device="cuda:77")["device"].mend


def test_unusable_data_folder_is_named(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    wrong = scene.wrong(data_dir=tmp_path / "file")

    assert "WEFT_DATA_DIR" in wrong["data folder"].mend
    assert "database" in wrong


def test_damaged_database_is_named(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "weft.sqlite3").write_bytes(b"garbage" * 1000)

    assert "not a database" in scene.wrong()["database"].detail


def test_backend_that_does_not_run_is_named(scene: Scene) -> None:
    assert scene.wrong(port=free_port())["server"].mend == "start `weft serve`"


def test_other_program_on_the_port_is_named(scene: Scene) -> None:
    scene.backend.model_class = "SimplestModel"

    assert "another program" in scene.wrong()["server"].detail


def test_backend_with_a_failed_model_is_named(scene: Scene) -> None:
    scene.backend.state = "failed: out of memory"

    assert "out of memory" in scene.wrong()["server"].detail


def test_backend_that_still_serves_an_older_version_is_named(scene: Scene) -> None:
    scene.source[0] = dataclasses.replace(scene.source[0], version="v2")

    assert "start `weft serve` again" in scene.wrong()["server"].mend


def test_label_studio_that_does_not_run_is_named(scene: Scene) -> None:
    wrong = scene.wrong(label_studio_url=f"http://127.0.0.1:{free_port()}")

    assert "start Label Studio" in wrong["Label Studio"].mend


@pytest.mark.parametrize("token", ["b" * 40, "a.b.c", ""])
def test_token_that_is_not_accepted_is_named(scene: Scene, token: str) -> None:
    assert "WEFT_LABEL_STUDIO_TOKEN" in scene.wrong(label_studio_token=token)["token"].mend


def test_listening_for_others_without_a_secret_is_named(scene: Scene) -> None:
    wrong = scene.wrong(host="0.0.0.0", webhook_secret="")  # noqa: S104 - the point

    assert "WEFT_WEBHOOK_SECRET" in wrong["listening address"].mend


def test_unconnected_backend_is_tried_out_and_nothing_is_left_behind(scene: Scene) -> None:
    checks = {check.name: check for check in scene.checks()}

    assert "weft connect" in checks["connected project"].mend
    assert checks["trial connection"].ok
    assert scene.fake.projects == {}


def test_blocked_private_address_is_found_by_trying(scene: Scene) -> None:
    scene.fake.refuses_private = True

    wrong = scene.wrong()

    assert "USE_DEFAULT_BANNED_SUBNETS=false" in wrong["trial connection"].mend
    assert scene.fake.projects == {}


def test_connection_that_is_cut_off_is_named_with_its_cause(scene: Scene) -> None:
    scene.connect()
    scene.fake.backend_state = "Disconnected"
    scene.fake.refuses_private = True

    wrong = scene.wrong()

    assert "Disconnected" in wrong["connection"].detail
    assert "USE_DEFAULT_BANNED_SUBNETS=false" in wrong["trial connection"].mend


def test_older_other_connection_is_named(scene: Scene) -> None:
    scene.connect()
    other = {"id": 0, "project": scene.project_id, "url": "http://other.example:1", "title": "x"}
    scene.fake.backends[0] = other

    assert "http://other.example:1" in scene.wrong()["other connections"].detail


@pytest.mark.parametrize(
    "change",
    [{"model_version": "v0"}, {"model_version": ""}, {"sampling": "Sequential sampling"}],
)
def test_project_that_does_not_follow_the_version_is_named(
    scene: Scene, change: dict[str, str]
) -> None:
    scene.connect()
    scene.fake.projects[scene.project_id] |= change

    assert f"--project {scene.project_id}" in scene.wrong()["model version"].mend


def test_title_that_is_not_the_version_is_named(scene: Scene) -> None:
    scene.connect()
    scene.fake.served_version = scene.backend.version = "v2"
    scene.source[0] = dataclasses.replace(scene.source[0], version="v2")

    assert "title is 'v1'" in scene.wrong()["model version"].detail


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"headers": {}}, "secret"),
        ({"headers": {SECRET_HEADER: "old"}}, "secret"),
        ({"is_active": False}, "switched off"),
        ({"send_payload": False}, "no content"),
        ({"send_for_all_actions": False}, "only some"),
    ],
)
def test_damaged_webhook_is_named(scene: Scene, damage: dict[str, Any], reason: str) -> None:
    scene.connect()
    next(iter(scene.fake.webhooks.values())).update(damage)

    assert reason in scene.wrong()["webhook"].detail


def test_missing_webhook_is_named(scene: Scene) -> None:
    scene.connect()
    scene.fake.webhooks.clear()

    assert "corrections and new tasks go unnoticed" in scene.wrong()["webhook"].detail


def test_running_backend_with_another_secret_is_named(scene: Scene) -> None:
    scene.connect()
    scene.backend.secret = "another"

    assert "refuses the secret" in scene.wrong()["event"].detail


def test_config_that_does_not_fit_the_ontology_is_named(scene: Scene) -> None:
    scene.connect()
    project = scene.fake.projects[scene.project_id]
    project["label_config"] = project["label_config"].replace('value="', 'value="Un', 40)

    assert "weft connect" in scene.wrong()["labeling config"].mend


def test_picture_that_cannot_be_fetched_is_named(scene: Scene) -> None:
    scene.connect()
    (task,) = scene.fake.add_tasks(scene.project_id, 1)
    scene.fake.tasks[task]["data"] = {"image": "http://127.0.0.1:1/x.jpg"}

    assert "WEFT_ALLOW_PRIVATE_HOSTS" in scene.wrong()["picture"].mend


def test_picture_that_can_be_fetched_is_fine(scene: Scene, tmp_path: Path) -> None:
    scene.connect()
    (task,) = scene.fake.add_tasks(scene.project_id, 1)
    (tmp_path / "a.png").write_bytes(png(size=(40, 50)))
    scene.fake.tasks[task]["data"] = {"image": str(tmp_path / "a.png")}

    checks = {check.name: check for check in scene.checks(local_roots=(tmp_path,))}

    assert "40 x 50" in checks[f"project {scene.project_id}: picture"].detail


def test_label_studio_that_answers_with_errors_is_one_line(scene: Scene) -> None:
    scene.connect()
    scene.fake.is_down = True

    assert set(scene.wrong()) == {"Label Studio"}
