"""Keep every webhook event before anything else is done with it.

Storing is quick and idempotent: a body that arrives twice is counted, not repeated. The project's
invite token is left out, and the labeling config, repeated in every body, is stored once, apart.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from backend.database import EventRow, LabelConfigRow, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backend.database import Database

__all__ = [
    "Event",
    "StoredEvent",
    "mark_handled",
    "store_event",
    "unhandled_events",
    "without_secrets",
]

_SECRET_KEYS = frozenset(
    {"token", "access_token", "invite_token", "task_data_password", "basic_auth_pass"}
)
# What users and annotators wrote; a column of theirs may be called `token`.
_CONTENT_KEYS = frozenset({"data", "meta", "result"})
_MAX_ID = 2**63 - 1
# Their bodies hold nothing that changes from one time to the next, so a repetition may be news.
_NEWS_EACH_TIME = frozenset({"ANNOTATIONS_DELETED", "TASKS_DELETED", "START_TRAINING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """Where an event was put.

    Attributes:
        is_new: False when the same body had arrived before.
    """

    id: int
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A stored event, with the labeling config put back into its project."""

    id: int
    action: str
    project_id: int | None
    body: Mapping[str, Any]


def without_secrets(body: Any) -> Any:
    """Copy a body without invite tokens and passwords; tasks' data and results stay whole."""
    if isinstance(body, dict):
        return {
            key: value if key in _CONTENT_KEYS else without_secrets(value)
            for key, value in body.items()
            if key not in _SECRET_KEYS
        }
    if isinstance(body, list):
        return [without_secrets(item) for item in body]
    return body


def store_event(
    database: Database, body: Mapping[str, Any], *, clock: Callable[[], datetime] = utc_now
) -> StoredEvent:
    """Store a webhook body.

    Args:
        database: Where to.
        body: The JSON object that Label Studio sent; only `action` and `project` are looked at,
            and neither has to be there.
        clock: Gives the present moment, aware.

    Raises:
        DatabaseError: If it could not be stored; the sender must not be told that it was.
    """
    content = without_secrets(dict(body))
    config = _take_label_config(content)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    config_hash = _sha256(config) if config else None
    content_hash = _sha256(f"{config_hash}\n{text}")
    now = clock()
    with database.transaction() as session:
        known = session.scalar(select(EventRow).where(EventRow.content_hash == content_hash))
        if known is not None:
            known.times_received += 1
            known.last_received_at = now
            if known.action in _NEWS_EACH_TIME:
                known.handled_at = None
            return StoredEvent(id=known.id, is_new=False)
        if config and config_hash and session.get(LabelConfigRow, config_hash) is None:
            session.add(LabelConfigRow(sha256=config_hash, xml=config, first_seen_at=now))
        row = EventRow(
            content_hash=content_hash,
            action=str(content.get("action") or ""),
            project_id=_project_id(content),
            body=text,
            label_config_sha256=config_hash,
            **dict.fromkeys(("received_at", "last_received_at"), now),
            times_received=1,
        )
        session.add(row)
        session.flush()
        return StoredEvent(id=row.id, is_new=True)


def unhandled_events(
    database: Database, *, actions: Sequence[str], limit: int = 20
) -> tuple[Event, ...]:
    """Return the oldest events of these actions that nobody has acted on yet."""
    query = (
        select(EventRow)
        .where(EventRow.handled_at.is_(None), EventRow.action.in_(actions))
        .order_by(EventRow.id)
        .limit(limit)
    )
    with database.transaction() as session:
        return tuple(_load(session, row) for row in session.scalars(query))


def mark_handled(
    database: Database, event_ids: Iterable[int], *, clock: Callable[[], datetime] = utc_now
) -> None:
    """Record that these events need no more work."""
    with database.transaction() as session:
        session.execute(
            update(EventRow).where(EventRow.id.in_(list(event_ids))).values(handled_at=clock())
        )


def _load(session: Session, row: EventRow) -> Event:
    body = json.loads(row.body)
    if row.label_config_sha256:
        config = session.get(LabelConfigRow, row.label_config_sha256)
        if config is not None and isinstance(body.get("project"), dict):
            body["project"]["label_config"] = config.xml
    return Event(id=row.id, action=row.action, project_id=row.project_id, body=body)


def _take_label_config(content: dict[str, Any]) -> str:
    """Remove the config from a body; its parsed form can be made from it again."""
    project = content.get("project")
    if not isinstance(project, dict):
        return ""
    project.pop("parsed_label_config", None)
    if not isinstance(project.get("label_config"), str):
        return ""
    # A lone surrogate is legal in JSON and illegal in every database.
    return str(project.pop("label_config")).encode("utf-8", "replace").decode()


def _project_id(content: Mapping[str, Any]) -> int | None:
    project = content.get("project")
    value = project.get("id") if isinstance(project, dict) else project
    if isinstance(value, str) and value.split(".")[0].isdecimal():
        value = int(value.split(".")[0])
    return value if type(value) is int and 0 <= value <= _MAX_ID else None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
