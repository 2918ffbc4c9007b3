"""Write an audit down: findings as CSV, everything as JSON."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tagger.audit.findings import AuditReport

__all__ = ["COLUMNS", "write_csv", "write_json"]

COLUMNS = (
    "risk",
    "kind",
    "product_id",
    "seller",
    "attribute",
    "claim",
    "seen",
    "reason",
    "picture",
    "region_id",
)


def write_csv(report: AuditReport, path: Path) -> None:
    """Write one line a finding, the riskiest first.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        sellers = {listing.product_id: listing.seller for listing in report.listings}
        for finding in report.findings:
            product = finding.product_id
            row = {**finding.to_dict(), "product_id": product, "seller": sellers.get(product, "")}
            writer.writerow([_harmless(str(row[name])) for name in COLUMNS])


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def write_json(report: AuditReport, path: Path) -> None:
    """Write the whole report as one object."""
    text = json.dumps(report.to_dict(), indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
