"""The figures on the page about explanations are those that the benchmark wrote."""

from __future__ import annotations

from pathlib import Path

from bench.explain.table import render

PAGE = Path(__file__).parents[2] / "docs" / "explanations.md"
START, END = "<!-- measured -->\n", "<!-- /measured -->"


def test_the_page_shows_the_measured_figures(should_update: bool) -> None:
    expected = render()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    shown, end, after = rest.partition(END)
    if should_update:
        shown = expected
        PAGE.write_text(f"{before}{START}{shown}{END}{after}", encoding="utf-8")

    assert end == END
    assert shown == expected
