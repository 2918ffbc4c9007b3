"""Make the tables of events, labeling configs and queued work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the four tables and their indexes."""
    _create_events()
    _create_jobs()


def downgrade() -> None:
    """Drop the four tables."""
    for table in ("job_tasks", "jobs", "events", "label_configs"):
        op.drop_table(table)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _create_events() -> None:
    op.create_table(
        "label_configs",
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.Column("first_seen_at", _moment(), nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("content_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("label_config_sha256", sa.Text()),
        sa.Column("received_at", _moment(), nullable=False),
        sa.Column("last_received_at", _moment(), nullable=False),
        sa.Column("times_received", sa.Integer(), nullable=False),
        sa.Column("handled_at", _moment()),
    )
    op.create_index("ix_events_unhandled", "events", ["handled_at", "id"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("project_uid", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
    )
    op.create_table(
        "job_tasks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "job_id", sa.Integer(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("project_uid", sa.Text(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("image_hash", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("not_before", _moment(), nullable=False),
        sa.Column("sent_at", _moment()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
        sa.UniqueConstraint("project_uid", "task_id", "image_hash", "model_version"),
    )
    op.create_index("ix_job_tasks_queue", "job_tasks", ["state", "not_before", "id"])
    op.create_index("ix_job_tasks_job_id", "job_tasks", ["job_id"])
