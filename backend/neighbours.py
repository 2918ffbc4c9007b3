"""The labelled garments that look most like one in doubt, by the embeddings that are kept anyway.

Candidates are garments that people labelled and whose embedding the same encoder made when they
were predicted (`backend.ledger.sent`). A version's replay memory holds no labels and no pictures,
so it cannot be shown.

With at most a few hundred thousand rows one matrix product finds the nearest exactly, in
milliseconds; an index that approximates would save nothing. Legend: N garments, C channels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from backend.ledger.read import corrected_garments
from backend.ledger.tables import LedgerAnnotationRow, SentRegionRow
from ontology.labels import CellState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backend.database import Database
    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment

__all__ = ["LabelledIndex", "Neighbour", "NeighbourFinder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A labelled garment that looks alike.

    Attributes:
        image: Reference of its picture.
        box_percent: `x, y, width, height` in percent of the picture.
        categories: What people say that it is; more than one for "one of these".
        values: By attribute, what people say; cells without a value are absent.
        similarity: Cosine of the embeddings, -1..1.
        region_id: Id of its region.
    """

    image: str
    box_percent: tuple[float, float, float, float]
    categories: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    similarity: float
    region_id: str


class LabelledIndex:
    """Labelled garments of one encoder, with their embeddings as unit vectors."""

    def __init__(self, garments: Sequence[CorrectedGarment], *, encoder: str) -> None:
        """Keep the garments that have an embedding of `encoder` and a label."""
        self.encoder = encoder
        self._garments = [
            one
            for one in garments
            if one.embedding is not None and one.encoder == encoder and _is_labelled(one)
        ]
        rows = [np.asarray(one.embedding, dtype=np.float32) for one in self._garments]
        self._unit = _unit(np.stack(rows)) if rows else np.zeros((0, 0), dtype=np.float32)

    def __len__(self) -> int:
        """Give the number of garments."""
        return len(self._garments)

    def pictures_of(self, digest: str) -> frozenset[str]:
        """Give the references under which a picture, by the SHA-256 of its bytes, is here."""
        return frozenset(one.image for one in self._garments if one.digest == digest)

    def nearest(
        self,
        embedding: NDArray[np.floating],
        *,
        count: int = 6,
        attribute: str | None = None,
        without: Collection[str] = (),
    ) -> tuple[Neighbour, ...]:
        """Give the garments that look most alike, the nearest first.

        Args:
            embedding: (C,) by the same encoder.
            count: How many at most.
            attribute: Only garments with a value of this attribute; `category` for any category.
            without: Pictures that are left out, such as the one in doubt.
        """
        if not len(self._garments) or len(embedding) != self._unit.shape[1]:
            return ()
        query = _unit(np.asarray(embedding, dtype=np.float32)[None])[0]
        similarity = self._unit @ query
        found: list[Neighbour] = []
        for at in np.argsort(-similarity, kind="stable").tolist():
            garment = self._garments[at]
            if garment.image in without or not _has(garment, attribute):
                continue
            found.append(_neighbour(garment, float(similarity[at])))
            if len(found) == count:
                break
        return tuple(found)


class NeighbourFinder:
    """Finds neighbours of sent regions; reads the ledger again only when it has grown."""

    def __init__(self, database: Database, ontology: Callable[[], Ontology]) -> None:
        """Read nothing yet.

        Args:
            database: Where the ledger and the embeddings are.
            ontology: Gives the ontology that is served now.
        """
        self._database, self._ontology = database, ontology
        self._kept: dict[str, tuple[tuple[object, ...], LabelledIndex]] = {}
        self._lock = threading.Lock()

    def of_region(
        self, region_id: str, *, count: int = 6, attribute: str | None = None
    ) -> tuple[Neighbour, ...]:
        """Give labelled garments that look like a region that was sent; none if it is not kept.

        Args:
            region_id: As in the prediction's results.
            count: How many at most.
            attribute: Only garments with a value of this attribute.
        """
        with self._database.reading() as session:
            row = session.get(SentRegionRow, region_id)
            if row is None:
                return ()
            encoder, digest = row.encoder, row.image_digest
            embedding = np.frombuffer(row.embedding, dtype="<f2")
        index = self._index(encoder)
        return index.nearest(
            embedding, count=count, attribute=attribute, without=index.pictures_of(digest)
        )

    def of_embedding(
        self,
        embedding: NDArray[np.floating],
        *,
        encoder: str,
        count: int = 6,
        attribute: str | None = None,
        without: Collection[str] = (),
    ) -> tuple[Neighbour, ...]:
        """Give labelled garments that look like a garment with this embedding (C,)."""
        return self._index(encoder).nearest(
            embedding, count=count, attribute=attribute, without=without
        )

    def _index(self, encoder: str) -> LabelledIndex:
        ontology = self._ontology()
        state = (*self._state(), ontology.source)
        with self._lock:
            kept = self._kept.get(encoder)
            if kept is None or kept[0] != state:
                garments = corrected_garments(
                    self._database, ontology=ontology, accepted_weight=1.0
                )
                kept = (state, LabelledIndex(garments, encoder=encoder))
                self._kept = {encoder: kept}
            return kept[1]

    def _state(self) -> tuple[object, ...]:
        row = LedgerAnnotationRow
        query = select(func.count(), func.max(row.updated_at)).select_from(row)
        with self._database.reading() as session:
            return tuple(session.execute(query).one())


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(length, 1e-12)
    return unit


def _is_labelled(garment: CorrectedGarment) -> bool:
    return bool(garment.label.categories or _values(garment))


def _has(garment: CorrectedGarment, attribute: str | None) -> bool:
    if attribute is None:
        return True
    if attribute == "category":
        return bool(garment.label.categories)
    return attribute in _values(garment)


def _values(garment: CorrectedGarment) -> dict[str, tuple[str, ...]]:
    return {
        str(name): tuple(sorted(cell.any_of | cell.positives))
        for name, cell in garment.label.cells.items()
        if cell.state is CellState.VALUE and (cell.any_of or cell.positives)
    }


def _neighbour(garment: CorrectedGarment, similarity: float) -> Neighbour:
    return Neighbour(
        image=garment.image,
        box_percent=garment.box_percent,
        categories=tuple(sorted(garment.label.categories)),
        values=_values(garment),
        similarity=similarity,
        region_id=garment.region_id,
    )
