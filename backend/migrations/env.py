"""Run the migrations on the connection that `open_database` hands over."""

from __future__ import annotations

from alembic import context

import backend._served_rows  # its table joins those of Base
import backend.ledger.tables  # likewise
import backend.retraining.tables  # likewise
import backend.review.tables  # noqa: F401 - likewise
from backend.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot change a column in place; later migrations copy the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
