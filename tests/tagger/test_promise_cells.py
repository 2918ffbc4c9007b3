from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tagger.promise_cells
from ontology.decode import Answer, Assignment
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.load import default_ontology_path, load_ontology
from tagger.promise import PromiseCell
from tagger.scored import DecodedSample, ScoredSamples


def judged(
    monkeypatch: pytest.MonkeyPatch, label: GarmentLabel, shown: dict[Any, list[tuple[Any, float]]]
) -> dict[str, PromiseCell]:
    """Judge one garment that is shown as a shirt."""
    answers = {
        name: tuple(Answer(value=value, score=score) for value, score in found)
        for name, found in shown.items()
    }
    shirt: Any = "shirt"
    decoded = DecodedSample(
        category=shirt,
        category_score=0.9,
        is_sure=True,
        assignment=Assignment(category=shirt, category_score=0.9, attributes=answers),
        best={},
    )
    monkeypatch.setattr(tagger.promise_cells, "decode_samples", lambda *_: [decoded])
    sample: Any = SimpleNamespace(id="s", group="g", label=label)
    empty = np.zeros((1, 0), dtype=np.float32)
    answered = ScoredSamples(
        samples=(sample,), category_logits=empty, value_logits=empty, embedding=empty
    )
    scorer: Any = SimpleNamespace(ontology=load_ontology(default_ontology_path()))
    cells = tagger.promise_cells.promise_cells(scorer, answered, known=None)  # type: ignore[arg-type]
    assert {cell.product for cell in cells} <= {"g"}
    return {cell.attribute: cell for cell in cells}


def said(category: Any = "shirt", **values: Any) -> GarmentLabel:
    return GarmentLabel(
        categories=frozenset({category} if category else ()),
        cells={
            name: CellLabel(state=CellState.VALUE, any_of=frozenset(found))
            for name, found in values.items()  # type: ignore[misc]
        },
    )


def test_an_answer_inside_the_labels_set_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = judged(
        monkeypatch, said(pattern={"floral", "striped"}), {"pattern": [("striped", 0.8)]}
    )

    assert (cells["category"].is_right, cells["category"].score) == (True, 0.9)
    assert (cells["pattern"].is_right, cells["pattern"].score) == (True, 0.8)


def test_what_is_blank_is_a_cell_without_a_score(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = judged(monkeypatch, said(pattern={"floral"}), {"pattern": []})

    assert (cells["pattern"].is_right, cells["pattern"].score) == (False, None)


def test_what_nobody_said_or_could_tell_is_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    label = GarmentLabel(
        cells={"pattern": CellLabel(state=CellState.CANNOT_TELL)}  # type: ignore[dict-item]
    )

    assert judged(monkeypatch, label, {"pattern": [("striped", 0.8)]}) == {}


def test_an_attribute_that_the_true_category_does_not_have_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = judged(monkeypatch, said("watch"), {"sleeve_length": [("short", 0.99)]})

    assert (cells["sleeve_length"].is_right, cells["sleeve_length"].score) == (False, 0.99)


def test_several_values_are_as_sure_as_the_least_sure_and_right_if_all_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: Any = {"pockets": [("patch", 0.9), ("zip", 0.7)]}
    both = judged(monkeypatch, said(pockets={"patch", "zip"}), shown)
    one = judged(monkeypatch, said(pockets={"patch"}), shown)

    assert (both["pockets"].is_right, both["pockets"].score) == (True, 0.7)
    assert not one["pockets"].is_right
