"""The figures on the page about records are those that the benchmark wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bench.promise import RESULT, render, summary
from tagger.promise_scope import Scope

PAGE = Path(__file__).parents[2] / "docs" / "records.md"


def test_the_page_shows_the_measured_figures(
    check_section: Callable[[Path, str, str], None],
) -> None:
    expected = render(json.loads(RESULT.read_text(encoding="utf-8")))
    check_section(PAGE, "measured", expected)


def test_the_promise_was_kept_and_weakly_visible_attributes_were_never_accepted() -> None:
    figures = json.loads(RESULT.read_text(encoding="utf-8"))

    for stream in figures["streams"].values():
        for scope in Scope:
            splits = stream["scopes"][scope.value]["splits"]
            assert summary(splits, figures["never"], scope=scope)["kept"] >= 17
            for split in splits:
                heads = split["heads"]
                assert not any(heads[name][1] for name in figures["never"] if name in heads)
