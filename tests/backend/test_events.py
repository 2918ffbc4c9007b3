"""Storing webhook bodies: quickly, once, whole, and without secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.database import Database, EventRow, LabelConfigRow, open_database
from backend.events import mark_handled, store_event, unhandled_events, without_secrets

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def tasks_created(**project: Any) -> dict[str, Any]:
    return {
        "action": "TASKS_CREATED",
        "tasks": [{"id": 1, "data": {"image": "http://pictures.example/1.jpg"}}],
        "project": {"id": 4, "token": "invite", "label_config": "<View/>"} | project,
    }


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("webhook.*.json")), ids=lambda p: p.stem)
def test_recorded_events_are_stored_whole(database: Database, path: Path) -> None:
    body = json.loads(path.read_text("utf-8"))

    store_event(database, body)

    (event,) = unhandled_events(database, actions=(body["action"],))
    expected = without_secrets(body)
    expected["project"].pop("parsed_label_config", None)
    assert event.body == expected
    assert event.action == body["action"]
    assert event.project_id == body["project"]["id"]


def test_same_body_twice_is_counted_and_not_repeated(database: Database) -> None:
    first = store_event(database, tasks_created())
    second = store_event(database, tasks_created())

    assert (first.is_new, second.is_new) == (True, False)
    assert first.id == second.id
    with database.transaction() as session:
        assert session.scalar(select(EventRow.times_received)) == 2


def test_other_config_makes_another_event(database: Database) -> None:
    first = store_event(database, tasks_created())
    second = store_event(database, tasks_created(label_config="<View><Image/></View>"))

    assert first.id != second.id


def test_config_is_stored_once_for_all_events(database: Database) -> None:
    for number in range(5):
        store_event(database, tasks_created(title=f"title {number}"))

    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(LabelConfigRow)) == 1
        assert "<View/>" not in (session.scalar(select(EventRow.body)) or "")


def test_config_is_put_back_on_reading(database: Database) -> None:
    store_event(database, tasks_created())

    (event,) = unhandled_events(database, actions=("TASKS_CREATED",))

    assert event.body["project"]["label_config"] == "<View/>"


def test_invite_token_is_nowhere_in_the_database(tmp_path: Path, database: Database) -> None:
    store_event(database, {"action": "X", "project": {"id": 1, "token": "INVITE-SECRET"}})
    nested = {"a": [{"project": {"token": "INVITE-SECRET", "task_data_password": "INVITE-SECRET"}}]}
    store_event(database, {"action": "Y", **nested})
    database.close()

    for file in tmp_path.iterdir():
        assert b"INVITE-SECRET" not in file.read_bytes()


def test_column_called_token_in_task_data_is_kept() -> None:
    body = {"tasks": [{"data": {"token": "a user's own"}}], "project": {"token": "invite"}}

    assert without_secrets(body) == {
        "tasks": [{"data": {"token": "a user's own"}}],
        "project": {},
    }


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ({"id": 7}, 7),
        ("7.1795227357", 7),
        (7, 7),
        (None, None),
        ({}, None),
        ({"id": 2**80}, None),
        ({"id": True}, None),
        ({"id": "²"}, None),
    ],
)
def test_project_is_read_from_whatever_shape(
    database: Database, project: object, expected: int | None
) -> None:
    store_event(database, {"action": "X", "project": project})

    (event,) = unhandled_events(database, actions=("X",))

    assert event.project_id == expected


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    body=st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_any_json_object_can_be_stored(database: Database, body: dict[str, Any]) -> None:
    stored = store_event(database, body)

    assert store_event(database, body).id == stored.id


def test_lone_surrogates_and_null_characters_are_stored(database: Database) -> None:
    body = json.loads('{"action": "X", "note": "\\ud800 \\u0000", "project": {"id": 1}}')
    body["project"]["label_config"] = "<View \ud800/>"

    store_event(database, body)

    (event,) = unhandled_events(database, actions=("X",))
    assert event.body["note"] == "\ud800 \x00"


def test_handled_events_are_not_given_again(database: Database) -> None:
    first = store_event(database, {"action": "X", "n": 1})
    second = store_event(database, {"action": "X", "n": 2})
    store_event(database, {"action": "Y"})

    mark_handled(database, [first.id])

    assert [event.id for event in unhandled_events(database, actions=("X",))] == [second.id]


def test_storing_takes_much_less_than_a_tenth_of_a_second(database: Database) -> None:
    config = "<View>" + "<Choice value='x'/>" * 10_000 + "</View>"
    taken = []
    for number in range(10):
        body = tasks_created(label_config=config, parsed_label_config={"x": config}, n=number)
        started = time.perf_counter()
        store_event(database, body)
        taken.append(time.perf_counter() - started)

    assert sorted(taken)[len(taken) // 2] < 0.1
