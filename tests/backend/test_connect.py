"""Connecting a project: everything is put right, and nothing is changed twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.connect import SECRET_HEADER, ConnectError, ConnectReport, connect
from backend.jobs import ProjectRef
from backend.label_studio import LabelStudioAuthError, LabelStudioClient, LabelStudioNotFoundError
from backend.overlays_secret import OverlaySecrets
from backend.protocol import SECRET_HEADER as CHECKED_HEADER
from ontology.evidence_panel import panel_address_in
from ontology.label_config import build_label_config
from ontology.load import load_ontology
from ontology.model import Ontology
from tests.backend.fake_label_studio import LEGACY, FakeLabelStudio, running

BACKEND = "http://backend.example:9090"
Connect = Callable[..., ConnectReport]


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(Path(__file__).parents[1] / "fixtures" / "furniture.yaml")


@pytest.fixture
def fake() -> Iterator[FakeLabelStudio]:
    with running(FakeLabelStudio()) as server:
        yield server


@pytest.fixture
def join(fake: FakeLabelStudio, ontology: Ontology) -> Iterator[Connect]:
    client = LabelStudioClient(fake.url, LEGACY)

    def call(**options: object) -> ConnectReport:
        usual = {"backend_url": BACKEND, "ontology": ontology, "webhook_secret": "s1"}
        return connect(client, **(usual | options))  # type: ignore[arg-type]

    yield call
    client.close()


def writes(fake: FakeLabelStudio) -> list[str]:
    return [call for call in fake.calls if not call.startswith("GET")]


def test_new_project_gets_everything(
    fake: FakeLabelStudio, join: Connect, ontology: Ontology
) -> None:
    report = join(create_title="Chairs")

    project = fake.projects[report.project_id]
    (backend,) = fake.backends.values()
    (hook,) = fake.webhooks.values()
    assert project["label_config"] == build_label_config(ontology)
    assert project["sampling"] == "Uncertainty sampling"
    assert project["show_collab_predictions"] is True
    assert project["model_version"] == backend["title"] == report.model_version == "v1"
    assert (backend["url"], backend["is_interactive"]) == (BACKEND, True)
    assert (hook["url"], hook["headers"]) == (BACKEND + "/webhook", {SECRET_HEADER: "s1"})
    assert report.replaced_config == ""
    assert report.project_url == f"{fake.url}/projects/{report.project_id}/data"


def test_the_evidence_panel_comes_and_goes_and_connecting_again_changes_nothing(
    fake: FakeLabelStudio, join: Connect, ontology: Ontology
) -> None:
    secrets = OverlaySecrets(b"key")
    report = join(create_title="Chairs", evidence=secrets)
    project = fake.projects[report.project_id]
    uid = ProjectRef.from_api({**project, "id": report.project_id}).uid

    address = f"{BACKEND}/overlays/{secrets.secret(uid)}/evidence.jpg?image=$image"
    assert project["label_config"] == build_label_config(ontology, evidence=address)
    for mode in ("auto", "replace", "keep"):
        assert join(project_id=report.project_id, evidence=secrets, config=mode).changes == ()
    join(project_id=report.project_id, config="keep")
    assert panel_address_in(project["label_config"]) == address, "keep changes nothing"
    join(project_id=report.project_id)
    assert project["label_config"] == build_label_config(ontology)


def test_header_is_the_one_that_the_backend_checks() -> None:
    assert SECRET_HEADER == CHECKED_HEADER


@pytest.mark.parametrize("address", [BACKEND, BACKEND + "/"])
def test_connecting_twice_changes_nothing(
    fake: FakeLabelStudio, join: Connect, address: str
) -> None:
    first = join(create_title="Chairs")
    fake.calls.clear()

    by_title = join(create_title="Chairs", backend_url=address)
    by_id = join(project_id=first.project_id)

    assert writes(fake) == []
    assert by_title.changes == by_id.changes == ()
    assert by_title.project_id == first.project_id


@pytest.mark.parametrize(
    "damage",
    [
        {"headers": {}},
        {"headers": {SECRET_HEADER: "old"}},
        {"is_active": False},
        {"send_payload": False},
        {"send_for_all_actions": False},
    ],
)
def test_damaged_webhook_is_repaired(
    fake: FakeLabelStudio, join: Connect, damage: dict[str, object]
) -> None:
    report = join(create_title="Chairs")
    (hook,) = fake.webhooks.values()
    right = dict(hook)
    hook |= damage

    repaired = join(project_id=report.project_id)

    assert hook == right
    assert len(repaired.changes) == 1


def test_changed_secret_reaches_the_webhook_and_other_headers_stay(
    fake: FakeLabelStudio, join: Connect
) -> None:
    report = join(create_title="Chairs")
    (hook,) = fake.webhooks.values()
    hook["headers"]["Authorization"] = "Basic eDp5"

    join(project_id=report.project_id, webhook_secret="s2")

    assert hook["headers"] == {SECRET_HEADER: "s2", "Authorization": "Basic eDp5"}


def test_webhook_that_label_studio_did_not_make_is_made(
    fake: FakeLabelStudio, join: Connect
) -> None:
    fake.makes_webhooks = False

    report = join(create_title="Chairs")

    assert [hook["project"] for hook in fake.webhooks.values()] == [report.project_id]
    assert "made the webhook" in report.changes


def test_deleted_webhook_comes_back(fake: FakeLabelStudio, join: Connect) -> None:
    report = join(create_title="Chairs")
    fake.webhooks.clear()

    join(project_id=report.project_id)

    assert [hook["headers"] for hook in fake.webhooks.values()] == [{SECRET_HEADER: "s1"}]


def test_doubles_are_removed(fake: FakeLabelStudio, join: Connect) -> None:
    report = join(create_title="Chairs")
    fake.backends[900] = {**next(iter(fake.backends.values())), "id": 900}
    fake.webhooks[901] = {**next(iter(fake.webhooks.values())), "id": 901}

    again = join(project_id=report.project_id)

    assert [backend["id"] for backend in fake.backends.values()] == [report.backend_id]
    assert [hook["id"] for hook in fake.webhooks.values()] == [report.webhook_id]
    assert len(again.changes) == 2


def test_new_model_version_becomes_title_and_project_version(
    fake: FakeLabelStudio, join: Connect
) -> None:
    report = join(create_title="Chairs")
    fake.served_version = "v2"

    join(project_id=report.project_id)

    assert fake.backends[report.backend_id]["title"] == "v2"
    assert fake.projects[report.project_id]["model_version"] == "v2"


def test_other_connections_and_webhooks_are_left_alone_but_named(
    fake: FakeLabelStudio, join: Connect
) -> None:
    number = fake.add_project(title="Chairs")
    fake.backends[1000] = {
        "id": 0,
        "project": number,
        "url": "http://other.example",
        "title": "x",
        "is_interactive": False,
    }
    fake.webhooks[1001] = {"id": 1001, "project": number, "url": "http://other.example/hook"}

    report = join(project_id=number)

    assert 1000 in fake.backends
    assert fake.webhooks[1001] == {
        "id": 1001,
        "project": number,
        "url": "http://other.example/hook",
    }
    assert [warning for warning in report.warnings if "http://other.example" in warning]


@pytest.mark.parametrize(
    ("mode", "is_written"), [("auto", True), ("replace", True), ("keep", False)]
)
def test_config_that_does_not_fit_is_replaced_and_handed_back(
    fake: FakeLabelStudio, join: Connect, ontology: Ontology, mode: str, is_written: bool
) -> None:
    foreign = (
        '<View><Image name="i" value="$photo"/><RectangleLabels name="label" toName="i">'
        '<Label value="Spaceship"/></RectangleLabels></View>'
    )
    number = fake.add_project(label_config=foreign)

    report = join(project_id=number, config=mode)

    written = fake.projects[number]["label_config"]
    assert (written != foreign) is is_written
    assert report.replaced_config == (foreign if is_written else "")
    assert bool(report.warnings) is not is_written
    if is_written:
        assert written == build_label_config(ontology, image_key="photo")


def test_edited_config_that_still_covers_the_ontology_is_kept(
    fake: FakeLabelStudio, join: Connect, ontology: Ontology
) -> None:
    edited = build_label_config(ontology).replace("<View", '<View data-mine="1"', 1)
    number = fake.add_project(label_config=edited)

    report = join(project_id=number)

    assert fake.projects[number]["label_config"] == edited
    assert report.replaced_config == ""


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"image": "a.jpg", "cover": "b.jpg"}, "image"),
        ({"sku": "1", "cover": "http://x.example/b.PNG?size=2"}, "cover"),
        ({"$undefined$": "/data/upload/1/a.jpg"}, "image"),
        ({"sku": "1"}, "image"),
    ],
)
def test_picture_key_is_taken_from_the_tasks(
    fake: FakeLabelStudio, join: Connect, ontology: Ontology, data: dict[str, str], key: str
) -> None:
    number = fake.add_project()
    (task,) = fake.add_tasks(number, 1)
    fake.tasks[task]["data"] = data

    join(project_id=number)

    assert fake.projects[number]["label_config"] == build_label_config(ontology, image_key=key)


def test_somebody_elses_project_of_the_same_title_is_not_touched(
    fake: FakeLabelStudio, join: Connect
) -> None:
    number = fake.add_project(title="Chairs")
    fake.add_tasks(number, 1)

    with pytest.raises(ConnectError, match=f"id {number}"):
        join(create_title="Chairs")

    assert writes(fake) == []


def test_interrupted_first_connection_is_completed(fake: FakeLabelStudio, join: Connect) -> None:
    fake.refuses_private = True
    with pytest.raises(ConnectError):
        join(create_title="Chairs")
    fake.refuses_private = False

    report = join(create_title="Chairs")

    assert list(fake.projects) == [report.project_id]
    assert len(fake.backends) == len(fake.webhooks) == 1


def test_private_address_names_the_setting(fake: FakeLabelStudio, join: Connect) -> None:
    fake.refuses_private = True

    with pytest.raises(ConnectError, match="USE_DEFAULT_BANNED_SUBNETS=false"):
        join(create_title="Chairs")


def test_bare_name_is_explained(fake: FakeLabelStudio, join: Connect) -> None:
    fake.makes_webhooks = False

    with pytest.raises(ConnectError, match="names with a dot"):
        join(create_title="Chairs", backend_url="http://backend:9090")


def test_backend_that_label_studio_does_not_reach_is_an_error(
    fake: FakeLabelStudio, join: Connect
) -> None:
    fake.backend_state = "Disconnected"

    with pytest.raises(ConnectError, match="Disconnected"):
        join(create_title="Chairs")


@pytest.mark.parametrize("address", ["", "backend:9090", "ftp://backend.example", "http://"])
def test_address_that_is_none_is_refused_before_anything_is_sent(
    fake: FakeLabelStudio, join: Connect, address: str
) -> None:
    with pytest.raises(ConnectError, match=re.escape("http://127.0.0.1:9090")):
        join(create_title="Chairs", backend_url=address)

    assert fake.calls == []


@pytest.mark.parametrize("title", [None, "", "ab", "  a  "])
def test_title_has_at_least_three_characters(join: Connect, title: str | None) -> None:
    with pytest.raises(ConnectError, match="3 characters"):
        join(create_title=title)


def test_two_projects_of_one_title_have_to_be_told_apart(
    fake: FakeLabelStudio, join: Connect
) -> None:
    numbers = [fake.add_project(title="Chairs") for _ in range(2)]

    with pytest.raises(ConnectError, match=f"ids {numbers[0]}, {numbers[1]}"):
        join(create_title="Chairs")


def test_missing_secret_is_a_warning_unless_on_this_machine(
    fake: FakeLabelStudio, join: Connect
) -> None:
    far = join(create_title="Chairs", webhook_secret="")
    near = join(create_title="Tables", webhook_secret="", backend_url="http://127.0.0.1:9090")

    assert any("WEFT_WEBHOOK_SECRET" in warning for warning in far.warnings)
    assert near.warnings == ()


def test_project_that_is_not_there_is_named(join: Connect) -> None:
    with pytest.raises(LabelStudioNotFoundError, match="99"):
        join(project_id=99)


def test_wrong_token_is_named(fake: FakeLabelStudio, ontology: Ontology) -> None:
    client = LabelStudioClient(fake.url, "b" * 40)

    with pytest.raises(LabelStudioAuthError):
        connect(client, backend_url=BACKEND, ontology=ontology, create_title="Chairs")
    client.close()
