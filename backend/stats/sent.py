"""Cut what was sent to annotators into the windows that are compared for drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from backend.ledger.tables import SentRegionRow
from backend.stats.drift import DriftLimits, DriftReport, SentRegion, compare_windows

if TYPE_CHECKING:
    from backend.database import Database

__all__ = ["DriftWatch", "Windows", "find_windows", "read_regions"]

_BATCH = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Ids of the regions of both windows.

    Attributes:
        num_regions: How many regions of the version are kept; the windows may not fit yet.
    """

    num_regions: int
    reference: tuple[str, ...] = ()
    newest: tuple[str, ...] = ()


class DriftWatch:
    """Compares the newest full window with the reference; remembers what it has compared."""

    def __init__(self, database: Database, *, limits: DriftLimits | None = None) -> None:
        """Use the table `sent_regions` of a database."""
        self._database = database
        self._limits = limits or DriftLimits()
        self._seen: Windows | None = None
        self._report: DriftReport | None = None
        self.num_regions = 0

    @property
    def num_needed(self) -> int:
        """How many regions of one version the first comparison needs."""
        return self._limits.reference + self._limits.newest

    def __call__(self, model_version: str) -> DriftReport | None:
        """Give the report of the newest full window; None while there is none."""
        windows = find_windows(self._database, model_version, limits=self._limits)
        self.num_regions = windows.num_regions
        if not windows.newest:
            self._seen, self._report = None, None
        elif self._seen is None or _edges(windows) != _edges(self._seen):
            self._report = compare_windows(
                read_regions(self._database, windows.reference),
                read_regions(self._database, windows.newest),
                model_version=model_version,
                limits=self._limits,
            )
            self._seen = windows
        return self._report


def _edges(windows: Windows) -> tuple[str, ...]:
    return (windows.reference[0], windows.reference[-1], windows.newest[0], windows.newest[-1])


def find_windows(database: Database, model_version: str, *, limits: DriftLimits) -> Windows:
    """Find the reference, the oldest regions kept, and the newest full window after it.

    The windows follow each other without an overlap, so that each is judged once: a window that
    slides by one region at a time would raise many more false alarms than the level says. A
    picture lies whole in the window of its first region.
    """
    row = SentRegionRow
    query = select(row.region_id, row.image_digest, row.encoder)
    mine = query.where(row.model_version == model_version)
    with database.reading() as session:
        found = session.execute(mine.order_by(row.created_at, row.region_id)).all()
    encoder = found[-1].encoder if found else ""
    by_image: dict[str, list[str]] = {}
    for item in found:
        if item.encoder == encoder:
            by_image.setdefault(item.image_digest, []).append(item.region_id)
    cut: list[list[str]] = [[]]
    for region_ids in by_image.values():
        size = limits.reference if len(cut) == 1 else limits.newest
        if len(cut[-1]) >= size:
            cut.append([])
        cut[-1] += region_ids
    is_last_full = len(cut) > 1 and len(cut[-1]) >= limits.newest
    full = cut if is_last_full else cut[:-1]
    if len(full) < 2:
        return Windows(num_regions=len(found))
    return Windows(num_regions=len(found), reference=tuple(full[0]), newest=tuple(full[-1]))


def read_regions(database: Database, region_ids: Sequence[str]) -> list[SentRegion]:
    """Read regions in the given order; one that was dropped meanwhile is left out."""
    row = SentRegionRow
    found: dict[str, SentRegion] = {}
    for start in range(0, len(region_ids), _BATCH):
        batch = list(region_ids[start : start + _BATCH])
        query = select(row.region_id, row.image_digest, row.embedding, row.scores)
        with database.reading() as session:
            for item in session.execute(query.where(row.region_id.in_(batch))):
                found[item.region_id] = SentRegion(
                    image=item.image_digest,
                    embedding=np.frombuffer(item.embedding, dtype="<f2"),
                    scores=item.scores,
                )
    return [found[region_id] for region_id in region_ids if region_id in found]
