"""From stored events to the ledger's rows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from backend.database import Database, EventRow
from backend.ledger.tables import LedgerAnnotationRow
from tests.backend.ledger.support import (
    UID,
    annotation,
    box,
    cells,
    changes,
    choice,
    deleted,
    dump,
    fetched,
    id_snapshot,
    ledger,
    moment,
    only,
    payload,
    prediction,
    put,
    regions,
    states,
    task_snapshot,
    tasks_deleted,
    told,
)


def _recorded_prediction() -> dict[str, Any]:
    return fetched(payload("api.prediction_1"))


def test_recorded_correction_says_what_was_changed(database: Database) -> None:
    put(database, payload("webhook.annotation_created.corrected"))
    put(database, _recorded_prediction())

    ledger(database).take_up_all()

    row = only(database)
    assert (row.state, row.project_uid, row.task_id, row.model_version) == (
        "submitted",
        UID,
        1,
        "v1",
    )
    assert row.image == "http://ml-backend.example:9090/img/item3.jpg"
    assert not row.is_pending
    found = regions(database)
    assert {key: region.change for key, region in found.items()} == {
        "r1_0_v1": "relabelled",
        "r1_1_v1": "kept",
    }
    assert (found["r1_0_v1"].category_before, found["r1_0_v1"].category_after) == (
        "bag",
        "footwear",
    )
    assert (found["r1_0_v1"].image_w, found["r1_0_v1"].image_h) == (400, 500)


def test_recorded_acceptance_gives_accepted_cells_only(database: Database) -> None:
    accepted = payload("webhook.annotation_created.accepted")
    said = accepted["annotation"]
    parent = prediction(said["parent_prediction"], said["task"], *_bare(said["result"]))
    put(database, accepted)
    put(database, fetched(parent))

    ledger(database).take_up_all()

    assert {region.change for region in regions(database).values()} == {"kept"}
    found = {row.change for row in cells(database).values() if row.before}
    assert found == {"accepted"}
    assert {row.weight for row in cells(database).values() if row.before} == {0.3}
    assert not any(row.counts_for_gate for row in cells(database).values())


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("webhook.annotation_created.skipped", "skipped"),
        ("webhook.annotations_created.bulk", "bulk"),
    ],
)
def test_recorded_annotations_nobody_looked_at_give_no_labels(
    database: Database, name: str, state: str
) -> None:
    put(database, payload(name))

    ledger(database).take_up_all()

    assert only(database).state == state
    assert not only(database).is_pending
    assert cells(database) == {}
    assert regions(database) == {}


def test_recorded_update_wins_over_what_it_updates(database: Database) -> None:
    for name in ("annotation_updated", "annotation_created.corrected"):
        put(database, payload(f"webhook.{name}"))
    put(database, _recorded_prediction())

    ledger(database).take_up_all()

    assert regions(database)["r1_1_v1"].change == "deleted"


def test_untouched_copy_that_the_api_lists_is_bulk_work(database: Database) -> None:
    shown = [box("w_1"), choice("w_1", "sleeve", "short")]
    copied = annotation(1, 7, *shown, parent=3, lead_time=None)
    put(database, task_snapshot(7, [copied], at=10, predictions=[prediction(3, 7, *shown)]))

    ledger(database).take_up_all()

    assert only(database).state == "bulk"


def test_copy_that_differs_from_its_prediction_is_a_correction(database: Database) -> None:
    shown = [box("w_1"), choice("w_1", "sleeve", "short")]
    said = annotation(1, 7, box("w_1"), choice("w_1", "sleeve", "long"), parent=3, lead_time=None)
    put(database, task_snapshot(7, [said], at=10, predictions=[prediction(3, 7, *shown)]))

    ledger(database).take_up_all()

    assert changes(database)["w_1", "sleeve"] == "changed"


def test_cells_wait_for_the_prediction_that_they_came_from(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("w_1"), parent=3)))
    ledger(database).take_up_all()
    assert only(database).is_pending
    assert regions(database) == {}

    put(database, fetched(prediction(3, 7, box("w_1"))))
    ledger(database).take_up_all()

    assert not only(database).is_pending
    assert regions(database)["w_1"].change == "kept"


def test_prediction_that_is_gone_is_replaced_by_what_the_results_say_themselves(
    database: Database,
) -> None:
    said = annotation(
        1,
        7,
        box("w_1", origin="prediction"),
        choice("w_1", "sleeve", "short", origin="prediction"),
        box("x", origin="manual", x=60),
        choice("x", "sleeve", "long", origin="manual", x=60),
        parent=3,
    )
    put(database, told("CREATED", said))
    put(database, fetched({"id": 3, "task": 7, "is_gone": True}))

    ledger(database).take_up_all()

    assert changes(database)["w_1", "sleeve"] == "accepted"
    assert changes(database)["x", "sleeve"] == "added"


def test_parent_is_found_by_its_regions_if_none_is_named(database: Database) -> None:
    said = annotation(1, 7, box("w_1"), choice("w_1", "sleeve", "long"))
    put(database, told("CREATED", said))
    ledger(database).take_up_all()
    assert only(database).is_pending

    put(database, fetched(prediction(3, 7, box("w_1"), choice("w_1", "sleeve", "short"))))
    put(database, fetched(prediction(4, 7, box("w_9"))))
    ledger(database).take_up_all()

    assert changes(database)["w_1", "sleeve"] == "changed"
    assert only(database).model_version == "v1"


def test_deletion_ends_an_annotation_whichever_comes_first(database: Database) -> None:
    put(database, deleted(1), at=50)
    ledger(database).take_up_all()
    put(database, told("CREATED", annotation(1, 7, box("x"), created=10)), at=60)

    ledger(database).take_up_all()

    assert states(database) == {"u1": "deleted"}
    assert regions(database) == {}


def test_next_holder_of_an_id_lives_and_the_one_before_does_not(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), unique="a", created=10)), at=11)
    put(database, deleted(1), at=20)
    put(database, told("CREATED", annotation(1, 7, box("x"), unique="b", created=30)), at=31)

    ledger(database).take_up_all()

    assert states(database) == {"a": "deleted", "b": "submitted"}


def test_next_holder_of_an_id_ends_the_one_before_even_in_another_task(
    database: Database,
) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), unique="a", created=10)))
    ledger(database).take_up_all()
    put(database, told("CREATED", annotation(1, 8, box("x"), unique="b", created=30)))

    ledger(database).take_up_all()

    assert states(database) == {"a": "deleted", "b": "submitted"}


def test_same_deletion_again_later_ends_the_next_holder_too(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), unique="a", created=10)), at=11)
    put(database, deleted(1), at=20)
    put(database, told("CREATED", annotation(1, 7, box("x"), unique="b", created=30)), at=31)
    ledger(database).take_up_all()

    put(database, deleted(1), at=40)
    ledger(database).take_up_all()

    assert states(database) == {"a": "deleted", "b": "deleted"}


def test_deleted_task_takes_its_annotations_along(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), created=10)), at=11)
    put(database, told("CREATED", annotation(2, 8, box("x"), created=10)), at=11)
    put(database, tasks_deleted(7), at=20)

    ledger(database).take_up_all()

    assert states(database) == {"u1": "deleted", "u2": "submitted"}


def test_task_that_got_a_deleted_ones_id_keeps_its_annotations(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), created=10)), at=11)
    put(database, tasks_deleted(7), at=20)
    put(database, told("CREATED", annotation(2, 7, box("x"), created=30)), at=31)

    ledger(database).take_up_all()

    assert states(database) == {"u1": "deleted", "u2": "submitted"}


def test_annotation_that_the_api_does_not_list_any_more_is_deleted(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), created=10)), at=11)
    put(database, told("CREATED", annotation(2, 7, box("x"), created=10)), at=11)
    put(database, told("CREATED", annotation(3, 7, box("x"), created=90)), at=11)
    put(database, task_snapshot(7, [annotation(2, 7, box("x"), created=10)], at=50))

    ledger(database).take_up_all()

    assert states(database) == {"u1": "deleted", "u2": "submitted", "u3": "submitted"}


def test_annotation_outside_the_set_of_all_ids_is_deleted(database: Database) -> None:
    for number in (1, 2):
        put(database, told("CREATED", annotation(number, 7, box("x"), created=10)), at=11)
    ledger(database).take_up_all()
    put(database, id_snapshot([2], at=50))

    ledger(database).take_up_all()

    assert states(database) == {"u1": "deleted", "u2": "submitted"}


def test_snapshot_wins_over_a_deletion_that_came_before_it(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), created=10)), at=11)
    put(database, deleted(1), at=20)
    put(database, task_snapshot(7, [annotation(1, 7, box("x"), created=10)], at=50))

    ledger(database).take_up_all()

    assert states(database) == {"u1": "submitted"}


def test_project_that_got_a_deleted_ones_id_is_another_project(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), created=10)))
    other = told("CREATED", annotation(5, 7, box("x"), created=10))
    other["project"] = other["project"] | {"created_at": "2026-11-22T00:00:00Z"}
    put(database, other)

    ledger(database).take_up_all()

    with database.transaction() as session:
        found = session.scalars(select(LedgerAnnotationRow.project_uid)).all()
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"action": "ANNOTATION_CREATED"},
        {"action": "ANNOTATION_CREATED", "project": {"id": 4}},
        {"action": "ANNOTATION_CREATED", "project": {"id": 4}, "annotation": 7, "task": "x"},
        {"action": "ANNOTATION_CREATED", "project": {"id": 4}, "annotation": {"id": "one"}},
        {
            "action": "ANNOTATION_UPDATED",
            "project": {"id": 4, "created_at": "yesterday", "label_config": "<View>"},
            "annotation": {"id": 1, "task": 2, "result": [7, {"id": 3}, {"value": "x"}]},
        },
        {
            "action": "ANNOTATION_UPDATED",
            "project": {"id": 4},
            "annotation": {"id": 1, "task": 2, "unique_id": "\ud800\0", "lead_time": "long"},
        },
        {"action": "ANNOTATION_UPDATED", "project": {"id": 4}, "annotation": {"id": 2**70}},
        {"action": "ANNOTATIONS_DELETED", "project": {"id": 4}, "annotations": {"id": None}},
        {"action": "TASKS_DELETED", "project": {"id": 4}, "tasks": [[], 3]},
        {"action": "RECONCILED_TASK", "project": {"id": 4}, "moment": "soon"},
        {"action": "RECONCILED_IDS", "project": {"id": 4}, "annotation_ids": ["1", -2]},
        {"action": "PREDICTION", "project": {"id": 4}, "prediction": {"id": 1, "task": 2}},
    ],
)
def test_odd_events_hold_up_nothing_and_are_kept(database: Database, body: Any) -> None:
    put(database, body)
    put(database, told("CREATED", annotation(1, 7, box("x"))))

    ledger(database).take_up_all()

    assert states(database)["u1"] == "submitted"
    with database.transaction() as session:
        rows = session.scalars(select(EventRow)).all()
    assert len(rows) == 2
    assert all(row.handled_at is not None for row in rows)


def test_event_that_comes_again_during_the_work_is_taken_up_again(database: Database) -> None:
    put(database, deleted(1), at=20)
    made = ledger(database)

    def clock() -> Any:
        made.clock = lambda: moment(99)
        put(database, deleted(1), at=30)
        return moment(99)

    made.clock = clock
    assert made.take_up().events == 1
    assert made.take_up().events == 1
    assert made.take_up().events == 0


def test_rows_follow_the_ontology_that_answers_now(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"), choice("x", "sleeve", "long"))))
    ledger(database).take_up_all()
    changed = ledger(database)
    changed.rules.ontology_sha256 = "another"

    assert changed.take_up().tasks == 1
    assert only(database).ontology_sha256 == "another"
    assert changed.take_up().tasks == 0


def test_making_everything_again_removes_rows_without_events(database: Database) -> None:
    put(database, told("CREATED", annotation(1, 7, box("x"))))
    put(database, told("CREATED", annotation(2, 8, box("x"))))
    made = ledger(database)
    made.take_up_all()
    with database.transaction() as session:
        session.delete(session.scalars(select(EventRow)).first())
    assert len(states(database)) == 2

    assert ledger(database).rederive() >= 1

    assert states(database) == {"u2": "submitted"}


def test_making_everything_again_changes_nothing(database: Database) -> None:
    put(database, payload("webhook.annotation_created.corrected"))
    put(database, _recorded_prediction())
    put(database, deleted(2))
    ledger(database).take_up_all()
    before = dump(database)

    ledger(database).rederive()

    assert dump(database) == before


def _bare(result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in item.items() if key != "origin"} for item in result]
