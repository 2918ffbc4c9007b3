"""The ledger's tables: annotations, their regions and cells, and what was sent to annotators.

The first three, and the index of events, are derived from the table `events` and may be made again
at any time; `sent_regions` is a cache that cannot be made again.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base

__all__ = [
    "AnnotationState",
    "CellChange",
    "EventKeyRow",
    "LedgerAnnotationRow",
    "LedgerCellRow",
    "LedgerRegionRow",
    "RegionChange",
    "SentRegionRow",
    "WatermarkRow",
]


class AnnotationState(StrEnum):
    """What an annotation is; only a submitted one says something about its picture.

    Attributes:
        SUBMITTED: Somebody looked and submitted.
        SKIPPED: The task was skipped; what it holds is the pre-annotation.
        DELETED: Deleted, alone or with its task.
        BULK: Predictions that were turned into annotations without anybody looking.
        COPIED: A reviewer's decision as Label Studio was given it; the ledger has its own.
    """

    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    DELETED = "deleted"
    BULK = "bulk"
    COPIED = "copied"


class RegionChange(StrEnum):
    """What became of a region.

    Attributes:
        KEPT: The same category, and a box with an overlap (IoU) of at least 0.95.
        MOVED: The same category, another box.
        RELABELLED: Another category, whatever became of the box.
        ADDED: Not in the prediction.
        DELETED: In the prediction and not in the annotation.
    """

    KEPT = "kept"
    MOVED = "moved"
    RELABELLED = "relabelled"
    ADDED = "added"
    DELETED = "deleted"


class CellChange(StrEnum):
    """What became of one attribute of one region.

    Attributes:
        ACCEPTED: The predicted values were left as they were.
        CHANGED: Other values were put.
        ADDED: Values were put where nothing was predicted.
        REMOVED: The predicted values were taken away and none put.
        CANNOT_TELL: Somebody looked and could not tell.
        OTHER: The true value is not in the list.
        NOT_APPLICABLE: The category was changed to one without the attribute.
        BLANK: Nothing was predicted and nothing put, or what was put is no known value.
    """

    ACCEPTED = "accepted"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    CANNOT_TELL = "cannot_tell"
    OTHER = "other"
    NOT_APPLICABLE = "not_applicable"
    BLANK = "blank"


class LedgerAnnotationRow(Base):
    """The present state of one annotation.

    Attributes:
        ref: `project_uid/task_id/annotation_id/creation`; ids alone are given out again.
        unique_id: As the webhooks tell it; empty if only the API was asked.
        image: The picture's reference as in the task's data.
        state: One of `AnnotationState`.
        lead_time_s: Seconds that the annotator spent, where Label Studio says so.
        parent_prediction: Id of the prediction that it started from, if any.
        model_version: Version of that prediction; empty while it is unknown or without one.
        created_at: By Label Studio's clock, as is `updated_at`.
        is_blind: The task is of the share that is answered with an empty prediction.
        is_pending: The parent prediction is not known yet, so there are no regions and cells.
        ontology_sha256: Digest of the ontology whose ids the regions and cells have, and of the
            recorded changes of it by which they were read (`Rules.digest`).
    """

    __tablename__ = "ledger_annotations"
    __table_args__ = (
        Index("ix_ledger_annotations_task", "project_id", "task_id"),
        Index("ix_ledger_annotations_annotation", "project_id", "annotation_id"),
    )

    ref: Mapped[str] = mapped_column(primary_key=True)
    project_uid: Mapped[str]
    project_id: Mapped[int] = mapped_column(BigInteger)
    task_id: Mapped[int] = mapped_column(BigInteger)
    annotation_id: Mapped[int] = mapped_column(BigInteger)
    unique_id: Mapped[str]
    image: Mapped[str]
    state: Mapped[str]
    completed_by: Mapped[int | None] = mapped_column(BigInteger)
    lead_time_s: Mapped[float | None]
    ground_truth: Mapped[bool]
    parent_prediction: Mapped[int | None] = mapped_column(BigInteger)
    model_version: Mapped[str]
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    result: Mapped[list[Any]] = mapped_column(JSON)
    label_config_sha256: Mapped[str]
    is_blind: Mapped[bool]
    is_pending: Mapped[bool]
    ontology_sha256: Mapped[str]


class LedgerRegionRow(Base):
    """What became of one region of one submitted annotation.

    Attributes:
        annotation_ref: `LedgerAnnotationRow.ref`.
        change: One of `RegionChange`.
        iou: Overlap of the boxes before and after, 0..1; empty where there is only one.
        box_before: `x, y, width, height, rotation` in percent of the picture, as is `box_after`.
        image_w: Size of the picture in pixels, as is `image_h`; 0 where nobody said.
        category_before: Category id, as is `category_after`; empty where there is none, and
            several ids with `|` between where one of them is meant (after a split).
    """

    __tablename__ = "ledger_regions"

    annotation_ref: Mapped[str] = mapped_column(
        ForeignKey("ledger_annotations.ref", ondelete="CASCADE"), primary_key=True
    )
    region_id: Mapped[str] = mapped_column(primary_key=True)
    change: Mapped[str]
    iou: Mapped[float | None]
    box_before: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    box_after: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    image_w: Mapped[int]
    image_h: Mapped[int]
    category_before: Mapped[str]
    category_after: Mapped[str]


class LedgerCellRow(Base):
    """What became of one attribute of one region of one submitted annotation.

    Attributes:
        change: One of `CellChange`.
        before: Sorted value ids that were predicted; an entry of several ids with `|` between
            means one of them, as an answer does whose value was split since.
        after: The same of what was submitted.
        score: Confidence that the prediction gave its values, 0..1.
        weight: Weight in training: 1 for what a person put or removed, less for what was left
            as predicted, 0 for what teaches nothing.
        counts_for_gate: Whether gate and calibration may use it.
    """

    __tablename__ = "ledger_cells"

    annotation_ref: Mapped[str] = mapped_column(
        ForeignKey("ledger_annotations.ref", ondelete="CASCADE"), primary_key=True
    )
    region_id: Mapped[str] = mapped_column(primary_key=True)
    attribute: Mapped[str] = mapped_column(primary_key=True)
    change: Mapped[str]
    before: Mapped[list[str]] = mapped_column(JSON)
    after: Mapped[list[str]] = mapped_column(JSON)
    score: Mapped[float | None]
    weight: Mapped[float]
    counts_for_gate: Mapped[bool]


class EventKeyRow(Base):
    """Which tasks and annotations an event is about; an index, derived as well.

    Attributes:
        kind: `task`, `annotation`, or `snapshot` for one of all ids of a project.
        number: The id; of a snapshot its moment in microseconds since 1970.
    """

    __tablename__ = "ledger_event_keys"
    __table_args__ = (Index("ix_ledger_event_keys_number", "project_id", "kind", "number"),)

    event_id: Mapped[int] = mapped_column(
        ForeignKey("events.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger)


class WatermarkRow(Base):
    """Up to where a project was compared with Label Studio.

    Attributes:
        tasks_updated_at: The newest change of a task that was seen, by Label Studio's clock.
        reconciled_at: When it was last compared to the end.
    """

    __tablename__ = "ledger_watermarks"

    project_uid: Mapped[str] = mapped_column(primary_key=True)
    tasks_updated_at: Mapped[datetime | None]
    reconciled_at: Mapped[datetime]


class SentRegionRow(Base):
    """A region as it was sent, with what the encoder made of it.

    Attributes:
        region_id: As in the results; the same for the same picture, box and model version.
        encoder: Digest of the encoder that made the embedding.
        image_digest: SHA-256 of the picture's bytes.
        box: `x, y, width, height` in percent of the picture.
        embedding: C half-precision numbers, little-endian.
        scores: Calibrated probability of every value that is legal, by attribute and value.
    """

    __tablename__ = "sent_regions"
    __table_args__ = (Index("ix_sent_regions_created_at", "created_at"),)

    region_id: Mapped[str] = mapped_column(primary_key=True)
    encoder: Mapped[str]
    model_version: Mapped[str]
    image_digest: Mapped[str]
    box: Mapped[dict[str, float]] = mapped_column(JSON)
    embedding: Mapped[bytes] = mapped_column(LargeBinary)
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
