"""What the ledger's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

import backend.ledger.tables  # noqa: F401 - its tables join those of Base
from backend.database import Base, Database


def memory_database() -> Database:
    """Make a database in memory; migrating a file takes a hundred times as long."""
    engine = create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    Base.metadata.create_all(engine)
    return Database(engine=engine)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database()
    yield made
    made.close()
