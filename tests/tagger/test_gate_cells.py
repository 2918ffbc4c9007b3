"""Gold cells are answered by force, and what a version never learnt counts as wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.load import parse_ontology
from ontology.model import Ontology
from ontology.targets import layout
from tagger.corrections import CorrectedGarment
from tagger.gate import decide
from tagger.gate_cells import cell_outcomes
from tagger.gate_pairs import CellOutcome, GateError
from tagger.known import Taught
from tagger.scoring import Calibration, Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    id: str
    group: str
    label: GarmentLabel


@pytest.fixture
def taught(lamps: Ontology) -> Taught:
    leaves = frozenset(lamps.leaves)
    values = {a.id: frozenset(v.id for v in a.values) for a in lamps.attributes}
    return Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )


def value(*ids: str, **more: Any) -> CellLabel:
    return CellLabel(state=CellState.VALUE, any_of=frozenset(ids), **more)


def label(*categories: str, **cells: CellLabel) -> GarmentLabel:
    return GarmentLabel(categories=frozenset(categories), cells=cells)


def answers(
    ontology: Ontology,
    known: Taught,
    gold: GarmentLabel,
    *,
    category: str = "desk_lamp",
    likely: tuple[str, ...] = (),
    written_in: Ontology | None = None,
) -> dict[str, CellOutcome]:
    """Answer one garment by a version that is sure of a category and of `attribute:value`s."""
    order = layout(ontology)
    category_logits = np.array([[4.0 * (leaf == category) for leaf in order.categories]])
    value_logits = np.array([[4.0 * (f"{a}:{v}" in likely) for a, v in order.values]])
    found = cell_outcomes(
        Scorer(ontology, known, Calibration()),
        [Gold(id="a/1", group="g", label=gold)],
        category_logits=category_logits.astype(np.float32),
        value_logits=value_logits.astype(np.float32),
        known=known,
        ontology=written_in,
    )
    return {outcome.head: outcome for outcome in found}


def test_each_labelled_cell_is_answered_by_the_likeliest_legal_value(
    lamps: Ontology, taught: Taught
) -> None:
    gold = label("desk_lamp", shade=value("drum"), stand=value("base"))
    found = answers(lamps, taught, gold, likely=("shade:drum", "stand:tripod", "stand:clamp"))

    assert found["category"].is_right
    assert found["shade"] == CellOutcome(
        cell_id="a/1/shade",
        group="g",
        head="shade",
        is_right=True,
        score=found["shade"].score,
        truth="drum",
        answer="drum",
    )
    assert found["shade"].score is not None
    assert 0.8 < found["shade"].score < 1
    assert found["stand"].answer == "clamp"  # a tripod is not for desks
    assert not found["stand"].is_right


def test_what_is_missing_or_could_not_be_told_is_no_cell(lamps: Ontology, taught: Taught) -> None:
    cannot_tell = CellLabel(state=CellState.CANNOT_TELL)
    ruled_out = CellLabel(state=CellState.VALUE, negatives=frozenset({"drum"}))
    weightless = value("base", weight=0.0)
    gold = label("desk_lamp", shade=cannot_tell, power=ruled_out, stand=weightless)

    assert list(answers(lamps, taught, gold)) == ["category"]
    assert not answers(lamps, taught, label())


def test_a_set_is_met_by_any_of_its_members(lamps: Ontology, taught: Taught) -> None:
    gold = label("floor_lamp", "desk_lamp", shade=value("cone", "drum"))
    found = answers(lamps, taught, gold, likely=("shade:drum",))

    assert found["category"].is_right
    assert found["category"].truth == "desk_lamp|floor_lamp"
    assert found["shade"].is_right


def test_a_multiple_attribute_is_met_by_any_value_that_holds(
    lamps: Ontology, taught: Taught
) -> None:
    holds = CellLabel(state=CellState.VALUE, positives=frozenset({"mains", "solar"}))
    gold = label("torch", power=holds)

    assert answers(lamps, taught, gold, category="torch", likely=("power:solar",))["power"].is_right
    wrong = answers(lamps, taught, gold, category="torch", likely=("power:battery",))["power"]
    assert not wrong.is_right


def test_a_wrong_category_is_counted_once(lamps: Ontology, taught: Taught) -> None:
    gold = label("desk_lamp", shade=value("drum"))
    found = answers(lamps, taught, gold, category="torch", likely=("shade:drum",))

    assert not found["category"].is_right
    assert found["category"].answer == "torch"
    assert found["shade"].is_right


def test_an_illegal_label_says_nothing(lamps: Ontology, taught: Taught) -> None:
    gold = label("desk_lamp", shade=value("pleated"))

    assert list(answers(lamps, taught, gold)) == ["category"]


def test_a_value_that_was_never_taught_is_wrong_and_marked(lamps: Ontology, taught: Taught) -> None:
    before = replace(taught, values={**taught.values, "shade": frozenset({"cone", "globe"})})
    gold = label("desk_lamp", shade=value("drum"))
    live = answers(lamps, before, gold, likely=("shade:drum",))["shade"]
    candidate = answers(lamps, taught, gold, likely=("shade:drum",))["shade"]

    assert (live.is_right, live.knows_truth) == (False, False)
    assert (candidate.is_right, candidate.knows_truth) == (True, True)


def test_an_attribute_that_was_never_taught_gets_no_answer(lamps: Ontology, taught: Taught) -> None:
    before = replace(taught, carriers={**taught.carriers, "shade": frozenset()})
    found = answers(lamps, before, label("desk_lamp", shade=value("drum")))["shade"]

    assert (found.answer, found.score, found.is_right, found.knows_truth) == (
        "",
        None,
        False,
        False,
    )


def test_a_version_reads_an_unknown_category_as_what_it_would_have_called_it(
    lamps: Ontology, taught: Taught
) -> None:
    before = replace(taught, categories=taught.categories - {"lantern"})
    gold = label("lantern", shade=value("drum"))
    found = answers(lamps, before, gold, category="desk_lamp", likely=("shade:drum",))

    assert (found["category"].answer, found["category"].knows_truth) == ("desk_lamp", False)
    assert found["shade"].is_right
    assert found["shade"].knows_truth


def test_words_that_the_live_ontology_does_not_have_are_unknown_to_it(
    lamps: Ontology, taught: Taught
) -> None:
    grown = _grown()
    gold = label("candle", shade=value("paper"))
    found = answers(lamps, taught, gold, written_in=grown)

    assert {head: cell.knows_truth for head, cell in found.items()} == {
        "category": False,
        "shade": False,
    }
    assert not any(cell.is_right for cell in found.values())


def test_teaching_a_new_value_is_not_held_against_the_candidate(
    lamps: Ontology, taught: Taught
) -> None:
    before = replace(taught, values={**taught.values, "shade": frozenset({"cone", "globe"})})
    new, old = label("desk_lamp", shade=value("drum")), label("desk_lamp", shade=value("cone"))
    live, candidate = [], []
    for at in range(600):
        gold, seen = (new, "shade:drum") if at % 3 == 0 else (old, "shade:cone")
        for side, known in ((live, before), (candidate, taught)):
            for cell in answers(lamps, known, gold, likely=(seen,)).values():
                side.append(replace(cell, cell_id=f"{at}/{cell.head}", group=str(at)))
    verdict = decide(live, candidate)

    assert verdict.decision == "promote"
    assert verdict.new_values is not None
    assert (verdict.new_values.num_cells, verdict.new_values.won) == (200, 200)
    assert {head.head: head.num_cells for head in verdict.heads} == {"category": 600, "shade": 400}


def test_labels_made_with_a_suggestion_on_the_screen_are_refused(
    lamps: Ontology, taught: Taught
) -> None:
    garment = CorrectedGarment(
        id="ledger/p/1/r",
        image="picture.jpg",
        digest="",
        image_wh=(10, 10),
        box_percent=(0.0, 0.0, 100.0, 100.0),
        label=label("torch"),
        is_blind=False,
        is_moved=False,
        region_id="r",
        embedding=None,
        encoder="",
    )
    order = layout(lamps)
    logits: dict[str, Any] = {
        "category_logits": np.zeros((1, len(order.categories)), dtype=np.float32),
        "value_logits": np.zeros((1, len(order.values)), dtype=np.float32),
    }
    scorer = Scorer(lamps, taught, Calibration())

    with pytest.raises(GateError, match="suggestion on the screen"):
        cell_outcomes(scorer, [garment], known=taught, **logits)
    (outcome,) = cell_outcomes(scorer, [replace(garment, is_blind=True)], known=taught, **logits)
    assert outcome.group == "picture.jpg"
    with pytest.raises(GateError, match="2 garments with 1 rows"):
        cell_outcomes(scorer, [garment, garment], known=taught, **logits)


def _grown() -> Ontology:
    from tests.tagger.conftest import LAMPS

    text = LAMPS.replace(
        "      - {id: torch, label: Torch}",
        "      - {id: torch, label: Torch}\n      - {id: candle, label: Candle}",
    ).replace("lantern]", "lantern, candle]")
    return parse_ontology(
        text.replace(
            "      - {id: globe, label: Globe}",
            "      - {id: globe, label: Globe}\n      - {id: paper, label: Paper}",
        ),
        file="grown.yaml",
    )
