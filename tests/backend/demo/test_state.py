from __future__ import annotations

from pathlib import Path

from backend.demo.state import Source, load_source, save_source


def test_unknown_source_starts_empty(tmp_path: Path) -> None:
    assert load_source(tmp_path, "new") == Source(key="new")


def test_source_is_remembered_beside_others(tmp_path: Path) -> None:
    first = Source(key="a", project_id=3, imported={"x|1", "y|2"}, faulty={"y|2"})
    second = Source(key="b", project_id=4)

    save_source(tmp_path, first)
    save_source(tmp_path, second)

    assert load_source(tmp_path, "a") == first
    assert load_source(tmp_path, "b") == second
