"""What the documentation says of the killed loop is what the stored figures say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.run import RESULTS

RESULT = RESULTS / "loop-kills.json"
PAGE = Path(__file__).parents[2] / "docs" / "corrections.md"


def render(figures: dict[str, Any]) -> str:
    kills, events, found = figures["kills"], figures["events"], figures["annotations"]
    late = events["delayed"] + events["held_until_the_end"]
    return (
        f"In {figures['seconds']} seconds the backend was killed {kills['backend']} times, the "
        f"training process {kills['trainer']} times and Label Studio {kills['label_studio']} "
        f"times.\n"
        f"Of {events['sent']} events {events['dropped']} were dropped, {events['duplicated']} came "
        f"twice and {late} late; {events['lost_as_the_backend_was_down']} deliveries found no "
        f"backend.\n"
        f"In the end {found['compared']} annotations were compared: {found['different']} differed "
        f"and {found['doubled']} were there twice.\n"
    )


def test_the_page_shows_the_stored_figures(check_section: Callable[[Path, str, str], None]) -> None:
    expected = render(json.loads(RESULT.read_text("utf-8"))) if RESULT.exists() else ""
    check_section(PAGE, "loop-kills", expected)


@pytest.mark.skipif(not RESULT.exists(), reason="nothing has been killed yet")
def test_the_stored_run_lost_and_doubled_nothing() -> None:
    figures = json.loads(RESULT.read_text("utf-8"))

    assert figures["kills"]["all"] >= 50
    assert figures["annotations"]["compared"] > 0
    assert figures["annotations"]["different"] == figures["annotations"]["doubled"] == 0
