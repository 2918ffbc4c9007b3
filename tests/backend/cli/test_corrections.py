"""`weft corrections`, with a Label Studio that is not real."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.database import open_database
from tests.backend.fake_label_studio import LEGACY, FakeLabelStudio, running
from tests.backend.ledger.annotators import Annotators
from tests.backend.ledger.support import put


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Annotators]:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path))
    with running(FakeLabelStudio()) as fake:
        monkeypatch.setenv("WEFT_LABEL_STUDIO_URL", fake.url)
        monkeypatch.setenv("WEFT_LABEL_STUDIO_TOKEN", LEGACY)
        yield Annotators(fake)


def _run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["corrections", *args])
    return result.exit_code, result.stdout, result.stderr


def test_reconcile_export_and_rederive_work_together(people: Annotators, tmp_path: Path) -> None:
    task = people.add_task()
    people.submit(task)
    database = open_database(tmp_path)
    put(database, people.sent[0][1])
    database.close()
    people.submit(task)

    code, out, _ = _run("reconcile")
    assert code == 0
    assert "(looks): 1 tasks looked at, 1 mended, 0 unnoticed deletions, 2 annotations" in out

    file = tmp_path / "out.csv"
    code, _, err = _run("export", "--format", "csv", "--out", str(file))
    assert (code, f"cells written to {file}" in err) == (0, True)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["state"] for row in rows} == {"submitted"}
    assert len({row["annotation_id"] for row in rows}) == 2

    code, out, _ = _run("rederive")
    assert (code, out) == (0, "1 tasks derived again\n")
    code, out, _ = _run("export")
    assert len(json.loads(out)) == len(rows)


def test_reconcile_refuses_a_project_that_is_not_there(people: Annotators) -> None:
    people.submit(people.add_task())

    code, _, err = _run("reconcile", "--project", "999")

    assert code == 2
    assert "not found" in err


def test_reconcile_without_a_label_studio_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path))

    code, _, err = _run("reconcile")

    assert code == 2
    assert "WEFT_LABEL_STUDIO_URL" in err
