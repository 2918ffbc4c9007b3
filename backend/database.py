"""The database: raw events, labeling configs and queued work; SQLite by default, PostgreSQL by URL.

Tables are made and changed only by the migrations in `backend/migrations`, which run at start.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Dialect, Engine

__all__ = [
    "Base",
    "Database",
    "DatabaseError",
    "EventRow",
    "JobRow",
    "JobTaskRow",
    "LabelConfigRow",
    "UtcDateTime",
    "database_url",
    "open_database",
    "utc_now",
]

_BUSY_TIMEOUT_MS = 10_000
_MIGRATION_LOCK_TIMEOUT_S = 120.0
_READING = {"weft_is_reading": True}


class DatabaseError(CatalogError):
    """The database cannot be opened, migrated or used."""


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(tz=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC moments in every database; SQLite itself would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into what the database stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"moment without a zone: {value}; expected an aware datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a stored moment into an aware one."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = {datetime: UtcDateTime(), str: Text()}  # noqa: RUF012 - SQLAlchemy's way


class LabelConfigRow(Base):
    """A labeling config as it was when an event arrived; stored once for all events."""

    __tablename__ = "label_configs"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    xml: Mapped[str]
    first_seen_at: Mapped[datetime]


class EventRow(Base):
    """A webhook body as it arrived, without invite tokens and with its config stored apart.

    Attributes:
        content_hash: SHA-256 of the stored body; a body that comes again is counted, not repeated.
        handled_at: When the worker had acted on it; empty while it waits.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_unhandled", "handled_at", "id"),
        Index("ix_events_action", "action", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(unique=True)
    action: Mapped[str]
    project_id: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[str]
    label_config_sha256: Mapped[str | None]
    received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]
    times_received: Mapped[int]
    handled_at: Mapped[datetime | None]


class JobRow(Base):
    """One request for work: some tasks of a project, for one model version."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger)
    project_uid: Mapped[str]
    model_version: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class JobTaskRow(Base):
    """One task to pre-annotate; at most one row per project, task, picture and model version.

    Attributes:
        project_uid: Project id and creation time, since Label Studio gives ids of deleted
            projects and tasks out again.
        image_hash: SHA-256 of the picture's full address; `image` is its readable part.
        sent_at: When a prediction was last sent without a known outcome; empty once known.
        not_before: The row is not taken before this moment.
    """

    __tablename__ = "job_tasks"
    __table_args__ = (
        UniqueConstraint("project_uid", "task_id", "image_hash", "model_version"),
        Index("ix_job_tasks_queue", "state", "not_before", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int] = mapped_column(BigInteger)
    project_uid: Mapped[str]
    task_id: Mapped[int] = mapped_column(BigInteger)
    image: Mapped[str]
    image_hash: Mapped[str]
    model_version: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    reason: Mapped[str]
    not_before: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An open, migrated database."""

    engine: Engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session that is committed at the end of the block, or rolled back on an error.

        Raises:
            DatabaseError: If the database refuses the work; names the cause in one line.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            raise DatabaseError(f"the database refused: {_first_line(error)}") from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session for reading only, which holds up nobody who writes; fails likewise."""
        try:
            with self.engine.connect().execution_options(**_READING) as connection:
                yield Session(connection)
        except SQLAlchemyError as error:
            raise DatabaseError(f"the database refused: {_first_line(error)}") from error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def database_url(data_dir: Path, url: str = "") -> str:
    """Return `url`, or the address of the SQLite file in the data folder when it is empty."""
    return url or f"sqlite:///{data_dir / 'weft.sqlite3'}"


def open_database(
    data_dir: Path,
    *,
    url: str = "",
    lock_timeout_s: float = _MIGRATION_LOCK_TIMEOUT_S,
) -> Database:
    """Open the database and bring its tables up to date, one process at a time.

    Args:
        data_dir: Holds the SQLite file and the lock; made when missing.
        url: SQLAlchemy address of another database.
        lock_timeout_s: How long to wait, in seconds, for another process that is migrating.

    Raises:
        DatabaseError: If the folder, the database or a migration fails; says which and why.
    """
    from filelock import FileLock, Timeout

    address = database_url(data_dir, url)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(data_dir / "database.lock", timeout=lock_timeout_s):
            engine = _make_engine(address)
            _migrate(engine)
    except Timeout as error:
        raise DatabaseError(
            f"another process has been changing the database in {data_dir} for more than "
            f"{lock_timeout_s:g} s; stop it, or wait and start again"
        ) from error
    except OSError as error:
        raise DatabaseError(
            f"cannot use the data folder {data_dir}: {error.strerror or error}; "
            "make it writable or set WEFT_DATA_DIR to another folder"
        ) from error
    except (SQLAlchemyError, ImportError) as error:
        raise DatabaseError(
            f"cannot open the database {make_url(address).render_as_string()}: {_first_line(error)}"
        ) from error
    return Database(engine=engine)


def _make_engine(address: str) -> Engine:
    if not make_url(address).drivername.startswith("sqlite"):
        return create_engine(address, pool_pre_ping=True)
    engine = create_engine(address, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediately)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Without this the driver opens transactions itself, too late for BEGIN IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: an event that was answered with 201 survives a power cut, not only a killed process.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    # A deferred transaction that turns into a writer fails at once instead of waiting.
    is_reading = connection.get_execution_options().keys() & _READING.keys()
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseError(
                f"cannot bring the database up to date: {_first_line(error)}; it may have been "
                "made by a newer weft: install that one, or start with another WEFT_DATA_DIR"
            ) from error


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
