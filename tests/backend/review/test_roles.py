"""What leads may and reviewers may not: Ada is a lead, Ben and Cem are reviewers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.ledger.read import corrected_garments
from backend.review.items import decisions_of, put_items
from backend.stats.annotators import annotator_scores
from tests.backend.ledger.support import annotation, box, choice, put, told
from tests.backend.review.support import Backend, finding, running_backend
from tests.backend.review.test_ledger import task_item


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    with running_backend(tmp_path, reviewers="Ada:lead,Ben,Cem,Dua:lead") as made:
        put_items(made.database, [made.item("one", findings=[finding("color")])])
        made.sign_in("Ben")
        yield made


FIX = {"action": "fix", "region": "w_1", "attribute": "pattern", "values": "plain"}


def post(backend: Backend, path: str, **form: Any) -> Any:
    return backend.client.post(f"/review/{path}", data={"csrf": backend.token(), **form})


def said(backend: Backend) -> str:
    page = backend.client.get("/review").text
    return " ".join(re.findall(r'<p class="(?:said|alarm)"[^>]*>([^<]*)', page))


def test_a_reviewer_cannot_change_what_another_decided(backend: Backend) -> None:
    backend.cell("one", "accept", "pattern")
    backend.sign_in("Cem")
    said(backend)

    backend.cell("one", "fix", "pattern", "plain")

    page = backend.client.get("/review").text
    assert re.search(r'class="alarm" role="alert">Not taken: only a lead may change', page)
    assert backend.standing("one").cells["w_1", "pattern"].values == ("striped",)
    backend.cell("one", "fix", "sleeve", "long")
    assert backend.standing("one").cells["w_1", "sleeve"].reviewer == "Cem", "the rest is open"


def test_one_may_change_ones_own_decision(backend: Backend) -> None:
    backend.cell("one", "accept", "pattern")

    backend.cell("one", "fix", "pattern", "plain")

    assert backend.standing("one").cells["w_1", "pattern"].values == ("plain",)


def test_a_reviewer_cannot_reopen_what_another_closed(backend: Backend) -> None:
    backend.decide("one", "accept")
    backend.sign_in("Cem")

    backend.decide("one", "reject", reason="wrong_product")

    assert backend.state("one") == "accepted"


def test_a_lead_changes_what_others_decided(backend: Backend) -> None:
    backend.cell("one", "accept", "pattern")
    backend.sign_in("Ada")

    backend.cell("one", "fix", "pattern", "plain")

    assert backend.standing("one").cells["w_1", "pattern"].reviewer == "Ada"


def test_a_lead_takes_back_one_decision_of_another(backend: Backend) -> None:
    backend.cell("one", "accept", "pattern")
    backend.cell("one", "accept", "sleeve")
    decision = backend.standing("one").cells["w_1", "pattern"].decision_id
    assert "Take back Ben" not in backend.client.get("/review/items/one").text
    backend.sign_in("Ada")
    assert "Take back Ben" in backend.client.get("/review/items/one").text

    post(backend, "items/one/take-back", decision=decision)

    assert "Taken back what Ben decided" in said(backend)
    assert list(backend.standing("one").cells) == [("w_1", "sleeve")]
    post(backend, "items/one/take-back", decision=decision)
    assert "does not count any more" in said(backend)


def test_what_a_lead_took_back_is_not_taken_back_again(backend: Backend) -> None:
    backend.cell("one", "accept", "sleeve")
    backend.cell("one", "accept", "pattern")
    decision = backend.standing("one").cells["w_1", "pattern"].decision_id
    backend.sign_in("Ada")
    post(backend, "items/one/take-back", decision=decision)
    backend.sign_in("Ben")

    post(backend, "undo")

    assert backend.standing("one").cells == {}, "Ben's undo goes on with what is left of his"


def test_a_lead_takes_back_a_refusal_and_the_item_is_open_again(backend: Backend) -> None:
    backend.decide("one", "reject", reason="wrong_product")
    backend.sign_in("Ada")
    page = backend.client.get("/review/items/one").text
    assert "rejected by Ben" in page
    found = re.search(r'name="decision" value="(\d+)"', page)
    assert found is not None

    post(backend, "items/one/take-back", decision=found.group(1))

    assert backend.state("one") == "open"


@pytest.mark.parametrize("path", ["items/one/take-back", "items/one/gold"])
def test_a_reviewer_does_nothing_that_is_for_leads(backend: Backend, path: str) -> None:
    backend.cell("one", "accept", "pattern")
    before = decisions_of(backend.database)

    post(backend, path, decision=before[0].id)

    assert "only a lead may" in said(backend)
    assert decisions_of(backend.database) == before
    assert backend.client.post(f"/review/{path}", data={"csrf": "x"}).status_code == 403


def test_what_is_gold_is_the_leads(backend: Backend) -> None:
    backend.cell("one", "accept", "pattern")
    backend.sign_in("Ada")
    post(backend, "items/one/gold")
    assert "gold, marked by Ada" in backend.client.get("/review/items/one").text
    backend.sign_in("Ben")

    for path, form in (("items/one/decide", FIX), ("undo", {})):
        post(backend, path, **form)
        assert "only a lead may decide about an item that is marked as gold" in said(backend)

    assert backend.standing("one").cells["w_1", "pattern"].values == ("striped",)
    backend.sign_in("Dua")
    backend.cell("one", "fix", "pattern", "plain")
    assert backend.standing("one").cells["w_1", "pattern"].reviewer == "Dua"


def test_gold_is_left_out_where_a_reviewer_accepts_many(backend: Backend) -> None:
    put_items(backend.database, [backend.item("two", findings=[finding("color")])])
    backend.sign_in("Ada")
    backend.cell("one", "accept", "sleeve")
    post(backend, "items/one/gold")
    backend.sign_in("Ben")

    form = {"attribute": "pattern", "value": "striped", "shown": ["one|w_1", "two|w_1"]}
    assert post(backend, "grid", **form).status_code == 303

    assert list(backend.standing("one").cells) == [("w_1", "sleeve")]
    assert list(backend.standing("two").cells) == [("w_1", "pattern")]


def test_nothing_is_gold_before_something_is_decided(backend: Backend) -> None:
    backend.sign_in("Ada")

    post(backend, "items/one/gold")
    assert "nothing is decided" in said(backend)
    backend.decide("one", "reject", reason="wrong_product")
    post(backend, "items/one/gold")

    assert "nothing is decided" in said(backend)
    assert backend.standing("one").gold is None


def test_the_mark_is_taken_back_and_closes_no_item(backend: Backend) -> None:
    backend.sign_in("Ada")
    backend.cell("one", "accept", "pattern")

    post(backend, "items/one/gold")
    assert backend.standing("one").gold is not None
    assert backend.state("one") == "open"
    post(backend, "undo")

    assert backend.standing("one").gold is None
    assert list(backend.standing("one").cells) == [("w_1", "pattern")]


def test_annotators_are_measured_by_gold_and_the_model_is_not(backend: Backend) -> None:
    put_items(backend.database, [task_item(backend, "two")])
    backend.cell("two", "fix", "pattern", "plain")
    put(backend.database, told("CREATED", said_by(11, 2, pattern="plain", sleeve="long")))
    put(backend.database, told("CREATED", said_by(12, 3, pattern="striped", sleeve="short")))
    assert measured(backend) == {}
    backend.sign_in("Ada")

    post(backend, "items/two/gold")

    assert measured(backend) == {
        ("2", "pattern"): (1, 1),
        ("2", "(all)"): (1, 1),
        ("3", "pattern"): (0, 1),
        ("3", "(all)"): (0, 1),
    }
    found = corrected_garments(backend.database, ontology=backend.ontology, accepted_weight=0.3)
    assert not any(garment.is_blind for garment in found), "the gate has nothing of it"
    post(backend, "undo")
    assert measured(backend) == {}


def test_a_ground_truth_of_label_studio_comes_before_gold(backend: Backend) -> None:
    put_items(backend.database, [task_item(backend, "two")])
    backend.cell("two", "fix", "pattern", "plain")
    backend.sign_in("Ada")
    post(backend, "items/two/gold")
    truth = said_by(11, 2, pattern="floral", ground_truth=True)
    put(backend.database, told("CREATED", truth))

    assert measured(backend) == {("Ben", "pattern"): (0, 1), ("Ben", "(all)"): (0, 1)}


def said_by(number: int, user: int, ground_truth: bool = False, **answers: str) -> Any:
    place = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 60.0}
    results = [choice("a", name, value, **place) for name, value in answers.items()]
    drawn = box("a", "Shirt", **place)
    return annotation(number, 7, drawn, *results, completed_by=user, ground_truth=ground_truth)


def measured(backend: Backend) -> dict[tuple[str, str], tuple[int, int]]:
    backend.ledger()
    return {
        (one.annotator, one.attribute): (one.right, one.n)
        for one in annotator_scores(backend.database)
    }
