from __future__ import annotations

from backend.stats.times import task_times
from tests.backend.stats.support import task


def test_medians_are_given_by_kind_version_and_annotator() -> None:
    tasks = [
        task(1, version="v1", annotator=1, lead_time_s=10.0),
        task(2, version="v2", annotator=2, lead_time_s=20.0),
        task(3, version="v2", annotator=2, lead_time_s=3600.0),
        task(4, version="v2", is_blind=True, annotator=1, lead_time_s=60.0),
        task(5, version="", annotator=1, lead_time_s=80.0),
    ]

    found = {(row.kind, row.model_version, row.annotator): row.seconds for row in task_times(tasks)}

    assert found["prefilled", "", None].value == 20.0
    assert found["prefilled", "v2", None].value == 1810.0
    assert found["prefilled", "", 2].num == 2
    assert found["blind", "", None].value == 60.0
    assert found["empty", "", None].value == 80.0
    assert ("prefilled", "v1", 1) not in found


def test_missing_times_are_left_out() -> None:
    assert task_times([task(1), task(2, lead_time_s=0.0)]) == []


def test_all_together_comes_first() -> None:
    tasks = [task(1, version="v9", annotator=3, lead_time_s=1.0)]

    rows = [(row.model_version, row.annotator) for row in task_times(tasks)]

    assert rows == [("", None), ("", 3), ("v9", None)]
