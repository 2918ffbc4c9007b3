"""The figures on the page about retraining are those that the benchmarks wrote."""

from pathlib import Path

from bench.retraining_table import render

PAGE = Path(__file__).parents[2] / "docs" / "retraining.md"


def test_the_page_shows_the_measured_figures() -> None:
    assert render() in PAGE.read_text(encoding="utf-8")
