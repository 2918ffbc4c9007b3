"""The demonstration, as a reader starts it."""

from __future__ import annotations

import pytest

from tests.live import BAD_FILES, NUM_BAD_IMPORTED, NUM_PHOTOGRAPHS, NUM_UNUSUAL, Live

pytestmark = pytest.mark.e2e


def test_ctrl_c_ends_the_demo_and_everything_that_it_started(live: Live) -> None:
    assert live.first.exit_status == 0
    assert live.first.left_over == ()


def test_second_start_takes_less_than_half_a_minute(live: Live) -> None:
    assert live.second.seconds < 30


def test_every_usable_picture_is_imported_and_pre_annotated(live: Live) -> None:
    filled = [task for task in live.tasks() if task["total_predictions"]]

    assert len(filled) == NUM_PHOTOGRAPHS + NUM_UNUSUAL


def test_first_task_shows_a_box_with_attributes(live: Live) -> None:
    task = next(task for task in live.tasks() if task["id"] == live.second.facts["first_task_id"])
    results = task["predictions"][0]["result"]
    boxes = {result["id"] for result in results if result["type"] == "rectanglelabels"}
    attributes = {result["id"] for result in results if result["type"] == "choices"}

    assert boxes
    assert attributes <= boxes
    assert attributes


def test_files_that_cannot_be_tagged_are_named_with_a_reason(live: Live) -> None:
    lines = live.second.output.splitlines()

    for name in BAD_FILES:
        assert len([line for line in lines if name in line]) == 1, live.second.output


def test_damaged_pictures_come_last(live: Live) -> None:
    without = [task["id"] for task in live.tasks() if not task["total_predictions"]]

    assert len(without) == NUM_BAD_IMPORTED
    assert min(without) > live.second.facts["first_task_id"]


def test_reader_is_told_where_to_go_and_how_to_log_in(live: Live) -> None:
    output = live.second.output

    assert live.account["email"] in output
    assert live.account["password"] in output
    assert f"{live.url}/projects/{live.project_id}/data?task=" in output


def test_account_file_is_readable_by_its_owner_only(live: Live) -> None:
    assert (live.folder / "account.json").stat().st_mode & 0o077 == 0


def test_second_demo_on_the_same_folder_is_refused_in_one_line(live: Live) -> None:
    import subprocess
    import sys

    refused = subprocess.run(
        [sys.executable, "-m", "backend.demo", "--folder", str(live.folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert refused.returncode == 2
    assert refused.stderr.startswith("error: a demonstration")
