"""Put items into the review queue and read them, and what was decided about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backend.database import utc_now
from backend.review.tables import ItemSource, ItemState, ReviewDecisionRow, ReviewItemRow
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from datetime import datetime

    from backend.database import Database

__all__ = [
    "CATEGORY_KEY",
    "ReviewDecision",
    "ReviewError",
    "ReviewItem",
    "count_items",
    "decisions_of",
    "item_of",
    "items_of",
    "put_items",
    "seller_of",
]

CATEGORY_KEY = "category"
"""Key of the category among claims and decided attributes."""

_CHUNK = 200


class ReviewError(CatalogError):
    """An item cannot be reviewed as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One picture with what is claimed of it and what the model sees.

    Attributes:
        id: Stable for the same product, picture and task.
        source: One of `ItemSource`.
        image: A Label Studio reference, an address, or a path below an allowed folder; empty if
            there is none that can be shown.
        claims: Claimed value ids by attribute, and category ids under `category`.
        claim_text: The seller's own words by the same keys, and a listing's `title` and `seller`.
        regions: As `weft predict` gives them.
        findings: `kind, attribute, claim, seen, risk, reason` each.
        risk: 0..1; what is looked at first.
        views: Further pictures of the product: `image`, `image_digest` and `regions` of each.
        replaced_at: When another upload of the product took the place of this one.
    """

    id: str
    source: str
    image: str
    project_uid: str | None = None
    project_id: int | None = None
    task_id: int | None = None
    product_id: str = ""
    image_digest: str = ""
    claims: Mapping[str, Sequence[str]] = field(default_factory=dict)
    claim_text: Mapping[str, Any] = field(default_factory=dict)
    regions: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    risk: float = 0.0
    model_version: str = ""
    views: Sequence[Mapping[str, Any]] = ()
    state: str = ItemState.OPEN
    created_at: datetime | None = None
    updated_at: datetime | None = None
    replaced_at: datetime | None = None

    @property
    def seller(self) -> str:
        """Who sells it; empty where nobody is named."""
        return seller_of(self.claim_text)

    @property
    def untouched_state(self) -> ItemState:
        """What the item is as long as nobody decides about it."""
        if self.replaced_at is not None:
            return ItemState.REPLACED
        return ItemState.OPEN if self.findings else ItemState.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecision:
    """What a reviewer did; see `ReviewDecisionRow` for the fields."""

    id: int
    item_id: str
    reviewer: str
    role: str
    action: str
    attribute: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    seconds: float | None
    is_gold: bool
    decided_at: datetime


def put_items(
    database: Database,
    items: Iterable[ReviewItem],
    *,
    clock: Callable[[], datetime] = utc_now,
) -> frozenset[str]:
    """Put items into the queue.

    One that is there is brought up to date, unless somebody has decided about it: decisions name
    the regions that they are about.

    Args:
        database: Where to.
        items: Any number; the last of those with one id stays.
        clock: Gives the present moment, aware.

    Returns:
        The ids of those that are new.

    Raises:
        ReviewError: If a source or a risk is none.
        DatabaseError: If they could not be stored.
    """
    by_id = {item.id: _checked(item) for item in items}
    waiting = list(by_id.values())
    new: set[str] = set()
    for start in range(0, len(waiting), _CHUNK):
        chunk = waiting[start : start + _CHUNK]
        now = clock()
        with database.transaction() as session:
            ids = [item.id for item in chunk]
            query = select(ReviewItemRow).where(ReviewItemRow.id.in_(ids))
            known = {row.id: row for row in session.scalars(query)}
            of_these = select(ReviewDecisionRow.item_id).where(ReviewDecisionRow.item_id.in_(ids))
            decided = set(session.scalars(of_these.distinct()))
            for item in chunk:
                row = known.get(item.id)
                if row is not None and row.id in decided:
                    _bring_back(row)
                    continue
                if row is None:
                    new.add(item.id)
                    row = ReviewItemRow(id=item.id, created_at=now)
                    session.add(row)
                for name, value in _fields(item).items():
                    setattr(row, name, value)
                row.state, row.replaced_at, row.updated_at = item.state, None, now
    return frozenset(new)


def _bring_back(row: ReviewItemRow) -> None:
    """Let an item hold again whose decisions, and so its findings, stay as they were."""
    row.replaced_at = None
    if row.state == ItemState.REPLACED:
        row.state = to_item(row).untouched_state


def items_of(
    database: Database,
    *,
    states: Collection[str] = (),
    source: str | None = None,
    ids: Collection[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[ReviewItem, ...]:
    """Return items, the riskiest first, those of one risk by id.

    Args:
        database: Where from.
        states: Only these; none for all.
        source: Only this one; None for all.
        ids: Only these; None for all.
        limit: How many at most.
        offset: How many to leave out first.
    """
    query = select(ReviewItemRow).order_by(ReviewItemRow.risk.desc(), ReviewItemRow.id)
    if states:
        query = query.where(ReviewItemRow.state.in_(list(states)))
    if source is not None:
        query = query.where(ReviewItemRow.source == source)
    if ids is not None:
        query = query.where(ReviewItemRow.id.in_(list(ids)))
    if limit is not None or offset:
        query = query.limit(limit if limit is not None else 2**31).offset(offset)
    with database.reading() as session:
        return tuple(to_item(row) for row in session.scalars(query))


def item_of(database: Database, item_id: str) -> ReviewItem | None:
    """Return one item, None if there is none."""
    with database.reading() as session:
        row = session.get(ReviewItemRow, item_id)
        return to_item(row) if row is not None else None


def count_items(database: Database) -> dict[str, int]:
    """Count the items of every state that there is."""
    query = select(ReviewItemRow.state, func.count()).group_by(ReviewItemRow.state)
    with database.reading() as session:
        return {state: int(count) for state, count in session.execute(query)}


def decisions_of(
    database: Database,
    *,
    item_id: str | None = None,
    reviewer: str | None = None,
    action: str | None = None,
) -> tuple[ReviewDecision, ...]:
    """Return decisions in the order in which they were made, undone ones and undoings as well."""
    query = select(ReviewDecisionRow).order_by(ReviewDecisionRow.id)
    if item_id is not None:
        query = query.where(ReviewDecisionRow.item_id == item_id)
    if reviewer is not None:
        query = query.where(ReviewDecisionRow.reviewer == reviewer)
    if action is not None:
        query = query.where(ReviewDecisionRow.action == action)
    with database.reading() as session:
        return tuple(to_decision(row) for row in session.scalars(query))


def seller_of(claim_text: Mapping[str, Any]) -> str:
    """Give who sells what an item is about, from its `claim_text`; empty where nobody is named."""
    return str(claim_text.get("seller") or "")


def to_item(row: ReviewItemRow) -> ReviewItem:
    """Copy a row."""
    return ReviewItem(
        id=row.id,
        **_fields(row),
        state=row.state,
        created_at=row.created_at,
        updated_at=row.updated_at,
        replaced_at=row.replaced_at,
    )


def to_decision(row: ReviewDecisionRow) -> ReviewDecision:
    """Copy a row."""
    return ReviewDecision(
        id=row.id,
        item_id=row.item_id,
        reviewer=row.reviewer,
        role=row.role,
        action=row.action,
        attribute=row.attribute,
        before=row.before,
        after=row.after,
        reason=row.reason,
        seconds=row.seconds,
        is_gold=row.is_gold,
        decided_at=row.decided_at,
    )


def _fields(item: ReviewItem | ReviewItemRow) -> dict[str, Any]:
    """Give what an update may replace."""
    return {
        "source": item.source,
        "project_uid": item.project_uid,
        "project_id": item.project_id,
        "task_id": item.task_id,
        "product_id": item.product_id,
        "image": item.image,
        "image_digest": item.image_digest,
        "claims": {key: list(values) for key, values in item.claims.items()},
        "claim_text": dict(item.claim_text),
        "regions": [dict(region) for region in item.regions],
        "findings": [dict(finding) for finding in item.findings],
        "risk": item.risk,
        "model_version": item.model_version,
        "views": [dict(view) for view in item.views],
    }


def _checked(item: ReviewItem) -> ReviewItem:
    if item.source not in set(ItemSource) or not 0 <= item.risk <= 1 or not item.id:
        raise ReviewError(
            f"item {item.id!r} has the source {item.source!r} and the risk {item.risk!r}; expected "
            f"an id, one of {', '.join(ItemSource)} and a number from 0 to 1"
        )
    return item
