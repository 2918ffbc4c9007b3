"""Read the ledger: what annotators agree on, as garments to learn from, and where they do not.

The rule for several annotators of one task: an annotation that is marked as ground truth wins;
otherwise a category or a cell counts where all who looked agree, and is masked where they do not.
Regions of two annotators are the same garment if their boxes overlap by at least half, best first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from backend.ledger._agree import Disagreement, agree
from backend.ledger._looks import Look, LookedAt
from backend.ledger.diff import KEPT_IOU
from backend.ledger.rules import Rules
from backend.ledger.tables import (
    AnnotationState,
    LedgerAnnotationRow,
    LedgerCellRow,
    LedgerRegionRow,
    SentRegionRow,
)
from tagger.corrections import CorrectedGarment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backend.database import Database
    from ontology.labels import GarmentLabel
    from ontology.model import Ontology

__all__ = ["Disagreement", "corrected_garments", "disagreements"]

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What is remembered of a region that was sent."""

    digest: str
    encoder: str
    embedding: bytes


@dataclass(slots=True, kw_only=True)
class _Task:
    """What the submitted annotations of one task hold."""

    looks: list[Look] = field(default_factory=list)
    regions: list[LookedAt] = field(default_factory=list)


def corrected_garments(
    database: Database, *, ontology: Ontology, accepted_weight: float
) -> list[CorrectedGarment]:
    """Return every garment of the submitted annotations, as their annotators agree on it.

    Args:
        database: Where the ledger is.
        ontology: Whose ids the ledger's rows have.
        accepted_weight: Weight of cells that were left as predicted, 0..1.

    Returns:
        In the order of projects, tasks and regions. Boxes that were rejected are not among them.
    """
    garments = []
    tasks = _tasks(database, ontology)
    for task in tasks:
        found, _ = agree(
            task.looks, task.regions, ontology=ontology, accepted_weight=accepted_weight
        )
        garments += found
    with database.reading() as session:
        sent = _sent(session, {looked.region_id for task in tasks for looked in task.regions})
    digests = {
        looked.image: sent[looked.region_id].digest
        for task in tasks
        for looked in task.regions
        if looked.region_id in sent
    }
    return [_garment(looked, label, sent, digests) for looked, label in garments]


def disagreements(database: Database, *, ontology: Ontology) -> list[Disagreement]:
    """Return every category and cell that is masked because annotators disagree about it."""
    found: list[Disagreement] = []
    for task in _tasks(database, ontology):
        found += agree(task.looks, task.regions, ontology=ontology, accepted_weight=1.0)[1]
    return found


def _tasks(database: Database, ontology: Ontology) -> list[_Task]:
    """Return the submitted annotations and their regions, by task."""
    row = LedgerAnnotationRow
    submitted = select(row).where(row.state == AnnotationState.SUBMITTED, row.is_pending.is_(False))
    tasks: dict[tuple[str, int], _Task] = {}
    rules = Rules(ontology=ontology, blind_share=0.0)  # says what was offered when
    with database.reading() as session:
        annotations = {found.ref: found for found in session.scalars(submitted)}
        for found in annotations.values():
            key = (found.project_uid, found.task_id)
            tasks.setdefault(key, _Task()).looks.append(Look.of(found))
        cells: dict[tuple[str, str], list[LedgerCellRow]] = {}
        for cell in session.scalars(select(LedgerCellRow)):
            cells.setdefault((cell.annotation_ref, cell.region_id), []).append(cell)
        for region in session.scalars(select(LedgerRegionRow)):
            annotation = annotations.get(region.annotation_ref)
            if annotation is not None:
                about = cells.get((region.annotation_ref, region.region_id), [])
                offer = rules.offer(
                    session, annotation.label_config_sha256, said_at=annotation.updated_at
                )
                looked = LookedAt.of(annotation, region, about, offer=offer)
                tasks[annotation.project_uid, annotation.task_id].regions.append(looked)
    return [tasks[key] for key in sorted(tasks)]


def _sent(session: Session, region_ids: Iterable[str]) -> dict[str, _Sent]:
    wanted, found = sorted(region_ids), {}
    for start in range(0, len(wanted), _BATCH):
        query = select(SentRegionRow).where(
            SentRegionRow.region_id.in_(wanted[start : start + _BATCH])
        )
        for row in session.scalars(query):
            found[row.region_id] = _Sent(
                digest=row.image_digest, encoder=row.encoder, embedding=row.embedding
            )
    return found


def _garment(
    looked: LookedAt, label: GarmentLabel, sent: Mapping[str, _Sent], digests: Mapping[str, str]
) -> CorrectedGarment:
    known = sent.get(looked.region_id)
    is_moved = looked.iou is None or looked.iou < KEPT_IOU
    has_vector = known is not None and not is_moved
    return CorrectedGarment(
        id=f"ledger/{looked.project_uid}/{looked.task_id}/{looked.region_id}",
        image=looked.image,
        digest=digests.get(looked.image, ""),
        image_wh=looked.image_wh,
        box_percent=looked.box_percent,
        label=label,
        is_blind=looked.is_blind or looked.ground_truth,
        is_moved=is_moved,
        region_id=looked.region_id,
        embedding=np.frombuffer(known.embedding, dtype="<f2") if known and has_vector else None,
        encoder=known.encoder if known is not None and has_vector else "",
    )
