"""Promises as a running server reads them."""

from __future__ import annotations

import os
from pathlib import Path

from backend.promises import PromiseReader
from tagger.promise_file import promises_dir
from tests.tagger.promised import promised


def test_a_file_that_is_written_while_serving_is_read(tmp_path: Path) -> None:
    reader = PromiseReader(tmp_path)
    assert reader("fake-1") is None

    promised(tmp_path, pattern=0.9)
    first = reader("fake-1")
    promised(tmp_path, pattern=0.95123, sleeve=0.5)
    second = reader("fake-1")

    assert first is not None
    assert first.accepts("pattern", 0.92)
    assert second is not None
    assert not second.accepts("pattern", 0.92)
    assert reader("another") is None


def test_a_file_that_says_nothing_accepts_nothing(tmp_path: Path) -> None:
    promised(tmp_path, pattern=0.9)
    path = promises_dir(tmp_path) / "fake-1.json"
    path.write_text("{", encoding="utf-8")
    os.utime(path, (1, 1))

    assert PromiseReader(tmp_path)("fake-1") is None
    assert PromiseReader(tmp_path)("../fake-1") is None
