"""Fill the review queue from an audit of listings: one item an upload, clean ones included.

An upload is what a seller says of a product and the pictures of it. The same upload in a later
audit is the same item: brought up to date while nobody has decided about it, left as it is after.
Another upload of the product is another item, and the earlier one is marked as replaced.
Clean uploads wait for nobody; they are kept since final records need what they say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import load_only

from backend.database import utc_now
from backend.review.items import ReviewItem, put_items, seller_of
from backend.review.tables import ItemSource, ItemState, ReviewItemRow
from tagger.audit.findings import FindingKind
from tagger.audit.seen import picture_path

if TYPE_CHECKING:
    from datetime import datetime

    from backend.database import Database
    from tagger.audit.findings import AuditReport, Finding, ListingResult

__all__ = ["Queued", "listing_items", "queue_listings", "replace_uploads"]

_UNTOUCHED = frozenset({ItemState.OPEN, ItemState.CLEAN})
_NEEDED = (ReviewItemRow.product_id, ReviewItemRow.claim_text, ReviewItemRow.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What an audit did to the queue, in items.

    Attributes:
        num_new: To be looked at, and not there before.
        num_open: To be looked at, new ones included; what is decided is not.
        num_clean: Without findings.
        num_replaced: Of earlier uploads.
    """

    num_new: int
    num_open: int
    num_clean: int
    num_replaced: int


def queue_listings(
    database: Database, report: AuditReport, images: Path, *, is_promised: bool = False
) -> Queued:
    """Put every listing of an audit into the database; for the arguments see `listing_items`."""
    items = list(listing_items(report, images, is_promised=is_promised))
    new = put_items(database, items)
    num_replaced = replace_uploads(database, items)
    waiting = _open_ids(database)
    return Queued(
        num_new=sum(item.id in new and item.id in waiting for item in items),
        num_open=sum(item.id in waiting for item in items),
        num_clean=sum(item.state == ItemState.CLEAN for item in items),
        num_replaced=num_replaced,
    )


def listing_items(
    report: AuditReport, images: Path, *, is_promised: bool = False
) -> Iterator[ReviewItem]:
    """Give one item a listing.

    Args:
        report: What was found.
        images: Folder of the pictures; the server must be allowed to read it.
        is_promised: Suggestions are those that the version's promise accepts: what is missing and
            has one needs no look.
    """
    for listing in report.listings:
        left = tuple(one for one in listing.findings if not (is_promised and _is_settled(one)))
        yield _item(report.model_version, replace(listing, findings=left), images)


def replace_uploads(
    database: Database,
    uploads: Iterable[ReviewItem],
    *,
    clock: Callable[[], datetime] = utc_now,
) -> int:
    """Mark the earlier uploads of products, by the same seller, as replaced.

    Args:
        database: Where they are.
        uploads: The ones that hold now.
        clock: Gives the present moment, aware.

    Returns:
        How many were marked that were not before.
    """
    latest: dict[tuple[str, str], set[str]] = {}
    for upload in uploads:
        latest.setdefault(_product_key(upload), set()).add(upload.id)
    held = ReviewItemRow.replaced_at.is_(None)
    query = select(ReviewItemRow).where(ReviewItemRow.source == ItemSource.AUDIT, held)
    query = query.options(load_only(*_NEEDED))
    num_replaced = 0
    with database.transaction() as session:
        for row in session.scalars(query):
            if row.id not in latest.get(_product_key(row), {row.id}):
                row.replaced_at = clock()
                if row.state in _UNTOUCHED:
                    row.state = ItemState.REPLACED
                num_replaced += 1
    return num_replaced


def _open_ids(database: Database) -> frozenset[str]:
    query = select(ReviewItemRow.id).where(ReviewItemRow.state == ItemState.OPEN)
    with database.reading() as session:
        return frozenset(session.scalars(query))


def _is_settled(finding: Finding) -> bool:
    return finding.kind is FindingKind.MISSING_MANDATORY and bool(finding.seen)


def _item(version: str, listing: ListingResult, images: Path) -> ReviewItem:
    views = [_view(name, listing, images) for name in listing.riskiest_first]
    shown = [view for view in views if view["image"]]
    first = shown[0] if shown else {"image": "", "image_digest": "", "regions": []}
    return ReviewItem(
        id=_upload_id(listing, views),
        source=ItemSource.AUDIT,
        product_id=listing.product_id,
        **first,
        views=shown[1:],
        claims={name: list(ids) for name, ids in listing.claims.items()},
        claim_text={**listing.claim_text, **_said_beside(listing)},
        findings=[finding.to_dict() for finding in listing.findings],
        risk=listing.risk,
        model_version=version,
        state=ItemState.OPEN if listing.findings else ItemState.CLEAN,
    )


def _said_beside(listing: ListingResult) -> dict[str, str]:
    """Give what a listing says beside its claims, where it says it."""
    said = {"title": listing.title, "seller": listing.seller}
    return {name: words for name, words in said.items() if words}


def _view(reference: str, listing: ListingResult, images: Path) -> dict[str, Any]:
    """Give one picture; `image` is empty where it cannot be shown, the digest is the reference's.

    A picture that damaged bytes make unreadable is found and is shown as such.
    """
    path = picture_path(reference, images)
    image, body = "", reference.encode("utf-8", "replace")
    with suppress(OSError):  # the audit has named a file that cannot be read
        if isinstance(path, Path):
            image, body = str(path), path.read_bytes()
    return {
        "image": image,
        "image_digest": hashlib.sha256(body).hexdigest(),
        "regions": list(listing.regions.get(reference, ())),
    }


def _upload_id(listing: ListingResult, views: Sequence[Mapping[str, Any]]) -> str:
    said = [
        listing.seller,
        listing.product_id,
        sorted(listing.claim_text.items()),
        sorted(str(view["image_digest"]) for view in views),
    ]
    mark = hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()
    return f"audit-{mark[:20]}"


def _product_key(item: ReviewItem | ReviewItemRow) -> tuple[str, str]:
    return seller_of(item.claim_text), item.product_id
