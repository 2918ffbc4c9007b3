"""A ledger with rows as the tests put them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.stats.support import LedgerRows, ledger_rows


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[LedgerRows]:
    with ledger_rows(tmp_path) as opened:
        yield opened
