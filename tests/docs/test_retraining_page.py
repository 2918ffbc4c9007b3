"""The figures on the page about retraining are those that the benchmarks wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.retraining_table import render

PAGE = Path(__file__).parents[2] / "docs" / "retraining.md"


def test_the_page_shows_the_measured_figures(
    check_section: Callable[[Path, str, str], None],
) -> None:
    expected = render()
    check_section(PAGE, "measured", expected)
