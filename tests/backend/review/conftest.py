"""What the tests of reviewing share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.review.support import Backend, running_backend


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    with running_backend(tmp_path) as made:
        made.sign_in()
        yield made
