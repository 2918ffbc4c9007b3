"""Values that cannot be together: sleeveless excludes striped in the recorded ontology."""

from __future__ import annotations

from typing import Any

import pytest

from backend.ledger.read import corrected_garments
from backend.records.gather import records_of
from backend.records.record import RecordState
from backend.review.items import decisions_of, put_items
from backend.review.rules import broken_rule, dropped_answers
from ontology.labels import CellState
from tests.backend.review.support import TOKEN, Backend, finding, ontology
from tests.backend.review.test_deliver import FakeClient, delivery
from tests.backend.review.test_ledger import task_item

RULE = "Sleeve sleeveless excludes Pattern striped"


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (("sleeve", ["sleeveless"]), ("pattern", ["striped"]), RULE),
        (("pattern", ["striped"]), ("sleeve", ["sleeveless"]), RULE),
        (("sleeve", ["sleeveless"]), ("pattern", ["plain"]), ""),
        (("sleeve", ["sleeveless"]), ("pattern", []), ""),
        (("sleeve", ["sleeveless"]), ("heel", ["flat"]), ""),
        (("color", ["red", "red"]), ("pattern", ["striped"]), ""),
    ],
)
def test_only_what_two_values_break_together_counts(one: Any, other: Any, rule: str) -> None:
    assert broken_rule(ontology(), "shirt", one, other) == rule


def test_what_is_of_another_ontology_breaks_nothing() -> None:
    assert broken_rule(ontology(), "kimono", ("sleeve", ["a"]), ("pattern", ["b"])) == ""


def test_a_predicted_value_gives_way_and_others_stay() -> None:
    predicted = {"pattern": ["striped"], "color": ["red"]}

    found = dropped_answers(ontology(), "shirt", predicted, {"sleeve": ["sleeveless"]})

    assert {name: one.values for name, one in found.items()} == {"pattern": ("striped",)}


def test_a_fix_is_kept_and_says_which_prediction_it_drops(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    backend.cell("one", "fix", "sleeve", "sleeveless")

    page = backend.client.get("/review/items/one").text
    assert page.count(f"cannot be with Sleeve sleeveless (rule: {RULE})") == 2, "said and shown"
    assert backend.standing("one").cells["w_1", "sleeve"].values == ("sleeveless",)
    assert backend.state("one") == "open", "what was asked is still to be decided"


def test_what_was_decided_is_not_overruled_by_another_value(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", findings=[finding("color")])])
    backend.cell("one", "accept", "pattern")

    backend.cell("one", "fix", "sleeve", "sleeveless")

    (line,) = [
        line for line in backend.client.get("/review").text.splitlines() if "Not taken" in line
    ]
    assert "Sleeve sleeveless cannot be with Pattern striped, which Ada decided" in line
    assert f"rule: {RULE}" in line
    assert "first put another value for Pattern" in line
    assert [d.attribute for d in decisions_of(backend.database)] == ["pattern"]
    backend.cell("one", "fix", "pattern", "plain")
    backend.cell("one", "fix", "sleeve", "sleeveless")
    assert backend.standing("one").cells["w_1", "sleeve"].values == ("sleeveless",)


def test_what_was_dropped_cannot_be_accepted(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", findings=[finding("color")])])
    backend.cell("one", "fix", "sleeve", "sleeveless")

    backend.cell("one", "accept", "pattern")

    assert "Not taken" in backend.client.get("/review").text
    assert list(backend.standing("one").cells) == [("w_1", "sleeve")]


def test_accepting_the_rest_leaves_out_what_was_dropped(backend: Backend) -> None:
    put_items(backend.database, [task_item(backend)])
    backend.cell("one", "fix", "sleeve", "sleeveless")
    backend.decide("one", "accept")
    client = FakeClient(f"{backend.folder / 'one.jpg'}")

    delivery(backend, client)()
    backend.ledger()
    (garment,) = corrected_garments(
        backend.database, ontology=backend.ontology, accepted_weight=0.3
    )
    (record,) = records_of(backend.database, ontology=backend.ontology, promises=lambda _: None)

    (sent,) = client.annotations.values()
    assert {r["from_name"] for r in sent["result"]} == {"label", "sleeve", "color"}
    cells: Any = garment.label.cells
    assert cells["sleeve"].any_of == {"sleeveless"}
    assert "striped" not in cells["pattern"].positives | cells["pattern"].any_of
    assert cells["pattern"].state is not CellState.CANNOT_TELL
    seen: Any = record.cells
    assert seen["sleeve"].values == ("sleeveless",)
    assert seen["pattern"].state is not RecordState.VALUE


def test_undo_brings_the_prediction_back(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.cell("one", "fix", "sleeve", "sleeveless")
    assert backend.standing("one").dropped

    backend.client.post("/review/undo", data={"csrf": backend.token()})

    assert not backend.standing("one").dropped


def test_a_dropped_value_is_not_accepted_over_many_pictures(backend: Backend) -> None:
    put_items(
        backend.database,
        [backend.item(name, findings=[finding("color")]) for name in ("a", "b")],
    )
    backend.cell("a", "fix", "sleeve", "sleeveless")

    page = backend.client.get("/review/grid?attribute=pattern&value=striped").text
    found = TOKEN.search(page)
    assert found is not None
    assert "a|w_1" not in page
    assert "b|w_1" in page
    form = {"csrf": found.group(1), "attribute": "pattern", "value": "striped"}
    backend.client.post("/review/grid", data={**form, "shown": ["a|w_1", "b|w_1"]})

    assert list(backend.standing("a").cells) == [("w_1", "sleeve")]
    assert list(backend.standing("b").cells) == [("w_1", "pattern")]
