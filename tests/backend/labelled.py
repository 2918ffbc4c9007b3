"""Put predicted and labelled garments into a database, with embeddings."""

from __future__ import annotations

import numpy as np

from backend.database import Database
from backend.ledger.tables import SentRegionRow
from tests.backend.ledger.support import (
    annotation,
    box,
    choice,
    fetched,
    ledger,
    moment,
    prediction,
    put,
    told,
)


def remember(database: Database, region_id: str, vector: np.ndarray, digest: str) -> None:
    with database.transaction() as session:
        session.add(
            SentRegionRow(
                region_id=region_id,
                encoder="e1",
                model_version="v1",
                image_digest=digest,
                box={},
                embedding=vector.astype("<f2").tobytes(),
                scores={},
                created_at=moment(0),
            )
        )


def annotate(database: Database, task: int, region_id: str, sleeve: str) -> None:
    shown = [box(region_id), choice(region_id, "sleeve", "short")]
    put(database, fetched(prediction(task + 100, task, *shown)))
    said = annotation(
        task, task, box(region_id), choice(region_id, "sleeve", sleeve), parent=task + 100
    )
    put(database, told("CREATED", said))
    ledger(database).take_up_all()
