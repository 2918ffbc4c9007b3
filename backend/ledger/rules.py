"""How events are read: the ontology, and what the labels of an annotation may be used for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from backend.database import LabelConfigRow
from backend.ledger.diff import ACCEPTED_WEIGHT
from backend.ledger.migrate_labels import OntologyHistory, changes_in, history_in
from ontology.errors import LabelConfigError, OntologyError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from ontology.config_map import ConfigMap
    from ontology.model import Ontology

__all__ = ["Rules", "ontology_digest"]

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Rules:
    """How events are read.

    Attributes:
        ontology: Whose ids the rows have.
        blind_share: Part of the tasks that is answered blind, 0..1.
        accepted_weight: Weight of what was left as predicted, 0..1.
        ontology_sha256: Digest of the ontology.
        digest: Digest of the ontology and of the changes that are known; rows that carry another
            one were read otherwise.
    """

    ontology: Ontology
    blind_share: float
    accepted_weight: float = ACCEPTED_WEIGHT
    ontology_sha256: str = ""
    digest: str = ""
    _changes: tuple[str, ...] = ()
    _history: OntologyHistory | None = None
    _configs: dict[tuple[str, bool], ConfigMap | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the ontology's digest."""
        self.ontology_sha256 = self.digest = ontology_digest(self.ontology)

    def update(self, session: Session) -> None:
        """Learn of changes of the ontology that were recorded since, by whatever process."""
        changes = changes_in(session)
        if self._history is None or changes != self._changes:
            self._history = history_in(session, active=self.ontology)
            self._changes = changes
            self._configs.clear()
            text = "\n".join((self.ontology_sha256, *changes))
            self.digest = (
                hashlib.sha256(text.encode()).hexdigest() if changes else self.ontology_sha256
            )

    def config(self, session: Session, sha256: str) -> ConfigMap | None:
        """Return a stored labeling config, in ids of the ontology; None if it cannot be read.

        A config of an earlier ontology keeps the meaning that it had then.
        """
        return self._config(session, sha256, before_change=False)

    def offer(self, session: Session, sha256: str, *, said_at: datetime | None) -> ConfigMap | None:
        """Return what a config offered to somebody who answered at a moment.

        Of an answer that is older than the config and became known later, only what was offered
        before that config can be told.
        """
        if self._history is None:
            self.update(session)
        assert self._history is not None  # noqa: S101 - just set
        written = self._history.written.get(sha256)
        is_older = written is not None and said_at is not None and said_at < written[1]
        return self._config(session, sha256, before_change=is_older)

    def _config(self, session: Session, sha256: str, *, before_change: bool) -> ConfigMap | None:
        if self._history is None:
            self.update(session)
        assert self._history is not None  # noqa: S101 - just set
        key = (sha256, before_change)
        if key not in self._configs:
            row = session.get(LabelConfigRow, sha256)
            try:
                self._configs[key] = self._history.read_config(
                    row.xml if row else "", self.ontology, before_change=before_change
                )
            except (LabelConfigError, OntologyError) as error:
                log.warning("label_config_not_understood", config=sha256, reason=str(error))
                self._configs[key] = None
        return self._configs[key]


def ontology_digest(ontology: Ontology) -> str:
    """Return the SHA-256 of an ontology's file, or of its name where it has none."""
    text = ontology.source or f"{ontology.id}\n{ontology.version}"
    return hashlib.sha256(text.encode()).hexdigest()
