"""Remember which pictures Label Studio asked about: no others are shown or reviewed.

Predictions only put them into memory here; the worker writes them, many at a time.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update

from backend.database import DatabaseError, utc_now
from backend.review.tables import AskedPictureRow, ReviewItemRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from backend.database import Database
    from backend.predictor import TaskOutcome

__all__ = ["AskedPicture", "AskedPictures", "image_hash"]

log = structlog.get_logger(__name__)

_MAX_WAITING = 20_000
_TOGETHER = 200
_MAX_TEXT = 300
_MAX_FIELDS = 40
_MAX_REFERENCE = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPicture:
    """A task's picture; see `AskedPictureRow` for the fields."""

    project_uid: str
    project_id: int
    task_id: int
    image: str
    data: Mapping[str, Any]


def image_hash(reference: str) -> str:
    """Return the SHA-256 of a reference."""
    return hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()


class AskedPictures:
    """The pictures that were asked about; a `Worker` chore, and told by predictions."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Use a database; nothing is written yet."""
        self._database = database
        self._clock = clock
        self._waiting: OrderedDict[tuple[str, str], AskedPicture] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, project_uid: str, outcomes: Iterable[TaskOutcome]) -> None:
        """Remember the pictures of tasks until they are written; quick, and never fails."""
        number = project_uid.split(".")[0]
        if not number.isdecimal():
            return
        found = [
            AskedPicture(
                project_uid=project_uid,
                project_id=int(number),
                task_id=outcome.task.id,
                image=outcome.image,
                data=_short(outcome.task.data, outcome.image),
            )
            for outcome in outcomes
            if outcome.image and outcome.task.id is not None and outcome.task.id >= 0
        ]
        with self._lock:
            for picture in found:
                if _is_storable(picture.image):
                    self._waiting[project_uid, image_hash(picture.image)] = picture
            while len(self._waiting) > _MAX_WAITING:
                self._waiting.popitem(last=False)

    def find(self, project_uid: str, references: Sequence[str]) -> AskedPicture | None:
        """Return the picture that one of these references names, if the project has it."""
        keys = [image_hash(reference) for reference in references]
        with self._lock:
            held = [self._waiting.get((project_uid, key)) for key in keys]
        query = select(AskedPictureRow).where(
            AskedPictureRow.project_uid == project_uid, AskedPictureRow.image_hash.in_(keys)
        )
        with self._database.reading() as session:
            rows = {row.image_hash: _picture(row) for row in session.scalars(query)}
        stored = (rows.get(key) for key in keys)
        return next((item for item in (*held, *stored) if item is not None), None)

    def item_of(self, picture: AskedPicture, *, source: str) -> str | None:
        """Return the id of the review item that a picture became, if it did."""
        row = ReviewItemRow
        query = select(row.id).where(
            row.project_uid == picture.project_uid,
            row.task_id == picture.task_id,
            row.image == picture.image,
            row.source == source,
        )
        with self._database.reading() as session:
            return session.scalars(query).first()

    def project_uids(self) -> frozenset[str]:
        """Return the projects that asked."""
        with self._lock:
            waiting = {uid for uid, _ in self._waiting}
        with self._database.reading() as session:
            return frozenset(
                waiting | set(session.scalars(select(AskedPictureRow.project_uid).distinct()))
            )

    def not_looked_at(self, limit: int) -> list[AskedPicture]:
        """Return the oldest pictures that were not considered for the review queue yet."""
        query = (
            select(AskedPictureRow)
            .where(AskedPictureRow.looked_at.is_(None))
            .order_by(AskedPictureRow.asked_at, AskedPictureRow.image_hash)
            .limit(limit)
        )
        with self._database.reading() as session:
            return [_picture(row) for row in session.scalars(query)]

    def mark_looked_at(self, pictures: Iterable[AskedPicture]) -> None:
        """Note that these were considered."""
        with self._database.transaction() as session:
            for picture in pictures:
                session.execute(
                    update(AskedPictureRow)
                    .where(
                        AskedPictureRow.project_uid == picture.project_uid,
                        AskedPictureRow.image_hash == image_hash(picture.image),
                    )
                    .values(looked_at=self._clock())
                )

    def __call__(self) -> bool:
        """Write some of what waits; returns whether there is more."""
        with self._lock:
            some = dict(islice(self._waiting.items(), _TOGETHER))
        if some:
            try:
                self._write(list(some.values()))
            except DatabaseError as error:
                log.warning("asked_pictures_not_kept", num=len(some), reason=str(error))
        with self._lock:  # only now, so that each is in one place or the other at any moment
            for key, picture in some.items():
                if self._waiting.get(key) is picture:
                    del self._waiting[key]
        return bool(self._waiting)

    def _write(self, pictures: Sequence[AskedPicture]) -> None:
        now = self._clock()
        with self._database.transaction() as session:
            for picture in pictures:
                key = (picture.project_uid, image_hash(picture.image))
                row = session.get(AskedPictureRow, key)
                if row is None:
                    row = AskedPictureRow(project_uid=key[0], image_hash=key[1], asked_at=now)
                    session.add(row)
                if (row.task_id, row.data) != (picture.task_id, dict(picture.data)):
                    row.looked_at = None
                row.project_id, row.task_id = picture.project_id, picture.task_id
                row.image, row.data = picture.image, dict(picture.data)


def _picture(row: AskedPictureRow) -> AskedPicture:
    return AskedPicture(
        project_uid=row.project_uid,
        project_id=row.project_id,
        task_id=row.task_id,
        image=row.image,
        data=row.data,
    )


def _is_storable(reference: str) -> bool:
    """Whether a database takes it; pictures inside of addresses are not kept twice."""
    is_short = len(reference) <= _MAX_REFERENCE and "\0" not in reference
    return is_short and reference.encode("utf-8", "replace").decode() == reference


def _short(data: Mapping[str, Any], image: str) -> dict[str, Any]:
    """Keep what may be a claim: short texts and lists of them, other than the picture."""
    kept: dict[str, Any] = {}
    for key, value in data.items():
        texts = value if isinstance(value, list) else [value]
        if value != image and all(_is_text(text) for text in texts) and _is_text(key):
            kept[key] = value
        if len(kept) >= _MAX_FIELDS:
            break
    return kept


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT and _is_storable(value)
