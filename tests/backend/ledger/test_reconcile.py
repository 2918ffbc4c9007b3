"""Comparing the ledger with Label Studio after an outage in either program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import func, select

from backend.database import Database, EventRow
from backend.label_studio import LabelStudioClient, LabelStudioError
from backend.ledger.reconcile import ProjectReport, Reconciler
from backend.ledger.take_up import LedgerKeeper, connected_projects, fetch_parents
from tests.backend.fake_label_studio import LEGACY, FakeLabelStudio, running
from tests.backend.ledger.annotators import Annotators
from tests.backend.ledger.support import (
    box,
    changes,
    choice,
    ledger,
    moment,
    only,
    put,
    recorded_ontology,
    states,
)


@pytest.fixture
def people() -> Iterator[Annotators]:
    with running(FakeLabelStudio()) as fake:
        yield Annotators(fake)


@pytest.fixture
def client(people: Annotators) -> LabelStudioClient:
    return LabelStudioClient(people.fake.url, LEGACY)


def _compare(
    database: Database, client: LabelStudioClient, people: Annotators, *, at: float = 9000.0
) -> ProjectReport:
    def clock() -> datetime:
        return moment(at)

    reconciler = Reconciler(database=database, client=client, ledger=ledger(database), clock=clock)
    return reconciler.run(people.project)


def _hear(database: Database, people: Annotators) -> None:
    """Let the webhooks that were sent so far arrive."""
    for at, body in people.sent:
        put(database, body, at=at + 1)
    people.sent.clear()
    ledger(database).take_up_all()


def test_a_late_deletion_of_an_id_given_out_again_is_not_hidden_by_a_missed_one(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    emptied, refilled, first = (people.add_task() for _ in range(3))
    gone = people.submit(emptied)
    people.delete(people.submit(first))
    late = people.sent.pop()
    kept = people.submit(refilled)
    for _ in range(20):
        next(people.seconds)
    people.submit(people.add_task())
    _hear(database, people)
    _compare(database, client, people)
    people.delete_task(emptied)
    people.sent.clear()
    put(database, late[1], at=10_000)

    report = _compare(database, client, people, at=11_000)

    living = {name for name, state in states(database).items() if state != "deleted"}
    assert kept != gone
    assert living == {"u3", "u4"}
    assert (report.living, report.is_even) == (2, True)


def test_what_happened_while_the_backend_was_down_is_made_up_for(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    task, other = people.add_task(), people.add_task()
    kept, changed, lost = (people.submit(task) for _ in range(3))
    _hear(database, people)
    people.change(changed, "short")
    people.delete(lost)
    people.submit(other, was_cancelled=True)
    people.sent.clear()

    report = _compare(database, client, people)

    assert states(database) == {
        "u1": "submitted",
        "u2": "submitted",
        "u3": "deleted",
        "#3": "skipped",
    }
    assert (report.mended, report.living, report.is_even) == (2, 3, True)
    assert kept in people.fake.annotations


def test_task_deleted_unnoticed_takes_its_annotations_along(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    gone, stays = people.add_task(), people.add_task()
    people.submit(gone)
    people.submit(stays)
    _hear(database, people)
    people.delete_task(gone)
    people.sent.clear()

    report = _compare(database, client, people)

    assert states(database) == {"u1": "deleted", "u2": "submitted"}
    assert (report.deleted, report.is_even) == (1, True)


def test_second_comparison_finds_nothing_and_stores_nothing(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    people.submit(people.add_task())
    _compare(database, client, people)
    with database.transaction() as session:
        before = session.scalar(select(func.count()).select_from(EventRow))

    again = _compare(database, client, people)

    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(EventRow)) == before
    assert (again.mended, again.deleted, again.is_even) == (0, 0, True)


def test_only_changed_tasks_are_looked_at_the_second_time(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    tasks = [people.add_task() for _ in range(5)]
    for _ in range(60):
        next(people.seconds)
    people.submit(tasks[4])
    assert _compare(database, client, people).looked_at == 5

    people.submit(tasks[4])

    assert _compare(database, client, people).looked_at == 1


def test_lost_event_is_made_up_for_by_the_one_that_arrives_much_later(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    number = people.submit(people.add_task(), "short")
    people.change(number, "long")
    late = list(people.sent)
    _compare(database, client, people)

    people.sent = late
    _hear(database, people)

    assert only(database).result[1]["value"]["choices"] == ["long"]


def test_label_studio_that_is_down_leaves_everything_as_it_is(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    people.submit(people.add_task())
    _hear(database, people)
    people.fake.is_down = True

    with pytest.raises(LabelStudioError):
        _compare(database, client, people)

    assert states(database) == {"u1": "submitted"}


def test_connected_projects_are_those_that_were_heard_of_or_whose_webhook_leads_here(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    fake = people.fake
    people.submit(people.add_task())
    _hear(database, people)
    ours, another_backends = fake.add_project(), fake.add_project()
    for project, port in ((ours, 9090), (another_backends, 9091)):
        headers = {"X-Weft-Secret": "s"}
        client.create_webhook(project, url=f"http://127.0.0.1:{port}/webhook", headers=headers)

    found = connected_projects(database, client, addresses=["http://127.0.0.1:9090"])

    assert found == [people.project, ours]


def test_predictions_that_cells_wait_for_are_fetched(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    task = people.add_task()
    number = people.predict(task, box("w_1"), choice("w_1", "sleeve", "short"))
    said = [box("w_1"), choice("w_1", "sleeve", "long")]
    people.submit(task, results=said, parent=number)
    _hear(database, people)
    assert only(database).is_pending

    assert fetch_parents(ledger(database), client, limit=5) == 1
    ledger(database).take_up_all()

    assert changes(database)["w_1", "sleeve"] == "changed"
    assert fetch_parents(ledger(database), client, limit=5) == 0


@pytest.mark.parametrize("parent", [77, None])
def test_prediction_that_is_gone_is_waited_for_no_longer(
    database: Database, client: LabelStudioClient, people: Annotators, parent: int | None
) -> None:
    said = [box("w_1", origin="prediction"), choice("w_1", "sleeve", "long", origin="prediction")]
    people.submit(people.add_task(), results=said, parent=parent)
    _hear(database, people)

    fetch_parents(ledger(database), client, limit=5)
    ledger(database).take_up_all()

    assert not only(database).is_pending
    assert changes(database)["w_1", "sleeve"] == "accepted"


def test_keeper_takes_up_fetches_and_compares_at_the_start_and_then_now_and_then(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    task = people.add_task()
    number = people.predict(task, box("w_1"))
    people.submit(task, results=[box("w_1")], parent=number)
    heard = people.sent.pop()
    people.submit(task)
    put(database, heard[1], at=heard[0])
    now = [0.0]
    keeper = LedgerKeeper(
        database=database,
        client=client,
        ontology=recorded_ontology,
        blind_share=0.0,
        every_s=900.0,
        timer=lambda: now[0],
    )

    while keeper():
        pass
    assert states(database) == {"u1": "submitted", "#2": "submitted"}

    people.submit(task)
    assert keeper() is False
    now[0] = 901.0
    while keeper():
        pass
    assert len(states(database)) == 3


def test_keeper_waits_for_an_ontology_and_survives_an_outage(
    database: Database, client: LabelStudioClient, people: Annotators
) -> None:
    people.submit(people.add_task())
    put(database, people.sent[0][1])
    served = [None]
    now = [0.0]
    keeper = LedgerKeeper(
        database=database,
        client=client,
        ontology=lambda: served[0],
        blind_share=0.0,
        every_s=900.0,
        timer=lambda: now[0],
    )
    assert keeper() is False
    assert states(database) == {}

    served[0] = recorded_ontology()  # type: ignore[call-overload]
    people.fake.is_down = True
    assert keeper() is True
    assert keeper() is False
    calls = len(people.fake.calls)
    assert keeper() is False
    assert len(people.fake.calls) == calls
    assert states(database) == {"u1": "submitted"}

    people.submit(1)
    people.fake.is_down = False
    now[0] = 31.0
    while keeper():
        pass
    assert len(states(database)) == 2
