"""What the backend's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backend.support import PictureServer, picture_server


@pytest.fixture
def server() -> Iterator[PictureServer]:
    with picture_server() as running:
        yield running
