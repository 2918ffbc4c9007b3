"""From the source's words to a label in the ontology's ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import Ontology
from tagger.dataset import DatasetDescription, DatasetError
from tagger.sources.labelling import Labeller
from tagger.sources.record import Record

Describe = Callable[[str], DatasetDescription]

DESCRIPTION = """\
kind: csv
tables: [{file: a.csv}]
category:
  column: kind
  labels:
    desk: [desk_lamp]
    standing: [floor_lamp, torch]
    any: [desk_lamp, floor_lamp, lantern]
    pocket: [torch]
  refine:
    - {column: title, match: word, labels: {floor: [floor_lamp], clip: [desk_lamp]}}
attributes:
  shade:
    labels: {cone: [cone], round: [globe, drum], pleat: [pleated]}
    cannot_tell: [unclear]
    na: [none]
    none_of: [other]
  power:
    labels: {mains: [mains], cell: [battery], off grid: [battery, solar]}
    separator: "|"
  stand:
    labels: {clamp: [clamp], tripod: [tripod], base: [base]}
implies:
  category:
    pocket: {power: [battery], shade: [cone]}
"""


@pytest.fixture
def labeller(describe: Describe, lamps: Ontology) -> Labeller:
    return Labeller(description=describe(DESCRIPTION), ontology=lamps)


def record(**words: str) -> Record:
    return Record(
        key="1", image=Path("1.png"), words={(None, name): (text,) for name, text in words.items()}
    )


def label(labeller: Labeller, **words: str) -> GarmentLabel:
    return labeller.label(record(**words)).label


def cell(labeller: Labeller, name: str, **words: str) -> CellLabel:
    return label(labeller, **words).cells[name]  # type: ignore[index]


def test_a_class_may_stand_for_several_leaves_inside_the_sources_vocabulary(
    labeller: Labeller,
) -> None:
    found = label(labeller, kind="any")

    assert found.categories == {"desk_lamp", "floor_lamp", "lantern"}
    assert found.category_vocabulary == {"desk_lamp", "floor_lamp", "lantern", "torch"}


def test_an_empty_cell_is_missing(labeller: Labeller) -> None:
    found = labeller.label(record(kind="", shade=""))

    assert found.label.categories == frozenset()
    assert found.label.cells == {}
    assert found.source_labels == {}


def test_a_set_label_keeps_the_sources_vocabulary(labeller: Labeller) -> None:
    found = cell(labeller, "shade", kind="any", shade="round")

    assert found.state is CellState.VALUE
    assert found.any_of == {"globe", "drum"}
    assert found.vocabulary == {"cone", "globe", "drum", "pleated"}


@pytest.mark.parametrize(
    ("word", "state"),
    [("unclear", CellState.CANNOT_TELL), ("none", CellState.NOT_APPLICABLE)],
)
def test_undecided_answers_keep_their_state_and_are_not_scored(
    labeller: Labeller, word: str, state: CellState
) -> None:
    found = labeller.label(record(kind="any", shade=word))

    assert found.label.cells["shade"] == CellLabel(state=state)  # type: ignore[index]
    assert "shade" not in found.source_labels


def test_an_answer_outside_the_vocabulary_rules_the_vocabulary_out(labeller: Labeller) -> None:
    found = cell(labeller, "shade", kind="any", shade="other")

    assert found.state is CellState.VALUE
    assert found.any_of == frozenset()
    assert found.negatives == {"cone", "globe", "drum", "pleated"}


def test_several_labels_of_a_multiple_attribute_are_positives_and_one_set(
    labeller: Labeller,
) -> None:
    found = cell(labeller, "power", kind="desk", power="mains | off grid")

    assert found.positives == {"mains"}
    assert found.any_of == {"battery", "solar"}
    assert not found.looked_at


def test_a_lone_label_of_a_multiple_attribute_is_a_positive(labeller: Labeller) -> None:
    found = labeller.label(record(kind="desk", power="cell"))

    assert found.label.cells["power"].positives == {"battery"}  # type: ignore[index]
    assert found.source_labels == {"category": "desk", "power": "cell"}


def test_a_value_that_the_category_does_not_allow_is_dropped_and_counted(
    labeller: Labeller,
) -> None:
    found = labeller.label(record(kind="desk", shade="pleat", stand="tripod"))

    assert found.label.cells == {}
    assert found.source_labels == {"category": "desk"}
    assert labeller.dropped == {
        ("shade", "desk_lamp", "pleat"): 1,
        ("stand", "desk_lamp", "tripod"): 1,
    }


def test_an_attribute_that_the_category_lacks_is_dropped_and_counted(labeller: Labeller) -> None:
    assert "stand" not in label(labeller, kind="pocket", stand="base").cells
    assert labeller.dropped["stand", "torch", "base"] == 1


def test_what_is_known_rules_out_leaves_of_a_set(labeller: Labeller) -> None:
    assert label(labeller, kind="any", stand="tripod").categories == {"floor_lamp"}
    assert label(labeller, kind="any", shade="round").categories == {
        "desk_lamp",
        "floor_lamp",
        "lantern",
    }


def test_another_column_narrows_a_class_down_and_never_empties_it(labeller: Labeller) -> None:
    assert label(labeller, kind="any", title="A Floor light").categories == {"floor_lamp"}
    assert label(labeller, kind="any", title="flooring").categories == {
        "desk_lamp",
        "floor_lamp",
        "lantern",
    }
    assert label(labeller, kind="pocket", title="with clip").categories == {"torch"}


def test_a_class_may_imply_other_attributes_unless_the_source_says_them(
    labeller: Labeller,
) -> None:
    implied = label(labeller, kind="pocket")
    said = label(labeller, kind="pocket", power="mains")

    assert implied.cells["power"].positives == {"battery"}  # type: ignore[index]
    assert "shade" not in implied.cells, "a torch has no shade"
    assert said.cells["power"].positives == {"mains"}  # type: ignore[index]


def test_words_that_the_description_does_not_mention_are_missing_and_counted(
    labeller: Labeller,
) -> None:
    found = label(labeller, kind="sofa", shade="square")

    assert found.categories == frozenset()
    assert found.cells == {}
    assert labeller.unmapped == {("category", "sofa"): 1, ("shade", "square"): 1}


def test_the_records_and_the_maps_weight_are_multiplied(
    describe: Describe, lamps: Ontology
) -> None:
    description = describe("""\
        kind: csv
        tables: [{file: a.csv}]
        attributes:
          shade: {labels: {cone: [cone]}, weight: 0.5, vocabulary: [cone, drum]}
        """)
    words = Record(
        key="1",
        image=Path("1.png"),
        words={(None, "shade"): ("cone",)},
        weights={(None, "shade"): 0.5},
    )

    found = Labeller(description=description, ontology=lamps).label(words).label.cells["shade"]  # type: ignore[index]

    assert (found.weight, found.vocabulary) == (0.25, {"cone", "drum"})


def test_a_description_of_another_ontology_is_refused(describe: Describe, lamps: Ontology) -> None:
    description = describe(DESCRIPTION.replace("desk_lamp", "settee"))

    with pytest.raises(DatasetError, match=r"set\.yaml:\d+: 'desk': 'settee' is no leaf"):
        Labeller(description=description, ontology=lamps)
