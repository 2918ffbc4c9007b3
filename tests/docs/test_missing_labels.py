"""The study's table in the documentation is that of the stored figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bench.missing_labels.__main__ import RESULT
from bench.missing_labels.table import render

PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"


def test_the_page_shows_the_stored_figures_of_the_study(
    check_section: Callable[[Path, str, str], None],
) -> None:
    expected = render(json.loads(RESULT.read_text("utf-8"))) if RESULT.exists() else ""
    check_section(PAGE, "missing-labels", expected)
