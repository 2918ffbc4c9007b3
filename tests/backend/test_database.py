"""Opening, migrating and sharing the database."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import func, inspect, select, text

import backend
from backend.database import (
    Base,
    Database,
    DatabaseError,
    EventRow,
    LabelConfigRow,
    database_url,
    open_database,
)
from backend.events import store_event
from backend.review.items import ReviewItem, put_items
from backend.review.tables import ReviewDecisionRow

OPEN = "from pathlib import Path; from backend.database import open_database; import sys;"
OPEN += "open_database(Path(sys.argv[1])).close()"


def test_fresh_folder_gets_every_table(tmp_path: Path) -> None:
    database = open_database(tmp_path / "new" / "folder")

    tables = set(inspect(database.engine).get_table_names())

    assert tables == set(Base.metadata.tables) | {"alembic_version"}
    database.close()


def test_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = open_database(tmp_path)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_decisions_survive_the_way_back_before_uploads_were_kept(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    database = open_database(tmp_path)
    put_items(database, [ReviewItem(id="one", source="audit", image="one.jpg")])
    with database.transaction() as session:
        session.add(
            ReviewDecisionRow(
                item_id="one",
                reviewer="Ada",
                role="lead",
                action="accept",
                before={},
                after={},
                reason="",
                is_gold=False,
                decided_at=datetime(2026, 1, 2, tzinfo=UTC),
            )
        )
    config = Config()
    config.set_main_option("script_location", str(Path(backend.__file__).parent / "migrations"))

    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")

    columns = {column["name"] for column in inspect(database.engine).get_columns("review_items")}
    assert not {"views", "replaced_at"} & columns
    with database.engine.connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM review_decisions")).scalar()
    assert count == 1
    database.close()


def test_content_survives_opening_again(tmp_path: Path) -> None:
    first = open_database(tmp_path)
    _add_config(first, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    first.close()

    second = open_database(tmp_path)
    with second.transaction() as session:
        assert session.get_one(LabelConfigRow, "hash").xml == "<View/>"
    second.close()


def test_moments_come_back_in_utc(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    _add_config(database, datetime(2026, 1, 2, 5, 4, tzinfo=timezone(timedelta(hours=2))))

    with database.transaction() as session:
        found = session.get_one(LabelConfigRow, "hash").first_seen_at

    assert found == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)
    database.close()


def test_failed_block_leaves_nothing(tmp_path: Path) -> None:
    database = open_database(tmp_path)

    def fail() -> None:
        with database.transaction() as session:
            session.add(LabelConfigRow(sha256="x", xml="x", first_seen_at=datetime.now(tz=UTC)))
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()

    with database.transaction() as session:
        assert session.get(LabelConfigRow, "x") is None
    database.close()


def test_sqlite_writes_ahead_and_survives_a_power_cut(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_two_processes_can_start_at_the_same_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    started = [subprocess.Popen(command) for _ in range(3)]

    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]


def test_waiting_for_another_migration_ends_with_a_clear_error(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "database.lock"),
        pytest.raises(DatabaseError, match="another process has been changing the database"),
    ):
        open_database(tmp_path, lock_timeout_s=0.1)


def test_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "weft.sqlite3").write_bytes(b"garbage" * 1000)

    with pytest.raises(DatabaseError, match="file is not a database") as failed:
        open_database(tmp_path)

    assert "\n" not in str(failed.value)


def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    with pytest.raises(DatabaseError, match="newer weft"):
        open_database(tmp_path)


def test_unusable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DatabaseError, match="WEFT_DATA_DIR"):
        open_database(tmp_path / "file")


def test_unknown_kind_of_database_is_one_clear_error_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot open the database") as failed:
        open_database(tmp_path, url="nosuch://user:hunter2@host/name")

    assert "hunter2" not in str(failed.value)


def test_url_wins_over_the_folder(tmp_path: Path) -> None:
    assert database_url(tmp_path, "postgresql://host/x") == "postgresql://host/x"
    assert database_url(tmp_path) == f"sqlite:///{tmp_path / 'weft.sqlite3'}"


def _add_config(database: Database, seen_at: datetime) -> None:
    with database.transaction() as session:
        session.add(LabelConfigRow(sha256="hash", xml="<View/>", first_seen_at=seen_at))


def test_reading_holds_up_nobody_who_writes(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    store_event(database, {"action": "first"})
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(EventRow)) == 1
        store_event(database, {"action": "second"})
        assert session.scalar(select(func.count()).select_from(EventRow)) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(EventRow)) == 2
    database.close()
