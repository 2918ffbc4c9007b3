"""The figures on the page about the audit are those that the benchmark wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.audit.__main__ import FAULTS, PHOTOGRAPHS, SWAPS
from bench.audit.table import render_faults, render_photographs, render_swaps

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.mark.parametrize(
    ("name", "file", "render"),
    [
        ("swaps", SWAPS, render_swaps),
        ("faults", FAULTS, render_faults),
        ("photographs", PHOTOGRAPHS, render_photographs),
    ],
)
def test_the_page_shows_the_measured_figures(
    name, file, render, check_section: Callable[[Path, str, str], None]
) -> None:
    expected = render(json.loads(file.read_text(encoding="utf-8")))
    check_section(PAGE, name, expected)


def test_the_wrong_words_lead_the_ranking_as_promised() -> None:
    runs = json.loads(SWAPS.read_text(encoding="utf-8"))["runs"]["as_common"]

    assert len(runs) == 20
    assert sum(run["precision"] for run in runs) / len(runs) >= 0.7
