"""What becomes of decisions: labels to learn from, the same whenever they are derived again."""

from __future__ import annotations

from typing import Any

from backend.ledger.read import corrected_garments
from backend.ledger.reviewed import copy_note
from backend.review.items import put_items
from ontology.labels import CellState
from tagger.corrections import CorrectedGarment
from tests.backend.ledger.support import (
    PROJECT,
    UID,
    annotation,
    box,
    choice,
    dump,
    fetched,
    id_snapshot,
    prediction,
    put,
    states,
    told,
)
from tests.backend.review.support import Backend


def garments(backend: Backend) -> list[CorrectedGarment]:
    backend.ledger()
    return corrected_garments(backend.database, ontology=backend.ontology, accepted_weight=0.3)


def task_item(backend: Backend, name: str = "one", task: int = 7) -> Any:
    """Make an item of a task that is in Label Studio too."""
    from dataclasses import replace

    item = backend.item(name)
    return replace(item, source="task", project_uid=UID, project_id=4, task_id=task)


def test_a_fixed_value_is_learnt_with_full_weight_and_nothing_else(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.cell("one", "fix", "pattern", "plain")

    (garment,) = garments(backend)

    assert set(garment.label.cells) == {"pattern"}
    assert garment.label.cells["pattern"].any_of == {"plain"}  # type: ignore[index]
    assert garment.label.cells["pattern"].weight == 1.0  # type: ignore[index]
    assert garment.label.categories == frozenset(), "nobody looked at the category"
    assert garment.box_percent == (10.0, 10.0, 50.0, 60.0)
    assert not garment.is_blind, "the reviewer saw the model's answer, so it measures nothing"


def test_accepting_the_rest_gives_every_answer(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.cell("one", "cannot_tell", "color")
    backend.decide("one", "accept")

    (garment,) = garments(backend)

    cells = garment.label.cells
    assert cells["color"].state is CellState.CANNOT_TELL  # type: ignore[index]
    assert cells["pattern"].weight == 0.3  # type: ignore[index]
    assert garment.label.categories == {"shirt"}


def test_another_category_brings_its_own_attributes(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.cell("one", "fix", "category", "bag")
    backend.cell("one", "fix", "closure", "zip")
    backend.decide("one", "accept")

    (garment,) = garments(backend)

    assert garment.label.categories == {"bag"}
    assert set(garment.label.cells) == {"color", "closure"}


def test_what_was_rejected_or_taken_back_teaches_nothing(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one"), backend.item("two")])
    backend.cell("one", "fix", "pattern", "plain")
    backend.decide("one", "reject", reason="wrong_product")
    backend.cell("two", "fix", "pattern", "plain")
    assert len(garments(backend)) == 1
    backend.client.post("/review/undo", data={"csrf": backend.token()})

    assert garments(backend) == []


def test_deriving_again_gives_the_same_rows(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one"), backend.item("two")])
    backend.cell("one", "fix", "pattern", "plain")
    backend.cell("two", "accept", "color")
    backend.client.post("/review/undo", data={"csrf": backend.token()})
    backend.cell("two", "cannot_tell", "color")
    ledger = backend.ledger()
    before = dump(backend.database)

    ledger.rederive()

    assert dump(backend.database) == before
    assert before


def test_a_reviewer_overrules_annotators_where_they_looked_and_only_there(
    backend: Backend,
) -> None:
    shown = [box("w_1", width=50.0), choice("w_1", "pattern", "striped", width=50.0)]
    put(backend.database, fetched(prediction(3, 7, *shown)))
    said = [*shown, choice("w_1", "sleeve", "long", width=50.0)]
    put(backend.database, told("CREATED", annotation(11, 7, *said, parent=3)))
    put_items(backend.database, [task_item(backend)])
    backend.cell("one", "fix", "pattern", "floral")

    (garment,) = garments(backend)

    assert garment.label.cells["pattern"].any_of == {"floral"}  # type: ignore[index]
    assert garment.label.cells["sleeve"].any_of == {"long"}  # type: ignore[index]
    assert garment.label.categories == {"shirt"}


def test_comparing_with_label_studio_does_not_remove_decisions(backend: Backend) -> None:
    put_items(backend.database, [task_item(backend)])
    backend.cell("one", "fix", "pattern", "plain")
    put(backend.database, id_snapshot([99], at=10_000_000.0))

    assert len(garments(backend)) == 1
    assert list(states(backend.database).values()) == ["submitted"]


def test_the_copy_in_label_studio_does_not_count_until_somebody_changes_it(
    backend: Backend,
) -> None:
    put_items(backend.database, [task_item(backend)])
    backend.cell("one", "fix", "pattern", "plain")
    results = [box("w_1"), choice("w_1", "pattern", "plain")]
    results[0]["meta"] = {"text": [copy_note(results)]}
    put(backend.database, told("CREATED", annotation(12, 7, *results)))
    backend.ledger()
    assert states(backend.database)["u12"] == "copied"

    changed = [results[0], choice("w_1", "pattern", "floral")]
    put(backend.database, told("UPDATED", annotation(12, 7, *changed, updated=5000.0)))

    backend.ledger()
    assert states(backend.database)["u12"] == "submitted"
    assert PROJECT["id"] == 4
