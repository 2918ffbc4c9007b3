"""The gate's report says the verdict first, needs nothing from outside, and agrees with itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tagger.gate import CellOutcome, decide
from tagger.gate_plots import reliability_bins
from tagger.gate_report import JSON_NAME, report_of, write_report

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
KINDS = ["desk_lamp", "floor_lamp", "lantern"]


def answers(num_groups: int = 400) -> list[CellOutcome]:
    random = np.random.default_rng(1)
    cells = []
    for group in range(num_groups):
        kind = KINDS[group % 3]
        for head in ("category", "shade", "stand") if group % 4 else ("category", "shade", "cord"):
            score = float(random.uniform(0.3, 1.0))
            is_right = bool(random.random() < score)
            other = KINDS[(group + 1) % 3]
            cells.append(
                CellOutcome(
                    cell_id=f"{group}/{head}",
                    group=str(group),
                    head=head,
                    is_right=is_right,
                    score=score,
                    truth=kind,
                    answer=kind if is_right else other,
                )
            )
    return cells


def written(
    out: Path, live: list[CellOutcome], candidate: list[CellOutcome], name: str = "candidate-2"
) -> tuple[str, dict[str, object]]:
    page = write_report(
        decide(live, candidate),
        live="live-1",
        candidate=name,
        live_cells=live,
        candidate_cells=candidate,
        out=out / "deep",
        now=NOW,
    )
    return page.read_text("utf-8"), json.loads((page.parent / JSON_NAME).read_text("utf-8"))


def test_the_verdict_and_its_reasons_come_first(tmp_path: Path) -> None:
    live = answers()
    candidate = [replace(c, is_right=False) if c.head == "shade" else c for c in live]
    page, plain = written(tmp_path, live, candidate)

    body = page[page.index("<body>") :]
    assert body.index("<h1>Reject</h1>") < body.index("shade falls by") < body.index("<svg")
    assert plain["verdict"]["decision"] == "reject"  # type: ignore[index]
    assert (plain["live"], plain["candidate"]) == ("live-1", "candidate-2")
    assert plain["created"] == "2026-11-21T10:30:00+00:00"
    assert "2026-11-21 10:30 UTC" in page


def test_the_page_asks_nothing_of_any_host(tmp_path: Path) -> None:
    page, _ = written(tmp_path, answers(), answers())

    names = re.findall(r"[a-z:]+=\"(https?://[^\"]+)\"", page)
    assert {name for name in names if not name.startswith("http://www.w3.org/")} == set()
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\((?!#)", page)


def test_every_figure_has_a_name_words_and_a_table(tmp_path: Path) -> None:
    page, _ = written(tmp_path, answers(), answers())

    figures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(figures) == 3
    for figure in figures:
        tree = ElementTree.fromstring(figure)  # noqa: S314 - our own file
        ids = {node.get("id") for node in tree.iter() if node.get("id")}
        assert set(str(tree.get("aria-labelledby")).split()) <= ids
        assert tree.get("role") == "img"
    assert page.count('role="region"') == 4
    ids_of_page = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids_of_page) == len(set(ids_of_page))


def test_figures_take_the_colours_of_the_page(tmp_path: Path) -> None:
    page, _ = written(tmp_path, answers(), answers())

    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"#0[0-9a-f]0[0-9a-f]0[0-9a-f]", page)
    assert "var(--candidate)" in page[page.index("<svg") :]


def test_the_table_shows_every_attribute_with_the_figures_of_the_verdict(tmp_path: Path) -> None:
    live = answers()
    page, _ = written(tmp_path, live, live)
    verdict = decide(live, live)

    for head in (*verdict.heads, *verdict.not_testable):
        assert f'<th scope="row">{head.head}</th><td>{head.num_cells:,}</td>' in page
    assert '<tr class="not-testable"><th scope="row">cord</th>' in page


def test_names_from_outside_are_escaped(tmp_path: Path) -> None:
    page, _ = written(tmp_path, answers(), answers(), name="<b>&")

    assert "<b>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_report_without_gold_says_so(tmp_path: Path) -> None:
    page, plain = written(tmp_path, [], [])

    assert "<h1>Undecided</h1>" in page
    assert "Too little gold: 0 cells" in page
    assert "<svg" not in page
    assert plain["confusion"] == []


def test_the_most_confused_categories_are_counted_for_both_versions() -> None:
    live = answers()
    candidate = [replace(c, answer="torch") if c.answer == "lantern" else c for c in live]
    wrong = [c for c in live if c.head == "category" and not c.is_right]
    _, pairs = report_of(live, candidate)

    first = pairs[0]
    assert first.live == sum((c.truth, c.answer) == (first.truth, first.answer) for c in wrong)
    assert sum(pair.live for pair in pairs) == sum(pair.candidate for pair in pairs) == len(wrong)
    assert ("floor_lamp", "torch") in {(pair.truth, pair.answer) for pair in pairs}


def test_bins_are_of_equal_mass_and_leave_out_what_was_not_answered() -> None:
    cells = answers()
    silent = [replace(cell, score=None) for cell in cells[:100]]
    bins = reliability_bins([*silent, *cells[100:]])

    assert len(bins) == 10
    assert sum(one.num_cells for one in bins) == len(cells) - 100
    assert max(one.num_cells for one in bins) - min(one.num_cells for one in bins) <= 1
    assert [one.score for one in bins] == sorted(one.score for one in bins)


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (9, 0), (10, 1), (35, 3), (400, 10)])
def test_few_answers_give_few_bins(count: int, expected: int) -> None:
    assert len(reliability_bins(answers()[:count])) == expected
