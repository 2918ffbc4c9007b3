"""Keep every picture of a seller's upload, and when another upload took its place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("review_items") as table:
        table.add_column(sa.Column("views", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("replaced_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("review_items") as table:
        table.drop_column("replaced_at")
        table.drop_column("views")
