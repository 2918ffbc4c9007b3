from __future__ import annotations

import numpy as np

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.select.probe import exact_labels, fit_and_judge

AT = {"left": (-1.0, 0.0), "right": (1.0, 0.0)}


def points(*names: str) -> np.ndarray:
    return np.array([AT[name] for name in names])


def test_answers_are_judged_cell_by_cell() -> None:
    judged = fit_and_judge(
        points("left", "right", "left", "right"),
        [{"side": "left"}, {"side": "right"}, {"side": "left"}, {"side": "right"}],
        held_inputs=points("left", "right", "left"),
        held_labels=[{"side": "left"}, {}, {"side": "right"}],
    )
    assert judged.tolist() == [1.0, 0.0]


def test_a_question_that_was_never_labelled_is_never_right() -> None:
    judged = fit_and_judge(
        points("left", "right"),
        [{"side": "left"}, {"side": "right"}],
        held_inputs=points("left"),
        held_labels=[{"side": "left", "colour": "red"}],
    )
    assert judged.tolist() == [1.0, 0.0]


def test_only_labels_that_name_one_value_count() -> None:
    def cell(*values: str) -> CellLabel:
        return CellLabel(state=CellState.VALUE, any_of=frozenset(map(ValueId, values)))

    label = GarmentLabel(
        categories=frozenset({CategoryId("shirt")}),
        cells={
            AttributeId("neck"): cell("crew"),
            AttributeId("fit"): cell("slim", "regular"),
            AttributeId("hem"): CellLabel(state=CellState.CANNOT_TELL),
        },
    )
    assert exact_labels(label) == {"category": "shirt", "neck": "crew"}
