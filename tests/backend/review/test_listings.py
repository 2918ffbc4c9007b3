"""What audits make of the review queue, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.records.gather import records_of
from backend.review.items import ReviewItem, items_of
from backend.review.listings import Queued, queue_listings
from tagger.audit.findings import AuditReport, Finding, FindingKind, ListingResult
from tests.backend.review.support import Backend, region, running_backend


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    with running_backend(tmp_path) as made:
        for name, colour in (("front", 40), ("back", 90), ("other", 160)):
            Image.new("RGB", (400, 500), (200, colour, 40)).save(made.folder / f"{name}.jpg")
        made.sign_in()
        yield made


def finding(picture: str = "front.jpg", **fields: Any) -> Finding:
    given: dict[str, Any] = {
        "kind": FindingKind.CONTRADICTS_PICTURE,
        "product_id": "P1",
        "attribute": "pattern",
        "claim": "plain",
        "seen": "striped",
        "risk": 0.9,
        "reason": "pattern: claimed plain",
        "picture": picture,
    }
    return Finding(**given | fields)


def listing(*findings: Finding, **fields: Any) -> ListingResult:
    given: dict[str, Any] = {
        "product_id": "P1",
        "title": "",
        "seller": "Acme",
        "claims": {"pattern": ("plain",)},
        "claim_text": {"pattern": "uni"},
        "pictures": ("front.jpg", "back.jpg"),
        "regions": {"front.jpg": [region("w_f")], "back.jpg": [region("w_b")]},
        "findings": findings,
    }
    return ListingResult(**given | fields)


def queue(backend: Backend, *listings: ListingResult, version: str = "fake-1") -> Queued:
    report = AuditReport(model_version=version, listings=listings)
    return queue_listings(backend.database, report, backend.folder)


def items(backend: Backend, *states: str) -> list[ReviewItem]:
    return list(items_of(backend.database, states=states))


def test_a_listing_is_one_item_with_every_picture_the_riskiest_first(backend: Backend) -> None:
    done = queue(backend, listing(finding("back.jpg")))

    assert done == Queued(num_new=1, num_open=1, num_clean=0, num_replaced=0)
    (item,) = items(backend, "open")
    assert item.image.endswith("back.jpg")
    assert [Path(view["image"]).name for view in item.views] == ["front.jpg"]
    assert item.views[0]["regions"][0]["id"] == "w_f"
    assert item.claim_text == {"pattern": "uni", "seller": "Acme"}
    second = backend.client.get(f"/review/items/{item.id}/picture.jpg?view=1")
    assert second.status_code == 200
    assert second.data != backend.client.get(f"/review/items/{item.id}/picture.jpg").data
    assert backend.client.get(f"/review/items/{item.id}/picture.jpg?view=2").status_code == 404
    assert backend.client.get(f"/review/items/{item.id}/picture.jpg?view=-1").status_code == 404


def test_a_clean_listing_waits_for_nobody(backend: Backend) -> None:
    done = queue(backend, listing())

    assert (done.num_open, done.num_clean) == (0, 1)
    assert items(backend, "open") == []
    assert len(items(backend, "clean")) == 1


def test_the_same_upload_is_the_same_item_and_what_was_found_is_renewed(backend: Backend) -> None:
    queue(backend, listing(finding()))
    done = queue(backend, listing(finding(risk=0.4)), version="fake-2")

    assert done == Queued(num_new=0, num_open=1, num_clean=0, num_replaced=0)
    (item,) = items(backend)
    assert (item.risk, item.model_version) == (pytest.approx(0.4), "fake-2")
    assert queue(backend, listing()).num_clean == 1
    assert items(backend, "open") == []


def test_what_somebody_decided_about_an_upload_is_not_asked_again(backend: Backend) -> None:
    queue(backend, listing(finding()))
    (item,) = items(backend)
    backend.decide(item.id, "accept")

    done = queue(backend, listing(finding(risk=0.95)), version="fake-2")

    assert done == Queued(num_new=0, num_open=0, num_clean=0, num_replaced=0)
    (same,) = items(backend)
    assert (same.state, same.risk, same.model_version) == ("accepted", pytest.approx(0.9), "fake-1")


def test_nobody_accepts_answers_that_came_after_the_page_was_opened(backend: Backend) -> None:
    queue(backend, listing(finding()))
    (item,) = items(backend)
    page = backend.client.get(f"/review/items/{item.id}").text
    assert 'name="version" value="fake-1"' in page
    queue(backend, listing(finding()), version="fake-2")

    answer = backend.decide(item.id, "accept", version="fake-1")

    assert backend.state(item.id) == "open"
    assert "look at them first" in backend.client.get(answer.location).text
    backend.decide(item.id, "accept", version="fake-2")
    assert backend.state(item.id) == "accepted"


def test_another_upload_replaces_the_earlier_one(backend: Backend) -> None:
    queue(backend, listing(finding()))
    (old,) = items(backend, "open")

    done = queue(backend, listing(finding(), claim_text={"pattern": "plain"}))

    assert (done.num_new, done.num_replaced) == (1, 1)
    assert [item.id for item in items(backend, "replaced")] == [old.id]
    (new,) = items(backend, "open")
    assert new.id != old.id
    answer = backend.decide(old.id, "accept")
    assert backend.state(old.id) == "replaced"
    assert "replaced" in backend.client.get(answer.location or "/review").text
    back = queue(backend, listing(finding()))
    assert (back.num_new, back.num_replaced) == (0, 1)
    assert [item.id for item in items(backend, "open")] == [old.id]


def test_an_upload_that_comes_back_waits_for_what_it_was_queued_for(backend: Backend) -> None:
    queue(backend, listing(finding(), finding(attribute="color", claim="blue", seen="red")))
    (old,) = items(backend, "open")
    backend.cell(old.id, "fix", "pattern", "plain", at="w_f")
    queue(backend, listing(claim_text={"pattern": "plain"}))
    assert backend.state(old.id) == "replaced"

    queue(backend, listing())

    assert backend.state(old.id) == "open", "nobody has decided about the colour"


def test_the_reviewer_sees_the_listings_title(backend: Backend) -> None:
    queue(backend, listing(finding(), title="Striped <b>shirt</b>"))

    (item,) = items(backend, "open")
    page = backend.client.get(f"/review/items/{item.id}").text

    assert "<p>Striped &lt;b&gt;shirt&lt;/b&gt;</p>" in page


def test_a_picture_that_may_not_be_read_is_none_that_can_be_shown(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuses(path: Path) -> bytes:
        if path.name == "front.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuses)

    queue(backend, listing(finding()))

    (item,) = items(backend, "open")
    assert Path(item.image).name == "back.jpg"
    assert item.views == []


def test_another_picture_is_another_upload_and_another_seller_another_product(
    backend: Backend,
) -> None:
    queue(backend, listing(finding()))
    queue(backend, replace(listing(finding()), seller="Bolt"))
    assert len(items(backend, "open")) == 2

    Image.new("RGB", (400, 500), (1, 2, 3)).save(backend.folder / "back.jpg")

    assert queue(backend, listing(finding())).num_replaced == 1
    assert len(items(backend, "open")) == 2


def test_a_decided_upload_that_is_replaced_keeps_what_people_said_only(backend: Backend) -> None:
    queue(backend, listing(finding()))
    (old,) = items(backend)
    backend.cell(old.id, "fix", "sleeve", "long", at="w_f")
    backend.decide(old.id, "reject", reason="not_clear")

    queue(backend, listing(pictures=("other.jpg",), regions={"other.jpg": [region("w_o")]}))

    (record,) = records_of(
        backend.database, ontology=backend.ontology, promises=lambda _version: None
    )
    assert record.rejected == ()
    assert record.cells["sleeve"].by == "Ada"
    assert [Path(name).name for name in record.pictures] == ["other.jpg"]
    assert backend.state(old.id) == "rejected"


def test_a_replaced_upload_that_was_accepted_whole_says_nothing_of_the_next_one(
    backend: Backend,
) -> None:
    queue(backend, listing(finding()))
    (old,) = items(backend)
    backend.decide(old.id, "accept")
    (record,) = records_of(
        backend.database, ontology=backend.ontology, promises=lambda _version: None
    )
    assert record.category.by == "Ada"

    queue(backend, listing(pictures=("other.jpg",), regions={"other.jpg": [region("w_o")]}))

    (record,) = records_of(
        backend.database, ontology=backend.ontology, promises=lambda _version: None
    )
    assert record.category.by != "Ada"


def test_a_listing_whose_pictures_cannot_be_shown_is_still_decided(backend: Backend) -> None:
    gone = finding("gone.jpg", kind=FindingKind.UNREADABLE_PICTURE, attribute="", claim="", seen="")
    queue(backend, listing(gone, pictures=("gone.jpg",), regions={}))

    (item,) = items(backend, "open")
    assert item.image == ""
    page = backend.client.get(f"/review/items/{item.id}")
    assert page.status_code == 200
    assert "no picture that can be shown" in page.text
    assert backend.client.get("/review").status_code == 200
    reason = "not_clear"
    backend.decide(item.id, "reject", reason=reason)
    assert backend.state(item.id) == "rejected"
    backend.ledger()
    (record,) = records_of(
        backend.database, ontology=backend.ontology, promises=lambda _version: None
    )
    assert (record.product_id, record.rejected, record.pictures) == ("P1", (reason,), ())


def test_all_views_of_a_listing_reach_its_record(backend: Backend) -> None:
    queue(backend, listing())

    (record,) = records_of(
        backend.database, ontology=backend.ontology, promises=lambda _version: None
    )

    assert [Path(name).name for name in record.pictures] == ["back.jpg", "front.jpg"]
    assert record.seller == "Acme"


@pytest.mark.parametrize(
    ("is_promised", "left"), [(False, ["sleeve", "pattern"]), (True, ["pattern"])]
)
def test_what_is_missing_and_promised_needs_no_look(
    backend: Backend, is_promised: bool, left: list[str]
) -> None:
    kind = FindingKind.MISSING_MANDATORY
    sure = finding(kind=kind, attribute="sleeve", claim="", seen="short", risk=0.0)
    unsure = finding(kind=kind, claim="", seen="", risk=0.0)
    report = AuditReport(model_version="fake-1", listings=(listing(sure, unsure),))

    queue_listings(backend.database, report, backend.folder, is_promised=is_promised)

    (item,) = items(backend, "open")
    assert [one["attribute"] for one in item.findings] == left


def test_a_listing_of_which_only_that_is_missing_is_clean(backend: Backend) -> None:
    sure = finding(kind=FindingKind.MISSING_MANDATORY, claim="", seen="striped", risk=0.0)
    report = AuditReport(model_version="fake-1", listings=(listing(sure),))

    assert queue_listings(backend.database, report, backend.folder, is_promised=True).num_clean == 1
