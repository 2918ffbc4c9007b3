"""What the tests of pages with measured figures share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def check_section(should_update: bool) -> Callable[[Path, str, str], None]:
    """Give a check that a page shows a text between its markers; `--update` writes it there."""

    def check(page: Path, name: str, expected: str) -> None:
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.read_text(encoding="utf-8").partition(start)
        shown, found, after = rest.partition(end)
        if should_update:
            shown = expected
            page.write_text(f"{before}{start}{shown}{end}{after}", encoding="utf-8")

        assert found == end
        assert shown == expected

    return check
