"""`weft promise`, with cells that no model made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import backend.cli.promise
from backend.cli import app
from tagger.promise import PromiseCell
from tagger.registry import shipped_version_dir


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_without_blind_labels_there_is_nothing_to_fit_on() -> None:
    result = CliRunner().invoke(app, ["promise", "--device", "cpu"])

    assert result.exit_code == 2
    assert "label blind tasks" in result.stderr


@pytest.fixture
def faultless(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [
        PromiseCell(
            attribute=name, product=str(at), cell=str(at), is_right=True, score=float(score)
        )
        for name in ("pattern", "season")
        for at, score in enumerate(np.linspace(0.9, 1.0, 400))
    ]
    monkeypatch.setattr(backend.cli.promise, "_of_data", lambda *_: cells)


@pytest.mark.usefixtures("faultless")
def test_thresholds_are_shown_and_kept_for_the_version(data_dir: Path) -> None:
    result = CliRunner().invoke(app, ["promise", "--device", "cpu", "--data", "shop.yaml"])

    assert result.exit_code == 0, result.output
    assert "weakly visible" in result.stdout
    # 340 of 400 products are the proof part.
    assert "100% of 340 cells auto-accepted, error <= 2.0% (0.0% to 1.1%)" in result.stdout
    version = shipped_version_dir().name
    kept = json.loads((data_dir / "promises" / f"{version}.json").read_text("utf-8"))
    assert kept["source"] == "shop"
    assert kept["scope"] == "all"
    assert kept["overall"]["num_accepted"] == 340
    assert kept["heads"]["pattern"]["threshold"] == pytest.approx(0.9, abs=0.01)
    assert kept["heads"]["season"]["threshold"] is None


@pytest.mark.usefixtures("faultless")
def test_each_attribute_may_be_promised_by_itself(data_dir: Path) -> None:
    result = CliRunner().invoke(
        app, ["promise", "--device", "cpu", "--data", "shop.yaml", "--scope", "each"]
    )

    assert result.exit_code == 0, result.output
    assert "50% of 800 cells auto-accepted, error <= 2.0% for each head" in result.stdout
    version = shipped_version_dir().name
    kept = json.loads((data_dir / "promises" / f"{version}.json").read_text("utf-8"))
    assert (kept["scope"], kept["overall"]) == ("each", None)


@pytest.mark.parametrize("option", ["--error", "--confidence"])
def test_a_per_cent_is_refused_before_anything_is_read(option: str) -> None:
    result = CliRunner().invoke(app, ["promise", "--data", "gone.yaml", option, "2"])

    assert result.exit_code == 2
    assert f"{option[2:]} 2.0: expected a share above 0 and below 1" in result.output
    assert "0.02 for 2 %" in result.output
