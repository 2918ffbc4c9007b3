"""The ledger as training and the gate read it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest

from backend.database import Database
from backend.ledger.export import write_csv, write_json
from backend.ledger.read import corrected_garments, disagreements
from backend.ledger.sent import SentRegions
from ontology.labels import CellState
from ontology.targets import encode
from tagger.boxes import PixelBox
from tagger.corrections import CorrectedGarment
from tagger.pipeline import ImagePrediction
from tests.backend.ledger.support import (
    annotation,
    box,
    choice,
    fetched,
    ledger,
    moment,
    prediction,
    put,
    recorded_ontology,
    told,
)
from tests.backend.support import garment_of

ONTOLOGY = recorded_ontology()
SHIRT = ONTOLOGY.leaves[0]


def _say(database: Database, *bodies: dict[str, Any], blind_share: float = 0.0) -> None:
    for body in bodies:
        put(database, body)
    ledger(database, blind_share=blind_share).take_up_all()


def _garments(database: Database) -> list[CorrectedGarment]:
    return corrected_garments(database, ontology=ONTOLOGY, accepted_weight=0.25)


def _submitted(number: int, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return told("CREATED", annotation(number, 7, *results, completed_by=number, **more))


def test_values_and_removals_become_labels_with_their_weights(database: Database) -> None:
    shown = [
        box("w_1"),
        choice("w_1", "sleeve", "short"),
        choice("w_1", "pattern", "plain"),
        choice("w_1", "color", "red"),
    ]
    said = [box("w_1"), choice("w_1", "sleeve", "long"), choice("w_1", "color", "red")]
    _say(database, _submitted(1, *said, parent=3), fetched(prediction(3, 7, *shown)))

    (garment,) = _garments(database)

    cells = garment.label.cells
    assert {name: cell.weight for name, cell in cells.items()} == {
        "color": 0.25,
        "sleeve": 1.0,
        "pattern": 1.0,
    }
    assert garment.label.categories == {SHIRT}
    targets = encode(ONTOLOGY, garment.label)
    assert targets.states["sleeve"] is CellState.VALUE  # type: ignore[index]
    assert cells["color"].positives == {"red"}  # type: ignore[index]
    assert cells["color"].looked_at  # type: ignore[index]
    assert cells["pattern"].negatives == {"plain"}  # type: ignore[index]
    assert garment.image == "/data/upload/4/7.jpg"
    assert garment.box_percent == (10.0, 20.0, 30.0, 40.0)
    assert garment.image_wh == (400, 500)
    assert (garment.is_moved, garment.is_blind) == (False, False)


@pytest.mark.parametrize(
    ("region", "label", "more", "expected"),
    [
        ("w_1", "Shirt", {}, 0.25),  # left as predicted
        ("w_1", "Shirt", {"ground_truth": True}, 1.0),
        ("w_1", "Dress", {}, 1.0),
        ("drawn", "Shirt", {}, 1.0),
        ("s_1", "Shirt", {}, 0.25),  # drawn by hand and filled by the model
    ],
)
def test_category_that_was_left_as_predicted_counts_less_than_one_that_was_put(
    database: Database, region: str, label: str, more: dict[str, Any], expected: float
) -> None:
    said = _submitted(1, box(region, label), parent=3, **more)
    _say(database, said, fetched(prediction(3, 7, box("w_1"))))

    (garment,) = _garments(database)

    assert garment.label.category_weight == expected


def test_rejected_boxes_give_no_garment(database: Database) -> None:
    _say(database, _submitted(1, parent=3), fetched(prediction(3, 7, box("w_1"))))

    assert _garments(database) == []


@pytest.mark.parametrize("number", [1, 2])
def test_annotators_who_agree_give_one_garment(database: Database, number: int) -> None:
    bodies = [
        _submitted(n, box(f"x{n}", x=10 + n), choice(f"x{n}", "sleeve", "long"))
        for n in range(1, number + 1)
    ]
    _say(database, *bodies)

    (garment,) = _garments(database)

    assert garment.label.cells["sleeve"].any_of == {"long"}  # type: ignore[index]
    assert garment.id == "ledger/4.1795227436/7/x1"
    assert disagreements(database, ontology=ONTOLOGY) == []


def test_cells_on_which_annotators_disagree_are_masked_and_listed(database: Database) -> None:
    _say(
        database,
        _submitted(1, box("x"), choice("x", "sleeve", "long"), choice("x", "pattern", "plain")),
        _submitted(2, box("x"), choice("x", "sleeve", "short"), choice("x", "pattern", "plain")),
    )

    (garment,) = _garments(database)
    (found,) = disagreements(database, ontology=ONTOLOGY)

    assert set(garment.label.cells) == {"pattern"}
    assert (found.attribute, sorted(found.answers.values())) == (
        "sleeve",
        [("long",), ("short",)],
    )


def test_annotator_who_left_a_cell_blank_does_not_disagree(database: Database) -> None:
    _say(
        database,
        _submitted(1, box("x"), choice("x", "sleeve", "long")),
        _submitted(2, box("x")),
    )

    (garment,) = _garments(database)

    assert garment.label.cells["sleeve"].any_of == {"long"}  # type: ignore[index]


def test_category_on_which_annotators_disagree_is_masked(database: Database) -> None:
    _say(database, _submitted(1, box("x")), _submitted(2, box("x", "Dress")))

    (garment,) = _garments(database)

    assert garment.label.categories == frozenset()
    assert [item.attribute for item in disagreements(database, ontology=ONTOLOGY)] == ["(category)"]


def test_garment_that_not_every_annotator_sees_is_masked(database: Database) -> None:
    _say(database, _submitted(1, box("x"), box("y", x=60)), _submitted(2, box("x")))

    assert [garment.region_id for garment in _garments(database)] == ["x"]
    assert [item.attribute for item in disagreements(database, ontology=ONTOLOGY)] == ["(region)"]


def test_ground_truth_wins_and_counts_as_unseen(database: Database) -> None:
    _say(
        database,
        _submitted(1, box("x"), choice("x", "sleeve", "long")),
        _submitted(2, box("x"), choice("x", "sleeve", "short"), ground_truth=True),
    )

    (garment,) = _garments(database)

    assert garment.label.cells["sleeve"].any_of == {"short"}  # type: ignore[index]
    assert garment.is_blind
    assert disagreements(database, ontology=ONTOLOGY) == []


def test_newest_annotation_of_one_annotator_replaces_the_one_before(database: Database) -> None:
    first = annotation(1, 7, box("x"), choice("x", "sleeve", "long"), created=1)
    second = annotation(2, 7, box("x"), choice("x", "sleeve", "short"), created=2)
    _say(database, told("CREATED", first), told("CREATED", second))

    (garment,) = _garments(database)

    assert garment.label.cells["sleeve"].any_of == {"short"}  # type: ignore[index]


def test_cannot_tell_is_an_answer_that_is_kept_and_teaches_nothing(database: Database) -> None:
    from ontology.label_config import build_label_config

    body = _submitted(
        1,
        box("x", ONTOLOGY.category(SHIRT).label, from_name="category"),
        choice("x", "sleeve", ONTOLOGY.cannot_tell_label),
    )
    xml = build_label_config(ONTOLOGY)
    body["project"] = body["project"] | {"label_config": xml}
    for result in body["annotation"]["result"][:1]:
        result["from_name"] = _label_tag(xml)
    _say(database, body)

    (garment,) = _garments(database)

    assert garment.label.cells["sleeve"].state is CellState.CANNOT_TELL  # type: ignore[index]


def test_blind_garments_are_told_apart(database: Database) -> None:
    _say(database, _submitted(1, box("x"), choice("x", "sleeve", "long")), blind_share=1.0)

    (garment,) = _garments(database)

    assert garment.is_blind


def test_task_whose_annotator_saw_a_prediction_is_not_blind(database: Database) -> None:
    _say(
        database,
        _submitted(1, box("x"), choice("x", "sleeve", "long")),
        fetched(prediction(3, 7, box("w_1"))),
        blind_share=1.0,
    )

    (garment,) = _garments(database)

    assert not garment.is_blind


def test_box_filled_at_request_in_a_blind_task_is_used_for_nothing(database: Database) -> None:
    _say(database, _submitted(1, box("s_1")), blind_share=1.0)

    assert _garments(database) == []


class Tagger:
    version = "v1"
    encoder = "0123456789abcdef"
    ontology = ONTOLOGY


def _sent(database: Database, *, max_rows: int = 100) -> tuple[SentRegions, str]:
    """Send one region; returns its id as well."""
    import dataclasses

    from backend.places import placed

    garment = dataclasses.replace(
        garment_of(ONTOLOGY, SHIRT, box=PixelBox(x0=40, y0=100, x1=160, y1=300)),
        embedding=np.arange(8, dtype=np.float16),
    )
    found = ImagePrediction(image_wh=(400, 500), garments=(garment,))
    sent = SentRegions(database, max_rows=max_rows, clock=lambda: moment(0))
    sent.note("d" * 64, found, Tagger())  # type: ignore[arg-type]
    ((_, place),) = placed(found, digest="d" * 64, model_version="v1")
    assert place is not None
    return sent, place.region_id


@pytest.mark.parametrize(("x", "is_moved"), [(10.0, False), (20.0, True)])
def test_embedding_of_the_sent_crop_comes_along_unless_the_box_was_moved(
    database: Database, x: float, is_moved: bool
) -> None:
    sent, region_id = _sent(database)
    assert sent() is False
    _say(
        database,
        _submitted(1, box(region_id, x=x), parent=3),
        fetched(prediction(3, 7, box(region_id))),
    )

    (garment,) = _garments(database)

    assert garment.is_moved is is_moved
    assert garment.digest == "d" * 64
    assert garment.encoder == ("" if is_moved else Tagger.encoder)
    if is_moved:
        assert garment.embedding is None
    else:
        assert garment.embedding is not None
        assert garment.embedding.tolist() == list(range(8))


def test_box_drawn_by_hand_belongs_to_the_same_picture_as_the_sent_ones(
    database: Database,
) -> None:
    sent, region_id = _sent(database)
    sent()
    _say(
        database,
        _submitted(1, box("mine", x=60), parent=3),
        fetched(prediction(3, 7, box(region_id))),
    )

    (garment,) = _garments(database)

    assert (garment.digest, garment.is_moved) == ("d" * 64, True)


def _label_tag(xml: str) -> str:
    from ontology.config_map import ConfigMap

    return ConfigMap.parse(xml, ONTOLOGY).label_tag


def test_export_has_a_row_for_each_cell_and_each_annotation_without_any(
    database: Database,
) -> None:
    _say(
        database,
        _submitted(1, box("x"), choice("x", "color", "red", "blue")),
        _submitted(2, was_cancelled=True),
    )
    as_json, as_csv = io.StringIO(), io.StringIO()

    num_rows = write_json(database, as_json)
    write_csv(database, as_csv)

    rows = json.loads(as_json.getvalue())
    assert len(rows) == num_rows
    (cell,) = [row for row in rows if row["attribute"] == "color"]
    assert (cell["change"], cell["after"], cell["region_change"]) == (
        "added",
        ["blue", "red"],
        "added",
    )
    assert [row["state"] for row in rows if row["region_id"] is None] == ["skipped"]
    table = list(csv.DictReader(io.StringIO(as_csv.getvalue())))
    assert [row["after"] for row in table if row["attribute"] == "color"] == ["blue red"]


def test_empty_ledger_is_exported_as_an_empty_list(database: Database) -> None:
    stream = io.StringIO()

    write_json(database, stream)

    assert json.loads(stream.getvalue()) == []
