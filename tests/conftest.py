"""What several tiers of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="rewrite the documentation's generated pages"
    )


@pytest.fixture
def should_update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture(autouse=True)
def _forget_logging() -> Iterator[None]:
    """Commands set logging up for their own standard error, which is gone after the test."""
    yield
    structlog.reset_defaults()


pytest_plugins = ["tests.live"]
