"""Make the tables of the corrections ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the six tables and their indexes."""
    _create_annotations()
    _create_regions_and_cells()
    _create_event_keys()
    _create_watermarks_and_sent_regions()


def downgrade() -> None:
    """Drop the six tables."""
    for table in (
        "sent_regions",
        "ledger_watermarks",
        "ledger_event_keys",
        "ledger_cells",
        "ledger_regions",
        "ledger_annotations",
    ):
        op.drop_table(table)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _of_annotation() -> sa.Column[str]:
    key = sa.ForeignKey("ledger_annotations.ref", ondelete="CASCADE")
    return sa.Column("annotation_ref", sa.Text(), key, primary_key=True)


def _create_annotations() -> None:
    op.create_table(
        "ledger_annotations",
        sa.Column("ref", sa.Text(), primary_key=True),
        sa.Column("project_uid", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("annotation_id", sa.BigInteger(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("completed_by", sa.BigInteger()),
        sa.Column("lead_time_s", sa.Double()),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("parent_prediction", sa.BigInteger()),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("created_at", _moment()),
        sa.Column("updated_at", _moment()),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("label_config_sha256", sa.Text(), nullable=False),
        sa.Column("is_blind", sa.Boolean(), nullable=False),
        sa.Column("is_pending", sa.Boolean(), nullable=False),
        sa.Column("ontology_sha256", sa.Text(), nullable=False),
    )
    op.create_index("ix_ledger_annotations_task", "ledger_annotations", ["project_id", "task_id"])
    op.create_index(
        "ix_ledger_annotations_annotation", "ledger_annotations", ["project_id", "annotation_id"]
    )


def _create_regions_and_cells() -> None:
    op.create_table(
        "ledger_regions",
        _of_annotation(),
        sa.Column("region_id", sa.Text(), primary_key=True),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("iou", sa.Double()),
        sa.Column("box_before", sa.JSON()),
        sa.Column("box_after", sa.JSON()),
        sa.Column("image_w", sa.Integer(), nullable=False),
        sa.Column("image_h", sa.Integer(), nullable=False),
        sa.Column("category_before", sa.Text(), nullable=False),
        sa.Column("category_after", sa.Text(), nullable=False),
    )
    op.create_table(
        "ledger_cells",
        _of_annotation(),
        sa.Column("region_id", sa.Text(), primary_key=True),
        sa.Column("attribute", sa.Text(), primary_key=True),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("counts_for_gate", sa.Boolean(), nullable=False),
    )


def _create_event_keys() -> None:
    event = sa.ForeignKey("events.id", ondelete="CASCADE")
    op.create_table(
        "ledger_event_keys",
        sa.Column("event_id", sa.Integer(), event, primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "ix_ledger_event_keys_number", "ledger_event_keys", ["project_id", "kind", "number"]
    )


def _create_watermarks_and_sent_regions() -> None:
    op.create_table(
        "ledger_watermarks",
        sa.Column("project_uid", sa.Text(), primary_key=True),
        sa.Column("tasks_updated_at", _moment()),
        sa.Column("reconciled_at", _moment(), nullable=False),
    )
    op.create_table(
        "sent_regions",
        sa.Column("region_id", sa.Text(), primary_key=True),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("image_digest", sa.Text(), nullable=False),
        sa.Column("box", sa.JSON(), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
    )
    op.create_index("ix_sent_regions_created_at", "sent_regions", ["created_at"])
