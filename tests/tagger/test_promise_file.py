from __future__ import annotations

from pathlib import Path

import pytest

from tagger.promise import Promise, PromiseError, Why
from tagger.promise_file import PromiseSet, read_promises, write_promises


def promises(version: str = "v1") -> PromiseSet:
    sure = Promise(
        threshold=0.9,
        coverage=0.5,
        error_interval=(0.0, 0.02),
        n=400,
        num_accepted=200,
        num_wrong=0,
        why=Why.SHOWN,
    )
    return PromiseSet(
        version=version,
        error=0.02,
        confidence=0.95,
        source="test",
        fitted_on="2026-11-21",
        heads={"pattern": sure},
    )


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    write_promises(tmp_path / "promises", promises())

    assert read_promises(tmp_path / "promises", "v1") == promises()


def test_a_version_without_promises_accepts_nothing(tmp_path: Path) -> None:
    assert read_promises(tmp_path, "v1") is None
    assert not promises().accepts("season", 1.0)
    assert not promises().accepts("pattern", 0.89)
    assert promises().accepts("pattern", 0.9)


@pytest.mark.parametrize("text", ["", "[]", '{"version": "v1"}', '{"heads": 3, "version": "v1"}'])
def test_a_damaged_file_is_refused_and_says_what_to_do(text: str, tmp_path: Path) -> None:
    (tmp_path / "v1.json").write_text(text, encoding="utf-8")

    with pytest.raises(PromiseError, match="weft promise"):
        read_promises(tmp_path, "v1")


def test_promises_of_another_version_are_refused(tmp_path: Path) -> None:
    write_promises(tmp_path, promises("v2")).rename(tmp_path / "v1.json")

    with pytest.raises(PromiseError, match="'v2'"):
        read_promises(tmp_path, "v1")
