"""The tables of the review page: what is to be looked at, and what was decided."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base

__all__ = [
    "AskedPictureRow",
    "DecisionAction",
    "ItemSource",
    "ItemState",
    "ReviewDecisionRow",
    "ReviewDeliveryRow",
    "ReviewItemRow",
]


class ItemSource(StrEnum):
    """Where an item comes from.

    Attributes:
        AUDIT: A seller's listing that was held against its pictures.
        TASK: A task of a Label Studio project.
    """

    AUDIT = "audit"
    TASK = "task"


class ItemState(StrEnum):
    """What became of an item.

    Attributes:
        OPEN: Nobody has closed it.
        CLEAN: Nothing about it needs a look.
        REPLACED: Nobody had closed it when another upload of the product took its place.
        ACCEPTED: A reviewer left everything as it was.
        FIXED: A reviewer put other values, or could not tell.
        REJECTED: A reviewer refused it, with a reason.
    """

    OPEN = "open"
    CLEAN = "clean"
    REPLACED = "replaced"
    ACCEPTED = "accepted"
    FIXED = "fixed"
    REJECTED = "rejected"


class DecisionAction(StrEnum):
    """What a reviewer did.

    Attributes:
        ACCEPT: Left a value, or the whole item, as it was.
        FIX: Put other values.
        CANNOT_TELL: Looked and could not tell.
        REJECT: Refused the item; the reason says why.
        GOLD: Marked what is decided about the item as the truth that people are measured by.
        UNDO: Took decisions back, their own or, as a lead, somebody else's.
    """

    ACCEPT = "accept"
    FIX = "fix"
    CANNOT_TELL = "cannot_tell"
    REJECT = "reject"
    GOLD = "gold"
    UNDO = "undo"


class ReviewItemRow(Base):
    """One picture with what is claimed of it and what the model sees.

    Attributes:
        id: Stable for the same product, picture and task.
        source: One of `ItemSource`.
        product_id: The seller's; empty where nobody said.
        image: A Label Studio reference, an address, or a path below an allowed folder.
        image_digest: SHA-256 of the picture's bytes; empty while nobody has read it.
        claims: Claimed value ids by attribute, and category ids under `category`.
        claim_text: The seller's own words by the same keys.
        regions: As `weft predict` gives them.
        findings: `kind, attribute, claim, seen, risk, reason` each.
        risk: 0..1; what is looked at first.
        state: One of `ItemState`.
        views: Further pictures of the product: `image`, `image_digest` and `regions` of each.
        replaced_at: When another upload of the product took the place of this one.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        Index("ix_review_items_queue", "state", "risk", "id"),
        Index("ix_review_items_task", "project_uid", "task_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    project_uid: Mapped[str | None]
    project_id: Mapped[int | None] = mapped_column(BigInteger)
    task_id: Mapped[int | None] = mapped_column(BigInteger)
    product_id: Mapped[str]
    image: Mapped[str]
    image_digest: Mapped[str]
    claims: Mapped[dict[str, Any]] = mapped_column(JSON)
    claim_text: Mapped[dict[str, Any]] = mapped_column(JSON)
    regions: Mapped[list[Any]] = mapped_column(JSON)
    findings: Mapped[list[Any]] = mapped_column(JSON)
    risk: Mapped[float]
    model_version: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    views: Mapped[list[Any]] = mapped_column(JSON)
    replaced_at: Mapped[datetime | None]


class ReviewDecisionRow(Base):
    """What a reviewer did; rows are only added, taking back is a row as well.

    Attributes:
        role: The reviewer's, at the time.
        action: One of `DecisionAction`.
        attribute: What it is about, `category` for that; empty for the whole item.
        before: `region` and `values` as they were.
        after: The same as they are now; an undo names the decision that it takes back.
        reason: Code of the reason for a refusal; empty otherwise.
        seconds: How long the item was looked at, where it is known.
        is_gold: The row marks the item as gold.
    """

    __tablename__ = "review_decisions"
    __table_args__ = (Index("ix_review_decisions_item", "item_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id", ondelete="CASCADE"))
    reviewer: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    attribute: Mapped[str | None]
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str]
    seconds: Mapped[float | None]
    is_gold: Mapped[bool]
    decided_at: Mapped[datetime]


class ReviewDeliveryRow(Base):
    """What a Label Studio task was told of what was decided, and is still to be told.

    Attributes:
        wanted: Id of the newest decision.
        delivered: Id of the decision up to which the task was told; 0 for none.
        annotation_id: The annotation there; empty while there is none.
        attempts: How often it failed since it last worked.
        not_before: It is not tried before this moment.
        note: Why it failed.
    """

    __tablename__ = "review_deliveries"

    item_id: Mapped[str] = mapped_column(
        ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True
    )
    wanted: Mapped[int]
    delivered: Mapped[int]
    annotation_id: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int]
    not_before: Mapped[datetime]
    note: Mapped[str]


class AskedPictureRow(Base):
    """A task's picture that Label Studio asked about; no other is ever shown.

    Attributes:
        image_hash: SHA-256 of `image`, which is the reference as in the task's data.
        data: What else the task's data says, where it is short text.
        looked_at: When it was last considered for the review queue; empty if it never was.
    """

    __tablename__ = "asked_pictures"
    __table_args__ = (Index("ix_asked_pictures_new", "looked_at", "asked_at"),)

    project_uid: Mapped[str] = mapped_column(primary_key=True)
    image_hash: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInteger)
    task_id: Mapped[int] = mapped_column(BigInteger)
    image: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    asked_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
