"""What the ledger's tests share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.pool import StaticPool

import backend.ledger.tables  # noqa: F401 - its tables join those of Base
from backend.database import Base, Database, open_database


def memory_database() -> Database:
    """Make a database in memory; migrating a file takes a hundred times as long.

    Where `WEFT_TEST_DATABASE_URL` names a database server it is a new, migrated database there,
    which stays.
    """
    if server := os.environ.get("WEFT_TEST_DATABASE_URL"):
        return _database_of(make_url(server))
    engine = create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    Base.metadata.create_all(engine)
    return Database(engine=engine)


def _database_of(server: URL) -> Database:
    name = f"weft_test_{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    address = server.set(database=name).render_as_string(hide_password=False)
    return open_database(Path(tempfile.gettempdir()) / name, url=address)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database()
    yield made
    made.close()
