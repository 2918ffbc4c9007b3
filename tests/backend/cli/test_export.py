"""`weft export` and `weft corrections annotators`, on an empty ledger and a file of predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app

LINE = {
    "image": "a.jpg",
    "model_version": "v1",
    "regions": [
        {
            "id": "r",
            "box": [0, 0, 10, 10],
            "category": "shirt",
            "category_score": 0.9,
            "attributes": {"pattern": [{"value": "striped", "score": 0.9}]},
        }
    ],
}


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        '{"image": "b.jpg", "regions": {"category": "shirt"}}',
        '{"image": "b.jpg", "regions": [{"category": "shirt", "attributes": {"neck": "round"}}]}',
        '{"image": "b.jpg", "regions": [{"category": "wardrobe", "attributes": {}}]}',
    ],
)
def test_a_bad_line_is_named_and_the_others_become_records(tmp_path: Path, bad: str) -> None:
    predictions = tmp_path / "p.jsonl"
    predictions.write_text(f"{json.dumps(LINE)}\n{bad}\n", encoding="utf-8")
    out = tmp_path / "out.json"

    result = CliRunner().invoke(
        app, ["export", "--out", str(out), "--predictions", str(predictions)]
    )

    assert result.exit_code == 1
    assert "p.jsonl:2:" in result.stderr
    (record,) = json.loads(out.read_text("utf-8"))
    assert record["category"]["state"] == "undecided"
    assert record["category"]["suggestion"] == ["shirt"]


def test_a_name_that_says_no_format_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", "--out", str(tmp_path / "out.xlsx")])

    assert result.exit_code == 2
    assert ".parquet" in result.stderr


def test_that_no_listing_was_refused_is_said(tmp_path: Path) -> None:
    told = tmp_path / "told"

    result = CliRunner().invoke(
        app, ["export", "--out", str(tmp_path / "out.json"), "--rejections", str(told)]
    )

    assert result.exit_code == 0
    assert f"no listing was refused; nothing written to {told}" in result.stderr


def test_annotators_without_gold_tasks_are_told_how_to_make_one() -> None:
    result = CliRunner().invoke(app, ["corrections", "annotators"])

    assert result.exit_code == 0
    assert "ground truth" in result.stdout
