"""Put rows into a ledger, and make the values that are read from it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from backend.database import Database, open_database
from backend.ledger.tables import (
    LedgerAnnotationRow,
    LedgerCellRow,
    LedgerRegionRow,
    SentRegionRow,
)
from backend.stats.facts import Cell, Labelled, Region

START = datetime(2026, 3, 1, tzinfo=UTC)

# Attribute, change, before, after.
CellOf = tuple[str, str, Sequence[str], Sequence[str]]


def cell(attribute: str, change: str, before: str = "", after: str = "") -> Cell:
    """Describe a cell; values are separated by spaces."""
    return Cell(
        attribute=attribute,
        change=change,
        before=tuple(before.split()),
        after=tuple(after.split()),
    )


def task(
    number: int, *regions: Region, version: str = "v1", is_blind: bool = False, **more: Any
) -> Labelled:
    """Describe a submitted annotation."""
    return Labelled(
        task=("1.1", number), model_version=version, is_blind=is_blind, regions=regions, **more
    )


@dataclass
class LedgerRows:
    """An open database, and short ways to fill it."""

    folder: Path
    database: Database
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def annotation(
        self,
        regions: Sequence[tuple[str, Sequence[CellOf]]] = (),
        *,
        version: str = "v1",
        **fields: Any,
    ) -> int:
        """Store an annotation with regions of (change, cells); returns its task."""
        number = next(self.numbers)
        usual = {
            "ref": f"1.1/{number}/u",
            "project_uid": "1.1",
            "project_id": 1,
            "task_id": number,
            "annotation_id": number,
            "unique_id": "u",
            "image": "a.jpg",
            "state": "submitted",
            "completed_by": 1,
            "lead_time_s": 10.0,
            "ground_truth": False,
            "parent_prediction": number,
            "model_version": version,
            "created_at": START + timedelta(hours=number),
            "updated_at": None,
            "result": [],
            "label_config_sha256": "",
            "is_blind": False,
            "is_pending": False,
            "ontology_sha256": "",
        }
        with self.database.transaction() as session:
            row = LedgerAnnotationRow(**(usual | fields))
            session.add(row)
            session.flush()
            for at, (change, cells) in enumerate(regions):
                session.add_all(_region_rows(row.ref, f"r{at}", change, cells))
        return int(row.task_id)

    def judged(self, num_accepted: int, num_changed: int = 0, **fields: Any) -> int:
        """Store an annotation of one kept box, with so many accepted and changed cells."""
        cells: list[CellOf] = [(f"a{at}", "accepted", ["x"], ["x"]) for at in range(num_accepted)]
        cells += [(f"b{at}", "changed", ["x"], ["y"]) for at in range(num_changed)]
        return self.annotation([("kept", cells)], **fields)

    def sent(
        self,
        image: str,
        *,
        version: str = "v1",
        scores: Mapping[str, Mapping[str, float]] | None = None,
        embedding: Sequence[float] = (0.0, 0.0),
        encoder: str = "e",
    ) -> str:
        """Store a region that was sent; returns its id."""
        number = next(self.numbers)
        row = SentRegionRow(
            region_id=f"w_{number:06}",
            encoder=encoder,
            model_version=version,
            image_digest=image,
            box={},
            embedding=np.asarray(embedding, dtype="<f2").tobytes(),
            scores=dict(scores or {}),
            created_at=START + timedelta(seconds=number),
        )
        with self.database.transaction() as session:
            session.add(row)
        return row.region_id


def _region_rows(
    ref: str, region_id: str, change: str, cells: Sequence[CellOf]
) -> Iterator[LedgerRegionRow | LedgerCellRow]:
    yield LedgerRegionRow(
        annotation_ref=ref,
        region_id=region_id,
        change=change,
        iou={"kept": 1.0, "moved": 0.8, "relabelled": 0.5}.get(change),
        box_before=None,
        box_after=None,
        image_w=10,
        image_h=10,
        category_before="",
        category_after="",
    )
    for attribute, what, before, after in cells:
        yield LedgerCellRow(
            annotation_ref=ref,
            region_id=region_id,
            attribute=attribute,
            change=what,
            before=list(before),
            after=list(after),
            score=None,
            weight=1.0,
            counts_for_gate=False,
        )


@contextmanager
def ledger_rows(folder: Path) -> Iterator[LedgerRows]:
    """Open an empty ledger in a folder."""
    database = open_database(folder)
    try:
        yield LedgerRows(folder=folder, database=database)
    finally:
        database.close()
