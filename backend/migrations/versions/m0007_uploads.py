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
    views = sa.Column("views", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("review_items", views)
    op.add_column("review_items", sa.Column("replaced_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them in place: a copy of the table would take every decision about its items along."""
    op.drop_column("review_items", "replaced_at")
    op.drop_column("review_items", "views")
