"""What annotators agree on, as evidence for records, with their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from backend.ledger.read import corrected_garments
from backend.ledger.tables import AnnotationState, LedgerAnnotationRow
from backend.records.record import Said, Source
from ontology.labels import CellState
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.database import Database
    from ontology.labels import CellLabel
    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment

__all__ = ["annotated"]

_REVIEW = "review:"  # annotations that a reviewer's decisions were written as


@dataclass(frozen=True, slots=True, kw_only=True)
class _Who:
    names: str
    is_truth: bool


def annotated(database: Database, ontology: Ontology) -> Iterator[tuple[str, list[Said]]]:
    """Give, for each annotated picture, what its annotators agree on about its largest garment."""
    who = _who(database)
    largest: dict[tuple[str, str, str], CorrectedGarment] = {}
    for garment in corrected_garments(database, ontology=ontology, accepted_weight=0.5):
        _, uid, task, _ = garment.id.split("/", 3)
        key = (uid, task, garment.image)
        held = largest.get(key)
        if (uid, task) in who and (held is None or _area(garment) > _area(held)):
            largest[key] = garment
    for (uid, task, image), garment in largest.items():
        yield image, list(_said(garment, who[uid, task]))


def _area(garment: CorrectedGarment) -> float:
    return garment.box_percent[2] * garment.box_percent[3]


def _who(database: Database) -> Mapping[tuple[str, str], _Who]:
    """Give the annotators of each task; reviewers' own annotations are left to their decisions."""
    row = LedgerAnnotationRow
    found: dict[tuple[str, str], list[LedgerAnnotationRow]] = {}
    with database.reading() as session:
        query = select(row).where(row.state == AnnotationState.SUBMITTED)
        for one in session.scalars(query):
            if not one.unique_id.startswith(_REVIEW):
                found.setdefault((one.project_uid, str(one.task_id)), []).append(one)
        return {
            key: _Who(
                names=", ".join(
                    sorted(
                        {
                            f"annotator {one.completed_by}"
                            for one in _counting(rows)
                            if one.completed_by is not None
                        }
                    )
                ),
                is_truth=any(one.ground_truth for one in rows),
            )
            for key, rows in found.items()
        }


def _counting(rows: list[LedgerAnnotationRow]) -> list[LedgerAnnotationRow]:
    return [one for one in rows if one.ground_truth] or rows


def _said(garment: CorrectedGarment, who: _Who) -> Iterator[Said]:
    source = Source.GROUND_TRUTH if who.is_truth else Source.ANNOTATORS
    label = garment.label
    if len(label.categories) == 1:
        yield Said(
            head=CATEGORY,
            source=source,
            by=who.names,
            values=tuple(label.categories),
            picture=garment.image,
        )
    for name, cell in label.cells.items():
        values = _values(cell)
        is_cannot_tell = cell.state is CellState.CANNOT_TELL
        if values or is_cannot_tell or cell.negatives:
            yield Said(
                head=name,
                source=source,
                by=who.names,
                values=values,
                is_cannot_tell=is_cannot_tell,
                refused=frozenset(cell.negatives) - frozenset(values),
                picture=garment.image,
            )


def _values(cell: CellLabel) -> tuple[str, ...]:
    """Give the values that hold; of a label that says "one of these" none."""
    if cell.state is not CellState.VALUE:
        return ()
    exact = cell.any_of if len(cell.any_of) == 1 else frozenset()
    return tuple(sorted(cell.positives | exact))
