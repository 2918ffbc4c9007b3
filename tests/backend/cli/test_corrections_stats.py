from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from tests.backend.stats.support import START, ledger_rows


@pytest.fixture(autouse=True)
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path))
    with ledger_rows(tmp_path) as rows:
        rows.judged(3, 1, version="v1")
        rows.judged(5, 0, version="v1", project_id=2, created_at=START.replace(year=2027))


def test_stats_are_printed_for_people() -> None:
    result = CliRunner().invoke(app, ["corrections", "stats"])

    assert result.exit_code == 0, result.output
    assert "8 accepted, 1 changed, 0 removed, 2 tasks" in result.output


@pytest.mark.parametrize(
    ("options", "num_tasks"),
    [([], 2), (["--project", "2"], 1), (["--since", "2027-01-01"], 1), (["--project", "9"], 0)],
)
def test_stats_as_json_can_be_narrowed_down(options: list[str], num_tasks: int) -> None:
    result = CliRunner().invoke(app, ["corrections", "stats", "--json", *options])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["num_tasks"] == num_tasks
