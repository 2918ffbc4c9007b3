"""What several tiers of tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="rewrite the documentation's generated pages"
    )


@pytest.fixture
def should_update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


pytest_plugins = ["tests.live"]
