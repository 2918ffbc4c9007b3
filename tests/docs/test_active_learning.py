"""The table of the selection page is that of the stored figures, and so is the plot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bench.active_learning.__main__ import PLOT, RESULT
from bench.active_learning.table import draw, render

PAGE = Path(__file__).parents[2] / "docs" / "selection.md"
PICTURE = "\n![Macro-F1 against the number of labels, by strategy](images/active-learning.svg)\n"


def test_the_page_shows_the_stored_figures_of_the_simulation(
    check_section: Callable[[Path, str, str], None],
) -> None:
    expected = render(json.loads(RESULT.read_text("utf-8"))) + PICTURE
    check_section(PAGE, "active-learning", expected)


def test_the_plot_is_drawn_from_the_stored_figures(tmp_path: Path) -> None:
    figures = json.loads(RESULT.read_text("utf-8"))
    draw(figures, tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text("utf-8")
    stored = PLOT.read_text("utf-8")
    for name in figures["strategies"]:
        assert f">{name}<" in drawn
        assert f">{name}<" in stored
