"""`weft models recalibrate` serves a version as it was served, unless it is told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli import app


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Keep what would be calibrated."""
    import tagger.recalibrate

    kept: dict[str, Any] = {}

    def keep(_version: Path, _data: list[Path], **others: Any) -> Path:
        kept.update(others)
        return tmp_path / "version"

    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(tagger.recalibrate, "recalibrate", keep)
    return kept


def test_what_is_not_named_stays_as_the_version_has_it(asked: dict[str, Any]) -> None:
    result = CliRunner().invoke(app, ["models", "recalibrate", "--data", "shop.yaml"])

    assert result.exit_code == 0, result.output
    assert not {"image_size", "mirror"} & set(asked)
    assert asked["boxes"].name == "boxes.json", "garments are not looked for twice"


def test_another_way_of_serving_can_be_named(asked: dict[str, Any]) -> None:
    options = ["--image-size", "224", "--no-mirror"]
    result = CliRunner().invoke(app, ["models", "recalibrate", "--data", "shop.yaml", *options])

    assert result.exit_code == 0, result.output
    assert (asked["image_size"], asked["mirror"]) == (224, False)
