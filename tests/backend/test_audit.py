"""One listing over HTTP, and tasks for Label Studio."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from backend._project_config import wanted_sampling
from backend.app import create_app
from backend.audit import parse_listing
from backend.audit_project import (
    AuditProjectError,
    make_review_project,
    review_config,
)
from backend.images import ImageFetcher
from backend.metrics import Metrics
from backend.model_thread import ModelThread
from backend.predictor import PredictionService
from backend.requests import RequestError
from backend.settings import Settings
from ontology.load import load_ontology
from tagger.audit.findings import AuditReport, Finding, FindingKind, ListingResult
from tagger.audit.product import branch
from tagger.known import Taught
from tests.backend.support import FakeTagger


@pytest.fixture(scope="module")
def furniture(request):
    return load_ontology(request.path.parents[1] / "fixtures" / "furniture.yaml")


def _inline(seed=0, colour=(200, 30, 30)):
    pixels = np.random.default_rng(seed).integers(0, 90, (400, 400, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image.paste(colour, (0, 0, 40, 40))
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


@pytest.fixture
def tagger(furniture):
    return FakeTagger(furniture)


@pytest.fixture
def client(furniture, tagger, tmp_path):
    values = {a.id: frozenset(v.id for v in a.values) for a in furniture.attributes}
    leaves = frozenset(furniture.leaves)
    tagger.real = Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )
    tagger.scorer = SimpleNamespace(calibration=SimpleNamespace(category_threshold=0.8))
    metrics, settings = Metrics(), Settings(data_dir=tmp_path)
    service = PredictionService(
        model=ModelThread(lambda: tagger, batch_size=4, metrics=metrics),
        images=ImageFetcher(settings),
        metrics=metrics,
        model_version="fake-1",
    )
    service.start()
    yield create_app(settings, service=service, metrics=metrics).test_client()
    service.close()


def test_a_listing_is_held_against_its_pictures(client, furniture):
    leaf = furniture.category(furniture.leaves[0])
    body = {"id": "p1", "seller": "Shop", "images": [_inline()], "category": leaf.label}
    answer = client.post("/audit", json=body)

    assert answer.status_code == 200
    assert answer.json["seller"] == "Shop"
    assert answer.json["model_version"] == "fake-1"
    assert answer.json["claims"] == {"category": [leaf.id]}
    assert len(next(iter(answer.json["regions"].values()))) == 1


def test_a_garment_of_another_branch_than_claimed_is_looked_for_once_more(
    client, furniture, tagger
):
    first, *others = furniture.leaves
    other = next(one for one in others if branch(furniture, one) != branch(furniture, first))
    body = {"id": "p1", "images": [_inline()], "category": furniture.category(first).label}
    client.post("/audit", json=body)
    assert tagger.modes == ["auto"]

    answer = client.post("/audit", json={**body, "category": furniture.category(other).label})

    assert answer.status_code == 200
    assert tagger.modes == ["auto", "auto", "detect"]


def test_a_picture_that_cannot_be_had_is_a_finding_and_no_failure(client):
    answer = client.post("/audit", json={"id": "p1", "images": ["/etc/passwd"]})

    assert answer.status_code == 200
    assert "unreadable_picture" in {one["kind"] for one in answer.json["findings"]}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"images": "a.jpg"},
        {"images": [1]},
        {"images": ["x.jpg"] * 13},
        {"attributes": []},
        {"attributes": {"no_such": "x"}},
        {"category": 5},
    ],
)
def test_a_body_of_another_shape_is_refused_in_one_line(client, body):
    answer = client.post("/audit", json=body)

    assert answer.status_code == 400
    assert "\n" not in answer.json["error"]["message"]


def test_keys_that_are_not_known_are_refused_with_those_that_are(client):
    answer = client.post("/audit", json={"id": "p1", "image": "a.jpg", "colour": "red"})

    assert answer.status_code == 400
    message = answer.json["error"]["message"]
    assert "unknown 'colour', 'image'" in message
    assert "images, category, attributes" in message


def test_an_attribute_that_is_nearly_spelt_right_is_refused_with_the_right_one(client, furniture):
    name = furniture.attributes[0].id
    answer = client.post("/audit", json={"attributes": {f"{name}s": "x"}})

    assert f"did you mean {name}?" in answer.json["error"]["message"]


def test_what_was_left_empty_is_no_claim(furniture):
    assert parse_listing({"id": None}, furniture).id == ""
    found = parse_listing({"id": 7, "category": "  ", "attributes": {}}, furniture)

    assert (found.id, found.seller, found.claims) == ("7", "", {})
    with pytest.raises(RequestError):
        parse_listing(None, furniture)


@pytest.fixture
def report(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (300, 400), (90, 20, 20)).save(folder / "a.jpg")
    finding = Finding(
        kind=FindingKind.CONTRADICTS_PICTURE,
        product_id="p1",
        attribute="shade",
        claim="globe",
        seen="drum",
        risk=0.9,
        reason="shade: claimed 'globe'",
        picture="a.jpg",
    )
    gone = replace(finding, product_id="p3", picture="gone.jpg")
    common = {
        "title": "",
        "seller": "Acme",
        "claims": {"shade": ("globe",)},
        "claim_text": {"shade": "globe"},
    }
    listings = (
        ListingResult(product_id="p1", pictures=("a.jpg",), findings=(finding,), **common),
        ListingResult(product_id="p2", pictures=("a.jpg",), **common),
        ListingResult(product_id="p3", pictures=("gone.jpg",), findings=(gone,), **common),
    )
    return AuditReport(model_version="v1", listings=listings), folder


class Projects:
    """As much of Label Studio as the review project needs."""

    def __init__(self):
        self.made, self.rows, self.sizes = [], [], {}

    def projects(self):
        return self.made

    def create_project(self, title, **fields):
        self.made.append({"id": 4 + len(self.made), "title": title, **fields})
        return self.made[-1]

    def tasks(self, project_id):
        return [row for row in self.rows if row["project"] == project_id]

    def project(self, project_id):
        return next(one for one in self.made if one["id"] == project_id)

    def update_project(self, project_id, **fields):
        project = self.project(project_id)
        project |= fields
        return project

    def upload_pictures(self, project_id, files):
        config = self.project(project_id)["label_config"]
        assert "$findings" not in config, "refused (400): more than one data key"
        for file in files:
            with Image.open(file) as image:
                self.sizes[file.name] = image.size
        return {file.name: f"/data/upload/{project_id}/0a1b2c3d-{file.name}" for file in files}

    def import_tasks(self, project_id, tasks):
        for task in tasks:
            self.rows.append({**task, "id": len(self.rows), "project": project_id})
        return []

    def update_task(self, task_id, **fields):
        self.rows[task_id] |= fields
        return self.rows[task_id]


def test_a_review_project_gets_one_task_a_listing_with_findings(report, furniture):
    client = Projects()
    made, folder = report
    address = make_review_project("http://ls/", "", made, folder, ontology=furniture, client=client)

    assert address == "http://ls/projects/4"
    (task,) = client.rows
    assert "contradicts_picture" in task["data"]["findings"]
    assert task["data"]["image"].startswith("/data/upload/4/")
    assert list(client.sizes.values()) == [(300, 400)]
    assert 'value="$findings"' in review_config(furniture)
    assert client.made[0]["label_config"] == review_config(furniture)
    assert client.made[0]["sampling"] == wanted_sampling(review_config(furniture))


def test_a_second_audit_renews_what_is_said_and_adds_only_what_is_new(report, furniture):
    client = Projects()
    made, folder = report
    more = replace(made.listings[0], product_id="p9")
    fixed = replace(made.listings[0], findings=())
    arguments = {"ontology": furniture, "client": client}

    make_review_project("http://ls", "", made, folder, **arguments)
    make_review_project("http://ls", "", made, folder, **arguments)
    assert len(client.made) == len(client.rows) == 1

    later = replace(made, listings=(fixed, more))
    make_review_project("http://ls", "", later, folder, **arguments)
    assert [row["data"]["product_id"] for row in client.rows] == ["p1", "p9"]
    assert client.rows[0]["data"]["findings"] == "nothing is found any more"
    assert client.rows[0]["data"]["risk"] == 0.0
    assert client.rows[0]["data"]["image"].startswith("/data/upload/4/")


def test_another_title_makes_another_project(report, furniture):
    client = Projects()
    made, folder = report

    for title in ("Spring", "Autumn"):
        make_review_project(
            "http://ls", "", made, folder, ontology=furniture, client=client, title=title
        )

    assert [project["title"] for project in client.made] == ["Spring", "Autumn"]
    assert [row["project"] for row in client.rows] == [4, 5]


def test_two_projects_of_one_title_are_not_guessed_between(report, furniture):
    client = Projects()
    client.made = [{"id": 1, "title": "Same"}, {"id": 2, "title": "Same"}]
    made, folder = report

    with pytest.raises(AuditProjectError, match=r"ids 1, 2"):
        make_review_project(
            "http://ls", "", made, folder, ontology=furniture, client=client, title="Same"
        )


def test_pictures_that_are_not_kept_are_an_error(report, furniture):
    client = Projects()
    client.upload_pictures = lambda _project, _files: {}
    made, folder = report

    with pytest.raises(AuditProjectError, match="did not keep 1 of 1"):
        make_review_project("http://ls", "", made, folder, ontology=furniture, client=client)
    assert not client.rows


def test_a_project_without_anything_to_review_is_not_made(furniture, tmp_path):
    nothing, client = AuditReport(model_version="v1", listings=()), Projects()

    with pytest.raises(AuditProjectError, match="no listing"):
        make_review_project("http://ls", "", nothing, tmp_path, ontology=furniture, client=client)
    assert not client.made
    with pytest.raises(AuditProjectError, match="no token"):
        make_review_project("http://ls", "", nothing, tmp_path, ontology=furniture)
