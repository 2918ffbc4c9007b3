"""Whatever order events come in, and however often or late, the ledger ends up the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend.database import Database
from backend.ledger.reconcile import Reconciler
from backend.ledger.tables import LedgerAnnotationRow
from tests.backend.fake_label_studio import FakeLabelStudio
from tests.backend.ledger.annotators import Annotators
from tests.backend.ledger.conftest import memory_database
from tests.backend.ledger.support import dump, ledger, moment, put

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "change", "delete", "skip", "task", "delete_task"]),
        st.integers(0, 5),
        st.sampled_from(["short", "long", "sleeveless"]),
    ),
    max_size=14,
)


class Api:
    """The fake without the network between."""

    def __init__(self, fake: FakeLabelStudio) -> None:
        self.fake = fake

    def project(self, number: int) -> dict[str, Any]:
        return self.fake.projects[number] | self.fake.counts_of(number)

    def tasks(self, number: int, **options: Any) -> Any:
        found = [task for task in self.fake.tasks.values() if task["project"] == number]
        return iter([self._listed(task) for task in found])

    def tasks_by_id(self, number: int, ids: list[int]) -> dict[int, Any]:
        return {i: self._listed(self.fake.tasks[i]) for i in ids if i in self.fake.tasks}

    def _listed(self, task: dict[str, Any]) -> dict[str, Any]:
        number = task["id"]
        return task | {
            "predictions": self.fake.predictions_of(number),
            "annotations": self.fake.annotations_of(number),
        }


def _work(steps: list[tuple[str, int, str]], *, reuse: bool) -> Annotators:
    """Let annotators do these steps; without `reuse`, no id is given out twice."""
    people = Annotators(FakeLabelStudio())
    first = people.add_task()
    retired = 0
    for what, which, value in steps:
        tasks = list(people.fake.tasks)
        made = list(people.fake.annotations)
        if what == "task" or not tasks:
            people.add_task(number=None if reuse else first + 50 + retired)
            retired += 1
        elif what in {"submit", "skip"}:
            number = people.submit(tasks[which % len(tasks)], value, was_cancelled=what == "skip")
            if not reuse:
                retired += 1
                said = people.fake.annotations.pop(number) | {"id": 500 + retired}
                people.fake.annotations[500 + retired] = said
                people.sent[-1][1]["annotation"] = dict(said)
        elif what == "delete_task":
            people.delete_task(tasks[which % len(tasks)])
        elif made and what == "change":
            people.change(made[which % len(made)], value)
        elif made:
            people.delete(made[which % len(made)])
    return people


def _z(when: datetime | None) -> str:
    return when.isoformat().replace("+00:00", "Z") if when is not None else ""


def _living(database: Database) -> dict[str, tuple[int, str, str]]:
    with database.transaction() as session:
        rows = session.scalars(select(LedgerAnnotationRow))
        return {
            f"{row.annotation_id} {_z(row.created_at)}": (
                row.task_id,
                row.state,
                _z(row.updated_at),
            )
            for row in rows
            if row.state != "deleted"
        }


@QUICK
@given(steps=STEPS, data=st.data())
def test_shuffled_repeated_and_delayed_events_end_in_what_label_studio_has(
    steps: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    people = _work(steps, reuse=False)
    database = memory_database()
    made = ledger(database)
    repeated = people.sent + data.draw(st.lists(st.sampled_from(people.sent or [(0, {})])))
    for at, body in data.draw(st.permutations([item for item in repeated if item[1]])):
        put(database, body, at=at + data.draw(st.sampled_from([0.1, 7.0, 500.0])))
        if data.draw(st.booleans()):
            made.take_up()
    made.take_up_all()

    assert _living(database) == people.truth()
    database.close()


@QUICK
@given(steps=STEPS, data=st.data())
def test_rows_taken_up_one_by_one_are_those_made_at_once(
    steps: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    people = _work(steps, reuse=True)
    one_by_one, at_once = memory_database(), memory_database()
    delays = {index: data.draw(st.sampled_from([0.1, 500.0])) for index in range(len(people.sent))}
    order = data.draw(st.permutations(range(len(people.sent))))
    for index in order:
        at, body = people.sent[index]
        put(one_by_one, body, at=at + delays[index])
        ledger(one_by_one).take_up()
    for index in range(len(people.sent)):
        at, body = people.sent[index]
        put(at_once, body, at=at + delays[index])
    ledger(one_by_one).take_up_all()
    ledger(at_once).take_up_all()
    taken_up = dump(one_by_one)
    ledger(one_by_one).rederive()

    if len({str(body) for _, body in people.sent}) == len(people.sent):
        assert taken_up == dump(at_once)
    assert taken_up == dump(one_by_one)
    one_by_one.close()
    at_once.close()


@QUICK
@given(steps=STEPS, data=st.data())
def test_comparison_ends_in_what_label_studio_has_whatever_was_lost(
    steps: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    people = _work(steps, reuse=True)
    database = memory_database()
    kept = data.draw(st.lists(st.sampled_from(people.sent or [(0, {})]), unique_by=id))
    for at, body in kept:
        if body:
            put(database, body, at=at + data.draw(st.sampled_from([0.1, 500.0])))
    made = ledger(database)
    reconciler = Reconciler(
        database=database,
        client=Api(people.fake),  # type: ignore[arg-type]
        ledger=made,
        clock=lambda: moment(10_000),
    )

    report = reconciler.run(people.project)

    assert _living(database) == people.truth()
    assert report.is_even
    assert report.living == len(people.truth())
    taken_up = dump(database)
    made.rederive()
    assert dump(database) == taken_up
    again = reconciler.run(people.project)
    assert (again.mended, again.deleted) == (0, 0)
    database.close()
