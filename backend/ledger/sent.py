"""Remember what was sent to annotators and what the encoder made of it, for quick retraining.

Predictions only put their regions into memory here; the worker writes them, many at a time. What
does not fit is forgotten: without its embedding a correction is embedded again, at more cost.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import delete, func, select

from backend.database import DatabaseError, utc_now
from backend.ledger.tables import SentRegionRow
from backend.places import placed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backend.database import Database
    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction

__all__ = ["SentRegions"]

log = structlog.get_logger(__name__)

_MAX_WAITING = 4000
_TOGETHER = 200


class SentRegions:
    """A bounded table of sent regions; a `Worker` chore, and told by predictions."""

    def __init__(
        self, database: Database, *, max_rows: int, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Keep nothing yet.

        Args:
            database: Where to write.
            max_rows: Regions that are kept; the oldest go first. 0 keeps none.
            clock: Gives the present moment, aware.
        """
        self._database = database
        self._max_rows = max_rows
        self._clock = clock
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_MAX_WAITING)
        self._lock = threading.Lock()

    def note(self, digest: str, prediction: ImagePrediction, tagger: GarmentTagger) -> None:
        """Remember a picture's regions until they are written; quick, and never fails.

        Args:
            digest: SHA-256 of the picture's bytes in hex.
            prediction: Boxes in pixels of the upright picture.
            tagger: What made it; one without the name of its encoder is not remembered.
        """
        try:
            encoder = str(getattr(tagger, "encoder", ""))
            if not encoder or not self._max_rows:
                return
            rows = [
                _row(garment, encoder) | {"region_id": place.region_id, "box": dict(place.geometry)}
                for garment, place in placed(
                    prediction, digest=digest, model_version=tagger.version
                )
                if place is not None and garment.embedding is not None
            ]
        except Exception as error:  # a prediction must never fail for the cache's sake
            log.warning("sent_regions_not_noted", reason=repr(error)[:200])
            return
        common = {"image_digest": digest, "model_version": tagger.version}
        with self._lock:
            self._waiting.extend(row | common for row in rows)

    def __call__(self) -> bool:
        """Write some of what waits; returns whether there is more."""
        with self._lock:
            num_rows = min(_TOGETHER, len(self._waiting))
            rows = [self._waiting.popleft() for _ in range(num_rows)]
        if rows:
            try:
                self._write(rows)
            except DatabaseError as error:
                log.warning("sent_regions_not_kept", num_regions=len(rows), reason=str(error))
        return bool(self._waiting)

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        now = self._clock()
        by_id = {row["region_id"]: row for row in rows}
        with self._database.transaction() as session:
            session.execute(delete(SentRegionRow).where(SentRegionRow.region_id.in_(by_id)))
            session.add_all(SentRegionRow(**row, created_at=now) for row in by_id.values())
            session.flush()
            self._prune(session)

    def _prune(self, session: Session) -> None:
        count = session.scalar(select(func.count()).select_from(SentRegionRow)) or 0
        if count > self._max_rows:
            oldest = (
                select(SentRegionRow.region_id)
                .order_by(SentRegionRow.created_at, SentRegionRow.region_id)
                .limit(count - self._max_rows)
            )
            session.execute(delete(SentRegionRow).where(SentRegionRow.region_id.in_(oldest)))


def _row(garment: Garment, encoder: str) -> dict[str, Any]:
    assert garment.embedding is not None  # noqa: S101 - `note` has looked
    return {
        "encoder": encoder,
        "embedding": garment.embedding.astype("<f2").tobytes(),
        "scores": {
            attribute: {value: round(float(score), 4) for value, score in scores.items()}
            for attribute, scores in garment.scores.items()
        },
    }
