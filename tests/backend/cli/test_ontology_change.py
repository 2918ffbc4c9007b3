from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app

FURNITURE = Path(__file__).parents[2] / "fixtures" / "furniture.yaml"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    file = tmp_path / "new.yaml"
    text = FURNITURE.read_text("utf-8")
    file.write_text(text.replace("{id: raw, label: Raw}", "{id: bare, label: Bare, was: raw}"))
    return file


def run(*arguments: object):
    return CliRunner().invoke(app, ["ontology", *map(str, arguments)])


def test_diff_prints_each_change_with_what_it_does(changed: Path) -> None:
    result = run("diff", FURNITURE, changed)

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    at = lines.index("value renamed: finish.raw -> finish.bare")
    assert lines[at + 1 : at + 3] == ["  heads: row kept", "  labels: renamed"]


def test_diff_as_json_can_be_read(changed: Path) -> None:
    plain = json.loads(run("diff", FURNITURE, changed, "--json").stdout)

    assert plain["changes"][0]["new"] == ["finish.bare"]


def test_diff_takes_a_migration_file(tmp_path: Path, changed: Path) -> None:
    changed.write_text(changed.read_text().replace(", was: raw", ""))
    file = tmp_path / "m.yaml"
    file.write_text("format: 1\nvalues: {finish: {bare: raw}}\n")

    assert "value removed: finish.raw" in run("diff", FURNITURE, changed).stdout
    assert (
        "value renamed: finish.raw" in run("diff", FURNITURE, changed, "--migration", file).stdout
    )


def test_what_does_not_fit_is_one_line_with_file_and_line_and_exit_code_2(changed: Path) -> None:
    changed.write_text(changed.read_text().replace("was: raw", "was: rough"))
    line = next(i for i, t in enumerate(changed.read_text().splitlines(), 1) if "was: rough" in t)

    result = run("diff", FURNITURE, changed)

    assert result.exit_code == 2
    assert f"{changed}:{line}: " in result.output
    assert "'rough'" in result.output


def test_files_of_two_ontologies_are_refused(changed: Path) -> None:
    changed.write_text(changed.read_text().replace("id: furniture\n", "id: lamps\n", 1))

    assert run("diff", FURNITURE, changed).exit_code == 2


def test_migrate_of_a_project_without_label_studio_is_refused(
    changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("WEFT_LABEL_STUDIO_URL", raising=False)

    result = run("migrate", FURNITURE, changed, "--project", 3)

    assert result.exit_code == 2
    assert "--label-studio" in result.output
