"""The judgement of street photographs in the documentation is what the command prints."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import street

PAGE = Path(__file__).parents[2] / "docs" / "model.md"


def test_the_page_shows_what_was_counted_in_street_photographs(monkeypatch, capsys, should_update):
    start, end = "<!-- street -->\n```\n", "```\n<!-- /street -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(start)
    shown, _, after = rest.partition(end)
    monkeypatch.setattr(sys, "argv", ["street", "show"])
    street.main()
    printed = capsys.readouterr().out
    if should_update:
        shown = printed
        PAGE.write_text(f"{before}{start}{shown}{end}{after}", encoding="utf-8")

    assert shown == printed
