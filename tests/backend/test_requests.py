from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.requests import RequestError, parse_predict, task_ref

PAYLOADS = Path(__file__).parents[1] / "fixtures" / "payloads"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text("utf-8"))


def test_the_recorded_batch_request_is_understood() -> None:
    wanted = parse_predict(payload("predict.batch.request.json"))
    assert [task.id for task in wanted.tasks] == [7, 8]
    assert [task.image("image") for task in wanted.tasks] == [
        "/data/upload/5/69d3cf70-item1.jpg",
        "/data/upload/5/b69ee71e-item2.jpg",
    ]
    assert wanted.project_uid == "5.1795227887"
    assert wanted.drawn == ()


def test_the_recorded_interactive_request_carries_the_drawn_rectangle_last() -> None:
    wanted = parse_predict(payload("predict.interactive.request.json"))
    assert [result["type"] for result in wanted.drawn] == [
        "rectanglelabels",
        "choices",
        "choices",
        "choices",
        "rectanglelabels",
    ]
    assert wanted.drawn[-1]["id"] == "Lny0GuTXl5"


def test_one_task_without_a_list_and_without_project_or_params_is_accepted() -> None:
    wanted = parse_predict({"tasks": {"id": 3, "data": {"image": " /a.jpg "}}})
    assert [task.id for task in wanted.tasks] == [3]
    assert wanted.tasks[0].image("image") == "/a.jpg"
    assert (wanted.project_uid, wanted.label_config, wanted.drawn) == ("", "", ())


def test_a_key_with_dots_leads_into_nested_data() -> None:
    task = task_ref({"id": 1, "data": {"photo": {"url": "/a.jpg"}, "b.c": "/b.jpg"}})
    assert task.image("photo.url") == "/a.jpg"
    assert task.image("b.c") == "/b.jpg"
    assert task.image("photo.url.more") is None


@pytest.mark.parametrize(
    ("project", "uid"),
    [
        ("5.1795227887", "5.1795227887"),
        ("5", "5"),
        (5, "5"),
        ({"id": 5}, "5"),
        (None, ""),
        ("abc", ""),
        (True, ""),
        ("5.<b>", ""),
        ("5.\ud800", ""),
        ([], ""),
        ("٣.1", ""),  # digits that are not ASCII
    ],
)
def test_projects_come_in_several_shapes(project: object, uid: str) -> None:
    assert parse_predict({"tasks": [], "project": project}).project_uid == uid


@pytest.mark.parametrize("body", [None, [], "text", 3, {}, {"tasks": None}, {"tasks": "x"}])
def test_a_body_without_tasks_is_refused_with_what_was_expected(body: object) -> None:
    with pytest.raises(RequestError, match="expected"):
        parse_predict(body)


@given(
    st.lists(json_values, max_size=4),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("project", "params", "label_config"), json_values)
    ),
)
def test_whatever_the_tasks_are_there_is_one_reference_for_each(
    tasks: list[Any], rest: dict[str, Any]
) -> None:
    wanted = parse_predict({"tasks": tasks, **rest})
    assert len(wanted.tasks) == len(tasks)
    for task in wanted.tasks:
        assert task.id is None or isinstance(task.id, int)
        image = task.image("image")
        assert image is None or image


@given(json_values)
def test_whatever_the_context_is_it_is_read_as_results_or_nothing(context: Any) -> None:
    wanted = parse_predict({"tasks": [], "params": {"context": {"result": context}}})
    assert all(isinstance(result, dict) for result in wanted.drawn)
    assert parse_predict({"tasks": [], "params": {"context": context}}).tasks == ()
