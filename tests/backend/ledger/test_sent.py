"""Remembering what was sent, without ever getting in the way of a prediction."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from backend.database import Database
from backend.ledger.sent import SentRegions
from backend.ledger.tables import SentRegionRow
from tagger.boxes import PixelBox
from tagger.pipeline import ImagePrediction
from tests.backend.ledger.support import moment, recorded_ontology
from tests.backend.support import garment_of

ONTOLOGY = recorded_ontology()


class Tagger:
    version = "v1"
    encoder = "0123456789abcdef"


def _found(*, embedding: Any = 2.0) -> ImagePrediction:
    garment = garment_of(ONTOLOGY, ONTOLOGY.leaves[0], box=PixelBox(x0=40, y0=100, x1=160, y1=300))
    vector = None if embedding is None else np.full(4, embedding, dtype=np.float16)
    garment = dataclasses.replace(garment, embedding=vector)
    return ImagePrediction(image_wh=(400, 500), garments=(garment,))


def _rows(database: Database) -> list[SentRegionRow]:
    with database.transaction() as session:
        return list(session.scalars(select(SentRegionRow).order_by(SentRegionRow.image_digest)))


def test_region_is_kept_with_its_vector_and_scores(database: Database) -> None:
    sent = SentRegions(database, max_rows=5, clock=lambda: moment(0))

    sent.note("d", _found(), Tagger())  # type: ignore[arg-type]
    sent()

    (row,) = _rows(database)
    assert np.frombuffer(row.embedding, dtype="<f2").tolist() == [2.0] * 4
    assert row.region_id.startswith("w_")
    assert row.box == {"x": 10.0, "y": 20.0, "width": 30.0, "height": 40.0}
    assert (row.encoder, row.model_version, row.image_digest) == (Tagger.encoder, "v1", "d")
    assert row.scores["sleeve"] == {"sleeveless": 0.5, "short": 0.5, "long": 0.5}


def test_same_region_is_kept_once_and_the_oldest_go_first(database: Database) -> None:
    seconds = iter(range(100))
    sent = SentRegions(database, max_rows=2, clock=lambda: moment(next(seconds)))

    for digest in "abbc":
        sent.note(digest, _found(), Tagger())  # type: ignore[arg-type]
        sent()

    assert [row.image_digest for row in _rows(database)] == ["b", "c"]


def test_many_regions_are_written_a_few_at_a_time(database: Database) -> None:
    sent = SentRegions(database, max_rows=1000, clock=lambda: moment(0))
    for number in range(250):
        sent.note(f"{number:03}", _found(), Tagger())  # type: ignore[arg-type]

    assert sent() is True
    assert sent() is False
    assert len(_rows(database)) == 250


@pytest.mark.parametrize(
    ("found", "tagger", "max_rows"),
    [
        (_found(embedding=None), Tagger(), 5),
        (_found(), Tagger(), 0),
        (_found(), type("Nameless", (), {"version": "v1"})(), 5),
        (None, Tagger(), 5),
    ],
)
def test_what_cannot_be_kept_is_no_trouble(
    database: Database, found: Any, tagger: Any, max_rows: int
) -> None:
    sent = SentRegions(database, max_rows=max_rows)

    sent.note("d", found, tagger)

    assert sent() is False
    assert _rows(database) == []


def test_database_in_trouble_costs_only_what_it_would_not_take(database: Database) -> None:
    sent = SentRegions(database, max_rows=5)
    sent.note("d", _found(), Tagger())  # type: ignore[arg-type]
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sent_regions")

    assert sent() is False
