"""What an audit leaves to reviewers where the model version keeps a promise."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from backend.database import open_database
from backend.review.items import items_of
from backend.review.listings import queue_listings
from backend.review.tables import ItemState
from backend.settings import Settings
from tagger.audit.findings import AuditReport, Finding, FindingKind, ListingResult
from tests.tagger.promised import promised


def missing(attribute: str, seen: str) -> Finding:
    return Finding(
        kind=FindingKind.MISSING_MANDATORY,
        product_id="p1",
        attribute=attribute,
        seen=seen,
        risk=0.0,
        reason="not said",
    )


def queued(folder: Path, *findings: Finding) -> list[list[str]]:
    """Put one listing into the queue; gives the attributes of each open item's findings."""
    Image.new("RGB", (60, 60)).save(folder / "one.jpg")
    listing = ListingResult(
        product_id="p1",
        title="",
        claims={},
        claim_text={},
        pictures=("one.jpg",),
        regions={},
        findings=findings,
    )
    settings = Settings(data_dir=folder)
    report = AuditReport(model_version="fake-1", listings=(listing,))
    queue_listings(settings, report, folder)
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        return [[f["attribute"] for f in item.findings] for item in items_of(database, states=[ItemState.OPEN])]
    finally:
        database.close()


@pytest.mark.parametrize(
    ("is_promised", "left"), [(False, [["sleeve", "pattern"]]), (True, [["pattern"]])]
)
def test_what_is_missing_and_promised_needs_no_look(
    tmp_path: Path, is_promised: bool, left: list[list[str]]
) -> None:
    if is_promised:
        promised(tmp_path, sleeve=0.9)

    assert queued(tmp_path, missing("sleeve", "short"), missing("pattern", "")) == left


def test_a_listing_of_which_only_that_is_missing_is_not_queued(tmp_path: Path) -> None:
    promised(tmp_path, sleeve=0.9)

    assert queued(tmp_path, missing("sleeve", "short")) == []
