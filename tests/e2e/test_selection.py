"""What to label next, chosen from a real Label Studio's tasks and handed back to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live import Live

pytestmark = pytest.mark.e2e

BUDGET = 4


def select(live: Live, *options: str) -> dict[str, Any]:
    done = live.weft(
        "select", "--budget", str(BUDGET), "--project", str(live.project_id), "--json", *options
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def in_view(live: Live) -> list[int]:
    views = live.call("GET", "/api/dm/views/", params={"project": live.project_id})
    (view,) = [view for view in views if view["data"].get("title") == "weft: label next"]
    listed = live.call(
        "GET",
        "/api/tasks",
        params={"project": live.project_id, "view": view["id"], "page_size": 1000},
    )
    return [task["id"] for task in listed["tasks"]]


def test_picks_come_first_in_the_view_and_say_why(live: Live) -> None:
    chosen = select(live, "--apply")
    picks = [pick["task"] for pick in chosen["picks"]]
    assert len(set(picks)) == len(picks) == BUDGET
    assert all(pick["reasons"] for pick in chosen["picks"])
    assert {"confidence", "uncertainty", "priority"} <= set(chosen["picks"][0])
    assert sum(pick["is_random"] for pick in chosen["picks"]) == 1
    assert in_view(live)[:BUDGET] == picks


def test_repeating_it_changes_nothing(live: Live) -> None:
    select(live, "--apply")
    applied = select(live, "--apply")["applied"]
    assert applied == {"predictions_changed": 0, "predictions_gone": 0, "views_changed": []}


def test_a_doubtful_attribute_is_named_beside_the_labels_never_among_them(live: Live) -> None:
    results = [
        result
        for task in live.tasks()
        for prediction in task["predictions"]
        for result in prediction["result"]
    ]
    notes = [result["meta"]["text"][0] for result in results if "meta" in result]
    assert notes
    assert all(note.startswith("Please check first: ") for note in notes)
    assert {result["type"] for result in results} == {"rectanglelabels", "choices"}
