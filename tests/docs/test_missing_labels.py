"""The study's table in the documentation is that of the stored figures."""

from __future__ import annotations

import json
from pathlib import Path

from bench.missing_labels.__main__ import RESULT
from bench.missing_labels.table import render

PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"
START, END = "<!-- missing-labels -->\n", "<!-- /missing-labels -->"


def test_the_page_shows_the_stored_figures_of_the_study(should_update: bool) -> None:
    expected = render(json.loads(RESULT.read_text("utf-8"))) if RESULT.exists() else ""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    shown, end, after = rest.partition(END)
    if should_update:
        shown = expected
        PAGE.write_text(f"{before}{START}{shown}{END}{after}", encoding="utf-8")

    assert end == END
    assert shown == expected
