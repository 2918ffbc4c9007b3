"""How events are read: the ontology, and what the labels of an annotation may be used for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from backend.database import LabelConfigRow
from backend.ledger.diff import ACCEPTED_WEIGHT
from ontology.config_map import ConfigMap
from ontology.errors import LabelConfigError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

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
    """

    ontology: Ontology
    blind_share: float
    accepted_weight: float = ACCEPTED_WEIGHT
    ontology_sha256: str = ""
    _configs: dict[str, ConfigMap | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the ontology's digest."""
        self.ontology_sha256 = ontology_digest(self.ontology)

    def config(self, session: Session, sha256: str) -> ConfigMap | None:
        """Return a stored labeling config, read with the ontology; None if it cannot be."""
        if sha256 not in self._configs:
            row = session.get(LabelConfigRow, sha256)
            try:
                self._configs[sha256] = ConfigMap.parse(row.xml if row else "", self.ontology)
            except LabelConfigError as error:
                log.warning("label_config_not_understood", config=sha256, reason=str(error))
                self._configs[sha256] = None
        return self._configs[sha256]


def ontology_digest(ontology: Ontology) -> str:
    """Return the SHA-256 of an ontology's file, or of its name where it has none."""
    text = ontology.source or f"{ontology.id}\n{ontology.version}"
    return hashlib.sha256(text.encode()).hexdigest()
