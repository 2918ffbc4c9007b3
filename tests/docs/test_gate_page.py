"""The gate's tables in the documentation are those of the stored figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.corrupted import __main__ as corrupted
from bench.gate import EQUAL, RESULT, render

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"


@pytest.mark.parametrize(
    ("name", "result", "table"),
    [("gate", RESULT, render), ("corrupted", corrupted.RESULT, corrupted.render)],
)
def test_the_page_shows_the_stored_figures(
    name: str,
    result: Path,
    table: Callable[[Any], str],
    check_section: Callable[[Path, str, str], None],
) -> None:
    expected = table(json.loads(result.read_text("utf-8"))) if result.exists() else ""
    check_section(PAGE, name, expected)


@pytest.mark.skipif(not RESULT.exists(), reason="the error rates have not been simulated yet")
def test_the_stored_error_rates_keep_the_promise() -> None:
    figures = json.loads(RESULT.read_text("utf-8"))

    assert figures["draws"] >= 200
    for row in figures["rows"]:
        for found in row["sizes"].values():
            if row["kind"] == EQUAL and "wander" not in row["name"]:
                assert found["reject"]["share"] <= 0.10, row["name"]


@pytest.mark.skipif(not corrupted.RESULT.exists(), reason="the check has not been run yet")
def test_corrupted_candidates_were_rejected_and_clean_ones_were_not() -> None:
    draws = json.loads(corrupted.RESULT.read_text("utf-8"))["draws"]
    rejected = {
        kind: [
            draw["decision"] == "reject"
            for draw in draws
            if (draw["encoder"], draw["kind"]) == ("frozen", kind)
        ]
        for kind in ("clean", "corrupted")
    }

    assert len(rejected["corrupted"]) >= 20
    assert sum(rejected["corrupted"]) >= 0.95 * len(rejected["corrupted"])
    assert sum(rejected["clean"]) <= 0.10 * len(rejected["clean"])
