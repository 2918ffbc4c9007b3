from __future__ import annotations

from backend.stats.acceptance import CATEGORY, OVERALL, acceptance, blind_work, task_scores
from backend.stats.facts import Region
from tests.backend.stats.support import cell, task

KEPT = Region(
    change="kept",
    cells=(
        cell("neck", "accepted", "v", "v"),
        cell("fit", "changed", "slim", "loose"),
        cell("pattern", "removed", "solid"),
        cell("length", "added", "", "long"),
        cell("heel", "blank"),
        cell("toe", "cannot_tell", "round"),
        cell("shaft", "not_applicable", "high"),
    ),
)


def test_accepted_stands_against_changed_and_removed_only() -> None:
    found = {row.attribute: row for row in acceptance([task(1, KEPT)])}

    assert set(found) == {OVERALL, CATEGORY, "neck", "fit", "pattern"}
    assert (found[OVERALL].accepted, found[OVERALL].changed, found[OVERALL].removed) == (1, 1, 1)
    assert found[OVERALL].rate.value == 1 / 3
    assert found["neck"].rate.value == 1.0
    assert found["pattern"].rate.value == 0.0


def test_category_is_judged_by_what_became_of_the_box() -> None:
    boxes = [
        Region(change=change) for change in ("kept", "moved", "relabelled", "deleted", "added")
    ]

    (found,) = acceptance([task(1, *boxes)])

    assert found.attribute == CATEGORY
    assert (found.accepted, found.changed, found.removed) == (2, 1, 1)


def test_blind_tasks_and_tasks_without_a_prediction_are_left_out() -> None:
    assert acceptance([task(1, KEPT, is_blind=True), task(2, KEPT, version="")]) == []


def test_versions_are_apart_in_the_order_in_which_they_came() -> None:
    found = acceptance([task(1, KEPT, version="z"), task(2, KEPT, version="a")])

    assert list(dict.fromkeys(row.model_version for row in found)) == ["z", "a"]
    assert {row.rate.num for row in found} == {1}


def test_two_annotations_of_a_task_are_one_cluster() -> None:
    found = acceptance([task(1, KEPT), task(1, KEPT)])

    assert {row.rate.num for row in found} == {1}


def test_blind_work_is_counted_apart() -> None:
    drawn = Region(change="added", cells=(cell("neck", "added", "", "v"), cell("fit", "blank")))

    found = blind_work([task(1, drawn, is_blind=True), task(2, drawn)])

    assert (found.num_tasks, found.num_regions, found.num_cells) == (1, 1, 1)


def test_scores_of_tasks_are_shares_of_their_answers() -> None:
    tasks = [task(1, KEPT), task(2, Region(change="kept")), task(3, KEPT, is_blind=True)]

    assert task_scores(tasks, version="v1") == [2 / 4, 1.0]
    assert task_scores(tasks, version="v2") == []
