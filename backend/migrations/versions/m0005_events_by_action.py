"""Find events by what they are about."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_events_action", "events", ["action", "id"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_events_action", "events")
