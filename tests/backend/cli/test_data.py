from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app


def test_render_draws_as_many_pictures_as_asked(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["data", "render", str(tmp_path / "out"), "--count", "2", "--seed", "5"]
    )

    assert result.exit_code == 0, result.output
    described = json.loads((tmp_path / "out" / "annotations.json").read_text("utf-8"))
    assert len(described["images"]) == 2
    assert all(
        (tmp_path / "out" / "images" / image["file"]).is_file()
        or (tmp_path / "out" / image["file"]).is_file()
        for image in described["images"]
    )


def test_rendering_into_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    result = CliRunner().invoke(app, ["data", "render", str(file), "--count", "1"])

    assert result.exit_code == 2
    assert "is a file" in result.stderr


def test_agreement_is_printed_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "eyes.csv").write_text("id,look\n1,solid\n1,solid\n2,solid\n2,striped\n")
    description = tmp_path / "set.yaml"
    description.write_text(
        "format: 1\nname: set\nkind: csv\nontology: fashion\nroot: .\nlicence: ours\n"
        "tables: [{file: eyes.csv}]\n"
        "attributes: {pattern: {column: look, labels: {solid: [solid], striped: [striped]}}}\n"
    )

    result = CliRunner().invoke(app, ["data", "agreement", "--data", str(description)])

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "| eyes.csv | look | 2 | 0.50 | 0.00 | 2 | 0.50 |"


def test_agreement_of_labels_that_were_made_once_is_refused(tmp_path: Path) -> None:
    (tmp_path / "eyes.csv").write_text("id,look\n1,solid\n")
    description = tmp_path / "set.yaml"
    description.write_text(
        "format: 1\nname: set\nkind: csv\nontology: fashion\nroot: .\nlicence: ours\n"
        "tables: [{file: eyes.csv}]\n"
        "attributes: {pattern: {column: look, labels: {solid: [solid]}}}\n"
    )

    result = CliRunner().invoke(app, ["data", "agreement", "--data", str(description)])

    assert result.exit_code == 2
    assert "was judged twice" in result.stderr


def test_pack_writes_a_drawn_catalog_and_says_how_large_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "home"))
    runner = CliRunner()
    runner.invoke(app, ["data", "render", str(tmp_path / "rendered"), "--count", "3"])
    description = tmp_path / "set.yaml"
    description.write_text(
        "format: 1\nname: drawn\nkind: rendered\nontology: fashion\nroot: rendered\n"
        "annotations: annotations.json\nlicence: ours\norigin: rendered\n"
    )
    arguments = ["data", "pack", str(tmp_path / "a.pack"), "--data", str(description)]

    result = runner.invoke(app, [*arguments, "--side", "64", "--quality", "50"])

    assert result.exit_code == 0, result.output
    assert "pictures at quality 50" in result.stdout
    assert (tmp_path / "a.pack" / "index.json").is_file()
    again = runner.invoke(app, arguments)
    assert again.exit_code == 2
    assert "exists already" in again.stderr
