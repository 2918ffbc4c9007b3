from __future__ import annotations

from datetime import timedelta

import pytest

from backend.stats.facts import Cell, Region, read_labelled
from tests.backend.stats.support import START, LedgerRows


def test_submitted_annotations_are_read_with_their_regions_and_cells(rows: LedgerRows) -> None:
    number = rows.annotation(
        [("moved", [("neck", "changed", ["v"], ["round"])]), ("added", [])],
        version="v7",
        is_blind=True,
        completed_by=4,
        lead_time_s=2.5,
    )

    (found,) = read_labelled(rows.database)

    assert found.task == ("1.1", number)
    assert (found.model_version, found.is_blind) == ("v7", True)
    assert (found.annotator, found.lead_time_s) == (4, 2.5)
    changed = Cell(attribute="neck", change="changed", before=("v",), after=("round",))
    assert found.regions == (
        Region(change="moved", is_box_adjusted=True, cells=(changed,)),
        Region(change="added"),
    )


def test_relabelled_box_is_adjusted_only_where_it_moved(rows: LedgerRows) -> None:
    rows.annotation([("relabelled", []), ("kept", [])])

    (found,) = read_labelled(rows.database)

    assert [region.is_box_adjusted for region in found.regions] == [True, False]


@pytest.mark.parametrize("state", ["skipped", "deleted", "bulk"])
def test_what_nobody_submitted_is_left_out(rows: LedgerRows, state: str) -> None:
    rows.annotation([("kept", [])], state=state)
    rows.annotation([("kept", [])], is_pending=True)

    assert read_labelled(rows.database) == []


def test_project_moment_and_versions_narrow_it_down(rows: LedgerRows) -> None:
    first = rows.annotation(version="v1")
    second = rows.annotation(version="v2", project_id=2)
    moment = START + timedelta(hours=second)

    def tasks(**options: object) -> list[int]:
        found = read_labelled(rows.database, **options)  # type: ignore[arg-type]  # by name
        return [item.task[1] for item in found]

    assert tasks() == [first, second]
    assert tasks(project_id=2) == [second]
    assert tasks(since=moment) == [second]
    assert tasks(versions=["v1"]) == [first]
