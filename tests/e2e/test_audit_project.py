"""The audit's review project in a real Label Studio."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ontology.load import default_ontology_path, load_ontology
from tagger.render import render_catalog
from tests.live import Live

pytestmark = pytest.mark.e2e

TITLE = "Findings of a test"


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """The project after one audit and after the same audit once more."""

    report: dict[str, Any]
    pictures: Path
    project_id: int
    first: list[dict[str, Any]]
    second: list[dict[str, Any]]

    @property
    def faulty(self) -> list[dict[str, Any]]:
        """Listings with findings and a picture, in the report's order."""
        return [one for one in self.report["listings"] if one["findings"] and one["pictures"]]


def write_listings(folder: Path) -> Path:
    """Draw products and describe them: two honestly, the others with one fault each."""
    ontology = load_ontology(default_ontology_path())
    render_catalog(folder, count=5, seed=29, ontology=ontology)
    entries = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))["images"]
    table = folder / "listings.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "title", "image", "category", "base colour", "pattern"])
        for at, entry in enumerate(entries):
            product = next(one for one in entry["garments"] if one["primary"])
            colour = product["attributes"].get("base_colour", [""])[0]
            told = {2: (colour, "zigzag swirl"), 3: ("red; green", ""), 4: ("", "")}
            cells = told.get(at, (colour, ""))
            writer.writerow(
                [f"p{at}", f"Nr. <{at}> & more", entry["file"], product["category"], *cells]
            )
        writer.writerow(["gone", "no picture", "no-such.jpg", "tshirts", "red", ""])
    return table


def audit(live: Live, table: Path, out: Path) -> list[dict[str, Any]]:
    done = live.weft(
        *("audit", str(table), "--images", str(table.parent), "--out", str(out), "--heat", "0"),
        *("--label-studio", live.url, "--project-title", TITLE),
    )
    assert done.returncode == 1, done.stderr + done.stdout  # one picture is missing
    assert "review project: " in done.stdout
    found = [one for one in projects(live) if one["title"] == TITLE]
    assert len(found) == 1
    return sorted(live.tasks(found[0]["id"]), key=lambda task: int(task["id"]))


def projects(live: Live) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = live.call("GET", "/api/projects", params={"page_size": 100})[
        "results"
    ]
    return listed


@pytest.fixture(scope="module")
def reviewed(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    folder = tmp_path_factory.mktemp("audited")
    table, out = write_listings(folder / "pictures"), folder / "out"
    first = audit(live, table, out)
    (project,) = [one for one in projects(live) if one["title"] == TITLE]
    return Reviewed(
        report=json.loads((out / "audit.json").read_text(encoding="utf-8")),
        pictures=table.parent,
        project_id=int(project["id"]),
        first=first,
        second=audit(live, table, out),
    )


def test_every_listing_with_findings_and_a_picture_is_one_task(reviewed: Reviewed) -> None:
    shown = [one["product_id"] for one in reviewed.faulty if one["product_id"] != "gone"]

    assert {"p2", "p3", "p4"} <= set(shown)
    assert sorted(task["data"]["product_id"] for task in reviewed.first) == sorted(shown)


def test_tasks_carry_their_findings_and_the_sellers_words(reviewed: Reviewed) -> None:
    listings = {one["product_id"]: one for one in reviewed.report["listings"]}

    for task in reviewed.first:
        listing = listings[task["data"]["product_id"]]
        for finding in listing["findings"]:
            assert finding["reason"] in task["data"]["findings"]
        assert listing["title"] in task["data"]["product"]
        assert task["data"]["claims"] == listing["claim_text"]


def test_the_riskiest_comes_first(live: Live, reviewed: Reviewed) -> None:
    risks = [task["data"]["risk"] for task in reviewed.first]
    following = live.call("GET", f"/api/projects/{reviewed.project_id}/next")

    assert risks == sorted(risks, reverse=True)
    assert len(set(risks)) > 1
    assert following["id"] == reviewed.first[0]["id"]


def test_pictures_resolve(live: Live, reviewed: Reviewed) -> None:
    import requests

    for task in reviewed.first:
        answer = requests.get(
            f"{live.url}{task['data']['image']}",
            headers={"Authorization": f"Token {live.account['token']}"},
            timeout=30,
        )
        assert answer.ok
        with Image.open(io.BytesIO(answer.content)) as image:
            assert min(image.size) > 100


def test_a_second_audit_doubles_nothing(reviewed: Reviewed) -> None:
    assert [task["id"] for task in reviewed.second] == [task["id"] for task in reviewed.first]
    assert [task["data"] for task in reviewed.second] == [task["data"] for task in reviewed.first]


def test_connecting_it_keeps_findings_and_order_and_adds_predictions(
    live: Live, reviewed: Reviewed
) -> None:
    number = str(reviewed.project_id)
    done = live.weft("connect", "--backend", live.backend_url, "--project", number)
    assert done.returncode == 0, done.stderr + done.stdout

    project = live.call("GET", f"/api/projects/{number}")
    following = live.call("GET", f"/api/projects/{number}/next")
    live.call(
        "POST",
        "/api/dm/actions",
        params={"id": "retrieve_tasks_predictions", "project": number},
        json={"selectedItems": {"all": False, "included": [following["id"]]}},
    )

    assert "$findings" in project["label_config"]
    assert following["id"] == reviewed.first[0]["id"]
    assert live.call("GET", f"/api/tasks/{following['id']}")["predictions"]
    assert live.weft("doctor", "--project", number).returncode == 0


def test_what_is_new_is_added_to_the_connected_project(
    live: Live, reviewed: Reviewed, tmp_path: Path
) -> None:
    picture = next(reviewed.pictures.glob("**/*.jpg"))
    with Image.open(picture) as image:
        image.resize((120, 160)).save(reviewed.pictures / "small.jpg")
    table = reviewed.pictures / "more.csv"
    table.write_text("id,image,category\nnew,small.jpg,\nbad,gone.jpg,\n", encoding="utf-8")
    before = live.call("GET", f"/api/projects/{reviewed.project_id}")["label_config"]

    tasks = audit(live, table, tmp_path)

    assert [task["data"]["product_id"] for task in tasks[len(reviewed.first) :]] == ["new"]
    after = live.call("GET", f"/api/projects/{reviewed.project_id}")["label_config"]
    assert after == before
