from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend.database import Database
from backend.neighbours import LabelledIndex, NeighbourFinder
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.corrections import CorrectedGarment
from tests.backend.labelled import annotate, remember
from tests.backend.ledger.conftest import memory_database
from tests.backend.ledger.support import (
    recorded_ontology,
)


@pytest.fixture
def database() -> Iterator[Database]:
    made = memory_database()
    yield made
    made.close()


def garment(name: str, embedding: np.ndarray, **fields: Any) -> CorrectedGarment:
    label = GarmentLabel(
        categories=frozenset({CategoryId("shirt")}),
        cells={
            AttributeId("pattern"): CellLabel(
                state=CellState.VALUE, any_of=frozenset({ValueId("plain")})
            )
        },
    )
    given = {
        "id": name,
        "image": f"{name}.jpg",
        "digest": "",
        "image_wh": (10, 10),
        "box_percent": (0.0, 0.0, 50.0, 50.0),
        "label": label,
        "is_blind": False,
        "is_moved": False,
        "region_id": name,
        "embedding": embedding.astype(np.float16),
        "encoder": "e1",
        **fields,
    }
    return CorrectedGarment(**given)


def test_the_nearest_are_those_that_looking_at_every_one_finds() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(300, 32)) + 1.0
    garments = [garment(f"g{at}", row) for at, row in enumerate(rows)]
    index = LabelledIndex(garments, encoder="e1")
    hits = 0
    for query in random.normal(size=(20, 32)) + 1.0:
        stored = [np.asarray(one.embedding, dtype=np.float64) for one in garments]
        by_hand = sorted(
            range(300),
            key=lambda at: -float(stored[at] @ query) / float(np.linalg.norm(stored[at])),
        )[:10]
        found = index.nearest(query, count=10)
        hits += len({one.region_id for one in found} & {f"g{at}" for at in by_hand})
        assert [one.similarity for one in found] == sorted(
            (one.similarity for one in found), reverse=True
        )

    assert hits == 200


def test_embeddings_of_another_encoder_and_garments_without_labels_are_no_neighbours() -> None:
    row = np.ones(4)
    garments = [
        garment("same", row),
        garment("other", row, encoder="e2"),
        garment("blank", row, label=GarmentLabel()),
        replace(garment("moved", row), embedding=None),
    ]

    found = LabelledIndex(garments, encoder="e1").nearest(row)

    assert [one.region_id for one in found] == ["same"]
    assert found[0].values == {"pattern": ("plain",)}
    assert found[0].similarity == pytest.approx(1.0)


def test_only_garments_that_say_something_about_the_attribute_are_shown() -> None:
    row = np.ones(4)
    bare = garment("bare", row, label=GarmentLabel(categories=frozenset({CategoryId("shirt")})))
    index = LabelledIndex([bare, garment("full", row)], encoder="e1")

    assert [one.region_id for one in index.nearest(row, attribute="pattern")] == ["full"]
    assert len(index.nearest(row, attribute="category")) == 2
    assert index.nearest(row, without=["bare.jpg", "full.jpg"]) == ()
    assert index.nearest(np.ones(7)) == ()


def test_a_region_in_doubt_is_shown_beside_those_that_people_labelled(database: Database) -> None:
    remember(database, "w_a", np.array([1.0, 0.0]), "da")
    remember(database, "w_b", np.array([0.0, 1.0]), "db")
    remember(database, "w_doubt", np.array([1.0, 0.2]), "dd")
    annotate(database, 1, "w_a", "long")
    finder = NeighbourFinder(database, recorded_ontology)

    first = finder.of_region("w_doubt")
    annotate(database, 2, "w_b", "short")
    second = finder.of_region("w_doubt", attribute="sleeve")

    assert [(one.region_id, one.values["sleeve"]) for one in first] == [("w_a", ("long",))]
    assert [one.region_id for one in second] == ["w_a", "w_b"]
    assert finder.of_region("w_unknown") == ()


def test_a_picture_is_not_its_own_neighbour(database: Database) -> None:
    remember(database, "w_a", np.array([1.0, 0.0]), "da")
    annotate(database, 1, "w_a", "long")

    assert NeighbourFinder(database, recorded_ontology).of_region("w_a") == ()
