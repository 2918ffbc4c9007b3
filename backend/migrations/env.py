"""Run the migrations on the connection that `open_database` hands over."""

from __future__ import annotations

from alembic import context

import backend.ledger.tables  # noqa: F401 - its tables join those of Base
from backend.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot change a column in place; later migrations copy the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
