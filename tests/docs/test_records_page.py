"""The figures on the page about records are those that the benchmark wrote."""

from __future__ import annotations

import json
from pathlib import Path

from bench.promise import RESULT, render, summary
from tagger.promise_scope import Scope

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
START, END = "<!-- measured -->\n", "<!-- /measured -->"


def test_the_page_shows_the_measured_figures(should_update: bool) -> None:
    expected = render(json.loads(RESULT.read_text(encoding="utf-8")))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    shown, end, after = rest.partition(END)
    if should_update:
        shown = expected
        PAGE.write_text(f"{before}{START}{shown}{END}{after}", encoding="utf-8")

    assert end == END
    assert shown == expected


def test_the_promise_was_kept_and_weakly_visible_attributes_were_never_accepted() -> None:
    figures = json.loads(RESULT.read_text(encoding="utf-8"))

    for stream in figures["streams"].values():
        for scope in Scope:
            splits = stream["scopes"][scope.value]["splits"]
            assert summary(splits, figures["never"], scope=scope)["kept"] >= 17
            for split in splits:
                heads = split["heads"]
                assert not any(heads[name][1] for name in figures["never"] if name in heads)
