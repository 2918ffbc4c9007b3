from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from ontology.config_map import ConfigMap
from ontology.load import load_ontology

FURNITURE = Path(__file__).parents[2] / "fixtures" / "furniture.yaml"


def test_check_of_a_right_file_exits_with_0_and_counts_what_is_in_it() -> None:
    result = CliRunner().invoke(app, ["ontology", "check", str(FURNITURE)])

    assert result.exit_code == 0
    assert "ok, furniture version 2" in result.stdout


def test_check_names_every_fault_with_file_and_line_and_exits_with_2(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = FURNITURE.read_text("utf-8")
    text = text.replace("kind: multiple", "kind: several", 1)
    file.write_text(text, encoding="utf-8")

    result = CliRunner().invoke(app, ["ontology", "check", str(file)])

    assert result.exit_code == 2
    lines = result.stdout.strip().splitlines()
    assert len(lines) >= 1
    for line in lines:
        name, number, reason = line.removeprefix(str(tmp_path)).split(":", 2)
        assert name == "/wrong.yaml"
        assert number.isdigit()
        assert reason.strip()


@pytest.mark.parametrize("command", ["check", "label-config"])
def test_missing_file_is_one_line_and_exit_code_2(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["ontology", command, str(tmp_path / "none.yaml")])

    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) == 1
    assert "none.yaml" in result.output


def test_label_config_is_written_to_standard_output() -> None:
    result = CliRunner().invoke(app, ["ontology", "label-config", str(FURNITURE)])

    config = ConfigMap.parse(result.stdout, load_ontology(FURNITURE))
    assert result.exit_code == 0
    assert not config.unmapped
