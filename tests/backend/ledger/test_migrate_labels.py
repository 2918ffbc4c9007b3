"""Labels said in an earlier ontology, read in the one that is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.database import Database, open_database
from backend.ledger.migrate_labels import read_history, record_change
from ontology import CellLabel, CellState, GarmentLabel, Ontology, parse_ontology
from ontology.compare import compare
from ontology.keep_config import migrated_config
from ontology.label_config import build_label_config

HEAD = """
format: 1
id: lamps
version: "1"
label: Lamps
categories: [{id: desk, label: Desk}]
attributes:
  - id: shade
    label: Shade
    kind: exclusive
    applies_to: [desk]
    values:
"""


def lamps(*values: str) -> Ontology:
    listed = "\n".join(f"      - {{{value}}}" for value in values)
    return parse_ontology(HEAD + listed, file="lamps.yaml")


FIRST = lamps("id: cone, label: Cone", "id: drum, label: Drum")
SECOND = lamps("id: tip, label: Tip, was: cone", "id: drum, label: Drum")
THIRD = lamps(
    "id: tip, label: Tip",
    "id: low, label: Low, was: drum",
    "id: high, label: High, was: drum",
    "id: globe, label: Globe",
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = open_database(tmp_path)
    yield found
    found.close()


def label(value: str) -> GarmentLabel:
    cell = CellLabel(state=CellState.VALUE, any_of=frozenset({value}))
    return GarmentLabel(categories=frozenset({"desk"}), cells={"shade": cell})


@pytest.mark.parametrize(
    ("value", "expected"), [("cone", {"tip"}), ("drum", {"low", "high"})]
)  # fmt: skip
def test_label_follows_every_change_since_it_was_said(database, value, expected):
    record_change(database, compare(SECOND, THIRD))
    record_change(database, compare(FIRST, SECOND))

    moved = read_history(database).migrate(label(value), old=FIRST, new=THIRD)

    assert moved.cells["shade"].any_of == expected
    assert "globe" not in moved.cells["shade"].vocabulary


def test_going_back_reads_the_changes_the_other_way(database):
    record_change(database, compare(FIRST, SECOND))
    record_change(database, compare(SECOND, THIRD))
    history = read_history(database)

    assert history.migrate(label("low"), old=THIRD, new=FIRST).cells["shade"].any_of == {"drum"}
    assert "shade" not in history.migrate(label("globe"), old=THIRD, new=FIRST).cells


def test_change_back_is_the_recorded_one_turned_round(database):
    assert read_history(database).known(compare(SECOND, FIRST)).values["shade", "shade"] == {
        "tip": (),
        "drum": ("drum",),
    }
    record_change(database, compare(FIRST, SECOND))
    record_change(database, compare(SECOND, FIRST))

    history = read_history(database)

    assert history.known(compare(SECOND, FIRST)).values["shade", "shade"]["tip"] == ("cone",)
    assert history.migrate(label("tip"), old=SECOND, new=FIRST).cells["shade"].any_of == {"cone"}


def test_same_change_again_is_one_change(database):
    for _ in range(2):
        record_change(database, compare(FIRST, SECOND))

    assert len(read_history(database).steps) == 1


def test_what_a_migration_file_declared_is_kept(database):
    renamed = lamps("id: tip, label: Tip", "id: drum, label: Drum")
    from ontology.compare import read_declared

    text = "format: 1\nvalues: {shade: {tip: cone}}\n"
    migration = compare(FIRST, renamed, declared=read_declared(text, file="m.yaml"))
    record_change(database, migration, declared=text)

    moved = read_history(database).migrate(label("cone"), old=FIRST, new=renamed)

    assert moved.cells["shade"].any_of == {"tip"}


def test_config_belongs_to_the_ontology_whose_change_wrote_it_or_that_it_fits(database):
    migration = compare(FIRST, SECOND)
    config = migrated_config(build_label_config(FIRST), migration)
    record_change(database, migration, config=config)
    history = read_history(database, active=THIRD)

    assert history.ontology_of(config) == SECOND
    assert history.ontology_of(build_label_config(FIRST)) == FIRST
    assert history.ontology_of(build_label_config(THIRD)) == THIRD


def test_ontologies_without_a_recorded_change_are_compared(database):
    history = read_history(database, active=SECOND)

    assert history.migrate(label("cone"), old=FIRST, new=SECOND).cells["shade"].any_of == {"tip"}


def test_config_of_any_time_speaks_of_the_ids_that_are_asked_for(database):
    record_change(database, compare(FIRST, SECOND))
    record_change(database, compare(SECOND, THIRD))

    config = read_history(database, active=THIRD).read_config(build_label_config(FIRST), THIRD)

    tag = config.choices_by_name["shade"]
    assert tag.value_by_label == {"Cone": "tip"}
    assert tag.legacy == {"Drum": {"low", "high"}}
