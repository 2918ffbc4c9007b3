"""The ontologies that were active, and labels said in one of them read in another.

Each change is a stored event, like everything else that the ledger is derived from: the old and
the new file, what was declared about the change, and the labeling configs that were written by it.
Nothing that was stored is rewritten; labels are translated when they are read. Going back to an
earlier ontology reads the same changes the other way.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from backend.database import EventRow, utc_now
from backend.events import store_event
from ontology.check import check_label_config
from ontology.compare import compare, read_declared
from ontology.config_map import ConfigMap
from ontology.errors import OntologyError
from ontology.load import parse_ontology
from ontology.migration import Migration, migrate_label
from ontology.moved_config import moved_config

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backend.database import Database
    from ontology.labels import GarmentLabel
    from ontology.model import Ontology

__all__ = [
    "ONTOLOGY_CHANGED",
    "OntologyHistory",
    "changes_in",
    "history_in",
    "read_history",
    "record_change",
    "sha256_of",
]

log = structlog.get_logger(__name__)

ONTOLOGY_CHANGED = "ONTOLOGY_CHANGED"


def sha256_of(text: str) -> str:
    """Give the SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def record_change(
    database: Database,
    migration: Migration,
    *,
    declared: str = "",
    config: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Store that an ontology follows another; the same change again is counted, not repeated.

    Args:
        database: Where the events are.
        migration: What leads from one to the other.
        declared: The migration file's text; empty without one.
        config: A labeling config that was written for the new ontology; empty for none.
        clock: Gives the present moment, aware.

    Raises:
        DatabaseError: If it could not be stored.
    """
    body = {
        "action": ONTOLOGY_CHANGED,
        "old": migration.old.source,
        "new": migration.new.source,
        "declared": declared,
        "config_sha256": sha256_of(config) if config else "",
    }
    store_event(database, body, clock=clock)


@dataclass(slots=True, kw_only=True)
class OntologyHistory:
    """Every ontology that is known, and the changes between them.

    Attributes:
        ontologies: By the SHA-256 of their source, in the order in which they became known.
        steps: The changes, by the digests of both sides.
        configs: For labeling configs that a change wrote, the digest of their ontology.
        written: For the same configs, the first change that wrote them and its moment.
    """

    ontologies: dict[str, Ontology] = field(default_factory=dict)
    steps: dict[tuple[str, str], Migration] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    written: dict[str, tuple[Migration, datetime]] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)

    def add(self, ontology: Ontology) -> str:
        """Make an ontology known and give its digest."""
        digest = sha256_of(ontology.source)
        self.ontologies.setdefault(digest, ontology)
        return digest

    def ontology_of(self, config: str) -> Ontology:
        """Give the ontology that a labeling config was made for.

        That is the one whose change wrote it, else the one that it fits best; of several the
        newest.

        Raises:
            OntologyError: If no ontology is known.
        """
        if not self.ontologies:
            raise OntologyError("no ontology is known; add the one that is served")
        digest = sha256_of(config)
        owner = self.configs.get(digest) or self._owners.get(digest)
        if owner is None:
            faults = {
                name: len(check_label_config(config, ontology))
                for name, ontology in reversed(self.ontologies.items())
            }
            owner = min(faults, key=lambda name: faults[name])
            self._owners[digest] = owner
        return self.ontologies[owner]

    def path(self, old: Ontology, new: Ontology) -> tuple[Migration, ...]:
        """Give the fewest changes that lead from one ontology to another, either way round.

        Without recorded ones the two files are compared.

        Raises:
            OntologyError: If they are compared and do not fit each other.
        """
        start, goal = self.add(old), self.add(new)
        before: dict[str, tuple[str, Migration]] = {}
        waiting, seen = deque([start]), {start}
        while waiting and goal not in seen:
            here = waiting.popleft()
            for there, step in self._from(here):
                if there not in seen:
                    seen.add(there)
                    before[there] = (here, step)
                    waiting.append(there)
        if goal not in seen:
            return (compare(old, new),)
        found: list[Migration] = []
        while goal != start:
            goal, step = before[goal]
            found.append(step)
        return tuple(reversed(found))

    def known(self, migration: Migration) -> Migration:
        """Give the change as it was recorded, either way round, or else as it is given.

        Going back, an older file cannot say what the newer one renamed.
        """
        pair = (sha256_of(migration.old.source), sha256_of(migration.new.source))
        there = self.steps.get((pair[1], pair[0]))
        return self.steps.get(pair) or (there.inverted() if there is not None else migration)

    def migrate(self, label: GarmentLabel, *, old: Ontology, new: Ontology) -> GarmentLabel:
        """Read a label that was said in one ontology in another."""
        for step in self.path(old, new):
            label = migrate_label(label, step)
        return label

    def read_config(
        self, xml: str, ontology: Ontology, *, before_change: bool = False
    ) -> ConfigMap:
        """Read a labeling config of any time so that it speaks of an ontology's ids.

        Args:
            xml: The config.
            ontology: Whose ids are wanted.
            before_change: Give what was offered before the change that wrote this config: values
                that the change added are then in none of its tags.

        Raises:
            LabelConfigError: If it is no labeling config.
        """
        before = self.ontology_of(xml)
        config = ConfigMap.parse(xml, before)
        written = self.written.get(sha256_of(xml)) if before_change else None
        if written is not None:
            config = moved_config(moved_config(config, written[0].inverted()), written[0])
        if before != ontology:
            for step in self.path(before, ontology):
                config = moved_config(config, step)
        return config

    def _from(self, here: str) -> Iterable[tuple[str, Migration]]:
        for (old, new), step in self.steps.items():
            if old == here:
                yield new, step
        for (old, new), step in self.steps.items():
            if new == here:
                yield old, step.inverted()


def read_history(database: Database, *, active: Ontology | None = None) -> OntologyHistory:
    """Read every change that was recorded; one that cannot be read any more is logged and left out.

    Args:
        database: Where the events are.
        active: The ontology that is served; the newest, known even without any change.
    """
    with database.reading() as session:
        return history_in(session, active=active)


def changes_in(session: Session) -> tuple[str, ...]:
    """Give what tells the recorded changes apart from others, without reading them."""
    query = select(EventRow.content_hash).where(EventRow.action == ONTOLOGY_CHANGED)
    return tuple(sorted(session.scalars(query)))


def history_in(session: Session, *, active: Ontology | None = None) -> OntologyHistory:
    """Read every change that was recorded; as `read_history`."""
    history = OntologyHistory()
    query = (
        select(EventRow)
        .where(EventRow.action == ONTOLOGY_CHANGED)
        .order_by(EventRow.received_at, EventRow.content_hash)
    )
    for row in session.scalars(query):
        try:
            _add_step(history, json.loads(row.body), row.received_at)
        except (OntologyError, KeyError) as error:
            log.error("ontology_change_unreadable", reason=str(error))
    if active is not None:
        digest = sha256_of(active.source)
        history.ontologies.pop(digest, None)
        history.ontologies[digest] = active
    return history


def _add_step(history: OntologyHistory, body: Mapping[str, str], moment: datetime) -> None:
    pair = (sha256_of(body["old"]), sha256_of(body["new"]))
    if pair not in history.steps:
        old, new = (parse_ontology(body[side], file=f"{side} ontology") for side in ("old", "new"))
        declared = (
            read_declared(body["declared"], file="migration file") if body["declared"] else None
        )
        change = compare(old, new, declared=declared)
        history.steps[pair] = change if declared is not None else history.known(change)
        history.add(old)
        history.add(new)
    config = body["config_sha256"]
    if config:
        history.configs[config] = pair[1]
        history.written.setdefault(config, (history.steps[pair], moment))
