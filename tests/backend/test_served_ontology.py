from __future__ import annotations

from pathlib import Path

import pytest

from backend import served_ontology as module
from backend.model_source import ModelSource
from backend.served_ontology import served_ontology
from backend.settings import Settings
from ontology.load import default_ontology_path, load_ontology

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"


def test_ontology_is_the_one_that_the_served_version_was_taught_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ontology.yaml").write_text(FURNITURE.read_text("utf-8"), encoding="utf-8")
    source = ModelSource(version="v", path=tmp_path)
    monkeypatch.setattr(module, "find_model", lambda settings: source)

    assert served_ontology(Settings(data_dir=tmp_path)).id == "furniture"


def test_without_a_model_it_is_the_shipped_ontology(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ModelSource(version="none", path=None, fault="no version")
    monkeypatch.setattr(module, "find_model", lambda settings: source)

    shipped = load_ontology(default_ontology_path())
    assert served_ontology(Settings(data_dir=tmp_path)).id == shipped.id
