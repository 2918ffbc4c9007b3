"""The figures on the page about explanations are those that the benchmark wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.explain.table import render

PAGE = Path(__file__).parents[2] / "docs" / "explanations.md"


def test_the_page_shows_the_measured_figures(
    check_section: Callable[[Path, str, str], None],
) -> None:
    expected = render()
    check_section(PAGE, "measured", expected)
